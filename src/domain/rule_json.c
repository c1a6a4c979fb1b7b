/* rule_json.c - a set of rules as JSON, and back. */
#include "domain/rule.h"

#include "base/calendar.h"
#include "domain/json_reader.h"

#include <stdio.h>

enum {
    MAX_NAME = 64,
    MAX_REASON = 200,
    MAX_TAG = 64,
    MAX_ID_BITS = 53,
    WHERE = 32, /* "/rules/255" */
    PLACE = 64  /* "/rules/255/match/contents/999" */
};

/* Members beside those of every rule. */
static const char *const members_of[PIQ_N_RULE_KINDS][3] = {
    [PIQ_RULE_EXCLUDE] = {NULL},
    [PIQ_RULE_INCLUDE] = {NULL},
    [PIQ_RULE_PIN] = {"position", NULL},
    [PIQ_RULE_PROMOTE] = {"boost", NULL},
    [PIQ_RULE_CAP] = {"at_most", "per", NULL},
    [PIQ_RULE_COOL_DOWN] = {"days", "after", NULL},
    [PIQ_RULE_WINDOW] = {"days", NULL},
};
static const char *const shared_members[] = {
    "name", "kind", "reason", "match", "tenant", "not_tenant", "from", "until"};
enum { N_SHARED = sizeof shared_members / sizeof shared_members[0] };

static const char *const pers[] = {"slate", "day"};
static const char *const afters[] = {"shown", "dismissed", "completed"};

typedef struct reader {
    piq_arena *arena;
    const piq_catalogue *catalogue; /* may be NULL */
    piq_err *err;
    piq_rule_set set;
} reader;

/* ---- pieces ------------------------------------------------------------ */

static piq_status no_memory(const reader *x)
{
    return piq_fail(x->err, PIQ_ENOMEM, "no memory to read the rules");
}

static piq_status keep(const reader *x, piq_str s, piq_str *out)
{
    out->ptr = piq_arena_strndup(x->arena, s.ptr ? s.ptr : "", s.len);
    out->len = s.len;
    return out->ptr ? PIQ_OK : no_memory(x);
}

/* Position of a word in a list; refuses any other with `expected`. */
static int word_in(piq_json_reader *r, const char *member,
                   const char *const *words, int n, const char *expected)
{
    piq_str s = piq_json_string(r, member, 1, MAX_NAME);
    for (int i = 0; i < n && !r->status; i++)
        if (piq_str_eq(s, piq_str_of(words[i])))
            return i;
    if (!r->status)
        piq_json_refuse(r, member, "%s is expected", expected);
    return 0;
}

/* ---- tenants ----------------------------------------------------------- */

static bool read_range(const json_t *v, piq_user_range *out)
{
    const json_t *first = json_array_get(v, 0), *last = json_array_get(v, 1);
    if (json_array_size(v) != 2 || !json_is_integer(first) ||
        !json_is_integer(last))
        return false;
    *out = (piq_user_range){{json_integer_value(first)},
                            {json_integer_value(last)}};
    return out->first.v >= 1 && out->last.v >= out->first.v;
}

static piq_status read_tenant(reader *x, piq_json_reader *r, const char *name,
                              piq_tenant *out)
{
    const json_t *list = piq_json_array_in(r, name, PIQ_MAX_TENANT_RANGES);
    size_t n = list ? json_array_size(list) : 0;
    piq_user_range *ranges = piq_new(x->arena, piq_user_range, n);
    if (!ranges)
        return no_memory(x);
    if (!piq_json_is_name(piq_str_of(name)) || strlen(name) > MAX_NAME)
        piq_json_refuse(r, name,
                        "a tenant's name is of a-z, 0-9, \"-\", \"_\", \".\"");
    for (size_t i = 0; i < n && !r->status; i++) {
        char member[PLACE * 2];
        snprintf(member, sizeof member, "%s/%zu", name, i);
        if (!read_range(json_array_get(list, i), &ranges[i]))
            piq_json_refuse(r, member,
                            "a range such as [1000, 1999] is expected");
    }
    *out = (piq_tenant){.ranges = ranges, .n_ranges = n};
    if (r->status)
        return r->status;
    return keep(x, piq_str_of(name), &out->name);
}

