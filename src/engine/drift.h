/* drift.h - how well answers are foreseen, week by week, as they come in.
 *
 * Each answer was predicted before it was folded in, by the online belief and
 * by the trained model. Both are scored here by the week in which the answer
 * arrived, and shown as gauges: a model that has gone stale shows in its
 * calibration error before anybody complains. Counted since the program
 * started, in memory.
 *
 * Threads: any.
 */
#ifndef PIQ_ENGINE_DRIFT_H
#define PIQ_ENGINE_DRIFT_H

#include "metrics/metrics.h"

#include <stddef.h>
#include <stdint.h>

typedef struct piq_drift piq_drift;

/* What was foreseen of one answer; NaN: nothing. */
typedef struct piq_drift_answer {
    double belief;
    double trained;
    double score; /* 0..1 */
} piq_drift_answer;

/* `metrics` may be NULL: nothing is shown. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_drift_new(piq_metrics *metrics, piq_drift **out);
void piq_drift_free(piq_drift *d);
void piq_drift_add(piq_drift *d, const piq_drift_answer *list, size_t n,
                   int64_t now_us);
/* Brings the gauges up to date. */
void piq_drift_show(piq_drift *d, int64_t now_us);

#endif
