#include "engine/pause.h"

#include "base/json_writer.h"
#include "engine/engine_internal.h"

piq_status piq_pause_read(piq_engine *e, piq_user_id user, bool *paused,
                          piq_err *err)
{
    piq_arena a;
    piq_record r;
    piq_err why = {0};
    piq_arena_init(&a, 0);
    piq_status status =
        e->store->ops->record(e->store, &a, user, PIQ_RECORD_PAUSED,
                              PIQ_RECORD_PROFILING, INT64_MIN, &r, &why);
    piq_arena_release(&a);
    *paused = status == PIQ_OK;
    if (status == PIQ_ENOTFOUND)
        return PIQ_OK;
    if (status && err)
        *err = why;
    return status;
}

static piq_str write_since(int64_t now_us, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_time(&w, "since", now_us);
    piq_json_object_end(&w);
    return (piq_str){b->ptr, b->len};
}

/* The bytes are stored as they are: what a fold has made stays what it made. */
static piq_status write_both(piq_engine *e, piq_op *op, bool pause,
                             piq_arena *a, piq_buf *since)
{
    piq_state_row row = {.user = op->user};
    piq_status status = e->store->ops->state(
        e->store, a, op->user, &row.from_version, &row.body, &op->err);
    if (status == PIQ_ENOTFOUND)
        return piq_fail(&op->err, status, "the learner was never heard of");
    if (status)
        return status;
    row.version = row.from_version + 1;
    piq_record record = {.user = op->user,
                         .kind = PIQ_RECORD_PAUSED,
                         .key = PIQ_RECORD_PROFILING,
                         .from_version = PIQ_RECORD_ANY,
                         .at_us = op->now_us,
                         .expires_us = INT64_MAX};
    if (pause)
        record.document = write_since(op->now_us, since);
    if (since->status)
        return piq_fail(&op->err, since->status, "no memory to pause");
    piq_commit c = {
        .states = &row, .n_states = 1, .records = &record, .n_records = 1};
    status = piq_committer_commit(e->committer, &c, &op->err);
    if (status == PIQ_OK)
        op->state_version = row.version;
    return status;
}

static piq_status pause_once(piq_engine *e, piq_op *op)
{
    piq_arena a;
    piq_buf since;
    piq_buf_init(&since, 0);
    piq_arena_init(&a, 0);
    bool pause = op->kind == PIQ_OP_PAUSE, is;
    piq_status status = piq_pause_read(e, op->user, &is, &op->err);
    if (status == PIQ_OK && is == pause) {
        piq_str body;
        status = e->store->ops->state(e->store, &a, op->user,
                                      &op->state_version, &body, &op->err);
        if (status == PIQ_ENOTFOUND)
            piq_fail(&op->err, status, "the learner was never heard of");
    } else if (status == PIQ_OK) {
        status = write_both(e, op, pause, &a, &since);
    }
    piq_arena_release(&a);
    piq_buf_release(&since);
    return status;
}

void piq_pause_run(piq_engine *e, piq_op *op)
{
    op->status = PIQ_ESTALE;
    for (int i = 0; i <= PIQ_STALE_TRIES && op->status == PIQ_ESTALE; i++) {
        op->err = (piq_err){0};
        op->status = pause_once(e, op);
    }
    piq_cache_drop(e->cache, op->user);
    if (op->status == PIQ_ESTALE)
        op->status = piq_fail(&op->err, PIQ_EBUSY,
                              "another process keeps changing the same "
                              "learner");
}
