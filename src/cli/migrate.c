/* migrate.c - piq migrate: everything of one store into another, new one, and
 * the proof that it arrived. Between SQLite and PostgreSQL, either way; from
 * PostgreSQL into a file it is a backup that needs nothing but this program. */
#include "base/clock.h"
#include "cli/command.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PIECE_ROWS = 512,
    PIECE_BYTES = 8 << 20,
    MAX_PIECE_BYTES = (256 << 20) + (16 << 20) /* a model's body and a row */
};

/* ---- digest -------------------------------------------------------------- */

/* Of a table's rows in the order of its keys: two stores that hold the same
 * give the same, whatever they keep it in. */
typedef struct digest {
    uint64_t hash, rows;
} digest;

static uint64_t mix(uint64_t h, uint64_t v)
{
    return piq_hash_u64(h ^ v) + 0x9e3779b97f4a7c15U;
}

/* JSON by what it says: a backend may lay it out anew. */
static piq_status mix_json(uint64_t *h, piq_str text, piq_err *err)
{
    json_t *json = json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL);
    char *canonical =
        json ? json_dumps(json, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT)
             : NULL;
    json_decref(json);
    if (!canonical)
        return piq_fail(err, PIQ_ECORRUPT, "a stored document is no JSON");
    *h = mix(*h, piq_hash_bytes(canonical, strlen(canonical)));
    free(canonical);
    return PIQ_OK;
}

static piq_status add_cell(uint64_t *h, piq_column_type type, const piq_cell *c,
                           piq_err *err)
{
    uint64_t bits;
    *h = mix(*h, (uint64_t)c->kind);
    switch (c->kind) {
    case PIQ_CELL_NULL:
        return PIQ_OK;
    case PIQ_CELL_INT:
        *h = mix(*h, (uint64_t)c->i);
        return PIQ_OK;
    case PIQ_CELL_REAL:
        memcpy(&bits, &c->d, sizeof bits);
        *h = mix(*h, bits);
        return PIQ_OK;
    case PIQ_CELL_BYTES:
        if (type == PIQ_COLUMN_JSON)
            return mix_json(h, c->bytes, err);
        *h = mix(*h, piq_hash_bytes(c->bytes.ptr, c->bytes.len));
        return PIQ_OK;
    }
    return PIQ_EINTERNAL;
}

static piq_status add_row(void *ctx, const piq_table *t, const piq_cell *cells,
                          piq_err *err)
{
    digest *d = ctx;
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < t->n_columns && status == PIQ_OK; i++)
        status = add_cell(&d->hash, t->columns[i].type, &cells[i], err);
    d->rows++;
    if (status)
        piq_err_at(err, "%s, row %" PRIu64, t->name, d->rows);
    return status;
}

/* ---- copying ----------------------------------------------------------------
 */

typedef struct mover {
    piq_store *to;
    const piq_table *table;
    piq_arena arena; /* of the piece that is being gathered */
    piq_cell *cells; /* [PIECE_ROWS * n_columns] */
    size_t n, bytes;
    digest sent;
} mover;

static piq_status flush_piece(mover *m, piq_err *err)
{
    piq_status status =
        m->n ? m->to->ops->load(m->to, m->table, m->cells, m->n, err) : PIQ_OK;
    m->n = 0;
    m->bytes = 0;
    piq_arena_clear(&m->arena);
    m->cells = piq_new(&m->arena, piq_cell, PIECE_ROWS * m->table->n_columns);
    if (status == PIQ_OK && !m->cells)
        status = piq_fail(err, PIQ_ENOMEM, "no memory to move rows");
    return status;
}

