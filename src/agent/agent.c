#include "agent/agent.h"

#include "agent/fields.h"
#include "agent/search.h"
#include "base/json_writer.h"
#include "domain/json_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a reply may cost, in practices tried, and how it is spent. */
enum {
    ADAPT_EFFORT = 6000,
    PLAN_EFFORT = 9000,
    AHEAD = 64 /* steps, in adapt mode */
};
enum { WORLD_BYTES = 1 << 29, EPISODE_BYTES = 1 << 28 };
enum { MAX_LOG = 100000 };

typedef enum phase { NEW, GREETED, TEACHING } phase;

struct piq_agent {
    phase phase;
    piq_arena forever, episode, scratch;
    piq_agent_world world;
    piq_population population;
    piq_view view;
    /* What the budget counts: known once an outcome has shown it. */
    bool by_minutes, unit_known;

    double zero;    /* time of the reset, as the other side counts */
    double now;     /* steps since then */
    double left;    /* of the budget, as last said */
    uint64_t asked; /* replies so far: each draws anew */
    uint32_t *path; /* [n_path] planned actions, next first; heap */
    size_t n_path;
};

static piq_status full(piq_err *err)
{
    return piq_fail(err, PIQ_ENOMEM, "no memory for this dialogue");
}

piq_status piq_agent_new(piq_agent **out)
{
    piq_agent *a = piq_alloc_should_fail() ? NULL : calloc(1, sizeof *a);
    if (!a)
        return PIQ_ENOMEM;
    a->path = piq_alloc_should_fail()
                  ? NULL
                  : calloc(PIQ_AGENT_MAX_STEPS, sizeof *a->path);
    if (!a->path) {
        free(a);
        return PIQ_ENOMEM;
    }
    piq_arena_init(&a->forever, WORLD_BYTES);
    piq_arena_init(&a->episode, EPISODE_BYTES);
    piq_arena_init(&a->scratch, EPISODE_BYTES);
    *out = a;
    return PIQ_OK;
}

void piq_agent_free(piq_agent *a)
{
    if (!a)
        return;
    piq_agent_world_release(&a->world);
    piq_arena_release(&a->forever);
    piq_arena_release(&a->episode);
    piq_arena_release(&a->scratch);
    free(a->path);
    free(a);
}

/* --- hello ------------------------------------------------------------------
 */

static piq_status hello(piq_agent *a, const json_t *line, piq_err *err)
{
    if (a->phase != NEW)
        return piq_fail(err, PIQ_EINVAL, "hello was said already");
    piq_status status = piq_agent_world_read(&a->forever, line, &a->world, err);
    if (status)
        return status;
    if (piq_population_make(&a->forever, &a->world, &a->population))
        return full(err);
    a->phase = GREETED;
    return PIQ_OK;
}

/* --- reset ------------------------------------------------------------------
 */

/* One past answer: [item, score] or [item, score, time]. */
typedef struct past {
    uint32_t item;
    double score;
    double time; /* NAN: not said */
} past;

typedef struct exam {
    uint32_t item;
    double score;
} exam;

/* What a reset says. */
typedef struct entry {
    past *log;
    size_t n_log;
    exam *exams;
    size_t n_exams;
    uint32_t *targets, *exam_item; /* [n_targets] */
    size_t n_targets;
    double budget;
} entry;

static piq_status read_past(const json_t *v, const piq_agent_world *w, size_t i,
                            past *out, piq_err *err)
{
    int64_t id;
    const json_t *time = json_array_get(v, 2);
    if (!json_is_array(v) || json_array_size(v) < 2 ||
        !piq_agent_is_int(json_array_get(v, 0), &id) ||
        !piq_agent_score(json_array_get(v, 1), &out->score))
        return piq_fail(err, PIQ_EINVAL,
                        "\"log\"[%zu] is no pair of item and 0 or 1", i);
    if (!piq_agent_find_item(w, id, &out->item))
        return piq_fail(err, PIQ_EINVAL,
                        "\"log\"[%zu] names item %lld, which hello does not "
                        "have",
                        i, (long long)id);
    out->time = json_is_number(time) ? json_number_value(time) : NAN;
    return PIQ_OK;
}

