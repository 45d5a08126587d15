// A machine and a gateway that are not there.
#pragma once

#include "tools/faas-cli/app.hpp"
#include "tools/faas-cli/http_client.hpp"

#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdlib.h>

namespace faas::cli {

namespace fs = std::filesystem;

/// A folder that vanishes with the object.
class scratch_folder {
public:
  scratch_folder() {
    std::string name = (fs::temp_directory_path() / "petrel-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~scratch_folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((path / file).parent_path());
    std::ofstream{path / file, std::ios::binary} << text;
  }
  fs::path path;
};

class fake_machine final : public machine {
public:
  std::map<std::string, std::string, std::less<>> variables;
  fs::path folder;
  time_point time{};
  std::vector<duration> slept;
  std::vector<std::vector<std::string>> commands;
  std::function<result<int>(const std::vector<std::string>&)> on_run;
  std::function<result<std::unique_ptr<background>>(
    const std::vector<std::string>&, const fs::path&)>
    on_start;
  std::function<bool()> on_interrupted;
  int ids = 0;

  std::optional<std::string> environment(std::string_view name) const override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt
                                    : std::optional{found->second};
  }
  fs::path working_folder() const override { return folder; }
  fs::path program_folder() const override { return folder / "bin"; }
  time_point now() const override { return time; }
  wall_time wall() const override {
    return wall_time{std::chrono::seconds{1'800'000'000}};
  }
  void sleep(duration t) override {
    slept.push_back(t);
    time += t;
  }
  result<int> run(const std::vector<std::string>& arguments) override {
    commands.push_back(arguments);
    return on_run ? on_run(arguments) : result<int>{0};
  }
  result<std::unique_ptr<background>> start(
    const std::vector<std::string>& arguments, const fs::path& output) override {
    commands.push_back(arguments);
    if (on_start)
      return on_start(arguments, output);
    return error{errc::not_found, "nothing is started here"};
  }
  bool interrupted() override { return on_interrupted && on_interrupted(); }
  std::string unique_id() override { return "id-" + std::to_string(++ids); }
};

/// Answers as told: by route, then from a queue, else 404.
class fake_http final : public http_client {
public:
  using handler = std::function<result<http_response>(const http_request&)>;
  std::vector<http_request> sent;
  std::map<std::string, handler> routes; ///< "GET /path" without the query
  std::deque<result<http_response>> queue;

  result<http_response> send(const http_request& request) override {
    sent.push_back(request);
    const auto path = request.url.substr(request.url.find('/', 8));
    const auto key = request.method + " " + path.substr(0, path.find('?'));
    if (const auto found = routes.find(key); found != routes.end())
      return deliver(request, found->second(request));
    if (queue.empty())
      return http_response{404, {}, "no such thing\n", {}};
    auto next = queue.front();
    queue.pop_front();
    return deliver(request, next);
  }

  void answer(const std::string& key, int status, std::string body,
              header_list headers = {}) {
    routes[key] = [=](const http_request&) {
      return http_response{status, headers, body, {}};
    };
  }

private:
  static result<http_response> deliver(const http_request& request,
                                       result<http_response> answer) {
    if (answer && request.on_data && answer->status < 300) {
      if (!request.on_data(answer->body))
        return {errc::cancelled, "stopped"};
      answer->body.clear();
    }
    return answer;
  }
};

/// faas-cli as a user sees it.
struct fixture {
  scratch_folder scratch;
  fake_machine system;
  fake_http http;
  std::istringstream in;
  std::ostringstream out, err;
  bool terminal = false; ///< err is one

  fixture() { system.folder = scratch.path; }

  /// Runs a command line; its exit code.
  int cli(const std::vector<std::string>& words) {
    out.str("");
    err.str("");
    session s{system, http, in, out, err, {}};
    s.err_is_terminal = terminal;
    return static_cast<int>(run(s, words));
  }
  bool printed(std::string_view text) const {
    return out.str().find(text) != std::string::npos;
  }
  bool complained(std::string_view text) const {
    return err.str().find(text) != std::string::npos;
  }
};

} // namespace faas::cli
