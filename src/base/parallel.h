/* parallel.h - one piece of work on several threads at once.
 *
 * For fitting and scoring, where work is dealt out in advance so that the
 * number of threads changes nothing in the numbers. A thread that cannot be
 * had costs time, nothing else: its share is done by the caller's.
 */
#ifndef PIQ_BASE_PARALLEL_H
#define PIQ_BASE_PARALLEL_H

enum { PIQ_MAX_THREADS = 64 };

/* Calls work(ctx, 0) .. work(ctx, n-1), n <= PIQ_MAX_THREADS, each once, on up
 * to n threads, and returns when all are done. n 0: nothing. */
void piq_parallel(unsigned n, void (*work)(void *ctx, unsigned share),
                  void *ctx);

#endif
