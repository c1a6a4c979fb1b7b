#include "domain/catalogue.h"

#include "domain/catalogue_kinds.h"

void piq_catalogue_free(piq_catalogue *c)
{
    if (!c)
        return;
    piq_map_release(&c->area_at);
    piq_map_release(&c->concept_at);
    piq_map_release(&c->character_at);
    piq_map_release(&c->content_at);
    piq_map_release(&c->item_at);
    piq_arena own = c->arena; /* holds *c too */
    piq_arena_release(&own);
}

bool piq_catalogue_find_area(const piq_catalogue *c, piq_str id,
                             piq_area_ix *out)
{
    size_t at;
    if (!id.ptr ||
        !piq_kind_find(c, PIQ_KIND_AREA, (piq_outside_id){id, 0}, &at))
        return false;
    out->v = (uint16_t)at;
    return true;
}

bool piq_catalogue_find_concept(const piq_catalogue *c, piq_str id,
                                piq_concept_ix *out)
{
    size_t at;
    if (!id.ptr ||
        !piq_kind_find(c, PIQ_KIND_CONCEPT, (piq_outside_id){id, 0}, &at))
        return false;
    out->v = (uint16_t)at;
    return true;
}

bool piq_catalogue_find_character(const piq_catalogue *c, piq_str id,
                                  piq_character_ix *out)
{
    size_t at;
    if (!id.ptr ||
        !piq_kind_find(c, PIQ_KIND_CHARACTER, (piq_outside_id){id, 0}, &at))
        return false;
    out->v = (uint16_t)at;
    return true;
}

bool piq_catalogue_find_content(const piq_catalogue *c, piq_content_id id,
                                piq_content_ix *out)
{
    size_t at;
    piq_outside_id outside = {{NULL, 0}, id.v};
    if (!piq_kind_find(c, PIQ_KIND_CONTENT, outside, &at))
        return false;
    out->v = (uint32_t)at;
    return true;
}

bool piq_catalogue_find_item(const piq_catalogue *c, piq_item_id id,
                             piq_item_ix *out)
{
    size_t at;
    piq_outside_id outside = {{NULL, 0}, id.v};
    if (!piq_kind_find(c, PIQ_KIND_ITEM, outside, &at))
        return false;
    out->v = (uint32_t)at;
    return true;
}
