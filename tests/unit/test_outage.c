/* threads:tsan
 * When an outage of storage begins and ends, from what is seen of it; and that
 * an engine tells of one without asking storage. */
#include "base/log.h"
#include "engine/outage.h"
#include "support/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static const int64_t WALL_US = INT64_C(1800000000000000);

typedef struct watched {
    piq_outage o;
    int64_t now_ns, lasted_ns;
} watched;

static watched begin(void)
{
    watched w = {.now_ns = 5000 * MS};
    piq_outage_init(&w.o, 7, WALL_US);
    return w;
}

/* Sees `s`, so many milliseconds after the look before. */
static piq_outage_turn see(watched *w, int64_t ms, piq_outage_signs s)
{
    w->now_ns += ms * MS;
    return piq_outage_see(&w->o, &s, w->now_ns,
                          WALL_US + w->now_ns / 1000 - 5000000, &w->lasted_ns);
}

static const piq_outage_signs well = {.n_misses = 7};

static void test_outage__who_is_slow_is_not_silent(void **state)
{
    (void)state;
    watched w = begin();
    for (int64_t ms = 0; ms < PIQ_OUTAGE_SILENT_MS; ms += 100)
        assert_int_equal(
            see(&w, 100,
                (piq_outage_signs){.silent_ns = ms * MS, .n_misses = 7}),
            PIQ_OUTAGE_GOES_ON);
    assert_int_equal(w.o.state, PIQ_STORAGE_SERVES);
    assert_int_equal(w.o.since_us, WALL_US);
}

/* Asked at 0 and not answered: told at 1 s, and since when. Answered at 9 s: it
 * serves at once, and 5 s later the log hears that it lasted 9 s. */
static void test_outage__silence_is_told_with_its_beginning(void **state)
{
    (void)state;
    watched w = begin();
    assert_int_equal(see(&w, 0, well), PIQ_OUTAGE_GOES_ON);
    for (int64_t ms = 100; ms <= 9000; ms += 100)
        assert_int_equal(
            see(&w, 100,
                (piq_outage_signs){.silent_ns = ms * MS, .n_misses = 7}),
            ms == 1000 ? PIQ_OUTAGE_BEGINS : PIQ_OUTAGE_GOES_ON);
    assert_int_equal(w.o.state, PIQ_STORAGE_SILENT);
    assert_int_equal(w.o.since_us, WALL_US); /* not 1 s later */
    assert_int_equal(see(&w, 100, well), PIQ_OUTAGE_GOES_ON);
    assert_int_equal(w.o.state, PIQ_STORAGE_SERVES);
    assert_int_equal(w.o.since_us, WALL_US + 9100000);
    assert_int_equal(see(&w, PIQ_OUTAGE_CALM_MS - 200, well),
                     PIQ_OUTAGE_GOES_ON);
    assert_int_equal(see(&w, 100, well), PIQ_OUTAGE_ENDS);
    assert_int_equal(w.lasted_ns, 9000 * MS);
    assert_int_equal(see(&w, 100, well), PIQ_OUTAGE_GOES_ON);
}

/* What was tried again and then worked is told, too, and is no reason not to
 * be ready. */
static void test_outage__what_was_ridden_out_is_told(void **state)
{
    (void)state;
    watched w = begin();
    assert_int_equal(see(&w, 100, (piq_outage_signs){.n_misses = 9}),
                     PIQ_OUTAGE_BEGINS);
    assert_int_equal(w.o.state, PIQ_STORAGE_SERVES);
    assert_int_equal(see(&w, 300, (piq_outage_signs){.n_misses = 12}),
                     PIQ_OUTAGE_GOES_ON);
    assert_int_equal(
        see(&w, PIQ_OUTAGE_CALM_MS, (piq_outage_signs){.n_misses = 12}),
        PIQ_OUTAGE_ENDS);
    assert_int_equal(w.lasted_ns, 300 * MS);
    assert_int_equal(w.o.since_us, WALL_US);
}

