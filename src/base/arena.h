/* arena.h - memory by lifetime: many allocations, one release.
 *
 * One arena for each request, job or snapshot. Chunks double from 4 KiB and
 * their total is capped, so that whatever an input asks for has a limit.
 * Memory is zeroed and aligned for any type. Not thread safe; an arena that
 * nobody allocates from any more may be read by any number of threads.
 */
#ifndef PIQ_BASE_ARENA_H
#define PIQ_BASE_ARENA_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct piq_arena_chunk piq_arena_chunk;

typedef struct piq_arena {
    piq_arena_chunk *chunks; /* newest first */
    size_t held_bytes;       /* sum of the chunks */
    size_t cap_bytes;        /* held_bytes never passes it */
} piq_arena;

/* Allocates nothing. cap_bytes 0 means 64 MiB. */
void piq_arena_init(piq_arena *a, size_t cap_bytes);

/* Frees everything; the arena may be used again. */
void piq_arena_release(piq_arena *a);

/* Forgets everything but keeps the largest chunk for the next use. */
void piq_arena_clear(piq_arena *a);

/* n objects of `size` bytes, zeroed. NULL when n * size overflows, the cap is
 * reached or malloc fails. n == 0 gives a valid pointer to nothing. */
void *piq_arena_alloc(piq_arena *a, size_t n, size_t size);

/* A NUL-terminated copy of `len` bytes; NULL as above. */
char *piq_arena_strndup(piq_arena *a, const char *s, size_t len);

#define piq_new(arena, type, n)                                                \
    ((type *)piq_arena_alloc((arena), (n), sizeof(type)))

/* Test seam: the k-th next allocation of this process's arenas and buffers
 * fails (k >= 1), then every one after it if `sticky`; 0 switches it off. */
void piq_alloc_fail_after(long k, int sticky);
/* For code in base/ and store/ that calls malloc itself: 1 = pretend failure.*/
int piq_alloc_should_fail(void);

#endif
