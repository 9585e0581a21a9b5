/*
 * What a relay of plain packets costs that does nothing else: connected sockets, epoll, no pause, no checks.
 * relay CALLS: binds two ports on 127.0.0.1 for each call, prints all of them in one line, sends what comes to the one
 * to whoever sent to the other, and ends when its standard input does.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct leg {
  int socket;
  int learned;
  struct leg *other;
};

int main(int count, char **words) {
  int legs = 2 * (count > 1 ? atoi(words[1]) : 1);
  struct leg *all = calloc(legs, sizeof *all);
  int epoll = epoll_create1(0);
  for (int i = 0; i < legs; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int size = 262144;
    all[i].socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    all[i].other = &all[i ^ 1];
    setsockopt(all[i].socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(all[i].socket, (struct sockaddr *)&address, length) < 0) return 1;
    getsockname(all[i].socket, (struct sockaddr *)&address, &length);
    printf("%d ", ntohs(address.sin_port));
    epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].socket, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &all[i]});
  }
  printf("\n");
  fflush(stdout);
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &(struct epoll_event){.events = EPOLLIN});
  static char packet[65536];
  static struct epoll_event events[512];
  for (;;) {
    int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      struct leg *leg = events[i].data.ptr;
      if (leg == NULL) return 0;
      ssize_t length;
      if (leg->learned) length = recv(leg->socket, packet, sizeof packet, 0);
      else {
        struct sockaddr_in source;
        socklen_t size = sizeof source;
        length = recvfrom(leg->socket, packet, sizeof packet, 0, (struct sockaddr *)&source, &size);
        leg->learned = length >= 0 && connect(leg->socket, (struct sockaddr *)&source, size) == 0;
      }
      if (length >= 0 && leg->other->learned) send(leg->other->socket, packet, length, 0);
    }
  }
}
