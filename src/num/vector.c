#include "num/vector.h"

#include "base/status.h"

#include <string.h>

/* gcc contracts nothing under -std=c17; clang would. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

/* Copies of the hot functions for wider vectors, chosen when the program is
 * loaded. Not under sanitizers: the choice runs before they are ready. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PLAIN_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
    __has_feature(memory_sanitizer)
#define PLAIN_BUILD 1
#endif
#endif
#if defined(__x86_64__) && defined(__ELF__) && !defined(PLAIN_BUILD)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

enum {
    LANES = PIQ_VECTOR_LANES,
    TWO = 2 * LANES,
    PANEL = 128 /* inputs of a panel: 8 KiB */
};
/* Loads and stores of these need no alignment and may alias floats. */
typedef float lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
typedef int ilanes
    __attribute__((vector_size(LANES * sizeof(int)), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* --- sums of products --------------------------------------------------- */

/* out += x[0] w[0] + .. + x[3] w[3], in that order. Four rows of weights are
 * read along, as memory likes it. */
INLINE void add_4_inputs(float *out, size_t n_out, const float *x,
                         const float *w)
{
    for (size_t k = 0; k < n_out; k += LANES) {
        lanes s = *(lanes *)(out + k);
        s += x[0] * *(const lanes *)(w + k);
        s += x[1] * *(const lanes *)(w + n_out + k);
        s += x[2] * *(const lanes *)(w + 2 * n_out + k);
        s += x[3] * *(const lanes *)(w + 3 * n_out + k);
        *(lanes *)(out + k) = s;
    }
}

WIDE static void affine(float *out, size_t n_out, const float *x, size_t n_in,
                        const float *w)
{
    size_t j = 0;
    for (; j + 4 <= n_in; j += 4)
        add_4_inputs(out, n_out, x + j, w + j * n_out);
    for (; j < n_in; j++)
        for (size_t k = 0; k < n_out; k += LANES)
            *(lanes *)(out + k) += x[j] * *(const lanes *)(w + j * n_out + k);
}

void piq_vector_affine(float *out, size_t n_out, const float *x, size_t n_in,
                       const float *w)
{
    PIQ_ASSERT(n_out % LANES == 0);
    affine(out, n_out, x, n_in, w);
}

/* Columns k, k + 1, .. of some inputs' weights, side by side: rows of a wide
 * matrix lie so far apart that they push one another out of the cache. */
typedef struct panel {
    size_t first, n; /* inputs */
    size_t k;        /* the first output */
    float w[PANEL][TWO];
} panel;

/* Four rows, TWO outputs: a weight that was loaded serves four times. */
INLINE void add_panel(const piq_vector_rows *r, size_t row, const panel *p)
{
    const float *x0 = r->x + row * r->x_stride + p->first;
    const float *x1 = x0 + r->x_stride;
    const float *x2 = x1 + r->x_stride;
    const float *x3 = x2 + r->x_stride;
    lanes *o0 = (lanes *)(r->out + row * r->out_stride + p->k);
    lanes *o1 = (lanes *)(r->out + (row + 1) * r->out_stride + p->k);
    lanes *o2 = (lanes *)(r->out + (row + 2) * r->out_stride + p->k);
    lanes *o3 = (lanes *)(r->out + (row + 3) * r->out_stride + p->k);
    lanes a0 = o0[0], b0 = o0[1];
    lanes a1 = o1[0], b1 = o1[1];
    lanes a2 = o2[0], b2 = o2[1];
    lanes a3 = o3[0], b3 = o3[1];
    for (size_t j = 0; j < p->n; j++) {
        lanes v = ((const lanes *)p->w[j])[0];
        lanes u = ((const lanes *)p->w[j])[1];
        a0 += x0[j] * v;
        b0 += x0[j] * u;
        a1 += x1[j] * v;
        b1 += x1[j] * u;
        a2 += x2[j] * v;
        b2 += x2[j] * u;
        a3 += x3[j] * v;
        b3 += x3[j] * u;
    }
    o0[0] = a0, o0[1] = b0;
    o1[0] = a1, o1[1] = b1;
    o2[0] = a2, o2[1] = b2;
    o3[0] = a3, o3[1] = b3;
}

/* The multiple of four rows that there are, the multiple of TWO outputs. */
WIDE static void affine_panels(const piq_vector_rows *r, size_t n_out,
                               size_t n_in, const float *w)
{
    panel p;
    for (p.k = 0; p.k + TWO <= n_out; p.k += TWO)
        for (p.first = 0; p.first < n_in; p.first += PANEL) {
            p.n = n_in - p.first < PANEL ? n_in - p.first : PANEL;
            for (size_t j = 0; j < p.n; j++)
                memcpy(p.w[j], w + (p.first + j) * n_out + p.k, sizeof p.w[j]);
            for (size_t row = 0; row + 4 <= r->n; row += 4)
                add_panel(r, row, &p);
        }
}

/* The LANES outputs that panels leave. */
WIDE static void affine_rest(const piq_vector_rows *r, size_t n_out,
                             size_t n_in, const float *w)
{
    size_t k = n_out - LANES;
    for (size_t row = 0; row + r->n % 4 < r->n; row++) {
        lanes *out = (lanes *)(r->out + row * r->out_stride + k);
        lanes s = *out;
        for (size_t j = 0; j < n_in; j++)
            s += r->x[row * r->x_stride + j] *
                 *(const lanes *)(w + j * n_out + k);
        *out = s;
    }
}

void piq_vector_affine_rows(const piq_vector_rows *rows, size_t n_out,
                            size_t n_in, const float *w)
{
    PIQ_ASSERT(n_out % LANES == 0);
    if (rows->n >= 4)
        affine_panels(rows, n_out, n_in, w);
    if (n_out % TWO)
        affine_rest(rows, n_out, n_in, w);
    for (size_t row = rows->n - rows->n % 4; row < rows->n; row++)
        affine(rows->out + row * rows->out_stride, n_out,
               rows->x + row * rows->x_stride, n_in, w);
}

WIDE static float dot(const float *x, const float *y, size_t n)
{
    lanes s = {0};
    size_t j = 0;
    for (; j + LANES <= n; j += LANES)
        s += *(const lanes *)(x + j) * *(const lanes *)(y + j);
    for (size_t k = 0; j + k < n; k++)
        s[k] += x[j + k] * y[j + k];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

float piq_vector_dot(const float *x, const float *y, size_t n)
{
    return dot(x, y, n);
}

WIDE static void add(float *out, float scale, const float *x, size_t n)
{
    size_t j = 0;
    for (; j + LANES <= n; j += LANES)
        *(lanes *)(out + j) += scale * *(const lanes *)(x + j);
    for (; j < n; j++)
        out[j] += scale * x[j];
}

void piq_vector_add(float *out, float scale, const float *x, size_t n)
{
    add(out, scale, x, n);
}

/* --- functions of one value --------------------------------------------- */

/* Through pointers, because passing vectors by value has another convention on
 * a machine without AVX. */

/* x where it is at most `high` and at least `low`, else the bound. */
INLINE void hold(lanes *x, float low, float high)
{
    ilanes under = *x < low;
    ilanes over = *x > high;
    lanes l = low - (lanes){0};
    lanes h = high - (lanes){0};
    *x = (lanes)(((ilanes)*x & ~under & ~over) | ((ilanes)l & under) |
                 ((ilanes)h & over));
}

/* e^x = 2^n e^r, n the whole number nearest to x / ln 2, |r| <= ln 2 / 2.
 * Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits. */
INLINE void exp_of(lanes *x)
{
    const float magic = 12582912.f;
    hold(x, -87.f, 88.f);
    lanes shifted = *x * 1.44269504088896341f + magic;
    lanes n = shifted - magic;
    lanes r = *x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    lanes p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.f;
    ilanes power = ((ilanes)shifted - (0x4b400000 - 127)) << 23;
    *x = p * (lanes)power;
}

INLINE void sigmoid_of(lanes *x)
{
    *x = -*x;
    exp_of(x);
    *x = 1.f / (1.f + *x);
}

INLINE void tanh_of(lanes *x)
{
    *x = 2.f * *x;
    sigmoid_of(x);
    *x = 2.f * *x - 1.f;
}

typedef void lanes_function(lanes *x);

/* What is left at the end goes through the same lanes, padded with zeros. */
INLINE void each(float *x, size_t n, lanes_function *f)
{
    size_t j = 0;
    for (; j + LANES <= n; j += LANES)
        f((lanes *)(x + j));
    lanes rest = {0};
    memcpy(&rest, x + j, (n - j) * sizeof *x);
    f(&rest);
    memcpy(x + j, &rest, (n - j) * sizeof *x);
}

WIDE static void exp_each(float *x, size_t n)
{
    each(x, n, exp_of);
}

WIDE static void sigmoid_each(float *x, size_t n)
{
    each(x, n, sigmoid_of);
}

WIDE static void tanh_each(float *x, size_t n)
{
    each(x, n, tanh_of);
}

void piq_vector_exp(float *x, size_t n)
{
    exp_each(x, n);
}

void piq_vector_sigmoid(float *x, size_t n)
{
    sigmoid_each(x, n);
}

void piq_vector_tanh(float *x, size_t n)
{
    tanh_each(x, n);
}