static piq_status read_tenants(reader *x, const json_t *json)
{
    piq_json_reader r = {json, "/tenants", x->err, PIQ_OK};
    size_t n = json_object_size(json), at = 0;
    piq_tenant *tenants = piq_new(x->arena, piq_tenant, n);
    piq_status status = tenants ? PIQ_OK : no_memory(x);
    const char *name;
    json_t *value;
    if (!json_is_object(json))
        piq_json_refuse(&r, NULL, "an object is expected");
    else if (n > PIQ_MAX_TENANTS)
        piq_json_refuse(&r, NULL, "%zu tenants, %d are allowed", n,
                        PIQ_MAX_TENANTS);
    if (status || r.status)
        return status ? status : r.status;
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        status = read_tenant(x, &r, name, &tenants[at++]);
        if (status)
            return status;
    }
    x->set.tenants = tenants;
    x->set.n_tenants = n;
    return PIQ_OK;
}

/* ---- match ------------------------------------------------------------- */

static uint8_t read_words(piq_json_reader *r, const char *member,
                          bool (*find)(piq_str, unsigned *bit),
                          const char *expected)
{
    const json_t *list = piq_json_array_in(r, member, 8);
    size_t n = list ? json_array_size(list) : 0;
    unsigned bits = 0, bit = 0;
    if (list && n == 0)
        piq_json_refuse(r, member, "at least one is expected");
    for (size_t i = 0; i < n && !r->status; i++) {
        const json_t *v = json_array_get(list, i);
        char at[PLACE];
        snprintf(at, sizeof at, "%s/%zu", member, i);
        if (json_is_string(v) &&
            find((piq_str){json_string_value(v), json_string_length(v)}, &bit))
            bits |= 1U << bit;
        else
            piq_json_refuse(r, at, "%s is expected", expected);
    }
    return (uint8_t)bits;
}

static bool find_type(piq_str s, unsigned *bit)
{
    piq_content_type t;
    if (!piq_content_type_of(s, &t))
        return false;
    *bit = (unsigned)t;
    return true;
}

static bool find_level(piq_str s, unsigned *bit)
{
    piq_level l;
    if (!piq_level_of(s, &l))
        return false;
    *bit = (unsigned)l;
    return true;
}

static piq_status read_tags(reader *x, piq_json_reader *r, piq_match *out)
{
    const json_t *list = piq_json_array_in(r, "tags", PIQ_MAX_MATCH_LIST);
    size_t n = list ? json_array_size(list) : 0;
    piq_str *tags = piq_new(x->arena, piq_str, n);
    piq_status status = tags ? PIQ_OK : no_memory(x);
    if (list && n == 0)
        piq_json_refuse(r, "tags", "at least one is expected");
    for (size_t i = 0; i < n && !r->status && !status; i++) {
        const json_t *v = json_array_get(list, i);
        piq_str s = {json_string_value(v), json_string_length(v)};
        char at[PLACE];
        snprintf(at, sizeof at, "tags/%zu", i);
        if (!json_is_string(v) || s.len == 0 || s.len > MAX_TAG)
            piq_json_refuse(r, at, "a tag of 1 to %d bytes is expected",
                            MAX_TAG);
        else
            status = keep(x, s, &tags[i]);
    }
    out->tags = tags;
    out->n_tags = n;
    return status;
}

static piq_status read_contents(reader *x, piq_json_reader *r, piq_match *out)
{
    const json_t *list = piq_json_array_in(r, "contents", PIQ_MAX_MATCH_LIST);
    size_t n = list ? json_array_size(list) : 0;
    piq_content_id *ids = piq_new(x->arena, piq_content_id, n);
    if (!ids)
        return no_memory(x);
    if (list && n == 0)
        piq_json_refuse(r, "contents", "at least one is expected");
    for (size_t i = 0; i < n && !r->status; i++) {
        const json_t *v = json_array_get(list, i);
        piq_content_ix ix;
        char at[PLACE];
        snprintf(at, sizeof at, "contents/%zu", i);
        ids[i].v = json_integer_value(v);
        if (!json_is_integer(v) || ids[i].v < 1 ||
            ids[i].v >= INT64_C(1) << MAX_ID_BITS)
            piq_json_refuse(r, at, "the id of a content is expected");
        else if (x->catalogue &&
                 !piq_catalogue_find_content(x->catalogue, ids[i], &ix))
            piq_json_refuse(r, at, "no content of the curriculum: %lld",
                            (long long)ids[i].v);
    }
    out->contents = ids;
    out->n_contents = n;
    return PIQ_OK;
}

