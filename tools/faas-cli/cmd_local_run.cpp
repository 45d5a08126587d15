// local-run: the manifest's functions on a node of their own, again after each
// change.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/deployer.hpp"
#include "tools/faas-cli/exit_code.hpp"
#include "tools/faas-cli/folder_watch.hpp"
#include "tools/faas-cli/local_node.hpp"
#include "tools/faas-cli/log_printer.hpp"

#include <map>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;
namespace fs = std::filesystem;

constexpr size_t any_number = 1000;
constexpr auto look_every = std::chrono::milliseconds{300};

/// One function that runs here.
class local_function {
public:
  local_function(session& s, std::string name)
    : s_(s), name_(std::move(name)), print_(s, false) {}

  /// Builds and deploys it; what went wrong is told, and the version before
  /// goes on.
  result<void> bring_up(gateway_api& gateway, const manifest_file& file,
                        const function_spec& spec) {
    seen_ = state_of(file, spec);
    auto bundle = build_bundle(s_, file, spec, bundle_path(file, spec));
    if (!bundle)
      return bundle.error();
    auto environment = full_environment(file, spec);
    if (!environment)
      return environment.error();
    auto done
      = deploy_function(s_, gateway, spec, *environment, {*bundle}, {});
    if (!done)
      return done.error();
    if (!done->unchanged)
      s_.out << name_ << ": version " << done->version << " on "
             << gateway.target().url << "/function/" << name_ << std::endl;
    return {};
  }

  /// True once its files have changed and rest again.
  bool changed(const manifest_file& file, const function_spec& spec) {
    const auto now = state_of(file, spec);
    const bool rests = now == before_;
    before_ = now;
    return rests && now != seen_;
  }

  /// Prints what it logged since the last time.
  void print_log(gateway_api& gateway) {
    auto query = "name=" + url_encode(name_) + "&follow=false&tail=-1";
    if (!print_.last().empty())
      query += "&since=" + url_encode(print_.last());
    print_.reopened();
    // A gateway that does not answer is seen by its end.
    (void)gateway.logs(query, std::chrono::seconds{5},
                       [&](std::string_view line) { return print_(line); });
  }

private:
  static uint64_t state_of(const manifest_file& file,
                           const function_spec& spec) {
    const auto folder = (file.folder / spec.handler).lexically_normal();
    const bool compiled = spec.petrel.runtime == runtime_kind::native;
    const auto made = compiled ? folder / spec.petrel.artifact : fs::path{};
    std::error_code gone;
    const auto manifest = fs::last_write_time(file.file, gone);
    auto files = fingerprint(folder, made);
    return (files ? *files : 0)
           + static_cast<uint64_t>(manifest.time_since_epoch().count());
  }

  session& s_;
  std::string name_;
  log_printer print_;
  uint64_t seen_ = 0, before_ = 0;
};

/// All of a manifest on one node.
class local_run {
public:
  local_run(session& s, const arguments& args, local_node& node)
    : s_(s), args_(args), node_(node), gateway_(s, node.target()) {}

  /// The first time an error ends the command, later it is told.
  result<void> run(manifest_file file, std::vector<function_spec> specs) {
    for (const auto& spec : specs)
      if (auto up = of(spec).bring_up(gateway_, file, spec); !up)
        return up.error();
    s_.out << "Runs until Ctrl-C"
           << (reload() ? ", anew after each change" : "")
           << ". Another terminal: PETREL_GATEWAY=" << node_.target().url
           << " PETREL_TOKEN_FILE=" << node_.token_file().string()
           << " faas-cli" << std::endl;
    while (!s_.system.interrupted() && s_.out) {
      for (const auto& spec : specs)
        of(spec).print_log(gateway_);
      if (auto over = node_.ended())
        return *over;
      if (reload())
        look_again(file, specs);
      s_.system.sleep(look_every);
    }
    return {};
  }

private:
  bool reload() const { return !args_.has("no-reload"); }

  local_function& of(const function_spec& spec) {
    const auto name = spec.name.str();
    return functions_.try_emplace(name, s_, name).first->second;
  }

  void look_again(manifest_file& file, std::vector<function_spec>& specs) {
    bool some = false;
    for (const auto& spec : specs)
      some = of(spec).changed(file, spec) || some;
    if (!some)
      return;
    if (auto done = read_again(file, specs); !done)
      tell(done.error());
    for (const auto& spec : specs)
      if (auto up = of(spec).bring_up(gateway_, file, spec); !up)
        tell(up.error());
  }

  result<void> read_again(manifest_file& file,
                          std::vector<function_spec>& specs) {
    auto read = require_manifest(s_, args_);
    if (!read)
      return read.error();
    auto chosen = select_functions(*read, args_.words());
    if (!chosen)
      return chosen.error();
    file = std::move(*read);
    specs = std::move(*chosen);
    return {};
  }

  void tell(const error& why) {
    print_error(s_.err, why, s_.call_id);
    s_.err << "The version before goes on." << std::endl;
  }

  session& s_;
  const arguments& args_;
  local_node& node_;
  gateway_api gateway_;
  std::map<std::string, local_function> functions_;
};

result<void> run_local(session& s, const arguments& args) {
  auto port = args.number("port", 0);
  if (!port)
    return port.error();
  if (*port < 0 || *port > 65535)
    return error{errc::invalid_argument, "--port must be 0 to 65535"};
  auto file = require_manifest(s, args);
  if (!file)
    return file.error();
  auto specs = select_functions(*file, args.words());
  if (!specs)
    return specs.error();
  if (!args.has("no-reload"))
    for (const auto& spec : *specs)
      if (auto files = fingerprint(file->folder / spec.handler, {}); !files)
        return files.error();
  s.system.interrupted(); // from here on the node is ended before us
  auto node = local_node::start(s, static_cast<uint16_t>(*port));
  if (!node)
    return node.error();
  return local_run{s, args, **node}.run(std::move(*file), std::move(*specs));
}

constexpr option local_options[] = {
  {"f,yaml", value, "the manifest [stack.yaml, stack.yml]", "FILE"},
  {"port", value, "port of the gateway, 0: any free one [0]", "PORT"},
  {"no-reload", flag, "do not look for changes"},
};

} // namespace

const command local_run_command{
  .name = "local-run",
  .words = "[NAME...]",
  .summary = "Run functions here, without a cluster",
  .details
  = "Starts a node with an empty folder, deploys the manifest's functions to "
    "it,\n"
    "shows their log, and deploys again what changes. A change that does not\n"
    "build leaves the version before. Ctrl-C ends the node and removes its "
    "folder.\n",
  .examples = "  faas-cli local-run\n"
              "  faas-cli local-run hello --port 8081\n",
  .options = local_options,
  .max_words = any_number,
  .run = run_local};

} // namespace faas::cli
