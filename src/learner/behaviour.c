/* behaviour.c - counting habits. See behaviour.h. */
#include "learner/behaviour.h"

#include "base/calendar.h"

#include <math.h>
#include <stdlib.h>

static const uint32_t ANSWER_CAP_MS = 10 * 60 * 1000;
static const uint32_t PAUSE_CAP_MS = 3 * 60 * 1000;
static const uint32_t FIRST_ANSWER_MS = 20 * 1000;
static const uint32_t CLAIM_CAP_MS = 8u * 3600 * 1000;
static const int64_t SESSION_GAP_US = PIQ_SESSION_GAP_MIN * PIQ_US_PER_MINUTE;
/* The usual response time follows the learner: at most so many answers' worth
 * of memory. */
static const uint32_t RESPONSE_MEMORY = 200;
static const uint32_t RESPONSES_NEEDED = 5;

double piq_length_from_min(int k)
{
    static const double from[PIQ_N_LENGTHS + 1] = {0,  10, 20, 30,
                                                   45, 60, 90, 120};
    return from[k];
}

int32_t piq_week_of(int32_t day)
{
    int32_t d = day + 3; /* 1970-01-01 was a Thursday */
    return d >= 0 ? d / 7 : -((6 - d) / 7);
}

int32_t piq_week_start_day(int32_t week)
{
    return week * 7 - 3;
}

/* ---- life ------------------------------------------------------------- */

static void *zeroed(size_t n, size_t size)
{
    return piq_alloc_should_fail() ? NULL : calloc(n ? n : 1, size);
}

piq_status piq_behaviour_init(piq_behaviour *b, const piq_catalogue *c)
{
    size_t cells = PIQ_TRAJECTORY_WEEKS * c->n_areas;
    uint16_t *mastery = zeroed(cells, sizeof *mastery);
    piq_character_record *characters =
        zeroed(c->n_characters, sizeof *characters);
    if (!mastery || !characters) {
        free(mastery);
        free(characters);
        return PIQ_ENOMEM;
    }
    memset(b, 0, sizeof *b);
    memset(mastery, 0xff, cells * sizeof *mastery);
    b->area_mastery = mastery;
    b->characters = characters;
    b->n_areas = c->n_areas;
    b->n_characters = c->n_characters;
    b->session_start_us = INT64_MIN;
    b->last_us = INT64_MIN;
    return PIQ_OK;
}

void piq_behaviour_release(piq_behaviour *b)
{
    free(b->area_mastery);
    free(b->characters);
    b->area_mastery = NULL;
    b->characters = NULL;
    b->n_areas = b->n_characters = 0;
}

piq_status piq_behaviour_copy(piq_behaviour *to, const piq_behaviour *from)
{
    size_t cells = PIQ_TRAJECTORY_WEEKS * from->n_areas;
    uint16_t *mastery = zeroed(cells, sizeof *mastery);
    piq_character_record *characters =
        zeroed(from->n_characters, sizeof *characters);
    if (!mastery || !characters) {
        free(mastery);
        free(characters);
        return PIQ_ENOMEM;
    }
    memcpy(mastery, from->area_mastery, cells * sizeof *mastery);
    memcpy(characters, from->characters,
           from->n_characters * sizeof *characters);
    *to = *from;
    to->area_mastery = mastery;
    to->characters = characters;
    return PIQ_OK;
}

piq_status piq_behaviour_grow(piq_behaviour *b, const piq_catalogue *c)
{
    if (c->n_areas <= b->n_areas && c->n_characters <= b->n_characters)
        return PIQ_OK;
    piq_behaviour grown;
    piq_status status = piq_behaviour_init(&grown, c);
    if (status != PIQ_OK)
        return status;
    for (size_t w = 0; w < b->n_weeks; w++)
        memcpy(grown.area_mastery + w * grown.n_areas,
               b->area_mastery + w * b->n_areas,
               b->n_areas * sizeof *b->area_mastery);
    memcpy(grown.characters, b->characters,
           b->n_characters * sizeof *b->characters);
    free(b->area_mastery);
    free(b->characters);
    b->area_mastery = grown.area_mastery;
    b->characters = grown.characters;
    b->n_areas = grown.n_areas;
    b->n_characters = grown.n_characters;
    return PIQ_OK;
}

