/* tables.h - the tables that every backend has, by name and column.
 *
 * For what handles rows without knowing them: moving a store to another
 * backend, giving a learner everything that is kept of them, telling by a
 * digest that two stores hold the same. A backend may keep columns of its own
 * beside these, or keep a value in another type; what dump() gives and load()
 * takes is as written here.
 *
 * Static data; any thread.
 */
#ifndef PIQ_STORE_TABLES_H
#define PIQ_STORE_TABLES_H

#include "base/status.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

typedef enum piq_column_type {
    PIQ_COLUMN_INT,
    PIQ_COLUMN_REAL,
    PIQ_COLUMN_TEXT,
    PIQ_COLUMN_JSON, /* text; a backend may give it back laid out anew */
    PIQ_COLUMN_BLOB,
    PIQ_COLUMN_TIME /* microseconds since 1970, an int */
} piq_column_type;

typedef struct piq_column {
    const char *name;
    piq_column_type type;
} piq_column;

enum { PIQ_MAX_COLUMNS = 16, PIQ_NO_COLUMN = -1 };

typedef struct piq_table {
    const char *name;
    piq_column columns[PIQ_MAX_COLUMNS];
    size_t n_columns;
    int user;      /* column of the learner's id, or PIQ_NO_COLUMN */
    size_t n_keys; /* rows come by the first so many columns, ascending */
} piq_table;

/* In an order in which they can be filled; NULL past the end. */
const piq_table *piq_table_at(size_t i);
/* NULL: there is none of that name. */
const piq_table *piq_table_named(piq_str name);

/* A value. NULL stands for SQL's. */
typedef enum piq_cell_kind {
    PIQ_CELL_NULL,
    PIQ_CELL_INT,
    PIQ_CELL_REAL,
    PIQ_CELL_BYTES /* text, JSON, blob */
} piq_cell_kind;

typedef struct piq_cell {
    piq_cell_kind kind;
    int64_t i;
    double d;
    piq_str bytes;
} piq_cell;

/* Gets one row, [t->n_columns]; borrowed for the call. What it returns other
 * than PIQ_OK ends the dump, which returns it. */
typedef piq_status piq_row_sink(void *ctx, const piq_table *t,
                                const piq_cell *cells, piq_err *err);

#endif
