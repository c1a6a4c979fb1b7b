/* plan_replay.c - a stored path, planned again from the event log.
 *
 * Each entry of adaptation_history tells how many events the state had that
 * was planned from. A learner's events get their seq in the order of their
 * commits, so those were the first so many by seq, folded in their own order.
 * From the first plan on, each is made again from the one before; in the end
 * row and stored row must be the same, to the byte.
 *
 * A history is bounded, and a model's body may be dropped: where the first
 * plan or what judged it is forgotten, nothing can be said.
 */
#include "domain/json_reader.h"
#include "engine/engine_internal.h"
#include "engine/planning.h"

#include <stdlib.h>

enum { PIECE = 2048 };

typedef struct chain {
    piq_engine *engine;
    piq_user_id user;
    piq_arena arena;     /* what lives as long as the chain */
    piq_event_row *rows; /* all events, in fold order */
    int64_t *seqs;       /* ascending */
    size_t n_rows;
    piq_path_row stored;
    json_t *history;
    piq_path_row row; /* planned so far */
    /* The state at the entry before, to go on from. */
    piq_learner *learner;
    piq_model_hold *model;
    size_t n_folded;
    piq_calibration_book *book; /* as of calibration `book_number` */
    uint32_t book_number;
} chain;

/* ---- what is stored ------------------------------------------------------ */

