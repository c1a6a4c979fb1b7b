/* The log of a slate: written, read back, and read from before. */
#include "engine/slate_log.h"

#include "support/near.h"
#include "support/small_catalogue.h"

#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    piq_catalogue *c;
    piq_arena a;
    piq_slate_origin origin;
    piq_recommendation shown[2];
    piq_candidate candidates[3];
    piq_explored explored[2];
    piq_content_id plan[2];
    piq_slate slate;
} fixture;

static void fill(fixture *f)
{
    *f = (fixture){.c = small_catalogue()};
    piq_arena_init(&f->a, 0);
    f->plan[0] = f->c->contents[0].id;
    f->plan[1] = f->c->contents[2].id;
    f->origin = (piq_slate_origin){.n_events = 300,
                                   .calibration = 4,
                                   .model = 2,
                                   .policy = 7,
                                   .taste = 8,
                                   .rules = 9,
                                   .explores = true,
                                   .explore = {0.08, 1000, 0.01},
                                   .diversity = 0.1,
                                   .seed = UINT64_C(0xfedcba9876543210),
                                   .plan = f->plan,
                                   .n_plan = 2};
    for (uint32_t i = 0; i < 3; i++)
        f->candidates[i] = (piq_candidate){{i}, 0.25f * (float)i};
    for (uint32_t i = 0; i < 2; i++) {
        f->shown[i] = (piq_recommendation){.content = {i},
                                           .score = 0.75 - i / 3.0,
                                           .propensity = i ? 0.125 : 1,
                                           .cause = i ? PIQ_CAUSE_EXPLORATION
                                                      : PIQ_CAUSE_PIN};
        f->explored[i] = (piq_explored){
            .content = {2 - i}, .value = 0.5 / 3, .chance = i ? 0.125 : 0.875};
        for (int t = 0; t < PIQ_N_TERMS; t++) {
            f->shown[i].terms[t].value = (double)i + 0.5 * t;
            f->explored[i].terms[t] = (float)t / 4;
        }
    }
    f->slate = (piq_slate){.list = f->shown,
                           .n = 2,
                           .candidates = f->candidates,
                           .n_candidates = 3,
                           .explored = f->explored,
                           .n_explored = 2,
                           .slot = 1};
}

static void drain(fixture *f)
{
    piq_arena_release(&f->a);
    piq_catalogue_free(f->c);
}

static piq_str written(fixture *f)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_slate_log_write(&f->origin, &f->slate, f->c, &b);
    piq_str s = piq_buf_keep(&b, &f->a);
    piq_buf_release(&b);
    assert_non_null(s.ptr);
    return s;
}

static void test_slate_log__tells_all_that_was_written(void **s)
{
    (void)s;
    fixture f;
    piq_slate_log log;
    fill(&f);
    assert_int_equal(piq_slate_log_read(&f.a, written(&f), &log), PIQ_OK);
    const piq_slate_origin *o = &log.origin;
    assert_int_equal(log.format, 2);
    assert_int_equal(o->n_events, 300);
    assert_int_equal(o->calibration, 4);
    assert_int_equal(o->model, 2);
    assert_int_equal(o->policy, 7);
    assert_int_equal(o->taste, 8);
    assert_int_equal(o->rules, 9);
    assert_true(o->explores && o->explore.delta == 0.08 &&
                o->explore.gamma == 1000 && o->explore.floor == 0.01);
    assert_true(o->diversity == 0.1 && o->seed == f.origin.seed);
    assert_int_equal(o->n_plan, 2);
    assert_int_equal(o->plan[1].v, f.plan[1].v);
    assert_int_equal(log.n_candidates, 3);
    assert_int_equal(log.candidates[2].content.v, f.c->contents[2].id.v);
    assert_true(log.candidates[2].score == 0.5f);
    assert_int_equal(log.slot, 1);
    assert_int_equal(log.n_explored, 2);
    assert_true(log.explored[1].chance == 0.125);
    assert_true(log.explored[1].value == 0.5 / 3);
    assert_true(log.explored[0].terms[5] == 1.25f);
    assert_int_equal(log.n_shown, 2);
    assert_int_equal(log.shown[0].cause, PIQ_CAUSE_PIN);
    assert_int_equal(log.shown[1].cause, PIQ_CAUSE_EXPLORATION);
    assert_true(log.shown[1].value == f.shown[1].score);
    assert_true(log.shown[1].chance == 0.125);
    assert_true(log.shown[1].terms[21] == 11.5f);
    drain(&f);
}

/* u8 1; 2 candidates: id, score, 8 terms; 1 shown: id, chance. */
static void test_slate_log__reads_rows_of_the_first_format(void **s)
{
    (void)s;
    piq_arena a;
    piq_buf b;
    piq_slate_log log;
    piq_arena_init(&a, 0);
    piq_buf_init(&b, 0);
    piq_buf_put_u8(&b, 1);
    piq_buf_put_varint(&b, 2);
    for (unsigned i = 0; i < 2; i++) {
        piq_buf_put_varint(&b, 101 + i);
        piq_buf_put_f32(&b, 0.5f + (float)i);
        for (unsigned t = 0; t < 8; t++)
            piq_buf_put_f32(&b, (float)(10 * i + t));
    }
    piq_buf_put_varint(&b, 1);
    piq_buf_put_varint(&b, 102);
    piq_buf_put_f64(&b, 1);
    assert_int_equal(piq_slate_log_read(&a, (piq_str){b.ptr, b.len}, &log),
                     PIQ_OK);
    assert_int_equal(log.format, 1);
    assert_int_equal(log.n_candidates, 2);
    assert_int_equal(log.n_explored, 0);
    assert_int_equal(log.n_shown, 1);
    assert_int_equal(log.shown[0].content.v, 102);
    assert_true(log.shown[0].chance == 1);
    assert_true(log.shown[0].value == 1.5);
    assert_true(log.shown[0].terms[7] == 17);
    assert_true(log.shown[0].terms[8] == 0);
    piq_buf_release(&b);
    piq_arena_release(&a);
}

/* Every prefix, and every byte changed: refused or read, never more. */
static void test_slate_log__takes_no_harm_from_damage(void **s)
{
    (void)s;
    fixture f;
    piq_slate_log log;
    fill(&f);
    piq_str whole = written(&f);
    for (size_t n = 0; n < whole.len; n++) {
        char *part = malloc(n + 1);
        memcpy(part, whole.ptr, n);
        assert_int_equal(piq_slate_log_read(&f.a, (piq_str){part, n}, &log),
                         PIQ_ECORRUPT);
        free(part);
    }
    char *copy = malloc(whole.len);
    for (size_t i = 0; i < whole.len; i++)
        for (unsigned flip = 1; flip < 256; flip += 63) {
            memcpy(copy, whole.ptr, whole.len);
            copy[i] = (char)((unsigned char)copy[i] ^ flip);
            piq_arena a;
            piq_arena_init(&a, 0);
            piq_status status =
                piq_slate_log_read(&a, (piq_str){copy, whole.len}, &log);
            assert_true(status == PIQ_OK || status == PIQ_ECORRUPT);
            piq_arena_release(&a);
        }
    free(copy);
    drain(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slate_log__tells_all_that_was_written),
        cmocka_unit_test(test_slate_log__reads_rows_of_the_first_format),
        cmocka_unit_test(test_slate_log__takes_no_harm_from_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
