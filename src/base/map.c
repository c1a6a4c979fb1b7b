#include "base/map.h"

#include "base/arena.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 16 };

struct piq_map_slot {
    uint64_t key;
    uint64_t value;
    bool used;
};

void piq_map_init(piq_map *m)
{
    *m = (piq_map){0};
}

void piq_map_release(piq_map *m)
{
    free(m->slots);
    piq_map_init(m);
}

void piq_map_clear(piq_map *m)
{
    if (m->slots)
        memset(m->slots, 0, m->n_slots * sizeof *m->slots);
    m->n = 0;
}

static size_t home_of(const piq_map *m, uint64_t key)
{
    return (size_t)piq_hash_u64(key) & (m->n_slots - 1);
}

/* The slot that holds `key`, or the free one where it belongs. There always is
 * a free one: the map is never full. */
static piq_map_slot *find(const piq_map *m, uint64_t key)
{
    size_t i = home_of(m, key);
    while (m->slots[i].used && m->slots[i].key != key)
        i = (i + 1) & (m->n_slots - 1);
    return &m->slots[i];
}

static piq_status grow(piq_map *m)
{
    piq_map bigger = {.n = m->n,
                      .n_slots = m->n_slots ? 2 * m->n_slots : FIRST_SLOTS};
    if (!piq_alloc_should_fail())
        bigger.slots = calloc(bigger.n_slots, sizeof *bigger.slots);
    if (!bigger.slots)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < m->n_slots; i++)
        if (m->slots[i].used)
            *find(&bigger, m->slots[i].key) = m->slots[i];
    free(m->slots);
    *m = bigger;
    return PIQ_OK;
}

piq_status piq_map_put(piq_map *m, uint64_t key, uint64_t value)
{
    piq_map_slot *s = m->n_slots ? find(m, key) : NULL;
    if (s && s->used) {
        s->value = value;
        return PIQ_OK;
    }
    if (!s || (m->n + 1) * 8 > m->n_slots * 7) {
        piq_status status = grow(m);
        if (status != PIQ_OK)
            return status;
        s = find(m, key);
    }
    *s = (piq_map_slot){.key = key, .value = value, .used = true};
    m->n++;
    return PIQ_OK;
}

bool piq_map_get(const piq_map *m, uint64_t key, uint64_t *value)
{
    const piq_map_slot *s = m->n ? find(m, key) : NULL;
    if (!s || !s->used)
        return false;
    if (value)
        *value = s->value;
    return true;
}

bool piq_map_remove(piq_map *m, uint64_t key)
{
    piq_map_slot *s = m->n ? find(m, key) : NULL;
    if (!s || !s->used)
        return false;
    /* Moves back every later slot of the run whose home does not lie between
     * the hole and itself, so that no probe ever stops short. */
    size_t mask = m->n_slots - 1;
    size_t hole = (size_t)(s - m->slots);
    for (size_t i = (hole + 1) & mask; m->slots[i].used; i = (i + 1) & mask) {
        size_t from_home = (i - home_of(m, m->slots[i].key)) & mask;
        if (from_home < ((i - hole) & mask))
            continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole].used = false;
    m->n--;
    return true;
}

bool piq_map_next(const piq_map *m, size_t *at, uint64_t *key, uint64_t *value)
{
    while (*at < m->n_slots) {
        const piq_map_slot *s = &m->slots[(*at)++];
        if (!s->used)
            continue;
        if (key)
            *key = s->key;
        if (value)
            *value = s->value;
        return true;
    }
    return false;
}
