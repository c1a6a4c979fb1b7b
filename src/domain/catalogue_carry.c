/* What the document no longer names: copied from the previous catalogue to the
 * same position, marked retired. References by position stay true. */
#include "domain/catalogue_build.h"

/* A sticky failure, so that the copies below read straight. */
typedef struct carrier {
    piq_arena *arena;
    bool full;
} carrier;

static piq_str carry_text(carrier *m, piq_str s)
{
    piq_str out = {piq_arena_strndup(m->arena, s.ptr ? s.ptr : "", s.len),
                   s.len};
    m->full = m->full || !out.ptr;
    return out;
}

static const void *carry_list(carrier *m, const void *list, size_t n,
                              size_t size)
{
    void *out = piq_arena_alloc(m->arena, n, size);
    m->full = m->full || !out;
    if (out && n > 0)
        memcpy(out, list, n * size);
    return out;
}

static void carry_area(carrier *m, const piq_area *from, piq_area *to)
{
    to->name = carry_text(m, from->name);
    to->summary = carry_text(m, from->summary);
}

static void carry_concept(carrier *m, const piq_concept *from, piq_concept *to)
{
    piq_str id = to->id;
    *to = *from;
    to->id = id;
    to->name = carry_text(m, from->name);
    to->can_do = carry_text(m, from->can_do);
    to->prerequisites = (const piq_concept_ix *)carry_list(
        m, from->prerequisites, from->n_prerequisites,
        sizeof *from->prerequisites);
    to->exercises = (const piq_concept_weight *)carry_list(
        m, from->exercises, from->n_exercises, sizeof *from->exercises);
    to->retired = true;
}

static void carry_character(carrier *m, const piq_character *from,
                            piq_character *to)
{
    piq_str id = to->id;
    *to = *from;
    to->id = id;
    to->name = carry_text(m, from->name);
    to->style = carry_text(m, from->style);
    piq_target_stat *stats = (piq_target_stat *)piq_arena_alloc(
        m->arena, from->n_stats, sizeof *from->stats);
    m->full = m->full || !stats;
    for (size_t i = 0; stats && i < from->n_stats; i++) {
        stats[i].name = carry_text(m, from->stats[i].name);
        stats[i].value = from->stats[i].value;
    }
    to->stats = stats;
    to->retired = true;
}

static void carry_content(carrier *m, const piq_content *from, piq_content *to)
{
    *to = *from;
    to->title = carry_text(m, from->title);
    to->concepts = (const piq_concept_weight *)carry_list(
        m, from->concepts, from->n_concepts, sizeof *from->concepts);
    to->prerequisites = (const piq_content_ix *)carry_list(
        m, from->prerequisites, from->n_prerequisites,
        sizeof *from->prerequisites);
    to->contains = (const piq_content_ix *)carry_list(
        m, from->contains, from->n_contains, sizeof *from->contains);
    piq_str *tags =
        (piq_str *)piq_arena_alloc(m->arena, from->n_tags, sizeof *tags);
    m->full = m->full || !tags;
    for (size_t i = 0; tags && i < from->n_tags; i++)
        tags[i] = carry_text(m, from->tags[i]);
    to->tags = tags;
    to->items = NULL;
    to->n_items = 0;
    to->retired = true;
}

static void carry_item(carrier *m, const piq_item *from, piq_item *to)
{
    *to = *from;
    to->title = carry_text(m, from->title);
    to->concepts = (const piq_concept_weight *)carry_list(
        m, from->concepts, from->n_concepts, sizeof *from->concepts);
    to->retired = true;
}

static void carry_one(carrier *m, const piq_catalogue *from, piq_catalogue *to,
                      piq_kind k, size_t at)
{
    switch (k) {
    case PIQ_KIND_AREA:
        carry_area(m, &from->areas[at], &to->areas[at]);
        break;
    case PIQ_KIND_CONCEPT:
        carry_concept(m, &from->concepts[at], &to->concepts[at]);
        break;
    case PIQ_KIND_CHARACTER:
        carry_character(m, &from->characters[at], &to->characters[at]);
        break;
    case PIQ_KIND_CONTENT:
        carry_content(m, &from->contents[at], &to->contents[at]);
        break;
    case PIQ_KIND_ITEM:
        carry_item(m, &from->items[at], &to->items[at]);
        break;
    }
}

piq_status piq_build_carry(piq_build *b)
{
    if (!b->previous)
        return PIQ_OK;
    carrier m = {&b->c->arena, false};
    for (int k = 0; k < PIQ_N_KINDS; k++) {
        size_t n = piq_kind_count(b->previous, (piq_kind)k);
        for (size_t at = 0; at < n; at++)
            if (b->slots[k].place_of[at] == PIQ_NO_IX32)
                carry_one(&m, b->previous, b->c, (piq_kind)k, at);
    }
    return m.full ? PIQ_ENOMEM : PIQ_OK;
}
