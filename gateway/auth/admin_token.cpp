#include "gateway/auth/admin_token.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::auth {
namespace {

namespace fs = std::filesystem;
constexpr size_t token_bytes = 32;
constexpr size_t token_digits = 2 * token_bytes;

/// Closes its descriptor.
struct open_file {
  int handle;
  ~open_file() {
    if (handle >= 0)
      ::close(handle);
  }
};

error io_error(const fs::path& file, const char* what) {
  const auto code = errno == ENOSPC || errno == EDQUOT ? errc::storage_full
                                                       : errc::unavailable;
  return {code,
          std::string{"cannot "} + what + " the admin token " + file.string()
            + ": " + std::strerror(errno),
          "make its folder writable for the node's user"};
}

result<std::string> random_token() {
  std::array<unsigned char, token_bytes> bytes{};
  size_t have = 0;
  while (have < bytes.size()) {
    const auto got = ::getrandom(bytes.data() + have, bytes.size() - have, 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error{errc::internal, "the system gives no randomness"};
    have += static_cast<size_t>(got);
  }
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

result<void> check_access(int handle, const fs::path& file) {
  struct stat facts {};
  if (::fstat(handle, &facts) != 0)
    return io_error(file, "read");
  if (!S_ISREG(facts.st_mode))
    return error{errc::forbidden,
                 "the admin token " + file.string() + " is no regular file",
                 "remove it; the node writes a new one"};
  if ((facts.st_mode & 077) != 0)
    return error{errc::forbidden,
                 "others may read or write the admin token " + file.string(),
                 "chmod 600 " + file.string()
                   + ", or remove it if someone may have seen it: the node "
                     "writes a new one"};
  if (facts.st_uid != ::geteuid() && facts.st_uid != 0)
    return error{errc::forbidden,
                 "the admin token " + file.string()
                   + " belongs to another user",
                 "remove it; the node writes a new one"};
  return {};
}

result<std::string> read_token(int handle, const fs::path& file) {
  char text[token_digits + 2];
  const auto got = ::read(handle, text, sizeof text);
  if (got < 0)
    return io_error(file, "read");
  auto token = std::string_view{text, static_cast<size_t>(got)};
  if (token.ends_with('\n'))
    token.remove_suffix(1);
  if (token.size() != token_digits
      || token.find_first_not_of("0123456789abcdef") != token.npos)
    return error{errc::invalid_argument,
                 file.string() + " does not hold an admin token",
                 "remove it; the node writes a new one"};
  return std::string{token};
}

/// Written under another name and linked: a reader never sees half of it, and
/// of two nodes that start at once one wins. The winner's token counts.
result<bool> write_token(const fs::path& file, const std::string& token) {
  auto draft = file;
  draft += "." + std::to_string(::getpid());
  ::unlink(draft.c_str());
  const open_file out{::open(
    draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (out.handle < 0)
    return io_error(file, "write");
  const auto line = token + "\n";
  const auto written = ::write(out.handle, line.data(), line.size());
  const auto complete
    = written == static_cast<ssize_t>(line.size()) && ::fsync(out.handle) == 0;
  const auto linked = complete && ::link(draft.c_str(), file.c_str()) == 0;
  const auto lost = complete && !linked && errno == EEXIST;
  auto failure = io_error(file, "write");
  ::unlink(draft.c_str());
  if (!linked && !lost)
    return failure;
  return linked;
}

} // namespace

result<admin_token> admin_token::load_or_create(const fs::path& file) {
  bool created = false;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const open_file in{
      ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (in.handle >= 0) {
      if (auto safe = check_access(in.handle, file); !safe)
        return safe.error();
      auto token = read_token(in.handle, file);
      if (!token)
        return token.error();
      return admin_token{std::move(*token), created};
    }
    if (errno != ENOENT || attempt != 0)
      return io_error(file, "read");
    auto token = random_token();
    if (!token)
      return token.error();
    auto made = write_token(file, *token);
    if (!made)
      return made.error();
    created = *made;
  }
  return io_error(file, "read");
}

bool admin_token::matches(std::string_view presented) const noexcept {
  if (presented.size() != token_.size())
    return false; // the length is no secret
  unsigned char difference = 0;
  for (size_t i = 0; i < token_.size(); ++i)
    difference
      = static_cast<unsigned char>(difference
                                   | (static_cast<unsigned char>(presented[i])
                                      ^ static_cast<unsigned char>(token_[i])));
  return difference == 0;
}

} // namespace faas::auth
