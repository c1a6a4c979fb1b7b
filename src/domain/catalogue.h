/* catalogue.h - the curriculum: areas, concepts, content, items, characters.
 *
 * An immutable snapshot, read by any number of threads. It is made from a
 * curriculum document (JSON, schema in content/README.md) and the catalogue
 * that was in force before: what the document still names keeps its position,
 * what is new is appended, what it no longer names stays in place, marked
 * retired. So stored learner state, indexed by position, never moves.
 *
 * Everything that a catalogue points to lives in its own arena.
 */
#ifndef PIQ_DOMAIN_CATALOGUE_H
#define PIQ_DOMAIN_CATALOGUE_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "base/map.h"
#include "base/str.h"
#include "domain/ids.h"
#include "domain/words.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    PIQ_MAX_AREAS = 64,
    PIQ_MAX_CONCEPTS = 16384, /* a collection of cards has thousands */
    PIQ_MAX_CONTENTS = 100000,
    PIQ_MAX_ITEMS = 1000000,
    PIQ_MAX_CHARACTERS = 1024,
    PIQ_MAX_ITEM_CONCEPTS = 8, /* concepts of one item, content or answer */
    PIQ_MAX_CONTENT_CONCEPTS = 32,
    PIQ_MAX_TAGS = 32, /* of one content */
    PIQ_MAX_TAG_BYTES = 64
};

/* Curriculum difficulty (0..1) to the logit scale of abilities and items:
 * (d - .5) * PIQ_LOGITS_PER_DIFFICULTY. */
#define PIQ_LOGITS_PER_DIFFICULTY 5.0
static inline double piq_difficulty_logit(double difficulty)
{
    return (difficulty - 0.5) * PIQ_LOGITS_PER_DIFFICULTY;
}

typedef struct piq_area {
    piq_str id; /* "odds_equity" */
    piq_str name;
    piq_str summary;
    bool retired;
} piq_area;

/* A concept with a weight in (0,1]. */
typedef struct piq_concept_weight {
    piq_concept_ix concept;
    double weight;
} piq_concept_weight;

typedef struct piq_concept {
    piq_str id; /* "odd.outs" */
    piq_str name;
    piq_str can_do;
    piq_area_ix area;
    piq_level level;
    double difficulty; /* 0..1, of a typical item; default by level */
    const piq_concept_ix *prerequisites;
    size_t n_prerequisites;
    /* Practising this concept also exercises these, by so much (0,1]. */
    const piq_concept_weight *exercises;
    size_t n_exercises;
    bool retired;
} piq_concept;

typedef struct piq_content {
    piq_content_id id;
    piq_content_type type;
    piq_str title;
    const piq_concept_weight *concepts; /* weights sum to 1 */
    size_t n_concepts;
    double difficulty; /* 0..1 */
    double minutes;    /* > 0 */
    piq_modality modality;
    bool practice; /* answers items (a drill); false for exposition */
    const piq_content_ix *prerequisites;
    size_t n_prerequisites;
    const piq_content_ix *contains; /* a course's parts, else none */
    size_t n_contains;
    const piq_item_ix *items; /* the items inside, retired ones left out */
    size_t n_items;
    piq_character_ix character; /* PIQ_NO_IX16 when none */
    const piq_str *tags;        /* words that rules (rule.h) speak of */
    size_t n_tags;
    bool published;
    bool retired;
} piq_content;

typedef struct piq_item {
    piq_item_id id;
    piq_str title;                      /* the question, in short */
    piq_content_ix content;             /* PIQ_NO_IX32 when it stands alone */
    const piq_concept_weight *concepts; /* weights sum to 1 */
    size_t n_concepts;
    double difficulty;     /* 0..1; the prior of its calibration */
    double discrimination; /* (0,4], default 1 */
    double guess;          /* chance of a blind guess, [0,.5], default 0 */
    bool retired;
} piq_item;

typedef struct piq_target_stat {
    piq_str name;
    double value;
} piq_target_stat;

