#include "engine/cache.h"

#include "base/map.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    N_PARTS = 64,
    MAX_SERVED = 8,
    /* On average, for each learner there may be. A slate of ten takes 6 KB, a
     * request may ask for far longer ones. */
    SERVED_BYTES = 16 << 10
};

struct piq_held {
    atomic_uint references;
    piq_learner *learner;
    bool paused;
};

/* Entries of a part form a ring by last use: newest after the head. */
typedef struct entry {
    struct entry *newer, *older;
    piq_held *held;
    piq_served served[MAX_SERVED];
    unsigned n_served, next_served;
    piq_plan_head plan;
    bool plan_known;
} entry;

typedef struct part {
    pthread_mutex_t lock;
    piq_map at; /* user id -> entry */
    entry ring; /* sentinel */
    size_t n;
    size_t served_bytes; /* of all slates of its entries */
    uint64_t epoch, hits, misses, evictions;
} part;

struct piq_cache {
    size_t max_part;
    part parts[N_PARTS];
};

/* ---- counted learners ------------------------------------------------ */

piq_held *piq_held_take(piq_learner *learner)
{
    piq_held *h = malloc(sizeof *h);
    if (!h) {
        piq_learner_free(learner);
        return NULL;
    }
    atomic_init(&h->references, 1);
    h->learner = learner;
    h->paused = false;
    return h;
}

void piq_held_pause(piq_held *h, bool paused)
{
    h->paused = paused;
}

bool piq_held_is_paused(const piq_held *h)
{
    return h->paused;
}

static piq_held *held_retain(piq_held *h)
{
    atomic_fetch_add_explicit(&h->references, 1, memory_order_relaxed);
    return h;
}

void piq_held_release(piq_held *h)
{
    if (!h ||
        atomic_fetch_sub_explicit(&h->references, 1, memory_order_acq_rel) != 1)
        return;
    piq_learner_free(h->learner);
    free(h);
}

const piq_learner *piq_held_learner(const piq_held *h)
{
    return h->learner;
}

/* ---- parts ----------------------------------------------------------- */

static part *part_of(piq_cache *c, piq_user_id user)
{
    return &c->parts[piq_hash_u64((uint64_t)user.v) % N_PARTS];
}

static entry *part_find(part *p, piq_user_id user)
{
    uint64_t v;
    return piq_map_get(&p->at, (uint64_t)user.v, &v) ? (entry *)(uintptr_t)v
                                                     : NULL;
}

static void unlink_entry(entry *e)
{
    e->newer->older = e->older;
    e->older->newer = e->newer;
}

static void link_newest(part *p, entry *e)
{
    e->older = p->ring.older;
    e->newer = &p->ring;
    p->ring.older->newer = e;
    p->ring.older = e;
}

static void forget_served(part *p, entry *e)
{
    for (unsigned i = 0; i < e->n_served; i++) {
        p->served_bytes -= piq_bytes_str(e->served[i].bytes).len;
        piq_bytes_release(e->served[i].bytes);
    }
    e->n_served = e->next_served = 0;
}

static void part_remove(part *p, entry *e)
{
    piq_map_remove(&p->at, (uint64_t)e->held->learner->user.v);
    unlink_entry(e);
    forget_served(p, e);
    piq_held_release(e->held);
    free(e);
    p->n--;
}

/* The ring runs newest .. oldest from ring.older along ->older. */
static entry *part_oldest(part *p)
{
    return p->ring.newer;
}

static void part_evict(part *p)
{
    part_remove(p, part_oldest(p));
    p->evictions++;
    p->epoch++; /* what was read before it went may be older than it */
}

static void part_add(part *p, piq_held *h, size_t max)
{
    entry *e = calloc(1, sizeof *e);
    if (!e)
        return; /* not cached: slower, still right */
    if (piq_map_put(&p->at, (uint64_t)h->learner->user.v, (uintptr_t)e)) {
        free(e);
        return;
    }
    e->held = held_retain(h);
    link_newest(p, e);
    p->n++;
    while (p->n > max)
        part_evict(p);
}

