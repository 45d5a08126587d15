#include "registry/bundles/pack.hpp"

#include "registry/bundles/sha256.hpp"
#include "registry/files/files.hpp"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {

namespace fs = std::filesystem;

namespace {

struct archive_free {
  void operator()(archive* a) const noexcept { archive_write_free(a); }
  void operator()(archive_entry* e) const noexcept { archive_entry_free(e); }
};
using entry_ptr = std::unique_ptr<archive_entry, archive_free>;

/// Writes one bundle file, with digest and limit.
class packer {
public:
  packer(fs::path part, const pack_options& options)
    : part_(std::move(part)), options_(options), tree_(options.unpacked),
      buffer_(256 * 1024), archive_(archive_write_new()) {}

  result<void> open();
  result<void> add(const pack_item& item);
  /// The finished file is on the disk.
  result<packed_bundle> close();

private:
  static la_ssize_t write_packed(archive* a, void* self, const void* bytes,
                                 size_t length);
  error failure(const std::string& what);
  result<void> add_link(const std::string& path, const fs::path& source);
  result<void> add_file(const std::string& path, const fs::path& source);
  result<void> header(const std::string& path, unsigned type, unsigned mode,
                      uint64_t size, const char* target);
  result<void> content(const std::string& path, int fd, uint64_t size);

