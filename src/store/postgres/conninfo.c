#include "store/postgres/conninfo.h"

#include "base/arena.h"
#include "base/str.h"
#include "store/postgres/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CONNINFO = 4096, OUR_VALUE_BYTES = 64 };

static const char scheme[] = "postgres:";

bool piq_postgres_is_conninfo(const char *name)
{
    return strncmp(name, "postgresql://", 13) == 0 ||
           strncmp(name, scheme, sizeof scheme - 1) == 0;
}

static bool is_uri(const char *s)
{
    return strncmp(s, "postgresql://", 13) == 0 ||
           strncmp(s, "postgres://", 11) == 0;
}

/* ---- our own words ------------------------------------------------------- */

typedef struct ours {
    char schema[OUR_VALUE_BYTES], pool[OUR_VALUE_BYTES],
        partitions[OUR_VALUE_BYTES], statement_ms[OUR_VALUE_BYTES],
        patience_ms[OUR_VALUE_BYTES], prepare[OUR_VALUE_BYTES],
        shards[PIQ_PG_SHARD_LIST_BYTES];
} ours;

/* True when `word` (name=value) is one of ours and its value fits. */
static bool take_ours(const char *word, size_t len, ours *o)
{
    const struct {
        const char *name;
        char *value;
        size_t size;
    } names[] = {{"piq_schema=", o->schema, sizeof o->schema},
                 {"piq_pool=", o->pool, sizeof o->pool},
                 {"piq_partitions=", o->partitions, sizeof o->partitions},
                 {"piq_statement_ms=", o->statement_ms, sizeof o->statement_ms},
                 {"piq_patience_ms=", o->patience_ms, sizeof o->patience_ms},
                 {"piq_prepare=", o->prepare, sizeof o->prepare},
                 {"piq_shards=", o->shards, sizeof o->shards}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i].name);
        if (len < n || strncmp(word, names[i].name, n) != 0)
            continue;
        if (len - n >= names[i].size)
            return false;
        memcpy(names[i].value, word + n, len - n);
        names[i].value[len - n] = '\0';
        return true;
    }
    return false;
}

/* The end of the word that begins at `s`: '&' in a URI's query, a blank that is
 * not inside quotes elsewhere. */
static size_t word_len(const char *s, bool uri)
{
    bool quoted = false;
    size_t i = 0;
    for (; s[i] != '\0'; i++) {
        if (uri ? s[i] == '&' : (s[i] == ' ' || s[i] == '\n') && !quoted)
            break;
        if (!uri && s[i] == '\\' && s[i + 1] != '\0')
            i++;
        else if (!uri && s[i] == '\'')
            quoted = !quoted;
    }
    return i;
}

/* Copies the words that are libpq's. */
static bool split(const char *from, char *to, ours *o)
{
    bool uri = is_uri(from);
    if (strlen(from) >= MAX_CONNINFO)
        return false;
    const char *at = from;
    size_t n = 0;
    if (uri) {
        const char *query = strchr(from, '?');
        size_t head = query != NULL ? (size_t)(query - from) : strlen(from);
        memcpy(to, from, head);
        n = head;
        at = query != NULL ? query + 1 : from + head;
    }
    char between = uri ? '?' : ' ';
    while (*at != '\0') {
        size_t len = word_len(at, uri);
        if (len > 0 && !take_ours(at, len, o)) {
            to[n++] = between;
            between = uri ? '&' : ' ';
            memcpy(to + n, at, len);
            n += len;
        }
        at += len + (at[len] != '\0' ? 1 : 0);
    }
    to[n] = '\0';
    return true;
}

/* ---- our options ----------------------------------------------------------
 */

static bool is_schema_name(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > 48 || (s[0] >= '0' && s[0] <= '9') ||
        strncmp(s, "pg_", 3) == 0)
        return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static bool take_number(const char *text, unsigned most, unsigned *out)
{
    int64_t v;
    if (text[0] == '\0')
        return true;
    if (!piq_str_to_i64(piq_str_of(text), &v) || v < 0 || v > most)
        return false;
    *out = (unsigned)v;
    return true;
}

enum {
    DEFAULT_CONNECTIONS = 6,
    DEFAULT_STATEMENT_MS = 10000,
    DEFAULT_CONNECT_S = 5,
    DEFAULT_PATIENCE_MS = 5000,
    MOST_MS = 3600000,
    MOST_PARTITIONS = 1024
};

