#include "insight/inputs.h"

#include "base/calendar.h"
#include "insight/estimate.h"
#include "num/logistic.h"
#include "track/gain.h"

#include <math.h>
#include <stdlib.h>

enum { ROLLOVER_H = 4 };

/* A learner like any other counts as so many exposures. */
static const double PRIOR_EXPOSURES = 30;
static const double PRIOR_SESSIONS = 5;
static const double PRIOR_FINISHED = 5;
static const double DEFAULT_SESSION_MIN = 25;
static const double PRACTISED_DAY_MIN = 5;
static const size_t USUAL_DAYS = 28;
static const double LONGEST_USUAL_MIN = 120;
static const double MOST_DAY_MIN = 1440;
static const double HOUR_NOISE_SD = 0.5;
static const double PACE_PRIOR_CV = 0.5;
static const double LEAST_PACE = 0.25, MOST_PACE = 3;
static const double STATED_BONUS = 0.15;
static const double VALUE_NEEDED = 0.7;
static const double VALUE_REST = 0.15;

piq_goal piq_goal_in_force(const piq_learner *l)
{
    if (l->goal.set)
        return l->goal;
    return (piq_goal){.target_skill_level = PIQ_EXPERT,
                      .timeline_day = INT32_MAX,
                      .motivation_type = PIQ_MASTERY};
}

double *piq_concept_values(piq_arena *a, const piq_catalogue *c,
                           const piq_goal *goal)
{
    double *value = piq_new(a, double, c->n_concepts);
    piq_concept_ix *targets = piq_new(a, piq_concept_ix, c->n_concepts);
    if (!value || !targets)
        return NULL;
    for (size_t i = 0; i < c->n_concepts; i++)
        value[i] = VALUE_REST;
    size_t n = piq_path_targets(c, goal, targets);
    for (size_t i = 0; i < n; i++)
        value[targets[i].v] = 1;
    /* From what needs to what is needed: the order reversed. */
    for (size_t i = c->n_concepts; i-- > 0;) {
        const piq_concept *k = &c->concepts[c->order[i].v];
        if (value[c->order[i].v] <= VALUE_REST)
            continue;
        for (size_t p = 0; p < k->n_prerequisites; p++) {
            double *v = &value[k->prerequisites[p].v];
            *v = fmax(*v, VALUE_NEEDED);
        }
    }
    return value;
}

/* Minutes of practice on a day that saw at least 5 of them: the mean of the
 * newest 28 such days, shrunk by 5 days towards 25. Within 5..120. */
static double usual_day_min(const piq_learner *l)
{
    const piq_behaviour *b = &l->behaviour;
    double minutes = PRIOR_SESSIONS * DEFAULT_SESSION_MIN;
    size_t n = 0;
    for (size_t i = b->n_days; i-- > 0 && n < USUAL_DAYS;) {
        double spent = b->days[i].spent_ms / 60000.0;
        if (spent < PRACTISED_DAY_MIN)
            continue;
        minutes += spent;
        n++;
    }
    return piq_clamp(minutes / ((double)n + PRIOR_SESSIONS), PRACTISED_DAY_MIN,
                     LONGEST_USUAL_MIN);
}

double piq_usual_session_min(const piq_learner *l)
{
    const piq_behaviour *b = &l->behaviour;
    if (l->stated.has & PIQ_STATED_SESSION)
        return l->stated.session_minutes;
    if (2 * b->by_length[0].sessions > b->n_sessions)
        return usual_day_min(l);
    double seen_min = (double)b->sessions_ms / 60000.0;
    double mean = (seen_min + PRIOR_SESSIONS * DEFAULT_SESSION_MIN) /
                  (b->n_sessions + PRIOR_SESSIONS);
    return piq_clamp(mean, PRACTISED_DAY_MIN, LONGEST_USUAL_MIN);
}

piq_source piq_weekday_minutes(const piq_learner *l, uint16_t out[7])
{
    bool stated = l->stated.has & PIQ_STATED_MINUTES;
    double usual = fmax(piq_usual_session_min(l), usual_day_min(l));
    double minutes = round(fmax(DEFAULT_SESSION_MIN, usual));
    for (int i = 0; i < 7; i++)
        out[i] = stated ? l->stated.minutes_per_weekday[i] : (uint16_t)minutes;
    if (stated)
        return PIQ_STATED;
    return minutes > DEFAULT_SESSION_MIN ? PIQ_INFERRED : PIQ_DEFAULT;
}

