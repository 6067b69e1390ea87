/*
 * A small HTTP server for WASI preview1: one thread, poll(), keep-alive, any number of listening
 * sockets that its host has opened. GET /bytes/N answers with N bytes, anything else with a line.
 *
 *   clang --target=wasm32-wasi -O2 server.c -o server.wasm
 *   wmon run --tcplisten 8080 server.wasm
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* poll() needs 160 bytes of stack for each, of the 64 KiB that the linker gives. */
#define SOCKETS_MAX 256
#define REQUEST_BYTES_MAX 8192
#define BODY_BYTES_MAX (1 << 20)
/* The host gives descriptors without gaps: sockets are found among the first. */
#define PREOPENED_MAX 64

/* Of one socket; `request` is null for a listener. */
struct state {
  char *request;
  size_t byte_count;
  char *answer;
  size_t answer_bytes;
  size_t sent_bytes;
  bool is_last;
};

static struct pollfd polled[SOCKETS_MAX];
static struct state states[SOCKETS_MAX];
static size_t socket_count;
/* Listeners come first. */
static size_t listener_count;

static void add(int fd, bool is_listener) {
  fcntl(fd, F_SETFL, O_NONBLOCK);
  struct state fresh = {0};
  if (!is_listener) fresh.request = malloc(REQUEST_BYTES_MAX + 1);
  polled[socket_count] = (struct pollfd){.fd = fd, .events = POLLIN};
  states[socket_count++] = fresh;
}

/* The last socket takes the place of the one that goes. */
static void drop(size_t index) {
  close(polled[index].fd);
  free(states[index].request);
  free(states[index].answer);
  socket_count--;
  polled[index] = polled[socket_count];
  states[index] = states[socket_count];
}

/* Makes the answer to a request, which ends in a NUL instead of its empty line. */
static void answer(struct state *state) {
  static const char line[] = "Hello from WebAssembly\n";
  size_t wanted = sizeof line - 1;
  bool is_bytes = strncmp(state->request, "GET /bytes/", 11) == 0;
  if (is_bytes) wanted = strtoul(state->request + 11, NULL, 10);
  if (wanted > BODY_BYTES_MAX) wanted = BODY_BYTES_MAX;
  state->is_last = strstr(state->request, "Connection: close") != NULL;
  state->answer = malloc(wanted + 128);
  int head = sprintf(state->answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", wanted);
  for (size_t index = 0; index < wanted; index++) {
    state->answer[head + index] = is_bytes ? (char)('a' + index % 23) : line[index];
  }
  state->answer_bytes = head + wanted;
  state->sent_bytes = 0;
}

/* Sends what is left of the answer; false when the connection is over. */
static bool send_answer(size_t index) {
  struct state *state = &states[index];
  while (state->sent_bytes < state->answer_bytes) {
    const char *rest = state->answer + state->sent_bytes;
    ssize_t sent = send(polled[index].fd, rest, state->answer_bytes - state->sent_bytes, 0);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) break;
    state->sent_bytes += sent;
  }
  bool is_sent = state->sent_bytes == state->answer_bytes;
  polled[index].events = is_sent ? POLLIN : POLLOUT;
  if (!is_sent) return true;
  free(state->answer);
  state->answer = NULL;
  return !state->is_last;
}

/* Answers each whole request that has come, as long as answers leave; false at the end. */
static bool serve(size_t index) {
  struct state *state = &states[index];
  if (state->answer && !send_answer(index)) return false;
  while (!state->answer) {
    state->request[state->byte_count] = 0;
    char *end = strstr(state->request, "\r\n\r\n");
    if (!end) return state->byte_count < REQUEST_BYTES_MAX;
    *end = 0;
    answer(state);
    state->byte_count -= end + 4 - state->request;
    memmove(state->request, end + 4, state->byte_count);
    if (!send_answer(index)) return false;
  }
  return true;
}

/* False when the connection is over. */
static bool receive(size_t index) {
  struct state *state = &states[index];
  if (state->answer) return true;
  char *room = state->request + state->byte_count;
  ssize_t received = recv(polled[index].fd, room, REQUEST_BYTES_MAX - state->byte_count, 0);
  if (received < 0) return errno == EAGAIN;
  state->byte_count += received;
  return received > 0;
}

static void accept_some(int listener) {
  while (socket_count < SOCKETS_MAX) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) return;
    add(fd, false);
  }
}

int main(void) {
  for (int fd = 3; fd < PREOPENED_MAX; fd++) {
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)) add(fd, true);
  }
  listener_count = socket_count;
  if (listener_count == 0) return fputs("server: no listening socket\n", stderr), 1;
  for (;;) {
    /* When all are in use, who comes waits. */
    size_t first = socket_count < SOCKETS_MAX ? 0 : listener_count;
    if (poll(polled + first, socket_count - first, -1) < 0) return perror("server: poll"), 1;
    for (size_t index = socket_count; index-- > first;) {
      if (polled[index].revents == 0) continue;
      if (index < listener_count) accept_some(polled[index].fd);
      else if (!receive(index) || !serve(index)) drop(index);
    }
  }
}
