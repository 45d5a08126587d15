#include "tools/faas-cli/copy_key.hpp"

#include "registry/bundles/sha256.hpp"
#include "tools/faas-cli/gateway_api.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

namespace faas::cli {
namespace {

using nlohmann::json;

constexpr size_t key_bytes = 32, salt_bytes = 16;
/// 32 MiB of memory and a tenth of a second for each guess.
constexpr uint64_t cost = 32768, block = 8, lanes = 1;
constexpr uint64_t most_memory = 64 << 20;
constexpr size_t shortest_passphrase = 8;

std::string to_hex(const uint8_t* bytes, size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string from_hex(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                                 : 0;
  };
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  return bytes;
}

/// Tells a wrong key from a right one before anything is sent.
std::string check_of(std::string_view hex) {
  std::string text{"petrel export\n"};
  text += hex;
  auto made = registry::digest_of(text).hex().substr(0, 16);
  wipe(text);
  return made;
}

result<secret_text> first_line(session& s, const std::string& name) {
  const auto file = s.system.working_folder() / name;
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0)
    return error{errc::not_found, "cannot read " + name};
  if ((facts.st_mode & 077) != 0)
    return error{errc::forbidden, "others may read or write " + name,
                 "chmod 600 " + name};
  std::ifstream in{file};
  std::string line;
  if (!std::getline(in, line))
    return error{errc::invalid_argument, name + " is empty"};
  return secret_text::take(line);
}

result<secret_text> derive(std::string_view passphrase,
                           const std::string& salt, uint64_t n) {
  std::array<uint8_t, key_bytes> key{};
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()),
                     salt.size(), n, block, lanes, most_memory, key.data(),
                     key.size())
      != 1)
    return error{errc::internal, "no key can be made of the passphrase"};
  auto text = to_hex(key.data(), key.size());
  wipe(key.data(), key.size());
  return secret_text::take(text);
}

result<secret_text> read_key_file(session& s, const std::string& name) {
  auto text = first_line(s, name);
  if (!text)
    return text;
  const auto hex = text->view();
  if (hex.size() != 2 * key_bytes
      || hex.find_first_not_of("0123456789abcdef") != hex.npos)
    return error{errc::invalid_argument,
                 name + " does not hold 64 lower-case hex digits",
                 "make one: (umask 077; openssl rand -hex 32 > " + name + ")"};
  return text;
}

error both() {
  return {errc::invalid_argument,
          "give --passphrase-file or --key-file, not both"};
}

} // namespace

result<copy_key> make_copy_key(session& s, const arguments& args) {
  if (args.has("passphrase-file") && args.has("key-file"))
    return both();
  copy_key made;
  json about;
  if (args.has("key-file")) {
    auto hex = read_key_file(s, args.get("key-file"));
    if (!hex)
      return hex.error();
    made.hex = std::move(*hex);
    about["kind"] = "key-file";
  } else if (args.has("passphrase-file")) {
    auto phrase = first_line(s, args.get("passphrase-file"));
    if (!phrase)
      return phrase.error();
    if (phrase->size() < shortest_passphrase)
      return error{errc::invalid_argument,
                   "the passphrase is shorter than "
                     + std::to_string(shortest_passphrase) + " characters",
                   "openssl rand -base64 24 makes a good one"};
    std::array<uint8_t, salt_bytes> salt{};
    if (RAND_bytes(salt.data(), salt.size()) != 1)
      return error{errc::internal, "the system gives no randomness"};
    const auto text = to_hex(salt.data(), salt.size());
    auto hex = derive(phrase->view(), from_hex(text), cost);
    if (!hex)
      return hex.error();
    made.hex = std::move(*hex);
    about = {{"kind", "passphrase"}, {"salt", text}, {"n", cost}};
  } else {
    made.about = "null";
    return made;
  }
  about["check"] = check_of(made.hex.view());
  made.about = about.dump();
  return made;
}

result<copy_key> find_copy_key(session& s, const arguments& args,
                               const std::string& about) {
  if (args.has("passphrase-file") && args.has("key-file"))
    return both();
  copy_key found;
  found.about = about;
  const auto wanted = json::parse(about, nullptr, false);
  const bool given = args.has("passphrase-file") || args.has("key-file");
  if (!wanted.is_object() || !given)
    return found;
  const auto kind = text_at(wanted, "kind");
  const auto option = kind == "passphrase" ? "passphrase-file" : "key-file";
  if (!args.has(option))
    return error{errc::invalid_argument,
                 "the file was sealed with "
                   + std::string{kind == "passphrase" ? "a passphrase"
                                                      : "a key file"},
                 std::string{"give it with --"} + option};
  result<secret_text> hex = secret_text{};
  if (kind == "passphrase") {
    auto phrase = first_line(s, args.get(option));
    if (!phrase)
      return phrase.error();
    hex = derive(phrase->view(), from_hex(text_at(wanted, "salt")),
                 static_cast<uint64_t>(
                   std::clamp(number_at(wanted, "n"), 2.0, 1048576.0)));
  } else {
    hex = read_key_file(s, args.get(option));
  }
  if (!hex)
    return hex.error();
  if (check_of(hex->view()) != text_at(wanted, "check"))
    return error{errc::forbidden,
                 "this is not the key that the file was sealed with",
                 "nothing was changed; give the other one"};
  found.hex = std::move(*hex);
  return found;
}

} // namespace faas::cli
