/* models.c - the trained model in force: taken from the store, tied to the
 * catalogue, swapped while others go on with the one they hold.
 *
 * Asked for once a second (maintain.c) and whenever a catalogue comes into
 * force. A champion that cannot be read is refused, aloud and once, and the one
 * before it is used: as the registry tells who that was, it is the same model
 * in a process that had it in force and in one that has just started.
 */
#include "base/log.h"
#include "engine/engine_internal.h"
#include "store/registry.h"

#include <stdlib.h>

/* The bytes of a model, decoded; shared by its bindings. */
typedef struct shared_model {
    piq_kt_model *model;
    uint32_t version;
    uint64_t digest;
    atomic_uint refs;
} shared_model;

struct piq_model_hold {
    piq_tracing tracing;
    shared_model *shared;
    piq_kt_binding *binding;
    atomic_uint refs;
};

static void release_shared(shared_model *m)
{
    if (m && atomic_fetch_sub(&m->refs, 1) == 1) {
        piq_kt_model_free(m->model);
        free(m);
    }
}

void piq_model_release(piq_model_hold *h)
{
    if (h && atomic_fetch_sub(&h->refs, 1) == 1) {
        piq_kt_binding_free(h->binding);
        release_shared(h->shared);
        free(h);
    }
}

/* One reference more; NULL is allowed. */
static piq_model_hold *keep(piq_model_hold *h)
{
    if (h)
        atomic_fetch_add(&h->refs, 1);
    return h;
}

const piq_tracing *piq_model_tracing(const piq_model_hold *h)
{
    return h ? &h->tracing : NULL;
}

piq_judge piq_engine_judge(piq_engine *e, const piq_model_hold *h)
{
    return (piq_judge){.tracing = piq_model_tracing(h), .book = e->book};
}

const piq_kt_model *piq_model_of(const piq_model_hold *h)
{
    return h ? h->shared->model : NULL;
}

piq_model_hold *piq_engine_model(piq_engine *e)
{
    pthread_mutex_lock(&e->model_lock);
    piq_model_hold *h = keep(e->model);
    pthread_mutex_unlock(&e->model_lock);
    return h;
}

/* ---- making ------------------------------------------------------------ */

/* Takes over one reference of `m`. */
static piq_status bind(shared_model *m, const piq_catalogue *c,
                       piq_model_hold **out, piq_err *err)
{
    piq_model_hold *h = calloc(1, sizeof *h);
    if (!h || piq_kt_bind(m->model, c, &h->binding)) {
        free(h);
        piq_fail(err, PIQ_ENOMEM, "no memory to bind model %u", m->version);
        release_shared(m);
        return PIQ_ENOMEM;
    }
    h->shared = m;
    h->tracing = (piq_tracing){.model = m->version,
                               .catalogue = c->version,
                               .digest = m->digest,
                               .binding = h->binding};
    atomic_init(&h->refs, 1);
    *out = h;
    return PIQ_OK;
}

static piq_status read_model(piq_engine *e, uint32_t version,
                             shared_model **out, piq_err *err)
{
    piq_arena a;
    piq_model_row row = {0};
    shared_model *m = calloc(1, sizeof *m);
    if (!m)
        return piq_fail(err, PIQ_ENOMEM, "no memory for model %u", version);
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status =
        e->store->ops->model(e->store, &a, PIQ_MODEL_KT, version, &row, err);
    if (status == PIQ_OK)
        status = piq_kt_model_decode(row.body, &m->model, err);
    if (status == PIQ_OK)
        m->digest = piq_kt_model_digest(row.body);
    piq_arena_release(&a);
    if (status) {
        free(m);
        return status;
    }
    m->version = version;
    atomic_init(&m->refs, 1);
    *out = m;
    return PIQ_OK;
}

/* The model of `version`, from what is in force if it is that one. */
static piq_status find_model(piq_engine *e, uint32_t version,
                             shared_model **out, piq_err *err)
{
    piq_model_hold *now = piq_engine_model(e);
    shared_model *m = NULL;
    if (now && now->shared->version == version) {
        m = now->shared;
        atomic_fetch_add(&m->refs, 1);
    }
    piq_model_release(now);
    if (m) {
        *out = m;
        return PIQ_OK;
    }
    return read_model(e, version, out, err);
}

piq_status piq_engine_model_version(piq_engine *e, uint32_t model,
                                    uint32_t catalogue, piq_model_hold **out,
                                    piq_err *err)
{
    const piq_catalogue *c;
    shared_model *m = NULL;
    piq_status status = piq_engine_catalogue_version(e, catalogue, &c, err);
    if (status == PIQ_OK)
        status = find_model(e, model, &m, err);
    return m ? bind(m, c, out, err) : status;
}

/* ---- in force ---------------------------------------------------------- */

/* What the registry says, and what comes of it. */
typedef struct choice {
    uint32_t number;   /* of the newest row */
    uint32_t champion; /* the model it names; 0: none */
    uint32_t model;    /* the one that can be read; 0: none */
} choice;

static void put_in_force(piq_engine *e, piq_model_hold *h, choice c)
{
    pthread_mutex_lock(&e->model_lock);
    piq_model_hold *old = e->model;
    e->model = h;
    e->champion = c.number;
    pthread_mutex_unlock(&e->model_lock);
    piq_model_release(old);
    piq_metric_set(e->m.model_champion, c.champion);
    piq_metric_set(e->m.model_version, c.model);
}

