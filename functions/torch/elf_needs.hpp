// Which libraries a shared library asks for.
#pragma once

#include "libfaas/core/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace faas::torch_runtime {

/// The DT_NEEDED names of a 64-bit little-endian ELF file for x86-64, read from
/// its bytes. Trusts nothing in them. errc::bad_bundle: it is none, or broken.
result<std::vector<std::string>> elf_needs(std::string_view file);

} // namespace faas::torch_runtime
