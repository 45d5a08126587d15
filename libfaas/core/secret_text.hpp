// Bytes that must not be left behind in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace faas {

/// Overwrites memory; not removed by the optimiser.
void wipe(void* bytes, size_t size) noexcept;
/// Overwrites the text with its whole capacity and empties it.
void wipe(std::string& text) noexcept;

/// Owned bytes that are overwritten before their memory is given back. There is
/// no operator that prints them. A copy is one more secret: make few.
class secret_text {
public:
  secret_text() = default;
  explicit secret_text(std::string_view bytes) { assign(bytes); }
  secret_text(const secret_text& other) { assign(other.view()); }
  secret_text(secret_text&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  secret_text& operator=(secret_text other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~secret_text() { clear(); }

  /// Copies, then wipes the source.
  static secret_text take(std::string& from);
  /// `size` zero bytes, to be written through data().
  static secret_text sized(size_t size);

  void assign(std::string_view bytes);
  void clear() noexcept;
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  char* data() noexcept { return bytes_.get(); }
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  bool operator==(const secret_text& other) const noexcept {
    return view() == other.view();
  }

private:
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

} // namespace faas
