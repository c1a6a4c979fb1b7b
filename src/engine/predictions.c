/* predictions.c - see predictions.h. */
#include "engine/predictions.h"

#include "base/calendar.h"
#include "engine/estimate.h"
#include "engine/sentence.h"
#include "num/logistic.h"
#include "path/path.h"

#include <math.h>

static const double CEILING = 0.95;
static const double FORGOTTEN_SHARE = 0.5;
static const double REVIEW_MIN = 2;
static const double OTHER_WEIGHT = 0.25;
static const double WALK_SD_PER_SQRT_WEEK = 0.02;
static const double MOST_MINUTES = 35 * 60;
static const double SURE = 0.8;
static const int MOST_WEEKS = 104;

enum { NODES = 5 };
/* Gauss-Hermite for the standard normal, five points. */
static const double NODE[NODES] = {-2.8569700138728056, -1.3556261799742659, 0,
                                   1.3556261799742659, 2.8569700138728056};
static const double WEIGHT[NODES] = {0.011257411327720693, 0.22207592200561263,
                                     0.53333333333333333, 0.22207592200561263,
                                     0.011257411327720693};

/* A set of concepts whose mean mastery is told. */
typedef struct concept_set {
    const piq_concept_ix *concepts;
    size_t n;
    double now; /* mean mastery */
    double sd;  /* of that mean, today */
} concept_set;

typedef struct work {
    piq_teller teller;
    const piq_learner *learner;
    const piq_catalogue *catalogue;
    const piq_belief *beliefs;
    int64_t now_us;
    piq_velocity velocity;
    double weekly_minutes;
    double *weight; /* [n_concepts], 0 for retired ones */
    double *loss;   /* [n_concepts] 1 - R(T)/R(0), at `loss_us` */
    double *kept;   /* [n_concepts] scratch: m' */
} work;

/* What the learner does until an instant. */
typedef struct plan {
    double days;
    double hours;
    double review_minutes; /* a week */
    double covered;        /* share of the reviews */
} plan;

/* ---- the plan --------------------------------------------------------- */

static bool is_day_off(const piq_stated *s, int32_t day)
{
    if (!(s->has & PIQ_STATED_DAYS_OFF))
        return false;
    for (size_t i = 0; i < s->n_days_off; i++)
        if (s->days_off[i] == day)
            return true;
    return false;
}

/* Practice days until `at_us` as a share of full weeks: minutes are this times
 * the minutes a week. Stated weekdays and days off count as stated. */
static double weeks_until(const work *w, int64_t at_us)
{
    const piq_stated *s = &w->learner->stated;
    double days = (double)(at_us - w->now_us) / PIQ_US_PER_DAY;
    if (!(s->has & PIQ_STATED_MINUTES) || !(w->weekly_minutes > 0))
        return days / 7;
    int32_t first = piq_learner_day(w->learner, w->now_us) + 1;
    int32_t last = piq_learner_day(w->learner, at_us);
    double minutes = 0;
    for (int32_t d = first; d <= last; d++)
        if (!is_day_off(s, d))
            minutes += s->minutes_per_weekday[piq_weekday_of(d)];
    return minutes / w->weekly_minutes;
}

/* Recall lost by then without practice, and what preventing it would take. */
static double reviews_until(work *w, int64_t at_us, double days)
{
    const piq_catalogue *c = w->catalogue;
    const piq_fsrs_params *fsrs = piq_fsrs_defaults();
    double wanted = piq_learner_retention(w->learner), reviews = 0;
    for (size_t i = 0; i < c->n_concepts; i++) {
        piq_belief then = w->beliefs[i];
        w->loss[i] = 0;
        if (c->concepts[i].retired || !(then.recall > 0) || !(days > 0))
            continue;
        piq_memory_belief(&w->learner->memory, fsrs,
                          (piq_concept_ix){(uint16_t)i}, wanted, at_us, &then);
        w->loss[i] = piq_clamp(1 - then.recall / w->beliefs[i].recall, 0, 1);
        double interval =
            fmax(1, piq_fsrs_interval(fsrs, then.stability_days, wanted));
        reviews += log2(1 + days / interval);
    }
    return days > 0 ? reviews * REVIEW_MIN * 7 / fmax(days, 1) : 0;
}

