// What a call costs over protocol worker, beside the other protocols of runtime
// process, measured at the lane (submit to answer), one event at a time. The
// ways take turns. Prints a table in Markdown.
//
//   bench_worker [ROUNDS]
#include "functions/host/node_hosts.hpp"
#include "functions/process/process_runtime.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>

using namespace faas;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
namespace fs = std::filesystem;

namespace {

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "bench_worker: %s\n", why.c_str());
  std::exit(1);
}

/// Waits for one answer.
class one_answer final : public completion_sink {
public:
  void complete(uint64_t, reply&& answer) noexcept override {
    const auto now = clock_type::now();
    if (answer.code != errc::ok)
      stop("a call failed: " + answer.message);
    const std::lock_guard lock{mutex_};
    at_ = now;
    there_ = true;
    changed_.notify_one();
  }
  bool wanted(uint64_t) const noexcept override { return true; }
  clock_type::time_point wait() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return there_; });
    there_ = false;
    return at_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  clock_type::time_point at_;
  bool there_ = false;
};

struct way {
  const char* name;
  process_protocol protocol;
  std::vector<std::string> command;
};

constexpr auto handler = R"(
import petrel
@petrel.function
def handle(event):
    return b"x"
)";
constexpr auto async_handler = R"(
import petrel
@petrel.function
async def handle(event):
    return b"x"
)";
constexpr auto lambda = R"(
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/invocation/"
while True:
    api.request("GET", base + "next")
    got = api.getresponse()
    got.read()
    id = got.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", base + id + "/response", b"x")
    api.getresponse().read()
)";
constexpr auto server = R"(
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"x")
    def log_message(self, *ignored):
        pass
http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)";

struct node {
  std::unique_ptr<host::node_function_hosts> hosts;
  std::shared_ptr<function_host> host;

  node(const fs::path& folder, const way& how, bool sandboxed) {
    hosts = std::make_unique<host::node_function_hosts>(
      host::node_hosts_config{});
    hosts->add_worker_runtime(
      runtime_kind::process,
      [=]() -> result<std::unique_ptr<function_runtime>> {
        process::runtime_config config;
        config.sockets = folder / "run";
        config.sandboxed = sandboxed;
        return std::unique_ptr<function_runtime>{
          std::make_unique<process::process_runtime>(std::move(config))};
      });
    host_request request;
    request.version = {function_name{"bench"}, 1};
    request.folder = folder;
    request.spec.petrel.runtime = runtime_kind::process;
    request.spec.petrel.process.protocol = how.protocol;
    request.spec.petrel.process.command = how.command;
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    host_events events;
    events.loaded = [&](result<void> outcome) {
      if (!outcome)
        stop(outcome.error().to_string());
      const std::lock_guard lock{mutex};
      ready = true;
      changed.notify_all();
    };
    std::unique_lock lock{mutex};
    host = *hosts->open(request, events);
    changed.wait(lock, [&] { return ready; });
  }
};

void drive(function_host& host, const blob& body, int count,
           std::vector<double>& into) {
  const auto sink = std::make_shared<one_answer>();
  for (int i = 0; i < count; ++i) {
    invocation event;
    event.id = {1, static_cast<uint64_t>(i)};
    event.function = function_name{"bench"};
    event.content_type = "text/plain";
    event.headers = {{"Accept", "*/*"}, {"User-Agent", "bench"}};
    event.body = body;
    event.deadline = clock_type::now() + 60s;
    const auto begin = clock_type::now();
    host.submit(std::move(event), completion{sink, 1});
    into.push_back(
      std::chrono::duration<double, std::micro>(sink->wait() - begin).count());
  }
}

double quantile(std::vector<double>& all, double q) {
  std::sort(all.begin(), all.end());
  return all[static_cast<size_t>(q * static_cast<double>(all.size() - 1))];
}

} // namespace

int main(int count, char** words) {
  const int rounds = count > 1 ? std::max(1, std::atoi(words[1])) : 5;
  std::string name = (fs::temp_directory_path() / "bench-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  fs::permissions(folder, fs::perms{0755});
  std::ofstream{folder / "handler.py"} << handler;
  std::ofstream{folder / "later.py"} << async_handler;
  std::ofstream{folder / "lambda.py"} << lambda;
  std::ofstream{folder / "server.py"} << server;
  fs::copy(fs::path{PETREL_CHECKOUT} / "python/src",
           folder / "python_packages", fs::copy_options::recursive);
  const std::string python = "/usr/bin/python3";
  const std::vector<way> ways{
    {"worker", process_protocol::worker, {python, "-m", "petrel", "handler.py"}},
    {"worker, async", process_protocol::worker,
     {python, "-m", "petrel", "later.py"}},
    {"lambda (http.client)", process_protocol::lambda, {python, "lambda.py"}},
    {"http (http.server)", process_protocol::http, {python, "server.py"}},
    {"fork (cat)", process_protocol::fork, {"cat"}}};
  const bool sandboxed = sandbox::probe().enough();
  std::printf("sandbox: %s\n\n| body | protocol | p50 us | p99 us |\n"
              "| --- | --- | --- | --- |\n",
              sandboxed ? "yes" : "no");
  std::vector<std::unique_ptr<node>> nodes;
  for (const auto& one : ways)
    nodes.push_back(std::make_unique<node>(folder, one, sandboxed));
  for (const size_t size : {size_t{1024}, size_t{1024 * 1024}}) {
    const blob body{std::string(size, 'x')};
    const int calls = size == 1024 ? 1000 : 100;
    std::vector<std::vector<double>> all(ways.size());
    for (size_t i = 0; i < ways.size(); ++i) { // warm-up
      drive(*nodes[i]->host, body, 20, all[i]);
      all[i].clear();
    }
    for (int round = 0; round < rounds; ++round)
      for (size_t i = 0; i < ways.size(); ++i)
        drive(*nodes[i]->host, body,
              ways[i].protocol == process_protocol::fork ? calls / 20 : calls,
              all[i]);
    for (size_t i = 0; i < ways.size(); ++i)
      std::printf("| %zu KiB | %s | %.1f | %.1f |\n", size / 1024,
                  ways[i].name, quantile(all[i], 0.5), quantile(all[i], 0.99));
  }
  nodes.clear();
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}
