// A flat buffer that is read at the front and written at the back.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace faas::http {

/// Flat bytes, reused from request to request: parsing works in place and an
/// answer leaves in one write. Unlike std::string it never fills with zeros.
class byte_buffer {
public:
  std::string_view view() const noexcept {
    return {data_.get() + begin_, end_ - begin_};
  }
  size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }
  size_t capacity() const noexcept { return capacity_; }

  /// Room for n more bytes; may move the content.
  char* prepare(size_t n) {
    if (capacity_ - end_ < n)
      make_room(n);
    return data_.get() + end_;
  }
  /// Bytes that can be written without moving anything.
  size_t room() const noexcept { return capacity_ - end_; }
  void commit(size_t n) noexcept { end_ += n; }

  /// Drops bytes at the front; they stay in memory until the next prepare().
  void consume(size_t n) noexcept {
    begin_ += n;
    if (begin_ == end_)
      begin_ = end_ = 0;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) // memcpy takes no null pointer, not even for 0 bytes
      return;
    std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  /// Empties it; gives back memory above `keep`.
  void reset(size_t keep) noexcept {
    begin_ = end_ = 0;
    if (capacity_ > keep) {
      data_.reset();
      capacity_ = 0;
    }
  }

private:
  void make_room(size_t n) {
    const auto used = size();
    if (capacity_ - used >= n && begin_ >= used) {
      std::memcpy(data_.get(), data_.get() + begin_, used);
    } else {
      auto wanted = capacity_ ? capacity_ : size_t{4096};
      while (wanted < used + n)
        wanted *= 2;
      auto larger = std::unique_ptr<char[]>(new char[wanted]);
      if (used != 0)
        std::memcpy(larger.get(), data_.get() + begin_, used);
      data_ = std::move(larger);
      capacity_ = wanted;
    }
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

} // namespace faas::http
