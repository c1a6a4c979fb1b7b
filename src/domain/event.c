#include "domain/event.h"

#include "base/calendar.h"
#include "domain/json_reader.h"

#include <math.h>
#include <stdio.h>

enum { MAX_SECONDS = 86400, MAX_RESPONSE_MS = 86400000, MAX_HANDS = 100000 };

int piq_event_cmp(const piq_event *a, const piq_event *b)
{
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    return piq_str_cmp(a->event_id, b->event_id);
}

/* ---- references ------------------------------------------------------ */

static piq_content_ix read_content(piq_json_reader *r, const piq_catalogue *c,
                                   bool optional)
{
    piq_content_ix ix = {PIQ_NO_IX32};
    if (optional && !piq_json_has(r, "content"))
        return ix;
    int64_t id = piq_json_int_in(r, "content", 1, INT64_C(1) << 53);
    if (!r->status && !piq_catalogue_find_content(c, (piq_content_id){id}, &ix))
        piq_json_refuse(r, "content", "no content of the curriculum: %lld",
                        (long long)id);
    return ix;
}

static bool find_concept(piq_json_reader *r, const char *member,
                         const piq_catalogue *c, const json_t *v,
                         piq_concept_ix *out)
{
    if (!json_is_string(v)) {
        piq_json_refuse(r, member, "the id of a concept is expected");
        return false;
    }
    piq_str id = {json_string_value(v), json_string_length(v)};
    if (!piq_catalogue_find_concept(c, id, out)) {
        piq_json_refuse(r, member, "no concept of the curriculum: \"%.60s\"",
                        id.ptr);
        return false;
    }
    return true;
}

/* score 0..1, or correct true|false; exactly one of the two. */
static float read_score(piq_json_reader *r)
{
    bool has_correct = piq_json_has(r, "correct");
    if (has_correct && piq_json_has(r, "score"))
        piq_json_refuse(r, "score", "give either \"correct\" or \"score\"");
    if (has_correct)
        return piq_json_flag(r, "correct") ? 1.0f : 0.0f;
    return (float)piq_json_number_in(r, "score", 0, 1);
}

static uint32_t read_optional(piq_json_reader *r, const char *member,
                              int64_t max)
{
    return piq_json_has(r, member)
               ? (uint32_t)piq_json_int_in(r, member, 0, max)
               : 0;
}

/* ---- one reader a type ----------------------------------------------- */

static void read_answer_concept(piq_json_reader *r, const piq_catalogue *c,
                                const json_t *v, size_t at, piq_answer *out)
{
    char member[48];
    snprintf(member, sizeof member, "concepts/%zu", at);
    piq_concept_weight cw = {.weight = 1};
    if (json_is_object(v)) {
        static const char *const known[] = {"concept", "weight", NULL};
        char where[200];
        snprintf(where, sizeof where, "%s/%s", r->where, member);
        piq_json_reader in;
        piq_json_begin(&in, v, where, known, r->err);
        cw.weight = piq_json_number_in(&in, "weight", 1e-6, 1);
        if (!in.status)
            find_concept(&in, "concept", c, json_object_get(v, "concept"),
                         &cw.concept);
        if (piq_json_end(&in)) {
            r->status = in.status;
            r->object = NULL;
        }
    } else {
        find_concept(r, member, c, v, &cw.concept);
    }
    for (size_t i = 0; i < at && !r->status; i++)
        if (out->concepts[i].concept.v == cw.concept.v)
            piq_json_refuse(r, member, "the concept is named twice");
    out->concepts[at] = cw;
}

