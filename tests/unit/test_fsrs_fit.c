/* From cards to parameters: items and outliers, first stabilities, the fit;
 * by hand, and against fsrs-rs on real review logs. */
#include "train/fsrs_fit.h"

#include "support/near.h"
#include "support/review_cards.h"
#include "train/fsrs_grad.h"
#include "train/fsrs_initial.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { N = PIQ_FSRS_N_PARAMS };

/* ---- items ------------------------------------------------------------- */

static void test_fsrs_items__same_day_reviews_are_no_items(void **state)
{
    (void)state;
    piq_arena a;
    piq_fsrs_items x;
    piq_arena_init(&a, 0);
    const size_t first[] = {0, 5, 6};
    const piq_fsrs_review reviews[] = {{10, 0, 3}, {20, 0, 3}, {30, 2, 1},
                                       {40, 0, 3}, {50, 1, 4}, {15, 0, 2}};
    const piq_fsrs_cards c = {2, first, reviews};
    assert_int_equal(piq_fsrs_items_of(&a, &c, true, &x), PIQ_OK);
    assert_int_equal(x.n, 2);
    assert_int_equal(x.n_initial, 1);
    /* The first of two by time weighs 1/4, the last 1. */
    const double want[] = {0, 0, 0.25, 0, 1, 0};
    assert_memory_equal(x.weight, want, sizeof want);
    assert_int_equal(x.end[0], 5);
    assert_int_equal(x.n_scored[1], 0);
    assert_near(x.recall, 0.5, 0);
    /* Good first, asked after 2 days, failed. */
    assert_int_equal(x.n_groups[2], 1);
    assert_int_equal(x.groups[2][0].elapsed_days, 2);
    assert_near(x.groups[2][0].passed, 0, 0);
    piq_arena_release(&a);
}

/* n cards begun with `rating`, asked again after `days`. */
static void add_cards(piq_fsrs_review *reviews, size_t *first, size_t *n,
                      int rating, int days, size_t how_many)
{
    for (size_t i = 0; i < how_many; i++) {
        int64_t at = (int64_t)*n;
        first[*n] = 2 * *n;
        reviews[2 * *n] = (piq_fsrs_review){at, 0, rating};
        reviews[2 * *n + 1] = (piq_fsrs_review){at, days, 3};
        ++*n;
        first[*n] = 2 * *n;
    }
}

static void test_fsrs_items__small_groups_are_outliers(void **state)
{
    (void)state;
    static piq_fsrs_review reviews[1000];
    static size_t first[501];
    size_t n = 0;
    piq_arena a;
    piq_fsrs_items x;
    piq_arena_init(&a, 0);
    /* 200 cards: at most max(20, 10) = 20 go. By size: 3 of 9 days and 8 of 5
     * go (11). 10 of 4 would make 21: they stay, being 6 and more within 100
     * days. 12 of 120 days are too far off; 167 of 1 day stay. */
    add_cards(reviews, first, &n, 3, 9, 3);
    add_cards(reviews, first, &n, 3, 5, 8);
    add_cards(reviews, first, &n, 3, 4, 10);
    add_cards(reviews, first, &n, 3, 120, 12);
    add_cards(reviews, first, &n, 3, 1, 167);
    /* Of Easy ones 120 days are near enough. 30 cards, 20 at most go: 9 go. */
    add_cards(reviews, first, &n, 4, 120, 21);
    add_cards(reviews, first, &n, 4, 30, 9);
    const piq_fsrs_cards c = {n, first, reviews};
    assert_int_equal(piq_fsrs_items_of(&a, &c, false, &x), PIQ_OK);
    assert_int_equal(x.n, 10 + 167 + 21);
    assert_int_equal(x.n_groups[2], 2);
    assert_int_equal(x.groups[2][0].elapsed_days, 1);
    assert_int_equal(x.groups[2][1].elapsed_days, 4);
    assert_int_equal(x.n_groups[3], 1);
    assert_int_equal(piq_fsrs_items_of(&a, &c, true, &x), PIQ_OK);
    assert_int_equal(x.n, 230);
    piq_arena_release(&a);
}

static void test_fsrs_items__order_is_by_time_then_card(void **state)
{
    (void)state;
    piq_arena a;
    uint32_t *order;
    size_t n;
    piq_arena_init(&a, 0);
    const size_t first[] = {0, 3, 5};
    const piq_fsrs_review reviews[] = {
        {0, 0, 3}, {50, 1, 3}, {60, 1, 3}, {10, 0, 3}, {50, 1, 3}};
    const piq_fsrs_cards c = {2, first, reviews};
    assert_int_equal(piq_fsrs_item_order(&a, &c, &order, &n), PIQ_OK);
    const uint32_t want[] = {1, 4, 2};
    assert_int_equal(n, 3);
    assert_memory_equal(order, want, sizeof want);
    piq_arena_release(&a);
}

