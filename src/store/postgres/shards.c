#include "store/postgres/shards.h"

#include "base/arena.h"
#include "store/postgres/conninfo.h"
#include "store/postgres/schema.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_SHARD_CONNINFO = 2048 };

piq_pg_place *piq_pg_place_of(piq_postgres *s, piq_user_id user)
{
    if (s->shards == NULL || user.v <= 0)
        return &s->home;
    return &s->shards->at[piq_pg_shard_of(user, s->shards->n)];
}

/* ---- which they are ------------------------------------------------------ */

static piq_status bad_names(piq_err *err)
{
    piq_fail(err, PIQ_EINVAL,
             "could not read piq_shards: names of foreign servers are expected,"
             " 2 to %d, a comma between",
             PIQ_PG_MAX_SHARDS);
    piq_err_hint(err, "piq_shards=shard_0,shard_1,shard_2; a name is of a-z, "
                      "0-9 and _, at most 48 of them");
    return PIQ_EINVAL;
}

static bool is_name(const char *s, size_t len)
{
    return len > 0 && len <= 48 && (s[0] < '0' || s[0] > '9') &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") >= len;
}

static piq_status read_names(const char *list, piq_pg_shards *x, piq_err *err)
{
    const char *at = list;
    while (*at != '\0') {
        size_t len = strcspn(at, ",");
        if (!is_name(at, len) || x->n == PIQ_PG_MAX_SHARDS)
            return bad_names(err);
        snprintf(x->names[x->n], sizeof *x->names, "%.*s", (int)len, at);
        for (unsigned i = 0; i < x->n; i++)
            if (strcmp(x->names[i], x->names[x->n]) == 0)
                return bad_names(err);
        x->n++;
        at += len + (at[len] != '\0' ? 1 : 0);
    }
    return x->n == 1 ? bad_names(err) : PIQ_OK;
}

/* Those of the schema, when it is there. *made: it is. */
static piq_status read_kept(piq_pg_conn *c, piq_pg_shards *x, bool *made,
                            piq_err *err)
{
    char sql[400];
    const char *s = c->setting->schema;
    PGresult *r;
    snprintf(sql, sizeof sql,
             "SELECT to_regclass('%s.schema_migrations') IS NOT NULL,"
             " to_regclass('%s.shards') IS NOT NULL",
             s, s);
    piq_status st = piq_pg_exec(c, sql, "look for shards", &r, err);
    if (st != PIQ_OK)
        return st;
    *made = PQgetvalue(r, 0, 0)[0] == 't';
    bool any = PQgetvalue(r, 0, 1)[0] == 't';
    PQclear(r);
    if (!any)
        return PIQ_OK;
    snprintf(sql, sizeof sql, "SELECT server FROM %s.shards ORDER BY place", s);
    st = piq_pg_exec(c, sql, "read which shards there are", &r, err);
    if (st != PIQ_OK)
        return st;
    for (int i = 0; i < PQntuples(r) && i < PIQ_PG_MAX_SHARDS; i++)
        snprintf(x->names[x->n++], sizeof *x->names, "%s", PQgetvalue(r, i, 0));
    PQclear(r);
    return PIQ_OK;
}

static bool are_same(const piq_pg_shards *a, const piq_pg_shards *b)
{
    bool same = a->n == b->n;
    for (unsigned i = 0; i < a->n && same; i++)
        same = strcmp(a->names[i], b->names[i]) == 0;
    return same;
}

/* What is told must be what is kept. */
static piq_status find_names(piq_pg_conn *c, const char *told, piq_pg_shards *x,
                             bool *made, piq_err *err)
{
    char names[PIQ_PG_MAX_SHARDS][PIQ_PG_SERVER_BYTES];
    piq_pg_shards wanted = {.names = names};
    piq_status st = read_kept(c, x, made, err);
    if (st != PIQ_OK || told[0] == '\0')
        return st;
    st = read_names(told, &wanted, err);
    if (st != PIQ_OK || (*made && are_same(&wanted, x)))
        return st;
    if (*made) {
        piq_fail(err, PIQ_EINVAL,
                 "schema %s of %s was made with %u shards, and not with those "
                 "that piq_shards names",
                 c->setting->schema, c->setting->place, x->n);
        piq_err_hint(err, "leave piq_shards out; for other shards make another "
                          "schema with it and migrate into that");
        return PIQ_EINVAL;
    }
    x->n = wanted.n;
    memcpy(x->names, names, sizeof names);
    return PIQ_OK;
}

