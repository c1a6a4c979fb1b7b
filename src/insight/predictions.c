/* predictions.c - see predictions.h. */
#include "insight/predictions.h"

#include "base/calendar.h"
#include "insight/estimate.h"
#include "insight/inputs.h"
#include "insight/sentence.h"
#include "num/logistic.h"
#include "path/path.h"
#include "track/gain.h"

#include <math.h>

static const double FORGOTTEN_SHARE = 0.5;
static const double REVIEW_MIN = 2;
/* A prerequisite is practised a little past the bar, as in a path. */
static const double PREREQUISITE_AIM = PIQ_READY + 0.10;
/* Of a gain: practice may go elsewhere than planned. */
static const double ELSEWHERE_SHARE = 0.5;
/* A review of a concept every other day, as in a path. */
static const double REVIEW_MIN_A_DAY = PIQ_REVIEW_MINUTES / 2;
static const double WALK_SD_PER_SQRT_WEEK = 0.02;
static const double MOST_MINUTES = 35 * 60;
static const double SURE = 0.8;
static const int MOST_WEEKS = 104;

enum { NODES = 9 };
/* Gauss-Hermite for the standard normal, nine points. */
static const double NODE[NODES] = {-4.5127458633997835,
                                   -3.2054290028564704,
                                   -2.07684797867783,
                                   -1.0232556637891326,
                                   0,
                                   1.0232556637891326,
                                   2.07684797867783,
                                   3.2054290028564704,
                                   4.5127458633997835};
static const double WEIGHT[NODES] = {
    2.2345844007746583e-05, 0.002789141321231769, 0.04991640676521788,
    0.24409750289493948,    0.40634920634920640,  0.24409750289493948,
    0.04991640676521788,    0.002789141321231769, 2.2345844007746583e-05};

/* A set of concepts whose mean mastery is told. */
typedef struct concept_set {
    const piq_concept_ix *concepts;
    size_t n;
    double now; /* mean mastery */
    double sd;  /* of that mean, today */
} concept_set;

/* What practice goes to, one after the other. */
enum { TO_THE_GOAL, BEYOND_IT, ALL_ELSE, N_STAGES };

typedef struct work {
    piq_teller teller;
    const piq_learner *learner;
    const piq_catalogue *catalogue;
    const piq_belief *beliefs;
    int64_t now_us;
    uint16_t weekday_minutes[7];
    piq_source minutes_source;
    double weekly_minutes;
    piq_concept_ix *targets; /* the goal's; without one every concept */
    size_t n_targets;
    piq_learning_pace pace;
    double pace_at[NODES];
    double pace_low, pace_high; /* 90 % interval */
    double *aim; /* [n_concepts] of what comes first; 0: later, or retired */
    double *content; /* [n_concepts] minutes of what is not done yet */
    double *loss;    /* [n_concepts] 1 - R(T)/R(0), at the instant asked for */
    double *kept;    /* [n_concepts] m' */
    double *dose[N_STAGES]; /* [n_concepts] that the stage asks for */
    double all[N_STAGES];
} work;

/* A set's mean at each node of the pace, and what of a deviation of today is
 * still there by then. */
typedef struct outcome {
    double mean[NODES];
    double slope[NODES];
} outcome;

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

/* Planned minutes until `at_us`: by weekday, none on days off; of today and of
 * the last day their part that lies between. */
static double minutes_until(const work *w, int64_t at_us)
{
    const piq_learner *l = w->learner;
    int32_t offset = piq_learner_offset_min(l);
    int32_t last = piq_learner_day(l, at_us);
    double minutes = 0;
    for (int32_t d = piq_learner_day(l, w->now_us); d <= last; d++) {
        if (is_day_off(&l->stated, d))
            continue;
        int64_t from_us = piq_day_start_us(d, offset, PIQ_DAY_ROLLOVER_H);
        int64_t to_us = from_us + PIQ_US_PER_DAY;
        from_us = from_us > w->now_us ? from_us : w->now_us;
        to_us = to_us < at_us ? to_us : at_us;
        minutes += w->weekday_minutes[piq_weekday_of(d)] *
                   fmax(0, (double)(to_us - from_us)) / PIQ_US_PER_DAY;
    }
    return minutes;
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
    p.hours = minutes_until(w, at_us) / 60;
    p.covered = p.review_minutes > 0
                    ? fmin(1, w->weekly_minutes / p.review_minutes)
                    : 1;
    return p;
}

