#include "functions/sandbox/init/init.hpp"

#include <cerrno>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace faas::sandbox::init {
namespace {

void limit(__rlimit_resource_t what, uint64_t value, const char* step) {
  rlimit now{};
  must(getrlimit(what, &now), step);
  // What the node itself may not do, its workers may not either.
  const auto bound = value < now.rlim_max ? value : now.rlim_max;
  const rlimit wanted{bound, bound};
  must(setrlimit(what, &wanted), step);
}

void drop_capabilities() {
  for (unsigned long one = 0; one < 64; ++one)
    if (prctl(PR_CAPBSET_DROP, one, 0, 0, 0) != 0) {
      if (errno == EINVAL && one > 0) // past the last one of this kernel
        break;
      fail("drop capabilities");
    }
  must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
       "drop capabilities");
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  must(syscall(SYS_capset, &head, none), "drop capabilities");
}

void load_filter(const char* bytes, uint32_t size) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(size / sizeof(sock_filter));
  program.filter
    = reinterpret_cast<sock_filter*>(const_cast<char*>(bytes));
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0),
       "load the system call filter");
}

} // namespace

void drop_privileges(const order& what) {
  const auto& head = what.head;
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "renounce new privileges");
  drop_capabilities();
  // Nobody may look into this process; an exec makes the program dumpable.
  must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "protect the first process");
  limit(RLIMIT_CORE, 0, "limit core dumps");
  limit(RLIMIT_FSIZE, head.file_bytes, "limit the size of files");
  limit(RLIMIT_NPROC, head.processes + 1u, "limit processes"); // and this one
  if (head.address_space > 0)
    limit(RLIMIT_AS, head.address_space, "limit memory");
  load_filter(what.filters, head.first_filter);
  load_filter(what.filters + head.first_filter, head.second_filter);
}

} // namespace faas::sandbox::init
