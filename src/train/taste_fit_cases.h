/* taste_fit_cases.h - what was hidden of learners, and how well it is found.
 * Private to taste_fit*.c; what the parts say of it: taste_fit_hear.h.
 *
 * A case is a learner, some of whose history is known and some hidden. In the
 * first round a tenth of many learners' entries is hidden - any, or the last,
 * as the model will be asked - and the maps are made of all others. In the
 * second one, where the last is asked for, some learners are unknown to the
 * maps, and but their first entries are known: what the model will say of new
 * learners. Only candidates are kept of all items: those among the first
 * PIQ_TASTE_TOP of one part or another. What is behind them in every part is
 * never among the first twenty of a sum of parts, or so seldom that it does not
 * matter.
 */
#ifndef PIQ_TRAIN_TASTE_FIT_CASES_H
#define PIQ_TRAIN_TASTE_FIT_CASES_H

#include "recommend/taste_model.h"
#include "train/taste_fit_set.h"

enum {
    PIQ_TASTE_TOP = 64,
    PIQ_TASTE_MOST_CANDIDATES = 6 * PIQ_TASTE_TOP,
    PIQ_TASTE_SHOWN = 20 /* Recall@20; NDCG@10 */
};

/* What is computed, before the two halves of LIKING are added. */
typedef enum piq_taste_voice {
    PIQ_TASTE_RIDGE,
    PIQ_TASTE_LOW,
    PIQ_TASTE_RIDGE_LATELY,
    PIQ_TASTE_LOW_LATELY,
    PIQ_TASTE_VOICE_NEXT,
    PIQ_TASTE_VOICE_BEGUN,
    PIQ_TASTE_VOICE_POPULAR,
    PIQ_N_TASTE_VOICES
} piq_taste_voice;

typedef struct piq_taste_candidate {
    uint32_t item;
    bool hidden; /* one of what is looked for */
    float voice[PIQ_N_TASTE_VOICES];
} piq_taste_candidate;

typedef struct piq_taste_case {
    unsigned round;
    size_t from, n_known, n_hidden;  /* in picks */
    piq_taste_candidate *candidates; /* by item */
    size_t n_candidates;
    /* Over all items that are not known. */
    double variance[PIQ_N_TASTE_VOICES];
    double covariance, covariance_lately; /* of ridge and low */
} piq_taste_case;

typedef struct piq_taste_cases {
    piq_taste_case *list;
    size_t n;
    size_t n_first;  /* of the first round; they come first */
    uint32_t *picks; /* entries of the set: known ones in order, then hidden */
} piq_taste_cases;

enum { PIQ_TASTE_SOME_HIDDEN, PIQ_TASTE_NEW_LEARNERS, PIQ_TASTE_ROUNDS };

/* Chooses what is hidden, and from whom; left[] is what the maps of each round
 * are to be made of. Candidates come with piq_taste_hear. In `a`.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_cases_make(
    piq_arena *a, const piq_taste_set *s, piq_taste_asked asked, uint64_t seed,
    piq_taste_cases *out, piq_taste_set left[PIQ_TASTE_ROUNDS]);

/* The first PIQ_TASTE_SHOWN, kept while going through items. */
typedef struct piq_taste_best {
    double score[PIQ_TASTE_SHOWN];
    bool hidden[PIQ_TASTE_SHOWN];
    size_t n;
} piq_taste_best;
/* False: the score is too small to change anything. */
static inline bool piq_taste_best_takes(const piq_taste_best *b, double score)
{
    return b->n < PIQ_TASTE_SHOWN || score > b->score[PIQ_TASTE_SHOWN - 1];
}
void piq_taste_best_add(piq_taste_best *b, double score, bool hidden);

typedef struct piq_taste_quality {
    double ndcg;   /* at 10 */
    double recall; /* at 20 */
} piq_taste_quality;
/* n_hidden >= 1. */
piq_taste_quality piq_taste_judge(const piq_taste_best *b, size_t n_hidden);
/* What weights are chosen by: NDCG + recall / 2. */
double piq_taste_worth(piq_taste_quality q);

#endif
