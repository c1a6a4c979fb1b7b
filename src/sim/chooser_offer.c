/* chooser_offer.c - what a learner does with what is offered, and the events
 * that tell of it. */
#include "sim/chooser.h"

#include "base/calendar.h"
#include "num/logistic.h"
#include "sim/chooser_internal.h"

#include <math.h>
#include <stdio.h>

/* --- choosing: src/sim/CHOOSER.md ------------------------------------------
 */

/* Of each place after the first: looked at once the one above was refused. */
static const double LOOKS_ON = 0.85;
static const double LOOK_MINUTES = 0.4;
/* What is looked at and not taken: waved away, else passed over. */
static const double WAVES_AWAY = 0.3;
/* A slate with nothing in it ends the session. */
static const double LOSES_PATIENCE = 0.35;

/* Taking: logits. Within a logit of the best ease nothing is amiss. */
static const double TAKE = -0.9;
static const double AT_EASE = 1.2, TOO_HARD = 0.5, TOO_EASY = 0.35;
static const double TIRED = 0.8; /* at the end of a session */
static const double TOO_LONG = 0.7;

static const double FINISH = 1.6, FINISH_LIKING = 0.7;
static const double FINISH_TOO_HARD = 0.5, FINISH_TOO_LONG = 0.8;

static const double RATES = 0.3; /* of what was finished */
static const double STARS_MEAN = 3.3, STARS_LIKING = 0.9, STARS_SD = 0.6;
static const double LAPSE = 0.02;

enum { QUIZ_ANSWERS = 4, PRACTICE_ANSWERS = 8 };

static bool chance(piq_chooser *l, double p)
{
    return piq_rng_uniform(&l->choice) < p;
}

static double normal(piq_chooser *l, double mean, double sd)
{
    return mean + sd * piq_rng_normal(&l->choice);
}

/* `content`, or the next unfinished part of a course. */
static piq_content_ix part_of(const piq_chooser *l, piq_content_ix content)
{
    const piq_content *x = &l->w->c->contents[content.v];
    if (x->type != PIQ_COURSE)
        return content;
    for (size_t i = 0; i < x->n_contains; i++)
        if (!l->finished[x->contains[i].v])
            return x->contains[i];
    return content;
}

double piq_chooser_liking(const piq_chooser *l, piq_content_ix content)
{
    piq_content_ix ix = part_of(l, content);
    const piq_content *x = &l->w->c->contents[ix.v];
    double v = 0;
    for (int f = 0; f < PIQ_CHOOSER_FACTORS; f++)
        v += l->taste[f] * l->w->factor[ix.v][f];
    v = 0.8 * v / sqrt(PIQ_CHOOSER_FACTORS);
    v += l->w->quality[ix.v] + l->modality[x->modality] +
         l->type[l->w->c->contents[content.v].type];
    if (x->character.v != PIQ_NO_IX16)
        v += l->character[x->character.v];
    return v;
}

/* How much harder and how much easier than what suits, logits. */
static double too_hard(double ease)
{
    return fmax(0, AT_EASE - 1 - ease);
}

static double too_easy(double ease)
{
    return fmax(0, ease - AT_EASE - 1);
}

/* Minutes that it takes beyond what is left, as a share of that. */
static double overrun(const piq_chooser *l, const piq_content *x)
{
    double left = fmax(3, l->limit_minutes - l->spent_minutes);
    return fmin(2, fmax(0, x->minutes / left - 1));
}

double piq_chooser_take_prob(const piq_chooser *l, piq_content_ix content)
{
    piq_content_ix ix = part_of(l, content);
    const piq_content *x = &l->w->c->contents[ix.v];
    double ease = piq_chooser_ease(l, x, ix);
    double tired = fmin(1, l->spent_minutes / l->limit_minutes);
    return piq_sigmoid(TAKE + piq_chooser_liking(l, content) -
                       TOO_HARD * too_hard(ease) - TOO_EASY * too_easy(ease) -
                       TIRED * tired - TOO_LONG * overrun(l, x));
}

double piq_chooser_finish_prob(const piq_chooser *l, piq_content_ix content)
{
    piq_content_ix ix = part_of(l, content);
    const piq_content *x = &l->w->c->contents[ix.v];
    return piq_sigmoid(FINISH + FINISH_LIKING * piq_chooser_liking(l, content) -
                       FINISH_TOO_HARD * too_hard(piq_chooser_ease(l, x, ix)) -
                       FINISH_TOO_LONG * overrun(l, x));
}

