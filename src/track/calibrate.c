#include "track/calibrate.h"

#include "base/calendar.h"
#include "track/observe.h"
#include "track/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A node of the tree all items > a concept's items > an item, in logits above
 * the curriculum's difficulty: N(own + b * parent, s). See README.md. */
typedef struct node {
    double own;
    double b;
    double s;
} node;

typedef struct item_belief {
    float own, b, s;
    uint32_t n;
    int64_t last_us; /* of its last answer; INT64_MIN: not known */
    float told_logit, told_variance; /* as last published */
    float base;                      /* the curriculum's, logits */
    uint32_t parent;                 /* its main concept */
    bool queued;
} item_belief;

typedef struct concept_belief {
    node node;
    double spread_mean; /* where its items were last told of */
} concept_belief;

struct piq_calibrator {
    piq_track_params params;
    node all; /* root: b is 0 */
    concept_belief *concepts;
    item_belief *items;
    double *guess;           /* [n_items] */
    double *discrimination;  /* [n_items] */
    uint32_t *by_concept;    /* items by main concept */
    uint32_t *by_concept_at; /* [n_concepts+1] */
    uint32_t *queue;         /* ring of n_items places */
    size_t queue_head, n_queued;
    size_t n_concepts, n_items;
};

/* --- memory ------------------------------------------------------------- */

static void *new_array(size_t n, size_t size)
{
    return piq_alloc_should_fail() ? NULL : calloc(n ? n : 1, size);
}

static void release(piq_calibrator *k)
{
    free(k->concepts);
    free(k->items);
    free(k->guess);
    free(k->discrimination);
    free(k->by_concept);
    free(k->by_concept_at);
    free(k->queue);
}

void piq_calibrator_free(piq_calibrator *k)
{
    if (!k)
        return;
    release(k);
    free(k);
}

/* The concept that an item is mostly about; the first of equals. */
static uint32_t main_concept(const piq_item *item)
{
    size_t best = 0;
    for (size_t i = 1; i < item->n_concepts; i++) {
        if (item->concepts[i].weight > item->concepts[best].weight)
            best = i;
    }
    return item->n_concepts ? item->concepts[best].concept.v : 0;
}

/* Counting sort of the items by main concept. */
static void index_by_concept(piq_calibrator *k)
{
    uint32_t *at = k->by_concept_at;
    memset(at, 0, (k->n_concepts + 1) * sizeof *at);
    for (size_t i = 0; i < k->n_items; i++)
        at[k->items[i].parent + 1]++;
    for (size_t i = 0; i < k->n_concepts; i++)
        at[i + 1] += at[i];
    for (size_t i = k->n_items; i-- > 0;)
        k->by_concept[--at[k->items[i].parent + 1]] = (uint32_t)i;
    /* Each at[c+1] now holds the start of c: move them down by one. */
    memmove(at, at + 1, k->n_concepts * sizeof *at);
    at[k->n_concepts] = (uint32_t)k->n_items;
}

static void fill_priors(piq_calibrator *k, const piq_catalogue *c)
{
    for (size_t i = 0; i < k->n_concepts; i++)
        k->concepts[i].node = (node){0.0, 1.0, k->params.concept_items_var};
    for (size_t i = 0; i < k->n_items; i++) {
        double base = piq_difficulty_logit(c->items[i].difficulty);
        k->items[i] = (item_belief){
            .b = 1.0f,
            .s = (float)k->params.item_var,
            .told_logit = (float)base,
            .told_variance =
                (float)(k->params.all_items_var + k->params.concept_items_var +
                        k->params.item_var),
            .base = (float)base,
            .last_us = INT64_MIN,
            .parent = main_concept(&c->items[i]),
        };
        k->guess[i] = c->items[i].guess;
        k->discrimination[i] = c->items[i].discrimination;
    }
    index_by_concept(k);
}

/* Fills *k, without evidence. PIQ_ENOMEM leaves nothing allocated. */
static piq_status build(piq_calibrator *k, const piq_catalogue *c,
                        const piq_track_params *p)
{
    size_t n_concepts = c->n_concepts ? c->n_concepts : 1;
    *k = (piq_calibrator){
        .params = *p,
        .all = {0.0, 0.0, p->all_items_var},
        .n_concepts = n_concepts,
        .n_items = c->n_items,
        .concepts = new_array(n_concepts, sizeof *k->concepts),
        .items = new_array(c->n_items, sizeof *k->items),
        .guess = new_array(c->n_items, sizeof *k->guess),
        .discrimination = new_array(c->n_items, sizeof *k->discrimination),
        .by_concept = new_array(c->n_items, sizeof *k->by_concept),
        .by_concept_at = new_array(n_concepts + 1, sizeof *k->by_concept_at),
        .queue = new_array(c->n_items, sizeof *k->queue),
    };
    if (!k->concepts || !k->items || !k->guess || !k->discrimination ||
        !k->by_concept || !k->by_concept_at || !k->queue) {
        release(k);
        return PIQ_ENOMEM;
    }
    fill_priors(k, c);
    return PIQ_OK;
}

