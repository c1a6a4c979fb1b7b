/* sessions.c - tickets in two tables of fixed size. */
#include "access/sessions.h"

#include "access/crypto.h"
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct ticket {
    uint8_t digest[PIQ_SHA256_BYTES]; /* of the value that was given out */
    int64_t until_us;
    piq_caller as;
    uint32_t next_free; /* when it is */
} ticket;

typedef struct table {
    piq_map at; /* first 8 bytes of the digest -> place */
    ticket *tickets;
    uint32_t n_used;     /* places that were ever in use */
    uint32_t first_free; /* of those given back; NONE: none */
    uint32_t cap;
    int64_t swept_us;
} table;

struct piq_sessions {
    pthread_mutex_t lock;
    table tables[2]; /* by piq_ticket */
};

static const uint32_t NONE = UINT32_MAX;

static bool make(table *t, uint32_t cap)
{
    piq_map_init(&t->at);
    t->cap = cap;
    t->first_free = NONE;
    t->swept_us = INT64_MIN;
    if (!piq_alloc_should_fail())
        t->tickets = calloc(cap, sizeof *t->tickets);
    return t->tickets != NULL;
}

piq_sessions *piq_sessions_new(void)
{
    piq_sessions *s = NULL;
    if (!piq_alloc_should_fail())
        s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    if (!make(&s->tables[PIQ_TICKET_LINK], PIQ_MAX_LINKS) ||
        !make(&s->tables[PIQ_TICKET_SESSION], PIQ_MAX_SESSIONS)) {
        piq_sessions_free(s);
        return NULL;
    }
    return s;
}

void piq_sessions_free(piq_sessions *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < 2; i++) {
        piq_map_release(&s->tables[i].at);
        free(s->tables[i].tickets);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static uint64_t name_of(const uint8_t digest[PIQ_SHA256_BYTES])
{
    uint64_t name;
    memcpy(&name, digest, sizeof name);
    return name;
}

static void give_back(table *t, uint32_t place)
{
    ticket *x = &t->tickets[place];
    piq_map_remove(&t->at, name_of(x->digest));
    *x = (ticket){.next_free = t->first_free};
    t->first_free = place;
}

/* All that have expired; a whole walk, so at most once a second. */
static void sweep(table *t, int64_t now_us)
{
    if (now_us >= t->swept_us && t->swept_us > now_us - 1000000)
        return;
    t->swept_us = now_us;
    for (uint32_t i = 0; i < t->n_used; i++)
        if (t->tickets[i].until_us && t->tickets[i].until_us <= now_us)
            give_back(t, i);
}

static uint32_t free_place(table *t, int64_t now_us)
{
    if (t->first_free == NONE && t->n_used == t->cap)
        sweep(t, now_us);
    uint32_t place = t->first_free;
    if (place != NONE)
        t->first_free = t->tickets[place].next_free;
    else if (t->n_used < t->cap)
        place = t->n_used++;
    return place;
}

static piq_status insert(table *t, const ticket *x, int64_t now_us,
                         piq_err *err)
{
    uint32_t place = free_place(t, now_us);
    if (place == NONE)
        return piq_fail(err, PIQ_EBUSY, "too many sessions or links are open");
    t->tickets[place] = *x;
    if (piq_map_put(&t->at, name_of(x->digest), place) == PIQ_OK)
        return PIQ_OK;
    t->tickets[place] = (ticket){.next_free = t->first_free};
    t->first_free = place;
    return piq_fail(err, PIQ_ENOMEM, "no memory for a session");
}

piq_status piq_sessions_add(piq_sessions *s, piq_ticket kind,
                            const piq_caller *as, int64_t now_us,
                            int64_t until_us, char value[PIQ_TICKET_BYTES],
                            piq_err *err)
{
    uint8_t random[32];
    char text[PIQ_TICKET_BYTES];
    ticket x = {.until_us = until_us, .as = *as};
    piq_status status = piq_crypto_random(random, sizeof random, err);
    if (status)
        return status;
    piq_crypto_base64url(random, sizeof random, text);
    piq_crypto_sha256((piq_str){text, sizeof text - 1}, x.digest);
    pthread_mutex_lock(&s->lock);
    status = insert(&s->tables[kind], &x, now_us, err);
    pthread_mutex_unlock(&s->lock);
    if (!status)
        memcpy(value, text, sizeof text);
    piq_crypto_wipe(random, sizeof random);
    piq_crypto_wipe(text, sizeof text);
    return status;
}

bool piq_sessions_find(piq_sessions *s, piq_ticket kind, piq_str value,
                       int64_t now_us, bool take, piq_caller *as)
{
    uint8_t digest[PIQ_SHA256_BYTES];
    uint64_t place;
    table *t = &s->tables[kind];
    if (value.len != PIQ_TICKET_BYTES - 1)
        return false;
    piq_crypto_sha256(value, digest);
    pthread_mutex_lock(&s->lock);
    bool found =
        piq_map_get(&t->at, name_of(digest), &place) &&
        piq_crypto_same(t->tickets[place].digest, digest, sizeof digest);
    bool valid = found && t->tickets[place].until_us > now_us;
    if (valid)
        *as = t->tickets[place].as;
    if (found && (take || !valid))
        give_back(t, (uint32_t)place);
    pthread_mutex_unlock(&s->lock);
    return valid;
}

uint64_t piq_sessions_name(piq_str value)
{
    uint8_t digest[PIQ_SHA256_BYTES];
    piq_crypto_sha256(value, digest);
    return name_of(digest);
}

bool piq_sessions_has(piq_sessions *s, uint64_t name, int64_t now_us)
{
    uint64_t place;
    const table *t = &s->tables[PIQ_TICKET_SESSION];
    pthread_mutex_lock(&s->lock);
    bool has = piq_map_get(&t->at, name, &place) &&
               t->tickets[place].until_us > now_us;
    pthread_mutex_unlock(&s->lock);
    return has;
}
