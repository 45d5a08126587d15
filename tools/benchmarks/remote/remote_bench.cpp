// Events to another node: Petrel's link, plain (socket pairs) and encrypted
// (the tunnel, TLS 1.3 over loopback TCP), against one CAF request per event
// over loopback TCP. Two actor systems in one process, 128-byte bodies, equally
// many events in flight. Interleaved rounds; prints events/s and ratios.
//
//   bench_remote [ROUNDS [SECONDS [IN-FLIGHT]]]
#include "actors/node_system.hpp"
#include "gateway/tls/keys.hpp"
#include "gateway/tunnel/tunnel.hpp"
#include "libfaas/trust/token.hpp"
#include "tests/support/memory_trust_store.hpp"
#include "tests/support/paired_links.hpp"

#include <utility> // before Boost.Asio 1.74, which forgets it in C++20

#include <boost/asio.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

namespace {

using namespace faas;
using namespace std::chrono_literals;
namespace net = boost::asio;

const std::string body(128, 'x');

// -- a node whose functions echo ----------------------------------------------

class echo_host final : public function_host {
public:
  void submit(invocation&& event, completion&& done) override {
    reply answer;
    answer.body = event.body;
    answer.started = true;
    done(std::move(answer));
  }
  host_stats stats() const override { return {}; }
  std::vector<profile_point> profile() const override { return {}; }
  string_map facts() const override { return {}; }
  void close(std::function<void()> closed) override { closed(); }
};

class echo_hosts final : public function_hosts {
public:
  result<std::shared_ptr<function_host>> open(host_request,
                                              host_events events) override {
    events.loaded({});
    return std::shared_ptr<function_host>{std::make_shared<echo_host>()};
  }
  host_threads threads() const override { return {}; }
};

class no_bundles final : public bundle_store {
public:
  bool has(const digest&) const override { return true; }
  result<std::unique_ptr<bundle_upload>> begin(const digest&) override {
    return error{errc::internal, "no uploads"};
  }
  result<std::string> read(const digest&, uint64_t, size_t) const override {
    return std::string{};
  }
  result<uint64_t> size(const digest&) const override { return uint64_t{0}; }
  result<std::filesystem::path> unpack(const digest&) override {
    return std::filesystem::path{"/"};
  }
  result<void> remove(const digest&) override { return {}; }
  result<std::unique_ptr<bundle_upload>> resume(const digest&, uint64_t,
                                                uint64_t) override {
    return error{errc::internal, "no uploads"};
  }
  upload_progress progress(const digest&) override { return {}; }
  std::vector<stored_upload> uploads() const override { return {}; }
  size_t expire_uploads(wall_time) override { return 0; }
  std::vector<stored_bundle> list() const override { return {}; }
  void touch(const digest&, wall_time) override {}
};

class memory_store final : public catalog_store {
public:
  result<catalog_state> load() override { return catalog_state{{"h", 0}, {}}; }
  result<std::optional<command_outcome>> outcome_of(const request_id&) override {
    return std::optional<command_outcome>{};
  }
  result<void> commit(std::span<const catalog_change>) override { return {}; }
  result<void> replace(const catalog_state&, const request_id&) override {
    return {};
  }
};

class loop final : public loop_context {
public:
  bool post(std::function<void()> task) override {
    net::post(io, std::move(task));
    return true;
  }
  bool in_loop() const noexcept override {
    return io.get_executor().running_in_this_thread();
  }
  duration lag() const noexcept override { return {}; }
  mutable net::io_context io{1};
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Submits a new event for each answer until time is up.
class pump final : public completion_sink,
                   public std::enable_shared_from_this<pump> {
public:
  pump(event_port& to, int in_flight) : to_(to), in_flight_(in_flight) {}
  void start() {
    for (int i = 0; i < in_flight_; ++i)
      next();
  }
  void complete(uint64_t, reply&& answer) noexcept override {
    ++done;
    failed += answer.code != errc::ok;
    if (in_flight_ == 1)
      took_us.push_back(
        std::chrono::duration<double, std::micro>(
          std::chrono::steady_clock::now() - sent_)
          .count());
    if (running)
      next();
    else
      ++ended;
  }
  bool wanted(uint64_t) const noexcept override { return true; }

  bool running = true;
  uint64_t done = 0, failed = 0;
  int ended = 0;
  std::vector<double> took_us; ///< with one in flight

private:
  void next() {
    invocation event;
    event.function = function_name{"echo"};
    event.body = content_;
    event.accepted = std::chrono::steady_clock::now();
    event.deadline = event.accepted + 10s;
    sent_ = event.accepted;
    to_.submit(std::move(event), completion{shared_from_this(), 1});
  }
  event_port& to_;
  int in_flight_;
  time_point sent_{};
  blob content_{body};
};

/// The connections of two nodes; plain, or through two tunnels.
struct connections {
  connections(bool encrypted, const clock_source& clock) {
    if (!encrypted) {
      near.pair(far, false);
      far.pair(near, true);
      return;
    }
    authority = std::move(*tunnel::authority::open(store, clock, "bench"));
    one = open(*authority->issue_own(node_name{"one"}), clock, true);
    two = open(member(), clock, false);
  }
  trust::node_identity member() {
    trust::node_identity made;
    made.self.node = node_name{"two"};
    made.key = *tls::make_key();
    const auto text = authority->make_token("", 1h, {"a:1"})->text;
    const auto token = *trust::join_token::parse(text);
    const auto given = *authority->join(
      {reinterpret_cast<const char*>(token.secret.data()),
       token.secret.size()},
      *tls::make_request(made.key), made.self.node);
    made.cluster = given.cluster;
    made.certificate = given.certificate;
    made.authority = given.authority;
    return made;
  }
  std::unique_ptr<tunnel::node_tunnel> open(trust::node_identity identity,
                                            const clock_source& clock,
                                            bool listen) {
    tunnel::tunnel_config made;
    made.identity = std::move(identity);
    made.listen = listen;
    return std::move(*tunnel::node_tunnel::start(
      std::move(made),
      {clock, listen ? authority.get() : nullptr,
       [](const trust::node_identity&) { return result<void>{}; },
       [](const std::string&) {}}));
  }
  peer_links& first() { return one ? static_cast<peer_links&>(*one) : near; }
  peer_links& second() { return two ? static_cast<peer_links&>(*two) : far; }
  uint16_t port() const { return one ? one->port() : uint16_t{1}; }

