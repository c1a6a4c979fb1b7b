/* json_reader.h - reading a JSON object member by member, strictly.
 *
 * Wraps jansson so that every refusal names the JSON pointer of what was wrong
 * and what was expected. Use: begin with the list of members that may occur,
 * then take them; the first failure sticks, and is what `end` returns.
 *
 *     static const char *const known[] = {"concept", "rating", NULL};
 *     piq_json_reader r;
 *     piq_json_begin(&r, json, where, known, err);
 *     rating = piq_json_int(&r, "rating", 1, 4);
 *     return piq_json_end(&r);
 */
#ifndef PIQ_DOMAIN_JSON_READER_H
#define PIQ_DOMAIN_JSON_READER_H

#include "base/status.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct piq_json_reader {
    const json_t *object; /* borrowed; NULL after a failure */
    const char *where;    /* JSON pointer of the object; borrowed */
    piq_err *err;         /* may be NULL */
    piq_status status;
} piq_json_reader;

/* Parses text under our limits: UTF-8, no duplicate members, depth 16, finite
 * numbers. Caller json_decref()s. PIQ_EPARSE with line, column and byte;
 * PIQ_ELIMIT when deeper; PIQ_ENOMEM, which is no fault of the text's (see
 * json_memory.h). */
PIQ_MUST_USE piq_status piq_json_parse(piq_str text, json_t **out,
                                       piq_err *err);
/* The same of what this program has written and stored, without limits.
 * PIQ_ECORRUPT: it is no JSON; PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_json_parse_own(piq_str text, json_t **out);

/* Whether two texts say the same: members in any order, numbers by value, so
 * that a store may lay a document out anew. False where one is no JSON. */
bool piq_json_same(piq_str a, piq_str b);

/* `json` must be an object that has no member outside `known`. */
void piq_json_begin(piq_json_reader *r, const json_t *json, const char *where,
                    const char *const *known, piq_err *err);
piq_status piq_json_end(piq_json_reader *r);

/* Records the first failure, at `where`/`member` (member may be NULL). */
void piq_json_refuse(piq_json_reader *r, const char *member, const char *fmt,
                     ...) PIQ_PRINTF(3, 4);

bool piq_json_has(const piq_json_reader *r, const char *member);

/* Required members; after any failure a harmless value comes back. */
int64_t piq_json_int_in(piq_json_reader *r, const char *member, int64_t low,
                        int64_t high);
double piq_json_number_in(piq_json_reader *r, const char *member, double low,
                          double high);
bool piq_json_flag(piq_json_reader *r, const char *member);
/* Bytes live as long as the JSON; between min and max bytes, UTF-8. */
piq_str piq_json_string(piq_json_reader *r, const char *member, size_t min,
                        size_t max);
/* The same of a name: of a-z, 0-9, "-", "_" and "." only. */
piq_str piq_json_name(piq_json_reader *r, const char *member, size_t max);
bool piq_json_is_name(piq_str s);
/* NULL after a refusal. */
const json_t *piq_json_array_in(piq_json_reader *r, const char *member,
                                size_t max);
int64_t piq_json_instant(piq_json_reader *r, const char *member);

#endif
