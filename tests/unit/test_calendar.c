#include "base/calendar.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void assert_reads(const char *text, int64_t want_us)
{
    int64_t got = -1;
    if (!piq_time_parse(piq_str_of(text), &got))
        fail_msg("not read: %s", text);
    if (got != want_us)
        fail_msg("%s read as %lld", text, (long long)got);
}

static void test_calendar__reads_what_rfc3339_allows(void **state)
{
    (void)state;
    assert_reads("1970-01-01T00:00:00Z", 0);
    /* 2026-11-22 is day 20779: 56 years of 365 and 14 leap days to 2026-01-01
     * (20454), then 325 days; ten hours are 36,000 s. */
    const int64_t t = (INT64_C(20779) * 86400 + 36000) * 1000000;
    assert_reads("2026-11-22T10:00:00Z", t);
    assert_reads("2026-11-22t10:00:00z", t);
    assert_reads("2026-11-22T10:00:00.5Z", t + 500000);
    assert_reads("2026-11-22T10:00:00.123456789Z", t + 123456);
    assert_reads("2026-11-22T15:30:00+05:30", t);
    assert_reads("2026-11-22T02:00:00-08:00", t);
    assert_reads("2026-11-22T10:00:00-00:00", t);
    /* RFC 3339, 5.8: the leap second of 1990, also told from California. */
    assert_reads("1990-12-31T23:59:60Z", INT64_C(662688000000000));
    assert_reads("1990-12-31T15:59:60-08:00", INT64_C(662688000000000));
    assert_reads("2000-02-29T00:00:00Z", INT64_C(951782400000000));
    assert_reads("9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999));
}

static void test_calendar__refuses_everything_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22T10:00Z",
        "2026-11-22T10:00:00",
        "2026-11-22 10:00:00Z",
        "2026-11-22T10:00:00.Z",
        "2026-11-22T10:00:00.1234567890Z",
        "2026-11-22T10:00:00Z ",
        " 2026-11-22T10:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:60:00Z",
        "2026-11-22T10:00:61Z",
        "2026-11-22T10:00:60Z",
        "2026-11-22T10:00:00+24:00",
        "2026-11-22T10:00:00+0530",
        "2026-11-22T10:00:00+05",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "10000-01-01T00:00:00Z",
        "-026-11-22T10:00:00Z",
        "2026-1-22T10:00:00Z",
    };
    int64_t at = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (piq_time_parse(piq_str_of(bad[i]), &at))
            fail_msg("read: %s", bad[i]);
    assert_int_equal(at, 7);
    assert_false(piq_time_parse((piq_str){"2026-11-22T10:00:00Z\0", 21}, &at));
}

static void test_calendar__agrees_with_gmtime(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 1);
    for (int i = 0; i < 20000; i++) {
        int64_t s = (int64_t)piq_rng_below(&r, UINT64_C(253402300800));
        time_t t = (time_t)s;
        struct tm tm;
        char want[32];
        char got[32];
        gmtime_r(&t, &tm);
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm);
        size_t len = piq_time_format(s * 1000000, got);
        assert_int_equal(len, strlen(got));
        assert_string_equal(got, want);
        int32_t day = (int32_t)(s / 86400);
        assert_int_equal(piq_weekday_of(day), (tm.tm_wday + 6) % 7);
        assert_int_equal(piq_hour_of(s * 1000000, 0), tm.tm_hour);
        char date[16];
        int32_t back = -1;
        size_t date_len = piq_date_format(day, date);
        assert_int_equal(date_len, 10);
        assert_memory_equal(date, want, 10);
        assert_true(piq_date_parse(piq_str_of(date), &back));
        assert_int_equal(back, day);
    }
}

static void test_calendar__what_is_written_reads_back(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 2);
    for (int i = 0; i < 20000; i++) {
        int64_t at = (int64_t)piq_rng_below(&r, UINT64_C(253402300800000000));
        char text[32];
        int64_t back;
        size_t len = piq_time_format(at, text);
        assert_true(piq_time_parse((piq_str){text, len}, &back));
        assert_true(back == at);
    }
}

static void test_calendar__a_fraction_only_where_there_is_one(void **state)
{
    (void)state;
    char text[32];
    piq_time_format(INT64_C(951782400000000), text);
    assert_string_equal(text, "2000-02-29T00:00:00Z");
    piq_time_format(INT64_C(951782400120000), text);
    assert_string_equal(text, "2000-02-29T00:00:00.12Z");
    piq_time_format(INT64_C(951782400000001), text);
    assert_string_equal(text, "2000-02-29T00:00:00.000001Z");
    piq_time_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
}

