/*
 * Allocation-heavy loops for the benchmarks: a dozen frames deep, blocks of 8 to 107 bytes, 1,024
 * at a time, each written once and read once, about 1 GB a second; and malloc(16) with free, also
 * at the bottom of a stack of 12 frames.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name), noinline))
#define SLOTS 1024
#define DEPTH 8

struct slot {
  unsigned char *block;
  uint32_t bytes;
};

static struct slot slots[SLOTS];
static uint32_t state = 2463534242u;
static uint32_t words;
static uint32_t sum;

static void work(uint32_t count);

/* Marsaglia's xorshift of 32 bits. */
static uint32_t draw(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

__attribute__((noinline)) static unsigned char *make(uint32_t bytes) {
  unsigned char *block = malloc(bytes);
  if (!block) abort();
  memset(block, (int)bytes, bytes);
  words += (bytes + 3) / 4;
  return block;
}

__attribute__((noinline)) static void replace(uint32_t random) {
  struct slot *slot = &slots[random % SLOTS];
  for (uint32_t i = 0; i < slot->bytes; i++) sum += slot->block[i];
  free(slot->block);
  slot->bytes = 8 + (random >> 16) % 100;
  slot->block = make(slot->bytes);
}

/* Not a tail call, or there would be one frame. */
__attribute__((noinline)) static uint32_t descend(volatile uint32_t depth, uint32_t count) {
  if (depth == 0) {
    work(count);
    return 0;
  }
  return descend(depth - 1, count) + (depth & 1);
}

static void work(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) replace(draw());
}

/* Replaces `count` blocks; returns the words allocated by all calls so far, modulo 2^32. */
EXPORT("churn") uint32_t churn(uint32_t count) {
  descend(DEPTH, count);
  return words;
}

EXPORT("tight") uint32_t tight(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    void *volatile block = malloc(16);
    free(block);
    words += 4;
  }
  return words;
}

__attribute__((noinline)) static uint32_t dive(volatile uint32_t depth, uint32_t count) {
  if (depth == 0) return tight(count);
  return dive(depth - 1, count) + (depth & 1);
}

EXPORT("deep") uint32_t deep(uint32_t count) {
  return dive(10, count);
}
