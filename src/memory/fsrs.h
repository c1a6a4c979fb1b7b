/* fsrs.h - FSRS-6: the memory model, on one card.
 *
 * Free Spaced Repetition Scheduler, version 6, 21 parameters, whole days,
 * double precision (see src/memory/README.md for formulas and sources).
 * Pure; all functions may be called from any thread.
 */
#ifndef PIQ_MEMORY_FSRS_H
#define PIQ_MEMORY_FSRS_H

#include "base/rng.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { PIQ_FSRS_N_PARAMS = 21 };

#define PIQ_FSRS_STABILITY_MIN  0.001
#define PIQ_FSRS_STABILITY_MAX  36500.0
#define PIQ_FSRS_DIFFICULTY_MIN 1.0
#define PIQ_FSRS_DIFFICULTY_MAX 10.0

/* Made by piq_fsrs_params_of or piq_fsrs_defaults only: the members below w
 * follow from it, and halve what a recall costs. */
typedef struct piq_fsrs_params {
    double w[PIQ_FSRS_N_PARAMS];
    double curve;       /* 0.9^(-1/w20) - 1, so that recall(S, S) is 0.9 */
    double growth;      /* e^w8 */
    double d0_easy;     /* difficulty after a first Easy, not clamped */
    double same_day[4]; /* e^(w17 (rating - 3 + w18)), ratings 1 .. 4 */
} piq_fsrs_params;

typedef struct piq_fsrs_state {
    double stability_days; /* [0.001, 36500]; 0: never reviewed */
    double difficulty;     /* [1, 10]; 0: never reviewed */
} piq_fsrs_state;

/* FSRS-6 as published; static. */
const piq_fsrs_params *piq_fsrs_defaults(void);

/* 17, 19 or 21 values (FSRS-4.5, 5, 6), migrated and clamped to the ranges of
 * the README. PIQ_EINVAL for any other count or a value that is not finite
 * (err->where is "/i"); *out is then untouched. */
PIQ_MUST_USE piq_status piq_fsrs_params_of(const double *w, size_t n,
                                           piq_fsrs_params *out, piq_err *err);

/* The state after a review. elapsed_days >= 0: whole days since the last
 * review (below 1: the same day), ignored for a card never reviewed; rating
 * 1 again, 2 hard, 3 good, 4 easy. A rating outside 1..4 is a bug. */
piq_fsrs_state piq_fsrs_next(const piq_fsrs_params *p, piq_fsrs_state before,
                             double elapsed_days, int rating);

/* Chance of recall after so many days (fractions allowed; below 0 counts as
 * 0), in (0,1]. Both this and the interval ask for a stability above 0. */
double piq_fsrs_recall(const piq_fsrs_params *p, double elapsed_days,
                       double stability_days);
/* Days until recall has fallen to `retention`, in (0,1). Not rounded. */
double piq_fsrs_interval(const piq_fsrs_params *p, double stability_days,
                         double retention);

/* Whole days until the review is due, clamped to 1..max_days (max_days >= 1);
 * `rng` NULL for no fuzz, else a day drawn evenly inside the fuzz range: seed
 * it by card and review, so that asking twice gives the same day.
 * elapsed_days is what had passed before that review. */
int piq_fsrs_due_days(const piq_fsrs_params *p, double stability_days,
                      double retention, double elapsed_days, int max_days,
                      piq_rng *rng);
/* The days among which a review `days` (>= 1) ahead may be moved: both ends
 * are `days` itself below 3, else at least 2, at most max_days, and past
 * elapsed_days when `days` is. */
void piq_fsrs_fuzz_range(int days, double elapsed_days, int max_days, int *low,
                         int *high);

#endif
