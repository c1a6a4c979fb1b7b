#include "num/vector.h"

#include "base/status.h"
#include "num/vector_wide.h"

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

enum { LANES = PIQ_VECTOR_LANES, TWO = 2 * LANES, PANEL = PIQ_VECTOR_PANEL };
/* Loads and stores of these need no alignment and may alias floats. */
typedef float lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
typedef int ilanes
    __attribute__((vector_size(LANES * sizeof(int)), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* --- sums of products --------------------------------------------------- */

/* Outputs from..n_out += x[0] w[0] + .. + x[3] w[3], in that order. Four rows
 * of weights are read along, as memory likes it. */
INLINE void add_4_inputs(float *out, size_t from, size_t n_out, const float *x,
                         const float *w)
{
    for (size_t k = from; k < n_out; k += LANES) {
        lanes s = *(lanes *)(out + k);
        s += x[0] * *(const lanes *)(w + k);
        s += x[1] * *(const lanes *)(w + n_out + k);
        s += x[2] * *(const lanes *)(w + 2 * n_out + k);
        s += x[3] * *(const lanes *)(w + 3 * n_out + k);
        *(lanes *)(out + k) = s;
    }
}

WIDE static void affine(float *out, size_t from, size_t n_out, const float *x,
                        size_t n_in, const float *w)
{
    size_t j = 0;
    for (; j + 4 <= n_in; j += 4)
        add_4_inputs(out, from, n_out, x + j, w + j * n_out);
    for (; j < n_in; j++)
        for (size_t k = from; k < n_out; k += LANES)
            *(lanes *)(out + k) += x[j] * *(const lanes *)(w + j * n_out + k);
}

void piq_vector_affine(float *out, size_t n_out, const float *x, size_t n_in,
                       const float *w)
{
    PIQ_ASSERT(n_out % LANES == 0);
    size_t done = piq_wide_affine(out, n_out, x, n_in, w);
    if (done < n_out)
        affine(out, done, n_out, x, n_in, w);
}

/* Columns k, k + 1, .. of some inputs' weights. */
typedef struct panel {
    size_t first, n; /* inputs */
    size_t k;        /* the first output */
    float w[PANEL][TWO];
} panel;

/* Four rows, TWO outputs: a weight that was loaded serves four times. Rows may
 * be the same one: it is then worked out several times over, and alike. */
INLINE void add_panel(const panel *p, float *const out[4],
                      const float *const x[4])
{
    const float *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
    lanes *o0 = (lanes *)out[0], *o1 = (lanes *)out[1];
    lanes *o2 = (lanes *)out[2], *o3 = (lanes *)out[3];
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

INLINE void add_rows(const piq_vector_rows *r, const panel *p)
{
    for (size_t row = 0; row < r->n; row += 4) {
        float *out[4];
        const float *x[4];
        for (size_t i = 0; i < 4; i++) {
            size_t at = row + i < r->n ? row + i : r->n - 1;
            out[i] = r->out + at * r->out_stride + p->k;
            x[i] = r->x + at * r->x_stride + p->first;
        }
        add_panel(p, out, x);
    }
}

/* Outputs from..n_out, a multiple of TWO of them. */
WIDE static void affine_panels(const piq_vector_rows *r, size_t from,
                               size_t n_out, size_t n_in, const float *w)
{
    panel p;
    for (p.k = from; p.k + TWO <= n_out; p.k += TWO)
        for (p.first = 0; p.first < n_in; p.first += PANEL) {
            p.n = n_in - p.first < PANEL ? n_in - p.first : PANEL;
            for (size_t j = 0; j < p.n; j++)
                memcpy(p.w[j], w + (p.first + j) * n_out + p.k, sizeof p.w[j]);
            add_rows(r, &p);
        }
}

/* The last LANES outputs, where panels leave them. */
WIDE static void affine_rest(const piq_vector_rows *r, size_t n_out,
                             size_t n_in, const float *w)
{
    size_t k = n_out - LANES;
    for (size_t row = 0; row < r->n; row++) {
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
    if (rows->n == 1)
        piq_vector_affine(rows->out, n_out, rows->x, n_in, w);
    if (rows->n < 2)
        return;
    size_t done = piq_wide_affine_rows(rows, n_out, n_in, w);
    affine_panels(rows, done, n_out, n_in, w);
    if (n_out % TWO)
        affine_rest(rows, n_out, n_in, w);
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

/* e^x = 2^n e^r, n the whole number nearest to x / ln 2, |r| <= ln 2 / 2. */
INLINE void exp_of(lanes *x)
{
    hold(x, PIQ_EXP_LEAST, PIQ_EXP_MOST);
    lanes shifted = *x * PIQ_EXP_ONE_OVER_LN2 + PIQ_EXP_MAGIC;
    lanes n = shifted - PIQ_EXP_MAGIC;
    lanes r = *x - n * PIQ_EXP_LN2_HIGH;
    r = r - n * PIQ_EXP_LN2_LOW;
    lanes p = PIQ_EXP_C0 * r + PIQ_EXP_C1;
    p = p * r + PIQ_EXP_C2;
    p = p * r + PIQ_EXP_C3;
    p = p * r + PIQ_EXP_C4;
    p = p * r + PIQ_EXP_C5;
    p = p * (r * r) + r + 1.f;
    ilanes power = ((ilanes)shifted - (PIQ_EXP_MAGIC_BITS - 127)) << 23;
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

INLINE void rectify(lanes *x)
{
    *x = (lanes)((ilanes)*x & (ilanes)(*x > 0.f));
}

typedef void lanes_function(lanes *x);

/* What is left at the end goes through the same lanes, padded with zeros. */
INLINE void each(float *x, size_t n, lanes_function *f)
{
    size_t j = 0;
    for (; j + LANES <= n; j += LANES)
        f((lanes *)(x + j));
    if (j == n)
        return;
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
    size_t done = piq_wide_exp(x, n);
    exp_each(x + done, n - done);
}

void piq_vector_sigmoid(float *x, size_t n)
{
    size_t done = piq_wide_sigmoid(x, n);
    sigmoid_each(x + done, n - done);
}

void piq_vector_tanh(float *x, size_t n)
{
    size_t done = piq_wide_tanh(x, n);
    tanh_each(x + done, n - done);
}

WIDE static void rectify_each(float *x, size_t n)
{
    each(x, n, rectify);
}

void piq_vector_rectify(float *x, size_t n)
{
    rectify_each(x, n);
}
