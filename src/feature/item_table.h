/* item_table.h - what everybody did with an item, shrunk, by situation.
 *
 * An additive model on the logit scale, fitted to the answers of many
 * learners (formulas: src/feature/README.md):
 *
 *     logit P(right) = running ability of the learner
 *                    + sum of the effects of what is asked
 *
 * An effect is a number for a key: a concept, an item, an item in a case of
 * the attempt, an item after another item, .. (piq_item_effect). Each is shrunk
 * towards 0, which stands for the levels above it, by a prior variance that is
 * estimated from the data, so an item seen twice says little.
 *
 *     builder   takes learners' answers in order, and keeps them
 *     table     frozen from a builder, leaving out one group of learners if so
 *               asked; knows items and concepts by outside ids; is written
 *               into a model file
 *     binding   a table tied to the positions of a catalogue (or of a data
 *               set): what is looked up
 *
 * A table and a binding are immutable: any number of threads may read. Freezing
 * only reads the builder: several threads may freeze at once.
 */
#ifndef PIQ_FEATURE_ITEM_TABLE_H
#define PIQ_FEATURE_ITEM_TABLE_H

#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"
#include "domain/catalogue.h"
#include "feature/trail.h"

/* In the order in which they are fitted. */
typedef enum piq_item_effect {
    PIQ_EFFECT_CASE,         /* of the attempt; everything's base */
    PIQ_EFFECT_CONCEPT,      /* + by concept */
    PIQ_EFFECT_CONCEPT_CASE, /* + by concept and case */
    PIQ_EFFECT_ITEM,         /* + by item */
    PIQ_EFFECT_ITEM_CASE,    /* + by item and case */
    PIQ_EFFECT_CONCEPT_PAIR, /* + by concept, the one before, its outcome */
    PIQ_EFFECT_TOPIC,        /* + by concept, the last other one, its end */
    PIQ_EFFECT_FAR_TOPIC,    /* + ... the other one before that */
    PIQ_EFFECT_CURVE,        /* + by concept and answers to it so far */
    PIQ_EFFECT_PATTERN,      /* + by concept and its last three outcomes */
    PIQ_EFFECT_PAIR,         /* + by item and the item before */
    PIQ_EFFECT_PAIR_OUTCOME, /* + ... and how that went */
    PIQ_EFFECT_FAR_PAIR,     /* + by item, the last but one, how that went */
    PIQ_EFFECT_FORM          /* + by item and the last two outcomes */
} piq_item_effect;
enum { PIQ_N_EFFECTS = 14 };

/* --- looking up ------------------------------------------------------------
 */

typedef struct piq_item_table piq_item_table;
typedef struct piq_item_binding piq_item_binding;

/* What the table says of a question in a situation. Logits. */
typedef struct piq_item_view {
    float effect[PIQ_N_EFFECTS]; /* 0 where nothing is known */
    float n[PIQ_N_EFFECTS];      /* answers behind each */
    float logit;                 /* sum of the effects, for a usual learner */
    float item_rate; /* raw share of right answers to it, shrunk, as a logit */
    float case_rate; /* the same in this case */
    float slope;     /* how much steeper in ability than usual; 0 as usual */
} piq_item_view;

void piq_item_binding_look(const piq_item_binding *b, const piq_situation *s,
                           piq_item_view *out);

/* The models' own numbers of a position: 0 .. n-1, or n when the table does
 * not know it. */
size_t piq_item_table_n_items(const piq_item_table *t);
size_t piq_item_table_n_concepts(const piq_item_table *t);
uint32_t piq_item_binding_item(const piq_item_binding *b, piq_item_ix item);
uint16_t piq_item_binding_concept(const piq_item_binding *b,
                                  piq_concept_ix concept);

/* --- making ----------------------------------------------------------------
 */

/* What the positions of a data set are called outside; borrowed. */
typedef struct piq_item_names {
    const int64_t *items; /* [n_items], distinct */
    size_t n_items;
    const piq_str *concepts; /* [n_concepts], distinct */
    size_t n_concepts;
} piq_item_names;

typedef struct piq_item_builder piq_item_builder;

/* `names` must outlive it. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_item_builder_new(const piq_item_names *names,
                                             piq_item_builder **out);
void piq_item_builder_free(piq_item_builder *b);
/* The answers that follow are another learner's, of a group below 255. */
void piq_item_builder_learner(piq_item_builder *b, unsigned group);
/* The learner's next answer. PIQ_ENOMEM, PIQ_ELIMIT (2^32 - 1 answers): the
 * builder is as it was. */
PIQ_MUST_USE piq_status piq_item_builder_add(piq_item_builder *b,
                                             const piq_ask *ask, float score);

enum { PIQ_EVERY_GROUP = 255 };
/* A table from all learners but those of group `without`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_item_builder_freeze(const piq_item_builder *b,
                                                unsigned without,
                                                piq_item_table **out);
void piq_item_table_free(piq_item_table *t);

/* --- keeping ---------------------------------------------------------------
 */

/* Versioned; about 8 bytes an effect. */
void piq_item_table_encode(const piq_item_table *t, piq_buf *out);
/* PIQ_ECORRUPT: not ours, or a number that is not finite; PIQ_ENOMEM. *out is
 * written on success only. */
PIQ_MUST_USE piq_status piq_item_table_decode(piq_reader *in,
                                              piq_item_table **out,
                                              piq_err *err);

/* --- binding ---------------------------------------------------------------
 */

/* To the positions of a catalogue: what the table does not know stands where
 * the curriculum's difficulty puts it, by half. Borrows `t`, which must outlive
 * it; reads the catalogue only now. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_item_bind(const piq_item_table *t,
                                      const piq_catalogue *c,
                                      piq_item_binding **out);
/* To the positions of a data set. */
PIQ_MUST_USE piq_status piq_item_bind_names(const piq_item_table *t,
                                            const piq_item_names *names,
                                            piq_item_binding **out);
void piq_item_binding_free(piq_item_binding *b);

#endif
