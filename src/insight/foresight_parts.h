/* foresight_parts.h - what the files foresight*.c share. Private to them.
 *
 *   foresight.c          what is asked; mastery; the order of the reasons
 *   foresight_trained.c  a trained model's chance, split
 *   foresight_belief.c   the online belief's, split
 *   foresight_words.c    the sentences
 */
#ifndef PIQ_INSIGHT_FORESIGHT_PARTS_H
#define PIQ_INSIGHT_FORESIGHT_PARTS_H

#include "insight/foresight.h"
#include "insight/foresight_words.h"

/* What both ways of answering begin with. */
typedef struct piq_foreseen {
    const piq_foresight_input *in;
    piq_task task;
    piq_ask ask;         /* the same for a trained model */
    piq_concept_ix main; /* the concept that sentences name */
    piq_facts facts;     /* those that every way knows are filled */
    piq_teller *teller;
} piq_foreseen;

/* Each fills predicted, logit, model, base and why of *out. */
PIQ_MUST_USE piq_status piq_foresight_trained(piq_foreseen *s,
                                              piq_foresight *out);
void piq_foresight_belief(piq_foreseen *s, piq_foresight *out);

static inline void piq_foresight_add(piq_foreseen *s, piq_foresight *out,
                                     piq_why why, double logit)
{
    out->why[out->n_why++] =
        piq_foresight_reason(s->teller, &s->facts, why, logit);
}

#endif
