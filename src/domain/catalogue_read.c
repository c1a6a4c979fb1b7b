/* Reading a curriculum document; catalogue_build.h says in which steps. */
#include "domain/catalogue_fields.h"
#include "domain/json_reader.h"

#include <stdio.h>

enum {
    MAX_NAME_BYTES = 200,
    MAX_TEXT_BYTES = 1000,
    MAX_MINUTES = 10000,
    /* Far above what the limits on counts allow a document to need. */
    MAX_CATALOGUE_BYTES = 1 << 30
};

static const piq_range unit = {0, 1, false};

static double level_difficulty(piq_level level)
{
    switch (level) {
    case PIQ_BEGINNER:
        return 0.15;
    case PIQ_INTERMEDIATE:
        return 0.4;
    case PIQ_ADVANCED:
        return 0.65;
    case PIQ_EXPERT:
        return 0.88;
    }
    return 0.5;
}

static uint16_t narrow(uint32_t at)
{
    return at == PIQ_NO_IX32 ? PIQ_NO_IX16 : (uint16_t)at;
}

/* Opens element `at` of the kind's list. *position: where what is read goes,
 * PIQ_NO_IX32 when it has no usable id (its members are checked still). */
static bool open_element(piq_fields *f, piq_build *b, piq_kind k, size_t at,
                         const char *const *known, uint32_t *position)
{
    const piq_slots *s = &b->slots[k];
    *position = s->position_of[at];
    return piq_fields_open(f, b, json_array_get(s->array, at),
                           piq_place_of(piq_kind_list(k), at), known);
}

static void read_area(piq_build *b, size_t at)
{
    static const char *const known[] = {"id", "name", "summary", "retired",
                                        NULL};
    piq_fields f;
    uint32_t position;
    if (!open_element(&f, b, PIQ_KIND_AREA, at, known, &position))
        return;
    piq_area x = {.name = piq_fields_text(&f, "name", 1, MAX_NAME_BYTES),
                  .summary = piq_fields_text(&f, "summary", 0, MAX_TEXT_BYTES),
                  .retired = piq_fields_flag_or(&f, "retired", false)};
    if (position == PIQ_NO_IX32)
        return;
    x.id = b->c->areas[position].id;
    b->c->areas[position] = x;
}

/* Concept positions of a member that lists concepts. */
static const piq_concept_ix *concept_list(piq_fields *f, const char *member,
                                          size_t *n)
{
    const uint32_t *wide =
        piq_fields_references(f, member, PIQ_KIND_CONCEPT, n);
    piq_concept_ix *out = piq_new(&f->build->c->arena, piq_concept_ix, *n);
    if (!out) {
        f->build->report.status = PIQ_ENOMEM;
        *n = 0;
        return NULL;
    }
    for (size_t i = 0; i < *n; i++)
        out[i].v = narrow(wide[i]);
    return out;
}

static void read_concept(piq_build *b, size_t at)
{
    static const char *const known[] = {
        "id",         "area",          "level",     "name",    "can_do",
        "difficulty", "prerequisites", "exercises", "retired", NULL};
    piq_fields f;
    uint32_t position;
    if (!open_element(&f, b, PIQ_KIND_CONCEPT, at, known, &position))
        return;
    piq_concept x = {.name = piq_fields_text(&f, "name", 1, MAX_NAME_BYTES),
                     .can_do = piq_fields_text(&f, "can_do", 0, MAX_TEXT_BYTES),
                     .level = piq_fields_level(&f),
                     .retired = piq_fields_flag_or(&f, "retired", false)};
    x.area.v = narrow(piq_fields_reference(&f, "area", PIQ_KIND_AREA));
    x.difficulty =
        piq_fields_number_or(&f, "difficulty", unit, level_difficulty(x.level));
    x.prerequisites = concept_list(&f, "prerequisites", &x.n_prerequisites);
    x.exercises = piq_fields_weights(&f, "exercises", PIQ_MAX_CONTENT_CONCEPTS,
                                     false, &x.n_exercises);
    if (position == PIQ_NO_IX32)
        return;
    x.id = b->c->concepts[position].id;
    for (size_t i = 0; i < x.n_exercises; i++)
        if (x.exercises[i].concept.v == position)
            piq_report_add(
                &b->report,
                piq_place_name(piq_place_member(f.place, "exercises"),
                               x.id.ptr),
                "a concept cannot exercise itself");
    b->c->concepts[position] = x;
}

static void read_character(piq_build *b, size_t at)
{
    static const char *const known[] = {
        "id", "name", "style", "difficulty", "stats", "retired", NULL};
    piq_fields f;
    uint32_t position;
    if (!open_element(&f, b, PIQ_KIND_CHARACTER, at, known, &position))
        return;
    piq_character x = {.name = piq_fields_text(&f, "name", 1, MAX_NAME_BYTES),
                       .style = piq_fields_text(&f, "style", 1, MAX_NAME_BYTES),
                       .difficulty = piq_fields_number(&f, "difficulty", unit),
                       .retired = piq_fields_flag_or(&f, "retired", false)};
    x.stats = piq_fields_stats(&f, "stats", &x.n_stats);
    if (position == PIQ_NO_IX32)
        return;
    x.id = b->c->characters[position].id;
    b->c->characters[position] = x;
}

