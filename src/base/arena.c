/* Chunk layout: the header below, then `size` bytes handed out from the front.
 * Memory is zeroed when it is handed out, so a kept chunk needs no sweep.
 * Under AddressSanitizer what is not handed out is poisoned: an overrun inside
 * an arena is caught like one of malloc's. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define PIQ_ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PIQ_ARENA_POISON 1
#endif
#endif

#ifdef PIQ_ARENA_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

enum { FIRST_CHUNK_BYTES = 4096 };
static const size_t DEFAULT_CAP_BYTES = (size_t)64 << 20;

struct piq_arena_chunk {
    piq_arena_chunk *next;
    size_t size; /* of bytes[] */
    size_t used; /* <= size, a multiple of the alignment */
    alignas(max_align_t) unsigned char bytes[];
};

/* What an allocation of nothing points at. */
static const max_align_t nothing;

/* The test seam; 0 in production, where it costs one relaxed load. */
static atomic_long fail_countdown;
static atomic_int fail_sticky;

void piq_alloc_fail_after(long k, int sticky)
{
    atomic_store(&fail_sticky, sticky);
    atomic_store(&fail_countdown, k > 0 ? k : 0);
}

int piq_alloc_should_fail(void)
{
    long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    while (left > 0) {
        long next = left - 1;
        if (left == 1 && atomic_load(&fail_sticky))
            next = 1;
        if (atomic_compare_exchange_weak(&fail_countdown, &left, next))
            return left == 1;
    }
    return 0;
}

void piq_arena_init(piq_arena *a, size_t cap_bytes)
{
    *a = (piq_arena){.cap_bytes = cap_bytes ? cap_bytes : DEFAULT_CAP_BYTES};
}

static void free_chunk(piq_arena *a, piq_arena_chunk *c)
{
    a->held_bytes -= sizeof *c + c->size;
    ASAN_UNPOISON_MEMORY_REGION(c->bytes, c->size);
    free(c);
}

void piq_arena_release(piq_arena *a)
{
    while (a->chunks) {
        piq_arena_chunk *c = a->chunks;
        a->chunks = c->next;
        free_chunk(a, c);
    }
}

void piq_arena_clear(piq_arena *a)
{
    piq_arena_chunk *largest = a->chunks;
    for (piq_arena_chunk *c = a->chunks; c; c = c->next)
        if (c->size > largest->size)
            largest = c;
    while (a->chunks) {
        piq_arena_chunk *c = a->chunks;
        a->chunks = c->next;
        if (c != largest)
            free_chunk(a, c);
    }
    if (!largest)
        return;
    largest->next = NULL;
    largest->used = 0;
    ASAN_POISON_MEMORY_REGION(largest->bytes, largest->size);
    a->chunks = largest;
}

/* A chunk with room for `need` bytes: twice the newest one's size, or what the
 * cap still allows. */
static piq_arena_chunk *add_chunk(piq_arena *a, size_t need)
{
    size_t left = a->cap_bytes - a->held_bytes;
    size_t header = sizeof(piq_arena_chunk);
    if (left < header || need > left - header)
        return NULL;
    size_t total = FIRST_CHUNK_BYTES;
    if (a->chunks && a->chunks->size <= a->cap_bytes)
        total = 2 * (a->chunks->size + header);
    if (total < need + header)
        total = need + header;
    if (total > left)
        total = left;
    piq_arena_chunk *c = malloc(total);
    if (!c)
        return NULL;
    c->next = a->chunks;
    c->size = total - header;
    c->used = 0;
    ASAN_POISON_MEMORY_REGION(c->bytes, c->size);
    a->chunks = c;
    a->held_bytes += total;
    return c;
}

void *piq_arena_alloc(piq_arena *a, size_t n, size_t size)
{
    if (n == 0 || size == 0)
        return (void *)&nothing;
    const size_t align = alignof(max_align_t);
    if (n > (SIZE_MAX - align) / size || piq_alloc_should_fail())
        return NULL;
    size_t need = n * size;
    size_t step = (need + align - 1) / align * align;
    piq_arena_chunk *c = a->chunks;
    if (!c || step > c->size - c->used)
        c = add_chunk(a, step);
    if (!c)
        return NULL;
    void *p = c->bytes + c->used;
    c->used += step;
    ASAN_UNPOISON_MEMORY_REGION(p, need);
    return memset(p, 0, need);
}

char *piq_arena_strndup(piq_arena *a, const char *s, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = piq_arena_alloc(a, len + 1, 1);
    if (copy && len)
        memcpy(copy, s, len);
    return copy;
}
