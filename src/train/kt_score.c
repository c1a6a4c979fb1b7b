/* kt_score.c - see kt_score.h. */
#include "train/kt_score.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 64, /* learners that the net steps through together */
    TREE_BLOCK = 4096
};

/* ---- the recurrent net: learners side by side ------------------------- */

typedef struct lanes {
    const piq_recurrent *net;
    const piq_kt_set *set;
    double *out;
    float *states;         /* [LANES][len] */
    float *x;              /* [LANES][PIQ_N_FEATURES] */
    const uint32_t *order; /* learners, longest first */
    size_t len;
} lanes;

static size_t rows_of(const piq_kt_set *s, uint32_t learner)
{
    return s->first[learner + 1] - s->first[learner];
}

/* One group of learners of falling length, from their first row to the
 * longest's last. */
static void run_group(lanes *l, size_t from, size_t n)
{
    const piq_kt_set *s = l->set;
    float *state[LANES];
    piq_recurrent_ask ask[LANES];
    bool right[LANES];
    double logits[LANES];
    memset(l->states, 0, n * l->len * sizeof *l->states);
    for (size_t i = 0; i < n; i++)
        state[i] = l->states + i * l->len;
    for (size_t t = 0;; t++) {
        while (n > 0 && rows_of(s, l->order[from + n - 1]) <= t)
            n--;
        if (n == 0)
            return;
        for (size_t i = 0; i < n; i++) {
            size_t row = s->first[l->order[from + i]] + t;
            ask[i] = (piq_recurrent_ask){.item = s->item[row],
                                         .concept = s->concept[row],
                                         .context = s->context[row]};
            memcpy(l->x + i * PIQ_N_FEATURES, s->x + row * PIQ_N_FEATURES,
                   PIQ_N_FEATURES * sizeof(float));
            right[i] = s->y[row] > 0.5f;
        }
        piq_recurrent_batch(l->net, state, ask, l->x, right, n, logits);
        for (size_t i = 0; i < n; i++)
            l->out[s->first[l->order[from + i]] + t] = logits[i];
    }
}

/* ---- threads ---------------------------------------------------------- */

typedef struct share {
    const piq_kt_model *model;
    const piq_kt_set *set;
    double *const *logits;
    size_t from_row, to_row;
    lanes lanes;
    size_t first_group, every; /* groups of LANES learners */
} share;

static void score_share(void *shares, unsigned at)
{
    share *w = (share *)shares + at;
    const piq_kt_set *s = w->set;
    size_t n = w->to_row - w->from_row;
    const float *x = s->x + w->from_row * PIQ_N_FEATURES;
    double *lr = w->logits[PIQ_MEMBER_LR];
    if (lr)
        for (size_t i = 0; i < n; i++)
            lr[w->from_row + i] =
                piq_logistic_logit(&w->model->lr, x + i * PIQ_N_FEATURES);
    if (w->logits[PIQ_MEMBER_GBDT])
        for (size_t i = 0; i < n; i += TREE_BLOCK)
            piq_trees_logits(&w->model->trees, x + i * PIQ_N_FEATURES,
                             n - i < TREE_BLOCK ? n - i : TREE_BLOCK,
                             w->logits[PIQ_MEMBER_GBDT] + w->from_row + i);
    if (w->logits[PIQ_MEMBER_RNN])
        for (size_t g = w->first_group; g * LANES < s->n_learners;
             g += w->every) {
            size_t left = s->n_learners - g * LANES;
            run_group(&w->lanes, g * LANES, left < LANES ? left : LANES);
        }
}

typedef struct by_length {
    size_t rows;
    uint32_t learner;
} by_length;

static int longest_first(const void *a, const void *b)
{
    const by_length *x = a, *y = b;
    if (x->rows != y->rows)
        return x->rows < y->rows ? 1 : -1;
    return x->learner < y->learner ? -1 : 1;
}

