#include "registry/trust/json_files.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {
namespace {

constexpr off_t max_bytes = 64 * 1024 * 1024;

error damaged(const std::filesystem::path& file, const char* how) {
  return {errc::invalid_argument, file.string() + " " + how,
          "restore it from a backup, or let this node join again in a new "
          "data folder"};
}

result<std::string> read_private(const file_handle& from,
                                 const std::filesystem::path& file) {
  struct stat facts {};
  if (::fstat(from.get(), &facts) != 0)
    return os_error(errno, "cannot read " + file.string());
  if (!S_ISREG(facts.st_mode) || (facts.st_mode & 077) != 0)
    return error{errc::forbidden,
                 "others may read or write " + file.string(),
                 "chmod 600 it; if someone may have seen it, revoke this node "
                 "and let it join again"};
  if (facts.st_size > max_bytes)
    return damaged(file, "is larger than it can be");
  std::string text(static_cast<size_t>(facts.st_size), '\0');
  size_t have = 0;
  while (have < text.size()) {
    const auto got
      = ::read(from.get(), text.data() + have, text.size() - have);
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

} // namespace

result<void> replace_file(const std::filesystem::path& file,
                          std::string_view text) {
  auto draft = file;
  draft += ".new";
  ::unlink(draft.c_str());
  auto out
    = open_file(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!out)
    return out.error();
  auto done = write_all(out->get(), text, draft);
  if (done && ::fsync(out->get()) != 0)
    done = os_error(errno, "cannot sync " + draft.string());
  if (done)
    done = rename_file(draft, file);
  if (!done) {
    ::unlink(draft.c_str());
    return done;
  }
  return sync_folder(file.parent_path());
}

result<std::optional<nlohmann::json>>
read_json(const std::filesystem::path& file, int version) {
  auto in = open_file(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!in && in.error().code == errc::not_found)
    return std::optional<nlohmann::json>{};
  if (!in)
    return in.error();
  auto text = read_private(*in, file);
  if (!text)
    return text.error();
  auto value = nlohmann::json::parse(*text, nullptr, false);
  if (!value.is_object())
    return damaged(file, "is damaged");
  const auto found = value.find("version");
  if (found == value.end() || !found->is_number_integer())
    return damaged(file, "is damaged: it has no version");
  if (found->get<int>() != version)
    return error{errc::incompatible_peer,
                 file.string() + " was written by another version of Petrel",
                 "use that version, or a newer one"};
  return std::optional{std::move(value)};
}

} // namespace faas::registry
