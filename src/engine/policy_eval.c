#include "engine/policy_eval.h"

#include "base/calendar.h"
#include "base/map.h"
#include "engine/engine_internal.h"
#include "engine/policy.h"
#include "engine/slate_log.h"
#include "recommend/reward.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIECE = 256,
    MAX_ROWS = 200000,
    FIRST_ROWS = 1024,
    WIDTH = PIQ_N_TERMS + 1,
    TERMS_FORMAT = 2
};
static const size_t ARENA_BYTES = (size_t)4 << 30;

/* Who might have stood in the place of a row. */
typedef struct place {
    const piq_logged_choice *explored;
} place;

typedef struct judging {
    const piq_policy_question *q;
    const piq_catalogue *catalogue;
    piq_recommend_policy challenger;
    int64_t made_us; /* its weights; INT64_MIN: by hand */
    piq_arena keep;  /* rows and what they point to */
    piq_offpolicy_row *rows;
    const double **logged;
    place *places;     /* of the rows */
    uint32_t *learner; /* of the rows, by `learners` */
    size_t n, room, n_known;
    piq_map learners; /* user id -> number */
    piq_policy_left_out left_out;
} judging;

bool piq_challenger_of(const char *name, piq_challenger *out)
{
    static const char *const names[] = {"current", "prior", "greedy"};
    char *end;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (piq_challenger){.kind = (piq_challenger_kind)i};
            return true;
        }
    if (name[0] < '1' || name[0] > '9')
        return false;
    unsigned long long version = strtoull(name, &end, 10);
    if (*end || version > UINT32_MAX)
        return false;
    *out = (piq_challenger){PIQ_CHALLENGER_VERSION, (uint32_t)version};
    return true;
}

/* ---- the challenger ------------------------------------------------------ */

static piq_status find_birth(piq_engine *e, judging *k, piq_err *err)
{
    piq_model_row row;
    k->made_us = INT64_MIN;
    if (!k->challenger.version)
        return PIQ_OK;
    piq_status status = e->store->ops->model(
        e->store, &k->keep, PIQ_MODEL_POLICY, k->challenger.version, &row, err);
    if (status == PIQ_OK)
        k->made_us = row.made_us;
    return status;
}

static piq_status find_challenger(piq_engine *e, judging *k, piq_err *err)
{
    piq_policy_hold *h = NULL;
    piq_status status = PIQ_OK;
    switch (k->q->challenger.kind) {
    case PIQ_CHALLENGER_PRIOR:
        break;
    case PIQ_CHALLENGER_CURRENT:
    case PIQ_CHALLENGER_GREEDY:
        h = piq_engine_policy(e);
        break;
    case PIQ_CHALLENGER_VERSION:
        status =
            piq_engine_policy_version(e, k->q->challenger.version, &h, err);
        break;
    }
    if (status == PIQ_OK)
        piq_policy_weights(h, &k->challenger);
    piq_policy_release(h);
    k->challenger.explores = k->q->challenger.kind != PIQ_CHALLENGER_GREEDY;
    return status == PIQ_OK ? find_birth(e, k, err) : status;
}

/* False: a content is not in the catalogue any more. */
static bool value_all(const judging *k, const piq_slate_log *log, double *value)
{
    for (size_t i = 0; i < log->n_explored; i++) {
        const piq_logged_choice *x = &log->explored[i];
        piq_content_ix content;
        if (!piq_catalogue_find_content(k->catalogue, x->content, &content))
            return false;
        const piq_content *c = &k->catalogue->contents[content.v];
        const double *weight = k->challenger.weight[c->type];
        value[i] = 0;
        for (int t = 0; t < PIQ_N_TERMS; t++)
            value[i] += weight[t] * (double)x->terms[t];
    }
    return true;
}

static void choose(const judging *k, const double *value, size_t n,
                   double *chance)
{
    size_t best = 0;
    if (k->challenger.explores) {
        (void)piq_explore_chances(&k->challenger.explore, value, n, chance);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        chance[i] = 0;
        if (value[i] > value[best])
            best = i;
    }
    chance[best] = 1;
}

/* ---- rows ---------------------------------------------------------------- */

static void *longer(piq_arena *a, const void *list, size_t n, size_t room,
                    size_t size)
{
    void *more = piq_arena_alloc(a, room, size);
    if (more && n)
        memcpy(more, list, n * size);
    return more;
}

static piq_status make_room(judging *k)
{
    size_t room = k->room ? 2 * k->room : FIRST_ROWS;
    if (k->n < k->room)
        return PIQ_OK;
    k->rows = longer(&k->keep, k->rows, k->n, room, sizeof *k->rows);
    k->logged = longer(&k->keep, k->logged, k->n, room, sizeof *k->logged);
    k->places = longer(&k->keep, k->places, k->n, room, sizeof *k->places);
    k->learner = longer(&k->keep, k->learner, k->n, room, sizeof *k->learner);
    if (!k->rows || !k->logged || !k->places || !k->learner)
        return PIQ_ENOMEM;
    k->room = room;
    return PIQ_OK;
}

static piq_status number_of(judging *k, piq_user_id user, uint32_t *out)
{
    uint64_t number;
    if (!piq_map_get(&k->learners, (uint64_t)user.v, &number)) {
        number = k->learners.n;
        if (piq_map_put(&k->learners, (uint64_t)user.v, number))
            return PIQ_ENOMEM;
    }
    *out = (uint32_t)number;
    return PIQ_OK;
}

/* Which of those that might have stood there did; n_explored: none. */
static size_t drawn(const piq_slate_log *log)
{
    size_t i = 0;
    while (i < log->n_explored &&
           log->explored[i].content.v != log->shown[log->slot].content.v)
        i++;
    return i;
}

