// How FAAS_FUNCTION turns a handler into the table of the C ABI. Authors need
// not read it; include faas/function.hpp.
#pragma once

#include "function.hpp"

namespace faas::sdk::detail {

/// Gives any handler the shape with all arguments, and writes what it returns.
template <class Call>
void answer(Call& call, const request& event, context& node,
            response_writer& out) {
  constexpr bool in_parts
    = std::is_invocable_v<Call&, const request&, context&, response_writer&>;
  constexpr bool with_context
    = std::is_invocable_v<Call&, const request&, context&>;
  static_assert(in_parts || with_context
                  || std::is_invocable_v<Call&, const request&>,
                "a handler takes (const request&), (const request&, context&) "
                "or (const request&, context&, response_writer&)");
  const auto send = [&](const response& reply) {
    if (out.start(reply.status, reply.content_type, reply.headers))
      out.write(reply.body);
  };
  if constexpr (in_parts) {
    call(event, node, out);
  } else {
    const auto one = [&]() -> decltype(auto) {
      if constexpr (with_context)
        return call(event, node);
      else
        return call(event);
    };
    using returned = std::remove_cvref_t<decltype(one())>;
    if constexpr (std::is_same_v<returned, response>) {
      send(one());
    } else {
      static_assert(std::is_convertible_v<returned, std::string>,
                    "a handler returns std::string or faas::sdk::response, or "
                    "takes a response_writer");
      if (const std::string body = one();
          out.start(200, "text/plain; charset=utf-8"))
        out.write(body);
    }
  }
}

/// Handler that is a class: one object per instance.
template <class Class>
struct class_handler {
  static Class* make(const config& node) {
    if constexpr (std::is_constructible_v<Class, const config&>)
      return new Class(node);
    else
      return new Class();
  }
  Class* object;
  void run(const request& event, context& node, response_writer& out) {
    answer(*object, event, node, out);
  }
  static void destroy(Class* object) { delete object; }
  static void notify(Class* object, faas_notice what, std::string_view detail) {
    if constexpr (requires { object->secret_changed(detail); })
      if (what == FAAS_SECRET_CHANGED)
        object->secret_changed(detail);
  }
};

/// Handler that is a function: no state.
template <auto Function>
struct free_handler {
  static void* make(const config&) { return nullptr; }
  void* object;
  void run(const request& event, context& node, response_writer& out) {
    auto call = Function;
    answer(call, event, node, out);
  }
  static void destroy(void*) {}
  static void notify(void*, faas_notice, std::string_view) {}
};

// A macro argument may be a type or a function: overloads tell them apart.
template <class Class>
class_handler<Class> pick();
template <auto Function>
free_handler<Function> pick();

inline void copy_reason(const char* text, char* why, size_t why_size) noexcept {
  if (why_size == 0)
    return;
  size_t at = 0;
  for (; text[at] != 0 && at + 1 < why_size; ++at)
    why[at] = text[at];
  why[at] = 0;
}

template <class Handler>
int create(const faas_config* node, void** state, char* why, size_t why_size) {
  try {
    *state = Handler::make(config{*node});
    return 0;
  } catch (const std::exception& e) {
    copy_reason(e.what(), why, why_size);
  } catch (...) {
    copy_reason("exception that is no std::exception", why, why_size);
  }
  return 1;
}

template <class Handler>
void destroy(void* state) {
  using object = decltype(Handler::object);
  Handler::destroy(static_cast<object>(state));
}

/// What it throws is lost: nobody waits for an answer.
template <class Handler>
void notify(void* state, faas_notice what, faas_bytes detail) {
  using object = decltype(Handler::object);
  try {
    Handler::notify(static_cast<object>(state), what, view(detail));
  } catch (...) {
  }
}

template <class Handler>
int invoke(void* state, const faas_context* node, const faas_event* event,
           const faas_sink* sink) {
  context calls{*node};
  try {
    using object = decltype(Handler::object);
    response_writer out{*sink};
    Handler{static_cast<object>(state)}.run(request{*event}, calls, out);
    return 0;
  } catch (const std::exception& e) {
    calls.log(e.what(), FAAS_LOG_ERROR);
  } catch (...) {
    calls.log("exception that is no std::exception", FAAS_LOG_ERROR);
  }
  return 1;
}

template <class Handler>
constexpr faas_function_table_v1 table_of() {
  return {sizeof(faas_function_table_v1),
          FAAS_ABI_VERSION,
          0,
          &create<Handler>,
          &destroy<Handler>,
          &invoke<Handler>,
          &notify<Handler>};
}

} // namespace faas::sdk::detail
