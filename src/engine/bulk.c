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

enum { PIECE_EVENTS = 8192, PIECE_BYTES = 512 << 20, MAX_PUBLISH = 4096 };

typedef struct held_learner {
    piq_learner *learner;
    int64_t stored_version;
    bool was_stored; /* there may be events of it in the store */
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
    bool under_way;
} piece;

struct piq_bulk {
    piq_engine *engine;
    piq_bulk_watch *watch;
    void *ctx;
    piq_map learners; /* user -> held_learner */
    piq_map seen;     /* hash of (user, event id) in this import */
    piece pieces[2];
    int at; /* being filled */
    piq_calibrator *calibrator;
    int64_t *calibrated_seq;
    uint64_t answers;
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
    if (status && b->status == PIQ_OK) {
        b->status = status;
        b->err = p->err;
        return status;
    }
    if (p->commit.n_events)
        *b->calibrated_seq = p->events[p->commit.n_events - 1].seq;
    b->totals.commits++;
    return b->status;
}

static piq_status encode_states(piece *p)
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
                                    h->stored_version + 1,
                                    h->stored_version,
                                    {copy, bytes.len}};
        h->learner->version = ++h->stored_version;
        h->dirty = false;
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
        status = encode_states(p);
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

static piq_status load(piq_bulk *b, piq_user_id user, held_learner *h)
{
    piq_held *held;
    piq_status status = piq_engine_hold(b->engine, user, &held, &b->err);
    if (status == PIQ_ENOTFOUND)
        return piq_learner_new(user, piq_engine_catalogue(b->engine),
                               &h->learner);
    if (status)
        return status;
    status = piq_learner_copy(piq_held_learner(held), &h->learner);
    h->was_stored = true;
    if (status == PIQ_OK)
        h->stored_version = h->learner->version;
    piq_held_release(held);
    return status;
}

static piq_status find(piq_bulk *b, piq_user_id user, held_learner **out)
{
    uint64_t found;
    if (piq_map_get(&b->learners, (uint64_t)user.v, &found)) {
        *out = (held_learner *)(uintptr_t)found;
        return PIQ_OK;
    }
    held_learner *h = calloc(1, sizeof *h);
    piq_status status = h ? load(b, user, h) : PIQ_ENOMEM;
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

/* ---- one event ------------------------------------------------------- */

/* True when the id may have been used: then the store is asked. */
static bool maybe_known(piq_bulk *b, const held_learner *h,
                        const piq_event *event)
{
    uint64_t key = piq_hash_bytes(event->event_id.ptr, event->event_id.len) ^
                   piq_hash_u64((uint64_t)event->user.v);
    uint64_t unused;
    bool seen = piq_map_get(&b->seen, key, &unused);
    if (!seen && piq_map_put(&b->seen, key, 1))
        seen = true; /* no memory to remember it: ask */
    return seen || h->was_stored;
}

static piq_status judge(piq_bulk *b, const piq_event *event, piq_str body,
                        bool *duplicate)
{
    piece *p = &b->pieces[b->at];
    piq_event_row row;
    for (size_t i = 0; i < p->commit.n_events; i++)
        if (p->events[i].user.v == event->user.v &&
            piq_str_eq(p->events[i].event_id, event->event_id)) {
            *duplicate = true;
            return piq_str_eq(p->events[i].body, body) ? PIQ_OK : PIQ_ECONFLICT;
        }
    piq_status status = wait_for(b, &b->pieces[1 - b->at]);
    if (status)
        return status;
    piq_store *store = b->engine->store;
    status = store->ops->event(store, &p->arena, event->user, event->event_id,
                               &row, &b->err);
    *duplicate = status == PIQ_OK;
    if (status == PIQ_ENOTFOUND)
        return PIQ_OK;
    if (status == PIQ_OK && !piq_str_eq(row.body, body))
        return PIQ_ECONFLICT;
    return status;
}

static piq_status write_body(piece *p, const piq_event *event,
                             const piq_catalogue *c, piq_str *out)
{
    piq_buf buf;
    piq_json_writer w;
    piq_buf_init(&buf, 0);
    piq_json_init(&w, &buf);
    piq_event_write(event, c, &w);
    char *copy =
        buf.status ? NULL : piq_arena_strndup(&p->arena, buf.ptr, buf.len);
    *out = (piq_str){copy, buf.len};
    piq_buf_release(&buf);
    return copy ? PIQ_OK : PIQ_ENOMEM;
}

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
    uint32_t number = piq_calibration_book_number(b->engine->book) + 1;
    p->calibrations[p->commit.n_calibrations++] =
        (piq_calibration_row){.number = number,
                              .through_seq = *b->calibrated_seq,
                              .made_us = piq_clock_now_us(),
                              .items = items,
                              .n_items = n};
    return piq_calibration_book_add(b->engine->book, number, items, n);
}

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