static void put_default(unsigned *v, unsigned otherwise)
{
    if (*v == 0)
        *v = otherwise;
}

static bool take_options(const ours *w, piq_postgres_options *o)
{
    unsigned prepare = !o->unprepared;
    bool ok = take_number(w->pool, PIQ_PG_MAX_CONNECTIONS, &o->n_connections) &&
              take_number(w->partitions, MOST_PARTITIONS, &o->n_partitions) &&
              take_number(w->statement_ms, MOST_MS, &o->statement_ms) &&
              take_number(w->patience_ms, MOST_MS, &o->patience_ms) &&
              take_number(w->prepare, 1, &prepare);
    o->unprepared = prepare == 0;
    put_default(&o->n_connections, DEFAULT_CONNECTIONS);
    put_default(&o->statement_ms, DEFAULT_STATEMENT_MS);
    put_default(&o->connect_s, DEFAULT_CONNECT_S);
    put_default(&o->patience_ms, DEFAULT_PATIENCE_MS);
    if (o->schema == NULL)
        o->schema = "piq";
    return ok && o->n_connections <= PIQ_PG_MAX_CONNECTIONS &&
           o->n_partitions <= MOST_PARTITIONS && o->statement_ms <= MOST_MS;
}

/* ---- libpq's ----------------------------------------------------------------
 */

/* The server's own time-out comes first. */
static unsigned wait_of(const piq_postgres_options *o)
{
    return o->statement_ms + o->statement_ms / 4 + 250;
}

static bool add_word(piq_pg_setting *s, size_t *n, const char *keyword,
                     const char *value)
{
    PIQ_ASSERT(*n < PIQ_PG_MAX_WORDS - 1);
    s->keywords[*n] = piq_alloc_should_fail() ? NULL : strdup(keyword);
    s->values[*n] = piq_alloc_should_fail() ? NULL : strdup(value);
    (*n)++;
    return s->keywords[*n - 1] != NULL && s->values[*n - 1] != NULL;
}

static const char *value_of(const PQconninfoOption *list, const char *keyword)
{
    for (; list->keyword != NULL; list++)
        if (strcmp(list->keyword, keyword) == 0)
            return list->val;
    return NULL;
}

/* A server that vanished is noticed by keepalives, and by unacknowledged bytes.
 * No `options`, which poolers refuse. */
