/* Strict reading: what is right is read, what is wrong is named with its
 * line. Run from the project's root. */
#include "domain/catalogue_json.h"
#include "support/catalogue_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct reading {
    piq_arena arena;
    piq_catalogue *c;
    piq_findings findings;
    piq_catalogue_change change;
    piq_err err;
    piq_status status;
} reading;

static void read_text(reading *r, const char *text)
{
    memset(r, 0, sizeof *r);
    piq_arena_init(&r->arena, 0);
    r->status = piq_catalogue_read(&r->arena, piq_str_of(text), NULL, &r->c,
                                   &r->findings, &r->change, &r->err);
}

static void done(reading *r)
{
    piq_catalogue_free(r->c);
    piq_arena_release(&r->arena);
}

static void test_catalogue__reads_every_member(void **state)
{
    (void)state;
    reading r;
    read_text(&r, catalogue_document);
    assert_int_equal(r.status, PIQ_OK);
    const piq_catalogue *c = r.c;
    assert_int_equal(c->n_areas, 2);
    assert_int_equal(c->n_concepts, 3);
    assert_int_equal(c->n_characters, 1);
    assert_int_equal(c->n_contents, 4);
    assert_int_equal(c->n_items, 3);
    assert_true(piq_str_eq(c->subject, PIQ_STR("Music")));
    assert_true(c->new_learner_ability == 0.3);
    assert_true(c->concepts[0].difficulty == 0.15); /* beginner */
    assert_true(c->concepts[1].difficulty == 0.2);
    assert_true(c->concepts[2].difficulty == 0.65); /* advanced */
    assert_int_equal(c->concepts[1].exercises[0].concept.v, 0);
    assert_true(c->concepts[1].exercises[0].weight == 0.4);
    assert_int_equal(c->concepts[2].area.v, 1);
    assert_int_equal(c->contents[1].n_concepts, 2);
    assert_true(c->contents[1].practice);
    assert_true(c->contents[1].published);
    assert_int_equal(c->contents[1].prerequisites[0].v, 0);
    assert_int_equal(c->contents[2].character.v, 0);
    assert_int_equal(c->contents[0].character.v, PIQ_NO_IX16);
    assert_int_equal(c->contents[3].contains[1].v, 1);
    assert_true(c->items[0].discrimination == 1.5);
    assert_true(c->items[0].guess == 0.25);
    assert_true(c->items[1].discrimination == 1);
    assert_true(c->items[1].guess == 0);
    assert_int_equal(c->items[2].content.v, PIQ_NO_IX32);
    assert_true(c->characters[0].stats[0].value == 72);
    done(&r);
}

static void test_catalogue__derives_lists_and_order(void **state)
{
    (void)state;
    reading r;
    read_text(&r, catalogue_document);
    assert_int_equal(r.status, PIQ_OK);
    const piq_catalogue *c = r.c;
    assert_int_equal(c->contents[0].n_items, 1);
    assert_int_equal(c->contents[0].items[0].v, 0);
    assert_int_equal(c->contents[1].items[0].v, 1);
    assert_int_equal(c->contents[2].n_items, 0);
    /* pulse: contents 0, 1 and 3; values: 1; keys: 2 */
    assert_int_equal(c->by_concept_at[1], 3);
    assert_int_equal(c->by_concept_at[2], 4);
    assert_int_equal(c->by_concept_at[3], 5);
    assert_int_equal(c->by_concept[0].v, 0);
    assert_int_equal(c->by_concept[2].v, 3);
    assert_int_equal(c->by_concept[3].v, 1);
    assert_int_equal(c->by_concept[4].v, 2);
    for (size_t i = 0; i < 3; i++) /* the document's order is one already */
        assert_int_equal(c->order[i].v, i);
    done(&r);
}

