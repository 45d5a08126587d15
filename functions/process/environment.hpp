// The environment of a function's program.
#pragma once

#include "libfaas/event/invocation.hpp"
#include "libfaas/ports/runtime.hpp"

#include <string>
#include <string_view>

namespace faas::process {

/// Where programs are looked for, unless the manifest says another PATH.
inline constexpr std::string_view usual_path = "/usr/local/bin:/usr/bin:/bin";

/// What every program of a function gets: PATH, HOME, LANG, what the manifest
/// says (which wins), PETREL_FUNCTION, PETREL_VERSION, PETREL_SECRETS (the
/// folder of its secrets; only when it has some), PYTHONPATH (only when the
/// bundle has python_packages, where faas-cli installs; before what the
/// manifest says).
string_map base_environment(const load_request& from);

/// What a program finds in AWS Lambda besides, of which the manifest's
/// environment wins: AWS_LAMBDA_FUNCTION_NAME and others.
string_map lambda_environment(const load_request& from);

/// "user-agent" -> "User-Agent", as Go spells headers.
std::string canonical_header(std::string_view name);

/// The variables of one event, as of-watchdog names them: Http_User_Agent for
/// a header (of a repeated one the first), Http_Method, Http_Path (decoded),
/// Http_Query, Http_Content_Length, Http_X_Call_Id. Bytes that have no place
/// in an environment are left out of values; a header whose name has other
/// characters than letters, digits and '-' is left out.
string_map event_environment(const invocation& event);

/// "%41" -> "A"; what is no escape stays as it is.
std::string percent_decoded(std::string_view text);

/// The port of "http://127.0.0.1:5000/x"; 80 when it names none; 0: no URL of
/// this machine that could be served.
uint16_t port_of_url(std::string_view url) noexcept;

} // namespace faas::process