double piq_item_prior_variance(void)
{
    const piq_track_params *p = piq_track_defaults();
    return p->all_items_var + p->concept_items_var + p->item_var;
}

piq_status piq_calibrator_new_with(const piq_catalogue *c,
                                   const piq_track_params *p,
                                   piq_calibrator **out)
{
    piq_calibrator *k = new_array(1, sizeof *k);
    if (!k)
        return PIQ_ENOMEM;
    piq_status status = build(k, c, p);
    if (status != PIQ_OK) {
        free(k);
        return status;
    }
    *out = k;
    return PIQ_OK;
}

piq_status piq_calibrator_new(const piq_catalogue *c, piq_calibrator **out)
{
    return piq_calibrator_new_with(c, piq_track_defaults(), out);
}

static void enqueue(piq_calibrator *k, uint32_t item)
{
    if (k->n_items == 0 || k->items[item].queued)
        return;
    k->items[item].queued = true;
    k->queue[(k->queue_head + k->n_queued++) % k->n_items] = item;
}

static uint32_t dequeue(piq_calibrator *k)
{
    uint32_t item = k->queue[k->queue_head];
    k->queue_head = (k->queue_head + 1) % k->n_items;
    k->n_queued--;
    k->items[item].queued = false;
    return item;
}

piq_status piq_calibrator_grow(piq_calibrator *k, const piq_catalogue *c)
{
    piq_calibrator grown;
    piq_status status = build(&grown, c, &k->params);
    if (status != PIQ_OK)
        return status;
    grown.all = k->all;
    size_t n =
        k->n_concepts < grown.n_concepts ? k->n_concepts : grown.n_concepts;
    memcpy(grown.concepts, k->concepts, n * sizeof *k->concepts);
    n = k->n_items < grown.n_items ? k->n_items : grown.n_items;
    for (size_t i = 0; i < n; i++) {
        item_belief *to = &grown.items[i];
        const item_belief *from = &k->items[i];
        float base = to->base;
        uint32_t parent = to->parent;
        *to = *from;
        to->base = base;
        to->parent = parent;
        to->queued = false;
        /* The curriculum changed its mind: that moves the prior's share. */
        to->own += (1.0f - from->b) * (from->base - base);
    }
    for (size_t i = 0; i < k->n_queued && k->n_items > 0; i++)
        enqueue(&grown, k->queue[(k->queue_head + i) % k->n_items]);
    release(k);
    *k = grown;
    return PIQ_OK;
}

/* --- belief --------------------------------------------------------------- */

static double concept_mean(const piq_calibrator *k, uint32_t concept)
{
    const node *x = &k->concepts[concept].node;
    return x->own + x->b * k->all.own;
}

static double concept_variance(const piq_calibrator *k, uint32_t concept)
{
    const node *x = &k->concepts[concept].node;
    return x->s + x->b * x->b * k->all.s;
}

piq_item_estimate piq_calibrator_estimate(const piq_calibrator *k,
                                          piq_item_ix item)
{
    const item_belief *x = &k->items[item.v];
    double mean = x->own + x->b * concept_mean(k, x->parent);
    double var = x->s + x->b * x->b * concept_variance(k, x->parent);
    return (piq_item_estimate){
        .difficulty_logit = (float)(x->base + mean),
        .variance = (float)var,
        .n = x->n,
    };
}

/* Moves an item and what it leans on by an observation of its difficulty:
 * `slope` and `info` as in observe.h, of the difficulty upwards. */
static void move(piq_calibrator *k, item_belief *x, double slope, double info)
{
    node *up = &k->concepts[x->parent].node;
    double prior = k->params.item_var;
    double pull = x->b;              /* of the concept's offset */
    double root_pull = pull * up->b; /* of everybody's */
    double from_root = root_pull * root_pull * k->all.s;
    double from_up = pull * pull * up->s;
    double mean_up = concept_mean(k, x->parent);
    double mean = x->own + x->b * mean_up + x->s * slope;

    double cov = root_pull * k->all.s;
    double root_moved = cov * slope;
    k->all.own += root_moved;
    k->all.s -= cov * cov * info;

    cov = pull * up->s;
    double up_now = mean_up + cov * slope + up->b * root_moved;
    up->s -= cov * cov * info / (1.0 - info * from_root);
    up->b = up->s / k->params.concept_items_var;
    up->own = up_now - up->b * k->all.own;

    mean += x->b * (up_now - mean_up);
    double s = x->s - (double)x->s * x->s * info /
                          (1.0 - info * (from_root + from_up));
    x->s = (float)fmin(prior, s);
    x->b = (float)(x->s / prior);
    x->own = (float)(mean - x->b * up_now);
}

