#include "samples.hpp"

#include <limits>

namespace faas::wire {
namespace {

using namespace std::chrono_literals;

digest sample_digest(uint8_t first) {
  digest made;
  for (auto& byte : made.bytes)
    byte = first++;
  return made;
}

invocation sample_event() {
  invocation made;
  made.id = {0x0102030405060708, 0xf1f2f3f4f5f6f7f8};
  made.function = function_name{"classify"};
  made.version = 7;
  made.method = "PUT";
  made.path = "/camera/3";
  made.query = "top=5&raw=%FF";
  made.content_type = "application/octet-stream";
  made.headers = {{"X-Camera", "north"}, {"X-Binary", "\x01\xff\x80"}};
  made.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  made.tracestate = "petrel=1";
  made.idempotency_key = "key-1";
  made.size = 38.5;
  made.source = trigger::mqtt;
  made.attempt = 2;
  return made;
}

reply sample_reply() {
  reply made;
  made.code = errc::function_failed;
  made.status = 502;
  made.content_type = "application/json";
  made.headers = {{"X-Model", "cnn"}, {"X-Label", "boot"}};
  made.message = "the model threw \xff";
  made.next_step = "read its log";
  made.times = {120us, 13ms, 450ms, 20ms};
  made.site = "cloud-1/cpu";
  made.version = 8;
  made.queue_length = 17;
  made.queue_foreign = 11;
  made.started = true;
  made.start = start_kind::cold;
  return made;
}

hello sample_hello() {
  hello made;
  made.min_protocol = 1;
  made.max_protocol = 3;
  made.node = node_name{"edge-1"};
  made.boot = boot_id{"b00t"};
  made.software = "0.1.0";
  made.tier = "edge";
  made.cores = 4;
  made.labels = {{"arch", "arm64"}, {"zone", "hall"}};
  made.runtimes = {"native", "torch"};
  made.torch = true;
  made.controller = true;
  made.cluster = "factory";
  made.address = "127.0.0.1:8080";
  made.links = {"edge.example:8090"};
  made.memory = uint64_t{8} << 30;
  return made;
}

event_batch sample_events() {
  event_batch made;
  made.fragments.push_back({1, 0, true, 5, 49s + 1ns, sample_event(), "hello"});
  event_fragment rest;
  rest.transfer = uint64_t{1} << 40;
  rest.offset = 65536;
  rest.last = true;
  rest.head.method.clear();
  rest.head.path.clear();
  rest.head.attempt = 0;
  rest.body = std::string("\0\xff\x7f", 3);
  made.fragments.push_back(rest);
  return made;
}

reply_batch sample_replies() {
  reply_batch made;
  made.fragments.push_back({9, 0, true, 4, sample_reply(), "boot"});
  reply_fragment rest;
  rest.transfer = 10;
  rest.offset = 1 << 20;
  rest.last = true;
  rest.head.status = 0;
  rest.body = "tail";
  made.fragments.push_back(rest);
  return made;
}

placement_report sample_placements() {
  placement_entry entry;
  entry.function = function_name{"resize"};
  entry.status = {node_name{"edge-2"},
                  3,
                  instance_state::quarantined,
                  "three threads written off",
                  4,
                  5,
                  6,
                  {{"layout", "channels_last"}, {"load_ms", "180"}}};
  constexpr auto infinity = std::numeric_limits<double>::infinity();
  entry.profile = {{1, 0.34},
                   {infinity, std::numeric_limits<double>::quiet_NaN()},
                   {-0.0, 1e-310}};
  entry.stats = {1, 2, 3, 10, 11, 12, 13, 14, 15, 49.5};
  return {node_name{"edge-3"}, {"history-b", 41}, {entry, entry}};
}

node_report sample_nodes() {
  node_status status;
  status.name = node_name{"cloud-1"};
  status.tier = "cloud";
  status.address = "127.0.0.1:8081";
  status.state = node_state::lost;
  status.controller = true;
  status.self = true;
  status.cores = 16;
  status.labels = {{"gpu", "h100"}};
  status.version = "0.1.1";
  status.boot = "b1";
  status.rtt_ms = 40.25;
  status.in_flight = 77;
  status.duty = node_duty::draining;
  status.note = "waits \xff";
  return {node_name{"edge-4"}, {status}};
}

} // namespace

std::vector<message> samples() {
  const error why{errc::incompatible_peer, "protocol 9", "upgrade"};
  return {
    sample_hello(),
    welcome{2, node_name{"cloud-2"}, boot_id{"b2"}},
    refused{why},
    ping{300},
    pong{301},
    sample_events(),
    sample_replies(),
    ack{1'000'000'007, 12'345, 77s + 1ns},
    cancel{{1, 200, uint64_t{1} << 47}},
    assignments{{"history-a", 42},
                {{{function_name{"classify"}, 4},
                  R"({"name":"classify"})",
                  sample_digest(1),
                  true,
                  90,
                  {"edge-1", "cloud-1"},
                  {"prod", "blue"},
                  true,
                  {{"token", "7.00ff"}},
                  {3, 41},
                  {"edge-1"}},
                 {{function_name{"classify"}, 5},
                  "{}",
                  sample_digest(9),
                  false,
                  10,
                  {},
                  {},
                  false,
                  {},
                  {},
                  {}}},
                uint64_t{1} << 40,
                {"cloud-1:8090", "10.0.0.7:8090"}},
    sample_placements(),
    bundle_request{sample_digest(40), 65536, 32768},
    bundle_chunk{sample_digest(50),
                 131072,
                 262144,
                 std::string(300, '\xfe'),
                 {errc::digest_mismatch, "bytes changed", "upload again"}},
    sample_nodes(),
    admin_request{5, "deploy", R"({"name":"hello"})", 30s},
    admin_reply{6, {errc::conflict, "must not exist", "remove it"}, "{}"},
    goodbye{"SIGTERM"},
    part{3, 4096, 100'000, "piece"},
    evidence{{{{function_name{"classify"}, 5},
               site_name{"edge-1/cpu"},
               {41, 300, uint64_t{1} << 32}}}},
    secret_request{secret_name{"token"}},
    secret_value{secret_name{"token"}, "7.00ff",
                 secret_text{std::string_view{"\0\xff secret", 9}},
                 {errc::not_found, "no such secret", "create it"}},
    loads{{{{function_name{"classify"}, 5}, 41.5, 13ms, 3, 2, 4},
           {{function_name{"resize"}, 1}, 0, {}, 0, 0, 0}}},
    probe{70'000, {function_name{"classify"}, 5}},
    probe_answer{70'000, true, 12, 41ms},
  };
}

} // namespace faas::wire
