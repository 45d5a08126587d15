#include "libfaas/manifest/process.hpp"

#include "libfaas/manifest/choices.hpp"
#include "libfaas/manifest/manifest.hpp"

#include <algorithm>
#include <charconv>

namespace faas {
namespace {

using problems = std::vector<problem>;

/// More cores than any machine has, so a slip.
constexpr double most_cpus = 1024;

void check_command(const function_spec& spec, problems& out) {
  const auto words = command_of(spec);
  const bool own = !spec.petrel.process.command.empty();
  const auto* key = own ? "petrel.command" : "fprocess";
  if (words.empty())
    return out.push_back(
      {"petrel.command", "is required with runtime process (or fprocess): the "
                         "program and its words, for example [python3, "
                         "app.py]"});
  size_t bytes = 0;
  for (const auto& word : words)
    bytes += word.size() + 1;
  if (words.size() > spec_limits::command_words
      || bytes > spec_limits::command_bytes)
    return out.push_back(
      {key, "at most " + std::to_string(spec_limits::command_words)
              + " words and " + std::to_string(spec_limits::command_bytes)
              + " bytes"});
  if (std::any_of(words.begin(), words.end(), [](const std::string& word) {
        return word.find('\0') != std::string::npos;
      }))
    out.push_back({key, "must have no zero byte"});
  const auto& program = words.front();
  if (program.empty() || program.find_first_of(" \t\n") != std::string::npos)
    out.push_back({key, "must begin with a program; write each word by itself, "
                        "for example [tr, a-z, A-Z]"});
}

void check_ready(const std::string& path, problems& out) {
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return c > 0x20 && c < 0x7f;
  });
  if (!path.empty() && (path.front() != '/' || path.size() > 256 || !plain))
    out.push_back(
      {"petrel.ready", "must be a path such as /healthz, at most 256 bytes"});
}

void check_processes(const petrel_spec& p, problems& out) {
  const auto count = p.process.processes;
  if (count < 1 || count > spec_limits::processes)
    out.push_back({"petrel.processes",
                   "must be 1 to " + std::to_string(spec_limits::processes)});
  else if (count > 1 && p.process.protocol != process_protocol::http)
    out.push_back({"petrel.processes",
                   "goes with protocol http only: the others start a process "
                   "for each instance, or for as many as it takes"});
  else if (count > p.concurrency)
    out.push_back({"petrel.processes",
                   "is more than petrel.concurrency, which is "
                     + std::to_string(p.concurrency)
                     + ": each program needs an instance"});
}

/// Keys that say nothing without a program.
void check_none(const function_spec& spec, problems& out) {
  const process_spec normal;
  const auto& p = spec.petrel.process;
  const auto foreign = [&](bool given, const char* key) {
    if (given)
      out.push_back({key, "goes with runtime process only, not with "
                            + std::string{name(spec.petrel.runtime)}});
  };
  foreign(p.protocol != normal.protocol, "petrel.protocol");
  foreign(p.command != normal.command, "petrel.command");
  foreign(p.listen != normal.listen, "petrel.listen");
  foreign(p.ready != normal.ready, "petrel.ready");
  foreign(p.processes != normal.processes, "petrel.processes");
}

error not_a_limit(const char* key, const std::string& text,
                  const char* allowed) {
  return {errc::invalid_argument,
          std::string{"limits."} + key + ": \"" + text.substr(0, 64) + "\" "
            + allowed};
}

} // namespace

std::vector<std::string> command_of(const function_spec& spec) {
  if (!spec.petrel.process.command.empty())
    return spec.petrel.process.command;
  std::vector<std::string> words;
  std::string_view rest = spec.fprocess;
  while (!rest.empty()) {
    const auto blank = std::min(rest.find_first_of(" \t\n"), rest.size());
    if (blank > 0)
      words.emplace_back(rest.substr(0, blank));
    rest.remove_prefix(std::min(rest.size(), blank + 1));
  }
  return words;
}

std::string wrong_protocol(std::string_view text) {
  return "\"" + std::string{text.substr(0, 64)} + "\" must be one of: "
         + names_of(process_protocols);
}

std::vector<problem> check_process(const function_spec& spec) {
  problems out;
  const auto& p = spec.petrel;
  if (p.runtime != runtime_kind::process) {
    check_none(spec, out);
    return out;
  }
  check_command(spec, out);
  check_ready(p.process.ready, out);
  if (p.process.protocol != process_protocol::http
      && (!p.process.ready.empty()
          || p.process.listen != process_listen::port))
    out.push_back({p.process.ready.empty() ? "petrel.listen" : "petrel.ready",
                   "goes with protocol http only"});
  check_processes(p, out);
  if (p.mode != trust_mode::isolated)
    out.push_back({"petrel.mode", "must be isolated with runtime process: a "
                                  "program runs in processes of its own"});
  if (!p.artifact.empty())
    out.push_back({"petrel.artifact", "is not used with runtime process: name "
                                      "the program in petrel.command"});
  if (auto cpus = cpu_limit(spec); !cpus)
    out.push_back({"limits", cpus.error().message});
  if (auto bytes = memory_limit(spec); !bytes)
    out.push_back({"limits", bytes.error().message});
  return out;
}

result<double> cpu_limit(const function_spec& spec) {
  const auto found = spec.limits.find("cpu");
  if (found == spec.limits.end())
    return 0.0;
  std::string_view text = found->second;
  const bool thousandths = text.ends_with('m');
  if (thousandths)
    text.remove_suffix(1);
  double cpus = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed]
    = std::from_chars(text.data(), end, cpus, std::chars_format::fixed);
  if (thousandths)
    cpus /= 1000;
  if (failed != std::errc{} || at != end || !(cpus > 0) || cpus > most_cpus)
    return not_a_limit("cpu", found->second,
                       "must be cores, for example 500m or 2");
  return cpus;
}

result<uint64_t> memory_limit(const function_spec& spec) {
  const auto found = spec.limits.find("memory");
  if (found == spec.limits.end())
    return uint64_t{0};
  auto bytes = parse_bytes(found->second);
  if (!bytes || *bytes == 0)
    return not_a_limit("memory", found->second,
                       "must be bytes, for example 128Mi");
  return bytes;
}

} // namespace faas