static piq_status keep_row(void *ctx, const piq_table *t, const piq_cell *cells,
                           piq_err *err)
{
    mover *m = ctx;
    piq_cell *row = &m->cells[m->n * t->n_columns];
    piq_status status = add_row(&m->sent, t, cells, err);
    for (size_t i = 0; i < t->n_columns && status == PIQ_OK; i++) {
        row[i] = cells[i];
        if (cells[i].kind != PIQ_CELL_BYTES || !cells[i].bytes.len)
            continue;
        char *copy = piq_new(&m->arena, char, cells[i].bytes.len);
        if (!copy)
            return piq_fail(err, PIQ_ENOMEM, "no memory to move a row of %s",
                            t->name);
        memcpy(copy, cells[i].bytes.ptr, cells[i].bytes.len);
        row[i].bytes.ptr = copy;
        m->bytes += cells[i].bytes.len;
    }
    if (status)
        return status;
    m->n++;
    return m->n == PIECE_ROWS || m->bytes >= PIECE_BYTES ? flush_piece(m, err)
                                                         : PIQ_OK;
}

static piq_status copy_table(piq_store *from, piq_store *to, const piq_table *t,
                             digest *sent, piq_err *err)
{
    mover m = {.to = to, .table = t};
    piq_arena_init(&m.arena, MAX_PIECE_BYTES);
    piq_status status = flush_piece(&m, err);
    if (status == PIQ_OK)
        status = from->ops->dump(from, t, (piq_user_id){PIQ_ANY_USER}, keep_row,
                                 &m, err);
    if (status == PIQ_OK)
        status = flush_piece(&m, err);
    piq_arena_release(&m.arena);
    *sent = m.sent;
    return status;
}

/* ---- the whole
 * ---------------------------------------------------------------- */

typedef struct moved {
    const char *table;
    digest sent, arrived;
} moved;

static piq_status check_table(piq_store *to, const piq_table *t, moved *x,
                              piq_err *err)
{
    piq_status status = to->ops->dump(to, t, (piq_user_id){PIQ_ANY_USER},
                                      add_row, &x->arrived, err);
    if (status == PIQ_OK &&
        (x->sent.hash != x->arrived.hash || x->sent.rows != x->arrived.rows)) {
        piq_fail(err, PIQ_ECORRUPT,
                 "%s did not arrive as it was: %" PRIu64 " rows of %" PRIu64
                 ", digest %016" PRIx64 " instead of %016" PRIx64,
                 t->name, x->arrived.rows, x->sent.rows, x->arrived.hash,
                 x->sent.hash);
        piq_err_hint(err, "was something writing to the source meanwhile?");
        return PIQ_ECORRUPT;
    }
    return status;
}

/* Only into a store where nobody has written yet. */
static piq_status must_be_new(piq_store *to, const char *name, piq_err *err)
{
    piq_store_counts counts;
    piq_status status = to->ops->counts(to, &counts, err);
    if (status)
        return status;
    if (!counts.learners && !counts.events && !counts.catalogue_version)
        return PIQ_OK;
    return piq_fail(err, PIQ_ECONFLICT,
                    "%s is not empty; piq migrate fills a new database", name);
}

enum { MAX_TABLES = 32 };

static piq_status migrate_all(piq_store *from, piq_store *to, moved *out,
                              size_t *n, piq_err *err)
{
    piq_status status = PIQ_OK;
    const piq_table *t;
    *n = 0;
    for (size_t i = 0; (t = piq_table_at(i)) && status == PIQ_OK; i++) {
        PIQ_ASSERT(i < MAX_TABLES);
        out[i] = (moved){.table = t->name};
        status = copy_table(from, to, t, &out[i].sent, err);
        *n = i + 1;
    }
    for (size_t i = 0; (t = piq_table_at(i)) && status == PIQ_OK; i++)
        status = check_table(to, t, &out[i], err);
    return status;
}

