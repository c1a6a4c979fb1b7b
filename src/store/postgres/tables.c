/* Rows of any table, out and in. Texts are made from store/tables.h, whose
 * names are our own constants; values are always parameters.
 *
 * A dump is one statement, so it sees one instant, and its rows come one by one
 * while it runs. */
#include "store/postgres/errors.h"
#include "store/postgres/shards.h"

#include <stdio.h>

enum { MAX_TEXT = 4096, LOAD_PIECE = 4096 };

/* ---- what differs from tables.h -------------------------------------------
 */

/* Ours keeps a hash beside a body that is a blob. */
static bool has_hash(const piq_table *t)
{
    const piq_column *last = &t->columns[t->n_columns - 1];
    return last->type == PIQ_COLUMN_BLOB && strcmp(last->name, "body") == 0;
}

/* The column as asked for is rounded; the one beside it has every bit. */
static const char *column_of(const piq_column *c)
{
    return strcmp(c->name, "recommendation_score") == 0 ? "score" : c->name;
}

static bool is_timestamp(const piq_column *c)
{
    size_t len = strlen(c->name);
    return c->type == PIQ_COLUMN_TIME &&
           (len < 3 || strcmp(c->name + len - 3, "_us") != 0);
}

/* ---- out -------------------------------------------------------------------
 */

static void write_select(const piq_table *t, bool one, piq_buf *b)
{
    piq_buf_add_z(b, "SELECT ");
    for (size_t i = 0; i < t->n_columns; i++)
        piq_buf_printf(b, "%s%s", i > 0 ? ", " : "", column_of(&t->columns[i]));
    piq_buf_printf(b, "%s FROM %s", has_hash(t) ? ", body_hash" : "", t->name);
    if (one)
        piq_buf_add_z(b, " WHERE user_id = $1::bigint");
    for (size_t i = 0; i < t->n_keys; i++)
        piq_buf_printf(
            b, "%s%s%s", i > 0 ? ", " : " ORDER BY ", column_of(&t->columns[i]),
            t->columns[i].type == PIQ_COLUMN_TEXT ? " COLLATE \"C\"" : "");
}

static piq_cell cell_of(const PGresult *r, int i, const piq_column *c)
{
    if (piq_pg_is_null(r, 0, i))
        return (piq_cell){.kind = PIQ_CELL_NULL};
    switch (c->type) {
    case PIQ_COLUMN_INT:
    case PIQ_COLUMN_TIME:
        return (piq_cell){.kind = PIQ_CELL_INT, .i = piq_pg_get_i64(r, 0, i)};
    case PIQ_COLUMN_REAL:
        return (piq_cell){.kind = PIQ_CELL_REAL, .d = piq_pg_get_f64(r, 0, i)};
    case PIQ_COLUMN_TEXT:
    case PIQ_COLUMN_JSON:
    case PIQ_COLUMN_BLOB:
        break;
    }
    return (piq_cell){.kind = PIQ_CELL_BYTES,
                      .bytes = piq_pg_get_bytes(r, 0, i)};
}

typedef struct dumping {
    const piq_table *t;
    piq_row_sink *sink;
    void *ctx;
    const char *place;
    char what[PIQ_PG_WHAT_BYTES];
} dumping;

static piq_status give_row(const dumping *d, const PGresult *r, piq_err *err)
{
    piq_cell cells[PIQ_MAX_COLUMNS];
    int n = (int)d->t->n_columns;
    if (has_hash(d->t) && !piq_pg_is_intact(r, 0, n, n - 1)) {
        piq_fail(err, PIQ_ECORRUPT, "could not %s in %s: a row is damaged",
                 d->what, d->place);
        piq_err_at(err, "%s", d->t->name);
        return PIQ_ECORRUPT;
    }
    for (int i = 0; i < n; i++)
        cells[i] = cell_of(r, i, &d->t->columns[i]);
    return d->sink(d->ctx, d->t, cells, err);
}

