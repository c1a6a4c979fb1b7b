/* Loading over what is in force: positions stay, removed things stay retired,
 * and the change list says so. */
#include "domain/catalogue.h"
#include "support/catalogue_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct merge {
    piq_arena arena;
    piq_catalogue *before, *after;
    piq_findings findings;
    piq_catalogue_change change;
    piq_err err;
} merge;

static void merge_init(merge *m)
{
    memset(m, 0, sizeof *m);
    piq_arena_init(&m->arena, 0);
}

static void merge_release(merge *m)
{
    piq_catalogue_free(m->before);
    piq_catalogue_free(m->after);
    piq_arena_release(&m->arena);
}

/* Reads `text` over what was read last. */
static void then(merge *m, const char *text)
{
    piq_catalogue *next = NULL;
    piq_status status =
        piq_catalogue_read(&m->arena, piq_str_of(text), m->after, &next,
                           &m->findings, &m->change, &m->err);
    if (status)
        print_message("%s at %s\n", m->err.message, m->err.where);
    assert_int_equal(status, PIQ_OK);
    piq_catalogue_free(m->before);
    m->before = m->after;
    m->after = next;
}

static bool told(const merge *m, const char *line)
{
    for (size_t i = 0; i < m->change.n_lines; i++)
        if (piq_str_eq(m->change.lines[i], piq_str_of(line)))
            return true;
    return false;
}

static char *written(const piq_catalogue *c)
{
    piq_buf out;
    piq_buf_init(&out, 0);
    piq_json_writer w;
    piq_json_init(&w, &out);
    piq_catalogue_write(c, &w);
    assert_int_equal(out.status, PIQ_OK);
    size_t len;
    return piq_buf_take(&out, &len);
}

/* The document without content 3 (the duet), its character and item 99. */
static char *without_duet(void)
{
    const char *from = strstr(catalogue_document, "  {\"id\": 3,");
    const char *to = strstr(catalogue_document, "  {\"id\": 4,");
    char *less = (char *)malloc(strlen(catalogue_document) + 1);
    assert_non_null(less);
    size_t head = (size_t)(from - catalogue_document);
    memcpy(less, catalogue_document, head);
    memcpy(less + head, to, strlen(to) + 1);
    char *alone = document_with(
        less,
        "  {\"id\": \"ada\", \"name\": \"Ada\", \"style\": \"patient\",\n"
        "   \"difficulty\": 0.3, \"stats\": {\"tempo\": 72}}\n",
        "");
    char *out =
        document_with(alone,
                      ",\n  {\"id\": 99, \"title\": \"Alone\",\n"
                      "   \"concepts\": {\"keys\": 1}, \"difficulty\": 0.7}\n",
                      "\n");
    free(alone);
    free(less);
    return out;
}

static void test_catalogue_merge__first_load_adds_everything(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    /* 2 areas, 3 concepts, 1 character, 4 contents, 3 items */
    assert_int_equal(m.change.added, 13);
    assert_int_equal(m.change.changed, 0);
    assert_int_equal(m.change.retired, 0);
    assert_int_equal(m.change.n_lines, 13);
    assert_true(told(&m, "added concept keys"));
    assert_true(told(&m, "added item 99"));
    merge_release(&m);
}

static void test_catalogue_merge__same_document_changes_nothing(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    then(&m, catalogue_document);
    assert_int_equal(m.change.added + m.change.changed + m.change.retired, 0);
    assert_int_equal(m.change.n_lines, 0);
    merge_release(&m);
}

static void test_catalogue_merge__new_things_go_to_the_end(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    char *text = document_with(
        catalogue_document, " \"concepts\": [\n",
        " \"concepts\": [\n  {\"id\": \"first\", \"area\": \"pitch\","
        " \"level\": \"beginner\", \"name\": \"F\", \"can_do\": \"\","
        " \"prerequisites\": [\"pulse\"]},\n");
    then(&m, text);
    assert_int_equal(m.change.added, 1);
    assert_true(told(&m, "added concept first"));
    piq_concept_ix at;
    assert_true(piq_catalogue_find_concept(m.after, PIQ_STR("first"), &at));
    assert_int_equal(at.v, 3);
    assert_true(piq_catalogue_find_concept(m.after, PIQ_STR("keys"), &at));
    assert_int_equal(at.v, 2);
    assert_int_equal(m.after->concepts[3].prerequisites[0].v, 0);
    free(text);
    merge_release(&m);
}

static void test_catalogue_merge__removed_things_stay_retired(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    char *less = without_duet();
    then(&m, less);
    assert_int_equal(m.change.retired, 3);
    assert_int_equal(m.change.added + m.change.changed, 0);
    assert_true(told(&m, "retired character ada"));
    assert_true(told(&m, "retired content 3"));
    assert_true(told(&m, "retired item 99"));
    const piq_catalogue *c = m.after;
    assert_int_equal(c->n_contents, 4);
    assert_true(c->contents[2].retired);
    assert_int_equal(c->contents[2].id.v, 3);
    assert_true(piq_str_eq(c->contents[2].title, PIQ_STR("Duet")));
    assert_int_equal(c->contents[2].character.v, 0);
    assert_true(c->characters[0].retired);
    assert_true(c->characters[0].stats[0].value == 72);
    assert_true(c->items[2].retired);
    assert_false(c->contents[3].retired);
    /* and is offered for its concept no more */
    assert_int_equal(c->by_concept_at[3] - c->by_concept_at[2], 0);
    free(less);
    merge_release(&m);
}

