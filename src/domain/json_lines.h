/* json_lines.h - the line on which a value stands in a JSON text.
 *
 * The parser keeps no positions, and a finding must name a line. So the text
 * is walked again, when there is something to report: once to note where the
 * elements of the top-level arrays begin, then from there to the value.
 *
 * The text must have been parsed without error; it is borrowed. Not thread
 * safe.
 */
#ifndef PIQ_DOMAIN_JSON_LINES_H
#define PIQ_DOMAIN_JSON_LINES_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct piq_json_spot {
    size_t at;     /* byte of the text */
    unsigned line; /* from 1 */
} piq_json_spot;

typedef struct piq_json_list_spots {
    size_t key_at; /* of the member's name in the text, quote included */
    piq_json_spot *elements;
    size_t n;
} piq_json_list_spots;

typedef struct piq_json_lines {
    piq_str text;
    piq_arena *arena;
    bool indexed;
    piq_json_list_spots *lists; /* top-level members that are arrays */
    size_t n_lists;
} piq_json_lines;

/* Does not look at the text yet. What it notes later lives in `a`. */
void piq_json_lines_init(piq_json_lines *l, piq_arena *a, piq_str text);

/* Line of the value at `pointer` (RFC 6901; "" is the document). Where the
 * pointer leads nowhere: the line of the deepest value on the way. A full
 * arena only costs time. */
unsigned piq_json_lines_find(piq_json_lines *l, const char *pointer);

#endif
