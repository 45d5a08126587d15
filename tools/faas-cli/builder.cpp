#include "tools/faas-cli/builder.hpp"

#include "libfaas/manifest/check.hpp"
#include "libfaas/manifest/process.hpp"
#include "registry/bundles/pack.hpp"
#include "registry/bundles/sha256.hpp"
#include "tools/faas-cli/builtins.hpp"
#include "tools/faas-cli/python_packages.hpp"

#include <algorithm>
#include <fstream>
#include <ostream>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;

// The checkout that this program was built in; CMake sets it.
#ifndef PETREL_CHECKOUT
#define PETREL_CHECKOUT ""
#endif

struct sources {
  std::vector<std::string> c;
  std::vector<std::string> cpp;
  fs::file_time_type newest = fs::file_time_type::min();
};

sources find_sources(const fs::path& folder) {
  sources out;
  std::error_code failure;
  for (fs::directory_iterator at{folder, failure}, end; !failure && at != end;
       at.increment(failure)) {
    const auto& path = at->path();
    const auto kind = path.extension();
    const bool header = kind == ".h" || kind == ".hpp";
    if (kind == ".c")
      out.c.push_back(path.string());
    else if (kind == ".cpp" || kind == ".cc")
      out.cpp.push_back(path.string());
    if (header || kind == ".c" || kind == ".cpp" || kind == ".cc") {
      std::error_code ignored;
      out.newest = std::max(out.newest, at->last_write_time(ignored));
    }
  }
  std::sort(out.c.begin(), out.c.end());
  std::sort(out.cpp.begin(), out.cpp.end());
  return out;
}

fs::path folder_of(const manifest_file& file, const function_spec& spec) {
  return (file.folder / spec.handler).lexically_normal();
}

