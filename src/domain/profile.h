/* profile.h - the PersonalizationProfile: what is known of a learner, told.
 *
 * Members, sub-members and their spelling in JSON are those of the product's
 * interface `PersonalizationProfile`; what that interface leaves open (the
 * shape of a SkillTrend, of a TimeSlot, ..) is fixed here. Four members more:
 * `version` and `as_of` (which state it tells), `stated` (what the learner
 * said) and `evidence` (for each inferred value: where it comes from, how many
 * observations are behind it, "enough" or what is missing).
 *
 * A number that cannot be said is NaN here and null in JSON.
 * preferred_content_type is a preference of format estimated from outcomes
 * (and "mixed" unless the evidence separates), not a learning style of a
 * person: matching teaching to styles has no adequate evidence (Pashler,
 * McDaniel, Rohrer & Bjork 2008, Psychological Science in the Public Interest
 * 9:105-119).
 *
 * Everything pointed to lives in the arena that the profile was made in.
 */
#ifndef PIQ_DOMAIN_PROFILE_H
#define PIQ_DOMAIN_PROFILE_H

#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/estimate.h"
#include "domain/goal.h"
#include "domain/ids.h"
#include "domain/words.h"

enum {
    PIQ_MAX_WEAK_AREAS = 5, /* the weakest; evidence says how many there are */
    PIQ_MAX_WEAK_CONCEPTS = 3,
    PIQ_MAX_MOTIVATION_FACTORS = 6,
    PIQ_STUDY_SLOTS = 8, /* of three hours */
    PIQ_MAX_PREFERRED_CHARACTERS = 5
};

/* The level of an area: the highest one up to which (levels below included)
 * its concepts have PIQ_MASTERED mean mastery; beginner when none. */
typedef struct piq_area_level {
    piq_area_ix area;
    piq_level level;
    piq_estimate mastery; /* mean of its concepts; n = weighted answers */
    double movement;      /* against four weeks ago; NaN: nothing that old */
} piq_area_level;

typedef struct piq_skill_trend {
    piq_area_ix area;
    piq_estimate slope; /* mastery a week */
    unsigned weeks;     /* with a measurement */
} piq_skill_trend;

typedef enum piq_weakness {
    PIQ_WEAK_MASTERY, /* value: mastery, bar: what counts as weak */
    PIQ_WEAK_RECALL,  /* value: mean recall, bar: retention wanted */
    PIQ_WEAK_GOAL     /* value: concepts not yet mastered, bar: of how many */
} piq_weakness;
enum { PIQ_N_WEAKNESSES = 3 };

typedef struct piq_weak_area {
    piq_area_ix area;
    double mastery;
    double severity; /* what they are ordered by, highest first */
    bool is[PIQ_N_WEAKNESSES];
    double value[PIQ_N_WEAKNESSES], bar[PIQ_N_WEAKNESSES];
    const char *why;                                /* sentence */
    piq_concept_ix concepts[PIQ_MAX_WEAK_CONCEPTS]; /* weakest first */
    size_t n_concepts;
} piq_weak_area;

typedef struct piq_motivation_factor {
    const char *factor; /* "achievement", .. ; static */
    piq_source source;
    piq_estimate weight; /* 0..1; 1 for what was stated */
    const char *why;
} piq_motivation_factor;

typedef struct piq_study_slot {
    uint8_t from_hour, to_hour; /* local, [from, to) */
    piq_estimate effect; /* answers right less predicted, against other hours;
                            90 % interval over all slots compared */
} piq_study_slot;

typedef struct piq_completion {
    uint32_t started, completed, abandoned;
    piq_estimate rate; /* n = contents begun */
} piq_completion;

typedef struct piq_engagement {
    double sessions_per_week, mean_session_minutes;
    double active_days_per_week; /* over the newest 28 days */
    double minutes_per_week, minutes_per_week_before; /* newest 28 days, the
                                                         28 before; NaN */
    double weekday_share[7]; /* of answers, Monday first; NaN */
    uint32_t streak_days, longest_streak_days;
    uint32_t n_sessions;
} piq_engagement;

typedef enum piq_claim {
    PIQ_CLAIM_LEVELS,
    PIQ_CLAIM_TRAJECTORY,
    PIQ_CLAIM_WEAK,
    PIQ_CLAIM_MASTERED,
    PIQ_CLAIM_VELOCITY,
    PIQ_CLAIM_FORMAT,
    PIQ_CLAIM_SESSION,
    PIQ_CLAIM_PACE,
    PIQ_CLAIM_MOTIVATION,
    PIQ_CLAIM_ENGAGEMENT,
    PIQ_CLAIM_COMPLETION,
    PIQ_CLAIM_CHARACTERS,
    PIQ_CLAIM_TIMES
} piq_claim;
enum { PIQ_N_CLAIMS = 13 };

/* What is behind one inferred value. */
typedef struct piq_evidence {
    piq_source source;
    double n;            /* observations */
    const char *unit;    /* of n: "answers"; static */
    const char *missing; /* NULL: enough */
    const char *note;    /* more on how to read it, or NULL */
} piq_evidence;

typedef struct piq_profile {
    piq_user_id user;
    int64_t version;
    int64_t as_of_us;

    piq_area_level *levels; /* [n_levels], live areas in catalogue order */
    size_t n_levels;
    piq_skill_trend *trends; /* [n_trends], areas with a measurement */
    size_t n_trends;
    piq_weak_area *weak; /* [n_weak], worst first */
    size_t n_weak;
    piq_concept_ix *mastered; /* [n_mastered] */
    size_t n_mastered;
    piq_estimate velocity; /* mastery an hour, summed over concepts; value 0
                              while nothing is known */

    int preferred_content_type; /* piq_modality, PIQ_N_MODALITIES: mixed */
    piq_estimate format_effects[PIQ_N_MODALITIES]; /* against the others */
    double session_minutes;
    piq_pace pace;
    piq_motivation_factor motivation[PIQ_MAX_MOTIVATION_FACTORS];
    size_t n_motivation;

    piq_engagement engagement;
    piq_completion completion[PIQ_N_CONTENT_TYPES];
    piq_completion completion_overall;
    piq_character_ix characters[PIQ_MAX_PREFERRED_CHARACTERS];
    size_t n_characters;
    piq_study_slot slots[PIQ_STUDY_SLOTS]; /* best first */
    size_t n_slots;

    const piq_goal *goal;     /* goal->set false: never stated; borrowed */
    const piq_stated *stated; /* borrowed */
    piq_evidence evidence[PIQ_N_CLAIMS];
} piq_profile;

const char *piq_source_name(piq_source s); /* "stated" .. */
const char *piq_claim_name(piq_claim k);   /* "optimal_session_length" */

/* The whole object. */
void piq_profile_write(const piq_profile *p, const piq_catalogue *c,
                       piq_json_writer *w);
/* Its four parts, each one complete object: the columns of user_profiles. */
void piq_profile_write_skill(const piq_profile *p, const piq_catalogue *c,
                             piq_json_writer *w);
void piq_profile_write_style(const piq_profile *p, piq_json_writer *w);
void piq_profile_write_behaviour(const piq_profile *p, const piq_catalogue *c,
                                 piq_json_writer *w);
void piq_profile_write_goals(const piq_profile *p, const piq_catalogue *c,
                             piq_json_writer *w);

#endif
