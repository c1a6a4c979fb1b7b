#include "agent/view.h"

#include <string.h>

/* Items of one concept that are worth a look beside one another. */
enum { ITEMS_EACH = 3 };

/* --- which concepts ------------------------------------------------------- */

typedef struct gathering {
    const piq_agent_world *w;
    bool *in;       /* [n_concepts] */
    uint32_t *list; /* [n_concepts], in the order of joining */
    size_t n;
} gathering;

static void join(gathering *g, uint32_t concept)
{
    if (g->in[concept] || g->n >= PIQ_VIEW_MAX)
        return;
    g->in[concept] = true;
    g->list[g->n++] = concept;
}

static void join_before(gathering *g, uint32_t k)
{
    const piq_agent_world *w = g->w;
    for (uint32_t i = w->into_at[k]; i < w->into_at[k + 1]; i++)
        join(g, w->edges[w->into[i]].from);
}

static void join_after(gathering *g, uint32_t k)
{
    const piq_agent_world *w = g->w;
    for (uint32_t i = w->out_of_at[k]; i < w->out_of_at[k + 1]; i++)
        join(g, w->edges[w->out_of[i]].to);
}

/* Returns how many are needed; those stand first in the list. */
static size_t gather(gathering *g, const uint32_t *targets, size_t n_targets,
                     const uint32_t *seen, size_t n_seen)
{
    for (size_t i = 0; i < n_targets; i++)
        join(g, targets[i]);
    for (size_t i = 0; i < g->n; i++)
        join_before(g, g->list[i]);
    size_t needed = g->n;
    for (size_t i = 0; i < n_seen; i++)
        join(g, seen[i]);
    for (size_t i = 0; i < g->n; i++) {
        join_before(g, g->list[i]);
        join_after(g, g->list[i]);
    }
    return needed;
}

static piq_status number_concepts(piq_arena *a, piq_view *v,
                                  const uint32_t *targets, size_t n_targets,
                                  const uint32_t *seen, size_t n_seen)
{
    const piq_agent_world *w = v->world;
    gathering g = {.w = w,
                   .in = piq_new(a, bool, w->n_concepts),
                   .list = piq_new(a, uint32_t, w->n_concepts)};
    bool *needed = piq_new(a, bool, w->n_concepts);
    v->local = piq_new(a, uint32_t, w->n_concepts);
    if (!g.in || !g.list || !needed || !v->local)
        return PIQ_ENOMEM;
    size_t n_needed = gather(&g, targets, n_targets, seen, n_seen);
    for (size_t i = 0; i < n_needed; i++)
        needed[g.list[i]] = true;
    for (size_t i = 0; i < w->n_concepts; i++)
        v->local[i] = PIQ_VIEW_NONE;
    for (size_t r = 0; r < w->n_concepts; r++) {
        uint32_t k = w->order[r];
        if (!g.in[k])
            continue;
        v->needed[v->n] = needed[k];
        v->local[k] = (uint32_t)v->n;
        v->concept[v->n++] = k;
    }
    return PIQ_OK;
}

/* --- the graph among them -------------------------------------------------
 */

static piq_status link_before(piq_arena *a, piq_view *v)
{
    const piq_agent_world *w = v->world;
    size_t n = 0;
    for (size_t k = 0; k < v->n; k++)
        n += w->into_at[v->concept[k] + 1] - w->into_at[v->concept[k]];
    v->before = piq_new(a, piq_view_link, n);
    if (!v->before)
        return PIQ_ENOMEM;
    n = 0;
    for (size_t k = 0; k < v->n; k++) {
        uint32_t c = v->concept[k];
        v->before_at[k] = (uint32_t)n;
        for (uint32_t i = w->into_at[c]; i < w->into_at[c + 1]; i++) {
            uint32_t from = v->local[w->edges[w->into[i]].from];
            if (from != PIQ_VIEW_NONE)
                v->before[n++] = (piq_view_link){from, w->into[i]};
        }
    }
    v->before_at[v->n] = (uint32_t)n;
    return PIQ_OK;
}

