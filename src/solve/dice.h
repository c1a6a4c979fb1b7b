/* dice.h - random numbers for the inner loop. Private to solve/.
 *
 * A 64-bit linear congruence with permuted output (PCG32, O'Neill 2014), in
 * the header so that it is inlined: a repair asks for one number a candidate.
 */
#ifndef PIQ_SOLVE_DICE_H
#define PIQ_SOLVE_DICE_H

#include <stddef.h>
#include <stdint.h>

typedef struct piq_solve_dice {
    uint64_t state;
} piq_solve_dice;

static inline uint32_t piq_solve_roll(piq_solve_dice *d)
{
    uint64_t old = d->state;
    d->state =
        old * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t turn = (uint32_t)(old >> 59);
    return (mixed >> turn) | (mixed << ((32 - turn) & 31));
}

/* In [0,n), 1 <= n < 2^32; uneven by n / 2^32. */
static inline uint32_t piq_solve_below(piq_solve_dice *d, size_t n)
{
    return (uint32_t)(((uint64_t)piq_solve_roll(d) * n) >> 32);
}

/* In low..high, both of them. */
static inline int piq_solve_between(piq_solve_dice *d, int low, int high)
{
    return low + (int)piq_solve_below(d, (size_t)high - (size_t)low + 1);
}

/* In [0,1), 32 bits. */
static inline double piq_solve_unit(piq_solve_dice *d)
{
    return piq_solve_roll(d) * 0x1p-32;
}

#endif
