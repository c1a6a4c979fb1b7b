/* env.h - environments to teach in: simulated learners with a known truth.
 *
 * Several families (src/sim/README.md) of worlds, each with a graph of
 * concepts, items, and learners who come one after another. What a world tells
 * and what is true in it may differ (a told graph that is partly wrong). None
 * of the engine's own model code is used, so that agreement means something.
 *
 * Pure; every draw comes from the seed: the same family, world seed and
 * learner number give the same learner, log, targets and luck. Lives in the
 * arena given. One thread.
 */
#ifndef PIQ_SIM_ENV_H
#define PIQ_SIM_ENV_H

#include "base/arena.h"
#include "base/rng.h"

#include <stdbool.h>

enum {
    PIQ_ENV_MAX_CONCEPTS = 64,
    PIQ_ENV_MAX_LOG = 64,
    PIQ_ENV_MAX_BEFORE = 4 /* prerequisites of a concept */
};

typedef struct piq_env_item {
    uint32_t concept;
    double minutes;
    double difficulty; /* hidden; its meaning is the family's */
} piq_env_item;

typedef struct piq_env_edge {
    uint32_t from, to; /* from before to */
} piq_env_edge;

typedef struct piq_env_graph {
    piq_env_edge *edges;
    size_t n_edges;
} piq_env_graph;

typedef struct piq_env_answer {
    uint32_t item;
    bool right;
} piq_env_answer;

typedef struct piq_env piq_env;

/* What a family does. All act on env->learner. */
typedef struct piq_env_family {
    const char *name;
    const char *about;
    /* Fills concepts, items, graphs, steps and the hidden world. */
    piq_status (*make)(piq_arena *a, piq_env *e);
    /* A new learner as they are before their log. */
    void (*begin)(piq_env *e);
    /* One practice at env->time, and its outcome. */
    bool (*practise)(piq_env *e, uint32_t item);
    /* Chance of a right answer at the exam now, in [0,1]. */
    double (*exam)(const piq_env *e, uint32_t item);
    /* The exam's chance for one who has learned all there is. */
    double (*most)(const piq_env *e, uint32_t item);
} piq_env_family;

struct piq_env {
    const piq_env_family *family;
    piq_rng world_rng, rng; /* of the world; of the learner */
    uint64_t seed;

    size_t n_concepts;
    piq_env_item *items;
    size_t n_items;
    piq_env_graph told, real;
    double steps; /* budget of an episode */
    bool minutes; /* the budget counts minutes, not items */
    double delay; /* time between steps, told; 0 not told */
    size_t log_steps;
    bool all_targets; /* every concept is one, for every learner */
    bool log_knows;   /* past practice was chosen knowing the truth */

    /* Of the learner. */
    void *world;   /* the family's hidden world */
    void *learner; /* the family's hidden learner */
    double time;   /* steps since the start of the log */
    piq_env_answer log[PIQ_ENV_MAX_LOG];
    size_t n_log;
    uint32_t targets[PIQ_ENV_MAX_CONCEPTS]; /* concepts */
    uint32_t asked[PIQ_ENV_MAX_CONCEPTS];   /* item of each at the exam */
    size_t n_targets;
};

/* All families; NULL after the last. */
const piq_env_family *piq_env_family_at(size_t i);
/* NULL: there is none of this name. */
const piq_env_family *piq_env_family_named(const char *name);

/* A world of a family. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_env_make(piq_arena *a, const piq_env_family *f,
                                     uint64_t seed, piq_env **out);
/* The next learner: number 0, 1, ..; with log and targets, and short of the
 * most in at least one of them. */
void piq_env_begin(piq_env *e, uint64_t learner);
/* Practises; true when the answer was right. Time goes on by a step. */
bool piq_env_practise(piq_env *e, uint32_t item);
/* Sum over the targets of the exam's chances: now, and at most. */
double piq_env_score(const piq_env *e);
double piq_env_full(const piq_env *e);
/* One draw of an exam's answer for target i. */
bool piq_env_exam_answer(piq_env *e, size_t i);

/* For the families. */
bool piq_env_chance(piq_env *e, double p);
double piq_env_normal(piq_rng *r, double mean, double sd);
/* n concepts, each after the first few with 1 .. most (at most
 * PIQ_ENV_MAX_BEFORE) prerequisites among the `window` before it. */
PIQ_MUST_USE piq_status piq_env_draw_graph(piq_arena *a, piq_env *e, size_t n,
                                           size_t most, size_t window);
/* `each` items a concept. */
PIQ_MUST_USE piq_status piq_env_add_items(piq_arena *a, piq_env *e,
                                          size_t each);

extern const piq_env_family piq_env_kss, piq_env_bkt, piq_env_forget,
    piq_env_wrong, piq_env_memory, piq_env_mixed;

#endif
