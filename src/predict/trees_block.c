#include "predict/trees_block.h"

#include <math.h>

enum { ROWS = PIQ_BINNED_ROWS, GROUP = PIQ_BINNED_GROUP };

#define INLINE static inline __attribute__((always_inline))

/* --- numbers to bytes ----------------------------------------------------- */

/* Where the bytes of a feature go; NULL: nowhere. */
typedef struct targets {
    int8_t *low, *high;
    int8_t above_all;
} targets;

INLINE targets targets_of(const piq_binned_feature *f, piq_trees_block *block)
{
    bool low = f->low != PIQ_BINNED_NO_COLUMN;
    bool high = f->high != PIQ_BINNED_NO_COLUMN;
    return (targets){
        .low = low ? block->columns[f->low].row : NULL,
        .high = high ? block->columns[f->high].row : NULL,
        .above_all = (int8_t)(f->n_splits + PIQ_BINNED_LOWEST),
    };
}

/* `count` of v's splits; none is below NaN. */
INLINE void put(const targets *to, size_t i, float v, unsigned count)
{
    int8_t byte = (int8_t)((int)count + PIQ_BINNED_LOWEST);
    if (to->low)
        to->low[i] = byte;
    if (to->high)
        to->high[i] = isnan(v) ? to->above_all : byte;
}

/* How many of n >= 1 ascending splits are at most v. Every v takes as many
 * steps: what a step found cannot be guessed. */
static unsigned count_below(const float *splits, unsigned n, float v)
{
    unsigned at = 0;
    while (n > 1) {
        unsigned half = n / 2;
        at += half * (v >= splits[at + half - 1]);
        n -= half;
    }
    return at + (v >= splits[at]);
}

static void bin_plain(const piq_binned_feature *f, const float *splits,
                      const float *x, size_t stride, size_t n,
                      piq_trees_block *block)
{
    targets to = targets_of(f, block);
    const float *sorted = splits + f->first_split + GROUP;
    for (size_t i = 0; i < n; i++) {
        float v = x[i * stride];
        put(&to, i, v, count_below(sorted, f->n_splits, v));
    }
}

/* --- trees ---------------------------------------------------------------- */

typedef float floats
    __attribute__((vector_size(4 * sizeof(float)), aligned(4), may_alias));
typedef double doubles
    __attribute__((vector_size(4 * sizeof(double)), aligned(8), may_alias));

/* Picked one by one: gathering them in one instruction takes longer. */
INLINE void add_leaves(const float *leaves, const piq_block_bytes *which,
                       double *sums)
{
    const uint8_t *k = (const uint8_t *)which->row;
    for (size_t i = 0; i < ROWS; i += 4) {
        floats four = {leaves[k[i]], leaves[k[i + 1]], leaves[k[i + 2]],
                       leaves[k[i + 3]]};
        *(doubles *)(sums + i) += __builtin_convertvector(four, doubles);
    }
}

typedef int8_t bytes __attribute__((vector_size(16), aligned(16), may_alias));

/* Vectors no wider than any machine has them: of wider ones gcc makes single
 * bytes. */
INLINE void choose_plain(const piq_binned_test *t, const piq_trees_block *b,
                         piq_block_bytes *out)
{
    const bytes *column = (const bytes *)&b->columns[t->column];
    const bytes *left = (const bytes *)&b->answers[t->left];
    const bytes *right = (const bytes *)&b->answers[t->right];
    bytes bound = t->bound - (bytes){0};
    for (size_t k = 0; k < ROWS / sizeof(bytes); k++) {
        bytes goes_left = column[k] < bound;
        ((bytes *)out)[k] = right[k] ^ ((left[k] ^ right[k]) & goes_left);
    }
}

static void add_plain(const piq_trees_binned *b, piq_trees_block *block,
                      double *sums)
{
    for (size_t i = 0; i < b->n_trees; i++) {
        const piq_binned_tree *tree = &b->trees[i];
        const piq_binned_test *test = b->tests + tree->first_test;
        piq_block_bytes *answer = &block->answers[PIQ_BLOCK_LEAF];
        for (size_t k = 0; k < tree->n_tests; k++)
            choose_plain(&test[k], block, ++answer);
        add_leaves(b->leaves + tree->first_leaf, answer, sums);
    }
}

static const piq_block_way plain = {bin_plain, add_plain};

/* --- wider ---------------------------------------------------------------- */

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2   __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw")))

