#include "engine/past.h"

#include "engine/voiding.h"

#include <stdlib.h>

enum { PIECE = 2048 };

/* ---- what is stored ------------------------------------------------------ */

static int cmp_seq(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static piq_status add_rows(piq_past *p, const piq_event_row *more, size_t n)
{
    piq_event_row *rows = piq_new(&p->arena, piq_event_row, p->n_rows + n);
    if (!rows)
        return PIQ_ENOMEM;
    if (p->n_rows)
        memcpy(rows, p->rows, p->n_rows * sizeof *rows);
    if (n)
        memcpy(rows + p->n_rows, more, n * sizeof *rows);
    p->rows = rows;
    p->n_rows += n;
    return PIQ_OK;
}

static void note_void(piq_past *p, piq_str id, int64_t by)
{
    for (size_t i = 0; i < p->n_rows; i++)
        if (piq_str_eq(p->rows[i].event_id, id))
            p->voided_by[i] = by;
}

static piq_status find_voided(piq_past *p, piq_err *err)
{
    piq_status status = PIQ_OK;
    p->voided_by = piq_new(&p->arena, int64_t, p->n_rows);
    if (!p->voided_by)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < p->n_rows; i++)
        p->voided_by[i] = INT64_MAX;
    for (size_t i = 0; i < p->n_rows && status == PIQ_OK; i++) {
        piq_event event = {0};
        if (p->rows[i].type != PIQ_EV_VOIDED)
            continue;
        status = piq_engine_read_event(p->engine, &p->arena, &p->rows[i],
                                       &event, err);
        if (status == PIQ_OK)
            note_void(p, event.u.voided.voids, p->rows[i].seq);
    }
    return status;
}

piq_status piq_past_read(piq_past *p, piq_err *err)
{
    piq_store *store = p->engine->store;
    piq_event_range range = {.user = p->user,
                             .after_us = INT64_MIN,
                             .until_us = INT64_MAX,
                             .limit = PIECE};
    size_t n = PIECE;
    piq_status status = PIQ_OK;
    while (n == PIECE && status == PIQ_OK) {
        piq_event_row *rows;
        status = store->ops->events(store, &p->arena, &range, &rows, &n, err);
        if (status == PIQ_OK)
            status = add_rows(p, rows, n);
        if (status == PIQ_OK && n) {
            range.after_us = rows[n - 1].at_us;
            range.after_id = rows[n - 1].event_id;
        }
    }
    p->seqs = piq_new(&p->arena, int64_t, p->n_rows);
    if (status == PIQ_OK && !p->seqs)
        status = PIQ_ENOMEM;
    for (size_t i = 0; status == PIQ_OK && i < p->n_rows; i++)
        p->seqs[i] = p->rows[i].seq;
    if (status == PIQ_OK && p->n_rows)
        qsort(p->seqs, p->n_rows, sizeof *p->seqs, cmp_seq);
    return status ? status : find_voided(p, err);
}

/* ---- the state then ------------------------------------------------------ */

static void forget_state(piq_past *p)
{
    piq_learner_free(p->learner);
    piq_model_release(p->model);
    p->learner = NULL;
    p->model = NULL;
    p->n_folded = 0;
}

static piq_status begin_state(piq_past *p, const piq_moment *at, piq_err *err)
{
    const piq_catalogue *first;
    piq_engine *e = p->engine;
    piq_status status = PIQ_OK;
    if (at->model)
        status = piq_engine_model_version(e, at->model, at->catalogue_version,
                                          &p->model, err);
    if (status == PIQ_OK)
        status = piq_engine_catalogue_version(e, p->rows[0].catalogue_version,
                                              &first, err);
    if (status == PIQ_OK)
        status = piq_learner_new(p->user, first, &p->learner);
    if (status == PIQ_OK)
        status = piq_learner_trace(p->learner, piq_model_tracing(p->model));
    return status;
}

