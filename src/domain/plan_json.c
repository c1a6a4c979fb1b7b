/* plan_json.c - a learning path as JSON, and back.
 *
 * Concepts and contents are named by their outside ids, days as dates, so that
 * a stored path survives a new curriculum. Days that are not known are null.
 */
#include "domain/plan.h"

#include "base/calendar.h"
#include "domain/json_reader.h"

#include <math.h>
#include <stdio.h>

enum {
    MAX_STEPS = 4096,
    MAX_WHY_BYTES = 1024,
    MAX_ID_BYTES = 200,
    N_KINDS = PIQ_STEP_CHECK + 1,
    N_STATUSES = PIQ_STEP_DONE + 1
};
#define MAX_MINUTES 1e6

static const char *const kinds[N_KINDS] = {
    [PIQ_STEP_LESSON] = "lesson",         [PIQ_STEP_PRACTICE] = "practice",
    [PIQ_STEP_ASSESSMENT] = "assessment", [PIQ_STEP_CHARACTER] = "character",
    [PIQ_STEP_REVIEW] = "review",         [PIQ_STEP_CHECK] = "check",
};

static const char *const statuses[N_STATUSES] = {
    [PIQ_STEP_READY] = "ready",
    [PIQ_STEP_LOCKED] = "locked",
    [PIQ_STEP_DONE] = "done",
};

static const char *kind_name(piq_step_kind k)
{
    PIQ_ASSERT((unsigned)k < N_KINDS);
    return kinds[k];
}

static const char *status_name(piq_step_status s)
{
    PIQ_ASSERT((unsigned)s < N_STATUSES);
    return statuses[s];
}

/* ---- writing ----------------------------------------------------------- */

static void put_day(piq_json_writer *w, const char *key, int32_t day)
{
    char date[16];
    if (day == INT32_MAX) {
        piq_json_put_z(w, key, NULL);
        return;
    }
    piq_date_format(day, date);
    piq_json_put_z(w, key, date);
}

static void put_concepts(piq_json_writer *w, const char *key,
                         const piq_catalogue *c, const piq_concept_ix *list,
                         size_t n)
{
    piq_json_key(w, key);
    piq_json_array(w);
    for (size_t i = 0; i < n; i++)
        piq_json_str(w, c->concepts[list[i].v].id);
    piq_json_array_end(w);
}

static void put_step(piq_json_writer *w, const piq_catalogue *c,
                     const piq_plan_step *s, size_t position)
{
    const piq_concept *k = &c->concepts[s->concept.v];
    bool bare = s->content.v == PIQ_NO_IX32;
    piq_json_object(w);
    piq_json_put_int(w, "position", (int64_t)position);
    piq_json_put_z(w, "kind", kind_name(s->kind));
    piq_json_put_z(w, "status", status_name(s->status));
    piq_json_key(w, "content_id");
    if (bare)
        piq_json_null(w);
    else
        piq_json_int(w, c->contents[s->content.v].id.v);
    piq_json_put_str(w, "title",
                     bare ? k->name : c->contents[s->content.v].title);
    piq_json_put_str(w, "concept", k->id);
    put_day(w, "day", s->day);
    piq_json_put_fixed(w, "minutes", s->minutes, 1);
    piq_json_put_int(w, "part", s->part);
    piq_json_put_int(w, "parts", s->parts);
    piq_json_put_fixed(w, "mastery_before", s->mastery_before, 4);
    piq_json_put_fixed(w, "mastery_after", s->mastery_after, 4);
    piq_json_put_fixed(w, "success", s->success, 3);
    piq_json_put_int(w, "session", s->session);
    put_concepts(w, "unlocks", c, s->unlocks, s->n_unlocks);
    piq_json_put_z(w, "why", s->why);
    piq_json_put_z(w, "now", s->now);
    piq_json_object_end(w);
}

