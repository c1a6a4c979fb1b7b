/* plan.c - the operation that plans a path, and adapts the stored one.
 *
 * A stored path holds as long as the learner's state has the version that it
 * was planned from, the curriculum is the same and so is the learner's day.
 * Else it is planned anew: what was done stays at its head, and
 * adaptation_history says what changed and why.
 */
#include "base/calendar.h"
#include "base/clock.h"
#include "domain/json_reader.h"
#include "engine/engine_internal.h"
#include "insight/inputs.h"
#include "insight/predictions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROLLOVER_H = 4, MAX_ADAPTATIONS = 50, MAX_DONE = 200 };

static const char BEYOND[] = "beyond the horizon";

typedef struct change {
    size_t n_done, n_added, n_removed;
    int32_t completion_before, completion_after;
    bool first;
} change;

typedef struct pending {
    bool stored; /* nothing to write: the stored path holds */
    size_t row;  /* position in the commit's paths */
    piq_path_row path;
} pending;

/* ---- what was done since --------------------------------------------- */

static bool is_done(const piq_plan_step *s, const piq_learner *l,
                    const piq_belief *beliefs, int64_t since_us)
{
    if (s->status == PIQ_STEP_DONE)
        return true;
    if (s->content.v == PIQ_NO_IX32)
        return beliefs[s->concept.v].last_us > since_us;
    /* Completed content is never planned: it was done since, although the
     * event that says so may tell of an earlier time. */
    return l->history[s->content.v].progress == PIQ_COMPLETED;
}

static bool has_step(const piq_plan *p, const piq_plan_step *s)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (p->steps[i].content.v == s->content.v &&
            p->steps[i].concept.v == s->concept.v &&
            p->steps[i].kind == s->kind)
            return true;
    return false;
}

/* The new plan with the done steps of the old one at its head. */
static piq_status carry_over(piq_arena *a, const piq_plan *old,
                             const piq_learner *l, const piq_belief *beliefs,
                             int64_t since_us, piq_plan *plan, change *ch)
{
    piq_plan_step *steps =
        piq_new(a, piq_plan_step, old->n_steps + plan->n_steps);
    size_t n = 0, n_done = 0, skip = 0;
    if (!steps)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < old->n_steps; i++)
        n_done += is_done(&old->steps[i], l, beliefs, since_us);
    if (n_done > MAX_DONE)
        skip = n_done - MAX_DONE; /* the oldest leave first */
    for (size_t i = 0; i < old->n_steps; i++) {
        const piq_plan_step *s = &old->steps[i];
        if (!is_done(s, l, beliefs, since_us)) {
            ch->n_removed += !has_step(plan, s);
            continue;
        }
        ch->n_done += s->status != PIQ_STEP_DONE;
        if (skip) {
            skip--;
            continue;
        }
        steps[n] = *s;
        steps[n++].status = PIQ_STEP_DONE;
    }
    plan->current = n;
    for (size_t i = 0; i < plan->n_steps; i++) {
        ch->n_added += !has_step(old, &plan->steps[i]);
        steps[n++] = plan->steps[i];
    }
    plan->steps = steps;
    plan->n_steps = n;
    return PIQ_OK;
}

/* ---- the history ----------------------------------------------------- */

static void put_day(piq_json_writer *w, const char *key, int32_t day)
{
    char date[16];
    if (day == INT32_MAX) {
        piq_json_key(w, key);
        piq_json_null(w);
        return;
    }
    piq_date_format(day, date);
    piq_json_put_z(w, key, date);
}

/* "2 steps done; 3 steps added, 1 removed; completion moved from .. to .." */
static void explain(const change *ch, piq_str reason, piq_buf *b)
{
    if (reason.len) {
        piq_buf_add_str(b, reason);
        piq_buf_add_z(b, ": ");
    }
    if (ch->first) {
        piq_buf_printf(b, "first plan, %zu steps", ch->n_added);
        return;
    }
    piq_buf_printf(b, "%zu step%s done; %zu added, %zu removed", ch->n_done,
                   ch->n_done == 1 ? "" : "s", ch->n_added, ch->n_removed);
    if (ch->completion_before == ch->completion_after)
        return;
    char from[16], to[16];
    piq_date_format(
        ch->completion_before == INT32_MAX ? 0 : ch->completion_before, from);
    piq_date_format(
        ch->completion_after == INT32_MAX ? 0 : ch->completion_after, to);
    piq_buf_printf(b, "; completion moved from %s to %s",
                   ch->completion_before == INT32_MAX ? BEYOND : from,
                   ch->completion_after == INT32_MAX ? BEYOND : to);
}

