/* fsrs_fit.h - fits FSRS-6 to the reviews of one learner, or of many.
 *
 * Adam (fsrs_adam.h), over cards in random order, on
 *
 *     sum over items v BCE(passed, R) + gamma sum_i ((w_i - w*_i) / sigma_i)^2
 *
 * with a learning rate that falls to nothing as a cosine. Two ways:
 *
 * - Alone (no centre): as fsrs-rs does. The stabilities after a first rating
 *   come first (fsrs_initial.h) and with the published rest make w*; outliers
 *   are left out; five epochs. With few items less is fitted.
 * - Shrunk towards a centre: the parameters of a population, say. w* is the
 *   centre, w0 .. w3 are held on a logarithmic scale with sigma 0.8, nothing
 *   is left out, and few items still make PIQ_FSRS_FIT_LEAST_UPDATES updates.
 *   gamma 1/2 is what a normal prior with these sigmas says, so a handful of
 *   reviews moves little and a thousand leave little of the centre.
 *
 * Figures, and what was tried: src/train/FSRS.md. Pure; any thread; memory
 * from an arena of its own, about 100 bytes a review.
 */
#ifndef PIQ_TRAIN_FSRS_FIT_H
#define PIQ_TRAIN_FSRS_FIT_H

#include "memory/fsrs.h"
#include "train/fsrs_items.h"

#include <stdbool.h>

/* From so many scored reviews on, a fit shrunk towards a population foretells
 * better than the population does; one alone than what is published. */
enum {
    PIQ_FSRS_SHRUNK_PAYS = 50,
    PIQ_FSRS_ALONE_PAYS = 300,
    PIQ_FSRS_FIT_LEAST_UPDATES = 40,
    PIQ_FSRS_POPULATION_EPOCHS = 20 /* at least: 5 leave noise of .001 */
};

typedef struct piq_fsrs_fit_options {
    const piq_fsrs_params *centre; /* NULL: alone */
    double gamma;                  /* >= 0, of the penalty */
    double learning_rate;          /* > 0 */
    unsigned epochs;               /* 1 .. 1000 */
    unsigned batch;                /* items an update, >= 1 */
    bool no_short_term; /* reviews on the same day leave stability alone; not
                           with a centre, whose own say in this holds */
    uint64_t seed;      /* of the order of cards */
} piq_fsrs_fit_options;
/* Static. */
const piq_fsrs_fit_options *piq_fsrs_fit_defaults(void);

typedef enum piq_fsrs_fit_kind {
    PIQ_FSRS_FIT_NOTHING, /* below 8 items (shrunk: none): the centre, or what
                             is published */
    PIQ_FSRS_FIT_INITIAL, /* alone, below 64 or none but the first of their
                             cards: w0 .. w3 */
    PIQ_FSRS_FIT_ALL
} piq_fsrs_fit_kind;

enum { PIQ_FSRS_FIT_LEAST = 8, PIQ_FSRS_FIT_LEAST_ALL = 64 };

typedef struct piq_fsrs_fit_report {
    piq_fsrs_fit_kind kind;
    size_t n_items; /* kept */
    size_t n_left_out;
    size_t n_updates;
    double loss_before; /* mean weighted loss an item: of the start .. */
    double loss;        /* .. and of what came out; NaN without items */
} piq_fsrs_fit_report;

/* Same cards, options: same bits. `report` may be NULL, which saves two passes.
 * PIQ_EINVAL: options out of range, or cards that are none
 * (piq_fsrs_cards_check). PIQ_ENOMEM. *out and *report are written on success
 * only. */
PIQ_MUST_USE piq_status piq_fsrs_fit(const piq_fsrs_cards *cards,
                                     const piq_fsrs_fit_options *o,
                                     piq_fsrs_params *out,
                                     piq_fsrs_fit_report *report, piq_err *err);

/* One fit to many learners' cards, weighted so that a long history counts for
 * more, but not in proportion (fsrs_pool.h). */
PIQ_MUST_USE piq_status piq_fsrs_fit_population(const piq_fsrs_cards *learners,
                                                size_t n_learners,
                                                const piq_fsrs_fit_options *o,
                                                piq_fsrs_params *out,
                                                piq_fsrs_fit_report *report,
                                                piq_err *err);

#endif