static int cmp_seq(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static piq_status add_rows(chain *c, const piq_event_row *more, size_t n)
{
    piq_event_row *rows = piq_new(&c->arena, piq_event_row, c->n_rows + n);
    if (!rows)
        return PIQ_ENOMEM;
    if (c->n_rows)
        memcpy(rows, c->rows, c->n_rows * sizeof *rows);
    if (n)
        memcpy(rows + c->n_rows, more, n * sizeof *rows);
    c->rows = rows;
    c->n_rows += n;
    return PIQ_OK;
}

static piq_status read_events(chain *c, piq_err *err)
{
    piq_store *store = c->engine->store;
    piq_event_range range = {.user = c->user,
                             .after_us = INT64_MIN,
                             .until_us = INT64_MAX,
                             .limit = PIECE};
    size_t n = PIECE;
    piq_status status = PIQ_OK;
    while (n == PIECE && status == PIQ_OK) {
        piq_event_row *rows;
        status = store->ops->events(store, &c->arena, &range, &rows, &n, err);
        if (status == PIQ_OK)
            status = add_rows(c, rows, n);
        if (status == PIQ_OK && n) {
            range.after_us = rows[n - 1].at_us;
            range.after_id = rows[n - 1].event_id;
        }
    }
    c->seqs = piq_new(&c->arena, int64_t, c->n_rows);
    if (status == PIQ_OK && !c->seqs)
        status = PIQ_ENOMEM;
    for (size_t i = 0; status == PIQ_OK && i < c->n_rows; i++)
        c->seqs[i] = c->rows[i].seq;
    if (status == PIQ_OK && c->n_rows)
        qsort(c->seqs, c->n_rows, sizeof *c->seqs, cmp_seq);
    return status;
}

/* ---- the state then ------------------------------------------------------ */

static void forget_state(chain *c)
{
    piq_learner_free(c->learner);
    piq_model_release(c->model);
    c->learner = NULL;
    c->model = NULL;
    c->n_folded = 0;
}

static piq_status begin_state(chain *c, const piq_planned_from *from,
                              piq_err *err)
{
    const piq_catalogue *first;
    piq_engine *e = c->engine;
    piq_status status = PIQ_OK;
    if (from->model)
        status = piq_engine_model_version(
            e, from->model, from->catalogue_version, &c->model, err);
    if (status == PIQ_OK)
        status = piq_engine_catalogue_version(e, c->rows[0].catalogue_version,
                                              &first, err);
    if (status == PIQ_OK)
        status = piq_learner_new(c->user, first, &c->learner);
    if (status == PIQ_OK)
        status = piq_learner_trace(c->learner, piq_model_tracing(c->model));
    return status;
}

/* Folds in the rows of seqs after `above` up to `until`. */
static piq_status fold_rows(chain *c, int64_t above, int64_t until,
                            piq_err *err)
{
    piq_arena a;
    piq_status status = PIQ_OK;
    piq_arena_init(&a, 0);
    for (size_t i = 0; i < c->n_rows && status == PIQ_OK; i++) {
        piq_event event = {0};
        piq_fold_effect effect;
        if (c->rows[i].seq <= above || c->rows[i].seq > until)
            continue;
        status = piq_engine_read_event(c->engine, &a, &c->rows[i], &event, err);
        if (status == PIQ_OK)
            status = piq_fold_next(c->engine, c->learner,
                                   piq_model_tracing(c->model), &event, &effect,
                                   err);
        c->n_folded++;
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
    return status;
}

/* Whether the rows to come stand behind all that were folded. */
static bool goes_on(const chain *c, int64_t above, int64_t until)
{
    bool newer = false;
    for (size_t i = 0; i < c->n_rows; i++) {
        if (c->rows[i].seq > until)
            continue;
        if (c->rows[i].seq > above)
            newer = true;
        else if (newer)
            return false;
    }
    return true;
}

static uint32_t model_of(const chain *c)
{
    return c->model ? piq_model_tracing(c->model)->model : 0;
}

/* c->learner as it was planned from. PIQ_ECORRUPT: events are missing. */
static piq_status restore_state(chain *c, const piq_planned_from *from,
                                const piq_catalogue *catalogue, piq_err *err)
{
    if (!from->n_events || from->n_events > c->n_rows)
        return piq_fail(err, PIQ_ECORRUPT,
                        "a path of learner %lld was planned from events that "
                        "there are not",
                        (long long)c->user.v);
    int64_t until = c->seqs[from->n_events - 1];
    int64_t above = c->n_folded ? c->seqs[c->n_folded - 1] : INT64_MIN;
    bool forward = c->learner && from->n_events >= c->n_folded &&
                   model_of(c) == from->model && goes_on(c, above, until) &&
                   (!c->model || piq_model_tracing(c->model)->catalogue ==
                                     from->catalogue_version);
    piq_status status = PIQ_OK;
    if (!forward) {
        forget_state(c);
        above = INT64_MIN;
        status = begin_state(c, from, err);
    }
    if (status == PIQ_OK)
        status = fold_rows(c, above, until, err);
    if (status == PIQ_OK && catalogue->version > c->learner->catalogue_version)
        status = piq_learner_grow(c->learner, catalogue);
    return status;
}

/* ---- who judged ---------------------------------------------------------- */

static int cmp_entry(const void *a, const void *b)
{
    const piq_calibration_entry *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* A book in which `number` is the newest calibration. */
static piq_status open_book(chain *c, uint32_t number, piq_err *err)
{
    piq_store *store = c->engine->store;
    piq_calibration_entry *list = NULL;
    size_t n = 0;
    piq_arena a;
    if (c->book && c->book_number == number)
        return PIQ_OK;
    piq_calibration_book_free(c->book);
    c->book = NULL;
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status = piq_calibration_book_new(&c->book);
    if (status == PIQ_OK && number)
        status = store->ops->calibrations(store, &a, &list, &n, err);
    if (status == PIQ_OK && n)
        qsort(list, n, sizeof *list, cmp_entry);
    for (size_t i = 0; i < n && status == PIQ_OK && list[i].number <= number;
         i++)
        status =
            piq_calibration_book_add(c->book, list[i].number, &list[i].item, 1);
    piq_arena_release(&a);
    c->book_number = number;
    return status;
}

/* ---- the chain ----------------------------------------------------------- */

static piq_status plan_again(chain *c, const piq_planned_from *from,
                             piq_err *err)
{
    const piq_catalogue *catalogue;
    piq_arena a;
    piq_status status = piq_engine_catalogue_version(
        c->engine, from->catalogue_version, &catalogue, err);
    if (status == PIQ_OK)
        status = restore_state(c, from, catalogue, err);
    if (status == PIQ_OK)
        status = open_book(c, from->calibration, err);
    if (status)
        return status;
    piq_planning p = {.catalogue = catalogue,
                      .learner = c->learner,
                      .by = {piq_model_tracing(c->model), c->book},
                      .version = from->version,
                      .now_us = from->at_us,
                      .reason = piq_str_of(from->reason),
                      .stored = &c->row,
                      .again = from};
    piq_arena_init(&a, 0);
    status = piq_planning_run(&a, &c->arena, &p, &c->row, err);
    piq_arena_release(&a);
    c->row.id = c->stored.id;
    return status;
}

static bool same_row(const piq_path_row *a, const piq_path_row *b)
{
    return piq_str_eq(a->path_config, b->path_config) &&
           piq_str_eq(a->adaptation_history, b->adaptation_history) &&
           a->state_version == b->state_version &&
           a->current_position == b->current_position &&
           a->estimated_completion_us == b->estimated_completion_us &&
           a->created_us == b->created_us;
}

/* Whether the history goes back to the first plan, and tells enough. */
static bool is_whole(const json_t *history)
{
    size_t n = json_array_size(history);
    for (size_t i = 0; i < n; i++) {
        piq_planned_from from =
            piq_planned_from_entry(json_array_get(history, i));
        if (!from.told || from.at_us == INT64_MAX || from.first != (i == 0))
            return false;
    }
    return n > 0;
}

static piq_status replay(chain *c, piq_path_replay *out, piq_err *err)
{
    piq_store *store = c->engine->store;
    piq_status status =
        store->ops->path(store, &c->arena, c->user, &c->stored, err);
    if (status == PIQ_ENOTFOUND) {
        *out = PIQ_PATH_NONE;
        return PIQ_OK;
    }
    if (status == PIQ_OK)
        status = piq_json_parse(c->stored.adaptation_history, &c->history, err);
    if (status)
        return status;
    *out = PIQ_PATH_FORGOTTEN;
    if (!is_whole(c->history))
        return PIQ_OK;
    status = read_events(c, err);
    for (size_t i = 0; i < json_array_size(c->history) && status == PIQ_OK;
         i++) {
        piq_planned_from from =
            piq_planned_from_entry(json_array_get(c->history, i));
        status = plan_again(c, &from, err);
    }
    if (status == PIQ_ENOTFOUND) /* the model was dropped since */
        return PIQ_OK;
    *out = status == PIQ_OK && same_row(&c->row, &c->stored) ? PIQ_PATH_SAME
                                                             : PIQ_PATH_DIFFERS;
    return status;
}

piq_status piq_engine_replay_path(piq_engine *e, piq_user_id user,
                                  piq_path_replay *out, piq_err *err)
{
    chain c = {.engine = e, .user = user};
    piq_arena_init(&c.arena, (size_t)1 << 30);
    piq_status status = replay(&c, out, err);
    forget_state(&c);
    piq_calibration_book_free(c.book);
    json_decref(c.history);
    piq_arena_release(&c.arena);
    return status;
}
