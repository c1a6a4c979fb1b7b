#include "predict/kt_about_json.h"

#include "feature/ask.h"
#include "feature/schema.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* 2026-01-01T00:00:00Z */
#define T0 INT64_C(1767225600000000)

static piq_kt_model model_of(void)
{
    piq_kt_model m = {.about = {.data = "school",
                                .made_us = T0,
                                .from_us = T0 - 1000000,
                                .until_us = T0 + 500000,
                                .seed = UINT64_MAX,
                                .n_answers = 1000,
                                .n_learners = 30,
                                .n_valid = 200,
                                .valid_auc = 0.84375,
                                .valid_logloss = 0.5,
                                .valid_ece = 0.0078125,
                                .member_auc = {0.75, NAN, 0.8}}};
    m.lr.n_features = 1;
    m.blend.weight[PIQ_MEMBER_LR] = 0.25;
    return m;
}

static void assert_json(const piq_kt_model *m, const char *expected)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_kt_about_json(m, &b);
    assert_int_equal(b.status, PIQ_OK);
    assert_string_equal(b.ptr, expected);
    piq_buf_release(&b);
}

static void test_kt_about_json__says_all_that_is_known(void **state)
{
    (void)state;
    piq_kt_model m = model_of();
    char expected[600];
    /* The trees and the net are not there, so neither is said to be. */
    snprintf(expected, sizeof expected,
             "{\"schema\":%d,\"data\":\"school\","
             "\"made_at\":\"2026-01-01T00:00:00Z\","
             "\"from\":\"2025-12-31T23:59:59Z\","
             "\"until\":\"2026-01-01T00:00:00.5Z\","
             "\"answers\":1000,\"learners\":30,"
             "\"seed\":\"18446744073709551615\","
             "\"validation\":{\"answers\":200,\"auc\":0.84375,"
             "\"logloss\":0.5,\"ece\":0.007813},"
             "\"members\":{\"lr\":{\"auc\":0.75,\"weight\":0.25}}}",
             (int)PIQ_FEATURE_SCHEMA_VERSION);
    assert_json(&m, expected);
}

static void test_kt_about_json__unknown_is_null(void **state)
{
    (void)state;
    piq_kt_model m = model_of();
    char expected[600];
    m.blend.weight[PIQ_MEMBER_LR] = 0.0; /* takes no part */
    m.about.made_us = -1;
    m.about.from_us = PIQ_NO_TIME;
    m.about.until_us = INT64_MAX; /* no year that can be written */
    m.about.valid_auc = m.about.valid_logloss = m.about.valid_ece = NAN;
    m.about.n_valid = UINT64_MAX; /* cut to what JSON's readers take */
    memset(m.about.data, 'd', sizeof m.about.data); /* no NUL */
    snprintf(expected, sizeof expected,
             "{\"schema\":%d,\"data\":\"%.64s\",\"made_at\":null,"
             "\"from\":null,\"until\":null,"
             "\"answers\":1000,\"learners\":30,"
             "\"seed\":\"18446744073709551615\","
             "\"validation\":{\"answers\":9223372036854775807,"
             "\"auc\":null,\"logloss\":null,\"ece\":null},\"members\":{}}",
             (int)PIQ_FEATURE_SCHEMA_VERSION,
             "dddddddddddddddddddddddddddddddd"
             "dddddddddddddddddddddddddddddddd");
    assert_json(&m, expected);
}

static void test_kt_about_json__no_memory_is_the_buffers_status(void **state)
{
    (void)state;
    piq_kt_model m = model_of();
    piq_buf b;
    piq_buf_init(&b, 20);
    piq_kt_about_json(&m, &b);
    assert_int_equal(b.status, PIQ_ELIMIT);
    piq_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt_about_json__says_all_that_is_known),
        cmocka_unit_test(test_kt_about_json__unknown_is_null),
        cmocka_unit_test(test_kt_about_json__no_memory_is_the_buffers_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