static const piq_content_ix *content_list(piq_fields *f, const char *member,
                                          size_t *n)
{
    const uint32_t *wide =
        piq_fields_references(f, member, PIQ_KIND_CONTENT, n);
    piq_content_ix *out = piq_new(&f->build->c->arena, piq_content_ix, *n);
    if (!out) {
        f->build->report.status = PIQ_ENOMEM;
        *n = 0;
        return NULL;
    }
    for (size_t i = 0; i < *n; i++)
        out[i].v = wide[i];
    return out;
}

/* Which members belong to which type. */
static void check_type(piq_fields *f, const piq_content *x)
{
    if (!piq_fields_has(f, "type"))
        return;
    if (x->type == PIQ_COURSE && !piq_fields_has(f, "contains"))
        piq_report_add(&f->build->report, f->place,
                       "member \"contains\" is missing, a course has it");
    else if (x->type == PIQ_COURSE && x->n_contains == 0)
        piq_fields_refuse(f, "contains", "must name at least one content");
    if (x->type != PIQ_COURSE && piq_fields_has(f, "contains"))
        piq_fields_refuse(f, "contains", "only a course contains others");
    if (x->type == PIQ_CHARACTER && !piq_fields_has(f, "character"))
        piq_report_add(&f->build->report, f->place,
                       "member \"character\" is missing, a session with a "
                       "character has it");
    if (x->type != PIQ_CHARACTER && piq_fields_has(f, "character"))
        piq_fields_refuse(f, "character",
                          "only content of type character has one");
    if (x->practice && x->type != PIQ_LESSON && x->type != PIQ_REVIEW)
        piq_fields_refuse(f, "practice",
                          "only a lesson or a review may be practice");
}

static void read_content(piq_build *b, size_t at)
{
    static const char *const known[] = {
        "id",         "type",      "title",    "concepts", "practice",
        "difficulty", "minutes",   "modality", "contains", "prerequisites",
        "published",  "character", "tags",     "retired",  NULL};
    piq_fields f;
    uint32_t position;
    if (!open_element(&f, b, PIQ_KIND_CONTENT, at, known, &position))
        return;
    piq_content x = {.type = piq_fields_type(&f),
                     .title = piq_fields_text(&f, "title", 1, MAX_NAME_BYTES),
                     .difficulty = piq_fields_number(&f, "difficulty", unit),
                     .minutes = piq_fields_number(
                         &f, "minutes", (piq_range){0, MAX_MINUTES, true}),
                     .modality = piq_fields_modality(&f),
                     .practice = piq_fields_flag_or(&f, "practice", false),
                     .published = piq_fields_flag_or(&f, "published", true),
                     .retired = piq_fields_flag_or(&f, "retired", false),
                     .character.v = PIQ_NO_IX16};
    x.concepts = piq_fields_weights(&f, "concepts", PIQ_MAX_CONTENT_CONCEPTS,
                                    true, &x.n_concepts);
    x.prerequisites = content_list(&f, "prerequisites", &x.n_prerequisites);
    x.contains = content_list(&f, "contains", &x.n_contains);
    x.tags = piq_fields_tags(&f, "tags", &x.n_tags);
    if (piq_fields_has(&f, "character"))
        x.character.v =
            narrow(piq_fields_reference(&f, "character", PIQ_KIND_CHARACTER));
    check_type(&f, &x);
    if (position == PIQ_NO_IX32)
        return;
    x.id = b->c->contents[position].id;
    b->c->contents[position] = x;
}

static void read_item(piq_build *b, size_t at)
{
    static const char *const known[] = {
        "id",    "content", "title", "concepts", "difficulty", "discrimination",
        "guess", "retired", NULL};
    piq_fields f;
    uint32_t position;
    if (!open_element(&f, b, PIQ_KIND_ITEM, at, known, &position))
        return;
    piq_item x = {.title = piq_fields_text(&f, "title", 1, MAX_TEXT_BYTES),
                  .content.v = PIQ_NO_IX32,
                  .difficulty = piq_fields_number(&f, "difficulty", unit),
                  .discrimination = piq_fields_number_or(
                      &f, "discrimination", (piq_range){0, 4, true}, 1),
                  .guess = piq_fields_number_or(&f, "guess",
                                                (piq_range){0, 0.5, false}, 0),
                  .retired = piq_fields_flag_or(&f, "retired", false)};
    if (piq_fields_has(&f, "content"))
        x.content.v = piq_fields_reference(&f, "content", PIQ_KIND_CONTENT);
    x.concepts = piq_fields_weights(&f, "concepts", PIQ_MAX_ITEM_CONCEPTS, true,
                                    &x.n_concepts);
    if (position == PIQ_NO_IX32)
        return;
    x.id = b->c->items[position].id;
    b->c->items[position] = x;
}

/* The document's own members. A finding here ends the reading: what follows
 * would only repeat it. */
