/* token_cache.c - sets of four, a lock for every so many. */
#include "access/token_cache.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdlib.h>

enum { N_SETS = 2048, WAYS = 4, N_LOCKS = 32 };

typedef struct entry {
    uint8_t digest[PIQ_SHA256_BYTES];
    int64_t from_us, until_us; /* until 0: empty */
    uint64_t used;
    piq_caller caller;
} entry;

struct piq_token_cache {
    pthread_mutex_t locks[N_LOCKS];
    uint64_t clocks[N_LOCKS]; /* counts uses, under the lock */
    entry entries[N_SETS][WAYS];
};

piq_token_cache *piq_token_cache_new(void)
{
    piq_token_cache *c = NULL;
    if (!piq_alloc_should_fail())
        c = calloc(1, sizeof *c);
    for (size_t i = 0; c && i < N_LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    return c;
}

void piq_token_cache_free(piq_token_cache *c)
{
    for (size_t i = 0; c && i < N_LOCKS; i++)
        pthread_mutex_destroy(&c->locks[i]);
    free(c);
}

static size_t set_of(const uint8_t digest[PIQ_SHA256_BYTES])
{
    uint32_t head;
    memcpy(&head, digest, sizeof head);
    return head % N_SETS;
}

bool piq_token_cache_get(piq_token_cache *c,
                         const uint8_t digest[PIQ_SHA256_BYTES], int64_t now_us,
                         piq_caller *out)
{
    size_t set = set_of(digest), part = set % N_LOCKS;
    bool found = false;
    pthread_mutex_lock(&c->locks[part]);
    for (size_t i = 0; i < WAYS && !found; i++) {
        entry *e = &c->entries[set][i];
        if (e->until_us <= now_us || e->from_us > now_us ||
            !piq_crypto_same(e->digest, digest, PIQ_SHA256_BYTES))
            continue;
        found = true;
        e->used = ++c->clocks[part];
        *out = e->caller;
    }
    pthread_mutex_unlock(&c->locks[part]);
    return found;
}

void piq_token_cache_put(piq_token_cache *c,
                         const uint8_t digest[PIQ_SHA256_BYTES],
                         int64_t from_us, const piq_caller *caller)
{
    size_t set = set_of(digest), part = set % N_LOCKS;
    pthread_mutex_lock(&c->locks[part]);
    entry *to = &c->entries[set][0];
    for (size_t i = 0; i < WAYS; i++) {
        entry *e = &c->entries[set][i];
        if (memcmp(e->digest, digest, PIQ_SHA256_BYTES) == 0) {
            to = e;
            break;
        }
        if (e->used < to->used)
            to = e;
    }
    memcpy(to->digest, digest, PIQ_SHA256_BYTES);
    to->from_us = from_us;
    to->until_us = caller->expires_us;
    to->used = ++c->clocks[part];
    to->caller = *caller;
    pthread_mutex_unlock(&c->locks[part]);
}
