/* errors.h - PostgreSQL's codes (SQLSTATE) in our words.
 *
 * Every failure of this backend passes through here, so that the message
 * always names what could not be done, and where - never with what secret.
 *
 * Our own SQL raises codes of class PQ: PQ005, PQ006, PQ007 stand for
 * PIQ_ENOTFOUND, PIQ_ECONFLICT, PIQ_ESTALE, with a message made there, where
 * the row in question is known.
 */
#ifndef PIQ_STORE_POSTGRES_ERRORS_H
#define PIQ_STORE_POSTGRES_ERRORS_H

#include "base/status.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* "could not <what> in <place>: <the server's words>", with where and hint.
 * `r` may be NULL: no memory for a result. */
piq_status piq_pg_fail(piq_err *err, const char *place, const PGresult *r,
                       const char *what);
/* The connection was lost, or the server did not answer in time: PIQ_EIO. */
piq_status piq_pg_fail_lost(piq_err *err, const char *place, const char *what);
/* After an attempt to connect that failed: PIQ_EIO, or PIQ_EDENIED when it
 * was refused for good. */
piq_status piq_pg_fail_connect(piq_err *err, const char *place,
                               const PGconn *pg, bool may_recover);

/* The server says that it ends this connection (shut down, killed). */
bool piq_pg_is_goodbye(const PGresult *r);
/* Nothing was done and doing it again may work: deadlock, serialization. */
bool piq_pg_is_retry(const PGresult *r);
/* A prepared statement is not there, or there already: a pooler stands between
 * that lends a connection for a transaction. Nothing was done. */
bool piq_pg_is_pooler(const PGresult *r);
/* This server has become, or still is, a replica. */
bool piq_pg_is_read_only(const PGresult *r);
/* A lock was waited for in vain. */
bool piq_pg_is_lock_timeout(const PGresult *r);
/* Somebody else is at a prepared transaction. */
bool piq_pg_is_busy(const PGresult *r);
/* What was named is not there. */
bool piq_pg_is_absent(const PGresult *r);

#endif
