/* Laws of reading, writing and merging curricula, over random ones and over
 * damaged ones. */
#include "base/rng.h"
#include "domain/catalogue.h"
#include "support/catalogue_document.h"
#include "support/random_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static piq_buf written(const piq_catalogue *c)
{
    piq_buf out;
    piq_buf_init(&out, 0);
    piq_json_writer w;
    piq_json_init(&w, &out);
    piq_catalogue_write(c, &w);
    assert_int_equal(out.status, PIQ_OK);
    return out;
}

static piq_str text_of(const piq_buf *b)
{
    return (piq_str){b->ptr, b->len};
}

static piq_catalogue *read_over(piq_arena *a, piq_str text,
                                const piq_catalogue *previous,
                                piq_catalogue_change *change)
{
    piq_catalogue *c = NULL;
    piq_findings findings;
    piq_err err;
    piq_status status =
        piq_catalogue_read(a, text, previous, &c, &findings, change, &err);
    if (status)
        print_message("%s at %s\n", err.message, err.where);
    assert_int_equal(status, PIQ_OK);
    return c;
}

/* Every concept once, and each after what it needs. */
static void assert_ordered(const piq_catalogue *c)
{
    bool *seen = (bool *)calloc(c->n_concepts + 1, sizeof *seen);
    assert_non_null(seen);
    for (size_t i = 0; i < c->n_concepts; i++) {
        const piq_concept *x = &c->concepts[c->order[i].v];
        for (size_t k = 0; k < x->n_prerequisites; k++)
            assert_true(seen[x->prerequisites[k].v]);
        assert_false(seen[c->order[i].v]);
        seen[c->order[i].v] = true;
    }
    free(seen);
}

static void assert_shares(const piq_catalogue *c,
                          const piq_concept_weight *list, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i].concept.v < c->n_concepts);
        assert_true(list[i].weight > 0 && list[i].weight <= 1);
        sum += list[i].weight;
    }
    assert_true(fabs(sum - 1) <= 1e-6);
}

/* What every reader of a catalogue relies on. */
static void assert_sound(const piq_catalogue *c)
{
    assert_ordered(c);
    for (size_t i = 0; i < c->n_concepts; i++)
        assert_true(c->concepts[i].area.v < c->n_areas);
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *x = &c->contents[i];
        assert_shares(c, x->concepts, x->n_concepts);
        assert_true(x->minutes > 0);
        for (size_t k = 0; k < x->n_prerequisites; k++)
            assert_true(x->prerequisites[k].v < c->n_contents);
        for (size_t k = 0; k < x->n_items; k++)
            assert_int_equal(c->items[x->items[k].v].content.v, i);
    }
    for (size_t i = 0; i < c->n_items; i++) {
        const piq_item *x = &c->items[i];
        assert_shares(c, x->concepts, x->n_concepts);
        assert_true(x->content.v < c->n_contents ||
                    x->content.v == PIQ_NO_IX32);
        assert_true(x->discrimination > 0 && x->guess <= 0.5);
    }
}

static void assert_round_trip(const piq_catalogue *c)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_buf once = written(c);
    piq_catalogue *again = read_over(&a, text_of(&once), NULL, NULL);
    piq_buf twice = written(again);
    assert_int_equal(once.len, twice.len);
    assert_memory_equal(once.ptr, twice.ptr, once.len);
    piq_buf_release(&twice);
    piq_catalogue_free(again);
    piq_buf_release(&once);
    piq_arena_release(&a);
}

static piq_catalogue *one_of_size(uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    size_t areas = 1 + piq_rng_below(&r, 9);
    size_t concepts = 1 + piq_rng_below(&r, 60);
    return random_catalogue(seed, areas, concepts,
                            concepts + piq_rng_below(&r, 90));
}

static void test_catalogue_laws__random_ones_are_sound(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        piq_catalogue *c = one_of_size(seed);
        assert_sound(c);
        assert_round_trip(c);
        piq_catalogue_free(c);
    }
}

static void assert_positions_kept(const piq_catalogue *before,
                                  const piq_catalogue *document,
                                  const piq_catalogue *after)
{
    piq_content_ix content;
    piq_item_ix item;
    piq_concept_ix concept;
    for (size_t i = 0; i < before->n_contents; i++) {
        piq_content_id id = before->contents[i].id;
        assert_int_equal(after->contents[i].id.v, id.v);
        assert_int_equal(after->contents[i].retired,
                         !piq_catalogue_find_content(document, id, &content));
    }
    for (size_t i = 0; i < before->n_items; i++) {
        piq_item_id id = before->items[i].id;
        assert_int_equal(after->items[i].id.v, id.v);
        assert_int_equal(after->items[i].retired,
                         !piq_catalogue_find_item(document, id, &item));
    }
    for (size_t i = 0; i < before->n_concepts; i++) {
        piq_str id = before->concepts[i].id;
        assert_true(piq_str_eq(after->concepts[i].id, id));
        assert_int_equal(after->concepts[i].retired,
                         !piq_catalogue_find_concept(document, id, &concept));
    }
    for (size_t i = 0; i < document->n_contents; i++)
        assert_true(piq_catalogue_find_content(after, document->contents[i].id,
                                               &content));
}