/* Their ids, and what each costs. */
static void put_dropped(piq_json_writer *w, const piq_catalogue *c,
                        const piq_plan_dropped *list, size_t n)
{
    piq_json_key(w, "dropped");
    piq_json_array(w);
    for (size_t i = 0; i < n; i++)
        piq_json_str(w, c->concepts[list[i].concept.v].id);
    piq_json_array_end(w);
    piq_json_key(w, "dropped_costs");
    piq_json_array(w);
    for (size_t i = 0; i < n; i++) {
        piq_json_object(w);
        piq_json_put_str(w, "concept", c->concepts[list[i].concept.v].id);
        piq_json_put_fixed(w, "cost", list[i].cost, 4);
        piq_json_put_fixed(w, "mastery", list[i].mastery, 4);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

void piq_plan_write(const piq_plan *p, const piq_catalogue *c,
                    piq_json_writer *w)
{
    piq_json_object(w);
    put_day(w, "from_day", p->from_day);
    put_day(w, "deadline_day", p->deadline_day);
    put_concepts(w, "targets", c, p->targets, p->n_targets);
    piq_json_put_int(w, "targets_met", (int64_t)p->n_targets_met);
    piq_json_put_bool(w, "prerequisites_added", p->prerequisites_added);
    put_day(w, "completion_day", p->completion_day);
    put_day(w, "completion_low_day", p->completion_low_day);
    put_day(w, "completion_high_day", p->completion_high_day);
    piq_json_put_fixed(w, "in_time_prob", p->in_time_prob, 4);
    piq_json_put_fixed(w, "minutes_total", p->minutes_total, 1);
    piq_json_put_fixed(w, "value", p->value, 4);
    put_dropped(w, c, p->dropped, p->n_dropped);
    piq_json_put_fixed(w, "extra_minutes", p->extra_minutes, 1);
    piq_json_put_fixed(w, "extra_minutes_a_week", p->extra_week_minutes, 1);
    piq_json_put_int(w, "current_position", (int64_t)p->current);
    piq_json_put_int(w, "steps_total", (int64_t)p->n_steps);
    /* Last, where piq_plan_cut looks for it. */
    piq_json_key(w, "steps");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_steps; i++)
        put_step(w, c, &p->steps[i], i);
    piq_json_array_end(w);
    piq_json_object_end(w);
}

/* ---- cutting ----------------------------------------------------------- */

/* End of the JSON object or array that begins at `at`; `end` when it is not
 * whole. */
static const char *end_of_value(const char *at, const char *end)
{
    int depth = 0;
    bool quoted = false;
    for (; at < end; at++) {
        if (quoted && *at == '\\')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && (*at == '{' || *at == '['))
            depth++;
        else if (!quoted && (*at == '}' || *at == ']') && --depth == 0)
            return at + 1;
    }
    return end;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == ','))
        at++;
    return at;
}

/* The bracket that the steps stand in; NULL: there are none. Inside a string a
 * quote is escaped, so that the member's name with its colon stands there once
 * at most. As we write it, where they are the last member, or as a store has
 * laid it out anew: with blanks, or with its members in another order. (Ours
 * end with a list, then; no other member that could come last is one.) */
static const char *find_steps(piq_str json, bool *ours)
{
    static const char written[] = "\"steps\":[", laid_out[] = "\"steps\": [";
    const char *at = NULL;
    if (json.len)
        at = memmem(json.ptr, json.len, written, sizeof written - 1);
    *ours = at && memcmp(json.ptr + json.len - 2, "]}", 2) == 0;
    if (at)
        return at + sizeof written - 2;
    if (json.len)
        at = memmem(json.ptr, json.len, laid_out, sizeof laid_out - 1);
    return at ? at + sizeof laid_out - 2 : NULL;
}

/* On the text: a path of years is 140 KB, and parsing it for each reply would
 * cost more than finding it. */
void piq_plan_cut(piq_str json, size_t n_steps, piq_buf *out)
{
    const char *end = json.ptr + json.len;
    bool ours;
    const char *list = find_steps(json, &ours), *at = list;
    if (!list) {
        piq_buf_add_str(out, json);
        return;
    }
    at++;
    for (size_t i = 0; i < n_steps && at < end && *at != ']'; i++) {
        const char *step = skip_blanks(at, end);
        at = *step == '{' ? end_of_value(step, end) : step;
    }
    piq_buf_add(out, json.ptr, (size_t)(at - json.ptr));
    if (at >= end)
        return;
    /* Of ours the steps are the last member. */
    const char *rest = ours ? end - 2 : end_of_value(list, end) - 1;
    piq_buf_add(out, rest, (size_t)(end - rest));
}

/* Behind the name of the member that says how many are done; NULL: it is not
 * there. */