/* ---- time spent ------------------------------------------------------- */

/* Seconds told by an event that encloses others, in ms; 0 unknown. */
static uint32_t claim_ms(const piq_event *e)
{
    uint64_t s = 0;
    switch (e->type) {
    case PIQ_EV_CONTENT_COMPLETED:
    case PIQ_EV_CONTENT_ABANDONED:
        s = e->u.content.seconds;
        break;
    case PIQ_EV_ASSESSMENT_COMPLETED:
        s = e->u.assessment.seconds;
        break;
    case PIQ_EV_CHARACTER_SESSION:
        s = e->u.character.seconds;
        break;
    case PIQ_EV_ANSWER:
    case PIQ_EV_CONTENT_STARTED:
    case PIQ_EV_REVIEW:
    case PIQ_EV_RECOMMENDATION_FEEDBACK:
    case PIQ_EV_GOAL_SET:
    case PIQ_EV_PROFILE_STATED:
    case PIQ_EV_PATH_CONTROLLED:
    case PIQ_EV_MEMORY_FITTED:
    case PIQ_EV_VOIDED:
        break;
    }
    return s * 1000 > CLAIM_CAP_MS ? CLAIM_CAP_MS : (uint32_t)(s * 1000);
}

/* Practice, as against words about it. */
static bool is_activity(piq_event_type type)
{
    return type != PIQ_EV_RECOMMENDATION_FEEDBACK && type != PIQ_EV_GOAL_SET &&
           type != PIQ_EV_PROFILE_STATED && type != PIQ_EV_PATH_CONTROLLED &&
           type != PIQ_EV_MEMORY_FITTED && type != PIQ_EV_VOIDED;
}

static bool is_response(piq_event_type type)
{
    return type == PIQ_EV_ANSWER || type == PIQ_EV_REVIEW;
}

/* The instant the event counts at, and the one its own time began at. */
static int64_t instant_of(const piq_behaviour *b, const piq_event *e)
{
    return e->at_us < b->last_us ? b->last_us : e->at_us;
}

static int64_t begin_of(const piq_behaviour *b, const piq_event *e)
{
    return instant_of(b, e) - (int64_t)claim_ms(e) * 1000;
}

static bool opens_session(const piq_behaviour *b, const piq_event *e)
{
    return b->last_us == INT64_MIN ||
           begin_of(b, e) - b->last_us > SESSION_GAP_US;
}

static uint32_t response_ms(const piq_behaviour *b, const piq_event *e,
                            bool opens)
{
    uint32_t told = e->type == PIQ_EV_ANSWER ? e->u.answer.response_ms
                                             : e->u.review.response_ms;
    if (told)
        return told > ANSWER_CAP_MS ? ANSWER_CAP_MS : told;
    if (opens)
        return FIRST_ANSWER_MS;
    int64_t pause = (instant_of(b, e) - b->last_us) / 1000;
    return pause > PAUSE_CAP_MS ? PAUSE_CAP_MS : (uint32_t)pause;
}

static uint32_t enclosing_ms(const piq_behaviour *b, const piq_event *e,
                             double nominal_minutes, bool opens)
{
    uint32_t claim = claim_ms(e);
    if (!claim && opens) {
        bool done = e->type != PIQ_EV_CONTENT_STARTED &&
                    e->type != PIQ_EV_CONTENT_ABANDONED;
        return done && nominal_minutes > 0 && nominal_minutes < 480
                   ? (uint32_t)(nominal_minutes * 60000)
                   : 0;
    }
    if (!claim) /* within a session, so below the session gap */
        return (uint32_t)((instant_of(b, e) - b->last_us) / 1000);
    if (opens)
        return claim;
    int64_t begin = begin_of(b, e);
    if (begin > b->session_start_us)
        begin = b->session_start_us;
    int64_t room =
        (instant_of(b, e) - begin) / 1000 - (int64_t)b->session_spent_ms;
    if (room <= 0)
        return 0;
    return room < claim ? (uint32_t)room : claim;
}

