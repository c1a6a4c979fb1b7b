/* Loss and gradient of a card: by hand, against fsrs-rs, and the sweep against
 * the plain way. */
#include "train/fsrs_grad.h"

#include "support/near.h"
#include "support/review_cards.h"
#include "train/fsrs_adam.h"

#include <jansson.h>
#include <string.h>

enum { N = PIQ_FSRS_N_PARAMS, MAX_REVIEWS = 64 };

typedef struct ground {
    piq_arena a;
    piq_fsrs_tape tape;
    piq_fsrs_slope slope;
} ground;

static void open_ground(ground *g, const piq_fsrs_params *p)
{
    piq_arena_init(&g->a, 0);
    assert_int_equal(piq_fsrs_tape_new(&g->a, MAX_REVIEWS, &g->tape), PIQ_OK);
    piq_fsrs_slope_of(p, &g->slope);
}

static void test_fsrs_grad__one_review_by_hand(void **state)
{
    (void)state;
    ground g;
    open_ground(&g, piq_fsrs_defaults());
    /* First good, passed after 2 days: c t = .98034649 * 2 = 1.96069299,
     * u = 1 + c t / 2.3065 = 1.85007283, ln u = .61522501; loss -ln R =
     * .1542 ln u = .09486770. In S: -(1/R) dR/dS = -.1542 c t / (u S^2) =
     * -.1542 * 1.96069299 / 9.84228063 = -.03071837. */
    const piq_fsrs_review reviews[] = {{0, 0, 3}, {1, 2, 3}};
    const double weight[] = {0, 1};
    double gradient[N] = {0};
    double loss =
        piq_fsrs_card_gradient(&g.slope, reviews, 2, weight, &g.tape, gradient);
    assert_near(loss, 0.09486770, 1e-7);
    assert_near(gradient[2], -0.03071837, 1e-7);
    for (int i = 0; i < N - 1; i++)
        assert_true(i == 2 || gradient[i] == 0);
    piq_arena_release(&g.a);
}

static void test_fsrs_grad__weight_scales_loss_and_slope(void **state)
{
    (void)state;
    ground g;
    open_ground(&g, piq_fsrs_defaults());
    const piq_fsrs_review reviews[] = {{0, 0, 2}, {1, 3, 1}, {2, 1, 3}};
    const double whole[] = {0, 1, 1}, part[] = {0, 0.25, 0.25};
    double one[N] = {0}, quarter[N] = {0};
    double loss =
        piq_fsrs_card_gradient(&g.slope, reviews, 3, whole, &g.tape, one);
    assert_near(
        piq_fsrs_card_gradient(&g.slope, reviews, 3, part, &g.tape, quarter),
        loss / 4, 1e-14);
    for (int i = 0; i < N; i++)
        assert_near(quarter[i], one[i] / 4, 1e-14);
    piq_arena_release(&g.a);
}

static void test_fsrs_grad__what_follows_the_last_item_is_nothing(void **state)
{
    (void)state;
    ground g;
    open_ground(&g, piq_fsrs_defaults());
    const piq_fsrs_review reviews[] = {
        {0, 0, 3}, {1, 4, 3}, {2, 0, 1}, {3, 9, 1}};
    const double weight[] = {0, 1, 0, 0};
    double cut[N] = {0}, all[N] = {0};
    piq_fsrs_card_gradient(&g.slope, reviews, 2, weight, &g.tape, cut);
    piq_fsrs_card_gradient(&g.slope, reviews, 4, weight, &g.tape, all);
    assert_memory_equal(cut, all, sizeof all);
    piq_arena_release(&g.a);
}

/* ---- fsrs-rs ----------------------------------------------------------- */

static json_t *load_vectors(void)
{
    piq_arena a;
    size_t len = 0;
    piq_arena_init(&a, 0);
    char *bytes = review_data(&a, "vectors.json", &len);
    json_t *v = bytes ? json_loadb(bytes, len, 0, NULL) : NULL;
    piq_arena_release(&a);
    return v;
}

static double at(const json_t *list, size_t i)
{
    return json_number_value(json_array_get(list, i));
}

/* Four prefixes, each with its last review alone scored. */
static double vector_gradient(ground *g, const json_t *v, double *gradient)
{
    const json_t *list = json_object_get(v, "columns");
    double loss = 0;
    for (size_t k = 0; k < json_array_size(list); k++) {
        const json_t *one = json_array_get(list, k);
        const json_t *t = json_object_get(one, "t");
        piq_fsrs_review reviews[MAX_REVIEWS] = {0};
        double weight[MAX_REVIEWS] = {0};
        size_t n = json_array_size(t);
        for (size_t i = 0; i < n; i++)
            reviews[i] =
                (piq_fsrs_review){0, (int32_t)at(t, i),
                                  (int32_t)at(json_object_get(one, "r"), i)};
        bool passed = json_integer_value(json_object_get(one, "y")) == 1;
        reviews[n] = (piq_fsrs_review){
            0, (int32_t)json_integer_value(json_object_get(one, "dt")),
            passed ? 3 : 1};
        weight[n] = 1;
        loss += piq_fsrs_card_gradient(&g->slope, reviews, n + 1, weight,
                                       &g->tape, gradient);
    }
    return loss;
}

