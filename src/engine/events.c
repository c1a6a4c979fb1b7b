/* events.c - the operation that appends events of one learner. */
#include "base/calendar.h"
#include "engine/engine_internal.h"
#include "engine/voiding.h"

#include <math.h>
#include <stdlib.h>

/* ---- is it new? ------------------------------------------------------ */

static piq_status write_body(piq_batch *b, const piq_event *event,
                             const piq_catalogue *c, piq_str *out)
{
    piq_buf buf;
    piq_json_writer w;
    piq_buf_init(&buf, 0);
    piq_json_init(&w, &buf);
    piq_event_write(event, c, &w);
    char *copy =
        buf.status ? NULL : piq_arena_strndup(&b->arena, buf.ptr, buf.len);
    *out = (piq_str){copy, buf.len};
    piq_buf_release(&buf);
    return copy ? PIQ_OK : PIQ_ENOMEM;
}

uint64_t piq_event_key(piq_user_id user, piq_str event_id)
{
    return piq_hash_bytes(event_id.ptr, event_id.len) ^
           piq_hash_u64((uint64_t)user.v);
}

static piq_event_verdict verdict_of(piq_str stored, piq_str posted)
{
    return piq_str_eq(stored, posted) ? PIQ_EVENT_DUPLICATE
                                      : PIQ_EVENT_CONFLICT;
}

/* An operation's events while they are judged. */
typedef struct judging {
    piq_str *bodies; /* canonical forms, [op->n_events] */
    piq_map at;      /* piq_event_key -> position in op->events */
    piq_voiding *voids;
    size_t n_voids;
} judging;

/* Among those that the operation named before `at`; n_events: none. Keys may
 * collide, then all are looked through. */
static size_t find_own(const piq_op *op, const judging *j, size_t at,
                       uint64_t key)
{
    uint64_t i;
    piq_str id = op->events[at].event_id;
    if (!piq_map_get(&j->at, key, &i))
        return op->n_events;
    if (piq_str_eq(op->events[i].event_id, id))
        return (size_t)i;
    for (i = 0; i < at; i++)
        if (piq_str_eq(op->events[i].event_id, id))
            return (size_t)i;
    return op->n_events;
}

static bool is_row_of(const piq_event_row *row, const piq_op *op, piq_str id)
{
    return row->user.v == op->user.v && piq_str_eq(row->event_id, id);
}

/* Among the rows of this batch; NULL: none. */
static const piq_event_row *find_row(const piq_batch *b, const piq_op *op,
                                     piq_str id, uint64_t key)
{
    uint64_t i;
    if (!piq_map_get(&b->events_at, key, &i))
        return NULL;
    const piq_event_row *rows = b->commit.events;
    if (i < b->commit.n_events && is_row_of(&rows[i], op, id))
        return &rows[i];
    for (i = 0; i < b->commit.n_events; i++)
        if (is_row_of(&rows[i], op, id))
            return &rows[i];
    return NULL;
}

/* Looks among this operation's own events, then in this batch, then in the
 * store. */
static piq_status judge(piq_batch *b, piq_op *op, size_t at, judging *j,
                        piq_event_verdict *out)
{
    const piq_event *event = &op->events[at];
    piq_store *store = b->engine->store;
    piq_event_row stored;
    piq_err absent = {0};
    uint64_t key = piq_event_key(op->user, event->event_id);
    size_t own = find_own(op, j, at, key);
    if (own < op->n_events) {
        *out = verdict_of(j->bodies[own], j->bodies[at]);
        return PIQ_OK;
    }
    if (op->n_events > 1 && piq_map_put(&j->at, key, at))
        return PIQ_ENOMEM;
    const piq_event_row *row = find_row(b, op, event->event_id, key);
    if (row) {
        *out = verdict_of(row->body, j->bodies[at]);
        return PIQ_OK;
    }
    piq_status status = store->ops->event(store, &b->arena, op->user,
                                          event->event_id, &stored, &absent);
    *out = PIQ_EVENT_ACCEPTED;
    if (status == PIQ_OK)
        *out = verdict_of(stored.body, j->bodies[at]);
    else if (status != PIQ_ENOTFOUND)
        op->err = absent;
    return status == PIQ_ENOTFOUND ? PIQ_OK : status;
}

