/* What a new catalogue changed, by outside names. Positions are the same in
 * both, so things are compared place by place. */
#include "domain/catalogue_build.h"

#include <stdio.h>

enum { MAX_LINES = 1000 };

/* The names of the members that differ, as they are found. */
typedef struct members {
    char text[160];
    size_t len;
} members;

static void note(members *m, const char *member, bool differs)
{
    if (!differs || m->len + strlen(member) + 3 > sizeof m->text)
        return;
    m->len += (size_t)snprintf(m->text + m->len, sizeof m->text - m->len,
                               "%s%s", m->len ? ", " : "", member);
}

static bool weights_differ(const piq_concept_weight *a, size_t n_a,
                           const piq_concept_weight *b, size_t n_b)
{
    if (n_a != n_b)
        return true;
    for (size_t i = 0; i < n_a; i++)
        if (a[i].concept.v != b[i].concept.v || a[i].weight != b[i].weight)
            return true;
    return false;
}

static bool contents_differ(const piq_content_ix *a, size_t n_a,
                            const piq_content_ix *b, size_t n_b)
{
    return n_a != n_b || (n_a > 0 && memcmp(a, b, n_a * sizeof *a) != 0);
}

static void compare_area(members *m, const piq_area *a, const piq_area *b)
{
    note(m, "name", !piq_str_eq(a->name, b->name));
    note(m, "summary", !piq_str_eq(a->summary, b->summary));
}

static void compare_concept(members *m, const piq_concept *a,
                            const piq_concept *b)
{
    note(m, "area", a->area.v != b->area.v);
    note(m, "level", a->level != b->level);
    note(m, "name", !piq_str_eq(a->name, b->name));
    note(m, "can_do", !piq_str_eq(a->can_do, b->can_do));
    note(m, "difficulty", a->difficulty != b->difficulty);
    note(m, "prerequisites",
         a->n_prerequisites != b->n_prerequisites ||
             (a->n_prerequisites > 0 &&
              memcmp(a->prerequisites, b->prerequisites,
                     a->n_prerequisites * sizeof *a->prerequisites) != 0));
    note(m, "exercises",
         weights_differ(a->exercises, a->n_exercises, b->exercises,
                        b->n_exercises));
}

static void compare_character(members *m, const piq_character *a,
                              const piq_character *b)
{
    note(m, "name", !piq_str_eq(a->name, b->name));
    note(m, "style", !piq_str_eq(a->style, b->style));
    note(m, "difficulty", a->difficulty != b->difficulty);
    bool stats = a->n_stats != b->n_stats;
    for (size_t i = 0; i < a->n_stats && !stats; i++)
        stats = a->stats[i].value != b->stats[i].value ||
                !piq_str_eq(a->stats[i].name, b->stats[i].name);
    note(m, "stats", stats);
}

static bool tags_differ(const piq_content *a, const piq_content *b)
{
    if (a->n_tags != b->n_tags)
        return true;
    for (size_t i = 0; i < a->n_tags; i++)
        if (!piq_str_eq(a->tags[i], b->tags[i]))
            return true;
    return false;
}

static void compare_content(members *m, const piq_content *a,
                            const piq_content *b)
{
    note(m, "type", a->type != b->type);
    note(m, "title", !piq_str_eq(a->title, b->title));
    note(
        m, "concepts",
        weights_differ(a->concepts, a->n_concepts, b->concepts, b->n_concepts));
    note(m, "difficulty", a->difficulty != b->difficulty);
    note(m, "minutes", a->minutes != b->minutes);
    note(m, "modality", a->modality != b->modality);
    note(m, "practice", a->practice != b->practice);
    note(m, "character", a->character.v != b->character.v);
    note(m, "prerequisites",
         contents_differ(a->prerequisites, a->n_prerequisites, b->prerequisites,
                         b->n_prerequisites));
    note(m, "contains",
         contents_differ(a->contains, a->n_contains, b->contains,
                         b->n_contains));
    note(m, "tags", tags_differ(a, b));
    note(m, "published", a->published != b->published);
}

static void compare_item(members *m, const piq_item *a, const piq_item *b)
{
    note(m, "content", a->content.v != b->content.v);
    note(m, "title", !piq_str_eq(a->title, b->title));
    note(
        m, "concepts",
        weights_differ(a->concepts, a->n_concepts, b->concepts, b->n_concepts));
    note(m, "difficulty", a->difficulty != b->difficulty);
    note(m, "discrimination", a->discrimination != b->discrimination);
    note(m, "guess", a->guess != b->guess);
}

