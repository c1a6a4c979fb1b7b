#include "predict/kt_internal.h"

#include <math.h>

/* Rows that the members see together: enough for the trees' nodes and the
 * net's weights to be fetched once for many rows, few enough for the rows to
 * stay in the nearest caches. */
enum { BLOCK_ROWS = 64 };
/* Concepts of a block's answers, whose mastery is judged before and after. */
enum { BLOCK_CONCEPTS = 128 };

typedef struct rows {
    size_t n;
    float x[BLOCK_ROWS][PIQ_N_FEATURES];
    double logits[PIQ_N_MEMBERS][BLOCK_ROWS];
} rows;

static bool is_right(const piq_response *response)
{
    return response->score > 0.5f;
}

/* What the net is asked. */
static piq_recurrent_ask net_ask(const piq_kt_state *s, const piq_kt_binding *b,
                                 const piq_ask *ask)
{
    piq_concept_ix concept = {piq_ask_main_concept(ask)};
    return (piq_recurrent_ask){
        .item = piq_item_binding_item(b->items, ask->item),
        .concept = piq_item_binding_concept(b->items, concept),
        .context = (uint8_t)piq_feature_context(s->features, ask),
    };
}

static void add_row(rows *w, const piq_kt_state *s, const piq_kt_binding *b,
                    const piq_ask *ask)
{
    piq_feature_extract(s->features, &b->tables, ask, w->x[w->n]);
    w->n++;
}

static void ask_trees(const piq_trees *t, rows *w)
{
    double *logits = w->logits[PIQ_MEMBER_GBDT];
    if (w->n == 1)
        logits[0] = piq_trees_logit(t, w->x[0]);
    else
        piq_trees_logits(t, w->x[0], w->n, logits);
}

/* All members but the net. */
static void ask_plain(const piq_kt_binding *b, rows *w)
{
    const piq_kt_model *m = b->model;
    if (b->uses[PIQ_MEMBER_GBDT])
        ask_trees(&m->trees, w);
    for (size_t i = 0; i < w->n && b->uses[PIQ_MEMBER_LR]; i++)
        w->logits[PIQ_MEMBER_LR][i] = piq_logistic_logit(&m->lr, w->x[i]);
}

/* The net's word on row i, nothing folded. */
static void ask_net(const piq_kt_state *s, const piq_kt_binding *b,
                    const piq_ask *ask, rows *w, size_t i)
{
    if (!b->uses[PIQ_MEMBER_RNN])
        return;
    piq_recurrent_ask net = net_ask(s, b, ask);
    w->logits[PIQ_MEMBER_RNN][i] =
        piq_recurrent_logit(b->model->rnn, s->hidden, &net, w->x[i]);
}

static void blend_row(const piq_kt_binding *b, const rows *w, size_t i,
                      piq_kt_prediction *out)
{
    for (size_t k = 0; k < PIQ_N_MEMBERS; k++)
        out->logits[k] = b->uses[k] ? w->logits[k][i] : NAN;
    out->p = piq_blend_predict(&b->model->blend, out->logits);
}

void piq_kt_predict(const piq_kt_state *s, const piq_kt_binding *b,
                    const piq_ask *ask, piq_kt_prediction *out)
{
    rows w;
    w.n = 0;
    add_row(&w, s, b, ask);
    ask_plain(b, &w);
    ask_net(s, b, ask, &w, 0);
    blend_row(b, &w, 0, out);
}

/* --- concepts in general ---------------------------------------------------
 */

/* The linear member alone: on a concept in general it is as good a judge as the
 * whole model (README.md), at a tenth of the cost. */
static double judge_linear(const piq_kt_binding *b, const piq_kt_state *s,
                           const piq_ask *ask)
{
    float x[PIQ_N_FEATURES];
    piq_feature_extract(s->features, &b->tables, ask, x);
    return piq_logistic_logit(&b->model->lr, x);
}

static double judge_whole(const piq_kt_binding *b, const piq_kt_state *s,
                          const piq_ask *ask)
{
    piq_kt_prediction p;
    piq_kt_predict(s, b, ask, &p);
    return piq_kt_logit(b->model, &p);
}

double piq_kt_judge(const piq_kt_binding *b, const piq_kt_state *s,
                    piq_concept_ix concept, int64_t at_us)
{
    piq_concept_weight one = {concept, 1.0};
    piq_ask ask = {.item = {PIQ_NO_IX32},
                   .concepts = &one,
                   .n_concepts = 1,
                   .at_us = at_us};
    return b->model->lr.n_features ? judge_linear(b, s, &ask)
                                   : judge_whole(b, s, &ask);
}

