#include "tools/faas-cli/copy_file.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr int format = 1;
constexpr size_t longest_line = 4096;
constexpr size_t most_parts = 1'000'000;
constexpr size_t piece = 1 << 20;

error cannot_write(const fs::path& file) {
  return {errc::storage_full, "cannot write " + file.string(),
          "free space there, or name another place"};
}

error broken(const fs::path& file, const std::string& what) {
  return {errc::digest_mismatch, file.string() + " " + what,
          "nothing was changed; copy the file again, or use another export"};
}

/// To the disk, not just to the system.
bool sync_path(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0)
    return false;
  const bool done = ::fsync(fd) == 0;
  ::close(fd);
  return done;
}

} // namespace

result<copy_writer> copy_writer::open(fs::path file, bool replace,
                                      const std::string& created,
                                      const std::string& key) {
  std::error_code ignored;
  if (!replace && fs::exists(file, ignored))
    return error{errc::conflict, file.string() + " exists already",
                 "name another file, or replace it with --force"};
  copy_writer made;
  made.file_ = std::move(file);
  made.draft_ = made.file_;
  made.draft_ += ".part";
  fs::remove(made.draft_, ignored);
  // Made for this user alone before the first byte.
  const int fd = ::open(made.draft_.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        0600);
  if (fd < 0)
    return error{errc::not_found, "cannot make " + made.draft_.string(),
                 "name a file in a folder that you may write to"};
  ::close(fd);
  made.out_.open(made.draft_, std::ios::binary);
  const json head{{"petrel_export", format},
                  {"created", created},
                  {"key", json::parse(key, nullptr, false)}};
  if (auto ok = made.line(head.dump()); !ok)
    return ok.error();
  return made;
}

copy_writer::~copy_writer() {
  std::error_code ignored;
  if (!draft_.empty())
    fs::remove(draft_, ignored);
}

result<void> copy_writer::line(const std::string& text) {
  lines_.update(text);
  lines_.update("\n");
  if (!(out_ << text << '\n'))
    return cannot_write(draft_);
  return {};
}

result<void> copy_writer::begin_part(const std::string& kind, uint64_t bytes,
                                     const std::optional<digest>& id) {
  json head{{"part", kind}, {"bytes", bytes}};
  if (id)
    head["digest"] = id->hex();
  part_ = registry::sha256{};
  id_ = id;
  left_ = bytes;
  ++parts_;
  return line(head.dump());
}