static piq_status read_log(piq_agent *a, const json_t *line, entry *e,
                           piq_err *err)
{
    const json_t *list;
    piq_status status =
        piq_agent_array(line, "log", MAX_LOG, false, &list, err);
    if (status)
        return status;
    e->n_log = json_array_size(list);
    e->log = piq_new(&a->episode, past, e->n_log);
    if (!e->log)
        return full(err);
    for (size_t i = 0; i < e->n_log && status == PIQ_OK; i++)
        status =
            read_past(json_array_get(list, i), &a->world, i, &e->log[i], err);
    return status;
}

static bool id_of_key(const char *key, int64_t *out)
{
    return piq_str_to_i64(piq_str_of(key), out);
}

static piq_status read_exam(piq_agent *a, const json_t *line, entry *e,
                            piq_err *err)
{
    /* jansson iterates over what it may change only. */
    json_t *object = json_object_get(line, "exam");
    const char *key;
    json_t *v;
    if (!object || json_is_null(object))
        return PIQ_OK;
    if (!json_is_object(object))
        return piq_fail(err, PIQ_EINVAL,
                        "\"exam\" must be an object of item and 0 or 1");
    e->exams = piq_new(&a->episode, exam, json_object_size(object));
    if (!e->exams)
        return full(err);
    json_object_foreach(object, key, v)
    {
        exam *x = &e->exams[e->n_exams];
        int64_t id;
        if (!id_of_key(key, &id) ||
            !piq_agent_find_item(&a->world, id, &x->item))
            return piq_fail(err, PIQ_EINVAL,
                            "\"exam\" names item \"%.40s\", which hello does "
                            "not have",
                            key);
        if (!piq_agent_score(v, &x->score))
            return piq_fail(err, PIQ_EINVAL,
                            "\"exam\" of item %lld must be 0 .. 1",
                            (long long)id);
        e->n_exams++;
    }
    return PIQ_OK;
}

/* The item that asks for a concept at the exam, else one that could. */
static uint32_t item_for(const piq_agent_world *w, const entry *e,
                         uint32_t concept)
{
    for (size_t i = 0; i < e->n_exams; i++)
        if (w->items[e->exams[i].item].concepts[0] == concept)
            return e->exams[i].item;
    if (w->by_concept_at[concept] < w->by_concept_at[concept + 1])
        return w->by_concept[w->by_concept_at[concept]];
    return PIQ_VIEW_NONE;
}

static void add_target(const piq_agent_world *w, entry *e, uint32_t concept)
{
    for (size_t i = 0; i < e->n_targets; i++)
        if (e->targets[i] == concept)
            return;
    e->targets[e->n_targets] = concept;
    e->exam_item[e->n_targets++] = item_for(w, e, concept);
}

static piq_status read_targets(piq_agent *a, const json_t *line, entry *e,
                               piq_err *err)
{
    const json_t *list;
    const piq_agent_world *w = &a->world;
    piq_status status = piq_agent_array(line, "targets", PIQ_AGENT_MAX_CONCEPTS,
                                        true, &list, err);
    if (status)
        return status;
    e->targets = piq_new(&a->episode, uint32_t, json_array_size(list));
    e->exam_item = piq_new(&a->episode, uint32_t, json_array_size(list));
    if (!e->targets || !e->exam_item)
        return full(err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        int64_t id;
        uint32_t concept;
        if (!piq_agent_is_int(json_array_get(list, i), &id) ||
            !piq_agent_find_concept(w, id, &concept))
            return piq_fail(err, PIQ_EINVAL,
                            "\"targets\"[%zu] is no concept of hello", i);
        add_target(w, e, concept);
    }
    return PIQ_OK;
}

static piq_status read_entry(piq_agent *a, const json_t *line, entry *e,
                             piq_err *err)
{
    double time = 0.0;
    e->budget = a->world.steps;
    piq_status status =
        piq_agent_number(line, "budget", 0.0, 1e9, &e->budget, err);
    if (status == PIQ_OK)
        status = piq_agent_number(line, "time", -1e15, 1e15, &time, err);
    if (status == PIQ_OK)
        status = read_log(a, line, e, err);
    if (status == PIQ_OK)
        status = read_exam(a, line, e, err);
    if (status == PIQ_OK)
        status = read_targets(a, line, e, err);
    a->zero = time;
    return status;
}

/* Concepts of the log: those asked last first. */
static uint32_t *seen_concepts(piq_agent *a, const entry *e, size_t *n)
{
    uint32_t *list = piq_new(&a->episode, uint32_t, e->n_log);
    for (size_t i = 0; list && i < e->n_log; i++)
        list[i] = a->world.items[e->log[e->n_log - 1 - i].item].concepts[0];
    *n = e->n_log;
    return list;
}

