#include "support/poker_memory.h"

#include <stdlib.h>

const piq_review_calendar poker_plain = {.retention = 0.9, .seed = 1};

static const piq_concept_weight odds_exercises[] = {{{OUTS}, 0.5}};

int poker_memory_set_up(void **state)
{
    poker_memory *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    f->concepts[ODDS].exercises = odds_exercises;
    f->concepts[ODDS].n_exercises = 1;
    f->catalogue.concepts = f->concepts;
    f->catalogue.n_concepts = N_POKER_CONCEPTS;
    f->p = piq_fsrs_defaults();
    *state = f;
    return piq_memory_init(&f->memory, &f->catalogue);
}

int poker_memory_tear_down(void **state)
{
    poker_memory *f = *state;
    piq_memory_release(&f->memory);
    free(f);
    return 0;
}

piq_memory_step poker_review(poker_memory *f,
                             const piq_review_calendar *calendar,
                             piq_memory_answer x)
{
    return piq_memory_review(&f->memory, &f->catalogue, &x, calendar);
}

void poker_answer(poker_memory *f, uint16_t concept, int rating, double weight,
                  int64_t at_us)
{
    poker_review(f, &poker_plain,
                 (piq_memory_answer){.concept = {concept},
                                     .rating = rating,
                                     .weight = weight,
                                     .at_us = at_us});
}
