/* A commit's rows by the place that keeps them: each learner's shard, and home
 * for what is nobody's. A part keeps the order that its rows had, and knows
 * where they stood, so that numbers rise over the whole commit as they do
 * without shards. A slate's recommendations and its record are its learner's,
 * so they go with it; they are named by their place in the whole. */
#include "store/postgres/shards.h"

#include <stdlib.h>

typedef struct parts {
    piq_arena a;
    piq_postgres *s;
    size_t n;
    piq_pg_rows *rows; /* [n], home's first */
} parts;

static size_t part_of(const parts *p, piq_user_id user)
{
    return user.v <= 0 ? 0 : 1 + piq_pg_shard_of(user, p->s->shards->n);
}

/* Where the rows of one kind go. */
typedef struct kind {
    const void *rows;
    size_t n, size;
    piq_user_id (*user)(const void *row);
} kind;

typedef struct piece {
    void *rows;
    int64_t *at;
    size_t n;
} piece;

/* pieces: [p->n]. */
static bool split(parts *p, const kind *k, piece *pieces)
{
    size_t n_of[1 + PIQ_PG_MAX_SHARDS] = {0};
    for (size_t i = 0; i < k->n; i++)
        n_of[part_of(p, k->user((const char *)k->rows + i * k->size))]++;
    for (size_t i = 0; i < p->n; i++) {
        pieces[i] = (piece){0};
        if (n_of[i] == 0)
            continue;
        pieces[i].rows = piq_arena_alloc(&p->a, n_of[i], k->size);
        pieces[i].at = piq_new(&p->a, int64_t, n_of[i]);
        if (pieces[i].rows == NULL || pieces[i].at == NULL)
            return false;
    }
    for (size_t i = 0; i < k->n; i++) {
        const char *row = (const char *)k->rows + i * k->size;
        piece *x = &pieces[part_of(p, k->user(row))];
        memcpy((char *)x->rows + x->n * k->size, row, k->size);
        x->at[x->n++] = (int64_t)i;
    }
    return true;
}

/* ---- whose a row is ------------------------------------------------------ */

static piq_user_id of_event(const void *row)
{
    return ((const piq_event_row *)row)->user;
}

static piq_user_id of_state(const void *row)
{
    return ((const piq_state_row *)row)->user;
}

static piq_user_id of_snapshot(const void *row)
{
    return ((const piq_snapshot_row *)row)->user;
}

static piq_user_id of_recommendation(const void *row)
{
    return ((const piq_recommendation_row *)row)->user;
}

static piq_user_id of_slate(const void *row)
{
    return ((const piq_slate_row *)row)->user;
}

static piq_user_id of_feedback(const void *row)
{
    return ((const piq_feedback_row *)row)->user;
}

static piq_user_id of_path(const void *row)
{
    return ((const piq_path_row *)row)->user;
}

static piq_user_id of_profile(const void *row)
{
    return ((const piq_profile_row *)row)->user;
}

static piq_user_id of_exposure(const void *row)
{
    return ((const piq_exposure_row *)row)->user;
}

static piq_user_id of_record(const void *row)
{
    return ((const piq_record *)row)->user;
}

/* ---- each kind ------------------------------------------------------------
 */

enum { MAX_PARTS = 1 + PIQ_PG_MAX_SHARDS };

static bool split_events(parts *p, const piq_commit *c)
{
    piece x[MAX_PARTS];
    const kind k = {c->events, c->n_events, sizeof *c->events, of_event};
    if (!split(p, &k, x))
        return false;
    for (size_t i = 0; i < p->n; i++) {
        p->rows[i].c.events = x[i].rows;
        p->rows[i].c.n_events = x[i].n;
        p->rows[i].events_at = x[i].at;
    }
    return true;
}

static bool split_states(parts *p, const piq_commit *c)
{
    piece x[MAX_PARTS], old[MAX_PARTS], new[MAX_PARTS];
    const kind k = {c->states, c->n_states, sizeof *c->states, of_state};
    const kind stale = {c->stale_snapshots, c->n_stale_snapshots,
                        sizeof *c->stale_snapshots, of_snapshot};
    const kind fresh = {c->snapshots, c->n_snapshots, sizeof *c->snapshots,
                        of_snapshot};
    if (!split(p, &k, x) || !split(p, &stale, old) || !split(p, &fresh, new))
        return false;
    for (size_t i = 0; i < p->n; i++) {
        piq_commit *to = &p->rows[i].c;
        to->states = x[i].rows;
        to->n_states = x[i].n;
        to->stale_snapshots = old[i].rows;
        to->n_stale_snapshots = old[i].n;
        to->snapshots = new[i].rows;
        to->n_snapshots = new[i].n;
    }
    return true;
}

