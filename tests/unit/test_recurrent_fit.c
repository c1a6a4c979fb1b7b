/* Fitting the recurrent net. threads:tsan */
#include "train/recurrent_fit.h"

#include "predict/recurrent_weights.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- made learners ---------------------------------------------------------
 */

static void new_set(piq_kt_set *s, size_t n_learners, size_t rows_each)
{
    size_t n = n_learners * rows_each;
    *s = (piq_kt_set){
        .n_learners = n_learners,
        .n_rows = n,
        .first = calloc(n_learners + 1, sizeof *s->first),
        .x = calloc(n * PIQ_N_FEATURES, sizeof *s->x),
        .y = calloc(n, sizeof *s->y),
        .item = calloc(n, sizeof *s->item),
        .concept = calloc(n, sizeof *s->concept),
        .context = calloc(n, sizeof *s->context),
        .n_items = 6,
        .n_concepts = 2,
    };
    for (size_t l = 0; l <= n_learners; l++)
        s->first[l] = l * rows_each;
}

static void free_set(piq_kt_set *s)
{
    free(s->first);
    free(s->x);
    free(s->y);
    free(s->item);
    free(s->concept);
    free(s->context);
}

/* A coin by itself, but each answer is what the last but one was: features and
 * ids say nothing, only who remembers two answers is ever right. */
static void echo_set(piq_kt_set *s, size_t n_learners, uint64_t seed)
{
    enum { EACH = 24 };
    piq_rng r;
    piq_rng_seed(&r, seed);
    new_set(s, n_learners, EACH);
    for (size_t i = 0; i < s->n_rows; i++) {
        bool begins = i % EACH < 2;
        s->y[i] = begins ? (float)piq_rng_below(&r, 2) : s->y[i - 2];
        s->item[i] = (uint32_t)piq_rng_below(&r, 6);
        s->concept[i] = (uint16_t)(s->item[i] % 2);
        for (size_t j = 0; j < PIQ_N_FEATURES; j++)
            s->x[i * PIQ_N_FEATURES + j] = NAN;
    }
}

/* Small and quick. */
static piq_recurrent_options quick(void)
{
    piq_recurrent_options o = *piq_recurrent_option_defaults();
    o.hidden = 16;
    o.embed = 8;
    o.side = 8;
    o.head = 16;
    o.batch = 8;
    o.chunk = 24;
    o.updates = 150;
    o.min_epochs = 2;
    o.max_epochs = 10;
    o.patience = 10;
    o.learning_rate = 1e-2;
    o.dropout = 0;
    o.dropout_embed = 0;
    o.threads = 1;
    return o;
}

typedef struct diary {
    size_t n;
    size_t stop_after; /* 0: never */
    piq_fit_round rounds[64];
} diary;

static bool note_round(void *ctx, const piq_fit_round *r)
{
    diary *d = ctx;
    d->rounds[d->n++] = *r;
    return d->n != d->stop_after;
}

static piq_buf bytes_of(const piq_recurrent *m)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_recurrent_encode(m, &b);
    assert_int_equal(b.status, PIQ_OK);
    return b;
}

static void assert_same_net(const piq_recurrent *a, const piq_recurrent *b)
{
    piq_buf x = bytes_of(a);
    piq_buf y = bytes_of(b);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.ptr, y.ptr, x.len);
    piq_buf_release(&x);
    piq_buf_release(&y);
}

static piq_recurrent *fitted(const piq_kt_set *train, const piq_kt_set *valid,
                             const piq_recurrent_options *o, diary *d)
{
    piq_fit_watch watch = {note_round, d};
    piq_recurrent *m = NULL;
    piq_err err;
    assert_int_equal(
        piq_recurrent_fit(train, valid, o, d ? &watch : NULL, &m, &err),
        PIQ_OK);
    assert_non_null(m);
    return m;
}

/* Share of rows beyond each learner's second that are foretold. */
static double share_right(const piq_recurrent *m, const piq_kt_set *s)
{
    double right = 0;
    double n = 0;
    for (size_t l = 0; l < s->n_learners; l++) {
        float memory[PIQ_RECURRENT_MAX_STATE] = {0};
        for (size_t i = s->first[l]; i < s->first[l + 1]; i++) {
            piq_recurrent_ask ask = {s->item[i], s->concept[i],
                                     s -> context[i]};
            const float *x = s->x + i * PIQ_N_FEATURES;
            bool is_right = s->y[i] > .5f;
            if (i >= s->first[l] + 2) {
                n++;
                right +=
                    (piq_recurrent_logit(m, memory, &ask, x) > 0) == is_right;
            }
            piq_recurrent_step(m, memory, &ask, x, is_right);
        }
    }
    return right / n;
}

