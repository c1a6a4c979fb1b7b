/* profile_habits.c - learningStyle and behavioralMetrics. See profile.h.
 *
 * Rules of evidence: an effect is told only when its 90 % interval excludes
 * zero and both sides have enough observations; where several are compared,
 * the interval is widened so that it holds for all of them together. What is
 * inferred here is what is done, never why: no emotion, no type of person.
 */
#include "insight/estimate.h"
#include "insight/profile.h"
#include "insight/sentence.h"

#include <math.h>

static const uint32_t FORMAT_EXPOSURES_NEEDED = 30;
static const uint32_t SLOT_ANSWERS_NEEDED = 50;
static const int32_t RECENT_DAYS = 28;
static const double PACE_ANSWERS_NEEDED = 30;
/* Success that is wanted lies within .7 and .9: above it there is room to go
 * faster, below it to go slower. */
static const double FAST_SUCCESS = 0.80, SLOW_SUCCESS = 0.65;

/* ---- learningStyle ---------------------------------------------------- */

static void tell_format(piq_profile_work *p)
{
    const piq_behaviour *b = &p->learner->behaviour;
    piq_profile *out = p->out;
    piq_residuals all = {0, 0, 0};
    unsigned arms = 0;
    for (int m = 0; m < PIQ_N_MODALITIES; m++) {
        const piq_residuals *r = &b->by_modality[m].residuals;
        piq_residuals_join(&all, r);
        arms += r->n >= FORMAT_EXPOSURES_NEEDED;
    }
    int best = PIQ_N_MODALITIES;
    for (int m = 0; m < PIQ_N_MODALITIES; m++) {
        const piq_residuals *mine = &b->by_modality[m].residuals;
        piq_residuals rest = piq_residuals_less(&all, mine);
        piq_estimate e = piq_estimate_contrast(
            mine, &rest, piq_estimate_joint_z(arms > 2 ? arms : 1));
        e.n = mine->n;
        out->format_effects[m] = e;
        if (mine->n >= FORMAT_EXPOSURES_NEEDED &&
            rest.n >= FORMAT_EXPOSURES_NEEDED && e.low > 0 &&
            (best == PIQ_N_MODALITIES ||
             e.value > out->format_effects[best].value))
            best = m;
    }
    out->preferred_content_type = best;
    piq_evidence *e = &out->evidence[PIQ_CLAIM_FORMAT];
    *e = (piq_evidence){PIQ_INFERRED, all.n, "answers", NULL, NULL};
    if (arms < 2) {
        e->source = PIQ_DEFAULT;
        e->missing = piq_sentence(&p->teller,
                                  "not enough data yet: two formats need %u "
                                  "answers each; %u visual, %u analytical, %u "
                                  "interactive so far: we mix formats",
                                  FORMAT_EXPOSURES_NEEDED,
                                  b->by_modality[PIQ_VISUAL].residuals.n,
                                  b->by_modality[PIQ_ANALYTICAL].residuals.n,
                                  b->by_modality[PIQ_INTERACTIVE].residuals.n);
    } else if (best == PIQ_N_MODALITIES) {
        e->note = "no clear difference: we mix formats";
    } else {
        e->note = "a format that went better than the others, not a learning "
                  "style of a person; all formats stay on offer";
    }
}

static void tell_session(piq_profile_work *p)
{
    const piq_behaviour *b = &p->learner->behaviour;
    piq_source source;
    piq_estimate effect;
    p->out->session_minutes = piq_session_minutes(p->learner, &source, &effect);
    piq_evidence *e = &p->out->evidence[PIQ_CLAIM_SESSION];
    *e = (piq_evidence){source, b->n_sessions, "finished sessions", NULL, NULL};
    if (source == PIQ_INFERRED)
        e->note = piq_sentence(
            &p->teller,
            "answers in sessions of this length were right %d points "
            "(90 %% interval %d to %d) more often than predicted, "
            "against other lengths",
            piq_percent(effect.value), piq_percent(effect.low),
            piq_percent(effect.high));
    else
        e->missing = piq_sentence(
            &p->teller,
            "not enough data yet: no length of session separates from "
            "the others over %u finished sessions; %s",
            b->n_sessions,
            source == PIQ_STATED ? "what was stated holds"
                                 : "25 minutes until then");
}

