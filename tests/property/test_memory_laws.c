/* Laws of memory, on random sequences with parameters anywhere in their
 * ranges. Every draw comes from a fixed seed, printed when a law breaks. */
#include "memory/memory.h"

#include "base/calendar.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_RUNS = 400, N_REVIEWS = 40, N_CONCEPTS = 12 };

#define NOON_US (INT64_C(1795176000) * PIQ_US_PER_SECOND)

static void law(bool holds, const char *what, uint64_t seed, double a, double b)
{
    if (holds)
        return;
    print_error("seed %llu: %s (%.17g, %.17g)\n", (unsigned long long)seed,
                what, a, b);
    fail();
}

static double within(piq_rng *r, double low, double high)
{
    return low + (high - low) * piq_rng_uniform(r);
}

/* Values far outside are clamped to a bound, so about half of them sit on
 * one: the extremes occur together in every combination. */
static piq_fsrs_params random_params(piq_rng *r)
{
    const piq_fsrs_params *d = piq_fsrs_defaults();
    double w[PIQ_FSRS_N_PARAMS];
    uint64_t style = piq_rng_below(r, 3);
    for (size_t i = 0; i < PIQ_FSRS_N_PARAMS; i++) {
        w[i] = d->w[i];
        if (style == 1)
            w[i] *= exp(within(r, -2, 2));
        if (style == 2)
            w[i] = piq_rng_below(r, 2) ? 1e6 : -1e6;
    }
    piq_fsrs_params p;
    assert_int_equal(piq_fsrs_params_of(w, PIQ_FSRS_N_PARAMS, &p, NULL),
                     PIQ_OK);
    return p;
}

static double random_days(piq_rng *r)
{
    return piq_rng_below(r, 3) == 0 ? 0 : floor(exp(within(r, 0, 9)));
}

static const piq_review_calendar utc = {.retention = 0.9, .seed = 1};

static int random_rating(piq_rng *r)
{
    return 1 + (int)piq_rng_below(r, 4);
}

static piq_fsrs_state random_state(piq_rng *r)
{
    piq_fsrs_state x = {exp(within(r, log(0.001), log(36500))),
                        within(r, 1, 10)};
    x.stability_days = fmin(fmax(x.stability_days, 0.001), 36500);
    return x;
}

static bool in_range(piq_fsrs_state x)
{
    return x.stability_days >= PIQ_FSRS_STABILITY_MIN &&
           x.stability_days <= PIQ_FSRS_STABILITY_MAX &&
           x.difficulty >= PIQ_FSRS_DIFFICULTY_MIN &&
           x.difficulty <= PIQ_FSRS_DIFFICULTY_MAX;
}

static void test_laws__state_stays_in_range(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        piq_fsrs_params p = random_params(&r);
        piq_fsrs_state x = {0, 0};
        for (int i = 0; i < N_REVIEWS; i++) {
            x = piq_fsrs_next(&p, x, random_days(&r), random_rating(&r));
            law(in_range(x), "state in range", seed, x.stability_days,
                x.difficulty);
        }
    }
}

static void test_laws__recall_falls_with_time(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        piq_fsrs_params p = random_params(&r);
        double s = random_state(&r).stability_days;
        double before = 1;
        for (int k = 0; k < 40; k++) {
            double days = 0.01 * (pow(1.5, k) - 1); /* .. 73,000 */
            double recall = piq_fsrs_recall(&p, days, s);
            /* At 0.01 of 36500 days a double may not tell the difference. */
            law(recall > 0 && recall <= before, "recall falls", seed, before,
                recall);
            law(days < s * 1e-6 || recall < 1, "and is below 1", seed, days,
                recall);
            before = recall;
        }
    }
}

static void test_laws__pass_never_lowers_stability(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        piq_fsrs_params p = random_params(&r);
        for (int i = 0; i < N_REVIEWS; i++) {
            piq_fsrs_state x = random_state(&r);
            double days = random_days(&r);
            int rating = 2 + (int)piq_rng_below(&r, 3);
            piq_fsrs_state y = piq_fsrs_next(&p, x, days, rating);
            law(y.stability_days >= x.stability_days, "a pass keeps stability",
                seed, x.stability_days, y.stability_days);
        }
    }
}

/* With the default parameters a pass after a pause is never in vain, whatever
 * the state, up to the ceiling of stability. */
