// From a function's folder to a bundle.
#pragma once

#include "tools/faas-cli/manifest_file.hpp"

namespace faas::cli {

struct bundle_file {
  std::filesystem::path file;
  digest id;
  uint64_t bytes = 0;
  uint64_t unpacked = 0;
  size_t files = 0;
  uint64_t from = 0; ///< where its bytes begin in the file
};

/// Folder of faas/function.hpp: PETREL_SDK, else the checkout that built
/// this program, else what is installed. errc::not_found.
result<std::filesystem::path> find_sdk(const machine& system);

/// Folder with a precompiled faas/function.hpp, which a compiler looks through
/// before the SDK's own (most of the time of a small function is spent on
/// standard headers); GCC ignores one of another version or other options.
/// Empty when there is none, it is older than the SDK, or PETREL_SDK is set.
std::filesystem::path find_compiled_sdk(const machine& system,
                                        const std::filesystem::path& sdk);

/// The command that makes the artifact of a native function from the *.c or
/// *.cpp files in its folder; empty when there is nothing to do: no sources, or
/// the artifact is newer than all of them and their headers.
result<std::vector<std::string>>
compile_command(const machine& system, const function_spec& spec,
                const std::filesystem::path& folder);

/// Where the bundle of a function is put: .petrel/NAME.tar.zst beside the
/// manifest.
std::filesystem::path bundle_path(const manifest_file& file,
                                  const function_spec& spec);

/// Compiles what must be compiled (the command is printed, the compiler's
/// output shown as it is) and packs the function's folder. The artifact must
/// be there in the end; that of a builtin function is put in.
result<bundle_file> build_bundle(session& s, const manifest_file& file,
                                 const function_spec& spec,
                                 const std::filesystem::path& output);

/// A bundle that was packed before. errc::not_found.
result<bundle_file> packed_bundle_of(const manifest_file& file,
                                     const function_spec& spec);

/// The bundles of a function with petrel.platforms, in its order: each build's
/// folder (else the handler's) is packed into .petrel/NAME-ARCH-ISA.tar.zst.
/// Nothing is compiled: each artifact must be there. Names the bundles in the
/// spec.
result<std::vector<bundle_file>> pack_platforms(session& s,
                                                const manifest_file& file,
                                                function_spec& spec);
/// The same from what was packed before.
result<std::vector<bundle_file>>
packed_platforms_of(const manifest_file& file, function_spec& spec);

} // namespace faas::cli