static void test_catalogue__finds_by_outside_name(void **state)
{
    (void)state;
    reading r;
    read_text(&r, catalogue_document);
    piq_area_ix area;
    piq_concept_ix concept;
    piq_character_ix character;
    piq_content_ix content;
    piq_item_ix item;
    assert_true(piq_catalogue_find_area(r.c, PIQ_STR("pitch"), &area));
    assert_int_equal(area.v, 1);
    assert_true(piq_catalogue_find_concept(r.c, PIQ_STR("keys"), &concept));
    assert_int_equal(concept.v, 2);
    assert_true(piq_catalogue_find_character(r.c, PIQ_STR("ada"), &character));
    assert_true(piq_catalogue_find_content(r.c, (piq_content_id){4}, &content));
    assert_int_equal(content.v, 3);
    assert_true(piq_catalogue_find_item(r.c, (piq_item_id){99}, &item));
    assert_int_equal(item.v, 2);
    assert_false(piq_catalogue_find_concept(r.c, PIQ_STR("key"), &concept));
    assert_false(piq_catalogue_find_concept(r.c, (piq_str){0}, &concept));
    assert_false(piq_catalogue_find_item(r.c, (piq_item_id){1}, &item));
    done(&r);
}

/* One change to the catalogue_document, and the one finding that it must give.
 */
typedef struct fault {
    const char *from, *to;
    unsigned line;
    const char *where;
    const char *message; /* part of it */
} fault;

