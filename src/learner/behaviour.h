/* behaviour.h - habits of one learner, counted as events go by.
 *
 * Everything the profile and the analytics tell that is neither knowledge nor
 * memory: sessions, times of day, completion by type and format, characters,
 * response times, calibration of our own predictions, and a weekly record of
 * mastery by area. Counters only, O(1) an event, bounded size; estimates with
 * shrinkage and intervals are made when asked (insight/estimate.h).
 *
 * What is stored is what is computed with: every member is written with all
 * its bits, so state in memory equals state on disk and a fold that starts
 * from a reload gives the same bytes as one that never stopped.
 *
 * Pure. Threads: one piq_behaviour per thread, or any number that only read.
 */
#ifndef PIQ_LEARNER_BEHAVIOUR_H
#define PIQ_LEARNER_BEHAVIOUR_H

#include "base/buf.h"
#include "domain/catalogue.h"
#include "domain/event.h"
#include "memory/memory.h"
#include "num/score.h"

enum {
    PIQ_TRAJECTORY_WEEKS = 26, /* the newest so many active weeks */
    PIQ_SESSION_GAP_MIN = 30,  /* a longer pause ends a session */
    PIQ_DAYS_KEPT = 120,       /* the newest so many active days */
    PIQ_N_LENGTHS = 7,         /* session lengths, see piq_length_from_min */
    PIQ_N_DIFFICULTIES = 10,
    /* A learner's day begins at four in the morning, as for the memory model:
     * practice after midnight belongs to the evening before. */
    PIQ_DAY_ROLLOVER_H = PIQ_MEMORY_ROLLOVER_H,
    /* Before so many answers a change of mastery is mostly us finding out
     * where the learner stands, not learning: it is not counted as gain. */
    PIQ_SETTLED_ANSWERS = 20
};

/* Mastery in thousandths: 0..1000; "never measured" is PIQ_NO_MASTERY. Two
 * bytes, because 26 weeks of 12 areas would cost 1.2 KB as floats. */
#define PIQ_NO_MASTERY    UINT16_MAX
#define PIQ_MASTERY_STEPS 1000

/* "No day", "no week". */
#define PIQ_NO_DAY INT32_MIN

/* An active week. Its areas' mastery is in piq_behaviour.area_mastery. */
typedef struct piq_week_record {
    int32_t week;            /* floor((day + 3) / 7): Monday based */
    uint32_t spent_ms;       /* practised in it */
    uint32_t unsettled_ms;   /* of it, before PIQ_SETTLED_ANSWERS answers */
    uint32_t answers, right; /* right: score at least 1/2 */
    uint32_t completed;      /* contents finished */
    float gained;            /* mastery summed over concepts, settled part */
    uint64_t touched;        /* areas with a measurement: bit = position */
} piq_week_record;

typedef struct piq_day_record {
    int32_t day;
    uint32_t spent_ms;
    uint32_t answers, right;
} piq_day_record;

/* Score less what we predicted, summed: n, sum and sum of squares. */
typedef struct piq_residuals {
    uint32_t n;
    float sum, sum_sq;
} piq_residuals;

typedef struct piq_progress_counts {
    uint32_t started, completed, abandoned;
} piq_progress_counts;

typedef struct piq_character_record {
    float score_sum;
    uint32_t sessions, hands, spent_ms;
    uint32_t ratings;
    float rating_sum; /* of (feedback score - 1) / 4 */
} piq_character_record;

