#include "sim/sim.h"

#include "base/calendar.h"
#include "num/logistic.h"

#include <math.h>

/* --- the population (logits; sd unless said) -------------------------------
 */

static const double LEARNER_SD = 0.9;
static const double AREA_SD = 0.45;
static const double CONCEPT_SD = 0.7;
/* How much of a concept's own share comes from its prerequisites'. */
static const double FROM_PREREQUISITES = 0.3;
static const double SESSION_SD = 0.3; /* a good or a bad day */
static const double ITEM_ERROR_SD = 0.4;
static const double LAPSE = 0.01;

/* Learning: practice closes a share of the way to a ceiling above where the
 * learner started; a lesson as much as so many answers; what was gained fades
 * by days. */
static const double ROOM_MEAN = 1.2, ROOM_SD = 0.4;
static const double RATE_MEDIAN = 0.06, RATE_LOG_SD = 0.4;
static const double LESSON_COUNTS = 4.0;
static const double FADE_DAYS = 200.0;

enum {
    SESSION_EVENTS_MEAN = 24,
    DRILL_MIN = 5,
    DRILL_SPREAD = 6,
    ID_BYTES = 32
};

typedef enum phase { PICK, LESSON_END, DRILL_START, DRILL, DRILL_END } phase;

struct piq_sim {
    const piq_catalogue *c;
    piq_sim_options o;
    piq_arena *arena;
    piq_rng rng;
    piq_user_id user;
    /* Hidden; [n_concepts]. */
    double *start;         /* ability before any practice */
    double *gain;          /* learned since, as of practised_us */
    double *room;          /* gain tends to it */
    int64_t *practised_us; /* INT64_MIN: never */
    double rate;
    double form; /* of this session */
    /* Items by main concept: items[items_at[k] .. items_at[k+1]). */
    uint32_t *items;
    uint32_t *items_at;      /* [n_concepts+1] */
    piq_concept_ix *studied; /* concepts begun, in order */
    size_t n_studied;
    double weekday[7]; /* liking, Monday first */
    double evening_hour;
    /* Where it stands. */
    size_t emitted;
    int64_t now_us;
    int64_t end_us;
    int64_t least_step_us;
    size_t left_in_session;
    phase phase;
    piq_concept_ix concept; /* being studied */
    piq_content_ix content; /* in hand; PIQ_NO_IX32 none */
    size_t left_in_drill, asked, right;
    int64_t begun_us; /* the content in hand */
};

/* --- making a learner ------------------------------------------------------
 */

static double normal(piq_sim *s, double mean, double sd)
{
    return mean + sd * piq_rng_normal(&s->rng);
}

static bool chance(piq_sim *s, double p)
{
    return piq_rng_uniform(&s->rng) < p;
}

static void draw_abilities(piq_sim *s, double *area, double *own)
{
    const piq_catalogue *c = s->c;
    double learner = piq_difficulty_logit(c->new_learner_ability) +
                     normal(s, 0.0, LEARNER_SD);
    for (size_t i = 0; i < c->n_areas; i++)
        area[i] = normal(s, 0.0, AREA_SD);
    double rest = sqrt(1.0 - FROM_PREREQUISITES * FROM_PREREQUISITES);
    for (size_t i = 0; i < c->n_concepts; i++) {
        size_t k = c->order[i].v;
        const piq_concept *x = &c->concepts[k];
        double from = 0.0;
        for (size_t j = 0; j < x->n_prerequisites; j++)
            from += own[x->prerequisites[j].v];
        if (x->n_prerequisites)
            own[k] =
                FROM_PREREQUISITES * from / sqrt((double)x->n_prerequisites) +
                normal(s, 0.0, rest * CONCEPT_SD);
        else
            own[k] = normal(s, 0.0, CONCEPT_SD);
        s->start[k] = learner + area[x->area.v] + own[k];
        s->room[k] = fmax(0.2, normal(s, ROOM_MEAN, ROOM_SD));
        s->practised_us[k] = INT64_MIN;
    }
    s->rate = RATE_MEDIAN * exp(normal(s, 0.0, RATE_LOG_SD));
}

