/*
 * Does as it is told: each line of standard input is a call of WASI preview1 on sockets, each is
 * answered by a line with the errno and what the call gave. Tests see the bare calls so, without
 * what a C library makes of them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#define BYTES_MAX (1 << 20)
#define PARTS_MAX 64
#define EVENTS_MAX 64

/* Beyond the memory of any 32-bit guest that has less than all of it. */
#define NOWHERE ((void *)0xfffffff0u)

static uint8_t bytes[BYTES_MAX];
static __wasi_iovec_t targets[PARTS_MAX];
static __wasi_ciovec_t sources[PARTS_MAX];
static unsigned long arguments[8];

/* Prints the errno and, if that is 0, a number. */
static void say(__wasi_errno_t errno_, unsigned long value) {
  if (errno_) printf("%d\n", errno_);
  else printf("0 %lu\n", value);
}

/* Vectors over `count` bytes in `parts` parts, none but the last shorter than the others. */
static size_t cut(size_t count, size_t parts) {
  if (parts < 1) parts = 1;
  size_t each = count / parts;
  for (size_t index = 0; index < parts; index++) {
    uint8_t *start = bytes + index * each;
    size_t length = index + 1 < parts ? each : count - index * each;
    targets[index] = (__wasi_iovec_t){start, length};
    sources[index] = (__wasi_ciovec_t){start, length};
  }
  return parts;
}

/* fd, bytes, flags, parts: prints what came, as text if it is short. */
static void receive(bool is_read) {
  __wasi_size_t count = 0;
  __wasi_roflags_t flags = 0xff;
  size_t parts = cut(arguments[1], arguments[3]);
  __wasi_errno_t errno_ =
      is_read ? __wasi_fd_read(arguments[0], targets, parts, &count)
              : __wasi_sock_recv(arguments[0], targets, parts, arguments[2], &count, &flags);
  if (errno_) printf("%d\n", errno_);
  else printf("0 %lu %.*s\n", (unsigned long)count, count < 200 ? (int)count : 0, bytes);
}

/* fd, bytes, flags, parts: sends the alphabet over and over. */
static void transmit(bool is_write) {
  __wasi_size_t count = 0;
  for (size_t index = 0; index < arguments[1]; index++) bytes[index] = 'a' + index % 26;
  size_t parts = cut(arguments[1], arguments[3]);
  say(is_write ? __wasi_fd_write(arguments[0], sources, parts, &count)
               : __wasi_sock_send(arguments[0], sources, parts, arguments[2], &count),
      count);
}

static void status(void) {
  __wasi_fdstat_t fdstat;
  __wasi_errno_t errno_ = __wasi_fd_fdstat_get(arguments[0], &fdstat);
  if (errno_) printf("%d\n", errno_);
  else {
    printf("0 type %d flags %d rights %llx inherits %llx\n", fdstat.fs_filetype, fdstat.fs_flags,
           (unsigned long long)fdstat.fs_rights_base,
           (unsigned long long)fdstat.fs_rights_inheriting);
  }
}

static void file_status(void) {
  __wasi_filestat_t filestat;
  memset(&filestat, 0xff, sizeof filestat);
  __wasi_errno_t errno_ = __wasi_fd_filestat_get(arguments[0], &filestat);
  if (errno_) printf("%d\n", errno_);
  else printf("0 type %d size %llu\n", filestat.filetype, (unsigned long long)filestat.size);
}

/* "r5 w5 c100": reads and writes of descriptors, clocks in milliseconds. */
static void poll_all(const char *text) {
  static __wasi_subscription_t subscriptions[EVENTS_MAX];
  static __wasi_event_t events[EVENTS_MAX];
  __wasi_size_t count = 0;
  for (; *text && *text != '\n'; text += strcspn(text, " \n"), text += strspn(text, " ")) {
    unsigned long number = strtoul(text + 1, NULL, 10);
    __wasi_subscription_t *one = &subscriptions[count];
    memset(one, 0, sizeof *one);
    one->userdata = 1000 + count++;
    if (*text == 'c') {
      one->u.tag = __WASI_EVENTTYPE_CLOCK;
      one->u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
      one->u.u.clock.timeout = number * 1000000ull;
    } else {
      one->u.tag = *text == 'r' ? __WASI_EVENTTYPE_FD_READ : __WASI_EVENTTYPE_FD_WRITE;
      one->u.u.fd_read.file_descriptor = number;
    }
  }
  __wasi_size_t due = 0;
  __wasi_errno_t errno_ = __wasi_poll_oneoff(subscriptions, events, count, &due);
  printf("%d", errno_);
  for (size_t index = 0; !errno_ && index < due; index++) {
    const __wasi_event_t *event = &events[index];
    printf(" %d%c%d%s", (int)(event->userdata - 1000), "crw"[event->type], event->error,
           event->fd_readwrite.flags ? "!" : "");
    if (event->type) printf(":%llu", (unsigned long long)event->fd_readwrite.nbytes);
  }
  puts("");
}