static plan plan_until(work *w, int64_t at_us)
{
    plan p = {.days = (double)(at_us - w->now_us) / PIQ_US_PER_DAY};
    p.review_minutes = reviews_until(w, at_us, p.days);
    p.hours = w->weekly_minutes * weeks_until(w, at_us) / 60;
    p.covered = p.review_minutes > 0
                    ? fmin(1, w->weekly_minutes / p.review_minutes)
                    : 1;
    return p;
}

/* ---- the set's mastery ------------------------------------------------ */

/* Fills kept[]; returns sum w gap over all concepts. */
static double forget(work *w, const plan *p)
{
    double all = 0;
    for (size_t i = 0; i < w->catalogue->n_concepts; i++) {
        w->kept[i] = w->beliefs[i].mastery *
                     (1 - FORGOTTEN_SHARE * (1 - p->covered) * w->loss[i]);
        all += w->weight[i] * fmax(0, CEILING - w->kept[i]);
    }
    return all;
}

/* Mean mastery of the set at each node of the rate. forget() came before. */
static void learn(const work *w, const concept_set *set, const plan *p,
                  double all_gap, double mean[NODES])
{
    double kept = 0, goal_gap = 0, other_gap = 0;
    for (size_t k = 0; k < set->n; k++) {
        size_t i = set->concepts[k].v;
        double gap = fmax(0, CEILING - w->kept[i]);
        kept += w->kept[i];
        if (w->weight[i] < 1)
            other_gap += gap;
        else
            goal_gap += gap;
    }
    for (int j = 0; j < NODES; j++) {
        double v = fmax(0, w->velocity.mean + NODE[j] * w->velocity.sd);
        double k = all_gap > 0 ? v * p->hours / all_gap : 0;
        mean[j] = (kept + goal_gap * -expm1(-k) +
                   other_gap * -expm1(-k * OTHER_WEIGHT)) /
                  (double)set->n;
    }
}

static double spread_of(const concept_set *set, double days)
{
    double walk2 = WALK_SD_PER_SQRT_WEEK * WALK_SD_PER_SQRT_WEEK * days / 7;
    return sqrt(set->sd * set->sd + walk2);
}

static piq_forecast_point point_of(const concept_set *set, const plan *p,
                                   const double mean[NODES], int64_t at_us)
{
    double first = 0, second = 0;
    for (int j = 0; j < NODES; j++) {
        double x = piq_logit(piq_clamp(mean[j], 0.01, 0.99));
        first += WEIGHT[j] * x;
        second += WEIGHT[j] * x * x;
    }
    double m = piq_sigmoid(first);
    double s = fmin(4, spread_of(set, p->days) / (m * (1 - m)));
    s = sqrt(s * s + fmax(0, second - first * first));
    return (piq_forecast_point){at_us,
                                m,
                                piq_sigmoid(first - PIQ_Z80 * s),
                                piq_sigmoid(first + PIQ_Z80 * s),
                                piq_sigmoid(first - PIQ_Z90 * s),
                                piq_sigmoid(first + PIQ_Z90 * s)};
}

static double probability_of(const concept_set *set, const plan *p,
                             const double mean[NODES])
{
    double bar = piq_logit(PIQ_MASTERED), prob = 0;
    double s = fmax(0.02, spread_of(set, p->days) /
                              (PIQ_MASTERED * (1 - PIQ_MASTERED)));
    for (int j = 0; j < NODES; j++)
        prob += WEIGHT[j] * piq_normal_cdf((piq_logit(mean[j]) - bar) / s);
    return piq_clamp(prob, 0, 1);
}

static double set_probability(work *w, const concept_set *set, const plan *p,
                              piq_forecast_point *point, int64_t at_us)
{
    double mean[NODES];
    learn(w, set, p, forget(w, p), mean);
    if (point)
        *point = point_of(set, p, mean, at_us);
    return probability_of(set, p, mean);
}

