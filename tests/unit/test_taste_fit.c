/* Fitting tastes: the inverse, the ridge against an example by hand and against
 * what makes it the best, counts, weights, and the whole. threads:tsan */
#include "train/taste_fit.h"

#include "support/near.h"
#include "support/taste_world.h"
#include "train/taste_fit_cases.h"
#include "train/taste_fit_hear.h"
#include "train/taste_fit_inverse.h"
#include "train/taste_fit_maps.h"
#include "train/taste_fit_weights.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

static int one_thread(void **state)
{
    (void)state;
    openblas_set_num_threads(1);
    return 0;
}

/* ---- the inverse ------------------------------------------------------- */

/* R'R + I of a random R: symmetric, positive definite. */
static float *random_definite(size_t n, size_t stride)
{
    piq_rng r;
    piq_rng_seed(&r, n);
    float *a = calloc(n * stride, sizeof *a), *x = calloc(n * n, sizeof *x);
    for (size_t i = 0; i < n * n; i++)
        x[i] = (float)piq_rng_normal(&r);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = i == j;
            for (size_t k = 0; k < 12; k++)
                sum += (double)x[i * n + k % n] * (double)x[j * n + k % n];
            a[i * stride + j] = (float)sum;
        }
    free(x);
    return a;
}

static void check_inverse(size_t n, size_t stride)
{
    float *a = random_definite(n, stride);
    float *p = malloc(n * stride * sizeof *p), *q = malloc(n * stride * 4);
    memcpy(p, a, n * stride * sizeof *p);
    memcpy(q, a, n * stride * sizeof *q);
    assert_int_equal(piq_taste_invert(p, n, stride, 1), PIQ_OK);
    assert_int_equal(piq_taste_invert(q, n, stride, 3), PIQ_OK);
    assert_memory_equal(p, q, n * stride * sizeof *p);
    for (size_t i = 0; i < n; i += 1 + n / 20)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += (double)a[i * stride + k] * (double)p[k * stride + j];
            assert_near(sum, i == j, 2e-3);
            assert_true(p[i * stride + j] == p[j * stride + i]);
        }
    free(a);
    free(p);
    free(q);
}

static void test_invert__gives_the_inverse_with_any_threads(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 12, 127, 128, 129, 300};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        check_inverse(sizes[k], sizes[k] + k % 3);
    assert_int_equal(piq_taste_invert(NULL, 0, 0, 2), PIQ_OK);
}

static void test_invert__refuses_what_has_none(void **state)
{
    (void)state;
    float a[] = {1, 2, 2, 1}; /* determinant -3 */
    assert_int_equal(piq_taste_invert(a, 2, 2, 1), PIQ_EINVAL);
}

/* ---- maps -------------------------------------------------------------- */

typedef struct made {
    piq_arena a;
    piq_taste_set set;
    piq_taste_maps maps;
} made;

static void make(made *x, const piq_taste_log *log, piq_taste_asked asked,
                 unsigned threads)
{
    piq_arena_init(&x->a, 0);
    assert_int_equal(piq_taste_set_make(&x->a, log, &x->set, NULL), PIQ_OK);
    assert_int_equal(piq_taste_maps_new(log->n_items, &x->maps), PIQ_OK);
    assert_int_equal(piq_taste_maps_count(&x->maps, &x->set, asked, threads),
                     PIQ_OK);
}

static void unmake(made *x)
{
    piq_taste_maps_release(&x->maps);
    piq_arena_release(&x->a);
}

static double cell(const piq_taste_maps *m, const float *map, size_t j,
                   size_t i)
{
    return (double)map[j * m->stride + i];
}