/* One curriculum after the other, in a chain, so that things come and go. */
static void test_catalogue_laws__merging_keeps_every_position(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        piq_catalogue *before = one_of_size(seed);
        for (uint64_t step = 1; step <= 4; step++) {
            piq_arena a;
            piq_arena_init(&a, 0);
            piq_catalogue_change change;
            piq_catalogue *news = one_of_size(100 * seed + step);
            piq_buf text = written(news);
            piq_catalogue *after =
                read_over(&a, text_of(&text), before, &change);
            assert_positions_kept(before, news, after);
            assert_sound(after);
            assert_round_trip(after);
            piq_catalogue *same = read_over(&a, text_of(&text), after, &change);
            assert_int_equal(change.added + change.changed + change.retired, 0);
            piq_catalogue_free(same);
            piq_buf_release(&text);
            piq_catalogue_free(news);
            piq_catalogue_free(before);
            before = after;
            piq_arena_release(&a);
        }
        piq_catalogue_free(before);
    }
}

static void test_catalogue_laws__our_curricula_are_sound(void **state)
{
    (void)state;
    static const char *const paths[] = {"content/poker.json",
                                        "tests/golden/curriculum-music.json"};
    for (size_t i = 0; i < 2; i++) {
        size_t len;
        char *text = read_whole(paths[i], &len);
        assert_non_null(text);
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_catalogue *c = read_over(&a, (piq_str){text, len}, NULL, NULL);
        assert_sound(c);
        assert_round_trip(c);
        piq_catalogue_free(c);
        piq_arena_release(&a);
        free(text);
    }
}

static void damage(piq_rng *r, char *text, size_t len)
{
    static const char alphabet[] = "{}[]\",:0123456789.-eE\\ntfu \n";
    size_t n = 1 + piq_rng_below(r, 4);
    for (size_t i = 0; i < n; i++) {
        size_t at = piq_rng_below(r, len);
        if (piq_rng_below(r, 2))
            text[at] =
                (char)((unsigned char)text[at] ^ (1u << piq_rng_below(r, 8)));
        else
            text[at] = alphabet[piq_rng_below(r, sizeof alphabet - 1)];
    }
}

/* Either a sound catalogue, or a refusal that says why. */
static void assert_read_or_refused(piq_str text, const piq_catalogue *before)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_catalogue *c = NULL;
    piq_findings findings;
    piq_catalogue_change change;
    piq_err err = {0};
    piq_status status =
        piq_catalogue_read(&a, text, before, &c, &findings, &change, &err);
    if (status == PIQ_OK) {
        assert_int_equal(findings.n, 0);
        assert_sound(c);
        assert_round_trip(c);
    } else {
        assert_null(c);
        assert_true(status == PIQ_EPARSE || status == PIQ_EINVAL ||
                    status == PIQ_ELIMIT);
        assert_true((status == PIQ_EINVAL) == (findings.n > 0));
        assert_true(err.message[0] != '\0');
        for (size_t i = 0; i < findings.n; i++)
            assert_true(findings.list[i].line >= 1);
    }
    piq_catalogue_free(c);
    piq_arena_release(&a);
}

static void damage_many(const char *path, size_t times, uint64_t seed)
{
    size_t len;
    char *text = read_whole(path, &len);
    assert_non_null(text);
    char *copy = (char *)malloc(len);
    assert_non_null(copy);
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_catalogue *before = read_over(&a, (piq_str){text, len}, NULL, NULL);
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (size_t i = 0; i < times; i++) {
        memcpy(copy, text, len);
        damage(&r, copy, len);
        assert_read_or_refused((piq_str){copy, len}, i % 2 ? before : NULL);
    }
    piq_catalogue_free(before);
    piq_arena_release(&a);
    free(copy);
    free(text);
}

static void test_catalogue_laws__damage_is_refused_or_harmless(void **state)
{
    (void)state;
    damage_many("content/poker.json", 60, 11);
    damage_many("tests/golden/curriculum-music.json", 1500, 12);
}

/* A prefix of a document is never a document. */
static void test_catalogue_laws__cut_text_is_refused(void **state)
{
    (void)state;
    size_t len = strlen(catalogue_document);
    for (size_t cut = 0; cut + 2 < len; cut++) {
        char *part = (char *)malloc(cut + 1); /* ends where ASan watches */
        assert_non_null(part);
        memcpy(part, catalogue_document, cut);
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_catalogue *c = NULL;
        piq_findings findings;
        assert_int_equal(piq_catalogue_read(&a, (piq_str){part, cut}, NULL, &c,
                                            &findings, NULL, NULL),
                         PIQ_EPARSE);
        piq_arena_release(&a);
        free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue_laws__random_ones_are_sound),
        cmocka_unit_test(test_catalogue_laws__merging_keeps_every_position),
        cmocka_unit_test(test_catalogue_laws__our_curricula_are_sound),
        cmocka_unit_test(test_catalogue_laws__damage_is_refused_or_harmless),
        cmocka_unit_test(test_catalogue_laws__cut_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
