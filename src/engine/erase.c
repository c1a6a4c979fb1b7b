#include "engine/erase.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "engine/engine_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

/* ---- numbers ---------------------------------------------------------- */

/* They rise: an older answer that comes late changes nothing. */
static void raise_to(_Atomic int64_t *at, int64_t v)
{
    int64_t old = atomic_load(at);
    while (old < v && !atomic_compare_exchange_weak(at, &old, v))
        continue;
}

static piq_status read_number(piq_engine *e, piq_str key, int64_t *number,
                              int64_t *version, piq_err *err)
{
    piq_arena a;
    piq_record r;
    piq_err why = {0};
    *number = *version = 0;
    piq_arena_init(&a, 0);
    piq_status status =
        e->store->ops->record(e->store, &a, (piq_user_id){0}, PIQ_RECORD_ERASED,
                              key, INT64_MIN, &r, &why);
    if (status == PIQ_OK && !piq_str_to_i64(r.document, number))
        status =
            piq_fail(&why, PIQ_ECORRUPT, "the record of erasures is no number");
    if (status == PIQ_OK)
        *version = r.version;
    piq_arena_release(&a);
    if (status == PIQ_ENOTFOUND)
        return PIQ_OK;
    if (status && err)
        *err = why;
    return status;
}

piq_status piq_engine_read_floor(piq_engine *e, piq_err *err)
{
    int64_t floor, n;
    piq_status status = read_number(e, PIQ_RECORD_FLOOR, &floor, &n, err);
    if (status)
        return status;
    raise_to(&e->floor, floor);
    raise_to(&e->erasures, n);
    return PIQ_OK;
}

int64_t piq_engine_first_version(piq_engine *e)
{
    return atomic_load(&e->floor) + 1;
}

int64_t piq_engine_erasures(piq_engine *e)
{
    return atomic_load(&e->erasures);
}

piq_status piq_erased_known(piq_engine *e, piq_str key, int64_t *n,
                            piq_err *err)
{
    int64_t version;
    return read_number(e, key, n, &version, err);
}

piq_status piq_erased_note(piq_engine *e, piq_str key, int64_t n, piq_err *err)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, n);
    piq_record r = {.kind = PIQ_RECORD_ERASED,
                    .key = key,
                    .from_version = PIQ_RECORD_ANY,
                    .expires_us = INT64_MAX,
                    .document = {text, (size_t)len}};
    return e->store->ops->put_records(e->store, &r, 1, err);
}

/* ---- the operation ---------------------------------------------------- */

static void write_tombstone(const piq_op *op, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_time(&w, "at", op->now_us);
    piq_json_put_int(&w, "tenant", op->user.v >> PIQ_USER_BITS);
    piq_json_put_int(&w, "events", (int64_t)op->erased.events);
    piq_json_put_int(&w, "recommendations",
                     (int64_t)op->erased.recommendations);
    piq_json_put_int(&w, "others", (int64_t)op->erased.others);
    piq_json_object_end(&w);
}

/* Its key is drawn: one that follows from anything would tell something. */
static piq_status leave_tombstone(piq_engine *e, const piq_op *op, piq_err *err)
{
    unsigned char drawn[16];
    char key[2 * sizeof drawn + 1];
    piq_buf b;
    if (getrandom(drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return piq_fail(err, PIQ_EINTERNAL, "there are no random numbers");
    for (size_t i = 0; i < sizeof drawn; i++)
        snprintf(key + 2 * i, 3, "%02x", drawn[i]);
    piq_buf_init(&b, 0);
    write_tombstone(op, &b);
    piq_record r = {.kind = PIQ_RECORD_TOMBSTONE,
                    .key = {key, sizeof key - 1},
                    .at_us = op->now_us,
                    .expires_us = INT64_MAX,
                    .document = {b.ptr, b.len}};
    piq_status status = b.status;
    if (status)
        piq_fail(err, status, "no memory for a tombstone");
    else
        status = e->store->ops->put_records(e->store, &r, 1, err);
    piq_buf_release(&b);
    return status;
}

/* The learner is gone whatever fails here: said aloud, and no failure of the
 * operation. The feed tries the floor again, as does a commit that it stops. */
static void clean_up(piq_engine *e, const piq_op *op)
{
    piq_err err = {0};
    piq_cache_drop(e->cache, op->user);
    piq_maintainer_forget(e, op->user);
    if (leave_tombstone(e, op, &err))
        piq_log_err(0, "could not leave a tombstone", &err);
    err = (piq_err){0};
    if (piq_engine_read_floor(e, &err))
        piq_log_err(0, "could not read what was erased", &err);
}

void piq_erase_run(piq_engine *e, piq_op *op)
{
    piq_store *store = e->store;
    op->err = (piq_err){0};
    op->status = store->ops->erase(store, op->user, &op->erased, &op->err);
    if (op->status == PIQ_OK)
        clean_up(e, op);
    else if (op->status == PIQ_ENOTFOUND)
        piq_fail(&op->err, PIQ_ENOTFOUND, "the learner was never heard of");
}
