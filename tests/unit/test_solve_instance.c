/* Instances as text: what is read, what is refused and on which line; and that
 * no corruption of a good one does worse than be refused. */
#include "base/rng.h"
#include "solve/instance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char good[] = "2 3 4\n"
                           "24 0 27.5 30\n"
                           "0.4 0.1 0\n"
                           "0.2 1.0 1 0\n"
                           "15 0 1 0 0.32\n"
                           "5 1 2 1 0.39 0 0.1\n"
                           "8 1 1 1 0.16\n";

static piq_arena a;

static int set_up(void **state)
{
    (void)state;
    piq_arena_init(&a, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    piq_arena_release(&a);
    return 0;
}

static piq_status parse(const char *text, piq_solve_problem *p, piq_err *err)
{
    *err = (piq_err){0};
    return piq_solve_instance_read(&a, piq_str_of(text), p, err);
}

static void test_solve_instance__is_read_as_it_stands(void **state)
{
    (void)state;
    piq_solve_problem p;
    piq_err err;
    assert_int_equal(parse(good, &p, &err), PIQ_OK);
    assert_int_equal(p.n_concepts, 2);
    assert_int_equal(p.n_items, 3);
    assert_int_equal(p.n_days, 4);
    assert_true(p.budget[2] == 27.5);
    assert_int_equal(p.concepts[1].n_prerequisites, 1);
    assert_int_equal(p.concepts[1].prerequisites[0], 0);
    assert_true(p.concepts[1].weight == 1 && p.concepts[1].level0 == .2);
    assert_int_equal(p.items[1].n_gains, 2);
    assert_int_equal(p.items[1].gains[1].concept, 0);
    assert_true(p.items[1].gains[1].gain == .1);
    assert_true(p.items[1].minutes == 5 && p.items[1].main == 1);
    /* keep: all of what is learned on the last day, .6 + .4 exp(-3/7) of the
     * first; of the start .6 + .4 exp(-4/7) is left. */
    assert_true(p.concepts[0].keep[3] == 1);
    assert_true(fabs(p.concepts[0].keep[0] - (.6 + .4 * exp(-3. / 7))) < 1e-15);
    assert_true(fabs(p.concepts[0].kept0 - .4 * (.6 + .4 * exp(-4. / 7))) <
                1e-15);
}

static void test_solve_instance__line_ends_and_blanks_do_not_matter(
    void **state)
{
    (void)state;
    piq_solve_problem p;
    piq_err err;
    assert_int_equal(
        parse("1 1 1\r\n 9\t\r\n.5 1 0\r\n5  0 1 0 .3\r\n\r\n \n", &p, &err),
        PIQ_OK);
    assert_int_equal(parse("1 1 1\n9\n.5 1 0\n5 0 1 0 3e-1", &p, &err), PIQ_OK);
    assert_int_equal(parse("0 0 1\n9\n", &p, &err), PIQ_OK);
}

typedef struct refused {
    const char *text;
    const char *where, *what;
} refused;

static void test_solve_instance__what_is_wrong_is_said_with_its_line(
    void **state)
{
    (void)state;
    static const refused all[] = {
        {"", "line 1", "ends too soon"},
        {"1 1\n9\n", "line 1", "too few"},
        {"1 1 1 1\n9\n", "line 1", "too many numbers"},
        {"1 1 0\n\n", "line 1", "no day"},
        {"1.5 1 1\n9\n", "line 1", "whole"},
        {"-1 1 1\n9\n", "line 1", "negative"},
        {"99999 1 1\n9\n", "line 1", "too many concepts"},
        {"1 70000 1\n9\n", "line 1", "too many items"},
        {"1 1 401\n9\n", "line 1", "too many days"},
        {"1e400 1 1\n9\n", "line 1", "no number"},
        {"1 1 2\n9\n", "line 2", "too few"},
        {"1 1 1\n9 9\n", "line 2", "too many numbers"},
        {"1 1 1\n-9\n", "line 2", "negative"},
        {"1 1 1\n1e9\n.5 1 0\n5 0 1 0 .3\n", "line 2", "out of range"},
        {"1 1 1\nnan\n", "line 2", "no number"},
        {"1 1 1\ninf\n", "line 2", "no number"},
        {"1 1 1\n9\n", "line 3", "ends too soon"},
        {"1 1 1\n9\n.5 1\n", "line 3", "too few"},
        {"1 1 1\n9\nx 1 0\n", "line 3", "no number"},
        {"1 1 1\n9\n.5 1 1 0\n5 0 1 0 .3\n", "line 3", "prerequisites"},
        {"2 0 1\n9\n.5 1 1 1\n.5 1 1 0\n", "line 3", "lead back"},
        {"2 0 1\n9\n.5 1 0\n.5 1 1 1\n", "line 4", "lead back"},
        {"2 0 1\n9\n.5 1 0\n.5 1 1 2\n", "line 4", "unknown concept"},
        {"2 0 1\n9\n.5 1 0\n500 1 0\n", "line 4", "out of range"},
        {"1 1 1\n9\n.5 1 0\n", "line 4", "ends too soon"},
        {"1 1 1\n9\n.5 1 0\n5 1 1 0 .3\n", "line 4", "unknown concept"},
        {"1 1 1\n9\n.5 1 0\n5 0 1 0\n", "line 4", "too few"},
        {"1 1 1\n9\n.5 1 0\n5 0 9 0 .3\n", "line 4", "too many gains"},
        {"1 1 1\n9\n.5 1 0\n0 0 1 0 .3\n", "line 4", "minutes"},
        {"1 1 1\n9\n.5 1 0\n5 0 2 0 .3 0 .1\n", "line 4", "twice"},
        {"1 1 1\n9\n.5 1 0\n5 0 1 0 .3 junk\n", "line 4", "too many"},
        {"1 1 1\n9\n.5 1 0\n5 0 1 0 .3\n\n7\n", "line 6", "more lines"},
        {"0 1 1\n9\n5 0 0\n", "line 3", "no concepts"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        piq_solve_problem p;
        piq_err err;
        assert_int_equal(parse(all[i].text, &p, &err), PIQ_EPARSE);
        if (strcmp(err.where, all[i].where) != 0 ||
            !strstr(err.message, all[i].what))
            fail_msg("%s: %s (%s)", all[i].text, err.message, err.where);
    }
}

/* Bytes changed, dropped, doubled, lines swapped away: read or refused with a
 * line that there is, never anything else. The text is on the heap at its very
 * length, so that reading past its end is seen. */
static void corrupt(piq_rng *r, char *text, size_t *len)
{
    static const char bytes[] = "0123456789.-+e \t\r\nxN\0\xff";
    size_t at = piq_rng_below(r, *len), n;
    switch (piq_rng_below(r, 4)) {
    case 0:
        text[at] = bytes[piq_rng_below(r, sizeof bytes - 1)];
        break;
    case 1:
        n = 1 + piq_rng_below(r, *len - at);
        memmove(text + at, text + at + n, *len - at - n);
        *len -= n;
        break;
    case 2:
        memmove(text + at + 1, text + at, *len - at);
        *len += 1;
        break;
    default:
        *len = at;
        break;
    }
}

static void test_solve_instance__corruption_is_never_worse_than_refused(
    void **state)
{
    (void)state;
    enum { TRIES = 20000, MOST = 4 };
    piq_rng r;
    size_t n_refused = 0;
    piq_rng_seed(&r, 1);
    for (int i = 0; i < TRIES; i++) {
        char big[sizeof good + MOST];
        size_t len = sizeof good - 1, line = 0;
        memcpy(big, good, len);
        for (uint64_t k = 1 + piq_rng_below(&r, MOST); k && len; k--)
            corrupt(&r, big, &len);
        char *text = malloc(len ? len : 1);
        assert_non_null(text);
        memcpy(text, big, len);
        piq_solve_problem p;
        piq_err err = {0};
        piq_arena_clear(&a);
        piq_status status =
            piq_solve_instance_read(&a, (piq_str){text, len}, &p, &err);
        if (status) {
            n_refused++;
            assert_int_equal(status, PIQ_EPARSE);
            assert_int_equal(sscanf(err.where, "line %zu", &line), 1);
            assert_in_range(line, 1, 16);
        }
        free(text);
    }
    assert_true(n_refused > TRIES / 2);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(test_solve_instance__is_read_as_it_stands),
        ONE(test_solve_instance__line_ends_and_blanks_do_not_matter),
        ONE(test_solve_instance__what_is_wrong_is_said_with_its_line),
        ONE(test_solve_instance__corruption_is_never_worse_than_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
