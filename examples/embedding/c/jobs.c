/*
 * The core in C through wasm2c: push, control and scrape in one poll loop. README.md says what it
 * does and how it is built; assembly/README.md has the ABI, assembly/abi.ts its numbers.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "monitor.h"

enum { COUNTER = 5, FLOAT_COUNTER = 6, INFO = 4, FLAGS = 2 | 4 /* sort tags, timestamps */ };
enum { CELL_ACTIVE = 7, CELL_VALUE = 8, INPUT = 4096, LOG_LEVEL = 8, FIELDS = 48, FIELD_NEXT = 0 };
enum { FIELD_CELL = 4, INFLUX = 0, PROMETHEUS = 1, SERIES_MAX = 100000, PER_SOURCE_MAX = 10000 };

static w2c_monitor core; /* for one thread at a time */
static uint32_t source, logger;

/* Copies bytes to where the core reads, `at` bytes in; where they end. */
static uint32_t put(uint32_t at, const void *data, uint32_t bytes) {
  memcpy(core.w2c_memory.data + INPUT + at, data, bytes);
  return at + bytes;
}

/* A message of the ABI: b is a u8, t a text with its u16 byte count, 0 to 8 that many zeros. */
static uint32_t message(const char *form, ...) {
  uint32_t at = 0;
  va_list values;
  va_start(values, form);
  for (; *form; form++) {
    const char *text = *form == 't' ? va_arg(values, const char *) : 0;
    uint16_t number = text ? (uint16_t)strlen(text) : *form == 'b' ? va_arg(values, int) : 0;
    at = put(at, &number, *form == 'b' ? 1 : 2 * !!text);
    at = text ? put(at, text, number) : *form == 'b' ? at : put(at, "\0\0\0\0\0\0\0", *form - '0');
  }
  va_end(values);
  return at;
}

/* A negative result is a Status: the program is wrong. */
static uint32_t check(uint32_t result) {
  if ((int32_t)result >= 0) return result;
  fprintf(stderr, "status %d\n", (int)result), exit(1);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void send_output(int fd, uint32_t end) {
  write(fd, core.w2c_memory.data + *w2c_monitor_output(&core), end - *w2c_monitor_output(&core));
}

static uint32_t word(uint32_t address) { return *(uint32_t *)(core.w2c_memory.data + address); }

static void begin(void) {
  wasm2c_monitor_instantiate(&core);
  check(w2c_monitor_configure(&core, put(0, "example", 7), FLAGS, SERIES_MAX, PER_SOURCE_MAX));
  uint32_t bytes = message("bttt8btbbttt2bttt2", 0, "jobs", "", "Jobs by kind.", 1, "kind", 2,
                           COUNTER, "done", "Jobs done.", "", FLOAT_COUNTER, "busy",
                           "Time spent.", "seconds");
  source = check(w2c_monitor_source(&core, bytes));
  logger = check(w2c_monitor_log(&core, put(0, "jobs", 4)));
}

/* Counters are written straight into their cells, while their source is enabled. */
static void add(uint32_t cell, double value) {
  uint8_t *bytes = core.w2c_memory.data + cell;
  if (bytes[CELL_ACTIVE]) *(double *)(bytes + CELL_VALUE) += value;
}

static void finish(const char *kind, double seconds) {
  uint32_t series = check(w2c_monitor_series(&core, source, message("t", kind)));
  uint32_t done = word(source + FIELDS), busy = word(done + FIELD_NEXT);
  add(series + word(done + FIELD_CELL), 1);
  add(series + word(busy + FIELD_CELL), seconds);
  if (INFO <= word(logger + LOG_LEVEL)) fprintf(stderr, "jobs: %s took %g s\n", kind, seconds);
}

static int open_socket(int is_listener, uint16_t *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
  socklen_t bytes = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (!is_listener) return connect(fd, (void *)&address, bytes) ? (close(fd), -1) : fd;
  if (bind(fd, (void *)&address, bytes) || listen(fd, 16)) perror("listen"), exit(1);
  getsockname(fd, (void *)&address, &bytes);
  *port = ntohs(address.sin_port);
  return fd;
}

static void push(uint16_t port) {
  int fd = open_socket(0, &port);
  if (fd < 0) return perror("push: these lines are lost");
  send_output(fd, w2c_monitor_encode(&core, INFLUX, now_ns()));
  close(fd);
}

/* Answers one line; 0 when there is none. */
static int serve_command(FILE *stream) {
  static char line[65536];
  if (!fgets(line, sizeof line, stream)) return fclose(stream), 0;
  uint32_t bytes = put(0, line, (uint32_t)strcspn(line, "\r\n"));
  send_output(fileno(stream), w2c_monitor_command(&core, bytes, now_ns(), 0));
  return write(fileno(stream), "\n", 1) == 1;
}

static void serve_scrape(int fd) {
  char request[4096] = {0};
  read(fd, request, sizeof request - 1);
  int found = strncmp(request, "GET /metrics ", 13) == 0;
  uint32_t start = *w2c_monitor_output(&core);
  uint32_t end = found ? w2c_monitor_encode(&core, PROMETHEUS, now_ns()) : start;
  dprintf(fd, "HTTP/1.1 %s\r\nConnection: close\r\n", found ? "200 OK" : "404 Not Found");
  dprintf(fd, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
  dprintf(fd, "Content-Length: %u\r\n\r\n", end - start);
  send_output(fd, end), close(fd);
}

int main(int count, char **arguments) {
  if (count != 2) return fprintf(stderr, "usage: jobs PUSH_PORT < jobs\n"), 2;
  uint16_t ports[2] = {0, 0}, push_port = (uint16_t)atoi(arguments[1]);
  int control = open_socket(1, &ports[0]), scrape = open_socket(1, &ports[1]);
  FILE *commands = 0; /* one control connection at a time */
  begin();
  printf("control 127.0.0.1:%d\nprometheus http://127.0.0.1:%d/metrics\n", ports[0], ports[1]);
  fflush(stdout), setvbuf(stdin, 0, _IONBF, 0);
  for (uint64_t pushed_ns = 0;;) {
    if (now_ns() - pushed_ns > 10000000000) push(push_port), pushed_ns = now_ns();
    int wanted = commands ? fileno(commands) : control;
    struct pollfd polled[] = {{0, POLLIN, 0}, {scrape, POLLIN, 0}, {wanted, POLLIN, 0}};
    poll(polled, 3, 1000);
    if (polled[0].revents) {
      char kind[256];
      double seconds;
      if (scanf("%255s %lf", kind, &seconds) != 2) break;
      finish(kind, seconds);
    }
    if (polled[1].revents) serve_scrape(accept(scrape, 0, 0));
    if (!polled[2].revents) continue;
    if (commands) commands = serve_command(commands) ? commands : 0;
    else setvbuf(commands = fdopen(accept(control, 0, 0), "r"), 0, _IONBF, 0);
  }
  push(push_port);
  return 0;
}
