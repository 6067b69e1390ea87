/*
 * What WAMR's own iwasm does with --env=NAME=VALUE and --map-dir=GUEST::HOST, for packages of its
 * source that come without product-mini. Exit code: the guest's; 134 after a trap; 3 before it ran.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wasm_export.h"

#define OPTIONS_MAX 64
#define STACK_BYTES (1 << 20)

static int fail(const char *what, const char *why) {
  fprintf(stderr, "iwasm: %s: %s\n", what, why);
  return 3;
}

static uint8_t *read_file(const char *path, uint32_t *byte_count) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  *byte_count = (uint32_t)ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(*byte_count);
  size_t taken = bytes == NULL ? 0 : fread(bytes, 1, *byte_count, file);
  fclose(file);
  return taken == *byte_count ? bytes : NULL;
}

int main(int argc, char **argv) {
  const char *env[OPTIONS_MAX];
  const char *directories[OPTIONS_MAX];
  uint32_t env_count = 0, directory_count = 0, byte_count = 0;
  char error[256];
  int at = 1;
  for (; at < argc && at < OPTIONS_MAX && argv[at][0] == '-'; at++) {
    if (strncmp(argv[at], "--env=", 6) == 0) env[env_count++] = argv[at] + 6;
    else if (strncmp(argv[at], "--map-dir=", 10) == 0) directories[directory_count++] = argv[at] + 10;
    else return fail(argv[at], "unknown option");
  }
  if (at == argc) return fail("usage", "iwasm [--env=A=B] [--map-dir=GUEST::HOST] FILE [ARGS]");
  uint8_t *bytes = read_file(argv[at], &byte_count);
  if (bytes == NULL) return fail(argv[at], "cannot be read");
  if (!wasm_runtime_init()) return fail("runtime", "cannot start");
  wasm_module_t module = wasm_runtime_load(bytes, byte_count, error, sizeof error);
  if (module == NULL) return fail(argv[at], error);
  wasm_runtime_set_wasi_args(module, NULL, 0, directories, directory_count, env, env_count,
                             argv + at, argc - at);
  wasm_module_inst_t guest = wasm_runtime_instantiate(module, STACK_BYTES, 0, error, sizeof error);
  if (guest == NULL) return fail(argv[at], error);
  if (!wasm_application_execute_main(guest, 0, NULL)) {
    fprintf(stderr, "iwasm: %s\n", wasm_runtime_get_exception(guest));
    return 134;
  }
  return (int)wasm_runtime_get_wasi_exit_code(guest);
}
