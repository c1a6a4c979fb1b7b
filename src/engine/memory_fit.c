#include "engine/memory_fit.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "engine/engine_internal.h"
#include "engine/voiding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { USERS_PIECE = 1024, EVENTS_PIECE = 2048 };
static const size_t KEPT_BYTES = (size_t)8 << 30;

/* One review, before they are sorted into cards. */
typedef struct review {
    int64_t at_us;
    int32_t day;
    uint16_t concept;
    uint8_t rating;
} review;

typedef struct fitting {
    piq_engine *engine;
    const atomic_bool *stop;
    piq_arena kept;  /* histories, users */
    piq_arena piece; /* of events */
    piq_voids voids; /* of all learners; in `kept` */
    review *reviews; /* of the learner at hand; heap */
    size_t n_reviews, cap_reviews;
    piq_memory_history *histories; /* [n]; heap, as users */
    piq_user_id *users;
    size_t n, cap;
    piq_memory_fit_report *report;
} fitting;

static bool is_stopped(const fitting *f)
{
    return f->stop && atomic_load(f->stop);
}

/* ---- one learner's reviews ------------------------------------------------
 */

static piq_status note_reviews(fitting *f, const piq_event *event,
                               const piq_fold_effect *effect)
{
    if (f->n_reviews + effect->n_reviews > f->cap_reviews) {
        size_t cap = 2 * (f->cap_reviews + effect->n_reviews) + 256;
        review *more = piq_alloc_should_fail()
                           ? NULL
                           : realloc(f->reviews, cap * sizeof *more);
        if (!more)
            return PIQ_ENOMEM;
        f->reviews = more;
        f->cap_reviews = cap;
    }
    for (size_t i = 0; i < effect->n_reviews; i++) {
        const piq_fold_review *r = &effect->reviews[i];
        f->reviews[f->n_reviews++] =
            (review){event->at_us, r->day, r->concept.v, r->rating};
    }
    return PIQ_OK;
}

static piq_status fold_row(fitting *f, const piq_event_row *row,
                           piq_learner **l, piq_err *err)
{
    piq_event event = {0};
    piq_fold_effect effect;
    const piq_catalogue *c;
    piq_status status =
        piq_engine_read_event(f->engine, &f->piece, row, &event, err);
    if (status == PIQ_OK && !*l) {
        status = piq_engine_catalogue_version(f->engine,
                                              event.catalogue_version, &c, err);
        if (status == PIQ_OK)
            status = piq_learner_new(row->user, c, l);
    }
    if (piq_voids_has(&f->voids, row->user, row->event_id))
        piq_event_set_void(&event);
    if (status == PIQ_OK)
        status = piq_fold_next(f->engine, *l, NULL, &event, &effect, err);
    return status ? status : note_reviews(f, &event, &effect);
}

/* Without a trained model: memory asks for none. */
static piq_status fold_events(fitting *f, piq_user_id user, piq_learner **l,
                              piq_err *err)
{
    char last_id[PIQ_MAX_EVENT_ID_BYTES];
    size_t n = EVENTS_PIECE;
    piq_status status = PIQ_OK;
    piq_store *store = f->engine->store;
    piq_event_range range = {.user = user,
                             .after_us = INT64_MIN,
                             .until_us = INT64_MAX,
                             .limit = EVENTS_PIECE};
    while (status == PIQ_OK && n == EVENTS_PIECE && !is_stopped(f)) {
        piq_event_row *rows;
        n = 0;
        piq_arena_clear(&f->piece);
        status = store->ops->events(store, &f->piece, &range, &rows, &n, err);
        for (size_t i = 0; i < n && status == PIQ_OK; i++)
            status = fold_row(f, &rows[i], l, err);
        if (status == PIQ_OK && n) {
            const piq_event_row *last = &rows[n - 1];
            memcpy(last_id, last->event_id.ptr, last->event_id.len);
            range.after_us = last->at_us;
            range.after_id = (piq_str){last_id, last->event_id.len};
        }
    }
    return status;
}

/* ---- as cards
 * ---------------------------------------------------------------- */

/* A concept is a card; its reviews stay in their order. */
static piq_status make_cards(fitting *f, size_t n_concepts, piq_fsrs_cards *out)
{
    size_t *at = piq_new(&f->kept, size_t, n_concepts + 1);
    piq_fsrs_review *list = piq_new(&f->kept, piq_fsrs_review, f->n_reviews);
    int32_t *day = piq_new(&f->piece, int32_t, n_concepts);
    size_t *next = piq_new(&f->piece, size_t, n_concepts);
    if (!at || !list || !day || !next)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < f->n_reviews; i++)
        at[f->reviews[i].concept + 1]++;
    for (size_t k = 0; k < n_concepts; k++) {
        at[k + 1] += at[k];
        next[k] = at[k];
    }
    for (size_t i = 0; i < f->n_reviews; i++) {
        const review *r = &f->reviews[i];
        bool first = next[r->concept] == at[r->concept];
        int32_t elapsed = first ? 0 : r->day - day[r->concept];
        day[r->concept] = r->day;
        list[next[r->concept]++] = (piq_fsrs_review){
            r->at_us / 1000, elapsed > 0 ? elapsed : 0, r->rating};
    }
    *out = (piq_fsrs_cards){n_concepts, at, list};
    return PIQ_OK;
}

static piq_status room_for_one(fitting *f)
{
    if (f->n < f->cap)
        return PIQ_OK;
    size_t cap = 2 * f->cap + 64;
    bool fails = piq_alloc_should_fail();
    piq_memory_history *histories =
        fails ? NULL : realloc(f->histories, cap * sizeof *histories);
    if (!histories)
        return PIQ_ENOMEM;
    f->histories = histories;
    piq_user_id *users = realloc(f->users, cap * sizeof *users);
    if (!users)
        return PIQ_ENOMEM;
    f->users = users;
    f->cap = cap;
    return PIQ_OK;
}