static concept_set set_of(const work *w, const piq_concept_ix *concepts,
                          size_t n)
{
    concept_set set = {.concepts = concepts, .n = n};
    double sd = 0, shared = 0;
    for (size_t k = 0; k < n; k++) {
        const piq_belief *b = &w->beliefs[concepts[k].v];
        set.now += b->mastery / (double)n;
        sd += piq_belief_sd(b) / (double)n;
    }
    /* Runs of one area are asked for once. */
    double last = 0;
    for (size_t k = 0; k < n; k++) {
        piq_area_ix area = w->catalogue->concepts[concepts[k].v].area;
        if (k == 0 ||
            area.v != w->catalogue->concepts[concepts[k - 1].v].area.v)
            last = piq_shared_share(w->learner, w->catalogue, w->beliefs, area);
        shared += last / (double)n;
    }
    set.sd = piq_mean_sd(sd, (double)n, shared);
    return set;
}

/* ---- the goal --------------------------------------------------------- */

/* Minutes a week for SURE at `at_us`; NaN: not even MOST_MINUTES do. */
static double minutes_for(work *w, const concept_set *set, int64_t at_us)
{
    plan p = plan_until(w, at_us);
    double weeks = weeks_until(w, at_us), low = 0, high = MOST_MINUTES;
    for (int step = -1; step < 20; step++) {
        double minutes = step < 0 ? high : (low + high) / 2;
        p.hours = minutes * weeks / 60;
        p.covered =
            p.review_minutes > 0 ? fmin(1, minutes / p.review_minutes) : 1;
        double prob = set_probability(w, set, &p, NULL, at_us);
        if (step < 0 && prob < SURE)
            return NAN;
        if (prob >= SURE)
            high = minutes;
        else
            low = minutes;
    }
    return ceil(high);
}

static double probability_after(work *w, const concept_set *set, int weeks)
{
    int64_t at_us = w->now_us + weeks * 7 * PIQ_US_PER_DAY;
    plan p = plan_until(w, at_us);
    return set_probability(w, set, &p, NULL, at_us);
}

/* First week in which the chance is `wanted`: doubling, then halving. */
static int32_t day_of_chance(work *w, const concept_set *set, double wanted)
{
    int low = -1, high = 0;
    while (probability_after(w, set, high) < wanted) {
        if (high == MOST_WEEKS)
            return INT32_MAX;
        low = high;
        high = high ? 2 * high : 1;
        high = high < MOST_WEEKS ? high : MOST_WEEKS;
    }
    while (high - low > 1) {
        int mid = (low + high) / 2;
        if (probability_after(w, set, mid) < wanted)
            low = mid;
        else
            high = mid;
    }
    return piq_learner_day(w->learner, w->now_us) + 7 * high;
}

static const char *say_goal(work *w, const piq_goal_forecast *g)
{
    int now = piq_percent(g->now.mastery), bar = piq_percent(PIQ_MASTERED);
    char by[16] = "";
    if (g->deadline_day == INT32_MAX)
        return piq_sentence(&w->teller,
                            "Mean mastery of %zu concepts is %d %%; %d %% "
                            "counts as reached; no date was set.",
                            g->n_concepts, now, bar);
    piq_date_format(g->deadline_day, by);
    if (isnan(g->minutes_needed))
        return piq_sentence(
            &w->teller,
            "Mean mastery of %zu concepts is %d %%; %d %% counts as reached; "
            "with %d minutes a week the chance by %s is %d %%, and "
            "no practice of up to 35 hours a week makes it 80 %%.",
            g->n_concepts, now, bar, (int)lround(w->weekly_minutes), by,
            piq_percent(g->probability));
    return piq_sentence(
        &w->teller,
        "Mean mastery of %zu concepts is %d %%; %d %% counts as reached; "
        "with %d minutes a week the chance by %s is %d %%, 80 %% "
        "takes %d minutes a week.",
        g->n_concepts, now, bar, (int)lround(w->weekly_minutes), by,
        piq_percent(g->probability), (int)g->minutes_needed);
}

