/* memory.c - the memories of one learner: which reviews an answer makes, at
 * which weight. Why this way, and sources: src/memory/README.md.
 *
 * Invariants of a cell (kept by review, checked by decode):
 *   I1  stability 0: the cell is all zero. Else the state is within FSRS's
 *       limits, reviews >= 1 and 1 <= today <= reviews.
 *   I2  lapses < reviews.
 * Counts saturate, which keeps both. An untouched cell has due day 0.
 */
#include "memory/memory.h"

#include "base/arena.h"
#include "base/calendar.h"
#include "base/map.h"
#include "num/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 2 };

/* An answer below is wrong; from the second on it is right outright. */
#define SCORE_PASS     0.5
#define SCORE_GOOD     0.75
#define SCORE_EASY     0.95
/* Response time over the usual one. */
#define SLOWNESS_HARD  1.5
#define SLOWNESS_EASY  0.75
/* An item this unlikely to be answered right counts as hard. */
#define PREDICTED_EASY 0.6

/* What a pass of a harder concept counts as for what it exercises: it went
 * well enough, which says nothing of easy or hard. */
enum { RATING_REPEATED = 3 };

/* Corrected or not, no review is planned for a recall outside of these. */
#define LEAST_RETENTION 0.5
#define MOST_RETENTION  0.99

static piq_memory_cell *cells_new(size_t n)
{
    if (piq_alloc_should_fail())
        return NULL;
    return calloc(n ? n : 1, sizeof(piq_memory_cell));
}

piq_status piq_memory_init(piq_memory *m, const piq_catalogue *c)
{
    piq_memory_cell *cells = cells_new(c->n_concepts);
    if (!cells)
        return PIQ_ENOMEM;
    *m = (piq_memory){.concepts = cells,
                      .n_concepts = c->n_concepts,
                      .params = *piq_fsrs_defaults()};
    piq_online_init(&m->online);
    return PIQ_OK;
}

void piq_memory_release(piq_memory *m)
{
    free(m->concepts);
    m->concepts = NULL;
    m->n_concepts = 0;
}

piq_status piq_memory_copy(piq_memory *to, const piq_memory *from)
{
    piq_memory_cell *cells = cells_new(from->n_concepts);
    if (!cells)
        return PIQ_ENOMEM;
    if (from->n_concepts)
        memcpy(cells, from->concepts, from->n_concepts * sizeof *cells);
    *to = *from;
    to->concepts = cells;
    return PIQ_OK;
}

piq_status piq_memory_grow(piq_memory *m, const piq_catalogue *c)
{
    if (c->n_concepts <= m->n_concepts)
        return PIQ_OK;
    piq_memory_cell *cells = cells_new(c->n_concepts);
    if (!cells)
        return PIQ_ENOMEM;
    if (m->n_concepts)
        memcpy(cells, m->concepts, m->n_concepts * sizeof *cells);
    free(m->concepts);
    m->concepts = cells;
    m->n_concepts = c->n_concepts;
    return PIQ_OK;
}

int piq_memory_rating_of(double score, bool hint, double slowness,
                         double predicted)
{
    if (!(score >= SCORE_PASS))
        return 1;
    if (hint || score < SCORE_GOOD || slowness > SLOWNESS_HARD)
        return 2;
    bool fast = slowness > 0 && slowness < SLOWNESS_EASY;
    if (fast && score >= SCORE_EASY && predicted < PREDICTED_EASY)
        return 4;
    return 3;
}

/* ---- one review ------------------------------------------------------ */