static void read_answer(piq_json_reader *r, const piq_catalogue *c,
                        piq_answer *out)
{
    *out = (piq_answer){.item = {PIQ_NO_IX32}};
    if (piq_json_has(r, "item")) {
        int64_t id = piq_json_int_in(r, "item", 1, INT64_C(1) << 53);
        if (!r->status &&
            !piq_catalogue_find_item(c, (piq_item_id){id}, &out->item))
            piq_json_refuse(r, "item", "no item of the curriculum: %lld",
                            (long long)id);
    }
    out->content = read_content(r, c, true);
    if (piq_json_has(r, "concepts")) {
        const json_t *list =
            piq_json_array_in(r, "concepts", PIQ_MAX_ITEM_CONCEPTS);
        size_t n = list ? json_array_size(list) : 0;
        if (list && n == 0)
            piq_json_refuse(r, "concepts", "at least one concept is expected");
        for (size_t i = 0; i < n && !r->status; i++)
            read_answer_concept(r, c, json_array_get(list, i), i, out);
        out->n_concepts = (uint8_t)n;
    }
    if (!r->status && out->item.v == PIQ_NO_IX32 &&
        out->content.v == PIQ_NO_IX32 && out->n_concepts == 0)
        piq_json_refuse(r, NULL,
                        "an answer names its item, its content or its "
                        "concepts");
    out->score = read_score(r);
    out->response_ms = read_optional(r, "response_ms", MAX_RESPONSE_MS);
    out->hint = piq_json_has(r, "hint") && piq_json_flag(r, "hint");
}

static void read_content_event(piq_json_reader *r, const piq_catalogue *c,
                               piq_content_event *out)
{
    out->content = read_content(r, c, false);
    out->seconds = read_optional(r, "seconds", MAX_SECONDS);
    out->score = piq_json_has(r, "score")
                     ? (float)piq_json_number_in(r, "score", 0, 1)
                     : NAN;
}

static void read_assessment(piq_json_reader *r, const piq_catalogue *c,
                            piq_assessment_event *out)
{
    *out = (piq_assessment_event){.content = read_content(r, c, true)};
    out->score = (float)piq_json_number_in(r, "score", 0, 1);
    out->seconds = read_optional(r, "seconds", MAX_SECONDS);
    const json_t *list = NULL;
    if (piq_json_has(r, "concepts"))
        list = piq_json_array_in(r, "concepts", PIQ_MAX_CONTENT_CONCEPTS);
    size_t n = list ? json_array_size(list) : 0;
    if (!r->status && out->content.v == PIQ_NO_IX32 && n == 0)
        piq_json_refuse(r, NULL,
                        "an assessment names its content or its concepts");
    for (size_t i = 0; i < n && !r->status; i++) {
        static const char *const known[] = {"concept", "score", NULL};
        const json_t *v = json_array_get(list, i);
        char where[200];
        snprintf(where, sizeof where, "%s/concepts/%zu", r->where, i);
        piq_json_reader in;
        piq_json_begin(&in, v, where, known, r->err);
        out->concepts[i].score = (float)piq_json_number_in(&in, "score", 0, 1);
        if (!in.status)
            find_concept(&in, "concept", c, json_object_get(v, "concept"),
                         &out->concepts[i].concept);
        for (size_t k = 0; k < i && !in.status; k++)
            if (out->concepts[k].concept.v == out->concepts[i].concept.v)
                piq_json_refuse(&in, "concept", "the concept is named twice");
        if (piq_json_end(&in)) {
            r->status = in.status;
            r->object = NULL;
        }
    }
    out->n_concepts = (uint8_t)n;
}

static void read_character(piq_json_reader *r, const piq_catalogue *c,
                           piq_character_event *out)
{
    *out = (piq_character_event){.content = read_content(r, c, true)};
    piq_str id = piq_json_string(r, "character", 1, 128);
    if (!r->status && !piq_catalogue_find_character(c, id, &out->character))
        piq_json_refuse(r, "character",
                        "no character of the curriculum: \"%.60s\"", id.ptr);
    out->hands = read_optional(r, "hands", MAX_HANDS);
    out->score = (float)piq_json_number_in(r, "score", 0, 1);
    out->seconds = read_optional(r, "seconds", MAX_SECONDS);
}

static void read_review(piq_json_reader *r, const piq_catalogue *c,
                        piq_review_event *out)
{
    *out = (piq_review_event){0};
    piq_str id = piq_json_string(r, "concept", 1, 128);
    if (!r->status && !piq_catalogue_find_concept(c, id, &out->concept))
        piq_json_refuse(r, "concept", "no concept of the curriculum: \"%.60s\"",
                        id.ptr);
    out->rating = (uint8_t)piq_json_int_in(r, "rating", 1, 4);
    out->response_ms = read_optional(r, "response_ms", MAX_RESPONSE_MS);
}

