/* metrics.h - counters, gauges and histograms, as Prometheus text.
 *
 * A registry of families, declared up front; recording is an atomic add,
 * from any thread. Text follows the Prometheus exposition format 0.0.4.
 */
#ifndef PIQ_METRICS_METRICS_H
#define PIQ_METRICS_METRICS_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

typedef struct piq_metrics piq_metrics;
typedef struct piq_metric piq_metric; /* one series */

/* PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_metrics_new(piq_metrics **out);
void piq_metrics_free(piq_metrics *m);

/* Declares one series; `labels` is the inside of the braces
 * ("route=\"/healthz\",method=\"GET\"") or NULL. Same name and labels give the
 * same series. NULL: no memory, or over 2,000 series (recording to NULL is
 * allowed and does nothing). */
piq_metric *piq_metrics_counter(piq_metrics *m, const char *name,
                                const char *help, const char *labels);
piq_metric *piq_metrics_gauge(piq_metrics *m, const char *name,
                              const char *help, const char *labels);
/* Buckets in seconds: 10 us to 10 s, 1-2.5-5 steps. */
piq_metric *piq_metrics_histogram(piq_metrics *m, const char *name,
                                  const char *help, const char *labels);

void piq_metric_add(piq_metric *c, uint64_t by);
void piq_metric_set(piq_metric *g, double value);
void piq_metric_observe_ns(piq_metric *h, int64_t ns);

void piq_metrics_write(const piq_metrics *m, piq_buf *out);

#endif
