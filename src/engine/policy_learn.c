/* policy_learn.c - learning the weights from the log of slates.
 *
 * A slate's outcomes are final three days after it was served: then they are
 * learned from for good, slate after slate, and the place is remembered. What
 * is younger is looked at anew each time, with whatever became of it by now, on
 * top of what is final. So the log is read once, a feedback that is changed or
 * comes late is learned from as it stands, and the same log at the same time
 * gives the same policy.
 *
 * What is remembered has learners in it who may be erased since: then the log
 * that is left is learned from its beginning, and where it has nothing, the
 * weights set by hand come back into force (erase.h).
 *
 * At most MAX_YOUNG young slates are read at once: where three days have more,
 * the newest wait.
 */
#include "base/calendar.h"
#include "base/log.h"
#include "base/map.h"
#include "engine/engine_internal.h"
#include "engine/erase.h"
#include "engine/pause.h"
#include "engine/policy.h"
#include "engine/slate_log.h"
#include "recommend/reward.h"

#include <stdlib.h>

enum { PIECE = 64, MAX_YOUNG = 20000, FINAL_DAYS = 3, TERMS_FORMAT = 2 };

typedef struct tallies {
    piq_content_tally *at;
    size_t n, room;
    piq_map of; /* content id -> position */
} tallies;

typedef struct learning {
    piq_engine *engine;
    const piq_catalogue *catalogue;
    int64_t now_us;
    piq_arena keep; /* what lives as long as the learning */
    piq_bayes *model;
    tallies tally;
    int64_t after;  /* slates up to here are final */
    double n_known; /* outcomes that the champion knows */
    /* As they were when the first young slate came. */
    bool young;
    bool anew; /* learners were erased: nothing learned is gone on from */
    piq_str regression;
    const piq_content_tally *final;
    size_t n_final;
} learning;

/* ---- tallies ------------------------------------------------------------- */

static piq_status tally_add(tallies *t, const piq_content_tally *x)
{
    uint64_t at;
    if (!piq_map_get(&t->of, (uint64_t)x->content.v, &at)) {
        if (t->n == t->room) {
            size_t room = 2 * t->room + 64;
            piq_content_tally *more = realloc(t->at, room * sizeof *more);
            if (!more)
                return PIQ_ENOMEM;
            t->at = more;
            t->room = room;
        }
        if (piq_map_put(&t->of, (uint64_t)x->content.v, t->n))
            return PIQ_ENOMEM;
        at = t->n++;
        t->at[at] = (piq_content_tally){.content = x->content};
    }
    t->at[at].n += x->n;
    t->at[at].sum += x->sum;
    return PIQ_OK;
}

static int by_content(const void *a, const void *b)
{
    int64_t x = ((const piq_content_tally *)a)->content.v;
    int64_t y = ((const piq_content_tally *)b)->content.v;
    return (x > y) - (x < y);
}

/* A sorted copy in `a`; NULL: no memory. */
static const piq_content_tally *tally_copy(const tallies *t, piq_arena *a)
{
    piq_content_tally *copy = piq_new(a, piq_content_tally, t->n);
    if (!copy || !t->n)
        return copy;
    memcpy(copy, t->at, t->n * sizeof *copy);
    qsort(copy, t->n, sizeof *copy, by_content);
    return copy;
}

static double tally_total(const piq_content_tally *t, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += t[i].n;
    return total;
}

/* ---- from the champion --------------------------------------------------- */

static piq_status go_on_from(learning *l, const piq_policy_body *body)
{
    piq_status status = piq_bayes_decode(l->model, body->regression);
    for (size_t i = 0; i < body->n_final && status == PIQ_OK; i++)
        status = tally_add(&l->tally, &body->final[i]);
    l->after = body->after;
    l->n_known = tally_total(body->tally, body->n_tally);
    return status;
}