/* Feedback names a recommendation of this learner; the event carries what was
 * recommended, so that the fold needs no look-up. */
static piq_status resolve_feedback(piq_batch *b, piq_op *op, piq_event *event,
                                   const piq_catalogue *c, size_t at)
{
    piq_feedback_event *f = &event->u.feedback;
    piq_store *store = b->engine->store;
    piq_recommendation_row row;
    piq_content_ix content;
    piq_status status = store->ops->recommendation(
        store, &b->arena, op->user, f->recommendation_id, &row, &op->err);
    if (status == PIQ_ENOTFOUND ||
        (status == PIQ_OK &&
         !piq_catalogue_find_content(c, row.content, &content))) {
        op->at_event = at;
        status = piq_fail(&op->err, PIQ_EINVAL,
                          "the learner was given no recommendation %lld",
                          (long long)f->recommendation_id);
        piq_err_at(&op->err, "/recommendation_id");
        return status;
    }
    if (status)
        return status;
    if (f->content.v != PIQ_NO_IX32 && f->content.v != content.v) {
        op->at_event = at;
        status = piq_fail(&op->err, PIQ_EINVAL,
                          "recommendation %lld was for another content",
                          (long long)f->recommendation_id);
        piq_err_at(&op->err, "/content");
        return status;
    }
    f->content = content;
    return PIQ_OK;
}

/* Read under one curriculum, stored under the next: what that has retired could
 * not be read back. */
static piq_status check_goal(piq_op *op, const piq_event *event,
                             const piq_catalogue *c, size_t at)
{
    if (!piq_goal_is_retired(&event->u.goal, c))
        return PIQ_OK;
    op->at_event = at;
    piq_fail(&op->err, PIQ_EINVAL,
             "the goal names what the curriculum no longer has");
    piq_err_at(&op->err, "/goal");
    return PIQ_EINVAL;
}

static piq_status refuse_conflict(piq_op *op, size_t at)
{
    op->at_event = at;
    piq_fail(&op->err, PIQ_ECONFLICT,
             "event_id \"%.*s\" was posted before with another content",
             PIQ_STR_ARG(op->events[at].event_id));
    piq_err_at(&op->err, "/event_id");
    return PIQ_ECONFLICT;
}

/* A void, whose own id is new: what does it take back? */
static piq_status judge_void(piq_batch *b, piq_op *op, size_t at, judging *j)
{
    piq_status status =
        piq_void_judge(b, op, at, j->voids, j->n_voids, &j->voids[j->n_voids],
                       &op->verdicts[at]);
    j->n_voids += status == PIQ_OK && op->verdicts[at] == PIQ_EVENT_ACCEPTED;
    return status;
}

static piq_status judge_one(piq_batch *b, piq_op *op, size_t at,
                            const piq_catalogue *c, judging *j)
{
    piq_event *event = &op->events[at];
    event->user = op->user;
    event->catalogue_version = c->version;
    event->calibration = piq_engine_calibration(b->engine);
    piq_status status = PIQ_OK;
    if (event->type == PIQ_EV_RECOMMENDATION_FEEDBACK)
        status = resolve_feedback(b, op, event, c, at);
    if (event->type == PIQ_EV_GOAL_SET)
        status = check_goal(op, event, c, at);
    if (status == PIQ_OK)
        status = write_body(b, event, c, &j->bodies[at]);
    if (status == PIQ_OK)
        status = judge(b, op, at, j, &op->verdicts[at]);
    if (status == PIQ_OK && event->type == PIQ_EV_VOIDED &&
        op->verdicts[at] == PIQ_EVENT_ACCEPTED)
        status = judge_void(b, op, at, j);
    if (status)
        return status;
    if (op->verdicts[at] == PIQ_EVENT_CONFLICT)
        return refuse_conflict(op, at);
    if (op->verdicts[at] == PIQ_EVENT_ACCEPTED)
        op->n_accepted++;
    else
        op->n_duplicates++;
    return PIQ_OK;
}

