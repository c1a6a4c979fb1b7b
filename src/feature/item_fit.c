/* Freezing: the additive model of item_table.h fitted to a builder's answers.
 *
 * One kind of effect after the other, all else standing still (backfitting):
 * one Newton step of each effect's own penalised log likelihood,
 *
 *     d = (g - v / var) / (h + 1 / var)     g = sum (y - p), h = sum p (1 - p)
 *
 * and then the kind's prior variance anew, from what its effects turned out to
 * be (one EM step): var = mean of v^2 + 1 / (h + 1 / var). Between sweeps the
 * learners' running abilities are walked through again.
 */
#include "feature/item_fit.h"

#include "feature/ability.h"
#include "num/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEPS = 3 };

/* Where the prior variances start, and between what they stay. The base is not
 * shrunk to speak of. */
static const double FIRST_VAR[PIQ_N_EFFECTS] = {
    [PIQ_EFFECT_CASE] = 9.0,         [PIQ_EFFECT_CONCEPT] = 0.5,
    [PIQ_EFFECT_CONCEPT_CASE] = 0.2, [PIQ_EFFECT_ITEM] = 0.6,
    [PIQ_EFFECT_ITEM_CASE] = 0.2,    [PIQ_EFFECT_CONCEPT_PAIR] = 0.1,
    [PIQ_EFFECT_TOPIC] = 0.1,        [PIQ_EFFECT_FAR_TOPIC] = 0.1,
    [PIQ_EFFECT_CURVE] = 0.05,       [PIQ_EFFECT_PATTERN] = 0.05,
    [PIQ_EFFECT_PAIR] = 0.2,         [PIQ_EFFECT_PAIR_OUTCOME] = 0.2,
    [PIQ_EFFECT_FORM] = 0.05,        [PIQ_EFFECT_FAR_PAIR] = 0.2,
};
static const double LEAST_VAR = 1e-3, MOST_VAR = 4.0;
/* What a learner answers under one topic is alike and stands under one key, so
 * it says less than as many answers of as many learners. */
static double say(size_t kind)
{
    return kind == PIQ_EFFECT_TOPIC || kind == PIQ_EFFECT_FAR_TOPIC ? 0.25
                                                                    : 1.0;
}

/* Of an item's slope. */
static const double SLOPE_VAR = 0.1;

