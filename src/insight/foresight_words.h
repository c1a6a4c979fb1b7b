/* foresight_words.h - every sentence of a foresight. Private to foresight*.c.
 *
 * Sentences are for learners: plain words, numbers as whole per cent and
 * counts, and nothing that the numbers behind them do not say. A fact is
 * told first, then what it does to the chance, which follows from the sign and
 * the size of the logit and may well go against the fact (four of five right
 * is little where others get five).
 */
#ifndef PIQ_INSIGHT_FORESIGHT_WORDS_H
#define PIQ_INSIGHT_FORESIGHT_WORDS_H

#include "domain/foresight.h"
#include "insight/sentence.h"

/* Reasons, those of the trained model first. */
typedef enum piq_why {
    PIQ_WHY_ITEM,
    PIQ_WHY_ATTEMPT,
    PIQ_WHY_CONCEPT,
    PIQ_WHY_LEARNER,
    PIQ_WHY_RECENT,
    PIQ_WHY_TIME,
    PIQ_WHY_BELIEF,
    PIQ_WHY_SEQUENCE,
    PIQ_WHY_CALIBRATION,
    PIQ_WHY_LAYER_LEARNER, /* the online belief's, from here */
    PIQ_WHY_LAYER_AREA,
    PIQ_WHY_LAYER_CONCEPT,
    PIQ_WHY_FORM,
    PIQ_WHY_DIFFICULTY,
    PIQ_WHY_UNCERTAINTY
} piq_why;
enum { PIQ_N_WHYS = 15 };

/* How some answers went. */
typedef struct piq_count {
    unsigned n, right;
} piq_count;

/* The numbers that sentences are made of; each is read by the reasons named. */
typedef struct piq_facts {
    bool has_item;   /* else a concept in general */
    piq_str concept; /* name of the main one */
    piq_str area;    /* name of its area */
    bool one_area;   /* all concepts are of it */
    piq_count all;   /* learner: every answer */
    piq_count tries; /* attempt: at this item, as far as remembered */
    bool last_try_right;
    piq_count latest;         /* recent: of all answers, at most 6 */
    unsigned on_concept;      /* concept, time: answers ever */
    piq_count concept_latest; /* concept: at most 5 */
    unsigned everybody;       /* item, difficulty: answers of all learners */
    double item_rate;         /* item: share of them that was right */
    double days_since;        /* time: since the concept; NaN not known */
    double recall;            /* time: 0..1; NaN not known */
    double stepwise;          /* belief: the chance that it gives here, 0..1 */
    unsigned traced;          /* sequence: answers seen in their order */
    bool stated;              /* learner layer: they said how advanced */
    unsigned in_areas;        /* area layer: answers */
    unsigned today;           /* form: answers ever */
    double guess;             /* uncertainty: of a blind guess; 0 none */
} piq_facts;

/* Sentences come from `t`; see piq_teller for its failure. */
piq_reason piq_foresight_reason(piq_teller *t, const piq_facts *f, piq_why why,
                                double logit);
/* What all reasons are added to. */
const char *piq_foresight_base(piq_teller *t, const piq_facts *f, bool trained,
                               double base);

#endif
