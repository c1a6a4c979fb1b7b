#include "insight/reviews.h"

#include "base/calendar.h"
#include "insight/estimate.h"
#include "insight/inputs.h"
#include "insight/sentence.h"
#include "memory/deadline.h"
#include "num/logistic.h"
#include "track/gain.h"

#include <math.h>
#include <stdlib.h>

enum {
    REVIEWS_SEEN = 20,
    /* Of an exam plan, that it stays within a tenth of a second or so. */
    MAX_CARD_DAYS = 60000,
    EXCHANGES = 6000
};

static const double LEAST_REVIEW_MIN = 0.05;
/* Of what a learner did, so much reviews: then their time is a review's. */
static const double MOSTLY = 0.8;

/* One concept that waits for its review. */
typedef struct waiting {
    uint16_t concept;
    int32_t due_day;
    piq_review_card card; /* as it is today */
    double loss;
} waiting;

typedef struct making {
    piq_teller teller;
    const piq_learner *learner;
    const piq_catalogue *catalogue;
    const piq_reviews_ask *ask;
    piq_learner_calendar calendar;
    uint16_t weekday_minutes[7];
    int64_t now_us;
    int32_t today;
    double minutes; /* of one review */
    const double *value;
    int32_t *due_days; /* [n_concepts] */
    waiting *list;     /* [n], practised concepts */
    size_t n;
    piq_review_queue *out;
} making;

double piq_review_minutes(const piq_learner *l)
{
    const piq_behaviour *b = &l->behaviour;
    double reviews = b->reviews, all = reviews + b->answers;
    if (reviews < REVIEWS_SEEN || reviews < MOSTLY * all)
        return PIQ_REVIEW_MINUTES;
    return piq_clamp((double)b->spent_ms / 60000 / all, LEAST_REVIEW_MIN,
                     PIQ_REVIEW_MINUTES);
}

static double minutes_on(const making *m, int32_t day)
{
    if (piq_review_is_off(&m->calendar.ask, day))
        return 0;
    return isnan(m->ask->minutes)
               ? PIQ_REVIEW_SHARE * m->weekday_minutes[piq_weekday_of(day)]
               : m->ask->minutes;
}

/* ---- what is there ------------------------------------------------------ */

static void gather(making *m)
{
    const piq_memory *memory = &m->learner->memory;
    int32_t offset = m->calendar.ask.utc_offset_min;
    for (size_t i = 0; i < m->catalogue->n_concepts; i++) {
        piq_concept_ix ix = {(uint16_t)i};
        const piq_memory_cell *cell = &memory->concepts[i];
        if (cell->reviews == 0 || m->catalogue->concepts[i].retired)
            continue;
        m->list[m->n++] =
            (waiting){.concept = ix.v,
                      .due_day = m->due_days[i],
                      .card = {.state = cell->state,
                               .elapsed_days = piq_memory_elapsed_days(
                                   memory, ix, m->now_us, offset),
                               .weight = m->value[i],
                               .minutes = m->minutes}};
    }
    m->out->practised = (uint32_t)m->n;
}

static int by_loss(const void *x, const void *y)
{
    const waiting *a = x, *b = y;
    if (a->loss != b->loss)
        return a->loss > b->loss ? -1 : 1;
    return a->concept < b->concept ? -1 : a->concept > b->concept;
}

/* ---- the queue ---------------------------------------------------------- */

static const char *say_why(making *m, const piq_queued_review *r,
                           const char *extra)
{
    int32_t late = m->today - r->due_day;
    char when[64] = "due today";
    if (late > 0)
        snprintf(when, sizeof when, "due %d day%s ago", (int)late,
                 late == 1 ? "" : "s");
    if (late < 0)
        snprintf(when, sizeof when, "due in %d day%s", (int)-late,
                 late == -1 ? "" : "s");
    if (isnan(r->recall))
        return piq_sentence(&m->teller, "Practised today, %s.%s", when, extra);
    return piq_sentence(&m->teller,
                        "Recall is %d %%, %d %% tomorrow; %d %% is wanted, "
                        "%s.%s",
                        piq_percent(r->recall), piq_percent(r->recall_tomorrow),
                        piq_percent(m->out->retention), when, extra);
}