/* Answers without a time are taken to be a step apart, the last a step ago. */
static void replay(piq_agent *a, const entry *e)
{
    for (size_t i = 0; i < e->n_log; i++) {
        const past *x = &e->log[i];
        double time = isnan(x->time) ? (double)i - (double)e->n_log
                                     : (x->time - a->zero) / a->world.delay;
        piq_population_see(&a->population, x->item, x->score, time,
                           PIQ_SEEN_LOG);
    }
    for (size_t i = 0; i < e->n_exams; i++)
        piq_population_see(&a->population, e->exams[i].item, e->exams[i].score,
                           0.0, PIQ_SEEN_EXAM);
}

static piq_status reset(piq_agent *a, const json_t *line, piq_err *err)
{
    entry e = {0};
    size_t n_seen;
    if (a->phase == NEW)
        return piq_fail(err, PIQ_EINVAL, "reset before hello");
    a->phase = GREETED; /* what was known of the last learner goes */
    piq_arena_clear(&a->episode);
    piq_status status = read_entry(a, line, &e, err);
    if (status)
        return status;
    if (!a->unit_known)
        a->by_minutes = a->world.steps > 0.0 && e.budget != a->world.steps;
    uint32_t *seen = seen_concepts(a, &e, &n_seen);
    if (!seen ||
        piq_view_make(&a->episode, &a->world, e.targets, e.exam_item,
                      e.n_targets, seen, n_seen, a->by_minutes, &a->view))
        return full(err);
    if (piq_population_begin(&a->episode, &a->population, &a->view))
        return full(err);
    replay(a, &e);
    a->now = 0.0;
    a->left = e.budget;
    a->n_path = 0;
    a->phase = TEACHING;
    return PIQ_OK;
}

/* --- next -------------------------------------------------------------------
 */

static piq_status find_path(piq_agent *a, double left, piq_path_try *best,
                            piq_err *err)
{
    piq_scenes scenes;
    bool whole = a->world.plan_mode;
    double cheapest = INFINITY;
    piq_arena_clear(&a->scratch);
    for (size_t i = 0; i < a->view.n_actions; i++)
        cheapest = fmin(cheapest, a->view.actions[i].cost);
    double most = fmin(left / cheapest, PIQ_AGENT_MAX_STEPS);
    if (!whole)
        most = fmin(most, AHEAD);
    uint64_t seed = a->world.seed + 0x9e3779b97f4a7c15u * ++a->asked;
    if (piq_scenes_draw(&a->scratch, &a->population, a->now, seed, &scenes))
        return full(err);
    piq_search_input in = {.scenes = &scenes,
                           .budget = left,
                           .most_steps = (size_t)most,
                           .go_on = a->path,
                           .n_go_on = a->n_path,
                           .effort = whole ? PLAN_EFFORT : ADAPT_EFFORT,
                           .seed = seed ^ 1};
    in.effort -= in.effort * scenes.n_memory / (2 * PIQ_VECTORS);
    return piq_search_path(&a->scratch, &in, best) ? full(err) : PIQ_OK;
}

static void answer(const piq_agent *a, const piq_path_try *path,
                   piq_json_writer *w)
{
    piq_json_object(w);
    if (path->n == 0) {
        piq_json_put_bool(w, "stop", true);
    } else if (a->world.plan_mode) {
        piq_json_key(w, "items");
        piq_json_array(w);
        for (size_t i = 0; i < path->n; i++)
            piq_json_int(
                w, a->world.items[a->view.actions[path->actions[i]].item].id);
        piq_json_array_end(w);
    } else {
        piq_json_put_int(
            w, "item",
            a->world.items[a->view.actions[path->actions[0]].item].id);
    }
    piq_json_object_end(w);
}

static piq_status next(piq_agent *a, const json_t *line, piq_buf *reply,
                       piq_err *err)
{
    piq_json_writer w;
    piq_path_try path = {0};
    double left = a->left;
    if (a->phase != TEACHING)
        return piq_fail(err, PIQ_EINVAL, "next before reset");
    piq_status status = piq_agent_number(line, "left", -1e9, 1e9, &left, err);
    if (status)
        return status;
    a->left = left;
    if (left > 0.0 && a->view.n_targets > 0)
        status = find_path(a, left, &path, err);
    if (status)
        return status;
    a->n_path = path.n;
    if (path.n > 0)
        memcpy(a->path, path.actions, path.n * sizeof *a->path);
    piq_json_init(&w, reply);
    answer(a, &path, &w);
    return reply->status ? full(err) : PIQ_OK;
}

