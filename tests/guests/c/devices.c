/*
 * A C program that uses everything that a dashboard draws, a little of it ten times a second, for
 * ever:
 *
 *   devices FOLDER LISTENER DEVICE
 *
 * writes, flushes, reads, truncates and unlinks files in FOLDER and fails to open one, answers
 * whoever connects to the listening descriptor LISTENER, writes, reads, discards and flushes the
 * block device DEVICE, grows by 64 KiB every fourth time, and logs at three levels. LISTENER and DEVICE
 * may be `-` for none. A failing device or file ends it with a reason and exit code 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../assembly/guest/wmon.h"

enum {
  ROUND_MS = 100,
  GROWTH_BYTES = 65536,
  GROWTHS_MAX = 512,
  FILE_BYTES = 16384,
  SPAN_BYTES = 65536,
  SPANS_MAX = 64,
  REQUEST_BYTES = 4096,
  CLIENTS_MAX = 8
};

static uint8_t buffer[SPAN_BYTES];

/* Descriptors; 0 is nobody. */
static int clients[CLIENTS_MAX];

/* Held on to, so that no compiler leaves the allocations out. */
static void *volatile grown[GROWTHS_MAX];

static void check(int is_right, const char *what) {
  if (is_right) return;
  perror(what);
  exit(1);
}

/* One file that stays and one that comes and goes. */
static void use_files(const char *folder) {
  char path[256];
  snprintf(path, sizeof path, "%s/kept", folder);
  int kept = open(path, O_RDWR | O_CREAT, 0644);
  check(kept >= 0, path);
  check(write(kept, buffer, FILE_BYTES) == FILE_BYTES, "write");
  check(fsync(kept) == 0, "fsync");
  check(lseek(kept, 0, SEEK_SET) == 0, "lseek");
  check(read(kept, buffer, FILE_BYTES) == FILE_BYTES, "read");
  check(ftruncate(kept, FILE_BYTES / 2) == 0, "ftruncate");
  close(kept);
  snprintf(path, sizeof path, "%s/brief", folder);
  int brief = open(path, O_WRONLY | O_CREAT, 0644);
  check(brief >= 0, path);
  check(write(brief, buffer, FILE_BYTES) == FILE_BYTES, "write");
  close(brief);
  check(unlink(path) == 0, "unlink");
  snprintf(path, sizeof path, "%s/missing", folder);
  check(open(path, O_RDONLY) < 0 && errno == ENOENT, "a file that is not there");
}

/* Writes a span, discards the one before it. */
static void use_device(int32_t device, unsigned round) {
  uint64_t at = (uint64_t)(round % SPANS_MAX) * SPAN_BYTES;
  uint64_t before = (uint64_t)((round + SPANS_MAX - 1) % SPANS_MAX) * SPAN_BYTES;
  check(wmon_block_write(device, at, buffer, SPAN_BYTES) == 0, "block write");
  check(wmon_block_flush(device) == 0, "block flush");
  check(wmon_block_read(device, at, buffer, SPAN_BYTES) == 0, "block read");
  check(wmon_block_discard(device, before, SPAN_BYTES) == 0, "block discard");
}

/* Takes a client that comes within a round; what it sends is answered in this or a later round. */
static void accept_client(int listener) {
  struct pollfd wait = {listener, POLLIN, 0};
  if (poll(&wait, 1, ROUND_MS) <= 0) return;
  int client = accept(listener, NULL, NULL);
  if (client < 0) return;
  for (int i = 0; i < CLIENTS_MAX; i++) {
    if (clients[i] != 0) continue;
    clients[i] = client;
    return;
  }
  close(client);
}

/* Sends back what a client has sent; hangs up when it has. */
static void answer_client(int *client) {
  struct pollfd wait = {*client, POLLIN, 0};
  if (poll(&wait, 1, 0) <= 0) return;
  ssize_t count = read(*client, buffer, REQUEST_BYTES);
  if (count > 0 && write(*client, buffer, (size_t)count) == count) return;
  close(*client);
  *client = 0;
}

static void use_listener(int listener) {
  accept_client(listener);
  for (int i = 0; i < CLIENTS_MAX; i++) {
    if (clients[i] != 0) answer_client(&clients[i]);
  }
}

int main(int argc, char **argv) {
  check(argc == 4, "devices FOLDER LISTENER DEVICE");
  int listener = strcmp(argv[2], "-") == 0 ? -1 : atoi(argv[2]);
  wmon_block_info info;
  int32_t device = strcmp(argv[3], "-") == 0 ? -1 : wmon_block_named(argv[3], &info);
  check(device >= 0 || strcmp(argv[3], "-") == 0, argv[3]);
  int32_t log = wmon_log_named("devices");
  for (unsigned round = 0;; round++) {
    memset(buffer, (int)(round % 255) + 1, sizeof buffer);
    use_files(argv[1]);
    if (device >= 0) use_device(device, round);
    if (round % 4 == 0 && round / 4 < GROWTHS_MAX) grown[round / 4] = malloc(GROWTH_BYTES);
    wmon_log_text(log, WMON_INFO, "a round");
    if (round % 2 == 0) wmon_log_text(log, WMON_WARNING, "an even round");
    if (round % 4 == 0) wmon_log_text(log, WMON_ERROR, "every fourth round");
    if (listener >= 0) use_listener(listener);
    else usleep(ROUND_MS * 1000);
  }
}