static void test_fsrs_grad__peer_loss_and_gradient_match(void **state)
{
    (void)state;
    ground g;
    double gradient[N] = {0};
    json_t *vectors = load_vectors();
    if (!vectors)
        skip();
    const json_t *v = json_object_get(vectors, "loss_gradient");
    open_ground(&g, piq_fsrs_defaults());
    double loss = vector_gradient(&g, v, gradient);
    /* The peer's is single precision: 4.0466027, ours 4.0466048. */
    assert_near(loss, json_number_value(json_object_get(v, "loss")), 5e-6);
    for (size_t i = 0; i < N; i++)
        assert_near(gradient[i], at(json_object_get(v, "gradient"), i), 1e-5);
    json_decref(vectors);
    piq_arena_release(&g.a);
}

static void test_fsrs_grad__peer_adam_step_and_penalty_match(void **state)
{
    (void)state;
    ground g;
    double gradient[N] = {0}, w[N];
    json_t *vectors = load_vectors();
    if (!vectors)
        skip();
    const json_t *v = json_object_get(vectors, "l2");
    const double *start = piq_fsrs_defaults()->w;
    open_ground(&g, piq_fsrs_defaults());
    vector_gradient(&g, json_object_get(vectors, "loss_gradient"), gradient);
    memcpy(w, start, sizeof w);
    piq_fsrs_adam adam = piq_fsrs_adam_start();
    piq_fsrs_adam_update(&adam, gradient, 0.04, w);
    for (size_t i = 0; i < N; i++)
        assert_near(w[i], at(json_object_get(v, "w"), i), 1e-6);
    /* gamma 2, 512 items of 1,000. */
    double penalty = piq_fsrs_penalty(w, start, piq_fsrs_spread(false),
                                      2 * 512 / 1000.0, NULL);
    assert_near(penalty, json_number_value(json_object_get(v, "penalty")),
                1e-6);
    json_decref(vectors);
    piq_arena_release(&g.a);
}

static void test_fsrs_adam__first_step_is_the_rate_against_the_sign(void **s)
{
    (void)s;
    double gradient[N], x[N];
    for (int i = 0; i < N; i++) {
        gradient[i] = i % 2 ? -3.0 - i : 0.5 + i;
        x[i] = 1;
    }
    piq_fsrs_adam adam = piq_fsrs_adam_start();
    adam.frozen[4] = true;
    piq_fsrs_adam_update(&adam, gradient, 0.1, x);
    /* m / (sqrt v + 1e-8) = g / (|g| + 1e-8), corrected for the start. */
    for (int i = 0; i < N; i++)
        assert_near(x[i], i == 4 ? 1 : i % 2 ? 1.1 : 0.9, 1e-8);
}

static void test_fsrs_adam__rate_falls_as_a_cosine(void **state)
{
    (void)state;
    /* .04 (1 + cos(pi k / 5)) / 2 for k = 0 .. 5 */
    const double want[] = {0.04,          0.03618033989, 0.02618033989,
                           0.01381966011, 0.00381966011, 0};
    for (int k = 0; k <= 5; k++)
        assert_near(piq_fsrs_learning_rate(0.04, k / 5.0), want[k], 1e-11);
}

static void test_fsrs_adam__penalty_slope_is_its_own(void **state)
{
    (void)state;
    const double *centre = piq_fsrs_defaults()->w;
    double x[N], gradient[N] = {0};
    memcpy(x, centre, sizeof x);
    x[4] += 0.57; /* one sigma: 3 * 1, slope 2 * 3 / .57 */
    assert_near(
        piq_fsrs_penalty(x, centre, piq_fsrs_spread(false), 3, gradient), 3,
        1e-12);
    assert_near(gradient[4], 6 / 0.57, 1e-9);
    assert_true(gradient[3] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fsrs_grad__one_review_by_hand),
        cmocka_unit_test(test_fsrs_grad__weight_scales_loss_and_slope),
        cmocka_unit_test(test_fsrs_grad__what_follows_the_last_item_is_nothing),
        cmocka_unit_test(test_fsrs_grad__peer_loss_and_gradient_match),
        cmocka_unit_test(test_fsrs_grad__peer_adam_step_and_penalty_match),
        cmocka_unit_test(
            test_fsrs_adam__first_step_is_the_rate_against_the_sign),
        cmocka_unit_test(test_fsrs_adam__rate_falls_as_a_cosine),
        cmocka_unit_test(test_fsrs_adam__penalty_slope_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
