// What a C++ function author includes: a thin layer over faas/function.h.
//
//   #include <faas/function.hpp>
//   std::string hello(const faas::sdk::request& event) {
//     return "Hello, " + std::string{event.body()} + "!\n";
//   }
//   FAAS_FUNCTION(hello)
//
// A handler is a function or a class with operator(), of one of these shapes
// (the context may be left out of the first two):
//
//   std::string (const request&, context&)       the body, status 200
//   response    (const request&, context&)       status, type, headers, body
//   void (const request&, context&, response_writer&)    in parts
//
// A class may have `void secret_changed(std::string_view name)`, which is called
// before its next event when the manifest says `secret_change: notify`.
//
// A class is one object per instance, constructed with `const config&` or
// without arguments; its operator() is never called by two threads at once.
// Exceptions end the call with HTTP 500; their text goes to the function's log.
#pragma once

#include "function.h"

#include <chrono>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace faas::sdk {

inline std::string_view view(faas_bytes bytes) noexcept {
  return {bytes.data, bytes.size};
}
inline faas_bytes bytes(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// Value of a header, by name without case; empty when absent.
inline std::string_view find(const faas_header* headers, size_t count,
                             std::string_view name) noexcept {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  for (size_t i = 0; i < count; ++i) {
    const auto other = view(headers[i].name);
    size_t at = 0;
    while (at < name.size() && at < other.size()
           && lower(name[at]) == lower(other[at]))
      ++at;
    if (at == name.size() && at == other.size())
      return view(headers[i].value);
  }
  return {};
}

/// One event. All views end with the call.
class request {
public:
  explicit request(const faas_event& event) noexcept : event_(event) {}
  std::string_view body() const noexcept { return view(event_.body); }
  std::string_view content_type() const noexcept {
    return view(event_.content_type);
  }
  std::string_view method() const noexcept { return view(event_.method); }
  /// What follows /function/{name}.
  std::string_view path() const noexcept { return view(event_.path); }
  std::string_view query() const noexcept { return view(event_.query); }
  std::string_view call_id() const noexcept { return view(event_.call_id); }
  std::string_view header(std::string_view name) const noexcept {
    return find(event_.headers, event_.header_count, name);
  }
  const faas_event& raw() const noexcept { return event_; }

private:
  const faas_event& event_;
};

/// Path of the file with a secret; empty when the manifest does not name it, or
/// when the node is older than secrets. `Table` is faas_config or faas_context.
template <class Table>
std::string secret_path(const Table& node, std::string_view name) {
  constexpr auto end = offsetof(Table, secret_path) + sizeof(node.secret_path);
  if (node.table_size < end || node.secret_path == nullptr)
    return {};
  std::string path(256, 0);
  auto size = node.secret_path(node.node, bytes(name), path.data(), path.size());
  if (size >= path.size()) {
    path.resize(size + 1);
    size = node.secret_path(node.node, bytes(name), path.data(), path.size());
  }
  path.resize(size);
  return path;
}

using headers = std::vector<std::pair<std::string, std::string>>;

struct response {
  std::string body = {};
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  sdk::headers headers = {};
};

/// What a function may ask of its node during one call.
class context {
public:
  explicit context(const faas_context& node) noexcept : node_(node) {}
  /// True when nobody waits for the answer any more: stop early.
  bool cancelled() const noexcept { return node_.cancelled(node_.node) != 0; }
  /// Time until the deadline; zero or negative when it has passed.
  std::chrono::nanoseconds remaining() const noexcept {
    return std::chrono::nanoseconds{node_.remaining_ns(node_.node)};
  }
  /// One line for the function's log.
  void log(std::string_view text,
           faas_log_level level = FAAS_LOG_INFO) const noexcept {
    node_.log(node_.node, level, bytes(text));
  }
  /// Path of the read-only file with a secret of the manifest; else empty.
  std::string secret_path(std::string_view name) const {
    return sdk::secret_path(node_, name);
  }

private:
  const faas_context& node_;
};

/// Writes an answer in parts. False (start) and false (write): the node takes
/// no more, because the answer is too large or nobody waits; stop.
class response_writer {
public:
  explicit response_writer(const faas_sink& sink) noexcept : sink_(sink) {}
  /// At most once, before the first write; without it the status is 200.
  bool start(int status, std::string_view content_type,
             const sdk::headers& headers = {}) {
    std::vector<faas_header> list;
    for (const auto& [name, value] : headers)
      list.push_back({bytes(name), bytes(value)});
    return sink_.start(sink_.node, status, bytes(content_type), list.data(),
                       list.size())
           == 0;
  }
  bool write(std::string_view part) noexcept {
    return sink_.write(sink_.node, bytes(part)) == 0;
  }
  /// What was written so far goes to the caller now, not with the end of the
  /// answer (events of an EventSource, progress); where caller, mode or node take
  /// answers only whole, with the rest. False: nobody waits any more.
  bool flush() noexcept {
    constexpr auto end = offsetof(faas_sink, flush) + sizeof(sink_.flush);
    return sink_.table_size < end || sink_.flush == nullptr
           || sink_.flush(sink_.node) == 0;
  }

private:
  const faas_sink& sink_;
};

/// What a new instance learns about itself. Ends with the constructor.
class config {
public:
  explicit config(const faas_config& node) noexcept : node_(node) {}
  std::string_view function_name() const noexcept {
    return view(node_.function_name);
  }
  /// Folder of the unpacked bundle, for files that came with the function.
  std::string_view folder() const noexcept { return view(node_.folder); }
  /// `environment:` of the manifest; empty when absent.
  std::string_view environment(std::string_view name) const noexcept {
    return find(node_.environment, node_.environment_count, name);
  }
  /// Path of the read-only file with a secret of the manifest; else empty.
  std::string secret_path(std::string_view name) const {
    return sdk::secret_path(node_, name);
  }

private:
  const faas_config& node_;
};

} // namespace faas::sdk

#include "function_table.hpp"

/// Exports a handler as this library's function; once per library, outside of
/// any namespace.
#define FAAS_FUNCTION(handler)                                                 \
  extern "C" FAAS_EXPORT const faas_function_table_v1 faas_function_table      \
    = faas::sdk::detail::table_of<                                             \
      decltype(faas::sdk::detail::pick<handler>())>();
