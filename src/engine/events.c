/* events.c - the operation that appends events of one learner. */
#include "base/calendar.h"
#include "engine/engine_internal.h"

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

/* Looks among this operation's own events, then in this batch, then in the
 * store. *body is the event's canonical form. */
static piq_status judge(piq_batch *b, piq_op *op, size_t at,
                        const piq_str *bodies, piq_event_verdict *out)
{
    const piq_event *event = &op->events[at];
    piq_store *store = b->engine->store;
    piq_event_row row;
    for (size_t i = 0; i < at; i++)
        if (piq_str_eq(op->events[i].event_id, event->event_id)) {
            *out = piq_str_eq(bodies[i], bodies[at]) ? PIQ_EVENT_DUPLICATE
                                                     : PIQ_EVENT_CONFLICT;
            return PIQ_OK;
        }
    for (size_t i = 0; i < b->commit.n_events; i++)
        if (b->commit.events[i].user.v == op->user.v &&
            piq_str_eq(b->commit.events[i].event_id, event->event_id)) {
            *out = piq_str_eq(b->commit.events[i].body, bodies[at])
                       ? PIQ_EVENT_DUPLICATE
                       : PIQ_EVENT_CONFLICT;
            return PIQ_OK;
        }
    piq_status status = store->ops->event(store, &b->arena, op->user,
                                          event->event_id, &row, &op->err);
    if (status == PIQ_ENOTFOUND) {
        *out = PIQ_EVENT_ACCEPTED;
        return PIQ_OK;
    }
    if (status == PIQ_OK)
        *out = piq_str_eq(row.body, bodies[at]) ? PIQ_EVENT_DUPLICATE
                                                : PIQ_EVENT_CONFLICT;
    return status;
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
        status =
            piq_fail(&op->err, PIQ_EINVAL,
                     "learner %lld was given no recommendation %lld",
                     (long long)op->user.v, (long long)f->recommendation_id);
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

static piq_status judge_all(piq_batch *b, piq_op *op, const piq_catalogue *c,
                            piq_str *bodies)
{
    op->n_accepted = op->n_duplicates = 0;
    for (size_t i = 0; i < op->n_events; i++) {
        piq_event *event = &op->events[i];
        event->user = op->user;
        event->catalogue_version = c->version;
        event->calibration = piq_engine_calibration(b->engine);
        piq_status status = PIQ_OK;
        if (event->type == PIQ_EV_RECOMMENDATION_FEEDBACK)
            status = resolve_feedback(b, op, event, c, i);
        if (status == PIQ_OK)
            status = write_body(b, event, c, &bodies[i]);
        if (status == PIQ_OK)
            status = judge(b, op, i, bodies, &op->verdicts[i]);
        if (status)
            return status;
        if (op->verdicts[i] == PIQ_EVENT_CONFLICT) {
            op->at_event = i;
            status = piq_fail(&op->err, PIQ_ECONFLICT,
                              "event_id \"%.*s\" was posted before with "
                              "another content",
                              PIQ_STR_ARG(event->event_id));
            piq_err_at(&op->err, "/event_id");
            return status;
        }
        if (op->verdicts[i] == PIQ_EVENT_ACCEPTED)
            op->n_accepted++;
        else
            op->n_duplicates++;
    }
    return PIQ_OK;
}

/* ---- folding --------------------------------------------------------- */

typedef struct fresh {
    piq_event event;
    piq_str body;
} fresh;

static int cmp_fresh(const void *x, const void *y)
{
    return piq_event_cmp(&((const fresh *)x)->event,
                         &((const fresh *)y)->event);
}

static bool comes_after(const piq_event *event, const piq_learner *l)
{
    if (event->at_us != l->last_us)
        return event->at_us > l->last_us;
    return piq_str_cmp(event->event_id, piq_str_of(l->last_event_id)) > 0;
}

static bool pending_events(const piq_batch *b, piq_user_id user)
{
    for (size_t i = 0; i < b->commit.n_events; i++)
        if (b->commit.events[i].user.v == user.v)
            return true;
    return false;
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
        status =
            piq_fold_next(b->engine, l, &list[i].event, &effects[i], &op->err);
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

/* Some event belongs between those already folded: start at the last snapshot
 * before it and fold everything after in its true order. */
static piq_status fold_late(piq_batch *b, piq_op *op, piq_work *work,
                            const fresh *list, size_t n,
                            piq_fold_effect *effects, piq_learner **out)
{
    size_t room = (work->learner->n_events + n) / PIQ_SNAPSHOT_EVERY + 1;
    piq_event *events = piq_new(&b->arena, piq_event, n);
    piq_snapshot_row *snapshots = piq_new(&b->arena, piq_snapshot_row, room);
    if (!events || !snapshots)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        events[i] = list[i].event;
    piq_rebuild r = {.user = op->user,
                     .extra = events,
                     .n_extra = n,
                     .effects = effects,
                     .snapshots = snapshots,
                     .cap_snapshots = room};
    piq_status status =
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
    b->stale[b->commit.n_stale_snapshots++] =
        (piq_snapshot_row){.user = op->user,
                           .at_us = events[0].at_us,
                           .event_id = events[0].event_id};
    for (size_t i = 0; i < r.n_snapshots; i++)
        b->snapshots[b->commit.n_snapshots++] = snapshots[i];
    piq_metric_add(b->engine->m.late, n);
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
        if (status)
            return status;
        fill_row(&b->commit.events[b->commit.n_events++], &list[i], &effects[i],
                 op->now_us);
        if (event->type != PIQ_EV_RECOMMENDATION_FEEDBACK)
            continue;
        status = piq_batch_room(b, (void **)&b->feedback, b->commit.n_feedback,
                                &b->cap_feedback, sizeof *b->feedback);
        if (status)
            return status;
        b->feedback[b->commit.n_feedback++] = (piq_feedback_row){
            event->user, event->u.feedback.recommendation_id,
            event->u.feedback.action, event->u.feedback.feedback_score};
    }
    return PIQ_OK;
}

static piq_status fold_fresh(piq_batch *b, piq_op *op, const piq_str *bodies)
{
    piq_work *work;
    size_t n = 0;
    fresh *list = piq_new(&b->arena, fresh, op->n_accepted);
    piq_fold_effect *effects =
        piq_new(&b->arena, piq_fold_effect, op->n_accepted);
    if (!list || !effects)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < op->n_events; i++)
        if (op->verdicts[i] == PIQ_EVENT_ACCEPTED)
            list[n++] = (fresh){op->events[i], bodies[i]};
    qsort(list, n, sizeof *list, cmp_fresh);
    piq_status status = piq_batch_learner(b, op->user, true, &work, &op->err);
    if (status)
        return status;
    bool late = work->learner->n_events > 0 &&
                !comes_after(&list[0].event, work->learner);
    op->later = late && pending_events(b, op->user);
    if (op->later)
        return PIQ_EBUSY;
    piq_learner *folded = NULL;
    status = late ? fold_late(b, op, work, list, n, effects, &folded)
                  : fold_forward(b, op, work, list, n, effects, &folded);
    if (status == PIQ_OK)
        status = add_rows(b, op, list, effects, n);
    if (status) {
        piq_learner_free(folded);
        return status;
    }
    piq_learner_free(work->learner);
    work->learner = folded;
    work->changed = true;
    return PIQ_OK;
}