static void test_ridge__is_what_it_is_by_hand(void **state)
{
    (void)state;
    const piq_taste_event list[] = {
        {0, 0, 0, 1}, {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 1, 1, 1}, {0, 2, 0, 1}};
    const piq_taste_log log = {
        .list = list, .n = 5, .n_learners = 3, .n_items = 2};
    made x;
    make(&x, &log, PIQ_TASTE_ANY, 1);
    assert_false(x.set.timed);
    /* Histories of 2, 2 and 1, mean 5/3: a product of a row of n counts
     * (n / mean)^-.5, (6/5)^-.5 = .912871 and (3/5)^-.5 = 1.290994. */
    assert_near(cell(&x.maps, x.maps.gram, 0, 0), 3.116736, 1e-5);
    assert_near(cell(&x.maps, x.maps.gram, 0, 1), 1.825742, 1e-5);
    assert_near(cell(&x.maps, x.maps.gram, 1, 1), 1.825742, 1e-5);
    /* Of two, ridge regression of one on the other, dropout 1/2 doubling the
     * diagonal: 1.825742 / (2 * 3.116736 + 1), / (2 * 1.825742 + 1). */
    assert_int_equal(piq_taste_maps_ridge(&x.maps, 1, 1), PIQ_OK);
    assert_near(cell(&x.maps, x.maps.ridge, 0, 1), .252402, 1e-5);
    assert_near(cell(&x.maps, x.maps.ridge, 1, 0), .392508, 1e-5);
    assert_near(cell(&x.maps, x.maps.ridge, 0, 0), 0, 0);
    assert_near(cell(&x.maps, x.maps.ridge, 1, 1), 0, 0);
    /* Both of two who had both; sqrt(3 * 2) + 20. */
    assert_near(cell(&x.maps, x.maps.next, 0, 1), 2 / (sqrt(6) + 20), 1e-6);
    /* (2 + 1 * 2/3) / (3 + 1), (2 + 1 * 3/3) / (2 + 1) */
    assert_near(cell(&x.maps, x.maps.begun, 0, 1), 2. / 3, 1e-6);
    assert_near(cell(&x.maps, x.maps.begun, 1, 0), 1, 1e-6);
    /* ln 4 and ln 3, standardised: two numbers are always +1 and -1. */
    assert_near((double)x.maps.popular[0], 1, 1e-4);
    assert_near((double)x.maps.popular[1], -1, 1e-4);
    unmake(&x);
}

/* Off the diagonal the slope of the loss is (G + L) B - G: nothing there, or
 * it would not be the best; on it B is held at 0. */
static void test_ridge__has_no_slope_and_no_diagonal(void **state)
{
    (void)state;
    piq_taste_log log = taste_world_log(4, 200, 150, 30, true);
    made x;
    make(&x, &log, PIQ_TASTE_ANY, 1);
    const double lambda = 70;
    assert_int_equal(piq_taste_maps_ridge(&x.maps, lambda, 2), PIQ_OK);
    const piq_taste_maps *m = &x.maps;
    for (size_t j = 0; j < 150; j++) {
        assert_near(cell(m, m->ridge, j, j), 0, 0);
        for (size_t i = 0; i < 150; i++) {
            double own = lambda + cell(m, m->gram, j, j);
            double slope = own * cell(m, m->ridge, j, i);
            for (size_t k = 0; k < 150; k++)
                slope += cell(m, m->gram, j, k) * cell(m, m->ridge, k, i);
            if (i != j)
                assert_near(slope, cell(m, m->gram, j, i), 2e-3);
        }
    }
    unmake(&x);
    free((void *)log.list);
}

static void test_maps__order_counts_only_forwards_when_later_is_asked(
    void **state)
{
    (void)state;
    const piq_taste_event list[] = {
        {10, 0, 2, 1}, {20, 0, 0, 1}, {30, 0, 1, 1}};
    const piq_taste_log log = {
        .list = list, .n = 3, .n_learners = 1, .n_items = 3};
    made x;
    make(&x, &log, PIQ_TASTE_LATER, 1);
    assert_true(x.set.timed);
    assert_int_equal(x.set.item[0], 2);
    /* One after the other: e^-.1 / (1 + 20); back: nothing. */
    assert_near(cell(&x.maps, x.maps.next, 2, 0), exp(-.1) / 21, 1e-6);
    assert_near(cell(&x.maps, x.maps.next, 2, 1), exp(-.2) / 21, 1e-6);
    assert_near(cell(&x.maps, x.maps.next, 0, 2), 0, 0);
    /* Begun with 2: all went on to 0. (1 + .3) / (1 + .3) */
    assert_near(cell(&x.maps, x.maps.begun, 2, 0), 1, 1e-6);
    assert_int_equal(piq_taste_maps_count(&x.maps, &x.set, PIQ_TASTE_ANY, 1),
                     PIQ_OK);
    assert_near(cell(&x.maps, x.maps.next, 0, 2), exp(-.1) / 21, 1e-6);
    unmake(&x);
}