double piq_chooser_look_prob(const piq_chooser *l, const piq_content_ix *slate,
                             size_t position)
{
    double p = 1;
    for (size_t i = 0; i < position; i++)
        p *= LOOKS_ON * (1 - piq_chooser_take_prob(l, slate[i]));
    return p;
}

/* --- telling ---------------------------------------------------------------
 */

static void pass(piq_chooser *l, double minutes)
{
    l->now_us += (int64_t)(minutes * (double)PIQ_US_PER_MINUTE) + 1;
    l->spent_minutes += minutes;
}

static piq_event *tell(piq_chooser *l, piq_chooser_events *to,
                       piq_event_type type)
{
    PIQ_ASSERT(to->n < PIQ_CHOOSER_MAX_EVENTS);
    piq_event *e = &to->list[to->n];
    char *id = to->id[to->n++];
    snprintf(id, PIQ_CHOOSER_ID_BYTES, "t-%lld-%08u", (long long)l->user.v,
             ++l->n_events);
    *e = (piq_event){.user = l->user,
                     .event_id = piq_str_of(id),
                     .at_us = l->now_us++,
                     .type = type,
                     .catalogue_version = l->w->c->version};
    return e;
}

static void tell_feedback(piq_chooser *l, piq_chooser_events *to,
                          piq_content_ix content, int64_t id,
                          const piq_chooser_shown *shown)
{
    piq_event *e = tell(l, to, PIQ_EV_RECOMMENDATION_FEEDBACK);
    e->u.feedback = (piq_feedback_event){.recommendation_id = id,
                                         .content = content,
                                         .action = shown->action,
                                         .feedback_score = shown->score};
}

static void tell_content(piq_chooser *l, piq_chooser_events *to,
                         piq_event_type type, piq_content_ix content,
                         double minutes)
{
    piq_event *e = tell(l, to, type);
    e->u.content = (piq_content_event){
        .content = content, .seconds = (uint32_t)(minutes * 60), .score = NAN};
}

static double right_prob(const piq_chooser *l, const piq_concept_weight *list,
                         size_t n, double difficulty, double guess)
{
    double ability = 0;
    for (size_t i = 0; i < n; i++)
        ability += list[i].weight * piq_chooser_ability(l, list[i].concept);
    return guess + (1 - guess - LAPSE) * piq_sigmoid(ability - difficulty);
}

/* Answers to items of the content, spread over its minutes. */
static void answer_some(piq_chooser *l, piq_chooser_events *to,
                        piq_content_ix ix, size_t wanted)
{
    const piq_content *x = &l->w->c->contents[ix.v];
    size_t n = x->n_items < wanted ? x->n_items : wanted;
    size_t first = n ? piq_rng_below(&l->choice, x->n_items) : 0;
    for (size_t i = 0; i < n; i++) {
        piq_item_ix item = x->items[(first + i) % x->n_items];
        const piq_item *y = &l->w->c->items[item.v];
        double p = right_prob(l, y->concepts, y->n_concepts,
                              piq_difficulty_logit(y->difficulty), y->guess);
        bool right = chance(l, p);
        double seconds = 12 * exp(normal(l, 0, 0.4));
        piq_event *e = tell(l, to, PIQ_EV_ANSWER);
        e->u.answer = (piq_answer){.item = item,
                                   .content = ix,
                                   .score = right ? 1.0f : 0.0f,
                                   .response_ms = (uint32_t)(seconds * 1000)};
    }
}

static float draw_score(piq_chooser *l, piq_content_ix ix)
{
    const piq_content *x = &l->w->c->contents[ix.v];
    double p =
        right_prob(l, x->concepts, x->n_concepts, l->w->difficulty[ix.v], 0);
    return (float)piq_clamp(normal(l, p, sqrt(p * (1 - p) / 12)), 0, 1);
}

static void tell_assessment(piq_chooser *l, piq_chooser_events *to,
                            piq_content_ix ix)
{
    const piq_content *x = &l->w->c->contents[ix.v];
    float score = draw_score(l, ix);
    piq_event *e = tell(l, to, PIQ_EV_ASSESSMENT_COMPLETED);
    e->u.assessment = (piq_assessment_event){
        .content = ix, .score = score, .seconds = (uint32_t)(x->minutes * 60)};
}

