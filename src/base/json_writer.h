/* json_writer.h - streaming JSON into a piq_buf, for replies and stored rows.
 *
 * Commas and nesting are kept by the writer; misuse (a value where a key is
 * due) trips PIQ_ASSERT. Numbers: integers exactly; doubles in the shortest
 * decimal that reads back to the same bits; NaN and infinities become null.
 * Strings are escaped as RFC 8259 asks; bytes that are not UTF-8 are replaced
 * by U+FFFD. Errors are the buffer's sticky status.
 */
#ifndef PIQ_BASE_JSON_WRITER_H
#define PIQ_BASE_JSON_WRITER_H

#include "base/buf.h"

#include <stdbool.h>

enum { PIQ_JSON_MAX_DEPTH = 32 };

typedef struct piq_json_writer {
    piq_buf *out;
    uint8_t depth;
    bool after_key;
    bool is_object[PIQ_JSON_MAX_DEPTH];
    bool has_member[PIQ_JSON_MAX_DEPTH];
} piq_json_writer;

void piq_json_init(piq_json_writer *w, piq_buf *out);

void piq_json_object(piq_json_writer *w);
void piq_json_object_end(piq_json_writer *w);
void piq_json_array(piq_json_writer *w);
void piq_json_array_end(piq_json_writer *w);
void piq_json_key(piq_json_writer *w, const char *key);

void piq_json_null(piq_json_writer *w);
void piq_json_bool(piq_json_writer *w, bool v);
void piq_json_int(piq_json_writer *w, int64_t v);
void piq_json_double(piq_json_writer *w, double v);
/* The shortest decimal that reads back to the same float. */
void piq_json_float(piq_json_writer *w, float v);
/* Rounded to `decimals` (0..9) places, trailing zeros dropped. */
void piq_json_fixed(piq_json_writer *w, double v, int decimals);
void piq_json_str(piq_json_writer *w, piq_str s);
void piq_json_z(piq_json_writer *w, const char *z); /* NULL gives null */
/* RFC 3339 UTC; see calendar.h. */
void piq_json_time(piq_json_writer *w, int64_t at_us);
/* A 64-bit id as a JSON string. */
void piq_json_id(piq_json_writer *w, int64_t id);
/* `json` must be one complete value; it is not checked. */
void piq_json_raw(piq_json_writer *w, piq_str json);

/* key + value in one call: for the common members. */
void piq_json_put_bool(piq_json_writer *w, const char *key, bool v);
void piq_json_put_int(piq_json_writer *w, const char *key, int64_t v);
void piq_json_put_double(piq_json_writer *w, const char *key, double v);
void piq_json_put_float(piq_json_writer *w, const char *key, float v);
void piq_json_put_fixed(piq_json_writer *w, const char *key, double v,
                        int decimals);
void piq_json_put_str(piq_json_writer *w, const char *key, piq_str s);
void piq_json_put_z(piq_json_writer *w, const char *key, const char *z);
void piq_json_put_time(piq_json_writer *w, const char *key, int64_t at_us);
void piq_json_put_id(piq_json_writer *w, const char *key, int64_t id);

#endif
