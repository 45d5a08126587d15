// What the tests of builtin functions are fed with.
#pragma once

#include "functions/builtin/settings.hpp"
#include "tests/fuzz/inputs.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <map>

namespace faas::builtin {

inline settings given(std::map<std::string, std::string, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string_view{}
                                 : std::string_view{found->second};
  };
}

/// "" when it went well.
template <class T>
std::string complaint(const result<T>& of) {
  return of ? std::string{} : of.error().message;
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string out(values.size() * sizeof(T), 0);
  if (!values.empty())
    std::memcpy(out.data(), values.data(), out.size());
  return out;
}
template <class T>
std::vector<T> values_of(const std::string& bytes) {
  std::vector<T> out(bytes.size() / sizeof(T));
  if (!out.empty())
    std::memcpy(out.data(), bytes.data(), out.size() * sizeof(T));
  return out;
}

/// Calls `work` with damaged copies of the samples; prints the seed, which
/// PETREL_FUZZ_SEED sets. Survival is the test, under sanitizers above all.
template <class Work>
void with_damaged(const std::vector<std::string>& samples, uint64_t rounds,
                  Work work) {
  const auto seed = test::setting("PETREL_FUZZ_SEED", 20261127);
  BOOST_TEST_MESSAGE("PETREL_FUZZ_SEED=" << seed);
  random_source random{seed};
  for (uint64_t i = 0; i < rounds; ++i) {
    auto text = test::mutated(samples[random.below(samples.size())], random);
    if (random.below(4) == 0)
      text.resize(random.below(text.size() + 1));
    work(text);
  }
}

} // namespace faas::builtin
