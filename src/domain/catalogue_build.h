/* catalogue_build.h - a catalogue in the making, shared by the files that read
 * and check a curriculum document. Private to them.
 *
 *   claim    every id of the document gets its position: that of the previous
 *            catalogue, or a new one at the end
 *   carry    what only the previous catalogue has is copied, marked retired
 *   read     the members of everything, references resolved to positions
 *   check    what concerns several things at once: levels, cycles, order
 *   derive   items by content, content by concept
 *
 * Faults do not stop it: they are reported, and a reference that leads nowhere
 * is kept as PIQ_NO_IX16/32, so that list places stay those of the document.
 * A catalogue with a finding is thrown away, so none of these ever gets out.
 */
#ifndef PIQ_DOMAIN_CATALOGUE_BUILD_H
#define PIQ_DOMAIN_CATALOGUE_BUILD_H

#include "domain/catalogue.h"
#include "domain/catalogue_kinds.h"
#include "domain/findings.h"

#include <jansson.h>

typedef struct piq_slots {
    const json_t *array; /* the kind's list in the document */
    size_t n_document;
    size_t n;              /* positions, carried ones included */
    uint32_t *position_of; /* [n_document]; PIQ_NO_IX32: has no usable id */
    uint32_t *place_of;    /* [n]; PIQ_NO_IX32: not in the document */
    uint32_t *seen_in;     /* [n]; last list (numbered) that named it */
} piq_slots;

typedef struct piq_build {
    piq_catalogue *c;
    const piq_catalogue *previous; /* may be NULL */
    const json_t *root;
    piq_arena *scratch;
    piq_report report; /* its status is the build's sticky status */
    uint32_t n_lists;  /* lists of references read so far */
    piq_slots slots[PIQ_N_KINDS];
} piq_build;

/* catalogue_claim.c. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_build_claim(piq_build *b);
/* catalogue_carry.c. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_build_carry(piq_build *b);
/* catalogue_check.c. Also fills c->order. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_build_check(piq_build *b);
/* catalogue_derive.c. Only without findings. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_build_derive(piq_build *b);
/* catalogue_diff.c. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_catalogue_diff(piq_arena *a,
                                           const piq_catalogue *before,
                                           const piq_catalogue *after,
                                           piq_catalogue_change *out);

/* Place in the document of the thing at a position. */
piq_place piq_build_place(const piq_build *b, piq_kind k, size_t position);

/* An outside word is at most this long. */
enum { PIQ_MAX_ID_BYTES = 64 };

#endif
