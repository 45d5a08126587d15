#include "libfaas/wire/codec.hpp"

#include "libfaas/wire/petrel.pb.h"
#include "libfaas/wire/wire_format.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <set>

using namespace faas;
namespace pb = petrel::wire::v1;
namespace gp = google::protobuf;

namespace {

/// Names of the fields, at any depth, that hold nothing.
std::vector<std::string> unset_fields(const gp::Message& what,
                                      const std::string& where = {}) {
  std::vector<std::string> unset;
  const auto* type = what.GetDescriptor();
  const auto* look = what.GetReflection();
  for (auto i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    const auto path = where + "/" + field->name();
    const auto set = field->is_repeated() ? look->FieldSize(what, field) > 0
                                          : look->HasField(what, field);
    if (!set && !field->real_containing_oneof())
      unset.push_back(path);
    if (!set || field->type() != gp::FieldDescriptor::TYPE_MESSAGE)
      continue;
    // The first of a list has everything; later ones may be pieces.
    const auto& inner = field->is_repeated()
                          ? look->GetRepeatedMessage(what, field, 0)
                          : look->GetMessage(what, field);
    for (const auto& name : unset_fields(inner, path))
      unset.push_back(name);
  }
  return unset;
}

/// What a first piece cannot have beside head and total.
bool allowed_unset(const std::string& path) {
  return path == "/event_batch/fragments/offset"
         || path == "/reply_batch/fragments/offset";
}

pb::Message parsed(const std::string& bytes) {
  pb::Message generated;
  BOOST_REQUIRE(generated.ParseFromString(bytes));
  return generated;
}

void refuse_floats(const gp::Descriptor& type,
                   std::set<const gp::Descriptor*>& seen) {
  if (!seen.insert(&type).second)
    return;
  for (auto i = 0; i < type.field_count(); ++i) {
    const auto* field = type.field(i);
    BOOST_TEST_CONTEXT(field->full_name()) {
      BOOST_TEST(field->type() != gp::FieldDescriptor::TYPE_FLOAT);
      BOOST_TEST(field->type() != gp::FieldDescriptor::TYPE_DOUBLE);
    }
    if (field->message_type())
      refuse_floats(*field->message_type(), seen);
  }
}

template <class T>
const T& as(const wire::message& what) {
  return std::get<T>(what);
}

} // namespace

