/* state.h - the planner's working state, shared by the files of this room.
 *
 * One call of piq_path_plan makes one; everything lives in an arena of that
 * call. Its parts, in the order in which they work:
 *
 *     calendar.c   minutes of each day
 *     targets.c    what is to be learned: targets, prerequisites missing
 *     tasks.c      what the plan may hold: content, repetitions, checks
 *     check.c      where a short check pays
 *     posterior.c  the learner as particles, and what mastery is worth
 *     rounds.c     the days in stretches, searched and walked in turns
 *     problem.c    a stretch of days as a problem of solve/problem.h
 *     walk.c       the days one by one, under the law of practice
 *     day.c        what one day holds, and in which order
 *     apply.c      what doing something is expected to bring about
 *     record.c     doing a task in expectation, and writing its step
 *     beyond.c     after the plan: completion, and the minutes missing
 *     estimate.c   how sure that is, and what is left out
 *     explain.c    sentences for each step
 */
#ifndef PIQ_PATH_STATE_H
#define PIQ_PATH_STATE_H

#include "memory/fsrs.h"
#include "path/path.h"
#include "track/gain.h"

enum { PIQ_PATH_PARTICLES = 32 };
#define PIQ_PATH_NONE UINT32_MAX

/* What the planner knows of one concept. */
typedef struct piq_need {
    double aim;         /* mastery to reach; 0: not a concern of this plan */
    double own;         /* worth of a point of mastery up to the aim */
    double loss;        /* with what it opens */
    double ready;       /* mastery planned for before what needs it: a margin */
    double enough;      /* mastery beyond which nothing more is planned */
    double recall0;     /* believed at the start; NaN: never practised */
    double review_dose; /* that a review brought when it was tried; 0 */
    piq_fsrs_state memory;
    double last_day;  /* practised, relative to from_day; < 0 before it */
    double due_day;   /* of the next review; INFINITY: never practised */
    uint32_t place;   /* in the closure */
    uint16_t pending; /* chosen content mainly of it, assessments apart */
    uint16_t lessons; /* of those, explanations */
    bool target;      /* asked for, not added as a prerequisite */
    bool known;       /* in order at the start: no work planned on it */
    bool before;      /* the previous plan has a step on it */
    bool claimed;     /* said to be known, and the check still to come */
    bool has_lesson;  /* some content of the plan explains it */
    bool explained;   /* one of those is done */
    bool planned;     /* a step of the plan is on it */
    bool fresh;       /* met for the first time on this day */
} piq_need;

enum {
    PIQ_ITEM_DONE = 1 << 0,    /* completed before, or planned */
    PIQ_ITEM_POOL = 1 << 1,    /* the plan may use it */
    PIQ_ITEM_SUPPORT = 1 << 2, /* other content of the plan asks for it */
    PIQ_ITEM_READY = 1 << 3,   /* open before anything of the plan is done */
    PIQ_ITEM_SKIP = 1 << 4,    /* the learner does not want it */
    PIQ_ITEM_WANTED = 1 << 5,  /* the learner does */
    PIQ_ITEM_BEFORE = 1 << 6   /* the previous plan has it */
};

typedef enum piq_task_form {
    PIQ_TASK_CONTENT,
    PIQ_TASK_REPEAT, /* bare practice of a concept whose content is used up */
    PIQ_TASK_CHECK
} piq_task_form;

/* Something that the plan may hold, once. */
typedef struct piq_task {
    piq_task_form form;
    piq_content_ix content; /* PIQ_NO_IX32 when it is bare */
    piq_concept_ix concept; /* what it is for */
    uint32_t after;         /* task that has to come first; PIQ_PATH_NONE */
    double minutes;
    double worth;      /* a minute, at the start */
    double dose;       /* for a weight of 1, at its likely moment */
    double found;      /* the same, as it was when it was tried; 0 */
    int32_t first_day; /* relative; not before */
    int32_t day;       /* chosen, relative; INT32_MAX: none */
    uint16_t wanted;   /* rank of a wish, from 1; 0: none */
    bool done;
} piq_task;

/* A repetition against forgetting, chosen for a day. */
typedef struct piq_path_review {
    piq_concept_ix concept;
    int32_t day; /* relative */
} piq_path_review;

/* A step of the previous plan, to be done on its day again. */
typedef struct piq_path_line {
    uint32_t task; /* PIQ_PATH_NONE: a review */
    piq_concept_ix concept;
    int32_t day; /* relative */
} piq_path_line;