static piq_status read_match(reader *x, const json_t *json, const char *where,
                             piq_match *out)
{
    static const char *const known[] = {"tags", "types", "levels", "contents",
                                        NULL};
    piq_json_reader r;
    piq_status status = PIQ_OK;
    piq_json_begin(&r, json, where, known, x->err);
    if (piq_json_has(&r, "tags"))
        status = read_tags(x, &r, out);
    if (!status && piq_json_has(&r, "types"))
        out->types = read_words(&r, "types", find_type,
                                "course, lesson, assessment, character or "
                                "review");
    if (!status && piq_json_has(&r, "levels"))
        out->levels = read_words(&r, "levels", find_level,
                                 "beginner, intermediate, advanced or expert");
    if (!status && piq_json_has(&r, "contents"))
        status = read_contents(x, &r, out);
    return status ? status : piq_json_end(&r);
}

/* ---- one rule ---------------------------------------------------------- */

static void read_tenant_of(const reader *x, piq_json_reader *r, piq_rule *out)
{
    bool not_it = piq_json_has(r, "not_tenant");
    const char *member = not_it ? "not_tenant" : "tenant";
    out->tenant = -1;
    if (not_it && piq_json_has(r, "tenant"))
        piq_json_refuse(r, "not_tenant",
                        "give either \"tenant\" or \"not_tenant\"");
    if (!not_it && !piq_json_has(r, "tenant"))
        return;
    piq_str s = piq_json_string(r, member, 1, MAX_NAME);
    for (size_t i = 0; i < x->set.n_tenants; i++)
        if (piq_str_eq(x->set.tenants[i].name, s))
            out->tenant = (int)i;
    out->not_tenant = not_it;
    if (out->tenant < 0)
        piq_json_refuse(r, member, "no tenant of this document: \"%.64s\"",
                        s.ptr);
}

static void read_span(piq_json_reader *r, piq_rule *out)
{
    out->from_us = INT64_MIN;
    out->until_us = INT64_MAX;
    if (piq_json_has(r, "from"))
        out->from_us = piq_json_instant(r, "from");
    if (piq_json_has(r, "until"))
        out->until_us = piq_json_instant(r, "until");
    if (!r->status && out->from_us >= out->until_us)
        piq_json_refuse(r, "until", "must lie after \"from\"");
}

static double positive(piq_json_reader *r, const char *member, double most)
{
    double v = piq_json_number_in(r, member, 0, most);
    if (!r->status && v == 0)
        piq_json_refuse(r, member, "must be above 0");
    return v;
}

static void read_own(piq_json_reader *r, piq_rule *out)
{
    switch (out->kind) {
    case PIQ_RULE_EXCLUDE:
    case PIQ_RULE_INCLUDE:
        break;
    case PIQ_RULE_PIN:
        out->position =
            (unsigned)piq_json_int_in(r, "position", 1, PIQ_MAX_RULE_POSITION);
        break;
    case PIQ_RULE_PROMOTE:
        out->boost = positive(r, "boost", PIQ_MAX_RULE_BOOST);
        break;
    case PIQ_RULE_CAP:
        out->at_most =
            (unsigned)piq_json_int_in(r, "at_most", 0, PIQ_MAX_RULE_POSITION);
        out->per = (piq_rule_per)word_in(r, "per", pers, 2, "slate or day");
        break;
    case PIQ_RULE_COOL_DOWN:
        out->after = (piq_rule_after)word_in(r, "after", afters, 3,
                                             "shown, dismissed or completed");
        out->days = positive(r, "days", PIQ_MAX_RULE_DAYS);
        break;
    case PIQ_RULE_WINDOW:
        out->days = positive(r, "days", PIQ_MAX_RULE_DAYS);
        break;
    }
}

