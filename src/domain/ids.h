/* ids.h - what names what. One-field structs, so that a learner cannot be
 * passed for an item.
 *
 * Two kinds: numbers the outside gives (learner, content, item) and positions
 * in the catalogue's arrays. A position is permanent in one store: loading a
 * new curriculum appends, and retires without removing (see catalogue.h), so
 * stored state may be indexed by it.
 */
#ifndef PIQ_DOMAIN_IDS_H
#define PIQ_DOMAIN_IDS_H

#include <stdint.h>

/* tenant << PIQ_USER_BITS | what the tenant's platform calls the learner. */
typedef struct {
    int64_t v; /* 1 .. 2^63-1; below 2^53 where it came in over the API */
} piq_user_id;

enum { PIQ_USER_BITS = 40 };

/* What the platform calls the learner: all that anybody outside is told. */
static inline int64_t piq_user_outer(piq_user_id user)
{
    return user.v & ((INT64_C(1) << PIQ_USER_BITS) - 1);
}

typedef struct {
    int64_t v; /* 1 .. 2^53-1, given by the curriculum */
} piq_content_id;

typedef struct {
    int64_t v; /* 1 .. 2^53-1, given by the curriculum */
} piq_item_id;

typedef struct {
    uint16_t v; /* position in catalogue->areas */
} piq_area_ix;

typedef struct {
    uint16_t v; /* position in catalogue->concepts */
} piq_concept_ix;

typedef struct {
    uint32_t v; /* position in catalogue->contents */
} piq_content_ix;

typedef struct {
    uint32_t v; /* position in catalogue->items */
} piq_item_ix;

typedef struct {
    uint16_t v; /* position in catalogue->characters */
} piq_character_ix;

/* "No such position". */
#define PIQ_NO_IX16 UINT16_MAX
#define PIQ_NO_IX32 UINT32_MAX

#endif
