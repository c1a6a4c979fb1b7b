/* fold.h - one event into one learner. The only place where state changes.
 *
 * Pure but for the calibration book, which it only reads. The result depends
 * on the learner, the event and the numbers that the event carries (catalogue
 * version, calibration), never on the clock or on how the event arrived.
 */
#ifndef PIQ_LEARNER_FOLD_H
#define PIQ_LEARNER_FOLD_H

#include "learner/calibration_book.h"
#include "learner/learner.h"

/* A review that counted fully, or a concept's first. Partial ones (a second
 * answer on a day, a minor concept, reading) are left out. */
typedef struct piq_fold_review {
    piq_concept_ix concept;
    uint8_t rating; /* 1 again .. 4 easy */
    int32_t day;    /* local */
} piq_fold_review;

typedef struct piq_fold_effect {
    bool is_item_answer; /* an answer to an item: the calibrator's business */
    piq_track_outcome outcome;  /* predicted NaN when it was no answer */
    double traced;              /* P(right) by the trained model before it; NaN:
                                   no model, or no answer */
    piq_control_effect control; /* of path_controlled */
    /* Whole reviews of memory that it made, for fitting its parameters. */
    piq_fold_review reviews[PIQ_MAX_CONTENT_CONCEPTS];
    size_t n_reviews;
} piq_fold_effect;

/* The task an answer was given to; false when nothing is known of what it
 * exercised. `weights` holds at least PIQ_MAX_CONTENT_CONCEPTS and must
 * outlive *out. */
bool piq_task_of_answer(const piq_answer *a, const piq_catalogue *c,
                        piq_calibration_book *book, uint32_t calibration,
                        piq_concept_weight *weights, piq_task *out);

/* What an answer asked, for a trained model; false as above. `weights` as
 * above. */
bool piq_ask_of_answer(const piq_answer *a, const piq_catalogue *c,
                       int64_t at_us, piq_concept_weight *weights,
                       piq_ask *out);

/* `c` is the catalogue of e->catalogue_version. The learner must have room
 * for it (piq_learner_grow) and for `e` (piq_learner_reserve), and e must come
 * after everything folded. `t`: the trained model, or NULL; the learner is
 * traced under it, and it is bound to `c` or a later catalogue.
 *
 * An event that was voided is given as one of type PIQ_EV_VOIDED, in its own
 * place: such a one changes the learner's place in the events and nothing
 * else. */
void piq_fold(piq_learner *l, const piq_catalogue *c,
              piq_calibration_book *book, const piq_tracing *t,
              const piq_event *e, piq_fold_effect *effect);

#endif
