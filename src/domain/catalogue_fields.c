#include "domain/catalogue_fields.h"

#include <math.h>
#include <stdio.h>

enum { MAX_STATS = 64, MAX_STAT_NAME_BYTES = 64 };

static piq_report *report_of(piq_fields *f)
{
    return &f->build->report;
}

/* jansson's iterators want a writable object, though they do not write. */
static json_t *writable(const json_t *json)
{
    return (json_t *)(uintptr_t)json;
}

static bool is_known(const char *member, const char *const *known)
{
    for (; *known; known++)
        if (strcmp(member, *known) == 0)
            return true;
    return false;
}

bool piq_fields_open(piq_fields *f, piq_build *b, const json_t *element,
                     piq_place place, const char *const *known)
{
    *f = (piq_fields){b, element, place, false};
    if (!json_is_object(element))
        return false; /* the claim has said so */
    const char *member;
    json_t *value;
    json_object_foreach(writable(element), member, value)
    {
        (void)value;
        if (!is_known(member, known))
            piq_report_add(&b->report, piq_place_member(place, member),
                           "unknown member \"%.60s\"", member);
    }
    f->retired = json_is_true(json_object_get(element, "retired"));
    return true;
}

bool piq_fields_has(const piq_fields *f, const char *member)
{
    return json_object_get(f->object, member) != NULL;
}