static void write_entry(const change *ch, const piq_op *op, int64_t version,
                        uint32_t catalogue_version, piq_json_writer *w)
{
    piq_buf why;
    piq_buf_init(&why, 4096);
    explain(ch, op->reason, &why);
    piq_json_object(w);
    piq_json_put_time(w, "at", op->now_us);
    piq_json_put_str(w, "why", (piq_str){why.ptr, why.len});
    piq_json_put_int(w, "version", version);
    piq_json_put_int(w, "catalogue_version", catalogue_version);
    piq_json_put_int(w, "steps_done", (int64_t)ch->n_done);
    piq_json_put_int(w, "steps_added", (int64_t)ch->n_added);
    piq_json_put_int(w, "steps_removed", (int64_t)ch->n_removed);
    put_day(w, "completion_before",
            ch->first ? INT32_MAX : ch->completion_before);
    put_day(w, "completion_after", ch->completion_after);
    piq_json_object_end(w);
    piq_buf_release(&why);
}

/* The newest entries of the stored history, then the new one. */
static void write_history(const json_t *old, const change *ch, const piq_op *op,
                          int64_t version, uint32_t catalogue_version,
                          piq_buf *out)
{
    piq_json_writer w;
    size_t n = json_array_size(old);
    piq_json_init(&w, out);
    piq_json_array(&w);
    for (size_t i = n >= MAX_ADAPTATIONS ? n - MAX_ADAPTATIONS + 1 : 0; i < n;
         i++) {
        char *text = json_dumps(json_array_get(old, i), JSON_COMPACT);
        if (text)
            piq_json_raw(&w, piq_str_of(text));
        else
            out->status = PIQ_ENOMEM;
        free(text);
    }
    write_entry(ch, op, version, catalogue_version, &w);
    piq_json_array_end(&w);
}

static int64_t last_planned_us(const json_t *history)
{
    size_t n = json_array_size(history);
    int64_t at_us = INT64_MAX;
    const json_t *at =
        n ? json_object_get(json_array_get(history, n - 1), "at") : NULL;
    if (json_is_string(at))
        piq_time_parse((piq_str){json_string_value(at), json_string_length(at)},
                       &at_us);
    return at_us;
}

/* ---- planning -------------------------------------------------------- */

typedef struct planning {
    piq_batch *batch;
    piq_op *op;
    const piq_catalogue *catalogue;
    const piq_learner *learner;
    piq_path_input input;
    int64_t version; /* of the state planned from */
    piq_path_row *row;
    json_t *history; /* of the stored path, or NULL */
    piq_plan old, plan;
    change change;
} planning;

static piq_status read_stored(planning *p)
{
    piq_op *op = p->op;
    piq_arena *a = &op->arena;
    piq_status status =
        piq_plan_read(a, p->row->path_config, p->catalogue, &p->old, &op->err);
    if (status == PIQ_OK)
        status =
            piq_json_parse(p->row->adaptation_history, &p->history, &op->err);
    if (status)
        return status;
    p->change.completion_before = p->old.completion_day;
    return carry_over(a, &p->old, p->learner, p->input.beliefs,
                      last_planned_us(p->history), &p->plan, &p->change);
}

static piq_status fill_row(planning *p)
{
    piq_arena *a = &p->batch->arena;
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_plan_write(&p->plan, p->catalogue, &w);
    p->row->path_config = piq_buf_keep(&b, a);
    piq_buf_clear(&b);
    write_history(p->history, &p->change, p->op, p->version,
                  p->catalogue->version, &b);
    p->row->adaptation_history = piq_buf_keep(&b, a);
    piq_buf_release(&b);
    p->row->user = p->op->user;
    p->row->state_version = p->version;
    p->row->current_position = (int32_t)p->plan.current;
    int32_t day = p->plan.completion_day;
    p->row->estimated_completion_us =
        day == INT32_MAX
            ? INT64_MAX
            : piq_day_start_us(day + 1, piq_learner_offset_min(p->learner),
                               ROLLOVER_H);
    return p->row->path_config.ptr && p->row->adaptation_history.ptr
               ? PIQ_OK
               : PIQ_ENOMEM;
}

static piq_status plan_anew(planning *p)
{
    piq_op *op = p->op;
    p->change.first = p->row->id == 0;
    piq_status status =
        piq_path_plan(&op->arena, &p->input, &p->plan, &op->err);
    if (status == PIQ_OK)
        status = piq_goal_probability(&op->arena, p->learner, p->catalogue,
                                      p->input.beliefs, op->now_us,
                                      &p->plan.in_time_prob);
    if (status == PIQ_OK && !p->change.first)
        status = read_stored(p);
    if (p->change.first) {
        p->row->created_us = op->now_us;
        p->change.n_added = p->plan.n_steps;
    }
    p->change.completion_after = p->plan.completion_day;
    if (status == PIQ_OK)
        status = fill_row(p);
    json_decref(p->history);
    return status;
}

/* The curriculum that the path was planned with; 0 when it was not told. */
static int64_t last_catalogue(const json_t *history)
{
    size_t n = json_array_size(history);
    return json_integer_value(json_object_get(
        n ? json_array_get(history, n - 1) : NULL, "catalogue_version"));
}

