// An event port for tests of the gateway: functions are lambdas.
#pragma once

#include "libfaas/ports/event_port.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace faas::test {

/// Functions that a test declares; shared by the ports of all loops. `run`
/// gets the event, its completion and the loop, on the loop's thread; it may
/// keep the completion and answer later, elsewhere, or never.
class fake_functions final : public event_port_factory {
public:
  using handler
    = std::function<void(invocation&&, completion&&, loop_context&)>;

  /// Before the server starts.
  function_view& add(const std::string& name, handler run) {
    auto& made = functions_[name];
    made.view.name = function_name{name};
    made.view.timeout = std::chrono::seconds{60};
    made.view.max_body_bytes = limits::body_bytes;
    made.run = std::move(run);
    return made.view;
  }

  /// The next open() gives null, as a node does that shuts down.
  bool refuse_open = false;

  std::unique_ptr<event_port> open(loop_context& loop) override {
    if (refuse_open)
      return nullptr;
    return std::make_unique<port>(*this, loop);
  }

private:
  struct function {
    function_view view;
    handler run;
  };

  class port final : public event_port {
  public:
    port(fake_functions& owner, loop_context& loop)
      : owner_(owner), loop_(loop) {}
    const function_view* find(std::string_view name) override {
      const auto at = owner_.functions_.find(name);
      return at == owner_.functions_.end() ? nullptr : &at->second.view;
    }
    std::vector<const function_view*> functions() override {
      std::vector<const function_view*> all;
      for (const auto& [name, function] : owner_.functions_)
        all.push_back(&function.view);
      return all;
    }
    uint64_t structure_version() const noexcept override { return 1; }
    void submit(invocation&& event, completion&& done) override {
      owner_.functions_.find(event.function.str())
        ->second.run(std::move(event), std::move(done), loop_);
    }

  private:
    fake_functions& owner_;
    loop_context& loop_;
  };

  std::map<std::string, function, std::less<>> functions_;
};

/// A reply with that body.
inline reply text_reply(std::string body, uint16_t status = 200) {
  reply answer;
  answer.status = status;
  answer.content_type = "text/plain";
  answer.body = blob{std::move(body)};
  answer.site = "edge-1/cpu";
  answer.started = true;
  return answer;
}

} // namespace faas::test
