#include "registry/redis/catalog_stage.hpp"

#include "registry/records/record_json.hpp"

#include <vector>

namespace faas::registry::redis {
namespace {

constexpr const char* staged_ms = "600000";
constexpr size_t batch = 64;

/// Sends commands in batches; each key's end is set along with it.
class stager {
public:
  explicit stager(redis::client& client) : client_(client) {}

  result<void> add(const std::string& key, command one) {
    waiting_.push_back(std::move(one));
    waiting_.push_back({"PEXPIRE", key, staged_ms});
    return waiting_.size() < 2 * batch ? result<void>{} : send();
  }
  result<void> send() {
    if (waiting_.empty())
      return {};
    auto replies = client_.run(waiting_);
    waiting_.clear();
    if (!replies)
      return replies.error();
    for (const auto& one : *replies)
      if (one.failed())
        return client_.error_of(one.text);
    return {};
  }

private:
  redis::client& client_;
  std::vector<command> waiting_;
};

} // namespace

result<void> stage(redis::client& client, const staged_keys& keys,
                   const catalog_state& with) {
  stager to{client};
  for (const auto& [name, record] : with.functions)
    if (auto ok = to.add(keys.functions, {"HSET", keys.functions, name.str(),
                                          record_to_json(record)});
        !ok)
      return ok;
  for (const auto& [name, retired] : with.retired) {
    if (auto ok = to.add(keys.retired, {"HSET", keys.retired, name.str(),
                                        retired_to_text(retired)});
        !ok)
      return ok;
    if (auto ok = to.add(keys.retired_order,
                         {"ZADD", keys.retired_order,
                          std::to_string(retired.removed), name.str()});
        !ok)
      return ok;
  }
  return to.send();
}

} // namespace faas::registry::redis
