/* What a function author includes: the C ABI between a node and a function in
 * a shared library, version 1. Depends on nothing.
 *
 * A library exports one symbol, `faas_function_table`, a table that begins
 * with its own size. A node reads no further than that size, and a later ABI
 * version only appends, so that old libraries keep working.
 *
 * Thread rules: create, destroy, invoke and notify of one state are never
 * called at the same time; different states may run in parallel. The context, the event
 * and the sink are valid during the call only. */
#ifndef FAAS_FUNCTION_H
#define FAAS_FUNCTION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FAAS_ABI_VERSION 1

/* Bytes that the callee must not keep or free. Not zero-terminated. */
typedef struct faas_bytes {
  const char* data;
  size_t size;
} faas_bytes;

typedef struct faas_header {
  faas_bytes name;
  faas_bytes value;
} faas_header;

typedef enum faas_log_level {
  FAAS_LOG_DEBUG = 0,
  FAAS_LOG_INFO = 1,
  FAAS_LOG_WARNING = 2,
  FAAS_LOG_ERROR = 3
} faas_log_level;

/* What a function may ask of its node during one call. */
typedef struct faas_context {
  size_t table_size; /* sizeof(faas_context) of the node */
  void* node;        /* opaque; first argument of the calls below */
  /* Non-zero when nobody waits for the answer any more. */
  int (*cancelled)(void* node);
  /* Nanoseconds until the deadline; <= 0 when it has passed. */
  int64_t (*remaining_ns)(void* node);
  /* One line for the function's log. */
  void (*log)(void* node, faas_log_level level, faas_bytes text);
  /* Later than the rest; look at table_size first. As secret_path of
   * faas_config. */
  size_t (*secret_path)(void* node, faas_bytes name, char* path, size_t size);
} faas_context;

/* One event. */
typedef struct faas_event {
  size_t table_size; /* sizeof(faas_event) of the node */
  faas_bytes body;
  faas_bytes content_type;
  faas_bytes method;
  faas_bytes path; /* what follows /function/{name} */
  faas_bytes query;
  faas_bytes call_id;
  const faas_header* headers;
  size_t header_count;
} faas_event;

/* Where the answer goes. `start` may be called once, before the first write;
 * `write` any number of times: the parts are one body. Both return 0, or
 * non-zero when the answer is refused (too large, cancelled). */
typedef struct faas_sink {
  size_t table_size; /* sizeof(faas_sink) of the node */
  void* node;
  int (*start)(void* node, int status, faas_bytes content_type,
               const faas_header* headers, size_t header_count);
  int (*write)(void* node, faas_bytes part);
  /* Later than the rest; look at table_size first. What was written so far goes
   * to the caller now; status and headers with it, so that start is refused from
   * then on. Where caller or mode take answers only whole it goes with the rest,
   * which is no error. Non-zero: nobody waits any more. May wait for a caller
   * that reads slowly, at most until the deadline. */
  int (*flush)(void* node);
} faas_sink;

/* What a new instance learns about itself. */
typedef struct faas_config {
  size_t table_size; /* sizeof(faas_config) of the node */
  faas_bytes function_name;
  faas_bytes folder;              /* the unpacked bundle */
  const faas_header* environment; /* `environment:` of the manifest */
  size_t environment_count;
  /* Later than the rest; look at table_size first. Writes the path of the
   * read-only file with that secret, zero-terminated, if it fits into `size`
   * bytes. Returns its length; 0 when the manifest does not name the secret.
   * The path stays the same as long as the version runs. */
  void* node; /* opaque; first argument */
  size_t (*secret_path)(void* node, faas_bytes name, char* path, size_t size);
} faas_config;

/* What a function is told of. */
typedef enum faas_notice {
  FAAS_SECRET_CHANGED = 1 /* detail: its name; the file has the new value */
} faas_notice;

/* What the library offers. */
typedef struct faas_function_table_v1 {
  size_t table_size;    /* sizeof(faas_function_table_v1) of the library */
  uint32_t abi_version; /* FAAS_ABI_VERSION */
  uint32_t flags;       /* 0 */
  /* Makes an instance. Returns 0 and sets *state, or non-zero with a reason
   * written through `why` (at most why_size bytes, zero-terminated). */
  int (*create)(const faas_config* config, void** state, char* why,
                size_t why_size);
  void (*destroy)(void* state);
  /* Runs one event. Returns 0 when the answer was written to the sink; any
   * other value is a failure (HTTP 500). Must not throw or longjmp out. */
  int (*invoke)(void* state, const faas_context* context,
                const faas_event* event, const faas_sink* sink);
  /* Later than the rest, and may be null. Called before the next event of this
   * state, on its thread. Must not throw or longjmp out. */
  void (*notify)(void* state, faas_notice what, faas_bytes detail);
} faas_function_table_v1;

#if defined(__GNUC__)
#define FAAS_EXPORT __attribute__((visibility("default")))
#else
#define FAAS_EXPORT
#endif

/* The one exported symbol. */
extern FAAS_EXPORT const faas_function_table_v1 faas_function_table;

#ifdef __cplusplus
}
#endif

#endif /* FAAS_FUNCTION_H */
