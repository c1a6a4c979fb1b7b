/* search.h - the planner's working state, shared by the files of this room.
 *
 * One call of piq_path_plan makes one; everything lives in the caller's
 * arena. Its parts, in the order in which they work:
 *
 *     targets.c   what is to be learned: targets and the prerequisites missing
 *     calendar.c  minutes of each day
 *     greedy.c    which content next: worth per minute, kept in a heap
 *     pack.c      day by day: reviews that are due, then content
 *     estimate.c  when it will be done, and how sure that is
 *     explain.c   a sentence for each step
 */
#ifndef PIQ_PATH_SEARCH_H
#define PIQ_PATH_SEARCH_H

#include "memory/fsrs.h"
#include "path/path.h"
#include "track/gain.h"

/* What the planner knows of one concept. */
typedef struct piq_need {
    double aim;    /* mastery to reach; 0: not a concern of this plan */
    double own;    /* worth of a point of mastery up to the aim */
    double unlock; /* worth of a point up to the knee, for what it opens */
    double knee;   /* mastery from which it opens what needs it, and a margin */
    double loss;   /* own + unlock, for what it costs to leave it out */
    piq_fsrs_state memory;
    double last_day; /* practised, relative to from_day; < 0 before it */
    double due_day;  /* of the next review; INFINITY: never practised */
    uint16_t consolidations;
    uint16_t open_contents; /* still to be had for it, assessments apart */
    bool target;            /* asked for, not added as a prerequisite */
    bool known;             /* in order at the start: no work planned on it */
    bool has_lesson;        /* some content of the plan explains it */
    bool explained;         /* one of those is done */
    bool planned;           /* a step of the plan is on it */
} piq_need;

enum {
    PIQ_ITEM_DONE = 1 << 0,    /* completed before, or planned */
    PIQ_ITEM_POOL = 1 << 1,    /* the plan may use it */
    PIQ_ITEM_SUPPORT = 1 << 2, /* other content of the plan asks for it */
    PIQ_ITEM_READY = 1 << 3,   /* open before anything of the plan is done */
    PIQ_ITEM_SKIP = 1 << 4,    /* the learner does not want it */
    PIQ_ITEM_BEGUN = 1 << 5    /* planned in parts, the last still to come */
};

typedef struct piq_path_search {
    const piq_path_input *in;
    const piq_catalogue *c;
    piq_belief *now; /* [n_concepts], as expected at this point of the plan */
    piq_need *needs; /* [n_concepts] */
    uint8_t *flags;  /* [n_contents] */
    double *bonus;   /* [n_contents] worth of what it opens, as content */
    piq_concept_ix *closure; /* concepts with an aim, prerequisites first */
    size_t n_closure;
    size_t n_unmet_targets;
    const piq_fsrs_params *fsrs;

    /* Who waits for a concept, or for a content: ranges as in by_concept. */
    piq_concept_ix *dependants;
    uint32_t *dependants_at; /* [n_concepts+1] */
    piq_content_ix *waiting;
    uint32_t *waiting_at; /* [n_contents+1] */

    /* Open content by worth per minute: heap[0] is best. */
    uint32_t *heap;
    uint32_t *heap_at; /* [n_contents] place + 1; 0: not in it */
    size_t n_heap;
    double *density;  /* [n_contents] */
    uint32_t *checks; /* assessments whose moment has come, in order */
    size_t n_checks;
    uint32_t *aside;   /* scratch: too long for what is left of a day */
    double shortest;   /* minutes, of all content that the plan may use */
    double least_part; /* minutes worth beginning or going on for */

    double budget[PIQ_PLAN_HORIZON_DAYS + 1]; /* minutes; [0] is from_day */
    double longest_day;
    double sitting;    /* what is shorter finds a day that holds it whole */
    int n_days;        /* of budget */
    int last_plan_day; /* relative: steps are kept up to it */
    piq_plan *plan;
} piq_path_search;

/* targets.c: fills needs, closure, flags. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_path_close(piq_arena *a, piq_path_search *s);
/* True when the concept's aim is reached; a target must also be shown. */
bool piq_path_met(const piq_path_search *s, piq_concept_ix concept);
/* True when content may be done at this point of the plan. */
bool piq_path_open(const piq_path_search *s, piq_content_ix content);
bool piq_path_concept_open(const piq_path_search *s, piq_concept_ix concept);

/* calendar.c. PIQ_EINVAL when no weekday has a minute. */
PIQ_MUST_USE piq_status piq_path_calendar(piq_path_search *s, piq_err *err);

/* greedy.c */
PIQ_MUST_USE piq_status piq_path_greedy_init(piq_arena *a, piq_path_search *s);
/* Minutes that a content still takes: what was spent on one that was begun
 * does not count again, where that one may have been done in parts. */
double piq_path_minutes(const piq_path_search *s, piq_content_ix content);
/* The best open content that fits, or that may be begun: it is longer than any
 * day, or reviews alone keep it from fitting into `whole_day`. PIQ_NO_IX32
 * when there is none. */
piq_content_ix piq_path_next(piq_path_search *s, double minutes,
                             double whole_day);
/* The best open content that practises the concept first of all and fits: new
 * tasks repeat it better than the old ones. PIQ_NO_IX32 when there is none. */
piq_content_ix piq_path_practice_for(const piq_path_search *s,
                                     piq_concept_ix concept, double minutes);
/* True when it asks its learner for answers. */
bool piq_path_asks(const piq_content *content);
/* The concept of a content that the plan wants most. */
piq_concept_ix piq_path_main_concept(const piq_path_search *s,
                                     const piq_content *content);
/* Taken out of what may be chosen: its parts come one by one. */
void piq_path_begin(piq_path_search *s, piq_content_ix content);
/* Does the content in expectation, on a day relative to from_day. */
void piq_path_do(piq_path_search *s, piq_content_ix content, double day);
/* Repeats a concept in expectation. */
void piq_path_review(piq_path_search *s, piq_concept_ix concept, double day);

/* pack.c: walks the days; fills plan->steps and the relative day on which the
 * last target is met, -1 when none within the horizon. */
PIQ_MUST_USE piq_status piq_path_pack(piq_arena *a, piq_path_search *s,
                                      int *done_day);

/* estimate.c: completion and its interval. */
void piq_path_estimate(piq_path_search *s, int done_day);

/* explain.c: NULL when the arena is full. `recall`: of a review because it is
 * due; NaN for one that practises or shows what is not there yet. */
const char *piq_path_why(piq_arena *a, const piq_path_search *s,
                         const piq_plan_step *step, double recall);

#endif