  test::paired_links near{"two"}, far{"one"};
  test::memory_trust_store store;
  std::unique_ptr<tunnel::authority> authority;
  std::unique_ptr<tunnel::node_tunnel> one, two;
};

struct petrel_pair {
  system_clock_source clock;
  connections links;
  echo_hosts hosts;
  no_bundles bundles;
  std::unique_ptr<actors::node_system> one, two;
  loop context;
  std::unique_ptr<event_port> port;

  explicit petrel_pair(bool encrypted) : links(encrypted, clock) {
    one = start("one", std::make_shared<memory_store>(), links.first(), {});
    two = start("two", nullptr, links.second(),
                {{"127.0.0.1", links.port()}});
    deploy_command command;
    command.id = request_id{"1"};
    command.spec.name = function_name{"echo"};
    command.spec.petrel.policy = "static:two/cpu";
    one->admin().deploy(command, [](result<command_outcome>) {});
    port = one->events().open(context);
    wait_for_sites();
  }
  ~petrel_pair() {
    port.reset();
    two.reset();
    one.reset();
  }

  std::unique_ptr<actors::node_system>
  start(const char* name, std::shared_ptr<catalog_store> catalog,
        peer_links& peers, std::vector<actors::node_endpoint> join) {
    actors::node_system_config made;
    made.self.node = node_name{name};
    made.self.boot = boot_id{name};
    made.self.runtimes = {"native"};
    made.self.controller = catalog != nullptr;
    made.scheduler_threads = 1;
    made.peers = &peers;
    made.join = std::move(join);
    made.bundles = &bundles;
    made.hosts = &hosts;
    made.catalog = std::move(catalog);
    made.clock = &clock;
    made.log = [](const std::string&) {};
    auto started = actors::node_system::start(std::move(made));
    if (!started) {
      std::fprintf(stderr, "%s\n", started.error().message.c_str());
      std::exit(1);
    }
    return std::move(*started);
  }

  void wait_for_sites() {
    for (int i = 0; i < 1000; ++i) {
      std::promise<size_t> sites;
      one->admin().sites(function_name{"echo"}, 1,
                         [&](result<std::vector<site_status>> rows) {
                           sites.set_value(rows ? rows->size() : 0);
                         });
      if (sites.get_future().get() == 2)
        return;
      net::steady_timer pause{context.io, 10ms};
      pause.wait();
    }
    std::fprintf(stderr, "the nodes did not find each other\n");
    std::exit(1);
  }

  double events_per_second(std::chrono::seconds time, int in_flight) {
    const auto begin = std::chrono::steady_clock::now();
    const auto done = pump_for(time, in_flight)->done;
    const std::chrono::duration<double> passed
      = std::chrono::steady_clock::now() - begin;
    return static_cast<double>(done) / passed.count();
  }

