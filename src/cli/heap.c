#include "cli/heap.h"

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

enum {
    /* Where it is not told, glibc takes eight arenas a processor, and what one
     * thread frees is of no use to the others; and it raises these two limits
     * with the largest block ever freed (to 32 and 64 MiB), so that one large
     * answer leaves holes behind for good. */
    ARENAS_A_PROCESSOR = 2,
    MAP_BYTES = 1 << 20,
    TOP_BYTES = 2 << 20
};

/* jemalloc's, by the names under which it looks for them and is found: absent
 * where it is not linked. An arena a processor (it takes four by default, each
 * with holes of its own); pages that have been free for five seconds go back,
 * by a thread of its own, so that no request pays for it. */
extern const char *malloc_conf;
const char *malloc_conf = "percpu_arena:percpu,background_thread:true,"
                          "dirty_decay_ms:5000,muzzy_decay_ms:0";

__attribute__((weak)) int mallctl(const char *name, void *old, size_t *old_size,
                                  void *set, size_t set_size);

/* Through a variable: compilers take it that a function has an address. */
static bool has_jemalloc(void)
{
    int (*volatile f)(const char *, void *, size_t *, void *, size_t) = mallctl;
    return f != NULL;
}

static double count_of(const char *name)
{
    size_t n = 0, size = sizeof n;
    return mallctl(name, &n, &size, NULL, 0) ? 0 : (double)n;
}

void piq_heap_settle(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    int arenas = n > 0 && n < 1024 ? (int)n * ARENAS_A_PROCESSOR : 16;
    if (has_jemalloc())
        return;
    (void)mallopt(M_ARENA_MAX, arenas);
    (void)mallopt(M_MMAP_THRESHOLD, MAP_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TOP_BYTES);
}

piq_heap_count piq_heap_look(void)
{
    if (!has_jemalloc()) {
        struct mallinfo2 m = mallinfo2();
        return (piq_heap_count){.live = (double)(m.uordblks + m.hblkhd),
                                .free = (double)m.fordblks};
    }
    /* Its counts stand still until the epoch is moved on. */
    uint64_t epoch = 1;
    (void)mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    double live = count_of("stats.allocated");
    double held = count_of("stats.resident");
    return (piq_heap_count){.live = live,
                            .free = held > live ? held - live : 0};
}

void piq_heap_trim(void)
{
    if (!has_jemalloc())
        (void)malloc_trim(0);
}
