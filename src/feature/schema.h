/* schema.h - the columns of a feature vector: names, groups, units, version.
 *
 * A model file carries the schema it was trained under; a model of another
 * one is refused. Any change to the list, to its order or to what a column
 * means raises PIQ_FEATURE_SCHEMA_VERSION.
 */
#ifndef PIQ_FEATURE_SCHEMA_H
#define PIQ_FEATURE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

enum { PIQ_FEATURE_SCHEMA_VERSION = 1 };

/* What a column tells about; contributions are told by group. */
typedef enum piq_feature_group {
    PIQ_FEATURES_ITEM,    /* how hard it is for everybody */
    PIQ_FEATURES_ATTEMPT, /* met before? which try, which context */
    PIQ_FEATURES_CONCEPT, /* this learner on this concept */
    PIQ_FEATURES_LEARNER, /* this learner overall */
    PIQ_FEATURES_RECENT,  /* form: the last answers */
    PIQ_FEATURES_TIME,    /* gaps, memory, pace */
    PIQ_FEATURES_BELIEF   /* the online belief */
} piq_feature_group;
enum { PIQ_N_FEATURE_GROUPS = 7 };

/* X(NAME, "name", GROUP, "unit"): in order. */
#define PIQ_FEATURE_COLUMNS(X)                                                 \
    X(ITEM_LOGIT, "item_logit", ITEM, "logit")                                 \
    X(CASE_LOGIT, "case_logit", ITEM, "logit")                                 \
    X(TABLE_LOGIT, "table_logit", ITEM, "logit")                               \
    X(ITEM_RATE, "item_rate", ITEM, "logit")                                   \
    X(CASE_RATE, "case_rate", ITEM, "logit")                                   \
    X(CONCEPT_LOGIT, "concept_logit", ITEM, "logit")                           \
    X(CONCEPT_CASE, "concept_case_shift", ITEM, "logit")                       \
    X(ITEM_N, "item_n", ITEM, "log answers")                                   \
    X(CASE_N, "case_n", ITEM, "log answers")                                   \
    X(CONCEPT_N, "concept_n", ITEM, "log answers")                             \
    X(ITEM_SLOPE, "item_slope", ITEM, "share")                                 \
    X(PAIR_OUTCOME_SHIFT, "pair_outcome_shift", ITEM, "logit")                 \
    X(PAIR_N, "pair_n", ITEM, "log answers")                                   \
    X(FAR_PAIR_SHIFT, "far_pair_shift", ITEM, "logit")                         \
    X(FAR_PAIR_N, "far_pair_n", ITEM, "log answers")                           \
    X(CONCEPT_PAIR_SHIFT, "concept_pair_shift", ITEM, "logit")                 \
    X(TOPIC_SHIFT, "topic_shift", ITEM, "logit")                               \
    X(TOPIC_N, "topic_n", ITEM, "log answers")                                 \
    X(FAR_TOPIC_SHIFT, "far_topic_shift", ITEM, "logit")                       \
    X(FAR_TOPIC_N, "far_topic_n", ITEM, "log answers")                         \
    X(CURVE_SHIFT, "curve_shift", ITEM, "logit")                               \
    X(PATTERN_SHIFT, "pattern_shift", ITEM, "logit")                           \
    X(FORM_SHIFT, "form_shift", ITEM, "logit")                                 \
    X(CASE, "case", ATTEMPT, "number")                                         \
    X(TRIES, "tries", ATTEMPT, "log answers")                                  \
    X(WRONG_RUN, "wrong_run", ATTEMPT, "answers")                              \
    X(ITEM_GAP, "item_gap", ATTEMPT, "log answers")                            \
    X(ITEM_STEP, "item_step", ATTEMPT, "positions")                            \
    X(CONCEPT_SHARE, "concept_right_share", CONCEPT, "share")                  \
    X(CONCEPT_RATE_70, "concept_rate_70", CONCEPT, "share")                    \
    X(CONCEPT_RATE_90, "concept_rate_90", CONCEPT, "share")                    \
    X(CONCEPT_RESIDUAL_80, "concept_residual_80", CONCEPT, "share")            \
    X(CONCEPT_ABILITY, "concept_ability", CONCEPT, "logit")                    \
    X(CONCEPT_GAP, "concept_gap", CONCEPT, "log answers")                      \
    X(ANSWERS, "answers", LEARNER, "log answers")                              \
    X(RIGHT_SHARE, "right_share", LEARNER, "share")                            \
    X(RESIDUAL, "residual", LEARNER, "share")                                  \
    X(FIRST_RESIDUAL, "first_residual", LEARNER, "share")                      \
    X(FIRST_SHARE, "first_right_share", LEARNER, "share")                      \
    X(ABILITY, "ability", LEARNER, "logit")                                    \
    X(CONCEPTS_MET, "concepts_met", LEARNER, "concepts")                       \
    X(FIRST_TRIES, "first_tries", LEARNER, "share")                            \
    X(SWITCHES, "concept_switches", LEARNER, "share")                          \
    X(RATE_50, "rate_50", RECENT, "share")                                     \
    X(RATE_70, "rate_70", RECENT, "share")                                     \
    X(RATE_90, "rate_90", RECENT, "share")                                     \
    X(RESIDUAL_90, "residual_90", RECENT, "share")                             \
    X(RESIDUAL_97, "residual_97", RECENT, "share")                             \
    X(STREAK, "streak", RECENT, "answers")                                     \
    X(LAST_RESIDUAL, "last_residual", RECENT, "share")                         \
    X(LAST_RESIDUAL_2, "last_residual_2", RECENT, "share")                     \
    X(LAST_RESIDUAL_3, "last_residual_3", RECENT, "share")                     \
    X(RECENT_FIRST, "recent_first_residual", RECENT, "share")                  \
    X(ANSWER_GAP, "answer_gap", TIME, "log seconds")                           \
    X(CONCEPT_GAP_S, "concept_gap_s", TIME, "log seconds")                     \
    X(ITEM_GAP_S, "item_gap_s", TIME, "log seconds")                           \
    X(SESSION_ANSWERS, "session_answers", TIME, "log answers")                 \
    X(HOUR, "hour", TIME, "hours")                                             \
    X(RECALL, "recall", TIME, "probability")                                   \
    X(LAST_PACE, "last_pace", TIME, "log ratio")                               \
    X(PACE, "pace", TIME, "log ratio")                                         \
    X(HINTS, "hints", TIME, "share")                                           \
    X(BELIEF_LOGIT, "belief_logit", BELIEF, "logit")                           \
    X(BELIEF_MEAN, "belief_mean", BELIEF, "logit")                             \
    X(BELIEF_VARIANCE, "belief_variance", BELIEF, "logit squared")             \
    X(BELIEF_CONCEPT, "belief_concept", BELIEF, "logit")                       \
    X(BELIEF_CONCEPT_VARIANCE, "belief_concept_variance", BELIEF,              \
      "logit squared")                                                         \
    X(ELO_LOGIT, "elo_logit", BELIEF, "logit")

typedef enum piq_feature {
#define PIQ_FEATURE_ENUM(NAME, name, group, unit) PIQ_FEATURE_##NAME,
    PIQ_FEATURE_COLUMNS(PIQ_FEATURE_ENUM)
#undef PIQ_FEATURE_ENUM
        PIQ_N_FEATURES
} piq_feature;

typedef struct piq_feature_column {
    const char *name;
    const char *unit;
    piq_feature_group group;
} piq_feature_column;

/* [PIQ_N_FEATURES]; static. */
const piq_feature_column *piq_feature_columns(void);
/* "item", "attempt", ..; static. */
const char *piq_feature_group_name(piq_feature_group g);
/* Of version, names, groups and units: two equal hashes, the same schema. */
uint64_t piq_feature_schema_hash(void);

#endif
