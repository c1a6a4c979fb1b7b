#include "domain/words.h"
#include "store/postgres/errors.h"
#include "store/postgres/handle.h"

#include <inttypes.h>
#include <stdlib.h>

/* Of a statement: what is unnested stays within the server's work_mem. */
enum { MAX_STATES = 512 };

/* ---- rows of one key one by one --------------------------------------- */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Twins are rare: commits are made of one row a learner. No memory counts as
 * one, for single rows are always right. */
static bool has_twins(const void *rows, size_t row_bytes, size_t n,
                      int64_t (*key)(const void *row))
{
    int64_t few[64];
    int64_t *keys = n <= 64 ? few : malloc(n * sizeof *keys);
    if (keys == NULL)
        return true;
    for (size_t i = 0; i < n; i++)
        keys[i] = key((const char *)rows + i * row_bytes);
    qsort(keys, n, sizeof *keys, by_size);
    bool found = false;
    for (size_t i = 1; i < n && !found; i++)
        found = keys[i] == keys[i - 1];
    if (keys != few)
        free(keys);
    return found;
}

size_t piq_pg_run(const void *rows, size_t row_bytes, size_t n, size_t from,
                  int64_t (*key)(const void *row))
{
    const char *rest = (const char *)rows + from * row_bytes;
    return has_twins(rest, row_bytes, n - from, key) ? from + 1 : n;
}

/* ---- events ----------------------------------------------------------- */

static void add_f32s(piq_pg_call *q, const piq_event_row *rows, size_t n,
                     float (*value)(const piq_event_row *r))
{
    piq_pg_array(q, PIQ_PG_FLOAT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_f64(q, (double)value(&rows[i]));
}

static float score_of(const piq_event_row *r)
{
    return r->score;
}

static float predicted_of(const piq_event_row *r)
{
    return r->predicted;
}

static float ability_of(const piq_event_row *r)
{
    return r->ability_logit;
}

static float variance_of(const piq_event_row *r)
{
    return r->ability_variance;
}

static void send_events(piq_pg_flight *f, const piq_pg_rows *r)
{
    const piq_event_row *e = r->c.events;
    size_t n = r->c.n_events;
    piq_pg_call q;
    if (n == 0)
        return;
    piq_pg_call_init(&q, PIQ_PG_ADD_EVENTS, "store events");
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, e[i].user.v);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, e[i].event_id);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, e[i].at_us);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, e[i].received_us);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_z(&q, piq_event_type_name(e[i].type));
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, e[i].catalogue_version);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, e[i].calibration);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++) {
        if (e[i].item.v == PIQ_NO_IX32)
            piq_pg_add_null(&q);
        else
            piq_pg_add_i64(&q, e[i].item.v);
    }
    add_f32s(&q, e, n, score_of);
    add_f32s(&q, e, n, predicted_of);
    add_f32s(&q, e, n, ability_of);
    add_f32s(&q, e, n, variance_of);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, e[i].body);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, piq_pg_at(r->events_at, i));
    piq_pg_flight_add(f, &q);
}

/* ---- states ----------------------------------------------------------- */

static int64_t user_of_state(const void *row)
{
    return ((const piq_state_row *)row)->user.v;
}

typedef struct state_ref {
    const piq_state_row *row;
} state_ref;

static int by_user(const void *a, const void *b)
{
    int64_t x = ((const state_ref *)a)->row->user.v;
    int64_t y = ((const state_ref *)b)->row->user.v;
    return (x > y) - (x < y);
}

static void send_sorted(piq_pg_flight *f, const state_ref *r, size_t n,
                        bool is_new)
{
    piq_pg_call q;
    piq_pg_call_init(&q, is_new ? PIQ_PG_ADD_STATES : PIQ_PG_SET_STATES,
                     "store learners' states");
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].row->user.v);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].row->version);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, piq_pg_hash(r[i].row->body));
    piq_pg_array(&q, PIQ_PG_BYTEA);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].row->body);
    if (!is_new) {
        piq_pg_array(&q, PIQ_PG_INT8);
        for (size_t i = 0; i < n; i++)
            piq_pg_add_i64(&q, r[i].row->from_version);
    }
    piq_pg_flight_add(f, &q);
}

/* Those of one kind, none of which has the learner of another: by learner, so
 * that engines lock them in one order. */
static void send_states_of(piq_pg_flight *f, const piq_state_row *rows,
                           size_t n, bool is_new)
{
    state_ref few[64];
    state_ref *sorted = n <= 64 ? few : malloc(n * sizeof *sorted);
    size_t n_here = 0;
    if (sorted == NULL) {
        f->failed = PIQ_ENOMEM;
        return;
    }
    for (size_t i = 0; i < n; i++)
        if ((rows[i].from_version == 0) == is_new)
            sorted[n_here++].row = &rows[i];
    qsort(sorted, n_here, sizeof *sorted, by_user);
    for (size_t at = 0; at < n_here; at += MAX_STATES)
        send_sorted(f, sorted + at,
                    n_here - at < MAX_STATES ? n_here - at : MAX_STATES,
                    is_new);
    if (sorted != few)
        free(sorted);
}

static void send_states(piq_pg_flight *f, const piq_commit *c)
{
    for (size_t at = 0, end; at < c->n_states; at = end) {
        end = piq_pg_run(c->states, sizeof *c->states, c->n_states, at,
                         user_of_state);
        send_states_of(f, c->states + at, end - at, true);
        send_states_of(f, c->states + at, end - at, false);
    }
}

