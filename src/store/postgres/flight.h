/* flight.h - statements sent together, one round trip, one transaction.
 *
 * What is sent between two syncs of a pipeline is one implicit transaction:
 * all of it is committed at the sync, or nothing. Every flight begins with
 * settings that last no longer than it does (set_config(.., true)): schema,
 * time-outs, and the tenant whose rows may be seen.
 *
 *     flight_begin    settings
 *     flight_add      any number
 *     flight_land     sync; waits; results, or who was refused
 *     flight_end      frees the results
 */
#ifndef PIQ_STORE_POSTGRES_FLIGHT_H
#define PIQ_STORE_POSTGRES_FLIGHT_H

#include "domain/ids.h"
#include "store/postgres/call.h"
#include "store/postgres/connection.h"

typedef enum piq_pg_outcome {
    PIQ_PG_LANDED,
    PIQ_PG_REFUSED, /* rolled back; the connection is as good as before */
    PIQ_PG_LOST     /* whether it was committed is not known */
} piq_pg_outcome;

typedef struct piq_pg_sent {
    char what[PIQ_PG_WHAT_BYTES];
    piq_pg_sql prepares; /* PIQ_PG_OTHER: it is a query */
    PGresult *result;    /* of a query that landed */
} piq_pg_sent;

typedef struct piq_pg_flight {
    piq_pg_conn *conn;
    piq_pg_sent *sent; /* [n], heap */
    size_t n, room;
    size_t refused_ix; /* PIQ_PG_REFUSED: sent[] and its error */
    PGresult *refusal;
    unsigned wait_ms;
    bool launched;
    bool broken;       /* a send failed: no memory, or the connection is gone */
    piq_status failed; /* a call could not be made: nothing is committed */
} piq_pg_flight;

/* Whose rows may be seen: one tenant's, or all. */
typedef struct piq_pg_scope {
    bool all;
    bool slow;  /* large rows: PIQ_PG_SLOW_TIMES the time-out */
    bool scans; /* reads whole tables */
    bool joint; /* of all learners, wherever they are: see schema_shards.c */
    bool opens; /* a transaction that goes on behind the sync: spread.c */
    unsigned lock_ms; /* how long to wait for a lock; 0: half of a statement */
    int64_t tenant;
    piq_user_id user; /* who decides the place; 0: it is home */
} piq_pg_scope;

#define PIQ_PG_ALL   ((piq_pg_scope){.all = true})
#define PIQ_PG_JOINT ((piq_pg_scope){.all = true, .joint = true})
/* That of a learner; rows of nobody (user 0) are for those who see all. */
piq_pg_scope piq_pg_scope_of(piq_user_id user);

void piq_pg_flight_begin(piq_pg_flight *f, piq_pg_conn *c, piq_pg_scope scope);
/* The next one inside a transaction that `opens`, or outside any: no settings.
 */
void piq_pg_flight_go_on(piq_pg_flight *f, piq_pg_conn *c);
/* A statement without parameters or rows, never prepared. */
void piq_pg_flight_say(piq_pg_flight *f, const char *text, const char *what);
/* Sends; failures are told by land. `add` also releases `q`. */
void piq_pg_flight_send(piq_pg_flight *f, piq_pg_call *q);
void piq_pg_flight_add(piq_pg_flight *f, piq_pg_call *q);
/* Sends the sync, and does not wait: several may be under way. */
void piq_pg_flight_launch(piq_pg_flight *f);
/* Ends the transaction. `f->failed` aborts it. */
piq_pg_outcome piq_pg_flight_land(piq_pg_flight *f);
/* The result of the last query added. */
PGresult *piq_pg_flight_last(const piq_pg_flight *f);
void piq_pg_flight_end(piq_pg_flight *f);

#endif
