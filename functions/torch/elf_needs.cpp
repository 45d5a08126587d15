#include "functions/torch/elf_needs.hpp"

#include <elf.h>

#include <cstring>
#include <optional>

namespace faas::torch_runtime {
namespace {

constexpr size_t most_entries = 4096;

error broken(const std::string& what) {
  return {errc::bad_bundle, "its library is broken: " + what,
          "compile the package again"};
}

/// A structure at an offset; nullopt when it does not lie in the file.
template <class T>
std::optional<T> at(std::string_view file, uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T))
    return std::nullopt;
  T made;
  std::memcpy(&made, file.data() + offset, sizeof made);
  return made;
}

/// Where the loader finds an address, as an offset in the file.
std::optional<uint64_t> offset_of(const std::vector<Elf64_Phdr>& segments,
                                  uint64_t address) {
  for (const auto& one : segments)
    if (one.p_type == PT_LOAD && address >= one.p_vaddr
        && address - one.p_vaddr < one.p_filesz)
      return one.p_offset + (address - one.p_vaddr);
  return std::nullopt;
}

} // namespace

result<std::vector<std::string>> elf_needs(std::string_view file) {
  const auto head = at<Elf64_Ehdr>(file, 0);
  if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0
      || head->e_ident[EI_CLASS] != ELFCLASS64
      || head->e_ident[EI_DATA] != ELFDATA2LSB || head->e_machine != EM_X86_64)
    return broken("it is no library for x86-64");
  std::vector<Elf64_Phdr> segments;
  for (uint64_t i = 0; i < head->e_phnum && i < most_entries; ++i) {
    const auto one
      = at<Elf64_Phdr>(file, head->e_phoff + i * sizeof(Elf64_Phdr));
    if (!one)
      return broken("its program headers are cut off");
    segments.push_back(*one);
  }
  std::vector<uint64_t> names;
  uint64_t strings = 0;
  for (const auto& segment : segments) {
    if (segment.p_type != PT_DYNAMIC)
      continue;
    for (uint64_t i = 0; i < most_entries; ++i) {
      const auto entry
        = at<Elf64_Dyn>(file, segment.p_offset + i * sizeof(Elf64_Dyn));
      if (!entry)
        return broken("its dynamic section is cut off");
      if (entry->d_tag == DT_NULL)
        break;
      if (entry->d_tag == DT_NEEDED)
        names.push_back(entry->d_un.d_val);
      else if (entry->d_tag == DT_STRTAB)
        strings = entry->d_un.d_ptr;
    }
  }
  const auto table = offset_of(segments, strings);
  std::vector<std::string> needs;
  for (const auto name : names) {
    if (!table || *table > file.size() || name >= file.size() - *table)
      return broken("its string table is cut off");
    const auto text = file.substr(*table + name, 256);
    needs.emplace_back(text.substr(0, text.find('\0')));
  }
  return needs;
}

} // namespace faas::torch_runtime
