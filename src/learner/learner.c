#include "learner/learner.h"

#include "num/logistic.h"

#include "base/calendar.h"

#include <math.h>
#include <stdlib.h>

enum { FORMAT = 4, CHECKSUM_BYTES = 4 };

static void history_fill(piq_content_history *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h[i] = (piq_content_history){.score = NAN};
}

static piq_learner *blank(piq_user_id user, size_t n_contents)
{
    if (piq_alloc_should_fail())
        return NULL;
    piq_learner *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->history = malloc((n_contents ? n_contents : 1) * sizeof *l->history);
    if (!l->history) {
        free(l);
        return NULL;
    }
    history_fill(l->history, n_contents);
    l->user = user;
    l->n_contents = n_contents;
    l->last_us = INT64_MIN;
    l->first_us = INT64_MAX;
    return l;
}

piq_status piq_learner_new(piq_user_id user, const piq_catalogue *c,
                           piq_learner **out)
{
    piq_learner *l = blank(user, c->n_contents);
    if (!l)
        return PIQ_ENOMEM;
    l->catalogue_version = c->version;
    if (piq_track_init(&l->track, c) || piq_memory_init(&l->memory, c) ||
        piq_behaviour_init(&l->behaviour, c)) {
        piq_learner_free(l);
        return PIQ_ENOMEM;
    }
    *out = l;
    return PIQ_OK;
}

void piq_learner_free(piq_learner *l)
{
    if (!l)
        return;
    piq_track_release(&l->track);
    piq_memory_release(&l->memory);
    piq_behaviour_release(&l->behaviour);
    piq_controls_release(&l->controls);
    piq_kt_state_free(l->trace);
    free(l->history);
    free(l);
}

piq_status piq_learner_copy(const piq_learner *from, piq_learner **out)
{
    piq_learner *l = blank(from->user, from->n_contents);
    if (!l)
        return PIQ_ENOMEM;
    piq_content_history *history = l->history;
    memcpy(history, from->history, from->n_contents * sizeof *history);
    *l = *from;
    l->history = history;
    l->track = (piq_track){0};
    l->memory = (piq_memory){0};
    l->behaviour = (piq_behaviour){0};
    l->controls = (piq_controls){0};
    l->trace = NULL;
    if (piq_track_copy(&l->track, &from->track) ||
        piq_memory_copy(&l->memory, &from->memory) ||
        piq_behaviour_copy(&l->behaviour, &from->behaviour) ||
        piq_controls_copy(&l->controls, &from->controls) ||
        (from->trace && piq_kt_state_copy(from->trace, &l->trace))) {
        piq_learner_free(l);
        return PIQ_ENOMEM;
    }
    *out = l;
    return PIQ_OK;
}

piq_status piq_learner_grow(piq_learner *l, const piq_catalogue *c)
{
    if (c->n_contents > l->n_contents) {
        piq_content_history *h = realloc(l->history, c->n_contents * sizeof *h);
        if (!h)
            return PIQ_ENOMEM;
        history_fill(h + l->n_contents, c->n_contents - l->n_contents);
        l->history = h;
        l->n_contents = c->n_contents;
    }
    if (piq_track_grow(&l->track, c) || piq_memory_grow(&l->memory, c) ||
        piq_behaviour_grow(&l->behaviour, c))
        return PIQ_ENOMEM;
    if (c->version > l->catalogue_version)
        l->catalogue_version = c->version;
    return PIQ_OK;
}

piq_status piq_learner_reserve(piq_learner *l, const piq_event *e)
{
    return e->type == PIQ_EV_PATH_CONTROLLED
               ? piq_controls_reserve(&l->controls)
               : PIQ_OK;
}

bool piq_learner_fits(const piq_learner *l, const piq_catalogue *c)
{
    return l->n_contents == c->n_contents &&
           l->track.n_concepts == c->n_concepts &&
           l->track.n_areas == c->n_areas &&
           l->behaviour.n_areas == c->n_areas &&
           l->behaviour.n_characters == c->n_characters;
}

bool piq_learner_has_begun(const piq_learner *l)
{
    return l->first_us != INT64_MAX;
}

bool piq_learner_is_late(const piq_learner *l, const piq_event *e)
{
    if (!l->n_events || e->at_us > l->last_us)
        return false;
    return e->at_us < l->last_us ||
           piq_str_cmp(e->event_id, piq_str_of(l->last_event_id)) < 0;
}

