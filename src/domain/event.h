/* event.h - what a learner did, and what was said of it. Append-only facts.
 *
 * An event is parsed and checked once, at the edge, against the catalogue in
 * force; inside, it is this struct. Strings and arrays live in the arena that
 * the parser was given.
 *
 * Order: a learner's events are folded by (at_us, event_id), whatever order
 * they arrive in. event_id is unique for a learner.
 */
#ifndef PIQ_DOMAIN_EVENT_H
#define PIQ_DOMAIN_EVENT_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/control.h"
#include "domain/fitted.h"
#include "domain/goal.h"
#include "domain/ids.h"
#include "domain/words.h"

#include <jansson.h>

enum {
    PIQ_MAX_EVENT_ID_BYTES = 64,
    PIQ_MAX_BATCH_EVENTS = 1000,
    /* An event may claim to be at most so far ahead of our clock. */
    PIQ_MAX_AHEAD_MIN = 5
};

typedef struct piq_answer {
    piq_item_ix item;       /* PIQ_NO_IX32 when not given */
    piq_content_ix content; /* PIQ_NO_IX32 when not given */
    piq_concept_weight concepts[PIQ_MAX_ITEM_CONCEPTS]; /* as given */
    uint8_t n_concepts;   /* 0: take the item's, else the content's */
    float score;          /* 0..1; correct is 1, wrong 0 */
    uint32_t response_ms; /* 0 unknown */
    bool hint;
} piq_answer;

typedef struct piq_content_event { /* started, completed, abandoned */
    piq_content_ix content;
    uint32_t seconds; /* spent on it; 0 unknown */
    float score;      /* completed: 0..1, NaN when none was given */
} piq_content_event;

typedef struct piq_assessment_event {
    piq_content_ix content; /* PIQ_NO_IX32 when not given */
    float score;            /* 0..1 */
    uint32_t seconds;
    struct {
        piq_concept_ix concept;
        float score; /* 0..1 */
    } concepts[PIQ_MAX_CONTENT_CONCEPTS];
    uint8_t n_concepts;
} piq_assessment_event;

typedef struct piq_character_event {
    piq_character_ix character;
    piq_content_ix content; /* PIQ_NO_IX32 when not given */
    uint32_t hands;
    float score; /* 0..1 */
    uint32_t seconds;
} piq_character_event;

typedef struct piq_review_event {
    piq_concept_ix concept;
    uint8_t rating; /* 1 again, 2 hard, 3 good, 4 easy */
    uint32_t response_ms;
} piq_review_event;

typedef struct piq_feedback_event {
    int64_t recommendation_id;
    piq_content_ix content; /* what had been recommended */
    piq_user_action action; /* NONE when only a score was given */
    uint8_t feedback_score; /* 1..5, 0 when not given */
} piq_feedback_event;

/* Another event of the learner is to count for nothing, as if it had never
 * been: every fold passes over it. Nothing is deleted, and this one counts for
 * nothing itself. */
typedef struct piq_voided_event {
    piq_str voids; /* its event_id */
} piq_voided_event;

typedef struct piq_event {
    piq_user_id user;
    piq_str event_id; /* 1 .. 64 bytes of UTF-8 */
    int64_t at_us;
    piq_event_type type;
    /* Under what it is folded; set when the engine accepts it. */
    uint32_t catalogue_version;
    uint32_t calibration;
    union {
        piq_answer answer;
        piq_content_event content;
        piq_assessment_event assessment;
        piq_character_event character;
        piq_review_event review;
        piq_feedback_event feedback;
        piq_goal goal;
        piq_stated stated;
        piq_control control;
        piq_fitted fitted;
        piq_voided_event voided;
    } u;
} piq_event;

/* Reads one event. `where` is its JSON pointer ("/3"), for messages.
 * `need_user`: the member user_id must be there (NDJSON import); else it must
 * not, and the caller has set out->user. now_us bounds `at`.
 * Content and concepts may be retired (history stays true). PIQ_EINVAL with
 * the pointer of the field; *out is then undefined. */
PIQ_MUST_USE piq_status piq_event_read(piq_arena *a, const json_t *json,
                                       const char *where, bool need_user,
                                       const piq_catalogue *catalogue,
                                       int64_t now_us, piq_event *out,
                                       piq_err *err);

/* The canonical JSON of the event: fixed member order, outside names, doubles
 * that read back to the same bits. Two events say the same if and only if
 * these bytes are equal (user, catalogue_version and calibration are not in
 * them: they are columns). Reading it back gives the same struct. */
void piq_event_write(const piq_event *e, const piq_catalogue *catalogue,
                     piq_json_writer *w);

/* (at_us, event_id) order: <0, 0, >0. */
int piq_event_cmp(const piq_event *a, const piq_event *b);

#endif
