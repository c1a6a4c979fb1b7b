/* plan_replay.c - a stored path, planned again from the event log.
 *
 * Each entry of adaptation_history tells how many events the state had that
 * was planned from. A learner's events get their seq in the order of their
 * commits, so those were the first so many by seq, folded in their own order.
 * From the first plan on, each is made again from the one before; in the end
 * row and stored row must be the same: JSON by what it says, for a store may
 * lay it out anew.
 *
 * A history is bounded, and a model's body may be dropped: where the first
 * plan or what judged it is forgotten, nothing can be said.
 */
#include "domain/json_reader.h"
#include "engine/engine_internal.h"
#include "engine/past.h"
#include "engine/planning.h"

typedef struct chain {
    piq_past past;
    piq_path_row stored;
    json_t *history;
    piq_path_row row; /* planned so far */
    struct {
        uint64_t wishes;
        piq_str config;
    } kept[PIQ_MAX_KEPT_PLANS]; /* as records of the learner */
    size_t n_kept;
} chain;

/* ---- kept plans ---------------------------------------------------------- */

static size_t find_kept(const chain *c, const piq_kept_plan *x)
{
    size_t i = 0;
    while (i < c->n_kept && c->kept[i].wishes != x->mark.wishes)
        i++;
    return i;
}

static piq_status read_kept(void *ctx, const piq_kept_plan *x, piq_str *config,
                            piq_err *err)
{
    const chain *c = ctx;
    size_t i = find_kept(c, x);
    if (i == c->n_kept)
        return piq_fail(err, PIQ_ENOTFOUND, "the plan is not kept");
    *config = c->kept[i].config;
    return PIQ_OK;
}

static void follow(chain *c, const piq_kept_change *change, piq_str left)
{
    for (size_t k = 0; k < change->n_drop; k++) {
        size_t i = find_kept(c, &change->drop[k]);
        if (i < c->n_kept)
            c->kept[i] = c->kept[--c->n_kept];
    }
    if (!change->leaves)
        return;
    size_t i = find_kept(c, &change->left);
    PIQ_ASSERT(i < PIQ_MAX_KEPT_PLANS);
    c->kept[i].wishes = change->left.mark.wishes;
    c->kept[i].config = left;
    c->n_kept += i == c->n_kept;
}

/* ---- the chain ----------------------------------------------------------- */

static piq_status plan_again(chain *c, const piq_planned_from *from,
                             piq_err *err)
{
    const piq_catalogue *catalogue;
    const piq_path_row stored = c->row;
    piq_arena a;
    piq_moment at = {from->n_events, from->catalogue_version, from->calibration,
                     from->model};
    piq_status status = piq_past_restore(&c->past, &at, &catalogue, err);
    if (status)
        return status;
    piq_planning p = {.catalogue = catalogue,
                      .learner = c->past.learner,
                      .by = piq_past_judge(&c->past),
                      .version = from->version,
                      .now_us = from->at_us,
                      .reason = piq_str_of(from->reason),
                      .stored = &stored,
                      .kept = read_kept,
                      .kept_ctx = c,
                      .again = from};
    piq_kept_change change;
    piq_arena_init(&a, 0);
    status = piq_planning_run(&a, &c->past.arena, &p, &c->row, &change, err);
    piq_arena_release(&a);
    if (status == PIQ_OK)
        follow(c, &change, stored.path_config);
    c->row.id = c->stored.id;
    return status;
}

static bool same_row(const piq_path_row *a, const piq_path_row *b)
{
    return piq_json_same(a->path_config, b->path_config) &&
           piq_history_same(a->adaptation_history, b->adaptation_history) &&
           a->state_version == b->state_version &&
           a->current_position == b->current_position &&
           a->estimated_completion_us == b->estimated_completion_us &&
           a->created_us == b->created_us;
}

/* Whether the history goes back to the first plan, and tells enough. */
static bool is_whole(const json_t *history)
{
    size_t n = json_array_size(history);
    for (size_t i = 0; i < n; i++) {
        piq_planned_from from =
            piq_planned_from_entry(json_array_get(history, i));
        if (!from.told || from.at_us == INT64_MAX || from.first != (i == 0))
            return false;
    }
    return n > 0;
}

static piq_status replay(chain *c, piq_path_replay *out, piq_err *err)
{
    piq_store *store = c->past.engine->store;
    piq_status status =
        store->ops->path(store, &c->past.arena, c->past.user, &c->stored, err);
    if (status == PIQ_ENOTFOUND) {
        *out = PIQ_PATH_NONE;
        return PIQ_OK;
    }
    if (status == PIQ_OK)
        status = piq_json_parse(c->stored.adaptation_history, &c->history, err);
    if (status)
        return status;
    *out = PIQ_PATH_FORGOTTEN;
    if (!is_whole(c->history))
        return PIQ_OK;
    status = piq_past_read(&c->past, err);
    for (size_t i = 0; i < json_array_size(c->history) && status == PIQ_OK;
         i++) {
        piq_planned_from from =
            piq_planned_from_entry(json_array_get(c->history, i));
        status = plan_again(c, &from, err);
    }
    if (status == PIQ_ENOTFOUND) /* the model was dropped since */
        return PIQ_OK;
    *out = status == PIQ_OK && same_row(&c->row, &c->stored) ? PIQ_PATH_SAME
                                                             : PIQ_PATH_DIFFERS;
    return status;
}

piq_status piq_engine_replay_path(piq_engine *e, piq_user_id user,
                                  piq_path_replay *out, piq_err *err)
{
    chain c = {.stored = {0}};
    piq_past_init(&c.past, e, user);
    piq_status status = replay(&c, out, err);
    json_decref(c.history);
    piq_past_release(&c.past);
    return status;
}
