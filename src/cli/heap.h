/* heap.h - the allocator of a process that serves for months.
 *
 * `piq` is linked with jemalloc, which keeps blocks of one size together and
 * gives pages back by itself (docs/decisions/0037-allocator.md). A build
 * without it (sanitizers bring their own) goes on with the C library's. Only
 * this file knows which of the two it is; libpiq leaves the choice to who
 * embeds it. Private to cli/. */
#ifndef PIQ_CLI_HEAP_H
#define PIQ_CLI_HEAP_H

/* Bytes. */
typedef struct piq_heap_count {
    double live; /* in use, by the allocator's count */
    double free; /* held beside that: holes, pages not yet given back */
} piq_heap_count;

/* Tells the C library's allocator to hold on to little of what is freed; of
 * jemalloc the settings are read before main(). Once, before there are
 * threads: what each of them has claimed by then stays as it is. */
void piq_heap_settle(void);

/* As things are now. From any thread. */
piq_heap_count piq_heap_look(void);

/* Gives free pages back to the kernel, where the allocator does not do so by
 * itself. From any thread; others may wait for as long as it takes. */
void piq_heap_trim(void);

#endif
