/*
 * A C program without any knowledge of a monitor that does as it is told:
 *
 *   copy FROM TO       copies a file through a 4 KiB buffer, prints `copied N bytes`
 *   echo               copies standard input to standard output
 *   print TEXT...      prints each argument on a line
 *   env NAME           prints an environment variable, exit code 1 without it
 *   list DIRECTORY     prints the names in it
 *   allocate BYTES     allocates and touches that many bytes, prints `allocated N bytes`
 *   sleep MS           sleeps, prints `awake`
 *   exit CODE          ends with that code
 *   trap KIND          traps: unreachable, memory, divide, stack
 *   spin               loops for ever without a call
 *
 * A failing call prints its reason on standard error; the exit code is then 1, or 2 for a command
 * line that is wrong.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int fail(const char *subject) {
  perror(subject);
  return 1;
}

static long pump(FILE *from, FILE *to) {
  char buffer[4096];
  long total = 0;
  size_t count;
  while ((count = fread(buffer, 1, sizeof buffer, from)) > 0) {
    if (fwrite(buffer, 1, count, to) != count) return -1;
    total += (long)count;
  }
  return ferror(from) ? -1 : total;
}

static int copy(const char *from_path, const char *to_path) {
  FILE *from = fopen(from_path, "rb");
  if (!from) return fail(from_path);
  FILE *to = fopen(to_path, "wb");
  if (!to) return fail(to_path);
  long total = pump(from, to);
  if (total < 0 || fclose(to) != 0) return fail(to_path);
  fclose(from);
  printf("copied %ld bytes\n", total);
  return 0;
}

static int list(const char *path) {
  DIR *directory = opendir(path);
  if (!directory) return fail(path);
  struct dirent *entry;
  while ((entry = readdir(directory))) puts(entry->d_name);
  closedir(directory);
  return 0;
}

static int allocate(size_t bytes) {
  volatile char *block = malloc(bytes);
  if (!block) return fail("malloc");
  for (size_t i = 0; i < bytes; i += 4096) block[i] = 1;
  printf("allocated %zu bytes\n", bytes);
  return 0;
}

static int nap(long ms) {
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&pause, NULL);
  puts("awake");
  return 0;
}

static volatile int32_t zero = 0;

static int descend(int depth);
static int (*volatile again)(int) = descend; /* volatile: a call that cannot become a loop */

static int descend(int depth) { return again(depth + 1) + 1; }

static int trap(const char *kind) {
  if (strcmp(kind, "unreachable") == 0) __builtin_trap();
  if (strcmp(kind, "memory") == 0) return *(volatile int *)(intptr_t)-4;
  if (strcmp(kind, "divide") == 0) return 100 / zero;
  if (strcmp(kind, "stack") == 0) return descend(0);
  fprintf(stderr, "no such trap: %s\n", kind);
  return 2;
}

static int print_all(int count, char **texts) {
  for (int i = 0; i < count; i++) puts(texts[i]);
  return 0;
}

static int print_variable(const char *name) {
  const char *value = getenv(name);
  if (value) puts(value);
  return value ? 0 : 1;
}

static int is(const char *verb, const char *name) { return strcmp(verb, name) == 0; }

int main(int count, char **arguments) {
  const char *verb = count > 1 ? arguments[1] : "";
  const char *operand = count > 2 ? arguments[2] : "";
  if (is(verb, "copy") && count == 4) return copy(operand, arguments[3]);
  if (is(verb, "echo")) return pump(stdin, stdout) < 0 ? fail("echo") : 0;
  if (is(verb, "print")) return print_all(count - 2, arguments + 2);
  if (is(verb, "env")) return print_variable(operand);
  if (is(verb, "list")) return list(operand);
  if (is(verb, "allocate")) return allocate(strtoul(operand, NULL, 10));
  if (is(verb, "sleep")) return nap(atol(operand));
  if (is(verb, "exit")) return atoi(operand);
  if (is(verb, "trap")) return trap(operand);
  if (is(verb, "spin")) {
    while (!zero) continue; /* volatile: the compiler may not drop the loop */
  }
  fprintf(stderr, "no such command: %s\n", verb);
  return 2;
}
