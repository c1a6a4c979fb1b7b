/* postgres_sql.h - straight SQL beside the store, and the one number that it
 * answers. */
#ifndef PIQ_TESTS_POSTGRES_SQL_H
#define PIQ_TESTS_POSTGRES_SQL_H

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The first number of the first row, 0 after a command. -1: no row came, or it
 * failed, with the SQLSTATE in `code` ("" when there is none). */
static inline int64_t postgres_ask(PGconn *pg, const char *sql, char code[6])
{
    PGresult *r = PQexec(pg, sql);
    int64_t n = -1;
    memset(code, 0, 6);
    if (PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) > 0)
        n = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    else if (PQresultStatus(r) == PGRES_COMMAND_OK)
        n = 0;
    else if (PQresultErrorField(r, PG_DIAG_SQLSTATE) != NULL)
        memcpy(code, PQresultErrorField(r, PG_DIAG_SQLSTATE), 5);
    PQclear(r);
    return n;
}

static inline int64_t postgres_must_ask(PGconn *pg, const char *sql)
{
    char code[6];
    int64_t n = postgres_ask(pg, sql, code);
    if (n < 0)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    return n;
}

#endif