/* Voids last: they may name any of the others. */
static piq_status judge_all(piq_batch *b, piq_op *op, const piq_catalogue *c,
                            judging *j)
{
    size_t n_voids = 0;
    piq_status status = PIQ_OK;
    op->n_accepted = op->n_duplicates = 0;
    for (size_t i = 0; i < op->n_events; i++)
        n_voids += op->events[i].type == PIQ_EV_VOIDED;
    j->voids = piq_new(&b->arena, piq_voiding, n_voids);
    if (!j->voids)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < op->n_events && status == PIQ_OK; i++)
        if (op->events[i].type != PIQ_EV_VOIDED)
            status = judge_one(b, op, i, c, j);
    for (size_t i = 0; i < op->n_events && n_voids && status == PIQ_OK; i++)
        if (op->events[i].type == PIQ_EV_VOIDED)
            status = judge_one(b, op, i, c, j);
    return status;
}

/* ---- folding --------------------------------------------------------- */

typedef struct fresh {
    piq_event event;
    piq_str body;
    bool is_voided; /* by another one of the operation */
} fresh;

/* As it is folded. */
static piq_event folded_as(const fresh *f)
{
    piq_event event = f->event;
    if (f->is_voided)
        piq_event_set_void(&event);
    return event;
}

static int cmp_fresh(const void *x, const void *y)
{
    return piq_event_cmp(&((const fresh *)x)->event,
                         &((const fresh *)y)->event);
}

static piq_status add_snapshot(piq_batch *b, const piq_learner *l)
{
    piq_status status =
        piq_batch_room(b, (void **)&b->snapshots, b->commit.n_snapshots,
                       &b->cap_snapshots, sizeof *b->snapshots);
    if (status == PIQ_OK)
        status =
            piq_snapshot_of(&b->arena, l, &b->snapshots[b->commit.n_snapshots]);
    if (status == PIQ_OK)
        b->commit.n_snapshots++;
    return status;
}

/* All events come after what was folded: the usual way. */
static piq_status fold_forward(piq_batch *b, piq_op *op, piq_work *work,
                               const fresh *list, size_t n,
                               piq_fold_effect *effects, piq_learner **out)
{
    piq_learner *l = NULL;
    piq_status status = piq_learner_copy(work->learner, &l);
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        piq_event event = folded_as(&list[i]);
        status = piq_fold_next(b->engine, l, piq_model_tracing(b->model),
                               &event, &effects[i], &op->err);
        if (status == PIQ_OK && l->n_events % PIQ_SNAPSHOT_EVERY == 0)
            status = add_snapshot(b, l);
    }
    if (status) {
        piq_learner_free(l);
        return status;
    }
    *out = l;
    return PIQ_OK;
}

/* What the operation takes back of what is stored. */
static piq_status tell_voided(piq_batch *b, const piq_op *op, const judging *j,
                              piq_rebuild *r)
{
    piq_str *ids = piq_new(&b->arena, piq_str, j->n_voids);
    if (!ids)
        return PIQ_ENOMEM;
    r->voided = ids;
    r->before_us = INT64_MAX;
    for (size_t i = 0; i < j->n_voids; i++) {
        const piq_voiding *v = &j->voids[i];
        if (v->own)
            continue;
        ids[r->n_voided++] = op->events[v->by].u.voided.voids;
        if (v->at_us < r->before_us)
            r->before_us = v->at_us;
    }
    return PIQ_OK;
}

static bool takes_back(const judging *j)
{
    for (size_t i = 0; i < j->n_voids; i++)
        if (!j->voids[i].own)
            return true;
    return false;
}

/* Some event belongs between those already folded, or was voided there: start
 * at the last snapshot before it and fold everything after in its true order.
 */
