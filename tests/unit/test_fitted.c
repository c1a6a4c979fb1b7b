/* Fitted parameters as JSON: what is read, and what is refused. */
#include "domain/fitted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static piq_fitted example(void)
{
    piq_fitted f = {.from = PIQ_FITTED_LEARNER,
                    .reviews = 812,
                    .stability = {0.25, 1, -1.0 / 3},
                    .difficulty = PIQ_CARRY_DIFFICULTY};
    for (int i = 0; i < PIQ_N_MEMORY_PARAMETERS; i++)
        f.parameters[i] = 1.0 / (i + 3);
    return f;
}

static json_t *written(const piq_fitted *f)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_fitted_write(f, &w);
    piq_json_object_end(&w);
    json_t *json = json_loadb(b.ptr, b.len, 0, NULL);
    piq_buf_release(&b);
    assert_non_null(json);
    return json;
}

static void test_fitted__reads_back_to_the_bit(void **state)
{
    (void)state;
    piq_fitted f = example(), back = {0};
    json_t *json = written(&f);
    assert_int_equal(piq_fitted_read(json, "", &back, NULL), PIQ_OK);
    assert_int_equal(back.from, f.from);
    assert_int_equal(back.reviews, f.reviews);
    assert_memory_equal(back.parameters, f.parameters, sizeof f.parameters);
    assert_memory_equal(back.stability, f.stability, sizeof f.stability);
    assert_memory_equal(back.difficulty, f.difficulty, sizeof f.difficulty);
    json_decref(json);
}

/* `with` replaces a member; NULL takes it away. */
static void refused(const char *member, const char *with, const char *where)
{
    piq_fitted f = example(), back = {.reviews = 7};
    piq_err err = {0};
    json_t *json = written(&f);
    if (with)
        json_object_set_new(json, member,
                            json_loads(with, JSON_DECODE_ANY, NULL));
    else
        json_object_del(json, member);
    assert_int_equal(piq_fitted_read(json, "/fitted", &back, &err), PIQ_EINVAL);
    assert_string_equal(err.where, where);
    assert_int_equal(back.reviews, 7);
    json_decref(json);
}

static void test_fitted__what_is_wrong_is_named(void **state)
{
    (void)state;
    refused("from", "\"published\"", "/fitted/from");
    refused("from", NULL, "/fitted/from");
    refused("reviews", "-1", "/fitted/reviews");
    refused("reviews", "1.5", "/fitted/reviews");
    refused("parameters", "[1, 2, 3]", "/fitted/parameters");
    refused("parameters", NULL, "/fitted/parameters");
    refused("stability", "[0, \"1\", 0]", "/fitted/stability/1");
    refused("stability", "[0, 1]", "/fitted/stability");
    refused("difficulty", "[5, 1, 1e300]", "/fitted/difficulty/2");
    refused("weight", "1", "/fitted/weight");
}

static void test_fitted__names(void **state)
{
    (void)state;
    assert_string_equal(piq_fitted_from_name(PIQ_FITTED_NONE), "published");
    assert_string_equal(piq_fitted_from_name(PIQ_FITTED_LEARNER), "learner");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fitted__reads_back_to_the_bit),
        cmocka_unit_test(test_fitted__what_is_wrong_is_named),
        cmocka_unit_test(test_fitted__names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
