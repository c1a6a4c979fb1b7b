#include "base/calendar.h"
#include "domain/json_reader.h"
#include "engine/engine_internal.h"
#include "engine/voiding.h"

#include <stdlib.h>

enum { PIECE = 2048 }; /* stored events read at once */

piq_status piq_engine_decode(piq_engine *e, piq_user_id user,
                             const piq_tracing *t, piq_str body,
                             int64_t version, piq_learner **out, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    if (!c)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    /* Another process may have put a newer one in force. */
    if (piq_learner_stored_catalogue(body) > c->version) {
        piq_status adopted = piq_engine_adopt_catalogue(e, err);
        if (adopted)
            return adopted;
        c = piq_engine_catalogue(e);
    }
    piq_status status = piq_learner_decode(body, user, c, t, out, err);
    if (status == PIQ_OK)
        (*out)->version = version;
    return status;
}

/* Another process has posted under a curriculum that the model is not bound to
 * yet: whoever asked does so again with what is in force by then. */
static piq_status fall_behind(piq_engine *e, piq_err *err)
{
    piq_status status = piq_engine_adopt_catalogue(e, err);
    return status ? status
                  : piq_fail(err, PIQ_EBUSY, "a newer curriculum has come");
}

piq_status piq_fold_next(piq_engine *e, piq_learner *l, const piq_tracing *t,
                         const piq_event *event, piq_fold_effect *effect,
                         piq_err *err)
{
    const piq_catalogue *c;
    piq_status status =
        piq_engine_catalogue_version(e, event->catalogue_version, &c, err);
    if (status)
        return status;
    if (t && c->version > t->catalogue)
        return fall_behind(e, err);
    if (c->version > l->catalogue_version && piq_learner_grow(l, c))
        return piq_fail(err, PIQ_ENOMEM, "no memory for a learner");
    if (piq_learner_reserve(l, event))
        return piq_fail(err, PIQ_ENOMEM, "no memory for a learner");
    piq_fold(l, c, e->book, t, event, effect);
    return PIQ_OK;
}

piq_status piq_snapshot_of(piq_arena *a, const piq_learner *l,
                           piq_snapshot_row *out)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_learner_encode(l, &b);
    piq_status status = b.status;
    char *body = status ? NULL : piq_arena_strndup(a, b.ptr, b.len);
    size_t id_len = strlen(l->last_event_id);
    char *id = piq_arena_strndup(a, l->last_event_id, id_len);
    if (body && id)
        *out = (piq_snapshot_row){.user = l->user,
                                  .at_us = l->last_us,
                                  .event_id = {id, id_len},
                                  .n_events = l->n_events,
                                  .body = {body, b.len}};
    else
        status = PIQ_ENOMEM;
    piq_buf_release(&b);
    return status;
}

piq_status piq_engine_read_event(piq_engine *e, piq_arena *a,
                                 const piq_event_row *row, piq_event *out,
                                 piq_err *err)
{
    const piq_catalogue *c;
    json_t *json = NULL;
    piq_status status =
        piq_engine_catalogue_version(e, row->catalogue_version, &c, err);
    if (status == PIQ_OK)
        status = piq_engine_read_book(e, row->calibration, err);
    if (status)
        return status;
    status = piq_json_parse(row->body, &json, err);
    if (status == PIQ_OK) {
        out->user = row->user;
        status = piq_event_read(a, json, "", false, c, INT64_MAX / 2, out, err);
        out->catalogue_version = row->catalogue_version;
        out->calibration = row->calibration;
    }
    json_decref(json);
    if (status == PIQ_EPARSE || status == PIQ_EINVAL) {
        status = piq_fail(err, PIQ_ECORRUPT, "a stored event cannot be read");
        piq_err_at(err, "events, seq %lld", (long long)row->seq);
    }
    return status;
}

/* ---- where to start -------------------------------------------------- */

/* Snapshots are of a place right after an event; one right after what is to be
 * voided has it in it. */
void piq_rebuild_from(const piq_rebuild *r, int64_t *at_us, piq_str *event_id)
{
    *at_us = r->extra[0].at_us;
    *event_id = r->extra[0].event_id;
    if (!r->n_voided || r->before_us > *at_us)
        return;
    *at_us = r->before_us - 1;
    *event_id = PIQ_STR("\xf4\x8f\xbf\xbf"); /* behind every id */
}

