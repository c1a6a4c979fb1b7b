/* batch.c - operations, and what one batch of them has worked on. */
#include "engine/engine_internal.h"
#include "engine/policy.h"
#include "engine/tastes.h"

#include <stdlib.h>

/* Memory kept between batches. */
enum { KEPT_BYTES = 8 << 20, KEPT_SLOTS = 4096 };

/* ---- operations ------------------------------------------------------ */

piq_op *piq_op_new(piq_op_kind kind, piq_user_id user, int64_t now_us)
{
    piq_op *op = calloc(1, sizeof *op);
    if (!op)
        return NULL;
    op->kind = kind;
    op->user = user;
    op->now_us = now_us;
    op->if_version = -1;
    op->type = -1;
    piq_arena_init(&op->arena, 0);
    return op;
}

void piq_op_free(piq_op *op)
{
    while (op) {
        piq_op *also = op->also;
        piq_bytes_release(op->slate);
        piq_arena_release(&op->arena);
        free(op);
        op = also;
    }
}

/* ---- the batch ------------------------------------------------------- */

piq_status piq_batch_room(piq_batch *b, void **rows, size_t n, size_t *cap,
                          size_t size)
{
    if (n < *cap)
        return PIQ_OK;
    size_t more = *cap ? *cap * 2 : 64;
    void *p = piq_arena_alloc(&b->arena, more, size);
    if (!p)
        return PIQ_ENOMEM;
    if (n)
        memcpy(p, *rows, n * size);
    *rows = p;
    *cap = more;
    return PIQ_OK;
}

static piq_status load_copy(piq_batch *b, piq_user_id user, piq_learner **out,
                            bool *paused, piq_err *err)
{
    piq_held *h;
    piq_status status =
        piq_engine_hold(b->engine, user, piq_model_tracing(b->model), &h, err);
    if (status)
        return status;
    status = piq_learner_copy(piq_held_learner(h), out);
    *paused = piq_held_is_paused(h);
    piq_held_release(h);
    return status;
}

static piq_status new_traced(piq_batch *b, piq_user_id user, piq_learner **out)
{
    piq_learner *l;
    piq_status status = piq_learner_new(user, b->in_force, &l);
    if (status)
        return status;
    status = piq_learner_trace(l, piq_model_tracing(b->model));
    if (status)
        piq_learner_free(l);
    else
        *out = l;
    return status;
}

piq_status piq_batch_learner(piq_batch *b, piq_user_id user, bool create,
                             piq_work **out, piq_err *err)
{
    uint64_t found;
    piq_err absent = {0};
    if (piq_map_get(&b->work_at, (uint64_t)user.v, &found)) {
        *out = (piq_work *)(uintptr_t)found;
        /* Made for events that were refused: nobody has heard of it yet. */
        if (create || (*out)->from_version || (*out)->changed)
            return PIQ_OK;
        return piq_fail(err, PIQ_ENOTFOUND, "the learner was never heard of");
    }
    piq_learner *l = NULL;
    const piq_catalogue *c = b->in_force;
    bool paused = false;
    piq_status status = load_copy(b, user, &l, &paused, &absent);
    if (status == PIQ_ENOTFOUND && create && c)
        status = new_traced(b, user, &l);
    else if (status && err)
        *err = absent;
    if (status)
        return status;
    piq_work *w = piq_new(&b->arena, piq_work, 1);
    if (!w || piq_map_put(&b->work_at, (uint64_t)user.v, (uintptr_t)w)) {
        piq_learner_free(l);
        return PIQ_ENOMEM;
    }
    w->learner = l;
    w->paused = paused;
    w->from_version = l->version;
    w->first_version = piq_engine_first_version(b->engine);
    w->next = b->work;
    b->work = w;
    *out = w;
    return PIQ_OK;
}

typedef struct piq_undo {
    piq_work *work;
    piq_learner *learner;
    bool changed;
    struct piq_undo *next;
} piq_undo;

