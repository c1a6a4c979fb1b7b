/* Which position each thing of the document takes. */
#include "domain/catalogue_build.h"

#include <inttypes.h>

/* Largest number that every JSON reader keeps exactly. */
static const int64_t max_id = (INT64_C(1) << 53) - 1;

static piq_map *map_of(piq_catalogue *c, piq_kind k)
{
    switch (k) {
    case PIQ_KIND_AREA:
        return &c->area_at;
    case PIQ_KIND_CONCEPT:
        return &c->concept_at;
    case PIQ_KIND_CHARACTER:
        return &c->character_at;
    case PIQ_KIND_CONTENT:
        return &c->content_at;
    case PIQ_KIND_ITEM:
        return &c->item_at;
    }
    return NULL;
}

/* The kind's array, zeroed, for `n` things. */
static bool make_array(piq_catalogue *c, piq_kind k, size_t n)
{
    switch (k) {
    case PIQ_KIND_AREA:
        return (c->areas = piq_new(&c->arena, piq_area, n)) != NULL;
    case PIQ_KIND_CONCEPT:
        return (c->concepts = piq_new(&c->arena, piq_concept, n)) != NULL;
    case PIQ_KIND_CHARACTER:
        c->characters = piq_new(&c->arena, piq_character, n);
        return c->characters != NULL;
    case PIQ_KIND_CONTENT:
        return (c->contents = piq_new(&c->arena, piq_content, n)) != NULL;
    case PIQ_KIND_ITEM:
        return (c->items = piq_new(&c->arena, piq_item, n)) != NULL;
    }
    return false;
}

static void set_count(piq_catalogue *c, piq_kind k, size_t n)
{
    switch (k) {
    case PIQ_KIND_AREA:
        c->n_areas = n;
        break;
    case PIQ_KIND_CONCEPT:
        c->n_concepts = n;
        break;
    case PIQ_KIND_CHARACTER:
        c->n_characters = n;
        break;
    case PIQ_KIND_CONTENT:
        c->n_contents = n;
        break;
    case PIQ_KIND_ITEM:
        c->n_items = n;
        break;
    }
}

/* The name and the retired mark are set before anything is read: references
 * are judged by them. */
static void set_name(piq_catalogue *c, piq_kind k, size_t at, piq_outside_id id,
                     bool retired)
{
    switch (k) {
    case PIQ_KIND_AREA:
        c->areas[at].id = id.word;
        c->areas[at].retired = retired;
        break;
    case PIQ_KIND_CONCEPT:
        c->concepts[at].id = id.word;
        c->concepts[at].retired = retired;
        break;
    case PIQ_KIND_CHARACTER:
        c->characters[at].id = id.word;
        c->characters[at].retired = retired;
        break;
    case PIQ_KIND_CONTENT:
        c->contents[at].id.v = id.number;
        c->contents[at].retired = retired;
        break;
    case PIQ_KIND_ITEM:
        c->items[at].id.v = id.number;
        c->items[at].retired = retired;
        break;
    }
}

static bool is_word(piq_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char ch = s.ptr[i];
        bool fine = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                    (ch >= '0' && ch <= '9') || ch == '_' || ch == '.' ||
                    ch == '-';
        if (!fine)
            return false;
    }
    return s.len >= 1 && s.len <= PIQ_MAX_ID_BYTES;
}

/* The element's id, borrowed from the JSON; false after a finding. */
static bool read_id(piq_build *b, piq_kind k, const json_t *element,
                    piq_place place, piq_outside_id *out)
{
    piq_place at_id = piq_place_member(place, "id");
    if (!json_is_object(element)) {
        piq_report_add(&b->report, place, "must be an object");
        return false;
    }
    const json_t *id = json_object_get(element, "id");
    if (!id) {
        piq_report_add(&b->report, place, "member \"id\" is missing");
        return false;
    }
    if (piq_kind_is_numbered(k)) {
        int64_t v = json_integer_value(id); /* 0 when it is none */
        *out = (piq_outside_id){{NULL, 0}, v};
        if (v >= 1 && v <= max_id)
            return true;
        piq_report_add(&b->report, at_id,
                       "must be a whole number from 1 to %" PRId64, max_id);
        return false;
    }
    piq_str word = {json_string_value(id), json_string_length(id)};
    *out = (piq_outside_id){word, 0};
    if (word.ptr && is_word(word))
        return true;
    piq_report_add(&b->report, at_id,
                   "must be 1 to %d of the characters A-Z a-z 0-9 _ . -",
                   PIQ_MAX_ID_BYTES);
    return false;
}

