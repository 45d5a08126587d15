// Built when the table of version 1 ended with invoke.
#define faas_function_table faas_function_table_of_today
#include <faas/function.h>
#undef faas_function_table

namespace {

int create(const faas_config*, void** state, char*, size_t) {
  *state = nullptr;
  return 0;
}
void destroy(void*) {}
int invoke(void*, const faas_context*, const faas_event*,
           const faas_sink* sink) {
  return sink->write(sink->node, {"first", 5});
}

struct first_table {
  size_t table_size;
  uint32_t abi_version;
  uint32_t flags;
  decltype(&create) make;
  decltype(&destroy) end;
  decltype(&invoke) run;
  const void* behind; // not part of the table
};

} // namespace

extern "C" FAAS_EXPORT const first_table faas_function_table
  = {offsetof(first_table, behind), 1, 0, &create, &destroy, &invoke,
     reinterpret_cast<const void*>(1)};