static void put_review(making *m, const waiting *w, bool today,
                       const char *extra)
{
    piq_queued_review *r = &m->out->reviews[m->out->n++];
    piq_concept_ix ix = {w->concept};
    piq_belief now, then;
    int32_t offset = m->calendar.ask.utc_offset_min;
    const piq_memory *memory = &m->learner->memory;
    piq_memory_belief(memory, ix, m->now_us, offset, &now);
    piq_memory_belief(memory, ix, m->now_us + PIQ_US_PER_DAY, offset, &then);
    *r = (piq_queued_review){.concept = ix,
                             .due_day = w->due_day,
                             .recall = w->card.elapsed_days < 1 ? (double)NAN
                                                                : now.recall,
                             .recall_tomorrow = then.recall,
                             .stability_days = w->card.state.stability_days,
                             .minutes = w->card.minutes,
                             .loss = w->loss,
                             .today = today};
    r->why = say_why(m, r, extra);
}

/* The list is due first; what is due comes by what its waiting costs. */
static void put_due(making *m, size_t n_due)
{
    double left = minutes_on(m, m->today);
    for (size_t i = 0; i < n_due; i++) {
        bool fits = left + 1e-9 >= m->list[i].card.minutes;
        left -= fits ? m->list[i].card.minutes : 0;
        if (m->out->n < m->ask->limit)
            put_review(m, &m->list[i], fits, "");
    }
}

/* Those due come to the front, in their order; how many. */
static size_t sort_due(making *m)
{
    size_t n_due = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (m->list[i].due_day > m->today)
            continue;
        waiting w = m->list[i];
        m->list[i] = m->list[n_due];
        w.loss = piq_review_loss(&m->learner->memory.params, &w.card,
                                 PIQ_REVIEW_HORIZON_DAYS);
        m->out->overdue += w.due_day < m->today;
        m->list[n_due++] = w;
    }
    m->out->due = (uint32_t)n_due;
    if (n_due)
        qsort(m->list, n_due, sizeof *m->list, by_loss);
    return n_due;
}

/* ---- the days to come --------------------------------------------------- */

/* Reviewed on `day` and passed: when it comes again. */
static int32_t again_on(const making *m, waiting *w, int32_t day)
{
    double elapsed = w->card.elapsed_days + (day - m->today);
    const piq_memory *memory = &m->learner->memory;
    w->card.state = piq_fsrs_next(&memory->params, w->card.state, elapsed, 3);
    w->card.elapsed_days = -(day - m->today);
    double wait =
        piq_memory_interval(memory, w->card.state, m->calendar.ask.retention);
    return day + (int32_t)piq_clamp(round(wait), 1, PIQ_REVIEW_MAX_DAYS);
}

/* Day by day: what is due joins those that wait, behind them, and the first of
 * them are reviewed within the minutes. Reviews are taken to be passed; what
 * comes again within the days told is counted, too. */
static piq_status tell_days(making *m, size_t n_due)
{
    size_t n_days = (size_t)m->ask->days;
    piq_review_queue *out = m->out;
    int32_t last = m->today + m->ask->days - 1;
    waiting **line = piq_new(m->teller.arena, waiting *, m->n);
    out->days = piq_new(m->teller.arena, piq_review_day, n_days);
    if (!line || !out->days)
        return PIQ_ENOMEM;
    size_t n_line = 0, backlog = out->overdue;
    for (size_t i = 0; i < n_due; i++)
        line[n_line++] = &m->list[i];
    out->n_days = n_days;
    out->cleared_day = backlog ? INT32_MAX : m->today;
    for (size_t i = 0; i < m->n; i++) {
        int32_t due = m->list[i].due_day;
        if (due >= m->today && due <= last)
            out->days[due - m->today].due++;
    }
    for (size_t d = 0; d < n_days; d++) {
        piq_review_day *x = &out->days[d];
        x->day = m->today + (int32_t)d;
        x->minutes = minutes_on(m, x->day);
        x->off = piq_review_is_off(&m->calendar.ask, x->day);
        for (size_t i = 0; d && i < m->n; i++)
            if (m->list[i].due_day == x->day)
                line[n_line++] = &m->list[i];
        size_t fit = (size_t)(x->minutes / m->minutes + 1e-9);
        x->planned = (uint32_t)(fit < n_line ? fit : n_line);
        for (size_t i = 0; i < x->planned; i++)
            line[i]->due_day = again_on(m, line[i], x->day);
        n_line -= x->planned;
        memmove(line, line + x->planned, n_line * sizeof *line);
        x->waiting = (uint32_t)n_line;
        /* Worked off once an evening leaves nothing. */
        if (out->cleared_day == INT32_MAX && n_line == 0)
            out->cleared_day = x->day;
    }
    return PIQ_OK;
}

