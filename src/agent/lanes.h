/* lanes.h - numbers of all scenes side by side, four to a vector.
 *
 * Vector types of gcc and clang; no instruction beyond what every 64-bit
 * machine has is asked for. exp2, log2 and sigmoid are good enough for trying
 * paths: relative error below 1e-4 (the sigmoid: absolute, .012), checked by
 * tests/unit/test_agent_scene.c. Pure.
 */
#ifndef PIQ_AGENT_LANES_H
#define PIQ_AGENT_LANES_H

#include <stddef.h>
#include <stdint.h>

enum { PIQ_LANES_EACH = 4, PIQ_SCENES = 24, PIQ_VECTORS = 6 };

typedef float piq_vec __attribute__((vector_size(16)));
typedef int32_t piq_vec_int __attribute__((vector_size(16)));

/* One number of each scene. */
typedef struct piq_lanes {
    piq_vec v[PIQ_VECTORS];
} piq_lanes;

static inline void piq_lane_set(piq_lanes *x, size_t scene, double value)
{
    x->v[scene / PIQ_LANES_EACH][scene % PIQ_LANES_EACH] = (float)value;
}

static inline float piq_lane_get(const piq_lanes *x, size_t scene)
{
    return x->v[scene / PIQ_LANES_EACH][scene % PIQ_LANES_EACH];
}

static inline double piq_lanes_sum(const piq_lanes *x)
{
    piq_vec sum = x->v[0];
    for (size_t i = 1; i < PIQ_VECTORS; i++)
        sum += x->v[i];
    return (double)sum[0] + (double)sum[1] + (double)sum[2] + (double)sum[3];
}

static inline piq_vec piq_vec_of(float x)
{
    return (piq_vec){x, x, x, x};
}

/* a where the mask is set, else b. */
static inline piq_vec piq_vec_pick(piq_vec_int mask, piq_vec a, piq_vec b)
{
    return (piq_vec)((mask & (piq_vec_int)a) | (~mask & (piq_vec_int)b));
}

static inline piq_vec piq_vec_max(piq_vec a, piq_vec b)
{
    return piq_vec_pick(a > b, a, b);
}

static inline piq_vec piq_vec_min(piq_vec a, piq_vec b)
{
    return piq_vec_pick(a < b, a, b);
}

/* x > 0 and finite. From x = 2^e m, y = (m - 1) / (m + 1):
 * log2 m = 2 / ln 2 (y + y^3/3 + y^5/5 + y^7/7 + ..). */
static inline piq_vec piq_vec_log2(piq_vec x)
{
    piq_vec_int bits = (piq_vec_int)x;
    piq_vec e = __builtin_convertvector((bits >> 23) - 127, piq_vec);
    piq_vec m = (piq_vec)((bits & 0x7fffff) | 0x3f800000);
    piq_vec y = (m - 1.0f) / (m + 1.0f), z = y * y;
    return e +
           2.8853901f * y * (1.0f + z * (1.0f / 3.0f + z * (0.2f + z / 7.0f)));
}

/* x is clamped to -60 .. 60. Series of e^(f ln 2) in the fraction f. */
static inline piq_vec piq_vec_exp2(piq_vec x)
{
    x = piq_vec_max(piq_vec_min(x, piq_vec_of(60.0f)), piq_vec_of(-60.0f));
    piq_vec_int whole = __builtin_convertvector(x + 64.0f, piq_vec_int) - 64;
    piq_vec f = x - __builtin_convertvector(whole, piq_vec);
    f *= 0.69314718f;
    piq_vec p = 1.0f / 24.0f + f * (1.0f / 120.0f + f * (1.0f / 720.0f));
    p = 1.0f + f * (1.0f + f * (0.5f + f * (1.0f / 6.0f + f * p)));
    return p * (piq_vec)((whole + 127) << 23);
}

/* 1 / (1 + e^-x) by the rational form of tanh, y (27 + y^2) / (27 + 9 y^2)
 * for y = x / 2 within -3 .. 3. */
static inline piq_vec piq_vec_sigmoid(piq_vec x)
{
    piq_vec y =
        piq_vec_max(piq_vec_min(0.5f * x, piq_vec_of(3.0f)), piq_vec_of(-3.0f));
    return 0.5f + 0.5f * y * (27.0f + y * y) / (27.0f + 9.0f * y * y);
}

#endif
