#include "domain/catalogue_json.h"

static bool in_area(const piq_catalogue *c, const piq_content *x,
                    piq_area_ix area)
{
    for (size_t i = 0; i < x->n_concepts; i++)
        if (c->concepts[x->concepts[i].concept.v].area.v == area.v)
            return true;
    return false;
}

static bool is_shown(const piq_catalogue *c, const piq_catalogue_filter *f,
                     const piq_content *x)
{
    if (x->retired || !x->published)
        return false;
    if (f->by_type && x->type != f->type)
        return false;
    return !f->by_area || in_area(c, x, f->area);
}

/* The area that most of the content's weight lies in; the first in a tie. */
static piq_area_ix main_area_of(const piq_catalogue *c, piq_content_ix content)
{
    const piq_content *x = &c->contents[content.v];
    double share[PIQ_MAX_AREAS] = {0};
    piq_area_ix best = {0};
    for (size_t i = 0; i < x->n_concepts; i++)
        share[c->concepts[x->concepts[i].concept.v].area.v] +=
            x->concepts[i].weight;
    for (size_t i = 1; i < c->n_areas; i++)
        if (share[i] > share[best.v])
            best.v = (uint16_t)i;
    return best;
}

static void show_weights(piq_json_writer *w, const char *member,
                         const piq_catalogue *c, const piq_concept_weight *list,
                         size_t n)
{
    piq_json_key(w, member);
    piq_json_object(w);
    for (size_t i = 0; i < n; i++)
        piq_json_put_double(w, c->concepts[list[i].concept.v].id.ptr,
                            list[i].weight);
    piq_json_object_end(w);
}

static void show_contents(piq_json_writer *w, const char *member,
                          const piq_catalogue *c, const piq_content_ix *list,
                          size_t n)
{
    piq_json_key(w, member);
    piq_json_array(w);
    for (size_t i = 0; i < n; i++)
        piq_json_int(w, c->contents[list[i].v].id.v);
    piq_json_array_end(w);
}

static void show_content(const piq_catalogue *c, piq_content_ix content,
                         piq_json_writer *w)
{
    const piq_content *x = &c->contents[content.v];
    piq_area_ix area = main_area_of(c, content);
    piq_json_object(w);
    piq_json_put_int(w, "id", x->id.v);
    piq_json_put_z(w, "type", piq_content_type_name(x->type));
    piq_json_put_str(w, "title", x->title);
    piq_json_put_str(w, "area", c->areas[area.v].id);
    show_weights(w, "concepts", c, x->concepts, x->n_concepts);
    piq_json_put_double(w, "difficulty", x->difficulty);
    piq_json_put_double(w, "minutes", x->minutes);
    piq_json_put_z(w, "modality", piq_modality_name(x->modality));
    piq_json_put_bool(w, "practice", x->practice);
    show_contents(w, "prerequisites", c, x->prerequisites, x->n_prerequisites);
    if (x->n_contains > 0)
        show_contents(w, "contains", c, x->contains, x->n_contains);
    if (x->character.v != PIQ_NO_IX16)
        piq_json_put_str(w, "character", c->characters[x->character.v].id);
    if (x->n_tags > 0) {
        piq_json_key(w, "tags");
        piq_json_array(w);
        for (size_t i = 0; i < x->n_tags; i++)
            piq_json_str(w, x->tags[i]);
        piq_json_array_end(w);
    }
    piq_json_put_int(w, "items", (int64_t)x->n_items);
    piq_json_object_end(w);
}

static void show_concept(const piq_catalogue *c, const piq_concept *x,
                         piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_str(w, "id", x->id);
    piq_json_put_str(w, "area", c->areas[x->area.v].id);
    piq_json_put_z(w, "level", piq_level_name(x->level));
    piq_json_put_str(w, "name", x->name);
    piq_json_put_str(w, "can_do", x->can_do);
    piq_json_put_double(w, "difficulty", x->difficulty);
    piq_json_key(w, "prerequisites");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_prerequisites; i++)
        piq_json_str(w, c->concepts[x->prerequisites[i].v].id);
    piq_json_array_end(w);
    show_weights(w, "exercises", c, x->exercises, x->n_exercises);
    piq_json_object_end(w);
}

static void show_character(const piq_character *x, piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_str(w, "id", x->id);
    piq_json_put_str(w, "name", x->name);
    piq_json_put_str(w, "style", x->style);
    piq_json_put_double(w, "difficulty", x->difficulty);
    piq_json_key(w, "stats");
    piq_json_object(w);
    for (size_t i = 0; i < x->n_stats; i++)
        piq_json_put_double(w, x->stats[i].name.ptr, x->stats[i].value);
    piq_json_object_end(w);
    piq_json_object_end(w);
}

static void show_areas(const piq_catalogue *c, const piq_catalogue_filter *f,
                       piq_json_writer *w)
{
    piq_json_key(w, "areas");
    piq_json_array(w);
    for (size_t i = 0; i < c->n_areas; i++) {
        const piq_area *x = &c->areas[i];
        if (x->retired || (f->by_area && f->area.v != i))
            continue;
        piq_json_object(w);
        piq_json_put_str(w, "id", x->id);
        piq_json_put_str(w, "name", x->name);
        piq_json_put_str(w, "summary", x->summary);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

void piq_catalogue_show(const piq_catalogue *c, const piq_catalogue_filter *f,
                        piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_int(w, "version", c->version);
    piq_json_put_str(w, "subject", c->subject);
    show_areas(c, f, w);
    piq_json_key(w, "concepts");
    piq_json_array(w);
    for (size_t i = 0; i < c->n_concepts; i++) {
        const piq_concept *x = &c->concepts[i];
        if (!x->retired && (!f->by_area || x->area.v == f->area.v))
            show_concept(c, x, w);
    }
    piq_json_array_end(w);
    piq_json_key(w, "contents");
    piq_json_array(w);
    for (size_t i = 0; i < c->n_contents; i++)
        if (is_shown(c, f, &c->contents[i]))
            show_content(c, (piq_content_ix){(uint32_t)i}, w);
    piq_json_array_end(w);
    piq_json_key(w, "characters");
    piq_json_array(w);
    for (size_t i = 0; i < c->n_characters; i++)
        if (!c->characters[i].retired)
            show_character(&c->characters[i], w);
    piq_json_array_end(w);
    piq_json_object_end(w);
}
