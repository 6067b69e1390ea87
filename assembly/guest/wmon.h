/*
 * The guest ABI of wasm-monitoring for C99 and C++: the imports of module `monitor`, and what
 * encodes their messages (../README.md, "What a guest imports" and "Messages"). Header only.
 * It allocates nothing: messages are written into a buffer of the caller's, often on the stack;
 * one that does not fit is not sent and the result is WMON_BUFFER_TOO_SMALL. No call traps.
 */
#ifndef WMON_H
#define WMON_H

#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WMON_IMPORT(name) __attribute__((import_module("monitor"), import_name(name)))

/* Results of registrations. Zero and above is success: an id or a handle. */
enum {
  WMON_MALFORMED = -1,
  WMON_NAME_INVALID = -2,
  WMON_NAME_TAKEN = -3,
  WMON_TAG_INVALID = -4,
  WMON_FIELD_INVALID = -5,
  WMON_PARAMETER_INVALID = -6,
  WMON_LIMIT_REACHED = -7,
  WMON_OUT_OF_MEMORY = -8,
  WMON_NO_SUCH_THING = -9,
  /* This header's own: the message did not fit into the caller's buffer. */
  WMON_BUFFER_TOO_SMALL = -100
};

/* Results of block devices; 0 is success. */
enum {
  WMON_BLOCK_NO_SUCH_DEVICE = -20,
  WMON_BLOCK_UNALIGNED = -21,     /* offset or length is not whole sectors */
  WMON_BLOCK_OUT_OF_BOUNDS = -22, /* ends past the device */
  WMON_BLOCK_READONLY = -23,
  WMON_BLOCK_FAULT = -24,    /* not all in memory, or over WMON_BLOCK_BYTES_MAX */
  WMON_BLOCK_IO_ERROR = -25, /* the storage failed: the host's log says more */
  WMON_BLOCK_NO_SPACE = -26  /* the storage is full */
};

/* Bytes that one wmon_block_read or wmon_block_write may move. */
#define WMON_BLOCK_BYTES_MAX 16777216

enum wmon_field_type {
  WMON_BOOL = 0,
  WMON_F64 = 1,
  WMON_I64 = 2,
  WMON_U64 = 3,
  WMON_DURATION = 4, /* nanoseconds */
  WMON_COUNTER = 5,
  WMON_FLOAT_COUNTER = 6,
  WMON_GAUGE = 7,
  WMON_FLOAT_GAUGE = 8,
  WMON_HISTOGRAM = 9, /* parameters: ascending upper bounds, +Inf is implied */
  WMON_SUMMARY = 10,  /* parameters: quantiles in [0, 1] */
  WMON_TEXT = 11      /* parameter: capacity in bytes; 64 without */
};

enum wmon_level {
  WMON_APP = 1,
  WMON_ERROR = 2,
  WMON_WARNING = 3,
  WMON_INFO = 4,
  WMON_DEBUG = 5
};

enum wmon_source_flag {
  WMON_FAMILY = 1,    /* a Prometheus-style family: one field, names are checked, not mapped */
  WMON_EXACT_NAME = 2 /* counters get no `_total` */
};

/* The imports. A handle that is wrong or negative writes nothing and is counted. */

/* Registers a source definition; a source id or a negative result. */
WMON_IMPORT("source") int32_t wmon_source(const void *message, uint32_t bytes);
/* Finds or makes a series; the handle of its first field, the others follow by one each. */
WMON_IMPORT("series") int32_t wmon_series(int32_t source, const void *message, uint32_t bytes);
/* Adds; negative and NaN are refused. */
WMON_IMPORT("counter_add") void wmon_counter_add(int32_t handle, double value);
/* Sets a gauge, float, bool (0, 1) or duration (ns). */
WMON_IMPORT("gauge_set") void wmon_gauge_set(int32_t handle, double value);
WMON_IMPORT("gauge_add") void wmon_gauge_add(int32_t handle, double value);
/* Sets a WMON_I64 or WMON_U64 field. */
WMON_IMPORT("integer_set") void wmon_integer_set(int32_t handle, int64_t value);
/* One observation of a histogram or summary. */
WMON_IMPORT("observe") void wmon_observe(int32_t handle, double value);
WMON_IMPORT("text_set") void wmon_text_set(int32_t handle, const char *text, uint32_t bytes);
/* 1 while the handle's source is enabled: ask before computing something dear. */
WMON_IMPORT("is_active") int32_t wmon_is_active(int32_t handle);
/* Finds or makes a log source by name; its id. */
WMON_IMPORT("log_source") int32_t wmon_log_source(const char *name, uint32_t bytes);
/* 1 if a message of this level would be written: ask before formatting it. */
WMON_IMPORT("log_passes") int32_t wmon_log_passes(int32_t log, int32_t level);
WMON_IMPORT("log") void wmon_log(int32_t log, int32_t level, const char *text, uint32_t bytes);