/* Outside a pipeline: only there may rows come one by one. */
static piq_status give_rows(const dumping *d, piq_pg_conn *c, piq_err *err)
{
    piq_status st = PIQ_OK;
    bool lost = PQsetSingleRowMode(c->pg) != 1;
    while (!lost) {
        int64_t deadline = piq_pg_deadline(c->setting->wait_ms);
        PGresult *r = piq_pg_next_result(c, deadline, &lost);
        ExecStatusType got = PQresultStatus(r);
        if (r == NULL && !lost)
            return st;
        if (got == PGRES_SINGLE_TUPLE && st == PIQ_OK)
            st = give_row(d, r, err);
        else if (got == PGRES_FATAL_ERROR && !lost && st == PIQ_OK)
            st = piq_pg_fail(err, d->place, r, d->what);
        PQclear(r);
        /* The rest would be read for nothing. */
        lost = lost || st != PIQ_OK;
    }
    return st != PIQ_OK ? st : piq_pg_fail_lost(err, d->place, d->what);
}

/* Settings for the whole of a transaction: PgBouncer gives the same server for
 * that long. */
static piq_status begin_dump(piq_pg_conn *c, piq_pg_scope scope, piq_err *err)
{
    char sql[512];
    char tenant[24] = "*";
    const char *schema = c->setting->schema;
    bool joint = scope.joint && c->setting->has_shards;
    if (!scope.all)
        snprintf(tenant, sizeof tenant, "%lld", (long long)scope.tenant);
    snprintf(sql, sizeof sql,
             "BEGIN READ ONLY; SET LOCAL search_path = %s%s%s, pg_temp;"
             "SET LOCAL statement_timeout = 0;"
             "SELECT set_config('piq.tenant', '%s', true)",
             joint ? schema : "", joint ? "_all, " : "", schema, tenant);
    PGresult *r;
    piq_status st = piq_pg_exec(c, sql, "begin a dump", &r, err);
    if (st == PIQ_OK)
        PQclear(r);
    return st;
}

static piq_status dump_on(piq_pg_conn *c, const dumping *d, piq_user_id user,
                          piq_err *err)
{
    bool one = user.v != PIQ_ANY_USER;
    piq_pg_scope scope = one ? piq_pg_scope_of(user) : PIQ_PG_JOINT;
    piq_pg_call q;
    piq_buf b;
    if (PQpipelineStatus(c->pg) != PQ_PIPELINE_OFF &&
        PQexitPipelineMode(c->pg) != 1)
        return piq_pg_fail_lost(err, d->place, d->what);
    piq_status st = begin_dump(c, scope, err);
    if (st != PIQ_OK)
        return st;
    piq_buf_init(&b, MAX_TEXT);
    write_select(d->t, one, &b);
    piq_pg_call_init(&q, PIQ_PG_OTHER, "%s", d->what);
    if (one)
        piq_pg_i64(&q, user.v);
    const char *values[1] = {q.bytes.ptr};
    const int lengths[1] = {8}, formats[1] = {1};
    if (b.status != PIQ_OK || q.bytes.status != PIQ_OK)
        st = piq_fail(err, PIQ_ENOMEM, "no memory to %s", d->what);
    else if (PQsendQueryParams(c->pg, b.ptr, one ? 1 : 0, NULL, values, lengths,
                               formats, 1) != 1)
        st = piq_pg_fail_lost(err, d->place, d->what);
    else
        st = give_rows(d, c, err);
    piq_pg_call_release(&q);
    piq_buf_release(&b);
    PGresult *r;
    if (st == PIQ_OK)
        st = piq_pg_exec(c, "COMMIT", d->what, &r, err);
    if (st == PIQ_OK)
        PQclear(r);
    return st;
}

piq_status piq_pg_dump(piq_store *base, const piq_table *t, piq_user_id user,
                       piq_row_sink *sink, void *ctx, piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    piq_pg_place *p = piq_pg_place_of(s, user);
    piq_pg_conn *c;
    dumping d = {t, sink, ctx, p->setting.place, ""};
    snprintf(d.what, sizeof d.what, "read the table %s", t->name);
    if (user.v != PIQ_ANY_USER && t->user == PIQ_NO_COLUMN)
        return PIQ_OK;
    piq_status st = piq_pg_borrow(p, &c, err);
    if (st != PIQ_OK)
        return st;
    st = dump_on(c, &d, user, err);
    if (st != PIQ_OK) /* halfway through a result or a transaction */
        piq_pg_disconnect(c);
    piq_pg_return(p, c);
    return st;
}

