/* profile.c - the skill side of the profile: levels, movement, trajectory,
 * weak areas, mastered concepts, velocity. See profile.h. */
#include "insight/profile.h"

#include "insight/estimate.h"
#include "insight/sentence.h"
#include "path/path.h"

#include <math.h>

/* An area below this is weak; one without so much evidence is unknown, which
 * is something else. */
static const double WEAK_MASTERY = 0.6;
static const double KNOWN_EVIDENCE = 4;
/* Recall this far below what is wanted counts as falling. */
static const double RECALL_SLACK = 0.05;
static const int32_t MOVEMENT_WEEKS = 4;
static const unsigned TREND_WEEKS_NEEDED = 4;
static const double VELOCITY_HOURS_NEEDED = 2;

/* One area's concepts, summed. */
typedef struct area_sum {
    double n, mastery, sd, evidence;
    double level_n[PIQ_N_LEVELS], level_mastery[PIQ_N_LEVELS];
    double practised, recall;  /* concepts ever practised; their recall */
    double wanted, unmastered; /* concepts the goal needs; of them, not yet */
} area_sum;

static bool is_mastered(const piq_belief *b)
{
    return b->mastery >= PIQ_MASTERED &&
           (double)b->evidence >= (double)PIQ_MASTERED_EVIDENCE;
}

static void sum_areas(const piq_profile_work *p, area_sum *sums)
{
    const piq_catalogue *c = p->catalogue;
    for (size_t i = 0; i < c->n_concepts; i++) {
        const piq_concept *k = &c->concepts[i];
        const piq_belief *b = &p->beliefs[i];
        if (k->retired)
            continue;
        area_sum *s = &sums[k->area.v];
        s->n += 1;
        s->mastery += b->mastery;
        s->sd += piq_belief_sd(b);
        s->evidence += (double)b->evidence;
        s->level_n[k->level] += 1;
        s->level_mastery[k->level] += b->mastery;
        if (isfinite(b->recall)) {
            s->practised += 1;
            s->recall += b->recall;
        }
    }
}

static piq_status sum_goal(const piq_profile_work *p, area_sum *sums)
{
    const piq_catalogue *c = p->catalogue;
    if (!p->learner->goal.set)
        return PIQ_OK;
    piq_concept_ix *targets =
        piq_new(p->teller.arena, piq_concept_ix, c->n_concepts);
    if (!targets)
        return PIQ_ENOMEM;
    size_t n = piq_path_targets(c, &p->learner->goal, targets);
    for (size_t i = 0; i < n; i++) {
        area_sum *s = &sums[c->concepts[targets[i].v].area.v];
        s->wanted += 1;
        s->unmastered += !is_mastered(&p->beliefs[targets[i].v]);
    }
    return PIQ_OK;
}

static piq_level level_of(const area_sum *s)
{
    piq_level reached = PIQ_BEGINNER;
    double n = 0, mastery = 0;
    for (int l = 0; l < PIQ_N_LEVELS; l++) {
        n += s->level_n[l];
        mastery += s->level_mastery[l];
        if (n > 0 && s->level_n[l] > 0 && mastery / n >= PIQ_MASTERED)
            reached = (piq_level)l;
        else if (s->level_n[l] > 0)
            break;
    }
    return reached;
}

/* The newest record of an area's mastery up to a week; NAN: none, or the area
 * was not known then. */
static double mastery_of_week(const piq_behaviour *b, piq_area_ix area,
                              int32_t until)
{
    for (size_t i = b->n_weeks; i-- > 0;) {
        if (b->weeks[i].week > until)
            continue;
        uint16_t then = b->area_mastery[i * b->n_areas + area.v];
        return then == PIQ_NO_MASTERY ? NAN : (double)then / PIQ_MASTERY_STEPS;
    }
    return NAN;
}

/* The newest record less the newest that is four or more weeks old. Both are
 * the online belief's own, whoever judges today. */
