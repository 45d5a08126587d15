// What a zygote is made of: bytes that travel inside the node, so that no file
// of an installation can be missing, moved or replaced.
#pragma once

#include <string_view>

namespace faas::zygote {

/// The library of functions/sandbox/init/zygote.cpp.
std::string_view library_bytes() noexcept;
/// zygote.py.
std::string_view program_bytes() noexcept;
/// The Python package petrel, a tar file.
std::string_view package_bytes() noexcept;

} // namespace faas::zygote
