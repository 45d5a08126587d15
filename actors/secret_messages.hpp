// What actors of a node tell each other about secrets.
#pragma once

#include "actors/messages.hpp"
#include "libfaas/ports/registry_copy.hpp"

namespace faas::actors {

// -- controller ---------------------------------------------------------------

struct put_secret_call {
  put_secret_command command;
  once<secret_outcome> done;
};
struct remove_secret_call {
  remove_secret_command command;
  once<secret_outcome> done;
};
struct secrets_call {
  once<std::vector<secret_status>> done;
};
struct copy_registry_call {
  std::shared_ptr<const secret_sealer> seal; ///< null: without secrets
  once<registry_copy> done;
};
struct replace_registry_call {
  replace_registry_command command;
  once<replace_registry_outcome> done;
};
/// A node wants a value.
struct secret_wanted {
  node_name node; ///< as its link has proved
  secret_name name;
  std::function<void(wire::secret_value)> answer;
};

// -- function actor -----------------------------------------------------------

/// What the vault says to need_secrets.
struct secrets_ready {
  string_map stamps; ///< of the files that are there now
  result<std::filesystem::path> folder;
};
/// Other values are wanted than before.
struct secrets_moved {
  string_map stamps;
};

// -- vault: files with secrets, blocking --------------------------------------

/// Puts these values where that version finds them.
struct need_secrets {
  version_ref version;
  string_map stamps; ///< name: stamp
  std::function<void(secrets_ready)> done;
};
struct drop_secrets {
  version_ref version;
};
struct secret_arrived {
  node_name from;
  wire::secret_value value;
};
/// Whom to ask for values (null: nobody).
struct secret_source {
  node_name node;
  std::function<bool(wire::secret_request)> ask;
};

} // namespace faas::actors