static size_t main_concept(const piq_concept_weight *list, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        if (list[i].weight > list[best].weight)
            best = i;
    }
    return list[best].concept.v;
}

static bool is_askable(const piq_item *x)
{
    return !x->retired && x->n_concepts > 0;
}

/* Counting sort of the live items by main concept. */
static void index_items(piq_sim *s)
{
    const piq_catalogue *c = s->c;
    uint32_t *at = s->items_at;
    for (size_t i = 0; i < c->n_items; i++) {
        const piq_item *x = &c->items[i];
        if (is_askable(x))
            at[main_concept(x->concepts, x->n_concepts) + 1]++;
    }
    for (size_t k = 0; k < c->n_concepts; k++)
        at[k + 1] += at[k];
    for (size_t i = c->n_items; i-- > 0;) {
        const piq_item *x = &c->items[i];
        if (is_askable(x)) {
            size_t k = main_concept(x->concepts, x->n_concepts);
            s->items[--at[k + 1]] = (uint32_t)i;
        }
    }
    /* at[k+1] is now where k starts: shift down. */
    uint32_t n = 0;
    for (size_t i = 0; i < c->n_items; i++)
        n += is_askable(&c->items[i]);
    for (size_t k = 0; k < c->n_concepts; k++)
        at[k] = at[k + 1];
    at[c->n_concepts] = n;
}

static void draw_habits(piq_sim *s)
{
    for (size_t i = 0; i < 7; i++)
        s->weekday[i] = 0.2 + piq_rng_uniform(&s->rng);
    s->evening_hour = piq_clamp(normal(s, 19.5, 1.2), 17.0, 21.5);
}

piq_status piq_sim_learner(piq_arena *a, const piq_catalogue *c,
                           const piq_sim_options *o, size_t k, piq_sim **out)
{
    size_t n = c->n_concepts;
    piq_sim *s = piq_new(a, piq_sim, 1);
    double *area = piq_new(a, double, c->n_areas);
    double *own = piq_new(a, double, n);
    if (!s || !area || !own)
        return PIQ_ENOMEM;
    s->start = piq_new(a, double, n);
    s->gain = piq_new(a, double, n);
    s->room = piq_new(a, double, n);
    s->practised_us = piq_new(a, int64_t, n);
    s->items = piq_new(a, uint32_t, c->n_items);
    s->items_at = piq_new(a, uint32_t, n + 1);
    s->studied = piq_new(a, piq_concept_ix, n);
    if (!s->start || !s->gain || !s->room || !s->practised_us || !s->items ||
        !s->items_at || !s->studied)
        return PIQ_ENOMEM;
    s->c = c;
    s->o = *o;
    s->arena = a;
    s->user.v = o->first_user + (int64_t)k;
    s->content.v = PIQ_NO_IX32;
    s->phase = PICK;
    s->now_us = o->start_us;
    double window_us = fmax(o->days, 0.0) * (double)PIQ_US_PER_DAY;
    s->end_us = o->start_us + (int64_t)window_us;
    s->least_step_us =
        (int64_t)fmin(1e6, window_us / ((double)o->events + 1.0));
    piq_rng_seed(&s->rng,
                 piq_hash_u64(o->seed) ^ piq_hash_u64((uint64_t)s->user.v + 1));
    draw_abilities(s, area, own);
    draw_habits(s);
    index_items(s);
    *out = s;
    return PIQ_OK;
}

/* --- hidden truth -----------------------------------------------------------
 */

static double gain_at(const piq_sim *s, size_t k, int64_t at_us)
{
    if (s->practised_us[k] == INT64_MIN)
        return 0.0;
    double days = (double)(at_us - s->practised_us[k]) / (double)PIQ_US_PER_DAY;
    return s->gain[k] * exp(-fmax(days, 0.0) / FADE_DAYS);
}