static double movement(const piq_profile_work *p, piq_area_ix area)
{
    const piq_behaviour *b = &p->learner->behaviour;
    int32_t week = piq_week_of(p->today);
    if (area.v >= b->n_areas)
        return NAN;
    return mastery_of_week(b, area, week) -
           mastery_of_week(b, area, week - MOVEMENT_WEEKS);
}

static void tell_levels(piq_profile_work *p, const area_sum *sums)
{
    const piq_catalogue *c = p->catalogue;
    double evidence = 0;
    size_t known = 0;
    for (size_t a = 0; a < c->n_areas; a++) {
        const area_sum *s = &sums[a];
        if (c->areas[a].retired || !(s->n > 0))
            continue;
        piq_area_ix area = {(uint16_t)a};
        double m = s->mastery / s->n;
        double sd =
            piq_mean_sd(s->sd / s->n, s->n,
                        piq_shared_share(p->learner, c, p->beliefs, area));
        piq_area_level *l = &p->out->levels[p->out->n_levels++];
        l->area = area;
        l->level = level_of(s);
        l->mastery = piq_estimate_mastery(m, sd, PIQ_Z90);
        l->mastery.n = s->evidence;
        l->movement = movement(p, area);
        evidence += s->evidence;
        known += s->evidence >= KNOWN_EVIDENCE;
    }
    piq_evidence *e = &p->out->evidence[PIQ_CLAIM_LEVELS];
    *e = (piq_evidence){PIQ_INFERRED, evidence, "weighted answers", NULL, NULL};
    if (known < p->out->n_levels)
        e->missing =
            piq_sentence(&p->teller,
                         "not enough data yet in %d of %d areas: below %d "
                         "answers they show what is usual, not what is known",
                         (int)(p->out->n_levels - known), (int)p->out->n_levels,
                         (int)KNOWN_EVIDENCE);
}

static void tell_trends(piq_profile_work *p)
{
    const piq_behaviour *b = &p->learner->behaviour;
    unsigned longest = 0;
    for (size_t a = 0; a < b->n_areas; a++) {
        int32_t weeks[PIQ_TRAJECTORY_WEEKS];
        double mastery[PIQ_TRAJECTORY_WEEKS];
        unsigned n = 0;
        if (p->catalogue->areas[a].retired)
            continue;
        for (size_t i = 0; i < b->n_weeks; i++) {
            if (!(b->weeks[i].touched >> a & 1))
                continue;
            weeks[n] = b->weeks[i].week;
            mastery[n++] =
                (double)b->area_mastery[i * b->n_areas + a] / PIQ_MASTERY_STEPS;
        }
        if (!n)
            continue;
        piq_skill_trend *t = &p->out->trends[p->out->n_trends++];
        *t = (piq_skill_trend){.area = {(uint16_t)a},
                               .slope = piq_estimate_drift(weeks, mastery, n),
                               .weeks = n};
        longest = n > longest ? n : longest;
    }
    piq_evidence *e = &p->out->evidence[PIQ_CLAIM_TRAJECTORY];
    *e = (piq_evidence){PIQ_INFERRED, b->n_weeks, "active weeks", NULL, NULL};
    if (longest < TREND_WEEKS_NEEDED)
        e->missing =
            piq_sentence(&p->teller,
                         "not enough data yet: an interval needs %u weeks with "
                         "practice in one area, the most is %u",
                         TREND_WEEKS_NEEDED, longest);
}

/* ---- weak areas ------------------------------------------------------- */

/* The weakest concepts that are not mastered, practised or not. */
static void pick_concepts(const piq_profile_work *p, piq_weak_area *w)
{
    const piq_catalogue *c = p->catalogue;
    for (size_t i = 0; i < c->n_concepts; i++) {
        const piq_concept *k = &c->concepts[i];
        if (k->retired || k->area.v != w->area.v || is_mastered(&p->beliefs[i]))
            continue;
        size_t at = w->n_concepts;
        while (at > 0 && p->beliefs[w->concepts[at - 1].v].mastery >
                             p->beliefs[i].mastery)
            at--;
        if (at >= PIQ_MAX_WEAK_CONCEPTS)
            continue;
        if (w->n_concepts < PIQ_MAX_WEAK_CONCEPTS)
            w->n_concepts++;
        for (size_t j = w->n_concepts - 1; j > at; j--)
            w->concepts[j] = w->concepts[j - 1];
        w->concepts[at] = (piq_concept_ix){(uint16_t)i};
    }
}

