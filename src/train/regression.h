/* regression.h - a small logistic regression with honest standard errors.
 *
 * Newton's method with a slight ridge; errors by the sandwich estimator over
 * groups of rows that go together (Liang & Zeger 1986, Biometrika 73:13).
 * Pure; memory from an arena.
 */
#ifndef PIQ_TRAIN_REGRESSION_H
#define PIQ_TRAIN_REGRESSION_H

#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

enum { PIQ_REGRESSION_MAX = 16 };

typedef struct piq_regression_rows {
    size_t n, width;       /* width 1 .. PIQ_REGRESSION_MAX */
    const double *x;       /* [n][width], the first column ones */
    const uint8_t *y;      /* [n] 0 or 1 */
    const uint32_t *group; /* [n], equal ones together */
} piq_regression_rows;

typedef struct piq_regression {
    size_t width;
    double weight[PIQ_REGRESSION_MAX], se[PIQ_REGRESSION_MAX];
} piq_regression;

/* On the first `width` columns only. */
void piq_regression_fit(const piq_regression_rows *r, size_t width,
                        piq_regression *out);
/* Log loss of one row, nats. */
double piq_regression_loss(const piq_regression *m,
                           const piq_regression_rows *r, size_t row);

#endif
