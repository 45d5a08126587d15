#include "functions/process/http_module.hpp"

#include "functions/process/endpoint.hpp"
#include "functions/process/environment.hpp"
#include "functions/process/http_call.hpp"
#include "functions/process/program_set.hpp"

#include <algorithm>

namespace faas::process {
namespace {

namespace fs = std::filesystem;

/// sun_path without its zero byte.
constexpr size_t longest_socket_path = 107;

/// Removed with what is in it.
class own_folder {
public:
  explicit own_folder(fs::path path) : path_(std::move(path)) {}
  ~own_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  own_folder(const own_folder&) = delete;
  own_folder& operator=(const own_folder&) = delete;
  const fs::path& path() const noexcept { return path_; }

private:
  fs::path path_;
};

std::string variable(const string_map& of, const std::string& name) {
  const auto found = of.find(name);
  return found == of.end() ? std::string{} : found->second;
}

/// The port that the environment names, as of-watchdog reads it, or the usual
/// one where the program has the network for itself.
result<uint16_t> choose_port(const string_map& environment, bool own_network,
                             bool several) {
  for (const auto key : {"http_upstream_url", "upstream_url"}) {
    const auto url = variable(environment, key);
    if (url.empty())
      continue;
    const auto port = port_of_url(url);
    if (port != 0 && several && !own_network)
      return error{errc::bad_bundle,
                   "with network: true several programs cannot share the port "
                   "of " + std::string{key},
                   "leave it out and listen on PORT, or write listen: unix"};
    if (port != 0)
      return port;
    return error{errc::bad_bundle,
                 std::string{key} + " " + url + " is no address of this program",
                 "write for example http://127.0.0.1:5000"};
  }
  if (own_network)
    return usual_port;
  return free_port();
}

result<std::unique_ptr<own_folder>> make_folder(const fs::path& parent,
                                                uint64_t number) {
  std::error_code failed;
  auto made = std::make_unique<own_folder>(
    fs::absolute(parent, failed) / ("p" + std::to_string(number)));
  if ((made->path() / "http").string().size() > longest_socket_path)
    return error{errc::unavailable,
                 "the path of the program's socket would be too long: "
                   + made->path().string() + "/http",
                 "give the node a shorter node.data, or use petrel.listen: "
                 "port"};
  fs::remove_all(made->path(), failed); // of a former process
  fs::create_directories(made->path(), failed);
  if (!failed)
    fs::permissions(made->path(), fs::perms::owner_all, failed);
  if (failed)
    return error{errc::unavailable,
                 made->path().string() + ": " + failed.message(),
                 "let the node write there"};
  return made;
}

/// Makes the programs of one version.
class program_maker {
public:
  program_maker(const load_request& of, http_settings with)
    : with_(std::move(with)), name_(of.version.function.str()),
      what_(of.spec.petrel.process), events_(of.events) {}

  result<std::shared_ptr<program>> make() const {
    program_config config;
    config.name = name_;
    config.start = with_.start;
    config.ready = what_.ready;
    config.start_timeout = with_.start_timeout;
    config.stop_grace = with_.stop_grace;
    config.rules = with_.rules;
    config.events = events_;
    std::shared_ptr<own_folder> folder;
    if (what_.listen == process_listen::unix_socket) {
      auto made = make_folder(with_.sockets, ++*with_.folders);
      if (!made)
        return made.error();
      folder = std::move(*made);
      config.socket = folder->path() / "http";
      config.start.env["PETREL_SOCKET"] = config.socket.string();
      if (config.start.sandbox)
        config.start.sandbox->writable.push_back(folder->path());
    } else {
      auto port = choose_port(config.start.env, with_.own_network,
                              what_.processes > 1);
      if (!port)
        return port.error();
      config.port = *port;
      config.start.env["PORT"] = std::to_string(*port);
    }
    auto running = program::start(std::move(config));
    if (!running)
      return running.error();
    // The folder outlives its program.
    return std::shared_ptr<program>{running->release(),
                                    [folder](program* one) { delete one; }};
  }

private:
  const http_settings with_;
  const std::string name_;
  const process_spec what_;
  const module_events events_;
};

class http_module final : public function_module {
public:
  http_module(std::shared_ptr<program_set> programs,
              http_instance::settings how)
    : programs_(std::move(programs)), how_(how) {}

  result<std::unique_ptr<function_instance>> create_instance() override {
    return std::unique_ptr<function_instance>{
      std::make_unique<http_instance>(programs_->take(), how_)};
  }
  string_map facts() const override { return programs_->facts(); }

private:
  std::shared_ptr<program_set> programs_;
  http_instance::settings how_;
};

} // namespace

result<std::unique_ptr<function_module>>
load_http_module(const load_request& of, http_settings with) {
  const auto& what = of.spec.petrel;
  const auto most = std::max(1u, std::min(what.process.processes,
                                          what.concurrency));
  const auto maker = std::make_shared<program_maker>(of, std::move(with));
  const auto programs = std::make_shared<program_set>(
    most, (what.concurrency + most - 1) / most,
    [maker] { return maker->make(); },
    [events = of.events](const std::string& line) {
      if (events.log)
        events.log(log_level::warning, line, nullptr);
    });
  if (auto begun = programs->begin(); !begun)
    return begun.error();
  return std::unique_ptr<function_module>{std::make_unique<http_module>(
    programs,
    http_instance::settings{what.max_body_bytes, what.idempotent})};
}

} // namespace faas::process
