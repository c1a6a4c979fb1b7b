/* connection.h - one connection, and waiting for it with an end.
 *
 * libpq's own calls wait for ever once connected; a server that was stopped or
 * a network that swallows everything would hold a thread for good. So every
 * wait here has a deadline (monotonic, ns); past it the connection counts as
 * lost. When the store is about to be closed all of them end by one instant. A
 * connection belongs to one thread at a time.
 */
#ifndef PIQ_STORE_POSTGRES_CONNECTION_H
#define PIQ_STORE_POSTGRES_CONNECTION_H

#include "base/status.h"
#include "store/postgres/statement.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Time-outs of what handles large rows: models, loads, dumps. */
enum { PIQ_PG_SLOW_TIMES = 12 };

/* libpq's words for a connection, and NULL. */
enum { PIQ_PG_MAX_WORDS = 64 };

/* Names with commas between. */
enum { PIQ_PG_SHARD_LIST_BYTES = 1024 };

/* What every connection of a store is made with. */
typedef struct piq_pg_setting {
    char **keywords; /* libpq's, NULL at the end; hold the password */
    char **values;
    char place[256]; /* "database piq at 10.0.0.1:5432", for messages */
    char schema[64];
    bool has_shards;
    char shards[PIQ_PG_SHARD_LIST_BYTES]; /* as told; "": nothing was */
    unsigned statement_ms;
    unsigned wait_ms; /* for an answer: a little more than statement_ms */
    unsigned connect_s, n_hosts; /* connect_timeout of each; 0: none */
    /* The store's end_by(): monotonic; 0: none yet. */
    atomic_llong end_ns;
    atomic_ullong n_cut; /* calls that it ended, or did not let begin */
    /* Until it turns out that a pooler stands between. */
    atomic_bool prepare;
} piq_pg_setting;

typedef struct piq_pg_conn {
    PGconn *pg; /* NULL: not connected */
    piq_pg_setting *setting;
    bool prepared[PIQ_PG_N];
} piq_pg_conn;

/* Connects, trying each host for connect_timeout, or for as long as is left
 * before the store's end. `c` must not be connected.
 * On failure it is not either; *retry says whether another attempt may help
 * (a wrong password does not mend itself). */
PIQ_MUST_USE piq_status piq_pg_connect(piq_pg_conn *c, bool *retry,
                                       piq_err *err);
/* Closes at once, whatever is under way. */
void piq_pg_disconnect(piq_pg_conn *c);

/* Whether an idle connection is still there, as far as this side knows. */
bool piq_pg_is_alive(piq_pg_conn *c);

/* The next result, as PQgetResult(), but only until `deadline_ns`; NULL also
 * ends a statement. *lost: the connection is gone or the time is up, and is of
 * no use any more. */
PGresult *piq_pg_next_result(piq_pg_conn *c, int64_t deadline_ns, bool *lost);

/* Runs SQL text (several statements too) outside a pipeline; for the schema.
 * Gives the last result, PGRES_COMMAND_OK or PGRES_TUPLES_OK; the caller
 * clears it. */
PIQ_MUST_USE piq_status piq_pg_exec(piq_pg_conn *c, const char *sql,
                                    const char *what, PGresult **out,
                                    piq_err *err);

/* Now and `ms` later. */
int64_t piq_pg_deadline(unsigned ms);
/* The earlier of `deadline_ns` and the store's end. */
int64_t piq_pg_until(const piq_pg_setting *s, int64_t deadline_ns);
/* PIQ_EIO: the store's end has come. */
PIQ_MUST_USE piq_status piq_pg_may_begin(piq_pg_setting *s, piq_err *err);

#endif
