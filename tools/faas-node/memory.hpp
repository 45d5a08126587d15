// How much memory a node has.
#pragma once

#include <cstdint>
#include <filesystem>

namespace faas::node {

/// Bytes of memory that this process and its children can use at all: the
/// machine's, or the bound of its control group or of one above it, if that is
/// less. Not what is free. 0: it cannot be told. Reads a few small files below
/// `root`: /proc/meminfo, /proc/self/cgroup and /sys/fs/cgroup (version 2, or
/// version 1 where it is usually mounted).
uint64_t memory_here(const std::filesystem::path& root = "/");

} // namespace faas::node
