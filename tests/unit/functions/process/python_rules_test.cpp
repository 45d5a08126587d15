#include "functions/process/python_rules.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using process::why_not_forked;

namespace {

const std::filesystem::path python = "/usr/bin/python3";

struct fixture {
  child::spawn_request start;
  fixture() {
    start.argv = {"python3", "-m", "petrel", "handler.py"};
    start.env = {{"PATH", "/usr/bin"},   {"HOME", "/tmp"},
                 {"LANG", "C.UTF-8"},    {"PYTHONPATH", "/b/python_packages"},
                 {"TZ", "Europe/Paris"}, {"MODEL", "small"}};
    start.sandbox.emplace();
  }
  std::string why() const { return why_not_forked(start, python, python); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(python_rules_test, fixture)

  BOOST_AUTO_TEST_CASE(the_usual_start_is_forked) {
    BOOST_TEST(why() == "");
    start.argv = {"/usr/bin/python3", "-m", "petrel.openfaas", "handler.py"};
    BOOST_TEST(why() == "");
  }

  BOOST_AUTO_TEST_CASE(another_command_is_not) {
    using words = std::vector<std::string>;
    for (const auto& command :
         {words{"python3", "-u", "raw.py"}, words{"python3"},
          words{"python3", "-m", "petrel"},
          words{"python3", "-m", "petrel", "a.py", "b"},
          words{"python3", "-Im", "petrel", "a.py"},
          words{"python3", "-m", "petrel.testing", "a.py"}}) {
      start.argv = command;
      BOOST_TEST(why() == "its command is not python3 -m petrel FILE.py");
    }
  }

  BOOST_AUTO_TEST_CASE(another_interpreter_is_not) {
    BOOST_TEST(why_not_forked(start, "/bundle/venv/bin/python3", python)
               == "another Python: /bundle/venv/bin/python3");
  }

  BOOST_AUTO_TEST_CASE(without_a_sandbox_or_with_the_nodes_network_it_is_not) {
    start.sandbox->network = true;
    BOOST_TEST(why() == "it shares the node's network");
    start.sandbox.reset();
    BOOST_TEST(why() == "no sandbox");
  }

  BOOST_AUTO_TEST_CASE(what_is_read_before_the_first_line_is_not) {
    const auto usual = start.env;
    for (const auto& [name, value] :
         string_map{{"PYTHONHASHSEED", "1"},
                    {"PYTHONDONTWRITEBYTECODE", "1"},
                    {"LD_PRELOAD", "x.so"},
                    {"LD_LIBRARY_PATH", "/b"},
                    {"LANG", "de_DE.UTF-8"},
                    {"LC_ALL", "C"},
                    {"HOME", "/b"},
                    {"GLIBC_TUNABLES", "x"},
                    {"MALLOC_ARENA_MAX", "1"},
                    {"OPENSSL_CONF", "/b/openssl.cnf"}}) {
      start.env = usual;
      start.env[name] = value;
      BOOST_TEST(why() == "its environment has " + name);
    }
  }

BOOST_AUTO_TEST_SUITE_END()