static piq_status fold_late(piq_batch *b, piq_op *op, piq_work *work,
                            const judging *j, const fresh *list, size_t n,
                            piq_fold_effect *effects, piq_learner **out)
{
    size_t room = (work->learner->n_events + n) / PIQ_SNAPSHOT_EVERY + 1;
    piq_event *events = piq_new(&b->arena, piq_event, n);
    piq_snapshot_row *snapshots = piq_new(&b->arena, piq_snapshot_row, room);
    if (!events || !snapshots)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        events[i] = folded_as(&list[i]);
    piq_rebuild r = {.user = op->user,
                     .tracing = piq_model_tracing(b->model),
                     .extra = events,
                     .n_extra = n,
                     .effects = effects,
                     .snapshots = snapshots,
                     .cap_snapshots = room};
    piq_status status = tell_voided(b, op, j, &r);
    if (status == PIQ_OK)
        status =
            piq_batch_room(b, (void **)&b->stale, b->commit.n_stale_snapshots,
                           &b->cap_stale, sizeof *b->stale);
    for (size_t i = 0; i < room && status == PIQ_OK; i++)
        status =
            piq_batch_room(b, (void **)&b->snapshots, b->commit.n_snapshots + i,
                           &b->cap_snapshots, sizeof *b->snapshots);
    if (status == PIQ_OK)
        status = piq_rebuild_learner(b->engine, &b->arena, &r, out, &op->err);
    if (status)
        return status;
    (*out)->version = work->learner->version;
    b->stale[b->commit.n_stale_snapshots] =
        (piq_snapshot_row){.user = op->user};
    piq_rebuild_from(&r, &b->stale[b->commit.n_stale_snapshots].at_us,
                     &b->stale[b->commit.n_stale_snapshots].event_id);
    b->commit.n_stale_snapshots++;
    for (size_t i = 0; i < r.n_snapshots; i++)
        b->snapshots[b->commit.n_snapshots++] = snapshots[i];
    op->was_late = true;
    return PIQ_OK;
}

/* ---- rows ------------------------------------------------------------ */

static void fill_row(piq_event_row *row, const fresh *f,
                     const piq_fold_effect *effect, int64_t now_us)
{
    const piq_event *event = &f->event;
    *row = (piq_event_row){.user = event->user,
                           .event_id = event->event_id,
                           .at_us = event->at_us,
                           .received_us = now_us,
                           .type = event->type,
                           .catalogue_version = event->catalogue_version,
                           .calibration = event->calibration,
                           .item = {PIQ_NO_IX32},
                           .score = NAN,
                           .predicted = NAN,
                           .body = f->body};
    if (event->type != PIQ_EV_ANSWER)
        return;
    row->score = event->u.answer.score;
    row->predicted = (float)effect->outcome.predicted;
    row->ability_logit = (float)effect->outcome.ability_logit;
    row->ability_variance = (float)effect->outcome.ability_variance;
    if (effect->is_item_answer)
        row->item = event->u.answer.item;
}

static piq_status add_rows(piq_batch *b, const piq_op *op, const fresh *list,
                           const piq_fold_effect *effects, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const piq_event *event = &list[i].event;
        piq_status status =
            piq_batch_room(b, (void **)&b->commit.events, b->commit.n_events,
                           &b->cap_events, sizeof *b->commit.events);
        if (status == PIQ_OK)
            status = piq_map_put(&b->events_at,
                                 piq_event_key(event->user, event->event_id),
                                 b->commit.n_events);
        if (status)
            return status;
        fill_row(&b->commit.events[b->commit.n_events++], &list[i], &effects[i],
                 op->now_us);
        if (event->type != PIQ_EV_RECOMMENDATION_FEEDBACK || list[i].is_voided)
            continue;
        status = piq_batch_room(b, (void **)&b->feedback, b->commit.n_feedback,
                                &b->cap_feedback, sizeof *b->feedback);
        if (status)
            return status;
        b->feedback[b->commit.n_feedback++] = (piq_feedback_row){
            .user = event->user,
            .recommendation_id = event->u.feedback.recommendation_id,
            .action = event->u.feedback.action,
            .feedback_score = event->u.feedback.feedback_score};
    }
    return PIQ_OK;
}

/* Where in the operation an event of the sorted list stood. */
static size_t place_of(const piq_op *op, const piq_event *event)
{
    size_t i = 0;
    while (!piq_str_eq(op->events[i].event_id, event->event_id))
        i++;
    return i;
}