/* Milliseconds of practice an event is credited with, before it is counted:
 *   answers and reviews: response_ms, at most 10 minutes; else the pause since
 *     the event before, at most 3 minutes; 20 s at the start of a session;
 *   content, assessments, characters: `seconds`, less what was already
 *     credited within them (answers given inside a lesson); without seconds
 *     the pause since the event before; at the start of a session the
 *     content's nominal minutes for something finished, else nothing;
 *   all others: nothing.
 * What an enclosing event claims is limited by the clock: a session's credit
 * never passes its length through such a claim. */
static uint32_t credited_ms(const piq_behaviour *b, const piq_event *e,
                            double nominal_minutes)
{
    if (!is_activity(e->type))
        return 0;
    bool opens = opens_session(b, e);
    return is_response(e->type) ? response_ms(b, e, opens)
                                : enclosing_ms(b, e, nominal_minutes, opens);
}

/* ---- counting --------------------------------------------------------- */

static void residuals_add(piq_residuals *r, double x)
{
    r->n++;
    r->sum = (float)((double)r->sum + x);
    r->sum_sq = (float)((double)r->sum_sq + x * x);
}

void piq_residuals_join(piq_residuals *to, const piq_residuals *from)
{
    to->n += from->n;
    to->sum += from->sum;
    to->sum_sq += from->sum_sq;
}

static void end_session(piq_behaviour *b)
{
    int64_t length_us = b->last_us - b->session_start_us;
    double minutes = (double)length_us / PIQ_US_PER_MINUTE;
    int k = 0;
    while (k + 1 < PIQ_N_LENGTHS && minutes >= piq_length_from_min(k + 1))
        k++;
    b->by_length[k].sessions++;
    piq_residuals_join(&b->by_length[k].residuals, &b->session);
    b->n_sessions++;
    b->sessions_ms += (uint64_t)(length_us / 1000);
}

static void note_session(piq_behaviour *b, const piq_event *e,
                         uint32_t spent_ms)
{
    /* Seconds told say when it began; for the first event of a session the
     * time it is credited with does, so that no session is shorter than what
     * was done in it. */
    int64_t begin = begin_of(b, e);
    if (opens_session(b, e)) {
        int64_t credited = instant_of(b, e) - (int64_t)spent_ms * 1000;
        if (credited < begin)
            begin = credited;
        if (b->last_us != INT64_MIN) {
            end_session(b);
            if (begin < b->last_us)
                begin = b->last_us;
        }
        b->session_start_us = begin;
        b->session_spent_ms = 0;
        b->session = (piq_residuals){0, 0, 0};
    } else if (begin < b->session_start_us) {
        b->session_start_us = begin;
    }
    b->session_spent_ms += spent_ms;
    b->spent_ms += spent_ms;
    b->last_us = instant_of(b, e);
}

static piq_day_record *day_record(piq_behaviour *b, int32_t day)
{
    piq_day_record *newest = b->n_days ? &b->days[b->n_days - 1] : NULL;
    if (newest && day <= newest->day)
        return newest;
    b->streak = newest && day == newest->day + 1 ? b->streak + 1 : 1;
    if (b->streak > b->longest_streak)
        b->longest_streak = b->streak;
    b->n_active_days++;
    if (b->n_days == PIQ_DAYS_KEPT) {
        memmove(b->days, b->days + 1, (PIQ_DAYS_KEPT - 1) * sizeof *b->days);
        b->n_days--;
    }
    newest = &b->days[b->n_days++];
    *newest = (piq_day_record){.day = day};
    return newest;
}

static piq_week_record *week_record(piq_behaviour *b, int32_t week)
{
    piq_week_record *newest = b->n_weeks ? &b->weeks[b->n_weeks - 1] : NULL;
    if (newest && week <= newest->week)
        return newest;
    size_t row = b->n_areas;
    if (b->n_weeks == PIQ_TRAJECTORY_WEEKS) {
        memmove(b->weeks, b->weeks + 1,
                (PIQ_TRAJECTORY_WEEKS - 1) * sizeof *b->weeks);
        memmove(b->area_mastery, b->area_mastery + row,
                (PIQ_TRAJECTORY_WEEKS - 1) * row * sizeof *b->area_mastery);
        b->n_weeks--;
    }
    uint16_t *to = b->area_mastery + b->n_weeks * row;
    if (b->n_weeks) /* until measured, an area stands where it stood */
        memcpy(to, to - row, row * sizeof *to);
    else
        memset(to, 0xff, row * sizeof *to);
    newest = &b->weeks[b->n_weeks++];
    *newest = (piq_week_record){.week = week};
    return newest;
}

