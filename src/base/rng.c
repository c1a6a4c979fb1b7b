#include "base/rng.h"

#include "base/status.h"

#include <math.h>

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void piq_rng_seed(piq_rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        r->s[i] = z ^ (z >> 31);
    }
}

uint64_t piq_rng_u64(piq_rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double piq_rng_uniform(piq_rng *r)
{
    return (double)(piq_rng_u64(r) >> 11) * 0x1p-53;
}

double piq_rng_normal(piq_rng *r)
{
    /* Marsaglia's polar method. Its second number is thrown away: keeping it
     * would make the stream depend on who drew before. */
    for (;;) {
        double x = 2 * piq_rng_uniform(r) - 1;
        double y = 2 * piq_rng_uniform(r) - 1;
        double s = x * x + y * y;
        if (s > 0 && s < 1)
            return x * sqrt(-2 * log(s) / s);
    }
}

uint64_t piq_rng_below(piq_rng *r, uint64_t n)
{
    PIQ_ASSERT(n >= 1);
    /* 2^64 mod n values at the low end would come up once too often. */
    uint64_t skip = (0 - n) % n;
    uint64_t x;
    do
        x = piq_rng_u64(r);
    while (x < skip);
    return x % n;
}
