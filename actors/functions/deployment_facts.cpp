#include "actors/functions/deployment_facts.hpp"

#include <charconv>
#include <cmath>

namespace faas::actors {
namespace {

constexpr const char* got_key = "pull_got";
constexpr const char* left_key = "pull_left";
constexpr const char* took_key = "pull_ms";
constexpr const char* loading_key = "loading_ms";

/// A whole number that another node may say; bounded, so that sums are no
/// infinity.
std::optional<double> number_at(const string_map& facts, const char* key) {
  constexpr uint64_t most = uint64_t{1} << 50;
  const auto at = facts.find(key);
  if (at == facts.end())
    return std::nullopt;
  uint64_t value = 0;
  const auto& text = at->second;
  const auto* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || stop != end || value > most)
    return std::nullopt;
  return static_cast<double>(value);
}

std::string whole(double x) {
  return std::to_string(x > 0 ? static_cast<uint64_t>(std::llround(x)) : 0);
}

} // namespace

std::optional<routing::delivery> pull_in(const string_map& facts) {
  const auto got = number_at(facts, got_key), left = number_at(facts, left_key),
             took = number_at(facts, took_key);
  if (!got || !left || !took)
    return std::nullopt;
  return routing::delivery{*got, *left, *took};
}

std::optional<deployment_said> deployment_in(const string_map& facts) {
  if (const auto since = number_at(facts, loading_key))
    return deployment_said{{}, since};
  const auto pull = pull_in(facts);
  if (!pull)
    return std::nullopt;
  return deployment_said{*pull, std::nullopt};
}

void say_pull(string_map& facts, const routing::delivery& pull) {
  forget_deployment(facts);
  facts[got_key] = whole(pull.got);
  facts[left_key] = whole(pull.left);
  facts[took_key] = whole(pull.elapsed_ms);
}

void say_loading(string_map& facts, duration since) {
  forget_deployment(facts);
  facts[loading_key] = whole(to_ms(since));
}

void forget_deployment(string_map& facts) {
  for (const auto* key : {got_key, left_key, took_key, loading_key})
    facts.erase(key);
}

} // namespace faas::actors
