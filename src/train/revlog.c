#include "train/revlog.h"

#include "train/text_lines.h"

#include <inttypes.h>
#include <stdlib.h>

static const int64_t MAX_MS = INT64_C(253402300799999); /* year 9999 */
static const int64_t DAY_MS = INT64_C(86400000);

static const int64_t MINUTE_MS = 60000;

enum { LEARNING = 1, REVIEW = 2 }; /* states; 0 is learning in old logs */

static const char RAW[] =
    "card_id,review_time,review_rating,review_state,review_duration";
static const char CLEANED[] = "card_id,i,review_time,day,delta_t,rating";

static piq_status refuse(const piq_text_lines *s, piq_err *err,
                         const char *what)
{
    piq_status status = piq_fail(err, PIQ_EPARSE, "%s", what);
    piq_err_at(err, "line %" PRIu64, s->line);
    return status;
}

/* ---- lines ------------------------------------------------------------- */

/* Exactly n whole numbers from 0. */
static bool read_numbers(piq_str line, int64_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        piq_str field = i + 1 < n ? piq_text_take(&line, ',') : line;
        if (!piq_text_whole(field, 0, INT64_MAX, &out[i]))
            return false;
    }
    return true;
}

/* NULL when the line is in order, else what is wrong with it. */
static const char *read_raw(piq_str line, piq_revlog_row *row)
{
    int64_t v[5];
    if (!read_numbers(line, v, 5))
        return "must have five whole numbers from 0 with commas between them";
    if (v[1] > MAX_MS || v[4] > MAX_MS)
        return "review_time or review_duration is beyond the year 9999";
    if (v[2] > 4)
        return "review_rating must be 0 to 4";
    if (v[3] > 4)
        return "review_state must be 0 to 4";
    row->card_id = v[0];
    row->at_ms = v[1];
    row->rating = (uint8_t)v[2];
    row->state = (uint8_t)v[3];
    row->duration_ms = v[4];
    return NULL;
}

static const char *read_cleaned(piq_str line, piq_revlog_row *row)
{
    int64_t v[6];
    if (!read_numbers(line, v, 6))
        return "must have six whole numbers from 0 with commas between them";
    bool begins = v[1] == 0;
    if (!begins && (row->line == 2 || row[-1].card_id != v[0]))
        return "a card must begin with i = 0";
    if (v[2] > MAX_MS || (!begins && v[2] < row[-1].at_ms))
        return "reviews of a card must be in order of time";
    if (v[4] > MAX_MS / DAY_MS || (begins && v[4] != 0))
        return "delta_t must be whole days, 0 for a card's first review";
    if (v[5] < 1 || v[5] > 4)
        return "rating must be 1 to 4";
    row->card_id = v[0];
    row->at_ms = v[2];
    row->elapsed_days = (int32_t)v[4];
    row->begins = begins;
    row->rating = (uint8_t)v[5];
    row->state = begins ? LEARNING : REVIEW;
    return NULL;
}

static piq_status read_header(piq_text_lines *s, bool *cleaned, piq_err *err)
{
    piq_str line = {0};
    bool some = piq_text_next_line(s, &line);
    *cleaned = some && piq_str_eq(line, piq_str_of(CLEANED));
    if (*cleaned || (some && piq_str_eq(line, piq_str_of(RAW))))
        return PIQ_OK;
    s->line = 1;
    piq_status status =
        refuse(s, err, "the first line is none of a review log");
    piq_err_hint(err, "it must be %s or %s", RAW, CLEANED);
    return status;
}

