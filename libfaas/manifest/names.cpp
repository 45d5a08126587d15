// Names of the manifest's enums, as written in stack.yml.
#include "libfaas/manifest/choices.hpp"

namespace faas {

std::string_view name(runtime_kind kind) noexcept {
  switch (kind) {
  case runtime_kind::native:
    return "native";
  case runtime_kind::torch:
    return "torch";
  case runtime_kind::process:
    return "process";
  }
  return "unknown";
}

std::string_view name(artifact_kind kind) noexcept {
  switch (kind) {
  case artifact_kind::native:
    return "native";
  case artifact_kind::torchscript:
    return "torchscript";
  case artifact_kind::aoti:
    return "aoti";
  }
  return "unknown";
}

std::string_view name(trust_mode mode) noexcept {
  switch (mode) {
  case trust_mode::isolated:
    return "isolated";
  case trust_mode::threads:
    return "threads";
  case trust_mode::inline_:
    return "inline";
  }
  return "unknown";
}

std::string_view name(process_protocol protocol) noexcept {
  switch (protocol) {
  case process_protocol::http:
    return "http";
  case process_protocol::fork:
    return "fork";
  case process_protocol::worker:
    return "worker";
  case process_protocol::lambda:
    return "lambda";
  }
  return "unknown";
}

std::string_view name(device_choice where) noexcept {
  switch (where) {
  case device_choice::automatic:
    return "auto";
  case device_choice::cpu:
    return "cpu";
  case device_choice::cuda:
    return "cuda";
  }
  return "unknown";
}

std::string_view name(process_listen where) noexcept {
  switch (where) {
  case process_listen::port:
    return "port";
  case process_listen::unix_socket:
    return "unix";
  }
  return "unknown";
}

std::string_view name(secret_policy what) noexcept {
  switch (what) {
  case secret_policy::restart:
    return "restart";
  case secret_policy::notify:
    return "notify";
  }
  return "unknown";
}

std::string_view name(size_feature::kind kind) noexcept {
  switch (kind) {
  case size_feature::kind::bytes:
    return "bytes";
  case size_feature::kind::header:
    return "header";
  case size_feature::kind::json_pointer:
    return "json";
  case size_feature::kind::items:
    return "items";
  }
  return "unknown";
}

} // namespace faas