bool piq_behaviour_wants_mastery(const piq_behaviour *b, int64_t at_us,
                                 int32_t utc_offset_min)
{
    int32_t day = piq_day_of(at_us, utc_offset_min, PIQ_DAY_ROLLOVER_H);
    const piq_day_record *newest = b->n_days ? &b->days[b->n_days - 1] : NULL;
    if (!newest || day > newest->day)
        return true;
    uint32_t answers = newest->answers + 1; /* with this one */
    return (answers & (answers - 1)) == 0;
}

static void note_mastery(piq_behaviour *b, piq_week_record *w,
                         const double *area_mastery)
{
    uint16_t *row = b->area_mastery + (size_t)(b->n_weeks - 1) * b->n_areas;
    for (size_t a = 0; a < b->n_areas; a++) {
        double m = area_mastery[a];
        if (!(m >= 0 && m <= 1))
            continue;
        row[a] = (uint16_t)lround(m * PIQ_MASTERY_STEPS);
        w->touched |= UINT64_C(1) << a;
    }
}

static void note_calendar(piq_behaviour *b, const piq_behaviour_note *n,
                          uint32_t spent_ms, bool completed)
{
    int32_t day = piq_day_of(b->last_us, n->utc_offset_min, PIQ_DAY_ROLLOVER_H);
    piq_day_record *d = day_record(b, day);
    piq_week_record *w = week_record(b, piq_week_of(day));
    d->spent_ms += spent_ms;
    w->spent_ms += spent_ms;
    w->completed += completed;
    if (n->is_answer) {
        d->answers++;
        w->answers++;
        d->right += n->score >= 0.5;
        w->right += n->score >= 0.5;
    }
    if (b->answers < PIQ_SETTLED_ANSWERS) {
        w->unsettled_ms += spent_ms;
    } else if (isfinite(n->mastery_gained)) {
        w->gained = (float)((double)w->gained + n->mastery_gained);
        b->gained = (float)((double)b->gained + n->mastery_gained);
    }
    if (n->area_mastery)
        note_mastery(b, w, n->area_mastery);
}

static void note_response(piq_behaviour *b, uint32_t ms)
{
    if (!ms)
        return;
    double x = log((double)ms);
    if (b->n_responses < UINT32_MAX)
        b->n_responses++;
    double n = b->n_responses < RESPONSE_MEMORY ? (double)b->n_responses
                                                : (double)RESPONSE_MEMORY;
    double step = x - (double)b->log_response_mean;
    double mean = (double)b->log_response_mean + step / n;
    double var = (double)b->log_response_var;
    var += (step * (x - mean) - var) / n;
    b->log_response_mean = (float)mean;
    b->log_response_var = (float)var;
}

double piq_behaviour_slowness(const piq_behaviour *b, uint32_t ms)
{
    if (!ms || b->n_responses < RESPONSES_NEEDED)
        return 0;
    return (double)ms / exp((double)b->log_response_mean);
}

static void note_answer(piq_behaviour *b, const piq_behaviour_note *n)
{
    b->answers++;
    b->right += n->score >= 0.5;
    int32_t day = piq_day_of(b->last_us, n->utc_offset_min, PIQ_DAY_ROLLOVER_H);
    b->by_weekday[piq_weekday_of(day)]++;
    if (n->event->type == PIQ_EV_ANSWER) {
        b->hints += n->event->u.answer.hint;
        note_response(b, n->event->u.answer.response_ms);
    }
    if (n->difficulty >= 0 && n->difficulty <= 1) {
        int k = (int)(n->difficulty * PIQ_N_DIFFICULTIES);
        k = k < PIQ_N_DIFFICULTIES ? k : PIQ_N_DIFFICULTIES - 1;
        b->by_difficulty[k].answers++;
        b->by_difficulty[k].score_sum =
            (float)((double)b->by_difficulty[k].score_sum + n->score);
    }
    if (!(n->predicted >= 0 && n->predicted <= 1))
        return;
    double residual = n->score - n->predicted;
    piq_reliability_add(&b->predictions, n->predicted, n->score);
    residuals_add(&b->session, residual);
    int hour = piq_hour_of(b->last_us, n->utc_offset_min);
    residuals_add(&b->by_hour[hour], residual);
    if (n->modality >= 0 && n->modality < PIQ_N_MODALITIES)
        residuals_add(&b->by_modality[n->modality].residuals, residual);
}

