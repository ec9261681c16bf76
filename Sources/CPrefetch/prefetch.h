#pragma once
#include <stdint.h>

// Has the processor fetch the first two cache lines of the object at an address, to be written. A hint: any address will do.
static inline void prefetch_object(uintptr_t address) {
    __builtin_prefetch((const void *)address, 1, 3);
    __builtin_prefetch((const void *)(address + 64), 1, 3);
}