static bool judge(const piq_profile_work *p, const area_sum *s,
                  piq_weak_area *w)
{
    double wanted = piq_learner_retention(p->learner);
    double recall = s->practised > 0 ? s->recall / s->practised : NAN;
    w->mastery = s->mastery / s->n;
    w->value[PIQ_WEAK_MASTERY] = w->mastery;
    w->bar[PIQ_WEAK_MASTERY] = WEAK_MASTERY;
    w->value[PIQ_WEAK_RECALL] = recall;
    w->bar[PIQ_WEAK_RECALL] = wanted;
    w->value[PIQ_WEAK_GOAL] = s->unmastered;
    w->bar[PIQ_WEAK_GOAL] = s->wanted;
    bool known = s->evidence >= KNOWN_EVIDENCE;
    w->is[PIQ_WEAK_MASTERY] = known && w->mastery < WEAK_MASTERY;
    w->is[PIQ_WEAK_RECALL] = known && recall < wanted - RECALL_SLACK;
    w->is[PIQ_WEAK_GOAL] = known && s->unmastered > 0;
    double gap = fmax(0, PIQ_MASTERED - w->mastery);
    double need = s->wanted > 0 ? s->unmastered / s->wanted : 0;
    w->severity = gap * (1 + need) +
                  (w->is[PIQ_WEAK_RECALL] ? 0.5 * (wanted - recall) : 0);
    return w->is[PIQ_WEAK_MASTERY] || w->is[PIQ_WEAK_RECALL] ||
           w->is[PIQ_WEAK_GOAL];
}

static const char *say_why(piq_profile_work *p, const area_sum *s,
                           const piq_weak_area *w)
{
    char recall[80] = "", goal[80] = "";
    if (w->is[PIQ_WEAK_RECALL])
        snprintf(recall, sizeof recall,
                 "; recall has fallen to %d %% (%d %% is wanted)",
                 piq_percent(w->value[PIQ_WEAK_RECALL]),
                 piq_percent(w->bar[PIQ_WEAK_RECALL]));
    if (w->is[PIQ_WEAK_GOAL])
        snprintf(goal, sizeof goal,
                 "; the goal needs %d more of its %d concepts here",
                 (int)s->unmastered, (int)s->wanted);
    piq_str name = p->catalogue->areas[w->area.v].name;
    return piq_sentence(&p->teller, "%.*s: mastery %d %% after %d answers%s%s.",
                        PIQ_STR_ARG(name), piq_percent(w->mastery),
                        (int)lround(s->evidence), recall, goal);
}

static void tell_weak(piq_profile_work *p, const area_sum *sums)
{
    const piq_catalogue *c = p->catalogue;
    piq_profile *out = p->out;
    size_t n_weak = 0;
    for (size_t a = 0; a < c->n_areas; a++) {
        piq_weak_area w = {.area = {(uint16_t)a}};
        if (c->areas[a].retired || !(sums[a].n > 0) || !judge(p, &sums[a], &w))
            continue;
        n_weak++;
        size_t at = out->n_weak;
        while (at > 0 && out->weak[at - 1].severity < w.severity)
            at--;
        if (at >= PIQ_MAX_WEAK_AREAS)
            continue;
        if (out->n_weak < PIQ_MAX_WEAK_AREAS)
            out->n_weak++;
        for (size_t j = out->n_weak - 1; j > at; j--)
            out->weak[j] = out->weak[j - 1];
        out->weak[at] = w;
    }
    for (size_t i = 0; i < out->n_weak; i++) {
        piq_weak_area *w = &out->weak[i];
        pick_concepts(p, w);
        w->why = say_why(p, &sums[w->area.v], w);
    }
    piq_evidence *e = &out->evidence[PIQ_CLAIM_WEAK];
    *e = (piq_evidence){PIQ_INFERRED, (double)n_weak, "areas found weak", NULL,
                        NULL};
    if (p->learner->behaviour.answers < KNOWN_EVIDENCE)
        e->missing = "not enough data yet: no area has enough answers to be "
                     "called weak";
    if (n_weak > out->n_weak)
        e->note = piq_sentence(&p->teller, "the %d weakest of %d are listed",
                               (int)out->n_weak, (int)n_weak);
}

