#include "train/kt_rows.h"

#include "base/parallel.h"

#include <stdlib.h>

enum { TRAINED_ON_ALL = PIQ_KT_INNER_FOLDS };

/* --- a set -----------------------------------------------------------------
 */

void piq_kt_set_release(piq_kt_set *s)
{
    free(s->first);
    free(s->x);
    free(s->y);
    free(s->item);
    free(s->concept);
    free(s->context);
    *s = (piq_kt_set){0};
}

static void *room_for(size_t n, size_t size)
{
    if (n == 0)
        n = 1;
    return n > SIZE_MAX / size || piq_alloc_should_fail() ? NULL
                                                          : malloc(n * size);
}

/* Learners of a role, in order. */
typedef struct cohort {
    size_t *learner; /* [set.n_learners] into data */
    piq_kt_set set;
} cohort;

static void release_cohort(cohort *c)
{
    free(c->learner);
    piq_kt_set_release(&c->set);
}

static piq_status gather_cohort(const piq_kt_data *d, const piq_kt_role *role,
                                piq_kt_role wanted, const piq_item_table *items,
                                cohort *c)
{
    piq_kt_set *s = &c->set;
    size_t n = 0;
    for (size_t l = 0; l < d->n_learners; l++) {
        n += role[l] == wanted;
        if (role[l] == wanted)
            s->n_rows += d->first[l + 1] - d->first[l];
    }
    s->n_learners = n;
    s->n_items = piq_item_table_n_items(items);
    s->n_concepts = piq_item_table_n_concepts(items);
    c->learner = room_for(n, sizeof *c->learner);
    s->first = room_for(n + 1, sizeof *s->first);
    s->x = room_for(s->n_rows, PIQ_N_FEATURES * sizeof *s->x);
    s->y = room_for(s->n_rows, sizeof *s->y);
    s->item = room_for(s->n_rows, sizeof *s->item);
    s->concept = room_for(s->n_rows, sizeof *s->concept);
    s->context = room_for(s->n_rows, sizeof *s->context);
    if (!c->learner || !s->first || !s->x || !s->y || !s->item || !s->concept ||
        !s->context)
        return PIQ_ENOMEM;
    size_t at = 0, row = 0;
    for (size_t l = 0; l < d->n_learners; l++) {
        if (role[l] != wanted)
            continue;
        c->learner[at] = l;
        s->first[at++] = row;
        row += d->first[l + 1] - d->first[l];
    }
    s->first[at] = row;
    return PIQ_OK;
}

/* --- the tables ------------------------------------------------------------
 */

/* One table for each inner fold and, last, that of everybody. */
typedef struct tables {
    const piq_kt_data *data;
    uint64_t seed;
    piq_item_names names;
    piq_item_builder *builder;
    piq_item_table *table[PIQ_KT_INNER_FOLDS + 1];
    piq_item_binding *binding[PIQ_KT_INNER_FOLDS + 1];
} tables;

static unsigned inner_fold(uint64_t seed, size_t learner)
{
    uint64_t hash = piq_hash_u64(seed ^ piq_hash_u64(learner));
    return (unsigned)(hash % PIQ_KT_INNER_FOLDS);
}

static void release_tables(tables *t)
{
    for (size_t g = 0; g <= PIQ_KT_INNER_FOLDS; g++) {
        piq_item_binding_free(t->binding[g]);
        piq_item_table_free(t->table[g]);
    }
    piq_item_builder_free(t->builder);
}

static piq_status add_learner(tables *t, size_t learner)
{
    const piq_kt_data *d = t->data;
    piq_status status = PIQ_OK;
    piq_item_builder_learner(t->builder, inner_fold(t->seed, learner));
    for (size_t i = d->first[learner]; i < d->first[learner + 1]; i++) {
        piq_ask ask = piq_kt_data_ask(d, &d->answers[i]);
        status = piq_item_builder_add(t->builder, &ask, d->answers[i].score);
        if (status != PIQ_OK)
            return status;
    }
    return status;
}