static void compare(members *m, const piq_catalogue *a, const piq_catalogue *b,
                    piq_kind k, size_t at)
{
    switch (k) {
    case PIQ_KIND_AREA:
        compare_area(m, &a->areas[at], &b->areas[at]);
        break;
    case PIQ_KIND_CONCEPT:
        compare_concept(m, &a->concepts[at], &b->concepts[at]);
        break;
    case PIQ_KIND_CHARACTER:
        compare_character(m, &a->characters[at], &b->characters[at]);
        break;
    case PIQ_KIND_CONTENT:
        compare_content(m, &a->contents[at], &b->contents[at]);
        break;
    case PIQ_KIND_ITEM:
        compare_item(m, &a->items[at], &b->items[at]);
        break;
    }
}

/* The change list as it grows; `full` once the arena was. */
typedef struct changes {
    piq_arena *arena;
    piq_catalogue_change *out;
    size_t capacity;
    size_t left_out;
    bool full;
} changes;

static void add_line(changes *c, const char *text)
{
    piq_catalogue_change *out = c->out;
    if (out->n_lines == c->capacity) {
        size_t larger = c->capacity ? 2 * c->capacity : 16;
        piq_str *lines = piq_new(c->arena, piq_str, larger);
        c->full = c->full || !lines;
        if (!lines)
            return;
        if (out->n_lines > 0)
            memcpy(lines, out->lines, out->n_lines * sizeof *lines);
        out->lines = lines;
        c->capacity = larger;
    }
    size_t len = strlen(text);
    piq_str line = {piq_arena_strndup(c->arena, text, len), len};
    c->full = c->full || !line.ptr;
    if (line.ptr)
        out->lines[out->n_lines++] = line;
}

static void tell(changes *c, const char *verb, piq_kind k, piq_outside_id id,
                 const char *which)
{
    if (c->out->n_lines >= MAX_LINES) {
        c->left_out++;
        return;
    }
    char name[80], line[320];
    piq_kind_spell(id, name, sizeof name);
    snprintf(line, sizeof line, "%s %s %s%s%s", verb, piq_kind_word(k), name,
             *which ? ": " : "", which);
    add_line(c, line);
}

static void diff_one(changes *c, const piq_catalogue *before,
                     const piq_catalogue *after, piq_kind k, size_t at)
{
    bool known = before && at < piq_kind_count(before, k);
    bool was = known && !piq_kind_retired(before, k, at);
    bool is = !piq_kind_retired(after, k, at);
    piq_outside_id id = piq_kind_id(after, k, at);
    if (!known || (!was && is)) {
        c->out->added++;
        tell(c, known ? "brought back" : "added", k, id, "");
        return;
    }
    if (was && !is) {
        c->out->retired++;
        tell(c, "retired", k, id, "");
        return;
    }
    members m = {.len = 0};
    compare(&m, before, after, k, at);
    if (m.len == 0)
        return;
    c->out->changed++;
    tell(c, "changed", k, id, m.text);
}

static void diff_frame(changes *c, const piq_catalogue *before,
                       const piq_catalogue *after)
{
    if (!before)
        return;
    if (!piq_str_eq(before->subject, after->subject)) {
        c->out->changed++;
        add_line(c, "changed subject");
    }
    if (before->new_learner_ability != after->new_learner_ability) {
        c->out->changed++;
        add_line(c, "changed new_learner_ability");
    }
}

piq_status piq_catalogue_diff(piq_arena *a, const piq_catalogue *before,
                              const piq_catalogue *after,
                              piq_catalogue_change *out)
{
    *out = (piq_catalogue_change){0};
    changes c = {.arena = a, .out = out};
    diff_frame(&c, before, after);
    for (int k = 0; k < PIQ_N_KINDS; k++) {
        size_t n = piq_kind_count(after, (piq_kind)k);
        for (size_t at = 0; at < n; at++)
            diff_one(&c, before, after, (piq_kind)k, at);
    }
    if (c.left_out > 0) {
        char line[64];
        snprintf(line, sizeof line, "and %zu more", c.left_out);
        add_line(&c, line);
    }
    return c.full ? PIQ_ENOMEM : PIQ_OK;
}