/* A control that took nothing back, where that is asked for. */
static piq_status check_controls(piq_op *op, const fresh *list,
                                 const piq_fold_effect *effects, size_t n)
{
    for (size_t i = 0; i < n && op->strict_controls; i++) {
        const piq_event *event = &list[i].event;
        if (event->type != PIQ_EV_PATH_CONTROLLED || list[i].is_voided ||
            effects[i].control != PIQ_CONTROL_NOTHING)
            continue;
        op->at_event = place_of(op, event);
        return piq_fail(&op->err, PIQ_ECONFLICT, "there is nothing to %s",
                        piq_control_kind_name(event->u.control.kind));
    }
    return PIQ_OK;
}

/* What was foreseen of the answers, for piq_events_finish. */
typedef struct foresight {
    piq_drift_answer *list;
    size_t n;
} foresight;

static piq_status note_foresight(piq_batch *b, piq_op *op, const fresh *list,
                                 const piq_fold_effect *effects, size_t n)
{
    foresight *f = piq_new(&b->arena, foresight, 1);
    piq_drift_answer *seen = piq_new(&b->arena, piq_drift_answer, n);
    if (!f || !seen)
        return PIQ_ENOMEM;
    f->list = seen;
    for (size_t i = 0; i < n; i++)
        if (list[i].event.type == PIQ_EV_ANSWER && !list[i].is_voided)
            seen[f->n++] = (piq_drift_answer){
                .belief = effects[i].outcome.predicted,
                .trained = effects[i].traced,
                .score = (double)list[i].event.u.answer.score};
    op->ctx_prepared = f;
    return PIQ_OK;
}

/* What is new, in fold order. */
static void gather_fresh(const piq_op *op, const judging *j, fresh *list)
{
    size_t n = 0;
    for (size_t i = 0; i < op->n_events; i++) {
        bool is_voided = false;
        if (op->verdicts[i] != PIQ_EVENT_ACCEPTED)
            continue;
        for (size_t k = 0; k < j->n_voids; k++)
            is_voided |= j->voids[k].own && j->voids[k].at == i;
        list[n++] = (fresh){op->events[i], j->bodies[i], is_voided};
    }
    qsort(list, n, sizeof *list, cmp_fresh);
}

/* Of a learner who has paused profiling nothing more is learned; taking back
 * is not learning. */
static piq_status check_paused(piq_op *op, const piq_work *work,
                               const judging *j)
{
    if (!work->paused || j->n_voids == op->n_accepted)
        return PIQ_OK;
    return piq_fail(&op->err, PIQ_EDENIED, "profiling is paused");
}

/* The state with them. */
static piq_status fold_list(piq_batch *b, piq_op *op, const judging *j,
                            const fresh *list, piq_fold_effect *effects,
                            piq_work *work, piq_learner **out)
{
    size_t n = op->n_accepted;
    bool late =
        takes_back(j) || piq_learner_is_late(work->learner, &list[0].event);
    op->later = late && work->changed; /* rebuilt from what is stored */
    if (op->later)
        return PIQ_EBUSY;
    return late ? fold_late(b, op, work, j, list, n, effects, out)
                : fold_forward(b, op, work, list, n, effects, out);
}

static piq_status fold_fresh(piq_batch *b, piq_op *op, const piq_catalogue *c,
                             const judging *j)
{
    piq_work *work;
    piq_learner *folded = NULL;
    size_t n = op->n_accepted;
    fresh *list = piq_new(&b->arena, fresh, n);
    piq_fold_effect *effects = piq_new(&b->arena, piq_fold_effect, n);
    if (!list || !effects)
        return PIQ_ENOMEM;
    gather_fresh(op, j, list);
    piq_status status = piq_batch_learner(b, op->user, true, &work, &op->err);
    if (status == PIQ_OK)
        status = check_paused(op, work, j);
    if (status == PIQ_OK)
        status = fold_list(b, op, j, list, effects, work, &folded);
    if (status)
        return status;
    /* A newer catalogue came into force since `c` was read: the state that is
     * stored would have room for what no event of it knows. */
    op->later = !piq_learner_fits(folded, c);
    if (op->later)
        status = PIQ_EBUSY;
    if (status == PIQ_OK)
        status = check_controls(op, list, effects, n);
    if (status == PIQ_OK)
        status = piq_void_rows(b, op, j->voids, j->n_voids);
    if (status == PIQ_OK)
        status = add_rows(b, op, list, effects, n);
    if (status == PIQ_OK)
        status = note_foresight(b, op, list, effects, n);
    if (status) {
        piq_learner_free(folded);
        return status;
    }
    return piq_batch_replace(b, work, folded);
}