/* ---- the set's mastery ------------------------------------------------ */

/* What is left of each concept, and what practice it needs. */
static void forget(work *w, const plan *p)
{
    const piq_catalogue *c = w->catalogue;
    for (int stage = 0; stage < N_STAGES; stage++)
        w->all[stage] = 0;
    for (size_t i = 0; i < c->n_concepts; i++) {
        double m = w->beliefs[i].mastery *
                   (1 - FORGOTTEN_SHARE * (1 - p->covered) * w->loss[i]);
        const double aim[N_STAGES] = {fmin(w->aim[i], PIQ_MASTERED), w->aim[i],
                                      PIQ_PRACTICE_CEILING};
        w->kept[i] = m;
        for (int stage = 0; stage < N_STAGES; stage++) {
            double dose = piq_practice_need(m, aim[stage]);
            w->dose[stage][i] = c->concepts[i].retired ? 0 : dose;
            w->all[stage] += w->dose[stage][i];
            m = fmax(m, aim[stage]);
        }
    }
}

static double share(double dose, double of)
{
    return of > 0 ? piq_clamp(dose / of, 0, 1) : 0;
}

/* forget() came before. */
static outcome learn(const work *w, const concept_set *set, const plan *p)
{
    outcome out = {{0}, {0}};
    double n = (double)set->n;
    for (int j = 0; j < NODES; j++) {
        double a_minute = PIQ_GAIN_RATE * PIQ_PLAN_EFFICIENCY * w->pace_at[j];
        double dose = 60 * p->hours * a_minute;
        double done[N_STAGES];
        for (int stage = 0; stage < N_STAGES; stage++) {
            done[stage] = share(dose, w->all[stage]);
            dose -= w->all[stage];
        }
        for (size_t k = 0; k < set->n; k++) {
            size_t i = set->concepts[k].v;
            double got = 0;
            for (int stage = 0; stage < N_STAGES; stage++)
                got += done[stage] * w->dose[stage][i];
            double most =
                a_minute * (w->content[i] + REVIEW_MIN_A_DAY * p->days);
            double left = exp(-fmin(got, most));
            out.mean[j] += (1 - (1 - w->kept[i]) * left) / n;
            out.slope[j] += left / n;
        }
    }
    return out;
}

static double walk_of(const plan *p)
{
    return WALK_SD_PER_SQRT_WEEK * sqrt(p->days / 7);
}

static piq_forecast_point point_of(const concept_set *set, const plan *p,
                                   const outcome *then, int64_t at_us)
{
    double first = 0, second = 0, slope = 0;
    for (int j = 0; j < NODES; j++) {
        double x = piq_logit(piq_clamp(then->mean[j], 0.01, 0.99));
        first += WEIGHT[j] * x;
        second += WEIGHT[j] * x * x;
        slope += WEIGHT[j] * then->slope[j];
    }
    double m = piq_sigmoid(first), walk = walk_of(p), sd = set->sd * slope;
    /* Half of a large gain, in mastery, would be far more than half on this
     * scale near its end. */
    double elsewhere =
        ELSEWHERE_SHARE * (first - piq_logit(piq_clamp(set->now, 0.01, 0.99)));
    double s = fmin(4, hypot(sd, walk) / (m * (1 - m)));
    s = sqrt(s * s + elsewhere * elsewhere + fmax(0, second - first * first));
    return (piq_forecast_point){at_us,
                                m,
                                piq_sigmoid(first - PIQ_Z80 * s),
                                piq_sigmoid(first + PIQ_Z80 * s),
                                piq_sigmoid(first - PIQ_Z90 * s),
                                piq_sigmoid(first + PIQ_Z90 * s)};
}

/* On the scale ln(1 - m), on which practice adds up. */
static double probability_of(const concept_set *set, const plan *p,
                             const outcome *then)
{
    double prob = 0, bar = 1 - PIQ_MASTERED;
    double s =
        fmax(0.02, hypot(set->sd / fmax(bar, 1 - set->now), walk_of(p) / bar));
    for (int j = 0; j < NODES; j++)
        prob += WEIGHT[j] *
                piq_normal_cdf(log(bar / fmax(1e-3, 1 - then->mean[j])) / s);
    return piq_clamp(prob, 0, 1);
}

