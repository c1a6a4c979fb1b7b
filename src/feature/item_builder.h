/* item_builder.h - answers in waiting for an item table. Private to the files
 * that collect and fit them.
 */
#ifndef PIQ_FEATURE_ITEM_BUILDER_H
#define PIQ_FEATURE_ITEM_BUILDER_H

#include "base/map.h"
#include "feature/item_effects.h"

typedef struct piq_built_answer {
    uint32_t item; /* position; PIQ_NO_IX32 */
    uint16_t concept;
    uint8_t at; /* piq_attempt_case */
    uint8_t group;
    bool first; /* of its learner */
    float score;
    /* Numbers among the effects of each kind; PIQ_NO_IX32: none. */
    uint32_t effect[PIQ_N_EFFECTS];
} piq_built_answer;

/* The answer before it, told again for another concept. */
static inline bool piq_built_is_repeat(const piq_built_answer *x)
{
    return x->at == PIQ_CASE_REPEAT_WRONG || x->at == PIQ_CASE_REPEAT_RIGHT;
}

typedef struct piq_effect_list {
    uint64_t *keys; /* [n]; items and concepts by position */
    size_t n, room;
} piq_effect_list;

struct piq_item_builder {
    const piq_item_names *names; /* borrowed */
    piq_built_answer *answers;   /* [n] */
    size_t n, room;
    piq_effect_list effects[PIQ_N_EFFECTS];
    piq_map effect_at; /* key -> number among those of its kind */
    piq_trail trail;   /* of the learner being added */
    uint8_t group;
    bool is_first;
};

#endif
