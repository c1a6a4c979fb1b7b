/* The canonical JSON of an event; event.c reads it back. */
#include "base/calendar.h"
#include "domain/event.h"

#include <math.h>

static void put_content(piq_json_writer *w, const piq_catalogue *c,
                        piq_content_ix ix)
{
    if (ix.v != PIQ_NO_IX32)
        piq_json_put_int(w, "content", c->contents[ix.v].id.v);
}

static void put_seconds(piq_json_writer *w, uint32_t seconds)
{
    if (seconds)
        piq_json_put_int(w, "seconds", seconds);
}

static void write_answer(const piq_answer *a, const piq_catalogue *c,
                         piq_json_writer *w)
{
    if (a->item.v != PIQ_NO_IX32)
        piq_json_put_int(w, "item", c->items[a->item.v].id.v);
    put_content(w, c, a->content);
    if (a->n_concepts) {
        piq_json_key(w, "concepts");
        piq_json_array(w);
        for (size_t i = 0; i < a->n_concepts; i++) {
            piq_json_object(w);
            piq_json_put_str(w, "concept",
                             c->concepts[a->concepts[i].concept.v].id);
            piq_json_put_double(w, "weight", a->concepts[i].weight);
            piq_json_object_end(w);
        }
        piq_json_array_end(w);
    }
    piq_json_put_float(w, "score", a->score);
    if (a->response_ms)
        piq_json_put_int(w, "response_ms", a->response_ms);
    if (a->hint)
        piq_json_put_bool(w, "hint", true);
}

static void write_assessment(const piq_assessment_event *a,
                             const piq_catalogue *c, piq_json_writer *w)
{
    put_content(w, c, a->content);
    piq_json_put_float(w, "score", a->score);
    put_seconds(w, a->seconds);
    if (!a->n_concepts)
        return;
    piq_json_key(w, "concepts");
    piq_json_array(w);
    for (size_t i = 0; i < a->n_concepts; i++) {
        piq_json_object(w);
        piq_json_put_str(w, "concept",
                         c->concepts[a->concepts[i].concept.v].id);
        piq_json_put_float(w, "score", a->concepts[i].score);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_content(const piq_content_event *e, const piq_catalogue *c,
                          piq_json_writer *w)
{
    put_content(w, c, e->content);
    put_seconds(w, e->seconds);
    if (!isnan(e->score))
        piq_json_put_float(w, "score", e->score);
}

static void write_character(const piq_character_event *e,
                            const piq_catalogue *c, piq_json_writer *w)
{
    piq_json_put_str(w, "character", c->characters[e->character.v].id);
    put_content(w, c, e->content);
    if (e->hands)
        piq_json_put_int(w, "hands", e->hands);
    piq_json_put_float(w, "score", e->score);
    put_seconds(w, e->seconds);
}

static void write_feedback(const piq_feedback_event *e, const piq_catalogue *c,
                           piq_json_writer *w)
{
    piq_json_put_int(w, "recommendation_id", e->recommendation_id);
    put_content(w, c, e->content);
    if (e->action != PIQ_ACTION_NONE)
        piq_json_put_z(w, "action", piq_user_action_name(e->action));
    if (e->feedback_score)
        piq_json_put_int(w, "feedback_score", e->feedback_score);
}

static void write_body(const piq_event *e, const piq_catalogue *c,
                       piq_json_writer *w)
{
    switch (e->type) {
    case PIQ_EV_ANSWER:
        write_answer(&e->u.answer, c, w);
        break;
    case PIQ_EV_CONTENT_STARTED:
    case PIQ_EV_CONTENT_COMPLETED:
    case PIQ_EV_CONTENT_ABANDONED:
        write_content(&e->u.content, c, w);
        break;
    case PIQ_EV_ASSESSMENT_COMPLETED:
        write_assessment(&e->u.assessment, c, w);
        break;
    case PIQ_EV_CHARACTER_SESSION:
        write_character(&e->u.character, c, w);
        break;
    case PIQ_EV_REVIEW:
        piq_json_put_str(w, "concept", c->concepts[e->u.review.concept.v].id);
        piq_json_put_int(w, "rating", e->u.review.rating);
        if (e->u.review.response_ms)
            piq_json_put_int(w, "response_ms", e->u.review.response_ms);
        break;
    case PIQ_EV_RECOMMENDATION_FEEDBACK:
        write_feedback(&e->u.feedback, c, w);
        break;
    case PIQ_EV_GOAL_SET:
        piq_json_key(w, "goal");
        piq_json_object(w);
        piq_goal_write(&e->u.goal, c, w);
        piq_json_object_end(w);
        break;
    case PIQ_EV_PROFILE_STATED:
        piq_json_key(w, "stated");
        piq_json_object(w);
        piq_stated_write(&e->u.stated, w);
        piq_json_object_end(w);
        break;
    case PIQ_EV_PATH_CONTROLLED:
        piq_json_key(w, "control");
        piq_json_object(w);
        piq_control_write(&e->u.control, c, w);
        piq_json_object_end(w);
        break;
    case PIQ_EV_MEMORY_FITTED:
        piq_json_key(w, "fitted");
        piq_json_object(w);
        piq_fitted_write(&e->u.fitted, w);
        piq_json_object_end(w);
        break;
    case PIQ_EV_VOIDED:
        piq_json_put_str(w, "voids", e->u.voided.voids);
        break;
    }
}

void piq_event_write(const piq_event *e, const piq_catalogue *catalogue,
                     piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_str(w, "event_id", e->event_id);
    piq_json_put_time(w, "at", e->at_us);
    piq_json_put_z(w, "type", piq_event_type_name(e->type));
    write_body(e, catalogue, w);
    piq_json_object_end(w);
}