/* --- outcome ----------------------------------------------------------------
 */

/* The budget tells its unit by what an item took of it. */
static void learn_unit(piq_agent *a, double left, double minutes)
{
    double took = a->left - left;
    if (fabs(minutes - 1.0) < 1e-9 || a->unit_known || !(took > 0.0))
        return;
    a->by_minutes = fabs(took - minutes) < fabs(took - 1.0);
    a->unit_known = true;
    for (size_t i = 0; i < a->view.n_actions; i++)
        a->view.actions[i].cost =
            a->by_minutes ? a->world.items[a->view.actions[i].item].minutes
                          : 1.0;
}

/* What was planned goes on, if it was followed. */
static void step_on(piq_agent *a, uint32_t item)
{
    if (a->n_path == 0)
        return;
    if (a->view.actions[a->path[0]].item != item) {
        a->n_path = 0;
        return;
    }
    a->n_path--;
    memmove(a->path, a->path + 1, a->n_path * sizeof *a->path);
}

static piq_status outcome(piq_agent *a, const json_t *line, piq_err *err)
{
    int64_t id;
    uint32_t item;
    double score = 0.0, left = a->left, time = NAN;
    if (a->phase != TEACHING)
        return piq_fail(err, PIQ_EINVAL, "outcome before reset");
    piq_status status =
        piq_agent_int(line, "item", INT64_MIN, INT64_MAX, &id, err);
    if (status == PIQ_OK)
        status = piq_agent_number(line, "left", -1e9, 1e9, &left, err);
    if (status == PIQ_OK)
        status = piq_agent_number(line, "time", -1e15, 1e15, &time, err);
    if (status)
        return status;
    if (!piq_agent_find_item(&a->world, id, &item))
        return piq_fail(err, PIQ_EINVAL,
                        "\"item\" is %lld, which hello does not have",
                        (long long)id);
    if (!piq_agent_score(json_object_get(line, "correct"), &score))
        return piq_fail(err, PIQ_EINVAL, "\"correct\" must be 0 .. 1");
    piq_population_see(&a->population, item, score, a->now, PIQ_SEEN_PRACTICE);
    learn_unit(a, left, a->world.items[item].minutes);
    step_on(a, item);
    a->left = left;
    a->now += 1.0;
    if (!isnan(time) && (time - a->zero) / a->world.delay >= a->now)
        a->now = (time - a->zero) / a->world.delay;
    return PIQ_OK;
}

/* --- lines ------------------------------------------------------------------
 */

static piq_status end(piq_agent *a, piq_err *err)
{
    if (a->phase != TEACHING)
        return piq_fail(err, PIQ_EINVAL, "end before reset");
    a->phase = GREETED;
    return PIQ_OK;
}

static piq_status hear(piq_agent *a, const json_t *line, piq_buf *reply,
                       bool *bye, piq_err *err)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    if (!json_is_object(line))
        return piq_fail(err, PIQ_EINVAL, "a line must be a JSON object");
    if (!type)
        return piq_fail(err, PIQ_EINVAL, "\"type\" is missing");
    if (strcmp(type, "hello") == 0)
        return hello(a, line, err);
    if (strcmp(type, "reset") == 0)
        return reset(a, line, err);
    if (strcmp(type, "next") == 0)
        return next(a, line, reply, err);
    if (strcmp(type, "outcome") == 0)
        return outcome(a, line, err);
    if (strcmp(type, "end") == 0)
        return end(a, err);
    if (strcmp(type, "bye") == 0) {
        *bye = true;
        return PIQ_OK;
    }
    return piq_fail(err, PIQ_EINVAL, "there is no type \"%.40s\"", type);
}

piq_status piq_agent_hear(piq_agent *a, piq_str line, piq_buf *reply, bool *bye,
                          piq_err *err)
{
    json_t *json;
    *bye = false;
    piq_status status = piq_json_parse(line, &json, err);
    if (status)
        return status;
    status = hear(a, json, reply, bye, err);
    json_decref(json);
    return status;
}