static void test_catalogue_merge__named_again_comes_back(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    char *less = without_duet();
    then(&m, less);
    then(&m, less); /* stays retired, and that is no news */
    assert_int_equal(m.change.n_lines, 0);
    then(&m, catalogue_document);
    assert_int_equal(m.change.added, 3);
    assert_true(told(&m, "brought back content 3"));
    assert_false(m.after->contents[2].retired);
    assert_int_equal(m.after->n_contents, 4);
    assert_int_equal(m.after->by_concept_at[3] - m.after->by_concept_at[2], 1);
    free(less);
    merge_release(&m);
}

static void test_catalogue_merge__changes_name_their_members(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    char *one =
        document_with(catalogue_document, "\"minutes\": 9", "\"minutes\": 8");
    char *two = document_with(one, "\"title\": \"Duet\"", "\"title\": \"Duo\"");
    char *three = document_with(two, "\"pulse\": 0.4}", "\"pulse\": 0.5}");
    char *four = document_with(three, "\"tempo\": 72", "\"tempo\": 60");
    char *five = document_with(four, "0.3,\n", "0.4,\n");
    then(&m, five);
    assert_int_equal(m.change.changed, 4);
    assert_true(told(&m, "changed content 3: title, minutes"));
    assert_true(told(&m, "changed concept values: exercises"));
    assert_true(told(&m, "changed character ada: stats"));
    assert_true(told(&m, "changed new_learner_ability"));
    free(five);
    free(four);
    free(three);
    free(two);
    free(one);
    merge_release(&m);
}

static void test_catalogue_merge__document_must_stand_alone(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    /* Content 3 still names ada, who is only in the catalogue before. */
    char *text = document_with(
        catalogue_document,
        "  {\"id\": \"ada\", \"name\": \"Ada\", \"style\": \"patient\",\n"
        "   \"difficulty\": 0.3, \"stats\": {\"tempo\": 72}}\n",
        "");
    piq_catalogue *out = NULL;
    assert_int_equal(piq_catalogue_read(&m.arena, piq_str_of(text), m.after,
                                        &out, &m.findings, &m.change, &m.err),
                     PIQ_EINVAL);
    assert_null(out);
    assert_int_equal(m.findings.n, 1);
    assert_string_equal(m.findings.list[0].message,
                        "there is no character ada");
    free(text);
    merge_release(&m);
}

/* What a level rule would refuse today was right when it was retired. */
static void test_catalogue_merge__retired_things_are_not_judged(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    char *less = without_duet();
    char *no_keys = document_with(less,
                                  ",\n  {\"id\": \"keys\", \"area\": "
                                  "\"pitch\", \"level\": \"advanced\",\n"
                                  "   \"name\": \"Keys\", \"can_do\": \"\",\n"
                                  "   \"prerequisites\": [\"pulse\",\n"
                                  "    \"values\"]}\n",
                                  "\n");
    char *harder = document_with(
        no_keys,
        "\"id\": \"values\", \"area\": \"rhythm\", \"level\": \"beginner\"",
        "\"id\": \"values\", \"area\": \"rhythm\", \"level\": \"expert\"");
    then(&m, harder);
    assert_true(m.after->concepts[2].retired);
    assert_true(told(&m, "changed concept values: level"));
    char *stored = written(m.after);
    merge again;
    merge_init(&again);
    then(&again, stored);
    free(stored);
    merge_release(&again);
    free(harder);
    free(no_keys);
    free(less);
    merge_release(&m);
}

static void test_catalogue_merge__stored_form_keeps_positions(void **state)
{
    (void)state;
    merge m;
    merge_init(&m);
    then(&m, catalogue_document);
    char *less = without_duet();
    then(&m, less);
    char *stored = written(m.after);
    merge again;
    merge_init(&again);
    then(&again, stored);
    const piq_catalogue *c = again.after;
    assert_int_equal(c->n_contents, m.after->n_contents);
    for (size_t i = 0; i < c->n_contents; i++) {
        assert_int_equal(c->contents[i].id.v, m.after->contents[i].id.v);
        assert_int_equal(c->contents[i].retired, m.after->contents[i].retired);
    }
    for (size_t i = 0; i < c->n_items; i++)
        assert_int_equal(c->items[i].id.v, m.after->items[i].id.v);
    char *twice = written(c);
    assert_string_equal(stored, twice);
    free(twice);
    free(stored);
    free(less);
    merge_release(&again);
    merge_release(&m);
}

static void test_catalogue_merge__long_lists_are_cut(void **state)
{
    (void)state;
    size_t len;
    char *text = read_whole("content/poker.json", &len);
    assert_non_null(text);
    merge m;
    merge_init(&m);
    then(&m, text);
    size_t all = m.after->n_areas + m.after->n_concepts + m.after->n_contents +
                 m.after->n_items + m.after->n_characters;
    assert_int_equal(m.change.added, all);
    assert_int_equal(m.change.n_lines, 1001);
    char last[40];
    snprintf(last, sizeof last, "and %zu more", all - 1000);
    assert_true(told(&m, last));
    free(text);
    merge_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue_merge__first_load_adds_everything),
        cmocka_unit_test(test_catalogue_merge__same_document_changes_nothing),
        cmocka_unit_test(test_catalogue_merge__new_things_go_to_the_end),
        cmocka_unit_test(test_catalogue_merge__removed_things_stay_retired),
        cmocka_unit_test(test_catalogue_merge__named_again_comes_back),
        cmocka_unit_test(test_catalogue_merge__changes_name_their_members),
        cmocka_unit_test(test_catalogue_merge__document_must_stand_alone),
        cmocka_unit_test(test_catalogue_merge__retired_things_are_not_judged),
        cmocka_unit_test(test_catalogue_merge__stored_form_keeps_positions),
        cmocka_unit_test(test_catalogue_merge__long_lists_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
