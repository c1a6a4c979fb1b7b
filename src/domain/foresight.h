/* foresight.h - the chance that a learner's next answer is right, and why.
 *
 * logit = base + the sum of the reasons' logits, to 1e-9, and
 * predicted = 1 / (1 + e^-logit): so "why" is the whole of the number.
 * Everything pointed to lives in the arena that the foresight was made in, or
 * is static. Shape of the JSON: api/openapi.yaml.
 */
#ifndef PIQ_DOMAIN_FORESIGHT_H
#define PIQ_DOMAIN_FORESIGHT_H

#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/ids.h"

#include <stdbool.h>

/* What a reason does to the chance; below .05 logits (at most 1.25 points of a
 * hundred) it does nothing worth telling. */
typedef enum piq_direction {
    PIQ_LOWERS,
    PIQ_HARDLY_CHANGES,
    PIQ_RAISES
} piq_direction;
#define PIQ_TELLING_LOGIT 0.05
piq_direction piq_direction_of(double logit);

enum { PIQ_MAX_REASONS = 9 };

typedef struct piq_reason {
    const char *group; /* "item", "recent", ..; no group twice */
    const char *name;  /* the group in plain words */
    double logit;
    const char *text; /* sentence */
} piq_reason;

/* Mastery of a concept that is asked for, with its intervals; by the online
 * belief, whatever the chance was made from. */
typedef struct piq_foresight_concept {
    piq_concept_ix concept;
    double weight; /* in (0,1]; they sum to 1 */
    double mastery;
    double low80, high80, low90, high90;
    double evidence;    /* answers that bear on it, weighted */
    uint32_t n_answers; /* directly on it */
} piq_foresight_concept;

/* The trained model that was asked. */
typedef struct piq_foresight_model {
    uint32_t version;   /* 0: none, the chance is the online belief's */
    int64_t made_us;    /* when it was fitted */
    uint64_t n_answers; /* on so many answers */
} piq_foresight_model;

typedef struct piq_foresight {
    piq_user_id user;
    int64_t version; /* of the learner's state */
    int64_t as_of_us;
    piq_item_ix item; /* PIQ_NO_IX32: a concept in general */
    bool retired;     /* what was asked for is not offered any more */
    piq_foresight_concept concepts[PIQ_MAX_CONTENT_CONCEPTS];
    size_t n_concepts;
    double predicted; /* in (0,1) */
    double logit;     /* of it */
    piq_foresight_model model;
    double base;
    const char *base_text;
    piq_reason why[PIQ_MAX_REASONS]; /* the weightiest first */
    size_t n_why;
} piq_foresight;

/* One complete object. */
void piq_foresight_write(const piq_foresight *f, const piq_catalogue *c,
                         piq_json_writer *w);

#endif
