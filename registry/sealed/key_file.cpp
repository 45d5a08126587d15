#include "registry/sealed/key_file.hpp"

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
constexpr size_t key_digits = 2 * symmetric_key::size;
constexpr char digits[] = "0123456789abcdef";

int value_of(char digit) noexcept {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  if (digit >= 'A' && digit <= 'F')
    return digit - 'A' + 10;
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

} // namespace

result<symmetric_key> symmetric_key::from_hex(std::string_view text) {
  auto key = guarded_bytes::make(size);
  if (!key)
    return key.error();
  if (text.size() != key_digits || !decode(text, key->span()))
    return error{errc::invalid_argument, "the key is not 64 hex digits"};
  auto id = id_of(key->span());
  if (!id)
    return id.error();
  return symmetric_key{std::move(*key), std::move(*id)};
}

result<void> key_file::check_access(int handle) const {
  struct stat facts {};
  if (::fstat(handle, &facts) != 0)
    return os_error(errno, "cannot read " + at_.string());
  if (!S_ISREG(facts.st_mode))
    return error{errc::forbidden,
                 "the " + words_.name + " " + at_.string()
                   + " is no regular file",
                 "put the key there"};
  if ((facts.st_mode & 077) != 0)
    return error{errc::forbidden,
                 "others may read or write the " + words_.name + " "
                   + at_.string(),
                 "chmod 600 " + at_.string()
                   + "; if someone may have seen it, " + words_.when_seen};
  return {};
}

result<symmetric_key> key_file::load() const {
  auto in = open_file(at_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!in && in.error().code == errc::not_found)
    return error{errc::not_found,
                 "the " + words_.name + " " + at_.string() + " is missing",
                 words_.when_missing};
  if (!in)
    return in.error();
  if (auto safe = check_access(in->get()); !safe)
    return safe.error();
  auto text = guarded_bytes::make(key_digits + 2);
  auto key = guarded_bytes::make(symmetric_key::size);
  if (!text || !key)
    return text ? key.error() : text.error();
  const auto got = ::read(in->get(), text->span().data(), text->span().size());
  if (got < 0)
    return os_error(errno, "cannot read " + at_.string());
  if (!decode({reinterpret_cast<const char*>(text->span().data()),
               static_cast<size_t>(got)},
              key->span()))
    return error{errc::invalid_argument,
                 at_.string() + " does not hold a " + words_.name
                   + " (64 hex digits)",
                 words_.when_wrong};
  auto id = id_of(key->span());
  if (!id)
    return id.error();
  return symmetric_key{std::move(*key), std::move(*id)};
}

/// Under another name, synced, then linked: nobody reads half of it, and one
/// that is there already is not replaced.
result<void> key_file::write(std::span<const uint8_t> key) const {
  auto bytes = guarded_bytes::make(key_digits + 1);
  if (!bytes)
    return bytes.error();
  const auto text = bytes->span();
  for (size_t i = 0; i < key.size(); ++i) {
    text[2 * i] = static_cast<uint8_t>(digits[key[i] >> 4]);
    text[2 * i + 1] = static_cast<uint8_t>(digits[key[i] & 15]);
  }
  text.back() = '\n';
  const fs::path draft
    = at_.string() + "." + std::to_string(::getpid()) + ".new";
  ::unlink(draft.c_str());
  auto out = open_file(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!out)
    return out.error();
  auto done = write_all(
    out->get(), {reinterpret_cast<const char*>(text.data()), text.size()},
    draft);
  if (done && ::fsync(out->get()) != 0)
    done = os_error(errno, "cannot sync " + draft.string());
  if (done && ::link(draft.c_str(), at_.c_str()) != 0)
    done = errno == EEXIST
             ? error{errc::conflict, at_.string() + " exists already"}
             : os_error(errno, "cannot make " + at_.string());
  ::unlink(draft.c_str());
  return done ? sync_folder(at_.parent_path()) : done;
}

result<symmetric_key> key_file::make() const {
  auto key = guarded_bytes::make(symmetric_key::size);
  if (!key)
    return key.error();
  if (RAND_priv_bytes(key->span().data(), symmetric_key::size) != 1)
    return error{errc::internal, "the system gives no randomness"};
  if (auto done = write(key->span()); !done)
    return done.error();
  return load();
}

result<symmetric_key> key_file::load_or_make() const {
  auto there = load();
  if (there || there.error().code != errc::not_found)
    return there;
  auto made = make();
  return made || made.error().code != errc::conflict ? std::move(made) : load();
}

result<void> key_file::keep(std::span<const uint8_t> key) const {
  if (key.size() != symmetric_key::size)
    return error{errc::invalid_argument, "that is no " + words_.name};
  auto done = write(key);
  return done || done.error().code != errc::conflict ? done : result<void>{};
}

key_file file_of_secret_key(fs::path at) {
  const auto file = at.string();
  return {std::move(at),
          {"key of secrets",
           "put it back from its backup and start the node again; if it is "
           "lost, make another one (umask 077; openssl rand -hex 32 > "
             + file + ") and update every secret",
           "put it back from its backup and start the node again",
           "make another one and update every secret"}};
}

key_file file_of_cluster_key(fs::path at) {
  return {std::move(at),
          {"cluster key", "copy it from another controller of this cluster",
           "copy the file of another controller of this cluster",
           "the cluster needs another certificate authority"}};
}

} // namespace faas::registry
