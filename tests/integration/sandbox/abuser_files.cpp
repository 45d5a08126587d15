#include "abuser.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <vector>

namespace abuser {
namespace {

int read_one(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY);
  char byte;
  return file < 0 ? errno : outcome(read(file, &byte, 1));
}

int write_to(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  if (file < 0)
    return errno;
  unlink(path.c_str());
  return 0;
}

int fill(const std::string& folder) {
  const auto path = folder + "/petrel-fill";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0)
    return errno;
  const std::vector<char> bytes(64 << 10, 'x');
  int failed = 0;
  for (size_t put = 0; put < (4u << 20) && failed == 0; put += bytes.size())
    if (write(file, bytes.data(), bytes.size())
        != static_cast<ssize_t>(bytes.size()))
      failed = errno ? errno : ENOSPC;
  unlink(path.c_str());
  return failed;
}

int read_other_bundle() { return read_one(fact("OTHER_BUNDLE")); }
int read_other_secret() { return read_one(fact("OTHER_SECRET")); }
int read_beside_bundle() {
  return read_one(std::string{fact("BUNDLE")} + "/../../other/bundle/code");
}
int read_passwords() { return read_one("/etc/shadow"); }
int read_by_init_root() { return read_one("/proc/1/root/etc/shadow"); }
int write_bundle() { return write_to(std::string{fact("BUNDLE")} + "/new"); }
int write_secret() { return write_to(std::string{fact("SECRETS")} + "/new"); }
int change_bundle() {
  return outcome(chmod((std::string{fact("BUNDLE")} + "/code").c_str(), 0644));
}
int write_root() { return write_to("/petrel-abuse"); }
int write_system() { // opened only
  return outcome(open("/usr/bin/env", O_WRONLY));
}
int fill_tmp() { return fill(fact("TMP")); }
int fill_shm() { return fill("/dev/shm"); }
int huge_file() {
  const auto path = std::string{fact("TMP")} + "/petrel-huge";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  const int failed = file < 0 ? errno : outcome(ftruncate(file, 4l << 30));
  unlink(path.c_str());
  return failed;
}
int open_machine_memory() { return outcome(open("/dev/mem", O_RDONLY)); }
int make_device() {
  const auto path = std::string{fact("TMP")} + "/petrel-device";
  const int failed
    = outcome(mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)));
  unlink(path.c_str());
  return failed;
}
int list_devices() { return opendir("/sys/class") ? 0 : errno; }
int set_kernel_parameter() { // opened only
  return outcome(open("/proc/sys/kernel/hostname", O_WRONLY));
}

constexpr abuse all[] = {
  {"read another function's bundle", read_other_bundle},
  {"read another function's secret", read_other_secret},
  {"read beside the bundle by ..", read_beside_bundle},
  {"read the machine's passwords", read_passwords},
  {"read through /proc/1/root", read_by_init_root},
  {"write into the bundle", write_bundle},
  {"write into the secrets", write_secret},
  {"change the bundle's modes", change_bundle},
  {"write to the root folder", write_root},
  {"write to a system program", write_system},
  {"fill /tmp", fill_tmp},
  {"fill /dev/shm", fill_shm},
  {"make a huge file", huge_file},
  {"open the machine's memory", open_machine_memory},
  {"make a device", make_device},
  {"list devices in /sys", list_devices},
  {"set a kernel parameter", set_kernel_parameter},
};

} // namespace

std::span<const abuse> on_files() {
  return all;
}

} // namespace abuser
