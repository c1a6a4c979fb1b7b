/* ability.h - a running ability against a known difficulty: the plain Elo rule
 * with steps that shrink, on the learner and on each concept.
 *
 * The item table is fitted around it (a hard item met by able learners is not
 * taken for an easy one), and the features carry it. Rule and comparison:
 * Pelanek 2016, Computers & Education 98:169. Its numbers: README.md.
 */
#ifndef PIQ_FEATURE_ABILITY_H
#define PIQ_FEATURE_ABILITY_H

#include <stdbool.h>
#include <stdint.h>

/* What `residual` (score - expected) after n answers moves them by, logits. */
static inline float piq_ability_step(float residual, uint32_t n)
{
    return residual * (0.05f + 0.40f / (1.0f + 0.10f * (float)n));
}

static inline float piq_ability_concept_step(float residual, uint32_t n)
{
    return residual * (0.05f + 0.20f / (1.0f + 0.30f * (float)n));
}

/* Another try at the same item, right after a wrong one, says less. */
static inline float piq_ability_weight(bool in_a_run)
{
    return in_a_run ? 0.6f : 1.0f;
}

/* The fast part: what the last few answers say beyond. */
static inline float piq_ability_form(float form, float residual)
{
    return 0.9f * form + 0.15f * residual;
}

#endif