static piq_status add_row(judging *k, const piq_slate_record *slate,
                          const piq_slate_log *log, size_t action)
{
    size_t n = log->n_explored;
    double value[PIQ_EXPLORE_MAX];
    double *chance = piq_new(&k->keep, double, n);
    double *logged = piq_new(&k->keep, double, n);
    piq_logged_choice *explored = piq_new(&k->keep, piq_logged_choice, n);
    uint32_t learner;
    if (!chance || !logged || !explored || make_room(k) ||
        number_of(k, slate->row.user, &learner))
        return PIQ_ENOMEM;
    if (!value_all(k, log, value)) {
        k->left_out.unusable++;
        return PIQ_OK;
    }
    choose(k, value, n, chance);
    memcpy(explored, log->explored, n * sizeof *explored);
    for (size_t i = 0; i < n; i++)
        logged[i] = explored[i].chance;
    const piq_outcome *outcome = &slate->outcomes[log->slot];
    piq_reward reward = piq_reward_of(outcome->action, outcome->feedback_score,
                                      k->q->now_us - slate->row.served_us);
    k->n_known += slate->row.served_us < k->made_us;
    k->learner[k->n] = learner;
    k->logged[k->n] = logged;
    k->places[k->n] = (place){explored};
    k->rows[k->n++] = (piq_offpolicy_row){.reward = reward.value,
                                          .propensity = logged[action],
                                          .target = chance,
                                          .n_actions = (uint32_t)n,
                                          .action = (uint32_t)action};
    return PIQ_OK;
}

static piq_status read_slate(judging *k, piq_arena *a,
                             const piq_slate_record *slate)
{
    piq_slate_log log;
    int64_t age_us = k->q->now_us - slate->row.served_us;
    if (slate->row.served_us < k->q->since_us)
        return PIQ_OK;
    if (age_us < PIQ_IGNORED_HOURS * PIQ_US_PER_HOUR) {
        k->left_out.young++;
        return PIQ_OK;
    }
    piq_status status = piq_slate_log_read(a, slate->row.candidates, &log);
    if (status == PIQ_ENOMEM)
        return status;
    if (status || log.format != TERMS_FORMAT ||
        log.n_explored > PIQ_EXPLORE_MAX ||
        log.n_shown != slate->row.n_recommendations) {
        k->left_out.unusable++;
        return PIQ_OK;
    }
    if (log.n_explored < 2 || log.slot >= log.n_shown) {
        k->left_out.certain++;
        return PIQ_OK;
    }
    size_t action = drawn(&log);
    if (action < log.n_explored)
        return add_row(k, slate, &log, action);
    k->left_out.unusable++;
    return PIQ_OK;
}

static piq_status read_piece(judging *k, piq_arena *a,
                             const piq_slate_record *slates, size_t n,
                             piq_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (read_slate(k, a, &slates[i]))
            return piq_fail(err, PIQ_ENOMEM, "no memory for the log");
        if (k->n > MAX_ROWS)
            return piq_fail(err, PIQ_ELIMIT,
                            "the log has more than %d explored places from "
                            "then on",
                            MAX_ROWS);
    }
    return PIQ_OK;
}

static piq_status read_log(piq_engine *e, judging *k, piq_err *err)
{
    int64_t after = 0;
    size_t n = PIECE;
    piq_arena a;
    piq_status status = PIQ_OK;
    piq_arena_init(&a, 0);
    while (n == PIECE && status == PIQ_OK) {
        piq_slate_record *slates;
        piq_arena_clear(&a);
        status = e->store->ops->slates_after(e->store, &a, after, PIECE,
                                             &slates, &n, err);
        if (status || n == 0)
            break;
        after = slates[n - 1].id;
        status = read_piece(k, &a, slates, n, err);
    }
    piq_arena_release(&a);
    return status;
}

/* ---- the verdict --------------------------------------------------------- */

static void features(const void *ctx, size_t row, uint32_t action, double *x)
{
    const judging *k = ctx;
    x[0] = 1;
    for (int t = 0; t < PIQ_N_TERMS; t++)
        x[t + 1] = (double)k->places[row].explored[action].terms[t];
}

static piq_status judge(piq_engine *e, judging *k, piq_policy_answer *out,
                        piq_err *err)
{
    piq_offpolicy_report report;
    piq_status status = find_challenger(e, k, err);
    if (status == PIQ_OK)
        status = read_log(e, k, err);
    if (status)
        return status;
    if (k->n == 0)
        return piq_fail(err, PIQ_ENOTFOUND,
                        "no slate that is a day old had a place left to "
                        "chance: %zu younger, %zu certain, %zu unusable",
                        k->left_out.young, k->left_out.certain,
                        k->left_out.unusable);
    const piq_offpolicy_log log = {.rows = k->rows,
                                   .n = k->n,
                                   .group = k->learner,
                                   .logged = k->logged,
                                   .width = WIDTH,
                                   .features = features,
                                   .ctx = k};
    status = piq_offpolicy(&k->keep, &log, k->q->options, &report, err);
    if (status == PIQ_OK)
        *out = (piq_policy_answer){report, k->challenger.version, k->n_known,
                                   k->left_out};
    return status;
}

piq_status piq_engine_judge_policy(piq_engine *e, const piq_policy_question *q,
                                   piq_policy_answer *out, piq_err *err)
{
    judging k = {.q = q, .catalogue = piq_engine_catalogue(e)};
    if (!k.catalogue)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    piq_arena_init(&k.keep, ARENA_BYTES);
    piq_map_init(&k.learners);
    piq_status status = judge(e, &k, out, err);
    piq_map_release(&k.learners);
    piq_arena_release(&k.keep);
    return status;
}