/* Where the champion cannot be read, all is learned anew. */
static piq_status begin(learning *l, piq_err *err)
{
    piq_store *store = l->engine->store;
    piq_bayes_prior prior;
    piq_model_row row;
    piq_policy_body body;
    piq_err why = {0};
    piq_recommend_prior(&prior);
    if (piq_bayes_new(&l->keep, &prior, &l->model))
        return piq_fail(err, PIQ_ENOMEM, "no memory to learn a policy");
    if (l->anew)
        return PIQ_OK;
    piq_status status =
        store->ops->model(store, &l->keep, PIQ_MODEL_POLICY, 0, &row, &why);
    if (status == PIQ_OK)
        status = piq_policy_body_read(&l->keep, row.body, &body, &why);
    if (status == PIQ_OK)
        status = go_on_from(l, &body);
    if (status == PIQ_ENOTFOUND || status == PIQ_EINVAL ||
        status == PIQ_ECORRUPT)
        return PIQ_OK;
    if (status && err)
        *err = why;
    return status;
}

/* ---- the log ------------------------------------------------------------- */

static piq_status learn_shown(learning *l, const piq_slate_record *slate,
                              const piq_logged_choice *shown,
                              const piq_outcome *outcome)
{
    double x[PIQ_N_TERMS];
    piq_content_ix content;
    piq_reward r = piq_reward_of(outcome->action, outcome->feedback_score,
                                 l->now_us - slate->row.served_us);
    if (r.weight == 0 ||
        !piq_catalogue_find_content(l->catalogue, shown->content, &content))
        return PIQ_OK;
    piq_recommend_features(shown->terms, x);
    piq_bayes_example e = {.type = l->catalogue->contents[content.v].type,
                           .x = x,
                           .reward = r.value,
                           .weight = r.weight,
                           .day = slate->row.served_us / PIQ_US_PER_DAY};
    if (piq_bayes_learn(l->model, &e))
        return PIQ_OK; /* not a row of ours: nothing is learned from it */
    return tally_add(&l->tally,
                     &(piq_content_tally){.content = shown->content,
                                          .n = r.weight,
                                          .sum = r.weight * r.value});
}

static bool was_paused(piq_str request)
{
    return memmem(request.ptr, request.len, PIQ_SLATE_PAUSED.ptr,
                  PIQ_SLATE_PAUSED.len) != NULL;
}

/* Rows of format 1 tell eight terms only; they are left out. So are those of
 * learners whose profiling was paused. */
static piq_status learn_slate(learning *l, piq_arena *a,
                              const piq_slate_record *slate)
{
    piq_slate_log log;
    if (slate->row.request.len && was_paused(slate->row.request))
        return PIQ_OK;
    piq_status status = piq_slate_log_read(a, slate->row.candidates, &log);
    if (status == PIQ_ENOMEM)
        return status;
    if (status || log.format != TERMS_FORMAT ||
        log.n_shown != slate->row.n_recommendations)
        return PIQ_OK;
    for (size_t i = 0; i < log.n_shown && status == PIQ_OK; i++)
        status = learn_shown(l, slate, &log.shown[i], &slate->outcomes[i]);
    return status;
}

/* What is final is kept as it is now: what follows is young. */
static piq_status keep_final(learning *l)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_bayes_encode(l->model, &b);
    l->regression = piq_buf_keep(&b, &l->keep);
    piq_buf_release(&b);
    l->final = tally_copy(&l->tally, &l->keep);
    l->n_final = l->tally.n;
    l->young = true;
    return l->regression.ptr && l->final ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status read_piece(learning *l, piq_arena *a,
                             const piq_slate_record *slates, size_t n)
{
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < n && status == PIQ_OK; i++) {
        int64_t age_us = l->now_us - slates[i].row.served_us;
        if (!l->young && age_us < FINAL_DAYS * PIQ_US_PER_DAY)
            status = keep_final(l);
        if (!l->young)
            l->after = slates[i].id;
        if (status == PIQ_OK)
            status = learn_slate(l, a, &slates[i]);
    }
    return status;
}

