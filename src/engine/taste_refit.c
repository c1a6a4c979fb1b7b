#include "engine/taste_refit.h"

#include "engine/engine_internal.h"
#include "engine/tastes.h"
#include "insight/inputs.h"
#include "train/taste_fit.h"

#include <stdlib.h>

enum { USERS_PIECE = 1024 };

typedef struct fitting {
    piq_engine *engine;
    const atomic_bool *stop;
    const piq_catalogue *catalogue;
    piq_model_hold *model; /* that states are read under */
    piq_arena keep;
    uint32_t *item; /* [n_contents] position by ascending id */
    int64_t *ids;   /* [n_contents] ascending */
    piq_taste_concepts concepts;
    piq_taste_event *events; /* heap */
    size_t n, cap;
    uint32_t n_learners;
} fitting;

static bool is_stopped(const fitting *f)
{
    return f->stop && atomic_load(f->stop);
}

/* ---- contents as items --------------------------------------------------- */

typedef struct place {
    int64_t id;
    uint32_t content;
} place;

static int by_id(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static piq_status list_concepts(fitting *f, const place *places)
{
    const piq_catalogue *c = f->catalogue;
    size_t total = 0, n = 0;
    for (size_t i = 0; i < c->n_contents; i++)
        total += c->contents[i].n_concepts;
    size_t *first = piq_new(&f->keep, size_t, c->n_contents + 1);
    uint32_t *concept = piq_new(&f->keep, uint32_t, total);
    float *weight = piq_new(&f->keep, float, total);
    if (!first || !concept || !weight)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *x = &c->contents[places[i].content];
        first[i] = n;
        for (size_t k = 0; k < x->n_concepts; k++) {
            if (!(x->concepts[k].weight > 0))
                continue;
            concept[n] = x->concepts[k].concept.v;
            weight[n++] = (float)x->concepts[k].weight;
        }
    }
    first[c->n_contents] = n;
    f->concepts = (piq_taste_concepts){first, concept, weight};
    return PIQ_OK;
}

static piq_status list_items(fitting *f)
{
    const piq_catalogue *c = f->catalogue;
    place *places = piq_new(&f->keep, place, c->n_contents);
    f->item = piq_new(&f->keep, uint32_t, c->n_contents);
    f->ids = piq_new(&f->keep, int64_t, c->n_contents);
    if (!places || !f->item || !f->ids)
        return PIQ_ENOMEM;
    for (uint32_t i = 0; i < c->n_contents; i++)
        places[i] = (place){c->contents[i].id.v, i};
    if (c->n_contents)
        qsort(places, c->n_contents, sizeof *places, by_id);
    for (uint32_t i = 0; i < c->n_contents; i++) {
        f->ids[i] = places[i].id;
        f->item[places[i].content] = i;
    }
    return list_concepts(f, places);
}

/* ---- what learners took up ----------------------------------------------- */

static piq_status add_learner(fitting *f, const piq_learner *l,
                              piq_liked_content *liked)
{
    size_t n = piq_liked_contents(l, f->catalogue, liked);
    if (n == 0)
        return PIQ_OK;
    if (f->n + n > f->cap) {
        size_t cap = 2 * (f->cap + n) + 1024;
        piq_taste_event *more = realloc(f->events, cap * sizeof *more);
        if (!more)
            return PIQ_ENOMEM;
        f->events = more;
        f->cap = cap;
    }
    for (size_t i = 0; i < n; i++)
        f->events[f->n++] =
            (piq_taste_event){.at_us = liked[i].at_us,
                              .learner = f->n_learners,
                              .item = f->item[liked[i].content.v],
                              .weight = liked[i].weight};
    f->n_learners++;
    return PIQ_OK;
}

/* One whose state cannot be read is left out: a fit is no place to mend it. */
static piq_status read_learner(fitting *f, piq_arena *a, piq_user_id user,
                               piq_liked_content *liked, piq_err *err)
{
    piq_store *store = f->engine->store;
    piq_learner *l = NULL;
    piq_str body;
    int64_t version;
    piq_status status = store->ops->state(store, a, user, &version, &body, err);
    if (status == PIQ_OK)
        status = piq_engine_decode(f->engine, user, piq_model_tracing(f->model),
                                   body, version, &l, err);
    if (status == PIQ_OK) {
        status = add_learner(f, l, liked);
        piq_learner_free(l);
    }
    return status == PIQ_ENOTFOUND || status == PIQ_ECORRUPT ? PIQ_OK : status;
}