static piq_status tell_goal(work *w, const piq_concept_ix *targets, size_t n,
                            piq_prediction *out)
{
    const piq_goal *stated = &w->learner->goal;
    if (!stated->set || n == 0)
        return PIQ_OK;
    piq_goal_forecast *g = piq_new(w->teller.arena, piq_goal_forecast, 1);
    if (!g)
        return PIQ_ENOMEM;
    concept_set set = set_of(w, targets, n);
    g->n_concepts = n;
    for (size_t k = 0; k < n; k++) {
        const piq_belief *b = &w->beliefs[targets[k].v];
        g->n_mastered +=
            b->mastery >= PIQ_MASTERED && b->evidence >= PIQ_MASTERED_EVIDENCE;
    }
    g->deadline_day = stated->timeline_day;
    g->probability = g->minutes_needed = NAN;
    plan p = plan_until(w, w->now_us);
    set_probability(w, &set, &p, &g->now, w->now_us);
    p = plan_until(w, out->at_us);
    g->probability_at = set_probability(w, &set, &p, &g->then, out->at_us);
    if (g->deadline_day != INT32_MAX) {
        int64_t end_us = piq_day_start_us(g->deadline_day + 1,
                                          piq_learner_offset_min(w->learner),
                                          PIQ_DAY_ROLLOVER_H);
        bool passed = end_us <= w->now_us;
        int64_t until_us = passed ? w->now_us : end_us;
        p = plan_until(w, until_us);
        g->probability = set_probability(w, &set, &p, &g->then, until_us);
        if (!passed)
            g->minutes_needed = minutes_for(w, &set, end_us);
    }
    g->likely_day = day_of_chance(w, &set, 0.5);
    g->sure_day = day_of_chance(w, &set, SURE);
    g->why = say_goal(w, g);
    out->goal = g;
    return PIQ_OK;
}

/* ---- telling ---------------------------------------------------------- */

static void say_assumptions(work *w, piq_prediction *out)
{
    piq_teller *t = &w->teller;
    const char **say = out->assumptions;
    const char *how = out->minutes_source == PIQ_STATED ? "as stated"
                      : out->minutes_source == PIQ_INFERRED
                          ? "as practised"
                          : "as nothing was stated";
    size_t n = 0;
    say[n++] = piq_sentence(t,
                            "%d minutes of practice a week, %s: %d hours. In "
                            "the last 28 days it was %d minutes a week.",
                            (int)lround(out->minutes_per_week), how,
                            (int)lround(out->hours),
                            (int)lround(out->minutes_practised));
    say[n++] = piq_sentence(
        t,
        "An hour adds %.2f mastery summed over concepts (90 %% interval "
        "%.2f to %.2f): %.1f hours seen, shrunk towards the curriculum's "
        "pace of %.2f.",
        out->rate.value, out->rate.low, out->rate.high, out->rate.n,
        out->rate_prior);
    say[n++] = piq_sentence(
        t, "Practice goes where most is missing%s, and nears %d %% at most.",
        w->learner->goal.set ? ", the goal's concepts four times as much as "
                               "others"
                             : "",
        piq_percent(CEILING));
    say[n++] = piq_sentence(
        t,
        "Keeping what is known takes %d minutes of review a week; %d %% of "
        "that is covered. What is not reviewed loses half of what its recall "
        "loses.",
        (int)lround(out->review_minutes), piq_percent(out->review_share));
    say[n++] = "Chance moves mastery by 2 % in a week, by 4 % in four.";
    out->n_assumptions = n;
}

static void say_area(work *w, piq_str name, piq_area_forecast *f)
{
    const piq_forecast_point *now = &f->points[0];
    const piq_forecast_point *then = &f->points[PIQ_FORECAST_POINTS - 1];
    f->why =
        piq_sentence(&w->teller,
                     "%.*s: mastery %d %% now, %d %% expected then (80 %% "
                     "interval %d to %d %%) with %d minutes a week.",
                     PIQ_STR_ARG(name), piq_percent(now->mastery),
                     piq_percent(then->mastery), piq_percent(then->low80),
                     piq_percent(then->high80), (int)lround(w->weekly_minutes));
}

/* All live concepts, area after area; at[a] is where area a starts. */
static size_t sort_by_area(const piq_catalogue *c, piq_concept_ix *out,
                           size_t *at)
{
    size_t n = 0;
    for (size_t a = 0; a < c->n_areas; a++) {
        at[a] = n;
        for (size_t i = 0; i < c->n_concepts; i++)
            if (c->concepts[i].area.v == a && !c->concepts[i].retired)
                out[n++].v = (uint16_t)i;
    }
    at[c->n_areas] = n;
    return n;
}

