#include "engine/voids.h"

#include "engine/engine_internal.h"

#include <stdlib.h>

enum { PIECE = 512 };

/* ---- markers ------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
    const piq_voided *x = a, *y = b;
    if (x->user.v != y->user.v)
        return x->user.v < y->user.v ? -1 : 1;
    return piq_str_cmp(x->event_id, y->event_id);
}

static int by_seq(const void *a, const void *b)
{
    const piq_voided *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static piq_status read_marker(const piq_record *r, piq_voided *out,
                              piq_err *err)
{
    *out = (piq_voided){.user = r->user, .event_id = r->key};
    if (piq_str_to_i64(r->document, &out->seq))
        return PIQ_OK;
    piq_fail(err, PIQ_ECORRUPT, "the record of a voided event is no number");
    piq_err_at(err, "records");
    return PIQ_ECORRUPT;
}

static piq_status add_markers(piq_arena *a, piq_voids *v, size_t *cap,
                              const piq_record *rows, size_t n, piq_err *err)
{
    piq_status status = PIQ_OK;
    if (v->n + n > *cap) {
        size_t more = 2 * (v->n + n);
        piq_voided *list = piq_new(a, piq_voided, more);
        if (!list)
            return piq_fail(err, PIQ_ENOMEM, "no memory for voided events");
        if (v->n)
            memcpy(list, v->list, v->n * sizeof *list);
        v->list = list;
        *cap = more;
    }
    for (size_t i = 0; i < n && status == PIQ_OK; i++)
        status = read_marker(&rows[i], &v->list[v->n++], err);
    return status;
}

piq_status piq_voids_read(piq_engine *e, piq_arena *a, piq_user_id user,
                          int64_t since_us, piq_voids *out, piq_err *err)
{
    size_t n = PIECE, cap = 0;
    piq_status status = PIQ_OK;
    piq_record_range range = {.kind = PIQ_RECORD_VOIDED,
                              .user = user,
                              .now_us = INT64_MIN,
                              .after_us = since_us == INT64_MIN ? INT64_MIN
                                                                : since_us - 1,
                              .after_user = {INT64_MAX},
                              .until_us = INT64_MAX,
                              .limit = PIECE};
    *out = (piq_voids){0};
    while (n == PIECE && status == PIQ_OK) {
        piq_record *rows;
        n = 0;
        status = e->store->ops->records(e->store, a, &range, &rows, &n, err);
        if (status == PIQ_OK && n) {
            range.after_us = rows[n - 1].at_us;
            range.after_user = rows[n - 1].user;
            range.after_key = rows[n - 1].key;
            status = add_markers(a, out, &cap, rows, n, err);
        }
    }
    if (out->n)
        qsort(out->list, out->n, sizeof *out->list, by_id);
    return status;
}

bool piq_voids_has(const piq_voids *v, piq_user_id user, piq_str event_id)
{
    const piq_voided key = {user, event_id, 0};
    return v->n && bsearch(&key, v->list, v->n, sizeof key, by_id) != NULL;
}

void piq_voids_order_by_seq(piq_voids *v)
{
    if (v->n)
        qsort(v->list, v->n, sizeof *v->list, by_seq);
}

bool piq_voids_has_seq(const piq_voids *v, int64_t seq)
{
    const piq_voided key = {.seq = seq};
    return v->n && bsearch(&key, v->list, v->n, sizeof key, by_seq) != NULL;
}
