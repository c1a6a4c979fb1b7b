#include "cli/workers.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_WAITING = 4096, REFRESH_MS = 1000 };

/* So long it is waited for storage that does not serve. */
static const int64_t PATIENCE_US = 5000000;

typedef struct task {
    piq_api_call *call;
    int64_t since_us;
    struct task *next;
} task;

struct piq_workers {
    piq_engine *engine;
    piq_access *access;
    pthread_t *threads;
    unsigned n_threads; /* that run */
    pthread_t refresher;
    bool refreshes;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t wake, ends;
    task *head, **tail;
    unsigned n_waiting;
    bool stopping;
};

static bool waits_in_vain(piq_workers *w)
{
    piq_storage_health h;
    piq_engine_storage(w->engine, &h);
    return h.state != PIQ_STORAGE_SERVES &&
           piq_clock_now_us() - h.since_us > PATIENCE_US;
}

/* ---- the threads ----------------------------------------------------------
 */

/* NULL: it is to stop. */
static task *next_task(piq_workers *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->head && !w->stopping)
        pthread_cond_wait(&w->wake, &w->lock);
    task *t = w->head;
    if (t) {
        w->head = t->next;
        w->n_waiting--;
    }
    if (!w->head)
        w->tail = &w->head;
    pthread_mutex_unlock(&w->lock);
    return t;
}

static void *work(void *ctx)
{
    piq_workers *w = ctx;
    for (task *t = next_task(w); t; t = next_task(w)) {
        bool late = piq_clock_now_us() - t->since_us > PATIENCE_US;
        if (late && waits_in_vain(w))
            piq_api_turn_away(t->call);
        else
            piq_api_go_on(t->call);
        free(t);
    }
    return NULL;
}

/* False: it is to stop. */
static bool rest(piq_workers *w)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += REFRESH_MS / 1000;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&w->ends, &w->lock, &until);
    bool go_on = !w->stopping;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static void *refresh(void *ctx)
{
    piq_workers *w = ctx;
    while (rest(w)) {
        piq_err err = {0};
        if (piq_access_refresh(w->access, piq_clock_now_us(), &err))
            piq_engine_report(w->engine, "could not read API keys again", &err);
    }
    return NULL;
}

/* ---- start and stop --------------------------------------------------------
 */

static bool start_threads(piq_workers *w, unsigned n)
{
    w->refreshes = pthread_create(&w->refresher, NULL, refresh, w) == 0;
    while (w->refreshes && w->n_threads < n &&
           pthread_create(&w->threads[w->n_threads], NULL, work, w) == 0)
        w->n_threads++;
    return w->n_threads == n;
}

piq_status piq_workers_start(piq_engine *engine, piq_access *access,
                             unsigned n_threads, piq_workers **out,
                             piq_err *err)
{
    pthread_condattr_t steady;
    piq_workers *w = calloc(1, sizeof *w);
    pthread_t *threads = calloc(n_threads, sizeof *threads);
    if (!w || !threads) {
        free(threads);
        free(w);
        return piq_fail(err, PIQ_ENOMEM, "no memory for worker threads");
    }
    w->engine = engine;
    w->access = access;
    w->threads = threads;
    w->tail = &w->head;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&w->ends, &steady);
    pthread_condattr_destroy(&steady);
    if (!start_threads(w, n_threads)) {
        piq_workers_stop(w);
        return piq_fail(err, PIQ_EIO, "could not start the worker threads");
    }
    *out = w;
    return PIQ_OK;
}

void piq_workers_stop(piq_workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->wake);
    pthread_cond_broadcast(&w->ends);
    pthread_mutex_unlock(&w->lock);
    if (w->refreshes)
        pthread_join(w->refresher, NULL);
    for (unsigned i = 0; i < w->n_threads; i++)
        pthread_join(w->threads[i], NULL);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->ends);
    pthread_mutex_destroy(&w->lock);
    free(w->threads);
    free(w);
}

/* ---- handing over ----------------------------------------------------------
 */

static task *new_task(piq_api_call *c)
{
    task *t = malloc(sizeof *t);
    if (t)
        *t = (task){.call = c, .since_us = piq_clock_now_us()};
    return t;
}

/* False: there are too many. */
static bool queue(piq_workers *w, task *t, unsigned most)
{
    pthread_mutex_lock(&w->lock);
    bool room = w->n_waiting < most;
    if (room) {
        *w->tail = t;
        w->tail = &t->next;
        w->n_waiting++;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return room;
}

void piq_workers_take(void *workers, piq_api_call *c)
{
    piq_workers *w = workers;
    task *t = new_task(c);
    if (t && (queue(w, t, w->n_threads) ||
              (!waits_in_vain(w) && queue(w, t, MAX_WAITING))))
        return;
    free(t);
    piq_api_turn_away(c);
}
