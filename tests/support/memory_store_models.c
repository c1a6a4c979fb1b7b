#include "support/memory_store_data.h"

#include <jansson.h>

static void drop(piq_str s)
{
    free((void *)(uintptr_t)s.ptr);
}

void memory_free_models(memory_data *d)
{
    for (size_t i = 0; i < d->models.n; i++) {
        piq_model_row *m = d->models.at[i];
        drop(m->kind);
        drop(m->about);
        drop(m->body);
        free(m);
    }
    for (size_t i = 0; i < d->champions.n; i++) {
        piq_champion_row *c = d->champions.at[i];
        drop(c->kind);
        drop(c->reason);
        free(c);
    }
    free(d->models.at);
    free(d->champions.at);
}

/* ---- looking ---------------------------------------------------------- */

/* NULL: none, or its body was dropped. */
static piq_model_row *whole_model(const memory_data *d, piq_str kind,
                                  uint32_t version)
{
    if (version < 1 || version > d->models.n)
        return NULL;
    piq_model_row *m = d->models.at[version - 1];
    return m->has_body && piq_str_eq(m->kind, kind) ? m : NULL;
}

/* NULL: there never was one. */
static const piq_champion_row *present(const memory_data *d, piq_str kind)
{
    for (size_t i = d->champions.n; i-- > 0;) {
        const piq_champion_row *c = d->champions.at[i];
        if (piq_str_eq(c->kind, kind))
            return c;
    }
    return NULL;
}

/* ---- models ---------------------------------------------------------- */

static bool is_json(piq_str s)
{
    json_t *json = json_loadb(s.ptr, s.len, JSON_DECODE_ANY, NULL);
    json_decref(json);
    return json != NULL;
}

piq_status memory_put_model(piq_store *s, piq_model_row *row, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    if (row->body.len > PIQ_STORE_MAX_MODEL_BYTES)
        return memory_end(d, PIQ_ELIMIT, err);
    if (!row->kind.len || !row->body.len || !is_json(row->about))
        return memory_end(d, PIQ_EINVAL, err);
    piq_model_row *m = memory_zeroed(sizeof *m);
    row->version = (uint32_t)d->models.n + 1;
    row->n_bytes = row->body.len;
    row->has_body = true;
    *m = *row;
    m->kind = memory_kept(row->kind);
    m->about = memory_kept(row->about);
    m->body = memory_kept(row->body);
    memory_list_add(&d->models, m);
    return memory_end(d, PIQ_OK, err);
}

piq_status memory_models(piq_store *s, piq_arena *a, piq_str kind,
                         piq_model_row **out, size_t *n, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_model_row, d->models.n);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < d->models.n && status == PIQ_OK; i++) {
        const piq_model_row *m = d->models.at[i];
        if (!piq_str_eq(m->kind, kind))
            continue;
        piq_model_row *row = &(*out)[(*n)++];
        *row = *m;
        row->body = (piq_str){NULL, 0};
        status = memory_give(a, (piq_str *[]){&row->kind, &row->about}, 2);
    }
    return memory_end(d, status, err);
}

piq_status memory_model(piq_store *s, piq_arena *a, piq_str kind,
                        uint32_t version, piq_model_row *out, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    const piq_champion_row *c = present(d, kind);
    if (version == 0 && c)
        version = c->model;
    const piq_model_row *m = whole_model(d, kind, version);
    if (!m)
        return memory_end(d, PIQ_ENOTFOUND, err);
    piq_model_row row = *m;
    status = memory_give(a, (piq_str *[]){&row.kind, &row.about, &row.body}, 3);
    if (status == PIQ_OK)
        *out = row;
    return memory_end(d, status, err);
}

piq_status memory_drop_model(piq_store *s, piq_str kind, uint32_t version,
                             piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    const piq_champion_row *c = present(d, kind);
    piq_model_row *m = whole_model(d, kind, version);
    if (!m)
        return memory_end(d, PIQ_ENOTFOUND, err);
    if (c && c->model == version)
        return memory_end(d, PIQ_ECONFLICT, err);
    drop(m->body);
    m->body = (piq_str){NULL, 0};
    m->has_body = false;
    return memory_end(d, PIQ_OK, err);
}

/* ---- champions ------------------------------------------------------- */

piq_status memory_promote(piq_store *s, const piq_champion_row *row,
                          piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    const piq_champion_row *last = present(d, row->kind);
    if (row->model && !whole_model(d, row->kind, row->model))
        return memory_end(d, PIQ_ENOTFOUND, err);
    if (row->number != (last ? last->number : 0) + 1)
        return memory_end(d, PIQ_ESTALE, err);
    if (row->previous >= row->number)
        return memory_end(d, PIQ_EINVAL, err);
    piq_champion_row *c = memory_zeroed(sizeof *c);
    *c = *row;
    c->kind = memory_kept(row->kind);
    c->reason = memory_kept(row->reason);
    memory_list_add(&d->champions, c);
    return memory_end(d, PIQ_OK, err);
}

piq_status memory_champions(piq_store *s, piq_arena *a, piq_str kind,
                            size_t limit, piq_champion_row **out, size_t *n,
                            piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_champion_row, d->champions.n);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = d->champions.n; i-- > 0 && *n < limit && !status;) {
        const piq_champion_row *c = d->champions.at[i];
        if (!piq_str_eq(c->kind, kind))
            continue;
        piq_champion_row *row = &(*out)[(*n)++];
        *row = *c;
        status = memory_give(a, (piq_str *[]){&row->kind, &row->reason}, 2);
    }
    return memory_end(d, status, err);
}

piq_status memory_champion(piq_store *s, piq_str kind, uint32_t *number,
                           uint32_t *model, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    const piq_champion_row *c = present(d, kind);
    *number = c ? c->number : 0;
    *model = c ? c->model : 0;
    return memory_end(d, PIQ_OK, err);
}
