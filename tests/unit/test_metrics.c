/* threads:tsan - recording from many threads is part of what is tested. */
#include "metrics/metrics.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    piq_metrics *m;
    piq_buf out;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    piq_buf_init(&f.out, 0);
    *state = &f;
    return piq_metrics_new(&f.m) == PIQ_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_metrics_free(f->m);
    piq_buf_release(&f->out);
    return 0;
}

static void assert_written(fixture *f, const char *line)
{
    piq_buf_clear(&f->out);
    piq_metrics_write(f->m, &f->out);
    if (!f->out.ptr || !strstr(f->out.ptr, line))
        fail_msg("no %s in\n%s", line, f->out.ptr ? f->out.ptr : "nothing");
}

static void test_metrics__counters_and_gauges_as_text(void **state)
{
    fixture *f = *state;
    piq_metric *ok = piq_metrics_counter(f->m, "piq_requests_total",
                                         "Requests\nanswered.", "code=\"200\"");
    piq_metric *size = piq_metrics_gauge(f->m, "piq_size", "a \\ b", NULL);
    piq_metric *bad =
        piq_metrics_counter(f->m, "piq_requests_total", "", "code=\"400\"");
    piq_metric_add(ok, 2);
    piq_metric_add(ok, 3);
    piq_metric_add(bad, 1);
    piq_metric_set(size, 1.5);
    piq_metrics_write(f->m, &f->out);
    /* A family stands together, whenever its series were declared. */
    assert_string_equal(f->out.ptr,
                        "# HELP piq_requests_total Requests\\nanswered.\n"
                        "# TYPE piq_requests_total counter\n"
                        "piq_requests_total{code=\"200\"} 5\n"
                        "piq_requests_total{code=\"400\"} 1\n"
                        "# HELP piq_size a \\\\ b\n"
                        "# TYPE piq_size gauge\n"
                        "piq_size 1.5\n");
}

static void test_metrics__gauges_may_be_any_double(void **state)
{
    fixture *f = *state;
    piq_metric *g = piq_metrics_gauge(f->m, "g", "h", NULL);
    assert_written(f, "g 0\n");
    piq_metric_set(g, NAN);
    assert_written(f, "g NaN\n");
    piq_metric_set(g, INFINITY);
    assert_written(f, "g +Inf\n");
    piq_metric_set(g, -INFINITY);
    assert_written(f, "g -Inf\n");
    piq_metric_set(g, -1e-3);
    assert_written(f, "g -0.001\n");
}

static void test_metrics__histogram_buckets_hold_their_bound(void **state)
{
    fixture *f = *state;
    piq_metric *h = piq_metrics_histogram(f->m, "t", "Seconds.", "r=\"x\"");
    piq_metric_observe_ns(h, -5);           /* a clock that stepped back: 0 */
    piq_metric_observe_ns(h, 10000);        /* 10 us, in the first bucket */
    piq_metric_observe_ns(h, 10001);        /* just past it */
    piq_metric_observe_ns(h, 2500000000);   /* 2.5 s */
    piq_metric_observe_ns(h, 10000000000);  /* 10 s, the last bound */
    piq_metric_observe_ns(h, 100000000000); /* beyond */
    assert_written(f, "# TYPE t histogram\n");
    assert_written(f, "t_bucket{r=\"x\",le=\"0.00001\"} 2\n");
    assert_written(f, "t_bucket{r=\"x\",le=\"0.000025\"} 3\n");
    assert_written(f, "t_bucket{r=\"x\",le=\"1\"} 3\n");
    assert_written(f, "t_bucket{r=\"x\",le=\"2.5\"} 4\n");
    assert_written(f, "t_bucket{r=\"x\",le=\"10\"} 5\n");
    assert_written(f, "t_bucket{r=\"x\",le=\"+Inf\"} 6\n");
    assert_written(f, "t_count{r=\"x\"} 6\n");
    /* 10 us + 10.001 us + 2.5 s + 10 s + 100 s */
    assert_written(f, "t_sum{r=\"x\"} 112.500020001\n");
}

static void test_metrics__same_name_and_labels_are_one_series(void **state)
{
    fixture *f = *state;
    piq_metric *a = piq_metrics_counter(f->m, "n", "h", "x=\"1\"");
    assert_ptr_equal(a, piq_metrics_counter(f->m, "n", "h", "x=\"1\""));
    assert_ptr_not_equal(a, piq_metrics_counter(f->m, "n", "h", "x=\"2\""));
    assert_ptr_not_equal(a, piq_metrics_counter(f->m, "n", "h", NULL));
}

static void test_metrics__series_have_a_limit_and_null_is_ignored(void **state)
{
    fixture *f = *state;
    char labels[32];
    for (int i = 0; i < 2000; i++) {
        snprintf(labels, sizeof labels, "i=\"%d\"", i);
        assert_non_null(piq_metrics_counter(f->m, "n", "h", labels));
    }
    assert_null(piq_metrics_counter(f->m, "n", "h", "i=\"2000\""));
    assert_null(piq_metrics_gauge(f->m, "other", "h", NULL));
    assert_non_null(piq_metrics_counter(f->m, "n", "h", "i=\"7\""));
    piq_metric_add(NULL, 1);
    piq_metric_set(NULL, 1);
    piq_metric_observe_ns(NULL, 1);
}

enum { THREADS = 4, ROUNDS = 5000 };

static void *record(void *ctx)
{
    piq_metrics *m = ctx;
    piq_metric *c = piq_metrics_counter(m, "c", "h", NULL);
    piq_metric *g = piq_metrics_gauge(m, "g", "h", NULL);
    piq_metric *t = piq_metrics_histogram(m, "t", "h", NULL);
    for (int i = 0; i < ROUNDS; i++) {
        piq_metric_add(c, 2);
        piq_metric_set(g, i);
        piq_metric_observe_ns(t, 1000);
    }
    return NULL;
}

static void test_metrics__no_count_is_lost_between_threads(void **state)
{
    fixture *f = *state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record, f->m), 0);
    for (int i = 0; i < 20; i++) {
        piq_buf_clear(&f->out);
        piq_metrics_write(f->m, &f->out); /* while they write */
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_written(f, "c 40000\n");
    assert_written(f, "t_count 20000\n");
    assert_written(f, "t_sum 0.02\n"); /* 20,000 us */
    assert_written(f, "g 4999\n");
}

#define metrics_test(name)                                                     \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        metrics_test(test_metrics__counters_and_gauges_as_text),
        metrics_test(test_metrics__gauges_may_be_any_double),
        metrics_test(test_metrics__histogram_buckets_hold_their_bound),
        metrics_test(test_metrics__same_name_and_labels_are_one_series),
        metrics_test(test_metrics__series_have_a_limit_and_null_is_ignored),
        metrics_test(test_metrics__no_count_is_lost_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