static piq_affinity modality_affinity(const piq_learner *l, int m)
{
    const piq_residuals *r = &l->behaviour.by_modality[m].residuals;
    double value = 0.5 + (double)r->sum / (r->n + PRIOR_EXPOSURES);
    if (l->stated.has & PIQ_STATED_CONTENT_TYPE &&
        l->stated.preferred_content_type == m)
        value += STATED_BONUS;
    return (piq_affinity){piq_clamp(value, 0, 1), r->n};
}

/* Liking shows in ratings and in coming back. */
static const piq_affinity *character_affinities(piq_arena *a,
                                                const piq_learner *l,
                                                const piq_catalogue *c)
{
    const piq_behaviour *b = &l->behaviour;
    piq_affinity *out = piq_new(a, piq_affinity, c->n_characters);
    double sessions = 0;
    for (size_t i = 0; out && i < b->n_characters; i++)
        sessions += b->characters[i].sessions;
    for (size_t i = 0; out && i < c->n_characters; i++) {
        out[i] = (piq_affinity){0.5, 0};
        if (i >= b->n_characters)
            continue;
        const piq_character_record *k = &b->characters[i];
        double rating = ((double)k->rating_sum + 0.5 * 3) / (k->ratings + 3.0);
        double share =
            (k->sessions + 1.0) / (sessions + (double)c->n_characters);
        double return_rate = share * (double)c->n_characters;
        out[i].value = piq_clamp(
            0.7 * rating + 0.3 * return_rate / (1 + return_rate), 0, 1);
        out[i].n = k->ratings + k->sessions;
    }
    return out;
}

static int by_age(const void *a, const void *b)
{
    const piq_liked_content *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->content.v > y->content.v) - (x->content.v < y->content.v);
}

size_t piq_liked_contents(const piq_learner *l, const piq_catalogue *c,
                          piq_liked_content *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->n_contents && i < l->n_contents; i++) {
        const piq_content_history *h = &l->history[i];
        bool begun = h->progress == PIQ_STARTED || h->progress == PIQ_COMPLETED;
        double weight =
            piq_taste_reward(begun, h->progress == PIQ_COMPLETED,
                             h->dismissed_s != 0, (double)h->rating);
        if (begun && weight > 0)
            out[n++] = (piq_liked_content){
                {i}, h->last_s * PIQ_US_PER_SECOND, (float)weight};
    }
    qsort(out, n, sizeof *out, by_age);
    return n;
}

/* Finished of what was begun, each type shrunk towards all of them. */
static void type_lifts(const piq_learner *l, double lift[PIQ_N_CONTENT_TYPES])
{
    const piq_progress_counts *by = l->behaviour.by_type;
    double completed = 0, begun = 0;
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++) {
        completed += by[t].completed;
        begun += by[t].completed + by[t].abandoned;
    }
    double usual = (completed + PRIOR_FINISHED) / (begun + 2 * PRIOR_FINISHED);
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++) {
        double n = by[t].completed + by[t].abandoned;
        lift[t] = (by[t].completed - usual * n) / (n + PRIOR_FINISHED);
    }
}

static piq_recommend_habits habits_of(const piq_learner *l, int64_t now_us)
{
    const piq_behaviour *b = &l->behaviour;
    int32_t offset = piq_learner_offset_min(l);
    int32_t today = piq_day_of(now_us, offset, ROLLOVER_H);
    int64_t local_us = now_us + offset * PIQ_US_PER_MINUTE;
    int64_t hour = (local_us / PIQ_US_PER_HOUR % 24 + 24) % 24;
    const piq_residuals *r = &b->by_hour[hour];
    piq_recommend_habits h = {
        .hour_lift =
            piq_clamp((double)r->sum / (r->n + PRIOR_EXPOSURES), -0.5, 0.5)};
    if (b->last_us != INT64_MIN &&
        now_us - b->last_us < PIQ_SESSION_GAP_MIN * PIQ_US_PER_MINUTE)
        h.session_spent_min = (double)b->session_spent_ms / 60000.0;
    if (b->n_days && b->days[b->n_days - 1].day == today - 1)
        h.streak_days = b->streak;
    type_lifts(l, h.type_lift);
    return h;
}

