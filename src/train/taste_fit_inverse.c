/* Gauss and Jordan's sweeps, block by block (Goodnight 1979, The American
 * Statistician 33:149-158): with D the inverse of the pivot block and R its
 * block row,
 *     A_ij -= R_i' D R_j,  R -> D R,  pivot -> -D,
 * for each pivot in turn; after the last one stands -A^-1. As many products as
 * Cholesky's way, and every step is one set of products that are dealt to
 * threads strip by strip: the strips are the same however many threads. */
#include "train/taste_fit_inverse.h"

#include "base/arena.h"
#include "base/parallel.h"

#include <cblas.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* LAPACK, which comes with OpenBLAS, without its headers. */
void spotrf_(const char *uplo, const int *n, float *a, const int *lda,
             int *info);
void spotri_(const char *uplo, const int *n, float *a, const int *lda,
             int *info);

enum { BLOCK = 128, STRIP = 256, TILE = 32 };

typedef struct sweep {
    float *a;
    size_t n, stride;
    unsigned threads;
    size_t from, width; /* of the pivot block */
    float *pivot;       /* [BLOCK][BLOCK] D */
    float *row;         /* [BLOCK][n] R, then D R */
    float *times;       /* [BLOCK][n] */
} sweep;

/* D, whole; false: no inverse. */
static bool invert_pivot(sweep *s)
{
    int n = (int)s->width, lda = BLOCK, info = 0;
    for (size_t i = 0; i < s->width; i++)
        memcpy(s->pivot + i * BLOCK, s->a + (s->from + i) * s->stride + s->from,
               (i + 1) * sizeof(float));
    /* Row by row here is column by column there: our lower is its upper. */
    spotrf_("U", &n, s->pivot, &lda, &info);
    if (info == 0)
        spotri_("U", &n, s->pivot, &lda, &info);
    for (size_t i = 0; i < s->width; i++)
        for (size_t j = i + 1; j < s->width; j++)
            s->pivot[i * BLOCK + j] = s->pivot[j * BLOCK + i];
    return info == 0;
}

/* R from the lower half: what stands left of the pivot as it is, what stands
 * below it transposed. */
static void gather_row(sweep *s)
{
    for (size_t i = 0; i < s->width; i++) {
        float *row = s->row + i * s->n;
        memcpy(row, s->a + (s->from + i) * s->stride, s->from * sizeof(float));
        memset(row + s->from, 0, s->width * sizeof(float));
    }
    for (size_t j = s->from + s->width; j < s->n; j++)
        for (size_t i = 0; i < s->width; i++)
            s->row[i * s->n + j] = s->a[j * s->stride + s->from + i];
}

/* Strips of D R, every `threads`-th one. */
static void multiply_row(void *ctx, unsigned share)
{
    sweep *s = ctx;
    for (size_t at = 0, k = 0; at < s->n; at += STRIP, k++) {
        size_t width = s->n - at < STRIP ? s->n - at : STRIP;
        if (k % s->threads == share)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans,
                        (int)s->width, (int)width, (int)s->width, 1, s->pivot,
                        BLOCK, s->row + at, (int)s->n, 0, s->times + at,
                        (int)s->n);
    }
}

/* Strips of the lower half, every `threads`-th one. */
static void update(void *ctx, unsigned share)
{
    sweep *s = ctx;
    for (size_t at = 0, k = 0; at < s->n; at += BLOCK, k++) {
        size_t height = s->n - at < BLOCK ? s->n - at : BLOCK;
        if (k % s->threads != share || at == s->from)
            continue;
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)height,
                    (int)(at + height), (int)s->width, -1, s->row + at,
                    (int)s->n, s->times, (int)s->n, 1, s->a + at * s->stride,
                    (int)s->stride);
    }
}

static void put_row(sweep *s)
{
    for (size_t i = 0; i < s->width; i++) {
        float *row = s->a + (s->from + i) * s->stride;
        memcpy(row, s->times + i * s->n, s->from * sizeof(float));
        for (size_t j = 0; j < s->width; j++)
            row[s->from + j] = -s->pivot[i * BLOCK + j];
    }
    for (size_t j = s->from + s->width; j < s->n; j++)
        for (size_t i = 0; i < s->width; i++)
            s->a[j * s->stride + s->from + i] = s->times[i * s->n + j];
}

/* The sign of one tile of the lower half, and its mirror. */
static void turn_tile(sweep *s, size_t row, size_t column)
{
    for (size_t i = row; i < s->n && i < row + TILE; i++)
        for (size_t j = column; j <= i && j < column + TILE; j++) {
            float x = -s->a[i * s->stride + j];
            s->a[i * s->stride + j] = x;
            s->a[j * s->stride + i] = x;
        }
}

static void turn(sweep *s)
{
    for (size_t i = 0; i < s->n; i += TILE)
        for (size_t j = 0; j <= i; j += TILE)
            turn_tile(s, i, j);
}

static piq_status run(sweep *s)
{
    for (s->from = 0; s->from < s->n; s->from += BLOCK) {
        s->width = s->n - s->from < BLOCK ? s->n - s->from : BLOCK;
        if (!invert_pivot(s))
            return PIQ_EINVAL;
        gather_row(s);
        piq_parallel(s->threads, multiply_row, s);
        piq_parallel(s->threads, update, s);
        put_row(s);
    }
    turn(s);
    return PIQ_OK;
}

piq_status piq_taste_invert(float *a, size_t n, size_t stride, unsigned threads)
{
    PIQ_ASSERT(threads >= 1 && stride >= n);
    if (n == 0)
        return PIQ_OK;
    size_t floats = BLOCK * (BLOCK + 2 * n);
    float *room =
        piq_alloc_should_fail() ? NULL : calloc(floats, sizeof(float));
    if (!room)
        return PIQ_ENOMEM;
    sweep s = {.a = a,
               .n = n,
               .stride = stride,
               .threads = threads,
               .pivot = room,
               .row = room + BLOCK * BLOCK,
               .times = room + BLOCK * (BLOCK + n)};
    piq_status status = run(&s);
    free(room);
    return status;
}
