#include "engine/voiding.h"

#include <inttypes.h>
#include <stdio.h>

enum { PIECE = 512 };

/* ---- judging ------------------------------------------------------------ */

static piq_status refuse(piq_op *op, size_t at, piq_status status,
                         const char *why)
{
    op->at_event = at;
    piq_fail(&op->err, status, "%s", why);
    piq_err_at(&op->err, "/voids");
    return status;
}

static piq_status refuse_type(piq_op *op, size_t at, piq_event_type type)
{
    return refuse(op, at, PIQ_ECONFLICT,
                  type == PIQ_EV_VOIDED
                      ? "what voids cannot be voided"
                      : "what the engine wrote itself cannot be voided");
}

static bool can_be_voided(piq_event_type type)
{
    return type != PIQ_EV_VOIDED && type != PIQ_EV_MEMORY_FITTED;
}

/* Among those that the operation appends; n_events: none. */
static size_t find_fresh(const piq_op *op, piq_str id, size_t at)
{
    for (size_t i = 0; i < op->n_events; i++)
        if (i != at && op->verdicts[i] == PIQ_EVENT_ACCEPTED &&
            piq_str_eq(op->events[i].event_id, id))
            return i;
    return op->n_events;
}

static bool is_voided_here(const piq_op *op, piq_str id,
                           const piq_voiding *before, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (piq_str_eq(op->events[before[i].by].u.voided.voids, id))
            return true;
    return false;
}

static piq_status is_marked(piq_batch *b, piq_op *op, piq_str id, bool *marked)
{
    piq_store *store = b->engine->store;
    piq_record r;
    piq_err absent = {0};
    piq_status status =
        store->ops->record(store, &b->arena, op->user, PIQ_RECORD_VOIDED, id,
                           INT64_MIN, &r, &absent);
    *marked = status == PIQ_OK;
    if (status == PIQ_ENOTFOUND)
        return PIQ_OK;
    if (status)
        op->err = absent;
    return status;
}

static piq_status tell_row(piq_batch *b, piq_op *op, const piq_event_row *row,
                           piq_voiding *out)
{
    out->at_us = row->at_us;
    out->seq = row->seq;
    if (row->type != PIQ_EV_RECOMMENDATION_FEEDBACK)
        return PIQ_OK;
    piq_event event = {0};
    piq_status status =
        piq_engine_read_event(b->engine, &b->arena, row, &event, &op->err);
    if (status == PIQ_OK)
        out->recommendation = event.u.feedback.recommendation_id;
    return status;
}

/* The state is made anew from what is stored. */
static piq_status must_be_unchanged(piq_batch *b, piq_op *op)
{
    piq_work *work;
    piq_err absent = {0};
    piq_status status = piq_batch_learner(b, op->user, false, &work, &absent);
    op->later = status == PIQ_OK && work->changed;
    if (op->later)
        return PIQ_EBUSY;
    if (status && status != PIQ_ENOTFOUND)
        op->err = absent;
    return status == PIQ_ENOTFOUND ? PIQ_OK : status;
}

static piq_status judge_stored(piq_batch *b, piq_op *op, size_t at,
                               piq_voiding *out, piq_event_verdict *verdict)
{
    piq_str id = op->events[at].u.voided.voids;
    piq_store *store = b->engine->store;
    piq_event_row row;
    bool marked = false;
    piq_err absent = {0};
    piq_status status = must_be_unchanged(b, op);
    if (status)
        return status;
    status = store->ops->event(store, &b->arena, op->user, id, &row, &absent);
    if (status == PIQ_ENOTFOUND)
        return refuse(op, at, PIQ_EINVAL,
                      "the learner has no event of this id");
    if (status) {
        op->err = absent;
        return status;
    }
    if (!can_be_voided(row.type))
        return refuse_type(op, at, row.type);
    status = is_marked(b, op, id, &marked);
    *verdict = marked ? PIQ_EVENT_DUPLICATE : PIQ_EVENT_ACCEPTED;
    return status || marked ? status : tell_row(b, op, &row, out);
}

piq_status piq_void_judge(piq_batch *b, piq_op *op, size_t at,
                          const piq_voiding *before, size_t n, piq_voiding *out,
                          piq_event_verdict *verdict)
{
    piq_str id = op->events[at].u.voided.voids;
    size_t own = find_fresh(op, id, at);
    *out = (piq_voiding){.by = at};
    *verdict = PIQ_EVENT_DUPLICATE;
    if (is_voided_here(op, id, before, n))
        return PIQ_OK;
    if (own == op->n_events)
        return judge_stored(b, op, at, out, verdict);
    if (!can_be_voided(op->events[own].type))
        return refuse_type(op, at, op->events[own].type);
    out->own = true;
    out->at = own;
    *verdict = PIQ_EVENT_ACCEPTED;
    return PIQ_OK;
}

/* ---- rows --------------------------------------------------------------- */

/* Its document in `a`. */
static piq_status write_marker(piq_arena *a, const piq_op *op,
                               const piq_voiding *v, piq_record *out)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, v->seq);
    const char *copy = piq_arena_strndup(a, text, (size_t)len);
    *out = (piq_record){.user = op->user,
                        .kind = PIQ_RECORD_VOIDED,
                        .key = op->events[v->by].u.voided.voids,
                        .at_us = op->now_us,
                        .expires_us = INT64_MAX,
                        .document = {copy, (size_t)len}};
    return copy ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status add_marker(piq_batch *b, const piq_op *op,
                             const piq_voiding *v)
{
    piq_status status =
        piq_batch_room(b, (void **)&b->records, b->commit.n_records,
                       &b->cap_records, sizeof *b->records);
    if (status == PIQ_OK)
        status =
            write_marker(&b->arena, op, v, &b->records[b->commit.n_records]);
    b->commit.n_records += status == PIQ_OK;
    return status;
}