static void tell_change(choice now, uint32_t catalogue)
{
    piq_log_field fields[] = {piq_log_int("model", now.model),
                              piq_log_int("champion", now.champion),
                              piq_log_int("catalogue", catalogue)};
    if (now.model != now.champion)
        piq_log(PIQ_LOG_WARN, 0,
                now.model ? "an earlier champion is in force"
                          : "no champion can be read, none is in force",
                fields, 3);
    else
        piq_log(PIQ_LOG_INFO, 0,
                now.model ? "trained model in force"
                          : "no trained model in force",
                fields, 3);
}

/* Once for each: the store may fail on the way, and all be tried again. */
static void refuse(piq_engine *e, uint32_t number, uint32_t row, uint32_t model,
                   const piq_err *why)
{
    if (e->refused_under == number && row >= e->refused_to)
        return;
    e->refused_under = number;
    e->refused_to = row;
    piq_log_field fields[] = {piq_log_int("model", model),
                              piq_log_z("status", piq_status_text(why->status)),
                              piq_log_z("error", why->message),
                              piq_log_z("hint", why->hint)};
    piq_log(PIQ_LOG_ERROR, 0, "a champion cannot be read", fields,
            why->hint[0] ? 4 : 3);
    piq_metric_add(e->m.models_refused, 1);
}

/* Whether this failure is the model's own: then it will not go away. */
static bool is_of_model(piq_status status)
{
    return status == PIQ_ECORRUPT || status == PIQ_EINVAL ||
           status == PIQ_ENOTFOUND || status == PIQ_ELIMIT;
}

/* *row becomes that of the champion before; where there is no telling who that
 * was, what is in force stays. */
static piq_status step_back(piq_engine *e, piq_registry_row *row, piq_err *err)
{
    piq_arena a;
    piq_err why = {0};
    piq_arena_init(&a, 0);
    piq_status status =
        piq_registry_before(e->store, &a, PIQ_MODEL_KT, row->number, row, &why);
    piq_arena_release(&a);
    if (status && is_of_model(status)) {
        piq_log_err(0, "earlier champions cannot be read", &why);
        row->model = e->model ? e->model->tracing.model : 0;
        return PIQ_OK;
    }
    if (status && err)
        *err = why;
    return status;
}

/* The champion, or the latest before it that can be read: what a rollback goes
 * back to, and again. *out NULL: none. */
static piq_status choose(piq_engine *e, choice *c, shared_model **out,
                         piq_err *err)
{
    piq_registry_row row = {c->number, c->champion};
    while (row.model && !*out) {
        piq_err why = {0};
        piq_status status = find_model(e, row.model, out, &why);
        if (status && is_of_model(status)) {
            refuse(e, c->number, row.number, row.model, &why);
            status = step_back(e, &row, &why);
        }
        if (status) {
            if (err)
                *err = why;
            return status;
        }
    }
    c->model = row.model;
    return PIQ_OK;
}

/* Under adopt_lock, without which nobody writes what of the engine is read
 * here. */
static piq_status adopt(piq_engine *e, const piq_catalogue *c, piq_err *err)
{
    choice now = {0};
    shared_model *shared = NULL;
    piq_model_hold *h = NULL;
    piq_status status = e->store->ops->champion(
        e->store, PIQ_MODEL_KT, &now.number, &now.champion, err);
    if (status)
        return status;
    bool is_new = e->champion != now.number;
    if (!is_new && (!e->model || e->model->tracing.catalogue == c->version))
        return PIQ_OK;
    if (is_new) {
        status = choose(e, &now, &shared, err);
    } else { /* the same, under a newer catalogue */
        now.model = e->model->tracing.model;
        shared = e->model->shared;
        atomic_fetch_add(&shared->refs, 1);
    }
    if (shared)
        status = bind(shared, c, &h, err);
    if (status)
        return status;
    put_in_force(e, h, now);
    tell_change(now, c->version);
    return PIQ_OK;
}

piq_status piq_engine_in_force(piq_engine *e, const piq_catalogue **c,
                               piq_model_hold **model, piq_err *err)
{
    for (;;) {
        *c = piq_engine_catalogue(e);
        *model = *c ? piq_engine_model(e) : NULL;
        if (!*model || (*model)->tracing.catalogue == (*c)->version)
            return PIQ_OK;
        piq_model_release(*model); /* a catalogue came in between */
        *model = NULL;
        piq_status status = piq_engine_adopt_model(e, err);
        if (status)
            return status;
    }
}

piq_status piq_engine_adopt_model(piq_engine *e, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    if (!c)
        return PIQ_OK;
    pthread_mutex_lock(&e->adopt_lock); /* one at a time, and not for readers */
    piq_status status = adopt(e, c, err);
    pthread_mutex_unlock(&e->adopt_lock);
    return status;
}

piq_status piq_engine_champion(piq_engine *e, piq_model_hold **out,
                               uint32_t *number, piq_err *err)
{
    piq_status status = piq_engine_adopt_model(e, err);
    if (status)
        return status;
    pthread_mutex_lock(&e->model_lock);
    *out = keep(e->model);
    *number = e->champion;
    pthread_mutex_unlock(&e->model_lock);
    return PIQ_OK;
}
