#include "random_catalogue.h"

#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_CHARACTERS = 4, WINDOW = 12, FIRST_CONTENT_ID = 101, MAX_PARTS = 6 };

typedef struct maker {
    piq_rng rng;
    piq_json_writer w;
    size_t n_areas, n_concepts, n_contents;
} maker;

static const char *const levels[] = {"beginner", "intermediate", "advanced",
                                     "expert"};
static const char *const modalities[] = {"visual", "analytical", "interactive"};

static size_t below(maker *m, size_t n)
{
    return (size_t)piq_rng_below(&m->rng, n);
}

static void put_name(maker *m, const char *key, const char *fmt, size_t i)
{
    char name[64];
    piq_str f = piq_str_of(fmt);
    snprintf(name, sizeof name, "%.*s%zu", PIQ_STR_ARG(f), i);
    piq_json_put_z(&m->w, key, name);
}

static void concept_key(maker *m, size_t k)
{
    char name[32];
    snprintf(name, sizeof name, "k%zu", k);
    piq_json_key(&m->w, name);
}

static void put_areas(maker *m)
{
    piq_json_key(&m->w, "areas");
    piq_json_array(&m->w);
    for (size_t i = 0; i < m->n_areas; i++) {
        piq_json_object(&m->w);
        put_name(m, "id", "area", i);
        put_name(m, "name", "Area ", i);
        piq_json_put_z(&m->w, "summary", "");
        piq_json_object_end(&m->w);
    }
    piq_json_array_end(&m->w);
}

/* Levels rise with the position, and prerequisites lie before: no inversion,
 * no cycle. */
static void put_concept(maker *m, size_t k)
{
    char id[32];
    size_t first = k > WINDOW ? k - WINDOW : 0;
    size_t a = k ? first + below(m, k - first) : 0;
    size_t b = k ? first + below(m, k - first) : 0;
    size_t wanted = k ? below(m, 3) : 0;
    piq_json_object(&m->w);
    put_name(m, "id", "k", k);
    put_name(m, "name", "Concept ", k);
    piq_json_put_z(&m->w, "can_do", "");
    put_name(m, "area", "area", k % m->n_areas);
    piq_json_put_z(&m->w, "level", levels[4 * k / m->n_concepts]);
    piq_json_key(&m->w, "prerequisites");
    piq_json_array(&m->w);
    snprintf(id, sizeof id, "k%zu", a);
    if (wanted > 0)
        piq_json_z(&m->w, id);
    snprintf(id, sizeof id, "k%zu", b);
    if (wanted > 1 && a != b)
        piq_json_z(&m->w, id);
    piq_json_array_end(&m->w);
    if (wanted > 0) {
        piq_json_key(&m->w, "exercises");
        piq_json_object(&m->w);
        concept_key(m, a);
        piq_json_double(&m->w, 0.3);
        piq_json_object_end(&m->w);
    }
    piq_json_object_end(&m->w);
}

static void put_characters(maker *m)
{
    piq_json_key(&m->w, "characters");
    piq_json_array(&m->w);
    for (size_t i = 0; i < N_CHARACTERS; i++) {
        piq_json_object(&m->w);
        put_name(m, "id", "character", i);
        put_name(m, "name", "Character ", i);
        piq_json_put_z(&m->w, "style", "calm");
        piq_json_put_fixed(&m->w, "difficulty", 0.2 * (double)(i + 1), 2);
        piq_json_object_end(&m->w);
    }
    piq_json_array_end(&m->w);
}

/* One concept, or two or three neighbours; shares sum to 1. */
static void put_shares(maker *m, size_t k, size_t n)
{
    static const double shares[3][3] = {{1}, {.7, .3}, {.5, .3, .2}};
    size_t room = k + 1 < 3 ? k + 1 : 3;
    n = n < room ? n : room;
    piq_json_key(&m->w, "concepts");
    piq_json_object(&m->w);
    for (size_t i = 0; i < n; i++) {
        concept_key(m, k - i);
        piq_json_double(&m->w, shares[n - 1][i]);
    }
    piq_json_object_end(&m->w);
}

static double difficulty_of(maker *m, size_t k)
{
    double middle = 0.1 + 0.8 * (double)k / (double)m->n_concepts;
    double d = middle + 0.2 * (piq_rng_uniform(&m->rng) - 0.5);
    return d < 0.02 ? 0.02 : d > 0.98 ? 0.98 : d;
}

static void put_ids(maker *m, const char *key, const size_t *list, size_t n)
{
    piq_json_key(&m->w, key);
    piq_json_array(&m->w);
    for (size_t i = 0; i < n; i++)
        piq_json_int(&m->w, (int64_t)(FIRST_CONTENT_ID + list[i]));
    piq_json_array_end(&m->w);
}

/* The kind of the content at a position: the first round is a lesson for each
 * concept, the last few are courses. */