static piq_status start_from(piq_engine *e, piq_arena *a, const piq_rebuild *r,
                             piq_learner **out, piq_err *err)
{
    piq_snapshot_row row;
    int64_t at_us;
    piq_str id;
    piq_err absent = {0};
    *out = NULL;
    if (!r->n_extra)
        return PIQ_OK; /* from nothing: made by the first event */
    piq_rebuild_from(r, &at_us, &id);
    piq_status status =
        e->store->ops->snapshot(e->store, a, r->user, at_us, id, &row, &absent);
    if (status == PIQ_ENOTFOUND)
        return PIQ_OK;
    if (status) {
        if (err)
            *err = absent;
        return status;
    }
    status = piq_engine_decode(e, r->user, r->tracing, row.body, 0, out, err);
    if (status == PIQ_OK && !piq_learner_is_traced(*out, r->tracing)) {
        piq_learner_free(*out); /* another model's: from nothing then */
        *out = NULL;
    }
    /* Written by another version of this program: the same. */
    return status == PIQ_ECORRUPT ? PIQ_OK : status;
}

typedef struct rebuild_state {
    piq_engine *engine;
    piq_arena *arena;
    piq_rebuild *r;
    piq_learner *learner;
    size_t next_extra;
    piq_voids voids;
} rebuild_state;

/* Of a stored event. */
static bool is_voided(const rebuild_state *s, piq_str event_id)
{
    for (size_t i = 0; i < s->r->n_voided; i++)
        if (piq_str_eq(s->r->voided[i], event_id))
            return true;
    return piq_voids_has(&s->voids, s->r->user, event_id);
}

static piq_status keep_snapshot(rebuild_state *s)
{
    piq_rebuild *r = s->r;
    if (s->learner->n_events % PIQ_SNAPSHOT_EVERY != 0 ||
        r->n_snapshots >= r->cap_snapshots)
        return PIQ_OK;
    piq_status status =
        piq_snapshot_of(s->arena, s->learner, &r->snapshots[r->n_snapshots]);
    r->n_snapshots += status == PIQ_OK;
    return status;
}

static piq_status fold_one(rebuild_state *s, const piq_event *event,
                           piq_fold_effect *effect, piq_err *err)
{
    piq_status status = PIQ_OK;
    if (!s->learner) {
        const piq_catalogue *c;
        status = piq_engine_catalogue_version(
            s->engine, event->catalogue_version, &c, err);
        if (status == PIQ_OK)
            status = piq_learner_new(s->r->user, c, &s->learner);
        if (status == PIQ_OK)
            status = piq_learner_trace(s->learner, s->r->tracing);
    }
    if (status == PIQ_OK)
        status = piq_fold_next(s->engine, s->learner, s->r->tracing, event,
                               effect, err);
    if (status == PIQ_OK)
        status = keep_snapshot(s);
    return status;
}

/* Extra events that come before `until` (all of them when NULL). */
static piq_status fold_extra(rebuild_state *s, const piq_event *until,
                             piq_err *err)
{
    piq_rebuild *r = s->r;
    while (s->next_extra < r->n_extra &&
           (!until || piq_event_cmp(&r->extra[s->next_extra], until) < 0)) {
        piq_status status = fold_one(s, &r->extra[s->next_extra],
                                     &r->effects[s->next_extra], err);
        if (status)
            return status;
        s->next_extra++;
    }
    return PIQ_OK;
}

/* Folds one piece of stored events; *range moves behind it. */
static piq_status fold_piece(rebuild_state *s, piq_event_range *range,
                             piq_arena *piece, char last_id[], size_t *n,
                             piq_err *err)
{
    piq_event_row *rows;
    piq_store *store = s->engine->store;
    piq_status status = store->ops->events(store, piece, range, &rows, n, err);
    for (size_t i = 0; i < *n && status == PIQ_OK; i++) {
        piq_event event = {0};
        piq_fold_effect effect;
        status = piq_engine_read_event(s->engine, piece, &rows[i], &event, err);
        if (status == PIQ_OK)
            status = fold_extra(s, &event, err);
        if (status == PIQ_OK && is_voided(s, event.event_id))
            piq_event_set_void(&event);
        if (status == PIQ_OK)
            status = fold_one(s, &event, &effect, err);
    }
    if (status == PIQ_OK && *n) {
        const piq_event_row *last = &rows[*n - 1];
        memcpy(last_id, last->event_id.ptr, last->event_id.len);
        range->after_us = last->at_us;
        range->after_id = (piq_str){last_id, last->event_id.len};
    }
    return status;
}

