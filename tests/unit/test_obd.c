#include "train/obd.h"

#include "base/rng.h"
#include "support/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char log_text[] =
    ",timestamp,item_id,position,click,propensity_score,user_feature_0,"
    "user-item_affinity_0,user-item_affinity_1\n"
    "0,2019-11-24,0,1,1,0.5,red,0.0,1.0\n"
    "1,2019-11-24,1,2,0,0.25,blue,,3.0\r\n"
    "\n"
    "2,2019-11-24,1,1,0,0.5,red,0.0,0.0\n";
static const char policy_text[] = "0.2,3\n0.6,1\n";

static piq_status read_log(piq_arena *a, const char *log, const char *policy,
                           piq_obd *out, piq_err *err)
{
    return piq_obd_read(a, piq_str_of(log), piq_str_of(policy), out, err);
}

static void test_obd__reads_rows_and_divides_columns(void **state)
{
    (void)state;
    piq_arena a;
    piq_obd o;
    piq_err err = {0};
    piq_arena_init(&a, 0);
    if (read_log(&a, log_text, policy_text, &o, &err))
        fail_msg("%s", err.message);
    assert_int_equal(o.n_items, 2);
    assert_int_equal(o.n_positions, 2);
    assert_int_equal(o.log.n, 3);
    const piq_offpolicy_row *r = o.log.rows;
    assert_int_equal(r[1].action, 1);
    assert_near(r[1].propensity, .25, 0);
    assert_near(r[0].reward, 1, 0);
    /* Columns sum to .8 and 4. */
    assert_near(r[0].target[0], .25, 1e-15);
    assert_near(r[0].target[1], .75, 1e-15);
    assert_near(r[1].target[0], .75, 1e-15);
    assert_near(r[1].target[1], .25, 1e-15);
    piq_arena_release(&a);
}

static void test_obd__features_say_position_item_user_affinity(void **state)
{
    (void)state;
    piq_arena a;
    piq_obd o;
    double x[64] = {0};
    piq_arena_init(&a, 0);
    assert_int_equal(read_log(&a, log_text, policy_text, &o, NULL), PIQ_OK);
    /* 1 + one position more + 2 items + the values of one feature + affinity */
    assert_int_equal(o.log.width, 1 + 1 + 2 + PIQ_OBD_VALUES + 1);
    o.log.features(o.log.ctx, 1, 1, x);
    assert_near(x[0], 1, 0); /* constant */
    assert_near(x[1], 1, 0); /* position 2 */
    assert_near(x[2], 0, 0); /* item 0 */
    assert_near(x[3], 1, 0); /* item 1 */
    assert_near(x[4], 0, 0); /* red */
    assert_near(x[5], 1, 0); /* blue */
    assert_near(x[4 + PIQ_OBD_VALUES], log(4), 1e-12);
    piq_arena_release(&a);
}

static void test_obd__says_where_it_is_wrong(void **state)
{
    (void)state;
    static const char head[] = "item_id,position,click,propensity_score\n";
    static const struct {
        const char *log, *policy, *says;
        piq_status status;
    } cases[] = {
        {"0,1,0,0.5\n2,1,0,0.5\n", "1\n1\n", "log, line 3, column 1",
         PIQ_EPARSE},
        {"0,2,0,0.5\n", "1\n1\n", "log, line 2, column 2", PIQ_EPARSE},
        {"0,1,2,0.5\n", "1\n1\n", "log, line 2, column 3", PIQ_EPARSE},
        {"0,1,0,0\n", "1\n1\n", "log, line 2, column 4", PIQ_EPARSE},
        {"0,1,0\n", "1\n1\n", "3 columns, not 4", PIQ_EPARSE},
        {"0,1,0,0.5\n", "1,1\n1\n", "policy, line 2", PIQ_EPARSE},
        {"0,1,0,0.5\n", "1\nx\n", "\"x\" is no chance", PIQ_EPARSE},
        {"0,1,0,0.5\n", "1\n-1\n", "\"-1\" is no chance", PIQ_EPARSE},
        {"0,1,0,0.5\n", "0\n0\n", "column 1 has no chances", PIQ_EPARSE},
        {"0,1,0,0.5\n", "", "no lines", PIQ_EPARSE}};
    char text[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        piq_arena a;
        piq_obd o;
        piq_err err = {0};
        piq_arena_init(&a, 0);
        snprintf(text, sizeof text, "%s%s", head, cases[i].log);
        assert_int_equal(read_log(&a, text, cases[i].policy, &o, &err),
                         cases[i].status);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s, not %s", err.message, cases[i].says);
        piq_arena_release(&a);
    }
}

static void test_obd__wants_its_columns(void **state)
{
    (void)state;
    static const char *const logs[] = {
        "", "item_id,position,click\n", "position,click,propensity_score\n",
        "item_id,item_id,position,click,propensity_score\n"};
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        piq_arena a;
        piq_obd o;
        piq_err err = {0};
        piq_arena_init(&a, 0);
        assert_int_equal(read_log(&a, logs[i], "1\n", &o, &err), PIQ_EPARSE);
        assert_non_null(strstr(err.message, "header"));
        piq_arena_release(&a);
    }
}