static piq_status read_learners(fitting *f, piq_err *err)
{
    piq_store *store = f->engine->store;
    piq_liked_content *liked =
        piq_new(&f->keep, piq_liked_content, f->catalogue->n_contents);
    piq_user_id after = {0};
    size_t n = USERS_PIECE;
    piq_arena users, a;
    piq_status status = liked ? PIQ_OK : PIQ_ENOMEM;
    piq_arena_init(&users, 0);
    piq_arena_init(&a, 0);
    while (n == USERS_PIECE && status == PIQ_OK && !is_stopped(f)) {
        piq_user_id *list;
        piq_arena_clear(&users);
        status = store->ops->users(store, &users, after, USERS_PIECE, &list, &n,
                                   err);
        for (size_t i = 0; i < n && status == PIQ_OK && !is_stopped(f); i++) {
            piq_arena_clear(&a);
            status = read_learner(f, &a, list[i], liked, err);
            after = list[i];
        }
    }
    piq_arena_release(&users);
    piq_arena_release(&a);
    return status;
}

/* ---- the model ----------------------------------------------------------- */

static void write_about(const piq_taste_fit_report *r, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_int(&w, "learners", (int64_t)r->learners);
    piq_json_put_int(&w, "events", (int64_t)r->events);
    piq_json_put_fixed(&w, "lambda", r->lambda, 4);
    piq_json_put_fixed(&w, "valid_ndcg", r->valid_ndcg, 6);
    piq_json_object_end(&w);
}

static piq_status crown(piq_engine *e, const piq_taste *m, int64_t now_us,
                        piq_taste_fit_report *r, piq_err *err)
{
    piq_store *store = e->store;
    piq_buf body, about;
    uint32_t number, version;
    piq_buf_init(&body, piq_taste_bytes(m));
    piq_buf_init(&about, 0);
    piq_taste_encode(m, &body);
    write_about(r, &about);
    piq_model_row row = {.kind = PIQ_MODEL_TASTE,
                         .made_us = now_us,
                         .digest = piq_hash_bytes(body.ptr, body.len),
                         .about = {about.ptr, about.len},
                         .body = {body.ptr, body.len}};
    piq_status status = body.status ? body.status : about.status;
    if (status)
        piq_fail(err, status, "no memory for a taste model");
    if (status == PIQ_OK)
        status = store->ops->champion(store, PIQ_MODEL_TASTE, &number, &version,
                                      err);
    if (status == PIQ_OK)
        status = store->ops->put_model(store, &row, err);
    if (status == PIQ_OK) {
        piq_champion_row champion = {.number = number + 1,
                                     .kind = PIQ_MODEL_TASTE,
                                     .model = row.version,
                                     .at_us = now_us,
                                     .reason = PIQ_STR("fitted anew")};
        status = store->ops->promote(store, &champion, err);
        r->version = row.version;
    }
    piq_buf_release(&body);
    piq_buf_release(&about);
    return status;
}

static piq_status fit(fitting *f, int64_t now_us, piq_taste_fit_report *r,
                      piq_err *err)
{
    piq_taste_log log = {.list = f->events,
                         .n = f->n,
                         .n_learners = f->n_learners,
                         .n_items = (uint32_t)f->catalogue->n_contents,
                         .ids = f->ids,
                         .concepts = &f->concepts};
    piq_taste_options options = piq_taste_option_defaults();
    piq_taste *m;
    options.threads = 1; /* beside a server */
    piq_status status = piq_taste_fit(&log, &options, &m, err);
    if (status)
        return status;
    *r =
        (piq_taste_fit_report){.learners = f->n_learners,
                               .events = f->n,
                               .lambda = piq_taste_about_of(m)->lambda,
                               .valid_ndcg = piq_taste_about_of(m)->valid_ndcg};
    status = crown(f->engine, m, now_us, r, err);
    piq_taste_free(m);
    return status;
}

piq_status piq_engine_fit_taste(piq_engine *e, int64_t now_us,
                                const atomic_bool *stop,
                                piq_taste_fit_report *out, piq_err *err)
{
    fitting f = {.engine = e, .stop = stop};
    *out = (piq_taste_fit_report){.version = 0};
    piq_status status = piq_engine_in_force(e, &f.catalogue, &f.model, err);
    if (status == PIQ_OK && !f.catalogue)
        status = piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    if (status)
        return status;
    piq_arena_init(&f.keep, (size_t)1 << 30);
    status = list_items(&f);
    if (status)
        piq_fail(err, status, "no memory to fit tastes");
    else
        status = read_learners(&f, err);
    if (status == PIQ_OK && f.n && !is_stopped(&f))
        status = fit(&f, now_us, out, err);
    free(f.events);
    piq_arena_release(&f.keep);
    piq_model_release(f.model);
    return status == PIQ_OK && out->version ? piq_engine_adopt_taste(e, err)
                                            : status;
}