static void test_maps__threads_change_no_bit(void **state)
{
    (void)state;
    piq_taste_log log = taste_world_log(9, 150, 90, 25, true);
    made one, three;
    make(&one, &log, PIQ_TASTE_LATER, 1);
    make(&three, &log, PIQ_TASTE_LATER, 3);
    size_t bytes = 90 * one.maps.stride * sizeof(float);
    assert_int_equal(piq_taste_maps_span(&one.maps, .4, 1, 1), PIQ_OK);
    assert_int_equal(piq_taste_maps_span(&three.maps, .4, 1, 3), PIQ_OK);
    piq_taste_maps_spread(&one.maps, 1);
    piq_taste_maps_spread(&three.maps, 3);
    assert_memory_equal(one.maps.gram, three.maps.gram, bytes);
    assert_memory_equal(one.maps.kin, three.maps.kin, bytes);
    assert_memory_equal(one.maps.next, three.maps.next, bytes);
    assert_memory_equal(one.maps.begun, three.maps.begun, bytes);
    assert_memory_equal(one.maps.low, three.maps.low, bytes);
    unmake(&one);
    unmake(&three);
    free((void *)log.list);
}

/* Two blocks of items that never meet: each learner's own block scores. */
static void test_low__keeps_to_the_main_directions(void **state)
{
    (void)state;
    enum { N = 64 };
    piq_taste_event list[40 * 16];
    size_t n = 0;
    for (uint32_t u = 0; u < 40; u++)
        for (uint32_t k = 0; k < 16; k++)
            list[n++] = (piq_taste_event){
                0, u, (u % 2) * (N / 2) + (u * 5 + k * 3) % (N / 2), 1};
    const piq_taste_log log = {
        .list = list, .n = n, .n_learners = 40, .n_items = N};
    made x;
    make(&x, &log, PIQ_TASTE_ANY, 1);
    assert_int_equal(piq_taste_maps_span(&x.maps, .4, 1, 1), PIQ_OK);
    piq_taste_maps_spread(&x.maps, 1);
    /* The last directions are still a mixture after a few rounds. */
    double own = 0, other = 0;
    for (size_t j = 0; j < N / 2; j++)
        for (size_t i = 0; i < N / 2; i++) {
            own += cell(&x.maps, x.maps.low, j, i);
            other += cell(&x.maps, x.maps.low, j, i + N / 2);
        }
    assert_true(fabs(other) < own / 20);
    assert_true(own > 1);
    unmake(&x);
}

/* ---- hearing ----------------------------------------------------------- */

/* By hand: the sum of a map over what is known of a case. */
static double said(const made *x, const piq_taste_cases *c,
                   const piq_taste_case *k, const float *map, size_t item)
{
    double sum = 0;
    for (size_t i = 0; i < k->n_known; i++) {
        uint32_t pick = c->picks[k->from + i];
        sum += sqrt((double)x->set.weight[pick]) *
               cell(&x->maps, map, x->set.item[pick], item);
    }
    return sum;
}

static void check_case(const made *x, const piq_taste_cases *c,
                       const piq_taste_case *k)
{
    size_t hidden = 0;
    assert_true(k->n_candidates > 0);
    for (size_t i = 0; i < k->n_candidates; i++) {
        const piq_taste_candidate *a = &k->candidates[i];
        assert_near((double)a->voice[PIQ_TASTE_RIDGE],
                    said(x, c, k, x->maps.ridge, a->item), 1e-4);
        assert_near((double)a->voice[PIQ_TASTE_LOW],
                    said(x, c, k, x->maps.low, a->item), 1e-4);
        assert_near((double)a->voice[PIQ_TASTE_VOICE_BEGUN],
                    said(x, c, k, x->maps.begun, a->item), 1e-4);
        hidden += a->hidden;
        assert_true(i == 0 || a->item > k->candidates[i - 1].item);
    }
    assert_true(hidden <= k->n_hidden);
    assert_true(k->variance[PIQ_TASTE_RIDGE] > 0);
}

