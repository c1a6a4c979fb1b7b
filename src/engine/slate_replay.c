/* slate_replay.c - a served slate, made again from the event log, the stored
 * models and what its log says beside them, and compared to the byte. */
#include "domain/json_reader.h"
#include "engine/engine_internal.h"
#include "engine/past.h"
#include "engine/slate_make.h"

typedef struct again {
    piq_past past;
    piq_slate_record stored;
    piq_slate_log log;
    piq_recommend_request request;
    piq_policy_hold *policy;
    piq_taste_hold *taste;
    piq_steer steer;
    piq_slate slate;
    piq_str made; /* the log of the slate made again */
} again;

/* {"type":..,"limit":..}, and what else there is. */
static piq_status read_request(again *g, piq_err *err)
{
    json_t *json = NULL;
    piq_content_type type;
    piq_status status = piq_json_parse(g->stored.row.request, &json, err);
    if (status)
        return status;
    const char *name = json_string_value(json_object_get(json, "type"));
    json_int_t limit = json_integer_value(json_object_get(json, "limit"));
    g->request = (piq_recommend_request){-1, (size_t)limit};
    bool sound = limit > 0 && limit <= PIQ_EXPLORE_MAX_SLATE;
    if (name && piq_content_type_of(piq_str_of(name), &type))
        g->request.type = (int)type;
    else if (name)
        sound = false;
    json_decref(json);
    return sound ? PIQ_OK
                 : piq_fail(err, PIQ_ECORRUPT,
                            "the request of slate %lld "
                            "cannot be read",
                            (long long)g->stored.id);
}

static piq_status find_parts(again *g, const piq_catalogue *c, piq_err *err)
{
    piq_engine *e = g->past.engine;
    const piq_slate_origin *o = &g->log.origin;
    piq_steer_question q = {.user = g->past.user,
                            .now_us = g->stored.row.served_us,
                            .catalogue = c,
                            .history = g->past.learner->history,
                            .before = g->stored.first_recommendation};
    piq_status status =
        piq_engine_policy_version(e, o->policy, &g->policy, err);
    if (status == PIQ_OK)
        status = piq_engine_taste_version(e, o->taste, &g->taste, err);
    if (status == PIQ_OK)
        status =
            piq_steer_again(e, &g->past.arena, o->rules, &q, &g->steer, err);
    return status;
}

static piq_status make(again *g, piq_err *err)
{
    const piq_slate_row *row = &g->stored.row;
    piq_slate_origin *o = &g->log.origin;
    const piq_catalogue *c;
    piq_moment at = {o->n_events, row->catalogue_version, o->calibration,
                     o->model};
    piq_status status = piq_past_restore(&g->past, &at, &c, err);
    if (status == PIQ_OK)
        status = find_parts(g, c, err);
    if (status)
        return status;
    piq_slate_source s = {.learner = g->past.learner,
                          .by = piq_past_judge(&g->past),
                          .catalogue = c,
                          .now_us = row->served_us,
                          .request = g->request,
                          .origin = *o,
                          .policy = g->policy,
                          .taste = g->taste,
                          .business = g->steer.business};
    piq_buf b;
    status = piq_slate_make(&g->past.arena, &s, &g->slate);
    piq_buf_init(&b, 0);
    if (status == PIQ_OK)
        piq_slate_log_write(&s.origin, &g->slate, c, &b);
    g->made = piq_buf_keep(&b, &g->past.arena);
    piq_buf_release(&b);
    return status == PIQ_OK && !g->made.ptr ? PIQ_ENOMEM : status;
}

/* ---- what differs -------------------------------------------------------- */

static const char *choice_differs(const piq_logged_choice *a,
                                  const piq_logged_choice *b)
{
    if (a->content.v != b->content.v)
        return "its content";
    if (a->cause != b->cause)
        return "its cause";
    if (a->chance != b->chance)
        return "its chance";
    if (a->value != b->value)
        return "its score";
    for (int t = 0; t < PIQ_N_TERMS; t++)
        if (a->terms[t] != b->terms[t])
            return piq_term_name((piq_term)t);
    return NULL;
}

