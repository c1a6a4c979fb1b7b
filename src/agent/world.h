/* world.h - what `hello` says: concepts, items, and what comes before what.
 *
 * Ids of the other side are kept as they came (integers); inside, positions
 * are used. An edge that would close a cycle is left out: the graph that is
 * told may be wrong, and everything here walks it in order.
 *
 * Made once, then read only; everything lives in the arena given.
 */
#ifndef PIQ_AGENT_WORLD_H
#define PIQ_AGENT_WORLD_H

#include "base/arena.h"
#include "base/map.h"

#include <jansson.h>
#include <stdbool.h>

enum {
    PIQ_AGENT_MAX_CONCEPTS = 4096,
    PIQ_AGENT_MAX_ITEMS = 65535,
    PIQ_AGENT_MAX_EDGES = 65535,
    PIQ_AGENT_MAX_STEPS = 10000,
    PIQ_AGENT_MAX_ITEM_CONCEPTS = 8
};

typedef struct piq_agent_item {
    int64_t id;
    uint32_t concepts[PIQ_AGENT_MAX_ITEM_CONCEPTS]; /* positions */
    uint32_t n_concepts;                            /* >= 1 */
    double minutes;                                 /* > 0 */
} piq_agent_item;

typedef struct piq_agent_edge {
    uint32_t from, to; /* from before to */
} piq_agent_edge;

typedef struct piq_agent_world {
    uint64_t seed;
    bool plan_mode; /* the whole path at once */
    bool timed;     /* "delay" was given: memory matters */
    double delay;   /* time between steps; 1 when not given */
    double steps;   /* of an episode; 0 not said */
    double mean_minutes;

    int64_t *concept_id; /* [n_concepts] */
    size_t n_concepts;
    piq_agent_item *items;
    size_t n_items;
    piq_agent_edge *edges; /* acyclic, each pair once */
    size_t n_edges;
    uint32_t *order; /* [n_concepts], what comes before first */
    uint32_t *rank;  /* [n_concepts], place in `order` */
    uint32_t *depth; /* [n_concepts], longest way from a root, in edges */

    /* Ranges as in by_concept[by_concept_at[c] .. by_concept_at[c+1]). */
    uint32_t *by_concept, *by_concept_at; /* items */
    uint32_t *into, *into_at;             /* edges that end at a concept */
    uint32_t *out_of, *out_of_at;         /* edges that begin at one */

    piq_map concept_at, item_at; /* id -> position */
} piq_agent_world;

/* PIQ_EINVAL names the member that is missing, of a wrong type or out of
 * range; PIQ_ENOMEM. Release what is in *out in either case. */
PIQ_MUST_USE piq_status piq_agent_world_read(piq_arena *a, const json_t *hello,
                                             piq_agent_world *out,
                                             piq_err *err);
void piq_agent_world_release(piq_agent_world *w);

/* False when there is no such id. */
bool piq_agent_find_concept(const piq_agent_world *w, int64_t id,
                            uint32_t *out);
bool piq_agent_find_item(const piq_agent_world *w, int64_t id, uint32_t *out);

#endif
