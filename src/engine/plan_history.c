/* plan_history.c - adaptation_history: an entry, written and read back.
 *
 * An entry tells the cause, the effect, and what it takes to plan the same
 * again (planned_from). The newest one also tells what was believed of the
 * targets then, for the next one to say what has moved, and the plans that are
 * kept (plan_kept.h).
 */
#include "engine/planning.h"

#include "base/calendar.h"
#include "domain/json_reader.h"
#include "engine/entry_text.h"

#include <math.h>
#include <stdlib.h>

/* Less is no news. */
static const double MOVED = 0.005;

/* ---- reading ------------------------------------------------------------- */

static uint32_t number_of(const json_t *o, const char *member)
{
    json_int_t v = json_integer_value(json_object_get(o, member));
    return v > 0 && v <= UINT32_MAX ? (uint32_t)v : 0;
}

static int64_t instant_of(const json_t *v)
{
    int64_t at_us = INT64_MAX;
    if (json_is_string(v))
        piq_time_parse((piq_str){json_string_value(v), json_string_length(v)},
                       &at_us);
    return at_us;
}

piq_planned_from piq_planned_from_entry(const json_t *entry)
{
    const json_t *cause = json_object_get(entry, "cause");
    const json_t *from = json_object_get(entry, "planned_from");
    const json_t *as_of = json_object_get(from, "as_of");
    const char *reason = json_string_value(json_object_get(cause, "reason"));
    int64_t at_us = instant_of(json_object_get(entry, "at"));
    return (piq_planned_from){
        .at_us = at_us,
        .as_of_us = as_of ? instant_of(as_of) : at_us,
        .catalogue_version = number_of(entry, "catalogue_version"),
        .told = json_is_object(from),
        .first = json_is_true(json_object_get(cause, "first")),
        .version = json_integer_value(json_object_get(entry, "version")),
        .n_events = number_of(from, "events"),
        .n_answers = number_of(from, "answers"),
        .n_controls = number_of(from, "controls"),
        .calibration = number_of(from, "calibration"),
        .model = number_of(from, "model"),
        .seed = number_of(from, "seed"),
        .iterations = number_of(from, "iterations"),
        .reason = reason ? reason : "",
        .believed = json_object_get(entry, "believed")};
}

size_t piq_history_find(piq_str history, piq_str entries[PIQ_MAX_ADAPTATIONS])
{
    size_t n = 0, depth = 0, from = 0;
    bool quoted = false;
    for (size_t i = 0; i < history.len && n < PIQ_MAX_ADAPTATIONS; i++) {
        char ch = history.ptr[i];
        if (quoted && ch == '\\')
            i++;
        else if (ch == '"')
            quoted = !quoted;
        else if (!quoted && ch == '{' && depth++ == 0)
            from = i;
        else if (!quoted && ch == '}' && --depth == 0)
            entries[n++] = (piq_str){history.ptr + from, i + 1 - from};
    }
    return n;
}

static const char *const for_the_next[] = {"believed", "kept"};

void piq_history_show(piq_str entry, piq_buf *out)
{
    piq_text_without(entry, for_the_next, 2, out);
}

/* What copy_entry is not to hand on. */
static piq_status parse_entry(piq_str entry, json_t **out, piq_err *err)
{
    piq_buf rest;
    piq_buf_init(&rest, 0);
    piq_text_without(entry, for_the_next + 1, 1, &rest);
    piq_status status = rest.status;
    if (status == PIQ_OK)
        status = piq_json_parse((piq_str){rest.ptr, rest.len}, out, err);
    piq_buf_release(&rest);
    return status;
}

piq_status piq_history_newest(piq_str history, json_t **out,
                              piq_kept_plans *kept, piq_err *err)
{
    piq_str entries[PIQ_MAX_ADAPTATIONS];
    size_t n = piq_history_find(history, entries);
    piq_status status =
        n ? parse_entry(entries[n - 1], out, err) : PIQ_ECORRUPT;
    if (status == PIQ_OK && kept)
        piq_kept_plans_read(entries[n - 1], kept);
    if (status == PIQ_OK || status == PIQ_ENOMEM)
        return status;
    return piq_fail(err, PIQ_ECORRUPT, "a stored adaptation cannot be read");
}

bool piq_history_same(piq_str a, piq_str b)
{
    piq_str x[PIQ_MAX_ADAPTATIONS], y[PIQ_MAX_ADAPTATIONS];
    size_t n = piq_history_find(a, x);
    bool same = n == piq_history_find(b, y);
    piq_buf left, right;
    piq_buf_init(&left, 0);
    piq_buf_init(&right, 0);
    for (size_t i = 0; i < n && same; i++) {
        piq_buf_clear(&left);
        piq_buf_clear(&right);
        piq_text_without(x[i], for_the_next + 1, 1, &left);
        piq_text_without(y[i], for_the_next + 1, 1, &right);
        same = !left.status && !right.status &&
               piq_json_same((piq_str){left.ptr, left.len},
                             (piq_str){right.ptr, right.len});
    }
    piq_buf_release(&left);
    piq_buf_release(&right);
    return same;
}

