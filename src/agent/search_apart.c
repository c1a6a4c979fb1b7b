#include "agent/search.h"

#include <string.h>

/* Places of a path that change together, and what was there. */
typedef struct change {
    size_t at[2];
    uint32_t was[2];
    size_t n;
} change;

static uint32_t concept_of(const piq_view *v, uint32_t action)
{
    return v->actions[action].concepts[0];
}

/* Swaps two, or replaces one by what costs the same; n is 0 when that would
 * change nothing. */
static change draw_change(const piq_view *v, piq_rng *rng,
                          const piq_path_try *path, uint32_t *now)
{
    change c = {0};
    size_t i = piq_rng_below(rng, path->n), j = piq_rng_below(rng, path->n);
    uint32_t a = path->actions[i], b = path->actions[j];
    c.at[0] = i;
    c.was[0] = a;
    if (piq_rng_uniform(rng) < 0.5) {
        c.at[1] = j;
        c.was[1] = b;
        c.n = a == b ? 0 : 2;
        now[0] = b;
        now[1] = a;
        return c;
    }
    now[0] = (uint32_t)piq_rng_below(rng, v->n_actions);
    c.n = now[0] != a && v->actions[now[0]].cost == v->actions[a].cost;
    return c;
}

/* What concept k adds to the path's worth; returns the practices tried. */
static size_t weigh(const piq_scenes *s, piq_lanes *state,
                    const piq_path_try *path, uint32_t k, piq_lanes *worth)
{
    size_t spent = 1;
    piq_scenes_restart(s, state, k);
    for (size_t i = 0; i < path->n; i++) {
        if (concept_of(s->view, path->actions[i]) != k)
            continue;
        piq_scenes_practise(s, state, path->actions[i], i);
        spent++;
    }
    piq_scenes_worth_of(s, state, k, path->n, worth);
    return spent;
}

/* The concepts touched: of what was there, and of what comes. */
static size_t touched(const piq_view *v, const change *c, const uint32_t *now,
                      uint32_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const uint32_t both[2] = {concept_of(v, c->was[i]),
                                  concept_of(v, now[i])};
        for (size_t j = 0; j < 2; j++) {
            bool known = false;
            for (size_t k = 0; k < n; k++)
                known |= out[k] == both[j];
            if (!known)
                out[n++] = both[j];
        }
    }
    return n;
}

void piq_search_apart(const piq_scenes *s, piq_rng *rng, uint64_t effort,
                      piq_lanes *state, piq_path_try *path)
{
    memcpy(state, s->start, s->block * sizeof *state);
    for (uint64_t spent = 0; path->n > 0 && spent < effort; spent++) {
        uint32_t now[2], concepts[4];
        piq_lanes before = {0}, after = {0};
        change c = draw_change(s->view, rng, path, now);
        size_t n = touched(s->view, &c, now, concepts);
        for (size_t i = 0; i < n; i++)
            spent += weigh(s, state, path, concepts[i], &before);
        for (size_t i = 0; i < c.n; i++)
            path->actions[c.at[i]] = now[i];
        for (size_t i = 0; i < n; i++)
            spent += weigh(s, state, path, concepts[i], &after);
        if (piq_search_better(&after, &before))
            continue;
        for (size_t i = 0; i < c.n; i++)
            path->actions[c.at[i]] = c.was[i];
    }
}
