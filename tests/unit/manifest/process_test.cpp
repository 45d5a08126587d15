#include "libfaas/manifest/process.hpp"
#include "libfaas/manifest/choices.hpp"
#include "libfaas/manifest/manifest.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

namespace {

using words = std::vector<std::string>;

/// One function with these lines; those of petrel are indented by six.
result<function_spec> with(const std::string& lines) {
  auto parsed = parse_manifest("functions:\n  f:\n" + lines, {}, nullptr);
  if (!parsed)
    return parsed.error();
  return parsed->functions.at(0);
}

/// The petrel mapping in flow style, with runtime process.
result<function_spec> process(const std::string& keys) {
  return with("    petrel: {runtime: process, " + keys + "}\n");
}

std::string error_of(const std::string& keys) {
  auto spec = process(keys);
  return spec ? "" : spec.error().message;
}

std::string why(const result<function_spec>& spec) {
  return spec ? "" : spec.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(process_test)

  BOOST_AUTO_TEST_CASE(a_command_is_all_that_is_needed) {
    const auto spec = process("command: [python3, app.py]");
    BOOST_REQUIRE_MESSAGE(spec, why(spec));
    const auto& p = spec->petrel;
    BOOST_TEST((p.runtime == runtime_kind::process));
    BOOST_TEST((p.mode == trust_mode::isolated));
    BOOST_TEST((p.process.protocol == process_protocol::http));
    BOOST_TEST((p.process.listen == process_listen::port));
    BOOST_TEST(p.process.ready.empty());
    BOOST_TEST(!p.network);
    BOOST_TEST(p.artifact.empty());
    BOOST_TEST(command_of(*spec) == (words{"python3", "app.py"}),
               boost::test_tools::per_element());
  }

  BOOST_AUTO_TEST_CASE(every_key_is_read_and_survives_json) {
    const auto spec = process("protocol: http, command: [./serve], listen: "
                              "unix, ready: /healthz, network: true, "
                              "concurrency: 8, processes: 4");
    BOOST_REQUIRE(spec);
    process_spec wanted;
    wanted.command = {"./serve"};
    wanted.listen = process_listen::unix_socket;
    wanted.ready = "/healthz";
    wanted.processes = 4;
    BOOST_TEST((spec->petrel.process == wanted));
    BOOST_TEST(spec->petrel.network);
    const auto back = spec_from_json(to_json(*spec));
    BOOST_REQUIRE_MESSAGE(back, why(back));
    BOOST_TEST((*back == *spec));
  }

  BOOST_AUTO_TEST_CASE(fork_survives_json) {
    const auto spec = process("protocol: fork, command: [tr, a-z, A-Z]");
    BOOST_REQUIRE(spec);
    const auto back = spec_from_json(to_json(*spec));
    BOOST_REQUIRE(back);
    BOOST_TEST((*back == *spec));
    BOOST_TEST((back->petrel.process.protocol == process_protocol::fork));
  }

  BOOST_AUTO_TEST_CASE(fprocess_is_the_command_of_an_openfaas_file) {
    const auto spec = with("    fprocess: \"python  index.py \"\n"
                           "    petrel: {runtime: process, protocol: fork}\n");
    BOOST_REQUIRE_MESSAGE(spec, why(spec));
    BOOST_TEST(command_of(*spec) == (words{"python", "index.py"}),
               boost::test_tools::per_element());
  }

  BOOST_AUTO_TEST_CASE(petrel_command_wins_over_fprocess) {
    const auto spec = with("    fprocess: cat\n"
                           "    petrel: {runtime: process, command: [wc]}\n");
    BOOST_REQUIRE(spec);
    BOOST_TEST(command_of(*spec) == (words{"wc"}),
               boost::test_tools::per_element());
  }

  BOOST_AUTO_TEST_CASE(wrong_values_say_what_is_allowed) {
    struct wrong {
      const char* keys;
      const char* message;
    };
    const wrong cases[] = {
      {"protocol: http", "petrel.command: is required with runtime process"},
      {"command: []", "petrel.command: is required"},
      {"command: tr a-z A-Z", "write each word by itself"},
      {"command: ['']", "must begin with a program"},
      {"command: [a], protocol: grpc",
       "\"grpc\" must be one of: http, fork, worker, lambda"},
      {"command: [a], protocol: worker, ready: /r", "protocol http only"},
      {"command: [a], protocol: lambda, listen: unix", "protocol http only"},
      {"command: [a], listen: tcp", "must be one of: port, unix"},
      {"command: [a], ready: healthz", "must be a path such as /healthz"},
      {"command: [a], ready: \"/a b\"", "must be a path"},
      {"command: [a], protocol: fork, ready: /r", "protocol http only"},
      {"command: [a], protocol: fork, listen: unix", "protocol http only"},
      {"command: [a], mode: threads", "petrel.mode: must be isolated"},
      {"command: [a], mode: inline", "petrel.mode: must be isolated"},
      {"command: [a], artifact: a.so", "petrel.artifact: is not used"},
      {"command: [a], artifact_kind: torchscript", "process: leave it out"},
      {"command: [a], network: 1", "must be true or false"},
      {"command: [a], processes: 0", "petrel.processes: must be 1 to 64"},
      {"command: [a], processes: 65", "petrel.processes: must be 1 to 64"},
      {"command: [a], concurrency: 2, processes: 3",
       "more than petrel.concurrency, which is 2"},
      {"command: [a], protocol: worker, concurrency: 8, processes: 2",
       "protocol http only"},
    };
    for (const auto& c : cases)
      BOOST_TEST(contains(error_of(c.keys), c.message),
                 c.keys << " gave: " << error_of(c.keys));
  }

  BOOST_AUTO_TEST_CASE(its_keys_need_the_runtime) {
    for (const auto keys : {"protocol: fork", "command: [a]", "listen: unix",
                            "ready: /r"}) {
      const auto spec
        = with("    petrel: {artifact: f.so, " + std::string{keys} + "}\n");
      BOOST_REQUIRE_MESSAGE(!spec, keys);
      BOOST_TEST(contains(spec.error().message, "goes with runtime process"));
    }
  }

  BOOST_AUTO_TEST_CASE(every_protocol_passes_through_json) {
    for (const auto protocol : process_protocols) {
      const auto spec = process("command: [a], protocol: "
                                + std::string{name(protocol)});
      BOOST_REQUIRE_MESSAGE(spec, name(protocol));
      const auto again = spec_from_json(to_json(*spec));
      BOOST_REQUIRE(again);
      BOOST_TEST((again->petrel.process.protocol == protocol));
    }
  }

  BOOST_AUTO_TEST_CASE(json_refuses_a_later_protocol_too) {
    const auto spec = spec_from_json(
      R"({"name":"f","petrel":{"runtime":"process","command":["a"],)"
      R"("protocol":"grpc"}})");
    BOOST_REQUIRE(!spec);
    BOOST_TEST(contains(spec.error().message, "must be one of"));
  }

  BOOST_AUTO_TEST_CASE(limits_are_cores_and_bytes) {
    auto spec = *process("command: [a]");
    BOOST_TEST(*cpu_limit(spec) == 0.0);
    BOOST_TEST(*memory_limit(spec) == 0u);
    spec.limits = {{"cpu", "100m"}, {"memory", "40Mi"}};
    BOOST_TEST(*cpu_limit(spec) == 0.1);
    BOOST_TEST(*memory_limit(spec) == 40u << 20);
    spec.limits["cpu"] = "1.5";
    BOOST_TEST(*cpu_limit(spec) == 1.5);
    for (const auto text : {"", "m", "-1", "0", "1e3", "nan", "9999", "1 "}) {
      spec.limits["cpu"] = text;
      BOOST_TEST(!cpu_limit(spec), text);
    }
    BOOST_TEST(contains(check_process(spec).at(0).what, "limits.cpu"));
    spec.limits["memory"] = "much";
    BOOST_TEST(!memory_limit(spec));
  }

  BOOST_AUTO_TEST_SUITE_END()
