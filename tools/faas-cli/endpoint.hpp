// Which gateway a command talks to, and as whom.
#pragma once

#include "tools/faas-cli/manifest_file.hpp"

namespace faas::cli {

struct endpoint {
  std::string url;           ///< without a final slash
  std::string authorization; ///< value of the header; may be empty
  std::string token_source;  ///< where the credential is from, for messages
};

/// -g/--gateway, else the manifest's provider.gateway, else PETREL_GATEWAY,
/// else OPENFAAS_URL, else http://127.0.0.1:8080. errc::invalid_argument when
/// it is no http or https address.
result<std::string> gateway_url(const machine& system, const arguments& args,
                                const manifest_file* file);

/// True for 127.0.0.0/8, ::1 and localhost.
bool is_loopback(std::string_view url);

/// The credential: -p/--password (user -u, "admin"), --token-file,
/// PETREL_TOKEN_FILE, or the token file of this machine's node. The last is
/// sent to loopback only: it is nobody else's business.
result<endpoint> resolve_endpoint(const machine& system, const arguments& args,
                                  const manifest_file* file);

/// Both, for commands that need the manifest for its gateway only.
result<endpoint> find_endpoint(session& s, const arguments& args);

/// RFC 4648.
std::string base64(std::string_view bytes);

} // namespace faas::cli