double piq_sim_ability(const piq_sim *s, piq_concept_ix concept)
{
    return s->start[concept.v] + gain_at(s, concept.v, s->now_us);
}

/* The same for every learner of one seed. */
double piq_sim_item_difficulty(const piq_sim *s, piq_item_ix item)
{
    piq_rng r;
    piq_rng_seed(&r, piq_hash_u64(s->o.seed + 0x9e37) ^ item.v);
    return piq_difficulty_logit(s->c->items[item.v].difficulty) +
           ITEM_ERROR_SD * piq_rng_normal(&r);
}

static void learn(piq_sim *s, size_t k, double amount)
{
    if (!s->o.learning)
        return;
    double gain = gain_at(s, k, s->now_us);
    double share = 1.0 - exp(-s->rate * amount);
    s->gain[k] = gain + share * fmax(0.0, s->room[k] - gain);
    s->practised_us[k] = s->now_us;
}

static void learn_all(piq_sim *s, const piq_concept_weight *list, size_t n,
                      double amount)
{
    for (size_t i = 0; i < n; i++)
        learn(s, list[i].concept.v, amount * list[i].weight);
}

static double ability_of(const piq_sim *s, const piq_concept_weight *list,
                         size_t n)
{
    double ability = s->form;
    for (size_t i = 0; i < n; i++)
        ability += list[i].weight * piq_sim_ability(s, list[i].concept);
    return ability;
}

/* --- time -------------------------------------------------------------------
 */

static void begin_session(piq_sim *s)
{
    s->left_in_session = SESSION_EVENTS_MEAN / 2 +
                         piq_rng_below(&s->rng, SESSION_EVENTS_MEAN + 1);
    s->form = normal(s, 0.0, SESSION_SD);
    if (s->emitted == 0)
        return;
    /* The day that would be due, or one of the next two that suits better. */
    double progress = (double)s->emitted / (double)s->o.events;
    int32_t first = piq_day_of(s->o.start_us, 0, 0);
    int32_t due = first + (int32_t)(progress * fmax(0.0, s->o.days - 3.0));
    int32_t best = due;
    double liking = -1.0;
    for (int32_t day = due; day < due + 3; day++) {
        double u = s->weekday[piq_weekday_of(day)] * piq_rng_uniform(&s->rng);
        if (u > liking) {
            liking = u;
            best = day;
        }
    }
    double hour = normal(s, s->evening_hour, 0.8);
    if (piq_weekday_of(best) >= 5 && chance(s, 0.4))
        hour = normal(s, 10.5, 1.2);
    int64_t at = piq_day_start_us(best, 0, 0) +
                 (int64_t)(hour * (double)PIQ_US_PER_HOUR);
    int64_t pause = s->now_us + PIQ_US_PER_HOUR;
    s->now_us = at > pause ? at : pause;
}

/* Moves on, but leaves room for what is still to come. */
static void pass_seconds(piq_sim *s, double seconds)
{
    int64_t left = (int64_t)(s->o.events - s->emitted);
    int64_t latest = s->end_us - left * s->least_step_us;
    int64_t at = s->now_us + (int64_t)(seconds * 1e6);
    s->now_us = at < latest ? at : latest;
}

/* --- events -----------------------------------------------------------------
 */

static char *put_number(char *p, uint64_t v)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n)
        *p++ = digits[--n];
    return p;
}

/* "sim-<user>-<number>" */
static piq_str event_id(piq_sim *s)
{
    char *id = piq_arena_alloc(s->arena, ID_BYTES + 16, 1);
    if (!id)
        return (piq_str){0};
    char *p = id;
    for (const char *z = "sim-"; *z; z++)
        *p++ = *z;
    p = put_number(p, (uint64_t)s->user.v);
    *p++ = '-';
    p = put_number(p, s->emitted + 1);
    return (piq_str){id, (size_t)(p - id)};
}

