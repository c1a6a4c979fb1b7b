/* training.c - see training.h. */
#include "engine/training.h"

#include "engine/engine_internal.h"
#include "engine/voids.h"
#include "predict/kt_about_json.h"
#include "train/kt_collect.h"

#include <inttypes.h>
#include <stdio.h>

enum { USERS_PIECE = 1024, EVENTS_PIECE = 2048 };

typedef struct collecting {
    piq_engine *engine;
    piq_kt_collector *to;
    int64_t until_us;
    uint32_t newest; /* version of the catalogue that positions are of */
    piq_arena arena; /* a piece of events */
    piq_voids voids; /* of all learners */
} collecting;

static piq_status collect_event(collecting *c, const piq_event *event,
                                float foreseen, piq_err *err)
{
    piq_concept_weight weights[PIQ_MAX_CONTENT_CONCEPTS];
    const piq_catalogue *catalogue;
    const piq_answer *a = &event->u.answer;
    piq_ask ask;
    piq_status status = piq_engine_catalogue_version(
        c->engine, event->catalogue_version, &catalogue, err);
    if (status || !piq_ask_of_answer(a, catalogue, event->at_us, weights, &ask))
        return status;
    piq_response response = {
        .score = a->score, .response_ms = a->response_ms, .hint = a->hint};
    return piq_kt_collector_add(c->to, &ask, &response, foreseen);
}

/* Events are read to their end even where few are answers: they are stored
 * learner by learner. */
static piq_status collect_learner(collecting *c, piq_user_id user, piq_err *err)
{
    char last_id[PIQ_MAX_EVENT_ID_BYTES];
    size_t n = EVENTS_PIECE;
    piq_store *store = c->engine->store;
    piq_event_range range = {.user = user,
                             .after_us = INT64_MIN,
                             .until_us = c->until_us,
                             .limit = EVENTS_PIECE};
    piq_status status = piq_kt_collector_learner(c->to, user);
    while (status == PIQ_OK && n == EVENTS_PIECE) {
        piq_event_row *rows;
        n = 0;
        piq_arena_clear(&c->arena);
        status = store->ops->events(store, &c->arena, &range, &rows, &n, err);
        for (size_t i = 0; i < n && status == PIQ_OK; i++) {
            piq_event event = {0};
            /* One of a later curriculum was posted meanwhile. */
            if (rows[i].type != PIQ_EV_ANSWER ||
                rows[i].catalogue_version > c->newest ||
                piq_voids_has(&c->voids, user, rows[i].event_id))
                continue;
            status = piq_engine_read_event(c->engine, &c->arena, &rows[i],
                                           &event, err);
            if (status == PIQ_OK)
                status = collect_event(c, &event, rows[i].predicted, err);
        }
        if (status == PIQ_OK && n) {
            const piq_event_row *last = &rows[n - 1];
            memcpy(last_id, last->event_id.ptr, last->event_id.len);
            range.after_us = last->at_us;
            range.after_id = (piq_str){last_id, last->event_id.len};
        }
    }
    return status;
}

static piq_status collect_all(collecting *c, piq_err *err)
{
    piq_arena users, voids;
    piq_user_id after = {0}, *list;
    size_t n = USERS_PIECE;
    piq_store *store = c->engine->store;
    piq_arena_init(&users, 0);
    piq_arena_init(&voids, 0);
    piq_status status =
        piq_voids_read(c->engine, &voids, (piq_user_id){PIQ_ANY_USER},
                       INT64_MIN, &c->voids, err);
    while (status == PIQ_OK && n == USERS_PIECE) {
        n = 0;
        piq_arena_clear(&users);
        status = store->ops->users(store, &users, after, USERS_PIECE, &list, &n,
                                   err);
        for (size_t i = 0; i < n && status == PIQ_OK; i++) {
            status = collect_learner(c, list[i], err);
            after = list[i];
        }
    }
    piq_arena_release(&users);
    piq_arena_release(&voids);
    return status;
}