/* 60 items, of which 64 would be candidates: all that are not known. */
static void test_hear__says_what_the_maps_say(void **state)
{
    (void)state;
    enum { ITEMS = 60 };
    piq_taste_log log = taste_world_log(5, 120, ITEMS, 20, true);
    made x;
    piq_taste_cases c;
    piq_taste_set left[PIQ_TASTE_ROUNDS];
    const float half_life[PIQ_TASTE_SUMS] = {0};
    make(&x, &log, PIQ_TASTE_LATER, 1);
    assert_int_equal(piq_taste_maps_ridge(&x.maps, 70, 1), PIQ_OK);
    assert_int_equal(piq_taste_maps_span(&x.maps, .4, 1, 1), PIQ_OK);
    piq_taste_maps_spread(&x.maps, 1);
    assert_int_equal(
        piq_taste_cases_make(&x.a, &x.set, PIQ_TASTE_LATER, 1, &c, left),
        PIQ_OK);
    assert_true(c.n_first > 20 && c.n > c.n_first);
    const piq_taste_hearing h = {&x.set, &x.maps, half_life, 2};
    float *ridge = piq_new(&x.a, float, c.n_first *x.maps.stride);
    piq_taste_hear_ridge(&c, &h, ridge);
    assert_int_equal(piq_taste_hear(&x.a, &c, &h, 0, ridge), PIQ_OK);
    assert_int_equal(piq_taste_hear(&x.a, &c, &h, 1, NULL), PIQ_OK);
    for (size_t i = 0; i < c.n; i++) {
        assert_int_equal(c.list[i].round, i >= c.n_first);
        assert_int_equal(c.list[i].n_candidates, ITEMS - c.list[i].n_known);
        check_case(&x, &c, &c.list[i]);
    }
    unmake(&x);
    free((void *)log.list);
}

/* ---- the set ----------------------------------------------------------- */

static void test_set__the_latest_of_a_pair_counts(void **state)
{
    (void)state;
    const piq_taste_event list[] = {
        {30, 0, 1, .6F}, {10, 0, 1, 1},    {20, 0, 0, 1}, {50, 0, 2, 1},
        {60, 0, 2, 0},   {40, 1, 0, -.5F}, {5, 1, 1, 1}};
    const piq_taste_log log = {
        .list = list, .n = 7, .n_learners = 2, .n_items = 3};
    piq_arena a;
    piq_taste_set s;
    piq_arena_init(&a, 0);
    assert_int_equal(piq_taste_set_make(&a, &log, &s, NULL), PIQ_OK);
    /* Learner 0: item 0 at 20, item 1 at 30 with .6; item 2 was dismissed.
     * Learner 1: item 1; item 0 was disliked. */
    assert_int_equal(s.n, 3);
    assert_int_equal(s.first[1], 2);
    assert_int_equal(s.item[0], 0);
    assert_int_equal(s.item[1], 1);
    assert_near((double)s.weight[1], .6, 1e-7);
    assert_int_equal(s.item[2], 1);
    piq_arena_release(&a);
}

static void test_fit__refuses_nonsense(void **state)
{
    (void)state;
    piq_taste *m = NULL;
    piq_err err = {0};
    const piq_taste_options o = piq_taste_option_defaults();
    const int64_t ids[] = {5, 5};
    piq_taste_event e[] = {{0, 0, 0, 1}};
    piq_taste_log log = {.list = e, .n = 1, .n_learners = 1, .n_items = 2};
    e[0].item = 2;
    assert_int_equal(piq_taste_fit(&log, &o, &m, &err), PIQ_EINVAL);
    e[0] = (piq_taste_event){0, 1, 0, 1};
    assert_int_equal(piq_taste_fit(&log, &o, &m, &err), PIQ_EINVAL);
    e[0] = (piq_taste_event){0, 0, 0, NAN};
    assert_int_equal(piq_taste_fit(&log, &o, &m, &err), PIQ_EINVAL);
    e[0].weight = 1;
    log.ids = ids;
    assert_int_equal(piq_taste_fit(&log, &o, &m, &err), PIQ_EINVAL);
    log.ids = NULL;
    log.n_items = PIQ_TASTE_MAX_ITEMS + 1;
    assert_int_equal(piq_taste_fit(&log, &o, &m, &err), PIQ_ELIMIT);
    assert_true(err.message[0]);
    assert_null(m);
}

/* ---- weights ----------------------------------------------------------- */

