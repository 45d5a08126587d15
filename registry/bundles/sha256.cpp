#include "registry/bundles/sha256.hpp"

#include "registry/files/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <vector>

namespace faas::registry {

namespace {

/// These calls fail only without memory or without a crypto provider; going
/// on with a wrong digest would be worse than to stop.
void must(int ok) {
  if (ok != 1)
    std::abort();
}

} // namespace

struct sha256::context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  context() {
    must(md != nullptr);
    must(EVP_DigestInit_ex(md, EVP_sha256(), nullptr));
  }
  ~context() { EVP_MD_CTX_free(md); }
  context(const context&) = delete;
  context& operator=(const context&) = delete;
};

sha256::sha256() : context_(std::make_unique<context>()) {}
sha256::~sha256() = default;
sha256::sha256(sha256&&) noexcept = default;
sha256& sha256::operator=(sha256&&) noexcept = default;

void sha256::update(std::string_view bytes) {
  must(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()));
}

digest sha256::finish() {
  digest id;
  must(EVP_DigestFinal_ex(context_->md, id.bytes.data(), nullptr));
  return id;
}

digest digest_of(std::string_view bytes) {
  sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

result<digest> digest_of_file(const std::filesystem::path& file) {
  auto handle = open_file(file, O_RDONLY);
  if (!handle)
    return handle.error();
  sha256 hash;
  std::vector<char> buffer(256 * 1024);
  for (;;) {
    const auto n = ::read(handle->get(), buffer.data(), buffer.size());
    if (n == 0)
      return hash.finish();
    if (n < 0 && errno != EINTR)
      return os_error(errno, "cannot read " + file.string());
    if (n > 0)
      hash.update({buffer.data(), static_cast<size_t>(n)});
  }
}

} // namespace faas::registry