static const fault faults[] = {
    /* the document */
    {" \"subject\": \"Music\",\n", "", 1, "", "\"subject\" is missing"},
    {"\"Music\"", "17", 2, "/subject", "must be a string"},
    {"\"Music\"", "\"\"", 2, "/subject", "1 to 200 bytes, not 0"},
    {"0.3,\n", "1.3,\n", 3, "/new_learner_ability", "from 0 to 1, not 1.3"},
    {" \"subject\"", " \"colour\": 1, \"subject\"", 2, "/colour",
     "unknown member \"colour\""},
    /* a name of 61 bytes, shown to the 60th: half of its last letter */
    {" \"subject\"",
     " \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\xc3\xa9\": 1, \"subject\"",
     2, "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\xc3\xa9",
     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb?\""},
    /* ids */
    {"{\"id\": 99, ", "{", 49, "/items/2", "\"id\" is missing"},
    {"  {\"id\": \"ada\",",
     "{\"id\": \"a "
     "d\",\"name\":\"\\u266b\",\"style\":\"x\",\"difficulty\":0},\n"
     "  {\"id\": \"ada\",",
     21, "/characters/0/id", "characters A-Z"},
    {"\"id\": 99", "\"id\": 0", 49, "/items/2/id", "whole number"},
    {"\"id\": 99", "\"id\": 9007199254740992", 49, "/items/2/id",
     "to 9007199254740991"},
    {"\"id\": 99", "\"id\": \"x\"", 49, "/items/2/id", "whole number"},
    {" \"areas\": [\n",
     " \"areas\": [\n"
     "{\"id\": \"pitch\", \"name\": \"x\", \"summary\": \"\"},\n",
     7, "/areas/2/id", "area id pitch is already given on line 5"},
    {"\"characters\": [\n",
     "\"characters\": [\n"
     "{\"id\": \"ada\", \"name\": \"x\", \"style\": \"x\", \"difficulty\": "
     "0},\n",
     22, "/characters/1/id", "character id ada is already given on line 21"},
    {" \"concepts\": [\n",
     " \"concepts\": [\n{\"id\": \"values\", \"area\": \"rhythm\", \"level\":"
     " \"beginner\", \"name\": \"x\", \"can_do\": \"\"},\n",
     12, "/concepts/2/id", "concept id values is already given on line 9"},
    {"\"id\": 4, ", "\"id\": 3, ", 38, "/contents/3/id",
     "content id 3 is already given on line 34"},
    {"\"id\": 99", "\"id\": 21", 49, "/items/2/id",
     "item id 21 is already given on line 47"},
    /* areas and concepts */
    {", \"summary\": \"Notes\"", "", 6, "/areas/1", "\"summary\" is missing"},
    {"\"area\": \"pitch\"", "\"area\": \"tone\"", 15, "/concepts/2/area",
     "there is no area tone"},
    {"\"area\": \"pitch\"", "\"area\": 3", 15, "/concepts/2/area",
     "must be the id of one of the areas, a string"},
    {"\"level\": \"advanced\"", "\"level\": \"wizard\"", 15,
     "/concepts/2/level", "not \"wizard\""},
    {"\"difficulty\": 0.2,\n   \"pre", "\"difficulty\": -1,\n   \"pre", 12,
     "/concepts/1/difficulty", "from 0 to 1, not -1"},
    {"   \"prerequisites\": [\"pulse\"],", "   \"prerequisites\": \"pulse\",",
     13, "/concepts/1/prerequisites", "must be an array"},
    {"    \"values\"]", "    \"valves\"]", 18, "/concepts/2/prerequisites/1",
     "there is no concept valves"},
    {"    \"values\"]", "    \"pulse\"]", 18, "/concepts/2/prerequisites/1",
     "is named twice"},
    {"{\"pulse\": 0.4}", "{\"pulse\": 0}", 14, "/concepts/1/exercises/pulse",
     "above 0 and at most 1, not 0"},
    {"{\"pulse\": 0.4}", "{\"values\": 0.4}", 14,
     "/concepts/1/exercises/values", "cannot exercise itself"},
    {"{\"pulse\": 0.4}", "{\"a/b~\": 0.4}", 14, "/concepts/1/exercises/a~1b~0",
     "there is no concept a/b~"},
    {"   \"prerequisites\": [\"pulse\"],",
     "   \"prerequisites\": [\"values\"],", 13, "/concepts/1/prerequisites/0",
     "cycle: values needs values"},
    /* characters */
    {"\"style\": \"patient\",", "\"style\": [],", 21, "/characters/0/style",
     "must be a string"},
    {"{\"tempo\": 72}", "{\"tempo\": \"fast\"}", 22,
     "/characters/0/stats/tempo", "must be a number"},
    /* contents */
    {"\"type\": \"lesson\", \"title\": \"One\"",
     "\"type\": \"video\", \"title\": \"One\"", 25, "/contents/0/type",
     "not \"video\""},
    {"    \"values\": 0.75}", "    \"values\": 0.7}", 29,
     "/contents/1/concepts", "weights sum to 0.95, must sum to 1"},
    {"    \"values\": 0.75}", "    \"values\": 0.750002}", 29,
     "/contents/1/concepts", "weights sum to 1.000002"},
    {"    \"values\": 0.75}", "    \"volume\": 0.75}", 30,
     "/contents/1/concepts/volume", "there is no concept volume"},
    {"    \"values\": 0.75}", "    \"values\": \"much\"}", 30,
     "/contents/1/concepts/values", "must be a number"},
    {"{\"keys\": 1}, \"difficulty\": 0.6", "{}, \"difficulty\": 0.6", 35,
     "/contents/2/concepts", "1 to 32 members, not 0"},
    {"\"minutes\": 9", "\"minutes\": 0", 36, "/contents/2/minutes",
     "above 0 and at most 10000"},
    {"\"modality\": \"visual\"}", "\"modality\": \"smell\"}", 27,
     "/contents/0/modality", "not \"smell\""},
    {"\"practice\": true", "\"practice\": 1", 32, "/contents/1/practice",
     "must be true or false"},
    {"\"character\": \"ada\"}", "\"practice\": true,\"character\": \"ada\"}",
     37, "/contents/2/practice", "only a lesson or a review"},
    {",\n   \"character\": \"ada\"}", "}", 34, "/contents/2",
     "\"character\" is missing"},
    {"\"character\": \"ada\"", "\"character\": \"eve\"", 37,
     "/contents/2/character", "there is no character eve"},
    {"   \"practice\": true,", "   \"character\": \"ada\",", 32,
     "/contents/1/character", "only content of type character"},
    {"   \"practice\": true,", "   \"contains\": [1],", 32,
     "/contents/1/contains", "only a course contains"},
    {",\n   \"contains\": [1, 2]", "", 38, "/contents/3",
     "\"contains\" is missing"},
    {"\"contains\": [1, 2]", "\"contains\": []", 41, "/contents/3/contains",
     "at least one"},
    {"\"contains\": [1, 2]", "\"contains\": [1, 7]", 41,
     "/contents/3/contains/1", "there is no content 7"},
    {"\"contains\": [1, 2]", "\"contains\": [1, 4]", 41,
     "/contents/3/contains/1", "cycle: 4 needs 4"},
    {"\"prerequisites\": [1]}", "\"prerequisites\": [4]}", 41,
     "/contents/3/contains/1", "cycle: 2 needs 4 needs 2"},
    {"\"prerequisites\": [1]}", "\"prerequisites\": [1.5]}", 33,
     "/contents/1/prerequisites/0", "must be the id of one of the contents"},
    {"   \"practice\": true,", "   \"published\": false,", 41,
     "/contents/3/contains/1", "content 2 is not published"},
    /* items */
    {"\"content\": 2", "\"content\": 8", 47, "/items/1/content",
     "there is no content 8"},
    {"\"discrimination\": 1.5", "\"discrimination\": 4.5", 46,
     "/items/0/discrimination", "above 0 and at most 4, not 4.5"},
    {"\"guess\": 0.25", "\"guess\": 0.6", 46, "/items/0/guess",
     "from 0 to 0.5, not 0.6"},
    {"\"title\": \"Alone\"", "\"tittle\": \"Alone\", \"title\": \"A\"", 49,
     "/items/2/tittle", "unknown member \"tittle\""},
    /* retired */
    {"\"name\": \"Ada\"", "\"retired\": true, \"name\": \"Ada\"", 37,
     "/contents/2/character", "character ada is retired"},
    {"\"name\": \"Ada\"", "\"retired\": 1, \"name\": \"Ada\"", 21,
     "/characters/0/retired", "must be true or false"},
};

