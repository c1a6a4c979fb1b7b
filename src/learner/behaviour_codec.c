/* behaviour_codec.c - the stored form of piq_behaviour.
 *
 *     u8 format; varints n_areas, n_characters;
 *     the running session; lengths; hours; weekdays; formats; types;
 *     difficulties; characters; answers and responses; recommendations;
 *     reliability; totals; weeks; days
 *
 * Counts are varints and sums are raw floats; a table starts with a bit mask
 * of the rows that hold anything. Weeks and days are stored as steps from the
 * row before, an area's mastery as its step from the week before: mostly one
 * byte each. About 1.1 KB after 500 events on the poker curriculum, and
 * bounded by the rings (see tests/property/test_behaviour_laws.c).
 */
#include "learner/behaviour.h"

enum { FORMAT = 1 };

/* ---- writing ---------------------------------------------------------- */

static void put_residuals(piq_buf *out, const piq_residuals *r)
{
    piq_buf_put_varint(out, r->n);
    if (!r->n)
        return;
    piq_buf_put_f32(out, r->sum);
    piq_buf_put_f32(out, r->sum_sq);
}

static void put_progress(piq_buf *out, const piq_progress_counts *p)
{
    piq_buf_put_varint(out, p->started);
    piq_buf_put_varint(out, p->completed);
    piq_buf_put_varint(out, p->abandoned);
}

static void put_sessions(piq_buf *out, const piq_behaviour *b)
{
    piq_buf_put_svarint(out, b->session_start_us);
    piq_buf_put_svarint(out, b->last_us);
    piq_buf_put_varint(out, b->session_spent_ms);
    put_residuals(out, &b->session);
    piq_buf_put_varint(out, b->n_sessions);
    piq_buf_put_varint(out, b->sessions_ms);
    for (int k = 0; k < PIQ_N_LENGTHS; k++) {
        piq_buf_put_varint(out, b->by_length[k].sessions);
        put_residuals(out, &b->by_length[k].residuals);
    }
}

static void put_tables(piq_buf *out, const piq_behaviour *b)
{
    uint64_t hours = 0;
    for (unsigned h = 0; h < 24; h++)
        if (b->by_hour[h].n)
            hours |= UINT64_C(1) << h;
    piq_buf_put_varint(out, hours);
    for (unsigned h = 0; h < 24; h++)
        if (b->by_hour[h].n)
            put_residuals(out, &b->by_hour[h]);
    for (int d = 0; d < 7; d++)
        piq_buf_put_varint(out, b->by_weekday[d]);
    for (int m = 0; m < PIQ_N_MODALITIES; m++) {
        put_residuals(out, &b->by_modality[m].residuals);
        put_progress(out, &b->by_modality[m].progress);
    }
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++)
        put_progress(out, &b->by_type[t]);
    for (int k = 0; k < PIQ_N_DIFFICULTIES; k++) {
        piq_buf_put_varint(out, b->by_difficulty[k].answers);
        if (b->by_difficulty[k].answers)
            piq_buf_put_f32(out, b->by_difficulty[k].score_sum);
    }
}

static bool is_met(const piq_character_record *k)
{
    return k->sessions || k->ratings;
}

static void put_characters(piq_buf *out, const piq_behaviour *b)
{
    size_t n = 0, before = 0;
    for (size_t i = 0; i < b->n_characters; i++)
        n += is_met(&b->characters[i]);
    piq_buf_put_varint(out, n);
    for (size_t i = 0; i < b->n_characters; i++) {
        const piq_character_record *k = &b->characters[i];
        if (!is_met(k))
            continue;
        piq_buf_put_varint(out, i - before);
        before = i;
        piq_buf_put_varint(out, k->sessions);
        piq_buf_put_varint(out, k->hands);
        piq_buf_put_varint(out, k->spent_ms);
        piq_buf_put_f32(out, k->score_sum);
        piq_buf_put_varint(out, k->ratings);
        piq_buf_put_f32(out, k->rating_sum);
    }
}

