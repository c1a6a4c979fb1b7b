/* item_effects.h - the inside of an item table, shared by the files that fit,
 * write and look it up. Private to them.
 *
 * Effects stand in an open-addressing hash table by key; a key is the kind and
 * up to three numbers (of items and concepts, as the owner of the key numbers
 * them). Besides the additive effects there are raw rates, slopes, and how much
 * neighbours tell.
 */
#ifndef PIQ_FEATURE_ITEM_EFFECTS_H
#define PIQ_FEATURE_ITEM_EFFECTS_H

#include "feature/item_table.h"

enum {
    PIQ_KIND_ITEM_RATE = PIQ_N_EFFECTS,
    PIQ_KIND_CASE_RATE,
    PIQ_KIND_SLOPE,
    PIQ_KIND_NEAR_SHARE, /* one number: how alike neighbouring items are */
    PIQ_N_KINDS_KEPT
};

/* Key of what has no effect. */
#define PIQ_NO_EFFECT UINT64_MAX

typedef struct piq_effect {
    uint64_t key; /* PIQ_NO_EFFECT: an empty slot */
    float value;  /* logits; a slope is a share */
    float n;      /* answers */
} piq_effect;

struct piq_item_table {
    int64_t *item_ids; /* [n_items], ascending */
    size_t n_items;
    piq_str *concept_ids; /* [n_concepts], ascending */
    size_t n_concepts;
    piq_effect *slots; /* [n_slots], at most 5/8 full */
    size_t n_slots;    /* a power of two */
    size_t n_effects;
    piq_arena arena; /* owns the above */
};

/* The numbers under which a situation is looked up or counted; PIQ_NO_IX32:
 * none or unknown. */
typedef struct piq_effect_place {
    uint32_t item, before, before_2;
    uint32_t concept, before_concept, topic, topic_2;
    bool no_before;         /* there was no item before, known or not */
    bool no_before_concept; /* nothing at all before */
} piq_effect_place;

/* Keys of every kind; PIQ_NO_EFFECT where one does not apply. */
void piq_effect_keys(const piq_situation *s, const piq_effect_place *at,
                     uint64_t out[PIQ_N_KINDS_KEPT]);

/* A key's parts, and a key of them. */
typedef struct piq_effect_parts {
    unsigned kind;
    uint32_t a, b, c; /* below 2^23, 2^24, 2^12 */
} piq_effect_parts;
/* Whether the first part of its keys is a concept, rather than an item. */
bool piq_effect_is_of_concepts(unsigned kind);
uint64_t piq_effect_key(piq_effect_parts p);
piq_effect_parts piq_effect_parts_of(uint64_t key);

/* Items written one after the other tend to be alike. The mean of the effects
 * next to position i, itself left out, by weight and closeness; what an item
 * weighs that was answered n times. */
double piq_effect_near_mean(const double *value, const double *weight, size_t n,
                            size_t i);
double piq_effect_near_weight(double n_answers);

/* An empty table with room for so many effects; PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_item_table_new(size_t n_items, size_t n_concepts,
                                           size_t n_effects,
                                           piq_item_table **out);
/* The key is not there yet. */
void piq_item_table_put(piq_item_table *t, piq_effect e);

#endif