static piq_status keep_word(piq_build *b, piq_outside_id *id)
{
    if (!id->word.ptr)
        return PIQ_OK;
    id->word.ptr = piq_arena_strndup(&b->c->arena, id->word.ptr, id->word.len);
    return id->word.ptr ? PIQ_OK : PIQ_ENOMEM;
}

/* Positions of the previous catalogue stay. */
static piq_status claim_previous(piq_build *b, piq_kind k)
{
    piq_slots *s = &b->slots[k];
    size_t n = b->previous ? piq_kind_count(b->previous, k) : 0;
    for (s->n = 0; s->n < n; s->n++) {
        piq_outside_id id = piq_kind_id(b->previous, k, s->n);
        piq_status status = keep_word(b, &id);
        if (!status)
            status = piq_map_put(map_of(b->c, k), piq_kind_key(id), s->n);
        if (status)
            return status;
        set_name(b->c, k, s->n, id, true);
        s->place_of[s->n] = PIQ_NO_IX32;
    }
    return PIQ_OK;
}

static void report_taken(piq_build *b, piq_kind k, piq_outside_id id,
                         size_t position, piq_place place)
{
    char name[80];
    piq_kind_spell(id, name, sizeof name);
    piq_place at_id = piq_place_member(place, "id");
    if (!piq_kind_same_id(piq_kind_id(b->c, k, position), id)) {
        piq_report_add(&b->report, at_id,
                       "%s id %s has the same hash as another id, "
                       "choose a different one",
                       piq_kind_word(k), name);
        return;
    }
    piq_place first = piq_place_member(piq_build_place(b, k, position), "id");
    piq_report_add(&b->report, at_id, "%s id %s is already given on line %u",
                   piq_kind_word(k), name, piq_report_line(&b->report, first));
}

static piq_status claim_one(piq_build *b, piq_kind k, size_t at)
{
    piq_slots *s = &b->slots[k];
    const json_t *element = json_array_get(s->array, at);
    piq_place place = piq_place_of(piq_kind_list(k), at);
    piq_outside_id id;
    s->position_of[at] = PIQ_NO_IX32;
    if (!read_id(b, k, element, place, &id))
        return PIQ_OK;

    bool retired = json_is_true(json_object_get(element, "retired"));
    uint64_t position = s->n;
    if (piq_map_get(map_of(b->c, k), piq_kind_key(id), &position)) {
        if (s->place_of[position] != PIQ_NO_IX32 ||
            !piq_kind_same_id(piq_kind_id(b->c, k, (size_t)position), id)) {
            report_taken(b, k, id, (size_t)position, place);
            return PIQ_OK;
        }
        id = piq_kind_id(b->c, k, (size_t)position);
    } else {
        piq_status status = keep_word(b, &id);
        if (!status)
            status = piq_map_put(map_of(b->c, k), piq_kind_key(id), position);
        if (status)
            return status;
        s->n++;
    }
    set_name(b->c, k, (size_t)position, id, retired);
    s->place_of[position] = (uint32_t)at;
    s->position_of[at] = (uint32_t)position;
    return PIQ_OK;
}

static piq_status claim_kind(piq_build *b, piq_kind k)
{
    piq_slots *s = &b->slots[k];
    size_t most =
        s->n_document + (b->previous ? piq_kind_count(b->previous, k) : 0);
    s->position_of = piq_new(b->scratch, uint32_t, s->n_document);
    s->place_of = piq_new(b->scratch, uint32_t, most);
    s->seen_in = piq_new(b->scratch, uint32_t, most);
    if (!s->position_of || !s->place_of || !s->seen_in ||
        !make_array(b->c, k, most))
        return PIQ_ENOMEM;
    piq_status status = claim_previous(b, k);
    for (size_t i = 0; i < s->n_document && !status; i++)
        status = claim_one(b, k, i);
    set_count(b->c, k, s->n);
    if (!status && s->n > piq_kind_max(k))
        piq_report_add(&b->report, piq_place_of(piq_kind_list(k), PIQ_NO_PLACE),
                       "makes %zu with the retired ones, %zu are allowed", s->n,
                       piq_kind_max(k));
    return status;
}

piq_status piq_build_claim(piq_build *b)
{
    piq_status status = PIQ_OK;
    for (int k = 0; k < PIQ_N_KINDS && !status; k++)
        status = claim_kind(b, (piq_kind)k);
    return status;
}

piq_place piq_build_place(const piq_build *b, piq_kind k, size_t position)
{
    uint32_t at = b->slots[k].place_of[position];
    return piq_place_of(piq_kind_list(k),
                        at == PIQ_NO_IX32 ? PIQ_NO_PLACE : at);
}
