/* result.h - values of a result, all of which come in binary.
 *
 * Slices are good until PQclear(); copies are in the arena given. NULL reads
 * as 0, NaN or the empty string.
 */
#ifndef PIQ_STORE_POSTGRES_RESULT_H
#define PIQ_STORE_POSTGRES_RESULT_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

bool piq_pg_is_null(const PGresult *r, int row, int column);
/* Integers, booleans; timestamps as microseconds since 1970. */
int64_t piq_pg_get_i64(const PGresult *r, int row, int column);
double piq_pg_get_f64(const PGresult *r, int row, int column);
float piq_pg_get_f32(const PGresult *r, int row, int column);
/* Text, JSON, blob. JSONB is as the server lays it out. */
piq_str piq_pg_get_bytes(const PGresult *r, int row, int column);
/* The same, copied; the blanks that JSONB puts after commas and colons are
 * left out. False when the arena is full. */
PIQ_MUST_USE bool piq_pg_copy(const PGresult *r, piq_arena *a, int row,
                              int column, piq_str *out);

#endif
