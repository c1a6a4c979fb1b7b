/* map.c - what a statement means to the engine: at most one event. */
#include "xapi/xapi.h"

#include "base/calendar.h"
#include "xapi/check.h"
#include "xapi/syntax.h"

#include <math.h>
#include <stdio.h>

enum { MAX_SECONDS = 86400, MAX_RESPONSE_MS = 86400000, MAX_HANDS = 100000 };

/* ---- verbs ----------------------------------------------------------------
 */

typedef enum meaning {
    NOTHING,
    STARTED,
    ANSWERED,
    COMPLETED,
    PASSED,
    FAILED,
    ABANDONED,
    REVIEWED
} meaning;

#define ADL "http://adlnet.gov/expapi/verbs/"

static const struct {
    const char *iri;
    meaning is;
} verbs[] = {
    {ADL "attempted", STARTED},
    {ADL "initialized", STARTED},
    {ADL "launched", STARTED},
    {ADL "experienced", STARTED},
    {"http://activitystrea.ms/schema/1.0/start", STARTED},
    {"http://id.tincanapi.com/verb/viewed", STARTED},
    {ADL "answered", ANSWERED},
    {ADL "completed", COMPLETED},
    {"http://activitystrea.ms/schema/1.0/complete", COMPLETED},
    {"http://activitystrea.ms/schema/1.0/play", COMPLETED},
    {ADL "mastered", PASSED},
    {ADL "passed", PASSED},
    {ADL "failed", FAILED},
    {"https://w3id.org/xapi/adl/verbs/abandoned", ABANDONED},
    {"https://w3id.org/xapi/dod-isd/verbs/abandoned", ABANDONED},
    {"http://id.tincanapi.com/verb/skipped", ABANDONED},
    {"http://id.tincanapi.com/verb/reviewed", REVIEWED},
};

static meaning meaning_of(const json_t *statement)
{
    piq_str id = piq_xapi_text(json_object_get(statement, "verb"), "id");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (piq_str_eq(id, piq_str_of(verbs[i].iri)))
            return verbs[i].is;
    return NOTHING;
}

/* ---- activities ------------------------------------------------------------
 */

typedef enum kind { NO_TARGET, CONTENT, ITEM, CONCEPT, CHARACTER } kind;

typedef struct target {
    kind is;
    piq_content_ix content;
    piq_item_ix item;
    piq_concept_ix concept;
    piq_character_ix character;
} target;

static const struct {
    const char *word;  /* segment before the id in an activity's IRI */
    const char *alone; /* extension of its definition */
    kind is;
} places[] = {{"contents", "urn:piq:content", CONTENT},
              {"items", "urn:piq:item", ITEM},
              {"concepts", "urn:piq:concept", CONCEPT},
              {"characters", "urn:piq:character", CHARACTER}};

static bool is_number(piq_str s, int64_t *out)
{
    return s.len && s.ptr[0] >= '1' && s.ptr[0] <= '9' &&
           piq_str_to_i64(s, out);
}

static bool find(const piq_catalogue *c, kind is, piq_str id, target *out)
{
    int64_t n = 0;
    bool found = false;
    *out = (target){0};
    if (is == CONTENT)
        found = is_number(id, &n) && piq_catalogue_find_content(
                                         c, (piq_content_id){n}, &out->content);
    else if (is == ITEM)
        found = is_number(id, &n) &&
                piq_catalogue_find_item(c, (piq_item_id){n}, &out->item);
    else if (is == CONCEPT)
        found = piq_catalogue_find_concept(c, id, &out->concept);
    else if (is == CHARACTER)
        found = piq_catalogue_find_character(c, id, &out->character);
    if (found)
        out->is = is;
    return found;
}

/* The last segment of a path, cut off. */
static piq_str last_segment(piq_str *path)
{
    size_t n = path->len;
    while (n > 0 && path->ptr[n - 1] != '/')
        n--;
    piq_str s = {path->ptr + n, path->len - n};
    path->len = n > 0 ? n - 1 : 0;
    return s;
}