static void recent_counts(const piq_profile_work *p, int32_t from, int32_t to,
                          piq_day_record *sum, unsigned *days)
{
    const piq_behaviour *b = &p->learner->behaviour;
    *sum = (piq_day_record){0};
    *days = 0;
    for (size_t i = b->n_days; i-- > 0 && b->days[i].day > from;) {
        if (b->days[i].day > to)
            continue;
        sum->answers += b->days[i].answers;
        sum->right += b->days[i].right;
        sum->spent_ms += b->days[i].spent_ms;
        *days += 1;
    }
}

static void tell_pace(piq_profile_work *p)
{
    piq_day_record sum;
    unsigned days;
    recent_counts(p, p->today - RECENT_DAYS, p->today, &sum, &days);
    piq_estimate share = piq_estimate_share(sum.right, sum.answers);
    bool stated = p->learner->stated.has & PIQ_STATED_PACE;
    piq_evidence *e = &p->out->evidence[PIQ_CLAIM_PACE];
    *e = (piq_evidence){PIQ_INFERRED, sum.answers, "answers in 28 days", NULL,
                        NULL};
    if (sum.answers < PACE_ANSWERS_NEEDED) {
        e->source = stated ? PIQ_STATED : PIQ_DEFAULT;
        p->out->pace = stated ? p->learner->stated.difficulty_progression_rate
                              : PIQ_MODERATE;
        e->missing = piq_sentence(&p->teller,
                                  "not enough data yet: %u answers in 28 days, "
                                  "%d are needed",
                                  sum.answers, (int)PACE_ANSWERS_NEEDED);
        return;
    }
    p->out->pace = share.low > FAST_SUCCESS    ? PIQ_FAST
                   : share.high < SLOW_SUCCESS ? PIQ_SLOW
                                               : PIQ_MODERATE;
    e->note = piq_sentence(&p->teller,
                           "%d %% of answers right (90 %% interval %d to %d "
                           "%%); fast above 80 %%, slow below 65 %%",
                           piq_percent(share.value), piq_percent(share.low),
                           piq_percent(share.high));
}

/* Adds a factor seen in what is done: `yes` of `n`, at least `needed`. */
static void add_factor(piq_profile_work *p, const char *factor,
                       piq_estimate weight, double needed, const char *what)
{
    piq_profile *out = p->out;
    if (weight.n < needed || !isfinite(weight.value) ||
        out->n_motivation == PIQ_MAX_MOTIVATION_FACTORS)
        return;
    out->motivation[out->n_motivation++] = (piq_motivation_factor){
        factor, PIQ_INFERRED, weight,
        piq_sentence(&p->teller, what, piq_percent(weight.value),
                     (int)lround(weight.n))};
}

static void tell_motivation(piq_profile_work *p)
{
    const piq_behaviour *b = &p->learner->behaviour;
    piq_profile *out = p->out;
    if (p->learner->goal.set)
        out->motivation[out->n_motivation++] = (piq_motivation_factor){
            piq_motivation_name(p->learner->goal.motivation_type),
            PIQ_STATED,
            {1, NAN, NAN, 1},
            "Stated with the goal."};
    size_t stated = out->n_motivation;
    piq_day_record sum;
    unsigned days;
    recent_counts(p, p->today - RECENT_DAYS, p->today, &sum, &days);
    double span =
        piq_learner_has_begun(p->learner)
            ? p->today - piq_learner_day(p->learner, p->learner->first_us) + 1.0
            : 0;
    double sessions = 0;
    for (size_t i = 0; i < b->n_characters; i++)
        sessions += b->characters[i].sessions;
    double tasks = out->completion_overall.rate.n;
    double acted = (double)b->accepted + b->completed;
    double offers = acted + b->dismissed;
    double responses = (double)b->answers;
    add_factor(p, "achievement", out->completion_overall.rate, 5,
               "Finishes %d %% of %d contents begun.");
    add_factor(p, "competitive", piq_estimate_share(sessions, tasks), 5,
               "%d %% of %d contents begun are sessions against a character.");
    add_factor(p, "mastery", piq_estimate_share(b->reviews, responses), 20,
               "%d %% of %d answers are reviews of what was learned before.");
    add_factor(p, "consistency",
               piq_estimate_share(days, fmin(span, RECENT_DAYS)), 14,
               "Practised on %d %% of the last %d days.");
    add_factor(p, "guidance", piq_estimate_share(acted, offers), 5,
               "Took up %d %% of %d recommendations reacted to.");
    piq_evidence *e = &out->evidence[PIQ_CLAIM_MOTIVATION];
    *e = (piq_evidence){stated ? PIQ_STATED : PIQ_INFERRED,
                        (double)(out->n_motivation - stated),
                        "factors seen in what is done", NULL,
                        "weights are shares of what is done, not comparable "
                        "with each other; why it is done is not inferred, and "
                        "social motives do not show in these events"};
    if (out->n_motivation == stated)
        e->missing = "not enough data yet: fewer than 5 contents begun, 20 "
                     "answers, 5 recommendations or 14 days";
}