/* The content in hand whose parts are not all planned. */
typedef struct piq_begun {
    uint32_t task;      /* PIQ_PATH_NONE: none */
    piq_plan_step step; /* the part planned last */
    double left;        /* minutes that its further parts take */
    size_t first;       /* its first part's place among the steps */
} piq_begun;

/* The posterior as particles: stratified, correlated between concepts. */
typedef struct piq_posterior {
    double *left0;                     /* [n_closure][PARTICLES] 1 - mastery */
    double pace[PIQ_PATH_PARTICLES];   /* over in->pace */
    double chance[PIQ_PATH_PARTICLES]; /* normal: what nothing else knows of */
} piq_posterior;

typedef struct piq_path_state {
    const piq_path_input *in;
    const piq_catalogue *c;
    piq_belief *now; /* [n_concepts], as expected at this point of the plan */
    piq_need *needs; /* [n_concepts] */
    uint8_t *flags;  /* [n_contents] */
    piq_concept_ix *closure; /* concepts with an aim, prerequisites first */
    size_t n_closure;
    size_t n_unmet_targets;
    const piq_fsrs_params *fsrs;
    piq_posterior posterior;

    /* Who waits for a concept: ranges as in by_concept. */
    piq_concept_ix *dependants;
    uint32_t *dependants_at; /* [n_concepts+1] */

    piq_task *tasks;
    size_t n_tasks;
    uint32_t *by_worth; /* [n_tasks] best first */
    uint32_t *task_of;  /* [n_contents] task + 1; 0: none */

    /* Chosen for the days to come; [n_reviews], by day. */
    piq_path_review *reviews;
    size_t n_reviews;

    /* The previous plan, as far as it stands, by day; empty: it does not. */
    const piq_path_line *script;
    size_t n_script;

    double budget[PIQ_PLAN_HORIZON_DAYS + 1]; /* minutes; [0] is from_day */
    double longest_day;
    double least_part; /* minutes worth beginning or going on for */
    double sitting;    /* what is shorter finds a day that holds it whole */
    int n_days;        /* of budget */
    int last_plan_day; /* relative: steps are kept up to it */
    bool dated;        /* a deadline bounds the plan */
    bool silent;       /* nobody reads the steps */
    bool narrow;       /* goes on from a plan for the same targets */
    int done_day;      /* relative: last target met; -1 not yet */
    piq_begun begun;
    double useful;        /* dose towards aims, of the steps so far */
    double spent;         /* minutes of the steps so far */
    piq_plan_step *steps; /* [PIQ_MAX_PLAN_STEPS] */
    uint32_t *step_task;  /* [PIQ_MAX_PLAN_STEPS] PIQ_PATH_NONE: a review */
    size_t n_steps;
} piq_path_state;

/* path.c: a state before anything is chosen. */
PIQ_MUST_USE piq_status piq_path_begin(piq_arena *a, const piq_path_input *in,
                                       piq_path_state *s, piq_err *err);

/* calendar.c. PIQ_EINVAL when no weekday has a minute. */
PIQ_MUST_USE piq_status piq_path_calendar(piq_path_state *s, piq_err *err);

/* targets.c: fills needs, closure, flags, dependants. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_path_close(piq_arena *a, piq_path_state *s);
/* True when the concept's aim is reached; a target must also be shown. */
bool piq_path_met(const piq_path_state *s, piq_concept_ix concept);
/* True when content may be done at this point of the plan. */
bool piq_path_open(const piq_path_state *s, piq_content_ix content);
bool piq_path_concept_open(const piq_path_state *s, piq_concept_ix concept);
/* True when what asks for it may come without it. */
bool piq_path_content_met(const piq_path_state *s, piq_content_ix content);
bool piq_path_asks(const piq_content *content);

/* tasks.c: the best content of each concept, and what stands in for it. */
PIQ_MUST_USE piq_status piq_path_list_tasks(piq_arena *a, piq_path_state *s);
/* Dose from what is expected now to a mastery; 0 when it is there. */
double piq_path_missing(const piq_path_state *s, piq_concept_ix concept,
                        double mastery);

/* check.c: concepts of which a check pays, `most` at most. `mark` and `stack`
 * are [n_closure] scratch. Returns how many. */
size_t piq_path_checks(const piq_path_state *s, piq_concept_ix *out,
                       size_t most, uint32_t *mark, uint32_t *stack);