/* What an item asks wanders as its cohorts and its uses change: a day opens its
 * variance a little, and some of that falls back to its concept. */
static void age(const piq_calibrator *k, item_belief *x, int64_t at_us)
{
    bool known = x->last_us != INT64_MIN;
    double us = known ? (double)at_us - (double)x->last_us : 0.0;
    if (!known || us > 0.0)
        x->last_us = at_us;
    if (us <= 0.0 || x->b >= 1.0f)
        return;
    double prior = k->params.item_var;
    double up = concept_mean(k, x->parent);
    double s = fmin(prior, x->s + k->params.item_idle * us / PIQ_US_PER_DAY);
    double kept = 1.0 - k->params.item_fade * (s / prior - x->b) / (1.0 - x->b);
    double mean = kept * x->own + (1.0 - kept * (1.0 - x->b)) * up;
    x->s = (float)s;
    x->b = (float)(s / prior);
    x->own = (float)(mean - x->b * up);
}

void piq_calibrator_answer(piq_calibrator *k, piq_item_ix item,
                           const piq_track_outcome *before, double score)
{
    item_belief *x = &k->items[item.v];
    age(k, x, before->at_us);
    piq_item_estimate now = piq_calibrator_estimate(k, item);
    piq_encounter e = {
        .mean = before->ability_logit - now.difficulty_logit,
        .variance = before->ability_variance + now.variance,
        .discrimination = k->discrimination[item.v],
        .guess = k->guess[item.v],
        .lapse = k->params.lapse,
    };
    piq_observation o = piq_encounter_observe(&e, score, 1.0);
    move(k, x, -o.slope, o.info);
    if (x->n < UINT32_MAX)
        x->n++;
    enqueue(k, item.v);
}

/* A published estimate is total: how much of it was the item's own is lost. So
 * the item is kept as it was told, apart from its concept (b = 0) until its
 * next answer, and its concept learns from it as from one direct measurement.
 * Items never answered follow their concept. */
void piq_calibrator_restore(piq_calibrator *k, const piq_calibrated_item *told)
{
    item_belief *x = &k->items[told->item.v];
    x->told_logit = told->estimate.difficulty_logit;
    x->told_variance = told->estimate.variance;
    if (told->estimate.n == 0)
        return;
    item_belief measured = {.b = 1.0f, .parent = x->parent};
    measured.s = (float)k->params.item_var;
    double mean = (double)told->estimate.difficulty_logit - x->base;
    double up_mean = concept_mean(k, x->parent);
    double info = 1.0 / ((double)measured.s + told->estimate.variance +
                         concept_variance(k, x->parent));
    move(k, &measured, (mean - up_mean) * info, info);
    x->own = (float)mean;
    x->b = 0.0f;
    x->s = fminf(told->estimate.variance, (float)k->params.item_var);
    x->n = told->estimate.n;
}

/* --- publishing ------------------------------------------------------------
 */

static bool has_moved(const piq_calibrator *k, const item_belief *x,
                      const piq_item_estimate *now)
{
    double sd = sqrt((double)now->variance);
    double moved = fabs((double)now->difficulty_logit - x->told_logit);
    /* The variance goes with the mean; a fifth off it is worth telling too. */
    return moved > k->params.publish_sds * sd ||
           now->variance < 0.8f * x->told_variance;
}

/* Queues the items of every concept whose offset has moved. */
static void spread_offsets(piq_calibrator *k)
{
    for (size_t i = 0; i < k->n_concepts; i++) {
        concept_belief *x = &k->concepts[i];
        double mean = concept_mean(k, (uint32_t)i);
        double sd = sqrt(k->params.item_var);
        if (fabs(mean - x->spread_mean) <= k->params.publish_sds * sd)
            continue;
        x->spread_mean = mean;
        for (uint32_t j = k->by_concept_at[i]; j < k->by_concept_at[i + 1]; j++)
            enqueue(k, k->by_concept[j]);
    }
}

static int by_item(const void *a, const void *b)
{
    uint32_t x = ((const piq_calibrated_item *)a)->item.v;
    uint32_t y = ((const piq_calibrated_item *)b)->item.v;
    return (x > y) - (x < y);
}

size_t piq_calibrator_publish(piq_calibrator *k, piq_calibrated_item *out,
                              size_t max)
{
    size_t n = 0;
    spread_offsets(k);
    while (n < max && k->n_queued > 0) {
        piq_item_ix item = {dequeue(k)};
        item_belief *x = &k->items[item.v];
        piq_item_estimate now = piq_calibrator_estimate(k, item);
        if (!has_moved(k, x, &now))
            continue;
        x->told_logit = now.difficulty_logit;
        x->told_variance = now.variance;
        out[n++] = (piq_calibrated_item){item, now};
    }
    if (n > 1)
        qsort(out, n, sizeof *out, by_item);
    return n;
}
