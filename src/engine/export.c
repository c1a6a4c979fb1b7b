#include "engine/export.h"

#include "base/clock.h"
#include "engine/engine_internal.h"
#include "engine/slate_log.h"

#include <stdio.h>

/* Kinds of records whose documents let somebody in. */
static const char *const EXPORT_SECRETS[] = {"access",  "key",   "link",
                                             "session", "token", "webhook"};

/* Tables of learners, and what they are called here; the state is told apart.
 */
static const struct part {
    const char *table, *name;
} parts[] = {
    {"events", "events"},
    {"content_recommendations", "recommendations"},
    {"recommendation_log", "slates"},
    {"exposures", "experiments"},
    {"learning_paths", "paths"},
    {"user_profiles", "published_profile"},
    {"learner_snapshots", "snapshots"},
    {"records", "records"},
};

typedef struct exporting {
    piq_json_writer *w;
    piq_arena arena; /* of one row */
    uint64_t n_rows;
} exporting;

/* ---- cells ------------------------------------------------------------ */

static bool is_named(const piq_column *c, const char *name)
{
    return strcmp(c->name, name) == 0;
}

static bool holds_json(const piq_table *t, const piq_column *c)
{
    return c->type == PIQ_COLUMN_JSON ||
           (strcmp(t->name, "events") == 0 && is_named(c, "body")) ||
           is_named(c, "request");
}

/* "at_us" is "at". */
static void write_key(piq_json_writer *w, const piq_column *c)
{
    char name[64];
    size_t len = strlen(c->name);
    bool us = len > 3 && strcmp(c->name + len - 3, "_us") == 0;
    snprintf(name, sizeof name, "%.*s", (int)(us ? len - 3 : len), c->name);
    piq_json_key(w, name);
}

static void write_cell(piq_json_writer *w, const piq_table *t,
                       const piq_column *c, const piq_cell *x)
{
    write_key(w, c);
    switch (x->kind) {
    case PIQ_CELL_NULL:
        piq_json_null(w);
        break;
    case PIQ_CELL_INT:
        if (c->type == PIQ_COLUMN_TIME)
            piq_json_time(w, x->i);
        else
            piq_json_int(w, x->i);
        break;
    case PIQ_CELL_REAL:
        piq_json_double(w, x->d);
        break;
    case PIQ_CELL_BYTES:
        if (holds_json(t, c) && x->bytes.len)
            piq_json_raw(w, x->bytes);
        else
            piq_json_str(w, x->bytes);
        break;
    }
}

/* ---- what is binary ---------------------------------------------------- */

static void write_shown(piq_json_writer *w, const piq_slate_log *log)
{
    piq_json_key(w, "shown");
    piq_json_array(w);
    for (size_t i = 0; i < log->n_shown; i++) {
        piq_json_object(w);
        piq_json_put_id(w, "contentId", log->shown[i].content.v);
        piq_json_put_double(w, "score", log->shown[i].value);
        piq_json_put_double(w, "chance", log->shown[i].chance);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_key(w, "candidates");
    piq_json_array(w);
    for (size_t i = 0; i < log->n_candidates; i++) {
        piq_json_object(w);
        piq_json_put_id(w, "contentId", log->candidates[i].content.v);
        piq_json_put_float(w, "score", log->candidates[i].score);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static piq_status write_candidates(exporting *x, const piq_cell *cell,
                                   piq_err *err)
{
    piq_slate_log log;
    piq_arena_clear(&x->arena);
    piq_status status = piq_slate_log_read(&x->arena, cell->bytes, &log);
    if (status)
        return piq_fail(err, status, "could not read a slate of the log");
    write_shown(x->w, &log);
    return PIQ_OK;
}

static bool is_secret(const piq_table *t, const piq_cell *cells)
{
    if (strcmp(t->name, "records") != 0)
        return false;
    for (size_t i = 0; i < sizeof EXPORT_SECRETS / sizeof EXPORT_SECRETS[0];
         i++)
        if (piq_str_eq(cells[1].bytes, piq_str_of(EXPORT_SECRETS[i])))
            return true;
    return false;
}

/* ---- rows --------------------------------------------------------------- */

static piq_status write_row(void *ctx, const piq_table *t,
                            const piq_cell *cells, piq_err *err)
{
    exporting *x = ctx;
    piq_json_writer *w = x->w;
    bool secret = is_secret(t, cells);
    piq_status status = PIQ_OK;
    x->n_rows++;
    piq_json_object(w);
    for (size_t i = 0; i < t->n_columns && status == PIQ_OK; i++) {
        const piq_column *c = &t->columns[i];
        if ((int)i == t->user)
            continue;
        if (secret && (is_named(c, "key") || is_named(c, "document")))
            continue;
        if (c->type != PIQ_COLUMN_BLOB)
            write_cell(w, t, c, &cells[i]);
        else if (is_named(c, "candidates"))
            status = write_candidates(x, &cells[i], err);
    }
    if (secret)
        piq_json_put_bool(w, "withheld", true);
    piq_json_object_end(w);
    if (status == PIQ_OK && w->out->status)
        return piq_fail(err, w->out->status,
                        "what is kept of the learner is too large for one "
                        "answer");
    return status;
}

static piq_status write_parts(piq_engine *e, piq_user_id user, exporting *x,
                              piq_err *err)
{
    piq_store *store = e->store;
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == PIQ_OK;
         i++) {
        const piq_table *t = piq_table_named(piq_str_of(parts[i].table));
        PIQ_ASSERT(t != NULL);
        piq_json_key(x->w, parts[i].name);
        piq_json_array(x->w);
        status = store->ops->dump(store, t, user, write_row, x, err);
        if (status == PIQ_OK)
            piq_json_array_end(x->w);
    }
    return status;
}

/* Nobody whose state there is: rows there may be all the same. */
static piq_status write_learner(piq_engine *e, piq_user_id user, int64_t now_us,
                                exporting *x, piq_err *err)
{
    piq_learner_ref ref;
    piq_err absent = {0};
    piq_status status = piq_engine_learner(e, user, &ref, &absent);
    if (status == PIQ_ENOTFOUND)
        return PIQ_OK;
    if (status) {
        if (err)
            *err = absent;
        return status;
    }
    x->n_rows++;
    status = piq_export_state(e, &ref, now_us, x->w);
    piq_learner_ref_release(&ref);
    return status ? piq_fail(err, status, "no memory to tell a state") : PIQ_OK;
}

piq_status piq_engine_export(piq_engine *e, piq_user_id user,
                             piq_json_writer *w, piq_err *err)
{
    exporting x = {.w = w};
    int64_t now_us = piq_clock_now_us();
    piq_arena_init(&x.arena, 0);
    piq_json_object(w);
    piq_json_put_id(w, "userId", piq_user_outer(user));
    piq_json_put_time(w, "exported_at", now_us);
    piq_status status = write_learner(e, user, now_us, &x, err);
    if (status == PIQ_OK)
        status = write_parts(e, user, &x, err);
    piq_arena_release(&x.arena);
    if (status)
        return status;
    piq_json_object_end(w);
    if (!x.n_rows)
        return piq_fail(err, PIQ_ENOTFOUND, "the learner was never heard of");
    return w->out->status ? piq_fail(err, w->out->status,
                                     "no memory for what is kept of a learner")
                          : PIQ_OK;
}
