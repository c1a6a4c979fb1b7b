/* goal.h - what a learner said they want, and what they said of themselves.
 *
 * Both are facts stated in events (goal_set, profile_stated). What the engine
 * infers never overwrites them. A stated field that is absent keeps what was
 * stated before.
 */
#ifndef PIQ_DOMAIN_GOAL_H
#define PIQ_DOMAIN_GOAL_H

#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/ids.h"
#include "domain/words.h"

#include <jansson.h>

enum {
    PIQ_MAX_PRIORITY_AREAS = 16,
    PIQ_MAX_TARGET_CONCEPTS = 64,
    PIQ_MAX_DAYS_OFF = 64
};

typedef struct piq_goal {
    bool set; /* false: none of what follows was stated */
    piq_level target_skill_level;
    int32_t timeline_day; /* deadline, last day included; INT32_MAX: none */
    piq_motivation motivation_type;
    piq_area_ix priority_areas[PIQ_MAX_PRIORITY_AREAS];
    uint8_t n_priority_areas; /* 0: all areas */
    piq_concept_ix target_concepts[PIQ_MAX_TARGET_CONCEPTS];
    uint8_t n_target_concepts; /* 0: from areas and level */
    float desired_retention;   /* .7 .. .97; 0: not part of this goal */
} piq_goal;

/* Bits of piq_stated.has. */
enum {
    PIQ_STATED_CONTENT_TYPE = 1 << 0,
    PIQ_STATED_SESSION = 1 << 1,
    PIQ_STATED_MINUTES = 1 << 2,
    PIQ_STATED_DAYS_OFF = 1 << 3,
    PIQ_STATED_OFFSET = 1 << 4,
    PIQ_STATED_PACE = 1 << 5,
    PIQ_STATED_LEVEL = 1 << 6,
    PIQ_STATED_RETENTION = 1 << 7
};

typedef enum piq_pace { PIQ_SLOW, PIQ_MODERATE, PIQ_FAST } piq_pace;

typedef struct piq_stated {
    uint32_t has;                       /* which of what follows was stated */
    uint8_t preferred_content_type;     /* piq_modality, 3: mixed */
    uint16_t session_minutes;           /* 5 .. 480 */
    uint16_t minutes_per_weekday[7];    /* Monday first; 0 .. 1440 */
    int32_t days_off[PIQ_MAX_DAYS_OFF]; /* days, ascending */
    uint8_t n_days_off;
    int16_t utc_offset_min; /* -840 .. 840 */
    piq_pace difficulty_progression_rate;
    piq_level self_level;    /* "I would call myself .." */
    float desired_retention; /* .7 .. .97 */
} piq_stated;

const char *piq_pace_name(piq_pace v);
bool piq_pace_of(piq_str s, piq_pace *out);

/* JSON -> struct: refuses unknown members, names the pointer of what is wrong.
 * `where` prefixes it. PIQ_EINVAL. */
PIQ_MUST_USE piq_status piq_goal_read(const json_t *json, const char *where,
                                      const piq_catalogue *c, piq_goal *out,
                                      piq_err *err);
PIQ_MUST_USE piq_status piq_stated_read(const json_t *json, const char *where,
                                        const piq_catalogue *c, piq_stated *out,
                                        piq_err *err);

/* Whether it names something that `c` has retired. */
bool piq_goal_is_retired(const piq_goal *g, const piq_catalogue *c);

/* struct -> the members of an object that the caller has opened. */
void piq_goal_write(const piq_goal *g, const piq_catalogue *c,
                    piq_json_writer *w);
void piq_stated_write(const piq_stated *s, piq_json_writer *w);

/* What holds after `news` was stated on top of `before`. */
void piq_stated_merge(piq_stated *before, const piq_stated *news);

#endif
