// pack, deploy, up.
#include "libfaas/manifest/check.hpp"
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/deployer.hpp"
#include "tools/faas-cli/function_bar.hpp"
#include "tools/faas-cli/table.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

constexpr size_t any_number = 1000;
/// That are not ready, with their state.
constexpr size_t most_nodes_told = 10;

void tell_packed(session& s, const function_spec& spec,
                 const bundle_file& bundle) {
  s.out << spec.name.str() << ": packed " << bundle.files
        << (bundle.files == 1 ? " file, " : " files, ")
        << short_bytes(static_cast<double>(bundle.unpacked)) << ", into "
        << short_bytes(static_cast<double>(bundle.bytes))
        << ", sha256:" << bundle.id.hex() << std::endl;
}

/// One bundle, or one for each of petrel.platforms, which are named in `spec`.
result<std::vector<bundle_file>> pack_one(session& s, const manifest_file& file,
                                          function_spec& spec,
                                          const arguments& args) {
  std::vector<bundle_file> all;
  if (spec.petrel.platforms.empty()) {
    const auto output = args.has("output")
                          ? s.system.working_folder() / args.get("output")
                          : bundle_path(file, spec);
    function_bar bar{s, spec.name.str()};
    bar.packing();
    auto bundle = build_bundle(s, file, spec, output);
    bar.wipe();
    if (!bundle)
      return bundle.error();
    all.push_back(std::move(*bundle));
  } else if (args.has("output")) {
    return error{errc::invalid_argument,
                 "--output is for one bundle, " + spec.name.str()
                   + " has one for each platform"};
  } else {
    auto packed = pack_platforms(s, file, spec);
    if (!packed)
      return packed.error();
    all = std::move(*packed);
  }
  if (!args.has("json"))
    for (const auto& bundle : all)
      tell_packed(s, spec, bundle);
  return all;
}

result<std::vector<bundle_file>> packed_one(const manifest_file& file,
                                            function_spec& spec) {
  if (!spec.petrel.platforms.empty())
    return packed_platforms_of(file, spec);
  auto bundle = packed_bundle_of(file, spec);
  if (!bundle)
    return bundle.error();
  return std::vector{std::move(*bundle)};
}

result<void> run_pack(session& s, const arguments& args) {
  auto file = require_manifest(s, args);
  if (!file)
    return file.error();
  auto specs = select_functions(*file, args.words());
  if (!specs)
    return specs.error();
  if (args.has("output") && specs->size() > 1)
    return error{errc::invalid_argument,
                 "--output is for one function, the manifest has several",
                 "name one: faas-cli pack NAME --output FILE"};
  auto report = json::array();
  for (auto& spec : *specs) {
    auto packed = pack_one(s, *file, spec, args);
    if (!packed)
      return packed.error();
    for (const auto& bundle : *packed)
      report.push_back({{"name", spec.name.str()},
                        {"file", bundle.file.string()},
                        {"digest", "sha256:" + bundle.id.hex()},
                        {"bytes", bundle.bytes},
                        {"unpacked", bundle.unpacked},
                        {"files", bundle.files}});
  }
  if (args.has("json"))
    s.out << report.dump(2) << '\n';
  return {};
}

/// "5,25%,50" as steps.
result<std::vector<uint32_t>> steps_given(const std::string& text) {
  std::vector<uint32_t> steps;
  for (size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find(',', start), text.size());
    auto part = text.substr(start, end - start);
    if (part.ends_with('%'))
      part.pop_back();
    uint32_t share = 0;
    const auto* last = part.data() + part.size();
    const auto [at, failed] = std::from_chars(part.data(), last, share);
    if (failed != std::errc{} || at != last)
      return error{errc::invalid_argument,
                   "--canary takes shares in per cent, not \"" + text + "\"",
                   "for example --canary 5,25,50"};
    steps.push_back(share);
    start = end + 1;
  }
  return steps;
}

/// --canary and --least in place of the manifest's `rollout`.
result<void> use_rollout(const arguments& args, function_spec& spec) {
  auto& plan = spec.petrel.rollout;
  if (args.has("canary")) {
    auto steps = steps_given(args.get("canary"));
    if (!steps)
      return steps.error();
    plan.steps = std::move(*steps);
  }
  auto least = args.time("least", plan.least);
  if (!least)
    return least.error();
  plan.least = *least;
  for (const auto& problem : check(spec))
    return error{errc::invalid_argument, problem.key + " " + problem.what};
  return {};
}

void tell(session& s, const function_spec& spec, const bundle_file& bundle,
          const deployed& done, const deploy_options& options) {
  const auto& name = spec.name.str();
  s.out << name << ": bundle "
        << (done.uploaded
              ? "uploaded, " + short_bytes(static_cast<double>(bundle.bytes))
              : "is on the gateway already")
        << '\n'
        << name << ": "
        << (done.unchanged ? "unchanged"
            : done.created ? "deployed"
                           : "updated");
  if (done.version)
    s.out << ", version " << done.version;
  if (!done.nodes.empty()) {
    s.out << ", ready on";
    for (size_t i = 0; i < done.nodes.size(); ++i)
      s.out << (i ? ", " : " ") << done.nodes[i];
  } else if (!options.wait) {
    s.out << "; not waited for";
  } else {
    s.out << ", ready";
  }
  s.out << '\n';
  for (size_t i = 0; i < std::min(done.others.size(), most_nodes_told); ++i)
    s.out << name << ": " << printable(done.others[i]) << '\n';
  if (done.others.size() > most_nodes_told)
    s.out << name << ": and " << done.others.size() - most_nodes_told
          << " more nodes, see faas-cli describe " << name << '\n';
  const auto& steps = spec.petrel.rollout.steps;
  if (!steps.empty() && !done.created && !done.unchanged)
    s.out << name << ": gets " << steps.front()
          << "% of the events first; `faas-cli rollout status " << name
          << " --watch` follows it\n";
}