static void read_feedback(piq_json_reader *r, const piq_catalogue *c,
                          piq_feedback_event *out)
{
    *out = (piq_feedback_event){.content = read_content(r, c, true)};
    out->recommendation_id =
        piq_json_int_in(r, "recommendation_id", 1, INT64_MAX);
    if (piq_json_has(r, "action") &&
        (!piq_user_action_of(piq_json_string(r, "action", 1, 32),
                             &out->action) ||
         out->action == PIQ_ACTION_NONE))
        piq_json_refuse(r, "action",
                        "accepted, dismissed or completed is expected");
    if (piq_json_has(r, "feedback_score"))
        out->feedback_score =
            (uint8_t)piq_json_int_in(r, "feedback_score", 1, 5);
    if (!r->status && out->action == PIQ_ACTION_NONE && !out->feedback_score)
        piq_json_refuse(r, NULL,
                        "feedback needs an action, a feedback_score or both");
}

static void read_voided(piq_json_reader *r, piq_arena *a, piq_event *out)
{
    piq_str id = piq_json_string(r, "voids", 1, PIQ_MAX_EVENT_ID_BYTES);
    if (!r->status && piq_str_eq(id, out->event_id))
        piq_json_refuse(r, "voids", "an event cannot void itself");
    if (r->status)
        return;
    out->u.voided.voids =
        (piq_str){piq_arena_strndup(a, id.ptr, id.len), id.len};
    if (!out->u.voided.voids.ptr)
        r->status = piq_fail(r->err, PIQ_ENOMEM, "no memory for an event");
}

/* goal_set, profile_stated, path_controlled and memory_fitted carry an object
 * of their own. */
static void read_nested(piq_json_reader *r, const piq_catalogue *c,
                        const char *member, piq_event *out)
{
    const json_t *v = r->object ? json_object_get(r->object, member) : NULL;
    if (!v) {
        piq_json_refuse(r, member, "member \"%s\" is missing", member);
        return;
    }
    char where[200];
    snprintf(where, sizeof where, "%s/%s", r->where, member);
    piq_status status =
        out->type == PIQ_EV_GOAL_SET
            ? piq_goal_read(v, where, c, &out->u.goal, r->err)
        : out->type == PIQ_EV_PROFILE_STATED
            ? piq_stated_read(v, where, c, &out->u.stated, r->err)
        : out->type == PIQ_EV_MEMORY_FITTED
            ? piq_fitted_read(v, where, &out->u.fitted, r->err)
            : piq_control_read(v, where, c, out->at_us, &out->u.control,
                               r->err);
    if (status) {
        r->status = status;
        r->object = NULL;
    }
}

/* ---- the event ------------------------------------------------------- */

/* Members beside event_id, at, type and user_id. */
static const char *const members_of[PIQ_N_EVENT_TYPES][8] = {
    [PIQ_EV_ANSWER] = {"item", "content", "concepts", "correct", "score",
                       "response_ms", "hint", NULL},
    [PIQ_EV_CONTENT_STARTED] = {"content", NULL},
    [PIQ_EV_CONTENT_COMPLETED] = {"content", "seconds", "score", NULL},
    [PIQ_EV_CONTENT_ABANDONED] = {"content", "seconds", NULL},
    [PIQ_EV_ASSESSMENT_COMPLETED] = {"content", "score", "concepts", "seconds",
                                     NULL},
    [PIQ_EV_CHARACTER_SESSION] = {"character", "content", "hands", "score",
                                  "seconds", NULL},
    [PIQ_EV_REVIEW] = {"concept", "rating", "response_ms", NULL},
    [PIQ_EV_RECOMMENDATION_FEEDBACK] = {"recommendation_id", "content",
                                        "action", "feedback_score", NULL},
    [PIQ_EV_GOAL_SET] = {"goal", NULL},
    [PIQ_EV_PROFILE_STATED] = {"stated", NULL},
    [PIQ_EV_PATH_CONTROLLED] = {"control", NULL},
    [PIQ_EV_MEMORY_FITTED] = {"fitted", NULL},
    [PIQ_EV_VOIDED] = {"voids", NULL},
};

static bool read_type(const json_t *json, piq_event_type *out)
{
    const json_t *v =
        json_is_object(json) ? json_object_get(json, "type") : NULL;
    return json_is_string(v) &&
           piq_event_type_of(
               (piq_str){json_string_value(v), json_string_length(v)}, out);
}

