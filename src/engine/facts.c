#include "engine/facts.h"

#include "base/str.h"

piq_status piq_facts_of(const piq_learner *l, uint64_t *out)
{
    piq_learner bare = *l;
    piq_buf b;
    bare.n_events = 0;
    bare.first_us = 0;
    bare.last_us = 0;
    bare.last_event_id[0] = 0;
    bare.catalogue_version = 0;
    bare.controls = (piq_controls){0};
    /* Made from the same answers as the rest. */
    bare.trace = NULL;
    bare.trace_model = 0;
    piq_buf_init(&b, 0);
    piq_learner_encode(&bare, &b);
    piq_status status = b.status;
    if (status == PIQ_OK)
        *out = piq_hash_bytes(b.ptr, b.len);
    piq_buf_release(&b);
    return status;
}

uint64_t piq_facts_chance(const piq_learner *l)
{
    const piq_behaviour *b = &l->behaviour;
    const uint64_t counts[] = {(uint64_t)b->last_us,
                               b->spent_ms,
                               (uint64_t)b->answers << 32 | b->reviews,
                               (uint64_t)b->accepted << 32 | b->dismissed,
                               (uint64_t)b->completed << 32 | b->ratings,
                               b->assessments,
                               (uint64_t)l->goal_us};
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        h = piq_hash_u64(h ^ counts[i]);
    return h;
}
