#include "functions/native/native_instance.hpp"

#include "functions/native/reply_sink.hpp"
#include "libfaas/core/limits.hpp"

#include <array>
#include <cstring>
#include <exception>

namespace faas::native {
namespace {

/// What an error line may add to the message that a caller sees.
constexpr size_t error_text_bytes = 512;

faas_bytes bytes(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// For faas_config and faas_context; `folder` may be null.
size_t copy_path(const secret_folder* folder, faas_bytes name, char* path,
                 size_t size) noexcept {
  if (folder == nullptr || name.data == nullptr)
    return 0;
  try {
    const auto found = folder->path_of({name.data, name.size});
    if (path != nullptr && found.size() < size)
      std::memcpy(path, found.c_str(), found.size() + 1);
    return found.size();
  } catch (const std::exception&) { // out of memory
    return 0;
  }
}

size_t config_path(void* node, faas_bytes name, char* path,
                   size_t size) noexcept {
  return copy_path(static_cast<const secret_folder*>(node), name, path, size);
}

/// Without the heap, which call_id::to_string() needs.
class call_id_text {
public:
  explicit call_id_text(const call_id& id) noexcept {
    constexpr char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (int byte = 0; byte < 16; ++byte) {
      if (byte == 4 || byte == 6 || byte == 8 || byte == 10)
        text_[at++] = '-';
      const auto word = byte < 8 ? id.high : id.low;
      const auto value = word >> (56 - 8 * (byte % 8)) & 255;
      text_[at++] = digits[value >> 4];
      text_[at++] = digits[value & 15];
    }
  }
  faas_bytes view() const noexcept { return {text_.data(), text_.size()}; }

private:
  std::array<char, 36> text_;
};

/// The context of one call as the C ABI sees it.
class call_context {
public:
  call_context(invocation_context& context,
               const secret_folder* secrets) noexcept
    : context_(context), secrets_(secrets) {}
  faas_context table() noexcept {
    return {sizeof(faas_context), this, &cancelled,
            &remaining,           &log, &secret_path};
  }
  /// The last line of level error in this call.
  const std::string& last_error() const noexcept { return last_error_; }

private:
  static call_context& self(void* node) noexcept {
    return *static_cast<call_context*>(node);
  }
  static int cancelled(void* node) noexcept {
    return self(node).context_.cancelled() ? 1 : 0;
  }
  static int64_t remaining(void* node) noexcept {
    return self(node).context_.remaining().count();
  }
  static void log(void* node, faas_log_level level, faas_bytes text) noexcept {
    std::string_view line{text.data ? text.data : "",
                          text.data ? text.size : 0};
    line = line.substr(0, limits::log_line_bytes);
    const auto checked = level < FAAS_LOG_DEBUG || level > FAAS_LOG_ERROR
                           ? log_level::error
                           : static_cast<log_level>(level);
    auto& call = self(node);
    call.context_.log(checked, line);
    if (checked == log_level::error) {
      try {
        call.last_error_ = line.substr(0, error_text_bytes);
      } catch (const std::exception&) {
        call.last_error_.clear(); // no memory: the log has the line
      }
    }
  }

  static size_t secret_path(void* node, faas_bytes name, char* path,
                            size_t size) noexcept {
    return copy_path(self(node).secrets_, name, path, size);
  }

  invocation_context& context_;
  const secret_folder* secrets_;
  std::string last_error_;
};

} // namespace

result<std::unique_ptr<function_instance>>
native_instance::create(std::shared_ptr<const library> code,
                        const instance_config& config) {
  std::vector<faas_header> environment;
  for (const auto& [name, value] : config.environment)
    environment.push_back({bytes(name), bytes(value)});
  // What changes from here on is told to the instance.
  const auto seen = config.secrets ? config.secrets->changes() : 0;
  const faas_config about{
    sizeof(faas_config),
    bytes(config.function),
    bytes(config.folder),
    environment.data(),
    environment.size(),
    const_cast<secret_folder*>(config.secrets.get()), // read only behind it
    &config_path};
  const auto failed = [&](std::string why) {
    return error{errc::bad_bundle,
                 "the function could not make an instance: " + why,
                 "mend its create function or constructor"};
  };
  void* state = nullptr;
  std::array<char, 512> why{};
  try {
    const int rc = code->table().create(&about, &state, why.data(), why.size());
    why.back() = 0;
    if (rc != 0)
      return failed(why.front() ? why.data()
                                : "create returned " + std::to_string(rc));
  } catch (const std::exception& e) {
    return failed(std::string{"exception: "} + e.what());
  } catch (...) {
    return failed("an exception that is no std::exception");
  }
  const auto limit = config.max_body;
  std::unique_ptr<function_instance> made{new native_instance{
    std::move(code), state, limit, config.secrets, seen}};
  return made;
}

native_instance::~native_instance() {
  try {
    code_->table().destroy(state_);
  } catch (...) {
    // Nobody is left to be told; the instance is gone either way.
  }
}

reply native_instance::invoke(const invocation& event,
                              invocation_context& context) noexcept {
  try {
    return run(event, context);
  } catch (const std::exception& e) { // our own: out of memory
    return reply::failure({errc::internal, e.what(), "see the node's log"});
  }
}

/// Instances that are replaced for a change never come to this.
void native_instance::tell_changes(invocation_context& context) {
  const auto now = secrets_->changes();
  const auto names = secrets_->changed_since(std::exchange(seen_, now));
  try {
    for (const auto& name : names)
      code_->notify(state_, FAAS_SECRET_CHANGED, bytes(name));
  } catch (...) {
    context.log(log_level::error, "the function's notify threw");
  }
}

reply native_instance::run(const invocation& event,
                           invocation_context& context) {
  if (secrets_ && secrets_->changes() != seen_) [[unlikely]]
    tell_changes(context);
  headers_.clear();
  for (const auto& header : event.headers)
    headers_.push_back({bytes(header.name), bytes(header.value)});
  const call_id_text id{event.id};
  const faas_event view{
    sizeof(faas_event),  bytes(event.body.view()), bytes(event.content_type),
    bytes(event.method), bytes(event.path),        bytes(event.query),
    id.view(),           headers_.data(),          headers_.size()};
  call_context calls{context, secrets_.get()};
  const auto node = calls.table();
  reply_sink answer{max_body_, context};
  const auto sink = answer.table();
  int code = 1;
  const auto threw = [&](const char* what) {
    context.log(log_level::error, what);
    answer.fail(std::string{"the function threw: "} + what,
                "catch it in the function");
  };
  try {
    code = code_->table().invoke(state_, &node, &view, &sink);
  } catch (const std::exception& e) {
    threw(e.what());
  } catch (...) {
    threw("an exception that is no std::exception");
  }
  return answer.finish(code, calls.last_error());
}

} // namespace faas::native