static void progress_add(piq_progress_counts *p, piq_event_type type)
{
    if (type == PIQ_EV_CONTENT_STARTED)
        p->started++;
    else if (type == PIQ_EV_CONTENT_ABANDONED)
        p->abandoned++;
    else
        p->completed++;
}

/* Whether the event starts, finishes or leaves a content. */
static bool is_progress(piq_event_type type)
{
    return type == PIQ_EV_CONTENT_STARTED || type == PIQ_EV_CONTENT_ABANDONED ||
           type == PIQ_EV_CONTENT_COMPLETED ||
           type == PIQ_EV_ASSESSMENT_COMPLETED ||
           type == PIQ_EV_CHARACTER_SESSION;
}

static void note_progress(piq_behaviour *b, const piq_behaviour_note *n)
{
    piq_event_type type = n->event->type;
    int kind = n->content_type;
    if (kind < 0 && type == PIQ_EV_ASSESSMENT_COMPLETED)
        kind = PIQ_ASSESSMENT;
    if (kind < 0 && type == PIQ_EV_CHARACTER_SESSION)
        kind = PIQ_CHARACTER;
    if (kind >= 0 && kind < PIQ_N_CONTENT_TYPES)
        progress_add(&b->by_type[kind], type);
    if (n->modality >= 0 && n->modality < PIQ_N_MODALITIES)
        progress_add(&b->by_modality[n->modality].progress, type);
    b->assessments += type == PIQ_EV_ASSESSMENT_COMPLETED;
}

static void note_character(piq_behaviour *b, const piq_behaviour_note *n,
                           uint32_t spent_ms)
{
    if (n->character.v >= b->n_characters)
        return;
    piq_character_record *k = &b->characters[n->character.v];
    const piq_event *e = n->event;
    if (e->type == PIQ_EV_CHARACTER_SESSION) {
        k->sessions++;
        k->hands += e->u.character.hands;
        k->spent_ms += spent_ms;
        k->score_sum += e->u.character.score;
    } else if (e->type == PIQ_EV_RECOMMENDATION_FEEDBACK &&
               e->u.feedback.feedback_score) {
        k->ratings++;
        k->rating_sum += (float)(e->u.feedback.feedback_score - 1) / 4.0f;
    }
}

static void note_feedback(piq_behaviour *b, const piq_feedback_event *f)
{
    b->accepted += f->action == PIQ_ACTION_ACCEPTED;
    b->dismissed += f->action == PIQ_ACTION_DISMISSED;
    b->completed += f->action == PIQ_ACTION_COMPLETED;
    if (f->feedback_score) {
        b->ratings++;
        b->rating_sum += (float)(f->feedback_score - 1) / 4.0f;
    }
}

void piq_behaviour_note_event(piq_behaviour *b, const piq_behaviour_note *n)
{
    const piq_event *e = n->event;
    if (!is_activity(e->type)) {
        if (e->type == PIQ_EV_RECOMMENDATION_FEEDBACK)
            note_feedback(b, &e->u.feedback);
        note_character(b, n, 0);
        return;
    }
    uint32_t spent_ms = credited_ms(b, e, n->nominal_minutes);
    note_session(b, e, spent_ms);
    note_calendar(b, n, spent_ms,
                  is_progress(e->type) && e->type != PIQ_EV_CONTENT_STARTED &&
                      e->type != PIQ_EV_CONTENT_ABANDONED);
    if (n->is_answer)
        note_answer(b, n);
    if (is_progress(e->type))
        note_progress(b, n);
    note_character(b, n, spent_ms);
    b->reviews += e->type == PIQ_EV_REVIEW;
}
