#include "domain/catalogue_kinds.h"

#include <inttypes.h>
#include <stdio.h>

const char *piq_kind_list(piq_kind k)
{
    switch (k) {
    case PIQ_KIND_AREA:
        return "areas";
    case PIQ_KIND_CONCEPT:
        return "concepts";
    case PIQ_KIND_CHARACTER:
        return "characters";
    case PIQ_KIND_CONTENT:
        return "contents";
    case PIQ_KIND_ITEM:
        return "items";
    }
    return "";
}

const char *piq_kind_word(piq_kind k)
{
    switch (k) {
    case PIQ_KIND_AREA:
        return "area";
    case PIQ_KIND_CONCEPT:
        return "concept";
    case PIQ_KIND_CHARACTER:
        return "character";
    case PIQ_KIND_CONTENT:
        return "content";
    case PIQ_KIND_ITEM:
        return "item";
    }
    return "";
}

size_t piq_kind_max(piq_kind k)
{
    switch (k) {
    case PIQ_KIND_AREA:
        return PIQ_MAX_AREAS;
    case PIQ_KIND_CONCEPT:
        return PIQ_MAX_CONCEPTS;
    case PIQ_KIND_CHARACTER:
        return PIQ_MAX_CHARACTERS;
    case PIQ_KIND_CONTENT:
        return PIQ_MAX_CONTENTS;
    case PIQ_KIND_ITEM:
        return PIQ_MAX_ITEMS;
    }
    return 0;
}

bool piq_kind_is_numbered(piq_kind k)
{
    return k == PIQ_KIND_CONTENT || k == PIQ_KIND_ITEM;
}

size_t piq_kind_count(const piq_catalogue *c, piq_kind k)
{
    switch (k) {
    case PIQ_KIND_AREA:
        return c->n_areas;
    case PIQ_KIND_CONCEPT:
        return c->n_concepts;
    case PIQ_KIND_CHARACTER:
        return c->n_characters;
    case PIQ_KIND_CONTENT:
        return c->n_contents;
    case PIQ_KIND_ITEM:
        return c->n_items;
    }
    return 0;
}

piq_outside_id piq_kind_id(const piq_catalogue *c, piq_kind k, size_t at)
{
    piq_outside_id id = {{NULL, 0}, 0};
    switch (k) {
    case PIQ_KIND_AREA:
        id.word = c->areas[at].id;
        break;
    case PIQ_KIND_CONCEPT:
        id.word = c->concepts[at].id;
        break;
    case PIQ_KIND_CHARACTER:
        id.word = c->characters[at].id;
        break;
    case PIQ_KIND_CONTENT:
        id.number = c->contents[at].id.v;
        break;
    case PIQ_KIND_ITEM:
        id.number = c->items[at].id.v;
        break;
    }
    return id;
}

bool piq_kind_retired(const piq_catalogue *c, piq_kind k, size_t at)
{
    switch (k) {
    case PIQ_KIND_AREA:
        return c->areas[at].retired;
    case PIQ_KIND_CONCEPT:
        return c->concepts[at].retired;
    case PIQ_KIND_CHARACTER:
        return c->characters[at].retired;
    case PIQ_KIND_CONTENT:
        return c->contents[at].retired;
    case PIQ_KIND_ITEM:
        return c->items[at].retired;
    }
    return false;
}

static const piq_map *map_of(const piq_catalogue *c, piq_kind k)
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

uint64_t piq_kind_key(piq_outside_id id)
{
    if (id.word.ptr)
        return piq_hash_bytes(id.word.ptr, id.word.len);
    return (uint64_t)id.number;
}

bool piq_kind_same_id(piq_outside_id a, piq_outside_id b)
{
    return a.number == b.number && piq_str_eq(a.word, b.word);
}

bool piq_kind_find(const piq_catalogue *c, piq_kind k, piq_outside_id id,
                   size_t *at)
{
    uint64_t found;
    if (!piq_map_get(map_of(c, k), piq_kind_key(id), &found))
        return false;
    if (!piq_kind_same_id(piq_kind_id(c, k, (size_t)found), id))
        return false;
    *at = (size_t)found;
    return true;
}

void piq_kind_spell(piq_outside_id id, char *out, size_t size)
{
    if (id.word.ptr)
        snprintf(out, size, "%.*s", PIQ_STR_ARG(id.word));
    else
        snprintf(out, size, "%" PRId64, id.number);
}
