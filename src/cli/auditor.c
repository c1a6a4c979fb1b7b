#include "cli/auditor.h"

#include "base/log.h"

#include <errno.h>
#include <time.h>

enum { PAUSE_MS = 200, TOLD_EVERY = 50 /* pauses */ };

static struct timespec after_ms(long ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* False: it is to stop. */
static bool rest(piq_auditor *a)
{
    struct timespec until = after_ms(PAUSE_MS);
    int waited = 0;
    pthread_mutex_lock(&a->lock);
    while (!a->stop && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&a->wake, &a->lock, &until);
    bool stop = a->stop;
    pthread_mutex_unlock(&a->lock);
    return !stop;
}

static void *run(void *ctx)
{
    piq_auditor *a = ctx;
    unsigned failed = 0; /* in a row; the log hears of every 50th */
    while (rest(a)) {
        piq_err err = {0};
        if (piq_audit_flush(a->audit, &err) == PIQ_OK)
            failed = 0;
        else if (failed++ % TOLD_EVERY == 0)
            piq_engine_report(a->engine, "the audit is not stored", &err);
    }
    return NULL;
}

piq_status piq_auditor_start(piq_auditor *a, piq_engine *engine,
                             piq_audit *audit, piq_err *err)
{
    pthread_condattr_t attr;
    *a = (piq_auditor){.engine = engine, .audit = audit};
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->wake, &attr);
    pthread_condattr_destroy(&attr);
    a->runs = pthread_create(&a->thread, NULL, run, a) == 0;
    if (a->runs)
        return PIQ_OK;
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->wake);
    return piq_fail(err, PIQ_EIO, "no thread to store the audit");
}

void piq_auditor_stop(piq_auditor *a)
{
    if (!a->runs)
        return;
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    a->runs = false;
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->wake);
}
