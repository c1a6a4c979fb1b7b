/* rng.h - seeded random numbers: xoshiro256** (Blackman & Vigna 2018), state
 * filled by splitmix64. Same seed, same numbers, on every machine. Not for
 * secrets. One per thread. */
#ifndef PIQ_BASE_RNG_H
#define PIQ_BASE_RNG_H

#include <stdint.h>

typedef struct piq_rng {
    uint64_t s[4];
} piq_rng;

void piq_rng_seed(piq_rng *r, uint64_t seed);
uint64_t piq_rng_u64(piq_rng *r);
double piq_rng_uniform(piq_rng *r); /* [0,1), 53 bits */
double piq_rng_normal(piq_rng *r);  /* mean 0, sd 1; polar method */
/* Uniform in [0,n), n >= 1, without modulo bias. */
uint64_t piq_rng_below(piq_rng *r, uint64_t n);

#endif