/* ---- where they are ------------------------------------------------------ */

/* libpq's words only: a foreign server has others too. No `options`, which
 * poolers refuse, and which are for the coordinator. */
static bool is_for_libpq(const PQconninfoOption *known, const char *word)
{
    for (; known->keyword != NULL; known++)
        if (strcmp(known->keyword, word) == 0)
            return strcmp(word, "options") != 0;
    return false;
}

static bool add_quoted(char *out, size_t *n, const char *word,
                       const char *value)
{
    size_t need = strlen(word) + 2 * strlen(value) + 5;
    if (*n + need >= MAX_SHARD_CONNINFO)
        return false;
    *n += (size_t)snprintf(out + *n, MAX_SHARD_CONNINFO - *n, " %s='", word);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            out[(*n)++] = '\\';
        out[(*n)++] = *value;
    }
    out[(*n)++] = '\'';
    out[*n] = '\0';
    return true;
}

static piq_status ask_options(piq_pg_conn *c, const char *name, PGresult **out,
                              piq_err *err)
{
    char sql[600];
    snprintf(sql, sizeof sql,
             "SELECT o.option_name, o.option_value FROM pg_foreign_server s,"
             " LATERAL (SELECT * FROM pg_options_to_table(s.srvoptions)"
             " UNION ALL SELECT * FROM pg_options_to_table((SELECT umoptions"
             "  FROM pg_user_mappings m WHERE m.srvid = s.oid"
             "  AND m.usename = current_user))) o WHERE s.srvname = '%s'",
             name);
    piq_status st = piq_pg_exec(c, sql, "read where a shard is", out, err);
    if (st != PIQ_OK || PQntuples(*out) > 0)
        return st;
    PQclear(*out);
    piq_fail(err, PIQ_EINVAL, "%s has no foreign server %s to be a shard",
             c->setting->place, name);
    piq_err_hint(err,
                 "CREATE SERVER %s FOREIGN DATA WRAPPER postgres_fdw "
                 "OPTIONS (..), and a user mapping for our role",
                 name);
    return PIQ_EINVAL;
}

static piq_status read_setting(piq_pg_conn *c, const char *name,
                               const piq_postgres_options *options,
                               piq_pg_setting *out, piq_err *err)
{
    char words[MAX_SHARD_CONNINFO] = "postgres:", place[sizeof out->place];
    size_t n = strlen(words);
    piq_postgres_options o = *options;
    PGresult *r;
    piq_status st = ask_options(c, name, &r, err);
    if (st != PIQ_OK)
        return st;
    PQconninfoOption *known = PQconndefaults();
    bool ok = known != NULL;
    for (int i = 0; i < PQntuples(r) && ok; i++)
        if (is_for_libpq(known, PQgetvalue(r, i, 0)))
            ok =
                add_quoted(words, &n, PQgetvalue(r, i, 0), PQgetvalue(r, i, 1));
    PQconninfoFree(known);
    PQclear(r);
    st = ok ? piq_pg_conninfo_read(words, &o, out, err)
            : piq_fail(err, PIQ_EINVAL,
                       "the options of foreign server %s are too long", name);
    explicit_bzero(words, sizeof words);
    if (st != PIQ_OK)
        return st;
    snprintf(place, sizeof place, "%s", out->place);
    snprintf(out->place, sizeof out->place, "shard %s (%.180s)", name, place);
    memcpy(out->schema, c->setting->schema, sizeof out->schema);
    return PIQ_OK;
}

/* ---- opening ------------------------------------------------------------- */

void piq_pg_shards_close(piq_pg_shards *x)
{
    if (x == NULL)
        return;
    piq_pg_keeper_stop(x);
    for (unsigned i = 0; i < x->n && x->at != NULL; i++) {
        if (x->at[i].is_shard)
            piq_pg_pool_release(&x->at[i].pool);
        piq_pg_setting_release(&x->at[i].setting);
    }
    free(x->at);
    free(x->names);
    free(x);
}

