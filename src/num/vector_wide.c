#include "num/vector_wide.h"

/* gcc contracts nothing under -std=c17; clang would. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

enum { LANES = 16, TWO = 2 * LANES, PANEL = PIQ_VECTOR_PANEL };

typedef float lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
typedef int ilanes
    __attribute__((vector_size(LANES * sizeof(int)), aligned(4), may_alias));

#define WIDE __attribute__((target("avx512f")))

static bool is_here(void)
{
    return __builtin_cpu_supports("avx512f");
}

/* --- sums of products ----------------------------------------------------- */

WIDE static inline void add_4_inputs(float *out, size_t n_out, size_t stride,
                                     const float *x, const float *w)
{
    for (size_t k = 0; k < n_out; k += LANES) {
        lanes s = *(lanes *)(out + k);
        s += x[0] * *(const lanes *)(w + k);
        s += x[1] * *(const lanes *)(w + stride + k);
        s += x[2] * *(const lanes *)(w + 2 * stride + k);
        s += x[3] * *(const lanes *)(w + 3 * stride + k);
        *(lanes *)(out + k) = s;
    }
}

/* n_out is a multiple of LANES. */
WIDE static void add_inputs(float *out, size_t n_out, size_t stride,
                            const float *x, size_t n_in, const float *w)
{
    size_t j = 0;
    for (; j + 4 <= n_in; j += 4)
        add_4_inputs(out, n_out, stride, x + j, w + j * stride);
    for (; j < n_in; j++)
        for (size_t k = 0; k < n_out; k += LANES)
            *(lanes *)(out + k) += x[j] * *(const lanes *)(w + j * stride + k);
}

size_t piq_wide_affine(float *out, size_t n_out, const float *x, size_t n_in,
                       const float *w)
{
    size_t done = is_here() ? n_out - n_out % LANES : 0;
    if (done)
        add_inputs(out, done, n_out, x, n_in, w);
    return done;
}

typedef struct panel {
    size_t first, n; /* inputs */
    size_t k;        /* the first output */
    _Alignas(64) float w[PANEL][TWO];
} panel;

/* Four rows, TWO outputs: a weight that was loaded serves four times. Rows may
 * be the same one: it is then worked out several times over, and alike. */
WIDE static inline void add_panel(const panel *p, float *const out[4],
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

WIDE static void add_rows(const piq_vector_rows *r, const panel *p)
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

WIDE static size_t add_panels(const piq_vector_rows *r, size_t n_out,
                              size_t n_in, const float *w)
{
    panel p;
    for (p.k = 0; p.k + TWO <= n_out; p.k += TWO)
        for (p.first = 0; p.first < n_in; p.first += PANEL) {
            p.n = n_in - p.first < PANEL ? n_in - p.first : PANEL;
            for (size_t j = 0; j < p.n; j++)
                memcpy(p.w[j], w + (p.first + j) * n_out + p.k, sizeof p.w[j]);
            add_rows(r, &p);
        }
    return p.k;
}

size_t piq_wide_affine_rows(const piq_vector_rows *rows, size_t n_out,
                            size_t n_in, const float *w)
{
    return is_here() ? add_panels(rows, n_out, n_in, w) : 0;
}

/* --- functions of one value ----------------------------------------------- */

/* As in vector.c, but for the bounds: of comparisons in such vectors gcc makes
 * single ones. The order of arguments lets NaN through. */
WIDE static inline lanes exp_of(lanes x)
{
    __m512 held = _mm512_max_ps(_mm512_set1_ps(PIQ_EXP_LEAST), (__m512)x);
    x = (lanes)_mm512_min_ps(_mm512_set1_ps(PIQ_EXP_MOST), held);
    lanes shifted = x * PIQ_EXP_ONE_OVER_LN2 + PIQ_EXP_MAGIC;
    lanes n = shifted - PIQ_EXP_MAGIC;
    lanes r = x - n * PIQ_EXP_LN2_HIGH;
    r = r - n * PIQ_EXP_LN2_LOW;
    lanes p = PIQ_EXP_C0 * r + PIQ_EXP_C1;
    p = p * r + PIQ_EXP_C2;
    p = p * r + PIQ_EXP_C3;
    p = p * r + PIQ_EXP_C4;
    p = p * r + PIQ_EXP_C5;
    p = p * (r * r) + r + 1.f;
    ilanes power = ((ilanes)shifted - (PIQ_EXP_MAGIC_BITS - 127)) << 23;
    return p * (lanes)power;
}

WIDE static inline lanes sigmoid_of(lanes x)
{
    return 1.f / (1.f + exp_of(-x));
}

WIDE static size_t exp_each(float *x, size_t n)
{
    size_t j = 0;
    for (; j + LANES <= n; j += LANES)
        *(lanes *)(x + j) = exp_of(*(lanes *)(x + j));
    return j;
}

WIDE static size_t sigmoid_each(float *x, size_t n)
{
    size_t j = 0;
    for (; j + LANES <= n; j += LANES)
        *(lanes *)(x + j) = sigmoid_of(*(lanes *)(x + j));
    return j;
}

WIDE static size_t tanh_each(float *x, size_t n)
{
    size_t j = 0;
    for (; j + LANES <= n; j += LANES)
        *(lanes *)(x + j) = 2.f * sigmoid_of(2.f * *(lanes *)(x + j)) - 1.f;
    return j;
}

size_t piq_wide_exp(float *x, size_t n)
{
    return is_here() ? exp_each(x, n) : 0;
}

size_t piq_wide_sigmoid(float *x, size_t n)
{
    return is_here() ? sigmoid_each(x, n) : 0;
}

size_t piq_wide_tanh(float *x, size_t n)
{
    return is_here() ? tanh_each(x, n) : 0;
}

#else

size_t piq_wide_affine(float *out, size_t n_out, const float *x, size_t n_in,
                       const float *w)
{
    (void)out, (void)n_out, (void)x, (void)n_in, (void)w;
    return 0;
}

size_t piq_wide_affine_rows(const piq_vector_rows *rows, size_t n_out,
                            size_t n_in, const float *w)
{
    (void)rows, (void)n_out, (void)n_in, (void)w;
    return 0;
}

size_t piq_wide_exp(float *x, size_t n)
{
    (void)x, (void)n;
    return 0;
}

size_t piq_wide_sigmoid(float *x, size_t n)
{
    (void)x, (void)n;
    return 0;
}

size_t piq_wide_tanh(float *x, size_t n)
{
    (void)x, (void)n;
    return 0;
}

#endif