static piq_status link_next(piq_arena *a, piq_view *v)
{
    const piq_agent_world *w = v->world;
    size_t n = v->before_at[v->n];
    v->next = piq_new(a, piq_view_link, n);
    if (!v->next)
        return PIQ_ENOMEM;
    n = 0;
    for (size_t k = 0; k < v->n; k++) {
        uint32_t c = v->concept[k];
        v->next_at[k] = (uint32_t)n;
        for (uint32_t i = w->out_of_at[c]; i < w->out_of_at[c + 1]; i++) {
            uint32_t to = v->local[w->edges[w->out_of[i]].to];
            if (to != PIQ_VIEW_NONE)
                v->next[n++] = (piq_view_link){to, w->out_of[i]};
        }
    }
    v->next_at[v->n] = (uint32_t)n;
    return PIQ_OK;
}

/* ways[j] of `hop` + 1 steps from those of `hop` steps. */
static void step_on(const piq_view *v, const double *from, double *to)
{
    memset(to, 0, v->n * sizeof *to);
    for (size_t j = 0; j < v->n; j++)
        for (uint32_t i = v->before_at[j]; i < v->before_at[j + 1]; i++)
            to[j] += from[v->before[i].concept];
}

static piq_status link_after(piq_arena *a, piq_view *v)
{
    double ways[PIQ_VIEW_SPILL_HOPS + 1][PIQ_VIEW_MAX];
    v->after = piq_new(a, piq_view_reach, v->n * v->n);
    if (!v->after)
        return PIQ_ENOMEM;
    size_t n = 0;
    for (size_t k = 0; k < v->n; k++) {
        v->after_at[k] = (uint32_t)n;
        memset(ways[0], 0, sizeof ways[0]);
        ways[0][k] = 1.0;
        for (int h = 0; h < PIQ_VIEW_SPILL_HOPS; h++)
            step_on(v, ways[h], ways[h + 1]);
        for (size_t j = 0; j < v->n; j++) {
            piq_view_reach r = {.concept = (uint32_t)j};
            double any = 0.0;
            for (int h = 0; h < PIQ_VIEW_SPILL_HOPS; h++)
                any += r.ways[h] = ways[h + 1][j];
            if (any > 0.0)
                v->after[n++] = r;
        }
    }
    v->after_at[v->n] = (uint32_t)n;
    return PIQ_OK;
}

static bool precedes(const piq_view *v, size_t k, uint32_t other)
{
    for (uint32_t i = v->before_at[k]; i < v->before_at[k + 1]; i++)
        if (v->before[i].concept == other)
            return true;
    return false;
}

/* All that is near `last`. */
static void mark_near(piq_view *v, size_t last)
{
    size_t n = v->n, found = 0;
    for (size_t k = 0; k < n; k++) {
        bool near = precedes(v, k, (uint32_t)last);
        for (uint32_t i = v->before_at[last];
             !near && i < v->before_at[last + 1]; i++) {
            uint32_t p = v->before[i].concept;
            near = p == k || precedes(v, p, (uint32_t)k) || precedes(v, k, p);
        }
        v->near[k * n + last] = near;
        found += near;
    }
    for (size_t k = 0; k < n; k++)
        v->near[k * n + last] |= k == last || found == 0;
}

static piq_status find_near(piq_arena *a, piq_view *v)
{
    v->near = piq_new(a, bool, v->n * v->n);
    if (!v->near)
        return PIQ_ENOMEM;
    for (size_t last = 0; last < v->n; last++)
        mark_near(v, last);
    return PIQ_OK;
}

/* Breadth first back from k over what is near; needed concepts go first, so
 * that a way there is of use if it can be. */
static void find_ways(piq_view *v, uint32_t k, uint32_t *queue)
{
    size_t n = v->n, head = 0, tail = 0;
    bool seen[PIQ_VIEW_MAX] = {false};
    for (size_t last = 0; last < n; last++)
        v->hop[last * n + k] = k;
    queue[tail++] = k;
    seen[k] = true;
    for (; head < tail; head++) {
        uint32_t to = queue[head];
        for (int wanted = 1; wanted >= 0; wanted--)
            for (uint32_t last = 0; last < n; last++) {
                if (seen[last] || !v->near[to * n + last] ||
                    v->needed[last] != (wanted == 1))
                    continue;
                seen[last] = true;
                v->hop[last * n + k] = to;
                queue[tail++] = last;
            }
    }
}

static piq_status find_hops(piq_arena *a, piq_view *v)
{
    uint32_t queue[PIQ_VIEW_MAX];
    v->hop = piq_new(a, uint32_t, v->n * v->n);
    if (!v->hop)
        return PIQ_ENOMEM;
    for (uint32_t k = 0; k < v->n; k++)
        find_ways(v, k, queue);
    return PIQ_OK;
}

