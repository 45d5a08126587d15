#include "registry/decisions/segment_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {
namespace {

constexpr std::string_view suffix = ".dlog";
constexpr uint64_t smallest_segment = 64 << 10;
constexpr uint64_t largest_segment = 4 << 20;
/// A segment with its last block; more is none of ours.
constexpr uint64_t most_read = largest_segment + 2 * decisions::max_block;

std::string file_name(uint64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "%08llu.dlog",
                static_cast<unsigned long long>(number));
  return text;
}

/// 0: no segment's name.
uint64_t number_of(const std::string& name) {
  uint64_t number = 0;
  const auto* end = name.data() + name.size();
  const auto [at, failed] = std::from_chars(name.data(), end, number);
  return failed == std::errc{} && name.substr(at - name.data()) == suffix
           ? number
           : 0;
}

} // namespace

segment_folder::segment_folder(std::filesystem::path folder, uint64_t max_bytes)
  : folder_(std::move(folder)),
    max_bytes_(max_bytes),
    segment_bytes_(
      std::clamp(max_bytes / 16, smallest_segment, largest_segment)) {}

result<segment_folder> segment_folder::open(std::filesystem::path folder,
                                            uint64_t max_bytes) {
  if (auto made = make_private_folder(folder); !made)
    return made.error();
  segment_folder opened{std::move(folder), max_bytes};
  std::error_code failed;
  for (std::filesystem::directory_iterator it{opened.folder_, failed}, end;
       !failed && it != end; it.increment(failed)) {
    const auto number = number_of(it->path().filename().string());
    std::error_code odd;
    const auto size = it->file_size(odd);
    if (number == 0 || odd)
      continue;
    opened.sizes_[number] = size;
    opened.total_ += size;
  }
  if (failed)
    return error{errc::internal, "cannot list " + opened.folder_.string() + ": "
                                   + failed.message()};
  if (!opened.sizes_.empty())
    opened.current_ = opened.sizes_.rbegin()->first;
  return opened;
}

bool segment_folder::needs_new(size_t more) const noexcept {
  if (!file_)
    return true;
  const auto now = sizes_.at(current_);
  return now + more > segment_bytes_;
}

/// Room for one more segment.
void segment_folder::make_room() {
  while (!sizes_.empty() && total_ + segment_bytes_ > max_bytes_) {
    const auto oldest = sizes_.begin();
    ::unlink((folder_ / file_name(oldest->first)).c_str());
    total_ -= oldest->second;
    sizes_.erase(oldest);
  }
}

result<void> segment_folder::begin(std::string_view head) {
  file_.close();
  make_room();
  auto made = open_file(folder_ / file_name(current_ + 1),
                        O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW);
  if (!made)
    return made.error();
  ++current_;
  file_ = std::move(*made);
  sizes_[current_] = 0;
  return append(head);
}

result<void> segment_folder::append(std::string_view bytes) {
  auto& size = sizes_.at(current_);
  auto done = write_all(file_.get(), bytes, folder_ / file_name(current_));
  if (!done) {
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0)
      return done; // a torn tail: readers know what to do
    return done;
  }
  size += bytes.size();
  total_ += bytes.size();
  return {};
}

std::vector<decision_segment> segment_folder::segments() const {
  std::vector<decision_segment> all;
  for (const auto& [number, size] : sizes_)
    all.push_back({number, size});
  return all;
}

result<std::string> segment_folder::read(const std::filesystem::path& folder,
                                         uint64_t number) {
  const auto path = folder / file_name(number);
  auto in = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!in)
    return in.error();
  struct stat facts {};
  if (::fstat(in->get(), &facts) != 0)
    return os_error(errno, "cannot read " + path.string());
  if (!S_ISREG(facts.st_mode)
      || static_cast<uint64_t>(facts.st_size) > most_read)
    return error{errc::too_large, path.string() + " is no decision log"};
  std::string bytes(static_cast<size_t>(facts.st_size), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    const auto got
      = ::read(in->get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return os_error(errno, "cannot read " + path.string());
    if (got == 0)
      break;
    have += static_cast<size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

} // namespace faas::registry