static bool still_holds(const planning *p)
{
    int64_t planned_us, catalogue_version;
    json_t *history = NULL;
    if (!p->row->id || p->row->state_version != p->version || p->op->reason.len)
        return false;
    if (piq_json_parse(p->row->adaptation_history, &history, NULL))
        return false;
    planned_us = last_planned_us(history);
    catalogue_version = last_catalogue(history);
    json_decref(history);
    return planned_us != INT64_MAX &&
           catalogue_version == p->catalogue->version &&
           piq_day_of(planned_us, piq_learner_offset_min(p->learner),
                      ROLLOVER_H) == p->input.from_day;
}

/* Two of one learner in one batch: the second goes on from the first, which
 * has to be stored for that. */
static bool is_planned(const piq_batch *b, piq_user_id user)
{
    for (size_t i = 0; i < b->commit.n_paths; i++)
        if (b->commit.paths[i].user.v == user.v)
            return true;
    return false;
}

piq_status piq_plan_prepare(piq_batch *b, piq_op *op)
{
    piq_store *store = b->engine->store;
    piq_work *work;
    int64_t start_ns = piq_clock_monotonic_ns();
    piq_status status = piq_batch_learner(b, op->user, false, &work, &op->err);
    if (status)
        return status;
    planning p = {.batch = b,
                  .op = op,
                  .catalogue = b->catalogue,
                  .learner = work->learner,
                  .version = work->from_version + (work->changed ? 1 : 0)};
    pending *out = piq_new(&op->arena, pending, 1);
    if (!out)
        return PIQ_ENOMEM;
    op->later = is_planned(b, op->user);
    if (op->later)
        return PIQ_EBUSY;
    op->ctx_prepared = out;
    p.row = &out->path;
    status = store->ops->path(store, &op->arena, op->user, p.row, &op->err);
    if (status == PIQ_ENOTFOUND)
        *p.row = (piq_path_row){0};
    else if (status)
        return status;
    piq_judge by = piq_engine_judge(b->engine, b->model);
    status = piq_path_input_of(&op->arena, work->learner, &by, p.catalogue,
                               op->now_us, &p.input);
    if (status)
        return status;
    out->stored = still_holds(&p);
    if (out->stored)
        return PIQ_OK;
    status = plan_anew(&p);
    if (status == PIQ_OK)
        status = piq_batch_room(b, (void **)&b->commit.paths, b->commit.n_paths,
                                &b->cap_paths, sizeof *b->commit.paths);
    if (status)
        return status;
    out->row = b->commit.n_paths;
    b->commit.paths[b->commit.n_paths++] = out->path;
    piq_metric_observe_ns(b->engine->m.path_ns,
                          piq_clock_monotonic_ns() - start_ns);
    return PIQ_OK;
}

/* What is stored is whole; the reply lists as many steps as asked for. */
static void write_config(const piq_op *op, const piq_path_row *row,
                         piq_buf *out, piq_json_writer *w)
{
    piq_str all = row->path_config;
    if (!op->limit) {
        piq_json_raw(w, all);
        return;
    }
    piq_buf shown;
    piq_buf_init(&shown, 0);
    piq_plan_cut(all, (size_t)row->current_position + op->limit, &shown);
    if (shown.status) { /* the reply fails as a whole */
        out->status = shown.status;
        piq_json_null(w);
    } else {
        piq_json_raw(w, (piq_str){shown.ptr, shown.len});
    }
    piq_buf_release(&shown);
}

void piq_plan_finish(piq_batch *b, piq_op *op)
{
    pending *p = op->ctx_prepared;
    piq_buf buf;
    piq_json_writer w;
    if (!p->stored)
        p->path.id = b->commit.paths[p->row].id;
    /* An event of the same batch may have come after the planning. */
    op->state_version = p->path.state_version;
    piq_buf_init(&buf, 0);
    piq_json_init(&w, &buf);
    piq_json_object(&w);
    piq_json_put_int(&w, "id", p->path.id);
    piq_json_put_id(&w, "userId", op->user.v);
    piq_json_put_int(&w, "version", p->path.state_version);
    piq_json_put_time(&w, "as_of", op->now_us);
    piq_json_key(&w, "path_config");
    write_config(op, &p->path, &buf, &w);
    piq_json_put_int(&w, "current_position", p->path.current_position);
    piq_json_key(&w, "estimated_completion");
    if (p->path.estimated_completion_us == INT64_MAX)
        piq_json_null(&w);
    else
        piq_json_time(&w, p->path.estimated_completion_us);
    piq_json_key(&w, "adaptation_history");
    piq_json_raw(&w, p->path.adaptation_history);
    piq_json_put_time(&w, "created_at", p->path.created_us);
    piq_json_object_end(&w);
    op->path_json = piq_buf_keep(&buf, &op->arena);
    piq_buf_release(&buf);
    if (!op->path_json.ptr)
        op->status = piq_fail(&op->err, PIQ_ENOMEM, "no memory for a reply");
}