static bool tell_choices(const char *of, const piq_logged_choice *a, size_t na,
                         const piq_logged_choice *b, size_t nb, piq_buf *said)
{
    if (na != nb) {
        piq_buf_printf(said, "%zu %s, and %zu were logged", nb, of, na);
        return true;
    }
    for (size_t i = 0; i < na; i++) {
        const char *what = choice_differs(&a[i], &b[i]);
        if (!what)
            continue;
        piq_buf_printf(said,
                       "number %zu of %s, content %lld (logged: %lld), "
                       "differs in %s",
                       i + 1, of, (long long)b[i].content.v,
                       (long long)a[i].content.v, what);
        return true;
    }
    return false;
}

static bool tell_candidates(const piq_slate_log *a, const piq_slate_log *b,
                            piq_buf *said)
{
    if (a->n_candidates != b->n_candidates) {
        piq_buf_printf(said, "%zu candidates, and %zu were logged",
                       b->n_candidates, a->n_candidates);
        return true;
    }
    for (size_t i = 0; i < a->n_candidates; i++) {
        const piq_logged_candidate *x = &a->candidates[i];
        const piq_logged_candidate *y = &b->candidates[i];
        if (x->content.v == y->content.v && x->score == y->score)
            continue;
        piq_buf_printf(said,
                       "candidate %lld with %.9g, and %lld with %.9g was "
                       "logged",
                       (long long)y->content.v, (double)y->score,
                       (long long)x->content.v, (double)x->score);
        return true;
    }
    return false;
}

static piq_status tell_difference(again *g, piq_buf *said)
{
    const piq_slate_log *a = &g->log;
    piq_slate_log b;
    piq_status status = piq_slate_log_read(&g->past.arena, g->made, &b);
    if (status)
        return status;
    if (!tell_choices("those shown", a->shown, a->n_shown, b.shown, b.n_shown,
                      said) &&
        !tell_choices("those that might have been drawn", a->explored,
                      a->n_explored, b.explored, b.n_explored, said) &&
        !tell_candidates(a, &b, said))
        piq_buf_add_z(said, "what it was made from is not what was logged");
    return said->status;
}

/* ---- the replay ---------------------------------------------------------- */

static void tell_same(const again *g, piq_buf *said)
{
    const piq_slate_log *a = &g->log;
    piq_buf_printf(said,
                   "slate %lld of learner %lld: %zu shown of %zu candidates, "
                   "%zu might have stood at place %zu, all bits equal",
                   (long long)g->stored.id, (long long)g->past.user.v,
                   a->n_shown, a->n_candidates, a->n_explored, a->slot + 1);
}

static piq_status replay(again *g, piq_slate_replay *out, piq_buf *said,
                         piq_err *err)
{
    piq_status status =
        piq_slate_log_read(&g->past.arena, g->stored.row.candidates, &g->log);
    if (status)
        return piq_fail(err, status, "the log of slate %lld cannot be read",
                        (long long)g->stored.id);
    *out = PIQ_SLATE_FORGOTTEN;
    if (g->log.format == 1) {
        piq_buf_add_z(said, "its log is of the first format, which does not "
                            "tell what it was made from");
        return said->status;
    }
    status = read_request(g, err);
    if (status == PIQ_OK)
        status = piq_past_read(&g->past, err);
    if (status == PIQ_OK)
        status = make(g, err);
    if (status == PIQ_ENOTFOUND) {
        piq_buf_add_z(said, "a model that it was made with was dropped since");
        return said->status;
    }
    if (status)
        return status;
    if (piq_str_eq(g->made, g->stored.row.candidates)) {
        *out = PIQ_SLATE_SAME;
        tell_same(g, said);
        return said->status;
    }
    *out = PIQ_SLATE_DIFFERS;
    return tell_difference(g, said);
}

piq_status piq_engine_replay_slate(piq_engine *e, int64_t recommendation,
                                   piq_slate_replay *out, piq_buf *said,
                                   piq_err *err)
{
    again g = {.policy = NULL};
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_status status =
        e->store->ops->slate_of(e->store, &a, recommendation, &g.stored, err);
    if (status == PIQ_OK) {
        piq_past_init(&g.past, e, g.stored.row.user);
        status = replay(&g, out, said, err);
        piq_policy_release(g.policy);
        piq_taste_release(g.taste);
        piq_past_release(&g.past);
    }
    piq_arena_release(&a);
    return status;
}
