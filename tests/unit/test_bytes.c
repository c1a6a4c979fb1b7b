/* threads:tsan - references are counted from many threads. */
#include "base/bytes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *on_the_heap(const char *z)
{
    char *copy = strdup(z);
    assert_non_null(copy);
    return copy;
}

static void test_bytes__the_last_release_frees(void **state)
{
    (void)state;
    /* LeakSanitizer and the use-after-free check are the judges. */
    piq_bytes *b = piq_bytes_take(on_the_heap("reply"), 5);
    assert_non_null(b);
    assert_ptr_equal(piq_bytes_retain(b), b);
    piq_bytes_release(b);
    assert_true(piq_str_eq(piq_bytes_str(b), PIQ_STR("reply")));
    piq_bytes_release(b);
}

static void test_bytes__nothing_is_allowed_everywhere(void **state)
{
    (void)state;
    assert_null(piq_bytes_retain(NULL));
    piq_bytes_release(NULL);
    assert_int_equal(piq_bytes_str(NULL).len, 0);
    piq_bytes *b = piq_bytes_take(NULL, 0);
    assert_non_null(b);
    assert_int_equal(piq_bytes_str(b).len, 0);
    piq_bytes_release(b);
}

enum { THREADS = 4, ROUNDS = 5000 };

static void *hold_and_let_go(void *ctx)
{
    piq_bytes *b = ctx;
    for (int i = 0; i < ROUNDS; i++) {
        piq_bytes *mine = piq_bytes_retain(b);
        if (piq_bytes_str(mine).ptr[0] != 'r')
            abort();
        piq_bytes_release(mine);
    }
    piq_bytes_release(b);
    return NULL;
}

static void test_bytes__threads_share_one_copy(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    piq_bytes *b = piq_bytes_take(on_the_heap("reply"), 5);
    assert_non_null(b);
    for (int i = 0; i < THREADS; i++) {
        piq_bytes *theirs = piq_bytes_retain(b);
        assert_int_equal(
            pthread_create(&threads[i], NULL, hold_and_let_go, theirs), 0);
    }
    piq_bytes_release(b); /* whoever is last frees it */
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes__the_last_release_frees),
        cmocka_unit_test(test_bytes__nothing_is_allowed_everywhere),
        cmocka_unit_test(test_bytes__threads_share_one_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
