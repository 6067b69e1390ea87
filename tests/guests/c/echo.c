/*
 * Echoes what comes on any listening socket that it was given, until the peer has ended; then ends
 * too. With the argument `one` it takes one connection after the other in blocking calls, otherwise
 * all at once by poll(), non-blocking.
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
#define BUFFER_BYTES 16384
#define PREOPENED_MAX 64

static struct pollfd polled[SOCKETS_MAX];
/* Null for a listener. */
static char *buffers[SOCKETS_MAX];
static size_t held[SOCKETS_MAX];
static size_t socket_count;
/* Listeners come first. */
static size_t listener_count;

static void add(int fd, bool is_listener) {
  fcntl(fd, F_SETFL, O_NONBLOCK);
  polled[socket_count] = (struct pollfd){.fd = fd, .events = POLLIN};
  buffers[socket_count] = is_listener ? NULL : malloc(BUFFER_BYTES);
  held[socket_count++] = 0;
}

static void drop(size_t index) {
  close(polled[index].fd);
  free(buffers[index]);
  socket_count--;
  polled[index] = polled[socket_count];
  buffers[index] = buffers[socket_count];
  held[index] = held[socket_count];
}

/* Moves what can be moved; false when the connection is over. */
static bool echo(size_t index) {
  int fd = polled[index].fd;
  if (held[index] == 0) {
    ssize_t received = recv(fd, buffers[index], BUFFER_BYTES, 0);
    if (received == 0) shutdown(fd, SHUT_WR);
    if (received <= 0) return received < 0 && errno == EAGAIN;
    held[index] = received;
  }
  ssize_t sent = send(fd, buffers[index], held[index], 0);
  if (sent < 0 && errno != EAGAIN) return false;
  if (sent > 0) memmove(buffers[index], buffers[index] + sent, held[index] -= sent);
  polled[index].events = held[index] > 0 ? POLLOUT : POLLIN;
  return true;
}

static void accept_some(int listener) {
  while (socket_count < SOCKETS_MAX) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) return;
    add(fd, false);
  }
}

static int echo_all(void) {
  listener_count = socket_count;
  for (;;) {
    /* When all are in use, who comes waits. */
    size_t first = socket_count < SOCKETS_MAX ? 0 : listener_count;
    if (poll(polled + first, socket_count - first, -1) < 0) return perror("echo: poll"), 1;
    for (size_t index = socket_count; index-- > first;) {
      if (polled[index].revents == 0) continue;
      if (index < listener_count) accept_some(polled[index].fd);
      else if (!echo(index)) drop(index);
    }
  }
}

static int echo_one(int listener) {
  static char buffer[BUFFER_BYTES];
  for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
    for (ssize_t count; (count = read(fd, buffer, sizeof buffer)) > 0;) {
      if (write(fd, buffer, count) != count) break;
    }
  }
  return perror("echo: accept"), 1;
}

int main(int argument_count, char **arguments) {
  bool is_one = argument_count > 1 && strcmp(arguments[1], "one") == 0;
  for (int fd = 3; fd < PREOPENED_MAX; fd++) {
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode)) continue;
    if (is_one) return echo_one(fd);
    add(fd, true);
  }
  return echo_all();
}
