#include "num/cholesky.h"

#include <math.h>

/* Sum of a[k] b[k], k < n. */
static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

bool piq_cholesky_factor(double *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * n;
        for (size_t j = 0; j < i; j++)
            row[j] = (row[j] - dot(row, a + j * n, j)) / a[j * n + j];
        double left = row[i] - dot(row, row, i);
        if (!(left > 0) || !isfinite(left))
            return false;
        row[i] = sqrt(left);
    }
    return true;
}

/* L y = x, then L' x = y. */
void piq_cholesky_solve(const double *l, size_t n, double *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (x[i] - dot(l + i * n, x, i)) / l[i * n + i];
    for (size_t i = n; i-- > 0;) {
        x[i] /= l[i * n + i];
        for (size_t j = 0; j < i; j++)
            x[j] -= l[i * n + j] * x[i];
    }
}

void piq_cholesky_invert(const double *l, size_t n, double *inverse)
{
    /* Row j is the solution for the j-th unit vector: a column of a symmetric
     * matrix. What rounding leaves between the triangles is taken from the
     * later row. */
    for (size_t j = 0; j < n; j++) {
        double *row = inverse + j * n;
        for (size_t i = 0; i < n; i++)
            row[i] = i == j;
        piq_cholesky_solve(l, n, row);
        for (size_t i = 0; i < j; i++)
            inverse[i * n + j] = row[i];
    }
}
