#include "cli/trimmer.h"

#include "access/audit.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <time.h>

/* Soon after a start, so that one who restarts it daily is not without. */
enum { FIRST_S = 60, EVERY_S = 3600 };

/* False: it is to stop. */
static bool rest(piq_trimmer *t, time_t seconds)
{
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&t->lock);
    while (!t->stop && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&t->wake, &t->lock, &until);
    bool stop = t->stop;
    pthread_mutex_unlock(&t->lock);
    return !stop;
}

static void trim(piq_engine *e, int64_t before_us)
{
    uint64_t n_pieces = 0;
    piq_err err = {0};
    piq_status status =
        piq_audit_trim(piq_engine_store(e), before_us, &n_pieces, &err);
    piq_log_field n = piq_log_int("pieces", (int64_t)n_pieces);
    if (n_pieces)
        piq_log(PIQ_LOG_INFO, 0, "the audit was shortened", &n, 1);
    if (status)
        piq_log_err(0, "the audit could not be shortened", &err);
}

static void *run(void *ctx)
{
    piq_trimmer *t = ctx;
    for (time_t s = FIRST_S; rest(t, s); s = EVERY_S)
        if (piq_engine_leads(t->engine))
            trim(t->engine, piq_clock_now_us() - t->keep_us);
    return NULL;
}

piq_status piq_trimmer_start(piq_trimmer *t, piq_engine *e, int64_t keep_days,
                             piq_err *err)
{
    pthread_condattr_t attr;
    *t = (piq_trimmer){.engine = e, .keep_us = keep_days * PIQ_US_PER_DAY};
    if (!keep_days)
        return PIQ_OK;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, &attr);
    pthread_condattr_destroy(&attr);
    t->runs = pthread_create(&t->thread, NULL, run, t) == 0;
    if (t->runs)
        return PIQ_OK;
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    return piq_fail(err, PIQ_EIO, "no thread to shorten the audit");
}

void piq_trimmer_stop(piq_trimmer *t)
{
    if (!t->runs)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    t->runs = false;
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
}