piq_status piq_learner_trace(piq_learner *l, const piq_tracing *t)
{
    piq_kt_state *fresh = NULL;
    if (t && piq_kt_state_new(t->binding, &fresh))
        return PIQ_ENOMEM;
    piq_kt_state_free(l->trace);
    l->trace = fresh;
    l->trace_model = t ? t->model : 0;
    l->trace_catalogue = t ? t->catalogue : 0;
    l->trace_digest = t ? t->digest : 0;
    return PIQ_OK;
}

bool piq_learner_is_traced(const piq_learner *l, const piq_tracing *t)
{
    if (!t)
        return l->trace_model == 0;
    return l->trace && l->trace_model == t->model &&
           l->trace_catalogue == t->catalogue;
}

int32_t piq_learner_offset_min(const piq_learner *l)
{
    return l->stated.has & PIQ_STATED_OFFSET ? l->stated.utc_offset_min : 0;
}

double piq_learner_retention(const piq_learner *l)
{
    if (l->goal.set && l->goal.desired_retention > 0)
        return (double)l->goal.desired_retention;
    return l->stated.has & PIQ_STATED_RETENTION
               ? (double)l->stated.desired_retention
               : 0.9;
}

/* Days off that a control has put in place of those stated. */
static void replace_days_off(const piq_learner *l, int64_t at_us,
                             piq_learner_calendar *out)
{
    piq_kept_control list[PIQ_MAX_CONTROLS];
    int32_t day =
        piq_day_of(at_us, out->ask.utc_offset_min, PIQ_MEMORY_ROLLOVER_H);
    size_t n = piq_controls_in_force(&l->controls, day, list);
    for (size_t i = 0; i < n; i++) {
        const piq_control *x = &list[i].control;
        if (x->kind != PIQ_CONTROL_DAYS_OFF)
            continue;
        memcpy(out->days_off, x->days, x->n_days * sizeof *x->days);
        out->ask.days_off = out->days_off;
        out->ask.n_days_off = x->n_days;
    }
}

void piq_learner_calendar_of(const piq_learner *l, int64_t at_us,
                             piq_learner_calendar *out)
{
    const piq_stated *s = &l->stated;
    bool minutes = s->has & PIQ_STATED_MINUTES;
    out->ask = (piq_review_calendar){
        .retention = piq_learner_retention(l),
        .utc_offset_min = piq_learner_offset_min(l),
        .seed = (uint64_t)l->user.v,
        .days_off = s->days_off,
        .n_days_off = s->has & PIQ_STATED_DAYS_OFF ? s->n_days_off : 0,
        .minutes = minutes ? s->minutes_per_weekday : NULL};
    if (l->controls.n)
        replace_days_off(l, at_us, out);
}

void piq_learner_beliefs(const piq_learner *l, const piq_catalogue *c,
                         int64_t at_us, piq_belief *out)
{
    const piq_track_params *track = piq_track_defaults();
    int32_t offset = piq_learner_offset_min(l);
    for (size_t i = 0; i < c->n_concepts; i++) {
        piq_concept_ix ix = {(uint16_t)i};
        piq_track_belief(&l->track, track, c, ix, at_us, &out[i]);
        piq_memory_belief(&l->memory, ix, at_us, offset, &out[i]);
    }
}

static bool is_judged_by(const piq_learner *l, const piq_judge *by,
                         const piq_catalogue *c)
{
    const piq_tracing *t = by ? by->tracing : NULL;
    return t && t->catalogue == c->version && piq_learner_is_traced(l, t);
}

/* Onto the scale that the curriculum's difficulties are on. */
static void put_on_scale(piq_belief *b, double shift)
{
    b->ability_logit -= shift;
    b->mastery = piq_sigmoid(piq_logit(b->mastery) - shift);
    b->mastery_low = piq_sigmoid(piq_logit(b->mastery_low) - shift);
    b->mastery_high = piq_sigmoid(piq_logit(b->mastery_high) - shift);
}

piq_status piq_learner_judged_concept(const piq_learner *l, const piq_judge *by,
                                      const piq_catalogue *c,
                                      piq_concept_ix concept, int64_t at_us,
                                      piq_belief *out)
{
    float shifts[PIQ_MAX_CONCEPTS];
    piq_track_belief(&l->track, piq_track_defaults(), c, concept, at_us, out);
    piq_memory_belief(&l->memory, concept, at_us, piq_learner_offset_min(l),
                      out);
    if (is_judged_by(l, by, c)) {
        const piq_kt_binding *b = by->tracing->binding;
        piq_kt_mastery(l->trace, b, &concept, 1, at_us, out);
    } else if (by && by->book) {
        if (piq_calibration_book_shifts(by->book, c, shifts))
            return PIQ_ENOMEM;
        put_on_scale(out, (double)shifts[concept.v]);
    }
    return PIQ_OK;
}