static void read_frame(piq_build *b)
{
    static const char *const known[] = {"subject",    "new_learner_ability",
                                        "areas",      "concepts",
                                        "characters", "contents",
                                        "items",      NULL};
    piq_fields f;
    piq_place place = piq_place_of(NULL, PIQ_NO_PLACE);
    if (!piq_fields_open(&f, b, b->root, place, known)) {
        piq_report_add(&b->report, place, "must be an object");
        return;
    }
    b->c->subject = piq_fields_text(&f, "subject", 1, MAX_NAME_BYTES);
    b->c->new_learner_ability =
        piq_fields_number(&f, "new_learner_ability", unit);
    for (int k = 0; k < PIQ_N_KINDS; k++) {
        const char *list = piq_kind_list((piq_kind)k);
        const json_t *array = json_object_get(b->root, list);
        b->slots[k].array = array;
        b->slots[k].n_document = json_array_size(array);
        if (!array)
            piq_report_add(&b->report, place, "member \"%s\" is missing", list);
        else if (!json_is_array(array))
            piq_fields_refuse(&f, list, "must be an array");
        else if (json_array_size(array) > piq_kind_max((piq_kind)k))
            piq_fields_refuse(&f, list, "has %zu, %zu are allowed",
                              json_array_size(array),
                              piq_kind_max((piq_kind)k));
    }
}

static void read_members(piq_build *b)
{
    static void (*const read[PIQ_N_KINDS])(piq_build *, size_t) = {
        [PIQ_KIND_AREA] = read_area,
        [PIQ_KIND_CONCEPT] = read_concept,
        [PIQ_KIND_CHARACTER] = read_character,
        [PIQ_KIND_CONTENT] = read_content,
        [PIQ_KIND_ITEM] = read_item};
    for (int k = 0; k < PIQ_N_KINDS; k++)
        for (size_t i = 0; i < b->slots[k].n_document; i++)
            read[k](b, i);
}

/* Status of the work itself; faults of the document are in the findings. */
static piq_status build(piq_build *b)
{
    const piq_findings *found = b->report.findings;
    read_frame(b);
    if (b->report.status || found->n > 0)
        return b->report.status;
    piq_status status = piq_build_claim(b);
    if (status || b->report.status)
        return status ? status : b->report.status;
    for (int k = 0; k < PIQ_N_KINDS; k++)
        if (b->slots[k].n > piq_kind_max((piq_kind)k))
            return PIQ_OK; /* positions would not fit; reported */
    status = piq_build_carry(b);
    if (status)
        return status;
    read_members(b);
    if (b->report.status)
        return b->report.status;
    status = piq_build_check(b);
    if (!status && found->n == 0)
        status = piq_build_derive(b);
    return status ? status : b->report.status;
}

static piq_catalogue *new_catalogue(void)
{
    piq_arena arena;
    piq_arena_init(&arena, MAX_CATALOGUE_BYTES);
    piq_catalogue *c = piq_new(&arena, piq_catalogue, 1);
    if (!c)
        return NULL;
    piq_map_init(&c->area_at);
    piq_map_init(&c->concept_at);
    piq_map_init(&c->character_at);
    piq_map_init(&c->content_at);
    piq_map_init(&c->item_at);
    c->arena = arena;
    return c;
}

static piq_status say_faulty(const piq_findings *found, piq_err *err)
{
    const piq_finding *first = &found->list[0];
    size_t n = found->n + found->n_dropped;
    piq_fail(err, PIQ_EINVAL, "the curriculum has %zu fault%s; line %u: %s", n,
             n == 1 ? "" : "s", first->line, first->message);
    piq_err_at(err, "%s", first->where);
    return PIQ_EINVAL;
}

piq_status piq_catalogue_read(piq_arena *a, piq_str json,
                              const piq_catalogue *previous,
                              piq_catalogue **out, piq_findings *findings,
                              piq_catalogue_change *change, piq_err *err)
{
    *findings = (piq_findings){NULL, 0, 0};
    json_t *root = NULL;
    piq_status status = piq_json_parse(json, &root, err);
    if (status)
        return status;

    piq_arena scratch;
    piq_arena_init(&scratch, MAX_CATALOGUE_BYTES);
    piq_catalogue *c = new_catalogue();
    piq_build b = {
        .c = c, .previous = previous, .root = root, .scratch = &scratch};
    piq_report_init(&b.report, a, &scratch, json, findings);
    status = c ? build(&b) : PIQ_ENOMEM;
    piq_catalogue_change changed = {0};
    if (!status && change && findings->n == 0)
        status = piq_catalogue_diff(a, previous, c, &changed);
    if (status) {
        *findings = (piq_findings){NULL, 0, 0};
        piq_fail(err, status, "no memory to read the curriculum");
    } else if (findings->n > 0) {
        piq_report_sort(&b.report);
        status = say_faulty(findings, err);
    } else {
        *out = c;
        c = NULL;
        if (change)
            *change = changed;
    }
    piq_catalogue_free(c);
    piq_arena_release(&scratch);
    json_decref(root);
    return status;
}
