/* outlook.c - see outlook.h; formulas in predictions.h. */
#include "insight/outlook.h"

#include "base/calendar.h"
#include "insight/estimate.h"
#include "num/logistic.h"
#include "path/path.h"
#include "track/gain.h"

#include <math.h>

static const double REVIEW_MIN = 2;
/* A prerequisite is practised a little past the bar, as in a path. */
static const double PREREQUISITE_AIM = PIQ_READY + 0.10;
/* A review of a concept every other day, as in a path. */
static const double REVIEW_MIN_A_DAY = PIQ_REVIEW_MINUTES / 2;
static const double LEAST = 0.01, MOST = 0.99;

/* Gauss-Hermite for the standard normal, nine points. */
static const double NODE[PIQ_PACE_NODES] = {-4.5127458633997835,
                                            -3.2054290028564704,
                                            -2.07684797867783,
                                            -1.0232556637891326,
                                            0,
                                            1.0232556637891326,
                                            2.07684797867783,
                                            3.2054290028564704,
                                            4.5127458633997835};
static const double WEIGHT[PIQ_PACE_NODES] = {
    2.2345844007746583e-05, 0.002789141321231769, 0.04991640676521788,
    0.24409750289493948,    0.40634920634920640,  0.24409750289493948,
    0.04991640676521788,    0.002789141321231769, 2.2345844007746583e-05};

/* A set's mean at each node of the pace, and what of a deviation of today is
 * still there by then. */
typedef struct outcome {
    double mean[PIQ_PACE_NODES];
    double slope;
} outcome;

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
static double minutes_until(const piq_outlook *w, int64_t at_us)
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
static double reviews_until(piq_outlook *w, int64_t at_us, double days)
{
    const piq_catalogue *c = w->catalogue;
    const piq_fsrs_params *fsrs = &w->learner->memory.params;
    int32_t offset = piq_learner_offset_min(w->learner);
    double wanted = piq_learner_retention(w->learner), reviews = 0;
    for (size_t i = 0; i < c->n_concepts; i++) {
        piq_belief then = w->beliefs[i];
        w->loss[i] = 0;
        if (c->concepts[i].retired || !(then.recall > 0) || !(days > 0))
            continue;
        piq_memory_belief(&w->learner->memory, (piq_concept_ix){(uint16_t)i},
                          at_us, offset, &then);
        w->loss[i] = piq_clamp(1 - then.recall / w->beliefs[i].recall, 0, 1);
        double interval =
            fmax(1, piq_fsrs_interval(fsrs, then.stability_days, wanted));
        reviews += log2(1 + days / interval);
    }
    return days > 0 ? reviews * REVIEW_MIN * 7 / fmax(days, 1) : 0;
}

static double covered(const piq_practice *p)
{
    return p->review_minutes > 0
               ? fmin(1, p->minutes_a_week / p->review_minutes)
               : 1;
}

piq_practice piq_outlook_plan(piq_outlook *w, int64_t at_us)
{
    piq_practice p = {.at_us = at_us,
                      .days = (double)(at_us - w->now_us) / PIQ_US_PER_DAY,
                      .minutes_a_week = w->weekly_minutes};
    p.review_minutes = reviews_until(w, at_us, p.days);
    p.hours = minutes_until(w, at_us) / 60;
    /* None stated: on each day alike. */
    p.weeks =
        w->weekly_minutes > 0 ? p.hours * 60 / w->weekly_minutes : p.days / 7;
    p.covered = covered(&p);
    return p;
}

piq_practice piq_practice_of(const piq_practice *p, double minutes_a_week)
{
    piq_practice other = *p;
    other.minutes_a_week = minutes_a_week;
    other.hours = minutes_a_week * p->weeks / 60;
    other.covered = covered(&other);
    return other;
}

/* ---- the set's mastery ------------------------------------------------ */

/* What is left of each concept, and what practice it needs: the same for all
 * sets, and for all minutes that cover the same share of the reviews. */
