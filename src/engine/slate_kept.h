/* slate_kept.h - the slate that holds for a request, in every process. Private
 * to the engine.
 *
 * What was served is a record of the learner (PIQ_RECORD_SLATE) under what was
 * asked for, stored in the slate's own commit from the version that was there.
 * An engine that has no slate in its cache reads the record before it makes
 * one; of two that make one at once the second is refused (PIQ_ESTALE), its
 * batch is done again, and finds what the first has made. So a round-robin
 * client gets one answer, with the same ids, from all engines, and after a
 * restart too.
 *
 * Its reasons, which are most of a reply, are left out: they are stored with
 * the recommendations anyway, and are read again. (Kept whole, a slate cost a
 * third of the throughput of slates on SQLite.) A store may lay them out anew,
 * so what two engines serve is equal as JSON.
 *
 * It holds as long as the one in the cache does: until it expires, and while
 * state, catalogue, rules and experiments are those that it was made under. One
 * that was made under newer ones than this process knows of holds as well: this
 * process is about to hear of them.
 */
#ifndef PIQ_ENGINE_SLATE_KEPT_H
#define PIQ_ENGINE_SLATE_KEPT_H

#include "engine/engine_internal.h"

#define PIQ_RECORD_SLATE PIQ_STR("slate")

/* What a slate was made under. */
typedef struct piq_slate_mark {
    int64_t state_version;
    uint32_t catalogue, rules;
    uint64_t experiments;
} piq_slate_mark;

typedef struct piq_slate_kept {
    int64_t version; /* of the record; 0: there is none */
    int64_t until_us;
    piq_slate_mark mark;
    piq_bytes *reply; /* NULL: none that holds; else one reference */
} piq_slate_kept;

/* What the store has for the request of `op`. PIQ_EBUSY: this batch writes it,
 * op->later is set. */
PIQ_MUST_USE piq_status piq_slate_kept_read(piq_batch *b, piq_op *op,
                                            const piq_slate_mark *now,
                                            piq_slate_kept *out);

/* Adds the record to the batch's commit: `reply` is without ids, of
 * recommendations [first .. first+n) of the commit, which are there already;
 * `x` tells version and until_us, and what it was made under. */
PIQ_MUST_USE piq_status piq_slate_kept_add(piq_batch *b, const piq_op *op,
                                           const piq_slate_kept *x,
                                           piq_str reply, size_t first,
                                           size_t n);

/* The reply with its ids: `first`, first + 1, .. One reference; NULL: no
 * memory. */
piq_bytes *piq_slate_with_ids(piq_str reply, int64_t first);

#endif