static const char *type_of(const maker *m, size_t i, size_t dice)
{
    if (i < m->n_concepts)
        return "lesson";
    if (i + m->n_contents / 30 >= m->n_contents)
        return "course";
    return dice < 5   ? "lesson"
           : dice < 7 ? "character"
           : dice < 9 ? "assessment"
                      : "review";
}

static void put_content(maker *m, size_t i)
{
    size_t k = i % m->n_concepts;
    const char *type = type_of(m, i, below(m, 10));
    bool first = i < m->n_concepts, course = !strcmp(type, "course");
    size_t lesson_of_k = k, parts[MAX_PARTS], n_parts = 0;
    piq_json_object(&m->w);
    piq_json_put_int(&m->w, "id", (int64_t)(FIRST_CONTENT_ID + i));
    piq_json_put_z(&m->w, "type", type);
    put_name(m, "title", "Content ", i);
    put_shares(m, k, first && below(m, 4) ? 1 : 1 + below(m, 3));
    piq_json_put_fixed(&m->w, "difficulty", difficulty_of(m, k), 2);
    piq_json_put_int(&m->w, "minutes", (int64_t)(5 + below(m, 21)));
    piq_json_put_z(&m->w, "modality", modalities[below(m, 3)]);
    if (!first && !strcmp(type, "lesson"))
        piq_json_put_bool(&m->w, "practice", true);
    if (!strcmp(type, "character"))
        put_name(m, "character", "character", below(m, N_CHARACTERS));
    if (!first && !course && below(m, 4))
        put_ids(m, "prerequisites", &lesson_of_k, 1);
    for (size_t j = 0; course && j < MAX_PARTS && k + j < m->n_concepts; j++)
        parts[n_parts++] = k + j;
    if (course)
        put_ids(m, "contains", parts, n_parts);
    if (!first && below(m, 25) == 0)
        piq_json_put_bool(&m->w, "published", false);
    piq_json_object_end(&m->w);
}

static void put_item(maker *m, size_t i)
{
    size_t k = i % m->n_concepts;
    piq_json_object(&m->w);
    piq_json_put_int(&m->w, "id", (int64_t)(1001 + i));
    put_name(m, "title", "Item ", i);
    if (m->n_contents > m->n_concepts)
        piq_json_put_int(&m->w, "content",
                         (int64_t)(FIRST_CONTENT_ID + m->n_concepts +
                                   i % (m->n_contents - m->n_concepts)));
    put_shares(m, k, 1 + below(m, 2));
    piq_json_put_fixed(&m->w, "difficulty", difficulty_of(m, k), 3);
    piq_json_put_fixed(&m->w, "discrimination", 0.6 + piq_rng_uniform(&m->rng),
                       2);
    piq_json_put_fixed(&m->w, "guess", below(m, 2) ? 0.25 : 0, 2);
    piq_json_object_end(&m->w);
}

static void put_list(maker *m, const char *key, size_t n,
                     void (*put)(maker *, size_t))
{
    piq_json_key(&m->w, key);
    piq_json_array(&m->w);
    for (size_t i = 0; i < n; i++)
        put(m, i);
    piq_json_array_end(&m->w);
}

static void put_document(maker *m)
{
    piq_json_object(&m->w);
    piq_json_put_z(&m->w, "subject", "Anything at all");
    piq_json_put_fixed(&m->w, "new_learner_ability", 0.3, 2);
    put_areas(m);
    put_list(m, "concepts", m->n_concepts, put_concept);
    put_characters(m);
    put_list(m, "contents", m->n_contents, put_content);
    put_list(m, "items", 2 * m->n_concepts, put_item);
    piq_json_object_end(&m->w);
}

static piq_catalogue *read_document(piq_str json, const char *what)
{
    piq_arena a;
    piq_findings findings;
    piq_catalogue *c = NULL;
    piq_err err = {0};
    piq_arena_init(&a, 0);
    if (piq_catalogue_read(&a, json, NULL, &c, &findings, NULL, &err)) {
        fprintf(stderr, "%s: %s (%s)\n", what, err.message, err.where);
        abort();
    }
    piq_arena_release(&a);
    return c;
}

piq_catalogue *random_catalogue(uint64_t seed, size_t n_areas,
                                size_t n_concepts, size_t n_contents)
{
    maker m = {
        .n_areas = n_areas, .n_concepts = n_concepts, .n_contents = n_contents};
    piq_buf text;
    piq_buf_init(&text, 0);
    piq_json_init(&m.w, &text);
    piq_rng_seed(&m.rng, seed);
    put_document(&m);
    if (text.status != PIQ_OK)
        abort();
    piq_catalogue *c =
        read_document((piq_str){text.ptr, text.len}, "random catalogue");
    piq_buf_release(&text);
    return c;
}

piq_catalogue *catalogue_from_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    piq_buf text;
    char block[4096];
    size_t n;
    if (!f)
        return NULL;
    piq_buf_init(&text, 0);
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        piq_buf_add(&text, block, n);
    fclose(f);
    piq_catalogue *c = read_document((piq_str){text.ptr, text.len}, path);
    piq_buf_release(&text);
    return c;
}
