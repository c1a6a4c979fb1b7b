/* The stored form: members in a fixed order, what has its default left out. */
#include "domain/catalogue.h"

static void put_weights(piq_json_writer *w, const char *member,
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

static void put_retired(piq_json_writer *w, bool retired)
{
    if (retired)
        piq_json_put_bool(w, "retired", true);
}

static void write_area(const piq_area *x, piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_str(w, "id", x->id);
    piq_json_put_str(w, "name", x->name);
    piq_json_put_str(w, "summary", x->summary);
    put_retired(w, x->retired);
    piq_json_object_end(w);
}

static void write_concept(const piq_catalogue *c, const piq_concept *x,
                          piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_str(w, "id", x->id);
    piq_json_put_str(w, "area", c->areas[x->area.v].id);
    piq_json_put_z(w, "level", piq_level_name(x->level));
    piq_json_put_str(w, "name", x->name);
    piq_json_put_str(w, "can_do", x->can_do);
    piq_json_put_double(w, "difficulty", x->difficulty);
    if (x->n_prerequisites > 0) {
        piq_json_key(w, "prerequisites");
        piq_json_array(w);
        for (size_t i = 0; i < x->n_prerequisites; i++)
            piq_json_str(w, c->concepts[x->prerequisites[i].v].id);
        piq_json_array_end(w);
    }
    if (x->n_exercises > 0)
        put_weights(w, "exercises", c, x->exercises, x->n_exercises);
    put_retired(w, x->retired);
    piq_json_object_end(w);
}

static void write_character(const piq_character *x, piq_json_writer *w)
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
    put_retired(w, x->retired);
    piq_json_object_end(w);
}

static void put_contents(piq_json_writer *w, const char *member,
                         const piq_catalogue *c, const piq_content_ix *list,
                         size_t n)
{
    if (n == 0)
        return;
    piq_json_key(w, member);
    piq_json_array(w);
    for (size_t i = 0; i < n; i++)
        piq_json_int(w, c->contents[list[i].v].id.v);
    piq_json_array_end(w);
}

static void put_tags(piq_json_writer *w, const piq_content *x)
{
    if (x->n_tags == 0)
        return;
    piq_json_key(w, "tags");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_tags; i++)
        piq_json_str(w, x->tags[i]);
    piq_json_array_end(w);
}

static void write_content(const piq_catalogue *c, const piq_content *x,
                          piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_int(w, "id", x->id.v);
    piq_json_put_z(w, "type", piq_content_type_name(x->type));
    piq_json_put_str(w, "title", x->title);
    put_weights(w, "concepts", c, x->concepts, x->n_concepts);
    piq_json_put_double(w, "difficulty", x->difficulty);
    piq_json_put_double(w, "minutes", x->minutes);
    piq_json_put_z(w, "modality", piq_modality_name(x->modality));
    if (x->practice)
        piq_json_put_bool(w, "practice", true);
    if (x->character.v != PIQ_NO_IX16)
        piq_json_put_str(w, "character", c->characters[x->character.v].id);
    put_contents(w, "prerequisites", c, x->prerequisites, x->n_prerequisites);
    put_contents(w, "contains", c, x->contains, x->n_contains);
    put_tags(w, x);
    if (!x->published)
        piq_json_put_bool(w, "published", false);
    put_retired(w, x->retired);
    piq_json_object_end(w);
}

static void write_item(const piq_catalogue *c, const piq_item *x,
                       piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_int(w, "id", x->id.v);
    if (x->content.v != PIQ_NO_IX32)
        piq_json_put_int(w, "content", c->contents[x->content.v].id.v);
    piq_json_put_str(w, "title", x->title);
    put_weights(w, "concepts", c, x->concepts, x->n_concepts);
    piq_json_put_double(w, "difficulty", x->difficulty);
    if (x->discrimination != 1)
        piq_json_put_double(w, "discrimination", x->discrimination);
    if (x->guess != 0)
        piq_json_put_double(w, "guess", x->guess);
    put_retired(w, x->retired);
    piq_json_object_end(w);
}

static void begin_list(piq_json_writer *w, const char *member)
{
    piq_json_key(w, member);
    piq_json_array(w);
}

void piq_catalogue_write(const piq_catalogue *c, piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_str(w, "subject", c->subject);
    piq_json_put_double(w, "new_learner_ability", c->new_learner_ability);
    begin_list(w, "areas");
    for (size_t i = 0; i < c->n_areas; i++)
        write_area(&c->areas[i], w);
    piq_json_array_end(w);
    begin_list(w, "concepts");
    for (size_t i = 0; i < c->n_concepts; i++)
        write_concept(c, &c->concepts[i], w);
    piq_json_array_end(w);
    begin_list(w, "characters");
    for (size_t i = 0; i < c->n_characters; i++)
        write_character(&c->characters[i], w);
    piq_json_array_end(w);
    begin_list(w, "contents");
    for (size_t i = 0; i < c->n_contents; i++)
        write_content(c, &c->contents[i], w);
    piq_json_array_end(w);
    begin_list(w, "items");
    for (size_t i = 0; i < c->n_items; i++)
        write_item(c, &c->items[i], w);
    piq_json_array_end(w);
    piq_json_object_end(w);
}