static piq_status add_learners(tables *t, const piq_kt_role *role)
{
    piq_status status = piq_item_builder_new(&t->names, &t->builder);
    for (size_t l = 0; status == PIQ_OK && l < t->data->n_learners; l++) {
        if (role[l] == PIQ_KT_TRAIN)
            status = add_learner(t, l);
    }
    return status;
}

/* --- threads ---------------------------------------------------------------
 * Jobs are numbered; share k of n does jobs k, k + n, ..; what a job writes is
 * its own. */

typedef struct crew {
    piq_status (*job)(void *ctx, size_t i);
    void *ctx;
    size_t n_jobs;
    unsigned n_shares;
    piq_status status[PIQ_MAX_THREADS];
} crew;

static void do_share(void *ctx, unsigned share)
{
    crew *c = ctx;
    piq_status status = PIQ_OK;
    for (size_t i = share; status == PIQ_OK && i < c->n_jobs; i += c->n_shares)
        status = c->job(c->ctx, i);
    c->status[share] = status;
}

static piq_status run_jobs(piq_status (*job)(void *ctx, size_t i), void *ctx,
                           size_t n_jobs, unsigned threads)
{
    crew c = {.job = job, .ctx = ctx, .n_jobs = n_jobs};
    c.n_shares = threads < 1                 ? 1
                 : threads > PIQ_MAX_THREADS ? PIQ_MAX_THREADS
                                             : threads;
    piq_parallel(c.n_shares, do_share, &c);
    for (unsigned k = 0; k < c.n_shares; k++) {
        if (c.status[k] != PIQ_OK)
            return c.status[k];
    }
    return PIQ_OK;
}

static piq_status freeze_job(void *ctx, size_t i)
{
    tables *t = ctx;
    unsigned without =
        i == TRAINED_ON_ALL ? (unsigned)PIQ_EVERY_GROUP : (unsigned)i;
    piq_status status =
        piq_item_builder_freeze(t->builder, without, &t->table[i]);
    if (status != PIQ_OK)
        return status;
    return piq_item_bind_names(t->table[i], &t->names, &t->binding[i]);
}

static piq_status make_tables(tables *t, const piq_kt_role *role,
                              unsigned threads)
{
    piq_status status = add_learners(t, role);
    if (status != PIQ_OK)
        return status;
    return run_jobs(freeze_job, t, PIQ_KT_INNER_FOLDS + 1, threads);
}

/* --- rows ------------------------------------------------------------------
 */

enum { LEARNERS_A_JOB = 32 };

typedef struct filling {
    const piq_kt_data *data;
    cohort *cohort;
    uint64_t seed;
    /* [PIQ_KT_INNER_FOLDS] by fold of the learner, or one for all. */
    piq_item_binding *const *binding;
    bool by_fold;
    const piq_item_binding *whole; /* numbers items for the models */
} filling;

static void fill_row(const filling *f, const piq_feature_state *state,
                     const piq_feature_tables *t, const piq_ask *ask,
                     float score, size_t row)
{
    piq_kt_set *s = &f->cohort->set;
    piq_concept_ix concept = {piq_ask_main_concept(ask)};
    piq_feature_extract(state, t, ask, &s->x[row * PIQ_N_FEATURES]);
    s->y[row] = score > 0.5f ? 1.0f : 0.0f;
    s->item[row] = piq_item_binding_item(f->whole, ask->item);
    s->concept[row] = piq_item_binding_concept(f->whole, concept);
    s->context[row] = (uint8_t)piq_feature_context(state, ask);
}

static void fill_learner(const filling *f, size_t at, piq_feature_state *state)
{
    const piq_kt_data *d = f->data;
    size_t learner = f->cohort->learner[at];
    unsigned fold = f->by_fold ? inner_fold(f->seed, learner) : 0;
    piq_feature_tables t = {d->catalogue, f->binding[fold]};
    size_t row = f->cohort->set.first[at];
    piq_feature_state_clear(state);
    for (size_t i = d->first[learner]; i < d->first[learner + 1]; i++, row++) {
        const piq_kt_answer *k = &d->answers[i];
        piq_ask ask = piq_kt_data_ask(d, k);
        piq_response response = {
            .score = k->score, .response_ms = k->response_ms, .hint = k->hint};
        fill_row(f, state, &t, &ask, k->score, row);
        piq_feature_answer(state, &t, &ask, &response);
    }
}

