// What a client presents in the Authorization header.
#pragma once

#include "libfaas/event/invocation.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace faas::auth {

/// The token of `Bearer TOKEN`, or of `Basic` with user "admin" and the token
/// as password (what faas-cli login sends). Empty when there is none.
std::string presented_token(const header_list& headers);

/// Standard alphabet, padding required (RFC 4648, section 4).
std::optional<std::string> decode_base64(std::string_view text);

} // namespace faas::auth