static void test_fsrs_items__nonsense_is_refused(void **state)
{
    (void)state;
    const size_t first[] = {0, 2};
    const piq_fsrs_review bad[][2] = {{{0, 0, 3}, {1, 1, 5}},
                                      {{0, 0, 0}, {1, 1, 3}},
                                      {{0, 0, 3}, {1, -1, 3}},
                                      {{2, 0, 3}, {1, 1, 3}}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        piq_fsrs_params p;
        const piq_fsrs_cards c = {1, first, bad[i]};
        assert_int_equal(
            piq_fsrs_fit(&c, piq_fsrs_fit_defaults(), &p, NULL, NULL),
            PIQ_EINVAL);
    }
}

/* ---- first stabilities ------------------------------------------------- */

static void test_fsrs_initial__order_is_repaired_by_the_fewer(void **state)
{
    (void)state;
    double s[] = {2, 1, 3, 2.5};
    const double count[] = {5, 9, 2, 7};
    piq_fsrs_initial_repair(s, count);
    /* (1,2): 5 < 9, so s1 = 1. (3,4): 2 < 7, so s3 = 2.5. */
    const double want[] = {1, 1, 2.5, 2.5};
    assert_memory_equal(s, want, sizeof want);
}

static void assert_filled(double a, double b, double c, double d, double w1,
                          double w2, double w3, double w4)
{
    double s[] = {a, b, c, d}, want[] = {w1, w2, w3, w4};
    piq_fsrs_initial_fill(s, piq_fsrs_defaults()->w);
    for (int g = 0; g < 4; g++)
        assert_near(s[g], want[g], 1e-7 * want[g]);
}

static void test_fsrs_initial__what_is_missing_is_filled(void **state)
{
    (void)state;
    /* s2 = s1^.41 s3^.59 */
    assert_filled(1, NAN, 8, 9, 1, pow(8, 0.59), 8, 9);
    /* s3 = s1^(1-1/.59) s2^(1/.59), s4 = s2^(1-1/.54) s3^(1/.54) */
    double s3 = pow(2, 1 / 0.59);
    assert_filled(1, 2, NAN, NAN, 1, 2, s3,
                  pow(2, 1 - 1 / 0.54) * pow(s3, 1 / 0.54));
    /* c = .41 + .54 - .2214 = .7286 */
    assert_filled(1, NAN, NAN, 16, 1, pow(16, 1 - 0.41 / 0.7286),
                  pow(16, 0.54 / 0.7286), 16);
    /* s1 = s2^(1/.41) s3^(1-1/.41) */
    assert_filled(NAN, 2, 3, 4, pow(2, 1 / 0.41) * pow(3, 1 - 1 / 0.41), 2, 3,
                  4);
    /* s3 = s2^.46 s4^.54 */
    double middle = pow(2, 0.46) * pow(8, 0.54);
    assert_filled(NAN, 2, NAN, 8, pow(2, 1 / 0.41) * pow(middle, 1 - 1 / 0.41),
                  2, middle, 8);
    /* s2 = s3^(1/.46) s4^(1-1/.46) */
    double second = pow(4, 1 / 0.46) * pow(8, 1 - 1 / 0.46);
    assert_filled(NAN, NAN, 4, 8, pow(second, 1 / 0.41) * pow(4, 1 - 1 / 0.41),
                  second, 4, 8);
    /* One known: the published ones in proportion. */
    assert_filled(NAN, NAN, 4.613, NAN, 0.424, 2.5862, 4.613, 16.5912);
}

static void test_fsrs_initial__nothing_seen_stays_the_centre(void **state)
{
    (void)state;
    const piq_fsrs_pool none = {0};
    const piq_fsrs_params *d = piq_fsrs_defaults();
    double s[4], count[4];
    piq_fsrs_initial(d, &none, s, count);
    assert_memory_equal(s, d->w, sizeof s);
    piq_fsrs_initial_shrunk(d, &none, 0.5, s, count);
    assert_memory_equal(s, d->w, sizeof s);
}

