/* foresight_json.c - a foresight as JSON. Shape: api/openapi.yaml. */
#include "domain/foresight.h"

#include <math.h>

piq_direction piq_direction_of(double logit)
{
    if (fabs(logit) < PIQ_TELLING_LOGIT)
        return PIQ_HARDLY_CHANGES;
    return logit < 0.0 ? PIQ_LOWERS : PIQ_RAISES;
}

static const char *direction_name(piq_direction d)
{
    switch (d) {
    case PIQ_LOWERS:
        return "lowers";
    case PIQ_HARDLY_CHANGES:
        return "hardly_changes";
    case PIQ_RAISES:
        return "raises";
    }
    return "hardly_changes";
}

static void write_concept(const piq_foresight_concept *k,
                          const piq_catalogue *c, piq_json_writer *w)
{
    const piq_concept *concept = &c->concepts[k->concept.v];
    piq_json_object(w);
    piq_json_put_str(w, "concept", concept->id);
    piq_json_put_str(w, "name", concept->name);
    piq_json_put_fixed(w, "weight", k->weight, 4);
    piq_json_put_fixed(w, "mastery", k->mastery, 4);
    piq_json_put_fixed(w, "low_80", k->low80, 4);
    piq_json_put_fixed(w, "high_80", k->high80, 4);
    piq_json_put_fixed(w, "low_90", k->low90, 4);
    piq_json_put_fixed(w, "high_90", k->high90, 4);
    piq_json_put_fixed(w, "evidence", k->evidence, 2);
    piq_json_put_int(w, "answers", k->n_answers);
    piq_json_object_end(w);
}

static void write_model(const piq_foresight_model *m, piq_json_writer *w)
{
    piq_json_put_z(w, "source", m->version ? "trained" : "belief");
    piq_json_key(w, "model");
    if (!m->version) {
        piq_json_null(w);
        return;
    }
    piq_json_object(w);
    piq_json_put_int(w, "version", m->version);
    piq_json_put_time(w, "made_at", m->made_us);
    piq_json_put_int(w, "trained_on", (int64_t)m->n_answers);
    piq_json_object_end(w);
}

/* All digits, so that the sum can be checked by whoever reads it. */
static void write_reasons(const piq_foresight *f, piq_json_writer *w)
{
    piq_json_put_double(w, "logit", f->logit);
    piq_json_key(w, "base");
    piq_json_object(w);
    piq_json_put_double(w, "logit", f->base);
    piq_json_put_z(w, "text", f->base_text);
    piq_json_object_end(w);
    piq_json_key(w, "why");
    piq_json_array(w);
    for (size_t i = 0; i < f->n_why; i++) {
        const piq_reason *r = &f->why[i];
        piq_json_object(w);
        piq_json_put_z(w, "group", r->group);
        piq_json_put_z(w, "name", r->name);
        piq_json_put_double(w, "logit", r->logit);
        piq_json_put_z(w, "direction",
                       direction_name(piq_direction_of(r->logit)));
        piq_json_put_z(w, "text", r->text);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

void piq_foresight_write(const piq_foresight *f, const piq_catalogue *c,
                         piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_id(w, "userId", piq_user_outer(f->user));
    piq_json_put_int(w, "version", f->version);
    piq_json_put_time(w, "as_of", f->as_of_us);
    piq_json_key(w, "item");
    if (f->item.v == PIQ_NO_IX32)
        piq_json_null(w);
    else
        piq_json_int(w, c->items[f->item.v].id.v);
    piq_json_put_bool(w, "retired", f->retired);
    piq_json_key(w, "concepts");
    piq_json_array(w);
    for (size_t i = 0; i < f->n_concepts; i++)
        write_concept(&f->concepts[i], c, w);
    piq_json_array_end(w);
    piq_json_put_double(w, "predicted_success", f->predicted);
    write_model(&f->model, w);
    write_reasons(f, w);
    piq_json_object_end(w);
}