  fs::path part_;
  const pack_options& options_;
  entry_tree tree_;
  std::vector<char> buffer_;
  file_handle out_;
  sha256 hash_;
  packed_bundle made_;
  std::optional<error> write_failure_;
  std::unique_ptr<archive, archive_free> archive_;
};

la_ssize_t packer::write_packed(archive* a, void* self, const void* bytes,
                                size_t length) {
  auto& me = *static_cast<packer*>(self);
  const std::string_view view{static_cast<const char*>(bytes), length};
  result<void> ok;
  if (length > me.options_.packed_bytes - me.made_.bytes)
    ok = error{errc::too_large,
               "the packed bundle has more than "
                 + std::to_string(me.options_.packed_bytes) + " bytes",
               "leave files out with .petrelignore"};
  else
    ok = write_all(me.out_.get(), view, me.part_);
  if (!ok) {
    me.write_failure_ = ok.error();
    archive_set_error(a, EIO, "%s", ok.error().message.c_str());
    return -1;
  }
  me.hash_.update(view);
  me.made_.bytes += length;
  return static_cast<la_ssize_t>(length);
}

error packer::failure(const std::string& what) {
  if (write_failure_)
    return *write_failure_;
  const char* why = archive_error_string(archive_.get());
  return {errc::internal, what + ": " + (why ? why : "libarchive failed"), {}};
}

result<void> packer::open() {
  auto out = open_file(part_, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (!out)
    return out.error();
  out_ = std::move(*out);
  auto* a = archive_.get();
  const auto level = std::to_string(options_.level);
  // GNU tar format: names are plain bytes, whatever the locale.
  if (!a || archive_write_set_format_gnutar(a) != ARCHIVE_OK
      || archive_write_add_filter_zstd(a) != ARCHIVE_OK
      || archive_write_set_filter_option(a, "zstd", "compression-level",
                                         level.c_str())
           != ARCHIVE_OK
      || archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK
      || archive_write_open(a, this, nullptr, write_packed, nullptr)
           != ARCHIVE_OK)
    return failure("cannot begin a bundle");
  return {};
}

result<void> packer::add(const pack_item& item) {
  auto path = checked_path(item.path, options_.unpacked);
  if (!path)
    return path.error();
  if (path->empty())
    return bad_entry(item.path, "has no usable name");
  struct stat info {};
  if (::lstat(item.source.c_str(), &info) != 0)
    return error{errc::not_found,
                 "cannot read " + item.source.string() + ": "
                   + std::generic_category().message(errno),
                 "check the path in the manifest"};
  const bool link = S_ISLNK(info.st_mode);
  if (!link && !S_ISREG(info.st_mode))
    return bad_entry(*path, "is no file", "only files and links can be packed");
  auto folders = tree_.add(link ? entry_kind::link : entry_kind::file, *path);
  if (!folders)
    return folders.error();
  ++made_.files;
  return link ? add_link(*path, item.source) : add_file(*path, item.source);
}

result<void> packer::header(const std::string& path, unsigned type,
                            unsigned mode, uint64_t size, const char* target) {
  entry_ptr entry{archive_entry_new()};
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_filetype(entry.get(), type);
  archive_entry_set_perm(entry.get(), mode);
  archive_entry_set_mtime(entry.get(), 0, 0);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  if (target)
    archive_entry_set_symlink(entry.get(), target);
  if (archive_write_header(archive_.get(), entry.get()) != ARCHIVE_OK)
    return failure("cannot pack '" + shown(path) + "'");
  return {};
}

result<void> packer::add_link(const std::string& path, const fs::path& source) {
  std::error_code failed;
  const auto target = fs::read_symlink(source, failed).string();
  if (failed)
    return os_error(failed.value(), "cannot read the link " + source.string());
  if (auto ok = check_link(path, target, options_.unpacked); !ok)
    return ok;
  return header(path, AE_IFLNK, 0777, 0, target.c_str());
}

result<void> packer::add_file(const std::string& path, const fs::path& source) {
  auto file = open_file(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file)
    return file.error();
  struct stat info {};
  if (::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode))
    return bad_entry(path, "is no file any more", "pack again");
  const auto size = static_cast<uint64_t>(info.st_size);
  if (auto ok = tree_.add_bytes(path, size); !ok)
    return ok;
  const unsigned mode = (info.st_mode & S_IXUSR) != 0 ? 0755 : 0644;
  if (auto ok = header(path, AE_IFREG, mode, size, nullptr); !ok)
    return ok;
  return content(path, file->get(), size);
}

result<void> packer::content(const std::string& path, int fd, uint64_t size) {
  uint64_t done = 0;
  for (;;) {
    const auto n = ::read(fd, buffer_.data(), buffer_.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return os_error(errno, "cannot read '" + shown(path) + "'");
    done += static_cast<uint64_t>(n);
    if (done > size || (n == 0 && done < size))
      return bad_entry(path, "changed while it was packed", "pack again");
    if (n == 0)
      return {};
    if (archive_write_data(archive_.get(), buffer_.data(),
                           static_cast<size_t>(n))
        != n)
      return failure("cannot pack '" + shown(path) + "'");
  }
}

result<packed_bundle> packer::close() {
  if (archive_write_close(archive_.get()) != ARCHIVE_OK)
    return failure("cannot finish the bundle");
  if (::fsync(out_.get()) != 0)
    return os_error(errno, "cannot sync " + part_.string());
  made_.id = hash_.finish();
  made_.unpacked = tree_.bytes();
  return made_;
}

result<packed_bundle> pack_into(const fs::path& part,
                                const std::vector<pack_item>& items,
                                const pack_options& options) {
  packer work{part, options};
  if (auto ok = work.open(); !ok)
    return ok.error();
  for (const auto& item : items)
    if (auto ok = work.add(item); !ok)
      return ok.error();
  return work.close();
}

} // namespace

result<packed_bundle> pack_files(std::vector<pack_item> items,
                                 const fs::path& output,
                                 const pack_options& options) {
  if (items.empty())
    return error{errc::bad_bundle, "there is nothing to pack",
                 "build the function first, and check .petrelignore"};
  std::sort(items.begin(), items.end(),
            [](auto& a, auto& b) { return a.path < b.path; });
  const fs::path part
    = output.string() + "." + std::to_string(::getpid()) + ".part";
  auto made = pack_into(part, items, options);
  if (made)
    if (auto ok = rename_file(part, output); !ok)
      made = ok.error();
  if (!made) {
    ::unlink(part.c_str());
    return made;
  }
  made->file = output;
  return made;
}

result<packed_bundle> pack_folder(const fs::path& folder,
                                  const fs::path& output,
                                  const pack_options& options) {
  auto items = list_folder(folder, options);
  if (!items)
    return items.error();
  std::error_code ignored;
  const auto itself = fs::weakly_canonical(output, ignored);
  std::erase_if(*items, [&](const pack_item& item) {
    return fs::weakly_canonical(item.source, ignored) == itself;
  });
  return pack_files(std::move(*items), output, options);
}

} // namespace faas::registry