static void forget(piq_outlook *w, const piq_practice *p)
{
    const piq_catalogue *c = w->catalogue;
    double lost = piq_forecast_defaults()->forgotten * (1 - p->covered);
    if (w->kept_at_us == p->at_us && w->kept_covered == p->covered)
        return;
    w->kept_at_us = p->at_us;
    w->kept_covered = p->covered;
    for (int stage = 0; stage < PIQ_PRACTICE_STAGES; stage++)
        w->all[stage] = 0;
    for (size_t i = 0; i < c->n_concepts; i++) {
        double m = w->expected[i] * (1 - lost * w->loss[i]);
        const double aim[PIQ_PRACTICE_STAGES] = {
            fmin(w->aim[i], PIQ_MASTERED), w->aim[i], PIQ_PRACTICE_CEILING};
        w->kept[i] = m;
        for (int stage = 0; stage < PIQ_PRACTICE_STAGES; stage++) {
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
static outcome learn(const piq_outlook *w, const piq_outlook_set *set,
                     const piq_practice *p)
{
    outcome out = {{0}, 0};
    double n = (double)set->n;
    for (int j = 0; j < PIQ_PACE_NODES; j++) {
        double a_minute = PIQ_GAIN_RATE * PIQ_PLAN_EFFICIENCY * w->pace_at[j];
        double dose = 60 * p->hours * a_minute;
        double done[PIQ_PRACTICE_STAGES];
        for (int stage = 0; stage < PIQ_PRACTICE_STAGES; stage++) {
            done[stage] = share(dose, w->all[stage]);
            dose -= w->all[stage];
        }
        for (size_t k = 0; k < set->n; k++) {
            size_t i = set->concepts[k].v;
            double got = 0;
            for (int stage = 0; stage < PIQ_PRACTICE_STAGES; stage++)
                got += done[stage] * w->dose[stage][i];
            double most =
                a_minute * (w->content[i] + REVIEW_MIN_A_DAY * p->days);
            double left = exp(-fmin(got, most) * w->slow[i]);
            out.mean[j] += (1 - (1 - w->kept[i]) * left) / n;
            out.slope += WEIGHT[j] * left / n;
        }
    }
    return out;
}

static double walk_logit(const piq_practice *p)
{
    return piq_forecast_defaults()->walk_month * sqrt(p->days / 28);
}

static piq_forecast_point point_of(const piq_outlook_set *set,
                                   const piq_practice *p, const outcome *then)
{
    double first = 0, second = 0;
    for (int j = 0; j < PIQ_PACE_NODES; j++) {
        double x = piq_logit(piq_clamp(then->mean[j], LEAST, MOST));
        first += WEIGHT[j] * x;
        second += WEIGHT[j] * x * x;
    }
    double m = piq_sigmoid(first);
    /* Half of a large gain, in mastery, would be far more than half on this
     * scale near its end. */
    double elsewhere =
        piq_forecast_defaults()->elsewhere *
        (first - piq_logit(piq_clamp(set->now.mean, LEAST, MOST)));
    double sd = fmin(4, set->now.sd * then->slope / (m * (1 - m)));
    double walk = walk_logit(p);
    double s = sqrt(sd * sd + walk * walk + elsewhere * elsewhere +
                    fmax(0, second - first * first));
    return (piq_forecast_point){p->at_us,
                                m,
                                piq_sigmoid(first - PIQ_Z80 * s),
                                piq_sigmoid(first + PIQ_Z80 * s),
                                piq_sigmoid(first - PIQ_Z90 * s),
                                piq_sigmoid(first + PIQ_Z90 * s)};
}

/* On the scale ln(1 - m), on which practice adds up. */
static double probability_of(const piq_outlook_set *set, const piq_practice *p,
                             const outcome *then)
{
    double prob = 0, bar = 1 - PIQ_MASTERED;
    double walk = walk_logit(p) * PIQ_MASTERED;
    double s =
        fmax(0.02, hypot(set->now.sd / fmax(bar, 1 - set->now.mean), walk));
    for (int j = 0; j < PIQ_PACE_NODES; j++)
        prob += WEIGHT[j] *
                piq_normal_cdf(log(bar / fmax(1e-3, 1 - then->mean[j])) / s);
    return piq_clamp(prob, 0, 1);
}

double piq_outlook_ask(piq_outlook *w, const piq_outlook_set *set,
                       const piq_practice *p, piq_forecast_point *point)
{
    if (point)
        *point = (piq_forecast_point){p->at_us, NAN, NAN, NAN, NAN, NAN};
    if (set->missing)
        return NAN;
    forget(w, p);
    outcome then = learn(w, set, p);
    if (point)
        *point = point_of(set, p, &then);
    return probability_of(set, p, &then);
}

piq_outlook_set piq_outlook_set_of(const piq_outlook *w,
                                   const piq_concept_ix *concepts, size_t n)
{
    piq_outlook_set set = {.concepts = concepts, .n = n};
    set.now = piq_set_belief_of(w->learner, w->catalogue, w->beliefs,
                                w->answers, concepts, n);
    set.missing = piq_forecast_missing(w->answers, set.now.evidence);
    return set;
}

/* ---- setting up ------------------------------------------------------- */

/* The targets come first, and the prerequisites that they miss. */
static void set_aims(piq_outlook *w)
{
    const piq_catalogue *c = w->catalogue;
    for (size_t k = 0; k < w->n_targets; k++)
        w->aim[w->targets[k].v] = PIQ_PRACTICE_CEILING;
    for (size_t k = c->n_concepts; k-- > 0;) {
        const piq_concept *x = &c->concepts[c->order[k].v];
        double mastery = w->expected[c->order[k].v];
        double aim = w->aim[c->order[k].v];
        if (mastery >= fmin(aim, PIQ_MASTERED))
            continue;
        for (size_t i = 0; i < x->n_prerequisites; i++) {
            size_t p = x->prerequisites[i].v;
            if (w->expected[p] < PIQ_READY)
                w->aim[p] = fmax(w->aim[p], PREREQUISITE_AIM);
        }
    }
}

static void set_content(piq_outlook *w)
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

/* Practice so far, shared by answers; each concept as if one more had been
 * given to it. */
static void set_slow(piq_outlook *w)
{
    size_t n = w->catalogue->n_concepts;
    double minutes = (double)w->learner->behaviour.spent_ms / 60000;
    double dose = minutes * PIQ_GAIN_RATE * PIQ_PLAN_EFFICIENCY;
    double answers = w->answers + (double)n;
    for (size_t i = 0; i < n; i++) {
        double had = dose * ((double)w->beliefs[i].evidence + 1) / answers;
        double left = 1 / (1 + had / piq_forecast_defaults()->pace_slows);
        w->slow[i] = left * left;
    }
}

/* The law's gain an hour at this mastery, minutes shared by need. */
static double law_of(const piq_outlook *w)
{
    double need = 0, gap = 0;
    for (size_t k = 0; k < w->n_targets; k++) {
        double m = w->expected[w->targets[k].v];
        double mine = piq_practice_need(m, PIQ_PRACTICE_CEILING);
        need += mine;
        gap += mine * (1 - m);
    }
    gap = need > 0 ? gap / need : 1 - PIQ_PRACTICE_CEILING;
    return 60 * PIQ_GAIN_RATE * PIQ_PLAN_EFFICIENCY * gap;
}

/* Lognormal: a pace is never below nothing. The learner's own moves its
 * median, by the hours behind it. */
static void set_pace(piq_outlook *w)
{
    const piq_forecast_params *f = piq_forecast_defaults();
    piq_velocity seen = piq_learner_velocity(w->learner, w->catalogue);
    double s = f->pace_log_sd, median = f->pace * exp(-s * s / 2);
    w->law = law_of(w);
    if (isfinite(seen.seen)) {
        double own = piq_clamp(seen.seen / w->law, 0.1, 3);
        double weight = seen.hours / (seen.hours + f->pace_hours);
        median = exp((1 - weight) * log(median) + weight * log(own * f->pace));
        s *= sqrt(1 - weight);
    }
    for (int j = 0; j < PIQ_PACE_NODES; j++)
        w->pace_at[j] = median * exp(s * NODE[j]);
    w->pace =
        (piq_estimate){median * exp(s * s / 2), median * exp(-PIQ_Z90 * s),
                       median * exp(PIQ_Z90 * s), seen.hours};
}

static void set_minutes(piq_outlook *w)
{
    uint16_t minutes[7];
    w->minutes_source = piq_weekday_minutes(w->learner, minutes);
    for (int d = 0; d < 7; d++) {
        w->weekday_minutes[d] = minutes[d];
        w->weekly_minutes += minutes[d];
    }
}

void piq_outlook_suppose(piq_outlook *w, double minutes_a_week)
{
    for (int d = 0; d < 7; d++) {
        double share = w->weekly_minutes > 0
                           ? w->weekday_minutes[d] / w->weekly_minutes
                           : 1 / 7.0;
        w->weekday_minutes[d] = minutes_a_week * share;
    }
    w->weekly_minutes = minutes_a_week;
}

piq_status piq_outlook_begin(piq_outlook *w, piq_arena *a, const piq_learner *l,
                             const piq_catalogue *c, const piq_belief *beliefs,
                             int64_t now_us)
{
    piq_goal goal = piq_goal_in_force(l);
    size_t n = c->n_concepts;
    *w = (piq_outlook){.arena = a,
                       .learner = l,
                       .catalogue = c,
                       .beliefs = beliefs,
                       .now_us = now_us,
                       .kept_at_us = INT64_MIN,
                       .targets = piq_new(a, piq_concept_ix, n),
                       .expected = piq_new(a, double, n),
                       .aim = piq_new(a, double, n),
                       .content = piq_new(a, double, n),
                       .slow = piq_new(a, double, n),
                       .loss = piq_new(a, double, n),
                       .kept = piq_new(a, double, n)};
    bool room = w->targets && w->expected && w->aim && w->content && w->slow &&
                w->loss && w->kept;
    for (int stage = 0; stage < PIQ_PRACTICE_STAGES; stage++) {
        w->dose[stage] = piq_new(a, double, n);
        room = room && w->dose[stage];
    }
    if (!room)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        w->expected[i] = piq_expected_mastery(&beliefs[i]);
        w->answers += c->concepts[i].retired ? 0 : (double)beliefs[i].evidence;
    }
    set_minutes(w);
    w->n_targets = piq_path_targets(c, &goal, w->targets);
    set_aims(w);
    set_content(w);
    set_slow(w);
    set_pace(w);
    return PIQ_OK;
}