/* ---- in
 * ---------------------------------------------------------------------- */

/* How a column travels, and what is done with it there. */
static piq_pg_type type_of(const piq_column *c)
{
    switch (c->type) {
    case PIQ_COLUMN_INT:
        return PIQ_PG_INT8;
    case PIQ_COLUMN_TIME:
        return is_timestamp(c) ? PIQ_PG_TIMESTAMPTZ : PIQ_PG_INT8;
    case PIQ_COLUMN_REAL:
        return PIQ_PG_FLOAT8;
    case PIQ_COLUMN_TEXT:
    case PIQ_COLUMN_JSON:
        return PIQ_PG_TEXT;
    case PIQ_COLUMN_BLOB:
        break;
    }
    return PIQ_PG_BYTEA;
}

static const char *array_of(piq_pg_type type)
{
    switch (type) {
    case PIQ_PG_INT8:
        return "bigint[]";
    case PIQ_PG_FLOAT8:
        return "float8[]";
    case PIQ_PG_TIMESTAMPTZ:
        return "timestamptz[]";
    case PIQ_PG_BYTEA:
        return "bytea[]";
    case PIQ_PG_TEXT:
    case PIQ_PG_BOOL:
    case PIQ_PG_INT2:
    case PIQ_PG_INT4:
    case PIQ_PG_JSON:
    case PIQ_PG_FLOAT4:
    case PIQ_PG_JSONB:
        break;
    }
    return "text[]";
}

/* The three tables that were asked for have JSONB, ours JSON. */
static const char *cast_of(const piq_table *t, const piq_column *c)
{
    if (c->type != PIQ_COLUMN_JSON)
        return "";
    bool is_jsonb = strcmp(t->name, "user_profiles") == 0 ||
                    strcmp(t->name, "learning_paths") == 0 ||
                    strcmp(t->name, "content_recommendations") == 0;
    return is_jsonb ? "::jsonb" : "::json";
}

static void write_insert(const piq_table *t, piq_buf *b)
{
    piq_buf_printf(b, "INSERT INTO %s (", t->name);
    for (size_t i = 0; i < t->n_columns; i++)
        piq_buf_printf(b, "%s%s", i > 0 ? ", " : "", column_of(&t->columns[i]));
    piq_buf_add_z(b, has_hash(t) ? ", body_hash) SELECT " : ") SELECT ");
    for (size_t i = 0; i < t->n_columns; i++)
        piq_buf_printf(b, "%sc%zu%s", i > 0 ? ", " : "", i,
                       cast_of(t, &t->columns[i]));
    piq_buf_add_z(b, has_hash(t) ? ", h FROM unnest(" : " FROM unnest(");
    for (size_t i = 0; i < t->n_columns; i++)
        piq_buf_printf(b, "%s$%zu::%s", i > 0 ? ", " : "", i + 1,
                       array_of(type_of(&t->columns[i])));
    if (has_hash(t))
        piq_buf_printf(b, ", $%zu::bigint[]", t->n_columns + 1);
    piq_buf_add_z(b, ") AS t (");
    for (size_t i = 0; i < t->n_columns; i++)
        piq_buf_printf(b, "%sc%zu", i > 0 ? ", " : "", i);
    piq_buf_add_z(b, has_hash(t) ? ", h)" : ")");
}

typedef struct loading {
    const piq_table *t;
    const piq_cell *cells; /* [n * t->n_columns] */
    size_t n;
    const char *text;
    const struct loading *whole; /* of which this is a part, or itself */
    int64_t floor;               /* to be kept by a shard */
} loading;

