/* map.h - open-addressing hash map from uint64_t to uint64_t.
 *
 * Keys are ids or hashes; a value is an index or a pointer kept as uintptr_t.
 * Linear probing, at most 7/8 full, backward-shift deletion. Not thread safe.
 */
#ifndef PIQ_BASE_MAP_H
#define PIQ_BASE_MAP_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct piq_map_slot piq_map_slot;

typedef struct piq_map {
    piq_map_slot *slots;
    size_t n;
    size_t n_slots; /* 0 or a power of two */
} piq_map;

void piq_map_init(piq_map *m); /* allocates nothing */
void piq_map_release(piq_map *m);
void piq_map_clear(piq_map *m);
/* Inserts or overwrites. PIQ_ENOMEM leaves the map as it was. */
PIQ_MUST_USE piq_status piq_map_put(piq_map *m, uint64_t key, uint64_t value);
bool piq_map_get(const piq_map *m, uint64_t key, uint64_t *value);
bool piq_map_remove(piq_map *m, uint64_t key);
/* Iterates: start with *at = 0; false when done. Order is unspecified. */
bool piq_map_next(const piq_map *m, size_t *at, uint64_t *key, uint64_t *value);

#endif
