/* cholesky.h - small symmetric positive definite systems: A = L L'.
 *
 * For matrices of some tens of rows, of models that learn one example at a
 * time; large ones are LAPACK's. Row by row, a[n][n] without padding; of A only
 * the lower triangle is read. Golub & Van Loan, Matrix Computations, alg.
 * 4.2.1. Pure; any thread.
 */
#ifndef PIQ_NUM_CHOLESKY_H
#define PIQ_NUM_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

/* A becomes L, in place; above the diagonal nothing is touched. False: A is not
 * positive definite, or not finite; a[] is then spoilt. */
bool piq_cholesky_factor(double *a, size_t n);
/* x becomes the solution of L L' y = x. */
void piq_cholesky_solve(const double *l, size_t n, double *x);
/* inverse[n][n] of A = L L', both triangles, symmetric to the bit. */
void piq_cholesky_invert(const double *l, size_t n, double *inverse);

#endif