piq_status piq_learner_judged(const piq_learner *l, const piq_judge *by,
                              const piq_catalogue *c, int64_t at_us,
                              piq_belief *out)
{
    enum { PIECE = 64 };
    piq_concept_ix concepts[PIECE];
    float shifts[PIQ_MAX_CONCEPTS];
    piq_learner_beliefs(l, c, at_us, out);
    if (!is_judged_by(l, by, c)) {
        if (!by || !by->book)
            return PIQ_OK;
        if (piq_calibration_book_shifts(by->book, c, shifts))
            return PIQ_ENOMEM;
        for (size_t i = 0; i < c->n_concepts; i++)
            put_on_scale(&out[i], (double)shifts[i]);
        return PIQ_OK;
    }
    for (size_t from = 0; from < c->n_concepts; from += PIECE) {
        size_t n = c->n_concepts - from < PIECE ? c->n_concepts - from : PIECE;
        for (size_t i = 0; i < n; i++)
            concepts[i].v = (uint16_t)(from + i);
        piq_kt_mastery(l->trace, by->tracing->binding, concepts, n, at_us,
                       out + from);
    }
    return PIQ_OK;
}

/* ---- stored form -----------------------------------------------------
 *
 * format, catalogue version, counts and instants, goal, stated, history (only
 * what was touched), track, memory, behaviour, controls, trace (the name of
 * its model first); then a 32-bit checksum of all before it.
 */

static void encode_goal(const piq_goal *g, piq_buf *b)
{
    piq_buf_put_u8(b, g->set);
    if (!g->set)
        return;
    piq_buf_put_u8(b, (uint8_t)g->target_skill_level);
    piq_buf_put_u8(b, (uint8_t)g->motivation_type);
    piq_buf_put_svarint(b, g->timeline_day);
    piq_buf_put_u8(b, g->n_priority_areas);
    for (size_t i = 0; i < g->n_priority_areas; i++)
        piq_buf_put_varint(b, g->priority_areas[i].v);
    piq_buf_put_u8(b, g->n_target_concepts);
    for (size_t i = 0; i < g->n_target_concepts; i++)
        piq_buf_put_varint(b, g->target_concepts[i].v);
    piq_buf_put_f32(b, g->desired_retention);
}

static bool decode_goal(piq_reader *r, const piq_catalogue *c, piq_goal *g)
{
    *g = (piq_goal){.set = piq_reader_u8(r) == 1};
    if (!g->set)
        return !r->bad;
    g->target_skill_level = (piq_level)(piq_reader_u8(r) % PIQ_N_LEVELS);
    g->motivation_type = (piq_motivation)(piq_reader_u8(r) % PIQ_N_MOTIVATIONS);
    g->timeline_day = (int32_t)piq_reader_svarint(r);
    g->n_priority_areas = piq_reader_u8(r);
    if (g->n_priority_areas > PIQ_MAX_PRIORITY_AREAS)
        return false;
    for (size_t i = 0; i < g->n_priority_areas; i++) {
        uint64_t v = piq_reader_varint(r);
        if (v >= c->n_areas)
            return false;
        g->priority_areas[i].v = (uint16_t)v;
    }
    g->n_target_concepts = piq_reader_u8(r);
    if (g->n_target_concepts > PIQ_MAX_TARGET_CONCEPTS)
        return false;
    for (size_t i = 0; i < g->n_target_concepts; i++) {
        uint64_t v = piq_reader_varint(r);
        if (v >= c->n_concepts)
            return false;
        g->target_concepts[i].v = (uint16_t)v;
    }
    g->desired_retention = piq_reader_f32(r);
    return !r->bad;
}

static void encode_stated(const piq_stated *s, piq_buf *b)
{
    piq_buf_put_varint(b, s->has);
    piq_buf_put_u8(b, s->preferred_content_type);
    piq_buf_put_varint(b, s->session_minutes);
    for (int i = 0; i < 7; i++)
        piq_buf_put_varint(b, s->minutes_per_weekday[i]);
    piq_buf_put_u8(b, s->n_days_off);
    for (size_t i = 0; i < s->n_days_off; i++)
        piq_buf_put_svarint(b, s->days_off[i]);
    piq_buf_put_svarint(b, s->utc_offset_min);
    piq_buf_put_u8(b, (uint8_t)s->difficulty_progression_rate);
    piq_buf_put_u8(b, (uint8_t)s->self_level);
    piq_buf_put_f32(b, s->desired_retention);
}