/* Each call with an address outside; every answer must be 21, fault. */
static void fault(void) {
  __wasi_size_t count;
  __wasi_roflags_t flags;
  __wasi_fd_t fd = arguments[0];
  __wasi_iovec_t outside = {NOWHERE, 64};
  __wasi_ciovec_t outside_source = {NOWHERE, 64};
  __wasi_subscription_t subscription = {0};
  cut(8, 1);
  int answers[] = {
      __wasi_sock_recv(fd, NOWHERE, 2, 0, &count, &flags),
      __wasi_sock_recv(fd, &outside, 1, 0, &count, &flags),
      __wasi_sock_recv(fd, targets, 1, 0, NOWHERE + 13, &flags),
      __wasi_sock_recv(fd, targets, 1, 0, &count, NOWHERE + 15),
      __wasi_sock_send(fd, NOWHERE, 2, 0, &count),
      __wasi_sock_send(fd, &outside_source, 1, 0, &count),
      __wasi_sock_send(fd, sources, 1, 0, NOWHERE + 13),
      __wasi_fd_read(fd, &outside, 1, &count),
      __wasi_fd_fdstat_get(fd, NOWHERE),
      __wasi_fd_filestat_get(fd, NOWHERE),
      __wasi_poll_oneoff(NOWHERE, NOWHERE, 1, &count),
      __wasi_poll_oneoff(&subscription, NOWHERE, 1, &count),
  };
  for (size_t index = 0; index < sizeof answers / sizeof *answers; index++) {
    printf("%d ", answers[index]);
  }
  puts("");
}

static void run(const char *name, const char *rest) {
  __wasi_fd_t fd = arguments[0];
  __wasi_fd_t made = 0;
  __wasi_filesize_t offset = 0;
  __wasi_prestat_t prestat;
  if (!strcmp(name, "accept")) say(__wasi_sock_accept(fd, arguments[1], &made), made);
  else if (!strcmp(name, "recv")) receive(false);
  else if (!strcmp(name, "read")) receive(true);
  else if (!strcmp(name, "send")) transmit(false);
  else if (!strcmp(name, "write")) transmit(true);
  else if (!strcmp(name, "shutdown")) say(__wasi_sock_shutdown(fd, arguments[1]), 0);
  else if (!strcmp(name, "close")) say(__wasi_fd_close(fd), 0);
  else if (!strcmp(name, "renumber")) say(__wasi_fd_renumber(fd, arguments[1]), 0);
  else if (!strcmp(name, "flags")) say(__wasi_fd_fdstat_set_flags(fd, arguments[1]), 0);
  else if (!strcmp(name, "fdstat")) status();
  else if (!strcmp(name, "filestat")) file_status();
  else if (!strcmp(name, "prestat")) say(__wasi_fd_prestat_get(fd, &prestat), prestat.tag);
  else if (!strcmp(name, "seek")) say(__wasi_fd_seek(fd, 0, 0, &offset), 0);
  else if (!strcmp(name, "sync")) say(__wasi_fd_sync(fd), 0);
  else if (!strcmp(name, "tell")) say(__wasi_fd_tell(fd, &offset), 0);
  else if (!strcmp(name, "open")) {
    __wasi_rights_t rights = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE |
                             __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_SYNC;
    say(__wasi_path_open(fd, 0, "file", __WASI_OFLAGS_CREAT, rights, 0, 0, &made), made);
  } else if (!strcmp(name, "poll")) poll_all(rest);
  else if (!strcmp(name, "fault")) fault();
  else if (!strcmp(name, "trap")) __builtin_trap();
  else if (!strcmp(name, "exit")) exit((int)arguments[0]);
  else puts("what?");
}

int main(void) {
  static char line[1024];
  setvbuf(stdout, NULL, _IOLBF, 4096);
  /* Or a call that waits for input would find it taken already. */
  setvbuf(stdin, NULL, _IONBF, 0);
  while (fgets(line, sizeof line, stdin)) {
    char name[16] = "";
    int length = 0;
    sscanf(line, "%15s %n", name, &length);
    char *at = line + length;
    for (size_t index = 0; index < 8; index++) arguments[index] = strtoul(at, &at, 0);
    run(name, line + length);
    fflush(stdout);
  }
  return 0;
}