static uint32_t seconds_of(int64_t at_us)
{
    if (at_us <= 0)
        return 0;
    int64_t s = at_us / PIQ_US_PER_SECOND;
    return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static int32_t day_of(uint32_t at_s, int32_t utc_offset_min)
{
    return piq_day_of((int64_t)at_s * PIQ_US_PER_SECOND, utc_offset_min,
                      PIQ_MEMORY_ROLLOVER_H);
}

/* a^(1-share) b^share, which is a and b themselves at the ends. */
static double geometric(double a, double b, double share)
{
    return share >= 1 ? b : a * pow(b / a, share);
}

static double between(double x, double a, double b)
{
    double low = a < b ? a : b, high = a < b ? b : a;
    return x < low ? low : x > high ? high : x;
}

/* The state a share of the way from old to new. Rounding never carries it
 * past either, so it stays within FSRS's limits. */
static piq_fsrs_state blend(piq_fsrs_state from, piq_fsrs_state to,
                            double share)
{
    double s = geometric(from.stability_days, to.stability_days, share);
    double d = share >= 1 ? to.difficulty
                          : from.difficulty +
                                share * (to.difficulty - from.difficulty);
    return (piq_fsrs_state){between(s, from.stability_days, to.stability_days),
                            between(d, from.difficulty, to.difficulty)};
}

/* A concept never met is held as one that was just failed: its first answer,
 * when it counts in part only, starts from there. */
static void begin(piq_memory_cell *cell, const piq_fsrs_params *p, int rating,
                  double share, uint32_t at_s)
{
    const piq_fsrs_state nothing = {0, 0};
    piq_fsrs_state failed = piq_fsrs_next(p, nothing, 0, 1);
    piq_fsrs_state first = piq_fsrs_next(p, nothing, 0, rating);
    cell->state = blend(failed, first, share);
    cell->held_s = at_s;
}

/* Moves a practised cell by `share` of one review. */
static void move(piq_memory_cell *cell, const piq_fsrs_params *p, int rating,
                 double share, uint32_t at_s, int32_t utc_offset_min)
{
    if (at_s < cell->held_s)
        at_s = cell->held_s;
    int32_t days =
        day_of(at_s, utc_offset_min) - day_of(cell->held_s, utc_offset_min);
    piq_fsrs_state next = piq_fsrs_next(p, cell->state, days, rating);
    cell->state = blend(cell->state, next, share);
    double ahead = share * (double)(at_s - cell->held_s);
    cell->held_s += (uint32_t)ahead;
}

/* Counts an answer; gives how many there have been on its day, itself
 * included. */
static unsigned count_answer(piq_memory_cell *cell, int rating, uint32_t at_s,
                             int32_t utc_offset_min)
{
    bool same_day =
        cell->reviews > 0 &&
        day_of(at_s, utc_offset_min) == day_of(cell->last_s, utc_offset_min);
    if (!same_day)
        cell->today = 0;
    if (cell->today < UINT16_MAX)
        cell->today++;
    /* The first wrong answer is no lapse: there was nothing to forget. */
    if (rating == 1 && cell->reviews > 0 && cell->lapses < UINT16_MAX)
        cell->lapses++;
    if (cell->reviews < UINT32_MAX)
        cell->reviews++;
    cell->last_s = at_s;
    return cell->today;
}

/* ---- due days -------------------------------------------------------- */

/* Where on the logit scale the corrected recall is `retention`: the correction
 * is a line there (online.h), so two of its points tell. */
static double uncorrected(const piq_memory *m, piq_fsrs_state state,
                          double retention)
{
    if (m->scored == 0)
        return retention;
    double low = piq_logit(0.7), high = piq_logit(0.95);
    double at_low = piq_logit(piq_online_recall(&m->online, state, 0.7));
    double at_high = piq_logit(piq_online_recall(&m->online, state, 0.95));
    double slope = (at_high - at_low) / (high - low);
    if (!(slope > 0))
        return retention;
    double r = piq_sigmoid(low + (piq_logit(retention) - at_low) / slope);
    return piq_clamp(r, LEAST_RETENTION, MOST_RETENTION);
}

double piq_memory_interval(const piq_memory *m, piq_fsrs_state state,
                           double retention)
{
    return piq_fsrs_interval(&m->params, state.stability_days,
                             uncorrected(m, state, retention));
}

static int whole_days(double interval_days)
{
    return (int)piq_clamp(round(interval_days), 1, PIQ_REVIEW_MAX_DAYS);
}

/* How many other reviews are due on each day of the range. */
static void count_load(const piq_memory *m, const int32_t *due_days, size_t but,
                       const piq_review_range *r, uint32_t *load)
{
    uint32_t width = (uint32_t)(r->high_day - r->low_day) + 1;
    memset(load, 0, (width + 1) * sizeof *load);
    for (size_t i = 0; i < m->n_concepts; i++) {
        int32_t due = due_days ? due_days[i] : m->concepts[i].due_day;
        uint32_t at = (uint32_t)due - (uint32_t)r->low_day;
        load[at < width && i != but ? at : width] += m->concepts[i].reviews > 0;
    }
}

/* The day for one concept; `due_days` NULL: beside the others' in the memory.
 */
static int32_t due_day_of(const piq_memory *m, size_t at, double elapsed_days,
                          int32_t today, const piq_review_calendar *calendar,
                          const int32_t *due_days)
{
    uint32_t load[PIQ_REVIEW_MAX_RANGE + 1];
    const piq_memory_cell *cell = &m->concepts[at];
    double exact = piq_memory_interval(m, cell->state, calendar->retention);
    piq_review_range r = piq_review_range_of(
        whole_days(exact), elapsed_days,
        day_of(cell->held_s, calendar->utc_offset_min), today);
    if (r.low_day == r.high_day)
        return r.exact_day;
    count_load(m, due_days, at, &r, load);
    uint64_t key = piq_hash_u64(at) ^ cell->reviews;
    return piq_review_place(calendar, &r, load, key, PIQ_REVIEW_BALANCE);
}

/* ---- one review ------------------------------------------------------ */

/* Moves a cell and gives it a day. */
static void review_cell(piq_memory *m, size_t at, int rating, double share,
                        uint32_t at_s, const piq_review_calendar *calendar)
{
    piq_memory_cell *cell = &m->concepts[at];
    int32_t offset = calendar->utc_offset_min;
    int32_t today = day_of(at_s, offset);
    int32_t elapsed = 0;
    if (cell->state.stability_days <= 0) {
        begin(cell, &m->params, rating, share, at_s);
    } else {
        elapsed = today - day_of(cell->held_s, offset);
        move(cell, &m->params, rating, share, at_s, offset);
    }
    cell->due_day =
        due_day_of(m, at, elapsed > 0 ? elapsed : 0, today, calendar, NULL);
}

/* A pass repeats what the concept exercises, as far as it was ever learned. */
static void repeat_exercised(piq_memory *m, const piq_concept *concept,
                             double share, uint32_t at_s,
                             const piq_review_calendar *calendar)
{
    for (size_t i = 0; i < concept->n_exercises; i++) {
        const piq_concept_weight *x = &concept->exercises[i];
        PIQ_ASSERT(x->concept.v < m->n_concepts);
        if (m->concepts[x->concept.v].reviews > 0)
            review_cell(m, x->concept.v, RATING_REPEATED, share * x->weight,
                        at_s, calendar);
    }
}

/* Foresees recall and learns from what came; NaN where there is nothing to
 * foresee: never practised, not asked, or again on one day. */
static double score(piq_memory *m, const piq_memory_cell *cell,
                    const piq_memory_answer *x, uint32_t at_s, double share,
                    int32_t utc_offset_min)
{
    int32_t today = day_of(at_s, utc_offset_min);
    if (cell->reviews == 0 || x->read ||
        day_of(cell->last_s, utc_offset_min) >= today)
        return NAN;
    int32_t days = today - day_of(cell->held_s, utc_offset_min);
    if (days < 1)
        return NAN;
    double r = piq_fsrs_recall(&m->params, days, cell->state.stability_days);
    double foreseen = piq_online_recall(&m->online, cell->state, r);
    piq_online_update(&m->online, cell->state, r, x->rating > 1, share);
    if (m->scored < UINT32_MAX)
        m->scored++;
    return foreseen;
}

piq_memory_step piq_memory_review(piq_memory *m, const piq_catalogue *c,
                                  const piq_memory_answer *x,
                                  const piq_review_calendar *calendar)
{
    PIQ_ASSERT(x->concept.v < m->n_concepts && x->concept.v < c->n_concepts);
    PIQ_ASSERT(x->rating >= 1 && x->rating <= 4);
    PIQ_ASSERT(x->weight > 0 && x->weight <= 1);
    piq_memory_cell *cell = &m->concepts[x->concept.v];
    piq_memory_cell before = *cell;
    uint32_t at_s = seconds_of(x->at_us);
    if (at_s < cell->last_s)
        at_s = cell->last_s;
    unsigned k = count_answer(cell, x->rating, at_s, calendar->utc_offset_min);
    piq_memory_step step = {.share = x->deliberate ? x->weight : x->weight / k,
                            .day = day_of(at_s, calendar->utc_offset_min),
                            .is_first = before.reviews == 0};
    step.recall =
        score(m, &before, x, at_s, step.share, calendar->utc_offset_min);
    review_cell(m, x->concept.v, x->rating, step.share, at_s, calendar);
    if (x->rating > 1)
        repeat_exercised(m, &c->concepts[x->concept.v], step.share, at_s,
                         calendar);
    return step;
}

/* ---- recall ---------------------------------------------------------- */

int32_t piq_memory_elapsed_days(const piq_memory *m, piq_concept_ix concept,
                                int64_t at_us, int32_t utc_offset_min)
{
    PIQ_ASSERT(concept.v < m->n_concepts);
    const piq_memory_cell *cell = &m->concepts[concept.v];
    uint32_t at_s = seconds_of(at_us);
    if (at_s <= cell->held_s)
        return 0;
    return day_of(at_s, utc_offset_min) - day_of(cell->held_s, utc_offset_min);
}

/* 1 within the day of practice. */
static double recall_after(const piq_memory *m, piq_fsrs_state state,
                           double days)
{
    if (days < 1)
        return 1;
    double r = piq_fsrs_recall(&m->params, days, state.stability_days);
    return m->scored ? piq_online_recall(&m->online, state, r) : r;
}

void piq_memory_belief(const piq_memory *m, piq_concept_ix concept,
                       int64_t at_us, int32_t utc_offset_min, piq_belief *out)
{
    PIQ_ASSERT(concept.v < m->n_concepts);
    const piq_memory_cell *cell = &m->concepts[concept.v];
    out->recall = NAN;
    out->stability_days = NAN;
    out->due_us = INT64_MAX;
    if (cell->state.stability_days <= 0)
        return;
    int32_t days = piq_memory_elapsed_days(m, concept, at_us, utc_offset_min);
    out->recall = recall_after(m, cell->state, days);
    out->stability_days = cell->state.stability_days;
    out->due_us =
        piq_day_start_us(cell->due_day, utc_offset_min, PIQ_MEMORY_ROLLOVER_H);
}

/* ---- new parameters, new wishes --------------------------------------- */

static double odds(double p)
{
    p = piq_clamp(p, 1e-9, 1 - 1e-9);
    return p / (1 - p);
}

static piq_fsrs_state carried(const piq_fitted *f, piq_fsrs_state x)
{
    double ln_s = log(x.stability_days), d = x.difficulty - 5;
    double s =
        exp(f->stability[0] + f->stability[1] * ln_s + f->stability[2] * d);
    double to =
        f->difficulty[0] + f->difficulty[1] * d + f->difficulty[2] * ln_s;
    return (piq_fsrs_state){
        piq_clamp(s, PIQ_FSRS_STABILITY_MIN, PIQ_FSRS_STABILITY_MAX),
        piq_clamp(to, PIQ_FSRS_DIFFICULTY_MIN, PIQ_FSRS_DIFFICULTY_MAX)};
}

/* Recall of a cell on its due day, or today once that is past. */
static double recall_when_due(const piq_memory *m, const piq_memory_cell *cell,
                              int32_t today, int32_t utc_offset_min)
{
    int32_t day = cell->due_day > today ? cell->due_day : today;
    int32_t days = day - day_of(cell->held_s, utc_offset_min);
    return recall_after(m, cell->state, days > 1 ? days : 1);
}

static bool is_moved(double before, double after)
{
    double ratio = odds(after) / odds(before);
    return ratio > PIQ_MOVED_ODDS || ratio < 1 / PIQ_MOVED_ODDS;
}

bool piq_memory_adopt(piq_memory *m, const piq_fitted *f, int64_t at_us,
                      const piq_review_calendar *calendar)
{
    piq_fsrs_params params;
    int32_t offset = calendar->utc_offset_min;
    int32_t today = day_of(seconds_of(at_us), offset);
    if (piq_fsrs_params_of(f->parameters, PIQ_FSRS_N_PARAMS, &params, NULL))
        return false;
    piq_memory old = *m;
    m->params = params;
    m->from = f->from;
    m->fitted_on = f->reviews;
    piq_online_init(&m->online);
    for (size_t i = 0; i < m->n_concepts; i++) {
        piq_memory_cell *cell = &m->concepts[i];
        if (cell->reviews == 0)
            continue;
        double before = recall_when_due(&old, cell, today, offset);
        cell->state = carried(f, cell->state);
        double after = recall_when_due(m, cell, today, offset);
        if (!is_moved(before, after))
            continue;
        /* One that is due earlier than today all along is due today. */
        int32_t day = due_day_of(m, i, 0, today, calendar, NULL);
        cell->due_day = day > today ? day : today;
    }
    return true;
}

void piq_memory_due_days(const piq_memory *m, int64_t at_us,
                         const piq_review_calendar *calendar, int32_t *due_days)
{
    int32_t today = day_of(seconds_of(at_us), calendar->utc_offset_min);
    for (size_t i = 0; i < m->n_concepts; i++)
        due_days[i] = m->concepts[i].due_day;
    for (size_t i = 0; i < m->n_concepts; i++)
        if (m->concepts[i].reviews > 0)
            due_days[i] = due_day_of(m, i, 0, today, calendar, due_days);
}

void piq_memory_reschedule(piq_memory *m, int64_t at_us,
                           const piq_review_calendar *calendar, bool all)
{
    int32_t today = day_of(seconds_of(at_us), calendar->utc_offset_min);
    for (size_t i = 0; i < m->n_concepts; i++) {
        piq_memory_cell *cell = &m->concepts[i];
        bool off =
            cell->due_day > today && piq_review_is_off(calendar, cell->due_day);
        if (cell->reviews > 0 && (all || off))
            cell->due_day = due_day_of(m, i, 0, today, calendar, NULL);
    }
}

/* ---- stored form ------------------------------------------------------
 *
 * u8 version, varint n, varint newest (seconds: the largest last_s), varint
 * scored, u8 from; where that is not 0: varint fitted_on, 21 f64; the
 * correction; then n practised concepts by rising position:
 *   varint  position less the one before, less 1
 *   f64     stability, f64 difficulty
 *   varint  newest - last_s
 *   svarint last_s - held_s (0 after a full review)
 *   varint  reviews, varint lapses, varint today
 *   svarint due day - day of last_s (UTC)
 */

static int32_t utc_day(uint32_t at_s)
{
    return (int32_t)(at_s / 86400);
}

static void encode_head(const piq_memory *m, size_t n, uint32_t newest_s,
                        piq_buf *out)
{
    piq_buf_put_u8(out, FORMAT_VERSION);
    piq_buf_put_varint(out, n);
    piq_buf_put_varint(out, newest_s);
    piq_buf_put_varint(out, m->scored);
    piq_buf_put_u8(out, (uint8_t)m->from);
    if (m->from != PIQ_FITTED_NONE) {
        piq_buf_put_varint(out, m->fitted_on);
        for (size_t i = 0; i < PIQ_FSRS_N_PARAMS; i++)
            piq_buf_put_f64(out, m->params.w[i]);
    }
    /* Before the first scored review it is as it begins. */
    piq_buf_put_u8(out, m->scored > 0);
    if (m->scored)
        piq_online_encode(&m->online, out);
}

void piq_memory_encode(const piq_memory *m, piq_buf *out)
{
    size_t n = 0;
    uint32_t newest_s = 0;
    for (size_t i = 0; i < m->n_concepts; i++) {
        const piq_memory_cell *cell = &m->concepts[i];
        n += cell->reviews > 0;
        newest_s = cell->last_s > newest_s ? cell->last_s : newest_s;
    }
    encode_head(m, n, newest_s, out);
    size_t next = 0;
    for (size_t i = 0; i < m->n_concepts; i++) {
        const piq_memory_cell *cell = &m->concepts[i];
        if (cell->reviews == 0)
            continue;
        piq_buf_put_varint(out, i - next);
        next = i + 1;
        piq_buf_put_f64(out, cell->state.stability_days);
        piq_buf_put_f64(out, cell->state.difficulty);
        piq_buf_put_varint(out, newest_s - cell->last_s);
        piq_buf_put_svarint(out, (int64_t)cell->last_s - cell->held_s);
        piq_buf_put_varint(out, cell->reviews);
        piq_buf_put_varint(out, cell->lapses);
        piq_buf_put_varint(out, cell->today);
        piq_buf_put_svarint(out, cell->due_day - utc_day(cell->last_s));
    }
}

/* A varint of at most `max`; anything larger spoils the reader. */
static uint64_t varint_to(piq_reader *in, uint64_t max)
{
    uint64_t v = piq_reader_varint(in);
    if (v <= max)
        return v;
    in->bad = true;
    return 0;
}

/* The longest interval and the widest fuzz, either way. */
static bool due_day_read(piq_reader *in, piq_memory_cell *cell)
{
    int64_t ahead = piq_reader_svarint(in);
    int64_t most = PIQ_REVIEW_MAX_DAYS + PIQ_REVIEW_MAX_RANGE;
    bool ok = ahead >= -2 * most && ahead <= 2 * most;
    cell->due_day = ok ? utc_day(cell->last_s) + (int32_t)ahead : 0;
    return ok && !in->bad;
}

/* False for what `review` cannot have made; see I1 and I2. */
static bool cell_read(piq_reader *in, uint32_t newest_s, piq_memory_cell *cell)
{
    double s = piq_reader_f64(in);
    double d = piq_reader_f64(in);
    cell->state = (piq_fsrs_state){s, d};
    cell->last_s = newest_s - (uint32_t)varint_to(in, newest_s);
    int64_t behind_s = piq_reader_svarint(in);
    cell->reviews = (uint32_t)varint_to(in, UINT32_MAX);
    cell->lapses = (uint16_t)varint_to(in, UINT16_MAX);
    cell->today = (uint16_t)varint_to(in, UINT16_MAX);
    /* last_s - behind_s must lie in 0 .. UINT32_MAX. */
    if (in->bad || behind_s > cell->last_s ||
        behind_s < (int64_t)cell->last_s - UINT32_MAX)
        return false;
    cell->held_s = (uint32_t)((int64_t)cell->last_s - behind_s);
    bool state_ok =
        s >= PIQ_FSRS_STABILITY_MIN && s <= PIQ_FSRS_STABILITY_MAX &&
        d >= PIQ_FSRS_DIFFICULTY_MIN && d <= PIQ_FSRS_DIFFICULTY_MAX;
    return state_ok && cell->today >= 1 && cell->today <= cell->reviews &&
           cell->lapses < cell->reviews && due_day_read(in, cell);
}

/* Ours are within their ranges, so that reading changes no bit of them. */
static bool params_read(piq_reader *in, piq_fsrs_params *out)
{
    double w[PIQ_FSRS_N_PARAMS];
    for (size_t i = 0; i < PIQ_FSRS_N_PARAMS; i++)
        w[i] = piq_reader_f64(in);
    return !in->bad &&
           piq_fsrs_params_of(w, PIQ_FSRS_N_PARAMS, out, NULL) == PIQ_OK &&
           memcmp(w, out->w, sizeof w) == 0;
}

static bool head_read(piq_reader *in, size_t n_cells, piq_memory *m, size_t *n,
                      uint32_t *newest_s)
{
    if (piq_reader_u8(in) != FORMAT_VERSION)
        return false;
    *n = (size_t)varint_to(in, n_cells);
    *newest_s = (uint32_t)varint_to(in, UINT32_MAX);
    m->scored = (uint32_t)varint_to(in, UINT32_MAX);
    unsigned from = piq_reader_u8(in);
    if (in->bad || from >= PIQ_N_FITTED_FROM)
        return false;
    m->from = (piq_fitted_from)from;
    if (m->from != PIQ_FITTED_NONE) {
        m->fitted_on = (uint32_t)varint_to(in, UINT32_MAX);
        if (!params_read(in, &m->params))
            return false;
    }
    uint8_t corrected = piq_reader_u8(in);
    if (in->bad || corrected != (m->scored > 0))
        return false;
    return !corrected || piq_online_decode(&m->online, in) == PIQ_OK;
}

static bool cells_read(piq_reader *in, piq_memory *m)
{
    size_t n, at = 0;
    uint32_t newest_s;
    if (!head_read(in, m->n_concepts, m, &n, &newest_s))
        return false;
    for (size_t k = 0; k < n && !in->bad; k++) {
        if (at >= m->n_concepts)
            return false;
        at += (size_t)varint_to(in, m->n_concepts - 1 - at);
        if (in->bad || !cell_read(in, newest_s, &m->concepts[at]))
            return false;
        at++;
    }
    return !in->bad;
}

piq_status piq_memory_decode(piq_memory *m, const piq_catalogue *c,
                             piq_reader *in)
{
    piq_memory read;
    if (piq_memory_init(&read, c))
        return PIQ_ENOMEM;
    if (!cells_read(in, &read)) {
        piq_memory_release(&read);
        return PIQ_ECORRUPT;
    }
    *m = read;
    return PIQ_OK;
}
