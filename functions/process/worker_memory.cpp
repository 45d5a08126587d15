#include "functions/process/worker_memory.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>

namespace faas::process::worker {
namespace {

constexpr uint64_t page = 4096;
constexpr uint64_t kept = 1 << 20;

} // namespace

result<shared_memory> shared_memory::make(uint16_t areas,
                                          uint64_t largest_body) {
  const auto bytes = (largest_body + page - 1) / page * page;
  const auto total = bytes * 2 * areas;
  unique_fd file{
    ::memfd_create("petrel-bodies", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  void* base = MAP_FAILED;
  // Its size stays, or the program could take the pages away under the node.
  if (file && ::ftruncate(file.get(), static_cast<off_t>(total)) == 0
      && ::fcntl(file.get(), F_ADD_SEALS,
                 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
           == 0)
    base = ::mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_SHARED,
                  file.get(), 0);
  if (base == MAP_FAILED)
    return error{errc::unavailable,
                 std::string{"cannot share memory with a program: "}
                   + std::strerror(errno),
                 "see the limits of this node's memory and open files"};
  return shared_memory{std::move(file), static_cast<char*>(base), areas,
                       bytes};
}

shared_memory::shared_memory(shared_memory&& other) noexcept
  : file_(std::move(other.file_)), base_(std::exchange(other.base_, nullptr)),
    areas_(other.areas_), bytes_(other.bytes_) {}

shared_memory::~shared_memory() {
  if (base_)
    ::munmap(base_, bytes_ * 2 * areas_);
}

bool shared_memory::put(uint16_t area, std::string_view body) noexcept {
  if (body.size() > bytes_ || area >= areas_)
    return false;
  std::memcpy(base_ + bytes_ * 2 * area, body.data(), body.size());
  return true;
}

std::string shared_memory::get(uint16_t area, uint64_t size) const {
  return {base_ + bytes_ * (2 * area + 1), size};
}

void shared_memory::release(uint16_t area) const noexcept {
  if (bytes_ <= kept)
    return;
  // A failure costs memory, nothing else.
  for (const uint64_t half : {0, 1})
    ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<off_t>(bytes_ * (2 * area + half) + kept),
                static_cast<off_t>(bytes_ - kept));
}

} // namespace faas::process::worker