/* What wmon_block_acquire tells of a device. */
typedef struct wmon_block_info {
  uint64_t capacity_bytes;
  uint32_t sector_bytes; /* offsets and lengths are multiples of it */
  uint32_t flags;        /* bit 0: the device cannot be written */
} wmon_block_info;

/* Finds a device (`wmon run --block NAME=FILE`) and fills `info`; its handle, or negative. */
WMON_IMPORT("block_acquire")
int32_t wmon_block_acquire(const char *name, uint32_t bytes, wmon_block_info *info);
WMON_IMPORT("block_read")
int32_t wmon_block_read(int32_t handle, uint64_t offset, void *buffer, uint32_t bytes);
/* Durable only after wmon_block_flush. */
WMON_IMPORT("block_write")
int32_t wmon_block_write(int32_t handle, uint64_t offset, const void *buffer, uint32_t bytes);
/* Gives the space back; it reads as zeros afterwards. */
WMON_IMPORT("block_discard")
int32_t wmon_block_discard(int32_t handle, uint64_t offset, uint64_t bytes);
/* Returns once all writes before it would survive a loss of power. */
WMON_IMPORT("block_flush") int32_t wmon_block_flush(int32_t handle);

/* A message being written. `is_cut` is set when something did not fit. */
typedef struct wmon_message {
  uint8_t *buffer;
  uint32_t capacity;
  uint32_t bytes;
  uint32_t tag_count_at;
  uint32_t field_count_at; /* 0 until the first field */
  int is_cut;
} wmon_message;

static inline void wmon_put(wmon_message *message, const void *data, uint32_t bytes) {
  if (message->capacity - message->bytes < bytes) {
    message->is_cut = 1;
    return;
  }
  memcpy(message->buffer + message->bytes, data, bytes); /* wasm is little-endian, like the ABI */
  message->bytes += bytes;
}

static inline void wmon_put_u8(wmon_message *message, uint8_t value) {
  wmon_put(message, &value, 1);
}

static inline void wmon_put_str(wmon_message *message, const char *text) {
  size_t length = text ? strlen(text) : 0;
  uint16_t bytes = (uint16_t)length;
  if (length > 0xffff) message->is_cut = 1;
  wmon_put(message, &bytes, 2);
  if (bytes) wmon_put(message, text, bytes);
}

static inline wmon_message wmon_begin(void *buffer, uint32_t capacity) {
  wmon_message message = {(uint8_t *)buffer, capacity, 0, 0, 0, 0};
  return message;
}

/*
 * Begins a source definition in `buffer`. Follow with tags, then fields, then wmon_register.
 * `prefix` replaces the name on the Prometheus side; NULL or "" keeps the name.
 * Series that stop changing expire after `ttl_ms`; 0 is never.
 */
static inline wmon_message wmon_define(void *buffer, uint32_t capacity, int flags,
                                       const char *name, const char *prefix, const char *help,
                                       double ttl_ms) {
  wmon_message message = wmon_begin(buffer, capacity);
  wmon_put_u8(&message, (uint8_t)flags);
  wmon_put_str(&message, name);
  wmon_put_str(&message, prefix);
  wmon_put_str(&message, help);
  wmon_put(&message, &ttl_ms, sizeof ttl_ms);
  message.tag_count_at = message.bytes;
  wmon_put_u8(&message, 0);
  return message;
}