  /// Median time of an event when it is the only one.
  double alone_us(std::chrono::seconds time) {
    return median(pump_for(time, 1)->took_us);
  }

private:
  std::shared_ptr<pump> pump_for(std::chrono::seconds time, int in_flight) {
    auto pumping = std::make_shared<pump>(*port, in_flight);
    context.io.restart();
    // Answers come from other threads: without it the loop would end between
    // two of them.
    const auto stay = net::make_work_guard(context.io);
    net::post(context.io, [&] { pumping->start(); });
    net::steady_timer end{context.io, time};
    end.async_wait([&](auto) { pumping->running = false; });
    while (pumping->ended < in_flight)
      context.io.run_one();
    if (pumping->failed > 0)
      std::printf("%llu events failed\n",
                  static_cast<unsigned long long>(pumping->failed));
    return pumping;
  }
};

// -- one CAF request per event ------------------------------------------------

struct caf_config : caf::actor_system_config {
  caf_config() {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{1});
  }
};

struct client_state {
  uint64_t* done = nullptr; // outlives the actor
  bool running = true;
  int in_flight = 0;
};

void ask(caf::stateful_actor<client_state>* self, const caf::actor& to) {
  const auto next = [=] {
    ++*self->state.done;
    if (self->state.running)
      ask(self, to);
    else if (--self->state.in_flight == 0)
      self->quit();
  };
  self->request(to, 10s, body)
    .then([=](const std::string&) { next(); }, [=](caf::error&) { next(); });
}

double caf_events_per_second(std::chrono::seconds time, int in_flight) {
  caf_config server_config, client_config;
  caf::actor_system server{server_config};
  caf::actor_system client{client_config};
  auto echo = server.spawn([]() -> caf::behavior {
    return {[](const std::string& text) { return text; }};
  });
  const auto port = server.middleman().publish(echo, 0, "127.0.0.1");
  auto remote = client.middleman().remote_actor("127.0.0.1", *port);
  uint64_t done = 0;
  const auto begin = std::chrono::steady_clock::now();
  {
    auto asking = client.spawn([&, to = *remote](
                                 caf::stateful_actor<client_state>* self)
                                 -> caf::behavior {
      self->state.done = &done;
      self->state.in_flight = in_flight;
      for (int i = 0; i < in_flight; ++i)
        ask(self, to);
      self->delayed_send(self, time, caf::ok_atom::value);
      return {[self](caf::ok_atom) { self->state.running = false; }};
    });
    caf::scoped_actor waiting{client};
    waiting->wait_for(asking);
  }
  const std::chrono::duration<double> passed
    = std::chrono::steady_clock::now() - begin;
  caf::anon_send_exit(echo, caf::exit_reason::user_shutdown);
  return static_cast<double>(done) / passed.count();
}

/// Events/s of one run, and what each cost.
struct rate {
  double per_second;
  double cpu_us; ///< of all threads of both nodes, per event
};

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <class Run>
rate measure(Run run, std::chrono::seconds time) {
  const auto before = cpu_seconds();
  const auto per_second = run();
  const auto events = per_second * static_cast<double>(time.count());
  return {per_second, 1e6 * (cpu_seconds() - before) / events};
}

} // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const std::chrono::seconds time{argc > 2 ? std::atoi(argv[2]) : 2};
  const int in_flight = argc > 3 ? std::atoi(argv[3]) : 1024;
  petrel_pair pair{false}, encrypted{true};
  std::vector<double> ratios, costs, cpu;
  for (int i = 0; i < rounds; ++i) {
    const auto ours
      = measure([&] { return pair.events_per_second(time, in_flight); }, time);
    const auto theirs
      = measure([&] { return caf_events_per_second(time, in_flight); }, time);
    const auto hidden = measure(
      [&] { return encrypted.events_per_second(time, in_flight); }, time);
    ratios.push_back(ours.per_second / theirs.per_second);
    costs.push_back(hidden.per_second / ours.per_second);
    cpu.push_back(theirs.cpu_us / ours.cpu_us);
    std::printf("round %d, %d in flight: link %.0f events/s (%.2f us CPU), "
                "encrypted %.0f (%.2f us, %.2fx), CAF requests %.0f /s (%.2f "
                "us), ratio %.2f\n",
                i + 1, in_flight, ours.per_second, ours.cpu_us,
                hidden.per_second, hidden.cpu_us, costs.back(),
                theirs.per_second, theirs.cpu_us, ratios.back());
    std::fflush(stdout);
  }
  std::printf("median ratio %.2f (target 5), CPU of a CAF request %.2fx of an "
              "event's, encrypted %.2fx of plain (target 0.6)\n",
              median(ratios), median(cpu), median(costs));
  std::vector<double> plain, more;
  for (int i = 0; i < rounds; ++i) {
    plain.push_back(pair.alone_us(time));
    more.push_back(encrypted.alone_us(time) - plain.back());
  }
  std::printf("one event at a time: p50 %.1f us plain, encrypted %.1f us more "
              "(target 60)\n",
              median(plain), median(more));
  return 0;
}