void piq_profile_style(piq_profile_work *p)
{
    const piq_behaviour *b = &p->learner->behaviour;
    piq_completion *all = &p->out->completion_overall;
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++) {
        const piq_progress_counts *n = &b->by_type[t];
        uint32_t ended = n->completed + n->abandoned;
        uint32_t begun = n->started > ended ? n->started : ended;
        p->out->completion[t] =
            (piq_completion){begun, n->completed, n->abandoned,
                             piq_estimate_share(n->completed, begun)};
        all->started += begun;
        all->completed += n->completed;
        all->abandoned += n->abandoned;
    }
    all->rate = piq_estimate_share(all->completed, all->started);
    tell_format(p);
    tell_session(p);
    tell_pace(p);
    tell_motivation(p);
}

/* ---- behavioralMetrics ------------------------------------------------ */

static void tell_engagement(piq_profile_work *p)
{
    const piq_learner *l = p->learner;
    const piq_behaviour *b = &l->behaviour;
    piq_engagement *e = &p->out->engagement;
    piq_evidence *v = &p->out->evidence[PIQ_CLAIM_ENGAGEMENT];
    bool open = b->last_us != INT64_MIN;
    e->n_sessions = b->n_sessions + open;
    *v = (piq_evidence){PIQ_INFERRED, e->n_sessions, "sessions", NULL,
                        "the newest session counts as it stands"};
    e->minutes_per_week_before = NAN;
    if (!open) {
        *v = (piq_evidence){PIQ_DEFAULT, 0, "sessions",
                            "not enough data yet: no practice seen", NULL};
        return;
    }
    int32_t first = piq_learner_day(l, l->first_us);
    double span = fmax(7, (double)p->today - first + 1);
    double length_ms = (double)b->sessions_ms +
                       (double)(b->last_us - b->session_start_us) / 1000;
    e->sessions_per_week = e->n_sessions * 7 / span;
    e->mean_session_minutes = length_ms / 60000 / e->n_sessions;
    piq_day_record sum;
    unsigned days;
    recent_counts(p, p->today - RECENT_DAYS, p->today, &sum, &days);
    double recent = fmin(span, RECENT_DAYS);
    e->active_days_per_week = days * 7 / recent;
    e->minutes_per_week = sum.spent_ms / 60000.0 * 7 / recent;
    if (span >= 2 * RECENT_DAYS) {
        recent_counts(p, p->today - 2 * RECENT_DAYS, p->today - RECENT_DAYS,
                      &sum, &days);
        e->minutes_per_week_before = sum.spent_ms / 60000.0 * 7 / RECENT_DAYS;
    }
    for (int d = 0; d < 7; d++)
        e->weekday_share[d] =
            b->answers ? (double)b->by_weekday[d] / b->answers : NAN;
    bool runs = b->n_days && b->days[b->n_days - 1].day >= p->today - 1;
    e->streak_days = runs ? b->streak : 0;
    e->longest_streak_days = b->longest_streak;
    if (span < 14)
        v->missing = piq_sentence(&p->teller,
                                  "not enough data yet for habits: %d days "
                                  "since the first event, 14 are needed",
                                  (int)(p->today - first + 1));
}

static void tell_completion(piq_profile_work *p)
{
    piq_evidence *e = &p->out->evidence[PIQ_CLAIM_COMPLETION];
    double n = p->out->completion_overall.rate.n;
    *e = (piq_evidence){n > 0 ? PIQ_INFERRED : PIQ_DEFAULT, n, "contents begun",
                        NULL, NULL};
    if (n < 5)
        e->missing = "not enough data yet: 5 contents begun are needed";
}

