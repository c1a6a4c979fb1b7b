/* catalogue_kinds.h - what the five kinds of things in a catalogue share: a
 * list in the document, an outside name, a position, a retired mark.
 *
 * Private to the catalogue's own files.
 */
#ifndef PIQ_DOMAIN_CATALOGUE_KINDS_H
#define PIQ_DOMAIN_CATALOGUE_KINDS_H

#include "domain/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Also the order of reading: a kind refers to those before it (and to its
 * own). */
typedef enum piq_kind {
    PIQ_KIND_AREA,
    PIQ_KIND_CONCEPT,
    PIQ_KIND_CHARACTER,
    PIQ_KIND_CONTENT,
    PIQ_KIND_ITEM
} piq_kind;
enum { PIQ_N_KINDS = 5 };

/* The outside name of a thing: a word for areas, concepts and characters, a
 * number for contents and items (word.ptr is NULL then). */
typedef struct piq_outside_id {
    piq_str word;
    int64_t number;
} piq_outside_id;

const char *piq_kind_list(piq_kind k); /* "areas": member of the document */
const char *piq_kind_word(piq_kind k); /* "area" */
size_t piq_kind_max(piq_kind k);
bool piq_kind_is_numbered(piq_kind k); /* contents and items */

size_t piq_kind_count(const piq_catalogue *c, piq_kind k);
piq_outside_id piq_kind_id(const piq_catalogue *c, piq_kind k, size_t at);
bool piq_kind_retired(const piq_catalogue *c, piq_kind k, size_t at);

/* Key of the kind's map in a catalogue. */
uint64_t piq_kind_key(piq_outside_id id);
bool piq_kind_same_id(piq_outside_id a, piq_outside_id b);
/* Position of `id`; false when there is none. */
bool piq_kind_find(const piq_catalogue *c, piq_kind k, piq_outside_id id,
                   size_t *at);
/* For messages: the word, or the number in decimal; cut at `size`. */
void piq_kind_spell(piq_outside_id id, char *out, size_t size);

#endif
