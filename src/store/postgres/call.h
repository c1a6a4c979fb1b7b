/* call.h - one statement with its parameters, ready to be sent.
 *
 * All parameters go in binary. A row is written as scalars; many rows are
 * written as one array a column, which the statement unnests: so a commit is
 * parsed and planned once a table, however many rows it has.
 *
 *     piq_pg_call q;
 *     piq_pg_call_init(&q, PIQ_PG_ADD_STATES, "store learners' states");
 *     piq_pg_array(&q, PIQ_PG_INT8);
 *     for (..) piq_pg_add_i64(&q, ..);
 *     piq_pg_array(&q, PIQ_PG_BYTEA);
 *     for (..) piq_pg_add_bytes(&q, ..);
 *     ...                                 sent (flight.h), then
 *     piq_pg_call_release(&q);
 *
 * Failures (out of memory) stick and are told when it is sent. Scalar bytes
 * are borrowed until then; array elements are copied.
 */
#ifndef PIQ_STORE_POSTGRES_CALL_H
#define PIQ_STORE_POSTGRES_CALL_H

#include "base/buf.h"
#include "base/str.h"
#include "store/postgres/statement.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIQ_PG_MAX_PARAMS = 20, PIQ_PG_WHAT_BYTES = 96 };

/* Types by PostgreSQL's own numbers (pg_type). */
typedef enum piq_pg_type {
    PIQ_PG_BOOL = 16,
    PIQ_PG_BYTEA = 17,
    PIQ_PG_INT8 = 20,
    PIQ_PG_INT2 = 21,
    PIQ_PG_INT4 = 23,
    PIQ_PG_TEXT = 25,
    PIQ_PG_JSON = 114,
    PIQ_PG_FLOAT4 = 700,
    PIQ_PG_FLOAT8 = 701,
    PIQ_PG_TIMESTAMPTZ = 1184,
    PIQ_PG_JSONB = 3802
} piq_pg_type;

typedef struct piq_pg_param {
    const char *borrowed; /* NULL: in `bytes` */
    size_t at, len;
    bool is_null;
} piq_pg_param;

typedef struct piq_pg_call {
    piq_pg_sql sql;
    const char *text; /* with PIQ_PG_OTHER */
    char what[PIQ_PG_WHAT_BYTES];
    bool bounded; /* reads numbers that rise: see horizon() in schema_sql.c */
    /* Of a bounded one, on shards: at most so many rows, or rows of so many
     * numbers, of all of them together; 0: all there are. */
    size_t limit;
    bool limits_rows;
    bool has_bound; /* it was found out already */
    int64_t bound;
    const char *place; /* out: who answered */
    piq_buf bytes;
    piq_pg_param params[PIQ_PG_MAX_PARAMS];
    int n_params;
    uint32_t n_elements; /* of the array that is open */
    bool array_open, array_has_null;
} piq_pg_call;

/* Microseconds since 1970 of a timestamptz on the wire. INT64_MAX is its
 * infinity. */
int64_t piq_pg_time_us(int64_t time);

void piq_pg_call_init(piq_pg_call *q, piq_pg_sql sql, const char *what, ...)
    PIQ_PRINTF(3, 4);
void piq_pg_call_release(piq_pg_call *q);

void piq_pg_i64(piq_pg_call *q, int64_t v);
void piq_pg_count(piq_pg_call *q, size_t n); /* cut to int64 */
void piq_pg_bytes(piq_pg_call *q, piq_str v);

void piq_pg_array(piq_pg_call *q, piq_pg_type element);
void piq_pg_add_i64(piq_pg_call *q, int64_t v);
void piq_pg_add_f64(piq_pg_call *q, double v); /* NaN: NULL */
void piq_pg_add_time(piq_pg_call *q, int64_t at_us);
void piq_pg_add_bytes(piq_pg_call *q, piq_str v);
void piq_pg_add_bytes_or_null(piq_pg_call *q, piq_str v); /* empty: NULL */
void piq_pg_add_z(piq_pg_call *q, const char *z);
void piq_pg_add_null(piq_pg_call *q);

/* Writes the count of the open array. Called before it is sent. PIQ_OK,
 * PIQ_ENOMEM, PIQ_ELIMIT. */
PIQ_MUST_USE piq_status piq_pg_call_close(piq_pg_call *q);

#endif
