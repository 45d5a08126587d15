// Cost of events and replies on the wire: batches of 64 with bodies of 128
// bytes, our codec beside the classes that protoc generates (with an arena).
// items_per_second counts events; its inverse is the cost of one.
#include "libfaas/wire/codec.hpp"
#include "libfaas/wire/link_core.hpp"
#include "libfaas/wire/petrel.pb.h"

#include <benchmark/benchmark.h>

#include <google/protobuf/arena.h>

using namespace faas;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t batch = 64;

invocation event() {
  invocation made;
  made.id = {0x0123456789abcdef, 0xfedcba9876543210};
  made.function = function_name{"classify"};
  made.version = 3;
  made.content_type = "application/octet-stream";
  made.headers = {{"X-Camera", "north-gate-17"}, {"Accept", "*/*"}};
  made.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  made.body = blob{std::string(128, 'b')};
  made.size = 38;
  return made;
}

reply answer() {
  reply made;
  made.content_type = "application/json";
  made.body = blob{std::string(128, 'r')};
  made.times = {120us, 13ms, {}};
  made.site = "cloud-1/cpu";
  made.version = 3;
  made.started = true;
  return made;
}

std::string event_frame() {
  wire::frame_writer writer;
  const auto what = event();
  for (uint64_t i = 1; i <= batch; ++i)
    writer.add_event(i, what, 0, what.body.view(), 50s);
  return writer.finish(1);
}

std::string reply_frame() {
  wire::frame_writer writer;
  const auto what = answer();
  for (uint64_t i = 1; i <= batch; ++i)
    writer.add_reply(i, what, 0, what.body.view());
  return writer.finish(1);
}

void count(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<int64_t>(batch) * state.iterations());
}

void encode_events(benchmark::State& state) {
  const auto what = event();
  for (auto _ : state) {
    wire::frame_writer writer;
    for (uint64_t i = 1; i <= batch; ++i)
      writer.add_event(i, what, 0, what.body.view(), 50s);
    benchmark::DoNotOptimize(writer.finish(1));
  }
  count(state);
}
BENCHMARK(encode_events);

void decode_events(benchmark::State& state) {
  const auto bytes = event_frame();
  for (auto _ : state)
    benchmark::DoNotOptimize(wire::decode_frame(bytes));
  count(state);
}
BENCHMARK(decode_events);

void encode_replies(benchmark::State& state) {
  const auto what = answer();
  for (auto _ : state) {
    wire::frame_writer writer;
    for (uint64_t i = 1; i <= batch; ++i)
      writer.add_reply(i, what, 0, what.body.view());
    benchmark::DoNotOptimize(writer.finish(1));
  }
  count(state);
}
BENCHMARK(encode_replies);

void decode_replies(benchmark::State& state) {
  const auto bytes = reply_frame();
  for (auto _ : state)
    benchmark::DoNotOptimize(wire::decode_frame(bytes));
  count(state);
}
BENCHMARK(decode_replies);

void generated_encode_events(benchmark::State& state) {
  petrel::wire::v1::Frame frame;
  frame.ParseFromString(event_frame());
  std::string out;
  for (auto _ : state) {
    google::protobuf::Arena arena;
    // As a sender would: fill the message, then write it.
    auto* copy
      = google::protobuf::Arena::CreateMessage<petrel::wire::v1::Frame>(&arena);
    *copy = frame;
    copy->SerializeToString(&out);
    benchmark::DoNotOptimize(out);
  }
  count(state);
}
BENCHMARK(generated_encode_events);

void generated_decode_events(benchmark::State& state) {
  const auto bytes = event_frame();
  for (auto _ : state) {
    google::protobuf::Arena arena;
    auto* frame
      = google::protobuf::Arena::CreateMessage<petrel::wire::v1::Frame>(&arena);
    frame->ParseFromString(bytes);
    benchmark::DoNotOptimize(frame);
  }
  count(state);
}
BENCHMARK(generated_decode_events);

/// Answers nobody: the cost of the link alone.
struct null_sink final : completion_sink {
  void complete(uint64_t, reply&&) noexcept override {}
  bool wanted(uint64_t) const noexcept override { return true; }
};

/// 64 events there and their replies back through two link cores.
void round_trip(benchmark::State& state) {
  wire::link_core near, far;
  time_point now{1h};
  near.peer_connected(now, {});
  far.peer_connected(now, {});
  const auto sink = std::make_shared<null_sink>();
  const auto what = event();
  const auto pump = [&](wire::link_core& from, wire::link_core& to) {
    for (auto& effect : from.take_effects(now)) {
      if (auto* frame = std::get_if<wire::send_frame>(&effect))
        to.frame_received(now, frame->bytes);
      else if (auto* got = std::get_if<wire::deliver_event>(&effect))
        from.reply_ready(now, got->ticket, answer());
    }
  };
  for (auto _ : state) {
    now += 1ms;
    for (uint64_t i = 0; i < batch; ++i) {
      auto sent = what;
      sent.deadline = now + 50s;
      if (!near.submit(now, std::move(sent), completion{sink, i}))
        state.SkipWithError("the link refused an event");
    }
    for (auto turns = 0; turns < 3; ++turns) {
      pump(near, far);
      pump(far, near);
    }
  }
  if (near.stats().in_flight > 2 * batch)
    state.SkipWithError("events were not answered");
  count(state);
}
BENCHMARK(round_trip);

} // namespace
