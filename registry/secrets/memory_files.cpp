#include "registry/secrets/memory_files.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace faas::registry {
namespace {

namespace fs = std::filesystem;
constexpr const char* lock_name = ".lock";

/// The owner's name as a few hex digits.
std::string short_hash(const std::string& text) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(),
                 nullptr)
      != 1)
    return "0";
  constexpr char digits[] = "0123456789abcdef";
  std::string made;
  for (size_t i = 0; i < 6; ++i) {
    made += digits[hash[i] >> 4];
    made += digits[hash[i] & 15];
  }
  return made;
}

error not_in_memory(const fs::path& folder) {
  return {errc::forbidden,
          folder.string()
            + " is not in memory (tmpfs): secrets are not written to disks",
          "set node.secrets_folder to a folder on tmpfs, for example /dev/shm"};
}

fs::path base_of(const memory_files_options& options) {
  if (!options.folder.empty())
    return options.folder;
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR");
      runtime && *runtime) {
    const auto kind = backing_of(runtime);
    if (kind && *kind == backing::memory)
      return runtime;
  }
  return "/dev/shm";
}

/// /dev/shm is everybody's: what is there already must be ours alone.
result<void> make_own_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0)
    return {};
  if (errno != EEXIST)
    return os_error(errno, "cannot make the folder " + folder.string());
  struct stat facts {};
  if (::lstat(folder.c_str(), &facts) != 0)
    return os_error(errno, "cannot look at " + folder.string());
  if (!S_ISDIR(facts.st_mode) || facts.st_uid != ::geteuid()
      || (facts.st_mode & 077) != 0)
    return error{errc::forbidden,
                 folder.string() + " is not a private folder of this user",
                 "remove it, or set node.secrets_folder"};
  return {};
}

} // namespace

result<backing> backing_of(const fs::path& folder) {
  struct statfs facts {};
  if (::statfs(folder.c_str(), &facts) != 0)
    return os_error(errno, "cannot look at the folder " + folder.string());
  const auto kind = static_cast<uint64_t>(facts.f_type) & 0xffffffffu;
  return kind == TMPFS_MAGIC || kind == RAMFS_MAGIC ? backing::memory
                                                    : backing::disk;
}

result<std::unique_ptr<memory_files>>
memory_files::open(const memory_files_options& options) {
  const auto base = base_of(options);
  auto kind = backing_of(base);
  if (!kind)
    return kind.error();
  if (*kind != backing::memory)
    return not_in_memory(base);
  auto root = base / ("petrel-secrets-" + std::to_string(::geteuid()) + "-"
                      + short_hash(options.owner));
  std::unique_ptr<memory_files> opened{new memory_files{std::move(root)}};
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(opened->root_, ignored))) {
    if (auto ours = opened->own(); !ours)
      return ours.error();
    remove_tree(opened->root_);
    opened->lock_.reset();
  }
  return opened;
}

memory_files::~memory_files() {
  if (lock_)
    remove_tree(root_);
}

result<void> memory_files::own() {
  if (lock_)
    return {};
  if (auto made = make_own_folder(root_); !made)
    return made;
  auto lock
    = file_lock::take(root_ / lock_name, "the folder " + root_.string());
  if (!lock)
    return lock.error();
  lock_ = std::move(*lock);
  return {};
}

fs::path memory_files::folder_of(const version_ref& of) const {
  return root_ / (of.function.str() + "." + std::to_string(of.version));
}

result<void> memory_files::write(const version_ref& of, const secret_name& name,
                                 std::string_view value) {
  if (!valid_secret_name(name.str()) || !valid_function_name(of.function.str()))
    return error{errc::invalid_argument,
                 "\"" + name.str().substr(0, 80) + "\" is no name of a secret"};
  if (auto ours = own(); !ours)
    return ours;
  const auto folder = folder_of(of);
  // A worker of another user may see its own function's folder, and nothing
  // above it; to everybody else ROOT's folder is closed.
  if ((::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      || ::chmod(folder.c_str(), 0755) != 0)
    return os_error(errno, "cannot make the folder " + folder.string());
  // No secret's name begins with a dot.
  const auto draft = folder / (".new." + name.str());
  ::unlink(draft.c_str());
  auto out = open_file(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0400);
  if (!out)
    return out.error();
  auto done = write_all(out->get(), value, draft);
  if (done && ::fchmod(out->get(), 0444) != 0)
    done = os_error(errno, "cannot show " + draft.string() + " to workers");
  if (done)
    done = rename_file(draft, folder / name.str());
  if (!done)
    ::unlink(draft.c_str());
  return done;
}

result<secret_text> memory_files::read(const version_ref& of,
                                       const secret_name& name) const {
  const auto file = folder_of(of) / name.str();
  auto in = open_file(file, O_RDONLY | O_NOFOLLOW);
  if (!in)
    return in.error();
  auto bytes = secret_text::sized(limits::secret_bytes);
  size_t have = 0;
  while (have < bytes.size()) {
    const auto got
      = ::read(in->get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return os_error(errno, "cannot read " + file.string());
    if (got == 0)
      break;
    have += static_cast<size_t>(got);
  }
  return secret_text{bytes.view().substr(0, have)};
}

void memory_files::remove(const version_ref& of) {
  if (lock_)
    remove_tree(folder_of(of));
}

} // namespace faas::registry