static void put_counts(piq_buf *out, const piq_behaviour *b)
{
    piq_buf_put_varint(out, b->answers);
    piq_buf_put_varint(out, b->right);
    piq_buf_put_varint(out, b->hints);
    piq_buf_put_varint(out, b->reviews);
    piq_buf_put_varint(out, b->assessments);
    piq_buf_put_varint(out, b->n_responses);
    piq_buf_put_f32(out, b->log_response_mean);
    piq_buf_put_f32(out, b->log_response_var);
    piq_buf_put_varint(out, b->accepted);
    piq_buf_put_varint(out, b->dismissed);
    piq_buf_put_varint(out, b->completed);
    piq_buf_put_varint(out, b->ratings);
    piq_buf_put_f32(out, b->rating_sum);
    piq_buf_put_varint(out, b->spent_ms);
    piq_buf_put_f32(out, b->gained);
}

static void put_reliability(piq_buf *out, const piq_reliability *r)
{
    piq_buf_put_varint(out, r->n);
    if (!r->n)
        return;
    piq_buf_put_f64(out, r->brier_sum);
    piq_buf_put_f64(out, r->logloss_sum);
    for (int k = 0; k < PIQ_RELIABILITY_BINS; k++) {
        piq_buf_put_varint(out, r->bin_n[k]);
        if (!r->bin_n[k])
            continue;
        piq_buf_put_f64(out, r->bin_p[k]);
        piq_buf_put_f64(out, r->bin_y[k]);
    }
}

/* The oldest week in full (0: never measured, else thousandths + 1), later
 * ones as steps: an untouched area stands where it stood the week before. */
static void put_areas(piq_buf *out, const piq_behaviour *b, size_t week)
{
    const uint16_t *row = b->area_mastery + week * b->n_areas;
    for (size_t a = 0; a < b->n_areas; a++) {
        if (week == 0) {
            piq_buf_put_varint(out,
                               row[a] == PIQ_NO_MASTERY ? 0u : row[a] + 1u);
        } else if (b->weeks[week].touched >> a & 1) {
            uint16_t before = (row - b->n_areas)[a];
            int from = before == PIQ_NO_MASTERY ? 0 : before;
            piq_buf_put_svarint(out, (int)row[a] - from);
        }
    }
}

static void put_weeks(piq_buf *out, const piq_behaviour *b)
{
    piq_buf_put_u8(out, b->n_weeks);
    int32_t before = 0;
    for (size_t i = 0; i < b->n_weeks; i++) {
        const piq_week_record *w = &b->weeks[i];
        piq_buf_put_svarint(out, (int64_t)w->week - before);
        before = w->week;
        piq_buf_put_varint(out, w->spent_ms);
        piq_buf_put_varint(out, w->unsettled_ms);
        piq_buf_put_varint(out, w->answers);
        piq_buf_put_varint(out, w->right);
        piq_buf_put_varint(out, w->completed);
        piq_buf_put_f32(out, w->gained);
        piq_buf_put_varint(out, w->touched);
        put_areas(out, b, i);
    }
}

static void put_days(piq_buf *out, const piq_behaviour *b)
{
    piq_buf_put_u8(out, b->n_days);
    int32_t before = 0;
    for (size_t i = 0; i < b->n_days; i++) {
        const piq_day_record *d = &b->days[i];
        piq_buf_put_svarint(out, (int64_t)d->day - before);
        before = d->day;
        piq_buf_put_varint(out, d->spent_ms);
        piq_buf_put_varint(out, d->answers);
        piq_buf_put_varint(out, d->right);
    }
    piq_buf_put_varint(out, b->n_active_days);
    piq_buf_put_varint(out, b->streak);
    piq_buf_put_varint(out, b->longest_streak);
}

void piq_behaviour_encode(const piq_behaviour *b, piq_buf *out)
{
    piq_buf_put_u8(out, FORMAT);
    piq_buf_put_varint(out, b->n_areas);
    piq_buf_put_varint(out, b->n_characters);
    put_sessions(out, b);
    put_tables(out, b);
    put_characters(out, b);
    put_counts(out, b);
    put_reliability(out, &b->predictions);
    put_weeks(out, b);
    put_days(out, b);
}

/* ---- reading ---------------------------------------------------------- */

/* A varint that must fit 32 bits. */
static uint32_t get_u32(piq_reader *in)
{
    uint64_t v = piq_reader_varint(in);
    if (v > UINT32_MAX)
        in->bad = true;
    return in->bad ? 0 : (uint32_t)v;
}