static bool split_offers(parts *p, const piq_commit *c)
{
    piece x[MAX_PARTS], y[MAX_PARTS], z[MAX_PARTS];
    const kind shown = {c->recommendations, c->n_recommendations,
                        sizeof *c->recommendations, of_recommendation};
    const kind slates = {c->slates, c->n_slates, sizeof *c->slates, of_slate};
    const kind exposures = {c->exposures, c->n_exposures, sizeof *c->exposures,
                            of_exposure};
    if (!split(p, &shown, x) || !split(p, &slates, y) ||
        !split(p, &exposures, z))
        return false;
    for (size_t i = 0; i < p->n; i++) {
        piq_pg_rows *to = &p->rows[i];
        to->c.recommendations = x[i].rows;
        to->c.n_recommendations = x[i].n;
        to->recommendations_at = x[i].at;
        to->c.slates = y[i].rows;
        to->c.n_slates = y[i].n;
        to->slates_at = y[i].at;
        to->c.exposures = z[i].rows;
        to->c.n_exposures = z[i].n;
        to->exposures_at = z[i].at;
    }
    return true;
}

/* Only new ones are numbered. */
static void number_paths(piece *x, size_t n, const int64_t *number)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < x[i].n; k++)
            x[i].at[k] = number[x[i].at[k]];
}

static bool split_paths(parts *p, const piq_commit *c)
{
    piece x[MAX_PARTS];
    const kind k = {c->paths, c->n_paths, sizeof *c->paths, of_path};
    int64_t *number = piq_new(&p->a, int64_t, c->n_paths), n = 0;
    if (number == NULL || !split(p, &k, x))
        return false;
    for (size_t i = 0; i < c->n_paths; i++)
        number[i] = c->paths[i].id == 0 ? n++ : 0;
    number_paths(x, p->n, number);
    for (size_t i = 0; i < p->n; i++) {
        p->rows[i].c.paths = x[i].rows;
        p->rows[i].c.n_paths = x[i].n;
        p->rows[i].paths_at = x[i].at;
    }
    return true;
}

static bool split_rest(parts *p, const piq_commit *c)
{
    piece x[MAX_PARTS], y[MAX_PARTS], z[MAX_PARTS];
    const kind feedback = {c->feedback, c->n_feedback, sizeof *c->feedback,
                           of_feedback};
    const kind profiles = {c->profiles, c->n_profiles, sizeof *c->profiles,
                           of_profile};
    const kind records = {c->records, c->n_records, sizeof *c->records,
                          of_record};
    if (!split(p, &feedback, x) || !split(p, &profiles, y) ||
        !split(p, &records, z))
        return false;
    for (size_t i = 0; i < p->n; i++) {
        piq_commit *to = &p->rows[i].c;
        to->feedback = x[i].rows;
        to->n_feedback = x[i].n;
        to->profiles = y[i].rows;
        to->n_profiles = y[i].n;
        to->records = z[i].rows;
        to->n_records = z[i].n;
    }
    return true;
}

/* ---- the whole ------------------------------------------------------------
 */

static bool is_empty(const piq_commit *c)
{
    return c->n_events + c->n_states + c->n_snapshots + c->n_stale_snapshots +
               c->n_recommendations + c->n_slates + c->n_feedback + c->n_paths +
               c->n_profiles + c->n_calibrations + c->n_exposures +
               c->n_records ==
           0;
}

static bool split_all(parts *p, const piq_commit *c)
{
    p->rows = piq_new(&p->a, piq_pg_rows, p->n);
    if (p->rows == NULL)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        p->rows[i].n_events = c->n_events;
        p->rows[i].n_slates = c->n_slates;
        p->rows[i].n_exposures = c->n_exposures;
        p->rows[i].n_recommendations = c->n_recommendations;
    }
    p->rows[0].c.calibrations = c->calibrations;
    p->rows[0].c.n_calibrations = c->n_calibrations;
    return split_events(p, c) && split_states(p, c) && split_offers(p, c) &&
           split_paths(p, c) && split_rest(p, c);
}

/* Of several places one of which is away, the others' learners need not wait:
 * who is told that what it read is old reads again, and only those on that
 * shard cannot be read. */
static piq_status tell_apart(const piq_pg_write *w, size_t n, piq_status st,
                             piq_err *err)
{
    size_t n_shards = 0, n_failed = 0;
    for (size_t i = 1; i < n; i++) {
        n_failed += w[i].failed;
        n_shards += w[i].send != NULL;
    }
    if (st != PIQ_EIO || n_failed == 0 || w[0].unknown || n_shards < 2)
        return st;
    if (err != NULL)
        err->status = PIQ_ESTALE;
    return PIQ_ESTALE;
}

piq_status piq_pg_commit_split(piq_postgres *s, const piq_commit *c,
                               piq_pg_write *numbers, piq_err *err)
{
    parts p = {.s = s, .n = 1 + s->shards->n};
    piq_pg_write w[MAX_PARTS] = {0};
    piq_arena_init(&p.a, 0);
    piq_status st = PIQ_ENOMEM;
    if (split_all(&p, c)) {
        for (size_t i = 0; i < p.n; i++)
            if (!is_empty(&p.rows[i].c)) {
                w[i].send = piq_pg_send_rows;
                w[i].ctx = &p.rows[i];
            }
        w[0].n_marks = numbers->n_marks;
        w[0].n_recommendations = numbers->n_recommendations;
        w[0].n_paths = numbers->n_paths;
        st = tell_apart(w, p.n, piq_pg_spread(s, w, err), err);
        numbers->mark = w[0].mark;
        numbers->recommendation = w[0].recommendation;
        numbers->path = w[0].path;
    } else {
        piq_fail(err, st, "no memory to split a commit over shards");
    }
    piq_arena_release(&p.a);
    return st;
}