/* Adds one to a count in the message, unless the message is cut. */
static inline void wmon_count(wmon_message *message, uint32_t at) {
  if (message->is_cut) return;
  if (message->buffer[at] < 255) message->buffer[at]++; /* 255 is past the monitor's limits */
}

/* Adds a tag key. All tags come before the first field. */
static inline void wmon_tag(wmon_message *message, const char *key) {
  wmon_put_str(message, key);
  wmon_count(message, message->tag_count_at);
}

/* Adds a field with `count` parameters; NULL and 0 for none. */
static inline void wmon_field(wmon_message *message, enum wmon_field_type type, const char *key,
                              const char *help, const char *unit, const double *parameters,
                              uint16_t count) {
  if (message->field_count_at == 0) {
    message->field_count_at = message->bytes;
    wmon_put_u8(message, 0);
  }
  wmon_put_u8(message, (uint8_t)type);
  wmon_put_str(message, key);
  wmon_put_str(message, help);
  wmon_put_str(message, unit);
  wmon_put(message, &count, 2);
  if (count) wmon_put(message, parameters, (uint32_t)(count * sizeof(double)));
  wmon_count(message, message->field_count_at);
}

/* Sends a definition; a source id, or a negative result. */
static inline int32_t wmon_register(wmon_message *message) {
  if (message->field_count_at == 0) wmon_put_u8(message, 0);
  return message->is_cut ? WMON_BUFFER_TOO_SMALL : wmon_source(message->buffer, message->bytes);
}

/* Finds or makes the series with `count` tag values; the handle of its first field. */
static inline int32_t wmon_series_of(int32_t source, void *buffer, uint32_t capacity,
                                     const char *const *values, uint32_t count) {
  wmon_message message = wmon_begin(buffer, capacity);
  for (uint32_t i = 0; i < count; i++) wmon_put_str(&message, values[i]);
  return message.is_cut ? WMON_BUFFER_TOO_SMALL : wmon_series(source, buffer, message.bytes);
}

/*
 * Registers a family with the label keys given and makes nothing else; a source id for
 * wmon_series_of. 256 bytes of buffer hold a short name and help.
 */
static inline int32_t wmon_family(void *buffer, uint32_t capacity, enum wmon_field_type type,
                                  const char *name, const char *help, const char *const *labels,
                                  uint32_t label_count, const double *parameters,
                                  uint16_t parameter_count) {
  wmon_message message = wmon_define(buffer, capacity, WMON_FAMILY, name, NULL, help, 0);
  for (uint32_t i = 0; i < label_count; i++) wmon_tag(&message, labels[i]);
  wmon_field(&message, type, "value", help, NULL, parameters, parameter_count);
  return wmon_register(&message);
}

/* Registers a family without labels; the handle of its one field. Needs 256 bytes of stack. */
static inline int32_t wmon_single(enum wmon_field_type type, const char *name, const char *help) {
  uint8_t buffer[256];
  int32_t source = wmon_family(buffer, sizeof buffer, type, name, help, NULL, 0, NULL, 0);
  return source < 0 ? source : wmon_series(source, buffer, 0);
}

/* Finds or makes a log source by name. */
static inline int32_t wmon_log_named(const char *name) {
  return wmon_log_source(name, (uint32_t)strlen(name));
}

/* Finds a block device by name; its handle, or negative. */
static inline int32_t wmon_block_named(const char *name, wmon_block_info *info) {
  return wmon_block_acquire(name, (uint32_t)strlen(name), info);
}

/* Writes a message, if its level passes. */
static inline void wmon_log_text(int32_t log, enum wmon_level level, const char *text) {
  int32_t number = (int32_t)level;
  if (wmon_log_passes(log, number)) wmon_log(log, number, text, (uint32_t)strlen(text));
}

/* Sets a text field; it is cut at the field's capacity. */
static inline void wmon_text(int32_t handle, const char *text) {
  wmon_text_set(handle, text, (uint32_t)strlen(text));
}

#ifdef __cplusplus
}
#endif

#endif