piq_status piq_batch_replace(piq_batch *b, piq_work *w, piq_learner *folded)
{
    piq_undo *u = piq_new(&b->arena, piq_undo, 1);
    if (!u) {
        piq_learner_free(folded);
        return PIQ_ENOMEM;
    }
    *u = (piq_undo){w, w->learner, w->changed, b->undo};
    b->undo = u;
    w->learner = folded;
    w->changed = true;
    return PIQ_OK;
}

void piq_batch_settle(piq_batch *b, bool keep)
{
    for (piq_undo *u = b->undo; u; u = u->next) {
        piq_learner_free(keep ? u->learner : u->work->learner);
        if (keep)
            continue;
        u->work->learner = u->learner;
        u->work->changed = u->changed;
    }
    b->undo = NULL;
}

static void clear_map(piq_map *m)
{
    if (m->n_slots > KEPT_SLOTS)
        piq_map_release(m);
    piq_map_clear(m);
}

/* One large batch does not keep its memory for all that follow. */
void piq_batch_begin(piq_batch *b, piq_engine *e)
{
    piq_batch fresh = {.engine = e,
                       .arena = b->arena,
                       .work_at = b->work_at,
                       .events_at = b->events_at};
    *b = fresh;
    if (b->arena.held_bytes > KEPT_BYTES)
        piq_arena_release(&b->arena);
    piq_arena_clear(&b->arena);
    clear_map(&b->work_at);
    clear_map(&b->events_at);
    b->steering = piq_engine_steering(e);
    b->policy = piq_engine_policy(e);
    b->taste = piq_engine_taste(e);
    b->status = piq_engine_in_force(e, &b->in_force, &b->model, &b->err);
}

/* Frees the working copies that were not published. */
void piq_batch_end(piq_batch *b)
{
    for (piq_work *w = b->work; w; w = w->next)
        piq_learner_free(w->learner);
    b->work = NULL;
    piq_map_clear(&b->work_at);
    piq_model_release(b->model);
    b->model = NULL;
    piq_steering_release(b->steering);
    b->steering = NULL;
    piq_policy_release(b->policy);
    piq_taste_release(b->taste);
    b->policy = NULL;
    b->taste = NULL;
}

piq_status piq_batch_states(piq_batch *b)
{
    size_t n = 0;
    piq_buf bytes;
    for (piq_work *w = b->work; w; w = w->next)
        n += w->changed;
    piq_state_row *rows = piq_new(&b->arena, piq_state_row, n);
    if (!rows)
        return PIQ_ENOMEM;
    piq_buf_init(&bytes, 0);
    piq_status status = PIQ_OK;
    n = 0;
    for (piq_work *w = b->work; w && status == PIQ_OK; w = w->next) {
        if (!w->changed)
            continue;
        piq_buf_clear(&bytes);
        piq_learner_encode(w->learner, &bytes);
        char *copy = bytes.status
                         ? NULL
                         : piq_arena_strndup(&b->arena, bytes.ptr, bytes.len);
        if (!copy)
            status = PIQ_ENOMEM;
        w->learner->version = piq_work_version(w);
        rows[n++] = (piq_state_row){w->learner->user,
                                    w->learner->version,
                                    w->from_version,
                                    {copy, bytes.len}};
    }
    piq_buf_release(&bytes);
    b->commit.states = rows;
    b->commit.n_states = n;
    b->commit.snapshots = b->snapshots;
    b->commit.stale_snapshots = b->stale;
    b->commit.feedback = b->feedback;
    b->commit.slates = b->slates;
    b->commit.profiles = b->profiles;
    b->commit.exposures = b->exposures;
    b->commit.records = b->records;
    return status;
}

void piq_batch_publish(piq_batch *b)
{
    for (piq_work *w = b->work; w; w = w->next) {
        if (!w->changed)
            continue;
        piq_user_id user = w->learner->user;
        piq_held *h = piq_held_take(w->learner);
        w->learner = NULL;
        if (h) { /* who has paused has had something voided */
            piq_held_pause(h, w->paused);
            piq_cache_publish(b->engine->cache, h);
        } else {
            piq_cache_drop(b->engine->cache, user);
        }
        piq_held_release(h);
    }
}