/* NULL, with PIQ_OK: nothing is. */
static piq_status find_skipped(piq_arena *a, const piq_learner *l,
                               const piq_catalogue *c,
                               const piq_belief *beliefs, int64_t now_us,
                               const bool **out)
{
    piq_controls_view v;
    int32_t day = piq_day_of(now_us, piq_learner_offset_min(l), ROLLOVER_H);
    *out = NULL;
    if (!l->controls.n)
        return PIQ_OK;
    if (piq_controls_view_of(a, &l->controls, c, beliefs, day, &v))
        return PIQ_ENOMEM;
    bool *skipped = v.n_skip ? piq_new(a, bool, c->n_contents) : NULL;
    if (v.n_skip && !skipped)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < v.n_skip; i++)
        skipped[v.skip[i].v] = true;
    *out = skipped;
    return PIQ_OK;
}

piq_status piq_recommend_input_of(piq_arena *a, const piq_learner *l,
                                  const piq_judge *by, const piq_catalogue *c,
                                  int64_t now_us, piq_recommend_input *out)
{
    piq_goal goal = piq_goal_in_force(l);
    piq_belief *beliefs = piq_new(a, piq_belief, c->n_concepts);
    double *value = piq_concept_values(a, c, &goal);
    const piq_affinity *characters = character_affinities(a, l, c);
    if (!beliefs || !value || !characters ||
        piq_learner_judged(l, by, c, now_us, beliefs))
        return PIQ_ENOMEM;
    *out = (piq_recommend_input){
        .catalogue = c,
        .beliefs = beliefs,
        .history = l->history,
        .value = value,
        .goal_stated = l->goal.set,
        .characters = characters,
        .session_minutes = piq_usual_session_min(l),
        .desired_retention = piq_learner_retention(l),
        .now_us = now_us,
        .habits = habits_of(l, now_us),
    };
    for (int m = 0; m < PIQ_N_MODALITIES; m++)
        out->modality[m] = modality_affinity(l, m);
    return find_skipped(a, l, c, beliefs, now_us, &out->skipped);
}

double piq_practice_need(double mastery, double aim)
{
    return mastery < aim ? log((1 - mastery) / (1 - aim)) : 0;
}

typedef struct learning_pace {
    double value; /* of the law's; 1 without evidence */
    double sd;
} learning_pace;

/* How fast this learner learns against the law of practice. The law's rate is
 *
 *     g = 60 PIQ_GAIN_RATE PIQ_PLAN_EFFICIENCY sum need_i (1-m_i) / sum need_i
 *
 * mastery an hour, the minutes shared by need_i = piq_practice_need(m_i,
 * ceiling) over the concepts given. Prior: g +- g/2; data: what was gained in
 * the newest 8 active weeks (piq_learner_velocity), an hour's noise .5.
 * Normal-normal; within a quarter of g and three times it. */
static learning_pace pace_of(const piq_learner *l, const piq_catalogue *c,
                             const piq_belief *beliefs,
                             const piq_concept_ix *concepts, size_t n)
{
    double need = 0, gap = 0;
    for (size_t i = 0; i < n; i++) {
        double m = beliefs[concepts[i].v].mastery;
        double mine = piq_practice_need(m, PIQ_PRACTICE_CEILING);
        need += mine;
        gap += mine * (1 - m);
    }
    gap = need > 0 ? gap / need : 1 - PIQ_PRACTICE_CEILING;
    piq_velocity seen = piq_learner_velocity(l, c);
    double law = 60 * PIQ_GAIN_RATE * PIQ_PLAN_EFFICIENCY * gap;
    double sd = PACE_PRIOR_CV * law, prior = 1 / (sd * sd);
    double data = 0, gained = 0;
    if (isfinite(seen.seen)) {
        data = seen.hours / (HOUR_NOISE_SD * HOUR_NOISE_SD);
        gained = seen.seen;
    }
    double rate = (prior * law + data * gained) / (prior + data);
    return (learning_pace){
        .value = piq_clamp(rate / law, LEAST_PACE, MOST_PACE),
        .sd = sqrt(1 / (prior + data)) / law,
    };
}