/* How many of a group's splits are at most v. */
AVX2 static inline unsigned count_in_group(const float *group, __m256 v)
{
    __m256 a = _mm256_cmp_ps(v, _mm256_loadu_ps(group), _CMP_GE_OQ);
    __m256 b = _mm256_cmp_ps(v, _mm256_loadu_ps(group + GROUP / 2), _CMP_GE_OQ);
    unsigned mask = (unsigned)_mm256_movemask_ps(a) |
                    (unsigned)_mm256_movemask_ps(b) << GROUP / 2;
    return (unsigned)__builtin_popcount(mask);
}

/* The first group tells in which of the others v stands. */
AVX2 static void bin_avx2(const piq_binned_feature *f, const float *splits,
                          const float *x, size_t stride, size_t n,
                          piq_trees_block *block)
{
    targets to = targets_of(f, block);
    const float *first = splits + f->first_split;
    const float *groups = first + GROUP;
    for (size_t i = 0; i < n; i++) {
        __m256 v = _mm256_set1_ps(x[i * stride]);
        unsigned before = GROUP * count_in_group(first, v);
        put(&to, i, x[i * stride], before + count_in_group(groups + before, v));
    }
}

AVX2 static inline void choose_avx2(const piq_binned_test *t,
                                    const piq_trees_block *b,
                                    piq_block_bytes *out)
{
    const __m256i *column = (const __m256i *)&b->columns[t->column];
    const __m256i *left = (const __m256i *)&b->answers[t->left];
    const __m256i *right = (const __m256i *)&b->answers[t->right];
    __m256i bound = _mm256_set1_epi8(t->bound);
    for (size_t k = 0; k < ROWS / sizeof(__m256i); k++) {
        __m256i goes_left =
            _mm256_cmpgt_epi8(bound, _mm256_load_si256(&column[k]));
        _mm256_store_si256((__m256i *)out + k,
                           _mm256_blendv_epi8(_mm256_load_si256(&right[k]),
                                              _mm256_load_si256(&left[k]),
                                              goes_left));
    }
}

AVX2 static void add_avx2(const piq_trees_binned *b, piq_trees_block *block,
                          double *sums)
{
    for (size_t i = 0; i < b->n_trees; i++) {
        const piq_binned_tree *tree = &b->trees[i];
        const piq_binned_test *test = b->tests + tree->first_test;
        piq_block_bytes *answer = &block->answers[PIQ_BLOCK_LEAF];
        for (size_t k = 0; k < tree->n_tests; k++)
            choose_avx2(&test[k], block, ++answer);
        add_leaves(b->leaves + tree->first_leaf, answer, sums);
    }
}

AVX512 static inline void choose_avx512(const piq_binned_test *t,
                                        const piq_trees_block *b,
                                        piq_block_bytes *out)
{
    __m512i column = _mm512_load_si512(&b->columns[t->column]);
    __mmask64 goes_left =
        _mm512_cmplt_epi8_mask(column, _mm512_set1_epi8(t->bound));
    __m512i left = _mm512_load_si512(&b->answers[t->left]);
    __m512i right = _mm512_load_si512(&b->answers[t->right]);
    _mm512_store_si512(out, _mm512_mask_blend_epi8(goes_left, right, left));
}

AVX512 static void add_avx512(const piq_trees_binned *b, piq_trees_block *block,
                              double *sums)
{
    for (size_t i = 0; i < b->n_trees; i++) {
        const piq_binned_tree *tree = &b->trees[i];
        const piq_binned_test *test = b->tests + tree->first_test;
        piq_block_bytes *answer = &block->answers[PIQ_BLOCK_LEAF];
        for (size_t k = 0; k < tree->n_tests; k++)
            choose_avx512(&test[k], block, ++answer);
        add_leaves(b->leaves + tree->first_leaf, answer, sums);
    }
}

static const piq_block_way avx2 = {bin_avx2, add_avx2};
static const piq_block_way avx512 = {bin_avx2, add_avx512};

const piq_block_way *piq_trees_block_way(size_t k)
{
    bool wide =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
    bool widest = wide && __builtin_cpu_supports("avx512bw");
    switch (k) {
    case 0:
        return &plain;
    case 1:
        return wide ? &avx2 : NULL;
    case 2:
        return widest ? &avx512 : NULL;
    default:
        return NULL;
    }
}

#else

const piq_block_way *piq_trees_block_way(size_t k)
{
    return k == 0 ? &plain : NULL;
}

#endif

const piq_block_way *piq_trees_block_fastest(void)
{
    const piq_block_way *best = &plain;
    for (size_t k = 1; piq_trees_block_way(k); k++)
        best = piq_trees_block_way(k);
    return best;
}
