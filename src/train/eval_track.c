#include "train/eval_track.h"

#include "base/map.h"
#include "num/logistic.h"
#include "track/calibrate.h"

#include <math.h>
#include <stdlib.h>

enum { PUBLISH_EVERY = 64 };

/* Steps of the plain Elo: K for the learner, the learner on the skill, and
 * the item. */
static const double ELO_LEARNER = 0.1;
static const double ELO_SKILL = 0.2;
static const double ELO_ITEM = 0.2;

/* A running mean starts as if so many answers had come out as all answers did
 * so far. */
static const double MEAN_STARTS_WITH = 4.0;

const char *piq_eval_model_name(piq_eval_model m)
{
    switch (m) {
    case PIQ_EVAL_BELIEF:
        return "online belief";
    case PIQ_EVAL_ELO:
        return "plain Elo";
    case PIQ_EVAL_ITEM_MEAN:
        return "running item mean";
    case PIQ_EVAL_LEARNER_SKILL:
        return "running learner-skill mean";
    }
    PIQ_ASSERT(false); /* not a model */
    return "";
}

typedef struct mean_of {
    double right, n;
} mean_of;

typedef struct learner {
    piq_track track;
    uint32_t n; /* answers so far */
    float elo;
    float *elo_skill; /* [n_concepts] */
    mean_of *skill;   /* [n_concepts] */
} learner;

typedef struct run {
    const piq_catalogue *c;
    const piq_track_params *p;
    piq_calibrator *calibrator;
    piq_item_estimate *published; /* [n_items] */
    piq_calibrated_item *news;    /* [n_items] */
    float *elo_item;              /* [n_items] */
    mean_of all;
    mean_of *item;      /* [n_items] */
    piq_map learner_at; /* user id -> position */
    learner *learners;
    size_t n_learners;
    /* What was predicted, and what came of it; [n]. */
    double *predicted[PIQ_N_EVAL_MODELS];
    float *score;
    uint32_t *before; /* answers of the learner before it */
} run;

/* --- one answer ------------------------------------------------------------
 */

static double mean_now(const mean_of *m, const mean_of *all)
{
    double everybody = (all->right + 1.0) / (all->n + 2.0);
    return (m->right + MEAN_STARTS_WITH * everybody) /
           (m->n + MEAN_STARTS_WITH);
}

static void mean_add(mean_of *m, float score)
{
    m->right += score;
    m->n += 1.0f;
}

static void one_belief(run *r, learner *l, const piq_eval_answer *x, size_t i)
{
    const piq_item *item = &r->c->items[x->item.v];
    const piq_item_estimate *e = &r->published[x->item.v];
    piq_task task = {
        .concepts = item->concepts,
        .n_concepts = item->n_concepts,
        .difficulty_logit = e->difficulty_logit,
        .difficulty_variance = e->variance,
        .discrimination = item->discrimination,
        .guess = item->guess,
    };
    piq_track_outcome outcome;
    piq_track_answer(&l->track, r->p, r->c, &task, x->score, 1.0, 0, x->at_us,
                     &outcome);
    piq_calibrator_answer(r->calibrator, x->item, &outcome, x->score);
    r->predicted[PIQ_EVAL_BELIEF][i] = outcome.predicted;
}

static void one_baseline(run *r, learner *l, const piq_eval_answer *x, size_t i)
{
    size_t skill = r->c->items[x->item.v].concepts[0].concept.v;
    r->predicted[PIQ_EVAL_ITEM_MEAN][i] =
        mean_now(&r->item[x->item.v], &r->all);
    r->predicted[PIQ_EVAL_LEARNER_SKILL][i] =
        mean_now(&l->skill[skill], &r->all);
    mean_add(&r->all, x->score);
    mean_add(&r->item[x->item.v], x->score);
    mean_add(&l->skill[skill], x->score);

    float *item = &r->elo_item[x->item.v];
    double p = piq_sigmoid((double)l->elo + l->elo_skill[skill] - *item);
    double residual = x->score - p;
    r->predicted[PIQ_EVAL_ELO][i] = p;
    l->elo += (float)(ELO_LEARNER * residual);
    l->elo_skill[skill] += (float)(ELO_SKILL * residual);
    *item -= (float)(ELO_ITEM * residual);
}

static void publish(run *r)
{
    size_t n = piq_calibrator_publish(r->calibrator, r->news, r->c->n_items);
    for (size_t i = 0; i < n; i++)
        r->published[r->news[i].item.v] = r->news[i].estimate;
}

/* --- setting up -------------------------------------------------------------
 */

static piq_status learner_of(piq_arena *a, run *r, int64_t user_id,
                             learner **out)
{
    uint64_t at;
    if (piq_map_get(&r->learner_at, (uint64_t)user_id, &at)) {
        *out = &r->learners[at];
        return PIQ_OK;
    }
    learner *l = &r->learners[r->n_learners];
    *l = (learner){
        .elo_skill = piq_new(a, float, r->c->n_concepts),
        .skill = piq_new(a, mean_of, r->c->n_concepts),
    };
    if (!l->elo_skill || !l->skill)
        return PIQ_ENOMEM;
    piq_status status = piq_track_init(&l->track, r->c);
    if (status != PIQ_OK)
        return status;
    r->n_learners++;
    *out = l;
    return piq_map_put(&r->learner_at, (uint64_t)user_id, r->n_learners - 1);
}

