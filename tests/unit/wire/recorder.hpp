// Takes answers in tests and counts them per event.
#pragma once

#include "libfaas/event/completion.hpp"

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace faas::wire {

/// A sink that remembers every answer.
class recorder final : public completion_sink {
public:
  void complete(uint64_t token, reply&& answer) noexcept override {
    answers_[token].push_back(std::move(answer));
  }
  bool wanted(uint64_t token) const noexcept override {
    return !unwanted.contains(token);
  }

  const std::vector<reply>& of(uint64_t token) const {
    static const std::vector<reply> none;
    const auto at = answers_.find(token);
    return at == answers_.end() ? none : at->second;
  }
  size_t answered() const noexcept { return answers_.size(); }

  std::set<uint64_t> unwanted;

private:
  std::map<uint64_t, std::vector<reply>> answers_;
};

} // namespace faas::wire