static piq_status read_log(learning *l, piq_err *err)
{
    piq_store *store = l->engine->store;
    int64_t after = l->after;
    size_t n = PIECE, n_young = 0;
    piq_arena a;
    piq_status status = PIQ_OK;
    piq_arena_init(&a, 0);
    while (n == PIECE && n_young < MAX_YOUNG && status == PIQ_OK) {
        if (atomic_load(&l->engine->closing)) {
            status = piq_fail(err, PIQ_EBUSY,
                              "no policy is learned while the engine closes");
            break;
        }
        piq_slate_record *slates;
        piq_arena_clear(&a);
        status =
            store->ops->slates_after(store, &a, after, PIECE, &slates, &n, err);
        if (status == PIQ_OK && n) {
            after = slates[n - 1].id;
            status = read_piece(l, &a, slates, n);
            if (status)
                piq_fail(err, status, "no memory to learn a policy");
        }
        n_young += l->young ? n : 0;
    }
    piq_arena_release(&a);
    if (status == PIQ_OK && !l->young && keep_final(l))
        status = piq_fail(err, PIQ_ENOMEM, "no memory to learn a policy");
    return status;
}

/* ---- the next champion --------------------------------------------------- */

static void write_about(const learning *l, double n_outcomes, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_fixed(&w, "outcomes", n_outcomes, 2);
    piq_json_put_int(&w, "final_slate", l->after);
    piq_json_put_int(&w, "reward_version", PIQ_REWARD_VERSION);
    piq_json_key(&w, "types");
    piq_json_array(&w);
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++) {
        const double *theta = piq_bayes_weights(l->model, (size_t)k);
        piq_json_object(&w);
        piq_json_put_z(&w, "type", piq_content_type_name((piq_content_type)k));
        piq_json_put_fixed(&w, "evidence",
                           piq_bayes_evidence(l->model, (size_t)k), 2);
        piq_json_put_bool(&w, "gain_at_floor",
                          piq_bayes_at_floor(l->model, (size_t)k));
        for (int t = 0; t < PIQ_N_TERMS; t++)
            piq_json_put_fixed(&w, piq_term_name((piq_term)t), theta[t], 4);
        piq_json_object_end(&w);
    }
    piq_json_array_end(&w);
    piq_json_object_end(&w);
}

static piq_status store_policy(learning *l, const piq_policy_body *body,
                               piq_err *err)
{
    piq_store *store = l->engine->store;
    piq_buf bytes, about;
    uint32_t number, version;
    piq_buf_init(&bytes, 0);
    piq_buf_init(&about, 0);
    piq_policy_body_write(body, &bytes);
    write_about(l, tally_total(body->tally, body->n_tally), &about);
    piq_model_row row = {.kind = PIQ_MODEL_POLICY,
                         .made_us = l->now_us,
                         .digest = piq_hash_bytes(bytes.ptr, bytes.len),
                         .about = {about.ptr, about.len},
                         .body = {bytes.ptr, bytes.len}};
    piq_status status = bytes.status ? bytes.status : about.status;
    if (status)
        piq_fail(err, status, "no memory to store a policy");
    if (status == PIQ_OK)
        status = store->ops->champion(store, PIQ_MODEL_POLICY, &number,
                                      &version, err);
    if (status == PIQ_OK)
        status = store->ops->put_model(store, &row, err);
    if (status == PIQ_OK) {
        piq_champion_row crown = {.number = number + 1,
                                  .kind = PIQ_MODEL_POLICY,
                                  .model = row.version,
                                  .at_us = l->now_us,
                                  .reason = PIQ_STR("learned from the log")};
        status = store->ops->promote(store, &crown, err);
    }
    piq_buf_release(&bytes);
    piq_buf_release(&about);
    return status;
}

/* Nothing is left to learn from: what was learned goes. */
static piq_status step_down(learning *l, bool *made, piq_err *err)
{
    piq_store *store = l->engine->store;
    uint32_t number, model;
    piq_status status =
        store->ops->champion(store, PIQ_MODEL_POLICY, &number, &model, err);
    if (status || !model)
        return status;
    piq_champion_row none = {.number = number + 1,
                             .kind = PIQ_MODEL_POLICY,
                             .at_us = l->now_us,
                             .reason = PIQ_STR("who it was learned from was "
                                               "erased")};
    status = store->ops->promote(store, &none, err);
    *made = status == PIQ_OK;
    return status == PIQ_ESTALE ? PIQ_OK : status;
}

