/* walk.h - the walk through the days, shared by its files. */
#ifndef PIQ_PATH_WALK_H
#define PIQ_PATH_WALK_H

#include "path/state.h"

/* What a day may still hold, besides tasks. */
typedef enum piq_pick_form {
    PIQ_PICK_NONE,
    PIQ_PICK_TASK,
    PIQ_PICK_REVIEW, /* of a concept, because its recall falls */
    PIQ_PICK_SHOW    /* believed to be there, not shown yet */
} piq_pick_form;

typedef struct piq_pick {
    piq_pick_form form;
    uint32_t task;
    piq_concept_ix concept;
    double score;
} piq_pick;

typedef struct piq_walk {
    piq_path_state *s;
    piq_arena *a;
    int day; /* relative to from_day */
    double left;
    double bare_left;            /* of the share for steps without content */
    piq_concept_ix last_concept; /* PIQ_NO_IX16: the day begins */
    bool learned;                /* today, besides reviews */
    int idle_days;               /* since something was learned */

    uint32_t *queue; /* chosen tasks, by day */
    size_t n_queue, next;
    uint32_t *ready; /* those whose day has come */
    size_t n_ready;
    piq_concept_ix *owed; /* chosen reviews whose day has come */
    size_t n_owed, next_review;
    size_t next_line;      /* of the script */
    piq_concept_ix *shows; /* targets to be shown */
    size_t n_shows;
    piq_status status;
} piq_walk;

/* day.c */
bool piq_walk_fits(const piq_walk *w, const piq_task *t, bool whole);
/* May it be done at this point of the plan? */
bool piq_walk_open(const piq_walk *w, const piq_task *t);
/* Nothing it is for is missing any more. */
bool piq_walk_needless(const piq_path_state *s, const piq_task *t);
bool piq_walk_reviewable(const piq_walk *w, piq_concept_ix k);
/* The best of what this day was chosen to hold. */
piq_pick piq_walk_choose(piq_walk *w);
/* What else the day's minutes may be used for. */
piq_pick piq_walk_fill(piq_walk *w);

/* record.c: does it in expectation and writes its step. */
void piq_walk_do(piq_walk *w, piq_pick pick);
void piq_walk_go_on(piq_walk *w);
/* A frozen step, as it stands; nothing when it may not be done any more. */
void piq_walk_frozen(piq_walk *w, const piq_plan_step *step);
/* Takes a task off the list of what is chosen. */
void piq_walk_forget(piq_path_state *s, piq_task *t);
/* Tells the parts of what is in hand that there are so many. */
void piq_walk_tell_parts(piq_path_state *s, uint16_t parts);

#endif