static bool decode_stated(piq_reader *r, piq_stated *s)
{
    *s = (piq_stated){.has = (uint32_t)piq_reader_varint(r)};
    s->preferred_content_type = piq_reader_u8(r);
    s->session_minutes = (uint16_t)piq_reader_varint(r);
    for (int i = 0; i < 7; i++)
        s->minutes_per_weekday[i] = (uint16_t)piq_reader_varint(r);
    s->n_days_off = piq_reader_u8(r);
    if (s->n_days_off > PIQ_MAX_DAYS_OFF)
        return false;
    for (size_t i = 0; i < s->n_days_off; i++)
        s->days_off[i] = (int32_t)piq_reader_svarint(r);
    s->utc_offset_min = (int16_t)piq_reader_svarint(r);
    s->difficulty_progression_rate = (piq_pace)(piq_reader_u8(r) % 3);
    s->self_level = (piq_level)(piq_reader_u8(r) % PIQ_N_LEVELS);
    s->desired_retention = piq_reader_f32(r);
    return !r->bad;
}

static bool untouched(const piq_content_history *h)
{
    return h->progress == PIQ_UNTOUCHED && !h->last_s && !h->dismissed_s &&
           !h->rating;
}

static void encode_history(const piq_learner *l, piq_buf *b)
{
    size_t n = 0, before = 0;
    for (size_t i = 0; i < l->n_contents; i++)
        n += !untouched(&l->history[i]);
    piq_buf_put_varint(b, n);
    for (size_t i = 0; i < l->n_contents; i++) {
        const piq_content_history *h = &l->history[i];
        if (untouched(h))
            continue;
        piq_buf_put_varint(b, i - before);
        before = i;
        piq_buf_put_u8(
            b,
            (uint8_t)((unsigned)h->progress | (h->dismissed_s ? 4u : 0u) |
                      (isnan(h->score) ? 0u : 8u) | (unsigned)h->rating << 4));
        piq_buf_put_varint(b, h->completions);
        piq_buf_put_u32(b, h->last_s);
        if (h->dismissed_s)
            piq_buf_put_u32(b, h->dismissed_s);
        piq_buf_put_varint(b, h->seconds);
        if (!isnan(h->score))
            piq_buf_put_f32(b, h->score);
    }
}

static bool decode_history(piq_reader *r, piq_learner *l)
{
    uint64_t n = piq_reader_varint(r), at = 0;
    if (r->bad || n > l->n_contents)
        return false;
    for (uint64_t k = 0; k < n; k++) {
        at += piq_reader_varint(r);
        if (r->bad || at >= l->n_contents)
            return false;
        piq_content_history *h = &l->history[at];
        unsigned bits = piq_reader_u8(r);
        h->progress = (piq_progress)(bits & 3u);
        h->completions = (uint16_t)piq_reader_varint(r);
        h->last_s = piq_reader_u32(r);
        h->dismissed_s = bits & 4u ? piq_reader_u32(r) : 0;
        h->seconds = (uint32_t)piq_reader_varint(r);
        h->score = bits & 8u ? piq_reader_f32(r) : NAN;
        h->rating = (uint8_t)(bits >> 4);
        if (h->rating > 5)
            return false;
    }
    return !r->bad;
}

static void encode_trace(const piq_learner *l, piq_buf *b)
{
    PIQ_ASSERT(!l->trace_model == !l->trace);
    piq_buf_put_varint(b, l->trace_model);
    if (!l->trace_model)
        return;
    piq_buf_put_varint(b, l->trace_catalogue);
    piq_kt_state_encode(l->trace, l->trace_digest, b);
}

/* One of another name, or that keeps something else, is left where it is: it
 * ends the bytes. */
static piq_status decode_trace(piq_reader *r, const piq_tracing *t,
                               piq_learner *l)
{
    l->trace_model = (uint32_t)piq_reader_varint(r);
    if (!l->trace_model)
        return r->bad ? PIQ_ECORRUPT : PIQ_OK;
    l->trace_catalogue = (uint32_t)piq_reader_varint(r);
    if (r->bad)
        return PIQ_ECORRUPT;
    if (!t || t->model != l->trace_model ||
        t->catalogue != l->trace_catalogue) {
        r->at = r->end;
        return PIQ_OK;
    }
    l->trace_digest = t->digest;
    piq_status status =
        piq_kt_state_decode(r, t->binding, t->digest, &l->trace);
    if (status != PIQ_ESTALE)
        return status;
    r->at = r->end;
    return PIQ_OK;
}