static bool gives(const reading *r, const fault *f)
{
    if (r->status != PIQ_EINVAL || r->c || r->findings.n != 1)
        return false;
    const piq_finding *x = &r->findings.list[0];
    return x->line == f->line && strcmp(x->where, f->where) == 0 &&
           strstr(x->message, f->message);
}

static void test_catalogue__names_each_fault_with_its_line(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const fault *f = &faults[i];
        char *text = document_with(catalogue_document, f->from, f->to);
        reading r;
        read_text(&r, text);
        if (!gives(&r, f)) {
            wrong++;
            print_message("fault %zu (%s): status %d, %zu findings\n", i, f->to,
                          r.status, r.findings.n);
            for (size_t k = 0; k < r.findings.n; k++)
                print_message("  line %u, %s: %s\n", r.findings.list[k].line,
                              r.findings.list[k].where,
                              r.findings.list[k].message);
        }
        done(&r);
        free(text);
    }
    assert_int_equal(wrong, 0);
}

static void test_catalogue__level_inversion_is_named_at_each_place(void **state)
{
    (void)state;
    char *text = document_with(catalogue_document, "\"level\": \"beginner\"",
                               "\"level\": \"expert\"");
    reading r;
    read_text(&r, text);
    assert_int_equal(r.status, PIQ_EINVAL);
    assert_int_equal(r.findings.n, 2); /* values and keys need pulse */
    assert_int_equal(r.findings.list[0].line, 13);
    assert_string_equal(r.findings.list[0].message,
                        "pulse is expert, above values, which is beginner");
    assert_int_equal(r.findings.list[1].line, 17);
    assert_string_equal(r.findings.list[1].where,
                        "/concepts/2/prerequisites/0");
    done(&r);
    free(text);
}

static void test_catalogue__reports_all_faults_in_line_order(void **state)
{
    (void)state;
    char *one =
        document_with(catalogue_document, "\"guess\": 0.25", "\"guess\": 2");
    char *two = document_with(one, "\"minutes\": 5", "\"minutes\": -5");
    char *all = document_with(two, "[\"pulse\"],", "[\"keys\"],");
    reading r;
    read_text(&r, all);
    assert_int_equal(r.status, PIQ_EINVAL);
    assert_int_equal(r.findings.n, 4);
    /* keys (advanced) stands above values, and needs it: level and cycle */
    assert_int_equal(r.findings.list[0].line, 13);
    assert_int_equal(r.findings.list[1].line, 18);
    assert_string_equal(r.findings.list[1].message,
                        "cycle: values needs keys needs values");
    assert_int_equal(r.findings.list[2].line, 27);
    assert_int_equal(r.findings.list[3].line, 46);
    assert_string_equal(r.err.where, "/concepts/1/prerequisites/0");
    assert_non_null(strstr(r.err.message, "4 faults; line 13"));
    done(&r);
    free(all);
    free(two);
    free(one);
}

