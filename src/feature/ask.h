/* ask.h - what is asked of a learner, and what came back.
 *
 * Positions of items and concepts are those of a catalogue. Plain data.
 */
#ifndef PIQ_FEATURE_ASK_H
#define PIQ_FEATURE_ASK_H

#include "domain/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIQ_NO_TIME INT64_MIN

/* What is asked of a learner. */
typedef struct piq_ask {
    piq_item_ix item; /* PIQ_NO_IX32: the concept in general */
    const piq_concept_weight *concepts; /* n >= 1, weights sum to 1 */
    size_t n_concepts;
    int64_t at_us; /* PIQ_NO_TIME: not known */
} piq_ask;

/* What came back. */
typedef struct piq_response {
    float score;          /* 0..1; above .5 is right */
    uint32_t response_ms; /* 0 unknown */
    bool hint;
} piq_response;

/* The concept of the greatest weight; the first of equals. */
static inline uint16_t piq_ask_main_concept(const piq_ask *ask)
{
    size_t best = 0;
    for (size_t i = 1; i < ask->n_concepts; i++) {
        if (ask->concepts[i].weight > ask->concepts[best].weight)
            best = i;
    }
    return ask->concepts[best].concept.v;
}

#endif