piq_status piq_engine_answers(piq_engine *e, unsigned n_parts, int64_t until_us,
                              piq_kt_data *out, piq_err *err)
{
    const piq_catalogue *catalogue = piq_engine_catalogue(e);
    collecting c = {.engine = e, .until_us = until_us};
    if (!catalogue)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    c.newest = catalogue->version;
    piq_status status = piq_kt_collector_new(catalogue, n_parts, &c.to);
    if (status == PIQ_OK) {
        piq_arena_init(&c.arena, 0);
        status = collect_all(&c, err);
        piq_arena_release(&c.arena);
    }
    if (status == PIQ_OK)
        piq_kt_collector_finish(c.to, "events", out);
    else if (status == PIQ_ENOMEM)
        piq_fail(err, status, "no memory for the stored answers");
    piq_kt_collector_free(c.to);
    return status;
}

/* ---- which one is better ------------------------------------------------ */

piq_status piq_engine_duel(piq_engine *e, const piq_kt_model *challenger,
                           unsigned threads, piq_kt_duel *out, uint32_t *number,
                           piq_err *err)
{
    enum { SEED = 1 };
    piq_kt_data data = {0};
    int64_t since_us = INT64_MAX;
    piq_model_hold *champion = NULL;
    piq_status status = piq_engine_answers(e, 1, INT64_MAX, &data, err);
    if (status == PIQ_OK)
        status = piq_engine_champion(e, &champion, number, err);
    if (status == PIQ_OK &&
        piq_kt_data_latest(&data, PIQ_LATEST_SHARE, &since_us))
        status = piq_fail(err, PIQ_ENOMEM, "no memory to compare two models");
    if (status == PIQ_OK) {
        if (challenger->about.until_us != PIQ_NO_TIME &&
            challenger->about.until_us >= since_us)
            since_us = challenger->about.until_us + 1;
        status = piq_kt_duel_fight(&data, challenger, piq_model_of(champion),
                                   since_us, threads, SEED, out, err);
    }
    piq_kt_data_release(&data);
    piq_model_release(champion);
    return status;
}

bool piq_duel_allows(const piq_kt_duel *d)
{
    return !d->is_worse && (d->is_enough || d->against_belief);
}

void piq_duel_describe(const piq_kt_duel *d, char *out, size_t size)
{
    if (!d->is_enough)
        snprintf(out, size, "%zu latest answers: too few to compare",
                 d->answers);
    else
        snprintf(out, size,
                 "log loss %.4f against %s's %.4f on the %zu latest answers",
                 d->challenger.logloss,
                 d->against_belief ? "the online belief" : "the champion",
                 d->champion.logloss, d->answers);
}

/* ---- keeping ------------------------------------------------------------ */

/* The same bytes twice would be two challengers with one name. */
static piq_status refuse_twice(piq_store *s, uint64_t digest, piq_err *err)
{
    piq_arena a;
    piq_model_row *models;
    size_t n = 0;
    piq_arena_init(&a, 0);
    piq_status status = s->ops->models(s, &a, PIQ_MODEL_KT, &models, &n, err);
    for (size_t i = 0; status == PIQ_OK && i < n; i++)
        if (models[i].digest == digest && models[i].has_body)
            status = piq_fail(err, PIQ_ECONFLICT,
                              "this model is there already, as version "
                              "%" PRIu32,
                              models[i].version);
    piq_arena_release(&a);
    return status;
}

piq_status piq_model_add(piq_store *s, const piq_kt_model *m, piq_str bytes,
                         uint32_t *version, piq_err *err)
{
    piq_buf about;
    piq_buf_init(&about, 0);
    piq_kt_about_json(m, &about);
    piq_model_row row = {.kind = PIQ_MODEL_KT,
                         .made_us = m->about.made_us,
                         .digest = piq_kt_model_digest(bytes),
                         .about = {about.ptr, about.len},
                         .body = bytes};
    piq_status status = about.status;
    if (status)
        piq_fail(err, status, "no memory to store a model");
    if (status == PIQ_OK)
        status = refuse_twice(s, row.digest, err);
    if (status == PIQ_OK)
        status = s->ops->put_model(s, &row, err);
    if (status == PIQ_OK)
        *version = row.version;
    piq_buf_release(&about);
    return status;
}