static uint32_t *order_of(piq_arena *a, const piq_kt_set *s)
{
    by_length *list = piq_new(a, by_length, s->n_learners);
    uint32_t *order = piq_new(a, uint32_t, s->n_learners);
    if (!list || !order)
        return NULL;
    for (uint32_t i = 0; i < s->n_learners; i++)
        list[i] = (by_length){rows_of(s, i), i};
    qsort(list, s->n_learners, sizeof *list, longest_first);
    for (size_t i = 0; i < s->n_learners; i++)
        order[i] = list[i].learner;
    return order;
}

piq_status piq_kt_score_members(piq_arena *a, const piq_kt_model *m,
                                const piq_kt_set *set, unsigned threads,
                                double *logits[PIQ_N_MEMBERS])
{
    const bool has[PIQ_N_MEMBERS] = {m->lr.n_features > 0, m->trees.n_trees > 0,
                                     m->rnn != NULL};
    share shares[PIQ_MAX_THREADS];
    unsigned n = threads < 1                 ? 1
                 : threads > PIQ_MAX_THREADS ? PIQ_MAX_THREADS
                                             : threads;
    size_t len = m->rnn ? piq_recurrent_state_len(m->rnn) : 0;
    const uint32_t *order = order_of(a, set);
    if (!order)
        return PIQ_ENOMEM;
    for (int k = 0; k < PIQ_N_MEMBERS; k++) {
        logits[k] = has[k] ? piq_new(a, double, set->n_rows) : NULL;
        if (has[k] && !logits[k])
            return PIQ_ENOMEM;
    }
    for (unsigned i = 0; i < n; i++) {
        shares[i] = (share){.model = m,
                            .set = set,
                            .logits = logits,
                            .from_row = set->n_rows * i / n,
                            .to_row = set->n_rows * (i + 1) / n,
                            .first_group = i,
                            .every = n,
                            .lanes = {.net = m->rnn,
                                      .set = set,
                                      .out = logits[PIQ_MEMBER_RNN],
                                      .order = order,
                                      .len = len}};
        shares[i].lanes.states = piq_new(a, float, LANES *len);
        shares[i].lanes.x = piq_new(a, float, LANES *PIQ_N_FEATURES);
        if (!shares[i].lanes.states || !shares[i].lanes.x)
            return PIQ_ENOMEM;
    }
    piq_parallel(n, score_share, shares);
    return PIQ_OK;
}

void piq_kt_score_blend(const piq_blend *b, double *const logits[PIQ_N_MEMBERS],
                        size_t n, double *p)
{
    for (size_t i = 0; i < n; i++) {
        double each[PIQ_N_MEMBERS];
        for (int k = 0; k < PIQ_N_MEMBERS; k++)
            each[k] = logits[k] ? logits[k][i] : 0;
        p[i] = piq_blend_predict(b, each);
    }
}

static piq_status score_kept(piq_arena *a, const double *p, const float *y,
                             const bool *skip, size_t n, piq_kt_score *out)
{
    piq_reliability r = {0};
    double *kept_p = piq_new(a, double, n);
    float *kept_y = piq_new(a, float, n);
    size_t kept = 0, hits = 0;
    if (!kept_p || !kept_y)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (skip && skip[i])
            continue;
        piq_reliability_add(&r, p[i], (double)y[i]);
        hits += (p[i] > 0.5) == (y[i] > 0.5f);
        kept_p[kept] = p[i];
        kept_y[kept++] = y[i];
    }
    piq_kt_score found = {.rows = kept,
                          .acc = kept ? (double)hits / (double)kept : NAN,
                          .logloss = kept ? r.logloss_sum / (double)kept : NAN,
                          .brier = piq_reliability_brier(&r),
                          .ece = piq_reliability_ece(&r)};
    if (piq_auc(a, kept_p, kept_y, kept, &found.auc))
        return PIQ_ENOMEM;
    *out = found;
    return PIQ_OK;
}

piq_status piq_kt_score_of(const double *p, const float *y, const bool *skip,
                           size_t n, piq_kt_score *out)
{
    piq_arena scratch;
    piq_arena_init(&scratch, (size_t)8 << 30);
    piq_status status = score_kept(&scratch, p, y, skip, n, out);
    piq_arena_release(&scratch);
    return status;
}