static void test_fsrs_initial__shrinking_gives_way_to_evidence(void **state)
{
    (void)state;
    const piq_fsrs_params *d = piq_fsrs_defaults();
    double before = d->w[2];
    /* Good first: after 10 days 95 % passed; .9 holds for more than 10 days. */
    for (double n = 1; n <= 1e4; n *= 10) {
        piq_fsrs_group g = {10, n, 0.95 * n};
        piq_fsrs_pool x = {.groups = {NULL, NULL, &g, NULL},
                           .n_groups = {0, 0, 1, 0}};
        double s[4], count[4];
        piq_fsrs_initial_shrunk(d, &x, 0.5, s, count);
        assert_true(s[2] > before);
        assert_near(count[2], n, 0);
        before = s[2];
    }
    /* R(10, s) = .95: s = 10 c / (.95^(-1/.1542) - 1) = 9.8034649 / .394645 =
     * 24.84; the prior's slope 2 * .5 * ln(24.84/2.3065) / .8^2 = 3.7 over the
     * information of 10,000 cards, 362, holds its logarithm .0102 back. */
    assert_near(before, 24.84 * (1 - 0.0102), 0.01);
}

/* ---- the fit ----------------------------------------------------------- */

static piq_fsrs_params fit(const piq_fsrs_cards *c, piq_fsrs_fit_options o,
                           piq_fsrs_fit_report *report)
{
    piq_fsrs_params p;
    piq_err err = {0};
    assert_int_equal(piq_fsrs_fit(c, &o, &p, report, &err), PIQ_OK);
    return p;
}

static void test_fsrs_fit__few_items_fit_less(void **state)
{
    (void)state;
    static piq_fsrs_review reviews[400];
    static size_t first[201];
    const piq_fsrs_params *d = piq_fsrs_defaults();
    piq_fsrs_fit_options o = *piq_fsrs_fit_defaults();
    piq_fsrs_fit_report r;
    size_t n = 0;
    add_cards(reviews, first, &n, 3, 1, 20); /* all outliers: 20 may go */
    piq_fsrs_cards c = {n, first, reviews};
    piq_fsrs_params p = fit(&c, o, &r);
    assert_int_equal(r.kind, PIQ_FSRS_FIT_INITIAL);
    add_cards(reviews, first, &n, 3, 2, 100);
    c.n = n;
    p = fit(&c, o, &r);
    /* None but first items. */
    assert_int_equal(r.kind, PIQ_FSRS_FIT_INITIAL);
    assert_true(p.w[2] > d->w[2] && p.w[4] == d->w[4]);
    c.n = 0;
    p = fit(&c, o, &r);
    assert_int_equal(r.kind, PIQ_FSRS_FIT_NOTHING);
    assert_memory_equal(p.w, d->w, sizeof p.w);
    o.centre = d;
    c.n = 3;
    p = fit(&c, o, &r);
    assert_int_equal(r.kind, PIQ_FSRS_FIT_ALL);
    assert_int_equal(r.n_items, 3);
    assert_true(r.n_updates >= PIQ_FSRS_FIT_LEAST_UPDATES);
}

static void test_fsrs_fit__shrunk_fit_keeps_to_its_centre(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_fsrs_params truth = *piq_fsrs_defaults();
    double w[N], distance = 0;
    memcpy(w, truth.w, sizeof w);
    w[2] = 9;
    w[20] = 0.3;
    assert_int_equal(piq_fsrs_params_of(w, N, &truth, NULL), PIQ_OK);
    piq_fsrs_fit_options o = *piq_fsrs_fit_defaults();
    o.centre = piq_fsrs_defaults();
    /* More reviews of the same learner lead further from it. */
    for (size_t cards = 4; cards <= 1024; cards *= 16) {
        piq_fsrs_cards c = review_cards(&a, &truth, cards, 8, 3);
        piq_fsrs_params p = fit(&c, o, NULL);
        assert_true(fabs(log(p.w[2] / o.centre->w[2])) > distance);
        distance = fabs(log(p.w[2] / o.centre->w[2]));
    }
    assert_true(distance > 0.6 * log(9 / 2.3065));
    piq_arena_release(&a);
}

static void test_fsrs_fit__short_term_may_be_left_out(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_fsrs_cards c = review_cards(&a, piq_fsrs_defaults(), 400, 10, 4);
    piq_fsrs_fit_options o = *piq_fsrs_fit_defaults();
    o.no_short_term = true;
    piq_fsrs_params p = fit(&c, o, NULL);
    assert_true(p.w[17] == 0 && p.w[18] == 0 && p.w[19] == 0);
    /* A centre without it keeps none. */
    o = *piq_fsrs_fit_defaults();
    o.centre = &p;
    piq_fsrs_params q = fit(&c, o, NULL);
    assert_true(q.w[17] == 0 && q.w[18] == 0 && q.w[19] == 0);
    piq_arena_release(&a);
}

