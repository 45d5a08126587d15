// faas-cli: deploys, calls and watches functions.
#include "tools/faas-cli/app.hpp"
#include "tools/faas-cli/curl_client.hpp"

#include <algorithm>
#include <curl/curl.h>
#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) {
  using namespace faas::cli;
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + 1, argv + argc);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const bool verify
    = std::find(words.begin(), words.end(), "--tls-no-verify") == words.end();
  curl_client http{verify};
  real_machine system;
  session s{system, http,           std::cin,       std::cout,     std::cerr,
            {},     isatty(0) != 0, isatty(1) != 0, isatty(2) != 0};
  const auto code = run(s, words);
  return static_cast<int>(code);
}