/* ---- the exam ------------------------------------------------------------ */

static piq_status refuse_exam(piq_err *err, const char *why)
{
    return piq_fail(err, PIQ_EINVAL, "%s", why);
}

/* Most worth and most forgotten by then come first. */
static void keep_promising(making *m, int32_t n_days, size_t most)
{
    const piq_fsrs_params *p = &m->learner->memory.params;
    for (size_t i = 0; i < m->n; i++) {
        const piq_review_card *x = &m->list[i].card;
        m->list[i].loss =
            x->weight *
            (1 - piq_deadline_recall(p, x, NULL, 0, (unsigned)n_days));
    }
    if (m->n)
        qsort(m->list, m->n, sizeof *m->list, by_loss);
    if (m->n > most)
        m->n = most;
}

static piq_status exam_days(making *m, const piq_deadline *d,
                            const piq_deadline_plan *plan, piq_exam *e)
{
    e->n_days = d->n_days;
    e->days = piq_arena_alloc(m->teller.arena, e->n_days, sizeof *e->days);
    if (!e->days)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < e->n_days; i++) {
        e->days[i].day = m->today + (int32_t)i;
        e->days[i].left = plan->left[i];
        e->days[i].minutes = d->minutes[i] - plan->left[i];
    }
    for (size_t k = 0; k < d->n; k++)
        for (unsigned i = 0; i < plan->n_reviews[k]; i++)
            e->days[plan->days[k][i]].reviews++;
    return PIQ_OK;
}

/* Today's part of the plan is the queue, most costly to leave first. */
static void queue_exam(making *m, const piq_deadline *d,
                       const piq_deadline_plan *plan)
{
    size_t n = 0;
    for (size_t k = 0; k < m->n; k++) {
        if (!plan->n_reviews[k] || plan->days[k][0] != 0)
            continue;
        waiting w = m->list[k];
        double with =
            piq_deadline_recall(d->params, &w.card, plan->days[k],
                                plan->n_reviews[k], (unsigned)d->n_days);
        double less =
            piq_deadline_recall(d->params, &w.card, plan->days[k] + 1,
                                plan->n_reviews[k] - 1u, (unsigned)d->n_days);
        w.loss = w.card.weight * (with - less) / w.card.minutes;
        m->list[n++] = w;
    }
    if (n)
        qsort(m->list, n, sizeof *m->list, by_loss);
    for (size_t i = 0; i < n && m->out->n < m->ask->limit; i++)
        put_review(m, &m->list[i], true,
                   " Today pays most for the day of the goal.");
}

static piq_status plan_exam(making *m, piq_err *err)
{
    int32_t exam_day = m->learner->goal.timeline_day;
    piq_arena *a = m->teller.arena;
    if (!m->learner->goal.set || exam_day == INT32_MAX)
        return refuse_exam(err, "the goal has no date to plan for");
    if (exam_day <= m->today || exam_day - m->today > PIQ_DEADLINE_MAX_AHEAD)
        return refuse_exam(err, "the goal's date must lie 1 to 400 days ahead");
    size_t n_days = (size_t)(exam_day - m->today), n = m->n;
    keep_promising(m, (int32_t)n_days, MAX_CARD_DAYS / n_days + 1);
    piq_exam *e = piq_new(a, piq_exam, 1);
    piq_review_card *cards = piq_new(a, piq_review_card, m->n);
    double *minutes = piq_new(a, double, n_days);
    if (!e || !cards || !minutes)
        return PIQ_ENOMEM;
    double weight = 0;
    for (size_t i = 0; i < m->n; i++) {
        cards[i] = m->list[i].card;
        weight += cards[i].weight;
    }
    for (size_t i = 0; i < n_days; i++)
        minutes[i] = minutes_on(m, m->today + (int32_t)i);
    piq_deadline d = {.params = &m->learner->memory.params,
                      .cards = cards,
                      .n = m->n,
                      .minutes = minutes,
                      .n_days = n_days,
                      .exchanges = EXCHANGES,
                      .seed = (uint64_t)m->learner->user.v};
    piq_deadline_plan plan;
    piq_status status = piq_deadline_solve(a, &d, &plan);
    if (status)
        return status;
    *e = (piq_exam){.day = exam_day,
                    .concepts = (uint32_t)m->n,
                    .left_out = (uint32_t)(n - m->n),
                    .without = weight > 0 ? plan.without / weight : (double)NAN,
                    .recall = weight > 0 ? plan.worth / weight : (double)NAN,
                    .reviews = (uint32_t)plan.total};
    m->out->exam = e;
    queue_exam(m, &d, &plan);
    return exam_days(m, &d, &plan, e);
}