/* The caller releases what was there, outside the lock. */
static piq_held *entry_replace(part *p, entry *e, piq_held *h)
{
    piq_held *old = e->held;
    e->held = held_retain(h);
    forget_served(p, e);
    unlink_entry(e);
    link_newest(p, e);
    return old;
}

piq_status piq_cache_new(size_t max_learners, piq_cache **out)
{
    piq_cache *c = calloc(1, sizeof *c);
    if (!c)
        return PIQ_ENOMEM;
    c->max_part = max_learners / N_PARTS + 1;
    for (int i = 0; i < N_PARTS; i++) {
        part *p = &c->parts[i];
        pthread_mutex_init(&p->lock, NULL);
        piq_map_init(&p->at);
        p->ring.newer = p->ring.older = &p->ring;
    }
    *out = c;
    return PIQ_OK;
}

void piq_cache_free(piq_cache *c)
{
    if (!c)
        return;
    for (int i = 0; i < N_PARTS; i++) {
        part *p = &c->parts[i];
        while (p->n)
            part_remove(p, part_oldest(p));
        piq_map_release(&p->at);
        pthread_mutex_destroy(&p->lock);
    }
    free(c);
}

piq_held *piq_cache_get(piq_cache *c, piq_user_id user)
{
    part *p = part_of(c, user);
    piq_held *h = NULL;
    pthread_mutex_lock(&p->lock);
    entry *e = part_find(p, user);
    if (e) {
        unlink_entry(e);
        link_newest(p, e);
        h = held_retain(e->held);
        p->hits++;
    } else {
        p->misses++;
    }
    pthread_mutex_unlock(&p->lock);
    return h;
}

uint64_t piq_cache_epoch(piq_cache *c, piq_user_id user)
{
    part *p = part_of(c, user);
    pthread_mutex_lock(&p->lock);
    uint64_t epoch = p->epoch;
    pthread_mutex_unlock(&p->lock);
    return epoch;
}

void piq_cache_offer(piq_cache *c, piq_held *h, uint64_t epoch)
{
    part *p = part_of(c, h->learner->user);
    piq_held *old = NULL;
    pthread_mutex_lock(&p->lock);
    entry *e = part_find(p, h->learner->user);
    if (e && e->held->learner->version < h->learner->version)
        old = entry_replace(p, e, h);
    else if (!e && p->epoch == epoch)
        part_add(p, h, c->max_part);
    else if (!e)
        p->epoch++; /* somebody has seen this one: nothing older may follow */
    pthread_mutex_unlock(&p->lock);
    piq_held_release(old);
}

void piq_cache_publish(piq_cache *c, piq_held *h)
{
    part *p = part_of(c, h->learner->user);
    piq_held *old = NULL;
    pthread_mutex_lock(&p->lock);
    p->epoch++;
    entry *e = part_find(p, h->learner->user);
    if (!e)
        part_add(p, h, c->max_part);
    else if (e->held->learner->version <= h->learner->version)
        old = entry_replace(p, e, h);
    pthread_mutex_unlock(&p->lock);
    piq_held_release(old);
}

void piq_cache_drop(piq_cache *c, piq_user_id user)
{
    part *p = part_of(c, user);
    pthread_mutex_lock(&p->lock);
    p->epoch++;
    entry *e = part_find(p, user);
    if (e)
        part_remove(p, e);
    pthread_mutex_unlock(&p->lock);
}

void piq_cache_outdate(piq_cache *c, piq_user_id user, int64_t version)
{
    part *p = part_of(c, user);
    pthread_mutex_lock(&p->lock);
    entry *e = part_find(p, user);
    if (!e || e->held->learner->version < version) {
        p->epoch++;
        if (e)
            part_remove(p, e);
    }
    pthread_mutex_unlock(&p->lock);
}