static const char *find_done(piq_str json)
{
    static const char name[] = "\"current_position\":";
    const char *at = NULL;
    if (json.len)
        at = memmem(json.ptr, json.len, name, sizeof name - 1);
    return at ? at + sizeof name - 1 : NULL;
}

static size_t n_done(piq_str json)
{
    const char *at = find_done(json);
    size_t n = 0;
    if (!at)
        return 0;
    const char *end = json.ptr + json.len;
    for (at = skip_blanks(at, end);
         at < end && *at >= '0' && *at <= '9' && n < SIZE_MAX / 20; at++)
        n = 10 * n + (size_t)(*at - '0');
    return n;
}

/* Of a beginning. Where steps stand behind how many are done it is we who wrote
 * it, and they come last; a store that lays it out anew puts short names before
 * long ones. */
static const char *end_of_steps(piq_str start, size_t n_steps)
{
    bool ends;
    const char *end = start.ptr + start.len, *at = find_steps(start, &ends);
    if (!at || !find_done((piq_str){start.ptr, (size_t)(at - start.ptr)}))
        return end;
    at++;
    for (size_t i = 0; i < n_steps && at < end && *at != ']'; i++) {
        const char *step = skip_blanks(at, end);
        at = step < end && *step == '{' ? end_of_value(step, end) : end;
    }
    return at;
}

bool piq_plan_cut_start(piq_str start, bool is_whole, size_t n_steps,
                        piq_buf *out)
{
    size_t done = n_done(start);
    size_t n = n_steps < SIZE_MAX - done ? done + n_steps : SIZE_MAX;
    if (is_whole) {
        piq_plan_cut(start, n, out);
        return true;
    }
    const char *end = end_of_steps(start, n);
    /* A step that ends where the text does may go on. */
    if (end == start.ptr + start.len)
        return false;
    piq_buf_add(out, start.ptr, (size_t)(end - start.ptr));
    piq_buf_add(out, "]}", 2);
    return true;
}

/* ---- reading ----------------------------------------------------------- */

typedef struct plan_reader {
    piq_arena *a;
    const piq_catalogue *c;
    piq_err *err;
    bool no_memory;
} plan_reader;

static bool is_null(const piq_json_reader *r, const char *member)
{
    return r->object && json_is_null(json_object_get(r->object, member));
}

static int32_t read_day(piq_json_reader *r, const char *member)
{
    int32_t day = INT32_MAX;
    if (is_null(r, member))
        return day;
    piq_str s = piq_json_string(r, member, 1, 16);
    if (r->object && !piq_date_parse(s, &day))
        piq_json_refuse(r, member, "a date is expected");
    return day;
}

static int read_word(piq_json_reader *r, const char *member,
                     const char *const *words, int n)
{
    piq_str s = piq_json_string(r, member, 1, 32);
    for (int i = 0; i < n; i++)
        if (piq_str_eq(s, piq_str_of(words[i])))
            return i;
    piq_json_refuse(r, member, "not a word that is known here");
    return 0;
}

/* Absent, as it was stored before this was told, or null: NaN. */
static double read_told(piq_json_reader *r, const char *member, double most)
{
    if (!piq_json_has(r, member) || is_null(r, member))
        return NAN;
    return piq_json_number_in(r, member, 0, most);
}

/* Ids that the catalogue no longer has are left out. */
static piq_concept_ix *read_concepts(plan_reader *p, piq_json_reader *r,
                                     const char *member, size_t *n)
{
    const json_t *list = piq_json_array_in(r, member, PIQ_MAX_CONCEPTS);
    size_t n_list = list ? json_array_size(list) : 0;
    piq_concept_ix *out = piq_new(p->a, piq_concept_ix, n_list);
    *n = 0;
    p->no_memory |= !out;
    for (size_t i = 0; out && i < n_list; i++) {
        const json_t *v = json_array_get(list, i);
        piq_str id = {json_string_value(v), json_string_length(v)};
        if (!json_is_string(v))
            piq_json_refuse(r, member, "strings are expected");
        else if (piq_catalogue_find_concept(p->c, id, &out[*n]))
            (*n)++;
    }
    return out;
}

