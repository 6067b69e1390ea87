/*
 * A key-value store on a block device, through wmon.h: one record a sector, found by the hash of
 * its key. A record is written whole and flushed, so it is there or it is not, whatever happens.
 *
 * Usage: store DEVICE set KEY VALUE | get KEY | list | clear
 * Exit codes: 0 done, 1 not found or the device failed, 2 the command line is wrong.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../assembly/guest/wmon.h"

enum { SECTOR_BYTES = 512, KEY_BYTES = 60, VALUE_BYTES = 448 };

/* What a sector holds: nothing while `magic` is 0, as in a new or cleared device. */
typedef struct record {
  uint32_t magic;
  char key[KEY_BYTES];
  char value[VALUE_BYTES];
} record;

static const uint32_t MAGIC = 0x45524f54; /* "TORE" */

static int32_t disk;
static uint64_t sector_count;
static record found;

static int fail(const char *what, int32_t status) {
  if (status == 0) fprintf(stderr, "store: %s\n", what);
  else fprintf(stderr, "store: %s: status %d\n", what, (int)status);
  return 1;
}

/* 32-bit FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_of(const char *key) {
  uint32_t hash = 0x811c9dc5;
  for (; *key; key++) hash = (hash ^ (uint8_t)*key) * 0x01000193;
  return hash;
}

/* Reads the sector of `key`, or the free one that it would get, into `found`; -1 without one. */
static int64_t find(const char *key) {
  for (uint64_t probe = 0; probe < sector_count; probe++) {
    uint64_t offset = (hash_of(key) + probe) % sector_count * SECTOR_BYTES;
    if (wmon_block_read(disk, offset, &found, SECTOR_BYTES) != 0) return -1;
    if (found.magic != MAGIC || strcmp(found.key, key) == 0) return (int64_t)offset;
  }
  return -1;
}

static int set(const char *key, const char *value) {
  if (strlen(key) >= KEY_BYTES || strlen(value) >= VALUE_BYTES) return fail("too long", 0);
  int64_t offset = find(key);
  if (offset < 0) return fail("no sector is free, or none can be read", 0);
  memset(&found, 0, sizeof found);
  found.magic = MAGIC;
  strcpy(found.key, key);
  strcpy(found.value, value);
  int32_t status = wmon_block_write(disk, (uint64_t)offset, &found, SECTOR_BYTES);
  if (status == 0) status = wmon_block_flush(disk);
  return status == 0 ? 0 : fail("the record is not written", status);
}

static int get(const char *key) {
  if (find(key) < 0 || found.magic != MAGIC) return 1;
  puts(found.value);
  return 0;
}

static int list(int32_t records) {
  for (uint64_t sector = 0; sector < sector_count; sector++) {
    int32_t status = wmon_block_read(disk, sector * SECTOR_BYTES, &found, SECTOR_BYTES);
    if (status != 0) return fail("a sector cannot be read", status);
    if (found.magic != MAGIC) continue;
    wmon_gauge_add(records, 1);
    printf("%s=%s\n", found.key, found.value);
  }
  return 0;
}

/* Gives the whole device back: a qcow2 image under `--block ...,compact` shrinks to its tables. */
static int clear(void) {
  int32_t status = wmon_block_discard(disk, 0, sector_count * SECTOR_BYTES);
  if (status == 0) status = wmon_block_flush(disk);
  return status == 0 ? 0 : fail("the device is not cleared", status);
}

int main(int count, char **words) {
  wmon_block_info info;
  if (count < 3) return fputs("usage: store DEVICE set KEY VALUE|get KEY|list|clear\n", stderr), 2;
  disk = wmon_block_named(words[1], &info);
  if (disk < 0) return fail(words[1], disk);
  if (info.sector_bytes != SECTOR_BYTES) return fail("its sectors are not 512 bytes", 0);
  sector_count = info.capacity_bytes / SECTOR_BYTES;
  if (count == 5 && strcmp(words[2], "set") == 0) return set(words[3], words[4]);
  if (count == 4 && strcmp(words[2], "get") == 0) return get(words[3]);
  if (count == 3 && strcmp(words[2], "clear") == 0) return clear();
  if (count == 3 && strcmp(words[2], "list") == 0) {
    return list(wmon_single(WMON_GAUGE, "store_records", "Records that were listed."));
  }
  return fputs("store: no such command\n", stderr), 2;
}