void piq_cache_clear(piq_cache *c)
{
    for (int i = 0; i < N_PARTS; i++) {
        part *p = &c->parts[i];
        pthread_mutex_lock(&p->lock);
        p->epoch++;
        while (p->n)
            part_remove(p, part_oldest(p));
        pthread_mutex_unlock(&p->lock);
    }
}

/* ---- served slates --------------------------------------------------- */

void piq_cache_put_served(piq_cache *c, piq_user_id user, int64_t version,
                          const piq_served *s)
{
    part *p = part_of(c, user);
    piq_bytes *drop = s->bytes;
    pthread_mutex_lock(&p->lock);
    entry *e = part_find(p, user);
    if (e && e->held->learner->version == version) {
        unsigned at = e->n_served;
        for (unsigned i = 0; i < e->n_served; i++)
            if (e->served[i].type == s->type && e->served[i].limit == s->limit)
                at = i;
        if (at == MAX_SERVED)
            at = e->next_served++ % MAX_SERVED;
        drop = at < e->n_served ? e->served[at].bytes : NULL;
        p->served_bytes -= drop ? piq_bytes_str(drop).len : 0;
        p->served_bytes += piq_bytes_str(s->bytes).len;
        e->served[at] = *s;
        if (at == e->n_served)
            e->n_served++;
        unlink_entry(e);
        link_newest(p, e);
        while (p->n > 1 && p->served_bytes > c->max_part * SERVED_BYTES)
            part_evict(p);
    }
    pthread_mutex_unlock(&p->lock);
    piq_bytes_release(drop);
}

piq_bytes *piq_cache_served(piq_cache *c, piq_user_id user, int type,
                            unsigned limit, uint32_t catalogue_version,
                            uint64_t steering, int64_t now_us, int64_t *version)
{
    part *p = part_of(c, user);
    piq_bytes *found = NULL;
    pthread_mutex_lock(&p->lock);
    entry *e = part_find(p, user);
    for (unsigned i = 0; e && i < e->n_served; i++) {
        const piq_served *s = &e->served[i];
        if (s->type == type && s->limit == limit &&
            s->catalogue_version == catalogue_version &&
            s->steering == steering && now_us < s->until_us) {
            found = piq_bytes_retain(s->bytes);
            break;
        }
    }
    if (found)
        *version = e->held->learner->version;
    pthread_mutex_unlock(&p->lock);
    return found;
}

/* ---- plans ----------------------------------------------------------- */

bool piq_cache_plan(piq_cache *c, piq_user_id user, piq_plan_head *out)
{
    part *p = part_of(c, user);
    pthread_mutex_lock(&p->lock);
    const entry *e = part_find(p, user);
    bool known = e && e->plan_known;
    if (known)
        *out = e->plan;
    pthread_mutex_unlock(&p->lock);
    return known;
}

void piq_cache_put_plan(piq_cache *c, piq_user_id user,
                        const piq_plan_head *head, uint64_t epoch)
{
    part *p = part_of(c, user);
    pthread_mutex_lock(&p->lock);
    entry *e = p->epoch == epoch ? part_find(p, user) : NULL;
    if (e) {
        e->plan_known = true;
        e->plan = *head;
    }
    pthread_mutex_unlock(&p->lock);
}

void piq_cache_forget_plan(piq_cache *c, piq_user_id user)
{
    part *p = part_of(c, user);
    pthread_mutex_lock(&p->lock);
    p->epoch++;
    entry *e = part_find(p, user);
    if (e)
        e->plan_known = false;
    pthread_mutex_unlock(&p->lock);
}

void piq_cache_stats_get(piq_cache *c, piq_cache_stats *out)
{
    *out = (piq_cache_stats){0};
    for (int i = 0; i < N_PARTS; i++) {
        part *p = &c->parts[i];
        pthread_mutex_lock(&p->lock);
        out->learners += p->n;
        out->served_bytes += p->served_bytes;
        out->hits += p->hits;
        out->misses += p->misses;
        out->evictions += p->evictions;
        pthread_mutex_unlock(&p->lock);
    }
}
