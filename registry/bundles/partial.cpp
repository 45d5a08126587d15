#include "registry/bundles/partial.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>

namespace faas::registry {
namespace {

constexpr std::string_view title = "petrel-upload 1 ";
/// A process that dies in the middle of a long write loses at most that much.
constexpr uint64_t checkpoint_every = 8 * limits::mib;
/// Enough for a checkpoint every 4 KiB of the largest bundle.
constexpr size_t log_bytes = 32 * limits::mib;

std::optional<uint64_t> number(std::string_view text) {
  uint64_t read = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, read);
  return failed == std::errc{} && at == end ? std::optional{read}
                                            : std::nullopt;
}

/// The next whole line without its end; a line that was torn is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos)
    return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

result<std::string> read_all(int fd) {
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    const auto n = ::pread(fd, buffer, sizeof buffer,
                           static_cast<off_t>(text.size()));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return os_error(errno, "cannot read the log of an upload");
    if (n == 0 || text.size() > log_bytes)
      return text;
    text.append(buffer, static_cast<size_t>(n));
  }
}

} // namespace

folder_bundle_store::partial::partial(layout& where, const digest& id,
                                      file_handle bytes, file_handle log)
  : layout_(where), id_(id), bytes_(std::move(bytes)), log_(std::move(log)) {}

void folder_bundle_store::partial::remove(layout& where, const digest& id) {
  (void) where.disk().remove_file(where.part_log(id));
  (void) where.disk().remove_file(where.part(id));
  (void) where.disk().sync_folder(where.folder("incoming"));
}

result<std::unique_ptr<folder_bundle_store::partial>>
folder_bundle_store::partial::create(layout& where, const digest& id,
                                     uint64_t total) {
  auto& disk = where.disk();
  const auto flags = O_RDWR | O_CREAT | O_TRUNC;
  auto bytes = disk.open(where.part(id), flags, 0600);
  if (!bytes)
    return bytes.error();
  auto log = disk.open(where.part_log(id), flags, 0600);
  if (!log)
    return log.error();
  std::unique_ptr<partial> made{
    new partial{where, id, std::move(*bytes), std::move(*log)}};
  made->total_ = total;
  const auto head = std::string{title} + std::to_string(total) + "\n";
  const auto file = where.part_log(id);
  if (auto ok = made->check_space(0); !ok)
    return ok.error();
  if (auto ok = disk.write(made->log_.get(), head, file); !ok)
    return ok.error();
  if (auto ok = disk.sync(made->log_.get(), file); !ok)
    return ok.error();
  if (auto ok = disk.sync_folder(where.folder("incoming")); !ok)
    return ok.error();
  return made;
}

result<std::unique_ptr<folder_bundle_store::partial>>
folder_bundle_store::partial::recover(layout& where, const digest& id) {
  auto bytes = where.disk().open(where.part(id), O_RDWR, 0600);
  auto log = where.disk().open(where.part_log(id), O_RDWR, 0600);
  if (!bytes || !log) {
    remove(where, id);
    return std::unique_ptr<partial>{};
  }
  std::unique_ptr<partial> found{
    new partial{where, id, std::move(*bytes), std::move(*log)}};
  auto usable = found->read_log();
  if (!usable)
    return usable.error();
  if (!*usable) {
    remove(where, id);
    found.reset();
  }
  return found;
}

result<bool> folder_bundle_store::partial::read_log() {
  auto text = read_all(log_.get());
  if (!text)
    return text.error();
  std::string_view rest = *text;
  const auto head = take_line(rest);
  if (!head || !head->starts_with(title))
    return false;
  const auto total = number(head->substr(title.size()));
  if (!total || *total == 0 || *total > layout_.options.packed_bytes)
    return false;
  total_ = *total;
  uint64_t good = text->size() - rest.size();
  while (const auto line = take_line(rest)) {
    const auto space = line->find(' ');
    const auto end = number(line->substr(0, space));
    if (space == std::string_view::npos || !end || *end <= received_
        || *end > total_)
      break;
    const auto sum = digest::parse(line->substr(space + 1));
    if (!sum || !matches(*end, *sum))
      break;
    received_ = *end;
    good = text->size() - rest.size();
  }
  kept_ = received_;
  if (auto ok = layout_.disk().truncate(bytes_.get(), received_,
                                        layout_.part(id_));
      !ok)
    return ok.error();
  if (auto ok
      = layout_.disk().truncate(log_.get(), good, layout_.part_log(id_));
      !ok)
    return ok.error();
  return true;
}

bool folder_bundle_store::partial::matches(uint64_t end, const digest& sum) {
  sha256 hash;
  std::vector<char> buffer(256 * limits::kib);
  for (auto at = received_; at < end;) {
    const auto wanted = std::min<uint64_t>(buffer.size(), end - at);
    const auto n = ::pread(bytes_.get(), buffer.data(), wanted,
                           static_cast<off_t>(at));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    hash.update({buffer.data(), static_cast<size_t>(n)});
    at += static_cast<uint64_t>(n);
  }
  return hash.finish() == sum;
}

result<void> folder_bundle_store::partial::check_space(uint64_t need) {
  const auto reserve = layout_.options.reserve_bytes;
  if (reserve == 0 || (room_ > 0 && received_ + need <= room_))
    return {};
  const auto step = std::max<uint64_t>(need, 16 * limits::mib);
  room_ = received_ + step;
  return check_free_space(layout_.options.root, need, reserve);
}

result<void> folder_bundle_store::partial::write(std::string_view bytes) {
  if (bytes.size() > total_ - received_)
    return error{errc::too_large,
                 "more bytes came than the " + std::to_string(total_)
                   + " that were announced",
                 "upload the bundle again"};
  if (auto ok = check_space(bytes.size()); !ok)
    return ok;
  if (auto ok = layout_.disk().write(bytes_.get(), bytes, layout_.part(id_));
      !ok)
    return ok;
  since_.update(bytes);
  received_ += bytes.size();
  return received_ - kept_ >= checkpoint_every ? checkpoint() : result<void>{};
}

result<void> folder_bundle_store::partial::checkpoint() {
  if (received_ == kept_)
    return {};
  auto& disk = layout_.disk();
  if (auto ok = disk.sync(bytes_.get(), layout_.part(id_)); !ok)
    return ok;
  const auto sum = std::exchange(since_, sha256{}).finish();
  const auto line = std::to_string(received_) + " " + sum.hex() + "\n";
  if (auto ok = disk.write(log_.get(), line, layout_.part_log(id_)); !ok)
    return ok;
  if (auto ok = disk.sync(log_.get(), layout_.part_log(id_)); !ok)
    return ok;
  kept_ = received_;
  return {};
}

result<void> folder_bundle_store::partial::commit() {
  if (received_ != total_)
    return error{errc::conflict,
                 std::to_string(received_) + " of " + std::to_string(total_)
                   + " bytes of the bundle are here",
                 "send the rest"};
  const auto done = publish(layout_, id_, bytes_.get(), layout_.part(id_));
  if (!done && done.error().code != errc::digest_mismatch
      && done.error().code != errc::bad_bundle)
    return done;
  remove(layout_, id_);
  return done;
}

} // namespace faas::registry
