// How this process keeps freed memory.
#pragma once

#include <malloc.h>

namespace faas::node {

/// Bodies, frames and bundle parts of some hundred kilobytes come and go all the
/// time. By default glibc gives such blocks back to the kernel when they are
/// freed, and each new one is zeroed page by page: at 600 MB/s of bulk half of all
/// bytes cost a page fault. Call it first in main().
inline void keep_freed_blocks() noexcept {
  constexpr int mib = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, 2 * mib); // from here on a mapping of its own
  ::mallopt(M_TRIM_THRESHOLD, 16 * mib); // kept at most, per arena
}

} // namespace faas::node
