// Made the files of corpus/ with format 1 of the log; keep them when the format
// changes, and add new ones beside them. Not part of the build:
//   g++ -std=c++20 -I. tests/fuzz/decisions/make_corpus.cpp
//     libfaas/decisions/segment_writer.cpp libfaas/core/{id,error}.cpp && ./a.out
#include "libfaas/decisions/bits.hpp"
#include "libfaas/decisions/crc32c.hpp"
#include "tests/unit/decisions/builders.hpp"

#include <cstdio>
#include <cstring>
#include <fstream>

using namespace faas;
using namespace faas::decisions;
using namespace std::string_literals;

namespace {

void write(const std::string& name, const std::string& bytes) {
  std::ofstream out{"tests/fuzz/decisions/corpus/" + name};
  char digits[3];
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::snprintf(digits, sizeof digits, "%02x",
                  static_cast<unsigned char>(bytes[i]));
    out << digits << (i % 36 == 35 ? "\n" : "");
  }
  out << '\n';
}

/// A block with a right check that says it is `size` bytes long.
std::string block(const std::string& payload, uint32_t size) {
  const auto check = crc32c(payload);
  std::string head(8, '\0');
  std::memcpy(head.data(), &size, sizeof size);
  std::memcpy(head.data() + 4, &check, sizeof check);
  return head + payload;
}
std::string block(const std::string& payload) {
  return block(payload, static_cast<uint32_t>(payload.size()));
}

std::vector<record> some() {
  random_source random{1};
  const auto of = test::three_sites();
  std::vector<record> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(test::usual(random, of));
  all[1].how = ending::lost;
  all[1].status = 502;
  all[1].propensity = 0.2;
  all[2].cold_ms = 9;
  all[2].runner_up = 2;
  all[2].sites[1].considered = false;
  return all;
}

} // namespace

int main() {
  const auto whole = test::segment_of(some(), 2);
  write("01-whole.hex", whole);
  write("02-torn.hex", whole.substr(0, whole.size() - 9));
  const auto head = test::segment_of({});
  const std::string time(8, '\0');
  write("03-long-block.hex", head + block(time, 0xffffffffu));
  write("04-many-sites.hex",
        head
          + block(time + "\0\1\1a\1\1p"s + std::string(8, '\xff') + "\x7f"s));
  write("05-long-text.hex",
        head + block(time + "\0\1"s + std::string(9, '\xff') + "\1"s));
  write("06-endless-varint.hex", head + block(time + std::string(12, '\xff')));
  write("07-unknown-name.hex",
        head + block(time + "\7"s + std::string(60, '\0')));
  auto later = whole;
  later[segment_magic.size()] = 9;
  write("08-later-format.hex", later);
  // Positions beyond the sites, an ending that there is not.
  const uint16_t flags = bits::odd_end | bits::wide;
  std::string one = "\1\0"s + std::string(16, '\x11');
  one.append(reinterpret_cast<const char*>(&flags), sizeof flags);
  one += "\xee\5\6\xff\1"s + std::string(11, '\0');
  write("09-positions.hex",
        head + block(time + "\0\1\1a\1\1p\1\1s"s + one));
}