/* before + a stored step, which must be a day or week of this calendar. */
static int32_t get_step(piq_reader *in, int32_t before)
{
    int64_t step = piq_reader_svarint(in);
    if (step < -4000000 || step > 4000000)
        in->bad = true;
    int64_t v = in->bad ? 0 : before + step;
    if (v < -4000000 || v > 4000000)
        in->bad = true;
    return in->bad ? 0 : (int32_t)v;
}

static void get_residuals(piq_reader *in, piq_residuals *r)
{
    *r = (piq_residuals){.n = get_u32(in)};
    if (!r->n)
        return;
    r->sum = piq_reader_f32(in);
    r->sum_sq = piq_reader_f32(in);
}

static void get_progress(piq_reader *in, piq_progress_counts *p)
{
    p->started = get_u32(in);
    p->completed = get_u32(in);
    p->abandoned = get_u32(in);
}

static void get_sessions(piq_reader *in, piq_behaviour *b)
{
    b->session_start_us = piq_reader_svarint(in);
    b->last_us = piq_reader_svarint(in);
    b->session_spent_ms = piq_reader_varint(in);
    get_residuals(in, &b->session);
    b->n_sessions = get_u32(in);
    b->sessions_ms = piq_reader_varint(in);
    for (int k = 0; k < PIQ_N_LENGTHS; k++) {
        b->by_length[k].sessions = get_u32(in);
        get_residuals(in, &b->by_length[k].residuals);
    }
}

static void get_tables(piq_reader *in, piq_behaviour *b)
{
    uint64_t hours = piq_reader_varint(in);
    if (hours >> 24)
        in->bad = true;
    for (unsigned h = 0; h < 24; h++)
        if (hours >> h & 1)
            get_residuals(in, &b->by_hour[h]);
    for (int d = 0; d < 7; d++)
        b->by_weekday[d] = get_u32(in);
    for (int m = 0; m < PIQ_N_MODALITIES; m++) {
        get_residuals(in, &b->by_modality[m].residuals);
        get_progress(in, &b->by_modality[m].progress);
    }
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++)
        get_progress(in, &b->by_type[t]);
    for (int k = 0; k < PIQ_N_DIFFICULTIES; k++) {
        b->by_difficulty[k].answers = get_u32(in);
        if (b->by_difficulty[k].answers)
            b->by_difficulty[k].score_sum = piq_reader_f32(in);
    }
}

static void get_characters(piq_reader *in, piq_behaviour *b, uint64_t stored)
{
    uint64_t n = piq_reader_varint(in), at = 0;
    if (n > stored)
        in->bad = true;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        uint64_t step = piq_reader_varint(in);
        if (step >= stored || at + step >= stored) {
            in->bad = true;
            return;
        }
        at += step;
        piq_character_record *k = &b->characters[at];
        k->sessions = get_u32(in);
        k->hands = get_u32(in);
        k->spent_ms = get_u32(in);
        k->score_sum = piq_reader_f32(in);
        k->ratings = get_u32(in);
        k->rating_sum = piq_reader_f32(in);
    }
}

static void get_counts(piq_reader *in, piq_behaviour *b)
{
    b->answers = get_u32(in);
    b->right = get_u32(in);
    b->hints = get_u32(in);
    b->reviews = get_u32(in);
    b->assessments = get_u32(in);
    b->n_responses = get_u32(in);
    b->log_response_mean = piq_reader_f32(in);
    b->log_response_var = piq_reader_f32(in);
    b->accepted = get_u32(in);
    b->dismissed = get_u32(in);
    b->completed = get_u32(in);
    b->ratings = get_u32(in);
    b->rating_sum = piq_reader_f32(in);
    b->spent_ms = piq_reader_varint(in);
    b->gained = piq_reader_f32(in);
}

static void get_reliability(piq_reader *in, piq_reliability *r)
{
    r->n = piq_reader_varint(in);
    if (!r->n)
        return;
    r->brier_sum = piq_reader_f64(in);
    r->logloss_sum = piq_reader_f64(in);
    for (int k = 0; k < PIQ_RELIABILITY_BINS; k++) {
        r->bin_n[k] = piq_reader_varint(in);
        if (!r->bin_n[k])
            continue;
        r->bin_p[k] = piq_reader_f64(in);
        r->bin_y[k] = piq_reader_f64(in);
    }
}