static piq_status fill_job(void *ctx, size_t i)
{
    const filling *f = ctx;
    piq_feature_state *state;
    piq_feature_tables t = {f->data->catalogue, f->whole};
    piq_status status = piq_feature_state_new(&t, &state);
    if (status != PIQ_OK)
        return status;
    size_t end = (i + 1) * LEARNERS_A_JOB;
    if (end > f->cohort->set.n_learners)
        end = f->cohort->set.n_learners;
    for (size_t at = i * LEARNERS_A_JOB; at < end; at++)
        fill_learner(f, at, state);
    piq_feature_state_free(state);
    return PIQ_OK;
}

static piq_status fill(filling *f, unsigned threads)
{
    size_t n = f->cohort->set.n_learners;
    return run_jobs(fill_job, f, (n + LEARNERS_A_JOB - 1) / LEARNERS_A_JOB,
                    threads);
}

/* --- the two ways in -------------------------------------------------------
 */

static piq_status no_memory(const piq_kt_data *d, piq_status status,
                            piq_err *err)
{
    return piq_fail(err, status, "no memory for the rows of %zu answers",
                    d->n_answers);
}

piq_status piq_kt_rows_fitting(const piq_kt_data *d, const piq_kt_role *role,
                               uint64_t seed, unsigned threads,
                               piq_item_table **items, piq_kt_set *train,
                               piq_kt_set *valid, piq_err *err)
{
    tables t = {.data = d, .seed = seed, .names = piq_kt_data_names(d)};
    cohort fitted = {0}, held = {0};
    piq_status status = make_tables(&t, role, threads);
    const piq_item_table *whole = t.table[TRAINED_ON_ALL];
    if (status == PIQ_OK)
        status = gather_cohort(d, role, PIQ_KT_TRAIN, whole, &fitted);
    if (status == PIQ_OK)
        status = gather_cohort(d, role, PIQ_KT_VALID, whole, &held);
    filling f = {d, &fitted, seed, t.binding, true, t.binding[TRAINED_ON_ALL]};
    if (status == PIQ_OK)
        status = fill(&f, threads);
    f = (filling){d,     &held,
                  seed,  &t.binding[TRAINED_ON_ALL],
                  false, t.binding[TRAINED_ON_ALL]};
    if (status == PIQ_OK)
        status = fill(&f, threads);
    if (status == PIQ_OK) {
        *items = t.table[TRAINED_ON_ALL];
        t.table[TRAINED_ON_ALL] = NULL;
        *train = fitted.set;
        *valid = held.set;
        fitted.set = held.set = (piq_kt_set){0};
    } else {
        no_memory(d, status, err);
    }
    release_cohort(&fitted);
    release_cohort(&held);
    release_tables(&t);
    return status;
}

piq_status piq_kt_rows_with(const piq_kt_data *d, const piq_kt_role *role,
                            piq_kt_role wanted, const piq_item_table *items,
                            unsigned threads, piq_kt_set *out, piq_err *err)
{
    piq_item_names names = piq_kt_data_names(d);
    piq_item_binding *binding = NULL;
    cohort c = {0};
    piq_status status = piq_item_bind_names(items, &names, &binding);
    if (status == PIQ_OK)
        status = gather_cohort(d, role, wanted, items, &c);
    filling f = {d, &c, 0, &binding, false, binding};
    if (status == PIQ_OK)
        status = fill(&f, threads);
    if (status == PIQ_OK) {
        *out = c.set;
        c.set = (piq_kt_set){0};
    } else {
        no_memory(d, status, err);
    }
    release_cohort(&c);
    piq_item_binding_free(binding);
    return status;
}