static void read_body(piq_json_reader *r, piq_arena *a, const piq_catalogue *c,
                      piq_event *out)
{
    switch (out->type) {
    case PIQ_EV_ANSWER:
        read_answer(r, c, &out->u.answer);
        break;
    case PIQ_EV_CONTENT_STARTED:
    case PIQ_EV_CONTENT_COMPLETED:
    case PIQ_EV_CONTENT_ABANDONED:
        read_content_event(r, c, &out->u.content);
        break;
    case PIQ_EV_ASSESSMENT_COMPLETED:
        read_assessment(r, c, &out->u.assessment);
        break;
    case PIQ_EV_CHARACTER_SESSION:
        read_character(r, c, &out->u.character);
        break;
    case PIQ_EV_REVIEW:
        read_review(r, c, &out->u.review);
        break;
    case PIQ_EV_RECOMMENDATION_FEEDBACK:
        read_feedback(r, c, &out->u.feedback);
        break;
    case PIQ_EV_GOAL_SET:
        read_nested(r, c, "goal", out);
        break;
    case PIQ_EV_PROFILE_STATED:
        read_nested(r, c, "stated", out);
        break;
    case PIQ_EV_PATH_CONTROLLED:
        read_nested(r, c, "control", out);
        break;
    case PIQ_EV_MEMORY_FITTED:
        read_nested(r, c, "fitted", out);
        break;
    case PIQ_EV_VOIDED:
        read_voided(r, a, out);
        break;
    }
}

static void read_frame(piq_json_reader *r, piq_arena *a, bool need_user,
                       int64_t now_us, piq_event *out)
{
    piq_str id = piq_json_string(r, "event_id", 1, PIQ_MAX_EVENT_ID_BYTES);
    for (size_t i = 0; i < id.len && !r->status; i++)
        if ((unsigned char)id.ptr[i] < 0x20 || id.ptr[i] == 0x7f)
            piq_json_refuse(r, "event_id",
                            "control characters are not "
                            "allowed");
    out->at_us = piq_json_instant(r, "at");
    if (!r->status &&
        out->at_us > now_us + PIQ_MAX_AHEAD_MIN * PIQ_US_PER_MINUTE)
        piq_json_refuse(r, "at",
                        "the instant lies in the future (more than "
                        "%d minutes ahead of the server)",
                        PIQ_MAX_AHEAD_MIN);
    if (need_user) {
        int64_t user = 0;
        piq_str s = piq_json_string(r, "user_id", 1, 20);
        /* Canonical: one learner has one spelling. */
        bool digit = s.len && s.ptr[0] >= '1' && s.ptr[0] <= '9';
        if (!r->status && !(digit && piq_str_to_i64(s, &user)))
            piq_json_refuse(r, "user_id",
                            "a positive 64-bit integer in a string is "
                            "expected");
        out->user = (piq_user_id){user};
    }
    if (r->status)
        return;
    const char *copy = piq_arena_strndup(a, id.ptr, id.len);
    if (!copy)
        r->status = piq_fail(r->err, PIQ_ENOMEM, "no memory for an event");
    out->event_id = (piq_str){copy, id.len};
}

piq_status piq_event_read(piq_arena *a, const json_t *json, const char *where,
                          bool need_user, const piq_catalogue *catalogue,
                          int64_t now_us, piq_event *out, piq_err *err)
{
    const char *known[16] = {"event_id", "at", "type"};
    size_t n = 3;
    piq_json_reader r;
    piq_event e = {.user = out->user};
    bool typed = read_type(json, &e.type);
    if (need_user)
        known[n++] = "user_id";
    if (typed)
        for (const char *const *m = members_of[e.type]; *m; m++)
            known[n++] = *m;
    if (!typed && json_is_object(json)) {
        r = (piq_json_reader){json, where, err, PIQ_OK};
        if (json_object_get(json, "type"))
            piq_json_refuse(&r, "type", "no event type of ours");
        else
            piq_json_refuse(&r, "type", "member \"type\" is missing");
        return piq_json_end(&r);
    }
    piq_json_begin(&r, json, where, known, err);
    read_frame(&r, a, need_user, now_us, &e);
    if (!r.status)
        read_body(&r, a, catalogue, &e);
    if (!r.status)
        *out = e;
    return piq_json_end(&r);
}