static piq_status set_up(piq_arena *a, run *r, size_t n)
{
    size_t n_items = r->c->n_items;
    r->published = piq_new(a, piq_item_estimate, n_items);
    r->news = piq_new(a, piq_calibrated_item, n_items);
    r->elo_item = piq_new(a, float, n_items);
    r->item = piq_new(a, mean_of, n_items);
    r->learners = piq_new(a, learner, n);
    r->score = piq_new(a, float, n);
    r->before = piq_new(a, uint32_t, n);
    bool all = r->published && r->news && r->elo_item && r->item &&
               r->learners && r->score && r->before;
    for (size_t m = 0; m < PIQ_N_EVAL_MODELS; m++) {
        r->predicted[m] = piq_new(a, double, n);
        all = all && r->predicted[m];
    }
    if (!all)
        return PIQ_ENOMEM;
    piq_status status = piq_calibrator_new_with(r->c, r->p, &r->calibrator);
    for (size_t i = 0; status == PIQ_OK && i < n_items; i++)
        r->published[i] =
            piq_calibrator_estimate(r->calibrator, (piq_item_ix){(uint32_t)i});
    return status;
}

static void tear_down(run *r)
{
    piq_map_release(&r->learner_at);
    piq_calibrator_free(r->calibrator);
    for (size_t i = 0; i < r->n_learners; i++)
        piq_track_release(&r->learners[i].track);
}

typedef struct place {
    int64_t at_us;
    size_t i;
} place;

static int by_time(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

static place *in_time_order(piq_arena *a, const piq_eval_answer *answers,
                            size_t n)
{
    place *order = piq_new(a, place, n);
    if (!order)
        return NULL;
    for (size_t i = 0; i < n; i++)
        order[i] = (place){answers[i].at_us, i};
    if (n > 1)
        qsort(order, n, sizeof *order, by_time);
    return order;
}

/* --- scoring -----------------------------------------------------------------
 */

static piq_status score_of(piq_arena *a, const double *p, const float *y,
                           size_t n, piq_eval_score *out)
{
    *out = (piq_eval_score){
        .n = n, .auc = NAN, .brier = NAN, .logloss = NAN, .ece = NAN};
    if (n == 0)
        return PIQ_OK;
    for (size_t i = 0; i < n; i++)
        piq_reliability_add(&out->bins, p[i], y[i]);
    out->brier = piq_reliability_brier(&out->bins);
    out->logloss = out->bins.logloss_sum / (double)n;
    out->ece = piq_reliability_ece(&out->bins);
    return piq_auc(a, p, y, n, &out->auc);
}

static piq_status score_stage(piq_arena *a, const run *r, size_t n,
                              piq_eval_stage *stage)
{
    double *p = piq_new(a, double, n);
    float *y = piq_new(a, float, n);
    if (!p || !y)
        return PIQ_ENOMEM;
    size_t used = 0;
    double right = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (r->before[i] < stage->from || r->before[i] >= stage->below)
            continue;
        p[used] = r->predicted[PIQ_EVAL_BELIEF][i];
        y[used++] = r->score[i];
        right += r->score[i];
    }
    stage->right = used ? right / (double)used : NAN;
    return score_of(a, p, y, used, &stage->belief);
}

static piq_status report_on(piq_arena *a, const run *r, size_t n,
                            piq_eval_report *out)
{
    static const uint32_t bounds[PIQ_EVAL_STAGES + 1] = {
        0, 5, 10, 20, 50, 100, 200, UINT32_MAX};
    piq_eval_report report = {.n_answers = n, .n_learners = r->n_learners};
    for (size_t i = 0; i < r->c->n_items; i++)
        report.n_items += r->item[i].n > 0.0f;
    piq_status status = PIQ_OK;
    for (size_t m = 0; status == PIQ_OK && m < PIQ_N_EVAL_MODELS; m++)
        status = score_of(a, r->predicted[m], r->score, n, &report.models[m]);
    for (size_t k = 0; status == PIQ_OK && k < PIQ_EVAL_STAGES; k++) {
        report.curve[k].from = bounds[k];
        report.curve[k].below = bounds[k + 1];
        status = score_stage(a, r, n, &report.curve[k]);
    }
    if (status == PIQ_OK)
        *out = report;
    return status;
}

static piq_status live_through(piq_arena *a, run *r,
                               const piq_eval_answer *answers, size_t n,
                               size_t publish_every)
{
    place *order = in_time_order(a, answers, n);
    if (!order)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const piq_eval_answer *x = &answers[order[i].i];
        learner *l;
        piq_status status = learner_of(a, r, x->user_id, &l);
        if (status != PIQ_OK)
            return status;
        r->score[i] = x->score;
        r->before[i] = l->n++;
        one_belief(r, l, x, i);
        one_baseline(r, l, x, i);
        if ((i + 1) % publish_every == 0)
            publish(r);
    }
    return PIQ_OK;
}

piq_status piq_eval_track(piq_arena *a, const piq_catalogue *c,
                          const piq_eval_answer *answers, size_t n,
                          const piq_eval_options *o, piq_eval_report *out)
{
    run r = {.c = c, .p = piq_track_defaults()};
    size_t every = PUBLISH_EVERY;
    if (o && o->params)
        r.p = o->params;
    if (o && o->publish_every)
        every = o->publish_every;
    piq_status status = piq_track_params_check(r.p, NULL);
    if (status != PIQ_OK)
        return status;
    piq_map_init(&r.learner_at);
    status = set_up(a, &r, n);
    if (status == PIQ_OK)
        status = live_through(a, &r, answers, n, every);
    if (status == PIQ_OK)
        status = report_on(a, &r, n, out);
    tear_down(&r);
    return status;
}
