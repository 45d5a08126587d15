// The C++ header of function authors, called through the C table as a node
// would.
#include <faas/function.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>

using namespace faas::sdk;

namespace {

struct fake_node {
  std::string log = {}, type = {}, body = {};
  std::vector<std::string> headers = {};
  int status = 0;
  bool gone = false, refuse = false;

  faas_context context() {
    return {sizeof(faas_context), this,
            [](void* self) { return int(node(self).gone); },
            [](void*) { return int64_t{2'000'000}; },
            [](void* self, faas_log_level, faas_bytes text) {
              node(self).log += view(text);
            }};
  }
  faas_sink sink() {
    return {sizeof(faas_sink), this,
            [](void* self, int status, faas_bytes type,
               const faas_header* headers, size_t count) {
              node(self).status = status;
              node(self).type = view(type);
              for (size_t i = 0; i < count; ++i)
                node(self).headers.push_back(
                  std::string{view(headers[i].name)} + "="
                  + std::string{view(headers[i].value)});
              return 0;
            },
            [](void* self, faas_bytes part) {
              if (node(self).refuse)
                return 1;
              node(self).body += view(part);
              return 0;
            }};
  }
  static fake_node& node(void* self) { return *static_cast<fake_node*>(self); }
};

template <class Handler>
int call(fake_node& node, std::string_view body, void* state = nullptr) {
  constexpr auto table = detail::table_of<Handler>();
  const faas_header header{bytes("X-Count"), bytes("3")};
  const faas_event event{sizeof(faas_event), bytes(body), bytes("a/b"),
                         bytes("PUT"),       bytes("/p"), bytes("q=1"),
                         bytes("id"),        &header,     1};
  const auto context = node.context();
  const auto sink = node.sink();
  return table.invoke(state, &context, &event, &sink);
}

std::string plain(const request& event) {
  return std::string{event.body()} + std::string{event.header("x-count")};
}
std::string asks(const request&, context& node) {
  return node.cancelled() ? "gone" : std::to_string(node.remaining().count());
}
response full(const request& event, context&) {
  return {.body = std::string{event.method()} + std::string{event.path()},
          .status = 201,
          .content_type = std::string{event.content_type()},
          .headers = {{"A", "1"}, {"B", "2"}}};
}
void parts(const request& event, context&, response_writer& out) {
  out.start(202, event.query());
  for (int i = 0; i < 3; ++i)
    if (!out.write(event.call_id()))
      throw std::runtime_error("refused");
}
std::string throws(const request&) {
  throw std::logic_error("no");
}

struct counter {
  explicit counter(const config& node)
    : count(static_cast<int>(node.environment("START").size())) {
    ++alive;
  }
  ~counter() { --alive; }
  std::string operator()(const request&) { return std::to_string(++count); }
  int count;
  static inline int alive = 0;
};
struct no_config {
  std::string operator()(const request&, context&) { return "plain"; }
};

template <auto F>
using free_of = decltype(detail::pick<F>());

} // namespace

BOOST_AUTO_TEST_SUITE(function_test)

  BOOST_AUTO_TEST_CASE(a_string_is_a_text_answer) {
    fake_node node;
    BOOST_TEST((call<free_of<plain>>(node, "abc")) == 0);
    BOOST_TEST(node.body == "abc3");
    BOOST_TEST(node.status == 200);
    BOOST_TEST(node.type == "text/plain; charset=utf-8");
  }

  BOOST_AUTO_TEST_CASE(a_handler_may_ask_its_node) {
    fake_node node;
    call<free_of<asks>>(node, "");
    BOOST_TEST(node.body == "2000000");
    node = {.gone = true};
    call<free_of<asks>>(node, "");
    BOOST_TEST(node.body == "gone");
  }

  BOOST_AUTO_TEST_CASE(a_response_carries_status_type_and_headers) {
    fake_node node;
    call<free_of<full>>(node, "");
    BOOST_TEST(node.status == 201);
    BOOST_TEST(node.type == "a/b");
    BOOST_TEST(node.body == "PUT/p");
    BOOST_REQUIRE(node.headers.size() == 2);
    BOOST_TEST(node.headers[1] == "B=2");
  }

  BOOST_AUTO_TEST_CASE(a_writer_takes_parts_until_refused) {
    fake_node node;
    BOOST_TEST((call<free_of<parts>>(node, "")) == 0);
    BOOST_TEST(node.body == "ididid");
    BOOST_TEST(node.type == "q=1");
    node = {.refuse = true};
    BOOST_TEST((call<free_of<parts>>(node, "")) != 0);
    BOOST_TEST(node.log == "refused");
  }

  BOOST_AUTO_TEST_CASE(exceptions_end_at_the_border_and_in_the_log) {
    fake_node node;
    BOOST_TEST((call<free_of<throws>>(node, "")) != 0);
    BOOST_TEST(node.log == "no");
    BOOST_TEST(node.status == 0);
  }

  BOOST_AUTO_TEST_CASE(a_class_keeps_its_state_between_calls) {
    using handler = decltype(detail::pick<counter>());
    constexpr auto table = detail::table_of<handler>();
    const faas_header start{bytes("START"), bytes("12345")};
    const faas_config about{sizeof(faas_config), bytes("f"), bytes("/"), &start,
                            1};
    void* state = nullptr;
    char why[8];
    BOOST_REQUIRE(table.create(&about, &state, why, sizeof why) == 0);
    fake_node node;
    call<handler>(node, "", state);
    call<handler>(node, "", state);
    BOOST_TEST(node.body == "67");
    table.destroy(state);
    BOOST_TEST(counter::alive == 0);
  }

  BOOST_AUTO_TEST_CASE(a_class_may_do_without_configuration) {
    using handler = decltype(detail::pick<no_config>());
    constexpr auto table = detail::table_of<handler>();
    const faas_config about{sizeof(faas_config), {}, {}, nullptr, 0};
    void* state = nullptr;
    BOOST_REQUIRE(table.create(&about, &state, nullptr, 0) == 0);
    fake_node node;
    call<handler>(node, "", state);
    BOOST_TEST(node.body == "plain");
    table.destroy(state);
  }

  BOOST_AUTO_TEST_CASE(a_reason_is_cut_to_the_room_there_is) {
    char why[4] = "xyz";
    detail::copy_reason("too long", why, sizeof why);
    BOOST_TEST(std::string{why} == "too");
    detail::copy_reason("x", why, 0);
    BOOST_TEST(std::string{why} == "too");
  }

  BOOST_AUTO_TEST_CASE(header_names_compare_without_case) {
    const faas_header list[]{{bytes("Content-Type"), bytes("a")},
                             {bytes("X"), bytes("b")}};
    BOOST_TEST(find(list, 2, "content-TYPE") == "a");
    BOOST_TEST(find(list, 2, "x") == "b");
    BOOST_TEST(find(list, 2, "content").empty());
    BOOST_TEST(find(nullptr, 0, "x").empty());
  }

  BOOST_AUTO_TEST_SUITE_END()
