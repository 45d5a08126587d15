// The memory that a node and one worker process share.
#pragma once

#include "libfaas/core/limits.hpp"
#include "libfaas/core/result.hpp"

#include <atomic>
#include <cstdint>
#include <span>

namespace faas::isolated {

/// The first page. Every word may hold anything at any time, for the node: it
/// reads each once, checks the copy and uses the copy.
struct shared_words {
  static constexpr uint64_t known_magic = 0x31'6c'65'72'74'65'50'21; // !Petrel1
  uint64_t magic = known_magic; ///< for the worker: node and worker are a pair
  uint64_t area_bytes = 0;      ///< of one body
  // The node's line.
  alignas(64) std::atomic<uint32_t> asked{0}; ///< number of the last request
  std::atomic<uint32_t> asked_head{0};        ///< bytes of its head
  std::atomic<uint32_t> cancelled{0}; ///< request that nobody waits for
  std::atomic<uint32_t> node_sleeps{0};
  // The worker's line.
  alignas(64) std::atomic<uint32_t> answered{0}; ///< request it last answered
  std::atomic<uint32_t> answered_head{0};        ///< bytes of the answer's head
  std::atomic<uint32_t> taken{0}; ///< request that it has begun
  std::atomic<uint32_t> worker_sleeps{0};
};
static_assert(std::atomic<uint32_t>::is_always_lock_free);

/// Where things lie: words, head of the request, head of the answer, body of the
/// request, body of the answer. Both sides know it without asking each other.
struct segment_layout {
  static constexpr size_t page = 4096;
  static constexpr size_t head_bytes = 256 * limits::kib;
  uint64_t body_bytes = 0; ///< largest body, either way; whole pages

  static segment_layout for_bodies(uint64_t most) noexcept {
    return {(most + page - 1) / page * page};
  }
  static constexpr size_t request_head = page;
  static constexpr size_t answer_head = request_head + head_bytes;
  static constexpr size_t request_body = answer_head + head_bytes;
  uint64_t answer_body() const noexcept { return request_body + body_bytes; }
  uint64_t total() const noexcept { return answer_body() + body_bytes; }
};

/// A mapped segment. Its size is sealed: no process can shrink it under
/// another's feet. Pages cost memory once they are written.
class segment {
public:
  /// A new one, all zero but for the words. errc::unavailable.
  static result<segment> make(uint64_t largest_body);
  /// Maps what a node passed on; closes the descriptor.
  static result<segment> open(int fd);
  segment(segment&& other) noexcept;
  segment& operator=(segment&&) = delete;
  ~segment();

  int fd() const noexcept { return fd_; }
  const segment_layout& layout() const noexcept { return layout_; }
  shared_words& words() const noexcept {
    return *reinterpret_cast<shared_words*>(base_);
  }
  std::span<char> request_head() const noexcept {
    return {base_ + segment_layout::request_head, segment_layout::head_bytes};
  }
  std::span<char> answer_head() const noexcept {
    return {base_ + segment_layout::answer_head, segment_layout::head_bytes};
  }
  std::span<char> request_body() const noexcept {
    return {base_ + segment_layout::request_body, layout_.body_bytes};
  }
  std::span<char> answer_body() const noexcept {
    return {base_ + layout_.answer_body(), layout_.body_bytes};
  }
  /// Gives the memory of bodies back, but for the first `keep` bytes of each.
  void release_bodies(uint64_t keep) const noexcept;

private:
  segment(char* base, int fd, segment_layout layout) noexcept
    : base_(base), fd_(fd), layout_(layout) {}
  char* base_;
  int fd_; ///< -1 in the worker
  segment_layout layout_;
};

} // namespace faas::isolated