static bool read_cost(plan_reader *p, const json_t *json, piq_plan_dropped *out,
                      piq_status *status)
{
    static const char *const known[] = {"concept", "cost", "mastery", NULL};
    piq_json_reader r;
    piq_json_begin(&r, json, "/dropped_costs", known, p->err);
    piq_str id = piq_json_string(&r, "concept", 1, MAX_ID_BYTES);
    out->cost = read_told(&r, "cost", PIQ_MAX_CONCEPTS);
    out->mastery = read_told(&r, "mastery", 1);
    bool there =
        r.object && piq_catalogue_find_concept(p->c, id, &out->concept);
    *status = piq_json_end(&r);
    return *status == PIQ_OK && there;
}

/* From dropped_costs; paths stored before that was told have ids alone. */
static void read_dropped(plan_reader *p, piq_json_reader *r, piq_plan *out)
{
    bool costs = piq_json_has(r, "dropped_costs");
    size_t n = 0;
    piq_concept_ix *ids = read_concepts(p, r, "dropped", &n);
    const json_t *list =
        costs ? piq_json_array_in(r, "dropped_costs", PIQ_MAX_CONCEPTS) : NULL;
    size_t n_list = list ? json_array_size(list) : 0;
    out->dropped = piq_new(p->a, piq_plan_dropped, costs ? n_list : n);
    p->no_memory |= !out->dropped;
    if (!out->dropped || !ids)
        return;
    for (size_t i = 0; !costs && i < n; i++)
        out->dropped[out->n_dropped++] = (piq_plan_dropped){ids[i], NAN, NAN};
    for (size_t i = 0; i < n_list && r->status == PIQ_OK; i++) {
        piq_plan_dropped *at = &out->dropped[out->n_dropped];
        if (read_cost(p, json_array_get(list, i), at, &r->status))
            out->n_dropped++;
    }
}

/* What the catalogue no longer has is left out, and so is what is too many. */
static void read_unlocks(plan_reader *p, piq_json_reader *r, piq_plan_step *s)
{
    if (!piq_json_has(r, "unlocks"))
        return;
    size_t n = 0;
    piq_concept_ix *list = read_concepts(p, r, "unlocks", &n);
    for (size_t i = 0; list && i < n && i < PIQ_MAX_STEP_UNLOCKS; i++)
        s->unlocks[s->n_unlocks++] = list[i];
}

/* False when the catalogue no longer has what the step names. */
static bool read_names(plan_reader *p, piq_json_reader *r, piq_plan_step *s)
{
    piq_str id = piq_json_string(r, "concept", 1, MAX_ID_BYTES);
    s->content.v = PIQ_NO_IX32;
    if (!r->object || !piq_catalogue_find_concept(p->c, id, &s->concept))
        return false;
    if (is_null(r, "content_id"))
        return s->status == PIQ_STEP_DONE ||
               !p->c->concepts[s->concept.v].retired;
    piq_content_id content = {
        piq_json_int_in(r, "content_id", 1, INT64_C(1) << 53)};
    if (!r->object || !piq_catalogue_find_content(p->c, content, &s->content))
        return false;
    return s->status == PIQ_STEP_DONE || !p->c->contents[s->content.v].retired;
}

/* Stored before steps had parts: at one go. */
static uint16_t read_part(piq_json_reader *r, const char *member)
{
    if (!piq_json_has(r, member))
        return 1;
    return (uint16_t)piq_json_int_in(r, member, 1, UINT16_MAX);
}

static void read_step(plan_reader *p, const json_t *json, size_t i,
                      piq_plan *out, piq_status *status)
{
    static const char *const known[] = {
        "position",      "kind", "status",  "content_id", "title",
        "concept",       "day",  "minutes", "why",        "mastery_before",
        "mastery_after", "part", "parts",   "success",    "session",
        "unlocks",       "now",  NULL};
    char where[48];
    piq_json_reader r;
    piq_plan_step s = {0};
    snprintf(where, sizeof where, "/steps/%zu", i);
    piq_json_begin(&r, json, where, known, p->err);
    s.kind = (piq_step_kind)read_word(&r, "kind", kinds, N_KINDS);
    s.status = (piq_step_status)read_word(&r, "status", statuses, N_STATUSES);
    bool there = read_names(p, &r, &s);
    s.day = read_day(&r, "day");
    s.minutes = piq_json_number_in(&r, "minutes", 0, MAX_MINUTES);
    s.part = read_part(&r, "part");
    s.parts = read_part(&r, "parts");
    s.mastery_before = piq_json_number_in(&r, "mastery_before", 0, 1);
    s.mastery_after = piq_json_number_in(&r, "mastery_after", 0, 1);
    s.success = read_told(&r, "success", 1);
    if (piq_json_has(&r, "session"))
        s.session = (uint16_t)piq_json_int_in(&r, "session", 0, UINT16_MAX);
    read_unlocks(p, &r, &s);
    piq_str why = piq_json_string(&r, "why", 0, MAX_WHY_BYTES), now = {"", 0};
    if (piq_json_has(&r, "now"))
        now = piq_json_string(&r, "now", 0, MAX_WHY_BYTES);
    *status = piq_json_end(&r);
    if (*status || !there)
        return;
    s.why = piq_arena_strndup(p->a, why.ptr, why.len);
    s.now = piq_arena_strndup(p->a, now.ptr, now.len);
    p->no_memory |= !s.why || !s.now;
    out->steps[out->n_steps++] = s;
}

