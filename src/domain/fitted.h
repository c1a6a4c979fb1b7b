/* fitted.h - memory parameters that were fitted for a learner.
 *
 * A fact like any other (event memory_fitted), written by the engine alone:
 * what is folded under them is what a replay folds under them.
 *
 * A stability under the old parameters is not one under the new ones. Both
 * were worked out for the learner's concepts when the parameters were fitted,
 * and what takes one to the other, by least squares, is part of the fact:
 *
 *     ln S' = stability[0] + stability[1] ln S + stability[2] (D - 5)
 *     D'    = difficulty[0] + difficulty[1] (D - 5) + difficulty[2] ln S
 */
#ifndef PIQ_DOMAIN_FITTED_H
#define PIQ_DOMAIN_FITTED_H

#include "base/json_writer.h"
#include "base/status.h"

#include <jansson.h>

enum { PIQ_N_MEMORY_PARAMETERS = 21, PIQ_N_CARRY = 3 };

/* Whose reviews they were fitted on. */
typedef enum piq_fitted_from {
    PIQ_FITTED_NONE, /* the published ones */
    PIQ_FITTED_POPULATION,
    PIQ_FITTED_LEARNER
} piq_fitted_from;
enum { PIQ_N_FITTED_FROM = 3 };

typedef struct piq_fitted {
    piq_fitted_from from; /* never NONE in an event */
    uint32_t reviews;     /* scored ones they were fitted on */
    double parameters[PIQ_N_MEMORY_PARAMETERS]; /* FSRS-6, finite */
    double stability[PIQ_N_CARRY];
    double difficulty[PIQ_N_CARRY];
} piq_fitted;

/* Carries states over as they are. */
#define PIQ_CARRY_STABILITY                                                    \
    {                                                                          \
        0, 1, 0                                                                \
    }
#define PIQ_CARRY_DIFFICULTY                                                   \
    {                                                                          \
        5, 1, 0                                                                \
    }

const char *piq_fitted_from_name(piq_fitted_from v); /* NONE: "published" */

/* JSON -> struct: unknown members, other counts and numbers that are not
 * finite are refused by their pointer, prefixed by `where`. PIQ_EINVAL. */
PIQ_MUST_USE piq_status piq_fitted_read(const json_t *json, const char *where,
                                        piq_fitted *out, piq_err *err);
/* struct -> the members of an object that the caller has opened. */
void piq_fitted_write(const piq_fitted *f, piq_json_writer *w);

#endif
