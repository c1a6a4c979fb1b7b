/* vector_wide.h - the kernels of vector.h in vectors of sixteen (AVX-512).
 *
 * Each does what it can from the front, tells how much that was (0 on a machine
 * without such vectors) and leaves the rest to the caller. The same sums in the
 * same order, so the same bits. Private to num/. Pure; any thread.
 */
#ifndef PIQ_NUM_VECTOR_WIDE_H
#define PIQ_NUM_VECTOR_WIDE_H

#include "num/vector.h"

#include <stddef.h>

/* Inputs whose weights are laid side by side before they are used: rows of a
 * wide matrix lie so far apart that they push one another out of the cache. */
enum { PIQ_VECTOR_PANEL = 128 };

/* e^r for |r| <= ln 2 / 2 is 1 + r + r^2 (c5 + r (c4 + .. r c0)): Cephes. ln 2
 * is HIGH + LOW, of which HIGH has few bits. Adding MAGIC = 1.5 * 2^23 rounds
 * to a whole number and leaves it in the low bits. */
#define PIQ_EXP_C0           1.9875691500e-4f
#define PIQ_EXP_C1           1.3981999507e-3f
#define PIQ_EXP_C2           8.3334519073e-3f
#define PIQ_EXP_C3           4.1665795894e-2f
#define PIQ_EXP_C4           1.6666665459e-1f
#define PIQ_EXP_C5           5.0000001201e-1f
#define PIQ_EXP_LN2_HIGH     0.693359375f
#define PIQ_EXP_LN2_LOW      -2.12194440e-4f
#define PIQ_EXP_ONE_OVER_LN2 1.44269504088896341f
#define PIQ_EXP_MAGIC        12582912.f
#define PIQ_EXP_MAGIC_BITS   0x4b400000
#define PIQ_EXP_LEAST        -87.f
#define PIQ_EXP_MOST         88.f

/* Outputs done of piq_vector_affine. */
size_t piq_wide_affine(float *out, size_t n_out, const float *x, size_t n_in,
                       const float *w);
/* Outputs done of piq_vector_affine_rows, of at least one row. */
size_t piq_wide_affine_rows(const piq_vector_rows *rows, size_t n_out,
                            size_t n_in, const float *w);
/* Values done. */
size_t piq_wide_exp(float *x, size_t n);
size_t piq_wide_sigmoid(float *x, size_t n);
size_t piq_wide_tanh(float *x, size_t n);

#endif
