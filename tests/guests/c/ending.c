/*
 * Allocates COUNT blocks of 24 bytes at the bottom of a stack DEPTH frames deep, frees every other
 * one, prints `N blocks`, and ends there:
 *
 *   return COUNT DEPTH   by returning
 *   exit COUNT DEPTH     by exit code 9, deep in the stack
 *   trap COUNT DEPTH     by a trap
 *   spin COUNT DEPTH     not at all: allocates, frees and never calls out
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 24

static const char *manner;
static long count;

__attribute__((noinline)) static void take(long i) {
  char *volatile block = malloc(BYTES); /* site: take */
  if (i % 2) free(block);
}

__attribute__((noinline)) static void spin(void) {
  for (long i = 0;; i++) take(i | 1);
}

static void end(void) {
  for (long i = 0; i < count; i++) take(i);
  printf("%ld blocks\n", count);
  fflush(stdout);
  if (!strcmp(manner, "exit")) exit(9);
  if (!strcmp(manner, "trap")) __builtin_trap();
  if (!strcmp(manner, "spin")) spin();
}

/* Not a tail call, or there would be one frame. */
__attribute__((noinline)) static int descend(volatile int depth) {
  if (depth == 0) {
    end();
    return 0;
  }
  return descend(depth - 1) + (depth & 1); /* site: descend */
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  manner = argv[1];
  count = atol(argv[2]);
  return descend(atoi(argv[3])) < 0;
}
