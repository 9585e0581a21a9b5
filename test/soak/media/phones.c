/*
 * The media of many phones, as cheap as it can be made, so that the server has the cores: phones FILE SIZE PORT PORT
 *
 * All phones of a side share one socket, bound to that PORT of 127.0.0.1, and one stream: packet n of FILE (SIZE bytes each,
 * those of side A first, then as many of side B) goes to every phone's server, 50 times a second, spread over the 20
 * milliseconds. What the server sends is told apart by the port that it comes from, and counted by its sequence number,
 * which SRTP leaves in clear.
 *
 * A line of input says: "a PORT" or "b PORT", where the server receives from one more phone of a side; "begin", from the next
 * packet on all is counted; "end", prints what became of it as JSON. It ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { slices = 20, most = 4096, batch = 128, room = 1600 };

struct side {
  int socket;
  const unsigned char *packets;
  struct sockaddr_in servers[most];
  int count;
};

static struct side sides[2];
static size_t size;
static long packets, tick;
static long first = -1, last = -1; /* packets that are counted: first <= n < last, as far as these are known */
static long sent, received, refused, foreign, latest;
static uint32_t *by_port; /* packets received from each port of the server */
static unsigned char memory[batch][room];

static long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int counted(long n) { return first >= 0 && n >= first && (last < 0 || n < last); }

/* Sends packet `tick` to the servers of one slice of a side. */
static void send_slice(struct side *side, int slice) {
  static struct mmsghdr messages[batch];
  struct iovec data = {(void *)(side->packets + tick * size), size};
  int from = (long)side->count * slice / slices, to = (long)side->count * (slice + 1) / slices;
  while (from < to) {
    int n = to - from < batch ? to - from : batch;
    for (int i = 0; i < n; i++) {
      memset(&messages[i], 0, sizeof messages[i]);
      messages[i].msg_hdr.msg_name = &side->servers[from + i];
      messages[i].msg_hdr.msg_namelen = sizeof side->servers[0];
      messages[i].msg_hdr.msg_iov = &data;
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int done = sendmmsg(side->socket, messages, n, 0);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) { /* what an ICMP message has left, or no memory: this one is gone */
      refused++;
      done = 1;
    } else if (counted(tick)) sent += done;
    from += done;
  }
}

static void receive_all(struct side *side) {
  static struct mmsghdr messages[batch];
  static struct sockaddr_in from[batch];
  static struct iovec data[batch];
  for (;;) {
    for (int i = 0; i < batch; i++) {
      data[i] = (struct iovec){memory[i], room};
      memset(&messages[i], 0, sizeof messages[i]);
      messages[i].msg_hdr.msg_name = &from[i];
      messages[i].msg_hdr.msg_namelen = sizeof from[i];
      messages[i].msg_hdr.msg_iov = &data[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int n = recvmmsg(side->socket, messages, batch, MSG_DONTWAIT, NULL);
    if (n <= 0) return;
    for (int i = 0; i < n; i++) {
      if (messages[i].msg_len != size || memory[i][0] != 0x80) {
        foreign++;
        continue;
      }
      uint16_t sequence = memory[i][2] << 8 | memory[i][3];
      if (!counted(tick - (uint16_t)((uint16_t)tick - sequence))) continue;
      received++;
      by_port[ntohs(from[i].sin_port)]++;
    }
    if (n < batch) return;
  }
}

static void report(void) {
  uint32_t fewest = UINT32_MAX;
  for (int s = 0; s < 2; s++)
    for (int i = 0; i < sides[s].count; i++) {
      uint32_t n = by_port[ntohs(sides[s].servers[i].sin_port)];
      if (n < fewest) fewest = n;
    }
  printf("{\"sent\":%ld,\"received\":%ld,\"each\":%ld,\"fewest\":%u,\"refused\":%ld,\"foreign\":%ld,\"latest\":%ld}\n", sent,
         received, last - first, fewest, refused, foreign, latest);
  fflush(stdout);
}

static void line(char *text) {
  int port;
  if (sscanf(text, "a %d", &port) == 1 || sscanf(text, "b %d", &port) == 1) {
    struct side *side = &sides[text[0] == 'b'];
    if (side->count == most) exit(1);
    side->servers[side->count] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    side->servers[side->count++].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else if (strcmp(text, "begin") == 0) {
    first = tick + 1;
    last = -1;
    sent = received = latest = 0;
    memset(by_port, 0, 65536 * sizeof *by_port);
  } else if (strcmp(text, "end") == 0) {
    last = tick + 1;
  }
}

/* Takes the lines that are there; 0 when there will be no more. */
static int commands(void) {
  static char buffer[65536];
  static size_t length;
  ssize_t n = read(0, buffer + length, sizeof buffer - 1 - length);
  if (n == 0) return 0;
  if (n < 0) return 1;
  length += n;
  buffer[length] = 0;
  char *start = buffer, *end;
  while ((end = strchr(start, '\n')) != NULL) {
    *end = 0;
    line(start);
    start = end + 1;
  }
  length -= start - buffer;
  memmove(buffer, start, length);
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int file = open(argv[1], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) < 0) fail(argv[1]);
  size = atol(argv[2]);
  packets = status.st_size / size / 2;
  unsigned char *all = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  by_port = calloc(65536, sizeof *by_port);
  if (all == MAP_FAILED || by_port == NULL) fail("memory");
  for (int s = 0; s < 2; s++) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3 + s]))};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int queue = 32 << 20;
    sides[s].socket = socket(AF_INET, SOCK_DGRAM, 0);
    sides[s].packets = all + s * packets * size;
    setsockopt(sides[s].socket, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof queue);
    setsockopt(sides[s].socket, SOL_SOCKET, SO_SNDBUFFORCE, &queue, sizeof queue);
    if (bind(sides[s].socket, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
  }
  fcntl(0, F_SETFL, O_NONBLOCK);
  printf("ready\n");
  fflush(stdout);
  long start = milliseconds();
  for (long slice = 0; tick < packets; slice++) {
    long late = milliseconds() - start - slice;
    if (late < 0) {
      struct timespec rest = {0, -late * 1000000};
      nanosleep(&rest, NULL);
    } else if (late > latest) latest = late;
    tick = slice / slices;
    if (tick >= packets) break;
    for (int s = 0; s < 2; s++) send_slice(&sides[s], slice % slices);
    for (int s = 0; s < 2; s++) receive_all(&sides[s]);
    if (slice % slices == slices - 1 && !commands()) return 0;
    if (last >= 0 && tick == last + 50 && slice % slices == 0) report(); /* a second later all that comes has come */
  }
  fprintf(stderr, "no more packets\n");
  return 1;
}
