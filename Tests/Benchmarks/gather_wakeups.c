// Loaded before the C library: epoll looks every half a millisecond whether something has come, and is not woken by it.
//
// On loopback whoever sends pays for waking the core of whoever receives, one interrupt between two virtual processors for each
// message, as soon as receivers are faster than the sender. A server whose players are elsewhere pays nothing of that: their
// machines wake by themselves, and its own card gathers interrupts.

#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int epoll_pwait(int epoll, struct epoll_event *events, int count, int milliseconds, const sigset_t *mask) {
    const struct timespec pause = {0, 500000};
    long long end = nanoseconds() + milliseconds * 1000000LL;
    for (;;) {
        int got = syscall(SYS_epoll_pwait, epoll, events, count, 0, mask, _NSIG / 8);
        if (got != 0 || milliseconds == 0 || (milliseconds > 0 && nanoseconds() >= end)) return got;
        nanosleep(&pause, 0);
    }
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int milliseconds) {
    return epoll_pwait(epoll, events, count, milliseconds, 0);
}
