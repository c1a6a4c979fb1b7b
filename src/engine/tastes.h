/* tastes.h - the taste model in force (recommend/taste.h), kept in the store's
 * registry (kind "taste"), swapped while others go on with the one they hold;
 * and what it makes of one learner. Private to the engine.
 *
 * Nothing of a learner's taste is stored: their history with each content is
 * part of their state, and what a model makes of that is made when asked.
 */
#ifndef PIQ_ENGINE_TASTES_H
#define PIQ_ENGINE_TASTES_H

#include "engine/engine.h"
#include "recommend/recommend.h"

#define PIQ_MODEL_TASTE PIQ_STR("taste")

typedef struct piq_taste_hold piq_taste_hold;

/* In force now, one reference; NULL: none. */
piq_taste_hold *piq_engine_taste(piq_engine *e);
void piq_taste_release(piq_taste_hold *h);           /* NULL is allowed */
uint32_t piq_taste_version(const piq_taste_hold *h); /* 0 for NULL */
/* One that was in force once. Version 0: NULL. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_engine_taste_version(piq_engine *e,
                                                 uint32_t version,
                                                 piq_taste_hold **out,
                                                 piq_err *err);
/* As piq_in_force_adopt (in_force.h) says. */
PIQ_MUST_USE piq_status piq_engine_adopt_taste(piq_engine *e, piq_err *err);

/* ---- one learner ------------------------------------------------------- */

typedef struct piq_taste_view {
    piq_recommend_taste taste;
    piq_taste_state *state; /* NULL: no model */
} piq_taste_view;

/* Borrows model and catalogue; arrays in `a`. To be released on success.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_look(piq_arena *a, const piq_taste_hold *h,
                                       const piq_learner *l,
                                       const piq_catalogue *c,
                                       piq_taste_view *out);
void piq_taste_view_release(piq_taste_view *v);

#endif
