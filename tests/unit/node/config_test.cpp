#include "tools/faas-node/config.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

using namespace faas;
using namespace faas::node;

namespace {

/// The error of a YAML text; empty when it is accepted.
std::string yaml_error(const std::string& text) {
  config to;
  const auto done = apply_yaml(to, text, "node.yml");
  return done ? "" : done.error().message + " / " + done.error().next_step;
}
std::string setting_error(const std::string& text) {
  config to;
  const auto done = apply_setting(to, text);
  return done ? "" : done.error().message + " / " + done.error().next_step;
}
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
std::string validate_error(const std::function<void(config&)>& change) {
  config checked;
  change(checked);
  const auto done = validate(checked);
  return done ? "" : done.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_test)

BOOST_AUTO_TEST_CASE(nested_and_dotted_keys_are_the_same) {
  config nested, dotted;
  BOOST_REQUIRE(apply_yaml(nested, "gateway: {port: 1, loops: 2}\n", "f"));
  BOOST_REQUIRE(apply_yaml(dotted, "gateway.port: 1\ngateway.loops: 2\n", "f"));
  BOOST_TEST(dump(nested) == dump(dotted));
  BOOST_TEST(nested.gateway_port == 1);
  BOOST_TEST(nested.gateway_loops == 2u);
}

BOOST_AUTO_TEST_CASE(labels_of_the_node_itself_cannot_be_set) {
  BOOST_TEST(has(validate_error([](config& c) {
                   c.labels["petrel.arch"] = "vax";
                 }),
                 "the node's own"));
  BOOST_TEST(validate_error([](config& c) { c.labels["petrel"] = "x"; })
             == "");
}

/// They would count as nothing, or as what stands before the unit.
BOOST_AUTO_TEST_CASE(costs_that_are_no_numbers_are_refused) {
  const auto with = [](const char* label, const char* value) {
    return validate_error([&](config& c) { c.labels[label] = value; });
  };
  BOOST_TEST(has(with("price_per_s", "4 EUR"), "price_per_s is \"4 EUR\""));
  BOOST_TEST(has(with("busy_watts", "20W"), "busy_watts is \"20W\""));
  BOOST_TEST(has(with("idle_watts", "5"), "less than idle_watts"));
  BOOST_TEST(with("busy_watts", "20") == "");
  BOOST_TEST(with("price_per_s", "4e-6") == "");
}

BOOST_AUTO_TEST_CASE(bundle_limits_are_whole_numbers_of_mib) {
  config to;
  for (const auto key : {"bundles.quota", "bundles.cache", "bundles.reserve"}) {
    BOOST_REQUIRE(apply_setting(to, std::string{key} + "=100"));
    BOOST_TEST(setting_error(std::string{key} + "=1G") != "");
  }
  BOOST_TEST(to.bundle_quota_mib == 100u);
}

BOOST_AUTO_TEST_CASE(lists_and_labels_read_as_sequence_mapping_or_text) {
  config a, b;
  BOOST_REQUIRE(apply_yaml(a,
                           "link: {join: [127.0.0.1:1, 127.0.0.1:2]}\n"
                           "node: {labels: {camera: yes, floor: 3}}\n",
                           "f"));
  BOOST_REQUIRE(apply_setting(b, "link.join=127.0.0.1:1, 127.0.0.1:2"));
  BOOST_REQUIRE(apply_setting(b, "node.labels=camera=yes,floor=3"));
  BOOST_TEST(dump(a) == dump(b));
  BOOST_TEST(a.join.size() == 2u);
  BOOST_TEST(a.labels.at("floor") == "3");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_names_the_nearest_and_its_line) {
  const auto why = yaml_error("node.name: a\ngatewy.port: 1\n");
  BOOST_TEST(has(why, "node.yml, line 2"));
  BOOST_TEST(has(why, "gatewy.port"));
  BOOST_TEST(has(why, "the nearest is gateway.port"));
  BOOST_TEST(has(setting_error("gateway.prt=1"), "gateway.port"));
  BOOST_TEST(has(setting_error("=1"), "there is no setting"));
}

BOOST_AUTO_TEST_CASE(bad_values_name_key_and_what_is_allowed) {
  for (const auto* bad :
       {"gateway.port=65536", "gateway.port=-1", "gateway.port=", "gateway.port=8080 ",
        "gateway.port=0x1f", "gateway.port=99999999999999999999"})
    BOOST_TEST(has(setting_error(bad), "gateway.port"), bad);
  BOOST_TEST(has(setting_error("gateway.loops=0"), "1 to 64"));
  BOOST_TEST(has(setting_error("link.listen=yes"), "true or false"));
  BOOST_TEST(has(setting_error("node.labels=a"), "key=value"));
  BOOST_TEST(has(setting_error("node.labels==a"), "key=value"));
  BOOST_TEST(has(setting_error("gateway.port"), "not key=value"));
  BOOST_TEST(setting_error("gateway.port=65535").empty());
}

BOOST_AUTO_TEST_CASE(broken_yaml_is_told_with_its_line) {
  BOOST_TEST(has(yaml_error("a: [1\n"), "node.yml, line"));
  BOOST_TEST(has(yaml_error("- a\n- b\n"), "not a mapping"));
  BOOST_TEST(has(yaml_error("just text"), "not a mapping"));
  BOOST_TEST(has(yaml_error("gateway.port: {a: b}\n"), "gateway.port"));
  BOOST_TEST(has(yaml_error("link.join: [[1]]\n"), "line"));
  BOOST_TEST(has(yaml_error("? [a]\n: 1\n"), "line"));
  BOOST_TEST(yaml_error("").empty());
  BOOST_TEST(yaml_error("# nothing\n").empty());
}

BOOST_AUTO_TEST_CASE(validation_names_the_key_and_the_reason) {
  BOOST_TEST(validate_error([](config&) {}).empty());
  for (const auto* name : {"A", "a_b", "-a", "a-", "a.b", " "})
    BOOST_TEST(has(validate_error([&](config& c) { c.name = name; }),
                   "node.name"),
               name);
  for (const auto* address : {"0.0.0.0", "::", "192.168.0.1", "", "example.org"})
    BOOST_TEST(has(validate_error([&](config& c) {
                     c.gateway_address = address;
                   }),
                   "plain HTTP"),
               address);
  BOOST_TEST(validate_error([](config& c) { c.gateway_address = "::1"; })
               .empty());
  BOOST_TEST(has(validate_error([](config& c) { c.join = {"nowhere"}; }),
                 "host:port"));
  BOOST_TEST(has(validate_error([](config& c) { c.trust = {"abc"}; }),
                 "SHA-256"));
  BOOST_TEST(has(validate_error([](config& c) { c.advertise = {"a:0"}; }),
                 "host:port"));
  BOOST_TEST(has(validate_error([](config& c) { c.cluster = "My Cluster"; }),
                 "node.cluster"));
}

BOOST_AUTO_TEST_CASE(a_dump_reads_back_as_it_was) {
  config odd;
  odd.name = "edge-1";
  odd.data = "/a folder/it's \"odd\" \\ #1: {x}";
  odd.mqtt_user = "- user";
  odd.mqtt_client = "null";
  odd.labels = {{"a", "b"}, {"c", ""}};
  odd.join = {"127.0.0.1:1", "127.0.0.1:2"};
  odd.controller = false;
  odd.gateway_port = 0;
  odd.seed = ~uint64_t{0};
  config back;
  const auto done = apply_yaml(back, dump(odd), "dump");
  BOOST_REQUIRE_MESSAGE(done, yaml_error(dump(odd)));
  BOOST_TEST(dump(back) == dump(odd));
  BOOST_TEST(back.data == odd.data);
  BOOST_TEST((back.labels == odd.labels));
}

BOOST_AUTO_TEST_CASE(every_property_is_declared_once_with_its_default) {
  std::set<std::string_view> keys;
  const config defaults;
  for (const auto& one : properties()) {
    BOOST_TEST(keys.insert(one.key).second, one.key);
    BOOST_TEST(!one.doc.empty());
    BOOST_TEST(one.doc.back() == '.');
    config again;
    BOOST_TEST(bool(one.set(again, one.get(defaults))), one.key);
    BOOST_TEST(dump(again) == dump(defaults), one.key);
  }
}

BOOST_AUTO_TEST_CASE(the_reference_in_docs_is_up_to_date) {
  const char* source = std::getenv("PETREL_SOURCE");
  BOOST_REQUIRE(source);
  std::ifstream in{std::string{source} + "/docs/configuration.md"};
  const std::string kept{std::istreambuf_iterator<char>{in}, {}};
  BOOST_TEST(kept == reference(),
             "run: faas-node --config-reference > docs/configuration.md");
}

BOOST_AUTO_TEST_CASE(redis_is_checked_and_its_password_not_dumped) {
  config settings;
  settings.redis = "redis://user:s3cret@127.0.0.1:6379/1";
  BOOST_TEST(bool(validate(settings)));
  BOOST_TEST(dump(settings).find("s3cret") == std::string::npos);
  BOOST_TEST(dump(settings).find("user:***@") != std::string::npos);
  settings.redis = "redis://:s3cret@127.0.0.1:99999";
  const auto wrong = validate(settings);
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().message.find("registry.redis") == 0u);
  BOOST_TEST(wrong.error().to_string().find("s3cret") == std::string::npos);
  settings.redis = "/run/redis.sock";
  settings.redis_prefix = "a b";
  BOOST_TEST(!validate(settings));
}

BOOST_AUTO_TEST_SUITE_END()