/* ---- the rest --------------------------------------------------------- */

static void tell_mastered(piq_profile_work *p)
{
    const piq_catalogue *c = p->catalogue;
    double evidence = 0;
    for (size_t i = 0; i < c->n_concepts; i++) {
        if (c->concepts[i].retired)
            continue;
        evidence += (double)p->beliefs[i].evidence;
        if (is_mastered(&p->beliefs[i]))
            p->out->mastered[p->out->n_mastered++] =
                (piq_concept_ix){(uint16_t)i};
    }
    p->out->evidence[PIQ_CLAIM_MASTERED] =
        (piq_evidence){PIQ_INFERRED, evidence, "weighted answers", NULL,
                       "mastery of 0.8 or more on at least 4 weighted answers"};
}

static void tell_velocity(piq_profile_work *p)
{
    piq_velocity v = piq_learner_velocity(p->learner, p->catalogue);
    piq_evidence *e = &p->out->evidence[PIQ_CLAIM_VELOCITY];
    bool seen = isfinite(v.seen);
    p->out->velocity =
        (piq_estimate){seen ? v.seen : 0, seen ? v.mean - PIQ_Z90 * v.sd : NAN,
                       seen ? v.mean + PIQ_Z90 * v.sd : NAN, v.hours};
    *e = (piq_evidence){seen ? PIQ_INFERRED : PIQ_DEFAULT, v.hours,
                        "hours of practice", NULL,
                        "mastery gained an hour, summed over concepts, in the "
                        "newest 8 active weeks; low and high: 90 % interval "
                        "after shrinking towards the curriculum's pace"};
    if (v.hours < VELOCITY_HOURS_NEEDED)
        e->missing = piq_sentence(&p->teller,
                                  "not enough data yet: %d minutes after the "
                                  "first %d answers, %d are needed",
                                  (int)(v.hours * 60), PIQ_SETTLED_ANSWERS,
                                  (int)(VELOCITY_HOURS_NEEDED * 60));
}

piq_status piq_profile_make(piq_arena *a, const piq_learner *l,
                            const piq_catalogue *c, const piq_belief *beliefs,
                            int64_t now_us, piq_profile *out)
{
    if (now_us < l->last_us)
        now_us = l->last_us;
    *out = (piq_profile){.user = l->user,
                         .version = l->version,
                         .as_of_us = now_us,
                         .goal = &l->goal,
                         .stated = &l->stated};
    out->levels = piq_new(a, piq_area_level, c->n_areas);
    out->trends = piq_new(a, piq_skill_trend, c->n_areas);
    out->weak = piq_new(a, piq_weak_area, PIQ_MAX_WEAK_AREAS);
    out->mastered = piq_new(a, piq_concept_ix, c->n_concepts);
    area_sum *sums = piq_new(a, area_sum, c->n_areas);
    if (!out->levels || !out->trends || !out->weak || !out->mastered || !sums)
        return PIQ_ENOMEM;
    piq_profile_work p = {.teller = {a, false},
                          .learner = l,
                          .catalogue = c,
                          .beliefs = beliefs,
                          .now_us = now_us,
                          .today = piq_learner_day(l, now_us),
                          .out = out};
    sum_areas(&p, sums);
    piq_status status = sum_goal(&p, sums);
    if (status != PIQ_OK)
        return status;
    tell_levels(&p, sums);
    tell_trends(&p);
    tell_weak(&p, sums);
    tell_mastered(&p);
    tell_velocity(&p);
    piq_profile_style(&p);
    piq_profile_habits(&p);
    return p.teller.failed ? PIQ_ENOMEM : PIQ_OK;
}
