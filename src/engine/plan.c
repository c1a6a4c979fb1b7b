/* plan.c - the operation that plans a path, and adapts the stored one.
 *
 * A stored path holds as long as the learner's state is the one it was planned
 * from, the curriculum is the same and so is the learner's day. Else it is
 * planned anew (planning.c).
 */
#include "base/calendar.h"
#include "base/clock.h"
#include "engine/engine_internal.h"
#include "engine/planning.h"

#include <stdlib.h>

typedef struct pending {
    bool stored; /* nothing to write: the stored path holds */
    size_t row;  /* position in the commit's paths */
    piq_path_row path;
    piq_str controls, undo; /* JSON, of the state planned from */
} pending;

/* ---- does it hold? --------------------------------------------------- */

/* The version alone does not tell: an event of the batch that the path was
 * planned in may have come after it, and made the same version. */
static bool still_holds(const piq_planning *p)
{
    json_t *newest = NULL;
    const piq_path_row *row = p->stored;
    if (!row->id || row->state_version != p->version || p->reason.len)
        return false;
    if (piq_history_newest(row->adaptation_history, &newest, NULL, NULL))
        return false;
    piq_planned_from from = piq_planned_from_entry(newest);
    json_decref(newest);
    return from.at_us != INT64_MAX && from.told &&
           from.n_events == p->learner->n_events &&
           from.catalogue_version == p->catalogue->version &&
           piq_planning_day(p->learner, from.at_us) ==
               piq_planning_day(p->learner, p->now_us);
}

/* ---- controls in force ----------------------------------------------- */

static void write_control(const piq_kept_control *k, const piq_catalogue *c,
                          piq_json_writer *w)
{
    piq_json_object(w);
    piq_control_write(&k->control, c, w);
    piq_json_put_time(w, "at", k->at_us);
    piq_json_object_end(w);
}

/* For the reply: what is in force, and what undo would take back. */
static piq_status tell_controls(piq_op *op, const piq_planning *p, pending *out)
{
    const piq_controls *c = &p->learner->controls;
    int32_t day = piq_planning_day(p->learner, p->now_us);
    size_t n = 0;
    piq_buf b;
    piq_json_writer w;
    piq_kept_control *list =
        piq_new(&op->arena, piq_kept_control, c->n ? PIQ_MAX_CONTROLS : 1);
    if (!list)
        return PIQ_ENOMEM;
    if (c->n)
        n = piq_controls_in_force(c, day, list);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_array(&w);
    for (size_t i = 0; i < n; i++)
        write_control(&list[i], p->catalogue, &w);
    piq_json_array_end(&w);
    out->controls = piq_buf_keep(&b, &op->arena);
    piq_buf_clear(&b);
    piq_json_init(&w, &b);
    if (piq_controls_newest(c, day, list))
        write_control(list, p->catalogue, &w);
    else
        piq_json_null(&w);
    out->undo = piq_buf_keep(&b, &op->arena);
    piq_buf_release(&b);
    return out->controls.ptr && out->undo.ptr ? PIQ_OK : PIQ_ENOMEM;
}

/* ---- the operation --------------------------------------------------- */

/* Two of one learner in one batch: the second goes on from the first, which
 * has to be stored for that. */
static bool is_planned(const piq_batch *b, piq_user_id user)
{
    for (size_t i = 0; i < b->commit.n_paths; i++)
        if (b->commit.paths[i].user.v == user.v)
            return true;
    return false;
}

static piq_status add_row(piq_batch *b, pending *out)
{
    piq_status status =
        piq_batch_room(b, (void **)&b->commit.paths, b->commit.n_paths,
                       &b->cap_paths, sizeof *b->commit.paths);
    if (status)
        return status;
    out->row = b->commit.n_paths;
    b->commit.paths[b->commit.n_paths++] = out->path;
    return PIQ_OK;
}

/* ---- kept plans ------------------------------------------------------ */

/* Longer than any of them is asked for. */
static const int64_t KEPT_US = (PIQ_KEPT_PLAN_DAYS + 2) * PIQ_US_PER_DAY;

typedef struct asker {
    piq_store *store;
    piq_op *op;
} asker;

static piq_status read_kept(void *ctx, const piq_kept_plan *x, piq_str *config,
                            piq_err *err)
{
    const asker *a = ctx;
    char key[PIQ_KEPT_KEY_BYTES];
    piq_record r;
    piq_kept_plan_key(x, key);
    piq_status status = a->store->ops->record(
        a->store, &a->op->arena, a->op->user, PIQ_RECORD_PLAN, piq_str_of(key),
        a->op->now_us, &r, err);
    if (status == PIQ_OK)
        *config = r.document;
    return status;
}

