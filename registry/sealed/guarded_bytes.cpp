#include "registry/sealed/guarded_bytes.hpp"

#include "libfaas/core/secret_text.hpp"
#include "registry/files/files.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

namespace faas::registry {

result<guarded_bytes> guarded_bytes::make(size_t size) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto mapped = (size + page - 1) / page * page;
  void* at = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return os_error(errno, "cannot get memory for a key");
  // Both may be refused (limits, old kernels); the key is used all the same.
  (void) ::madvise(at, mapped, MADV_DONTDUMP);
  (void) ::mlock(at, mapped);
  guarded_bytes made;
  made.at_ = static_cast<uint8_t*>(at);
  made.size_ = size;
  made.mapped_ = mapped;
  return made;
}

guarded_bytes::~guarded_bytes() {
  if (at_ == nullptr)
    return;
  wipe(at_, mapped_);
  ::munmap(at_, mapped_);
}

} // namespace faas::registry