static void test_weights__move_only_when_it_is_sure(void **state)
{
    (void)state;
    double a[100] = {0}, b[100], gain;
    for (int i = 0; i < 100; i++)
        b[i] = i % 2 ? .01 : -.005; /* mean .0025, error .00075 */
    assert_true(piq_taste_is_better(a, b, 100, 2, &gain));
    assert_near(gain, .0025, 1e-12);
    assert_false(piq_taste_is_better(a, b, 100, 4, &gain));
    assert_false(piq_taste_is_better(b, a, 100, 0, &gain));
    assert_false(piq_taste_is_better(a, b, 8, 0, &gain)); /* too few */
    for (int i = 0; i < 100; i++)
        b[i] = 4e-4; /* sure, but too little */
    assert_false(piq_taste_is_better(a, b, 100, 2, &gain));
}

static void test_weights__new_learners_get_what_begins_like_this(void **state)
{
    (void)state;
    float fresh[PIQ_N_TASTE_PARTS], known[PIQ_N_TASTE_PARTS];
    piq_taste_default_weights(PIQ_TASTE_LATER, true, 1, fresh);
    piq_taste_default_weights(PIQ_TASTE_LATER, true, 100, known);
    assert_true(fresh[PIQ_TASTE_BEGUN] > fresh[PIQ_TASTE_LIKING]);
    assert_true(known[PIQ_TASTE_NEXT] > known[PIQ_TASTE_BEGUN]);
    piq_taste_default_weights(PIQ_TASTE_LATER, false, 100, known);
    assert_near((double)known[PIQ_TASTE_LATELY], 0, 0); /* without an order */
}

/* Ten of twenty in the first places: found 10 of 12. */
static void test_judge__ndcg_and_recall_by_hand(void **state)
{
    (void)state;
    piq_taste_best b = {.n = 0};
    /* Found at ranks 1, 3 and 12: given in another order. */
    for (int i = 20; i >= 1; i--)
        piq_taste_best_add(&b, -i, i == 1 || i == 3 || i == 12);
    piq_taste_quality q = piq_taste_judge(&b, 4);
    /* (1 + 1/log2 4) / (1 + 1/log2 3 + 1/log2 4 + 1/log2 5)
     * = 1.5 / 2.561606 = .585570; 3 of 4 among twenty */
    assert_near(q.ndcg, .585570, 1e-6);
    assert_near(q.recall, .75, 1e-12);
    assert_near(piq_taste_worth(q), .585570 + .375, 1e-6);
}

static void test_judge__the_first_of_equals_stays_first(void **state)
{
    (void)state;
    piq_taste_best b = {.n = 0};
    piq_taste_best_add(&b, 1, true);
    for (int i = 0; i < 30; i++)
        piq_taste_best_add(&b, 1, false);
    assert_int_equal(b.n, PIQ_TASTE_SHOWN);
    assert_true(b.hidden[0]);
    assert_near(piq_taste_judge(&b, 1).ndcg, 1, 0);
}

/* ---- the whole --------------------------------------------------------- */

static void test_fit__same_bits_whatever_the_threads(void **state)
{
    (void)state;
    piq_taste_log log = taste_world_log(3, 200, 60, 20, true);
    for (int asked = 0; asked < 2; asked++) {
        piq_str bytes[2];
        for (unsigned k = 0; k < 2; k++) {
            piq_taste *m;
            const piq_taste_options o = {(piq_taste_asked)asked, 7, 1 + 2 * k};
            assert_int_equal(piq_taste_fit(&log, &o, &m, NULL), PIQ_OK);
            bytes[k] = taste_world_bytes(m);
            piq_taste_free(m);
        }
        assert_int_equal(bytes[0].len, bytes[1].len);
        assert_memory_equal(bytes[0].ptr, bytes[1].ptr, bytes[0].len);
        free((void *)bytes[0].ptr);
        free((void *)bytes[1].ptr);
    }
    free((void *)log.list);
}

