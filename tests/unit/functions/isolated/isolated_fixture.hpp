// A node's hosts with functions in worker processes.
#pragma once

#include "functions/isolated/isolated_runtime.hpp"
#include "functions/native/native_runtime.hpp"
#include "tests/unit/functions/host/host_fixture.hpp"

#include <cstdlib>
#include <fstream>

namespace faas {
inline std::ostream& operator<<(std::ostream& out, trust_mode mode) {
  return out << name(mode);
}
} // namespace faas

namespace faas::test {

inline isolated::isolated_config worker_config() {
  isolated::isolated_config made;
  const char* build = std::getenv("PETREL_BUILD");
  made.worker.program = std::filesystem::path{build ? build : "build/dev"}
                        / "bin/faas-worker";
  // Crashes as they are without a sanitizer.
  made.worker.environment["ASAN_OPTIONS"]
    = "handle_segv=0:handle_abort=0:detect_leaks=0:detect_odr_violation=0";
  return made;
}

struct isolated_fixture : host_fixture {
  isolated::isolated_config workers = worker_config();

  isolated_fixture() { config.trust.trust_all = false; }

  void begin() {
    hosts = std::make_unique<host::node_function_hosts>(config);
    hosts->add_runtime(runtime_kind::native,
                       []() -> result<std::unique_ptr<function_runtime>> {
                         return std::unique_ptr<function_runtime>{
                           std::make_unique<native::native_runtime>()};
                       });
    hosts->add_worker_runtime(
      runtime_kind::native,
      [with = workers]() -> result<std::unique_ptr<function_runtime>> {
        return std::unique_ptr<function_runtime>{
          std::make_unique<isolated::isolated_runtime>(with)};
      });
  }
  host_request library(const std::string& artifact,
                       trust_mode mode = trust_mode::isolated) {
    if (!hosts)
      begin();
    auto from = request(artifact);
    from.version.function = function_name{artifact};
    from.folder = PETREL_TEST_FUNCTIONS;
    from.spec.petrel.artifact = artifact + ".so";
    from.spec.petrel.mode = mode;
    return from;
  }
  std::shared_ptr<function_host> ready(const std::string& artifact) {
    return open_ready(library(artifact));
  }
  /// Whether the process is there and no zombie.
  static bool lives(pid_t pid) {
    std::ifstream about{"/proc/" + std::to_string(pid) + "/stat"};
    std::string line;
    std::getline(about, line);
    const auto name = line.rfind(") ");
    return name != line.npos && line[name + 2] != 'Z';
  }
  pid_t pid_of(function_host& host) {
    return std::stoi(std::string{call(host, "pid").body.view()});
  }
  bool logged(const std::string& function, const std::string& text) {
    auto& report = told[function];
    const std::lock_guard lock{report.mutex};
    for (const auto& line : report.lines)
      if (line.text.find(text) != std::string::npos)
        return true;
    return false;
  }
};

} // namespace faas::test
