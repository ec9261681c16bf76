/* Counts the calls of malloc and its like in the number at the start of the file that ALLOCATIONS_FILE names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic unsigned long own;
static _Atomic unsigned long *count = &own;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

__attribute__((constructor)) static void open_count(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) count = memory;
}

static void one(void) { atomic_fetch_add_explicit(count, 1, memory_order_relaxed); }

void *malloc(size_t size) { one(); return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { one(); return __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { one(); return __libc_realloc(old, size); }
void *memalign(size_t align, size_t size) { one(); return __libc_memalign(align, size); }
void *aligned_alloc(size_t align, size_t size) { one(); return __libc_memalign(align, size); }
int posix_memalign(void **out, size_t align, size_t size) {
    one();
    *out = __libc_memalign(align, size);
    return *out ? 0 : 12;
}
