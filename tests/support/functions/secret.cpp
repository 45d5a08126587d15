// Tells what it knows of the secret that the variable SECRET names. Bodies:
// "now" its value, "begun" its value when the instance was made, "path",
// "stat" mode and file system, "told" names that it was told of, "instances".
#include <faas/function.hpp>

#include <atomic>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace {

std::atomic<int> made{0};

std::string content(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct secret {
  explicit secret(const faas::sdk::config& node)
    : name(node.environment("SECRET")), begun(content(node.secret_path(name))) {
    ++made;
    if (begun == "poison")
      throw std::runtime_error("this value is of no use");
  }
  void secret_changed(std::string_view which) {
    told += (told.empty() ? "" : ",") + std::string{which};
  }
  std::string operator()(const faas::sdk::request& event,
                         faas::sdk::context& node) {
    const auto path = node.secret_path(name);
    const auto body = event.body();
    if (body == "now")
      return content(path);
    if (body == "begun")
      return begun;
    if (body == "told")
      return told;
    if (body == "path")
      return path;
    if (body == "other")
      return node.secret_path("other");
    if (body == "instances")
      return std::to_string(made);
    if (body == "stat") {
      struct stat file {};
      struct statfs system {};
      ::stat(path.c_str(), &file);
      ::statfs(path.c_str(), &system);
      return std::to_string(file.st_mode & 0777) + " "
             + std::to_string(system.f_type);
    }
    return "?";
  }
  std::string name, begun, told;
};

} // namespace

FAAS_FUNCTION(secret)