/* What another process has written counts too: a version that the cache does
 * not know is asked for in the store before it is refused. */
static void forget_other_version(piq_batch *b, const piq_op *op)
{
    piq_cache *cache = b->engine->cache;
    if (piq_map_get(&b->work_at, (uint64_t)op->user.v, NULL))
        return;
    piq_held *h = piq_cache_get(cache, op->user);
    if (h && piq_held_learner(h)->version != op->if_version)
        piq_cache_drop(cache, op->user);
    piq_held_release(h);
}

static piq_status check_version(piq_batch *b, piq_op *op)
{
    piq_work *work;
    int64_t version = 0;
    if (op->if_version == -1)
        return PIQ_OK;
    if (op->if_version >= 0)
        forget_other_version(b, op);
    piq_status status = piq_batch_learner(b, op->user, false, &work, &op->err);
    if (status == PIQ_OK)
        version = piq_work_version(work);
    else if (status != PIQ_ENOTFOUND)
        return status;
    op->err = (piq_err){0};
    if (version == op->if_version || (op->if_version == -2 && version))
        return PIQ_OK;
    if (op->if_version == -2)
        return piq_fail(&op->err, PIQ_ESTALE, "the learner was never heard of");
    return piq_fail(&op->err, PIQ_ESTALE,
                    "the learner's profile has changed: it is at version "
                    "%lld, not %lld",
                    (long long)version, (long long)op->if_version);
}

/* Nothing new: the answer names the version that there is. */
static piq_status look_up_version(piq_batch *b, piq_op *op)
{
    piq_work *work;
    piq_err absent = {0};
    piq_status status = piq_batch_learner(b, op->user, false, &work, &absent);
    if (status && status != PIQ_ENOTFOUND)
        op->err = absent;
    return status == PIQ_ENOTFOUND ? PIQ_OK : status;
}

piq_status piq_events_prepare(piq_batch *b, piq_op *op)
{
    const piq_catalogue *c = piq_engine_catalogue(b->engine);
    judging j = {.bodies = piq_new(&b->arena, piq_str, op->n_events)};
    op->verdicts = piq_new(&op->arena, piq_event_verdict, op->n_events);
    op->was_late = false;
    op->ctx_prepared = NULL;
    if (!c)
        return piq_fail(&op->err, PIQ_ENOTFOUND, "there is no curriculum yet");
    if (!j.bodies || !op->verdicts)
        return PIQ_ENOMEM;
    op->later = c != b->in_force; /* the model is not bound to it yet */
    if (op->later)
        return PIQ_EBUSY;
    /* Each operation may rely on its own work alone when it fails: rows are
     * added last, after everything that can be refused. */
    piq_map_init(&j.at);
    piq_status status = check_version(b, op);
    if (status == PIQ_OK)
        status = judge_all(b, op, c, &j);
    piq_map_release(&j.at);
    if (status == PIQ_OK)
        status =
            op->n_accepted ? fold_fresh(b, op, c, &j) : look_up_version(b, op);
    return status;
}

void piq_events_finish(piq_batch *b, const piq_op *op)
{
    piq_metric_add(b->engine->m.events, op->n_accepted);
    piq_metric_add(b->engine->m.duplicates, op->n_duplicates);
    const foresight *f = op->ctx_prepared;
    if (f)
        piq_drift_add(b->engine->drift, f->list, f->n, op->now_us);
    if (op->was_late)
        piq_metric_add(b->engine->m.late, op->n_accepted);
}
