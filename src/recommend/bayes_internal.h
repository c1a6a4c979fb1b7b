/* bayes_internal.h - the state of bayes.h. Private to bayes.c and
 * bayes_codec.c. */
#ifndef PIQ_RECOMMEND_BAYES_INTERNAL_H
#define PIQ_RECOMMEND_BAYES_INTERNAL_H

#include "recommend/bayes.h"

enum {
    PIQ_BAYES_W = PIQ_BAYES_MAX_WIDTH,
    PIQ_BAYES_SQUARE = PIQ_BAYES_MAX_WIDTH * PIQ_BAYES_MAX_WIDTH
};

/* Matrices are [width][width] without padding, symmetric to the bit. */
typedef struct piq_bayes_type {
    double s[PIQ_BAYES_SQUARE]; /* S */
    double p[PIQ_BAYES_SQUARE]; /* P */
    double c[PIQ_BAYES_W];
    double evidence;  /* sum of weights, faded */
    uint32_t n_since; /* rank-one updates since P was factored */
    /* ---- made by settle ---- */
    double theta[PIQ_BAYES_W];
    double column[PIQ_BAYES_W]; /* covariance with the floored weight */
    bool at_floor;
} piq_bayes_type;

struct piq_bayes {
    piq_bayes_prior prior;
    int64_t day; /* evidence is faded to it; INT64_MIN: none yet */
    double v[PIQ_BAYES_SQUARE]; /* V, made by settle */
    piq_bayes_type types[PIQ_BAYES_MAX_TYPES];
};

#endif
