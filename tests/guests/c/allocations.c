/*
 * Allocates in every way that C has, deterministically, and keeps exact books of blocks and words
 * (of 4 bytes, without headers); realloc is a free and an allocation of the whole new block. Blocks
 * of no bytes happen and are not entered. Takes no arguments, or libc would allocate for them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 512
#define ROUNDS 20000

struct slot {
  void *block;
  size_t bytes;
};

static struct slot slots[SLOTS];
static uint64_t blocks, words, live_blocks, live_words;
static uint32_t state = 2463534242u;

/* Marsaglia's xorshift of 32 bits. */
static uint32_t draw(uint32_t bound) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % bound;
}

static uint64_t words_of(size_t bytes) {
  return ((uint64_t)bytes + 3) / 4;
}

static void enter(struct slot *slot, void *block, size_t bytes) {
  slot->block = block;
  slot->bytes = bytes;
  if (!block || bytes == 0) return;
  *(volatile char *)block = 1; /* or the compiler drops the block */
  blocks++;
  words += words_of(bytes);
  live_blocks++;
  live_words += words_of(bytes);
}

static void strike(const struct slot *slot) {
  if (!slot->block || slot->bytes == 0) return;
  live_blocks--;
  live_words -= words_of(slot->bytes);
}

__attribute__((noinline)) static void empty(struct slot *slot) {
  strike(slot);
  free(slot->block);
  slot->block = NULL;
  slot->bytes = 0;
}

__attribute__((noinline)) static void take_malloc(struct slot *slot, size_t bytes) {
  enter(slot, malloc(bytes), bytes); /* site: malloc */
}

__attribute__((noinline)) static void take_calloc(struct slot *slot, size_t bytes) {
  size_t each = 1 + draw(7);
  size_t count = bytes / each;
  enter(slot, calloc(count, each), count * each); /* site: calloc */
}

__attribute__((noinline)) static void take_aligned(struct slot *slot, size_t bytes) {
  size_t alignment = (size_t)16 << draw(5);
  bytes = (bytes + alignment - 1) / alignment * alignment;
  enter(slot, aligned_alloc(alignment, bytes), bytes); /* site: aligned_alloc */
}

__attribute__((noinline)) static void take_posix(struct slot *slot, size_t bytes) {
  void *block = NULL;
  if (posix_memalign(&block, (size_t)8 << draw(4), bytes) != 0) abort(); /* site: posix_memalign */
  enter(slot, block, bytes);
}

/* Of a full or an empty slot: realloc of NULL is malloc. */
__attribute__((noinline)) static void take_realloc(struct slot *slot, size_t bytes) {
  strike(slot);
  enter(slot, realloc(slot->block, bytes), bytes); /* site: realloc */
}

/* What cannot be had is no allocation, and leaves the old block alone. */
__attribute__((noinline)) static void fail(struct slot *slot) {
  volatile size_t bytes = 0xfffffff0u;
  void *volatile got = malloc(bytes); /* volatile, or the compiler decides that it succeeds */
  if (got) abort();
  got = calloc(bytes, 16);
  if (got) abort();
  got = realloc(slot->block, bytes);
  if (got) abort();
}

__attribute__((noinline)) static void step(void) {
  struct slot *slot = &slots[draw(SLOTS)];
  uint32_t kind = draw(100);
  size_t bytes = draw(kind == 0 ? 40000 : 400);
  if (kind == 1) {
    fail(slot);
    return;
  }
  if (kind < 30) {
    take_realloc(slot, bytes + 1);
    return;
  }
  empty(slot);
  if (kind < 60) take_malloc(slot, bytes);
  else if (kind < 75) take_calloc(slot, bytes);
  else if (kind < 85) take_aligned(slot, bytes);
  else if (kind < 95) take_posix(slot, bytes);
}

int main(void) {
  for (int i = 0; i < ROUNDS; i++) step();
  printf("allocated %llu blocks, %llu words; live %llu blocks, %llu words\n",
         (unsigned long long)blocks, (unsigned long long)words, (unsigned long long)live_blocks,
         (unsigned long long)live_words);
  return 0;
}
