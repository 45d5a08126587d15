// Immutable bytes, shared without copying.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace faas {

/// Immutable, reference counted bytes. Copies share. Thread safe as a
/// shared_ptr is.
class blob {
public:
  blob() = default;
  explicit blob(std::string bytes)
    : bytes_(bytes.empty()
               ? nullptr
               : std::make_shared<const std::string>(std::move(bytes))) {}

  std::string_view view() const noexcept {
    return bytes_ ? std::string_view{*bytes_} : std::string_view{};
  }
  size_t size() const noexcept { return bytes_ ? bytes_->size() : 0; }
  bool empty() const noexcept { return !bytes_; }

private:
  std::shared_ptr<const std::string> bytes_;
};

} // namespace faas