piq_status piq_rebuild_learner(piq_engine *e, piq_arena *a, piq_rebuild *r,
                               piq_learner **out, piq_err *err)
{
    rebuild_state s = {.engine = e, .arena = a, .r = r};
    char last_id[PIQ_MAX_EVENT_ID_BYTES + 1];
    piq_arena piece;
    size_t n = PIECE;
    piq_status status = piq_voids_read(e, a, r->user, INT64_MIN, &s.voids, err);
    if (status == PIQ_OK)
        status = start_from(e, a, r, &s.learner, err);
    if (status)
        return status;
    piq_event_range range = {.user = r->user,
                             .after_us = INT64_MIN,
                             .until_us = INT64_MAX,
                             .limit = PIECE};
    if (s.learner) {
        size_t len = strlen(s.learner->last_event_id);
        memcpy(last_id, s.learner->last_event_id, len);
        range.after_us = s.learner->last_us;
        range.after_id = (piq_str){last_id, len};
    }
    piq_arena_init(&piece, 0);
    while (status == PIQ_OK && n == PIECE) {
        n = 0;
        status = fold_piece(&s, &range, &piece, last_id, &n, err);
        piq_arena_clear(&piece);
    }
    piq_arena_release(&piece);
    if (status == PIQ_OK)
        status = fold_extra(&s, NULL, err);
    if (status == PIQ_OK && !s.learner)
        status = piq_fail(err, PIQ_ENOTFOUND, "the learner has no events");
    if (status) {
        piq_learner_free(s.learner);
        return status;
    }
    *out = s.learner;
    return PIQ_OK;
}

static piq_status version_of(piq_engine *e, piq_user_id user, int64_t *version,
                             piq_err *err)
{
    piq_arena a;
    piq_str body;
    piq_arena_init(&a, 0);
    piq_status status =
        e->store->ops->state(e->store, &a, user, version, &body, err);
    piq_arena_release(&a);
    return status;
}

/* What the stored state says it was traced under; *out NULL: no model, or
 * bytes that this program cannot read and no rebuild will equal. */
static piq_status model_of(piq_engine *e, piq_user_id user, piq_str stored,
                           piq_model_hold **out, piq_err *err)
{
    piq_learner *l = NULL;
    *out = NULL;
    piq_status status = piq_engine_decode(e, user, NULL, stored, 0, &l, err);
    if (!l)
        return status == PIQ_ECORRUPT ? PIQ_OK : status;
    uint32_t model = l->trace_model, catalogue = l->trace_catalogue;
    piq_learner_free(l);
    return model ? piq_engine_model_version(e, model, catalogue, out, err)
                 : PIQ_OK;
}

static piq_status replay_once(piq_engine *e, piq_user_id user, bool *same,
                              uint64_t *digest, size_t *n_events, piq_err *err)
{
    piq_arena a;
    piq_buf bytes;
    piq_str stored = {0};
    int64_t version = 0;
    piq_learner *l = NULL;
    piq_model_hold *model = NULL;
    piq_rebuild r = {.user = user};
    piq_arena_init(&a, 0);
    piq_buf_init(&bytes, 0);
    piq_status status =
        e->store->ops->state(e->store, &a, user, &version, &stored, err);
    if (status == PIQ_OK)
        status = model_of(e, user, stored, &model, err);
    r.tracing = piq_model_tracing(model);
    if (status == PIQ_OK)
        status = piq_rebuild_learner(e, &a, &r, &l, err);
    if (status == PIQ_OK) {
        piq_learner_encode(l, &bytes);
        status = bytes.status;
    }
    if (status == PIQ_OK && l) {
        *same = piq_str_eq(stored, (piq_str){bytes.ptr, bytes.len});
        *digest = piq_hash_bytes(bytes.ptr, bytes.len);
        *n_events = l->n_events;
    }
    piq_learner_free(l);
    piq_model_release(model);
    piq_buf_release(&bytes);
    piq_arena_release(&a);
    return status;
}

piq_status piq_engine_replay(piq_engine *e, piq_user_id user, bool *same,
                             uint64_t *digest, size_t *n_events, piq_err *err)
{
    int64_t before, after;
    piq_status status;
    do { /* again when the learner went on meanwhile */
        status = version_of(e, user, &before, err);
        if (status == PIQ_OK)
            status = replay_once(e, user, same, digest, n_events, err);
        if (status == PIQ_OK)
            status = version_of(e, user, &after, err);
    } while (status == PIQ_OK && before != after);
    return status;
}
