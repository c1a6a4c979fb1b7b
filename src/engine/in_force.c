#include "engine/in_force.h"

#include "base/log.h"

void piq_in_force_init(piq_in_force *f)
{
    *f = (piq_in_force){.now = NULL};
    pthread_mutex_init(&f->lock, NULL);
}

void piq_in_force_destroy(piq_in_force *f)
{
    piq_hold_release(f->now);
    pthread_mutex_destroy(&f->lock);
}

void piq_hold_release(piq_hold *h)
{
    if (h && atomic_fetch_sub(&h->refs, 1) == 1)
        h->free(h);
}

uint32_t piq_hold_version(const piq_hold *h)
{
    return h ? h->version : 0;
}

piq_hold *piq_in_force_now(piq_in_force *f)
{
    pthread_mutex_lock(&f->lock);
    piq_hold *h = f->now;
    if (h)
        atomic_fetch_add(&h->refs, 1);
    pthread_mutex_unlock(&f->lock);
    return h;
}

static piq_status read_version(piq_store *store, const piq_hold_kind *kind,
                               uint32_t version, piq_hold **out, piq_err *err)
{
    piq_arena a;
    piq_model_row row;
    piq_arena_init(&a, kind->arena_bytes);
    piq_status status =
        store->ops->model(store, &a, kind->kind, version, &row, err);
    if (status == PIQ_OK)
        status = kind->read(&a, row.body, out, err);
    piq_arena_release(&a);
    if (status)
        return status;
    atomic_init(&(*out)->refs, 1);
    (*out)->version = version;
    (*out)->free = kind->free;
    return PIQ_OK;
}

piq_status piq_in_force_version(piq_in_force *f, piq_store *store,
                                const piq_hold_kind *kind, uint32_t version,
                                piq_hold **out, piq_err *err)
{
    *out = NULL;
    if (!version)
        return PIQ_OK;
    piq_hold *now = piq_in_force_now(f);
    if (piq_hold_version(now) == version) {
        *out = now;
        return PIQ_OK;
    }
    piq_hold_release(now);
    return read_version(store, kind, version, out, err);
}

static void put(piq_in_force *f, uint32_t number, piq_hold *h)
{
    pthread_mutex_lock(&f->lock);
    piq_hold *old = f->now;
    f->now = h;
    f->champion = number;
    pthread_mutex_unlock(&f->lock);
    piq_hold_release(old);
}

/* The row counts as seen; what was in force stays. */
static void refuse(piq_in_force *f, uint32_t number)
{
    pthread_mutex_lock(&f->lock);
    f->champion = number;
    pthread_mutex_unlock(&f->lock);
}

/* What reading it again the next second would not mend. */
static bool unreadable(piq_status status)
{
    return status == PIQ_ECORRUPT || status == PIQ_EINVAL ||
           status == PIQ_ENOTFOUND || status == PIQ_ELIMIT;
}

piq_status piq_in_force_adopt(piq_in_force *f, piq_store *store,
                              const piq_hold_kind *kind, piq_err *err)
{
    uint32_t number, version;
    piq_hold *h = NULL;
    piq_err why = {0};
    piq_status status =
        store->ops->champion(store, kind->kind, &number, &version, err);
    pthread_mutex_lock(&f->lock);
    bool same = f->champion == number;
    pthread_mutex_unlock(&f->lock);
    if (status || same)
        return status;
    status = piq_in_force_version(f, store, kind, version, &h, &why);
    if (unreadable(status)) {
        refuse(f, number);
        piq_log_err(0, kind->refused, &why);
        return PIQ_OK;
    }
    if (status) {
        if (err)
            *err = why;
        return status;
    }
    put(f, number, h);
    piq_log_field fields[] = {piq_log_int(kind->name, version)};
    piq_log(PIQ_LOG_INFO, 0, kind->in_force, fields, 1);
    return PIQ_OK;
}
