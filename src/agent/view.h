/* view.h - the part of the world that one episode is about.
 *
 * The targets, all that comes before them, and what stands near; in a large
 * world, no more than PIQ_VIEW_MAX concepts, the targets' own first. Concepts
 * are numbered anew from 0, what comes before first.
 *
 * Lives in an arena that is cleared at each reset; read only once made.
 */
#ifndef PIQ_AGENT_VIEW_H
#define PIQ_AGENT_VIEW_H

#include "agent/world.h"

enum {
    PIQ_VIEW_MAX = 96,
    PIQ_VIEW_MAX_ITEMS = 192, /* that may be practised */
    PIQ_VIEW_SPILL_HOPS = 3
};
#define PIQ_VIEW_NONE UINT32_MAX

typedef struct piq_view_link {
    uint32_t concept; /* local */
    uint32_t edge;    /* of the world */
} piq_view_link;

/* A concept further on, and the number of ways there by length. */
typedef struct piq_view_reach {
    uint32_t concept;
    double ways[PIQ_VIEW_SPILL_HOPS];
} piq_view_reach;

typedef struct piq_view_target {
    uint32_t concept; /* local */
    uint32_t item;    /* of the world: what is asked at the exam */
} piq_view_target;

typedef struct piq_view_action {
    uint32_t item;                                  /* of the world */
    uint32_t concepts[PIQ_AGENT_MAX_ITEM_CONCEPTS]; /* local */
    uint32_t n_concepts; /* those outside the view are left out; >= 1 */
    double cost;         /* of the budget */
} piq_view_action;

typedef struct piq_view {
    const piq_agent_world *world;
    size_t n;
    uint32_t concept[PIQ_VIEW_MAX]; /* local -> world */
    uint32_t *local;                /* [world->n_concepts] or NONE */
    bool needed[PIQ_VIEW_MAX];      /* a target, or before one */
    piq_view_link *before;          /* [before_at[k] .. before_at[k+1]) */
    uint32_t before_at[PIQ_VIEW_MAX + 1];
    piq_view_link *next; /* [next_at[k] .. next_at[k+1]) come next */
    uint32_t next_at[PIQ_VIEW_MAX + 1];
    piq_view_reach *after;
    uint32_t after_at[PIQ_VIEW_MAX + 1];
    /* near[k * n + last]: itself, what it needs up to two steps back, what
     * needs it, what needs the same; all true for a lone one. */
    bool *near;
    /* hop[last * n + k]: where to go from `last` on the shortest way to k from
     * near to near; k itself when it is near, or when there is no way. */
    uint32_t *hop;
    uint32_t first_action[PIQ_VIEW_MAX]; /* of a concept; NONE */
    piq_view_target *targets;
    size_t n_targets;
    uint32_t target_of[PIQ_VIEW_MAX]; /* target number of a concept; NONE */
    piq_view_action *actions; /* grouped by concept, needed ones first */
    size_t n_actions;
} piq_view;

/* No concept has to do with another, and no item with two. */
bool piq_view_apart(const piq_view *v);

/* `targets` are positions in the world, each once; exam_item[i] the item that
 * asks for it (PIQ_VIEW_NONE unknown); `seen` concepts that should be in view
 * where there is room. `by_minutes`: the budget counts minutes, not items.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_view_make(piq_arena *a, const piq_agent_world *w,
                                      const uint32_t *targets,
                                      const uint32_t *exam_item,
                                      size_t n_targets, const uint32_t *seen,
                                      size_t n_seen, bool by_minutes,
                                      piq_view *out);

#endif