static void read_steps(plan_reader *p, piq_json_reader *r, piq_plan *out)
{
    const json_t *list = piq_json_array_in(r, "steps", MAX_STEPS);
    size_t n = list ? json_array_size(list) : 0;
    out->steps = piq_new(p->a, piq_plan_step, n);
    p->no_memory |= !out->steps;
    for (size_t i = 0; out->steps && i < n && r->status == PIQ_OK; i++)
        read_step(p, json_array_get(list, i), i, out, &r->status);
    while (out->current < out->n_steps &&
           out->steps[out->current].status == PIQ_STEP_DONE)
        out->current++;
}

static piq_status read_plan(plan_reader *p, const json_t *json, piq_plan *out)
{
    static const char *const known[] = {"from_day",
                                        "deadline_day",
                                        "targets",
                                        "targets_met",
                                        "steps",
                                        "prerequisites_added",
                                        "completion_day",
                                        "dropped",
                                        "completion_low_day",
                                        "completion_high_day",
                                        "in_time_prob",
                                        "minutes_total",
                                        "value",
                                        "dropped_costs",
                                        "extra_minutes",
                                        "extra_minutes_a_week",
                                        "current_position",
                                        "steps_total",
                                        NULL};
    piq_json_reader r;
    piq_json_begin(&r, json, "", known, p->err);
    out->from_day = read_day(&r, "from_day");
    out->deadline_day = read_day(&r, "deadline_day");
    out->targets = read_concepts(p, &r, "targets", &out->n_targets);
    out->n_targets_met =
        (size_t)piq_json_int_in(&r, "targets_met", 0, PIQ_MAX_CONCEPTS);
    out->prerequisites_added = piq_json_flag(&r, "prerequisites_added");
    out->completion_day = read_day(&r, "completion_day");
    out->completion_low_day = read_day(&r, "completion_low_day");
    out->completion_high_day = read_day(&r, "completion_high_day");
    out->in_time_prob = is_null(&r, "in_time_prob")
                            ? (double)NAN
                            : piq_json_number_in(&r, "in_time_prob", 0, 1);
    out->minutes_total =
        piq_json_number_in(&r, "minutes_total", 0, MAX_STEPS * MAX_MINUTES);
    out->value = read_told(&r, "value", 1);
    read_dropped(p, &r, out);
    out->extra_minutes =
        read_told(&r, "extra_minutes", MAX_STEPS * MAX_MINUTES);
    out->extra_week_minutes =
        read_told(&r, "extra_minutes_a_week", MAX_STEPS * MAX_MINUTES);
    read_steps(p, &r, out);
    return piq_json_end(&r);
}

piq_status piq_plan_read(piq_arena *a, piq_str json, const piq_catalogue *c,
                         piq_plan *out, piq_err *err)
{
    plan_reader p = {a, c, err, false};
    piq_plan plan = {0};
    json_t *root = NULL;
    piq_status status = piq_json_parse(json, &root, err);
    if (status == PIQ_OK) {
        status = read_plan(&p, root, &plan);
        json_decref(root);
    }
    if (p.no_memory || status == PIQ_ENOMEM)
        return piq_fail(err, PIQ_ENOMEM, "no memory to read a stored path");
    if (status) {
        /* What we stored ourselves cannot be anybody's mistake. */
        if (err)
            err->status = PIQ_ECORRUPT;
        return PIQ_ECORRUPT;
    }
    *out = plan;
    return PIQ_OK;
}