static int digit_of(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* IRIs have been checked: two digits follow a percent sign. */
static piq_str decoded(piq_str s, char *room, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < size; i++) {
        room[n] = s.ptr[i];
        if (s.ptr[i] == '%') {
            room[n] =
                (char)(digit_of(s.ptr[i + 1]) * 16 + digit_of(s.ptr[i + 2]));
            i += 2;
        }
        n++;
    }
    return (piq_str){room, n};
}

static bool find_by_iri(const piq_catalogue *c, piq_str iri, target *out)
{
    char room[256];
    for (size_t i = 0; i < iri.len; i++)
        if (iri.ptr[i] == '?' || iri.ptr[i] == '#')
            iri.len = i;
    if (iri.len && iri.ptr[iri.len - 1] == '/')
        iri.len--;
    piq_str id = last_segment(&iri), word = last_segment(&iri);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (piq_str_eq(word, piq_str_of(places[i].word)))
            return find(c, places[i].is, decoded(id, room, sizeof room), out);
    return false;
}

static bool find_by_extension(const piq_catalogue *c, const json_t *activity,
                              target *out)
{
    const json_t *definition = json_object_get(activity, "definition");
    const json_t *extensions = json_object_get(definition, "extensions");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char number[24];
        const json_t *v = json_object_get(extensions, places[i].alone);
        piq_str id = piq_xapi_str(v);
        if (json_is_integer(v)) {
            snprintf(number, sizeof number, "%lld",
                     (long long)json_integer_value(v));
            id = piq_str_of(number);
        }
        if (v && find(c, places[i].is, id, out))
            return true;
    }
    return false;
}

static bool find_activity(const piq_catalogue *c, const json_t *activity,
                          target *out)
{
    *out = (target){0};
    return find_by_extension(c, activity, out) ||
           find_by_iri(c, piq_xapi_text(activity, "id"), out);
}

/* The content that the activity is part of, if the context tells. */
static piq_content_ix content_around(const piq_catalogue *c,
                                     const json_t *statement)
{
    static const char *const kinds[] = {"parent", "grouping"};
    const json_t *context = json_object_get(statement, "context");
    const json_t *all = json_object_get(context, "contextActivities");
    target t;
    for (int k = 0; k < 2; k++) {
        const json_t *v = json_object_get(all, kinds[k]);
        if (json_is_object(v) && find_activity(c, v, &t) && t.is == CONTENT)
            return t.content;
        for (size_t i = 0; i < json_array_size(v); i++)
            if (find_activity(c, json_array_get(v, i), &t) && t.is == CONTENT)
                return t.content;
    }
    return (piq_content_ix){PIQ_NO_IX32};
}

/* ---- results ----------------------------------------------------------------
 */

/* What result.score says, 0..1: scaled, else raw within min (0) and max. Below
 * zero is zero: the engine knows no less than nothing. */
static bool graded(const json_t *result, float *out)
{
    const json_t *score = json_object_get(result, "score");
    const json_t *scaled = json_object_get(score, "scaled");
    const json_t *raw = json_object_get(score, "raw");
    const json_t *max = json_object_get(score, "max");
    double v, low = json_number_value(json_object_get(score, "min"));
    if (scaled) {
        v = json_number_value(scaled);
    } else {
        double high = json_number_value(max);
        if (!raw || !max || !(high > low))
            return false;
        v = json_number_value(raw) / (high - low) - low / (high - low);
    }
    if (!isfinite(v))
        return false;
    *out = (float)(v < 0 ? 0 : v > 1 ? 1 : v);
    return true;
}

/* The same, and failing a score, success. */
static bool judged(const json_t *result, float *out)
{
    const json_t *success = json_object_get(result, "success");
    if (graded(result, out))
        return true;
    if (success)
        *out = json_is_true(success) ? 1.0f : 0.0f;
    return success != NULL;
}