static void test_calendar__no_instant_writes_past_the_end(void **state)
{
    (void)state;
    char text[32];
    char date[16];
    assert_true(piq_time_format(INT64_MAX, text) < sizeof text);
    assert_string_equal(text, "294247-01-10T04:00:54.775807Z");
    assert_true(piq_time_format(INT64_MIN, text) < sizeof text);
    assert_string_equal(text, "-290308-12-21T19:59:05.224192Z");
    assert_true(piq_date_format(INT32_MAX, date) < sizeof date);
    assert_true(piq_date_format(INT32_MIN, date) < sizeof date);
}

static void test_calendar__days_break_at_the_local_rollover(void **state)
{
    (void)state;
    const int64_t h = PIQ_US_PER_HOUR;
    /* Plain UTC. */
    assert_int_equal(piq_day_of(0, 0, 0), 0);
    assert_int_equal(piq_day_of(-1, 0, 0), -1);
    assert_int_equal(piq_day_of(24 * h - 1, 0, 0), 0);
    /* 23:30 UTC is 01:30 of the next day two hours east; with a rollover at
     * four the day before has not ended yet. */
    assert_int_equal(piq_day_of(23 * h + h / 2, 120, 0), 1);
    assert_int_equal(piq_day_of(23 * h + h / 2, 120, 4), 0);
    assert_int_equal(piq_day_of(26 * h, 120, 4), 1);
    assert_int_equal(piq_hour_of(23 * h + h / 2, 120), 1);
    assert_int_equal(piq_hour_of(0, -60), 23);
    assert_int_equal(piq_hour_of(-1, 0), 23);
    assert_int_equal(piq_day_of(INT64_MAX, 0, 0), 106751991);
    assert_int_equal(piq_day_of(INT64_MIN, 0, 0), -106751992);
}

static void test_calendar__a_day_starts_at_its_first_instant(void **state)
{
    (void)state;
    for (int32_t day = -800; day < 30000; day += 37)
        for (int32_t offset = -720; offset <= 840; offset += 105)
            for (int32_t rollover = 0; rollover < 24; rollover += 5) {
                int64_t at = piq_day_start_us(day, offset, rollover);
                assert_int_equal(piq_day_of(at, offset, rollover), day);
                assert_int_equal(piq_day_of(at - 1, offset, rollover), day - 1);
            }
    assert_true(piq_day_start_us(INT32_MAX, 0, 0) == INT64_MAX);
    assert_true(piq_day_start_us(INT32_MIN, 0, 0) == INT64_MIN);
}

static void test_calendar__the_epoch_was_a_thursday(void **state)
{
    (void)state;
    assert_int_equal(piq_weekday_of(0), 3);
    assert_int_equal(piq_weekday_of(-3), 0);
    assert_int_equal(piq_weekday_of(-4), 6);
    assert_int_equal(piq_weekday_of(20779), 6); /* 2026-11-22, a Sunday */
}

static void test_calendar__dates_are_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "2026-11-2", "2026-11-222", "2026/11/22",
        "1969-12-31", "20261122",  "2026-02-30",  "2026-11-22T00:00:00Z"};
    int32_t day = 5;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(piq_date_parse(piq_str_of(bad[i]), &day));
    assert_int_equal(day, 5);
    assert_true(piq_date_parse(PIQ_STR("2026-11-22"), &day));
    assert_int_equal(day, 20779);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar__reads_what_rfc3339_allows),
        cmocka_unit_test(test_calendar__refuses_everything_else),
        cmocka_unit_test(test_calendar__agrees_with_gmtime),
        cmocka_unit_test(test_calendar__what_is_written_reads_back),
        cmocka_unit_test(test_calendar__a_fraction_only_where_there_is_one),
        cmocka_unit_test(test_calendar__no_instant_writes_past_the_end),
        cmocka_unit_test(test_calendar__days_break_at_the_local_rollover),
        cmocka_unit_test(test_calendar__a_day_starts_at_its_first_instant),
        cmocka_unit_test(test_calendar__the_epoch_was_a_thursday),
        cmocka_unit_test(test_calendar__dates_are_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
