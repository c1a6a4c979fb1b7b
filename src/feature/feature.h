/* feature.h - what a learner did so far, as numbers for a model.
 *
 * One implementation, for training and for serving. A piq_feature_state keeps
 * O(1) numbers of the learner, of each (learner, concept) met and of the last
 * items met; piq_feature_extract turns it and what is asked now into one
 * vector, piq_feature_answer folds in the answer afterwards. Columns, their
 * names, groups and units: feature/schema.h.
 *
 * What everybody did with an item comes from an item table (item_table.h). In
 * training a learner is never described by a table that their own answers are
 * in.
 *
 * Positions of items and concepts are those of the tables' catalogue.
 * Times may be unknown (PIQ_NO_TIME): what is made of them is then NaN.
 *
 * Pure. Threads: one state per thread; tables may be shared.
 * Cost: O(concepts asked for), whatever the history.
 */
#ifndef PIQ_FEATURE_FEATURE_H
#define PIQ_FEATURE_FEATURE_H

#include "base/buf.h"
#include "base/status.h"
#include "domain/catalogue.h"
#include "feature/ask.h"
#include "feature/item_table.h"
#include "feature/schema.h"

/* Shared and immutable. */
typedef struct piq_feature_tables {
    const piq_catalogue *catalogue; /* only its concepts are read */
    const piq_item_binding *items;
} piq_feature_tables;

typedef struct piq_feature_state piq_feature_state;

/* A learner never heard of. PIQ_ENOMEM. Heap. */
PIQ_MUST_USE piq_status piq_feature_state_new(const piq_feature_tables *t,
                                              piq_feature_state **out);
void piq_feature_state_free(piq_feature_state *s);
/* Forgets everything, keeps the memory: the next learner. */
void piq_feature_state_clear(piq_feature_state *s);
PIQ_MUST_USE piq_status piq_feature_state_copy(const piq_feature_state *from,
                                               piq_feature_state **out);
/* The catalogue has grown. */
PIQ_MUST_USE piq_status piq_feature_state_grow(piq_feature_state *s,
                                               const piq_feature_tables *t);

/* The vector for what is asked; NaN where a column is not known. */
void piq_feature_extract(const piq_feature_state *s,
                         const piq_feature_tables *t, const piq_ask *ask,
                         float out[PIQ_N_FEATURES]);
/* Folds in the answer. An instant before the last one counts as the same. */
void piq_feature_answer(piq_feature_state *s, const piq_feature_tables *t,
                        const piq_ask *ask, const piq_response *response);

/* What the learner met, and how it went; lives as long as the state. */
const piq_trail *piq_feature_trail(const piq_feature_state *s);
/* How this item has been met so far: the context of its statistics. */
piq_attempt_context piq_feature_context(const piq_feature_state *s,
                                        const piq_ask *ask);

/* Compact binary, only what was met; the same bits when read back.
 * PIQ_ECORRUPT when the bytes are not ours; *s is then as it was. */
void piq_feature_state_encode(const piq_feature_state *s, piq_buf *out);
PIQ_MUST_USE piq_status piq_feature_state_decode(piq_feature_state *s,
                                                 const piq_feature_tables *t,
                                                 piq_reader *in);

#endif
