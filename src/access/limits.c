/* limits.c - the generic cell rate algorithm over a bounded table. */
#include "access/limits.h"

#include "base/arena.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

enum { N_SETS = 8192, WAYS = 8, N_LOCKS = 64 };

typedef struct place {
    uint64_t who;
    int64_t due_us; /* of the next request at the rate; passed: all free */
} place;

typedef struct set {
    place of[WAYS];
    int64_t shared_due_us;
} set;

struct piq_limits {
    pthread_mutex_t locks[N_LOCKS];
    set sets[N_SETS];
};

piq_limits *piq_limits_new(void)
{
    piq_limits *l = NULL;
    if (!piq_alloc_should_fail())
        l = calloc(1, sizeof *l);
    for (size_t i = 0; l && i < N_LOCKS; i++)
        pthread_mutex_init(&l->locks[i], NULL);
    return l;
}

void piq_limits_free(piq_limits *l)
{
    for (size_t i = 0; l && i < N_LOCKS; i++)
        pthread_mutex_destroy(&l->locks[i]);
    free(l);
}

static int64_t *due_of(set *s, uint64_t who, int64_t now_us)
{
    place *idle = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        if (s->of[i].who == who)
            return &s->of[i].due_us;
        if (!idle && s->of[i].due_us <= now_us)
            idle = &s->of[i];
    }
    if (!idle)
        return &s->shared_due_us;
    *idle = (place){.who = who};
    return &idle->due_us;
}

bool piq_limits_take(piq_limits *l, uint64_t who, unsigned rate_per_s,
                     unsigned burst, int64_t now_us, int64_t *wait_us)
{
    const size_t at = (size_t)(who % N_SETS);
    const int64_t step_us = rate_per_s < 1000000 ? 1000000 / rate_per_s : 1;
    const int64_t ahead_us = step_us * (int64_t)burst;
    pthread_mutex_lock(&l->locks[at % N_LOCKS]);
    int64_t *due_us = due_of(&l->sets[at], who, now_us);
    /* A clock that was set back does not lock anybody out for long. */
    int64_t due = *due_us > now_us + ahead_us ? now_us + ahead_us : *due_us;
    if (due < now_us)
        due = now_us;
    bool taken = due + step_us <= now_us + ahead_us;
    if (taken)
        *due_us = due + step_us;
    else
        *wait_us = due + step_us - ahead_us - now_us;
    pthread_mutex_unlock(&l->locks[at % N_LOCKS]);
    return taken;
}
