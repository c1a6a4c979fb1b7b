#include "api/xapi_desk.h"

#include "domain/ids.h"
#include "domain/json_reader.h"

/* ---- instants ------------------------------------------------------------ */

void piq_xapi_desk_init(piq_xapi_desk *d)
{
    *d = (piq_xapi_desk){0};
    pthread_mutex_init(&d->lock, NULL);
}

void piq_xapi_desk_release(piq_xapi_desk *d)
{
    pthread_mutex_destroy(&d->lock);
}

void piq_xapi_desk_enter(piq_xapi_desk *d, piq_xapi_ticket *t, size_t n,
                         int64_t now_us)
{
    pthread_mutex_lock(&d->lock);
    int64_t first = d->last_us < now_us ? now_us : d->last_us + 1;
    *t = (piq_xapi_ticket){first, NULL, d->last, true};
    d->last_us = first + (int64_t)n - 1;
    if (d->last)
        d->last->next = t;
    else
        d->first = t;
    d->last = t;
    pthread_mutex_unlock(&d->lock);
}

void piq_xapi_desk_leave(piq_xapi_desk *d, piq_xapi_ticket *t)
{
    pthread_mutex_lock(&d->lock);
    if (t->waiting) {
        if (t->prev)
            t->prev->next = t->next;
        else
            d->first = t->next;
        if (t->next)
            t->next->prev = t->prev;
        else
            d->last = t->prev;
    }
    t->waiting = false;
    pthread_mutex_unlock(&d->lock);
}

int64_t piq_xapi_desk_through(piq_xapi_desk *d, int64_t now_us)
{
    pthread_mutex_lock(&d->lock);
    int64_t through = d->first ? d->first->stored_us - 1 : now_us;
    pthread_mutex_unlock(&d->lock);
    return through < now_us ? through : now_us;
}

/* ---- writing ------------------------------------------------------------- */

piq_user_id piq_xapi_nobody(uint32_t tenant)
{
    return (piq_user_id){(int64_t)tenant << PIQ_USER_BITS};
}

static piq_status no_memory(piq_err *err)
{
    return piq_fail(err, PIQ_ENOMEM, "no memory for a statement");
}

static bool copy_id(piq_arena *a, const char *id, piq_str *out)
{
    out->len = PIQ_XAPI_ID_BYTES - 1;
    out->ptr = piq_arena_strndup(a, id, out->len);
    return out->ptr != NULL;
}

piq_status piq_xapi_record(piq_arena *a, const json_t *statement,
                           const char *voided_by, piq_user_id user,
                           int64_t stored_us, int64_t from_version,
                           piq_record *out, piq_err *err)
{
    char id[PIQ_XAPI_ID_BYTES];
    piq_buf b;
    piq_json_writer w;
    *out = (piq_record){.user = user,
                        .kind = PIQ_XAPI_KIND,
                        .from_version = from_version,
                        .at_us = stored_us,
                        .expires_us = INT64_MAX};
    if (!piq_xapi_id(statement, id) || !copy_id(a, id, &out->key))
        return no_memory(err);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    if (voided_by)
        piq_json_put_z(&w, "voided_by", voided_by);
    piq_json_key(&w, "statement");
    piq_xapi_write(&w, statement);
    piq_json_object_end(&w);
    if (!b.status && b.len > PIQ_STORE_MAX_RECORD_BYTES) {
        piq_buf_release(&b);
        return piq_fail(err, PIQ_ELIMIT, "a statement is larger than 1 MiB");
    }
    out->document = piq_buf_keep(&b, a);
    piq_buf_release(&b);
    return out->document.ptr ? PIQ_OK : no_memory(err);
}

piq_status piq_xapi_index(piq_arena *a, uint32_t tenant, const char *id,
                          int64_t stored_us, int64_t from_version,
                          piq_record *out, piq_err *err)
{
    *out = (piq_record){.user = piq_xapi_nobody(tenant),
                        .kind = PIQ_XAPI_INDEX_KIND,
                        .from_version = from_version,
                        .at_us = -stored_us,
                        .expires_us = INT64_MAX,
                        .document = PIQ_STR("{}")};
    return copy_id(a, id, &out->key) ? PIQ_OK : no_memory(err);
}

/* ---- reading ------------------------------------------------------------- */

piq_status piq_xapi_open(const piq_record *r, piq_xapi_filed *out, piq_err *err)
{
    json_t *all = NULL;
    piq_status status = piq_json_parse_own(r->document, &all);
    json_t *statement = json_object_get(all, "statement");
    *out = (piq_xapi_filed){.statement = json_incref(statement),
                            .voided = json_object_get(all, "voided_by") != NULL,
                            .user = r->user,
                            .stored_us = r->at_us,
                            .version = r->version};
    json_decref(all);
    if (json_is_object(statement))
        return PIQ_OK;
    piq_xapi_filed_release(out);
    status = status ? status : PIQ_ECORRUPT;
    piq_fail(err, status, "a stored statement cannot be read");
    piq_err_at(err, "records");
    return status;
}

void piq_xapi_filed_release(piq_xapi_filed *f)
{
    json_decref(f->statement);
    f->statement = NULL;
}

piq_status piq_xapi_find(piq_store *s, piq_arena *a, uint32_t tenant,
                         const char *id, int64_t now_us, piq_xapi_filed *out,
                         piq_err *err)
{
    enum { AT_ONE_INSTANT = 64 };
    piq_record index, *found = NULL;
    size_t n = 0;
    *out = (piq_xapi_filed){0};
    piq_status status =
        s->ops->record(s, a, piq_xapi_nobody(tenant), PIQ_XAPI_INDEX_KIND,
                       piq_str_of(id), now_us, &index, err);
    if (status)
        return status;
    int64_t stored_us = -index.at_us;
    const piq_record_range range = {.kind = PIQ_XAPI_KIND,
                                    .user = {PIQ_ANY_USER},
                                    .now_us = now_us,
                                    .after_us = stored_us - 1,
                                    .after_user = {INT64_MAX},
                                    .until_us = stored_us + 1,
                                    .limit = AT_ONE_INSTANT};
    status = s->ops->records(s, a, &range, &found, &n, err);
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        if (!piq_str_eq(found[i].key, piq_str_of(id)) ||
            found[i].user.v >> PIQ_USER_BITS != (int64_t)tenant)
            continue;
        status = piq_xapi_open(&found[i], out, err);
        out->index_version = index.version;
        return status;
    }
    out->index_version = index.version;
    return status ? status
                  : piq_fail(err, PIQ_ENOTFOUND, "there is no such statement");
}
