/* chooser_internal.h - the numbers and the state of chooser.h. Private to
 * chooser.c and chooser_offer.c. */
#ifndef PIQ_SIM_CHOOSER_INTERNAL_H
#define PIQ_SIM_CHOOSER_INTERNAL_H

#include "base/rng.h"
#include "sim/chooser.h"

struct piq_chooser_world {
    const piq_catalogue *c;
    piq_chooser_options o;
    double (*factor)[PIQ_CHOOSER_FACTORS]; /* [n_contents] */
    double *quality;                       /* [n_contents] */
    double *difficulty; /* [n_contents] logits, the true one */
};

struct piq_chooser {
    const piq_chooser_world *w;
    piq_user_id user;
    piq_rng life;   /* who, when */
    piq_rng choice; /* what is done */
    piq_goal goal;
    /* Tastes. */
    double taste[PIQ_CHOOSER_FACTORS];
    double modality[PIQ_N_MODALITIES];
    double type[PIQ_N_CONTENT_TYPES];
    double *character; /* [n_characters] */
    /* Knowledge; [n_concepts]. */
    double *start; /* ability on arrival */
    double *room;  /* gain tends to it */
    double *gain;  /* as of practised_us */
    double *stability_days;
    int64_t *practised_us; /* INT64_MIN: never */
    double rate;           /* of learning, a minute */
    bool *finished;        /* [n_contents] */
    /* Where the learner is. */
    double usual_minutes, limit_minutes; /* of any, of this session */
    double spent_minutes;                /* of this session */
    bool left;                           /* lost patience */
    int64_t now_us;
    unsigned n_sessions;
    unsigned n_events;
};

/* Ability on the content less its true difficulty, logits. */
double piq_chooser_ease(const piq_chooser *l, const piq_content *x,
                        piq_content_ix ix);
/* What finishing it teaches. */
void piq_chooser_learn(piq_chooser *l, piq_content_ix content, double minutes);

#endif
