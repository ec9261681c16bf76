#pragma once
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <uv.h>

// accept4(2) under a name of ours: <sys/socket.h> declares it only under _GNU_SOURCE, and then with other types.
int cuv_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags) __asm__("accept4");
