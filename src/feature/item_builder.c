#include "feature/item_builder.h"

#include <stdlib.h>
#include <string.h>

/* --- growing arrays --------------------------------------------------------
 */

static piq_status more(void **list, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return PIQ_OK;
    size_t wanted = *room ? *room * 2 : 64;
    void *grown = NULL;
    if (!piq_alloc_should_fail() && wanted < SIZE_MAX / size)
        grown = realloc(*list, wanted * size);
    if (!grown)
        return PIQ_ENOMEM;
    *list = grown;
    *room = wanted;
    return PIQ_OK;
}

piq_status piq_item_builder_new(const piq_item_names *names,
                                piq_item_builder **out)
{
    piq_item_builder *b = NULL;
    if (!piq_alloc_should_fail())
        b = calloc(1, sizeof *b);
    if (!b)
        return PIQ_ENOMEM;
    b->names = names;
    piq_map_init(&b->effect_at);
    if (piq_trail_init(&b->trail, names->n_concepts) != PIQ_OK) {
        free(b);
        return PIQ_ENOMEM;
    }
    *out = b;
    return PIQ_OK;
}

void piq_item_builder_free(piq_item_builder *b)
{
    if (!b)
        return;
    piq_map_release(&b->effect_at);
    piq_trail_release(&b->trail);
    for (size_t k = 0; k < PIQ_N_EFFECTS; k++)
        free(b->effects[k].keys);
    free(b->answers);
    free(b);
}

void piq_item_builder_learner(piq_item_builder *b, unsigned group)
{
    PIQ_ASSERT(group < PIQ_EVERY_GROUP);
    piq_trail_clear(&b->trail);
    b->group = (uint8_t)group;
    b->is_first = true;
}

/* The number of an effect among those of its kind; a new one if need be. */
static piq_status effect_of(piq_item_builder *b, size_t kind, uint64_t key,
                            uint32_t *out)
{
    uint64_t at;
    if (piq_map_get(&b->effect_at, key, &at)) {
        *out = (uint32_t)at;
        return PIQ_OK;
    }
    piq_effect_list *list = &b->effects[kind];
    piq_status status =
        more((void **)&list->keys, list->n, &list->room, sizeof *list->keys);
    if (status == PIQ_OK)
        status = piq_map_put(&b->effect_at, key, list->n);
    if (status != PIQ_OK)
        return status;
    list->keys[list->n] = key;
    *out = (uint32_t)list->n++;
    return PIQ_OK;
}

static uint32_t wide(uint16_t concept)
{
    return concept == PIQ_NO_IX16 ? PIQ_NO_IX32 : concept;
}

piq_status piq_item_builder_add(piq_item_builder *b, const piq_ask *ask,
                                float score)
{
    if (b->n == UINT32_MAX - 1)
        return PIQ_ELIMIT;
    piq_status status =
        more((void **)&b->answers, b->n, &b->room, sizeof *b->answers);
    if (status != PIQ_OK)
        return status;
    piq_situation s;
    piq_trail_situation(&b->trail, ask, &s);
    piq_effect_place at = {
        .item = s.item,
        .before = s.before,
        .before_2 = s.before_2,
        .concept = s.concept,
        .before_concept = wide(s.before_concept),
        .topic = wide(s.topic),
        .topic_2 = wide(s.topic_2),
        .no_before = s.before == PIQ_NO_IX32,
        .no_before_concept = s.before_concept == PIQ_NO_IX16,
    };
    uint64_t keys[PIQ_N_KINDS_KEPT];
    piq_effect_keys(&s, &at, keys);
    piq_built_answer *x = &b->answers[b->n];
    *x = (piq_built_answer){
        .item = s.item,
        .concept = s.concept,
        .at = s.at,
        .group = b->group,
        .first = b->is_first,
        .score = score,
    };
    for (size_t k = 0; k < PIQ_N_EFFECTS; k++) {
        x->effect[k] = PIQ_NO_IX32;
        if (keys[k] == PIQ_NO_EFFECT)
            continue;
        status = effect_of(b, k, keys[k], &x->effect[k]);
        if (status != PIQ_OK)
            return status;
    }
    b->n++;
    b->is_first = false;
    (void)piq_trail_answer(&b->trail, ask, score);
    return PIQ_OK;
}