/* Whatever the bytes: an error or rows that can be evaluated. */
static void test_obd__takes_no_harm_from_damaged_text(void **state)
{
    (void)state;
    char log[sizeof log_text], policy[sizeof policy_text];
    size_t read = 0;
    piq_rng r;
    piq_rng_seed(&r, 3);
    for (int k = 0; k < 3000; k++) {
        piq_arena a;
        piq_obd o;
        piq_offpolicy_report report;
        memcpy(log, log_text, sizeof log);
        memcpy(policy, policy_text, sizeof policy);
        for (int j = 0; j < 2; j++) {
            log[piq_rng_below(&r, sizeof log - 1)] =
                (char)piq_rng_below(&r, 256);
            policy[piq_rng_below(&r, sizeof policy - 1)] =
                "0123456789.,-e\n"[piq_rng_below(&r, 15)];
        }
        piq_arena_init(&a, 0);
        piq_str text = {log, piq_rng_below(&r, 4) ? sizeof log - 1
                                                  : piq_rng_below(&r, 200)};
        if (!piq_obd_read(&a, text, (piq_str){policy, sizeof policy - 1}, &o,
                          NULL)) {
            piq_offpolicy_options options = *piq_offpolicy_defaults();
            options.resamples = 100;
            (void)!piq_offpolicy(&a, &o.log, &options, &report, NULL);
            read++;
        }
        piq_arena_release(&a);
    }
    assert_true(read > 100);
}

/* ---- the real log -------------------------------------------------------- */

static bool slurp(const char *path, char **bytes, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    *bytes = malloc((size_t)16 << 20);
    assert_non_null(*bytes);
    *len = fread(*bytes, 1, (size_t)16 << 20, f);
    fclose(f);
    return true;
}

static piq_offpolicy_report real(const char *logged, const char *target)
{
    const char *shared = getenv("PIQ_SHARED");
    char path[2][1024], *bytes[2] = {NULL};
    size_t len[2] = {0};
    piq_arena a;
    piq_obd o;
    piq_err err = {0};
    piq_offpolicy_report r = {0};
    shared = shared ? shared : "../shared";
    snprintf(path[0], sizeof path[0], "%s/data/recommend/obd/%s/men/men.csv",
             shared, logged);
    snprintf(path[1], sizeof path[1],
             "%s/data/recommend/obd/golden/pi_%s_men.csv", shared, target);
    for (int i = 0; i < 2; i++)
        if (!slurp(path[i], &bytes[i], &len[i])) {
            print_message("skipped: there is no %s\n", path[i]);
            free(bytes[0]);
            skip();
        }
    piq_arena_init(&a, (size_t)1 << 30);
    if (piq_obd_read(&a, (piq_str){bytes[0], len[0]},
                     (piq_str){bytes[1], len[1]}, &o, &err) ||
        piq_offpolicy(&a, &o.log, piq_offpolicy_defaults(), &r, &err))
        fail_msg("%s", err.message);
    piq_arena_release(&a);
    free(bytes[0]);
    free(bytes[1]);
    return r;
}

static void test_obd__random_log_gives_the_golden_values(void **state)
{
    (void)state;
    piq_offpolicy_report r = real("random", "bts");
    assert_int_equal(r.n, 10000);
    assert_near(r.ips, .004534, 1e-6);
    assert_near(r.snips, .004604, 1e-6);
    assert_near(r.ess, 2467, .5);
    assert_near(r.max_weight, 10.69, .005);
    /* On-policy truth .0069; obp's DR with its own reward model .004503. */
    assert_true(r.ci[0] < .0069 && .0069 < r.ci[1]);
    assert_near(r.dr, .004503, .0004);
}

static void test_obd__thompson_log_gives_the_golden_values(void **state)
{
    (void)state;
    piq_offpolicy_report r = real("bts", "random");
    assert_near(r.ips, .003009, 1e-6);
    assert_near(r.snips, .003189, 1e-6);
    assert_near(r.ess, 656, .5);
    assert_near(r.max_weight, 178.25, .005);
    assert_true(r.ci[0] < .0046 && .0046 < r.ci[1]);
    assert_near(r.dr, .003387, .0004);
    assert_int_equal(r.verdict, PIQ_OFFPOLICY_WORSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_obd__reads_rows_and_divides_columns),
        cmocka_unit_test(test_obd__features_say_position_item_user_affinity),
        cmocka_unit_test(test_obd__says_where_it_is_wrong),
        cmocka_unit_test(test_obd__wants_its_columns),
        cmocka_unit_test(test_obd__takes_no_harm_from_damaged_text),
        cmocka_unit_test(test_obd__random_log_gives_the_golden_values),
        cmocka_unit_test(test_obd__thompson_log_gives_the_golden_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
