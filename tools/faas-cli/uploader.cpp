#include "tools/faas-cli/uploader.hpp"

#include "tools/faas-cli/function_bar.hpp"

#include <algorithm>
#include <fstream>
#include <ostream>

namespace faas::cli {
namespace {

using namespace std::chrono_literals;

/// The same bytes may get through later, or are there already.
bool may_pass(errc code) noexcept {
  return code == errc::conflict || code == errc::outcome_unknown
         || code == errc::unavailable || code == errc::overloaded
         || code == errc::deadline_exceeded || code == errc::shutting_down;
}

/// One bundle in chunks.
class chunked_upload {
public:
  chunked_upload(session& s, gateway_api& gateway, const std::string& name,
                 const bundle_file& bundle)
    : s_(s), gateway_(gateway), bundle_(bundle), bar_(s, name),
      file_(bundle.file, std::ios::binary) {}

  result<void> run(uint64_t offset) {
    offset_ = offset;
    last_progress_ = s_.system.now();
    while (!done_) {
      auto sent = send();
      if (!sent && !may_pass(sent.error().code))
        return sent;
      if (sent) {
        last_progress_ = s_.system.now();
        pause_ = first_pause;
      } else if (auto again = find_out(sent.error()); !again) {
        return again;
      }
    }
    return {};
  }

private:
  static constexpr duration first_pause = 100ms, longest_pause = 2s;

  result<void> send() {
    const auto size = std::min(upload_chunk_bytes, bundle_.bytes - offset_);
    std::string bytes(size, '\0');
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(bundle_.from + offset_));
    if (!file_.read(bytes.data(), static_cast<std::streamsize>(size)))
      return {errc::internal, "cannot read " + bundle_.file.string(),
              "pack it again: faas-cli pack"};
    auto sent = gateway_.upload_chunk(
      bundle_.id, offset_, bundle_.bytes, std::move(bytes),
      [&](uint64_t part, uint64_t) {
        bar_.uploading(offset_ + part, bundle_.bytes);
      });
    if (!sent)
      return sent;
    offset_ += size;
    done_ = offset_ == bundle_.bytes;
    return {};
  }

  /// Waits, then asks how much is there; the error when that takes too long
  /// without anything new.
  result<void> find_out(const error& why) {
    if (s_.system.now() + pause_ - last_progress_ > upload_patience)
      return error{why.code, why.message,
                   "repeat the command: the upload goes on where it stopped"};
    s_.system.sleep(pause_);
    pause_ = std::min(longest_pause, pause_ * 2);
    auto missing = gateway_.missing({bundle_.id});
    if (!missing)
      return may_pass(missing.error().code) ? result<void>{}
                                            : missing.error();
    if (missing->empty()) {
      done_ = true;
      return {};
    }
    const auto there = std::min(missing->front().offset, bundle_.bytes);
    if (there != offset_)
      last_progress_ = s_.system.now();
    offset_ = there;
    return {};
  }

  session& s_;
  gateway_api& gateway_;
  const bundle_file& bundle_;
  function_bar bar_;
  std::ifstream file_;
  uint64_t offset_ = 0;
  bool done_ = false;
  duration pause_ = first_pause;
  time_point last_progress_{};
};

} // namespace

result<bool> upload_missing(session& s, gateway_api& gateway,
                            const std::string& name,
                            const std::vector<bundle_file>& bundles) {
  std::vector<digest> ids;
  for (const auto& bundle : bundles)
    ids.push_back(bundle.id);
  auto missing = gateway.missing(ids);
  if (!missing)
    return missing.error();
  for (const auto& one : *missing) {
    const auto bundle
      = std::find_if(bundles.begin(), bundles.end(),
                     [&](const auto& known) { return known.id == one.id; });
    if (bundle == bundles.end())
      continue;
    result<void> done;
    if (one.in_chunks) {
      done = chunked_upload{s, gateway, name, *bundle}.run(one.offset);
    } else {
      function_bar bar{s, name};
      done = gateway.upload(
        one.id, bundle->file,
        [&](uint64_t sent, uint64_t total) { bar.uploading(sent, total); });
    }
    if (!done)
      return done.error();
  }
  return !missing->empty();
}

} // namespace faas::cli
