#include "tools/faas-cli/curl_client.hpp"

#include <cstdio>
#include <curl/curl.h>

namespace faas::cli {
namespace {

constexpr size_t max_answer = 64 * 1024 * 1024;
/// Without a byte in either direction for so long, an upload is given up. The
/// gateway is silent while it verifies a large bundle.
constexpr long stalled_upload_seconds = 120;

/// What one call reads and writes.
struct exchange {
  const http_request& request;
  CURL* easy;
  http_response response;
  std::FILE* file = nullptr;
  bool too_large = false;
};

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& call = *static_cast<exchange*>(user);
  const std::string_view part{data, size * count};
  long status = 0;
  curl_easy_getinfo(call.easy, CURLINFO_RESPONSE_CODE, &status);
  if (call.request.on_data && status < 300)
    return call.request.on_data(part) ? part.size() : 0;
  if (call.response.body.size() + part.size() > max_answer) {
    call.too_large = true;
    return 0;
  }
  call.response.body += part;
  return part.size();
}

size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& call = *static_cast<exchange*>(user);
  std::string_view line{data, size * count};
  if (line.starts_with("HTTP/")) // a new head: after 100 Continue, say
    call.response.headers.clear();
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n'))
    line.remove_suffix(1);
  if (auto header = parse_header(line))
    call.response.headers.push_back(std::move(*header));
  return size * count;
}

size_t on_read(char* data, size_t size, size_t count, void* user) {
  return std::fread(data, 1, size * count, static_cast<std::FILE*>(user));
}

int on_seek(void* user, curl_off_t offset, int origin) {
  return ::fseeko(static_cast<std::FILE*>(user), offset, origin) == 0
           ? CURL_SEEKFUNC_OK
           : CURL_SEEKFUNC_FAIL;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t total,
                curl_off_t sent) {
  auto& call = *static_cast<exchange*>(user);
  call.request.on_progress(static_cast<uint64_t>(sent),
                           static_cast<uint64_t>(total));
  return 0;
}

errc code_of(CURLcode code) noexcept {
  switch (code) {
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL:
    return errc::invalid_argument;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
    return errc::unavailable;
  case CURLE_OPERATION_TIMEDOUT:
    return errc::deadline_exceeded;
  default:
    return errc::outcome_unknown;
  }
}

class header_slist {
public:
  explicit header_slist(const header_list& headers) {
    add("Expect:"); // no waiting for 100 Continue
    for (const auto& [name, value] : headers)
      add(name + (value.empty() ? ";" : ": " + value));
  }
  ~header_slist() { curl_slist_free_all(list_); }
  curl_slist* get() const noexcept { return list_; }

private:
  void add(const std::string& line) {
    list_ = curl_slist_append(list_, line.c_str());
  }
  curl_slist* list_ = nullptr;
};

struct close_file {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using file_ptr = std::unique_ptr<std::FILE, close_file>;

void set_common(CURL* easy, const http_request& request, exchange& call) {
  using namespace std::chrono;
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "faas-cli");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
  curl_easy_setopt(
    easy, CURLOPT_TIMEOUT_MS,
    static_cast<long>(duration_cast<milliseconds>(request.timeout).count()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &call);
  if (request.on_progress) {
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &call);
  }
}

void set_body(CURL* easy, const http_request& request, std::FILE* file,
              uint64_t size) {
  if (file) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stalled_upload_seconds);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, file);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, file);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(size));
  } else if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty() || request.method == "POST"
             || request.method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

} // namespace

struct curl_client::handle {
  CURL* easy = curl_easy_init();
  bool verify = true;
  ~handle() { curl_easy_cleanup(easy); }
};

curl_client::curl_client(bool verify) : handle_(std::make_unique<handle>()) {
  handle_->verify = verify;
}

curl_client::~curl_client() = default;

result<http_response> curl_client::send(const http_request& request) {
  auto* easy = handle_->easy;
  if (!easy)
    return {errc::internal, "libcurl could not be started"};
  curl_easy_reset(easy); // keeps the connection
  exchange call{request, easy, {}, nullptr, false};
  const header_slist headers{request.headers};
  file_ptr file;
  uint64_t size = 0;
  if (!request.body_file.empty()) {
    std::error_code failure;
    size = std::filesystem::file_size(request.body_file, failure);
    file.reset(failure ? nullptr : std::fopen(request.body_file.c_str(), "rb"));
    if (!file)
      return {errc::not_found, "cannot read " + request.body_file.string()};
  }
  set_common(easy, request, call);
  set_body(easy, request, file.get(), size);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  if (!handle_->verify) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason);
  const auto start = std::chrono::steady_clock::now();
  const auto code = curl_easy_perform(easy);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  call.response.took = std::chrono::steady_clock::now() - start;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  call.response.status = static_cast<int>(status);
  if (code == CURLE_OK)
    return std::move(call.response);
  if (call.too_large)
    return {errc::too_large, "the answer has more than "
                               + std::to_string(max_answer) + " bytes"};
  if (code == CURLE_WRITE_ERROR)
    return {errc::cancelled, "stopped"};
  // An early refusal of an upload is an answer, even if the rest was cut.
  if (status >= 400 && code != CURLE_OPERATION_TIMEDOUT)
    return std::move(call.response);
  return {code_of(code), reason[0] ? reason : curl_easy_strerror(code)};
}

} // namespace faas::cli
