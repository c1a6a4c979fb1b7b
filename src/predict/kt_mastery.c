/* Mastery by the trained model, monotone.
 *
 * The model's word on a concept in general is the better judge (README.md has
 * the figures), but goes against the answer in a fifth to a third of them: a
 * right one may show that it took three tries. So it is held where the answer
 * found it:
 *
 *     z  = M + held                                     logit of mastery
 *     right:  z' = max(z, M')       wrong:  z' = min(z, M')
 *     held'   = z' - M',            fading by HOLD_KEEP an answer
 *
 * with M and M' the model's word (piq_kt_judge) before and after the answer.
 * The law holds by construction; what is held never pushes further than where
 * mastery stood. Fading happens while other things are answered.
 */
#include "predict/kt_internal.h"

#include "num/logistic.h"

#include <math.h>

/* What is left of it after an answer; .8 to .98 do as well. */
static const double HOLD_KEEP = 0.9;
/* 5 % on either side are outside a 90 % interval. */
static const double Z90 = 1.6448536269514722;

/* keep^n by squaring: the same bits everywhere, unlike pow. */
static double keep_after(uint32_t n)
{
    double share = 1.0;
    double keep = HOLD_KEEP;
    for (; n > 0 && share > 0.0; n >>= 1) {
        if (n & 1)
            share *= keep;
        keep *= keep;
    }
    return share;
}

double piq_kt_held(const piq_kt_state *s, piq_concept_ix concept)
{
    PIQ_ASSERT(concept.v < s->n_concepts);
    const piq_kt_hold_cell *h = &s->holds[concept.v];
    return (double)h->shift * keep_after(s->n_answers - h->at);
}

void piq_kt_hold(piq_kt_state *s, piq_concept_ix concept, bool right,
                 double before, double after)
{
    PIQ_ASSERT(concept.v < s->n_concepts);
    float shift = 0.0f;
    float end = right ? INFINITY : -INFINITY;
    if (right ? after < before : after > before)
        shift = (float)(before - after);
    /* Rounding must not undo the law. */
    while (isfinite(shift) && (right ? after + (double)shift < before
                                     : after + (double)shift > before))
        shift = nextafterf(shift, end);
    s->holds[concept.v] = (piq_kt_hold_cell){
        .shift = isfinite(shift) ? shift : 0.0f, .at = s->n_answers};
}

static void tell(const piq_catalogue *c, piq_concept_ix concept, double logit,
                 double held, piq_belief *out)
{
    double sd = hypot(out->sd_logit, held);
    out->ability_logit =
        piq_difficulty_logit(c->concepts[concept.v].difficulty) + logit;
    out->sd_logit = sd;
    out->mastery = piq_sigmoid(logit);
    out->mastery_low = piq_sigmoid(logit - Z90 * sd);
    out->mastery_high = piq_sigmoid(logit + Z90 * sd);
}

void piq_kt_mastery(const piq_kt_state *s, const piq_kt_binding *b,
                    const piq_concept_ix *concepts, size_t n, int64_t at_us,
                    piq_belief *beliefs)
{
    PIQ_ASSERT(b->keeps_mastery && s->holds);
    for (size_t i = 0; i < n; i++) {
        double held = piq_kt_held(s, concepts[i]);
        double logit = piq_kt_judge(b, s, concepts[i], at_us) + held;
        tell(b->tables.catalogue, concepts[i], logit, held, &beliefs[i]);
    }
}
