// faas-node: one node of Petrel.
#include "tools/faas-node/allocator.hpp"
#include "tools/faas-node/join.hpp"
#include "tools/faas-node/node.hpp"
#include "tools/faas-node/node_secrets.hpp"
#include "tools/faas-node/version.hpp"

// A value is taken as it is: lists in settings have commas of their own.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

namespace {

using namespace faas;

constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2;

int complain(const error& what, int code) {
  std::cerr << "faas-node: " << what.message;
  if (!what.next_step.empty())
    std::cerr << "\n  next: " << what.next_step;
  std::cerr << '\n';
  return code;
}

cxxopts::Options make_options() {
  cxxopts::Options options{
    "faas-node",
    "One node of Petrel: gateway, actors and functions.\n\n"
    "  faas-node --dev                       one node, no configuration\n"
    "  faas-node --config node.yml           as the file says\n"
    "  faas-node --set gateway.port=9090     change one setting\n"
    "  faas-node join TOKEN                  join a cluster, then run\n"};
  options.add_options()
    ("dev", "Development node: controller, trusts every bundle")
    ("c,config", "YAML file with settings", cxxopts::value<std::string>())
    ("s,set", "key=value, may be repeated",
     cxxopts::value<std::vector<std::string>>())
    ("data", "Data folder, the same as --set node.data=DIR",
     cxxopts::value<std::string>())
    ("no-start", "After `join`: do not run the node")
    ("dump-config", "Print the effective settings and exit")
    ("config-reference", "Print docs/configuration.md and exit")
    ("log-level", "debug, info, warn, error",
     cxxopts::value<std::string>()->default_value("info"))
    ("version", "Print the version and exit")
    ("h,help", "Print this help and exit");
  return options;
}

result<node::config> read_config(const cxxopts::ParseResult& given) {
  node::config settings;
  if (given.count("dev"))
    settings.trust_all = true;
  if (given.count("config")) {
    const auto file = given["config"].as<std::string>();
    std::ifstream in{file};
    if (!in)
      return error{errc::invalid_argument, "cannot read " + file};
    std::ostringstream text;
    text << in.rdbuf();
    if (auto done = node::apply_yaml(settings, text.str(), file); !done)
      return done.error();
  }
  if (given.count("data"))
    settings.data = given["data"].as<std::string>();
  if (given.count("set"))
    for (const auto& one : given["set"].as<std::vector<std::string>>())
      if (auto done = node::apply_setting(settings, one); !done)
        return done.error();
  if (auto valid = node::validate(settings); !valid)
    return valid.error();
  return settings;
}

/// Blocks SIGINT and SIGTERM in this and all later threads.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

/// Ends the process when an orderly stop takes too long.
void watch_stop(uint32_t grace_s) {
  std::thread{[grace_s] {
    std::this_thread::sleep_until(std::chrono::steady_clock::now()
                                  + std::chrono::seconds{2 * grace_s + 10});
    spdlog::critical("the stop took too long; ending at once");
    std::_Exit(exit_failed);
  }}.detach();
}

int serve(node::config settings, const sigset_t& signals) {
  const auto grace = settings.shutdown_grace_s;
  if (!settings.core_dumps)
    node::forbid_core_dumps();
  auto started = node::running_node::start(std::move(settings));
  if (!started)
    return complain(started.error(), started.error().code == errc::cancelled
                                       ? exit_ok // a standby was stopped
                                       : exit_failed);
  std::cout << (*started)->banner() << "ready" << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping: {}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  watch_stop(grace);
  const bool clean = (*started)->stop();
  started->reset();
  spdlog::info(clean ? "stopped" : "stopped; some actors had to be killed");
  return exit_ok;
}

} // namespace

int main(int argc, char** argv) {
  node::keep_freed_blocks();
  spdlog::set_default_logger(spdlog::stderr_color_mt("petrel"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  auto options = make_options();
  try {
    const auto given = options.parse(argc, argv);
    if (given.count("help")) {
      std::cout << options.help();
      return exit_ok;
    }
    if (given.count("version")) {
      std::cout << "faas-node " << software_version << '\n';
      return exit_ok;
    }
    if (given.count("config-reference")) {
      std::cout << node::reference();
      return exit_ok;
    }
    const auto& words = given.unmatched();
    const bool joins = words.size() == 2 && words.front() == "join";
    if (!words.empty() && !joins)
      return complain({errc::invalid_argument,
                       words.front() == "join"
                         ? "join needs one token"
                         : "unexpected argument " + words.front(),
                       "see faas-node --help"},
                      exit_usage);
    auto settings = read_config(given);
    if (!settings)
      return complain(settings.error(), exit_usage);
    if (given.count("dump-config")) {
      std::cout << node::dump(*settings);
      return exit_ok;
    }
    const auto level = given["log-level"].as<std::string>();
    if (level != "debug" && level != "info" && level != "warn"
        && level != "error")
      return complain({errc::invalid_argument,
                       "--log-level " + level + " is not known",
                       "use debug, info, warn or error"},
                      exit_usage);
    spdlog::set_level(spdlog::level::from_str(level));
    if (joins) {
      const auto joined = node::join(*settings, words.back());
      if (!joined)
        return complain(joined.error(), exit_failed);
      std::cout << "joined cluster " << joined->cluster << " as node "
                << joined->self.node.str() << std::endl;
      if (given.count("no-start")) {
        std::cout << "start it: faas-node --data "
                  << node::data_folder(*settings).string() << '\n';
        return exit_ok;
      }
    }
    return serve(std::move(*settings), block_signals());
  } catch (const cxxopts::exceptions::exception& wrong) {
    return complain({errc::invalid_argument, wrong.what(),
                     "see faas-node --help"},
                    exit_usage);
  }
}