std::string shown(const std::vector<std::string>& command) {
  std::string text;
  for (const auto& word : command) {
    const bool plain = word.find_first_of(" '\"\\$&;()<>|*?`") == word.npos;
    text += (text.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  return text;
}

result<void> compile(session& s, const function_spec& spec,
                     const fs::path& folder) {
  auto command = compile_command(s.system, spec, folder);
  if (!command)
    return command.error();
  if (command->empty())
    return {};
  wipe_line(s);
  s.err << shown(*command) << std::endl; // before the compiler's own output
  std::error_code ignored;
  const auto artifact = folder / spec.petrel.artifact;
  fs::create_directories(artifact.parent_path(), ignored);
  auto status = s.system.run(*command);
  if (!status)
    return status.error();
  if (*status != 0)
    return error{errc::function_failed,
                 spec.name.str() + " does not compile (the compiler ended with "
                   + std::to_string(*status) + ")",
                 "mend the errors above"};
  return {};
}

/// The program, when it shall come with the bundle.
result<void> require_program(const function_spec& spec,
                             const fs::path& folder) {
  const auto words = command_of(spec);
  const auto slash = words.empty() ? std::string::npos : words[0].find('/');
  if (slash == std::string::npos || slash == 0)
    return {}; // found by PATH, or on the node
  std::error_code missing;
  const auto program = folder / words[0];
  const auto status = fs::status(program, missing);
  if (!fs::is_regular_file(status))
    return error{errc::not_found,
                 spec.name.str() + ": no program " + words[0] + " in "
                   + folder.string(),
                 "put it there, or mend petrel.command"};
  if ((status.permissions() & fs::perms::owner_exec) == fs::perms::none)
    return error{errc::invalid_argument,
                 spec.name.str() + ": " + program.string()
                   + " may not be executed",
                 "run `chmod +x " + program.string() + "`"};
  return {};
}

result<void> require_artifact(const function_spec& spec,
                              const std::string& artifact,
                              const fs::path& folder) {
  if (spec.petrel.runtime == runtime_kind::process)
    return require_program(spec, folder);
  if (artifact.empty())
    return error{errc::invalid_argument,
                 spec.name.str() + " names no petrel.artifact: nothing to run",
                 "add to the manifest: petrel: {artifact: FILE}"};
  std::error_code ignored;
  if (!fs::is_regular_file(folder / artifact, ignored))
    return error{errc::not_found,
                 spec.name.str() + ": no file " + artifact + " in "
                   + folder.string(),
                 spec.petrel.runtime == runtime_kind::native
                   ? "build it, or put its *.cpp or *.c into that folder"
                   : "put the model there"};
  return {};
}

result<void> require_sample(const function_spec& spec, const std::string& body,
                            const fs::path& folder,
                            const std::vector<registry::pack_item>& packed) {
  const auto what = spec.name.str() + ": the sample event " + body;
  std::error_code ignored;
  if (!fs::is_regular_file(folder / body, ignored))
    return error{errc::not_found, what + " is no file in " + folder.string(),
                 "put it there, or mend petrel.samples"};
  const auto most = std::min<uint64_t>(spec_limits::sample_bytes,
                                       spec.petrel.max_body_bytes);
  if (fs::file_size(folder / body, ignored) > most)
    return error{errc::too_large,
                 what + " has more than " + std::to_string(most) + " bytes",
                 "take a smaller event: a sample has at most 1 MiB and "
                 "petrel.max_body"};
  if (std::none_of(packed.begin(), packed.end(),
                   [&](const auto& item) { return item.path == body; }))
    return error{errc::invalid_argument, what + " is not packed",
                 "mend the line of .petrelignore that leaves it out, or take "
                 "it out of petrel.samples"};
  return {};
}

result<void> require_samples(const function_spec& spec,
                             const fs::path& folder) {
  if (spec.petrel.samples.empty())
    return {};
  auto packed = registry::list_folder(folder);
  if (!packed)
    return packed.error();
  for (const auto& sample : spec.petrel.samples)
    if (auto there = require_sample(spec, sample.body, folder, *packed); !there)
      return there;
  return {};
}

/// Makes .petrel and keeps version control out of it.
result<void> make_output_folder(const fs::path& output) {
  std::error_code failure;
  const auto folder = output.parent_path();
  if (folder.empty() || fs::exists(folder, failure))
    return {};
  fs::create_directories(folder, failure);
  if (failure)
    return error{errc::internal, "cannot make the folder " + folder.string()
                                   + ": " + failure.message()};
  if (folder.filename() == ".petrel")
    std::ofstream{folder / ".gitignore"} << "*\n";
  return {};
}

result<bundle_file> pack_items(std::vector<registry::pack_item> items,
                               const fs::path& output) {
  auto packed = registry::pack_files(std::move(items), output);
  if (!packed)
    return packed.error();
  return bundle_file{packed->file, packed->id, packed->bytes, packed->unpacked,
                     packed->files};
}

result<bundle_file> pack_into(const fs::path& folder, const fs::path& output,
                              std::vector<registry::pack_item> more = {}) {
  std::error_code ignored;
  if (auto done = make_output_folder(output); !done)
    return done.error();
  auto items = registry::list_folder(folder);
  if (!items)
    return items.error();
  std::erase_if(*items, [&](const registry::pack_item& item) {
    return item.path.starts_with(".petrel/")
           || fs::equivalent(item.source, output, ignored);
  });
  items->insert(items->end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  return pack_items(std::move(*items), output);
}

result<void> require_folder(const function_spec& spec, const fs::path& folder) {
  std::error_code ignored;
  if (spec.handler.empty() || !fs::is_directory(folder, ignored))
    return error{errc::not_found,
                 spec.name.str() + ": no folder " + folder.string()
                   + " (handler of the manifest)",
                 "build the function first, or mend `handler:`"};
  return {};
}

/// A builtin function's library, and the handler's folder when there is one.
result<bundle_file> pack_builtin(session& s, const manifest_file& file,
                                 const function_spec& spec,
                                 const std::string& name,
                                 const fs::path& output) {
  auto library = find_builtin(s.system, name);
  if (!library)
    return {library.error().code,
            spec.name.str() + ": " + library.error().message,
            library.error().next_step};
  registry::pack_item item{spec.petrel.artifact, *library};
  if (spec.handler.empty()) {
    if (!spec.petrel.samples.empty())
      return {errc::invalid_argument,
              spec.name.str() + " has sample events and no folder for them",
              "name the folder that holds them in `handler:`"};
    if (auto made = make_output_folder(output); !made)
      return made.error();
    return pack_items({std::move(item)}, output);
  }
  const auto folder = folder_of(file, spec);
  if (auto there = require_folder(spec, folder); !there)
    return there.error();
  if (auto there = require_samples(spec, folder); !there)
    return there.error();
  std::error_code ignored;
  if (fs::exists(folder / item.path, ignored))
    return {errc::conflict,
            spec.name.str() + ": " + (folder / item.path).string()
              + " stands where the builtin function goes",
            "give that file another name"};
  return pack_into(folder, output, {std::move(item)});
}

fs::path platform_path(const manifest_file& file, const function_spec& spec,
                       const platform_build& build) {
  auto name = spec.name.str() + "-" + build.arch;
  if (!build.isa.empty())
    name += "-" + build.isa;
  if (build.kind != spec.petrel.kind)
    name += "-" + std::string{faas::name(build.kind)};
  return file.folder / ".petrel" / (name + ".tar.zst");
}

result<bundle_file> packed_at(const fs::path& path, const std::string& name) {
  std::error_code missing;
  const auto bytes = fs::file_size(path, missing);
  if (missing)
    return {errc::not_found, name + " is not packed yet",
            "run `faas-cli pack`, or `faas-cli up` which does both"};
  auto id = registry::digest_of_file(path);
  if (!id)
    return id.error();
  return bundle_file{path, *id, bytes, 0, 0, 0};
}

} // namespace

result<fs::path> find_sdk(const machine& system) {
  std::vector<fs::path> candidates;
  if (const auto named = system.environment("PETREL_SDK"); named) {
    candidates.push_back(*named);
  } else {
    const auto program = system.program_folder();
    candidates = {program / "../include", program / "../libfaas/sdk",
                  fs::path{PETREL_CHECKOUT} / "libfaas/sdk",
                  "/usr/local/include", "/usr/include"};
  }
  std::error_code ignored;
  for (const auto& folder : candidates)
    if (fs::exists(folder / "faas/function.h", ignored))
      return folder.lexically_normal();
  return {errc::not_found, "cannot find faas/function.h, the SDK",
          "set PETREL_SDK to the folder that holds faas/function.h"};
}

fs::path find_compiled_sdk(const machine& system, const fs::path& sdk) {
  if (system.environment("PETREL_SDK"))
    return {};
  const auto program = system.program_folder();
  std::error_code failure;
  const auto source = fs::last_write_time(sdk / "faas/function.hpp", failure);
  if (failure)
    return {};
  for (const auto& folder : {program / "../sdk-compiled",
                             program / "../lib/petrel/sdk-compiled"}) {
    const auto made
      = fs::last_write_time(folder / "faas/function.hpp.gch", failure);
    if (!failure && made >= source)
      return folder.lexically_normal();
  }
  return {};
}

result<std::vector<std::string>> compile_command(const machine& system,
                                                 const function_spec& spec,
                                                 const fs::path& folder) {
  std::vector<std::string> command;
  const auto& p = spec.petrel;
  if (p.runtime != runtime_kind::native || p.artifact.empty()
      || builtin_of(spec))
    return command;
  const auto found = find_sources(folder);
  if (found.c.empty() && found.cpp.empty())
    return command;
  const auto artifact = folder / p.artifact;
  std::error_code missing;
  const auto built = fs::last_write_time(artifact, missing);
  if (!missing && built >= found.newest)
    return command;
  if (!found.c.empty() && !found.cpp.empty())
    return {errc::invalid_argument,
            spec.name.str() + " mixes C and C++ sources",
            "build " + p.artifact + " with your own build system"};
  auto sdk = find_sdk(system);
  if (!sdk)
    return sdk.error();
  const bool cpp = found.c.empty();
  command
    = {system.environment(cpp ? "CXX" : "CC").value_or(cpp ? "c++" : "cc"),
       cpp ? "-std=c++20" : "-std=c11",
       "-O2",
       "-shared",
       "-fPIC",
       "-fvisibility=hidden",
       "-Wall"};
  if (const auto compiled = find_compiled_sdk(system, *sdk);
      cpp && !compiled.empty())
    command.push_back("-I" + compiled.string());
  command.push_back("-I" + sdk->string());
  const auto& files = cpp ? found.cpp : found.c;
  command.insert(command.end(), files.begin(), files.end());
  command.insert(command.end(), {"-o", artifact.string()});
  return command;
}

fs::path bundle_path(const manifest_file& file, const function_spec& spec) {
  return file.folder / ".petrel" / (spec.name.str() + ".tar.zst");
}

result<bundle_file> build_bundle(session& s, const manifest_file& file,
                                 const function_spec& spec,
                                 const fs::path& output) {
  if (const auto name = builtin_of(spec))
    return pack_builtin(s, file, spec, *name, output);
  const auto folder = folder_of(file, spec);
  if (auto there = require_folder(spec, folder); !there)
    return there.error();
  if (auto done = compile(s, spec, folder); !done)
    return done.error();
  if (auto done = require_artifact(spec, spec.petrel.artifact, folder); !done)
    return done.error();
  if (auto done = require_samples(spec, folder); !done)
    return done.error();
  if (auto made = make_output_folder(output); !made)
    return made.error();
  auto packages = python_packages(s, file, spec, folder);
  if (!packages)
    return packages.error();
  return pack_into(folder, output, std::move(*packages));
}

result<bundle_file> packed_bundle_of(const manifest_file& file,
                                     const function_spec& spec) {
  return packed_at(bundle_path(file, spec), spec.name.str());
}

result<std::vector<bundle_file>> pack_platforms(session& s,
                                                const manifest_file& file,
                                                function_spec& spec) {
  std::vector<bundle_file> all;
  for (auto& build : spec.petrel.platforms) {
    const auto folder
      = build.folder.empty()
          ? folder_of(file, spec)
          : (file.folder / build.folder).lexically_normal();
    if (auto there = require_artifact(spec, build.artifact, folder); !there)
      return there.error();
    if (auto there = require_samples(spec, folder); !there)
      return there.error();
    auto packed = pack_into(folder, platform_path(file, spec, build));
    if (!packed)
      return packed.error();
    build.bundle = packed->id;
    all.push_back(std::move(*packed));
  }
  return all;
}

result<std::vector<bundle_file>>
packed_platforms_of(const manifest_file& file, function_spec& spec) {
  std::vector<bundle_file> all;
  for (auto& build : spec.petrel.platforms) {
    auto packed = packed_at(platform_path(file, spec, build), spec.name.str());
    if (!packed)
      return packed.error();
    build.bundle = packed->id;
    all.push_back(std::move(*packed));
  }
  return all;
}

} // namespace faas::cli