/* What it is has to be known before it is told which members it may have. */
static piq_status read_kind(const reader *x, const json_t *json,
                            const char *where, piq_rule_kind *out)
{
    const json_t *v =
        json_is_object(json) ? json_object_get(json, "kind") : NULL;
    piq_json_reader r = {json, where, x->err, PIQ_OK};
    if (!json_is_object(json))
        piq_json_refuse(&r, NULL, "an object is expected");
    else if (!v)
        piq_json_refuse(&r, "kind", "member \"kind\" is missing");
    else if (!json_is_string(v) ||
             !piq_rule_kind_of(
                 (piq_str){json_string_value(v), json_string_length(v)}, out))
        piq_json_refuse(&r, "kind",
                        "exclude, include, pin, promote, cap, cool_down or "
                        "window is expected");
    return piq_json_end(&r);
}

static piq_status read_shared(reader *x, piq_json_reader *r, const char *where,
                              piq_rule *out)
{
    char place[PLACE];
    piq_str name = piq_json_name(r, "name", MAX_NAME);
    piq_str reason = piq_json_string(r, "reason", 1, MAX_REASON);
    for (size_t i = 0; i < x->set.n_rules && !r->status; i++)
        if (piq_str_eq(x->set.rules[i].name, name))
            piq_json_refuse(r, "name", "rule \"%.64s\" is there twice",
                            name.ptr);
    read_tenant_of(x, r, out);
    read_span(r, out);
    if (!r->status && !piq_json_has(r, "match"))
        piq_json_refuse(r, "match", "member \"match\" is missing");
    if (r->status)
        return r->status;
    snprintf(place, sizeof place, "%s/match", where);
    piq_status status =
        read_match(x, json_object_get(r->object, "match"), place, &out->match);
    if (!status)
        status = keep(x, name, &out->name);
    return status ? status : keep(x, reason, &out->reason);
}

static piq_status read_rule(reader *x, const json_t *json, const char *where,
                            piq_rule *out)
{
    const char *known[N_SHARED + 3];
    piq_rule_kind kind;
    piq_json_reader r;
    piq_status status = read_kind(x, json, where, &kind);
    if (status)
        return status;
    memcpy(known, shared_members, sizeof shared_members);
    memcpy(known + N_SHARED, members_of[kind], sizeof members_of[kind]);
    *out = (piq_rule){.kind = kind};
    piq_json_begin(&r, json, where, known, x->err);
    if (!r.status)
        status = read_shared(x, &r, where, out);
    if (!status && !r.status)
        read_own(&r, out);
    return status ? status : piq_json_end(&r);
}

static piq_status read_rules(reader *x, const json_t *list)
{
    size_t n = json_array_size(list);
    piq_rule *rules = piq_new(x->arena, piq_rule, n);
    if (!rules)
        return no_memory(x);
    x->set.rules = rules;
    for (size_t i = 0; i < n; i++) {
        char where[WHERE];
        snprintf(where, sizeof where, "/rules/%zu", i);
        piq_status status =
            read_rule(x, json_array_get(list, i), where, &rules[i]);
        if (status)
            return status;
        x->set.n_rules++;
    }
    return PIQ_OK;
}

piq_status piq_rule_set_read(piq_arena *a, const json_t *json,
                             const piq_catalogue *c, piq_rule_set *out,
                             piq_err *err)
{
    static const char *const known[] = {"tenants", "rules", NULL};
    reader x = {.arena = a, .catalogue = c, .err = err};
    piq_json_reader r;
    piq_status status = PIQ_OK;
    piq_json_begin(&r, json, "", known, err);
    const json_t *list = piq_json_array_in(&r, "rules", PIQ_MAX_RULES);
    if (r.status)
        return piq_json_end(&r);
    if (piq_json_has(&r, "tenants"))
        status = read_tenants(&x, json_object_get(json, "tenants"));
    if (!status)
        status = read_rules(&x, list);
    if (!status)
        *out = x.set;
    return status;
}

