#include "libfaas/core/secret_text.hpp"

#include <cstring>
#include <string.h>

namespace faas {

void wipe(void* bytes, size_t size) noexcept {
  if (size > 0)
    ::explicit_bzero(bytes, size);
}

void wipe(std::string& text) noexcept {
  // Growing to what is reserved neither allocates nor throws.
  text.resize(text.capacity());
  wipe(text.data(), text.size());
  text.clear();
}

secret_text secret_text::take(std::string& from) {
  secret_text made{from};
  wipe(from);
  return made;
}

secret_text secret_text::sized(size_t size) {
  secret_text made;
  if (size > 0)
    made.bytes_ = std::make_unique<char[]>(size);
  made.size_ = size;
  return made;
}

void secret_text::assign(std::string_view bytes) {
  auto fresh = bytes.empty() ? nullptr : std::make_unique<char[]>(bytes.size());
  if (!bytes.empty())
    std::memcpy(fresh.get(), bytes.data(), bytes.size());
  clear();
  bytes_ = std::move(fresh);
  size_ = bytes.size();
}

void secret_text::clear() noexcept {
  wipe(bytes_.get(), size_);
  bytes_.reset();
  size_ = 0;
}

} // namespace faas
