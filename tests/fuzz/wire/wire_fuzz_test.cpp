// Bytes of any kind: decoding never crashes and takes bounded memory; a link
// that gets them closes or goes on. The corpus is the messages of version 1
// and frames that look dangerous; mutations follow from the seed.
// PETREL_FUZZ_ROUNDS makes it longer.
#include "libfaas/core/random.hpp"
#include "libfaas/wire/codec.hpp"
#include "libfaas/wire/link_core.hpp"

#include <boost/test/unit_test.hpp>

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>

namespace {

// What the program holds, and its peak: to measure decoding.
std::atomic<size_t> held{0}, peak{0};

void* counted(size_t size) {
  auto* memory = std::malloc(size ? size : 1);
  if (!memory)
    std::abort();
  const auto now = held += malloc_usable_size(memory);
  if (now > peak)
    peak = now;
  return memory;
}
void uncounted(void* memory) noexcept {
  if (memory)
    held -= malloc_usable_size(memory);
  std::free(memory);
}

} // namespace

void* operator new(size_t size) {
  return counted(size);
}
void* operator new[](size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  uncounted(memory);
}
void operator delete[](void* memory) noexcept {
  uncounted(memory);
}
void operator delete(void* memory, size_t) noexcept {
  uncounted(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  uncounted(memory);
}

using namespace faas;
using namespace std::chrono_literals;

namespace {

std::string read_hex(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string digits, bytes;
  for (std::string line; in >> line;)
    digits += line;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

std::vector<std::string> corpus() {
  const auto* source = std::getenv("PETREL_SOURCE");
  BOOST_REQUIRE_MESSAGE(source, "set PETREL_SOURCE to the checkout");
  const std::filesystem::path tests = std::filesystem::path{source} / "tests";
  std::vector<std::filesystem::path> files;
  for (const auto* folder : {"fuzz/wire/corpus", "unit/wire/v1"})
    for (const auto& entry :
         std::filesystem::directory_iterator{tests / folder})
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> all;
  for (const auto& file : files) {
    auto bytes = read_hex(file);
    if (file.parent_path().filename() == "v1") { // messages: make frames
      wire::frame_writer writer;
      writer.add_encoded(bytes);
      bytes = writer.finish(1);
    }
    all.push_back(std::move(bytes));
  }
  BOOST_REQUIRE(all.size() > 20);
  return all;
}

std::string mutate(std::string bytes, const std::vector<std::string>& all,
                   random_source& random) {
  for (auto count = 1 + random.below(8); count > 0; --count) {
    const auto at = bytes.empty() ? 0 : random.below(bytes.size());
    switch (bytes.empty() ? 4 : random.below(6)) {
    case 0:
      bytes[at] = static_cast<char>(random.next());
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8));
      break;
    case 2:
      bytes.erase(at, 1 + random.below(8));
      break;
    case 3:
      bytes.insert(at, bytes.substr(random.below(bytes.size()), 40));
      break;
    case 4:
      bytes.insert(at, all[random.below(all.size())]);
      break;
    case 5:
      bytes[at] = static_cast<char>(0xff);
      break;
    }
  }
  bytes.resize(std::min(bytes.size(), limits::frame_bytes));
  return bytes;
}

uint64_t rounds() {
  const auto* text = std::getenv("PETREL_FUZZ_ROUNDS");
  return text ? std::strtoull(text, nullptr, 10) : 20'000;
}

/// Decodes and checks what it took at most.
void decode(const std::string& bytes) {
  const size_t before = held;
  peak = before;
  const auto frame = wire::decode_frame(bytes);
  // Vectors may double; what they left behind while growing counts, too.
  BOOST_TEST(peak - before <= 96 * bytes.size() + 256 * 1024);
  if (frame)
    (void)wire::encode(*frame);
  (void)wire::decode_message(bytes);
}

} // namespace

BOOST_AUTO_TEST_SUITE(wire_fuzz_test)

  BOOST_AUTO_TEST_CASE(the_corpus_is_decoded_or_refused) {
    for (const auto& bytes : corpus())
      decode(bytes);
  }

  BOOST_AUTO_TEST_CASE(mutations_are_decoded_or_refused_in_bounded_memory) {
    const auto all = corpus();
    const uint64_t seed = 1;
    BOOST_TEST_MESSAGE("seed " << seed);
    random_source random{seed};
    for (auto round = rounds(); round > 0; --round)
      decode(mutate(all[random.below(all.size())], all, random));
  }

  BOOST_AUTO_TEST_CASE(what_was_decoded_once_is_stable) {
    const auto all = corpus();
    random_source random{2};
    for (auto round = rounds() / 4; round > 0; --round) {
      const auto bytes = mutate(all[random.below(all.size())], all, random);
      const auto first = wire::decode_frame(bytes);
      if (!first)
        continue;
      const auto again = wire::encode(*first);
      const auto second = wire::decode_frame(again, again.size());
      if (again.size() < bytes.size() && !second)
        continue; // unknown fields are gone, and with them their budget
      BOOST_REQUIRE(second);
      BOOST_TEST((wire::encode(*second) == again));
    }
  }

  BOOST_AUTO_TEST_CASE(frames_of_the_worst_kind_stay_within_the_bound) {
    for (const auto& seed : corpus()) {
      std::string bytes; // one frame's fields repeated up to the limit
      while (bytes.size() + seed.size() <= limits::frame_bytes)
        bytes += seed;
      decode(bytes);
    }
  }

  BOOST_AUTO_TEST_CASE(a_link_survives_any_frame) {
    const auto all = corpus();
    for (uint64_t seed = 1; seed <= rounds() / 100; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        wire::link_core link;
        time_point now{1h};
        link.peer_connected(now, {});
        for (auto i = 0; i < 50; ++i) {
          now += 10ms;
          auto got = wire::decode_frame(
            mutate(all[random.below(all.size())], all, random));
          if (!got) // mostly what decodes, else the link closes at once
            continue;
          got->sequence = link.stats().frames_received + 1;
          link.frame_received(now, wire::encode(*got));
          link.tick(now);
          for (auto& effect : link.take_effects(now))
            if (auto* event = std::get_if<wire::deliver_event>(&effect))
              link.reply_ready(now, event->ticket, reply{});
          if (!link.stats().connected) {
            (void)link.peer_lost(now, "closed");
            link = wire::link_core{};
            link.peer_connected(now, {});
          }
        }
        BOOST_TEST(link.stats().running <= 4096u);
      }
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
