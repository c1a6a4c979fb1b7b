/* findings.h - collecting what is wrong with a curriculum document.
 *
 * A place in the document is kept as a few words and numbers, and is spelt
 * out as a JSON pointer only when there is something to say about it.
 */
#ifndef PIQ_DOMAIN_FINDINGS_H
#define PIQ_DOMAIN_FINDINGS_H

#include "base/arena.h"
#include "base/status.h"
#include "domain/catalogue.h"
#include "domain/json_lines.h"

#include <stddef.h>

enum { PIQ_MAX_FINDINGS = 1000 };

/* "No element" in a piq_place. */
#define PIQ_NO_PLACE SIZE_MAX

/* /list/at/member/name or /list/at/member/index; shorter when the later parts
 * are NULL or PIQ_NO_PLACE. Words are borrowed. */
typedef struct piq_place {
    const char *list;   /* "concepts"; NULL: the document itself */
    size_t at;          /* element of the list */
    const char *member; /* "prerequisites" */
    const char *name;   /* member of the member */
    size_t index;       /* or element of the member */
} piq_place;

piq_place piq_place_of(const char *list, size_t at);
piq_place piq_place_member(piq_place p, const char *member);
piq_place piq_place_name(piq_place p, const char *name);
piq_place piq_place_index(piq_place p, size_t index);

typedef struct piq_report {
    piq_findings *findings; /* list grows in `arena` */
    piq_arena *arena;
    piq_json_lines lines;
    size_t capacity;
    piq_status status; /* PIQ_ENOMEM once the arena was full */
} piq_report;

void piq_report_init(piq_report *r, piq_arena *findings_arena,
                     piq_arena *scratch, piq_str text, piq_findings *findings);

void piq_report_add(piq_report *r, piq_place p, const char *fmt, ...)
    PIQ_PRINTF(3, 4);

unsigned piq_report_line(piq_report *r, piq_place p);

/* In the order of the document's lines. */
void piq_report_sort(piq_report *r);

#endif
