#include "engine/drift.h"

#include "base/calendar.h"
#include "num/score.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { BELIEF, TRAINED, N_FORESEERS, THIS_WEEK = 0, LAST_WEEK, N_WEEKS };

static const char *const foreseers[N_FORESEERS] = {"belief", "trained"};
static const char *const weeks[N_WEEKS] = {"this", "last"};

typedef struct gauges {
    piq_metric *error, *logloss, *answers;
} gauges;

struct piq_drift {
    pthread_mutex_t lock;
    int64_t week; /* the number of the one being counted */
    piq_reliability scores[N_FORESEERS][N_WEEKS];
    gauges gauges[N_FORESEERS][N_WEEKS];
};

/* Weeks since Monday, 5 January 1970. */
static int64_t week_of(int64_t now_us)
{
    const int64_t week_us = 7 * PIQ_US_PER_DAY;
    int64_t since_us = now_us - 4 * PIQ_US_PER_DAY;
    return since_us < 0 ? -1 : since_us / week_us;
}

static void declare(piq_drift *d, piq_metrics *m)
{
    char labels[64];
    for (int f = 0; f < N_FORESEERS; f++)
        for (int w = 0; w < N_WEEKS; w++) {
            gauges *g = &d->gauges[f][w];
            snprintf(labels, sizeof labels, "by=\"%s\",week=\"%s\"",
                     foreseers[f], weeks[w]);
            g->error = piq_metrics_gauge(
                m, "piq_foresight_calibration_error",
                "Expected calibration error of the chance of a right answer, "
                "foreseen before each answer that arrived in the week (UTC, "
                "from Monday).",
                labels);
            g->logloss = piq_metrics_gauge(
                m, "piq_foresight_logloss",
                "Mean log loss of the same, in nats an answer.", labels);
            g->answers = piq_metrics_gauge(m, "piq_foresight_answers",
                                           "Answers behind it.", labels);
        }
}

piq_status piq_drift_new(piq_metrics *metrics, piq_drift **out)
{
    piq_drift *d = calloc(1, sizeof *d);
    if (!d)
        return PIQ_ENOMEM;
    pthread_mutex_init(&d->lock, NULL);
    if (metrics)
        declare(d, metrics);
    *out = d;
    return PIQ_OK;
}

void piq_drift_free(piq_drift *d)
{
    if (!d)
        return;
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* With the lock held. A clock that was set back goes on with the week it has.
 */
static void turn_to(piq_drift *d, int64_t week)
{
    if (week <= d->week)
        return;
    for (int f = 0; f < N_FORESEERS; f++) {
        d->scores[f][LAST_WEEK] = week == d->week + 1 ? d->scores[f][THIS_WEEK]
                                                      : (piq_reliability){0};
        d->scores[f][THIS_WEEK] = (piq_reliability){0};
    }
    d->week = week;
}

void piq_drift_add(piq_drift *d, const piq_drift_answer *list, size_t n,
                   int64_t now_us)
{
    pthread_mutex_lock(&d->lock);
    turn_to(d, week_of(now_us));
    for (size_t i = 0; i < n; i++) {
        const piq_drift_answer *x = &list[i];
        if (!isnan(x->belief))
            piq_reliability_add(&d->scores[BELIEF][THIS_WEEK], x->belief,
                                x->score);
        if (!isnan(x->trained))
            piq_reliability_add(&d->scores[TRAINED][THIS_WEEK], x->trained,
                                x->score);
    }
    pthread_mutex_unlock(&d->lock);
}

void piq_drift_show(piq_drift *d, int64_t now_us)
{
    pthread_mutex_lock(&d->lock);
    turn_to(d, week_of(now_us));
    for (int f = 0; f < N_FORESEERS; f++)
        for (int w = 0; w < N_WEEKS; w++) {
            const piq_reliability *r = &d->scores[f][w];
            const gauges *g = &d->gauges[f][w];
            double n = (double)r->n;
            piq_metric_set(g->answers, n);
            piq_metric_set(g->error, n > 0 ? piq_reliability_ece(r) : 0);
            piq_metric_set(g->logloss, n > 0 ? r->logloss_sum / n : 0);
        }
    pthread_mutex_unlock(&d->lock);
}
