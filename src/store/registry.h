/* registry.h - the life of trained models, in steps over store.h.
 *
 * A model is stored as a challenger, becomes champion by a promotion, and is
 * left by the next promotion or a rollback. Each step is a row of champions,
 * with its reason. Rows are linked by `previous`, so that rolling back twice
 * goes back two champions and not to and fro:
 *
 *     number    1        2        3             4             5
 *     step      promote  promote  promote       rollback      rollback
 *     model     A        B        C             B             A
 *     previous  0        1        2             1 (2's)       0 (1's)
 *
 * Calls may come from any thread; when another process takes a step at the same
 * time, one of the two gets PIQ_ESTALE and nothing has happened.
 */
#ifndef PIQ_STORE_REGISTRY_H
#define PIQ_STORE_REGISTRY_H

#include "store/store.h"

/* What is written beside every step. */
typedef struct piq_registry_step {
    piq_str kind;
    int64_t at_us;
    piq_str reason;
} piq_registry_step;

/* Makes `version` champion, provided that the present row is still the one it
 * was judged against: `after` is its number (ops->champion), the new row's is
 * one more. PIQ_ESTALE: another has come; PIQ_ECONFLICT: it is champion
 * already; PIQ_ENOTFOUND as ops->promote. */
PIQ_MUST_USE piq_status piq_registry_promote(piq_store *s,
                                             const piq_registry_step *step,
                                             uint32_t version, uint32_t after,
                                             piq_err *err);

/* Makes champion who was it before the present one; those whose bodies were
 * dropped are passed over, and after the first there is none (*model 0).
 * PIQ_ENOTFOUND: there is no champion to roll back from. `scratch` is used for
 * the history. */
PIQ_MUST_USE piq_status piq_registry_rollback(piq_store *s, piq_arena *scratch,
                                              const piq_registry_step *step,
                                              uint32_t *model, piq_err *err);

/* A row of champions, and the model it names; 0: none. */
typedef struct piq_registry_row {
    uint32_t number, model;
} piq_registry_row;

/* The row that a rollback from row `number` goes back to; 0, 0: to no model,
 * which a row may also say itself. */
PIQ_MUST_USE piq_status piq_registry_before(piq_store *s, piq_arena *scratch,
                                            piq_str kind, uint32_t number,
                                            piq_registry_row *out,
                                            piq_err *err);

/* Drops the bodies of models made before `before_us`, but for the newest `keep`
 * and the newest `keep` of those that were champion, so that there is something
 * to roll back to. *n_dropped (may be NULL) counts them. */
PIQ_MUST_USE piq_status piq_registry_thin_out(piq_store *s, piq_arena *scratch,
                                              piq_str kind, int64_t before_us,
                                              size_t keep, size_t *n_dropped,
                                              piq_err *err);

#endif