json report_of(const function_spec& spec, const bundle_file& bundle,
               const deployed& done, const std::string& url) {
  return {{"name", spec.name.str()},
          {"digest", "sha256:" + bundle.id.hex()},
          {"bytes", bundle.bytes},
          {"uploaded", done.uploaded},
          {"created", done.created},
          {"unchanged", done.unchanged},
          {"version", done.version},
          {"nodes", done.nodes},
          {"others", done.others},
          {"url", url}};
}

result<void> deploy_all(session& s, const arguments& args, bool pack_first) {
  auto timeout = args.time("timeout", std::chrono::seconds{60});
  if (!timeout)
    return timeout.error();
  const deploy_options options{!args.has("no-wait"), *timeout};
  auto file = require_manifest(s, args);
  if (!file)
    return file.error();
  auto specs = select_functions(*file, args.words());
  if (!specs)
    return specs.error();
  auto target = resolve_endpoint(s.system, args, &*file);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target, {}};
  auto report = json::array();
  for (auto spec : *specs) {
    if (auto used = use_rollout(args, spec); !used)
      return used.error();
    auto bundles = pack_first ? pack_one(s, *file, spec, args)
                              : packed_one(*file, spec);
    if (!bundles)
      return bundles.error();
    const auto& bundle = bundles->front();
    auto environment = full_environment(*file, spec);
    if (!environment)
      return environment.error();
    auto done
      = deploy_function(s, gateway, spec, *environment, *bundles, options);
    if (!done)
      return done.error();
    const auto url = target->url + "/function/" + spec.name.str();
    if (args.has("json")) {
      report.push_back(report_of(spec, bundle, *done, url));
      continue;
    }
    tell(s, spec, bundle, *done, options);
    s.out << "URL: " << url << std::endl;
  }
  if (args.has("json"))
    s.out << report.dump(2) << '\n';
  return {};
}

result<void> run_deploy(session& s, const arguments& args) {
  return deploy_all(s, args, false);
}

result<void> run_up(session& s, const arguments& args) {
  return deploy_all(s, args, true);
}

constexpr option pack_options[] = {
  {"f,yaml", value, "the manifest [stack.yaml, stack.yml]", "FILE"},
  {"o,output", value, "file to write [.petrel/NAME.tar.zst]", "FILE"},
  {"json", flag, "print JSON"},
};

constexpr option deploy_option_list[] = {
  {"no-wait", flag, "do not wait until a node is ready"},
  {"timeout", value, "how long to wait for each function [60s]", "TIME"},
  {"canary", value, "shares of a new version, step by step: 5,25,50", "STEPS"},
  {"least", value, "how long each step lasts at least [30s]", "TIME"},
  {"json", flag, "print JSON"},
};

} // namespace

const command pack_command{
  .name = "pack",
  .words = "[NAME...]",
  .summary = "Build functions and pack them into bundles",
  .details
  = "Compiles the *.cpp or *.c files in a function's folder when its library "
    "is\n"
    "missing or older than they are (the command is printed), then packs the\n"
    "folder. A .petrelignore lists what stays out, one glob per line.\n",
  .examples = "  faas-cli pack\n"
              "  faas-cli pack hello --output hello.tar.zst\n"
              "  faas-cli pack --json\n",
  .options = pack_options,
  .max_words = any_number,
  .run = run_pack};

const command deploy_command{
  .name = "deploy",
  .words = "[NAME...]",
  .summary = "Deploy packed functions of the manifest",
  .details
  = "Uploads a bundle only when the gateway does not have it, deploys\n"
    "a new version and waits until one node is ready. A version that\n"
    "fails never gets traffic; its reason and last log lines are shown.\n",
  .examples = "  faas-cli deploy\n"
              "  faas-cli deploy hello -g http://127.0.0.1:8081\n"
              "  faas-cli deploy --canary 5,25,50 --least 2m\n"
              "  faas-cli deploy --no-wait\n",
  .options = deploy_option_list,
  .asks_gateway = true,
  .max_words = any_number,
  .run = run_deploy};

const command up_command{.name = "up",
                         .words = "[NAME...]",
                         .summary = "Pack and deploy: from source to URL",
                         .examples = "  faas-cli up\n"
                                     "  faas-cli up hello --timeout 2m\n"
                                     "  faas-cli up -f other.yml --json\n",
                         .options = deploy_option_list,
                         .asks_gateway = true,
                         .max_words = any_number,
                         .run = run_up};

} // namespace faas::cli
