/* taste.h - what learners like, from what they took up: scores of all content
 * for one learner, and which of their history each score comes from.
 *
 * A trained, immutable model of item-item maps (train/taste_fit.h makes it) and
 * a learner's history. Four parts and popularity,
 *     score_i = sum_p a_p(n) sum_h d_p^age(h) sqrt(w_h) M_p[h][i] + a_pop(n)
 * pop_i over history entries h: w the reward (a negative one counts -sqrt(-w)),
 * age how many entries are newer, n how many there are. Formulas, sources,
 * figures: TASTE.md.
 *
 * Pure: no clock, no randomness. A model may be read by any number of threads;
 * a state belongs to one at a time.
 */
#ifndef PIQ_RECOMMEND_TASTE_H
#define PIQ_RECOMMEND_TASTE_H

#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PIQ_TASTE_HISTORY = 256, /* entries held of a learner, the newest */
    PIQ_TASTE_MAX_ITEMS = 8192,
    PIQ_TASTE_SETTLED = 20, /* learners from which on an item's own data count
                               alone, not its concepts' */
    PIQ_TASTE_FORMAT = 1
};

/* Items are positions in a model, 0 .. n_items-1, and ids outside of it. */
#define PIQ_TASTE_NO_ITEM UINT32_MAX

typedef struct piq_taste piq_taste;             /* opaque; a model */
typedef struct piq_taste_state piq_taste_state; /* opaque; one learner */

typedef enum piq_taste_part {
    PIQ_TASTE_LIKING, /* what goes with all that was taken up */
    PIQ_TASTE_LATELY, /* with what was taken up lately */
    PIQ_TASTE_NEXT,   /* what is taken up soon after it */
    PIQ_TASTE_BEGUN,  /* what those go on to who began like this */
    PIQ_TASTE_POPULAR,
    PIQ_N_TASTE_PARTS
} piq_taste_part;

typedef struct piq_taste_about {
    uint64_t seed;
    uint64_t n_learners, n_events; /* that it was fitted to */
    double lambda;                 /* ridge, chosen by the fit */
    double valid_ndcg;             /* NDCG@10 of held-out learners; NaN: none */
    bool timed;                    /* events had an order */
} piq_taste_about;

/* ---- rewards --------------------------------------------------------- */

/* What feedback is worth as history, 0 .. 1. Give `stars` 1 .. 5, or 0 where
 * nothing was rated; NaN-free. Completed 1, accepted .6, a rating mixed half
 * and half: (stars-1)/4. Dismissed, or shown and ignored: 0. */
double piq_taste_reward(bool accepted, bool completed, bool dismissed,
                        double stars);

/* ---- models ---------------------------------------------------------- */

void piq_taste_free(piq_taste *m); /* NULL is allowed */

size_t piq_taste_n_items(const piq_taste *m);
/* Floats of a row of scores: n_items rounded up to whole cache lines. */
size_t piq_taste_stride(const piq_taste *m);
const piq_taste_about *piq_taste_about_of(const piq_taste *m);
/* PIQ_TASTE_NO_ITEM where the model does not know the content. */
uint32_t piq_taste_find(const piq_taste *m, int64_t id);
/* What a part weighs with n entries in the history, >= 0, of parts brought to
 * one scale: which of them speak. */
double piq_taste_weight(const piq_taste *m, piq_taste_part part, size_t n);

/* Bytes: magic, format, length, contents, checksum; little-endian. Failures
 * show in out->status; the buffer must allow piq_taste_bytes(m). */
void piq_taste_encode(const piq_taste *m, piq_buf *out);
size_t piq_taste_bytes(const piq_taste *m);
/* PIQ_ECORRUPT: not whole, or not a model: NaN, a number out of range.
 * PIQ_EINVAL: of another format. PIQ_ELIMIT: too many items. PIQ_ENOMEM. *out
 * is written on success only. */
PIQ_MUST_USE piq_status piq_taste_decode(piq_str bytes, piq_taste **out,
                                         piq_err *err);

/* ---- a learner ------------------------------------------------------- */

typedef struct piq_taste_entry {
    int64_t at_us;
    uint32_t item;
    float weight; /* -1 .. 1; piq_taste_reward(), or a negative one */
} piq_taste_entry;

/* Borrows the model, which must outlive it. About 4 rows of scores and 4 KiB.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_state_new(const piq_taste *m,
                                            piq_taste_state **out);
void piq_taste_state_free(piq_taste_state *s); /* NULL is allowed */
void piq_taste_state_clear(piq_taste_state *s);

/* Takes an entry in; O(items) when it is newer than what is held, else, and
 * when the item is held already, O(items * history). An item is held once, as
 * last said; weight 0 takes it out. Entries are held in order of (time, item):
 * the state is the same whatever order they came in, as long as none was
 * taken out or dropped for room. False: unknown item or a weight out of range;
 * unchanged. */
bool piq_taste_add(piq_taste_state *s, piq_taste_entry e);

/* Oldest first. */
const piq_taste_entry *piq_taste_history(const piq_taste_state *s, size_t *n);

/* Scores of all items, comparable within one learner; about 0 +- 1. out:
 * [stride], what stands after n_items is undefined. O(items). */
void piq_taste_scores(const piq_taste_state *s, float *out);
/* One of them, the same bits. O(1). Unknown item: 0. */
float piq_taste_score(const piq_taste_state *s, uint32_t item);

/* The same scores (to rounding) without a state, in one pass: for learners who
 * come by once. entries[n] oldest first, items distinct and known; the newest
 * PIQ_TASTE_HISTORY count. */
void piq_taste_scores_of(const piq_taste *m, const piq_taste_entry *entries,
                         size_t n, float *out);

/* A score as the term of a recommendation: (0,1), rising, .5 for 0.
 *     .5 + .5 s / (2 + |s|) */
double piq_taste_term(double score);

/* ---- why ------------------------------------------------------------- */

typedef struct piq_taste_share {
    uint32_t item; /* of the history */
    double change; /* of the term, were that entry not in the history */
} piq_taste_share;

typedef struct piq_taste_why {
    double term;
    /* Each is term - term without that entry, the others, n and their ages as
     * they would then be. Oldest first. */
    piq_taste_share shares[PIQ_TASTE_HISTORY];
    size_t n;
    /* Popularity, and what entries do together: term - sum of shares. */
    double rest;
} piq_taste_why;

/* O(history). Unknown item: a term of .5, no shares. */
void piq_taste_explain(const piq_taste_state *s, uint32_t item,
                       piq_taste_why *out);

#endif