void piq_fields_refuse(piq_fields *f, const char *member, const char *fmt, ...)
{
    char message[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    piq_report_add(report_of(f), piq_place_member(f->place, member), "%s",
                   message);
}

static const json_t *required(piq_fields *f, const char *member)
{
    const json_t *v = json_object_get(f->object, member);
    if (!v)
        piq_report_add(report_of(f), f->place, "member \"%s\" is missing",
                       member);
    return v;
}

/* The required string, borrowed; {NULL,0} after a finding. */
static piq_str borrowed(piq_fields *f, const char *member)
{
    const json_t *v = required(f, member);
    if (v && !json_is_string(v))
        piq_fields_refuse(f, member, "must be a string");
    return (piq_str){json_string_value(v), json_string_length(v)};
}

static piq_str kept(piq_fields *f, const char *text, size_t len)
{
    piq_str out = {piq_arena_strndup(&f->build->c->arena, text, len), len};
    if (!out.ptr) {
        report_of(f)->status = PIQ_ENOMEM;
        return (piq_str){"", 0};
    }
    return out;
}

piq_str piq_fields_text(piq_fields *f, const char *member, size_t min,
                        size_t max)
{
    piq_str s = borrowed(f, member);
    if (!s.ptr)
        return PIQ_STR("");
    if (s.len < min || s.len > max) {
        piq_fields_refuse(f, member, "must have %zu to %zu bytes, not %zu", min,
                          max, s.len);
        return PIQ_STR("");
    }
    return kept(f, s.ptr, s.len);
}

static bool in_range(double v, piq_range r)
{
    return (r.above ? v > r.low : v >= r.low) && v <= r.high;
}

/* `v` is a number of the range, or a finding at `place`. */
static double number_at(piq_fields *f, piq_place place, const json_t *v,
                        piq_range r)
{
    if (!json_is_number(v)) {
        piq_report_add(report_of(f), place, "must be a number");
        return r.high;
    }
    double number = json_number_value(v);
    if (in_range(number, r))
        return number;
    if (r.above)
        piq_report_add(report_of(f), place,
                       "must be above %g and at most %g, not %g", r.low, r.high,
                       number);
    else
        piq_report_add(report_of(f), place, "must be from %g to %g, not %g",
                       r.low, r.high, number);
    return r.high;
}

double piq_fields_number(piq_fields *f, const char *member, piq_range range)
{
    const json_t *v = required(f, member);
    if (!v)
        return range.high;
    return number_at(f, piq_place_member(f->place, member), v, range);
}

double piq_fields_number_or(piq_fields *f, const char *member, piq_range range,
                            double otherwise)
{
    return piq_fields_has(f, member) ? piq_fields_number(f, member, range)
                                     : otherwise;
}

bool piq_fields_flag_or(piq_fields *f, const char *member, bool otherwise)
{
    const json_t *v = json_object_get(f->object, member);
    if (!v)
        return otherwise;
    if (!json_is_boolean(v))
        piq_fields_refuse(f, member, "must be true or false");
    return json_is_true(v);
}

piq_level piq_fields_level(piq_fields *f)
{
    piq_level v = PIQ_EXPERT;
    piq_str s = borrowed(f, "level");
    if (s.ptr && !piq_level_of(s, &v))
        piq_fields_refuse(f, "level",
                          "must be beginner, intermediate, advanced or "
                          "expert, not \"%.40s\"",
                          s.ptr);
    return v;
}

piq_content_type piq_fields_type(piq_fields *f)
{
    piq_content_type v = PIQ_LESSON;
    piq_str s = borrowed(f, "type");
    if (s.ptr && !piq_content_type_of(s, &v))
        piq_fields_refuse(f, "type",
                          "must be course, lesson, assessment, character or "
                          "review, not \"%.40s\"",
                          s.ptr);
    return v;
}

piq_modality piq_fields_modality(piq_fields *f)
{
    piq_modality v = PIQ_VISUAL;
    piq_str s = borrowed(f, "modality");
    if (s.ptr && !piq_modality_of(s, &v))
        piq_fields_refuse(f, "modality",
                          "must be visual, analytical or interactive, "
                          "not \"%.40s\"",
                          s.ptr);
    return v;
}

/* The position that `id` names. It must be in the document, and must not be
 * retired when the thing that names it is not. */
static uint32_t resolve(piq_fields *f, piq_place place, piq_kind k,
                        piq_outside_id id)
{
    piq_build *b = f->build;
    char name[80];
    size_t at;
    if (!piq_kind_find(b->c, k, id, &at) ||
        b->slots[k].place_of[at] == PIQ_NO_IX32) {
        piq_kind_spell(id, name, sizeof name);
        piq_report_add(&b->report, place, "there is no %s %s", piq_kind_word(k),
                       name);
        return PIQ_NO_IX32;
    }
    if (!f->retired && piq_kind_retired(b->c, k, at)) {
        piq_kind_spell(id, name, sizeof name);
        piq_report_add(&b->report, place, "%s %s is retired", piq_kind_word(k),
                       name);
    }
    return (uint32_t)at;
}

static uint32_t reference_at(piq_fields *f, piq_place place, piq_kind k,
                             const json_t *v)
{
    if (piq_kind_is_numbered(k) ? !json_is_integer(v) : !json_is_string(v)) {
        piq_report_add(report_of(f), place,
                       "must be the id of one of the %s, a %s",
                       piq_kind_list(k),
                       piq_kind_is_numbered(k) ? "whole number" : "string");
        return PIQ_NO_IX32;
    }
    piq_outside_id id = {{json_string_value(v), json_string_length(v)},
                         json_integer_value(v)};
    return resolve(f, place, k, id);
}

uint32_t piq_fields_reference(piq_fields *f, const char *member, piq_kind k)
{
    const json_t *v = required(f, member);
    if (!v)
        return PIQ_NO_IX32;
    return reference_at(f, piq_place_member(f->place, member), k, v);
}

/* Notes that the list being read names `at`; false when it did before. */
static bool first_in_list(piq_build *b, piq_kind k, uint32_t at)
{
    uint32_t *seen = &b->slots[k].seen_in[at];
    if (*seen == b->n_lists)
        return false;
    *seen = b->n_lists;
    return true;
}

const uint32_t *piq_fields_references(piq_fields *f, const char *member,
                                      piq_kind k, size_t *n)
{
    const json_t *array = json_object_get(f->object, member);
    *n = 0;
    if (!array)
        return NULL;
    if (!json_is_array(array)) {
        piq_fields_refuse(f, member, "must be an array");
        return NULL;
    }
    size_t len = json_array_size(array);
    uint32_t *out = piq_new(&f->build->c->arena, uint32_t, len);
    if (!out) {
        report_of(f)->status = PIQ_ENOMEM;
        return NULL;
    }
    f->build->n_lists++;
    for (size_t i = 0; i < len; i++) {
        piq_place place =
            piq_place_index(piq_place_member(f->place, member), i);
        out[i] = reference_at(f, place, k, json_array_get(array, i));
        if (out[i] != PIQ_NO_IX32 && !first_in_list(f->build, k, out[i]))
            piq_report_add(report_of(f), place, "is named twice");
    }
    *n = len;
    return out;
}

static bool object_of_size(piq_fields *f, const char *member, size_t min,
                           size_t max)
{
    const json_t *object = json_object_get(f->object, member);
    if (!json_is_object(object)) {
        piq_fields_refuse(f, member, "must be an object");
        return false;
    }
    size_t n = json_object_size(object);
    if (n >= min && n <= max)
        return true;
    piq_fields_refuse(f, member, "must have %zu to %zu members, not %zu", min,
                      max, n);
    return false;
}

static double weight_sum(const piq_concept_weight *list, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += list[i].weight;
    return sum;
}

const piq_concept_weight *piq_fields_weights(piq_fields *f, const char *member,
                                             size_t max, bool shares, size_t *n)
{
    *n = 0;
    if (shares ? !required(f, member) : !piq_fields_has(f, member))
        return NULL;
    if (!object_of_size(f, member, shares ? 1 : 0, max))
        return NULL;
    json_t *object = json_object_get(f->object, member);
    size_t len = json_object_size(object);
    piq_concept_weight *out =
        piq_new(&f->build->c->arena, piq_concept_weight, len);
    if (!out) {
        report_of(f)->status = PIQ_ENOMEM;
        return NULL;
    }
    const piq_findings *found = report_of(f)->findings;
    size_t before = found->n + found->n_dropped;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        piq_place place =
            piq_place_name(piq_place_member(f->place, member), name);
        piq_outside_id id = {piq_str_of(name), 0};
        uint32_t at = resolve(f, place, PIQ_KIND_CONCEPT, id);
        out[*n].concept.v = at == PIQ_NO_IX32 ? PIQ_NO_IX16 : (uint16_t)at;
        out[(*n)++].weight =
            number_at(f, place, value, (piq_range){0, 1, true});
    }
    double sum = weight_sum(out, len);
    bool readable = before == found->n + found->n_dropped;
    if (shares && readable && !(fabs(sum - 1) <= 1e-6))
        piq_fields_refuse(f, member, "weights sum to %.9g, must sum to 1", sum);
    return out;
}

