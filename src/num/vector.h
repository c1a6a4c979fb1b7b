/* vector.h - kernels over rows of floats that give the same bits everywhere.
 *
 * Every sum is taken in one stated order, without fused multiply-add, so a
 * result depends neither on the width of the machine's vectors nor on how many
 * rows are worked at once. Rounding to nearest is assumed. On x86-64 the
 * widest instructions there are (AVX-512, AVX2) are taken at run time.
 *
 * Pure; any thread.
 */
#ifndef PIQ_NUM_VECTOR_H
#define PIQ_NUM_VECTOR_H

#include <stddef.h>

/* Widths of outputs are multiples of it. */
enum { PIQ_VECTOR_LANES = 8 };

/* out[j] = ((out[j] + x[0] w[0][j]) + x[1] w[1][j]) + ..; w[n_in][n_out].
 * n_out is a multiple of PIQ_VECTOR_LANES. */
void piq_vector_affine(float *out, size_t n_out, const float *x, size_t n_in,
                       const float *w);

/* The same for n rows: x[n][x_stride], out[n][out_stride]. */
typedef struct piq_vector_rows {
    float *out;
    size_t out_stride;
    const float *x;
    size_t x_stride;
    size_t n;
} piq_vector_rows;
void piq_vector_affine_rows(const piq_vector_rows *rows, size_t n_out,
                            size_t n_in, const float *w);

/* Eight partial sums, of the places j mod 8, then
 * ((s0+s4) + (s2+s6)) + ((s1+s5) + (s3+s7)). Any n. */
float piq_vector_dot(const float *x, const float *y, size_t n);

/* out[j] += scale x[j]. Any n. */
void piq_vector_add(float *out, float scale, const float *x, size_t n);

/* In place, any n. exp: x is held within [-87, 88]; relative error below
 * 2.5e-7 (Cephes' polynomial of degree 5 after Cody and Waite's reduction).
 * sigmoid = 1 / (1 + exp(-x)) and tanh = 2 sigmoid(2x) - 1: absolute error
 * below 2.5e-7. Finite for every x but NaN. */
void piq_vector_exp(float *x, size_t n);
void piq_vector_sigmoid(float *x, size_t n);
void piq_vector_tanh(float *x, size_t n);
/* 0 for what is not above 0, NaN too. */
void piq_vector_rectify(float *x, size_t n);

#endif