/* ---- all of it ----------------------------------------------------------- */

static void tell_head(making *m)
{
    const piq_learner *l = m->learner;
    bool asked = !isnan(m->ask->retention);
    bool of_goal = l->goal.set && l->goal.desired_retention > 0;
    bool stated = l->stated.has & PIQ_STATED_RETENTION;
    *m->out = (piq_review_queue){.user = l->user,
                                 .version = l->version,
                                 .as_of_us = m->now_us,
                                 .today = m->today,
                                 .retention = m->calendar.ask.retention,
                                 .retention_source = asked     ? "asked"
                                                     : of_goal ? "goal"
                                                     : stated  ? "stated"
                                                               : "default",
                                 .from = l->memory.from,
                                 .fitted_on = l->memory.fitted_on,
                                 .review_minutes = m->minutes};
}

/* The due days as they are stored, or as they would be at another retention. */
static void find_due_days(making *m)
{
    const piq_memory *memory = &m->learner->memory;
    if (!isnan(m->ask->retention)) {
        piq_memory_due_days(memory, m->now_us, &m->calendar.ask, m->due_days);
        return;
    }
    for (size_t i = 0; i < memory->n_concepts; i++)
        m->due_days[i] = memory->concepts[i].due_day;
}

piq_status piq_reviews_make(piq_arena *a, const piq_learner *l,
                            const piq_catalogue *c, int64_t now_us,
                            const piq_reviews_ask *ask, piq_review_queue *out,
                            piq_err *err)
{
    piq_goal goal = piq_goal_in_force(l);
    making m = {.teller = {a, false},
                .learner = l,
                .catalogue = c,
                .ask = ask,
                .now_us = now_us > l->last_us ? now_us : l->last_us,
                .minutes = piq_review_minutes(l),
                .value = piq_concept_values(a, c, &goal),
                .due_days = piq_new(a, int32_t, l->memory.n_concepts),
                .list = piq_new(a, waiting, c->n_concepts),
                .out = out};
    m.today = piq_learner_day(l, m.now_us);
    piq_learner_calendar_of(l, m.now_us, &m.calendar);
    piq_weekday_minutes(l, m.weekday_minutes);
    if (!isnan(ask->retention))
        m.calendar.ask.retention = ask->retention;
    tell_head(&m);
    out->reviews = piq_new(a, piq_queued_review, ask->limit);
    if (!m.value || !m.due_days || !m.list || !out->reviews)
        return PIQ_ENOMEM;
    find_due_days(&m);
    gather(&m);
    size_t n_due = sort_due(&m);
    if (!ask->exam)
        put_due(&m, n_due);
    piq_status status = PIQ_OK;
    if (ask->exam) {
        /* The days to come change the list: the exam is planned first. */
        size_t n = m.n;
        waiting *kept = piq_new(a, waiting, n);
        if (!kept)
            return PIQ_ENOMEM;
        memcpy(kept, m.list, n * sizeof *kept);
        status = plan_exam(&m, err);
        memcpy(m.list, kept, n * sizeof *kept);
        m.n = n;
    }
    if (status == PIQ_OK)
        status = tell_days(&m, n_due);
    if (status == PIQ_OK && m.teller.failed)
        status = PIQ_ENOMEM;
    return status;
}