static void test_laws__spaced_pass_raises_stability(void **state)
{
    (void)state;
    const piq_fsrs_params *p = piq_fsrs_defaults();
    piq_rng r;
    piq_rng_seed(&r, 11);
    for (int i = 0; i < N_RUNS * N_REVIEWS; i++) {
        piq_fsrs_state x = random_state(&r);
        double days = 1 + random_days(&r);
        piq_fsrs_state y =
            piq_fsrs_next(p, x, days, 2 + (int)piq_rng_below(&r, 3));
        law(y.stability_days > x.stability_days ||
                y.stability_days == PIQ_FSRS_STABILITY_MAX,
            "a spaced pass raises stability", 11, x.stability_days,
            y.stability_days);
    }
}

/* With the cap S / e^(w17 w18), w17 w18 >= 0, this holds for all parameters. */
static void test_laws__spaced_failure_never_raises_stability(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        piq_fsrs_params p = random_params(&r);
        for (int i = 0; i < N_REVIEWS; i++) {
            piq_fsrs_state x = random_state(&r);
            piq_fsrs_state y = piq_fsrs_next(&p, x, 1 + random_days(&r), 1);
            law(y.stability_days <= x.stability_days,
                "a failure never raises stability", seed, x.stability_days,
                y.stability_days);
        }
    }
}

static void test_laws__better_rating_never_gives_less(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        piq_fsrs_params p = random_params(&r);
        for (int i = 0; i < N_REVIEWS; i++) {
            piq_fsrs_state x = random_state(&r);
            double days = random_days(&r);
            double before = 0;
            for (int rating = 1; rating <= 4; rating++) {
                piq_fsrs_state y = piq_fsrs_next(&p, x, days, rating);
                law(y.stability_days >= before, "better rating, no less", seed,
                    before, y.stability_days);
                before = y.stability_days;
            }
        }
    }
}

static void test_laws__longer_wait_pays_more_when_passed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        piq_fsrs_params p = random_params(&r);
        piq_fsrs_state x = random_state(&r);
        double before = 0;
        for (int days = 1; days < 20000; days *= 2) {
            piq_fsrs_state y = piq_fsrs_next(&p, x, days, 3);
            law(y.stability_days >= before, "longer wait, no less", seed,
                before, y.stability_days);
            before = y.stability_days;
        }
    }
}

static void test_laws__due_day_lies_in_the_fuzz_range(void **state)
{
    (void)state;
    const piq_fsrs_params *p = piq_fsrs_defaults();
    piq_rng r;
    piq_rng_seed(&r, 5);
    for (int i = 0; i < N_RUNS * N_REVIEWS; i++) {
        double s = random_state(&r).stability_days;
        double retention = within(&r, 0.5, 0.99);
        double elapsed = random_days(&r);
        int max = 1 + (int)piq_rng_below(&r, 36500);
        int exact = piq_fsrs_due_days(p, s, retention, elapsed, max, NULL);
        int days = piq_fsrs_due_days(p, s, retention, elapsed, max, &r);
        int low, high;
        piq_fsrs_fuzz_range(exact, elapsed, max, &low, &high);
        law(days >= low && days <= high && days >= 1 && days <= max,
            "day within its range", 5, exact, days);
    }
}

/* ---- a learner's memory ----------------------------------------------- */

typedef struct subject {
    piq_concept concepts[N_CONCEPTS];
    piq_concept_weight exercises[N_CONCEPTS][2];
    piq_catalogue catalogue;
} subject;

/* Each concept exercises the two before it, by random weights. */
static void make_subject(subject *s, piq_rng *r)
{
    memset(s, 0, sizeof *s);
    s->catalogue.concepts = s->concepts;
    s->catalogue.n_concepts = N_CONCEPTS;
    for (size_t i = 2; i < N_CONCEPTS; i++) {
        for (size_t k = 0; k < 2; k++)
            s->exercises[i][k] = (piq_concept_weight){{(uint16_t)(i - 1 - k)},
                                                      1 - piq_rng_uniform(r)};
        s->concepts[i].exercises = s->exercises[i];
        s->concepts[i].n_exercises = 2;
    }
}