static uint32_t checksum(const void *bytes, size_t len)
{
    uint64_t h = piq_hash_bytes(bytes, len);
    return (uint32_t)(h ^ (h >> 32));
}

void piq_learner_encode(const piq_learner *l, piq_buf *out)
{
    size_t start = out->len;
    piq_buf_put_u8(out, FORMAT);
    piq_buf_put_varint(out, l->catalogue_version);
    piq_buf_put_varint(out, l->n_events);
    piq_buf_put_svarint(out, l->first_us);
    piq_buf_put_svarint(out, l->last_us);
    piq_buf_put_str(out, piq_str_of(l->last_event_id));
    encode_goal(&l->goal, out);
    piq_buf_put_svarint(out, l->goal_us);
    encode_stated(&l->stated, out);
    encode_history(l, out);
    piq_track_encode(&l->track, out);
    piq_memory_encode(&l->memory, out);
    piq_behaviour_encode(&l->behaviour, out);
    piq_controls_encode(&l->controls, out);
    encode_trace(l, out);
    if (out->status == PIQ_OK)
        piq_buf_put_u32(out, checksum(out->ptr + start, out->len - start));
}

static bool decode_head(piq_reader *r, const piq_catalogue *c, piq_learner *l)
{
    if (piq_reader_u8(r) != FORMAT)
        return false;
    l->catalogue_version = (uint32_t)piq_reader_varint(r);
    l->n_events = (uint32_t)piq_reader_varint(r);
    l->first_us = piq_reader_svarint(r);
    l->last_us = piq_reader_svarint(r);
    piq_str id = piq_reader_str(r);
    if (r->bad || id.len > PIQ_MAX_EVENT_ID_BYTES)
        return false;
    if (id.len)
        memcpy(l->last_event_id, id.ptr, id.len);
    if (!decode_goal(r, c, &l->goal))
        return false;
    l->goal_us = piq_reader_svarint(r);
    return decode_stated(r, &l->stated) && decode_history(r, l);
}

uint32_t piq_learner_stored_catalogue(piq_str bytes)
{
    piq_reader r;
    piq_reader_init(&r, bytes.ptr, bytes.len);
    bool ours = piq_reader_u8(&r) == FORMAT;
    uint64_t version = piq_reader_varint(&r);
    return ours && !r.bad && version <= UINT32_MAX ? (uint32_t)version : 0;
}

piq_status piq_learner_decode(piq_str bytes, piq_user_id user,
                              const piq_catalogue *c, const piq_tracing *t,
                              piq_learner **out, piq_err *err)
{
    piq_reader r, tail;
    piq_learner *l = NULL;
    piq_status status = PIQ_ECORRUPT;
    if (bytes.len <= CHECKSUM_BYTES)
        goto out;
    size_t len = bytes.len - CHECKSUM_BYTES;
    piq_reader_init(&tail, bytes.ptr + len, CHECKSUM_BYTES);
    if (piq_reader_u32(&tail) != checksum(bytes.ptr, len))
        goto out;
    status = piq_learner_new(user, c, &l);
    if (status)
        goto out;
    piq_reader_init(&r, bytes.ptr, len);
    status = PIQ_ECORRUPT;
    if (!decode_head(&r, c, l))
        goto out;
    status = piq_track_decode(&l->track, c, &r);
    if (status == PIQ_OK) {
        piq_memory_release(&l->memory); /* decode takes what owns nothing */
        status = piq_memory_decode(&l->memory, c, &r);
    }
    if (status == PIQ_OK)
        status = piq_behaviour_decode(&l->behaviour, c, &r);
    if (status == PIQ_OK)
        status = piq_controls_decode(&l->controls, c, &r);
    if (status == PIQ_OK)
        status = decode_trace(&r, t, l);
    if (status == PIQ_OK && (r.bad || r.at != r.end))
        status = PIQ_ECORRUPT;
out:
    if (status) {
        piq_learner_free(l);
        piq_fail(err, status, "could not read the learner's stored state");
        return status;
    }
    *out = l;
    return PIQ_OK;
}
