// The four runtimes of STOIC with the lines and deployments that its scheduler
// starts from.
#pragma once

#include "libfaas/batches/types.hpp"

namespace faas::batches {

inline std::vector<runtime_spec> stoic_runtimes() {
  return {{"edge", false, {2.39549861, 13.600537473199736}, 0, -1},
          {"cpu", true, {1.33380247, 14.91093042617645}, 18, 0},
          {"gpu1", true, {0.3271631, 28.163551818338643}, 46, 0},
          {"gpu2", true, {0.19928721, 21.267003248222906}, 65, 0}};
}

} // namespace faas::batches