static void get_first_areas(piq_reader *in, uint16_t *row, uint64_t stored)
{
    for (uint64_t a = 0; a < stored; a++) {
        uint64_t v = piq_reader_varint(in);
        if (v > PIQ_MASTERY_STEPS + 1)
            in->bad = true;
        row[a] = in->bad || !v ? PIQ_NO_MASTERY : (uint16_t)(v - 1);
    }
}

/* One later week's areas; `stored` of them were written, the rest are newer. */
static void get_areas(piq_reader *in, const piq_behaviour *b, size_t week,
                      uint64_t stored)
{
    uint16_t *row = b->area_mastery + week * b->n_areas;
    uint64_t touched = b->weeks[week].touched;
    if (stored < 64 && touched >> stored)
        in->bad = true;
    for (uint64_t a = 0; a < stored; a++) {
        uint16_t before = (row - b->n_areas)[a];
        row[a] = before;
        if (in->bad || !(touched >> a & 1))
            continue;
        int64_t v = piq_reader_svarint(in);
        if (v < -PIQ_MASTERY_STEPS || v > PIQ_MASTERY_STEPS)
            in->bad = true;
        else if (before != PIQ_NO_MASTERY)
            v += before;
        if (v < 0 || v > PIQ_MASTERY_STEPS)
            in->bad = true;
        row[a] = in->bad ? before : (uint16_t)v;
    }
}

static void get_weeks(piq_reader *in, piq_behaviour *b, uint64_t stored)
{
    b->n_weeks = piq_reader_u8(in);
    if (b->n_weeks > PIQ_TRAJECTORY_WEEKS)
        in->bad = true;
    int32_t before = 0;
    for (size_t i = 0; i < b->n_weeks && !in->bad; i++) {
        piq_week_record *w = &b->weeks[i];
        w->week = before = get_step(in, before);
        w->spent_ms = get_u32(in);
        w->unsettled_ms = get_u32(in);
        w->answers = get_u32(in);
        w->right = get_u32(in);
        w->completed = get_u32(in);
        w->gained = piq_reader_f32(in);
        w->touched = piq_reader_varint(in);
        if (i == 0)
            get_first_areas(in, b->area_mastery, stored);
        else
            get_areas(in, b, i, stored);
    }
}

static void get_days(piq_reader *in, piq_behaviour *b)
{
    b->n_days = piq_reader_u8(in);
    if (b->n_days > PIQ_DAYS_KEPT)
        in->bad = true;
    int32_t before = 0;
    for (size_t i = 0; i < b->n_days && !in->bad; i++) {
        piq_day_record *d = &b->days[i];
        d->day = before = get_step(in, before);
        d->spent_ms = get_u32(in);
        d->answers = get_u32(in);
        d->right = get_u32(in);
    }
    b->n_active_days = get_u32(in);
    b->streak = get_u32(in);
    b->longest_streak = get_u32(in);
}

piq_status piq_behaviour_decode(piq_behaviour *b, const piq_catalogue *c,
                                piq_reader *in)
{
    piq_reader r = *in;
    uint8_t format = piq_reader_u8(&r);
    uint64_t n_areas = piq_reader_varint(&r);
    uint64_t n_characters = piq_reader_varint(&r);
    if (r.bad || format != FORMAT || n_areas > c->n_areas ||
        n_areas > PIQ_MAX_AREAS || n_characters > c->n_characters)
        return PIQ_ECORRUPT;
    piq_behaviour read;
    piq_status status = piq_behaviour_init(&read, c);
    if (status != PIQ_OK)
        return status;
    get_sessions(&r, &read);
    get_tables(&r, &read);
    get_characters(&r, &read, n_characters);
    get_counts(&r, &read);
    get_reliability(&r, &read.predictions);
    get_weeks(&r, &read, n_areas);
    get_days(&r, &read);
    if (r.bad) {
        piq_behaviour_release(&read);
        return PIQ_ECORRUPT;
    }
    piq_behaviour_release(b);
    *b = read;
    *in = r;
    return PIQ_OK;
}
