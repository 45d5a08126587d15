// Certificates for tests, made by the program openssl.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace faas::testing {

/// A CA and what it has signed, as PEM files in a folder of the test.
class test_ca {
public:
  struct pair {
    std::string certificate, key;
  };

  test_ca(std::filesystem::path folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)) {
    run("req -x509 " + new_key(name_) + " -days 2 -subj /CN=" + name_
        + " -out " + path(name_ + ".crt"));
  }

  std::string file() const { return path(name_ + ".crt"); }

  /// `names`: as in "IP:127.0.0.1,DNS:localhost".
  pair issue(const std::string& name, const std::string& names) const {
    const auto request = path(name + ".csr"), extra = path(name + ".ext");
    std::ofstream{extra} << "subjectAltName=" << names << "\n";
    run("req " + new_key(name) + " -subj /CN=" + name + " -out " + request);
    run("x509 -req -in " + request + " -CA " + file() + " -CAkey "
        + path(name_ + ".key") + " -CAcreateserial -days 2 -extfile " + extra
        + " -out " + path(name + ".crt"));
    return {path(name + ".crt"), path(name + ".key")};
  }

private:
  std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }
  std::string new_key(const std::string& name) const {
    return "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
           + path(name + ".key");
  }
  void run(const std::string& command) const {
    const auto all = "openssl " + command + " > " + path("openssl.log")
                     + " 2>&1";
    BOOST_REQUIRE_MESSAGE(std::system(all.c_str()) == 0, all);
  }

  std::filesystem::path folder_;
  std::string name_;
};

} // namespace faas::testing
