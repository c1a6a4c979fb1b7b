#include "base/parallel.h"

#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct share {
    void (*work)(void *ctx, unsigned share);
    void *ctx;
    unsigned at;
} share;

static void *run(void *arg)
{
    const share *s = arg;
    s->work(s->ctx, s->at);
    return NULL;
}

void piq_parallel(unsigned n, void (*work)(void *ctx, unsigned share),
                  void *ctx)
{
    pthread_t threads[PIQ_MAX_THREADS];
    bool started[PIQ_MAX_THREADS] = {false};
    share shares[PIQ_MAX_THREADS];
    PIQ_ASSERT(n <= PIQ_MAX_THREADS);
    for (unsigned i = 0; i < n; i++) {
        shares[i] = (share){work, ctx, i};
        /* The last one is the caller's own. */
        started[i] = i + 1 < n &&
                     pthread_create(&threads[i], NULL, run, &shares[i]) == 0;
    }
    for (unsigned i = 0; i < n; i++)
        if (!started[i])
            work(ctx, i);
    for (unsigned i = 0; i < n; i++)
        if (started[i])
            pthread_join(threads[i], NULL);
}
