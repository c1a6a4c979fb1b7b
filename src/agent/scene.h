/* scene.h - possible learners, drawn from the belief, to try paths on.
 *
 * A scene is one hypothesis with levels drawn from what it believes.
 * Practising an item moves it as that hypothesis says; what is left to chance
 * is drawn from the scene's own numbers, the same for every path that is
 * tried, so that paths differ by their worth and not by luck.
 *
 * All scenes move at once, four to a vector (lanes.h). A state is a block of
 * lanes, so that a search can keep and copy it. Not thread safe.
 */
#ifndef PIQ_AGENT_SCENE_H
#define PIQ_AGENT_SCENE_H

#include "agent/belief.h"
#include "agent/lanes.h"

enum { PIQ_SCENE_LUCK = 128 };

/* FSRS-6 for all scenes at once; difficulties stay as they are at the start.
 * Where a scene does not forget, decay is 0: recall is then 1. */
typedef struct piq_scene_memory {
    piq_lanes tempo, curve, decay, first; /* stability of a first practice */
    piq_lanes lapses;                     /* 1: a failed recall sets back */
    piq_lanes w9, w10, w13, w14;          /* w10, w14 over ln 2 */
    piq_lanes *pass;                      /* [n] e^w8 (11 - D) */
    piq_lanes *fail;                      /* [n] w11 D^-w12 */
} piq_scene_memory;

typedef struct piq_scenes {
    const piq_view *view;
    const piq_hyp *hyp[PIQ_SCENES];
    piq_lanes top, gate, far, sharp, spill[PIQ_VIEW_SPILL_HOPS];
    piq_vec_int states[PIQ_VECTORS]; /* set: known or not */
    piq_lanes *share;                /* [n_actions] of the way to the top */
    piq_lanes *hard;                 /* [n_targets] of the exam's items */
    piq_lanes *edge;                 /* [links before] 1: there */
    piq_lanes luck[PIQ_SCENE_LUCK];  /* in [0,1), by step */
    bool spills;                     /* in some scene */
    bool scatters;                   /* in some scene what is far counts less */
    size_t n_memory;       /* vectors in which some scene forgets: the first */
    piq_scene_memory fsrs; /* where one does */
    size_t block;          /* lanes of a state */
    piq_lanes *start;      /* [block] */
    double time;           /* of the next practice, steps */
    double coherent; /* share of scenes where what is far does not count */
    uint32_t last;   /* that counted last, in most of those; NONE */
} piq_scenes;

/* Where things stand in a state: levels at 0 .. n-1, then 1 + the concept that
 * counted last (or 0), then, where some scene forgets, stabilities and times
 * of the last practice. */
static inline size_t piq_scene_last_at(const piq_scenes *s)
{
    return s->view->n;
}

static inline size_t piq_scene_stability_at(const piq_scenes *s, size_t k)
{
    return s->view->n + 1 + k;
}

static inline size_t piq_scene_held_at(const piq_scenes *s, size_t k)
{
    return 2 * s->view->n + 1 + k;
}

/* scene_draw.c. Draws from the belief as it stands, at `time`. Lives in `a`.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_scenes_draw(piq_arena *a, const piq_population *p,
                                        double time, uint64_t seed,
                                        piq_scenes *out);

/* Practises an action in every scene: the `step`th from the start. */
void piq_scenes_practise(const piq_scenes *s, piq_lanes *state, uint32_t action,
                         size_t step);

/* Worth of the states after `steps` practices, scene by scene: right answers
 * at the exam, and a little for the way there, which breaks ties. */
void piq_scenes_worth(const piq_scenes *s, const piq_lanes *state, size_t steps,
                      piq_lanes *worth);

/* Adds what one concept has of it. */
void piq_scenes_worth_of(const piq_scenes *s, const piq_lanes *state,
                         uint32_t k, size_t steps, piq_lanes *worth);
/* Puts one concept back to where it was at the start. */
void piq_scenes_restart(const piq_scenes *s, piq_lanes *state, uint32_t k);

/* Mean chance that target number `target` is answered right after so many
 * practices. */
double piq_scenes_right(const piq_scenes *s, const piq_lanes *state,
                        size_t target, size_t step);

/* Mean over the scenes of what a concept lacks at the start, in shares of
 * what a beginner lacks. */
double piq_scenes_lack(const piq_scenes *s, uint32_t concept);

#endif