static piq_status set_up_kind(piq_item_fit *f, size_t kind)
{
    piq_arena *a = f->arena;
    size_t n = f->b->effects[kind].n;
    piq_fitted_kind *k = &f->kinds[kind];
    *k = (piq_fitted_kind){
        .value = piq_new(a, double, n),
        .usual = piq_new(a, double, n),
        .g = piq_new(a, double, n),
        .h = piq_new(a, double, n),
        .count = piq_new(a, uint32_t, n),
        .var = FIRST_VAR[kind],
        .n = n,
    };
    bool all = k->value && k->usual && k->g && k->h && k->count;
    return all ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status set_up(piq_item_fit *f)
{
    piq_arena *a = f->arena;
    size_t n_items = f->b->names->n_items;
    size_t n_concepts = f->b->names->n_concepts;
    f->sum = piq_new(a, float, f->b->n);
    f->ability = piq_new(a, float, f->b->n);
    f->slope_g = piq_new(a, double, n_items);
    f->slope_h = piq_new(a, double, n_items);
    f->item_value = piq_new(a, double, n_items);
    f->item_weight = piq_new(a, double, n_items);
    f->concept_ability = piq_new(a, float, n_concepts);
    f->concept_n = piq_new(a, uint32_t, n_concepts);
    f->practised = piq_new(a, uint16_t, n_concepts);
    if (!f->sum || !f->ability || !f->slope_g || !f->slope_h ||
        !f->item_value || !f->item_weight || !f->concept_ability ||
        !f->concept_n || !f->practised)
        return PIQ_ENOMEM;
    for (size_t k = 0; k < PIQ_N_EFFECTS; k++) {
        if (set_up_kind(f, k) != PIQ_OK)
            return PIQ_ENOMEM;
    }
    return PIQ_OK;
}

static bool counts(const piq_item_fit *f, const piq_built_answer *x,
                   size_t kind)
{
    return x->effect[kind] != PIQ_NO_IX32 && !piq_fit_leaves_out(f, x);
}

static void count(piq_item_fit *f)
{
    for (size_t k = 0; k < PIQ_N_EFFECTS; k++) {
        for (size_t i = 0; i < f->b->n; i++) {
            const piq_built_answer *x = &f->b->answers[i];
            if (counts(f, x, k))
                f->kinds[k].count[x->effect[k]]++;
        }
    }
}

static float expected(float logit)
{
    return 1.0f / (1.0f + expf(-logit));
}

/* --- one kind --------------------------------------------------------------
 */

static void gather(piq_item_fit *f, size_t kind)
{
    piq_fitted_kind *k = &f->kinds[kind];
    memset(k->g, 0, k->n * sizeof *k->g);
    memset(k->h, 0, k->n * sizeof *k->h);
    double weight = say(kind);
    for (size_t i = 0; i < f->b->n; i++) {
        const piq_built_answer *x = &f->b->answers[i];
        if (!counts(f, x, kind))
            continue;
        uint32_t e = x->effect[kind];
        float p = expected(f->sum[i] + f->ability[i]);
        k->g[e] += weight * (double)(x->score - p);
        k->h[e] += weight * (double)(p * (1.0f - p));
    }
}

/* Leaves each effect's step in k->g. */
static void step(piq_fitted_kind *k, bool is_base)
{
    double seen = 0.0, spread = 0.0;
    for (size_t e = 0; e < k->n; e++) {
        double precision = k->h[e] + 1.0 / k->var;
        double usual = k->usual[e];
        double d = (k->g[e] - (k->value[e] - usual) / k->var) / precision;
        k->value[e] += d;
        k->g[e] = d;
        if (k->count[e] > 0) {
            double apart = k->value[e] - usual;
            spread += apart * apart + 1.0 / precision;
            seen += 1.0;
        }
    }
    if (seen >= 2.0 && !is_base)
        k->var = piq_clamp(spread / seen, LEAST_VAR, MOST_VAR);
}

/* Position of the item that an effect of items is of. */
static uint32_t item_of(const piq_item_fit *f, size_t effect)
{
    return piq_effect_parts_of(f->b->effects[PIQ_EFFECT_ITEM].keys[effect]).a;
}

/* Items written one after the other tend to be alike: an item's prior mean is
 * the weighted mean of its neighbours' effects times their correlation. */
static void lean_on_neighbours(piq_item_fit *f, piq_fitted_kind *k)
{
    size_t n = f->b->names->n_items;
    for (size_t i = 0; i < n; i++)
        f->item_value[i] = f->item_weight[i] = 0.0;
    for (size_t e = 0; e < k->n; e++) {
        uint32_t at = item_of(f, e);
        f->item_value[at] = k->value[e];
        f->item_weight[at] = piq_effect_near_weight(k->count[e]);
    }
    double vm = 0.0, mm = 0.0;
    for (size_t e = 0; e < k->n; e++) {
        uint32_t at = item_of(f, e);
        double m = piq_effect_near_mean(f->item_value, f->item_weight, n, at);
        k->usual[e] = m;
        vm += f->item_weight[at] * m * k->value[e];
        mm += f->item_weight[at] * m * m;
    }
    f->near_share = mm > 0.0 ? piq_clamp(vm / mm, 0.0, 1.0) : 0.0;
    for (size_t e = 0; e < k->n; e++)
        k->usual[e] *= f->near_share;
}

static void fit_kind(piq_item_fit *f, size_t kind)
{
    gather(f, kind);
    piq_fitted_kind *k = &f->kinds[kind];
    if (kind == PIQ_EFFECT_ITEM)
        lean_on_neighbours(f, k);
    step(k, kind == PIQ_EFFECT_CASE);
    for (size_t i = 0; i < f->b->n; i++) {
        uint32_t e = f->b->answers[i].effect[kind];
        if (e != PIQ_NO_IX32)
            f->sum[i] += (float)k->g[e];
    }
}

/* --- the learners ----------------------------------------------------------
 */

static void next_learner(piq_item_fit *f)
{
    for (size_t i = 0; i < f->n_practised; i++) {
        f->concept_ability[f->practised[i]] = 0.0f;
        f->concept_n[f->practised[i]] = 0;
    }
    f->n_practised = 0;
}

static void walk(piq_item_fit *f)
{
    float all = 0.0f, form = 0.0f;
    uint32_t n = 0;
    for (size_t i = 0; i < f->b->n; i++) {
        const piq_built_answer *x = &f->b->answers[i];
        if (piq_fit_leaves_out(f, x))
            continue;
        if (x->first) {
            next_learner(f);
            all = form = 0.0f;
            n = 0;
        }
        uint16_t c = x->concept;
        f->ability[i] = all + form + f->concept_ability[c];
        if (piq_built_is_repeat(x)) {
            f->ability[i] = 0.0f; /* it does not depend on ability */
            continue;
        }
        float residual = x->score - expected(f->sum[i] + f->ability[i]);
        residual *= piq_ability_weight(piq_case_is_another_try(x->at));
        all += piq_ability_step(residual, n++);
        form = piq_ability_form(form, residual);
        f->concept_ability[c] +=
            piq_ability_concept_step(residual, f->concept_n[c]);
        if (f->concept_n[c]++ == 0)
            f->practised[f->n_practised++] = c;
    }
    next_learner(f);
}

/* d log likelihood / d slope at 0, where the logit is sum + (1 + slope) a. */
static void fit_slopes(piq_item_fit *f)
{
    for (size_t i = 0; i < f->b->n; i++) {
        const piq_built_answer *x = &f->b->answers[i];
        if (x->item == PIQ_NO_IX32 || piq_fit_leaves_out(f, x) ||
            piq_built_is_repeat(x))
            continue;
        double a = f->ability[i];
        double p = expected(f->sum[i] + f->ability[i]);
        f->slope_g[x->item] += (x->score - p) * a;
        f->slope_h[x->item] += p * (1.0 - p) * a * a;
    }
}

piq_status piq_item_fit_run(piq_item_fit *f, const piq_item_builder *b,
                            unsigned without, piq_arena *a)
{
    *f = (piq_item_fit){.b = b, .without = without, .arena = a};
    piq_status status = set_up(f);
    if (status != PIQ_OK)
        return status;
    count(f);
    for (size_t k = 0; k <= PIQ_EFFECT_ITEM_CASE; k++)
        fit_kind(f, k);
    for (size_t sweep = 0; sweep < SWEEPS; sweep++) {
        walk(f);
        for (size_t k = 0; k < PIQ_N_EFFECTS; k++)
            fit_kind(f, k);
    }
    walk(f);
    fit_slopes(f);
    return PIQ_OK;
}

double piq_item_fit_slope(const piq_item_fit *f, size_t item)
{
    return f->slope_g[item] / (f->slope_h[item] + 1.0 / SLOPE_VAR);
}