const piq_target_stat *piq_fields_stats(piq_fields *f, const char *member,
                                        size_t *n)
{
    *n = 0;
    if (!piq_fields_has(f, member) || !object_of_size(f, member, 0, MAX_STATS))
        return NULL;
    json_t *object = json_object_get(f->object, member);
    piq_target_stat *out =
        piq_new(&f->build->c->arena, piq_target_stat, json_object_size(object));
    if (!out) {
        report_of(f)->status = PIQ_ENOMEM;
        return NULL;
    }
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        piq_place place =
            piq_place_name(piq_place_member(f->place, member), name);
        size_t len = strlen(name);
        if (len < 1 || len > MAX_STAT_NAME_BYTES)
            piq_report_add(report_of(f), place,
                           "its name must have 1 to %d bytes",
                           MAX_STAT_NAME_BYTES);
        out[*n].name = kept(f, name, len);
        out[(*n)++].value =
            number_at(f, place, value, (piq_range){-1e9, 1e9, false});
    }
    return out;
}

/* True when it is a tag that tags[n] do not have; else a finding. */
static bool is_new_tag(piq_fields *f, piq_place place, const json_t *v,
                       const piq_str *tags, size_t n)
{
    piq_str s = {json_string_value(v), json_string_length(v)};
    if (!json_is_string(v) || s.len < 1 || s.len > PIQ_MAX_TAG_BYTES) {
        piq_report_add(report_of(f), place, "must be a word of 1 to %d bytes",
                       PIQ_MAX_TAG_BYTES);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (piq_str_eq(tags[i], s)) {
            piq_report_add(report_of(f), place, "is named twice");
            return false;
        }
    return true;
}

const piq_str *piq_fields_tags(piq_fields *f, const char *member, size_t *n)
{
    const json_t *array = json_object_get(f->object, member);
    size_t len = json_array_size(array);
    *n = 0;
    if (!array)
        return NULL;
    if (!json_is_array(array) || len > PIQ_MAX_TAGS) {
        piq_fields_refuse(f, member, "must be an array of at most %d words",
                          PIQ_MAX_TAGS);
        return NULL;
    }
    piq_str *out = piq_new(&f->build->c->arena, piq_str, len);
    if (!out) {
        report_of(f)->status = PIQ_ENOMEM;
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        const json_t *v = json_array_get(array, i);
        piq_place place =
            piq_place_index(piq_place_member(f->place, member), i);
        if (is_new_tag(f, place, v, out, *n))
            out[(*n)++] = kept(f, json_string_value(v), json_string_length(v));
    }
    return out;
}