static void say(const moved *x, size_t n, bool json)
{
    uint64_t all = 0, rows = 0;
    if (json)
        printf("{\"tables\":{");
    for (size_t i = 0; i < n; i++) {
        if (json)
            printf("%s\"%s\":{\"rows\":%" PRIu64 ",\"digest\":\"%016" PRIx64
                   "\"}",
                   i ? "," : "", x[i].table, x[i].sent.rows, x[i].sent.hash);
        else if (x[i].sent.rows)
            printf("%-24s %12" PRIu64 " rows  %016" PRIx64 "\n", x[i].table,
                   x[i].sent.rows, x[i].sent.hash);
        all = mix(all, x[i].sent.hash);
        rows += x[i].sent.rows;
    }
    if (json)
        printf("},\"rows\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\"}\n", rows,
               all);
    else
        printf("%" PRIu64 " rows arrived as they were, digest %016" PRIx64 "\n",
               rows, all);
}

/* A new file is made under another name first: nobody finds half of one. */
typedef struct target {
    const char *name; /* as it was given */
    const char *file; /* NULL: a server, or a file that is there already */
    char part[PATH_MAX + 8]; /* "FILE.part" */
} target;

static piq_status begin_target(const char *name, target *out, piq_err *err)
{
    const char *file = piq_db_file(name);
    *out = (target){.name = name};
    if (!file || piq_file_exists(file))
        return PIQ_OK;
    if (strlen(file) > PATH_MAX)
        return piq_fail(err, PIQ_EINVAL, "a file's name of more than %d bytes",
                        PATH_MAX);
    out->file = file;
    snprintf(out->part, sizeof out->part, "%s.part", file);
    if (unlink(out->part) && errno != ENOENT)
        return piq_fail(err, PIQ_EIO, "could not remove %.100s: %s", out->part,
                        strerror(errno));
    return PIQ_OK;
}

/* After the store was closed, which leaves one file. */
static piq_status end_target(const target *t, piq_status status, piq_err *err)
{
    if (status && t->file)
        unlink(t->part);
    else if (status)
        piq_err_hint(err,
                     "%.90s holds a part of the rows now; make it empty "
                     "before the next try",
                     t->name);
    else if (t->file && rename(t->part, t->file))
        return piq_fail(err, PIQ_EIO, "could not rename %.80s: %s", t->part,
                        strerror(errno));
    return status;
}

static piq_status fill(const char *from_name, const target *t, moved *tables,
                       size_t *n, piq_err *err)
{
    piq_store *from, *to;
    piq_status status = piq_open_existing_store(from_name, &from, err);
    if (status)
        return status;
    status = piq_open_store(t->file ? t->part : t->name, false, &to, err);
    if (status == PIQ_OK) {
        status = must_be_new(to, t->name, err);
        if (status == PIQ_OK)
            status = migrate_all(from, to, tables, n, err);
        to->ops->close(to);
    }
    from->ops->close(from);
    return status;
}

static int run_migration(const char *from, const char *to, bool json)
{
    piq_err err = {0};
    moved tables[MAX_TABLES];
    target t;
    size_t n = 0;
    piq_status status = begin_target(to, &t, &err);
    if (status == PIQ_OK) {
        status = fill(from, &t, tables, &n, &err);
        if (status == PIQ_OK || n || t.file)
            status = end_target(&t, status, &err);
    }
    if (status)
        return piq_could_not(&err);
    say(tables, n, json);
    return PIQ_DONE;
}

static int migrate(const piq_command *self, int argc, char **argv)
{
    const char *from = NULL, *to = NULL;
    piq_arguments args;
    const piq_option options[] = {{"from", PIQ_OPT_TEXT, &from, 0, 0},
                                  {"to", PIQ_OPT_TEXT, &to, 0, 0},
                                  {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code >= 0)
        return code;
    if (!from || !to)
        return piq_wrong_use(self, "--from and --to are needed");
    if (strcmp(from, to) == 0)
        return piq_wrong_use(self, "--from and --to are the same");
    return run_migration(from, to, args.json);
}

const piq_command piq_cmd_migrate = {
    "migrate", "",
    "Moves everything into another, new database, and proves it.",
    "  --from DB        sqlite:FILE, a file, or postgres://..\n"
    "  --to DB          the same; must be new or empty\n",
    migrate};