typedef struct piq_behaviour {
    size_t n_areas, n_characters;

    /* Sessions: runs of activity without a pause above PIQ_SESSION_GAP_MIN.
     * INT64_MIN: none yet. */
    int64_t session_start_us, last_us;
    uint64_t session_spent_ms; /* credited within the running one */
    piq_residuals session;     /* of the running one */
    uint32_t n_sessions;       /* finished ones */
    uint64_t sessions_ms;      /* their lengths together */
    struct {
        uint32_t sessions;
        piq_residuals residuals;
    } by_length[PIQ_N_LENGTHS]; /* finished sessions by length */

    piq_residuals by_hour[24]; /* local hour of the answer */
    uint32_t by_weekday[7];    /* answers, Monday first */
    struct {
        piq_residuals residuals;
        piq_progress_counts progress;
    } by_modality[PIQ_N_MODALITIES];
    piq_progress_counts by_type[PIQ_N_CONTENT_TYPES];
    struct {
        uint32_t answers;
        float score_sum;
    } by_difficulty[PIQ_N_DIFFICULTIES]; /* tenths of curriculum difficulty */
    piq_character_record *characters;    /* [n_characters] */

    uint32_t answers, right, hints, reviews, assessments;
    float log_response_mean, log_response_var; /* of ln ms, running */
    uint32_t n_responses;

    /* What was done with recommendations. */
    uint32_t accepted, dismissed, completed;
    uint32_t ratings;
    float rating_sum; /* of (feedback score - 1) / 4 */

    piq_reliability predictions; /* our own, one step ahead */
    uint64_t spent_ms;           /* in all */
    float gained;                /* mastery over concepts, settled part */

    /* Oldest first. */
    piq_week_record weeks[PIQ_TRAJECTORY_WEEKS];
    uint16_t *area_mastery; /* [PIQ_TRAJECTORY_WEEKS][n_areas] */
    uint8_t n_weeks;
    piq_day_record days[PIQ_DAYS_KEPT];
    uint8_t n_days;
    uint32_t n_active_days;          /* ever */
    uint32_t streak, longest_streak; /* days in a row, up to the newest */
} piq_behaviour;

/* What the fold knows of the event once knowledge has been updated. */
typedef struct piq_behaviour_note {
    const piq_event *event;
    int32_t utc_offset_min;
    bool is_answer;
    double predicted;           /* answers: before; else NaN */
    double score;               /* answers: 0..1 */
    int modality;               /* piq_modality, -1 unknown */
    int content_type;           /* piq_content_type, -1 unknown */
    piq_character_ix character; /* whom the event is about, or PIQ_NO_IX16 */
    double difficulty;          /* 0..1, NaN unknown */
    double nominal_minutes; /* what the content says it takes, NaN unknown */
    double mastery_gained;  /* summed change over concepts of this event */
    /* [n_areas] after the event; NaN where it did not bear on the area. NULL:
     * it bore on none, or it was not asked for. */
    const double *area_mastery;
} piq_behaviour_note;

/* Owns heap memory. PIQ_ENOMEM leaves *b untouched. */
PIQ_MUST_USE piq_status piq_behaviour_init(piq_behaviour *b,
                                           const piq_catalogue *c);
void piq_behaviour_release(piq_behaviour *b);
/* `to` is written over, not released first. PIQ_ENOMEM leaves it untouched. */
PIQ_MUST_USE piq_status piq_behaviour_copy(piq_behaviour *to,
                                           const piq_behaviour *from);
/* Makes room for new areas and characters. PIQ_ENOMEM: *b as before. */
PIQ_MUST_USE piq_status piq_behaviour_grow(piq_behaviour *b,
                                           const piq_catalogue *c);

/* Counts one event. Events come in time order; one that claims an earlier
 * instant (or an earlier local day, after a change of offset) counts as the
 * same instant (the same day). */
void piq_behaviour_note_event(piq_behaviour *b, const piq_behaviour_note *n);

/* Whether the note of this event should bring area_mastery: on the first event
 * of a day, and when the day's answers reach 1, 2, 4, 8, .. The weekly record
 * then lags by less than half a day's answers, and a wide area does not cost
 * more than the answer itself. */
bool piq_behaviour_wants_mastery(const piq_behaviour *b, int64_t at_us,
                                 int32_t utc_offset_min);

/* Response time over the learner's usual one (1 = usual); 0 when unknown (no
 * time given, or fewer than 5 seen). */
double piq_behaviour_slowness(const piq_behaviour *b, uint32_t response_ms);

/* Lower end in minutes of session length class k, 0..PIQ_N_LENGTHS: 0, 10, 20,
 * 30, 45, 60, 90, and for k = PIQ_N_LENGTHS the conventional end, 120. */
double piq_length_from_min(int k);
void piq_residuals_join(piq_residuals *to, const piq_residuals *from);
/* Monday-based week of a local day, and its Monday. */
int32_t piq_week_of(int32_t day);
int32_t piq_week_start_day(int32_t week);

/* The stored form, in place within a longer record: versioned, sparse. */
void piq_behaviour_encode(const piq_behaviour *b, piq_buf *out);
/* Reads it back with room for the catalogue (which may have grown since). *b
 * is an initialised object; what it held is released. PIQ_ECORRUPT when the
 * bytes are not ours, PIQ_ENOMEM: *b as before. */
PIQ_MUST_USE piq_status piq_behaviour_decode(piq_behaviour *b,
                                             const piq_catalogue *c,
                                             piq_reader *in);

#endif