static piq_status check_version(piq_batch *b, piq_op *op)
{
    piq_work *work;
    if (op->if_version == -1)
        return PIQ_OK;
    piq_status status = piq_batch_learner(b, op->user, false, &work, &op->err);
    int64_t version = 0;
    if (status == PIQ_OK)
        version = work->from_version + (work->changed ? 1 : 0);
    else if (status != PIQ_ENOTFOUND)
        return status;
    if (version == op->if_version || (op->if_version == -2 && version))
        return PIQ_OK;
    if (op->if_version == -2)
        return piq_fail(&op->err, PIQ_ESTALE, "learner %lld was never heard of",
                        (long long)op->user.v);
    return piq_fail(&op->err, PIQ_ESTALE,
                    "the profile of learner %lld has changed: it is at "
                    "version %lld, not %lld",
                    (long long)op->user.v, (long long)version,
                    (long long)op->if_version);
}

piq_status piq_events_prepare(piq_batch *b, piq_op *op)
{
    const piq_catalogue *c = piq_engine_catalogue(b->engine);
    piq_str *bodies = piq_new(&b->arena, piq_str, op->n_events);
    op->verdicts = piq_new(&op->arena, piq_event_verdict, op->n_events);
    if (!bodies || !op->verdicts)
        return PIQ_ENOMEM;
    /* Each operation may rely on its own work alone when it fails: rows are
     * added last, after everything that can be refused. */
    piq_status status = check_version(b, op);
    if (status == PIQ_OK)
        status = judge_all(b, op, c, bodies);
    if (status == PIQ_OK && op->n_accepted)
        status = fold_fresh(b, op, bodies);
    if (status == PIQ_OK) {
        piq_metric_add(b->engine->m.events, op->n_accepted);
        piq_metric_add(b->engine->m.duplicates, op->n_duplicates);
    }
    return status;
}