static piq_status learn(learning *l, uint64_t least, bool *made, piq_err *err)
{
    piq_status status = begin(l, err);
    if (status == PIQ_OK)
        status = read_log(l, err);
    if (status)
        return status;
    piq_policy_body body = {.after = l->after,
                            .tally = tally_copy(&l->tally, &l->keep),
                            .n_tally = l->tally.n,
                            .final = l->final,
                            .n_final = l->n_final,
                            .regression = l->regression};
    if (!body.tally)
        return piq_fail(err, PIQ_ENOMEM, "no memory to learn a policy");
    if (l->anew && l->tally.n == 0)
        return step_down(l, made, err);
    double n_new = tally_total(body.tally, body.n_tally) - l->n_known;
    if ((n_new < (double)least && !l->anew) || l->tally.n == 0)
        return PIQ_OK;
    piq_bayes_advance(l->model, l->now_us / PIQ_US_PER_DAY);
    piq_bayes_settle(l->model);
    piq_recommend_policy policy;
    piq_recommend_policy_of(l->model, 0, &policy);
    memcpy(body.weight, policy.weight, sizeof body.weight);
    status = store_policy(l, &body, err);
    /* Another process has learned from the same log: theirs will do. */
    if (status == PIQ_ESTALE)
        return PIQ_OK;
    *made = status == PIQ_OK;
    return status;
}

/* *anew: what is in force knows learners who were erased. */
static piq_status see_erasures(piq_engine *e, int64_t n_erased, bool *anew,
                               piq_err *err)
{
    int64_t known = n_erased;
    uint32_t number = 0, model = 0;
    piq_status status = PIQ_OK;
    if (n_erased)
        status = piq_erased_known(e, PIQ_ERASED_POLICY, &known, err);
    *anew = known < n_erased;
    if (status == PIQ_OK && *anew)
        status = e->store->ops->champion(e->store, PIQ_MODEL_POLICY, &number,
                                         &model, err);
    *anew = *anew && model != 0;
    if (status == PIQ_OK && known < n_erased && !*anew)
        status = piq_erased_note(e, PIQ_ERASED_POLICY, n_erased, err);
    return status;
}

/* Learns from the log what is new in it; stores a policy and makes it champion
 * where there were at least `least` outcomes that the newest does not know.
 * *made: it did. One thread at a time. */
static piq_status learn_new(piq_engine *e, int64_t now_us, uint64_t least,
                            bool *made, piq_err *err)
{
    learning l = {
        .engine = e, .catalogue = piq_engine_catalogue(e), .now_us = now_us};
    int64_t n_erased = piq_engine_erasures(e);
    *made = false;
    if (!l.catalogue)
        return PIQ_OK;
    piq_status status = see_erasures(e, n_erased, &l.anew, err);
    if (status)
        return status;
    piq_arena_init(&l.keep, (size_t)1 << 28);
    piq_map_init(&l.tally.of);
    status = learn(&l, least, made, err);
    free(l.tally.at);
    piq_map_release(&l.tally.of);
    piq_arena_release(&l.keep);
    if (status == PIQ_OK && l.anew)
        status = piq_erased_note(e, PIQ_ERASED_POLICY, n_erased, err);
    return status == PIQ_OK && *made ? piq_engine_adopt_policy(e, err) : status;
}

piq_status piq_engine_learn_policy(piq_engine *e, int64_t now_us,
                                   uint64_t least, uint32_t *version,
                                   piq_err *err)
{
    bool made;
    pthread_mutex_lock(&e->learn_lock);
    piq_status status = learn_new(e, now_us, least, &made, err);
    pthread_mutex_unlock(&e->learn_lock);
    if (status)
        return status;
    piq_policy_hold *h = piq_engine_policy(e);
    *version = piq_policy_version(h);
    piq_policy_release(h);
    return PIQ_OK;
}