/* Every area at every date: by date first, so that recall is asked once. */
static piq_status tell_areas(work *w, piq_prediction *out)
{
    const piq_catalogue *c = w->catalogue;
    piq_arena *a = w->teller.arena;
    piq_concept_ix *live = piq_new(a, piq_concept_ix, c->n_concepts);
    size_t *at = piq_new(a, size_t, c->n_areas + 1);
    concept_set *sets = piq_new(a, concept_set, c->n_areas);
    out->areas = piq_new(a, piq_area_forecast, c->n_areas);
    if (!live || !at || !sets || !out->areas)
        return PIQ_ENOMEM;
    size_t n = sort_by_area(c, live, at);
    for (size_t i = 0; i < c->n_areas; i++) {
        if (c->areas[i].retired || at[i + 1] == at[i])
            continue;
        out->areas[out->n_areas].area.v = (uint16_t)i;
        sets[out->n_areas++] = set_of(w, live + at[i], at[i + 1] - at[i]);
    }
    concept_set all = set_of(w, live, n);
    out->overall.area.v = PIQ_NO_IX16;
    for (int k = 0; k < PIQ_FORECAST_POINTS && n > 0; k++) {
        int64_t at_us = w->now_us + (out->at_us - w->now_us) * k /
                                        (PIQ_FORECAST_POINTS - 1);
        plan p = plan_until(w, at_us);
        double gap = forget(w, &p), mean[NODES];
        learn(w, &all, &p, gap, mean);
        out->overall.points[k] = point_of(&all, &p, mean, at_us);
        for (size_t i = 0; i < out->n_areas; i++) {
            learn(w, &sets[i], &p, gap, mean);
            out->areas[i].points[k] = point_of(&sets[i], &p, mean, at_us);
        }
    }
    for (size_t i = 0; i < out->n_areas; i++)
        say_area(w, c->areas[out->areas[i].area.v].name, &out->areas[i]);
    say_area(w, PIQ_STR("All areas"), &out->overall);
    return PIQ_OK;
}

static void weigh(work *w, const piq_concept_ix *targets, size_t n)
{
    for (size_t i = 0; i < w->catalogue->n_concepts; i++) {
        double usual = n ? OTHER_WEIGHT : 1;
        w->weight[i] = w->catalogue->concepts[i].retired ? 0 : usual;
    }
    for (size_t k = 0; k < n; k++)
        w->weight[targets[k].v] = 1;
}

piq_status piq_predictions_make(piq_arena *a, const piq_learner *l,
                                const piq_catalogue *c,
                                const piq_belief *beliefs, int64_t now_us,
                                int64_t at_us, piq_prediction *out)
{
    if (at_us < now_us ||
        at_us - now_us > PIQ_MAX_PREDICTION_DAYS * PIQ_US_PER_DAY)
        return PIQ_EINVAL;
    work w = {.teller = {a, false},
              .learner = l,
              .catalogue = c,
              .beliefs = beliefs,
              .now_us = now_us,
              .velocity = piq_learner_velocity(l, c)};
    *out = (piq_prediction){.user = l->user,
                            .version = l->version,
                            .as_of_us = now_us,
                            .at_us = at_us,
                            .stated = &l->goal};
    w.weekly_minutes = piq_weekly_minutes(l, now_us, &out->minutes_source);
    w.weight = piq_new(a, double, c->n_concepts);
    w.loss = piq_new(a, double, c->n_concepts);
    w.kept = piq_new(a, double, c->n_concepts);
    piq_concept_ix *targets = piq_new(a, piq_concept_ix, c->n_concepts);
    if (!w.weight || !w.loss || !w.kept || !targets)
        return PIQ_ENOMEM;
    size_t n = l->goal.set ? piq_path_targets(c, &l->goal, targets) : 0;
    weigh(&w, targets, n);

    const piq_velocity *v = &w.velocity;
    plan p = plan_until(&w, at_us);
    out->minutes_per_week = w.weekly_minutes;
    out->minutes_practised = piq_practised_minutes(l, now_us);
    out->hours = p.hours;
    out->review_minutes = p.review_minutes;
    out->review_share = p.covered;
    out->rate = (piq_estimate){v->mean, fmax(0, v->mean - PIQ_Z90 * v->sd),
                               v->mean + PIQ_Z90 * v->sd, v->hours};
    out->rate_prior = v->prior;
    piq_status status = tell_areas(&w, out);
    if (status == PIQ_OK)
        status = tell_goal(&w, targets, n, out);
    say_assumptions(&w, out);
    return status == PIQ_OK && w.teller.failed ? PIQ_ENOMEM : status;
}
