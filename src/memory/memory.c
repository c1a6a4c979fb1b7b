/* memory.c - the memories of one learner: which reviews an answer makes, at
 * which weight. Why this way, and sources: src/memory/README.md.
 *
 * Invariants of a cell (kept by review, checked by decode):
 *   I1  stability 0: the cell is all zero. Else the state is within FSRS's
 *       limits, reviews >= 1 and 1 <= today <= reviews.
 *   I2  lapses < reviews.
 * Counts saturate, which keeps both.
 */
#include "memory/memory.h"

#include "base/arena.h"
#include "base/calendar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1 };

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
    *m = (piq_memory){cells, c->n_concepts};
    return PIQ_OK;
}

void piq_memory_release(piq_memory *m)
{
    free(m->concepts);
    *m = (piq_memory){NULL, 0};
}

piq_status piq_memory_copy(piq_memory *to, const piq_memory *from)
{
    piq_memory_cell *cells = cells_new(from->n_concepts);
    if (!cells)
        return PIQ_ENOMEM;
    if (from->n_concepts)
        memcpy(cells, from->concepts, from->n_concepts * sizeof *cells);
    *to = (piq_memory){cells, from->n_concepts};
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
    *m = (piq_memory){cells, c->n_concepts};
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

/* A pass repeats what the concept exercises, as far as it was ever learned. */
static void repeat_exercised(piq_memory *m, const piq_fsrs_params *p,
                             const piq_concept *concept, double share,
                             uint32_t at_s, int32_t utc_offset_min)
{
    for (size_t i = 0; i < concept->n_exercises; i++) {
        const piq_concept_weight *x = &concept->exercises[i];
        PIQ_ASSERT(x->concept.v < m->n_concepts);
        piq_memory_cell *cell = &m->concepts[x->concept.v];
        if (cell->reviews > 0)
            move(cell, p, RATING_REPEATED, share * x->weight, at_s,
                 utc_offset_min);
    }
}

void piq_memory_review(piq_memory *m, const piq_fsrs_params *p,
                       const piq_catalogue *c, piq_concept_ix concept,
                       int rating, double weight, bool deliberate,
                       int64_t at_us, int32_t utc_offset_min)
{
    PIQ_ASSERT(concept.v < m->n_concepts && concept.v < c->n_concepts);
    PIQ_ASSERT(rating >= 1 && rating <= 4);
    PIQ_ASSERT(weight > 0 && weight <= 1);
    piq_memory_cell *cell = &m->concepts[concept.v];
    uint32_t at_s = seconds_of(at_us);
    if (at_s < cell->last_s)
        at_s = cell->last_s;
    bool first = cell->reviews == 0;
    unsigned k = count_answer(cell, rating, at_s, utc_offset_min);
    double share = deliberate ? weight : weight / k;
    if (first)
        begin(cell, p, rating, share, at_s);
    else
        move(cell, p, rating, share, at_s, utc_offset_min);
    if (rating > 1)
        repeat_exercised(m, p, &c->concepts[concept.v], share, at_s,
                         utc_offset_min);
}

void piq_memory_belief(const piq_memory *m, const piq_fsrs_params *p,
                       piq_concept_ix concept, double desired_retention,
                       int64_t at_us, piq_belief *out)
{
    PIQ_ASSERT(concept.v < m->n_concepts);
    const piq_memory_cell *cell = &m->concepts[concept.v];
    double s = cell->state.stability_days;
    out->recall = NAN;
    out->stability_days = NAN;
    out->due_us = INT64_MAX;
    if (s <= 0)
        return;
    int64_t held_us = (int64_t)cell->held_s * PIQ_US_PER_SECOND;
    double elapsed_days =
        at_us > held_us ? (double)(at_us - held_us) / (double)PIQ_US_PER_DAY
                        : 0;
    double wait_us =
        piq_fsrs_interval(p, s, desired_retention) * (double)PIQ_US_PER_DAY;
    out->recall = piq_fsrs_recall(p, elapsed_days, s);
    out->stability_days = s;
    /* Low retentions of strong memories lie beyond any calendar. */
    if (wait_us < (double)(INT64_MAX - held_us))
        out->due_us = held_us + (int64_t)wait_us;
}

/* ---- stored form ------------------------------------------------------
 *
 * u8 version, varint n, varint newest (seconds: the largest last_s), then n
 * practised concepts by rising position:
 *   varint  position less the one before, less 1
 *   f64     stability, f64 difficulty
 *   varint  newest - last_s
 *   svarint last_s - held_s (0 after a full review)
 *   varint  reviews, varint lapses, varint today
 */

void piq_memory_encode(const piq_memory *m, piq_buf *out)
{
    size_t n = 0;
    uint32_t newest_s = 0;
    for (size_t i = 0; i < m->n_concepts; i++) {
        const piq_memory_cell *cell = &m->concepts[i];
        n += cell->reviews > 0;
        newest_s = cell->last_s > newest_s ? cell->last_s : newest_s;
    }
    piq_buf_put_u8(out, FORMAT_VERSION);
    piq_buf_put_varint(out, n);
    piq_buf_put_varint(out, newest_s);
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
           cell->lapses < cell->reviews;
}

static bool cells_read(piq_reader *in, piq_memory_cell *cells, size_t n_cells)
{
    if (piq_reader_u8(in) != FORMAT_VERSION)
        return false;
    size_t n = (size_t)varint_to(in, n_cells);
    uint32_t newest_s = (uint32_t)varint_to(in, UINT32_MAX);
    size_t at = 0;
    for (size_t k = 0; k < n && !in->bad; k++) {
        if (at >= n_cells)
            return false;
        at += (size_t)varint_to(in, n_cells - 1 - at);
        if (in->bad || !cell_read(in, newest_s, &cells[at]))
            return false;
        at++;
    }
    return !in->bad;
}

piq_status piq_memory_decode(piq_memory *m, const piq_catalogue *c,
                             piq_reader *in)
{
    piq_memory_cell *cells = cells_new(c->n_concepts);
    if (!cells)
        return PIQ_ENOMEM;
    if (!cells_read(in, cells, c->n_concepts)) {
        free(cells);
        return PIQ_ECORRUPT;
    }
    *m = (piq_memory){cells, c->n_concepts};
    return PIQ_OK;
}