/* --- tests
 * --------------------------------------------------------------------- */

/* Guessing gives one half; the task has no noise. */
static void test_recurrent_fit__learns_what_only_memory_knows(void **state)
{
    (void)state;
    piq_kt_set train;
    piq_kt_set valid;
    echo_set(&train, 240, 1);
    echo_set(&valid, 60, 2);
    piq_recurrent_options o = quick();
    o.updates = 300;
    diary d = {0};
    piq_recurrent *m = fitted(&train, &valid, &o, &d);
    assert_true(share_right(m, &valid) > .95);
    piq_recurrent_free(m);
    free_set(&train);
    free_set(&valid);
}

static void test_recurrent_fit__same_seed_same_weights(void **state)
{
    (void)state;
    piq_kt_set train;
    piq_kt_set valid;
    echo_set(&train, 40, 3);
    echo_set(&valid, 10, 4);
    piq_recurrent_options o = quick();
    o.dropout = .2;
    o.dropout_embed = .1;
    o.updates = 20;
    piq_recurrent *a = fitted(&train, &valid, &o, NULL);
    piq_recurrent *b = fitted(&train, &valid, &o, NULL);
    assert_same_net(a, b);
    o.seed++;
    piq_recurrent *c = fitted(&train, &valid, &o, NULL);
    piq_buf x = bytes_of(a);
    piq_buf y = bytes_of(c);
    assert_memory_not_equal(x.ptr, y.ptr, x.len);
    piq_buf_release(&x);
    piq_buf_release(&y);
    piq_recurrent_free(a);
    piq_recurrent_free(b);
    piq_recurrent_free(c);
    free_set(&train);
    free_set(&valid);
}

static void test_recurrent_fit__threads_change_no_bit(void **state)
{
    (void)state;
    piq_kt_set train;
    piq_kt_set valid;
    echo_set(&train, 40, 5);
    echo_set(&valid, 10, 6);
    piq_recurrent_options o = quick();
    o.dropout = .2;
    o.updates = 20;
    piq_recurrent *one = fitted(&train, &valid, &o, NULL);
    o.threads = 2;
    piq_recurrent *two = fitted(&train, &valid, &o, NULL);
    assert_same_net(one, two);
    piq_recurrent_free(one);
    piq_recurrent_free(two);
    free_set(&train);
    free_set(&valid);
}

static void test_recurrent_fit__tells_each_epoch_in_turn(void **state)
{
    (void)state;
    piq_kt_set train;
    piq_kt_set valid;
    echo_set(&train, 40, 7);
    echo_set(&valid, 10, 8);
    piq_recurrent_options o = quick();
    diary d = {0};
    piq_recurrent *m = fitted(&train, &valid, &o, &d);
    assert_true(d.n >= 2 && d.n <= o.max_epochs);
    for (size_t i = 0; i < d.n; i++) {
        assert_string_equal(d.rounds[i].member, "rnn");
        assert_int_equal(d.rounds[i].round, i + 1);
        assert_true(isfinite(d.rounds[i].train_loss));
        assert_true(isfinite(d.rounds[i].valid_loss));
        assert_true(d.rounds[i].valid_auc >= 0 && d.rounds[i].valid_auc <= 1);
    }
    piq_recurrent_free(m);
    free_set(&train);
    free_set(&valid);
}

/* Stopped after the second epoch, it is the best of the two: loss over the
 * validation rows, by serving, is the lower one of those told. */
static void test_recurrent_fit__stopped_keeps_the_best_so_far(void **state)
{
    (void)state;
    piq_kt_set train;
    piq_kt_set valid;
    echo_set(&train, 40, 9);
    echo_set(&valid, 10, 10);
    piq_recurrent_options o = quick();
    diary d = {.stop_after = 2};
    piq_recurrent *m = fitted(&train, &valid, &o, &d);
    assert_int_equal(d.n, 2);
    double loss = 0;
    for (size_t i = 0; i < valid.n_rows; i++) {
        static float memory[PIQ_RECURRENT_MAX_STATE];
        if (i % 24 == 0)
            memset(memory, 0, sizeof memory);
        piq_recurrent_ask ask = {valid.item[i], valid.concept[i], 0};
        const float *x = valid.x + i * PIQ_N_FEATURES;
        double logit = piq_recurrent_logit(m, memory, &ask, x);
        loss += log1p(exp(valid.y[i] > .5f ? -logit : logit));
        piq_recurrent_step(m, memory, &ask, x, valid.y[i] > .5f);
    }
    loss /= (double)valid.n_rows;
    double best = fmin(d.rounds[0].valid_loss, d.rounds[1].valid_loss);
    assert_true(fabs(loss - best) < 1e-4);
    piq_recurrent_free(m);
    free_set(&train);
    free_set(&valid);
}

