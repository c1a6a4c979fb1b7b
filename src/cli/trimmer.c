#include "cli/trimmer.h"

#include "access/audit.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/heap.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_S = 10,
    TRIM_S = 60,
    /* Soon after a start, so that one who restarts it daily is not without. */
    AUDIT_FIRST_S = 60,
    AUDIT_S = 3600
};

/* ---- memory ---------------------------------------------------------------
 */

static double resident_bytes(void)
{
    long all, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%ld %ld", &all, &resident) != 2)
        resident = 0;
    (void)fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void look_at_memory(const piq_trimmer *t)
{
    piq_engine_stats stats;
    piq_heap_count heap = piq_heap_look();
    piq_engine_stats_get(t->engine, &stats);
    piq_metric_set(t->slates, (double)stats.cached_slate_bytes);
    piq_metric_set(t->live, heap.live);
    piq_metric_set(t->free, heap.free);
    piq_metric_set(t->resident, resident_bytes());
}

static void declare(piq_trimmer *t, piq_metrics *m)
{
    t->live =
        piq_metrics_gauge(m, "piq_heap_live_bytes",
                          "Memory in use, by the allocator's count.", NULL);
    t->free = piq_metrics_gauge(
        m, "piq_heap_free_bytes",
        "Memory that the allocator holds and nobody uses.", NULL);
    t->slates =
        piq_metrics_gauge(m, "piq_cached_slate_bytes",
                          "Recommendations kept as they were served.", NULL);
    t->resident = piq_metrics_gauge(m, "piq_resident_bytes",
                                    "Memory of the process, as the kernel "
                                    "counts it.",
                                    NULL);
}

/* ---- the audit ------------------------------------------------------------
 */

static void trim_audit(piq_engine *e, int64_t before_us)
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

/* ---- the thread -----------------------------------------------------------
 */

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

static void *run(void *ctx)
{
    piq_trimmer *t = ctx;
    int64_t trim_s = TRIM_S, audit_s = AUDIT_FIRST_S;
    for (int64_t at_s = 0; rest(t, LOOK_S); at_s += LOOK_S) {
        if (at_s >= trim_s) {
            piq_heap_trim();
            trim_s = at_s + TRIM_S;
        }
        look_at_memory(t);
        if (!t->keep_us || at_s < audit_s)
            continue;
        if (piq_engine_leads(t->engine))
            trim_audit(t->engine, piq_clock_now_us() - t->keep_us);
        audit_s = at_s + AUDIT_S;
    }
    return NULL;
}

piq_status piq_trimmer_start(piq_trimmer *t, piq_engine *e, piq_metrics *m,
                             int64_t keep_days, piq_err *err)
{
    pthread_condattr_t attr;
    *t = (piq_trimmer){.engine = e, .keep_us = keep_days * PIQ_US_PER_DAY};
    if (m)
        declare(t, m);
    look_at_memory(t);
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
    return piq_fail(err, PIQ_EIO, "no thread to give memory back");
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