/* ---- what has happened since --------------------------------------------- */

static uint32_t answers_of(const piq_learner *l)
{
    return l->behaviour.answers + l->behaviour.reviews;
}

static double size_of(const piq_moved_concept *m)
{
    return fabs(m->after - m->before);
}

/* Into its place among the most moved. */
static void put_moved(piq_adaptation *x, piq_moved_concept m)
{
    size_t at = x->n_moved;
    while (at && size_of(&x->moved[at - 1]) < size_of(&m))
        at--;
    if (at == PIQ_MAX_MOVED_CONCEPTS)
        return;
    if (x->n_moved < PIQ_MAX_MOVED_CONCEPTS)
        x->n_moved++;
    for (size_t i = x->n_moved - 1; i > at; i--)
        x->moved[i] = x->moved[i - 1];
    x->moved[at] = m;
}

static void find_moved(piq_adaptation *x)
{
    const json_t *list = x->from.believed;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const json_t *id = json_object_get(one, "concept");
        const json_t *was = json_object_get(one, "mastery");
        piq_moved_concept m = {0};
        if (!json_is_string(id) || !json_is_number(was) ||
            !piq_catalogue_find_concept(
                x->p->catalogue,
                (piq_str){json_string_value(id), json_string_length(id)},
                &m.concept))
            continue;
        m.before = json_number_value(was);
        m.after = x->beliefs[m.concept.v].mastery;
        if (size_of(&m) >= MOVED)
            put_moved(x, m);
    }
}

/* A late event may leave fewer answers than there seemed to be. */
static uint32_t more(uint32_t now, uint32_t before)
{
    return now > before ? now - before : 0;
}

piq_status piq_adaptation_since(piq_arena *a, piq_adaptation *x)
{
    const piq_learner *l = x->p->learner;
    const piq_planned_from *from = &x->from;
    x->controls = piq_new(a, piq_kept_control, PIQ_MAX_RECENT_CONTROLS);
    if (!x->controls)
        return PIQ_ENOMEM;
    if (!x->before)
        return PIQ_OK;
    x->new_catalogue = from->catalogue_version &&
                       from->catalogue_version != x->p->catalogue->version;
    x->new_day = x->before->from_day != x->after->from_day;
    if (!from->told)
        return PIQ_OK;
    x->n_events = more(l->n_events, from->n_events);
    x->n_answers = more(answers_of(l), from->n_answers);
    x->n_controls = more(l->controls.n_ever, from->n_controls);
    x->n_listed = piq_controls_recent(&l->controls, x->n_controls, x->controls);
    if (x->n_events)
        find_moved(x);
    return PIQ_OK;
}

/* ---- writing ------------------------------------------------------------- */

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

