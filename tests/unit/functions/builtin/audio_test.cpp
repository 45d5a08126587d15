// audio-frames: WAV files, raw samples, frames, and files that lie.
#include "functions/builtin/audio.hpp"
#include "inputs.hpp"

using namespace faas;
using namespace faas::builtin;

namespace {

std::string little(uint32_t value, int size) {
  std::string out;
  for (int i = 0; i < size; ++i, value >>= 8)
    out += static_cast<char>(value & 255);
  return out;
}

struct wav {
  uint32_t tag = 1, channels = 1, rate = 16'000, bits = 16, align = 0;
  std::vector<int16_t> samples = {};
  std::string between = {}; ///< chunks before the data

  std::string bytes() const {
    const auto data = bytes_of(samples);
    const auto format = little(tag, 2) + little(channels, 2) + little(rate, 4)
                        + little(rate * channels * 2, 4)
                        + little(align ? align : channels * 2, 2)
                        + little(bits, 2);
    const auto rest = "WAVEfmt " + little(16, 4) + format + between + "data"
                      + little(static_cast<uint32_t>(data.size()), 4) + data;
    return "RIFF" + little(static_cast<uint32_t>(rest.size()), 4) + rest;
  }
};

audio_frames make(std::map<std::string, std::string, std::less<>> values) {
  auto made = audio_frames::make(given(std::move(values)));
  BOOST_REQUIRE_MESSAGE(made, complaint(made));
  return *made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(audio_test)

  BOOST_AUTO_TEST_CASE(stereo_is_mixed_and_unknown_chunks_are_passed_over) {
    const auto read
      = read_wav(wav{.channels = 2, .rate = 8000,
                     .samples = {16384, 0, -32768, -32768, 32767, -32767},
                     .between = "LIST" + little(3, 4) + "abc" + '\0'}
                   .bytes());
    BOOST_REQUIRE_MESSAGE(read, complaint(read));
    BOOST_TEST(read->rate == 8000u);
    const std::vector<float> expected{0.25F, -1.0F, 0.0F};
    BOOST_TEST(read->samples == expected);
  }

  BOOST_AUTO_TEST_CASE(frames_overlap_and_the_rest_is_left_out) {
    const auto by = make({{"FRAME", "4"}, {"HOP", "2"}});
    std::vector<int16_t> samples;
    for (int16_t i = 0; i < 9; ++i)
      samples.push_back(static_cast<int16_t>(i * 1024));
    const auto out = by.run(bytes_of(samples));
    BOOST_REQUIRE_MESSAGE(out, complaint(out));
    BOOST_TEST(out->count == 3u);
    const auto values = values_of<float>(out->bytes);
    const std::vector<int> expected{0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7};
    BOOST_REQUIRE(values.size() == expected.size());
    for (size_t i = 0; i < values.size(); ++i)
      BOOST_TEST(values[i] == static_cast<float>(expected[i]) / 32);
    BOOST_TEST(by.run(bytes_of<int16_t>({1, 2, 3}))->count == 0u);
    BOOST_TEST(by.run("")->count == 0u);
    BOOST_TEST(by.run(wav{.samples = samples}.bytes())->bytes == out->bytes);
  }

  BOOST_AUTO_TEST_CASE(hann) {
    const auto by = make({{"FRAME", "4"}, {"HOP", "4"}, {"WINDOW", "hann"}});
    const auto out = by.run(bytes_of<int16_t>({16384, 16384, 16384, 16384}));
    const auto values = values_of<float>(out->bytes);
    const float expected[] = {0, 0.25F, 0.5F, 0.25F};
    for (size_t i = 0; i < 4; ++i)
      BOOST_TEST(std::abs(values[i] - expected[i]) < 1e-6F);
  }

  BOOST_AUTO_TEST_CASE(wrong_settings) {
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"FRAME", "0"}, {"HOP", "-1"},
                                            {"WINDOW", "hamming"},
                                            {"CHANNELS", "33"},
                                            {"FRAME", "4x"}})
      BOOST_TEST(complaint(audio_frames::make(given({{name, value}})))
                   .starts_with(name),
                 name);
  }

  BOOST_AUTO_TEST_CASE(files_that_are_none) {
    const auto good = wav{.samples = {1, 2, 3, 4}}.bytes();
    for (size_t end = 0; end < good.size(); ++end)
      BOOST_TEST(!read_wav(std::string_view{good}.substr(0, end)), end);
    BOOST_TEST(complaint(read_wav(good)) == "");
    const auto wrong = [](wav how) { return complaint(read_wav(how.bytes())); };
    BOOST_TEST(wrong({.tag = 3}).find("16-bit PCM") != std::string::npos);
    BOOST_TEST(wrong({.bits = 8}).find("16-bit PCM") != std::string::npos);
    BOOST_TEST(wrong({.channels = 0}).find("0 channels") != std::string::npos);
    BOOST_TEST(wrong({.channels = 40}).find("40 channels") != std::string::npos);
    BOOST_TEST(wrong({.align = 7}).find("contradicts") != std::string::npos);
    BOOST_TEST(wrong({.channels = 2, .samples = {1, 2, 3}}) != "");
    BOOST_TEST(wrong({.between = "junk" + little(0xFFFFFFFF, 4)})
                 .find("cut off") != std::string::npos);
    BOOST_TEST(!read_pcm16("abc", 1));
  }

  BOOST_AUTO_TEST_CASE(an_answer_over_its_limit_is_refused_before_it_is_made) {
    const auto by = make({{"FRAME", "100000"}, {"HOP", "1"}});
    const auto out = by.run(std::string(4'000'000, 0));
    BOOST_REQUIRE(!out);
    BOOST_TEST((out.error().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(damaged_files) {
    const auto by = make({{"FRAME", "3"}, {"HOP", "2"}});
    with_damaged({wav{.samples = {1, 2, 3, 4, 5, 6}}.bytes(),
                  wav{.channels = 2, .samples = {1, 2, 3, 4}}.bytes()},
                 30'000, [&](const std::string& body) {
                   const auto out = by.run(body);
                   if (out)
                     BOOST_REQUIRE(out->bytes.size() == out->count * 3 * 4);
                 });
  }

BOOST_AUTO_TEST_SUITE_END()