static int by_card_and_time(const void *a, const void *b)
{
    const piq_revlog_row *x = a, *y = b;
    if (x->card_id != y->card_id)
        return x->card_id < y->card_id ? -1 : 1;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* What a log of the first form does not say by itself. */
static void order_raw(piq_revlog *log)
{
    qsort(log->rows, log->n, sizeof *log->rows, by_card_and_time);
    for (size_t i = 0; i < log->n; i++)
        log->rows[i].begins =
            i == 0 || log->rows[i].card_id != log->rows[i - 1].card_id;
}

piq_status piq_revlog_read(piq_arena *a, piq_str text, piq_revlog *out,
                           piq_err *err)
{
    piq_text_lines s = {.rest = text};
    piq_revlog log = {0};
    piq_str line;
    piq_status status = read_header(&s, &log.cleaned, err);
    if (status)
        return status;
    log.rows = piq_new(a, piq_revlog_row, piq_text_count(s.rest, '\n') + 1);
    if (!log.rows)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the reviews");
    while (piq_text_next_line(&s, &line)) {
        if (line.len == 0 && s.rest.len == 0)
            break;
        piq_revlog_row *row = &log.rows[log.n];
        row->line = (uint32_t)s.line;
        const char *wrong =
            log.cleaned ? read_cleaned(line, row) : read_raw(line, row);
        if (wrong)
            return refuse(&s, err, wrong);
        log.n++;
    }
    if (!log.cleaned)
        order_raw(&log);
    *out = log;
    return PIQ_OK;
}

/* ---- cards ------------------------------------------------------------- */

static bool is_learning(const piq_revlog_row *row)
{
    return row->state <= LEARNING && row->rating > 0;
}

/* Where the last run of learning reviews among rows[from, to) begins; `to`
 * when there is none. Manual reschedules do not break a run. */
static size_t last_beginning(const piq_revlog_row *rows, size_t from, size_t to)
{
    size_t begins = to;
    for (size_t i = to; i-- > from;) {
        if (is_learning(&rows[i]))
            begins = i;
        else if (begins < to && rows[i].rating > 0)
            break;
    }
    return begins;
}

static int64_t day_of(int64_t at_ms, piq_revlog_day day)
{
    int64_t local =
        at_ms + (int64_t)(day.utc_offset_min - day.rollover_min) * MINUTE_MS;
    return local >= 0 ? local / DAY_MS : -((-local + DAY_MS - 1) / DAY_MS);
}

typedef struct maker {
    piq_fsrs_review *reviews;
    size_t *first;
    size_t n_cards, n;
} maker;

static void add_cleaned(maker *m, const piq_revlog_row *rows, size_t from,
                        size_t to)
{
    m->first[m->n_cards++] = m->n;
    for (size_t i = from; i < to; i++)
        m->reviews[m->n++] = (piq_fsrs_review){
            rows[i].at_ms, rows[i].elapsed_days, rows[i].rating};
}

static void add_raw(maker *m, const piq_revlog_row *rows, size_t from,
                    size_t to, piq_revlog_day day)
{
    int64_t before = 0;
    from = last_beginning(rows, from, to);
    if (from == to)
        return;
    m->first[m->n_cards++] = m->n;
    for (size_t i = from; i < to; i++) {
        if (rows[i].rating == 0)
            continue;
        int64_t now = day_of(rows[i].at_ms, day);
        int64_t days = i > from ? now - before : 0;
        m->reviews[m->n++] =
            (piq_fsrs_review){rows[i].at_ms, (int32_t)days, rows[i].rating};
        before = now;
    }
}

piq_status piq_revlog_cards(piq_arena *a, const piq_revlog *log,
                            piq_revlog_day day, piq_fsrs_cards *out)
{
    maker m = {piq_new(a, piq_fsrs_review, log->n),
               piq_new(a, size_t, log->n + 1), 0, 0};
    if (!m.reviews || !m.first)
        return PIQ_ENOMEM;
    for (size_t from = 0, to; from < log->n; from = to) {
        for (to = from + 1; to < log->n && !log->rows[to].begins;)
            to++;
        if (log->cleaned)
            add_cleaned(&m, log->rows, from, to);
        else
            add_raw(&m, log->rows, from, to, day);
    }
    m.first[m.n_cards] = m.n;
    *out = (piq_fsrs_cards){m.n_cards, m.first, m.reviews};
    return PIQ_OK;
}