/* Items 0 to 4 are answered by a fair coin, often; item 5 twice, both wrong.
 * What two answers can say must move its difficulty less than a step of 1. */
static void test_recurrent_fit__a_rare_item_stays_near_its_concept(void **state)
{
    (void)state;
    piq_kt_set train;
    piq_kt_set valid;
    piq_rng r;
    piq_rng_seed(&r, 11);
    new_set(&train, 60, 20);
    new_set(&valid, 2, 4);
    for (size_t i = 0; i < train.n_rows; i++) {
        bool rare = i == 47 || i == 700;
        train.item[i] = rare ? 5 : (uint32_t)piq_rng_below(&r, 5);
        train.y[i] = rare ? 0 : (float)piq_rng_below(&r, 2);
    }
    piq_recurrent_options o = quick();
    piq_recurrent *m = fitted(&train, &valid, &o, NULL);
    float memory[PIQ_RECURRENT_MAX_STATE] = {0};
    float x[PIQ_N_FEATURES] = {0};
    const piq_recurrent_ask rare = {5, 0, 0};
    const piq_recurrent_ask unknown = {UINT32_MAX, 0, 0};
    double moved = piq_recurrent_logit(m, memory, &rare, x) -
                   piq_recurrent_logit(m, memory, &unknown, x);
    assert_true(moved < .1 && moved > -1);
    piq_recurrent_free(m);
    free_set(&train);
    free_set(&valid);
}

static void test_recurrent_fit__without_validation_goes_to_the_end(void **state)
{
    (void)state;
    piq_kt_set train;
    piq_kt_set none;
    echo_set(&train, 40, 12);
    new_set(&none, 0, 0);
    piq_recurrent_options o = quick();
    o.updates = 20;
    o.patience = 1;
    diary d = {0};
    piq_recurrent *m = fitted(&train, &none, &o, &d);
    assert_int_equal(d.n, d.rounds[0].n_rounds);
    assert_true(isnan(d.rounds[0].valid_loss));
    piq_recurrent_free(m);
    free_set(&train);
    free_set(&none);
}

static void test_recurrent_fit__learners_of_one_answer_and_none(void **state)
{
    (void)state;
    piq_kt_set train;
    new_set(&train, 3, 1);
    train.first[2] = 1; /* the second has none, the third two */
    train.y[1] = 1;
    piq_recurrent_options o = quick();
    o.updates = 4;
    piq_recurrent *m = fitted(&train, &train, &o, NULL);
    piq_recurrent_free(m);
    free_set(&train);
}

static void refused(const piq_kt_set *train, const piq_recurrent_options *o)
{
    piq_recurrent *m = NULL;
    piq_err err;
    assert_int_equal(piq_recurrent_fit(train, train, o, NULL, &m, &err),
                     PIQ_EINVAL);
    assert_null(m);
}

static void test_recurrent_fit__refuses_what_cannot_be(void **state)
{
    (void)state;
    piq_kt_set train;
    piq_kt_set none;
    echo_set(&train, 2, 13);
    new_set(&none, 0, 0);
    piq_recurrent_options o = quick();
    refused(&none, &o);
    o.hidden = 20; /* no multiple of 8 */
    refused(&train, &o);
    o = quick();
    o.batch = 7; /* odd */
    refused(&train, &o);
    o = quick();
    o.dropout = 1;
    refused(&train, &o);
    o = quick();
    o.learning_rate = NAN;
    refused(&train, &o);
    o = quick();
    o.chunk = 0;
    refused(&train, &o);
    free_set(&train);
    free_set(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recurrent_fit__learns_what_only_memory_knows),
        cmocka_unit_test(test_recurrent_fit__same_seed_same_weights),
        cmocka_unit_test(test_recurrent_fit__threads_change_no_bit),
        cmocka_unit_test(test_recurrent_fit__tells_each_epoch_in_turn),
        cmocka_unit_test(test_recurrent_fit__stopped_keeps_the_best_so_far),
        cmocka_unit_test(
            test_recurrent_fit__a_rare_item_stays_near_its_concept),
        cmocka_unit_test(
            test_recurrent_fit__without_validation_goes_to_the_end),
        cmocka_unit_test(test_recurrent_fit__learners_of_one_answer_and_none),
        cmocka_unit_test(test_recurrent_fit__refuses_what_cannot_be),
    };
    return cmocka_run_group_tests_name("recurrent_fit", tests, NULL, NULL);
}