static double set_probability(work *w, const concept_set *set, const plan *p,
                              piq_forecast_point *point, int64_t at_us)
{
    forget(w, p);
    outcome then = learn(w, set, p);
    if (point)
        *point = point_of(set, p, &then, at_us);
    return probability_of(set, p, &then);
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
    double low = 0, high = MOST_MINUTES;
    /* Other minutes on the same weekdays; none stated: on each alike. */
    double weeks =
        w->weekly_minutes > 0 ? p.hours * 60 / w->weekly_minutes : p.days / 7;
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
    int64_t at_us = w->now_us + (int64_t)weeks * 7 * PIQ_US_PER_DAY;
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

/* The instant of the goal's date; now, once that has passed. */
static int64_t deadline_us(const work *w)
{
    int64_t end_us = piq_day_start_us(w->learner->goal.timeline_day + 1,
                                      piq_learner_offset_min(w->learner),
                                      PIQ_DAY_ROLLOVER_H);
    return end_us > w->now_us ? end_us : w->now_us;
}

static bool has_goal(const work *w)
{
    return w->learner->goal.set && w->n_targets > 0;
}

static piq_status tell_goal(work *w, piq_prediction *out)
{
    const piq_goal *stated = &w->learner->goal;
    size_t n = w->n_targets;
    if (!has_goal(w))
        return PIQ_OK;
    piq_goal_forecast *g = piq_new(w->teller.arena, piq_goal_forecast, 1);
    if (!g)
        return PIQ_ENOMEM;
    concept_set set = set_of(w, w->targets, n);
    g->n_concepts = n;
    for (size_t k = 0; k < n; k++) {
        const piq_belief *b = &w->beliefs[w->targets[k].v];
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
        int64_t until_us = deadline_us(w);
        p = plan_until(w, until_us);
        g->probability = set_probability(w, &set, &p, &g->then, until_us);
        if (until_us > w->now_us)
            g->minutes_needed = minutes_for(w, &set, until_us);
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
                          ? "on each day what a usual one has"
                          : "25 a day as nothing was stated";
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
        "%.2f to %.2f): %.1f hours seen, shrunk towards the %.2f that the law "
        "of practice expects at this mastery.",
        out->rate.value, out->rate.low, out->rate.high, out->rate.n,
        out->rate_prior);
    say[n++] = piq_sentence(
        t, "Practice goes %s where most is missing, and nears %d %% at most.",
        has_goal(w) ? "to the goal's concepts and what they need first, there"
                    : "to every concept,",
        piq_percent(PIQ_PRACTICE_CEILING));
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
        forget(w, &p);
        outcome then = learn(w, &all, &p);
        out->overall.points[k] = point_of(&all, &p, &then, at_us);
        for (size_t i = 0; i < out->n_areas; i++) {
            then = learn(w, &sets[i], &p);
            out->areas[i].points[k] = point_of(&sets[i], &p, &then, at_us);
        }
    }
    for (size_t i = 0; i < out->n_areas; i++)
        say_area(w, c->areas[out->areas[i].area.v].name, &out->areas[i]);
    say_area(w, PIQ_STR("All areas"), &out->overall);
    return PIQ_OK;
}

/* ---- setting up ------------------------------------------------------- */

/* The targets come first, and the prerequisites that they miss. */
static void set_aims(work *w)
{
    const piq_catalogue *c = w->catalogue;
    for (size_t k = 0; k < w->n_targets; k++)
        w->aim[w->targets[k].v] = PIQ_PRACTICE_CEILING;
    for (size_t k = c->n_concepts; k-- > 0;) {
        const piq_concept *x = &c->concepts[c->order[k].v];
        double mastery = w->beliefs[c->order[k].v].mastery;
        double aim = w->aim[c->order[k].v];
        if (mastery >= fmin(aim, PIQ_MASTERED))
            continue;
        for (size_t i = 0; i < x->n_prerequisites; i++) {
            size_t p = x->prerequisites[i].v;
            if (w->beliefs[p].mastery < PIQ_READY)
                w->aim[p] = fmax(w->aim[p], PREREQUISITE_AIM);
        }
    }
}