typedef struct piq_character {
    piq_str id;
    piq_str name;
    piq_str style;
    double difficulty; /* 0..1 */
    const piq_target_stat *stats;
    size_t n_stats;
    bool retired;
} piq_character;

typedef struct piq_catalogue {
    uint32_t version; /* given by the store, 1, 2, ..; 0 before that */
    piq_str subject;  /* "No-Limit Texas Hold'em" */
    /* Ability (0..1, difficulty scale) that a learner never heard of starts
     * from; 0.5 puts it level with a middling item. */
    double new_learner_ability;

    piq_area *areas;
    size_t n_areas;
    piq_concept *concepts;
    size_t n_concepts;
    piq_content *contents;
    size_t n_contents;
    piq_item *items;
    size_t n_items;
    piq_character *characters;
    size_t n_characters;

    /* Every concept once, prerequisites before what needs them. */
    piq_concept_ix *order; /* [n_concepts] */

    /* Content that teaches or practises a concept, by concept, retired content
     * left out: by_concept[by_concept_at[c] .. by_concept_at[c+1]). */
    piq_content_ix *by_concept;
    uint32_t *by_concept_at; /* [n_concepts+1] */

    piq_map area_at;      /* piq_hash_bytes(id) -> position */
    piq_map concept_at;   /* the same */
    piq_map character_at; /* the same */
    piq_map content_at;   /* id -> position */
    piq_map item_at;      /* id -> position */

    piq_arena arena; /* owns all of the above but the maps' slots */
} piq_catalogue;

/* One finding of a check. */
typedef struct piq_finding {
    unsigned line;   /* of the document, from 1; 0 when it has no place */
    char where[160]; /* JSON pointer */
    char message[240];
} piq_finding;

typedef struct piq_findings {
    piq_finding *list; /* in the arena given to the check */
    size_t n;
    size_t n_dropped; /* past the first 1,000 */
} piq_findings;

/* What loading changed, by id. Counts are exact; the words are for people. */
typedef struct piq_catalogue_change {
    size_t added, changed, retired; /* over all kinds */
    piq_str *lines;                 /* "added concept odd.outs" */
    size_t n_lines;
} piq_catalogue_change;

/* Reads and checks a document. Every fault is a finding: unknown or missing
 * field, wrong type, broken reference, cycle (named), duplicate id, weights
 * that do not sum to 1, a prerequisite of a higher level, value out of range,
 * something in force that needs what is retired or not published. Findings
 * come in the order of lines. `previous` may be NULL; what the document names
 * must be in the document itself. *out is written only when there is no
 * finding; the caller frees it. PIQ_EPARSE: not JSON (err has line and column).
 * PIQ_EINVAL: findings->n > 0. PIQ_ENOMEM, PIQ_ELIMIT. `change` may be NULL,
 * and is written when *out is; findings and change live in `a`. */
PIQ_MUST_USE piq_status piq_catalogue_read(piq_arena *a, piq_str json,
                                           const piq_catalogue *previous,
                                           piq_catalogue **out,
                                           piq_findings *findings,
                                           piq_catalogue_change *change,
                                           piq_err *err);

/* The whole catalogue as a document, positions in order and retired things
 * marked, so that reading it back with previous = NULL gives the same
 * positions: the stored form. */
void piq_catalogue_write(const piq_catalogue *c, piq_json_writer *w);

void piq_catalogue_free(piq_catalogue *c);

/* By outside name; false when there is none (retired things are found). */
bool piq_catalogue_find_area(const piq_catalogue *c, piq_str id,
                             piq_area_ix *out);
bool piq_catalogue_find_concept(const piq_catalogue *c, piq_str id,
                                piq_concept_ix *out);
bool piq_catalogue_find_character(const piq_catalogue *c, piq_str id,
                                  piq_character_ix *out);
bool piq_catalogue_find_content(const piq_catalogue *c, piq_content_id id,
                                piq_content_ix *out);
bool piq_catalogue_find_item(const piq_catalogue *c, piq_item_id id,
                             piq_item_ix *out);

#endif
