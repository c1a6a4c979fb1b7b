/* bulk.c - many learners' events in the order given, fast.
 *
 * The caller's thread folds into working copies; commits are handed to the
 * storage thread and run while the next piece is folded (two pieces, one
 * being filled, one being written). Calibrations are published on the way,
 * after every config.calibrate_every answers to items, and committed with the
 * events around them, before any event that names them.
 */
#include "base/calendar.h"
#include "base/clock.h"
#include "engine/engine_internal.h"

#include <math.h>
#include <stdlib.h>

enum {
    PIECE_EVENTS = 8192,
    PIECE_BYTES = 512 << 20,
    STATES_BYTES = 64 << 20, /* of one piece, about */
    MAX_PUBLISH = 4096,
    /* So much is held at once; then it is written and read again. */
    MAX_LEARNERS = 20000,
    MAX_SEEN = 4 << 20
};

typedef struct held_learner {
    piq_learner *learner;
    int64_t stored_version;
    bool was_stored; /* there are events of it that `seen` does not know */
    bool dirty;      /* in the piece being filled */
    struct held_learner *next_dirty;
} held_learner;

typedef struct piece {
    piq_arena arena;
    piq_commit commit;
    piq_commit_ticket ticket;
    piq_err err;
    piq_event_row *events;
    piq_snapshot_row *snapshots;
    piq_calibration_row *calibrations;
    size_t cap_snapshots, cap_calibrations;
    held_learner *dirty;
    size_t n_dirty;
    bool under_way;
} piece;

struct piq_bulk {
    piq_engine *engine;
    piq_bulk_watch *watch;
    void *ctx;
    piq_map learners;  /* user -> held_learner */
    piq_map seen;      /* piq_event_key -> n_pieces * PIECE_EVENTS + position */
    uint64_t n_pieces; /* handed over */
    piece pieces[2];
    int at;             /* being filled */
    size_t state_bytes; /* of the largest state so far */
    piq_buf body;       /* of the event at hand */
    piq_arena scratch;
    piq_calibrator *calibrator;
    /* In force while what is held is held. */
    const piq_catalogue *catalogue;
    piq_model_hold *model;
    int64_t seq;          /* of the newest durable event */
    uint32_t calibration; /* that events are folded under: the newest draft */
    uint64_t answers, published;
    piq_bulk_totals totals;
    piq_status status; /* sticky */
    piq_err err;
};

/* ---- pieces ---------------------------------------------------------- */

