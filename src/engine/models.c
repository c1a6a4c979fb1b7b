/* models.c - the trained model in force: taken from the store, tied to the
 * catalogue, swapped while others go on with the one they hold.
 *
 * Asked for once a second (maintain.c) and whenever a catalogue comes into
 * force. A champion that cannot be read is refused, aloud and once, and what
 * was in force stays.
 */
#include "base/log.h"
#include "engine/engine_internal.h"

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

piq_model_hold *piq_model_keep(piq_model_hold *h)
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

const piq_kt_about *piq_model_about(const piq_model_hold *h)
{
    return &h->shared->model->about;
}

piq_model_hold *piq_engine_model(piq_engine *e)
{
    pthread_mutex_lock(&e->model_lock);
    piq_model_hold *h = piq_model_keep(e->model);
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

static void put_in_force(piq_engine *e, piq_model_hold *h, uint32_t number)
{
    pthread_mutex_lock(&e->model_lock);
    piq_model_hold *old = e->model;
    e->model = h;
    e->champion = number;
    e->refused_champion = 0;
    pthread_mutex_unlock(&e->model_lock);
    piq_model_release(old);
    piq_metric_set(e->m.model_version, h ? (double)h->tracing.model : 0);
}

static void tell_change(uint32_t model, uint32_t catalogue)
{
    piq_log_field fields[] = {piq_log_int("model", model),
                              piq_log_int("catalogue", catalogue)};
    piq_log(PIQ_LOG_INFO, 0,
            model ? "trained model in force" : "no trained model in force",
            fields, 2);
}

/* The champion's number and model as they are now; what is in force already
 * needs nothing. */
static bool is_in_force(piq_engine *e, uint32_t number, uint32_t model,
                        const piq_catalogue *c)
{
    pthread_mutex_lock(&e->model_lock);
    bool same = e->champion == number &&
                (e->model ? e->model->tracing.model == model &&
                                e->model->tracing.catalogue == c->version
                          : model == 0);
    bool refused = number != 0 && e->refused_champion == number;
    /* A refused one leaves the old model in force, which still follows the
     * catalogue. */
    if (refused)
        same = !e->model || e->model->tracing.catalogue == c->version;
    pthread_mutex_unlock(&e->model_lock);
    return same;
}

static void refuse(piq_engine *e, uint32_t number, const piq_err *why)
{
    pthread_mutex_lock(&e->model_lock);
    bool again = e->refused_champion == number;
    e->refused_champion = number;
    pthread_mutex_unlock(&e->model_lock);
    if (!again)
        piq_log_err(0, "the new model is refused, the old one stays", why);
    piq_metric_add(e->m.models_refused, !again);
}

/* Whether this failure is the model's own: then it will not go away. */
static bool is_of_model(piq_status status)
{
    return status == PIQ_ECORRUPT || status == PIQ_EINVAL ||
           status == PIQ_ENOTFOUND || status == PIQ_ELIMIT;
}

static uint32_t wanted_model(piq_engine *e, uint32_t number, uint32_t model)
{
    pthread_mutex_lock(&e->model_lock);
    bool refused = number != 0 && e->refused_champion == number;
    uint32_t wanted =
        refused ? (e->model ? e->model->tracing.model : 0) : model;
    pthread_mutex_unlock(&e->model_lock);
    return wanted;
}

static piq_status adopt(piq_engine *e, const piq_catalogue *c, piq_err *err)
{
    uint32_t number, model;
    shared_model *shared = NULL;
    piq_model_hold *h = NULL;
    piq_status status =
        e->store->ops->champion(e->store, PIQ_MODEL_KT, &number, &model, err);
    if (status || is_in_force(e, number, model, c))
        return status;
    uint32_t wanted = wanted_model(e, number, model);
    if (wanted) {
        piq_err why = {0};
        status = find_model(e, wanted, &shared, &why);
        if (status && is_of_model(status)) {
            refuse(e, number, &why);
            return PIQ_OK;
        }
        if (status && err)
            *err = why;
        if (shared)
            status = bind(shared, c, &h, err);
        if (status)
            return status;
    }
    if (wanted == model) {
        put_in_force(e, h, number);
        tell_change(model, c->version);
        return PIQ_OK;
    }
    /* Still the refused champion's predecessor, under a newer catalogue. */
    uint32_t refused = number;
    put_in_force(e, h, e->champion);
    pthread_mutex_lock(&e->model_lock);
    e->refused_champion = refused;
    pthread_mutex_unlock(&e->model_lock);
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