static void test_fit__finds_the_kind_that_a_learner_keeps_to(void **state)
{
    (void)state;
    piq_taste_log log = taste_world_log(3, 300, 40, 15, true);
    piq_taste *m = taste_world_fitted(&log, PIQ_TASTE_LATER);
    float scores[48];
    for (uint32_t kind = 0; kind < 4; kind++) {
        piq_taste_entry history[3];
        double own = 0, other = 0;
        for (uint32_t k = 0; k < 3; k++)
            history[k] = (piq_taste_entry){k + 1, kind + 4 * (k + 1), 1};
        piq_taste_scores_of(m, history, 3, scores);
        for (uint32_t i = 16; i < 40; i++)
            *(i % 4 == kind ? &own : &other) +=
                (double)scores[i] / (i % 4 == kind ? 6 : 18);
        assert_true(own > other + .5);
    }
    assert_int_equal(piq_taste_about_of(m)->n_learners, 300);
    assert_true(piq_taste_about_of(m)->valid_ndcg > .1);
    piq_taste_free(m);
    free((void *)log.list);
}

static void test_fit__little_or_nothing_is_no_failure(void **state)
{
    (void)state;
    const piq_taste_event one[] = {{5, 0, 1, 1}};
    for (uint32_t items = 0; items < 6; items += 2)
        for (size_t n = 0; n < 2 && (n == 0 || items); n++)
            for (int asked = 0; asked < 2; asked++) {
                const piq_taste_log log = {
                    .list = one, .n = n, .n_learners = 1, .n_items = items};
                piq_taste *m = taste_world_fitted(&log, (piq_taste_asked)asked);
                float scores[16];
                piq_taste_scores_of(m, NULL, 0, scores);
                for (uint32_t i = 0; i < items; i++)
                    assert_true(isfinite((double)scores[i]));
                assert_true(isnan(piq_taste_about_of(m)->valid_ndcg));
                piq_taste_free(m);
            }
}

/* Items 36 .. 39 are new; 36 shares its concept with those of kind 0. */
static void test_fit__a_new_item_takes_its_place_from_its_concepts(void **state)
{
    (void)state;
    enum { N = 40 };
    piq_taste_log log = taste_world_log(8, 400, N - 4, 15, true);
    size_t first[N + 1];
    uint32_t concept[N];
    float weight[N], scores[48];
    for (uint32_t i = 0; i < N; i++) {
        first[i] = i;
        concept[i] = i == N - 1 ? 77 : i % 4; /* 39: like no other */
        weight[i] = 1;
    }
    first[N] = N;
    const piq_taste_concepts c = {first, concept, weight};
    log.n_items = N;
    for (int with = 0; with < 2; with++) {
        log.concepts = with ? &c : NULL;
        piq_taste *m = taste_world_fitted(&log, PIQ_TASTE_LATER);
        const piq_taste_entry history[] = {{1, 0, 1}, {2, 4, 1}, {3, 8, 1}};
        piq_taste_scores_of(m, history, 3, scores);
        assert_int_equal(m->seen[36], 0);
        if (with)
            assert_true(scores[36] > scores[37] + .2F &&
                        scores[36] > scores[38] + .2F &&
                        scores[36] > scores[39] + .2F);
        else
            assert_near((double)scores[36], (double)scores[37], .05);
        piq_taste_free(m);
    }
    free((void *)log.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invert__gives_the_inverse_with_any_threads),
        cmocka_unit_test(test_invert__refuses_what_has_none),
        cmocka_unit_test(test_ridge__is_what_it_is_by_hand),
        cmocka_unit_test(test_ridge__has_no_slope_and_no_diagonal),
        cmocka_unit_test(
            test_maps__order_counts_only_forwards_when_later_is_asked),
        cmocka_unit_test(test_maps__threads_change_no_bit),
        cmocka_unit_test(test_low__keeps_to_the_main_directions),
        cmocka_unit_test(test_hear__says_what_the_maps_say),
        cmocka_unit_test(test_set__the_latest_of_a_pair_counts),
        cmocka_unit_test(test_fit__refuses_nonsense),
        cmocka_unit_test(test_weights__move_only_when_it_is_sure),
        cmocka_unit_test(test_weights__new_learners_get_what_begins_like_this),
        cmocka_unit_test(test_judge__ndcg_and_recall_by_hand),
        cmocka_unit_test(test_judge__the_first_of_equals_stays_first),
        cmocka_unit_test(test_fit__same_bits_whatever_the_threads),
        cmocka_unit_test(test_fit__finds_the_kind_that_a_learner_keeps_to),
        cmocka_unit_test(test_fit__little_or_nothing_is_no_failure),
        cmocka_unit_test(
            test_fit__a_new_item_takes_its_place_from_its_concepts),
    };
    return cmocka_run_group_tests(tests, one_thread, NULL);
}