static piq_status collect_learner(fitting *f, piq_user_id user, piq_err *err)
{
    piq_learner *l = NULL;
    f->n_reviews = 0;
    piq_status status = fold_events(f, user, &l, err);
    if (status == PIQ_OK && l && f->n_reviews)
        status = room_for_one(f);
    if (status == PIQ_OK && l && f->n_reviews) {
        piq_memory_history *h = &f->histories[f->n];
        *h = (piq_memory_history){.params = l->memory.params,
                                  .from = l->memory.from,
                                  .fitted_on = l->memory.fitted_on};
        piq_arena_clear(&f->piece);
        status = make_cards(f, l->memory.n_concepts, &h->cards);
        f->users[f->n] = user;
        f->n += status == PIQ_OK;
        f->report->reviews += f->n_reviews;
    }
    piq_learner_free(l);
    return status;
}

static piq_status collect_all(fitting *f, piq_err *err)
{
    piq_arena list_arena;
    piq_user_id after = {0}, *list;
    size_t n = USERS_PIECE;
    piq_store *store = f->engine->store;
    piq_arena_init(&list_arena, 0);
    piq_status status =
        piq_voids_read(f->engine, &f->kept, (piq_user_id){PIQ_ANY_USER},
                       INT64_MIN, &f->voids, err);
    while (status == PIQ_OK && n == USERS_PIECE) {
        n = 0;
        piq_arena_clear(&list_arena);
        status = store->ops->users(store, &list_arena, after, USERS_PIECE,
                                   &list, &n, err);
        for (size_t i = 0; i < n && status == PIQ_OK; i++) {
            status = collect_learner(f, list[i], err);
            after = list[i];
        }
    }
    piq_arena_release(&list_arena);
    return status;
}

/* ---- giving
 * ------------------------------------------------------------------- */

static piq_status give(fitting *f, piq_user_id user, const piq_fitted *fitted,
                       piq_err *err)
{
    char id[PIQ_MAX_EVENT_ID_BYTES];
    int64_t now_us = piq_clock_now_us();
    piq_op *op = piq_op_new(PIQ_OP_EVENTS, user, now_us);
    piq_event *event = op ? piq_new(&op->arena, piq_event, 1) : NULL;
    int len = snprintf(id, sizeof id, "memory-fitted-%lld", (long long)now_us);
    char *kept = event ? piq_arena_strndup(&op->arena, id, (size_t)len) : NULL;
    if (!kept) {
        piq_op_free(op);
        return PIQ_ENOMEM;
    }
    *event = (piq_event){.user = user,
                         .event_id = {kept, (size_t)len},
                         .at_us = now_us,
                         .type = PIQ_EV_MEMORY_FITTED};
    event->u.fitted = *fitted;
    op->events = event;
    op->n_events = 1;
    op->if_version = -2;
    piq_status status = piq_engine_run(f->engine, op);
    if (status && err)
        *err = op->err;
    piq_op_free(op);
    return status;
}

/* One that is too busy now, gone, or has paused, is left for the next time. */
static bool passes_by(piq_status status)
{
    return status == PIQ_EBUSY || status == PIQ_ESTALE ||
           status == PIQ_ENOTFOUND || status == PIQ_EDENIED;
}

static piq_status give_all(fitting *f, const piq_memory_choices *c,
                           piq_err *err)
{
    piq_memory_fit_report *r = f->report;
    double before = 0, after = 0;
    for (size_t i = 0; i < f->n; i++) {
        const piq_memory_choice *x = &c->list[i];
        piq_status status = PIQ_EBUSY;
        if (x->give && !is_stopped(f))
            status = give(f, f->users[i], &x->fitted, err);
        if (status && !passes_by(status))
            return status;
        bool own = status == PIQ_OK && x->fitted.from == PIQ_FITTED_LEARNER;
        r->left += status != PIQ_OK;
        r->given_own += own;
        r->given_population += status == PIQ_OK && !own;
        before += own ? x->own.before : 0;
        after += own ? x->own.after : 0;
    }
    double n = (double)r->given_own;
    r->own_before = n > 0 ? before / n : (double)NAN;
    r->own_after = n > 0 ? after / n : (double)NAN;
    return PIQ_OK;
}

static piq_status fit_and_give(fitting *f, piq_err *err)
{
    piq_memory_choices choices = {0};
    piq_status status = collect_all(f, err);
    f->report->learners = f->n;
    if (status || is_stopped(f)) {
        f->report->left = f->n;
        return status;
    }
    status = piq_memory_choose(&f->kept, f->histories, f->n, &choices, err);
    if (status)
        return status;
    f->report->items = choices.items;
    f->report->has_population = choices.has_population;
    f->report->population = choices.population;
    return give_all(f, &choices, err);
}

piq_status piq_engine_fit_memory(piq_engine *e, const atomic_bool *stop,
                                 piq_memory_fit_report *out, piq_err *err)
{
    if (!piq_engine_catalogue(e))
        return piq_fail(err, PIQ_ENOTFOUND, "there is no curriculum yet");
    *out = (piq_memory_fit_report){.own_before = NAN, .own_after = NAN};
    fitting f = {.engine = e, .stop = stop, .report = out};
    piq_arena_init(&f.kept, KEPT_BYTES);
    piq_arena_init(&f.piece, 0);
    piq_status status = fit_and_give(&f, err);
    if (status == PIQ_ENOMEM)
        piq_fail(err, status, "no memory to fit memory's parameters");
    free(f.reviews);
    free(f.histories);
    free(f.users);
    piq_arena_release(&f.kept);
    piq_arena_release(&f.piece);
    return status;
}
