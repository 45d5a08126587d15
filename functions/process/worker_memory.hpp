// Memory that the node and one program share, for large bodies.
#pragma once

#include "functions/process/unique_fd.hpp"
#include "libfaas/core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace faas::process::worker {

/// A file in memory of fixed size: areas of two halves, the event's body in the
/// first and the answer's in the second. Nothing but bodies is in it, so that
/// there is nothing to believe: lengths come in frames, and are checked. Thread
/// safe as long as each area is used by one thread at a time.
class shared_memory {
public:
  /// errc::unavailable.
  static result<shared_memory> make(uint16_t areas, uint64_t largest_body);
  shared_memory(shared_memory&& other) noexcept;
  shared_memory& operator=(shared_memory&&) = delete;
  ~shared_memory();

  int fd() const noexcept { return file_.get(); }
  uint64_t area_bytes() const noexcept { return bytes_; }

  /// False: it is larger than an area.
  bool put(uint16_t area, std::string_view body) noexcept;
  /// A copy; `size` at most area_bytes().
  std::string get(uint16_t area, uint64_t size) const;
  /// Gives the memory of an area back, but for its first MiB.
  void release(uint16_t area) const noexcept;

private:
  shared_memory(unique_fd file, char* base, uint16_t areas, uint64_t bytes)
    : file_(std::move(file)), base_(base), areas_(areas), bytes_(bytes) {}

  unique_fd file_;
  char* base_ = nullptr;
  uint16_t areas_ = 0;
  uint64_t bytes_ = 0;
};

} // namespace faas::process::worker
