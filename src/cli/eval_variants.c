#include "cli/eval_variants.h"

#include "base/rng.h"
#include "domain/words.h"

#include <math.h>
#include <string.h>

static const double SHORTEST = 0.7, LONGEST = 1.3;
static const double HARDER = 0.05;
static const double LEAST_MINUTES = 4;

typedef struct adder {
    json_t *contents, *items;
    size_t n_contents, n_items; /* of the document as it was */
    json_int_t next_content, next_item;
    piq_rng rng;
} adder;

static json_int_t greatest_id(const json_t *list)
{
    json_int_t most = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_int_t id =
            json_integer_value(json_object_get(json_array_get(list, i), "id"));
        most = id > most ? id : most;
    }
    return most;
}

static bool varies(const json_t *content)
{
    const char *type = json_string_value(json_object_get(content, "type"));
    return type && strcmp(type, piq_content_type_name(PIQ_COURSE)) != 0 &&
           strcmp(type, piq_content_type_name(PIQ_ASSESSMENT)) != 0;
}

static const char *next_modality(const json_t *content, size_t steps)
{
    const char *now = json_string_value(json_object_get(content, "modality"));
    size_t at = 0;
    for (size_t m = 0; now && m < PIQ_N_MODALITIES; m++)
        if (strcmp(now, piq_modality_name((piq_modality)m)) == 0)
            at = m;
    return piq_modality_name((piq_modality)((at + steps) % PIQ_N_MODALITIES));
}

static piq_status add_items(adder *a, json_int_t from, json_int_t to)
{
    for (size_t i = 0; i < a->n_items; i++) {
        const json_t *item = json_array_get(a->items, i);
        if (json_integer_value(json_object_get(item, "content")) != from)
            continue;
        json_t *copy = json_copy((json_t *)item);
        int bad = json_object_set_new(copy, "id", json_integer(a->next_item++));
        bad |= json_object_set_new(copy, "content", json_integer(to));
        bad |= json_array_append_new(a->items, copy);
        if (bad)
            return PIQ_ENOMEM;
    }
    return PIQ_OK;
}

static piq_status add_variant(adder *a, const json_t *content, size_t number)
{
    double minutes =
        json_number_value(json_object_get(content, "minutes")) *
        (SHORTEST + (LONGEST - SHORTEST) * piq_rng_uniform(&a->rng));
    double difficulty =
        json_number_value(json_object_get(content, "difficulty")) +
        HARDER * (2 * piq_rng_uniform(&a->rng) - 1);
    json_int_t from = json_integer_value(json_object_get(content, "id"));
    json_int_t id = a->next_content++;
    json_t *copy = json_copy((json_t *)content);
    int bad = json_object_set_new(copy, "id", json_integer(id));
    bad |= json_object_set_new(copy, "modality",
                               json_string(next_modality(content, number)));
    bad |= json_object_set_new(copy, "minutes",
                               json_real(fmax(LEAST_MINUTES, round(minutes))));
    bad |= json_object_set_new(copy, "difficulty",
                               json_real(fmin(0.98, fmax(0.02, difficulty))));
    bad |= json_array_append_new(a->contents, copy);
    return bad ? PIQ_ENOMEM : add_items(a, from, id);
}

piq_status piq_add_variants(json_t *document, size_t n, uint64_t seed)
{
    adder a = {.contents = json_object_get(document, "contents"),
               .items = json_object_get(document, "items")};
    piq_status status = PIQ_OK;
    if (!json_is_array(a.contents))
        return PIQ_EINVAL;
    a.n_contents = json_array_size(a.contents);
    a.n_items = json_array_size(a.items);
    a.next_content = greatest_id(a.contents) + 1;
    a.next_item = greatest_id(a.items) + 1;
    piq_rng_seed(&a.rng, seed);
    for (size_t i = 0; i < a.n_contents; i++) {
        const json_t *content = json_array_get(a.contents, i);
        for (size_t v = 1; v < n && varies(content) && status == PIQ_OK; v++)
            status = add_variant(&a, content, v);
    }
    return status;
}
