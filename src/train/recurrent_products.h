/* recurrent_products.h - matrix products of recurrent_grad.c and
 * recurrent_back.c. Private to them. Row by row; a stride is a row's. */
#ifndef PIQ_TRAIN_RECURRENT_PRODUCTS_H
#define PIQ_TRAIN_RECURRENT_PRODUCTS_H

#include "train/recurrent_grad.h"

#include <cblas.h>

typedef struct piq_matrix {
    const float *at;
    size_t stride;
} piq_matrix;

/* out[n][cols] = keep * out + x[n][inner] w[inner][cols]. */
static inline void piq_times(float *out, size_t n, size_t cols, size_t inner,
                             piq_matrix x, piq_matrix w, float keep)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)cols,
                (int)inner, 1, x.at, (int)x.stride, w.at, (int)w.stride, keep,
                out, (int)cols);
}

/* out[n][cols] = keep * out + x[n][inner] w[cols][inner]^T. */
static inline void piq_times_transposed(float *out, size_t n, size_t cols,
                                        size_t inner, piq_matrix x,
                                        piq_matrix w, float keep)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)cols,
                (int)inner, 1, x.at, (int)x.stride, w.at, (int)w.stride, keep,
                out, (int)cols);
}

/* grad[rows][cols] += x[n][rows]^T d[n][cols]. */
static inline void piq_add_outer(float *grad, size_t rows, size_t cols,
                                 size_t n, piq_matrix x, piq_matrix d)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)rows, (int)cols,
                (int)n, 1, x.at, (int)x.stride, d.at, (int)d.stride, 1, grad,
                (int)cols);
}

static inline size_t piq_pass_rows(const piq_recurrent_pass *p)
{
    return p->lanes * p->steps;
}

/* Of the inputs to the gates: both halves of a, s, right, wrong. */
static inline size_t piq_pass_in_width(const piq_recurrent *m)
{
    return 2 * (size_t)m->shape.embed + m->shape.side + 2;
}

static inline const float *piq_pass_block(const piq_recurrent_pass *p,
                                          piq_recurrent_block b)
{
    return p->weights + p->m->layout.at[b];
}

#endif
