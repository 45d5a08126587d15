/* The number of words in the body: the C ABI without anything around it. */
#include <faas/function.h>

#include <stdio.h>

static int create(const faas_config* config, void** state, char* why,
                  size_t why_size) {
  (void)config, (void)why, (void)why_size;
  *state = NULL;
  return 0;
}

static void destroy(void* state) { (void)state; }

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int invoke(void* state, const faas_context* context,
                  const faas_event* event, const faas_sink* sink) {
  (void)state;
  size_t words = 0;
  int inside = 0;
  for (size_t i = 0; i < event->body.size; ++i) {
    if (i % 65536 == 0 && context->cancelled(context->node))
      return 1; /* nobody waits any more */
    const int blank = is_blank(event->body.data[i]);
    words += !blank && !inside;
    inside = !blank;
  }
  char text[32];
  const int size = snprintf(text, sizeof(text), "%zu\n", words);
  const faas_bytes type = {"text/plain", 10};
  if (sink->start(sink->node, 200, type, NULL, 0))
    return 1;
  const faas_bytes answer = {text, (size_t)size};
  return sink->write(sink->node, answer);
}

const faas_function_table_v1 faas_function_table
  = {sizeof(faas_function_table_v1), FAAS_ABI_VERSION, 0, create, destroy,
     invoke, NULL};
