/*
 * The runtime that C made by wasm2c 1.0.39 needs, as far as the core uses it: one memory that
 * grows, and traps. WABT's own wasm-rt.h with wasm-rt-impl.c takes its place where it is installed.
 */
#ifndef WASM_RT_H
#define WASM_RT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define wasm_rt_memcpy memcpy
#define WASM_RT_PAGE_BYTES 65536

typedef enum { WASM_RT_I32, WASM_RT_I64, WASM_RT_F32, WASM_RT_F64, WASM_RT_V128 } wasm_rt_type_t;
typedef enum {
  WASM_RT_TRAP_NONE,
  WASM_RT_TRAP_OOB,
  WASM_RT_TRAP_INT_OVERFLOW,
  WASM_RT_TRAP_DIV_BY_ZERO,
  WASM_RT_TRAP_INVALID_CONVERSION,
  WASM_RT_TRAP_UNREACHABLE,
  WASM_RT_TRAP_CALL_INDIRECT,
  WASM_RT_TRAP_EXHAUSTION
} wasm_rt_trap_t;

typedef const char *wasm_rt_func_type_t;
typedef void (*wasm_rt_function_ptr_t)(void);
typedef struct {
  void (*fn)(void **, void *, void *);
} wasm_rt_tailcallee_t;
typedef struct {
  wasm_rt_func_type_t func_type;
  wasm_rt_function_ptr_t func;
  wasm_rt_tailcallee_t func_tailcallee;
  void *module_instance;
} wasm_rt_funcref_t;
typedef struct {
  wasm_rt_funcref_t *data;
  uint32_t max_size, size;
} wasm_rt_funcref_table_t;
typedef void *wasm_rt_externref_t;
typedef struct {
  wasm_rt_externref_t *data;
  uint32_t max_size, size;
} wasm_rt_externref_table_t;
static const wasm_rt_externref_t wasm_rt_externref_null_value = 0;
static const wasm_rt_funcref_t wasm_rt_funcref_null_value = {0};

typedef struct {
  uint8_t *data;
  uint64_t pages, max_pages, size;
} wasm_rt_memory_t;

static inline bool wasm_rt_is_initialized(void) { return true; }

/* The core never traps but by a bug. */
static inline _Noreturn void wasm_rt_trap(wasm_rt_trap_t trap) {
  fprintf(stderr, "trap %d\n", (int)trap);
  abort();
}

static inline uint64_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint64_t delta) {
  uint64_t before = memory->pages, pages = before + delta;
  if (pages < before || pages > memory->max_pages) return UINT64_MAX;
  uint8_t *data = realloc(memory->data, pages * WASM_RT_PAGE_BYTES);
  if (!data) return UINT64_MAX;
  memset(data + memory->size, 0, delta * WASM_RT_PAGE_BYTES);
  *memory = (wasm_rt_memory_t){data, pages, memory->max_pages, pages * WASM_RT_PAGE_BYTES};
  return before;
}

static inline void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint64_t pages,
                                           uint64_t max_pages, bool is64, uint32_t page_bytes) {
  (void)is64, (void)page_bytes;
  *memory = (wasm_rt_memory_t){0, 0, max_pages, 0};
  if (wasm_rt_grow_memory(memory, pages) != 0) wasm_rt_trap(WASM_RT_TRAP_OOB);
}

static inline void wasm_rt_free_memory(wasm_rt_memory_t *memory) { free(memory->data); }

#endif