/* Empty: it is dropped. */
static piq_status add_record(piq_batch *b, const piq_op *op,
                             const piq_kept_plan *x, int64_t version,
                             piq_str config)
{
    char key[PIQ_KEPT_KEY_BYTES];
    piq_kept_plan_key(x, key);
    const char *copy = piq_arena_strndup(&b->arena, key, strlen(key));
    piq_status status =
        piq_batch_room(b, (void **)&b->records, b->commit.n_records,
                       &b->cap_records, sizeof *b->records);
    if (status || !copy)
        return PIQ_ENOMEM;
    b->records[b->commit.n_records++] =
        (piq_record){.user = op->user,
                     .kind = PIQ_RECORD_PLAN,
                     .key = piq_str_of(copy),
                     .from_version = PIQ_RECORD_ANY,
                     .state_version = version,
                     .at_us = op->now_us,
                     .expires_us = op->now_us + KEPT_US,
                     .document = config};
    return PIQ_OK;
}

static piq_status add_records(piq_batch *b, const piq_op *op,
                              const piq_planning *p,
                              const piq_kept_change *change)
{
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < change->n_drop && status == PIQ_OK; i++)
        status =
            add_record(b, op, &change->drop[i], p->version, (piq_str){"", 0});
    if (status == PIQ_OK && change->leaves)
        status = add_record(b, op, &change->left, p->version,
                            p->stored->path_config);
    return status;
}

/* ---- planning -------------------------------------------------------- */

static piq_status plan(piq_batch *b, piq_op *op, const piq_work *work,
                       pending *out)
{
    int64_t start_ns = piq_clock_monotonic_ns();
    piq_path_row stored = out->path;
    piq_kept_change change;
    asker a = {b->engine->store, op};
    piq_planning p = {.catalogue = b->catalogue,
                      .learner = work->learner,
                      .by = piq_engine_judge(b->engine, b->model),
                      .version = piq_work_version(work),
                      .now_us = op->now_us,
                      .reason = op->reason,
                      .stored = &stored,
                      .kept = read_kept,
                      .kept_ctx = &a};
    piq_status status = tell_controls(op, &p, out);
    out->stored = status == PIQ_OK && still_holds(&p);
    if (status || out->stored)
        return status;
    status = piq_planning_run(&op->arena, &b->arena, &p, &out->path, &change,
                              &op->err);
    if (status == PIQ_OK)
        status = add_row(b, out);
    if (status == PIQ_OK)
        status = add_records(b, op, &p, &change);
    piq_metric_observe_ns(b->engine->m.path_ns,
                          piq_clock_monotonic_ns() - start_ns);
    return status;
}

piq_status piq_plan_prepare(piq_batch *b, piq_op *op)
{
    piq_store *store = b->engine->store;
    piq_work *work;
    piq_status status = piq_batch_learner(b, op->user, false, &work, &op->err);
    if (status)
        return status;
    pending *out = piq_new(&op->arena, pending, 1);
    if (!out)
        return PIQ_ENOMEM;
    op->later = is_planned(b, op->user);
    if (op->later)
        return PIQ_EBUSY;
    op->ctx_prepared = out;
    status =
        store->ops->path(store, &op->arena, op->user, &out->path, &op->err);
    if (status == PIQ_ENOTFOUND)
        out->path = (piq_path_row){0};
    else if (status)
        return status;
    op->err = (piq_err){0};
    return plan(b, op, work, out);
}

/* ---- the reply ------------------------------------------------------- */

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

static void write_entry(piq_str entry, piq_json_writer *w)
{
    piq_buf shown;
    piq_buf_init(&shown, 0);
    piq_history_show(entry, &shown);
    if (shown.status)
        w->out->status = shown.status;
    piq_json_raw(w, (piq_str){shown.ptr, shown.len});
    piq_buf_release(&shown);
}

/* The newest `most` entries of the history; 0: all of them. */
static void write_newest(piq_str history, size_t most, piq_json_writer *w)
{
    piq_str entries[PIQ_MAX_ADAPTATIONS];
    size_t n = piq_history_find(history, entries);
    piq_json_array(w);
    for (size_t i = most && most < n ? n - most : 0; i < n; i++)
        write_entry(entries[i], w);
    piq_json_array_end(w);
}

void piq_plan_finish(piq_batch *b, piq_op *op)
{
    pending *p = op->ctx_prepared;
    piq_buf buf;
    piq_json_writer w;
    if (!p->stored) {
        p->path.id = b->commit.paths[p->row].id;
        piq_cache_forget_plan(b->engine->cache, op->user);
    }
    /* An event of the same batch may have come after the planning. */
    op->state_version = p->path.state_version;
    piq_buf_init(&buf, 0);
    piq_json_init(&w, &buf);
    piq_json_object(&w);
    piq_json_put_int(&w, "id", p->path.id);
    piq_json_put_id(&w, "userId", piq_user_outer(op->user));
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
    piq_json_key(&w, "controls");
    piq_json_raw(&w, p->controls);
    piq_json_key(&w, "undo");
    piq_json_raw(&w, p->undo);
    piq_json_key(&w, "adaptation_history");
    write_newest(p->path.adaptation_history, op->n_adaptations, &w);
    piq_json_put_time(&w, "created_at", p->path.created_us);
    piq_json_object_end(&w);
    op->path_json = piq_buf_keep(&buf, &op->arena);
    piq_buf_release(&buf);
    if (!op->path_json.ptr)
        op->status = piq_fail(&op->err, PIQ_ENOMEM, "no memory for a reply");
}