static bool add_defaults(piq_pg_setting *s, size_t *n,
                         const PQconninfoOption *list,
                         const piq_postgres_options *o)
{
    char connect_s[16], unacknowledged_ms[16];
    snprintf(connect_s, sizeof connect_s, "%u", o->connect_s);
    snprintf(unacknowledged_ms, sizeof unacknowledged_ms, "%u", wait_of(o));
    const char *const wanted[][2] = {
        {"connect_timeout", connect_s},
        {"application_name", o->application != NULL ? o->application : "piq"},
        {"client_encoding", "UTF8"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", unacknowledged_ms}};
    bool ok = true;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && ok; i++)
        if (value_of(list, wanted[i][0]) == NULL)
            ok = add_word(s, n, wanted[i][0], wanted[i][1]);
    return ok;
}

static void name_place(const PQconninfoOption *list, char *out, size_t size)
{
    const char *name = value_of(list, "dbname"), *host = value_of(list, "host");
    const char *port = value_of(list, "port");
    if (host == NULL)
        host = value_of(list, "hostaddr");
    snprintf(out, size, "database %s at %s%s%s", name ? name : "(default)",
             host ? host : "the default host", port ? " port " : "",
             port ? port : "");
}

/* 0, or no number: libpq waits for as long as the kernel does. */
static unsigned connect_s_of(const PQconninfoOption *list,
                             const piq_postgres_options *o)
{
    const char *told = value_of(list, "connect_timeout");
    int64_t seconds = o->connect_s;
    if (told != NULL && !piq_str_to_i64(piq_str_of(told), &seconds))
        seconds = 0;
    return seconds > 0 && seconds < MOST_MS ? (unsigned)seconds : 0;
}

static unsigned n_hosts_of(const PQconninfoOption *list)
{
    const char *hosts = value_of(list, "hostaddr");
    unsigned n = 1;
    if (hosts == NULL)
        hosts = value_of(list, "host");
    for (; hosts != NULL && *hosts != '\0'; hosts++)
        n += *hosts == ',';
    return n;
}

static piq_status no_memory(piq_err *err)
{
    return piq_fail(err, PIQ_ENOMEM, "no memory for a connection string");
}

static piq_status keep_words(const PQconninfoOption *list,
                             const piq_postgres_options *o, piq_pg_setting *s,
                             piq_err *err)
{
    bool fails = piq_alloc_should_fail();
    s->keywords = fails ? NULL : calloc(PIQ_PG_MAX_WORDS, sizeof *s->keywords);
    s->values = fails ? NULL : calloc(PIQ_PG_MAX_WORDS, sizeof *s->values);
    bool ok = s->keywords != NULL && s->values != NULL;
    size_t n = 0;
    for (const PQconninfoOption *w = list; w->keyword != NULL && ok; w++)
        if (w->val != NULL)
            ok = add_word(s, &n, w->keyword, w->val);
    if (ok && add_defaults(s, &n, list, o))
        return PIQ_OK;
    piq_pg_setting_release(s);
    return no_memory(err);
}

void piq_pg_setting_release(piq_pg_setting *s)
{
    for (size_t i = 0; i < PIQ_PG_MAX_WORDS && s->keywords != NULL; i++)
        free(s->keywords[i]);
    for (size_t i = 0; i < PIQ_PG_MAX_WORDS && s->values != NULL; i++)
        if (s->values[i] != NULL) {
            explicit_bzero(s->values[i], strlen(s->values[i]));
            free(s->values[i]);
        }
    free(s->keywords);
    free(s->values);
    s->keywords = s->values = NULL;
}

static piq_status invalid(piq_err *err, const char *why)
{
    piq_fail(err, PIQ_EINVAL, "could not read a connection string: %s", why);
    piq_err_hint(err, "postgresql://USER@HOST:PORT/DATABASE?piq_schema=piq, "
                      "or postgres:host=.. dbname=..");
    return PIQ_EINVAL;
}

/* Never libpq's own words, which may repeat a part of the string. */
piq_status piq_pg_conninfo_read(const char *conninfo, piq_postgres_options *o,
                                piq_pg_setting *out, piq_err *err)
{
    char rest[MAX_CONNINFO + 1];
    ours words = {0};
    *out = (piq_pg_setting){0};
    if (!is_uri(conninfo) && strncmp(conninfo, scheme, sizeof scheme - 1) == 0)
        conninfo += sizeof scheme - 1;
    if (!split(conninfo, rest, &words))
        return invalid(err, "it is too long");
    if (!take_options(&words, o))
        return invalid(err, "an option that begins with piq_ is out of range");
    snprintf(out->schema, sizeof out->schema, "%s",
             words.schema[0] != '\0' ? words.schema : o->schema);
    snprintf(out->shards, sizeof out->shards, "%s",
             words.shards[0] == '\0' && o->shards != NULL ? o->shards
                                                          : words.shards);
    if (!is_schema_name(out->schema))
        return invalid(err, "a schema's name is of a-z, 0-9 and _");
    char *ignored = NULL;
    PQconninfoOption *list = PQconninfoParse(rest, &ignored);
    explicit_bzero(rest, sizeof rest);
    PQfreemem(ignored);
    if (list == NULL)
        return invalid(err, "it is not of libpq's form, or no memory");
    name_place(list, out->place, sizeof out->place);
    out->statement_ms = o->statement_ms;
    out->wait_ms = wait_of(o);
    out->connect_s = connect_s_of(list, o);
    out->n_hosts = n_hosts_of(list);
    atomic_init(&out->prepare, !o->unprepared);
    piq_status st = keep_words(list, o, out, err);
    PQconninfoFree(list);
    return st;
}

void piq_postgres_redact(const char *conninfo, char *out, size_t size)
{
    char rest[MAX_CONNINFO + 1];
    ours words = {0};
    PQconninfoOption *list = NULL;
    if (!is_uri(conninfo) && strncmp(conninfo, scheme, sizeof scheme - 1) == 0)
        conninfo += sizeof scheme - 1;
    if (split(conninfo, rest, &words))
        list = PQconninfoParse(rest, NULL);
    explicit_bzero(rest, sizeof rest);
    snprintf(out, size, "PostgreSQL");
    if (list == NULL)
        return;
    char place[256];
    name_place(list, place, sizeof place);
    snprintf(out, size, "PostgreSQL %s, schema %s", place,
             words.schema[0] != '\0' ? words.schema : "piq");
    PQconninfoFree(list);
}