/* Characters met more often than an even choice would explain: 3 sessions and
 * the lower end of the share's interval above an even share. */
static void tell_characters(piq_profile_work *p)
{
    const piq_behaviour *b = &p->learner->behaviour;
    const piq_catalogue *c = p->catalogue;
    piq_profile *out = p->out;
    double sessions = 0, live = 0;
    double taste[PIQ_MAX_PREFERRED_CHARACTERS] = {0};
    for (size_t i = 0; i < b->n_characters; i++) {
        sessions += b->characters[i].sessions;
        live += !c->characters[i].retired;
    }
    for (size_t i = 0; i < b->n_characters; i++) {
        const piq_character_record *k = &b->characters[i];
        if (c->characters[i].retired || k->sessions < 3 ||
            (live > 1 &&
             !(piq_estimate_share(k->sessions, sessions).low > 1 / live)))
            continue;
        piq_character_ix ix = {(uint16_t)i};
        double mine = piq_character_affinity(b, ix).value;
        size_t at = out->n_characters;
        while (at > 0 && taste[at - 1] < mine)
            at--;
        if (at >= PIQ_MAX_PREFERRED_CHARACTERS)
            continue;
        if (out->n_characters < PIQ_MAX_PREFERRED_CHARACTERS)
            out->n_characters++;
        for (size_t j = out->n_characters - 1; j > at; j--) {
            taste[j] = taste[j - 1];
            out->characters[j] = out->characters[j - 1];
        }
        taste[at] = mine;
        out->characters[at] = ix;
    }
    piq_evidence *e = &out->evidence[PIQ_CLAIM_CHARACTERS];
    *e = (piq_evidence){PIQ_INFERRED, sessions, "character sessions", NULL,
                        "chosen more often than an even choice explains"};
    if (!out->n_characters)
        e->missing = "not enough data yet: none has 3 sessions and a share "
                     "that separates from an even choice";
}

static void insert_slot(piq_profile *out, const piq_study_slot *slot)
{
    size_t at = out->n_slots++;
    for (; at > 0 && out->slots[at - 1].effect.value < slot->effect.value; at--)
        out->slots[at] = out->slots[at - 1];
    out->slots[at] = *slot;
}

static void tell_times(piq_profile_work *p)
{
    const piq_behaviour *b = &p->learner->behaviour;
    enum { HOURS = 24 / PIQ_STUDY_SLOTS };
    piq_residuals all = {0, 0, 0}, slot[PIQ_STUDY_SLOTS];
    unsigned compared = 0;
    for (int s = 0; s < PIQ_STUDY_SLOTS; s++) {
        slot[s] = (piq_residuals){0, 0, 0};
        for (int h = s * HOURS; h < (s + 1) * HOURS; h++)
            piq_residuals_join(&slot[s], &b->by_hour[h]);
        piq_residuals_join(&all, &slot[s]);
        compared += slot[s].n >= SLOT_ANSWERS_NEEDED;
    }
    for (int s = 0; s < PIQ_STUDY_SLOTS; s++) {
        piq_residuals rest = piq_residuals_less(&all, &slot[s]);
        if (slot[s].n < SLOT_ANSWERS_NEEDED || rest.n < SLOT_ANSWERS_NEEDED)
            continue;
        piq_study_slot found = {
            (uint8_t)(s * HOURS), (uint8_t)((s + 1) * HOURS),
            piq_estimate_contrast(&slot[s], &rest,
                                  piq_estimate_joint_z(compared))};
        found.effect.n = slot[s].n;
        if (found.effect.low > 0)
            insert_slot(p->out, &found);
    }
    piq_evidence *e = &p->out->evidence[PIQ_CLAIM_TIMES];
    *e = (piq_evidence){PIQ_INFERRED, all.n, "answers", NULL, NULL};
    if (compared == 0 || all.n < 2 * SLOT_ANSWERS_NEEDED)
        e->missing = piq_sentence(&p->teller,
                                  "not enough data yet: %u answers in one "
                                  "three-hour slot and %u outside it are "
                                  "needed",
                                  SLOT_ANSWERS_NEEDED, SLOT_ANSWERS_NEEDED);
    else if (!p->out->n_slots)
        e->note = "no clear best time";
}

void piq_profile_habits(piq_profile_work *p)
{
    tell_engagement(p);
    tell_completion(p);
    tell_characters(p);
    tell_times(p);
}
