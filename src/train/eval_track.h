/* eval_track.h - how well the online belief predicts, one step ahead.
 *
 * Goes through answers of many learners in time order, as the engine would
 * live through them: each answer is predicted before it is folded in, item
 * difficulties are learned from answers already given, and a calibration is
 * published every so many answers. Nothing is ever seen in advance. Beside it,
 * in the same pass, the plain baselines that a model must beat.
 *
 * Pure; scratch memory from an arena, about 150 bytes an answer and what the
 * learners' beliefs take on the heap while it runs.
 */
#ifndef PIQ_TRAIN_EVAL_TRACK_H
#define PIQ_TRAIN_EVAL_TRACK_H

#include "base/arena.h"
#include "domain/catalogue.h"
#include "num/score.h"
#include "track/params.h"
#include "track/track.h"

/* One answer of one learner to one item. */
typedef struct piq_eval_answer {
    int64_t user_id;
    int64_t at_us;
    piq_item_ix item;
    float score; /* 0..1; above .5 counts as right for the AUC */
} piq_eval_answer;

typedef enum piq_eval_model {
    PIQ_EVAL_BELIEF,       /* the online belief */
    PIQ_EVAL_ELO,          /* learner + learner-skill - item, fixed steps */
    PIQ_EVAL_ITEM_MEAN,    /* running mean of the item */
    PIQ_EVAL_LEARNER_SKILL /* running mean of the learner on the skill */
} piq_eval_model;
enum { PIQ_N_EVAL_MODELS = 4 };

/* "online belief"; static. */
const char *piq_eval_model_name(piq_eval_model m);

typedef struct piq_eval_score {
    uint64_t n;
    double auc; /* NaN when only one answer is known */
    double brier;
    double logloss; /* nats an answer */
    double ece;     /* expected calibration error, 10 bins */
    piq_reliability bins;
} piq_eval_score;

/* Answers by how many the learner had given before. */
enum { PIQ_EVAL_STAGES = 7 };
typedef struct piq_eval_stage {
    uint32_t from, below; /* [from, below); the last has UINT32_MAX */
    piq_eval_score belief;
    double right; /* share of right answers */
} piq_eval_stage;

typedef struct piq_eval_options {
    const piq_track_params *params; /* NULL: the defaults */
    size_t publish_every;           /* answers; 0: 64, as the engine does */
} piq_eval_options;

typedef struct piq_eval_report {
    uint64_t n_answers;
    uint64_t n_learners;
    uint64_t n_items; /* that were answered */
    piq_eval_score models[PIQ_N_EVAL_MODELS];
    piq_eval_stage curve[PIQ_EVAL_STAGES];
} piq_eval_report;

/* `answers` in any order; equal instants keep the order given. PIQ_EINVAL: a
 * parameter out of range. PIQ_ENOMEM. *out is written on success only. */
PIQ_MUST_USE piq_status piq_eval_track(piq_arena *a, const piq_catalogue *c,
                                       const piq_eval_answer *answers, size_t n,
                                       const piq_eval_options *o,
                                       piq_eval_report *out);

#endif
