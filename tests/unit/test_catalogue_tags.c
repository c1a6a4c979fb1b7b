/* Tags of contents: read, checked, stored, carried along when retired. */
#include "domain/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One content, with `members` after its modality. */
static const char *document(const char *members, int64_t id)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "{\"subject\":\"Chess\",\"new_learner_ability\":0.3,\"areas\":[{"
             "\"id\":\"a\",\"name\":\"A\",\"summary\":\"\"}],\"concepts\":[{"
             "\"id\":\"k\",\"area\":\"a\",\"level\":\"beginner\",\"name\":"
             "\"K\",\"can_do\":\"\"}],\"characters\":[],\"contents\":[{\"id\":"
             "%lld,\"type\":\"lesson\",\"title\":\"L\",\"concepts\":{\"k\":1},"
             "\"difficulty\":0.5,\"minutes\":5,\"modality\":\"visual\"%s}],"
             "\"items\":[]}",
             (long long)id, members);
    return text;
}

static piq_arena a;
static piq_findings found;
static piq_catalogue_change change;
static piq_err err;

static piq_catalogue *read_one(const char *text, const piq_catalogue *before)
{
    piq_catalogue *c = NULL;
    if (piq_catalogue_read(&a, piq_str_of(text), before, &c, &found, &change,
                           &err))
        return NULL;
    return c;
}

static piq_catalogue *must_read(const char *text, const piq_catalogue *before)
{
    piq_catalogue *c = read_one(text, before);
    if (!c)
        fail_msg("%s: %s", err.where, err.message);
    return c;
}

static void test_tags__come_back_from_the_stored_form(void **state)
{
    piq_buf b;
    piq_json_writer w;
    (void)state;
    piq_catalogue *c =
        must_read(document(",\"tags\":[\"live\",\"two words\"]", 1), NULL);
    assert_int_equal(c->contents[0].n_tags, 2);
    assert_string_equal(c->contents[0].tags[1].ptr, "two words");
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_catalogue_write(c, &w);
    piq_buf_add_char(&b, '\0');
    piq_catalogue *again = must_read(b.ptr, c);
    assert_int_equal(change.changed, 0);
    assert_int_equal(again->contents[0].n_tags, 2);
    piq_buf_release(&b);
    piq_catalogue_free(c);
    piq_catalogue_free(again);
}

static void test_tags__are_none_unless_given(void **state)
{
    piq_buf b;
    piq_json_writer w;
    (void)state;
    piq_catalogue *c = must_read(document("", 1), NULL);
    assert_int_equal(c->contents[0].n_tags, 0);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_catalogue_write(c, &w);
    piq_buf_add_char(&b, '\0');
    assert_null(strstr(b.ptr, "tags"));
    piq_buf_release(&b);
    piq_catalogue_free(c);
}

static void test_tags__a_change_of_them_is_a_change(void **state)
{
    (void)state;
    piq_catalogue *c = must_read(document(",\"tags\":[\"live\"]", 1), NULL);
    piq_catalogue *d = must_read(document(",\"tags\":[\"spring\"]", 1), c);
    assert_int_equal(change.changed, 1);
    assert_non_null(strstr(change.lines[0].ptr, "tags"));
    piq_catalogue_free(c);
    piq_catalogue_free(d);
}

static void test_tags__stay_with_what_is_retired(void **state)
{
    (void)state;
    piq_catalogue *c = must_read(document(",\"tags\":[\"live\"]", 1), NULL);
    piq_catalogue *d = must_read(document("", 2), c);
    assert_true(d->contents[0].retired);
    assert_int_equal(d->contents[0].n_tags, 1);
    piq_catalogue_free(c);
    assert_string_equal(d->contents[0].tags[0].ptr, "live");
    piq_catalogue_free(d);
}

static void test_tags__faults_are_found(void **state)
{
    static const char *const faults[][2] = {
        {",\"tags\":\"live\"", "/contents/0/tags"},
        {",\"tags\":[\"a\",7]", "/contents/0/tags/1"},
        {",\"tags\":[\"\"]", "/contents/0/tags/0"},
        {",\"tags\":[\"a\",\"b\",\"a\"]", "/contents/0/tags/2"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        assert_null(read_one(document(faults[i][0], 1), NULL));
        assert_int_equal(found.n, 1);
        assert_string_equal(found.list[0].where, faults[i][1]);
    }
}

static int open_arena(void **state)
{
    (void)state;
    piq_arena_init(&a, 0);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    piq_arena_release(&a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags__come_back_from_the_stored_form),
        cmocka_unit_test(test_tags__are_none_unless_given),
        cmocka_unit_test(test_tags__a_change_of_them_is_a_change),
        cmocka_unit_test(test_tags__stay_with_what_is_retired),
        cmocka_unit_test(test_tags__faults_are_found),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