static piq_status fold_in(piq_bulk *b, held_learner *h, const piq_event *given,
                          piq_str body)
{
    piece *p = &b->pieces[b->at];
    piq_event event = *given;
    piq_fold_effect effect;
    const char *id =
        piq_arena_strndup(&p->arena, given->event_id.ptr, given->event_id.len);
    if (!id)
        return PIQ_ENOMEM;
    event.event_id.ptr = id;
    piq_status status =
        piq_fold_next(b->engine, h->learner, &event, &effect, &b->err);
    if (status)
        return status;
    add_row(p, &event, body, &effect);
    if (!h->dirty) {
        h->dirty = true;
        h->next_dirty = p->dirty;
        p->dirty = h;
    }
    if (h->learner->n_events % PIQ_SNAPSHOT_EVERY == 0) {
        status = room(p, (void **)&p->snapshots, p->commit.n_snapshots,
                      &p->cap_snapshots, sizeof *p->snapshots);
        if (status == PIQ_OK)
            status = piq_snapshot_of(&p->arena, h->learner,
                                     &p->snapshots[p->commit.n_snapshots]);
        if (status)
            return status;
        p->commit.n_snapshots++;
    }
    b->totals.accepted++;
    if (b->watch)
        b->watch(b->ctx, &event, &effect);
    if (!effect.is_item_answer)
        return PIQ_OK;
    piq_calibrator_answer(b->calibrator, event.u.answer.item, &effect.outcome,
                          (double)event.u.answer.score);
    return ++b->answers % b->engine->config.calibrate_every ? PIQ_OK
                                                            : publish(b);
}

/* Belongs before what is folded: by the ordinary way, which rebuilds. */
static piq_status add_late(piq_bulk *b, held_learner *h, const piq_event *event)
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
        status = load(b, user, h);
    } else {
        b->err = op->err;
    }
    piq_op_free(op);
    return status;
}

static bool is_late(const piq_learner *l, const piq_event *event)
{
    if (!l->n_events || event->at_us > l->last_us)
        return false;
    return event->at_us < l->last_us ||
           piq_str_cmp(event->event_id, piq_str_of(l->last_event_id)) <= 0;
}

static piq_status add(piq_bulk *b, const piq_event *given)
{
    piq_event event = *given;
    const piq_catalogue *c = piq_engine_catalogue(b->engine);
    held_learner *h;
    piq_str body;
    bool duplicate = false;
    event.catalogue_version = c->version;
    event.calibration = piq_engine_calibration(b->engine);
    piq_status status = find(b, event.user, &h);
    if (status)
        return status;
    status = write_body(&b->pieces[b->at], &event, c, &body);
    if (status == PIQ_OK && maybe_known(b, h, &event))
        status = judge(b, &event, body, &duplicate);
    if (status)
        return status;
    if (duplicate) {
        b->totals.duplicates++;
        return PIQ_OK;
    }
    status = is_late(h->learner, &event) ? add_late(b, h, &event)
                                         : fold_in(b, h, &event, body);
    if (status == PIQ_OK && b->pieces[b->at].commit.n_events == PIECE_EVENTS)
        status = flush(b);
    return status;
}

/* ---- beginning and end ----------------------------------------------- */

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
    for (int i = 0; i < 2; i++)
        piq_arena_init(&b->pieces[i].arena, PIECE_BYTES);
    piq_status status = piece_begin(&b->pieces[0]);
    if (status == PIQ_OK)
        status = piece_begin(&b->pieces[1]);
    b->calibrator = piq_maintainer_lock(e, &b->calibrated_seq);
    if (status == PIQ_OK && b->calibrator)
        status = piq_calibrator_grow(b->calibrator, piq_engine_catalogue(e));
    else if (status == PIQ_OK)
        status = piq_fail(err, PIQ_ENOMEM, "no memory for a calibrator");
    if (status) {
        b->status = status;
        piq_bulk_totals totals;
        return piq_bulk_end(b, &totals, err);
    }
    *out = b;
    return PIQ_OK;
}

piq_status piq_bulk_add(piq_bulk *b, const piq_event *event, piq_err *err)
{
    if (b->status) {
        if (err)
            *err = b->err;
        return b->status;
    }
    piq_status status = add(b, event);
    if (status == PIQ_ECONFLICT)
        return piq_fail(err, status,
                        "event \"%.*s\" of learner %lld was stored before "
                        "with another content",
                        PIQ_STR_ARG(event->event_id), (long long)event->user.v);
    if (status && !b->status) {
        b->status = status;
        if (!b->err.status)
            piq_fail(&b->err, status, "could not import event \"%.*s\"",
                     PIQ_STR_ARG(event->event_id));
    }
    if (status && err)
        *err = b->err;
    return status;
}

piq_status piq_bulk_end(piq_bulk *b, piq_bulk_totals *totals, piq_err *err)
{
    piq_engine *e = b->engine;
    size_t at = 0;
    uint64_t key, value;
    if (b->status == PIQ_OK)
        b->status = settle(b);
    for (int i = 0; i < 2; i++) {
        if (b->pieces[i].under_way)
            (void)wait_for(b, &b->pieces[i]);
        piq_arena_release(&b->pieces[i].arena);
    }
    piq_maintainer_unlock(e);
    while (piq_map_next(&b->learners, &at, &key, &value)) {
        held_learner *h = (held_learner *)(uintptr_t)value;
        piq_cache_drop(e->cache, (piq_user_id){(int64_t)key});
        if (h->stored_version)
            piq_maintainer_dirty(e, (piq_user_id){(int64_t)key});
        piq_learner_free(h->learner);
        free(h);
    }
    piq_map_release(&b->learners);
    piq_map_release(&b->seen);
    piq_status status = b->status;
    *totals = b->totals;
    if (status && err && b->err.status)
        *err = b->err;
    free(b);
    return status;
}