static piq_pg_shards *new_shards(void)
{
    piq_pg_shards *x =
        piq_alloc_should_fail() ? NULL : calloc(1, sizeof(piq_pg_shards));
    if (x == NULL)
        return NULL;
    x->names = piq_alloc_should_fail()
                   ? NULL
                   : calloc(PIQ_PG_MAX_SHARDS, sizeof *x->names);
    x->at = piq_alloc_should_fail() ? NULL
                                    : calloc(PIQ_PG_MAX_SHARDS, sizeof *x->at);
    if (x->names != NULL && x->at != NULL)
        return x;
    piq_pg_shards_close(x);
    return NULL;
}

static piq_status open_pool(piq_pg_place *p, const piq_postgres_options *o,
                            piq_err *err)
{
    if (!piq_pg_pool_init(&p->pool, o->n_connections, o->patience_ms,
                          &p->setting))
        return piq_fail(err, PIQ_ENOMEM, "could not make a lock for %s",
                        p->setting.place);
    p->is_shard = true;
    return PIQ_OK;
}

piq_status piq_pg_shard_prepare(piq_pg_conn *c, const piq_pg_shards *x,
                                unsigned place, piq_err *err)
{
    const piq_pg_layout layout = {.n_partitions = x->n_partitions,
                                  .n_shards = x->n,
                                  .is_shard = true,
                                  .place = place};
    PGresult *r;
    piq_status st = piq_pg_schema_ensure(c, &layout, err);
    if (st == PIQ_OK)
        st = piq_pg_exec(c,
                         "SELECT current_setting("
                         "'max_prepared_transactions')::integer > 0",
                         "see whether commits can be prepared", &r, err);
    if (st != PIQ_OK)
        return st;
    bool can = PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    if (can)
        return PIQ_OK;
    piq_fail(err, PIQ_EINVAL,
             "%s has max_prepared_transactions = 0, so that no commit can be "
             "spread over it and others",
             c->setting->place);
    piq_err_hint(err, "set it to the number of connections, 100 say, and "
                      "restart that server");
    return PIQ_EINVAL;
}

/* One that does not answer is down, if there is something to be opened. */
static piq_status open_one(piq_pg_shards *x, unsigned i, bool made,
                           piq_err *err)
{
    piq_pg_conn *c;
    piq_err why = {0};
    piq_status st = piq_pg_borrow(&x->at[i], &c, &why);
    if (st == PIQ_EIO && made)
        return PIQ_OK;
    if (st == PIQ_OK) {
        st = piq_pg_shard_prepare(c, x, i, &why);
        piq_pg_return(&x->at[i], c);
    }
    if (st != PIQ_OK && err != NULL)
        *err = why;
    return st;
}

/* All of them first: nothing is made when one is missing. */
static piq_status find_all(piq_pg_conn *home, piq_pg_shards *x,
                           const piq_postgres_options *o, piq_err *err)
{
    piq_status st = PIQ_OK;
    for (unsigned i = 0; i < x->n && st == PIQ_OK; i++) {
        snprintf(x->at[i].name, sizeof x->at[i].name, "%s", x->names[i]);
        st = read_setting(home, x->names[i], o, &x->at[i].setting, err);
    }
    return st;
}

static piq_status open_all(piq_pg_shards *x, bool made,
                           const piq_postgres_options *o, piq_err *err)
{
    piq_status st = PIQ_OK;
    for (unsigned i = 0; i < x->n && st == PIQ_OK; i++) {
        st = open_pool(&x->at[i], o, err);
        if (st == PIQ_OK)
            st = open_one(x, i, made, err);
    }
    return st;
}

piq_status piq_pg_shards_open(piq_postgres *s, piq_pg_conn *c,
                              const piq_postgres_options *options, piq_err *err)
{
    bool made;
    piq_pg_shards *x = new_shards();
    if (x == NULL)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a list of shards");
    piq_status st = find_names(c, s->home.setting.shards, x, &made, err);
    const piq_pg_layout layout = {.n_partitions = options->n_partitions,
                                  .n_shards = x->n,
                                  .servers = x->names};
    if (st == PIQ_OK)
        st = find_all(c, x, options, err);
    if (st == PIQ_OK)
        st = piq_pg_schema_ensure(c, &layout, err);
    s->home.setting.has_shards = x->n > 0;
    x->n_partitions = options->n_partitions;
    if (st == PIQ_OK)
        st = open_all(x, made, options, err);
    if (st != PIQ_OK || x->n == 0) {
        piq_pg_shards_close(x);
        return st;
    }
    s->shards = x;
    return PIQ_OK;
}