static void set_content(work *w)
{
    const piq_catalogue *c = w->catalogue;
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *x = &c->contents[i];
        if (x->retired || !x->published || x->type == PIQ_COURSE ||
            w->learner->history[i].progress == PIQ_COMPLETED)
            continue;
        for (size_t k = 0; k < x->n_concepts; k++)
            w->content[x->concepts[k].concept.v] +=
                x->minutes * x->concepts[k].weight;
    }
}

/* Lognormal around its mean: a pace is never below nothing. */
static void set_pace(work *w)
{
    w->pace = piq_learning_pace_of(w->learner, w->catalogue, w->beliefs,
                                   w->targets, w->n_targets);
    double cv = w->pace.sd / w->pace.value, s = sqrt(log1p(cv * cv));
    double median = w->pace.value * exp(-s * s / 2);
    for (int j = 0; j < NODES; j++)
        w->pace_at[j] = median * exp(s * NODE[j]);
    w->pace_low = median * exp(-PIQ_Z90 * s);
    w->pace_high = median * exp(PIQ_Z90 * s);
}

static piq_status begin(work *w, piq_arena *a, const piq_learner *l,
                        const piq_catalogue *c, const piq_belief *beliefs,
                        int64_t now_us)
{
    piq_goal goal = piq_goal_in_force(l);
    *w = (work){.teller = {a, false},
                .learner = l,
                .catalogue = c,
                .beliefs = beliefs,
                .now_us = now_us,
                .targets = piq_new(a, piq_concept_ix, c->n_concepts),
                .aim = piq_new(a, double, c->n_concepts),
                .content = piq_new(a, double, c->n_concepts),
                .loss = piq_new(a, double, c->n_concepts),
                .kept = piq_new(a, double, c->n_concepts)};
    bool room = w->targets && w->aim && w->content && w->loss && w->kept;
    for (int stage = 0; stage < N_STAGES; stage++) {
        w->dose[stage] = piq_new(a, double, c->n_concepts);
        room = room && w->dose[stage];
    }
    if (!room)
        return PIQ_ENOMEM;
    w->minutes_source = piq_weekday_minutes(l, w->weekday_minutes);
    for (int d = 0; d < 7; d++)
        w->weekly_minutes += w->weekday_minutes[d];
    w->n_targets = piq_path_targets(c, &goal, w->targets);
    set_aims(w);
    set_content(w);
    set_pace(w);
    return PIQ_OK;
}

piq_status piq_goal_probability(piq_arena *a, const piq_learner *l,
                                const piq_catalogue *c,
                                const piq_belief *beliefs, int64_t now_us,
                                double *out)
{
    work w;
    piq_status status = begin(&w, a, l, c, beliefs, now_us);
    *out = NAN;
    if (status || !has_goal(&w) || l->goal.timeline_day == INT32_MAX)
        return status;
    concept_set set = set_of(&w, w.targets, w.n_targets);
    int64_t until_us = deadline_us(&w);
    plan p = plan_until(&w, until_us);
    *out = set_probability(&w, &set, &p, NULL, until_us);
    return PIQ_OK;
}

piq_status piq_predictions_make(piq_arena *a, const piq_learner *l,
                                const piq_catalogue *c,
                                const piq_belief *beliefs, int64_t now_us,
                                int64_t at_us, piq_prediction *out)
{
    work w;
    if (at_us < now_us ||
        at_us - now_us > PIQ_MAX_PREDICTION_DAYS * PIQ_US_PER_DAY)
        return PIQ_EINVAL;
    piq_status status = begin(&w, a, l, c, beliefs, now_us);
    if (status)
        return status;
    plan p = plan_until(&w, at_us);
    *out = (piq_prediction){
        .user = l->user,
        .version = l->version,
        .as_of_us = now_us,
        .at_us = at_us,
        .stated = &l->goal,
        .minutes_per_week = w.weekly_minutes,
        .minutes_practised = piq_practised_minutes(l, now_us),
        .minutes_source = w.minutes_source,
        .hours = p.hours,
        .review_minutes = p.review_minutes,
        .review_share = p.covered,
        .rate = {w.pace.law * w.pace.value, w.pace.law * w.pace_low,
                 w.pace.law * w.pace_high, w.pace.hours},
        .rate_prior = w.pace.law,
    };
    status = tell_areas(&w, out);
    if (status == PIQ_OK)
        status = tell_goal(&w, out);
    say_assumptions(&w, out);
    return status == PIQ_OK && w.teller.failed ? PIQ_ENOMEM : status;
}
