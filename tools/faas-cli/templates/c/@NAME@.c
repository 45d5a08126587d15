#include <faas/function.h>

static int create(const faas_config* config, void** state, char* why,
                  size_t why_size) {
  *state = 0;
  return 0;
}

static void destroy(void* state) {}

/* Answers with the body of the event. */
static int invoke(void* state, const faas_context* context,
                  const faas_event* event, const faas_sink* sink) {
  if (sink->start(sink->node, 200, event->content_type, 0, 0))
    return 1;
  return sink->write(sink->node, event->body);
}

const faas_function_table_v1 faas_function_table
  = {sizeof(faas_function_table_v1), FAAS_ABI_VERSION, 0, create, destroy,
     invoke};
