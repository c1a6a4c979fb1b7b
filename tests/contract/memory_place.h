/* memory_place.h - the memory store, which the engine's tests rely on, as one
 * more place of the suite, so that it owes what a backend owes. Not in
 * store_kinds[]: it neither dumps nor loads, and thins out no snapshots. */
#ifndef PIQ_TESTS_MEMORY_PLACE_H
#define PIQ_TESTS_MEMORY_PLACE_H

#include "contract/store_contract.h"
#include "support/memory_store.h"

static inline bool memory_place_make(store_place *p)
{
    p->memory = memory_data_new();
    return true;
}

static inline piq_status memory_place_open(const store_place *p,
                                           piq_store **out, piq_err *err)
{
    (void)err;
    *out = memory_store_open(p->memory);
    return PIQ_OK;
}

static inline void memory_place_destroy(const store_place *p)
{
    memory_data_free(p->memory);
}

static const store_place_kind memory_kind = {
    "memory", memory_place_make, memory_place_open, memory_place_destroy};

#endif
