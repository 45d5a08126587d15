#include "registry/secrets/secret_key.hpp"

#include "libfaas/core/secret_text.hpp"
#include "registry/files/files.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {
namespace {

namespace fs = std::filesystem;
constexpr size_t key_bytes = 32;
constexpr size_t key_digits = 2 * key_bytes;
constexpr char digits[] = "0123456789abcdef";

error no_key(const fs::path& file) {
  return {errc::not_found, "the key of secrets " + file.string() + " is missing",
          "put it back from its backup and start the node again; if it is "
          "lost, make another one (umask 077; openssl rand -hex 32 > "
            + file.string() + ") and update every secret"};
}

result<void> check_access(int handle, const fs::path& file) {
  struct stat facts {};
  if (::fstat(handle, &facts) != 0)
    return os_error(errno, "cannot read " + file.string());
  if (!S_ISREG(facts.st_mode))
    return error{errc::forbidden,
                 "the key of secrets " + file.string() + " is no regular file",
                 "put the key there"};
  if ((facts.st_mode & 077) != 0)
    return error{errc::forbidden,
                 "others may read or write the key of secrets "
                   + file.string(),
                 "chmod 600 " + file.string()
                   + "; if someone may have seen it, make another one and "
                     "update every secret"};
  return {};
}

int value_of(char digit) noexcept {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool decode(std::string_view text, std::span<uint8_t> to) noexcept {
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  if (text.size() != 2 * to.size())
    return false;
  for (size_t i = 0; i < to.size(); ++i) {
    const int high = value_of(text[2 * i]), low = value_of(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    to[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

result<std::string> id_of(std::span<const uint8_t> key) {
  constexpr std::string_view about = "petrel key id\n";
  std::array<uint8_t, 32> hash{};
  unsigned size = hash.size();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{
    EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1
      || EVP_DigestUpdate(context.get(), about.data(), about.size()) != 1
      || EVP_DigestUpdate(context.get(), key.data(), key.size()) != 1
      || EVP_DigestFinal_ex(context.get(), hash.data(), &size) != 1)
    return error{errc::internal, "OpenSSL cannot hash", "check its setup"};
  std::string id;
  for (size_t i = 0; i < 8; ++i) {
    id += digits[hash[i] >> 4];
    id += digits[hash[i] & 15];
  }
  return id;
}

/// Under another name, synced, then linked: nobody reads half of it, and one
/// that is there already is not replaced.
result<void> write_key(const fs::path& file) {
  auto bytes = guarded_bytes::make(key_bytes + key_digits + 1);
  if (!bytes)
    return bytes.error();
  const auto key = bytes->span().first(key_bytes);
  const auto text = bytes->span().subspan(key_bytes);
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1)
    return error{errc::internal, "the system gives no randomness"};
  for (size_t i = 0; i < key.size(); ++i) {
    text[2 * i] = static_cast<uint8_t>(digits[key[i] >> 4]);
    text[2 * i + 1] = static_cast<uint8_t>(digits[key[i] & 15]);
  }
  text.back() = '\n';
  const fs::path draft = file.string() + ".new";
  ::unlink(draft.c_str());
  auto out = open_file(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!out)
    return out.error();
  auto done = write_all(
    out->get(), {reinterpret_cast<const char*>(text.data()), text.size()},
    draft);
  if (done && ::fsync(out->get()) != 0)
    done = os_error(errno, "cannot sync " + draft.string());
  if (done && ::link(draft.c_str(), file.c_str()) != 0 && errno != EEXIST)
    done = os_error(errno, "cannot make " + file.string());
  ::unlink(draft.c_str());
  return done ? sync_folder(file.parent_path()) : done;
}

} // namespace

result<secret_key> secret_key::load(const fs::path& file) {
  auto in = open_file(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!in)
    return in.error().code == errc::not_found ? no_key(file) : in.error();
  if (auto safe = check_access(in->get(), file); !safe)
    return safe.error();
  auto text = guarded_bytes::make(key_digits + 2);
  auto key = guarded_bytes::make(key_bytes);
  if (!text || !key)
    return text ? key.error() : text.error();
  const auto got = ::read(in->get(), text->span().data(), text->span().size());
  if (got < 0)
    return os_error(errno, "cannot read " + file.string());
  if (!decode({reinterpret_cast<const char*>(text->span().data()),
               static_cast<size_t>(got)},
              key->span()))
    return error{errc::invalid_argument,
                 file.string() + " does not hold a key of secrets",
                 "put it back from its backup (64 hex digits) and start the "
                 "node again"};
  auto id = id_of(key->span());
  if (!id)
    return id.error();
  return secret_key{std::move(*key), std::move(*id)};
}

result<secret_key> secret_key::load_or_create(const fs::path& file) {
  auto there = load(file);
  if (there || there.error().code != errc::not_found)
    return there;
  if (auto made = write_key(file); !made)
    return made.error();
  return load(file);
}

} // namespace faas::registry
