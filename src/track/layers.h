/* layers.h - the private half of track.c: one answer laid over the layers.
 *
 * The belief is an exact Gaussian posterior on a tree (learner > areas >
 * concepts): each node is known given its parent, N(mean + b * parent, s).
 * That keeps the covariance between the layers without storing it. Derivation:
 * src/track/README.md.
 */
#ifndef PIQ_TRACK_LAYERS_H
#define PIQ_TRACK_LAYERS_H

#include "track/observe.h"
#include "track/params.h"
#include "track/track.h"

/* A node as it stands at an instant. */
typedef struct piq_node {
    double own;  /* mean above what the parent accounts for */
    double b;    /* share of the parent in it */
    double s;    /* variance, the parent being known */
    double mean; /* own + b * parent's mean */
} piq_node;

/* A concept or an area of the task. */
typedef struct piq_touched {
    size_t at;     /* position in t->concepts or t->areas */
    size_t parent; /* concepts: place among piq_fold.areas */
    double pull;   /* d(task's ability) / d(this) */
    piq_node node;
} piq_touched;

enum { PIQ_MAX_TASK_CONCEPTS = PIQ_MAX_CONTENT_CONCEPTS };

/* Everything one task touches, at one instant. */
typedef struct piq_fold {
    uint32_t now_s;
    piq_node learner; /* b is 0: it has no parent */
    double learner_pull;
    double form_mean, form_var;
    piq_touched concepts[PIQ_MAX_TASK_CONCEPTS];
    size_t n_concepts;
    piq_touched areas[PIQ_MAX_TASK_CONCEPTS];
    size_t n_areas;
    double ability;      /* of the task, form included, logits */
    double variance;     /* of it */
    double from_areas;   /* part of variance that comes through the areas' s */
    double from_learner; /* part that comes from the learner's */
} piq_fold;

/* Instants as the cells keep them: whole seconds, at least 1. */
uint32_t piq_layers_seconds(int64_t at_us);

piq_node piq_layers_learner(const piq_track *t, const piq_track_params *p,
                            uint32_t now_s);
piq_node piq_layers_area(const piq_track *t, const piq_track_params *p,
                         size_t area, const piq_node *learner, uint32_t now_s);
piq_node piq_layers_concept(const piq_track *t, const piq_track_params *p,
                            size_t concept, const piq_node *area,
                            uint32_t now_s);

/* Lays `task` over the layers at an instant. */
void piq_layers_gather(piq_fold *f, const piq_track *t,
                       const piq_track_params *p, const piq_catalogue *c,
                       const piq_task *task, int64_t at_us);

#endif
