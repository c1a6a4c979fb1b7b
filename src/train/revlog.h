/* revlog.h - review logs of flash-card programs, from their CSV files.
 *
 * Two forms, told apart by their first line:
 *
 *     card_id,review_time,review_rating,review_state,review_duration
 *     card_id,i,review_time,day,delta_t,rating
 *
 * The first is what Anki's log is exported to: review_time and duration in
 * milliseconds (UTC), rating 0 a manual reschedule, 1 again .. 4 easy; state 0
 * or 1 learning, 2 review, 3 relearning, 4 in a filtered deck. In any order of
 * lines. The second is cleaned already: reviews of a card together, in order,
 * with the whole days since the one before.
 *
 * Pure: text in, rows and cards out; memory from an arena, 70 bytes a review.
 */
#ifndef PIQ_TRAIN_REVLOG_H
#define PIQ_TRAIN_REVLOG_H

#include "base/str.h"
#include "train/fsrs_items.h"

#include <stdbool.h>

typedef struct piq_revlog_row {
    int64_t card_id;
    int64_t at_ms; /* Unix, UTC; years 1970 .. 9999 */
    int64_t duration_ms;
    int32_t elapsed_days; /* of the cleaned form only */
    uint32_t line;        /* of the file, from 1 */
    uint8_t rating;       /* 0 .. 4 */
    uint8_t state;        /* 0 .. 4; of the cleaned form 1, then 2 */
    bool begins;          /* the first row of its card */
} piq_revlog_row;

typedef struct piq_revlog {
    piq_revlog_row *rows; /* by card, then time; equal instants as given */
    size_t n;
    bool cleaned; /* the second form */
} piq_revlog;

/* PIQ_EPARSE: err->where is "line N", the message says what is wrong there. An
 * empty last line is allowed. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_revlog_read(piq_arena *a, piq_str text,
                                        piq_revlog *out, piq_err *err);

/* Where a learner's day begins, and on which clock. */
typedef struct piq_revlog_day {
    int32_t utc_offset_min;
    int32_t rollover_min; /* after midnight; usually 240 */
} piq_revlog_day;

/* Cards as they are fitted on, in `a`. Of the raw form: from the start of a
 * card's last run of learning reviews (a card without one is left out: its
 * beginning is not known), without manual reschedules, days counted by `day`.
 * Reviews in filtered decks are kept: the log does not tell cramming from
 * ahead-of-time reviews. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_revlog_cards(piq_arena *a, const piq_revlog *log,
                                         piq_revlog_day day,
                                         piq_fsrs_cards *out);

#endif