/* Beyond `max`, somebody left the page open: unknown. */
static uint32_t duration_of(const json_t *result, double unit_ms, double max)
{
    double ms;
    if (!piq_xapi_is_duration(piq_xapi_text(result, "duration"), &ms))
        return 0;
    ms = floor(ms / unit_ms + 0.5);
    return ms <= max ? (uint32_t)ms : 0;
}

static int64_t extension_int(const json_t *result, const char *iri,
                             int64_t high)
{
    const json_t *v =
        json_object_get(json_object_get(result, "extensions"), iri);
    int64_t n = json_is_integer(v) ? json_integer_value(v) : 0;
    return n >= 1 && n <= high ? n : 0;
}

static bool says_no(const json_t *result, const char *member)
{
    return json_is_false(json_object_get(result, member));
}

/* ---- events -----------------------------------------------------------------
 */

/* A statement on its way to an event. */
typedef struct mapping {
    const piq_catalogue *c;
    const json_t *statement, *result;
    meaning verb;
    target at;
    piq_event *out;
} mapping;

static bool map_answer(mapping *m)
{
    piq_answer a = {.item = {PIQ_NO_IX32}, .content = {PIQ_NO_IX32}};
    if (!judged(m->result, &a.score))
        return false;
    a.content = m->at.is == CONTENT ? m->at.content
                                    : content_around(m->c, m->statement);
    if (m->at.is == ITEM)
        a.item = m->at.item;
    if (m->at.is == CONCEPT) {
        a.concepts[0] = (piq_concept_weight){m->at.concept, 1};
        a.n_concepts = 1;
    }
    if (a.item.v == PIQ_NO_IX32 && a.content.v == PIQ_NO_IX32 && !a.n_concepts)
        return false;
    a.response_ms = duration_of(m->result, 1, MAX_RESPONSE_MS);
    a.hint = json_is_true(json_object_get(
        json_object_get(m->result, "extensions"), "urn:piq:hint"));
    m->out->type = PIQ_EV_ANSWER;
    m->out->u.answer = a;
    return true;
}

static bool map_review(mapping *m)
{
    int64_t rating = extension_int(m->result, "urn:piq:rating", 4);
    if (m->at.is != CONCEPT || !rating)
        return false;
    m->out->type = PIQ_EV_REVIEW;
    m->out->u.review = (piq_review_event){
        .concept = m->at.concept,
        .rating = (uint8_t)rating,
        .response_ms = duration_of(m->result, 1, MAX_RESPONSE_MS)};
    return true;
}

static bool map_character(mapping *m)
{
    piq_character_event e = {.character = m->at.character,
                             .content = content_around(m->c, m->statement)};
    if (m->verb == STARTED || m->verb == ABANDONED || m->verb == REVIEWED ||
        !judged(m->result, &e.score))
        return false;
    e.hands = (uint32_t)extension_int(m->result, "urn:piq:hands", MAX_HANDS);
    e.seconds = duration_of(m->result, 1000, MAX_SECONDS);
    m->out->type = PIQ_EV_CHARACTER_SESSION;
    m->out->u.character = e;
    return true;
}

static bool map_content(mapping *m, piq_event_type type)
{
    piq_content_event e = {.content = m->at.content, .score = NAN};
    if (type != PIQ_EV_CONTENT_STARTED)
        e.seconds = duration_of(m->result, 1000, MAX_SECONDS);
    if (type == PIQ_EV_CONTENT_COMPLETED && !graded(m->result, &e.score))
        e.score = NAN;
    m->out->type = type;
    m->out->u.content = e;
    return true;
}

static bool map_assessment(mapping *m)
{
    piq_assessment_event e = {.content = m->at.content};
    if (!judged(m->result, &e.score)) {
        if (m->verb == COMPLETED) /* nothing tells how it went */
            return map_content(m, PIQ_EV_CONTENT_COMPLETED);
        e.score = m->verb == PASSED ? 1.0f : 0.0f;
    }
    e.seconds = duration_of(m->result, 1000, MAX_SECONDS);
    m->out->type = PIQ_EV_ASSESSMENT_COMPLETED;
    m->out->u.assessment = e;
    return true;
}

