#include "libfaas/trust/token.hpp"

#include <charconv>

namespace faas::trust {
namespace {

constexpr std::string_view prefix = "petrel1_";
constexpr std::string_view any_version = "petrel";
constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/// CRC-32 (IEEE 802.3): finds every mistyped or missing letter or two.
uint32_t checksum(std::string_view bytes) noexcept {
  uint32_t crc = ~uint32_t{0};
  for (const auto c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

std::string to_base32(std::string_view bytes) {
  std::string text;
  uint32_t held = 0;
  int bits = 0;
  for (const auto c : bytes) {
    held = held << 8 | static_cast<uint8_t>(c);
    bits += 8;
    for (; bits >= 5; bits -= 5)
      text += alphabet[held >> (bits - 5) & 31];
  }
  if (bits > 0)
    text += alphabet[held << (5 - bits) & 31];
  return text;
}

/// False on a foreign letter or on bits that no byte has.
bool from_base32(std::string_view text, std::string& bytes) {
  uint32_t held = 0;
  int bits = 0;
  for (const auto c : text) {
    const auto value = alphabet.find(c);
    if (value == alphabet.npos)
      return false;
    held = held << 5 | static_cast<uint32_t>(value);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(held >> bits & 255);
    }
  }
  return bits < 5 && (held & ((1u << bits) - 1)) == 0;
}

void put(std::string& to, uint64_t value, int bytes) {
  while (bytes-- > 0)
    to += static_cast<char>(value >> (8 * bytes) & 255);
}

void put_text(std::string& to, const std::string& text) {
  put(to, text.size(), 1);
  to += text;
}

/// Takes fields off the front; after a failure everything is empty.
class reader {
public:
  explicit reader(std::string_view bytes) : rest_(bytes) {}
  std::string_view take(size_t count) {
    if (count > rest_.size()) {
      failed = true;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    for (const auto c : take(bytes))
      value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  std::string text() { return std::string{take(number(1))}; }
  template <class Array>
  void fill(Array& to) {
    const auto bytes = take(to.size());
    for (size_t i = 0; i < bytes.size(); ++i)
      to[i] = static_cast<uint8_t>(bytes[i]);
  }
  bool at_end() const { return rest_.empty(); }
  bool failed = false;

private:
  std::string_view rest_;
};

error broken(const char* how) {
  return {errc::invalid_argument, std::string{"the join token "} + how,
          "copy the whole token again, or make a new one: `faas-cli node "
          "token` on the controller's node"};
}

bool printable_ascii(std::string_view text) {
  for (const auto c : text)
    if (c < '!' || c > '~')
      return false;
  return true;
}

bool within_limits(const join_token& token) {
  if (token.cluster.empty() || token.cluster.size() > join_token::max_name
      || token.tier.size() > join_token::max_name
      || !printable_ascii(token.cluster) || !printable_ascii(token.tier)
      || token.expires < 0 || token.addresses.empty()
      || token.addresses.size() > join_token::max_addresses)
    return false;
  for (const auto& address : token.addresses)
    if (!valid_address(address))
      return false;
  return true;
}

} // namespace

bool valid_address(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0
      || text.size() > join_token::max_address || !printable_ascii(text))
    return false;
  const auto port = text.substr(colon + 1);
  uint16_t number = 0;
  const auto parsed
    = std::from_chars(port.data(), port.data() + port.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()
      || number == 0)
    return false;
  const auto host = text.substr(0, colon);
  if (host.front() == '[')
    return host.size() > 2 && host.back() == ']';
  return host.find(':') == host.npos;
}

result<std::string> join_token::to_text() const {
  if (!within_limits(*this))
    return error{errc::invalid_argument,
                 "a join token needs a cluster, 1 to 8 addresses host:port, "
                 "and plain names of at most 128 letters"};
  std::string bytes;
  put_text(bytes, cluster);
  bytes.append(reinterpret_cast<const char*>(ca.bytes.data()),
               ca.bytes.size());
  bytes.append(reinterpret_cast<const char*>(secret.data()), secret.size());
  put_text(bytes, tier);
  put(bytes, static_cast<uint64_t>(expires), 8);
  put(bytes, addresses.size(), 1);
  for (const auto& address : addresses)
    put_text(bytes, address);
  put(bytes, checksum(bytes), 4);
  auto text = std::string{prefix} + to_base32(bytes);
  if (text.size() > max_text)
    return error{errc::invalid_argument, "the join token would be too long",
                 "give it fewer addresses"};
  return text;
}

result<join_token> join_token::parse(std::string_view text) {
  std::string plain;
  for (const auto c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
      continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (plain.size() > max_text)
      return broken("is too long");
  }
  if (!plain.starts_with(any_version))
    return broken("does not begin with petrel1_");
  if (!plain.starts_with(prefix))
    return broken("is of another version of Petrel");
  std::string bytes;
  if (!from_base32(std::string_view{plain}.substr(prefix.size()), bytes))
    return broken("is cut off or mistyped");
  if (bytes.size() < 4)
    return broken("is cut off");
  const auto body = std::string_view{bytes}.substr(0, bytes.size() - 4);
  if (reader{std::string_view{bytes}.substr(body.size())}.number(4)
      != checksum(body))
    return broken("is cut off or mistyped (its checksum is wrong)");
  reader from{body};
  join_token token;
  token.cluster = from.text();
  from.fill(token.ca.bytes);
  from.fill(token.secret);
  token.tier = from.text();
  token.expires = static_cast<int64_t>(from.number(8));
  const auto count = from.number(1);
  for (uint64_t i = 0; i < count && !from.failed; ++i)
    token.addresses.push_back(from.text());
  if (from.failed || !from.at_end() || !within_limits(token))
    return broken("is not well formed");
  return token;
}

} // namespace faas::trust