result<void> copy_writer::write(std::string_view bytes) {
  if (bytes.size() > left_)
    return error{errc::internal, "a part has more bytes than was announced",
                 "export again"};
  left_ -= bytes.size();
  part_.update(bytes);
  if (!out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    return cannot_write(draft_);
  return {};
}

result<void> copy_writer::end_part() {
  const auto sum = part_.finish();
  if (left_ != 0 || (id_ && sum != *id_))
    return error{errc::digest_mismatch,
                 "the gateway sent other bytes than those of bundle "
                   + (id_ ? id_->hex().substr(0, 12) : ""),
                 "export again; see docs/operations.md, Bundles"};
  if (!(out_ << '\n'))
    return cannot_write(draft_);
  return line(json{{"sha256", sum.hex()}}.dump());
}

result<void> copy_writer::finish() {
  const json end{{"end", parts_}, {"sha256", lines_.finish().hex()}};
  out_ << end.dump() << '\n';
  out_.close();
  if (!out_ || !sync_path(draft_, O_WRONLY)
      || ::rename(draft_.c_str(), file_.c_str()) != 0)
    return cannot_write(file_);
  draft_.clear();
  const auto folder = file_.parent_path();
  sync_path(folder.empty() ? fs::path{"."} : folder, O_RDONLY | O_DIRECTORY);
  return {};
}

namespace {

class checker {
public:
  checker(const fs::path& file,
          const std::function<void(uint64_t, uint64_t)>& progress)
    : file_(file), progress_(progress), in_(file, std::ios::binary) {
    std::error_code failed;
    index_.bytes = fs::file_size(file, failed);
  }

  result<copy_index> run() {
    if (!in_)
      return error{errc::not_found, "cannot read " + file_.string()};
    if (auto ok = head(); !ok)
      return ok.error();
    for (;;) {
      auto next = line();
      if (!next)
        return next.error();
      if (next->contains("end"))
        return end(*next);
      if (auto ok = part(*next); !ok)
        return ok.error();
    }
  }

private:
  /// One line, which counts for the whole unless it is the last.
  result<json> line() {
    std::string text(longest_line, '\0');
    in_.getline(text.data(), static_cast<std::streamsize>(text.size()));
    if (!in_ || in_.eof())
      return broken(file_, "is cut off");
    text.resize(static_cast<size_t>(in_.gcount()) - 1);
    auto value = json::parse(text, nullptr, false);
    if (!value.is_object())
      return broken(file_, "was changed");
    if (!value.contains("end")) {
      lines_.update(text);
      lines_.update("\n");
    }
    return value;
  }

  result<void> head() {
    auto first = line();
    if (!first || !first->contains("petrel_export"))
      return error{errc::invalid_argument,
                   file_.string() + " is no export of a registry",
                   "faas-cli export makes one"};
    const auto found = (*first)["petrel_export"];
    if (!found.is_number_integer() || found.get<int>() != format)
      return error{errc::conflict,
                   file_.string() + " was written by a newer faas-cli (format "
                     + found.dump() + ", this one knows up to "
                     + std::to_string(format) + ")",
                   "import it with that version or a newer one"};
    if (const auto at = first->find("created");
        at != first->end() && at->is_string())
      index_.created = at->get<std::string>();
    index_.key = (*first)["key"].dump();
    return {};
  }

  result<void> part(const json& head) {
    copy_part one;
    const auto bytes = head.find("bytes");
    const auto kind = head.find("part");
    if (kind == head.end() || !kind->is_string() || bytes == head.end()
        || !bytes->is_number_unsigned() || index_.parts.size() >= most_parts)
      return broken(file_, "was changed");
    one.kind = kind->get<std::string>();
    one.bytes = bytes->get<uint64_t>();
    one.offset = static_cast<uint64_t>(in_.tellg());
    if (const auto id = head.find("digest");
        id != head.end() && id->is_string()) {
      auto read = digest::parse(id->get<std::string>());
      if (!read)
        return broken(file_, "was changed");
      one.id = *read;
    }
    auto sum = read_bytes(one.bytes);
    if (!sum)
      return sum.error();
    if (in_.get() != '\n')
      return broken(file_, "was changed");
    auto tail = line();
    if (!tail)
      return tail.error();
    const auto told = tail->find("sha256");
    if (told == tail->end() || *told != sum->hex() || (one.id && *one.id != *sum))
      return broken(file_, "was changed: the part at byte "
                             + std::to_string(one.offset)
                             + " does not match its digest");
    index_.parts.push_back(std::move(one));
    return {};
  }

  result<digest> read_bytes(uint64_t count) {
    registry::sha256 sum;
    std::string bytes(piece, '\0');
    while (count > 0) {
      const auto size = std::min<uint64_t>(count, bytes.size());
      if (!in_.read(bytes.data(), static_cast<std::streamsize>(size)))
        return broken(file_, "is cut off");
      sum.update(std::string_view{bytes}.substr(0, size));
      count -= size;
      if (progress_)
        progress_(static_cast<uint64_t>(in_.tellg()), index_.bytes);
    }
    return sum.finish();
  }

  result<copy_index> end(const json& last) {
    const auto parts = last.find("end"), sum = last.find("sha256");
    if (sum == last.end() || *sum != lines_.finish().hex()
        || *parts != index_.parts.size())
      return broken(file_, "was changed");
    if (in_.peek() != std::ifstream::traits_type::eof())
      return broken(file_, "goes on behind its end");
    return std::move(index_);
  }

  const fs::path& file_;
  const std::function<void(uint64_t, uint64_t)>& progress_;
  std::ifstream in_;
  copy_index index_;
  registry::sha256 lines_;
};

} // namespace

result<copy_index>
check_copy(const fs::path& file,
           const std::function<void(uint64_t, uint64_t)>& progress) {
  return checker{file, progress}.run();
}

} // namespace faas::cli