static void random_review(piq_memory *m, const subject *s, piq_rng *r,
                          int64_t *at_us)
{
    if (piq_rng_below(r, 2))
        *at_us += (int64_t)(exp(within(r, 0, 16)) * 1e6);
    piq_concept_ix c = {(uint16_t)piq_rng_below(r, N_CONCEPTS)};
    piq_memory_answer x = {.concept = c,
                           .rating = random_rating(r),
                           .weight = 1 - piq_rng_uniform(r),
                           .deliberate = piq_rng_below(r, 4) == 0,
                           .read = piq_rng_below(r, 8) == 0,
                           .at_us = *at_us};
    piq_review_calendar calendar = {.retention = within(r, 0.7, 0.97),
                                    .utc_offset_min =
                                        (int32_t)piq_rng_below(r, 1441) - 720,
                                    .seed = piq_rng_u64(r)};
    piq_memory_review(m, &s->catalogue, &x, &calendar);
}

static void test_laws__learners_memory_stays_in_range(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        subject s;
        make_subject(&s, &r);
        piq_fsrs_params p = random_params(&r);
        piq_memory m;
        int64_t at_us = NOON_US;
        assert_int_equal(piq_memory_init(&m, &s.catalogue), PIQ_OK);
        m.params = p;
        for (int i = 0; i < N_REVIEWS; i++)
            random_review(&m, &s, &r, &at_us);
        for (size_t c = 0; c < N_CONCEPTS; c++) {
            const piq_memory_cell *x = &m.concepts[c];
            if (x->reviews == 0)
                continue;
            law(in_range(x->state), "state in range", seed,
                x->state.stability_days, x->state.difficulty);
            law((int64_t)x->held_s * PIQ_US_PER_SECOND <= at_us,
                "held in the past", seed, x->held_s, x->last_s);
        }
        piq_memory_release(&m);
    }
}

static void test_laws__partial_review_lies_between_old_and_full(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        subject s;
        make_subject(&s, &r);
        piq_fsrs_params p = random_params(&r);
        piq_concept_ix c = {0};
        piq_memory_cell cell = {.state = random_state(&r),
                                .held_s = 1700000000,
                                .last_s = 1700000000,
                                .reviews = 1,
                                .today = 1};
        int64_t at_us =
            (1700000000 + 86400 * (int64_t)random_days(&r)) * PIQ_US_PER_SECOND;
        int rating = random_rating(&r);
        piq_fsrs_state before = cell.state, after[5];
        for (int k = 0; k < 5; k++) {
            piq_memory_cell one = cell;
            piq_memory m = {.concepts = &one, .n_concepts = 1, .params = p};
            piq_memory_answer x = {.concept = c,
                                   .rating = rating,
                                   .weight = (k + 1) / 5.0,
                                   .deliberate = true,
                                   .at_us = at_us};
            piq_online_init(&m.online);
            piq_memory_review(&m, &s.catalogue, &x, &utc);
            after[k] = one.state;
        }
        /* Each share lies between the one before and the full review. */
        for (int k = 0; k < 4; k++) {
            double from =
                k ? after[k - 1].stability_days : before.stability_days;
            double to = after[4].stability_days;
            double at = after[k].stability_days;
            double slack = 1e-12 * at;
            law(at >= fmin(from, to) - slack && at <= fmax(from, to) + slack,
                "stability between", seed, from, at);
            from = k ? after[k - 1].difficulty : before.difficulty;
            to = after[4].difficulty;
            at = after[k].difficulty;
            law(at >= fmin(from, to) - 1e-12 && at <= fmax(from, to) + 1e-12,
                "difficulty between", seed, from, at);
        }
    }
}

/* A pass never makes any concept recalled worse, at any time after it. */
static void test_laws__pass_never_lowers_recall(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        subject s;
        make_subject(&s, &r);
        piq_fsrs_params p = random_params(&r);
        piq_memory m, old;
        int64_t at_us = NOON_US;
        assert_int_equal(piq_memory_init(&m, &s.catalogue), PIQ_OK);
        m.params = p;
        for (int i = 0; i < N_REVIEWS; i++)
            random_review(&m, &s, &r, &at_us);
        assert_int_equal(piq_memory_copy(&old, &m), PIQ_OK);
        piq_memory_answer x = {.concept = {5},
                               .rating = 2 + (int)piq_rng_below(&r, 3),
                               .weight = 1 - piq_rng_uniform(&r),
                               .at_us = at_us};
        piq_memory_review(&m, &s.catalogue, &x, &utc);
        /* FSRS's own recall: the correction learns from each review for all
         * concepts together, and may turn either way for another one. */
        old.scored = m.scored = 0;
        int64_t later_us = at_us + (int64_t)(random_days(&r) * 86400e6);
        for (size_t i = 0; i < N_CONCEPTS; i++) {
            piq_concept_ix c = {(uint16_t)i};
            piq_belief a, b;
            piq_memory_belief(&old, c, later_us, 0, &a);
            piq_memory_belief(&m, c, later_us, 0, &b);
            law(isnan(a.recall) || b.recall >= a.recall, "recall kept", seed,
                a.recall, b.recall);
        }
        piq_memory_release(&m);
        piq_memory_release(&old);
    }
}

