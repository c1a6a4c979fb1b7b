/* marks.c - noticing that the records have changed, and changing them. */
#include "access/keeper.h"

#include "base/log.h"
#include "domain/json_reader.h"

#include <inttypes.h>
#include <stdio.h>

#define KIND PIQ_STR("access")
#define KEY  PIQ_STR("mark")

piq_status piq_access_mark(piq_store *store, uint64_t *mark, piq_err *err)
{
    piq_arena a;
    piq_record r;
    piq_arena_init(&a, 0);
    piq_status status = store->ops->record(store, &a, (piq_user_id){0}, KIND,
                                           KEY, INT64_MIN, &r, err);
    if (status == PIQ_OK) {
        *mark = piq_hash_bytes(r.document.ptr, r.document.len);
    } else if (status == PIQ_ENOTFOUND) {
        *mark = 0;
        status = PIQ_OK;
    }
    piq_arena_release(&a);
    return status;
}

/* Under load_lock. */
static piq_status load(piq_access *k, int64_t now_us, piq_err *err)
{
    uint64_t mark = 0;
    piq_access_view *fresh = NULL;
    /* The mark first: what is read after it is at least as new. */
    piq_status status = piq_access_mark(k->store, &mark, err);
    pthread_mutex_lock(&k->view_lock);
    bool same = k->view && k->view->mark == mark;
    pthread_mutex_unlock(&k->view_lock);
    if (status == PIQ_OK && !same)
        status = piq_access_view_load(k->store, mark, &fresh, err);
    pthread_mutex_lock(&k->view_lock);
    piq_access_view *old = fresh ? k->view : NULL;
    if (fresh)
        k->view = fresh;
    k->read_us = now_us;
    pthread_mutex_unlock(&k->view_lock);
    piq_access_view_release(old);
    return status;
}

piq_status piq_access_refresh(piq_access *k, int64_t now_us, piq_err *err)
{
    pthread_mutex_lock(&k->load_lock);
    piq_status status = load(k, now_us, err);
    pthread_mutex_unlock(&k->load_lock);
    return status;
}

piq_access_view *piq_access_held(piq_access *k)
{
    pthread_mutex_lock(&k->view_lock);
    piq_access_view *v = piq_access_view_retain(k->view);
    pthread_mutex_unlock(&k->view_lock);
    return v;
}

static bool is_due(piq_access *k, int64_t now_us)
{
    if (k->config.read_elsewhere)
        return false;
    pthread_mutex_lock(&k->view_lock);
    bool due = now_us < k->read_us ||
               k->read_us < now_us - (int64_t)k->config.reload_ms * 1000;
    pthread_mutex_unlock(&k->view_lock);
    return due;
}

/* Under load_lock. */
static void load_if_due(piq_access *k, int64_t now_us)
{
    piq_err err = {0};
    if (is_due(k, now_us) && load(k, now_us, &err))
        piq_reporter_tell(&k->config.reporter, "could not read API keys again",
                          &err);
}

piq_access_view *piq_access_now(piq_access *k, int64_t now_us)
{
    /* One thread reads; the others go on with what there is. */
    if (is_due(k, now_us) && pthread_mutex_trylock(&k->load_lock) == 0) {
        load_if_due(k, now_us);
        pthread_mutex_unlock(&k->load_lock);
    }
    return piq_access_held(k);
}

piq_access_view *piq_access_settled(piq_access *k, int64_t now_us)
{
    if (!k->config.read_elsewhere) {
        pthread_mutex_lock(&k->load_lock);
        load_if_due(k, now_us);
        pthread_mutex_unlock(&k->load_lock);
    }
    return piq_access_held(k);
}

/* What is stored is stored: where it cannot be read back, the next use does.
 * Who took something away is told that it is not gone here yet. */
static piq_status read_again(piq_access *k, bool dropped, piq_err *err)
{
    piq_err why = {0};
    piq_status status = piq_access_refresh(k, INT64_MIN, &why);
    if (!status)
        return PIQ_OK;
    if (!dropped) {
        piq_reporter_tell(&k->config.reporter, "could not read API keys again",
                          &why);
        return PIQ_OK;
    }
    piq_fail(err, status,
             "it is taken back, but may be good here until the store can be "
             "read: %s",
             why.message);
    return status;
}

piq_status piq_access_put(piq_access *k, const piq_record *r, piq_err *err)
{
    uint64_t fresh;
    char document[48];
    piq_status status = piq_crypto_random(&fresh, sizeof fresh, err);
    if (status)
        return status;
    int len = snprintf(document, sizeof document,
                       "{\"mark\":\"%016" PRIx64 "\"}", fresh);
    piq_record rows[] = {*r,
                         {.kind = KIND,
                          .key = KEY,
                          .from_version = PIQ_RECORD_ANY,
                          .at_us = 0,
                          .expires_us = INT64_MAX,
                          .document = {document, (size_t)len}}};
    status = k->store->ops->put_records(k->store, rows, 2, err);
    return status ? status : read_again(k, !r->document.len, err);
}

piq_status piq_access_put_written(piq_access *k, const piq_record *r,
                                  piq_buf *b, const char *to, piq_err *err)
{
    piq_record whole = *r;
    piq_status status = b->status;
    whole.document = (piq_str){b->ptr, b->len};
    if (status)
        piq_fail(err, status, "no memory to %s", to);
    else
        status = piq_access_put(k, &whole, err);
    piq_buf_release(b);
    return status;
}