static void write_controls(const piq_adaptation *x, piq_json_writer *w)
{
    piq_json_key(w, "controls");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_listed; i++) {
        piq_json_object(w);
        piq_control_write(&x->controls[i].control, x->p->catalogue, w);
        piq_json_put_time(w, "at", x->controls[i].at_us);
        piq_json_put_bool(w, "undone", x->controls[i].undone);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_moved(const piq_adaptation *x, piq_json_writer *w)
{
    piq_json_key(w, "concepts");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_moved; i++) {
        const piq_moved_concept *m = &x->moved[i];
        piq_json_object(w);
        piq_json_put_str(w, "concept",
                         x->p->catalogue->concepts[m->concept.v].id);
        piq_json_put_fixed(w, "mastery_before", m->before, 4);
        piq_json_put_fixed(w, "mastery_after", m->after, 4);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_cause(const piq_adaptation *x, piq_json_writer *w)
{
    piq_json_key(w, "cause");
    piq_json_object(w);
    piq_json_put_bool(w, "first", x->before == NULL);
    if (x->p->reason.len)
        piq_json_put_str(w, "reason", x->p->reason);
    else
        piq_json_put_z(w, "reason", NULL);
    write_controls(x, w);
    piq_json_put_int(w, "events", x->n_events);
    piq_json_put_int(w, "answers", x->n_answers);
    write_moved(x, w);
    piq_json_put_bool(w, "new_curriculum", x->new_catalogue);
    piq_json_put_bool(w, "new_day", x->new_day);
    piq_json_object_end(w);
}

static void write_effect(const piq_adaptation *x, piq_json_writer *w)
{
    const piq_path_change *ch = &x->change;
    piq_json_key(w, "effect");
    piq_json_object(w);
    piq_json_put_int(w, "steps_moved", (int64_t)ch->n_moved);
    piq_json_put_int(w, "steps_kept", (int64_t)ch->n_kept);
    piq_json_key(w, "completion_moved_days");
    if (ch->completion_before == INT32_MAX || ch->completion_after == INT32_MAX)
        piq_json_null(w);
    else
        piq_json_int(w, (int64_t)ch->completion_after - ch->completion_before);
    piq_json_put_fixed(w, "in_time_prob_before",
                       x->before ? x->before->in_time_prob : (double)NAN, 4);
    piq_json_put_fixed(w, "in_time_prob_after", x->after->in_time_prob, 4);
    piq_json_put_fixed(w, "value_before", ch->value_before, 4);
    piq_json_put_fixed(w, "value_after", ch->value_after, 4);
    piq_json_put_fixed(w, "minutes_before", ch->minutes_before, 1);
    piq_json_put_fixed(w, "minutes_after", ch->minutes_after, 1);
    piq_json_put_int(w, "dropped_before", (int64_t)ch->dropped_before);
    piq_json_put_int(w, "dropped_after", (int64_t)ch->dropped_after);
    piq_json_object_end(w);
}

static void write_planned_from(const piq_adaptation *x, piq_json_writer *w)
{
    const piq_learner *l = x->p->learner;
    const piq_tracing *t = x->p->by.tracing;
    piq_json_key(w, "planned_from");
    piq_json_object(w);
    piq_json_put_int(w, "events", l->n_events);
    piq_json_put_int(w, "answers", answers_of(l));
    piq_json_put_int(w, "controls", l->controls.n_ever);
    piq_json_put_int(w, "calibration", x->calibration);
    piq_json_put_int(w, "model", t ? t->model : 0);
    piq_json_put_int(w, "seed", x->seed);
    piq_json_put_int(w, "iterations", x->iterations);
    piq_json_put_time(w, "as_of", x->as_of_us);
    piq_json_object_end(w);
}

static void write_believed(const piq_adaptation *x, piq_json_writer *w)
{
    const piq_plan *plan = x->after;
    piq_json_key(w, "believed");
    piq_json_array(w);
    for (size_t i = 0; i < plan->n_targets; i++) {
        piq_concept_ix k = plan->targets[i];
        piq_json_object(w);
        piq_json_put_str(w, "concept", x->p->catalogue->concepts[k.v].id);
        piq_json_put_fixed(w, "mastery", x->beliefs[k.v].mastery, 4);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_entry(const piq_adaptation *x, piq_json_writer *w)
{
    const piq_path_change *ch = &x->change;
    piq_buf why;
    piq_buf_init(&why, 0);
    piq_adaptation_explain(x, &why);
    if (why.status)
        w->out->status = why.status;
    piq_json_object(w);
    piq_json_put_time(w, "at", x->p->now_us);
    piq_json_put_str(w, "why", (piq_str){why.ptr, why.len});
    piq_json_put_int(w, "version", x->p->version);
    piq_json_put_int(w, "catalogue_version", x->p->catalogue->version);
    piq_json_put_int(w, "steps_done", (int64_t)x->n_done);
    piq_json_put_int(w, "steps_added", (int64_t)ch->n_added);
    piq_json_put_int(w, "steps_removed", (int64_t)ch->n_removed);
    put_day(w, "completion_before", ch->completion_before);
    put_day(w, "completion_after", ch->completion_after);
    write_cause(x, w);
    write_effect(x, w);
    write_planned_from(x, w);
    write_believed(x, w);
    piq_json_key(w, "kept");
    piq_kept_plans_write(x->kept, w);
    piq_json_object_end(w);
    piq_buf_release(&why);
}

/* Numbers as they were: none has more digits than this. */
static void copy_entry(json_t *entry, piq_json_writer *w)
{
    json_object_del(entry, "believed"); /* the newest one's alone */
    char *text = json_dumps(entry, JSON_COMPACT | JSON_REAL_PRECISION(12));
    if (text)
        piq_json_raw(w, piq_str_of(text));
    else
        w->out->status = PIQ_ENOMEM;
    free(text);
}

void piq_history_write(piq_str old, json_t *newest, const piq_adaptation *x,
                       piq_buf *out)
{
    piq_json_writer w;
    piq_str entries[PIQ_MAX_ADAPTATIONS];
    size_t n = piq_history_find(old, entries);
    piq_json_init(&w, out);
    piq_json_array(&w);
    for (size_t i = n == PIQ_MAX_ADAPTATIONS; i + 1 < n; i++)
        piq_json_raw(&w, entries[i]);
    if (n)
        copy_entry(newest, &w);
    write_entry(x, &w);
    piq_json_array_end(&w);
}