static void test_laws__stored_form_reads_back_to_the_bit(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        piq_rng_seed(&r, seed);
        subject s;
        make_subject(&s, &r);
        piq_fsrs_params p = random_params(&r);
        piq_memory m, back;
        int64_t at_us = NOON_US;
        assert_int_equal(piq_memory_init(&m, &s.catalogue), PIQ_OK);
        m.params = p;
        for (uint64_t i = piq_rng_below(&r, N_REVIEWS); i > 0; i--)
            random_review(&m, &s, &r, &at_us);
        piq_buf first, second;
        piq_buf_init(&first, 0);
        piq_buf_init(&second, 0);
        piq_memory_encode(&m, &first);
        piq_reader in;
        piq_reader_init(&in, first.ptr, first.len);
        assert_int_equal(piq_memory_decode(&back, &s.catalogue, &in), PIQ_OK);
        assert_memory_equal(back.concepts, m.concepts,
                            N_CONCEPTS * sizeof *m.concepts);
        piq_memory_encode(&back, &second);
        assert_int_equal(first.len, second.len);
        assert_memory_equal(first.ptr, second.ptr, first.len);
        piq_buf_release(&first);
        piq_buf_release(&second);
        piq_memory_release(&m);
        piq_memory_release(&back);
    }
}

/* Damaged bytes are refused, or give a memory that is in range. */
static void test_laws__damaged_bytes_never_give_a_bad_state(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 3);
    subject s;
    make_subject(&s, &r);
    piq_memory m;
    int64_t at_us = NOON_US;
    assert_int_equal(piq_memory_init(&m, &s.catalogue), PIQ_OK);
    for (int i = 0; i < N_REVIEWS; i++)
        random_review(&m, &s, &r, &at_us);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_memory_encode(&m, &b);
    piq_memory_release(&m);
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        b.ptr[bit / 8] = (char)(b.ptr[bit / 8] ^ (1 << bit % 8));
        piq_reader in;
        piq_reader_init(&in, b.ptr, b.len);
        piq_status read = piq_memory_decode(&m, &s.catalogue, &in);
        b.ptr[bit / 8] = (char)(b.ptr[bit / 8] ^ (1 << bit % 8));
        if (read != PIQ_OK) {
            assert_int_equal(read, PIQ_ECORRUPT);
            continue;
        }
        for (size_t c = 0; c < N_CONCEPTS; c++)
            law(m.concepts[c].reviews == 0 || in_range(m.concepts[c].state),
                "state in range", bit, m.concepts[c].state.stability_days,
                m.concepts[c].state.difficulty);
        piq_memory_release(&m);
    }
    piq_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_laws__state_stays_in_range),
        cmocka_unit_test(test_laws__recall_falls_with_time),
        cmocka_unit_test(test_laws__pass_never_lowers_stability),
        cmocka_unit_test(test_laws__spaced_pass_raises_stability),
        cmocka_unit_test(test_laws__spaced_failure_never_raises_stability),
        cmocka_unit_test(test_laws__better_rating_never_gives_less),
        cmocka_unit_test(test_laws__longer_wait_pays_more_when_passed),
        cmocka_unit_test(test_laws__due_day_lies_in_the_fuzz_range),
        cmocka_unit_test(test_laws__learners_memory_stays_in_range),
        cmocka_unit_test(test_laws__partial_review_lies_between_old_and_full),
        cmocka_unit_test(test_laws__pass_never_lowers_recall),
        cmocka_unit_test(test_laws__stored_form_reads_back_to_the_bit),
        cmocka_unit_test(test_laws__damaged_bytes_never_give_a_bad_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