/* ---- writing ----------------------------------------------------------- */

static void write_match(const piq_match *m, piq_json_writer *w)
{
    piq_json_key(w, "match");
    piq_json_object(w);
    if (m->n_tags) {
        piq_json_key(w, "tags");
        piq_json_array(w);
        for (size_t i = 0; i < m->n_tags; i++)
            piq_json_str(w, m->tags[i]);
        piq_json_array_end(w);
    }
    if (m->types) {
        piq_json_key(w, "types");
        piq_json_array(w);
        for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++)
            if (m->types >> t & 1)
                piq_json_z(w, piq_content_type_name((piq_content_type)t));
        piq_json_array_end(w);
    }
    if (m->levels) {
        piq_json_key(w, "levels");
        piq_json_array(w);
        for (int l = 0; l < PIQ_N_LEVELS; l++)
            if (m->levels >> l & 1)
                piq_json_z(w, piq_level_name((piq_level)l));
        piq_json_array_end(w);
    }
    if (m->n_contents) {
        piq_json_key(w, "contents");
        piq_json_array(w);
        for (size_t i = 0; i < m->n_contents; i++)
            piq_json_int(w, m->contents[i].v);
        piq_json_array_end(w);
    }
    piq_json_object_end(w);
}

static void write_own(const piq_rule *r, piq_json_writer *w)
{
    switch (r->kind) {
    case PIQ_RULE_EXCLUDE:
    case PIQ_RULE_INCLUDE:
        break;
    case PIQ_RULE_PIN:
        piq_json_put_int(w, "position", r->position);
        break;
    case PIQ_RULE_PROMOTE:
        piq_json_put_double(w, "boost", r->boost);
        break;
    case PIQ_RULE_CAP:
        piq_json_put_int(w, "at_most", r->at_most);
        piq_json_put_z(w, "per", pers[r->per]);
        break;
    case PIQ_RULE_COOL_DOWN:
        piq_json_put_double(w, "days", r->days);
        piq_json_put_z(w, "after", afters[r->after]);
        break;
    case PIQ_RULE_WINDOW:
        piq_json_put_double(w, "days", r->days);
        break;
    }
}

static void write_rule(const piq_rule_set *s, const piq_rule *r,
                       piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_str(w, "name", r->name);
    piq_json_put_z(w, "kind", piq_rule_kind_name(r->kind));
    write_match(&r->match, w);
    write_own(r, w);
    if (r->tenant >= 0)
        piq_json_put_str(w, r->not_tenant ? "not_tenant" : "tenant",
                         s->tenants[r->tenant].name);
    if (r->from_us != INT64_MIN)
        piq_json_put_time(w, "from", r->from_us);
    if (r->until_us != INT64_MAX)
        piq_json_put_time(w, "until", r->until_us);
    piq_json_put_str(w, "reason", r->reason);
    piq_json_object_end(w);
}

static void write_tenant(const piq_tenant *t, piq_json_writer *w)
{
    piq_json_key(w, t->name.ptr);
    piq_json_array(w);
    for (size_t i = 0; i < t->n_ranges; i++) {
        piq_json_array(w);
        piq_json_int(w, t->ranges[i].first.v);
        piq_json_int(w, t->ranges[i].last.v);
        piq_json_array_end(w);
    }
    piq_json_array_end(w);
}

void piq_rule_set_write(const piq_rule_set *s, piq_json_writer *w)
{
    piq_json_object(w);
    if (s->n_tenants) {
        piq_json_key(w, "tenants");
        piq_json_object(w);
        for (size_t i = 0; i < s->n_tenants; i++)
            write_tenant(&s->tenants[i], w);
        piq_json_object_end(w);
    }
    piq_json_key(w, "rules");
    piq_json_array(w);
    for (size_t i = 0; i < s->n_rules; i++)
        write_rule(s, &s->rules[i], w);
    piq_json_array_end(w);
    piq_json_object_end(w);
}
