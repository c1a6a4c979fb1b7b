#include "store/postgres/pool.h"

#include "base/clock.h"
#include "base/str.h"

#include <sys/random.h>
#include <time.h>

enum { FIRST_PAUSE_MS = 50, LONGEST_PAUSE_MS = 2000 };

uint64_t piq_pg_random(void)
{
    uint64_t v;
    if (getrandom(&v, sizeof v, 0) == (ssize_t)sizeof v)
        return v;
    return piq_hash_u64((uint64_t)piq_clock_monotonic_ns());
}

bool piq_pg_pool_init(piq_pg_pool *p, unsigned n, unsigned patience_ms,
                      piq_pg_setting *setting)
{
    *p = (piq_pg_pool){
        .n = n, .n_free = n, .patience_ms = patience_ms, .setting = setting};
    for (unsigned i = 0; i < n; i++) {
        p->conns[i].setting = setting;
        p->free_ix[i] = n - 1 - i;
    }
    if (pthread_mutex_init(&p->lock, NULL) != 0)
        return false;
    if (pthread_cond_init(&p->freed, NULL) == 0)
        return true;
    pthread_mutex_destroy(&p->lock);
    return false;
}

void piq_pg_pool_release(piq_pg_pool *p)
{
    PIQ_ASSERT(p->n_free == p->n);
    for (unsigned i = 0; i < p->n; i++)
        piq_pg_disconnect(&p->conns[i]);
    pthread_cond_destroy(&p->freed);
    pthread_mutex_destroy(&p->lock);
}

void piq_pg_pool_return(piq_pg_pool *p, piq_pg_conn *c)
{
    pthread_mutex_lock(&p->lock);
    p->free_ix[p->n_free++] = (unsigned)(c - p->conns);
    pthread_cond_signal(&p->freed);
    pthread_mutex_unlock(&p->lock);
}

/* ---- pauses ----------------------------------------------------------- */

/* When the next attempt may be made. */
static int64_t next_attempt(piq_pg_pool *p)
{
    pthread_mutex_lock(&p->lock);
    int64_t at = p->pause_ms == 0 ? 0 : p->retry_ns;
    pthread_mutex_unlock(&p->lock);
    return at;
}

static void attempt_worked(piq_pg_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->pause_ms = 0;
    pthread_mutex_unlock(&p->lock);
}

/* Of several threads that fail together, one lengthens the pause. */
static void attempt_failed(piq_pg_pool *p, const piq_err *why)
{
    int64_t now = piq_clock_monotonic_ns();
    pthread_mutex_lock(&p->lock);
    p->n_misses++;
    p->last_miss = *why;
    if (p->pause_ms == 0 || now >= p->retry_ns) {
        unsigned ms = p->pause_ms == 0 ? FIRST_PAUSE_MS : p->pause_ms * 2;
        p->pause_ms = ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS;
        int64_t half_ns = (int64_t)p->pause_ms * 500000;
        p->retry_ns =
            now + half_ns + (int64_t)(piq_pg_random() % (uint64_t)half_ns);
    }
    pthread_mutex_unlock(&p->lock);
}

static void sleep_until(int64_t at_ns)
{
    struct timespec t = {at_ns / 1000000000, at_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
        ;
}

uint64_t piq_pg_pool_misses(piq_pg_pool *p, piq_err *last)
{
    pthread_mutex_lock(&p->lock);
    uint64_t n = p->n_misses;
    if (last != NULL)
        *last = p->last_miss;
    pthread_mutex_unlock(&p->lock);
    return n;
}

/* Until it works, cannot work, or patience ends. */
static piq_status connect_patiently(piq_pg_pool *p, piq_pg_conn *c,
                                    piq_err *err)
{
    int64_t patient = piq_pg_deadline(p->patience_ms);
    for (;;) {
        int64_t until = piq_pg_until(c->setting, patient);
        int64_t at = next_attempt(p);
        if (at > piq_clock_monotonic_ns())
            sleep_until(at < until ? at : until);
        bool retry;
        piq_err why = {0};
        piq_status st = piq_pg_connect(c, &retry, &why);
        if (st == PIQ_OK) {
            attempt_worked(p);
            return st;
        }
        attempt_failed(p, &why);
        if (retry && piq_clock_monotonic_ns() < until)
            continue;
        if (err != NULL)
            *err = why;
        return st;
    }
}

/* ---- lending ---------------------------------------------------------- */

static piq_pg_conn *wait_for_one(piq_pg_pool *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->n_free == 0)
        pthread_cond_wait(&p->freed, &p->lock);
    unsigned i = p->free_ix[--p->n_free];
    pthread_mutex_unlock(&p->lock);
    return &p->conns[i];
}

piq_status piq_pg_pool_mend(piq_pg_pool *p, piq_pg_conn *c, piq_err *err)
{
    piq_pg_disconnect(c);
    piq_status st = connect_patiently(p, c, err);
    if (st != PIQ_OK)
        piq_pg_pool_return(p, c);
    return st;
}

piq_status piq_pg_pool_borrow(piq_pg_pool *p, piq_pg_conn **out, piq_err *err)
{
    piq_status st = piq_pg_may_begin(p->setting, err);
    if (st != PIQ_OK)
        return st;
    piq_pg_conn *c = wait_for_one(p);
    if (!piq_pg_is_alive(c)) {
        st = piq_pg_pool_mend(p, c, err);
        if (st != PIQ_OK)
            return st;
    }
    *out = c;
    return PIQ_OK;
}