/* --- what may be practised ------------------------------------------------
 */

static bool same_use(const piq_agent_item *a, const piq_agent_item *b)
{
    return a->minutes == b->minutes && a->n_concepts == b->n_concepts &&
           !memcmp(a->concepts, b->concepts,
                   a->n_concepts * sizeof a->concepts[0]);
}

static void add_action(piq_view *v, uint32_t item, bool by_minutes)
{
    const piq_agent_item *x = &v->world->items[item];
    piq_view_action *act = &v->actions[v->n_actions];
    *act =
        (piq_view_action){.item = item, .cost = by_minutes ? x->minutes : 1.0};
    for (size_t i = 0; i < x->n_concepts; i++) {
        uint32_t k = v->local[x->concepts[i]];
        if (k != PIQ_VIEW_NONE)
            act->concepts[act->n_concepts++] = k;
    }
    v->n_actions++;
}

/* Items of a concept that differ in what they use; the one that the exam asks
 * stands for its like. */
static void add_actions(piq_view *v, size_t k, bool by_minutes)
{
    const piq_agent_world *w = v->world;
    uint32_t c = v->concept[k];
    uint32_t chosen[ITEMS_EACH];
    size_t n = 0;
    for (size_t i = 0; i < v->n_targets; i++)
        if (v->targets[i].concept == k && v->targets[i].item != PIQ_VIEW_NONE &&
            n < ITEMS_EACH)
            chosen[n++] = v->targets[i].item;
    for (uint32_t i = w->by_concept_at[c]; i < w->by_concept_at[c + 1]; i++) {
        uint32_t item = w->by_concept[i];
        bool fresh = w->items[item].concepts[0] == c && n < ITEMS_EACH;
        for (size_t j = 0; fresh && j < n; j++)
            fresh = !same_use(&w->items[item], &w->items[chosen[j]]);
        if (fresh)
            chosen[n++] = item;
    }
    for (size_t j = 0; j < n && v->n_actions < PIQ_VIEW_MAX_ITEMS; j++)
        add_action(v, chosen[j], by_minutes);
}

static piq_status find_actions(piq_arena *a, piq_view *v, bool by_minutes)
{
    v->actions = piq_new(a, piq_view_action, PIQ_VIEW_MAX_ITEMS);
    if (!v->actions)
        return PIQ_ENOMEM;
    for (size_t k = 0; k < v->n; k++)
        v->first_action[k] = PIQ_VIEW_NONE;
    for (int wanted = 1; wanted >= 0; wanted--)
        for (size_t k = 0; k < v->n; k++)
            if (v->needed[k] == (wanted == 1))
                add_actions(v, k, by_minutes);
    for (size_t i = v->n_actions; i-- > 0;)
        v->first_action[v->actions[i].concepts[0]] = (uint32_t)i;
    return PIQ_OK;
}

piq_status piq_view_make(piq_arena *a, const piq_agent_world *w,
                         const uint32_t *targets, const uint32_t *exam_item,
                         size_t n_targets, const uint32_t *seen, size_t n_seen,
                         bool by_minutes, piq_view *out)
{
    *out = (piq_view){.world = w};
    if (number_concepts(a, out, targets, n_targets, seen, n_seen) ||
        link_before(a, out) || link_next(a, out) || link_after(a, out) ||
        find_near(a, out) || find_hops(a, out))
        return PIQ_ENOMEM;
    out->targets = piq_new(a, piq_view_target, n_targets);
    if (!out->targets)
        return PIQ_ENOMEM;
    for (size_t k = 0; k < out->n; k++)
        out->target_of[k] = PIQ_VIEW_NONE;
    for (size_t i = 0; i < n_targets; i++) {
        uint32_t k = out->local[targets[i]];
        if (k == PIQ_VIEW_NONE)
            continue;
        out->target_of[k] = (uint32_t)out->n_targets;
        out->targets[out->n_targets++] = (piq_view_target){k, exam_item[i]};
    }
    return find_actions(a, out, by_minutes);
}

bool piq_view_apart(const piq_view *v)
{
    for (size_t i = 0; i < v->n_actions; i++)
        if (v->actions[i].n_concepts > 1)
            return false;
    return v->before_at[v->n] == 0;
}