static double weighted_loss(piq_arena *a, const piq_fsrs_cards *c,
                            const piq_fsrs_params *p)
{
    piq_fsrs_items x;
    double loss = 0, weight = 0;
    assert_int_equal(piq_fsrs_items_of(a, c, false, &x), PIQ_OK);
    for (size_t card = 0; card < c->n; card++) {
        size_t b = c->first[card];
        for (size_t i = b; i < x.end[card]; i++)
            weight += x.weight[i];
        if (x.end[card] > b)
            loss += piq_fsrs_card_loss(p, c->reviews + b, x.end[card] - b,
                                       x.weight + b, NULL);
    }
    return loss / weight;
}

static void test_fsrs_fit__no_learner_dominates_a_population(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    /* Two learners, one with ten times as many cards and easier ones. */
    double w[N];
    piq_fsrs_params easy, both, pooled;
    memcpy(w, piq_fsrs_defaults()->w, sizeof w);
    w[2] = 30;
    assert_int_equal(piq_fsrs_params_of(w, N, &easy, NULL), PIQ_OK);
    piq_fsrs_cards learners[] = {
        review_cards(&a, piq_fsrs_defaults(), 200, 8, 1),
        review_cards(&a, &easy, 2000, 8, 2)};
    const piq_fsrs_fit_options *o = piq_fsrs_fit_defaults();
    assert_int_equal(piq_fsrs_fit_population(learners, 2, o, &both, NULL, NULL),
                     PIQ_OK);
    /* The same cards as if they were one learner's. */
    size_t n0 = piq_fsrs_n_reviews(&learners[0]), n = learners[0].n;
    size_t m = n + learners[1].n, *first = piq_new(&a, size_t, m + 1);
    piq_fsrs_review *all =
        piq_new(&a, piq_fsrs_review, n0 + piq_fsrs_n_reviews(&learners[1]));
    memcpy(all, learners[0].reviews, n0 * sizeof *all);
    memcpy(all + n0, learners[1].reviews,
           piq_fsrs_n_reviews(&learners[1]) * sizeof *all);
    for (size_t i = 0; i <= m; i++)
        first[i] = i < n ? learners[0].first[i] : n0 + learners[1].first[i - n];
    const piq_fsrs_cards one = {m, first, all};
    assert_int_equal(piq_fsrs_fit(&one, o, &pooled, NULL, NULL), PIQ_OK);
    /* Learners apart, the one with few cards is served better. */
    assert_true(weighted_loss(&a, &learners[0], &both) <
                weighted_loss(&a, &learners[0], &pooled) - 0.003);
    piq_arena_release(&a);
}

static void test_fsrs_fit__options_out_of_range_are_refused(void **state)
{
    (void)state;
    const piq_fsrs_cards none = {0};
    piq_fsrs_params p;
    piq_fsrs_fit_options bad[5];
    for (int i = 0; i < 5; i++)
        bad[i] = *piq_fsrs_fit_defaults();
    bad[0].gamma = -1;
    bad[1].learning_rate = 0;
    bad[2].epochs = 0;
    bad[3].batch = 0;
    bad[4].gamma = NAN;
    for (int i = 0; i < 5; i++)
        assert_int_equal(piq_fsrs_fit(&none, &bad[i], &p, NULL, NULL),
                         PIQ_EINVAL);
}

/* ---- fsrs-rs ----------------------------------------------------------- */

static json_t *load_vectors(piq_arena *a)
{
    size_t len = 0;
    char *bytes = review_data(a, "vectors.json", &len);
    return bytes ? json_loadb(bytes, len, 0, NULL) : NULL;
}

static double at(const json_t *list, size_t i)
{
    return json_number_value(json_array_get(list, i));
}