/* ---- calibration ------------------------------------------------------ */

static void send_items(piq_pg_flight *f, const piq_calibration_row *r)
{
    piq_pg_call q;
    if (r->n_items == 0)
        return;
    piq_pg_call_init(&q, PIQ_PG_ADD_ITEM_CALIBRATIONS, "store a calibration");
    piq_pg_i64(&q, r->number);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < r->n_items; i++)
        piq_pg_add_i64(&q, r->items[i].item.v);
    piq_pg_array(&q, PIQ_PG_FLOAT8);
    for (size_t i = 0; i < r->n_items; i++)
        piq_pg_add_f64(&q, (double)r->items[i].estimate.difficulty_logit);
    piq_pg_array(&q, PIQ_PG_FLOAT8);
    for (size_t i = 0; i < r->n_items; i++)
        piq_pg_add_f64(&q, (double)r->items[i].estimate.variance);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < r->n_items; i++)
        piq_pg_add_i64(&q, r->items[i].estimate.n);
    piq_pg_flight_add(f, &q);
}

static void send_calibrations(piq_pg_flight *f, const piq_commit *c)
{
    for (size_t i = 0; i < c->n_calibrations; i++) {
        const piq_calibration_row *r = &c->calibrations[i];
        piq_pg_call q;
        piq_pg_call_init(&q, PIQ_PG_ADD_CALIBRATION, "store a calibration");
        piq_pg_i64(&q, r->number);
        piq_pg_i64(&q, r->through_seq);
        piq_pg_i64(&q, r->made_us);
        piq_pg_flight_add(f, &q);
        send_items(f, r);
    }
}

/* ---- changes ---------------------------------------------------------- */

static bool changes_anything(const piq_commit *c)
{
    return c->n_states + c->n_paths + c->n_slates > 0;
}

static void send_changes(piq_pg_flight *f, const piq_pg_rows *r)
{
    const piq_commit *c = &r->c;
    piq_pg_call q;
    if (!changes_anything(c))
        return;
    piq_pg_call_init(&q, PIQ_PG_ADD_CHANGES, "note changes");
    piq_pg_count(&q, r->n_events + r->n_slates + r->n_exposures);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < c->n_states; i++)
        piq_pg_add_i64(&q, c->states[i].user.v);
    for (size_t i = 0; i < c->n_paths; i++)
        piq_pg_add_i64(&q, c->paths[i].user.v);
    for (size_t i = 0; i < c->n_slates; i++)
        piq_pg_add_i64(&q, c->slates[i].user.v);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < c->n_states; i++)
        piq_pg_add_i64(&q, PIQ_CHANGED_STATE);
    for (size_t i = 0; i < c->n_paths; i++)
        piq_pg_add_i64(&q, PIQ_CHANGED_PATH);
    for (size_t i = 0; i < c->n_slates; i++)
        piq_pg_add_i64(&q, PIQ_CHANGED_SLATE);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < c->n_states; i++)
        piq_pg_add_i64(&q, c->states[i].version);
    for (size_t i = 0; i < c->n_paths + c->n_slates; i++)
        piq_pg_add_i64(&q, 0);
    piq_pg_flight_add(f, &q);
}

/* ---- the whole -------------------------------------------------------- */

void piq_pg_send_rows(piq_pg_flight *f, piq_pg_write *w)
{
    const piq_pg_rows *r = w->ctx;
    const piq_commit *c = &r->c;
    send_events(f, r);
    send_states(f, c);
    piq_pg_send_snapshots(f, c);
    piq_pg_send_offers(f, r);
    send_calibrations(f, c);
    piq_pg_send_records(f, c->records, c->n_records);
    send_changes(f, r);
}

static size_t n_new_paths(const piq_commit *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_paths; i++)
        n += c->paths[i].id == 0;
    return n;
}

static void hand_out_ids(piq_commit *c, const piq_pg_write *w)
{
    for (size_t i = 0; i < c->n_events; i++)
        c->events[i].seq = w->mark + (int64_t)i;
    for (size_t i = 0; i < c->n_recommendations; i++)
        c->recommendations[i].id = w->recommendation + (int64_t)i;
    int64_t next = w->path;
    for (size_t i = 0; i < c->n_paths; i++)
        if (c->paths[i].id == 0)
            c->paths[i].id = next++;
}

/* One block of marks: events, slates, exposures, then one for the changes. */
piq_status piq_pg_commit(piq_store *base, piq_commit *c, piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    piq_pg_rows rows = {.c = *c,
                        .n_events = c->n_events,
                        .n_slates = c->n_slates,
                        .n_exposures = c->n_exposures,
                        .n_recommendations = c->n_recommendations};
    piq_pg_write w = {
        .send = piq_pg_send_rows,
        .ctx = &rows,
        .n_marks = c->n_events + c->n_slates + c->n_exposures +
                   (changes_anything(c) ? 1 : 0),
        .n_recommendations = c->n_recommendations,
        .n_paths = n_new_paths(c),
    };
    piq_status st = piq_pg_check_records(c->records, c->n_records, err);
    if (st == PIQ_OK)
        st = s->shards != NULL ? piq_pg_commit_split(s, c, &w, err)
                               : piq_pg_transact(base, &w, err);
    if (st == PIQ_OK)
        hand_out_ids(c, &w);
    return st;
}