/* Folds in the rows of seqs after `above` up to `until`. */
static piq_status fold_rows(piq_past *p, int64_t above, int64_t until,
                            piq_err *err)
{
    piq_arena a;
    piq_status status = PIQ_OK;
    piq_arena_init(&a, 0);
    for (size_t i = 0; i < p->n_rows && status == PIQ_OK; i++) {
        piq_event event = {0};
        piq_fold_effect effect;
        if (p->rows[i].seq <= above || p->rows[i].seq > until)
            continue;
        status = piq_engine_read_event(p->engine, &a, &p->rows[i], &event, err);
        if (p->voided_by[i] <= until)
            piq_event_set_void(&event);
        if (status == PIQ_OK)
            status = piq_fold_next(p->engine, p->learner,
                                   piq_model_tracing(p->model), &event, &effect,
                                   err);
        p->n_folded++;
        piq_arena_clear(&a);
    }
    piq_arena_release(&a);
    return status;
}

/* Whether the rows to come stand behind all that were folded, and void none of
 * them. */
static bool goes_on(const piq_past *p, int64_t above, int64_t until)
{
    bool newer = false;
    for (size_t i = 0; i < p->n_rows; i++) {
        if (p->rows[i].seq > until)
            continue;
        if (p->rows[i].seq > above)
            newer = true;
        else if (newer || (p->voided_by[i] > above && p->voided_by[i] <= until))
            return false;
    }
    return true;
}

static uint32_t model_of(const piq_past *p)
{
    return p->model ? piq_model_tracing(p->model)->model : 0;
}

/* p->learner as it was then. PIQ_ECORRUPT: events are missing. */
static piq_status restore_state(piq_past *p, const piq_moment *at,
                                const piq_catalogue *catalogue, piq_err *err)
{
    if (!at->n_events || at->n_events > p->n_rows)
        return piq_fail(err, PIQ_ECORRUPT,
                        "what the learner was given was made from events "
                        "that there are not");
    int64_t until = p->seqs[at->n_events - 1];
    int64_t above = p->n_folded ? p->seqs[p->n_folded - 1] : INT64_MIN;
    bool forward = p->learner && at->n_events >= p->n_folded &&
                   model_of(p) == at->model && goes_on(p, above, until) &&
                   (!p->model || piq_model_tracing(p->model)->catalogue ==
                                     at->catalogue_version);
    piq_status status = PIQ_OK;
    if (!forward) {
        forget_state(p);
        above = INT64_MIN;
        status = begin_state(p, at, err);
    }
    if (status == PIQ_OK)
        status = fold_rows(p, above, until, err);
    if (status == PIQ_OK && catalogue->version > p->learner->catalogue_version)
        status = piq_learner_grow(p->learner, catalogue);
    return status;
}

/* ---- who judged ---------------------------------------------------------- */

static int cmp_entry(const void *a, const void *b)
{
    const piq_calibration_entry *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* A book in which `number` is the newest calibration. */
static piq_status open_book(piq_past *p, uint32_t number, piq_err *err)
{
    piq_store *store = p->engine->store;
    piq_calibration_entry *list = NULL;
    size_t n = 0;
    piq_arena a;
    if (p->book && p->book_number == number)
        return PIQ_OK;
    piq_calibration_book_free(p->book);
    p->book = NULL;
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status = piq_calibration_book_new(&p->book);
    if (status == PIQ_OK && number)
        status = store->ops->calibrations(store, &a, &list, &n, err);
    if (status == PIQ_OK && n)
        qsort(list, n, sizeof *list, cmp_entry);
    for (size_t i = 0; i < n && status == PIQ_OK && list[i].number <= number;
         i++)
        status =
            piq_calibration_book_add(p->book, list[i].number, &list[i].item, 1);
    piq_arena_release(&a);
    p->book_number = number;
    return status;
}

/* ---- the past ------------------------------------------------------------ */

void piq_past_init(piq_past *p, piq_engine *e, piq_user_id user)
{
    *p = (piq_past){.engine = e, .user = user};
    piq_arena_init(&p->arena, (size_t)1 << 30);
}

void piq_past_release(piq_past *p)
{
    forget_state(p);
    piq_calibration_book_free(p->book);
    piq_arena_release(&p->arena);
}

piq_status piq_past_restore(piq_past *p, const piq_moment *at,
                            const piq_catalogue **catalogue, piq_err *err)
{
    piq_status status = piq_engine_catalogue_version(
        p->engine, at->catalogue_version, catalogue, err);
    if (status == PIQ_OK)
        status = restore_state(p, at, *catalogue, err);
    if (status == PIQ_OK)
        status = open_book(p, at->calibration, err);
    return status;
}

piq_judge piq_past_judge(const piq_past *p)
{
    return (piq_judge){piq_model_tracing(p->model), p->book};
}