static void test_fsrs_initial__peer_numbers_match(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, 0);
    json_t *vectors = load_vectors(&a);
    if (!vectors)
        skip();
    const json_t *v = json_object_get(vectors, "initial_stability");
    const json_t *list = json_object_get(v, "groups");
    piq_fsrs_group groups[16];
    size_t n = json_array_size(list);
    for (size_t i = 0; i < n; i++) {
        const json_t *g = json_array_get(list, i);
        groups[i] =
            (piq_fsrs_group){(int32_t)at(g, 0), at(g, 2), at(g, 1) * at(g, 2)};
    }
    const piq_fsrs_params *d = piq_fsrs_defaults();
    double s = piq_fsrs_initial_of(
        d, d->w[0], groups, n,
        json_number_value(json_object_get(v, "average_recall")));
    assert_near(s, json_number_value(json_object_get(v, "stability")), 1e-7);
    list = json_object_get(vectors, "smooth_and_fill");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        double four[4], count[4] = {0};
        for (int g = 0; g < 4; g++) {
            char key[] = {(char)('1' + g), '\0'};
            const json_t *in = json_object_get(json_object_get(one, "in"), key);
            four[g] = in ? json_number_value(in) : NAN;
            count[g] = json_number_value(
                json_object_get(json_object_get(one, "counts"), key));
        }
        piq_fsrs_initial_repair(four, count);
        piq_fsrs_initial_fill(four, d->w);
        for (size_t g = 0; g < 4; g++)
            assert_near(four[g], at(json_object_get(one, "out"), g),
                        1e-6 * four[g]);
    }
    json_decref(vectors);
    piq_arena_release(&a);
}

static piq_fsrs_params peer_params(const json_t *list)
{
    double w[N];
    piq_fsrs_params p;
    for (size_t i = 0; i < N; i++)
        w[i] = at(list, i);
    assert_int_equal(piq_fsrs_params_of(w, N, &p, NULL), PIQ_OK);
    return p;
}

/* The order of batches differs, so parameters do; losses may not. */
static void compare_training(piq_arena *a, const char *name, const json_t *v)
{
    char path[128];
    piq_fsrs_cards c;
    piq_fsrs_fit_report r;
    snprintf(path, sizeof path, "%s/reviews.csv", name);
    assert_true(review_log(a, path, &c));
    piq_fsrs_fit_options o = *piq_fsrs_fit_defaults();
    o.gamma = 1; /* the peer's */
    piq_fsrs_params ours = fit(&c, o, &r);
    assert_int_equal(r.n_items, json_integer_value(json_object_get(v, "kept")));
    assert_int_equal(r.n_items + r.n_left_out,
                     json_integer_value(json_object_get(v, "items")));
    piq_fsrs_params peer = peer_params(json_object_get(v, "w"));
    assert_near(r.loss, weighted_loss(a, &c, &ours), 1e-9);
    /* Seeds of the peer differ by .001 among themselves. */
    assert_near(r.loss, weighted_loss(a, &c, &peer), 0.001);
    /* Frozen in this one, so they are the first stabilities. */
    peer = peer_params(json_object_get(v, "w_short_term_off"));
    o.no_short_term = true;
    ours = fit(&c, o, &r);
    for (int g = 0; g < 4; g++)
        assert_near(ours.w[g], peer.w[g], 1e-4 * peer.w[g]);
    assert_near(r.loss, weighted_loss(a, &c, &peer), 0.001);
}

static void test_fsrs_fit__peer_trainings_are_matched(void **state)
{
    (void)state;
    piq_arena a;
    piq_arena_init(&a, (size_t)256 << 20);
    json_t *vectors = load_vectors(&a);
    if (!vectors)
        skip();
    const char *name;
    json_t *v;
    size_t n = 0;
    json_object_foreach(json_object_get(vectors, "training"), name, v)
    {
        if (json_is_object(v)) {
            compare_training(&a, name, v);
            n++;
        }
    }
    assert_int_equal(n, 6);
    json_decref(vectors);
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fsrs_items__same_day_reviews_are_no_items),
        cmocka_unit_test(test_fsrs_items__small_groups_are_outliers),
        cmocka_unit_test(test_fsrs_items__order_is_by_time_then_card),
        cmocka_unit_test(test_fsrs_items__nonsense_is_refused),
        cmocka_unit_test(test_fsrs_initial__order_is_repaired_by_the_fewer),
        cmocka_unit_test(test_fsrs_initial__what_is_missing_is_filled),
        cmocka_unit_test(test_fsrs_initial__nothing_seen_stays_the_centre),
        cmocka_unit_test(test_fsrs_initial__shrinking_gives_way_to_evidence),
        cmocka_unit_test(test_fsrs_fit__few_items_fit_less),
        cmocka_unit_test(test_fsrs_fit__shrunk_fit_keeps_to_its_centre),
        cmocka_unit_test(test_fsrs_fit__short_term_may_be_left_out),
        cmocka_unit_test(test_fsrs_fit__no_learner_dominates_a_population),
        cmocka_unit_test(test_fsrs_fit__options_out_of_range_are_refused),
        cmocka_unit_test(test_fsrs_initial__peer_numbers_match),
        cmocka_unit_test(test_fsrs_fit__peer_trainings_are_matched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