BOOST_AUTO_TEST_SUITE(codec_test)

  BOOST_AUTO_TEST_CASE(there_is_a_sample_of_every_kind) {
    const auto all = wire::samples();
    BOOST_REQUIRE_EQUAL(all.size(), std::variant_size_v<wire::message>);
    for (size_t i = 0; i < all.size(); ++i)
      BOOST_TEST(all[i].index() == i);
  }

  BOOST_AUTO_TEST_CASE(position_and_name_of_a_kind_are_those_of_the_contract) {
    const auto* kinds = pb::Message::descriptor()->oneof_decl(0);
    const auto all = wire::samples();
    BOOST_REQUIRE_EQUAL(kinds->field_count(), static_cast<int>(all.size()));
    for (auto i = 0; i < kinds->field_count(); ++i) {
      BOOST_TEST(kinds->field(i)->number() == i + 1);
      BOOST_TEST(kinds->field(i)->name() == name(all[static_cast<size_t>(i)]));
    }
  }

  BOOST_AUTO_TEST_CASE(every_message_comes_back_as_it_was) {
    for (const auto& what : wire::samples()) {
      BOOST_TEST_CONTEXT(name(what)) {
        const auto back = wire::decode_message(wire::encode(what));
        BOOST_REQUIRE(back);
        BOOST_TEST((*back == what));
      }
    }
  }

  BOOST_AUTO_TEST_CASE(generated_classes_read_every_field_that_we_write) {
    for (const auto& what : wire::samples()) {
      const auto generated = parsed(wire::encode(what));
      BOOST_TEST(generated.kind_case() == static_cast<int>(what.index()) + 1);
      for (const auto& path : unset_fields(generated))
        BOOST_TEST(allowed_unset(path), "no value in " << path);
      BOOST_TEST(
        generated.GetReflection()->GetUnknownFields(generated).empty());
    }
  }

  BOOST_AUTO_TEST_CASE(we_read_what_generated_classes_write) {
    for (const auto& what : wire::samples()) {
      const auto bytes = wire::encode(what);
      const auto theirs = parsed(bytes).SerializeAsString();
      BOOST_TEST_CONTEXT(name(what)) {
        BOOST_TEST(theirs.size() == bytes.size()); // both are canonical
        const auto back = wire::decode_message(theirs);
        BOOST_REQUIRE(back);
        BOOST_TEST((*back == what));
      }
    }
  }

  BOOST_AUTO_TEST_CASE(fields_arrive_under_their_names) {
    const auto all = wire::samples();
    const auto events = parsed(wire::encode(all[5]));
    const auto& head = events.event_batch().fragments(0).head();
    const auto& event = as<wire::event_batch>(all[5]).fragments[0].head;
    BOOST_TEST(head.id_high() == event.id.high);
    BOOST_TEST(head.id_low() == event.id.low);
    BOOST_TEST(head.function() == event.function.str());
    BOOST_TEST(head.method() == event.method);
    BOOST_TEST(head.path() == event.path);
    BOOST_TEST(head.query() == event.query);
    BOOST_TEST(head.traceparent() == event.traceparent);
    BOOST_TEST(head.tracestate() == event.tracestate);
    BOOST_TEST(head.idempotency_key() == event.idempotency_key);
    BOOST_TEST(head.size_bits() == wire::to_bits(event.size));
    BOOST_TEST(head.attempt() == event.attempt);
    BOOST_TEST(events.event_batch().fragments(0).remaining_ns()
               == 49'000'000'001);

    const auto replies = parsed(wire::encode(all[6]));
    const auto& answer = replies.reply_batch().fragments(0).head();
    BOOST_TEST(answer.code() == static_cast<uint32_t>(errc::function_failed));
    BOOST_TEST(answer.status() == 502u);
    BOOST_TEST(answer.queue_ns() == 120'000);
    BOOST_TEST(answer.service_ns() == 13'000'000);
    BOOST_TEST(answer.cold_ns() == 450'000'000);
    BOOST_TEST(answer.batch_ns() == 20'000'000);
    BOOST_TEST(answer.version() == 8u);
    BOOST_TEST(answer.queue_length() == 17u);
    BOOST_TEST(answer.queue_foreign() == 11u);
  }

  BOOST_AUTO_TEST_CASE(numbers_travel_as_their_bits) {
    using limits = std::numeric_limits<double>;
    for (auto number :
         {limits::quiet_NaN(), limits::infinity(), -limits::infinity(), -0.0,
          limits::denorm_min(), limits::max(), 0.1}) {
      wire::event_batch batch;
      batch.fragments.emplace_back();
      batch.fragments[0].head.size = number;
      const auto back = wire::decode_message(wire::encode(batch));
      BOOST_REQUIRE(back);
      const auto& head = as<wire::event_batch>(*back).fragments.at(0).head;
      BOOST_TEST(wire::to_bits(head.size) == wire::to_bits(number));
    }
  }

  BOOST_AUTO_TEST_CASE(durations_travel_as_whole_nanoseconds) {
    for (auto value :
         {duration{1}, duration{-1}, duration::max(), duration::min()}) {
      const auto back = wire::decode_message(
        wire::encode(wire::admin_request{1, {}, {}, value}));
      BOOST_REQUIRE(back);
      BOOST_TEST(as<wire::admin_request>(*back).remaining.count()
                 == value.count());
    }
  }

  BOOST_AUTO_TEST_CASE(no_message_has_a_floating_point_field) {
    std::set<const gp::Descriptor*> seen;
    refuse_floats(*pb::Frame::descriptor(), seen);
    BOOST_TEST(seen.size() > std::variant_size_v<wire::message>);
  }

  BOOST_AUTO_TEST_CASE(absent_fields_are_zero_not_our_defaults) {
    const auto back = wire::decode_message(std::string("\x0a\x00", 2));
    BOOST_REQUIRE(back);
    const auto& hello = as<wire::hello>(*back);
    BOOST_TEST(hello.min_protocol == 0u);
    BOOST_TEST(hello.max_protocol == 0u);
    wire::event_batch batch;
    batch.fragments.emplace_back();
    auto& head = batch.fragments[0].head;
    head.method.clear();
    head.path.clear();
    head.attempt = 0;
    const auto events = wire::decode_message(wire::encode(batch));
    BOOST_REQUIRE(events);
    const auto& got = as<wire::event_batch>(*events).fragments.at(0).head;
    BOOST_TEST(got.method.empty());
    BOOST_TEST(got.path.empty());
    BOOST_TEST(int{got.attempt} == 0);
  }

  BOOST_AUTO_TEST_CASE(unknown_fields_are_ignored) {
    auto generated = parsed(wire::encode(wire::samples()[0]));
    auto* unknown
      = generated.mutable_hello()->GetReflection()->MutableUnknownFields(
        generated.mutable_hello());
    unknown->AddVarint(900, 1);
    unknown->AddFixed32(901, 2);
    unknown->AddFixed64(902, 3);
    unknown->AddLengthDelimited(903, "from a later version");
    const auto back = wire::decode_message(generated.SerializeAsString());
    BOOST_REQUIRE(back);
    BOOST_TEST((*back == wire::samples()[0]));
  }

  BOOST_AUTO_TEST_CASE(a_known_field_of_another_wire_type_is_ignored) {
    std::string ping;
    wire::append_bytes_field(ping, 1, "not a number");
    std::string bytes;
    wire::append_bytes_field(bytes, 4, ping);
    const auto back = wire::decode_message(bytes);
    BOOST_REQUIRE(back);
    BOOST_TEST(as<wire::ping>(*back).sequence == 0u);
  }

  BOOST_AUTO_TEST_CASE(unknown_kinds_are_counted_and_skipped) {
    std::string later;
    wire::append_bytes_field(later, 500, "kind of a later version");
    wire::frame_writer writer;
    writer.add(wire::ping{1});
    writer.add_encoded(later);
    writer.add(wire::pong{2});
    const auto frame = wire::decode_frame(writer.finish(3));
    BOOST_REQUIRE(frame);
    BOOST_TEST(frame->sequence == 3u);
    BOOST_TEST(frame->unknown == 1u);
    BOOST_REQUIRE_EQUAL(frame->messages.size(), 2u);
    BOOST_TEST(as<wire::pong>(frame->messages[1]).sequence == 2u);
    BOOST_TEST((wire::decode_message(later).error().code == errc::not_found));
  }

  BOOST_AUTO_TEST_CASE(unknown_enum_values_become_safe_ones) {
    pb::Message generated;
    auto* head
      = generated.mutable_reply_batch()->add_fragments()->mutable_head();
    head->set_code(200);
    head->set_status(70'000);
    const auto back = wire::decode_message(generated.SerializeAsString());
    BOOST_REQUIRE(back);
    const auto& answer = as<wire::reply_batch>(*back).fragments.at(0).head;
    BOOST_TEST((answer.code == errc::internal));
    BOOST_TEST(answer.status == 65535);
  }

  BOOST_AUTO_TEST_CASE(a_list_of_numbers_is_read_packed_or_not) {
    std::string inner;
    for (uint64_t number : {1, 300, 70'000})
      wire::append_varint_field(inner, 1, number);
    std::string bytes;
    wire::append_bytes_field(bytes, 9, inner);
    const auto back = wire::decode_message(bytes);
    BOOST_REQUIRE(back);
    BOOST_TEST((as<wire::cancel>(*back).transfers
                == std::vector<uint64_t>{1, 300, 70'000}));
  }

  BOOST_AUTO_TEST_CASE(a_whole_frame_comes_back) {
    const wire::frame sent{17, wire::samples(), 0};
    const auto bytes = wire::encode(sent);
    const auto back = wire::decode_frame(bytes);
    BOOST_REQUIRE(back);
    BOOST_TEST(back->sequence == 17u);
    BOOST_TEST((back->messages == sent.messages));
    pb::Frame generated;
    BOOST_REQUIRE(generated.ParseFromString(bytes));
    BOOST_TEST(generated.sequence() == 17u);
    BOOST_TEST(generated.messages_size()
               == static_cast<int>(sent.messages.size()));
  }

  BOOST_AUTO_TEST_CASE(pieces_of_events_and_replies_share_one_batch) {
    const auto all = wire::samples();
    const auto event = as<wire::event_batch>(all[5]).fragments[0].head;
    const auto answer = as<wire::reply_batch>(all[6]).fragments[0].head;
    wire::frame_writer writer;
    auto sent = event;
    sent.body = blob{"0123456789"};
    auto given = answer;
    given.body = blob{"abc"};
    writer.add_event(1, sent, 0, "01234", std::chrono::seconds(3));
    writer.add_reply(5, given, 0, "abc");
    writer.add_event(1, sent, 5, "56789", std::chrono::seconds(2));
    const auto upper = writer.size();
    const auto bytes = writer.finish(1);
    BOOST_TEST(bytes.size() <= upper);
    BOOST_TEST(writer.empty());
    const auto frame = wire::decode_frame(bytes);
    BOOST_REQUIRE(frame);
    BOOST_REQUIRE_EQUAL(frame->messages.size(), 2u);
    const auto& events = as<wire::event_batch>(frame->messages[0]).fragments;
    BOOST_REQUIRE_EQUAL(events.size(), 2u);
    BOOST_TEST(events[0].total == 10u);
    BOOST_TEST(!events[0].last);
    BOOST_TEST((events[0].head == event));
    BOOST_TEST(events[1].offset == 5u);
    BOOST_TEST(events[1].last);
    BOOST_TEST(events[1].body == "56789");
    const auto& replies = as<wire::reply_batch>(frame->messages[1]).fragments;
    BOOST_REQUIRE_EQUAL(replies.size(), 1u);
    BOOST_TEST(replies[0].last);
    BOOST_TEST((replies[0].head == answer));
  }

  BOOST_AUTO_TEST_CASE(size_bounds_hold) {
    const auto all = wire::samples();
    auto event = as<wire::event_batch>(all[5]).fragments[0].head;
    event.version = ~0u;
    event.body = blob{std::string(70'000, 'x')};
    event.headers.assign(50, {"", std::string(200, 'v')});
    wire::frame_writer writer;
    writer.add_event(~uint64_t{0}, event, 0, event.body.view(),
                     duration::min());
    BOOST_TEST(writer.finish(~uint64_t{0}).size()
               <= wire::head_size(event) + wire::fragment_overhead
                    + wire::frame_overhead + event.body.size());
    auto answer = as<wire::reply_batch>(all[6]).fragments[0].head;
    answer.times = {duration::min(), duration::min(), duration::min(),
                    duration::min()};
    answer.headers.assign(50, {"n", std::string(200, 'v')});
    wire::frame_writer second;
    second.add_reply(~uint64_t{0}, answer, 0, {});
    BOOST_TEST(second.finish(~uint64_t{0}).size() <= wire::head_size(answer)
                                                       + wire::fragment_overhead
                                                       + wire::frame_overhead);
  }

  BOOST_AUTO_TEST_CASE(broken_bytes_are_refused) {
    using namespace std::string_view_literals;
    for (auto bytes : {"\x12\x7f"sv, "\x12\x02\x0a"sv, "\x0f\x01"sv, "\x02"sv,
                       "\xff"sv, "\x08"sv, "\x00\x01"sv, "\x13\x14"sv,
                       "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv}) {
      const auto got = wire::decode_frame(bytes);
      BOOST_TEST_CONTEXT(bytes.size()) {
        BOOST_REQUIRE(!got);
        BOOST_TEST((got.error().code == errc::invalid_argument));
      }
    }
    std::string digest_too_short;
    std::string request;
    wire::append_bytes_field(request, 1, "short");
    wire::append_bytes_field(digest_too_short, 12, request);
    BOOST_TEST((wire::decode_message(digest_too_short).error().code
                == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_CASE(every_cut_frame_is_refused_or_a_shorter_frame) {
    const auto bytes = wire::encode(wire::frame{17, wire::samples(), 0});
    for (size_t size = 0; size < bytes.size(); ++size) {
      const auto cut
        = wire::decode_frame(std::string_view{bytes}.substr(0, size));
      if (cut)
        BOOST_TEST(cut->messages.size() < wire::samples().size());
    }
  }

  BOOST_AUTO_TEST_CASE(a_frame_over_the_limit_is_refused) {
    const std::string bytes(limits::frame_bytes + 1, '\0');
    BOOST_TEST((wire::decode_frame(bytes).error().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(a_frame_of_empty_elements_does_not_become_huge) {
    std::string batch; // 2 bytes each, but hundreds in memory
    for (auto i = 0; i < 30'000; ++i)
      wire::append_bytes_field(batch, 1, {});
    std::string message, frame;
    wire::append_bytes_field(message, 6, batch);
    wire::append_bytes_field(frame, 2, message);
    BOOST_REQUIRE(frame.size() <= limits::frame_bytes);
    BOOST_TEST(
      (wire::decode_frame(frame).error().code == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_SUITE_END()
