/* catalogue_fields.h - strict reading of one object of a curriculum document:
 * every fault is a finding, and reading goes on with a harmless value.
 *
 * Private to the catalogue's own files. Text and lists that are returned live
 * in the catalogue's arena; a full one sets the build's sticky status.
 */
#ifndef PIQ_DOMAIN_CATALOGUE_FIELDS_H
#define PIQ_DOMAIN_CATALOGUE_FIELDS_H

#include "domain/catalogue_build.h"

typedef struct piq_fields {
    piq_build *build;
    const json_t *object; /* borrowed */
    piq_place place;
    bool retired; /* the thing itself: it may refer to what is retired */
} piq_fields;

/* A range of numbers. Its low end belongs to it, unless `above`. */
typedef struct piq_range {
    double low, high;
    bool above;
} piq_range;

/* `element` must be an object without members outside `known`; false after a
 * finding that leaves nothing to read. */
bool piq_fields_open(piq_fields *f, piq_build *b, const json_t *element,
                     piq_place place, const char *const *known);

bool piq_fields_has(const piq_fields *f, const char *member);
void piq_fields_refuse(piq_fields *f, const char *member, const char *fmt, ...)
    PIQ_PRINTF(3, 4);

/* Required; min to max bytes. */
piq_str piq_fields_text(piq_fields *f, const char *member, size_t min,
                        size_t max);
double piq_fields_number(piq_fields *f, const char *member, piq_range range);
piq_level piq_fields_level(piq_fields *f);
piq_content_type piq_fields_type(piq_fields *f);
piq_modality piq_fields_modality(piq_fields *f);
/* Position of the thing that the required member names; PIQ_NO_IX32 after a
 * finding. */
uint32_t piq_fields_reference(piq_fields *f, const char *member, piq_kind k);

/* Optional. */
double piq_fields_number_or(piq_fields *f, const char *member, piq_range range,
                            double otherwise);
bool piq_fields_flag_or(piq_fields *f, const char *member, bool otherwise);
/* The list of things, each once; none when the member is absent. Positions
 * are of `k`; PIQ_NO_IX32 where one was refused. */
const uint32_t *piq_fields_references(piq_fields *f, const char *member,
                                      piq_kind k, size_t *n);

/* {"concept": weight, ..}, at most `max`. With `shares` it is required, not
 * empty, and sums to 1 within 1e-6. */
const piq_concept_weight *piq_fields_weights(piq_fields *f, const char *member,
                                             size_t max, bool shares,
                                             size_t *n);
/* ["word", ..], each once, 1 to PIQ_MAX_TAG_BYTES bytes, at most PIQ_MAX_TAGS;
 * optional. */
const piq_str *piq_fields_tags(piq_fields *f, const char *member, size_t *n);
/* {"name": number, ..}; optional. */
const piq_target_stat *piq_fields_stats(piq_fields *f, const char *member,
                                        size_t *n);

#endif
