#include "store/postgres/errors.h"

#include <string.h>

typedef struct rule {
    const char *prefix; /* of the code; the first that fits counts */
    piq_status status;
} rule;

static const rule rules[] = {
    {"PQ005", PIQ_ENOTFOUND},
    {"PQ006", PIQ_ECONFLICT},
    {"PQ007", PIQ_ESTALE},
    {"PQ002", PIQ_EINVAL},
    {"PQ008", PIQ_EBUSY}, /* taken back: schema_shards.c */
    {"08", PIQ_EIO},
    {"22", PIQ_EINVAL},       /* no JSON, no number */
    {"23505", PIQ_ECONFLICT}, /* a key that is there */
    {"23", PIQ_EINVAL},       /* a constraint that nobody expected */
    {"25006", PIQ_EIO},       /* a replica */
    {"25", PIQ_EINTERNAL},
    {"28", PIQ_EDENIED},
    {"40", PIQ_EBUSY}, /* deadlock, serialization */
    {"42501", PIQ_EDENIED},
    {"42", PIQ_ECORRUPT}, /* the tables are not those of the schema */
    {"53100", PIQ_EFULL},
    {"53200", PIQ_ENOMEM},
    {"53", PIQ_EBUSY}, /* too many connections */
    {"54", PIQ_ELIMIT},
    {"55P03", PIQ_EBUSY}, /* a lock in time */
    {"55", PIQ_EBUSY},
    {"57014", PIQ_EBUSY}, /* statement time-out */
    {"57P", PIQ_EIO},
    {"58", PIQ_EIO},
    {"3D", PIQ_EIO},
    {"3F", PIQ_ECORRUPT},
    {"XX001", PIQ_ECORRUPT},
    {"XX002", PIQ_ECORRUPT},
    {"HV", PIQ_EIO}, /* a shard behind a foreign table */
};

/* The status for a code of five characters; PIQ_EINTERNAL for none. */
static piq_status status_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (sqlstate != NULL &&
            strncmp(sqlstate, rules[i].prefix, strlen(rules[i].prefix)) == 0)
            return rules[i].status;
    return PIQ_EINTERNAL;
}

static const char *hint_for(piq_status status, const char *sqlstate)
{
    if (sqlstate != NULL && strcmp(sqlstate, "26000") == 0)
        return "a pooler stands between: set piq_prepare=0";
    switch (status) {
    case PIQ_EFULL:
        return "free some space on the server's disk; nothing was changed, "
               "and what is stored can still be read";
    case PIQ_EBUSY:
        return "the server is busy, or another process holds the rows; try "
               "again";
    case PIQ_ECORRUPT:
        return "stop, and see the server's log; restore a backup if its "
               "tables are damaged";
    case PIQ_EDENIED:
        return "the role must be let in by pg_hba.conf and own the schema";
    case PIQ_EIO:
        return "see that the server runs and can be reached";
    case PIQ_OK:
    case PIQ_ENOMEM:
    case PIQ_EINVAL:
    case PIQ_EPARSE:
    case PIQ_ELIMIT:
    case PIQ_ENOTFOUND:
    case PIQ_ECONFLICT:
    case PIQ_ESTALE:
    case PIQ_EINTERNAL:
        break;
    }
    return NULL;
}

static const char *code_of(const PGresult *r)
{
    return r == NULL ? NULL : PQresultErrorField(r, PG_DIAG_SQLSTATE);
}

static bool has_prefix(const PGresult *r, const char *prefix)
{
    const char *code = code_of(r);
    return code != NULL && strncmp(code, prefix, strlen(prefix)) == 0;
}

static const char *words_of(const PGresult *r)
{
    const char *words =
        r == NULL ? NULL : PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    return words != NULL ? words : "no answer could be read";
}

piq_status piq_pg_fail(piq_err *err, const char *place, const PGresult *r,
                       const char *what)
{
    const char *code = code_of(r);
    piq_status status = r == NULL ? PIQ_ENOMEM : status_of(code);
    const char *table =
        r == NULL ? NULL : PQresultErrorField(r, PG_DIAG_TABLE_NAME);
    if (has_prefix(r, "PQ"))
        piq_fail(err, status, "%s", words_of(r));
    else
        piq_fail(err, status, "could not %s in %s: %s%s%s%s", what, place,
                 words_of(r), code != NULL ? " (" : "",
                 code != NULL ? code : "", code != NULL ? ")" : "");
    piq_err_at(err, "%s", table != NULL && table[0] ? table : place);
    const char *hint = hint_for(status, code);
    if (hint != NULL)
        piq_err_hint(err, "%s", hint);
    return status;
}

piq_status piq_pg_fail_lost(piq_err *err, const char *place, const char *what)
{
    piq_fail(err, PIQ_EIO,
             "could not %s in %s: the connection was lost, or no answer came "
             "in time",
             what, place);
    piq_err_at(err, "%s", place);
    piq_err_hint(err, "%s", hint_for(PIQ_EIO, NULL));
    return PIQ_EIO;
}

/* libpq ends its words with a newline, and has a line for each host. */
static void copy_line(const char *from, char *to, size_t size)
{
    size_t n = 0;
    for (; from[n] != '\0' && n + 1 < size; n++)
        to[n] = from[n] == '\n' ? ' ' : from[n];
    while (n > 0 && to[n - 1] == ' ')
        n--;
    to[n] = '\0';
}

piq_status piq_pg_fail_connect(piq_err *err, const char *place,
                               const PGconn *pg, bool may_recover)
{
    char words[256];
    copy_line(PQerrorMessage(pg), words, sizeof words);
    piq_status status = may_recover ? PIQ_EIO : PIQ_EDENIED;
    piq_fail(err, status, "could not connect to %s: %s", place, words);
    piq_err_at(err, "%s", place);
    piq_err_hint(err, "%s", hint_for(status, NULL));
    return status;
}

/* Shut down, killed, a crash of another backend, idle for too long, or
 * PgBouncer's word for a server that went away. */
bool piq_pg_is_goodbye(const PGresult *r)
{
    const char *severity =
        r == NULL ? NULL : PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != NULL &&
           (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

bool piq_pg_is_retry(const PGresult *r)
{
    return has_prefix(r, "40P01") || has_prefix(r, "40001");
}

bool piq_pg_is_pooler(const PGresult *r)
{
    return has_prefix(r, "26000") || has_prefix(r, "42P05");
}

bool piq_pg_is_read_only(const PGresult *r)
{
    return has_prefix(r, "25006");
}

bool piq_pg_is_lock_timeout(const PGresult *r)
{
    return has_prefix(r, "55P03");
}

bool piq_pg_is_absent(const PGresult *r)
{
    return has_prefix(r, "42704");
}

bool piq_pg_is_busy(const PGresult *r)
{
    return has_prefix(r, "55000");
}