/* None on days that are not liked; on the best liked one always some. */
static void state_minutes(const piq_sim *s, uint16_t minutes[7])
{
    size_t best = 0;
    for (size_t i = 1; i < 7; i++)
        best = s->weekday[i] > s->weekday[best] ? i : best;
    for (size_t i = 0; i < 7; i++)
        minutes[i] = i == best || s->weekday[i] > 0.5
                         ? (uint16_t)(s->weekday[i] * 60.0)
                         : 0;
}

static void emit_stated(piq_sim *s, piq_event *e)
{
    e->type = PIQ_EV_PROFILE_STATED;
    piq_stated *x = &e->u.stated;
    x->has = PIQ_STATED_SESSION | PIQ_STATED_MINUTES;
    x->session_minutes = (uint16_t)(15 + 5 * piq_rng_below(&s->rng, 8));
    state_minutes(s, x->minutes_per_weekday);
    if (chance(s, 0.5)) {
        x->has |= PIQ_STATED_LEVEL;
        double d =
            piq_sim_ability(s, s->c->order[0]) / PIQ_LOGITS_PER_DIFFICULTY +
            0.5;
        x->self_level = d < 0.3    ? PIQ_BEGINNER
                        : d < 0.55 ? PIQ_INTERMEDIATE
                        : d < 0.8  ? PIQ_ADVANCED
                                   : PIQ_EXPERT;
    }
}

static void emit_goal(piq_sim *s, piq_event *e)
{
    e->type = PIQ_EV_GOAL_SET;
    piq_goal *g = &e->u.goal;
    g->set = true;
    g->target_skill_level = chance(s, 0.5) ? PIQ_INTERMEDIATE : PIQ_ADVANCED;
    g->timeline_day =
        piq_day_of(s->end_us, 0, 0) + 30 + (int32_t)piq_rng_below(&s->rng, 120);
    g->motivation_type = (piq_motivation)piq_rng_below(&s->rng, 4);
    if (s->c->n_areas > 1) {
        g->priority_areas[0].v =
            (uint16_t)piq_rng_below(&s->rng, s->c->n_areas);
        g->n_priority_areas = 1;
    }
}

static double draw_score(piq_sim *s, double p, double tries)
{
    double sd = sqrt(p * (1.0 - p) / tries);
    return piq_clamp(normal(s, p, sd), 0.0, 1.0);
}

/* One answer to an item of the concept, or to the bare concept. */
static void emit_answer(piq_sim *s, piq_event *e)
{
    const piq_catalogue *c = s->c;
    size_t k = s->concept.v;
    size_t n = s->items_at[k + 1] - s->items_at[k];
    piq_answer *x = &e->u.answer;
    piq_concept_weight whole = {s->concept, 1.0};
    const piq_concept_weight *about = &whole;
    size_t n_about = 1;
    double difficulty = piq_difficulty_logit(c->concepts[k].difficulty);
    double guess = 0.0, discrimination = 1.0;
    e->type = PIQ_EV_ANSWER;
    x->item.v = x->content.v = PIQ_NO_IX32;
    if (n) {
        x->item.v = s->items[s->items_at[k] + piq_rng_below(&s->rng, n)];
        const piq_item *item = &c->items[x->item.v];
        about = item->concepts;
        n_about = item->n_concepts;
        difficulty = piq_sim_item_difficulty(s, x->item);
        guess = item->guess;
        discrimination = item->discrimination;
        x->content = item->content;
    } else {
        x->concepts[0] = whole;
        x->n_concepts = 1;
    }
    double u = discrimination * (ability_of(s, about, n_about) - difficulty);
    double p = guess + (1.0 - guess - LAPSE) * piq_sigmoid(u);
    bool right = chance(s, p);
    double seconds = 9.0 * exp(normal(s, -0.1 * u, 0.5));
    x->score = right ? 1.0f : 0.0f;
    x->response_ms = (uint32_t)(seconds * 1000.0);
    x->hint = !right && chance(s, 0.1);
    s->asked++;
    s->right += right;
    pass_seconds(s, seconds + 4.0);
    learn_all(s, about, n_about, 1.0);
}