/* Content that was failed is over only when it was graded or says so. */
static bool map_end(mapping *m)
{
    float unused;
    if (says_no(m->result, "completion"))
        return false;
    if (m->c->contents[m->at.content.v].type == PIQ_ASSESSMENT)
        return map_assessment(m);
    if (m->verb == FAILED && !graded(m->result, &unused) &&
        !json_is_true(json_object_get(m->result, "completion")))
        return false;
    return map_content(m, PIQ_EV_CONTENT_COMPLETED);
}

static bool map_by_verb(mapping *m)
{
    bool content = m->at.is == CONTENT;
    if (m->at.is == CHARACTER)
        return map_character(m);
    switch (m->verb) {
    case NOTHING:
        return false;
    case STARTED:
        return content && map_content(m, PIQ_EV_CONTENT_STARTED);
    case ABANDONED:
        return content && map_content(m, PIQ_EV_CONTENT_ABANDONED);
    case REVIEWED:
        return map_review(m);
    case ANSWERED:
        return map_review(m) || map_answer(m);
    case COMPLETED:
        return content && map_end(m);
    case PASSED:
    case FAILED:
        return m->at.is == ITEM ? map_answer(m) : content && map_end(m);
    }
    return false;
}

/* When: as the statement has it, but not ahead of when it arrived. */
static int64_t instant_of(const json_t *statement, int64_t stored_us)
{
    int64_t at_us;
    piq_str s = piq_xapi_text(statement, "timestamp");
    return piq_xapi_is_instant(s, &at_us) && at_us < stored_us ? at_us
                                                               : stored_us;
}

piq_status piq_xapi_event_id(piq_arena *a, const char *id, piq_str *out)
{
    char text[PIQ_XAPI_ID_BYTES + 8];
    size_t len = (size_t)snprintf(text, sizeof text, "xapi:%s", id);
    const char *copy = piq_arena_strndup(a, text, len);
    *out = (piq_str){copy, copy ? len : 0};
    return copy ? PIQ_OK : PIQ_ENOMEM;
}

static bool map_void(piq_arena *a, const json_t *statement, piq_event *out)
{
    char voided[PIQ_XAPI_ID_BYTES];
    out->type = PIQ_EV_VOIDED;
    return piq_xapi_refers(statement, voided) &&
           piq_xapi_event_id(a, voided, &out->u.voided.voids) == PIQ_OK;
}

/* False: it means nothing. */
static bool map_activity(const json_t *statement, const piq_catalogue *c,
                         piq_event *out)
{
    const json_t *object = json_object_get(statement, "object");
    mapping m = {.c = c,
                 .statement = statement,
                 .result = json_object_get(statement, "result"),
                 .verb = meaning_of(statement),
                 .out = out};
    if (m.verb == NOTHING || (json_object_get(object, "objectType") &&
                              !piq_xapi_is(object, "objectType", "Activity")))
        return false;
    find_activity(c, object, &m.at);
    return map_by_verb(&m);
}

piq_status piq_xapi_event(piq_arena *a, const json_t *statement,
                          const piq_catalogue *c, int64_t stored_us,
                          piq_event *out, bool *mapped)
{
    char id[PIQ_XAPI_ID_BYTES];
    piq_event e = {.user = out->user};
    *mapped = false;
    if (!piq_xapi_id(statement, id))
        return PIQ_OK;
    if (piq_xapi_is_voiding(statement)) {
        if (!map_void(a, statement, &e))
            return PIQ_ENOMEM;
    } else if (!map_activity(statement, c, &e)) {
        return PIQ_OK;
    }
    e.at_us = instant_of(statement, stored_us);
    if (piq_xapi_event_id(a, id, &e.event_id))
        return PIQ_ENOMEM;
    /* What voids cannot be voided, least of all by itself. */
    if (e.type == PIQ_EV_VOIDED && piq_str_eq(e.u.voided.voids, e.event_id))
        return PIQ_OK;
    *out = e;
    *mapped = true;
    return PIQ_OK;
}