static void test_catalogue__text_that_is_not_json_has_its_place(void **state)
{
    (void)state;
    reading r;
    read_text(&r, "{\n \"subject\": \"x\",,\n}");
    assert_int_equal(r.status, PIQ_EPARSE);
    assert_non_null(strstr(r.err.where, "line 2"));
    assert_int_equal(r.findings.n, 0);
    done(&r);
    read_text(&r, "[]");
    assert_int_equal(r.status, PIQ_EINVAL);
    assert_string_equal(r.findings.list[0].message, "must be an object");
    done(&r);
    read_text(&r, "{\"a\":1,\"a\":2}"); /* a member named twice */
    assert_int_equal(r.status, PIQ_EPARSE);
    done(&r);
    read_text(&r, "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]");
    assert_int_equal(r.status, PIQ_ELIMIT);
    done(&r);
}

/* A list with one element too many is refused before its elements are read. */
static void test_catalogue__more_than_allowed_is_one_finding(void **state)
{
    (void)state;
    char list[8 * (PIQ_MAX_AREAS + 1)] = "";
    for (int i = 0; i <= PIQ_MAX_AREAS; i++)
        strcat(list, "{},");
    char *text =
        document_with(catalogue_document, "\"areas\": [\n", "\"areas\": [\n@");
    char *full = document_with(text, "@", list);
    reading r;
    read_text(&r, full);
    assert_int_equal(r.status, PIQ_EINVAL);
    assert_int_equal(r.findings.n, 1);
    assert_int_equal(r.findings.list[0].line, 4);
    /* 65 and the two that were there */
    assert_string_equal(r.findings.list[0].message, "has 67, 64 are allowed");
    done(&r);
    free(full);
    free(text);
}

static void test_catalogue__keeps_the_first_thousand_findings(void **state)
{
    (void)state;
    enum { N = 1200 };
    char *items = (char *)malloc(N * 4 + 1);
    assert_non_null(items);
    *items = '\0';
    for (int i = 0; i < N; i++)
        memcpy(items + 3 * i, "{},", 4);
    char *text =
        document_with(catalogue_document, "\"items\": [\n", "\"items\": [\n@");
    char *full = document_with(text, "@", items);
    reading r;
    read_text(&r, full);
    assert_int_equal(r.status, PIQ_EINVAL);
    assert_int_equal(r.findings.n, 1000);
    /* each: id, then title, difficulty and concepts missing: four */
    assert_int_equal(r.findings.n_dropped, 4 * N - 1000);
    done(&r);
    free(full);
    free(text);
    free(items);
}

static void assert_fine(const char *path, size_t n_concepts)
{
    size_t len;
    char *text = read_whole(path, &len);
    assert_non_null(text);
    reading r;
    read_text(&r, text);
    for (size_t i = 0; i < r.findings.n; i++)
        print_message("%s:%u: %s\n", path, r.findings.list[i].line,
                      r.findings.list[i].message);
    assert_int_equal(r.status, PIQ_OK);
    assert_int_equal(r.c->n_concepts, n_concepts);
    for (size_t k = 0; k < r.c->n_concepts; k++)
        assert_true(r.c->by_concept_at[k + 1] > r.c->by_concept_at[k]);
    done(&r);
    free(text);
}

static void test_catalogue__both_curricula_are_without_fault(void **state)
{
    (void)state;
    assert_fine("content/poker.json", 70);
    assert_fine("tests/golden/curriculum-music.json", 8);
}

