#include "functions/isolated/channel/segment.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace faas::isolated {
namespace {

error no_memory(const char* what) {
  return {errc::unavailable,
          std::string{"cannot share memory with a worker process: "} + what
            + ": " + std::strerror(errno),
          "see the limits of this node's memory and open files"};
}

char* map(int fd, uint64_t bytes) noexcept {
  void* at
    = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return at == MAP_FAILED ? nullptr : static_cast<char*>(at);
}

} // namespace

result<segment> segment::make(uint64_t largest_body) {
  const auto layout = segment_layout::for_bodies(largest_body);
  const int fd = memfd_create("petrel-worker", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return no_memory("memfd_create");
  char* base = nullptr;
  if (ftruncate(fd, static_cast<off_t>(layout.total())) == 0
      && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    base = map(fd, layout.total());
  if (!base) {
    auto why = no_memory("memory file");
    close(fd);
    return why;
  }
  auto* words = new (base) shared_words;
  words->area_bytes = layout.body_bytes;
  return segment{base, fd, layout};
}

result<segment> segment::open(int fd) {
  struct stat about {};
  shared_words words;
  const bool read = fstat(fd, &about) == 0
                    && pread(fd, static_cast<void*>(&words), 16, 0) == 16
                    && words.magic == shared_words::known_magic;
  const segment_layout layout{words.area_bytes};
  if (!read || words.area_bytes > 4 * limits::body_bytes
      || layout.total() != static_cast<uint64_t>(about.st_size))
    return error{errc::incompatible_peer,
                 "the memory of this worker process is not its node's",
                 "use faas-node and faas-worker of one version"};
  char* base = map(fd, layout.total());
  if (!base)
    return no_memory("mmap");
  close(fd);
  return segment{base, -1, layout};
}

segment::segment(segment&& other) noexcept
  : base_(std::exchange(other.base_, nullptr)),
    fd_(std::exchange(other.fd_, -1)), layout_(other.layout_) {}

segment::~segment() {
  if (base_)
    munmap(base_, layout_.total());
  if (fd_ >= 0)
    close(fd_);
}

void segment::release_bodies(uint64_t keep) const noexcept {
  if (fd_ < 0 || keep >= layout_.body_bytes)
    return;
  // A failure costs memory, nothing else.
  for (const auto start : {uint64_t{segment_layout::request_body},
                           layout_.answer_body()})
    fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              static_cast<off_t>(start + keep),
              static_cast<off_t>(layout_.body_bytes - keep));
}

} // namespace faas::isolated