static void emit_content(piq_sim *s, piq_event *e, piq_event_type type)
{
    e->type = type;
    e->u.content.content = s->content;
    e->u.content.score = NAN;
    e->u.content.seconds =
        type == PIQ_EV_CONTENT_STARTED
            ? 0
            : (uint32_t)((s->now_us - s->begun_us) / PIQ_US_PER_SECOND);
}

static void emit_assessment(piq_sim *s, piq_event *e)
{
    const piq_content *x = &s->c->contents[s->content.v];
    piq_assessment_event *out = &e->u.assessment;
    e->type = PIQ_EV_ASSESSMENT_COMPLETED;
    pass_seconds(s, x->minutes * 60.0);
    double p = piq_sigmoid(ability_of(s, x->concepts, x->n_concepts) -
                           piq_difficulty_logit(x->difficulty));
    out->content = s->content;
    out->score = (float)draw_score(s, p, 10.0);
    out->seconds = (uint32_t)(x->minutes * 60.0);
}

static void emit_character(piq_sim *s, piq_event *e)
{
    const piq_content *x = &s->c->contents[s->content.v];
    piq_character_event *out = &e->u.character;
    e->type = PIQ_EV_CHARACTER_SESSION;
    pass_seconds(s, x->minutes * 60.0);
    double p = piq_sigmoid(ability_of(s, x->concepts, x->n_concepts) -
                           piq_difficulty_logit(x->difficulty));
    out->character = x->character;
    out->content = s->content;
    out->hands = (uint32_t)(x->minutes * 2.0) + 1;
    out->score = (float)draw_score(s, p, 20.0);
    out->seconds = (uint32_t)(x->minutes * 60.0);
    learn_all(s, x->concepts, x->n_concepts, 2.0);
}

static void emit_review(piq_sim *s, piq_event *e)
{
    double fit = piq_sim_ability(s, s->concept) + s->form -
                 piq_difficulty_logit(s->c->concepts[s->concept.v].difficulty);
    double u = fit + normal(s, 0.0, 1.0);
    e->type = PIQ_EV_REVIEW;
    e->u.review.concept = s->concept;
    e->u.review.rating = u < -1.0 ? 1 : u < 0.0 ? 2 : u < 2.0 ? 3 : 4;
    pass_seconds(s, 8.0);
    e->u.review.response_ms = 6000;
    learn(s, s->concept.v, 0.5);
}

/* --- what to do next ---------------------------------------------------------
 */

/* A live content of the concept that suits; PIQ_NO_IX32 when there is none. */
static piq_content_ix find_content(piq_sim *s, piq_content_type type,
                                   bool practice)
{
    const piq_catalogue *c = s->c;
    size_t k = s->concept.v, n = 0;
    piq_content_ix found = {PIQ_NO_IX32};
    for (uint32_t i = c->by_concept_at[k]; i < c->by_concept_at[k + 1]; i++) {
        const piq_content *x = &c->contents[c->by_concept[i].v];
        if (x->type != type || x->practice != practice || !x->published ||
            x->retired)
            continue;
        if (piq_rng_below(&s->rng, ++n) == 0)
            found = c->by_concept[i];
    }
    return found;
}

/* Goes on with what was begun, or begins the next concept in order. */
static bool pick_concept(piq_sim *s)
{
    const piq_catalogue *c = s->c;
    bool all_begun = s->n_studied == c->n_concepts;
    if (s->n_studied > 0 && (all_begun || chance(s, 0.6))) {
        s->concept = s->studied[piq_rng_below(&s->rng, s->n_studied)];
        return false;
    }
    s->concept = c->order[s->n_studied];
    s->studied[s->n_studied++] = s->concept;
    return true;
}

