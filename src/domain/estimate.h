/* estimate.h - a number with its 90 % interval and what is behind it. */
#ifndef PIQ_DOMAIN_ESTIMATE_H
#define PIQ_DOMAIN_ESTIMATE_H

typedef struct piq_estimate {
    double value;     /* NaN: cannot be said */
    double low, high; /* 90 % interval unless said otherwise; NaN: cannot */
    double n;         /* observations behind it */
} piq_estimate;

/* Where a value comes from. What a learner stated is never overwritten by
 * what was inferred: both are told. */
typedef enum piq_source {
    PIQ_STATED,   /* the learner said so */
    PIQ_INFERRED, /* estimated from what they did */
    PIQ_DEFAULT   /* nothing is known yet */
} piq_source;

#endif