static void tell_character(piq_chooser *l, piq_chooser_events *to,
                           piq_content_ix ix)
{
    const piq_content *x = &l->w->c->contents[ix.v];
    float score = draw_score(l, ix);
    piq_event *e = tell(l, to, PIQ_EV_CHARACTER_SESSION);
    e->u.character =
        (piq_character_event){.character = x->character,
                              .content = ix,
                              .hands = (uint32_t)(2 * x->minutes) + 1,
                              .score = score,
                              .seconds = (uint32_t)(x->minutes * 60)};
}

/* --- doing -----------------------------------------------------------------
 */

static void finish(piq_chooser *l, piq_chooser_events *to, piq_content_ix ix)
{
    const piq_content *x = &l->w->c->contents[ix.v];
    switch (x->type) {
    case PIQ_ASSESSMENT:
        tell_assessment(l, to, ix);
        break;
    case PIQ_CHARACTER:
        tell_character(l, to, ix);
        break;
    case PIQ_COURSE:
    case PIQ_LESSON:
    case PIQ_REVIEW:
        answer_some(l, to, ix, x->practice ? PRACTICE_ANSWERS : QUIZ_ANSWERS);
        tell_content(l, to, PIQ_EV_CONTENT_COMPLETED, ix, x->minutes);
        break;
    }
    piq_chooser_learn(l, ix, x->minutes);
}

/* Takes it: finishes, or gives up somewhere on the way. */
static void take(piq_chooser *l, piq_content_ix content, int64_t id,
                 piq_chooser_events *to, piq_chooser_shown *shown)
{
    piq_content_ix ix = part_of(l, content);
    const piq_content *x = &l->w->c->contents[ix.v];
    double liking = piq_chooser_liking(l, content);
    bool finishes = chance(l, piq_chooser_finish_prob(l, content));
    shown->action = PIQ_ACTION_ACCEPTED;
    tell_feedback(l, to, content, id, shown);
    tell_content(l, to, PIQ_EV_CONTENT_STARTED, ix, 0);
    if (!finishes) {
        double minutes = x->minutes * (0.2 + 0.6 * piq_rng_uniform(&l->choice));
        pass(l, minutes);
        tell_content(l, to, PIQ_EV_CONTENT_ABANDONED, ix, minutes);
        return;
    }
    pass(l, x->minutes);
    finish(l, to, ix);
    shown->action = PIQ_ACTION_COMPLETED;
    if (chance(l, RATES)) {
        double stars = normal(l, STARS_MEAN + STARS_LIKING * liking, STARS_SD);
        shown->score = (uint8_t)lround(piq_clamp(stars, 1, 5));
    }
    tell_feedback(l, to, content, id, shown);
}

void piq_chooser_offer(piq_chooser *l, const piq_content_ix *slate, size_t n,
                       int64_t first_id, piq_chooser_events *events,
                       piq_chooser_outcome *out)
{
    double before = l->spent_minutes;
    bool taken = false;
    double take_prob[PIQ_CHOOSER_MAX_SLATE];
    PIQ_ASSERT(n >= 1 && n <= PIQ_CHOOSER_MAX_SLATE);
    /* As of the moment the slate is seen. */
    for (size_t i = 0; i < n; i++)
        take_prob[i] = piq_chooser_take_prob(l, slate[i]);
    events->n = 0;
    *out = (piq_chooser_outcome){0};
    for (size_t i = 0; i < n && !taken; i++) {
        piq_chooser_shown *shown = &out->shown[i];
        if (i && !chance(l, LOOKS_ON))
            break;
        shown->examined = true;
        taken = chance(l, take_prob[i]);
        pass(l, LOOK_MINUTES);
        if (taken) {
            take(l, slate[i], first_id + (int64_t)i, events, shown);
        } else if (chance(l, WAVES_AWAY)) {
            shown->action = PIQ_ACTION_DISMISSED;
            tell_feedback(l, events, slate[i], first_id + (int64_t)i, shown);
        }
    }
    if (!taken)
        l->left = chance(l, LOSES_PATIENCE);
    out->minutes = l->spent_minutes - before;
}

void piq_chooser_arrive(piq_chooser *l, piq_chooser_events *out)
{
    out->n = 0;
    piq_event *e = tell(l, out, PIQ_EV_PROFILE_STATED);
    e->u.stated.has = PIQ_STATED_SESSION;
    e->u.stated.session_minutes = (uint16_t)l->usual_minutes;
    e = tell(l, out, PIQ_EV_GOAL_SET);
    e->u.goal = l->goal;
}