/* What the learner asks of their path, in the planner's form. */
static piq_status hear_wishes(piq_arena *a, const piq_learner *l,
                              const piq_catalogue *c, piq_path_input *out)
{
    piq_controls_view v;
    if (piq_controls_view_of(a, &l->controls, c, out->beliefs, out->from_day,
                             &v))
        return PIQ_ENOMEM;
    piq_path_pin *pins = piq_new(a, piq_path_pin, v.n_pins);
    if (!pins)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < v.n_pins; i++)
        pins[i] = (piq_path_pin){v.pins[i].content, v.pins[i].day};
    out->wishes = (piq_path_wishes){.pins = pins,
                                    .n_pins = v.n_pins,
                                    .skip = v.skip,
                                    .n_skip = v.n_skip,
                                    .known = v.known,
                                    .n_known = v.n_known,
                                    .order = v.order,
                                    .n_order = v.n_order,
                                    .freeze_today = v.frozen};
    if (v.has_days_off) {
        out->days_off = v.days_off;
        out->n_days_off = v.n_days_off;
    }
    for (int i = 0; i < 7; i++) {
        double minutes = round(v.pace * out->minutes_per_weekday[i]);
        out->minutes_per_weekday[i] = (uint16_t)fmin(minutes, MOST_DAY_MIN);
    }
    /* A concept that is skipped is no target; others may still need it. */
    piq_concept_ix *targets = piq_new(a, piq_concept_ix, out->n_targets);
    if (!targets)
        return PIQ_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < out->n_targets; i++) {
        bool skipped = false;
        for (size_t j = 0; j < v.n_skip_concepts; j++)
            skipped |= v.skip_concepts[j].v == out->targets[i].v;
        if (!skipped)
            targets[n++] = out->targets[i];
    }
    out->targets = targets;
    out->n_targets = n;
    return PIQ_OK;
}

void piq_path_input_go_on(piq_path_input *in, const piq_plan *previous,
                          piq_plan_step *frozen)
{
    in->previous = previous;
    in->iterations = piq_path_iterations(in->catalogue, true);
    in->wishes.frozen = frozen;
    in->wishes.n_frozen = 0;
    if (!in->wishes.freeze_today)
        return;
    for (size_t i = 0; i < previous->n_steps; i++) {
        const piq_plan_step *step = &previous->steps[i];
        if (step->status == PIQ_STEP_DONE || step->day != in->from_day)
            continue;
        if (step->content.v == PIQ_NO_IX32 ||
            in->history[step->content.v].progress != PIQ_COMPLETED)
            frozen[in->wishes.n_frozen++] = *step;
    }
}

piq_status piq_path_input_of(piq_arena *a, const piq_learner *l,
                             const piq_judge *by, const piq_catalogue *c,
                             int64_t now_us, piq_path_input *out)
{
    piq_goal goal = piq_goal_in_force(l);
    int32_t offset = piq_learner_offset_min(l);
    piq_concept_ix *targets = piq_new(a, piq_concept_ix, c->n_concepts);
    piq_belief *beliefs = piq_new(a, piq_belief, c->n_concepts);
    double *value = piq_concept_values(a, c, &goal);
    if (!targets || !beliefs || !value ||
        piq_learner_judged(l, by, c, now_us, beliefs))
        return PIQ_ENOMEM;
    *out = (piq_path_input){
        .catalogue = c,
        .beliefs = beliefs,
        .history = l->history,
        .memory = &l->memory.params,
        .targets = targets,
        .n_targets = piq_path_targets(c, &goal, targets),
        .value = value,
        .from_day = piq_day_of(now_us, offset, ROLLOVER_H),
        .deadline_day = goal.timeline_day,
        .days_off = l->stated.days_off,
        .n_days_off = l->stated.n_days_off,
        .session_minutes = piq_usual_session_min(l),
        .desired_retention = piq_learner_retention(l),
        .seed = (uint64_t)l->user.v,
        .iterations = piq_path_iterations(c, false),
    };
    piq_weekday_minutes(l, out->minutes_per_weekday);
    learning_pace pace = pace_of(l, c, beliefs, targets, out->n_targets);
    out->pace = pace.value;
    out->pace_sd = pace.sd;
    const piq_behaviour *b = &l->behaviour;
    if (b->n_days && b->days[b->n_days - 1].day == out->from_day)
        out->minutes_spent_today = b->days[b->n_days - 1].spent_ms / 60000.0;
    return hear_wishes(a, l, c, out);
}
