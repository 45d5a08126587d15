#include "registry/replica/replica_file.hpp"

#include "registry/bundles/sha256.hpp"
#include "registry/files/files.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {
namespace {

constexpr std::string_view mark = "petrel-replica 1\n";
constexpr size_t hex_digits = 64;

error damaged(const std::filesystem::path& file, const char* how) {
  return {errc::invalid_argument, file.string() + " " + how,
          "nothing is to be done: it is told or learned anew"};
}

result<std::string> read_all(const file_handle& in,
                             const std::filesystem::path& file) {
  struct stat facts {};
  if (::fstat(in.get(), &facts) != 0)
    return os_error(errno, "cannot read " + file.string());
  if (!S_ISREG(facts.st_mode)
      || facts.st_size > static_cast<off_t>(replica_file::max_bytes))
    return damaged(file, "is larger than it can be, or no file");
  std::string text(static_cast<size_t>(facts.st_size), '\0');
  size_t have = 0;
  while (have < text.size()) {
    const auto got = ::read(in.get(), text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return os_error(errno, "cannot read " + file.string());
    if (got == 0)
      break;
    have += static_cast<size_t>(got);
  }
  text.resize(have);
  return text;
}

result<void> write_draft(const std::filesystem::path& draft,
                         std::string_view head, std::string_view bytes) {
  auto out = open_file(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  if (!out)
    return out.error();
  if (auto done = write_all(out->get(), head, draft); !done)
    return done;
  if (auto done = write_all(out->get(), bytes, draft); !done)
    return done;
  if (::fsync(out->get()) != 0)
    return os_error(errno, "cannot sync " + draft.string());
  return {};
}

} // namespace

result<std::optional<std::string>> replica_file::load() {
  auto in = open_file(file_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!in && in.error().code == errc::not_found)
    return std::optional<std::string>{};
  if (!in)
    return in.error();
  auto text = read_all(*in, file_);
  if (!text)
    return text.error();
  const auto head = mark.size() + hex_digits + 1;
  if (text->size() < head || !text->starts_with(mark)
      || (*text)[head - 1] != '\n')
    return damaged(file_, "is damaged, or of another version of Petrel");
  const auto said = digest::parse(text->substr(mark.size(), hex_digits));
  auto bytes = text->substr(head);
  if (!said || *said != digest_of(bytes))
    return damaged(file_, "is damaged");
  return std::optional{std::move(bytes)};
}

result<void> replica_file::save(std::string_view bytes) {
  if (bytes.size() > max_bytes)
    return error{errc::too_large,
                 file_.string() + " would be too large to be kept"};
  auto draft = file_;
  draft += ".new";
  const auto head = std::string{mark} + digest_of(bytes).hex() + "\n";
  auto done = write_draft(draft, head, bytes);
  if (done)
    done = rename_file(draft, file_);
  if (!done) {
    ::unlink(draft.c_str());
    return done;
  }
  return sync_folder(file_.parent_path());
}

} // namespace faas::registry