/* ---- what became of a recommendation ------------------------------------ */

/* The newest word of each kind, by order of arrival. */
typedef struct outcome {
    int64_t recommendation;
    int64_t action_seq, score_seq;
    piq_user_action action;
    uint8_t score;
} outcome;

static void hear(outcome *o, const piq_feedback_event *f, int64_t seq)
{
    if (f->action != PIQ_ACTION_NONE && seq > o->action_seq) {
        o->action = f->action;
        o->action_seq = seq;
    }
    if (f->feedback_score && seq > o->score_seq) {
        o->score = f->feedback_score;
        o->score_seq = seq;
    }
}

/* Whether the operation voids it. */
static bool voids_seq(const piq_voiding *list, size_t n, int64_t seq)
{
    for (size_t i = 0; i < n; i++)
        if (!list[i].own && list[i].seq == seq)
            return true;
    return false;
}

typedef struct hearing {
    piq_batch *batch;
    piq_op *op;
    const piq_voiding *list; /* [n] */
    size_t n;
    piq_voids before; /* voided before */
    piq_arena piece;
    outcome *outcomes; /* [n_outcomes] */
    size_t n_outcomes;
} hearing;

static piq_status hear_row(hearing *h, const piq_event_row *row)
{
    piq_event event = {0};
    if (row->type != PIQ_EV_RECOMMENDATION_FEEDBACK ||
        piq_voids_has(&h->before, row->user, row->event_id) ||
        voids_seq(h->list, h->n, row->seq))
        return PIQ_OK;
    piq_status status = piq_engine_read_event(h->batch->engine, &h->piece, row,
                                              &event, &h->op->err);
    for (size_t i = 0; i < h->n_outcomes && status == PIQ_OK; i++)
        if (h->outcomes[i].recommendation == event.u.feedback.recommendation_id)
            hear(&h->outcomes[i], &event.u.feedback, row->seq);
    return status;
}

static piq_status hear_all(hearing *h)
{
    char last_id[PIQ_MAX_EVENT_ID_BYTES];
    piq_store *store = h->batch->engine->store;
    piq_event_range range = {.user = h->op->user,
                             .after_us = INT64_MIN,
                             .until_us = INT64_MAX,
                             .limit = PIECE};
    size_t n = PIECE;
    piq_status status = PIQ_OK;
    while (n == PIECE && status == PIQ_OK) {
        piq_event_row *rows;
        n = 0;
        piq_arena_clear(&h->piece);
        status = store->ops->events(store, &h->piece, &range, &rows, &n,
                                    &h->op->err);
        for (size_t i = 0; i < n && status == PIQ_OK; i++)
            status = hear_row(h, &rows[i]);
        if (status == PIQ_OK && n) {
            const piq_event_row *last = &rows[n - 1];
            memcpy(last_id, last->event_id.ptr, last->event_id.len);
            range.after_us = last->at_us;
            range.after_id = (piq_str){last_id, last->event_id.len};
        }
    }
    return status;
}

static piq_status add_outcome(piq_batch *b, const piq_op *op, const outcome *o)
{
    piq_status status =
        piq_batch_room(b, (void **)&b->feedback, b->commit.n_feedback,
                       &b->cap_feedback, sizeof *b->feedback);
    if (status == PIQ_OK)
        b->feedback[b->commit.n_feedback++] =
            (piq_feedback_row){.user = op->user,
                               .recommendation_id = o->recommendation,
                               .action = o->action,
                               .feedback_score = o->score,
                               .exact = true};
    return status;
}

static piq_status make_room(hearing *h, piq_arena *a)
{
    h->outcomes = piq_new(a, outcome, h->n);
    if (!h->outcomes)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < h->n; i++)
        if (h->list[i].recommendation)
            h->outcomes[h->n_outcomes++].recommendation =
                h->list[i].recommendation;
    return PIQ_OK;
}

static piq_status add_outcomes(piq_batch *b, piq_op *op,
                               const piq_voiding *list, size_t n)
{
    hearing h = {.batch = b, .op = op, .list = list, .n = n};
    piq_status status = make_room(&h, &b->arena);
    if (status || !h.n_outcomes)
        return status;
    status = piq_voids_read(b->engine, &b->arena, op->user, INT64_MIN,
                            &h.before, &op->err);
    piq_arena_init(&h.piece, 0);
    if (status == PIQ_OK)
        status = hear_all(&h);
    piq_arena_release(&h.piece);
    for (size_t i = 0; i < h.n_outcomes && status == PIQ_OK; i++)
        status = add_outcome(b, op, &h.outcomes[i]);
    return status;
}

piq_status piq_void_rows(piq_batch *b, piq_op *op, const piq_voiding *list,
                         size_t n)
{
    piq_status status = n ? add_outcomes(b, op, list, n) : PIQ_OK;
    for (size_t i = 0; i < n && status == PIQ_OK; i++)
        status = add_marker(b, op, &list[i]);
    return status;
}
