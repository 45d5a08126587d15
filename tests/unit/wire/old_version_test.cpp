// Bytes that a protocol version wrote must be understood as long as nodes of
// that version may be met. `test_unit_wire -- --write-v2` writes the files of
// messages that have none yet; existing ones are never touched.
#include "libfaas/wire/codec.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace faas;

namespace {

std::filesystem::path folder(uint32_t version) {
  const auto* source = std::getenv("PETREL_SOURCE");
  BOOST_REQUIRE_MESSAGE(source, "set PETREL_SOURCE to the checkout");
  return std::filesystem::path{source} / "tests/unit/wire"
         / ("v" + std::to_string(version));
}

std::filesystem::path file_of(uint32_t version, const wire::message& what) {
  return folder(version) / (std::string{name(what)} + ".hex");
}

/// Those of the present version only: older ones are history.
bool wants_files() {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  for (auto i = 1; i < suite.argc; ++i)
    if (suite.argv[i] == "--write-v" + std::to_string(wire::max_protocol))
      return true;
  return false;
}

/// Since which version there is such a message.
uint32_t since(const wire::message& what) {
  return std::holds_alternative<wire::secret_request>(what)
             || std::holds_alternative<wire::secret_value>(what)
             || std::holds_alternative<wire::loads>(what)
             || std::holds_alternative<wire::probe>(what)
             || std::holds_alternative<wire::probe_answer>(what)
           ? 2
           : 1;
}

/// What that version's message said: fields that came later have no value.
wire::message as_written(uint32_t version, wire::message what) {
  // Of several controllers: since releases that speak version 2, too.
  if (auto* assigned = std::get_if<wire::assignments>(&what)) {
    assigned->term = 0;
    assigned->controllers.clear();
    for (auto& one : assigned->functions) { // likewise: scaling by request
      one.scale = {};
      one.held.clear();
    }
  }
  if (auto* greeting = std::get_if<wire::hello>(&what)) {
    greeting->links.clear();
    greeting->memory = 0;
  }
  if (auto* answers = std::get_if<wire::reply_batch>(&what))
    for (auto& one : answers->fragments) {
      one.head.start = start_kind::warm; // no value: it was not said
      one.head.times.batch = {};         // likewise
    }
  if (version > 1)
    return what;
  if (auto* report = std::get_if<wire::node_report>(&what))
    for (auto& one : report->nodes) {
      one.duty = node_duty::active;
      one.note.clear();
    }
  if (auto* assigned = std::get_if<wire::assignments>(&what))
    for (auto& one : assigned->functions) {
      one.aliases.clear();
      one.watched = false;
      one.secrets.clear();
    }
  return what;
}

void write_hex(const std::filesystem::path& file, std::string_view bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out{file};
  auto column = 0;
  for (auto byte : bytes) {
    constexpr auto digits = "0123456789abcdef";
    const auto value = static_cast<uint8_t>(byte);
    out << digits[value >> 4] << digits[value & 15];
    if (++column % 36 == 0)
      out << '\n';
  }
  out << '\n';
}

std::string read_hex(const std::filesystem::path& file) {
  std::ifstream in{file};
  BOOST_REQUIRE_MESSAGE(in,
                        "no " << file << "; run test_unit_wire -- --write-v2");
  std::string digits, bytes;
  for (std::string line; in >> line;)
    digits += line;
  BOOST_REQUIRE(digits.size() % 2 == 0);
  for (size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(old_version_test)

  BOOST_AUTO_TEST_CASE(bytes_of_each_version_still_mean_the_same) {
    for (auto version = wire::min_protocol; version <= wire::max_protocol;
         ++version)
      for (const auto& what : wire::samples()) {
        if (since(what) > version)
          continue;
        const auto file = file_of(version, what);
        if (version == wire::max_protocol && wants_files()
            && !std::filesystem::exists(file))
          write_hex(file, wire::encode(what));
        BOOST_TEST_CONTEXT(file) {
          const auto back = wire::decode_message(read_hex(file));
          BOOST_REQUIRE(back);
          BOOST_TEST((*back == as_written(version, what)));
        }
      }
  }

  BOOST_AUTO_TEST_CASE(every_file_is_tested) {
    for (auto version = wire::min_protocol; version <= wire::max_protocol;
         ++version) {
      size_t files = 0;
      for (const auto& entry :
           std::filesystem::directory_iterator{folder(version)})
        files += entry.path().extension() == ".hex" ? 1 : 0;
      const auto samples = wire::samples();
      const auto known = std::count_if(
        samples.begin(), samples.end(),
        [&](const auto& what) { return since(what) <= version; });
      BOOST_TEST(files == static_cast<size_t>(known));
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
