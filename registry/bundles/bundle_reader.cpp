#include "registry/bundles/bundle_reader.hpp"

#include "registry/files/files.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {
namespace {

struct archive_free {
  void operator()(archive* a) const noexcept { archive_read_free(a); }
};

/// One pass over an archive.
class reading {
public:
  reading(packed_source& source, const bundle_limits& limits,
          bundle_visitor& visitor)
    : source_(source), limits_(limits), visitor_(visitor), tree_(limits),
      archive_(archive_read_new()), buffer_(64 * 1024) {}

  result<void> run();

private:
  static la_ssize_t read_packed(archive* a, void* self, const void** bytes);

  error archive_failure(const std::string& where);
  result<void> entry(archive_entry* item);
  result<void> check_special(const std::string& path, archive_entry* item);
  result<void> file(const std::string& path, archive_entry* item);
  result<void> content(const std::string& path);

  packed_source& source_;
  const bundle_limits& limits_;
  bundle_visitor& visitor_;
  entry_tree tree_;
  std::unique_ptr<archive, archive_free> archive_;
  std::vector<char> buffer_;
  std::optional<error> source_failure_;
};

la_ssize_t reading::read_packed(archive* a, void* self, const void** bytes) {
  auto& me = *static_cast<reading*>(self);
  auto chunk = me.source_.next();
  if (!chunk) {
    me.source_failure_ = chunk.error();
    archive_set_error(a, EIO, "%s", chunk.error().message.c_str());
    return -1;
  }
  *bytes = chunk->data();
  return static_cast<la_ssize_t>(chunk->size());
}

error reading::archive_failure(const std::string& where) {
  if (source_failure_)
    return *source_failure_;
  const char* why = archive_error_string(archive_.get());
  return {errc::bad_bundle,
          "the bundle cannot be unpacked " + where + ": "
            + shown(why ? why : "unknown format"),
          "a bundle is a tar archive compressed with zstd; pack it with "
          "faas-cli pack"};
}

result<void> reading::run() {
  auto* a = archive_.get();
  if (!a || archive_read_support_filter_zstd(a) != ARCHIVE_OK
      || archive_read_support_format_tar(a) != ARCHIVE_OK)
    return error{errc::internal, "libarchive cannot read tar and zstd",
                 "install a libarchive that is built with zstd"};
  if (archive_read_open(a, this, nullptr, read_packed, nullptr) != ARCHIVE_OK)
    return archive_failure("at its start");
  // Headers count too: without a bound they could be the bomb.
  const auto header_bytes = 64 * limits::kib + limits_.files * 4 * limits::kib;
  std::string last = "at its start";
  for (;;) {
    archive_entry* item = nullptr;
    const int code = archive_read_next_header(a, &item);
    if (code == ARCHIVE_EOF)
      break;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
      return archive_failure(last);
    if (static_cast<uint64_t>(archive_filter_bytes(a, 0))
        > tree_.bytes() + header_bytes)
      return error{errc::bad_bundle, "the bundle's headers are too long",
                   "pack it with faas-cli pack"};
    if (auto ok = entry(item); !ok)
      return ok;
    const char* name = archive_entry_pathname(item);
    last = "after entry '" + shown(name ? name : "?") + "'";
  }
  if (archive_filter_count(a) != 2 // zstd, and the plain bytes below it
      || archive_filter_code(a, 0) != ARCHIVE_FILTER_ZSTD)
    return archive_failure("because it is not compressed with zstd");
  if (tree_.size() == 0)
    return error{errc::bad_bundle, "the bundle is empty",
                 "pack the folder that holds the artifact"};
  return {};
}

result<void> reading::entry(archive_entry* item) {
  // A name that this locale cannot express is there as UTF-8 only.
  const char* raw = archive_entry_pathname(item);
  if (!raw)
    raw = archive_entry_pathname_utf8(item);
  auto path = checked_path(raw ? raw : "", limits_);
  if (!path)
    return path.error();
  if (auto ok = check_special(*path, item); !ok)
    return ok;
  const auto type = archive_entry_filetype(item);
  if (path->empty()) {
    if (type == AE_IFDIR)
      return {}; // "./", the bundle's own folder
    return bad_entry(raw ? raw : "", "has no usable name");
  }
  const auto kind = type == AE_IFDIR   ? entry_kind::folder
                    : type == AE_IFLNK ? entry_kind::link
                                       : entry_kind::file;
  auto folders = tree_.add(kind, *path);
  if (!folders)
    return folders.error();
  for (const auto& folder : *folders)
    if (auto ok = visitor_.folder(folder); !ok)
      return ok;
  if (kind == entry_kind::folder)
    return {};
  if (kind == entry_kind::file)
    return file(*path, item);
  const char* target = archive_entry_symlink(item);
  if (!target)
    target = archive_entry_symlink_utf8(item);
  if (auto ok = check_link(*path, target ? target : "", limits_); !ok)
    return ok;
  return visitor_.link(*path, target);
}

result<void> reading::check_special(const std::string& path,
                                    archive_entry* item) {
  const auto type = archive_entry_filetype(item);
  if (archive_entry_hardlink(item) || archive_entry_hardlink_utf8(item))
    return bad_entry(path, "is a hard link", "pack a copy of the file instead");
  if (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
    return bad_entry(path, "is a device, pipe or socket",
                     "only files, folders and links can be in a bundle");
  if (type == AE_IFREG && (archive_entry_perm(item) & (S_ISUID | S_ISGID)) != 0)
    return bad_entry(path, "is set-user-id or set-group-id",
                     "clear that permission and pack again");
  return {};
}

result<void> reading::file(const std::string& path, archive_entry* item) {
  // The announced size first: no need to unpack what is too much anyway.
  const auto size = archive_entry_size(item);
  if (size < 0 || static_cast<uint64_t>(size) > limits_.bytes - tree_.bytes())
    return tree_.add_bytes(path, limits_.bytes + 1);
  const bool executable = (archive_entry_perm(item) & S_IXUSR) != 0;
  if (auto ok = visitor_.begin_file(path, executable); !ok)
    return ok;
  if (auto ok = content(path); !ok)
    return ok;
  return visitor_.end_file();
}

result<void> reading::content(const std::string& path) {
  for (;;) {
    const auto n
      = archive_read_data(archive_.get(), buffer_.data(), buffer_.size());
    if (n == 0)
      return {};
    if (n < 0)
      return archive_failure("at entry '" + shown(path) + "'");
    const auto size = static_cast<size_t>(n);
    if (auto ok = tree_.add_bytes(path, size); !ok)
      return ok;
    if (auto ok = visitor_.data({buffer_.data(), size}); !ok)
      return ok;
  }
}

} // namespace

result<std::string_view> packed_source::next() {
  for (;;) {
    const auto n = ::pread(fd_, buffer_.data(), buffer_.size(),
                           static_cast<off_t>(offset_));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return os_error(errno, "cannot read the packed bundle");
    const std::string_view bytes{buffer_.data(), static_cast<size_t>(n)};
    offset_ += bytes.size();
    hash_.update(bytes);
    return bytes;
  }
}

result<digest> packed_source::finish() {
  for (;;) {
    auto bytes = next();
    if (!bytes)
      return bytes.error();
    if (bytes->empty())
      return hash_.finish();
  }
}

result<void> read_bundle(packed_source& source, const bundle_limits& limits,
                         bundle_visitor& visitor) {
  return reading{source, limits, visitor}.run();
}

} // namespace faas::registry