static piq_cell_kind kind_of(const piq_column *c)
{
    switch (c->type) {
    case PIQ_COLUMN_INT:
    case PIQ_COLUMN_TIME:
        return PIQ_CELL_INT;
    case PIQ_COLUMN_REAL:
        return PIQ_CELL_REAL;
    case PIQ_COLUMN_TEXT:
    case PIQ_COLUMN_JSON:
    case PIQ_COLUMN_BLOB:
        break;
    }
    return PIQ_CELL_BYTES;
}

static piq_status check_cells(const loading *l, piq_err *err)
{
    size_t n = l->t->n_columns;
    for (size_t i = 0; i < l->n * n; i++) {
        const piq_column *c = &l->t->columns[i % n];
        piq_cell_kind k = l->cells[i].kind;
        if (k == PIQ_CELL_NULL || k == kind_of(c))
            continue;
        piq_fail(err, PIQ_EINVAL, "could not load a row into %s: %s",
                 l->t->name, c->name);
        piq_err_at(err, "%s", l->t->name);
        return PIQ_EINVAL;
    }
    return PIQ_OK;
}

static void add_cell(piq_pg_call *q, const piq_column *c, const piq_cell *x)
{
    switch (x->kind) {
    case PIQ_CELL_NULL:
        piq_pg_add_null(q);
        break;
    case PIQ_CELL_INT:
        if (is_timestamp(c))
            piq_pg_add_time(q, x->i);
        else
            piq_pg_add_i64(q, x->i);
        break;
    case PIQ_CELL_REAL:
        piq_pg_add_f64(q, x->d);
        break;
    case PIQ_CELL_BYTES:
        piq_pg_add_bytes(q, x->bytes);
        break;
    }
}

static void send_rows(piq_pg_flight *f, const loading *l, size_t from, size_t n)
{
    const piq_cell *rows = &l->cells[from * l->t->n_columns];
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_OTHER, "load rows into %s", l->t->name);
    q.text = l->text;
    for (size_t c = 0; c < l->t->n_columns; c++) {
        piq_pg_array(&q, type_of(&l->t->columns[c]));
        for (size_t i = 0; i < n; i++)
            add_cell(&q, &l->t->columns[c], &rows[i * l->t->n_columns + c]);
    }
    if (has_hash(l->t)) {
        piq_pg_array(&q, PIQ_PG_INT8);
        for (size_t i = 0; i < n; i++)
            piq_pg_add_i64(
                &q, piq_pg_hash(rows[(i + 1) * l->t->n_columns - 1].bytes));
    }
    piq_pg_flight_add(f, &q);
}

/* Where a table's numbers are its first column, the largest loaded. */
static int64_t last_number(const loading *l)
{
    int64_t last = 0;
    for (size_t i = 0; i < l->n; i++) {
        const piq_cell *x = &l->cells[i * l->t->n_columns];
        if (x->kind == PIQ_CELL_INT && x->i > last)
            last = x->i;
    }
    return last;
}

/* Numbers given from then on lie above what was loaded. Load is alone, so
 * nobody takes one meanwhile. */
static void send_numbers(piq_pg_flight *f, const loading *l)
{
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_OTHER, "number on after %s", l->t->name);
    q.text = "SELECT number_on($1::text, $2::bigint)";
    piq_pg_bytes(&q, piq_str_of(l->t->name));
    piq_pg_i64(&q, last_number(l));
    piq_pg_flight_add(f, &q);
}

static void send_pieces(piq_pg_flight *f, const loading *l)
{
    for (size_t at = 0; at < l->n; at += LOAD_PIECE)
        send_rows(f, l, at, l->n - at < LOAD_PIECE ? l->n - at : LOAD_PIECE);
}

static void send_load(piq_pg_flight *f, piq_pg_write *w)
{
    const loading *l = w->ctx;
    send_pieces(f, l);
    send_numbers(f, l->whole);
}

/* ---- in, over shards -------------------------------------------------------
 */

