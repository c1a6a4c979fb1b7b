#include "predict/trees_walk.h"

/* A walk at its leaf stays there. The leaf's test is folded into the step, for
 * a branch would be guessed wrong at every other leaf. */
void piq_trees_walk_plain(const piq_tree_node *nodes, const float *x,
                          const uint32_t row[PIQ_WALKS], uint32_t at[PIQ_WALKS])
{
    for (unsigned walking = 1; walking;) {
        walking = 0;
        for (size_t k = 0; k < PIQ_WALKS; k++) {
            const piq_tree_node *node = &nodes[at[k]];
            unsigned inner = node->feature != PIQ_TREE_LEAF;
            float v = x[row[k] + (inner ? node->feature : 0)];
            unsigned missing = v != v, left = v < node->split;
            uint32_t next = node->left + !(left | (missing & node->nan_left));
            at[k] = inner ? next : at[k];
            walking |= inner;
        }
    }
}

#if defined(__x86_64__)

#include <immintrin.h>
#include <stddef.h>

/* A node is four words: split, column and flag (and nothing), left, cover. */
enum { NODE_WORDS = 4, META = 1, LEFT = 2, LANES = 8 };
_Static_assert(sizeof(piq_tree_node) == sizeof(int[NODE_WORDS]) &&
                   offsetof(piq_tree_node, split) == 0 &&
                   offsetof(piq_tree_node, left) == sizeof(int[LEFT]),
               "the walk reads nodes as words");

/* One step of eight walks; at4 are places in words. All ones where a walk was
 * at its leaf. */
__attribute__((target("avx2"))) static inline __m256i step(const int *words,
                                                           const float *x,
                                                           __m256i row,
                                                           __m256i *at4)
{
    __m256i meta = _mm256_i32gather_epi32(words + META, *at4, 4);
    __m256i column = _mm256_and_si256(meta, _mm256_set1_epi32(PIQ_TREE_LEAF));
    __m256i leaf = _mm256_cmpeq_epi32(column, _mm256_set1_epi32(PIQ_TREE_LEAF));
    __m256 split = _mm256_i32gather_ps((const float *)words, *at4, 4);
    __m256i left = _mm256_i32gather_epi32(words + LEFT, *at4, 4);
    __m256i from = _mm256_add_epi32(row, _mm256_andnot_si256(leaf, column));
    __m256 v = _mm256_i32gather_ps(x, from, 4);
    /* The flag is the 16th bit: up to the sign, whose mask is taken. */
    __m256 flag =
        _mm256_castsi256_ps(_mm256_srai_epi32(_mm256_slli_epi32(meta, 16), 31));
    __m256 missing = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
    __m256 is_left = _mm256_or_ps(_mm256_cmp_ps(v, split, _CMP_LT_OQ),
                                  _mm256_and_ps(missing, flag));
    /* left, or left + 1: a mask of ones is -1. */
    __m256i next =
        _mm256_add_epi32(_mm256_add_epi32(left, _mm256_set1_epi32(1)),
                         _mm256_castps_si256(is_left));
    *at4 = _mm256_blendv_epi8(_mm256_slli_epi32(next, 2), *at4, leaf);
    return leaf;
}

__attribute__((target("avx2"))) static void walk_avx2(
    const piq_tree_node *nodes, const float *x, const uint32_t row[PIQ_WALKS],
    uint32_t at[PIQ_WALKS])
{
    enum { GROUPS = PIQ_WALKS / LANES };
    const int *words = (const int *)(const void *)nodes;
    __m256i rows[GROUPS], at4[GROUPS];
    for (size_t g = 0; g < GROUPS; g++) {
        rows[g] = _mm256_loadu_si256((const __m256i *)(row + LANES * g));
        at4[g] = _mm256_slli_epi32(
            _mm256_loadu_si256((const __m256i *)(at + LANES * g)), 2);
    }
    for (;;) {
        __m256i leaves = step(words, x, rows[0], &at4[0]);
        for (size_t g = 1; g < GROUPS; g++)
            leaves = _mm256_and_si256(leaves, step(words, x, rows[g], &at4[g]));
        if (_mm256_movemask_epi8(leaves) == -1)
            break;
    }
    for (size_t g = 0; g < GROUPS; g++)
        _mm256_storeu_si256((__m256i *)(at + LANES * g),
                            _mm256_srli_epi32(at4[g], 2));
}

piq_trees_walker piq_trees_walker_here(size_t n_nodes)
{
    bool places_fit = n_nodes <= (size_t)INT32_MAX / NODE_WORDS;
    return places_fit && __builtin_cpu_supports("avx2") ? walk_avx2
                                                        : piq_trees_walk_plain;
}

#else

piq_trees_walker piq_trees_walker_here(size_t n_nodes)
{
    (void)n_nodes;
    return piq_trees_walk_plain;
}

#endif