double piq_kt_logit(const piq_kt_model *m, const piq_kt_prediction *p)
{
    double raw = piq_blend_raw_logit(&m->blend, p->logits);
    return piq_blend_calibrate(&m->blend, raw);
}

/* --- answers ---------------------------------------------------------------
 */

/* Mastery of a block's concepts before its answers, in order of the entries. */
static void judge_before(const piq_kt_binding *b, const piq_kt_entry *entries,
                         size_t n, double *before)
{
    for (size_t i = 0; i < n; i++) {
        const piq_kt_entry *e = &entries[i];
        for (size_t k = 0; k < e->ask.n_concepts; k++) {
            piq_concept_ix concept = e->ask.concepts[k].concept;
            *before++ = piq_kt_judge(b, e->state, concept, e->ask.at_us) +
                        piq_kt_held(e->state, concept);
        }
    }
}

static void judge_after(const piq_kt_binding *b, piq_kt_entry *entries,
                        size_t n, const double *before)
{
    for (size_t i = 0; i < n; i++) {
        piq_kt_entry *e = &entries[i];
        for (size_t k = 0; k < e->ask.n_concepts; k++) {
            piq_concept_ix concept = e->ask.concepts[k].concept;
            piq_kt_hold(e->state, concept, is_right(&e->response), *before++,
                        piq_kt_judge(b, e->state, concept, e->ask.at_us));
        }
    }
}

/* The net predicts and folds in one go. */
static void answer_net(const piq_kt_binding *b, const piq_kt_entry *entries,
                       rows *w)
{
    float *hidden[BLOCK_ROWS];
    piq_recurrent_ask net[BLOCK_ROWS];
    bool right[BLOCK_ROWS];
    for (size_t i = 0; i < w->n; i++) {
        const piq_kt_entry *e = &entries[i];
        hidden[i] = e->state->hidden;
        net[i] = net_ask(e->state, b, &e->ask);
        right[i] = is_right(&e->response);
    }
    piq_recurrent_batch(b->model->rnn, hidden, net, w->x[0], right, w->n,
                        w->logits[PIQ_MEMBER_RNN]);
}

/* No state twice. Without `predict`, entries' `before` is not written. */
static void answer_block(const piq_kt_binding *b, piq_kt_entry *entries,
                         size_t n, bool predict)
{
    rows w;
    double before[BLOCK_CONCEPTS]; /* mastery, as logits */
    w.n = 0;
    if (b->keeps_mastery)
        judge_before(b, entries, n, before);
    for (size_t i = 0; i < n; i++)
        add_row(&w, entries[i].state, b, &entries[i].ask);
    if (predict)
        ask_plain(b, &w);
    if (b->uses[PIQ_MEMBER_RNN])
        answer_net(b, entries, &w);
    for (size_t i = 0; i < n; i++) {
        piq_kt_entry *e = &entries[i];
        if (predict)
            blend_row(b, &w, i, &e->before);
        piq_feature_answer(e->state->features, &b->tables, &e->ask,
                           &e->response);
        if (e->state->n_answers < UINT32_MAX)
            e->state->n_answers++;
    }
    if (b->keeps_mastery)
        judge_after(b, entries, n, before);
}

void piq_kt_state_answer(piq_kt_state *s, const piq_kt_binding *b,
                         const piq_ask *ask, const piq_response *response,
                         piq_kt_prediction *before)
{
    PIQ_ASSERT(ask->n_concepts <= BLOCK_CONCEPTS);
    piq_kt_entry e = {.state = s, .ask = *ask, .response = *response};
    answer_block(b, &e, 1, before != NULL);
    if (before)
        *before = e.before;
}

/* How many entries from the first go into one block: no state twice, since the
 * second answer builds on the first. */
static size_t block_len(piq_kt_entry *entries, size_t n)
{
    size_t most = n < BLOCK_ROWS ? n : BLOCK_ROWS;
    size_t len = 0;
    size_t concepts = 0;
    while (len < most && !entries[len].state->in_block) {
        concepts += entries[len].ask.n_concepts;
        if (len > 0 && concepts > BLOCK_CONCEPTS)
            break;
        entries[len++].state->in_block = true;
    }
    PIQ_ASSERT(entries[0].ask.n_concepts <= BLOCK_CONCEPTS);
    for (size_t i = 0; i < len; i++)
        entries[i].state->in_block = false;
    return len;
}

void piq_kt_answer_batch(const piq_kt_binding *b, piq_kt_entry *entries,
                         size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t len = block_len(entries + at, n - at);
        answer_block(b, entries + at, len, true);
        at += len;
    }
}