/* posterior.c */
PIQ_MUST_USE piq_status piq_path_posterior(piq_arena *a, piq_path_state *s);
/* Mean over the particles of what mastery is worth: 1 a point up to the aim,
 * a share of it after. At doses 0, step, .. (n - 1) steps, on top of `before`
 * of what there was at the start and `gained` since. */
void piq_path_worths(const piq_path_state *s, piq_concept_ix concept,
                     double before, double gained, double step, size_t n,
                     double *out);
/* What is left on a day of the dose that was there at the start, a share, and
 * of what came since, a dose. */
void piq_path_kept(const piq_path_state *s, piq_concept_ix concept, double day,
                   double *before, double *gained);
double piq_path_mastery_on(const piq_path_state *s, piq_concept_ix concept,
                           double day);
/* Mean worth on a day of all that the plan is for. */
double piq_path_value_on(const piq_path_state *s, double day);

/* problem.c: chooses for the days from..from+n-1: sets task->day and reviews.
 * `go_on`: starts from what those are. */
PIQ_MUST_USE piq_status piq_path_choose(piq_arena *a, piq_path_state *s,
                                        int from, int n_days,
                                        uint64_t iterations, bool go_on,
                                        piq_err *err);

/* copy.c: arrays of its own for a state, then all of another one in them. */
PIQ_MUST_USE piq_status piq_path_copy_new(piq_arena *a, const piq_path_state *s,
                                          piq_path_state *out);
void piq_path_copy(const piq_path_state *from, piq_path_state *to);

/* rounds.c: all days, searched and walked. */
PIQ_MUST_USE piq_status piq_path_days(piq_arena *a, piq_path_state *s,
                                      piq_err *err);

/* walk.c: does the days from..from+n-1, writing steps. */
PIQ_MUST_USE piq_status piq_path_walk(piq_arena *a, piq_path_state *s, int from,
                                      int n_days);
/* The plan ends here, whatever is in hand. */
void piq_path_end_walk(piq_path_state *s);

/* apply.c: what doing it is expected to bring about. */
void piq_path_do(piq_path_state *s, piq_content_ix content, double day);
/* A few answers on a concept: a repetition, or a check. */
void piq_path_answer(piq_path_state *s, piq_concept_ix concept, bool check,
                     double day);

/* estimate.c */
/* What the plan leaves out. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_path_list_dropped(piq_arena *a,
                                              const piq_path_state *s,
                                              piq_plan *plan);
/* Relative day of the last target, from the end of the plan at the rate at
 * which its minutes taught; -1: not within the horizon, or never. */
int piq_path_day_at_rate(piq_arena *a, const piq_path_state *s);
/* Completion day, its interval, and the value. `day` as in piq_path_later. */
void piq_path_estimate(const piq_path_state *s, int day, piq_plan *plan);

/* beyond.c: when the last target is met, relative, -1 not within the horizon;
 * and the minutes missing for that in time, 0 none, NaN: none would do.
 * `start` is the state before anything was chosen. PIQ_ENOMEM. */
typedef struct piq_path_later {
    int day;
    double extra_minutes;
} piq_path_later;
PIQ_MUST_USE piq_status piq_path_beyond(piq_arena *a,
                                        const piq_path_state *start,
                                        const piq_path_state *planned,
                                        const piq_plan *plan,
                                        piq_path_later *out);

/* explain.c: NULL when the arena is full. `recall`: of a review because it is
 * due; NaN for one that practises or shows what is not there yet. */
const char *piq_path_why(piq_arena *a, const piq_path_state *s,
                         const piq_plan_step *step, double recall);

typedef enum piq_path_reason {
    PIQ_NOW_FIRST,   /* nothing of the plan has to come before it */
    PIQ_NOW_OPENED,  /* what it needs came before */
    PIQ_NOW_FOLLOWS, /* goes on where the last step ended */
    PIQ_NOW_MIXED,   /* another concept than the last step, on purpose */
    PIQ_NOW_DUE,     /* recall falls */
    PIQ_NOW_SPACED,  /* a while after the last time */
    PIQ_NOW_WANTED,  /* the learner wants it early */
    PIQ_NOW_FROZEN,  /* the learner wants today as it is */
    PIQ_NOW_CHECK,   /* before minutes are spent on what may be known */
    PIQ_NOW_CLOSES,  /* what it covers has been worked on */
    PIQ_NOW_PART     /* begun before */
} piq_path_reason;
const char *piq_path_now(piq_path_reason reason);

#endif