static void test_outage__one_that_flickers_is_one(void **state)
{
    (void)state;
    watched w = begin();
    int n_begun = 0, n_ended = 0;
    for (int i = 0; i < 200; i++) {
        piq_outage_signs s = well;
        s.failed = i < 100 && i % 10 < 3;
        piq_outage_turn turn = see(&w, 100, s);
        n_begun += turn == PIQ_OUTAGE_BEGINS;
        n_ended += turn == PIQ_OUTAGE_ENDS;
    }
    assert_int_equal(n_begun, 1);
    assert_int_equal(n_ended, 1);
    /* Seen first at look 0, last at look 92. */
    assert_int_equal(w.lasted_ns, 9200 * MS);
}

static void test_outage__a_refused_commit_lasts_until_one_is_taken(void **state)
{
    (void)state;
    watched w = begin();
    piq_outage_signs refused = {.refused = true, .n_misses = 7};
    assert_int_equal(see(&w, 100, refused), PIQ_OUTAGE_BEGINS);
    for (int i = 0; i < 100; i++)
        assert_int_equal(see(&w, 100, refused), PIQ_OUTAGE_GOES_ON);
    assert_int_equal(w.o.state, PIQ_STORAGE_REFUSES);
    assert_int_equal(see(&w, 100, well), PIQ_OUTAGE_GOES_ON);
    assert_int_equal(w.o.state, PIQ_STORAGE_SERVES);
}

/* ---- an engine ------------------------------------------------------------
 */

static bool serves(void *ctx)
{
    piq_storage_health h;
    piq_engine_storage(ctx, &h);
    return h.state == PIQ_STORAGE_SERVES;
}

/* Nobody posts anything: that it takes commits again is found out. */
static void test_outage__is_over_without_traffic(void **state)
{
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.probe_ms = 5;
    engine_fixture *f = fixture_new(&config);
    piq_storage_health h;
    piq_event e = fixture_answer(f, 1, 10, 1);
    assert_true(serves(f->e));
    memory_fail_commit(f->data, 1, 3, PIQ_EFULL);
    fixture_posted refused = fixture_post_to(f->e, 1, &e, 1, -1);
    assert_int_equal(refused.status, PIQ_EFULL);
    piq_engine_storage(f->e, &h);
    assert_int_equal(h.state, PIQ_STORAGE_REFUSES);
    fixture_await(serves, f->e);
    fixture_free(f);
}

static void count_line(void *ctx, const char *line, size_t len)
{
    (void)line;
    (void)len;
    ++*(size_t *)ctx;
}

static void test_outage__many_who_fail_make_one_line(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    size_t n_lines = 0;
    piq_err err = {0};
    piq_fail(&err, PIQ_EIO, "the connection is gone");
    piq_log_configure(PIQ_LOG_INFO, false, count_line, &n_lines);
    for (int i = 0; i < 10; i++)
        piq_engine_report(f->e, "could not look for something", &err);
    assert_int_equal(n_lines, 1);
    /* What is not storage's fault is said each time. */
    piq_fail(&err, PIQ_ECORRUPT, "a model is damaged");
    for (int i = 0; i < 3; i++)
        piq_engine_report(f->e, "could not look for something", &err);
    assert_int_equal(n_lines, 4);
    piq_log_configure(PIQ_LOG_INFO, false, NULL, NULL);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outage__who_is_slow_is_not_silent),
        cmocka_unit_test(test_outage__silence_is_told_with_its_beginning),
        cmocka_unit_test(test_outage__what_was_ridden_out_is_told),
        cmocka_unit_test(test_outage__one_that_flickers_is_one),
        cmocka_unit_test(
            test_outage__a_refused_commit_lasts_until_one_is_taken),
        cmocka_unit_test(test_outage__is_over_without_traffic),
        cmocka_unit_test(test_outage__many_who_fail_make_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