static void send_part(piq_pg_flight *f, piq_pg_write *w)
{
    const loading *l = w->ctx;
    piq_pg_call q;
    send_pieces(f, l);
    if (l->floor == 0)
        return;
    piq_pg_call_init(&q, PIQ_PG_RAISE_FLOOR, "note erasures");
    piq_pg_i64(&q, l->floor);
    piq_pg_flight_add(f, &q);
}

/* What was erased elsewhere stays so on every shard; 0: the rows do not tell.
 */
static int64_t floor_of(const loading *l)
{
    int64_t floor = 0;
    if (strcmp(l->t->name, "records") != 0)
        return 0;
    for (size_t i = 0; i < l->n; i++) {
        const piq_cell *row = &l->cells[i * l->t->n_columns];
        bool is_floor = row[0].i == 0 &&
                        piq_str_eq(row[1].bytes, PIQ_RECORD_ERASED) &&
                        piq_str_eq(row[2].bytes, PIQ_RECORD_FLOOR);
        if (is_floor && !piq_str_to_i64(row[6].bytes, &floor))
            floor = 0;
    }
    return floor;
}

enum { MAX_PARTS = 1 + PIQ_PG_MAX_SHARDS };

static size_t part_of(const piq_postgres *s, const loading *l, size_t row)
{
    const piq_cell *x = &l->cells[row * l->t->n_columns + (size_t)l->t->user];
    if (x->kind != PIQ_CELL_INT || x->i <= 0)
        return 0;
    return 1 + piq_pg_shard_of((piq_user_id){x->i}, s->shards->n);
}

static bool split(const piq_postgres *s, const loading *l, piq_arena *a,
                  loading *parts)
{
    size_t n = l->t->n_columns;
    piq_cell *cells[MAX_PARTS] = {0};
    for (size_t i = 0; i < l->n; i++) {
        size_t k = part_of(s, l, i);
        if (cells[k] == NULL)
            cells[k] = piq_new(a, piq_cell, l->n * n);
        if (cells[k] == NULL)
            return false;
        memcpy(cells[k] + parts[k].n * n, l->cells + i * n, n * sizeof **cells);
        parts[k].cells = cells[k];
        parts[k].n++;
    }
    return true;
}

/* Rows of a learner go to the shard; numbers are given at home. */
static piq_status load_spread(piq_postgres *s, const loading *l, piq_err *err)
{
    loading parts[MAX_PARTS];
    piq_pg_write w[MAX_PARTS] = {0};
    piq_arena a;
    int64_t floor = floor_of(l);
    piq_arena_init(&a, 0);
    for (size_t k = 0; k < MAX_PARTS; k++)
        parts[k] =
            (loading){.t = l->t, .text = l->text, .whole = l, .floor = floor};
    piq_status st = PIQ_OK;
    if (!split(s, l, &a, parts))
        st = piq_fail(err, PIQ_ENOMEM, "no memory to load rows");
    for (size_t k = 1; k <= s->shards->n; k++)
        if (parts[k].n > 0 || floor > 0) {
            w[k].send = send_part;
            w[k].ctx = &parts[k];
        }
    w[0] = (piq_pg_write){
        .send = send_load, .ctx = &parts[0], .alone = true, .slow = true};
    if (st == PIQ_OK)
        st = piq_pg_spread(s, w, err);
    piq_arena_release(&a);
    return st;
}

piq_status piq_pg_load(piq_store *base, const piq_table *t,
                       const piq_cell *cells, size_t n, piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    piq_buf b;
    loading l = {.t = t, .cells = cells, .n = n};
    piq_status st = check_cells(&l, err);
    if (st != PIQ_OK || n == 0)
        return st;
    piq_buf_init(&b, MAX_TEXT);
    write_insert(t, &b);
    l.text = b.ptr;
    l.whole = &l;
    piq_pg_write w = {
        .send = send_load, .ctx = &l, .alone = true, .slow = true};
    if (b.status != PIQ_OK)
        st = piq_fail(err, b.status, "no memory to load rows");
    else if (s->shards != NULL && t->user != PIQ_NO_COLUMN)
        st = load_spread(s, &l, err);
    else
        st = piq_pg_transact(base, &w, err);
    piq_buf_release(&b);
    return st;
}
