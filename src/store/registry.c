#include "store/registry.h"

#include <inttypes.h>

piq_status piq_registry_promote(piq_store *s, const piq_registry_step *step,
                                uint32_t version, uint32_t after, piq_err *err)
{
    uint32_t present = 0, model = 0;
    piq_status st = s->ops->champion(s, step->kind, &present, &model, err);
    if (st != PIQ_OK)
        return st;
    if (version != 0 && model == version)
        return piq_fail(err, PIQ_ECONFLICT,
                        "version %" PRIu32 " is the champion already", version);
    piq_champion_row row = {.number = after + 1,
                            .kind = step->kind,
                            .model = version,
                            .previous = after,
                            .at_us = step->at_us,
                            .reason = step->reason};
    return s->ops->promote(s, &row, err);
}

typedef struct registry {
    const piq_model_row *models; /* ascending */
    size_t n_models;
    const piq_champion_row *champions; /* newest first, all of them */
    size_t n_champions;
} registry;

static piq_status read_registry(piq_store *s, piq_arena *a, piq_str kind,
                                registry *out, piq_err *err)
{
    piq_model_row *models = NULL;
    piq_champion_row *champions = NULL;
    piq_status st = s->ops->models(s, a, kind, &models, &out->n_models, err);
    if (st == PIQ_OK)
        st = s->ops->champions(s, a, kind, SIZE_MAX, &champions,
                               &out->n_champions, err);
    out->models = models;
    out->champions = champions;
    return st;
}

/* Numbers are 1, 2, .. without a gap. NULL for 0. */
static const piq_champion_row *row_of(const registry *r, uint32_t number)
{
    return number >= 1 && number <= r->n_champions
               ? &r->champions[r->n_champions - number]
               : NULL;
}

static bool has_body(const registry *r, uint32_t version)
{
    for (size_t i = 0; i < r->n_models; i++)
        if (r->models[i].version == version)
            return r->models[i].has_body;
    return false;
}

/* The row to go back to; NULL: to no model. Ends, as `previous` is below the
 * row's own number. */
static const piq_champion_row *target_of(const registry *r,
                                         const piq_champion_row *present)
{
    const piq_champion_row *at = row_of(r, present->previous);
    while (at != NULL && at->model != 0 && !has_body(r, at->model))
        at = row_of(r, at->previous);
    return at;
}

piq_status piq_registry_rollback(piq_store *s, piq_arena *scratch,
                                 const piq_registry_step *step, uint32_t *model,
                                 piq_err *err)
{
    registry r = {0};
    piq_status st = read_registry(s, scratch, step->kind, &r, err);
    if (st != PIQ_OK)
        return st;
    if (r.n_champions == 0 || r.champions[0].model == 0)
        return piq_fail(err, PIQ_ENOTFOUND,
                        "could not roll back: no model is champion");
    const piq_champion_row *target = target_of(&r, &r.champions[0]);
    piq_champion_row row = {.number = r.champions[0].number + 1,
                            .kind = step->kind,
                            .at_us = step->at_us,
                            .reason = step->reason};
    if (target != NULL) {
        row.model = target->model;
        row.previous = target->previous;
    }
    st = s->ops->promote(s, &row, err);
    if (st == PIQ_OK)
        *model = row.model;
    return st;
}

piq_status piq_registry_before(piq_store *s, piq_arena *scratch, piq_str kind,
                               uint32_t number, piq_registry_row *out,
                               piq_err *err)
{
    registry r = {0};
    piq_status st = read_registry(s, scratch, kind, &r, err);
    if (st != PIQ_OK)
        return st;
    const piq_champion_row *from = row_of(&r, number);
    const piq_champion_row *to = from != NULL ? target_of(&r, from) : NULL;
    *out = to != NULL ? (piq_registry_row){to->number, to->model}
                      : (piq_registry_row){0};
    return PIQ_OK;
}

/* Whether it is among the newest `keep` that were champion. */
static bool was_champion(const registry *r, uint32_t version, size_t keep)
{
    uint32_t before = 0;
    for (size_t i = 0, n = 0; i < r->n_champions; i++) {
        uint32_t model = r->champions[i].model;
        n += model != 0 && model != before;
        before = model;
        if (n > keep)
            return false;
        if (model == version)
            return true;
    }
    return false;
}

piq_status piq_registry_thin_out(piq_store *s, piq_arena *scratch, piq_str kind,
                                 int64_t before_us, size_t keep,
                                 size_t *n_dropped, piq_err *err)
{
    registry r = {0};
    size_t n = 0;
    piq_status st = read_registry(s, scratch, kind, &r, err);
    size_t n_old = r.n_models > keep ? r.n_models - keep : 0;
    for (size_t i = 0; st == PIQ_OK && i < n_old; i++) {
        const piq_model_row *m = &r.models[i];
        if (!m->has_body || m->made_us >= before_us ||
            was_champion(&r, m->version, keep))
            continue;
        piq_err why = {0};
        st = s->ops->drop_model(s, kind, m->version, &why);
        /* Promoted, or dropped by somebody else, since we looked. */
        if (st == PIQ_ECONFLICT || st == PIQ_ENOTFOUND)
            st = PIQ_OK;
        else if (st == PIQ_OK)
            n++;
        else if (err != NULL)
            *err = why;
    }
    if (n_dropped != NULL)
        *n_dropped = n;
    return st;
}
