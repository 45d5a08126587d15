#include <faas/function.h>

static int create(const faas_config*, void**, char*, size_t) {
  return 0;
}

extern "C" FAAS_EXPORT const faas_function_table_v1 faas_function_table
  = {sizeof(faas_function_table_v1), 1, 0, &create, nullptr, nullptr};