static void begin_drill(piq_sim *s)
{
    s->content = find_content(s, PIQ_LESSON, true);
    s->left_in_drill = DRILL_MIN + piq_rng_below(&s->rng, DRILL_SPREAD);
    s->asked = s->right = 0;
    bool announced = !s->o.answers_only && s->content.v != PIQ_NO_IX32;
    s->phase = announced ? DRILL_START : DRILL;
}

/* Sets the phase; true when an event was emitted on the way. */
static bool pick(piq_sim *s, piq_event *e)
{
    if (s->o.answers_only) {
        s->concept.v = (uint16_t)piq_rng_below(&s->rng, s->c->n_concepts);
        begin_drill(s);
        return false;
    }
    bool new_one = pick_concept(s);
    double u = piq_rng_uniform(&s->rng);
    if (new_one)
        s->content = find_content(s, PIQ_LESSON, false);
    else if (u < 0.1)
        s->content = find_content(s, PIQ_ASSESSMENT, false);
    else if (u < 0.2)
        s->content = find_content(s, PIQ_CHARACTER, false);
    else
        s->content.v = PIQ_NO_IX32;
    if (!new_one && u >= 0.2 && u < 0.4) {
        emit_review(s, e);
        return true;
    }
    if (s->content.v == PIQ_NO_IX32) {
        begin_drill(s);
        return false;
    }
    if (new_one) {
        emit_content(s, e, PIQ_EV_CONTENT_STARTED);
        s->begun_us = s->now_us;
        s->phase = LESSON_END;
    } else if (u < 0.1) {
        emit_assessment(s, e);
    } else {
        emit_character(s, e);
    }
    return true;
}

static void end_lesson(piq_sim *s, piq_event *e)
{
    const piq_content *x = &s->c->contents[s->content.v];
    bool finished = chance(s, 0.92);
    double share = finished ? 1.0 : 0.3;
    pass_seconds(s, x->minutes * 60.0 * share * exp(normal(s, 0.0, 0.2)));
    emit_content(
        s, e, finished ? PIQ_EV_CONTENT_COMPLETED : PIQ_EV_CONTENT_ABANDONED);
    learn_all(s, x->concepts, x->n_concepts, LESSON_COUNTS * share);
    begin_drill(s);
}

static void end_drill(piq_sim *s, piq_event *e)
{
    emit_content(s, e, PIQ_EV_CONTENT_COMPLETED);
    e->u.content.score = (float)((double)s->right / (double)s->asked);
    s->phase = PICK;
}

static void emit(piq_sim *s, piq_event *e)
{
    if (s->phase == PICK && pick(s, e))
        return;
    switch (s->phase) {
    case PICK:
        break;
    case LESSON_END:
        end_lesson(s, e);
        break;
    case DRILL_START:
        emit_content(s, e, PIQ_EV_CONTENT_STARTED);
        s->begun_us = s->now_us;
        s->phase = DRILL;
        break;
    case DRILL:
        emit_answer(s, e);
        if (--s->left_in_drill == 0)
            s->phase = !s->o.answers_only && s->content.v != PIQ_NO_IX32
                           ? DRILL_END
                           : PICK;
        break;
    case DRILL_END:
        end_drill(s, e);
        break;
    }
}

bool piq_sim_next(piq_sim *s, piq_event *out)
{
    if (s->emitted >= s->o.events || s->c->n_concepts == 0)
        return false;
    piq_event e = {.user = s->user, .event_id = event_id(s)};
    if (!e.event_id.ptr)
        return false;
    if (s->left_in_session == 0 && s->phase == PICK)
        begin_session(s);
    pass_seconds(s, 2.0 + 6.0 * piq_rng_uniform(&s->rng));
    if (!s->o.answers_only && s->emitted == 0)
        emit_stated(s, &e);
    else if (!s->o.answers_only && s->emitted == 1)
        emit_goal(s, &e);
    else
        emit(s, &e);
    e.at_us = s->now_us;
    s->emitted++;
    if (s->left_in_session)
        s->left_in_session--;
    *out = e;
    return true;
}