static piq_status piece_begin(piece *p)
{
    piq_arena_clear(&p->arena);
    p->commit = (piq_commit){0};
    p->cap_snapshots = p->cap_calibrations = 0;
    p->snapshots = NULL;
    p->calibrations = NULL;
    p->dirty = NULL;
    p->n_dirty = 0;
    p->events = piq_new(&p->arena, piq_event_row, PIECE_EVENTS);
    return p->events ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status room(piece *p, void **rows, size_t n, size_t *cap,
                       size_t size)
{
    if (n < *cap)
        return PIQ_OK;
    size_t more = *cap ? *cap * 2 : 32;
    void *grown = piq_arena_alloc(&p->arena, more, size);
    if (!grown)
        return PIQ_ENOMEM;
    if (n)
        memcpy(grown, *rows, n * size);
    *rows = grown;
    *cap = more;
    return PIQ_OK;
}

static piq_status wait_for(piq_bulk *b, piece *p)
{
    if (!p->under_way)
        return b->status;
    p->under_way = false;
    piq_status status = piq_committer_wait(b->engine->committer, &p->ticket);
    if (status) {
        if (b->status == PIQ_OK)
            b->err = p->err;
        return b->status ? b->status : (b->status = status);
    }
    const piq_commit *c = &p->commit;
    if (c->n_events)
        b->seq = p->events[c->n_events - 1].seq;
    if (c->n_calibrations)
        piq_calibration_book_enact(
            b->engine->book, p->calibrations[c->n_calibrations - 1].number);
    b->totals.commits++;
    return b->status;
}

static int64_t next_version(const piq_bulk *b, const held_learner *h)
{
    return h->stored_version ? h->stored_version + 1
                             : piq_engine_first_version(b->engine);
}

static piq_status encode_states(piq_bulk *b, piece *p)
{
    size_t n = 0;
    piq_buf bytes;
    piq_status status = PIQ_OK;
    for (held_learner *h = p->dirty; h; h = h->next_dirty)
        n++;
    piq_state_row *rows = piq_new(&p->arena, piq_state_row, n);
    if (!rows)
        return PIQ_ENOMEM;
    piq_buf_init(&bytes, 0);
    n = 0;
    for (held_learner *h = p->dirty; h && status == PIQ_OK; h = h->next_dirty) {
        piq_buf_clear(&bytes);
        piq_learner_encode(h->learner, &bytes);
        char *copy = bytes.status
                         ? NULL
                         : piq_arena_strndup(&p->arena, bytes.ptr, bytes.len);
        if (!copy)
            status = PIQ_ENOMEM;
        rows[n++] = (piq_state_row){h->learner->user,
                                    next_version(b, h),
                                    h->stored_version,
                                    {copy, bytes.len}};
        h->learner->version = h->stored_version = next_version(b, h);
        h->dirty = false;
        if (bytes.len > b->state_bytes)
            b->state_bytes = bytes.len;
    }
    piq_buf_release(&bytes);
    p->commit.states = rows;
    p->commit.n_states = n;
    return status;
}

/* Hands the filled piece over and turns to the other one. */
static piq_status flush(piq_bulk *b)
{
    piece *p = &b->pieces[b->at];
    piece *other = &b->pieces[1 - b->at];
    piq_status status = wait_for(b, other);
    if (status)
        return status;
    if (p->commit.n_events || p->commit.n_calibrations) {
        status = encode_states(b, p);
        if (status)
            return piq_fail(&b->err, b->status = status,
                            "no memory for a commit");
        p->commit.events = p->events;
        p->commit.snapshots = p->snapshots;
        p->commit.calibrations = p->calibrations;
        piq_committer_begin(b->engine->committer, &p->ticket, &p->commit,
                            &p->err);
        p->under_way = true;
    }
    b->at = 1 - b->at;
    b->n_pieces++;
    status = piece_begin(other);
    if (status)
        return piq_fail(&b->err, b->status = status, "no memory for a commit");
    return PIQ_OK;
}

/* Everything handed over so far is durable. */
static piq_status settle(piq_bulk *b)
{
    piq_status status = flush(b);
    if (status == PIQ_OK)
        status = wait_for(b, &b->pieces[1 - b->at]);
    return status;
}

/* ---- learners -------------------------------------------------------- */

static piq_status load(piq_bulk *b, piq_user_id user, held_learner *h,
                       piq_err *err)
{
    piq_held *held;
    const piq_tracing *t = piq_model_tracing(b->model);
    piq_status status = piq_engine_hold(b->engine, user, t, &held, err);
    if (status == PIQ_ENOTFOUND) {
        status = piq_learner_new(user, b->catalogue, &h->learner);
        return status ? status : piq_learner_trace(h->learner, t);
    }
    if (status)
        return status;
    if (piq_held_is_paused(held))
        status = piq_fail(err, PIQ_EDENIED, "a learner's profiling is paused");
    else
        status = piq_learner_copy(piq_held_learner(held), &h->learner);
    h->was_stored = true;
    if (status == PIQ_OK)
        h->stored_version = h->learner->version;
    piq_held_release(held);
    return status;
}

static piq_status find(piq_bulk *b, piq_user_id user, held_learner **out,
                       piq_err *err)
{
    uint64_t found;
    if (piq_map_get(&b->learners, (uint64_t)user.v, &found)) {
        *out = (held_learner *)(uintptr_t)found;
        return PIQ_OK;
    }
    held_learner *h = calloc(1, sizeof *h);
    piq_status status = h ? load(b, user, h, err) : PIQ_ENOMEM;
    if (status == PIQ_OK)
        status = piq_map_put(&b->learners, (uint64_t)user.v, (uintptr_t)h);
    if (status) {
        if (h)
            piq_learner_free(h->learner);
        free(h);
        return status;
    }
    *out = h;
    return PIQ_OK;
}

/* What is held goes; readers see what is stored. */
static void let_go(piq_bulk *b)
{
    size_t at = 0;
    uint64_t key, value;
    while (piq_map_next(&b->learners, &at, &key, &value)) {
        held_learner *h = (held_learner *)(uintptr_t)value;
        piq_user_id user = {(int64_t)key};
        piq_cache_drop(b->engine->cache, user);
        if (h->stored_version)
            piq_maintainer_dirty(b->engine, user);
        piq_learner_free(h->learner);
        free(h);
    }
    piq_map_clear(&b->learners);
    piq_map_clear(&b->seen);
}

/* ---- is it new? ------------------------------------------------------ */

static piq_status write_body(piq_bulk *b, const piq_event *event,
                             const piq_catalogue *c, piq_str *out)
{
    piq_json_writer w;
    piq_buf_clear(&b->body);
    piq_json_init(&w, &b->body);
    piq_event_write(event, c, &w);
    *out = (piq_str){b->body.ptr, b->body.len};
    return b->body.status;
}

static piq_status verdict(piq_str known, piq_str body, bool *duplicate)
{
    *duplicate = true;
    return piq_str_eq(known, body) ? PIQ_OK : PIQ_ECONFLICT;
}

static bool is_row_of(const piq_event_row *row, const piq_event *event)
{
    return row->user.v == event->user.v &&
           piq_str_eq(row->event_id, event->event_id);
}

/* In the piece being filled; NULL: none. Keys may collide, then all of it is
 * looked through; `seen` has the newest place of a key. */
static const piq_event_row *find_row(const piq_bulk *b, const piq_event *event,
                                     uint64_t place)
{
    const piece *p = &b->pieces[b->at];
    if (place / PIECE_EVENTS != b->n_pieces)
        return NULL;
    if (is_row_of(&p->events[place % PIECE_EVENTS], event))
        return &p->events[place % PIECE_EVENTS];
    for (size_t i = 0; i < p->commit.n_events; i++)
        if (is_row_of(&p->events[i], event))
            return &p->events[i];
    return NULL;
}

static piq_status judge(piq_bulk *b, const held_learner *h,
                        const piq_event *event, piq_str body, bool *duplicate,
                        piq_err *err)
{
    uint64_t place;
    piq_event_row stored;
    piq_store *store = b->engine->store;
    bool seen = piq_map_get(
        &b->seen, piq_event_key(event->user, event->event_id), &place);
    const piq_event_row *row = seen ? find_row(b, event, place) : NULL;
    if (row)
        return verdict(row->body, body, duplicate);
    if (!seen && !h->was_stored)
        return PIQ_OK;
    if (seen) { /* perhaps in the piece that is being written */
        piq_status written = wait_for(b, &b->pieces[1 - b->at]);
        if (written)
            return written;
    }
    piq_arena_clear(&b->scratch);
    piq_status status = store->ops->event(store, &b->scratch, event->user,
                                          event->event_id, &stored, err);
    if (status == PIQ_ENOTFOUND)
        return PIQ_OK;
    return status ? status : verdict(stored.body, body, duplicate);
}

/* ---- one event ------------------------------------------------------- */

/* The next events are folded under it; others see it once it is durable. */
static piq_status publish(piq_bulk *b)
{
    piece *p = &b->pieces[b->at];
    piq_calibrated_item *items =
        piq_new(&p->arena, piq_calibrated_item, MAX_PUBLISH);
    piq_status status =
        room(p, (void **)&p->calibrations, p->commit.n_calibrations,
             &p->cap_calibrations, sizeof *p->calibrations);
    if (!items || status)
        return PIQ_ENOMEM;
    size_t n = piq_calibrator_publish(b->calibrator, items, MAX_PUBLISH);
    status = piq_calibration_book_draft(b->engine->book, b->calibration + 1,
                                        items, n);
    if (status)
        return status;
    p->calibrations[p->commit.n_calibrations++] =
        (piq_calibration_row){.number = ++b->calibration,
                              .through_seq = b->seq,
                              .made_us = piq_clock_now_us(),
                              .items = items,
                              .n_items = n};
    b->published++;
    b->answers = 0;
    return PIQ_OK;
}

/* The strings are in the piece's arena. */
static void add_row(piece *p, const piq_event *event, piq_str body,
                    const piq_fold_effect *effect)
{
    bool answer = event->type == PIQ_EV_ANSWER;
    p->events[p->commit.n_events++] = (piq_event_row){
        .user = event->user,
        .event_id = event->event_id,
        .at_us = event->at_us,
        .received_us = event->at_us,
        .type = event->type,
        .catalogue_version = event->catalogue_version,
        .calibration = event->calibration,
        .item = {effect->is_item_answer ? event->u.answer.item.v : PIQ_NO_IX32},
        .score = answer ? event->u.answer.score : NAN,
        .predicted = answer ? (float)effect->outcome.predicted : NAN,
        .ability_logit = (float)effect->outcome.ability_logit,
        .ability_variance = (float)effect->outcome.ability_variance,
        .body = body};
}

static piq_status add_snapshot(piece *p, const piq_learner *l)
{
    piq_status status = room(p, (void **)&p->snapshots, p->commit.n_snapshots,
                             &p->cap_snapshots, sizeof *p->snapshots);
    if (status == PIQ_OK)
        status =
            piq_snapshot_of(&p->arena, l, &p->snapshots[p->commit.n_snapshots]);
    if (status == PIQ_OK)
        p->commit.n_snapshots++;
    return status;
}

/* From here a failure ends the import: the piece is not written. */
static piq_status fold_in(piq_bulk *b, held_learner *h, const piq_event *given,
                          piq_str body, piq_err *err)
{
    piece *p = &b->pieces[b->at];
    piq_event event = *given;
    piq_fold_effect effect;
    piq_str id = given->event_id;
    event.event_id.ptr = piq_arena_strndup(&p->arena, id.ptr, id.len);
    body.ptr = piq_arena_strndup(&p->arena, body.ptr, body.len);
    if (!event.event_id.ptr || !body.ptr ||
        piq_map_put(&b->seen, piq_event_key(event.user, id),
                    b->n_pieces * PIECE_EVENTS + p->commit.n_events))
        return PIQ_ENOMEM;
    piq_status status =
        piq_fold_next(b->engine, h->learner, piq_model_tracing(b->model),
                      &event, &effect, err);
    if (status)
        return status;
    add_row(p, &event, body, &effect);
    if (!h->dirty) {
        h->dirty = true;
        h->next_dirty = p->dirty;
        p->dirty = h;
        p->n_dirty++;
    }
    if (h->learner->n_events % PIQ_SNAPSHOT_EVERY == 0)
        status = add_snapshot(p, h->learner);
    if (status)
        return status;
    b->totals.accepted++;
    if (b->watch)
        b->watch(b->ctx, &event, &effect);
    if (!effect.is_item_answer)
        return PIQ_OK;
    piq_calibrator_answer(b->calibrator, event.u.answer.item, &effect.outcome,
                          (double)event.u.answer.score);
    return ++b->answers >= b->engine->config.calibrate_every ? publish(b)
                                                             : PIQ_OK;
}

/* Belongs before what is folded, or takes back some of it: by the ordinary way,
 * which rebuilds. */
static piq_status add_late(piq_bulk *b, held_learner *h, const piq_event *event,
                           piq_err *err)
{
    piq_user_id user = event->user;
    piq_status status = settle(b);
    if (status)
        return status;
    piq_cache_drop(b->engine->cache, user);
    piq_op *op = piq_op_new(PIQ_OP_EVENTS, user, piq_clock_now_us());
    if (!op)
        return PIQ_ENOMEM;
    op->events = piq_new(&op->arena, piq_event, 1);
    if (op->events) {
        op->events[0] = *event;
        op->n_events = 1;
        status = piq_engine_run(b->engine, op);
    } else {
        status = PIQ_ENOMEM;
    }
    if (status == PIQ_OK) {
        b->totals.accepted += op->n_accepted;
        b->totals.duplicates += op->n_duplicates;
        piq_learner_free(h->learner);
        h->learner = NULL;
        status = load(b, user, h, err);
    } else if (err) {
        *err = op->err;
    }
    piq_op_free(op);
    return status ? status : piq_maintainer_feed(b->engine, &b->seq, err);
}

static bool is_full(const piq_bulk *b)
{
    const piece *p = &b->pieces[b->at];
    return p->commit.n_events == PIECE_EVENTS ||
           p->n_dirty * b->state_bytes > STATES_BYTES;
}

/* What is held was made under what was in force; something newer came. */
static piq_status begin_anew(piq_bulk *b, piq_err *err)
{
    piq_status status = settle(b);
    if (status)
        return status;
    let_go(b);
    piq_model_release(b->model);
    b->model = NULL;
    return piq_engine_in_force(b->engine, &b->catalogue, &b->model, err);
}

static piq_status add(piq_bulk *b, const piq_event *given, piq_err *err)
{
    piq_event event = *given;
    held_learner *h = NULL;
    piq_str body;
    bool duplicate = false;
    piq_status status = PIQ_OK;
    if (b->learners.n >= MAX_LEARNERS || b->seen.n >= MAX_SEEN) {
        status = settle(b);
        if (status)
            return status;
        let_go(b);
    }
    if (piq_engine_catalogue(b->engine) != b->catalogue)
        status = begin_anew(b, err);
    if (status == PIQ_OK)
        status = find(b, event.user, &h, err);
    if (status == PIQ_EBUSY &&
        piq_engine_catalogue(b->engine) != b->catalogue) {
        status = begin_anew(b, err); /* another process's, found out just now */
        if (status == PIQ_OK)
            status = find(b, event.user, &h, err);
    }
    if (status)
        return status;
    const piq_catalogue *c = b->catalogue;
    event.catalogue_version = c->version;
    event.calibration = b->calibration;
    status = write_body(b, &event, c, &body);
    if (status == PIQ_OK)
        status = judge(b, h, &event, body, &duplicate, err);
    if (status)
        return status;
    if (duplicate) {
        b->totals.duplicates++;
        return PIQ_OK;
    }
    bool late =
        event.type == PIQ_EV_VOIDED || piq_learner_is_late(h->learner, &event);
    status =
        late ? add_late(b, h, &event, err) : fold_in(b, h, &event, body, err);
    return status == PIQ_OK && is_full(b) ? flush(b) : status;
}

/* ---- beginning and end ----------------------------------------------- */

static void release(piq_bulk *b)
{
    for (int i = 0; i < 2; i++)
        piq_arena_release(&b->pieces[i].arena);
    piq_arena_release(&b->scratch);
    piq_buf_release(&b->body);
    piq_map_release(&b->learners);
    piq_map_release(&b->seen);
    piq_model_release(b->model);
    free(b);
}

piq_status piq_bulk_begin(piq_engine *e, piq_bulk_watch *watch, void *ctx,
                          piq_bulk **out, piq_err *err)
{
    if (!piq_engine_catalogue(e))
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    piq_bulk *b = calloc(1, sizeof *b);
    if (!b)
        return piq_fail(err, PIQ_ENOMEM, "no memory for an import");
    b->engine = e;
    b->watch = watch;
    b->ctx = ctx;
    piq_map_init(&b->learners);
    piq_map_init(&b->seen);
    piq_buf_init(&b->body, 0);
    piq_arena_init(&b->scratch, 0);
    for (int i = 0; i < 2; i++)
        piq_arena_init(&b->pieces[i].arena, PIECE_BYTES);
    piq_status status = piece_begin(&b->pieces[0]);
    if (status == PIQ_OK)
        status = piece_begin(&b->pieces[1]);
    if (status)
        piq_fail(err, status, "no memory for an import");
    else
        status = piq_engine_in_force(e, &b->catalogue, &b->model, err);
    if (status == PIQ_OK)
        status = piq_maintainer_lend(e, &b->calibrator, err);
    if (status) {
        release(b);
        return status;
    }
    b->calibration = piq_engine_calibration(e);
    *out = b;
    return PIQ_OK;
}

piq_status piq_bulk_add(piq_bulk *b, const piq_event *event, piq_err *err)
{
    piq_err own = {0};
    if (b->status) {
        if (err)
            *err = b->err;
        return b->status;
    }
    piq_status status = add(b, event, &own);
    if (status == PIQ_ECONFLICT && own.status == status) { /* a void */
        if (err)
            *err = own;
        return status;
    }
    if (status == PIQ_ECONFLICT)
        return piq_fail(err, status,
                        "event \"%.*s\" of learner %lld was stored before "
                        "with another content",
                        PIQ_STR_ARG(event->event_id), (long long)event->user.v);
    if (status == PIQ_OK)
        return PIQ_OK;
    if (!b->status) {
        b->status = status;
        b->err = own;
    }
    if (b->err.status != status)
        piq_fail(&b->err, status, "could not import event \"%.*s\": %s",
                 PIQ_STR_ARG(event->event_id), piq_status_text(status));
    if (err)
        *err = b->err;
    return status;
}

/* Says how far the published calibrations have read: those on the way could
 * not know yet under which numbers their answers would be stored. A crash
 * before this counts the last pieces' answers twice in the estimates that
 * follow; what was folded stays as it is. */
static void settle_calibration(piq_bulk *b)
{
    piq_status status = piq_maintainer_settle(b->engine, b->seq, b->answers,
                                              b->published > 0, &b->err);
    if (status)
        b->status = status;
}

piq_status piq_bulk_end(piq_bulk *b, piq_bulk_totals *totals, piq_err *err)
{
    piq_engine *e = b->engine;
    if (b->status == PIQ_OK)
        (void)settle(b); /* b->status says how it went */
    for (int i = 0; i < 2; i++)
        (void)wait_for(b, &b->pieces[i]);
    if (b->status == PIQ_OK)
        settle_calibration(b);
    else
        piq_calibration_book_forget(e->book);
    piq_maintainer_give_back(e, b->status != PIQ_OK);
    let_go(b);
    piq_status status = b->status;
    *totals = b->totals;
    if (status && err)
        *err = b->err;
    release(b);
    return status;
}