/* What the outline's own check asks of the poker curriculum. */
static void test_catalogue__poker_teaches_each_concept_once(void **state)
{
    (void)state;
    size_t len;
    char *text = read_whole("content/poker.json", &len);
    assert_non_null(text);
    reading r;
    read_text(&r, text);
    assert_int_equal(r.status, PIQ_OK);
    const piq_catalogue *c = r.c;
    assert_int_equal(c->n_areas, 12);
    assert_int_equal(c->n_contents, 157);
    assert_int_equal(c->n_characters, 10);
    assert_true(c->n_items >= 1200);
    for (size_t k = 0; k < c->n_concepts; k++) {
        size_t lessons = 0;
        for (uint32_t i = c->by_concept_at[k]; i < c->by_concept_at[k + 1];
             i++) {
            const piq_content *x = &c->contents[c->by_concept[i].v];
            lessons += x->type == PIQ_LESSON && !x->practice;
        }
        assert_int_equal(lessons, 1);
    }
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *x = &c->contents[i];
        size_t least = x->type == PIQ_ASSESSMENT              ? 12
                       : x->type == PIQ_LESSON && x->practice ? 12
                       : x->type == PIQ_LESSON                ? 5
                                                              : 0;
        assert_true(x->n_items >= least);
        for (size_t k = 0; k < x->n_prerequisites; k++)
            if (x->type == PIQ_LESSON)
                assert_true(c->contents[x->prerequisites[k].v].difficulty <=
                            x->difficulty);
    }
    done(&r);
    free(text);
}

static void test_catalogue__shown_without_items_and_hidden_things(void **state)
{
    (void)state;
    char *text =
        document_with(catalogue_document, "   \"character\": \"ada\"},",
                      "   \"published\":false,\"character\":\"ada\"},");
    reading r;
    read_text(&r, text);
    assert_int_equal(r.status, PIQ_OK);
    piq_buf out;
    piq_buf_init(&out, 0);
    piq_json_writer w;
    piq_json_init(&w, &out);
    piq_catalogue_filter all = {0};
    piq_catalogue_show(r.c, &all, &w);
    assert_int_equal(out.status, PIQ_OK);
    assert_non_null(strstr(out.ptr, "\"title\":\"Two\""));
    assert_null(strstr(out.ptr, "Duet")); /* not published */
    assert_null(strstr(out.ptr, "How long?"));
    assert_non_null(strstr(out.ptr, "\"items\":1"));

    piq_buf_clear(&out);
    piq_json_init(&w, &out);
    piq_catalogue_filter courses = {.by_type = true, .type = PIQ_COURSE};
    piq_catalogue_show(r.c, &courses, &w);
    assert_null(strstr(out.ptr, "\"title\":\"Two\""));
    assert_non_null(strstr(out.ptr, "\"contains\":[1,2]"));

    piq_buf_clear(&out);
    piq_json_init(&w, &out);
    piq_catalogue_filter pitch = {.by_area = true, .area = {1}};
    piq_catalogue_show(r.c, &pitch, &w);
    assert_null(strstr(out.ptr, "\"title\":\"One\""));
    assert_non_null(strstr(out.ptr, "\"id\":\"keys\""));
    piq_buf_release(&out);
    done(&r);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue__reads_every_member),
        cmocka_unit_test(test_catalogue__derives_lists_and_order),
        cmocka_unit_test(test_catalogue__finds_by_outside_name),
        cmocka_unit_test(test_catalogue__names_each_fault_with_its_line),
        cmocka_unit_test(
            test_catalogue__level_inversion_is_named_at_each_place),
        cmocka_unit_test(test_catalogue__reports_all_faults_in_line_order),
        cmocka_unit_test(test_catalogue__text_that_is_not_json_has_its_place),
        cmocka_unit_test(test_catalogue__more_than_allowed_is_one_finding),
        cmocka_unit_test(test_catalogue__keeps_the_first_thousand_findings),
        cmocka_unit_test(test_catalogue__both_curricula_are_without_fault),
        cmocka_unit_test(test_catalogue__poker_teaches_each_concept_once),
        cmocka_unit_test(test_catalogue__shown_without_items_and_hidden_things),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
