/* check.c - where a few answers save more minutes than they take.
 *
 * The posterior of a concept lies on both sides of the bar that the plan takes
 * it to. With q the chance that it is above already,
 *
 *     saved = q (T_k + CARRIED sum of T_j over what k needs and the plan takes
 *             up as well)
 *     T_j   = ln((1 - m_j) / (1 - aim_j)) / (PIQ_GAIN_RATE EFFICIENCY pace)
 *
 * minutes of content that a passed check makes needless: whoever can do k can
 * do, mostly, what k rests on. A check is planned where `saved` exceeds
 * CHECK_PAYS times the minutes it takes and the posterior is unsure, most
 * saved first; what one check covers no other counts.
 */
#include "path/state.h"

#include "num/logistic.h"

#include <math.h>

#define CARRIED    0.5
#define EFFICIENCY 0.6
#define CHECK_PAYS 1.5
/* Below and above, nothing is straddled. */
#define LEAST_ODDS 0.05
#define MOST_ODDS  0.95
/* With so many answers behind it the belief is not about a stranger. */
#define SETTLED    PIQ_MASTERED_EVIDENCE

static double minutes_for(const piq_path_state *s, piq_concept_ix k)
{
    return piq_path_missing(s, k, s->needs[k.v].aim) /
           (PIQ_GAIN_RATE * EFFICIENCY * s->in->pace);
}

static double odds(const piq_path_state *s, piq_concept_ix k)
{
    const piq_belief *b = &s->now[k.v];
    if (!(b->sd_logit > 0))
        return 0;
    return piq_normal_cdf(
        (piq_logit(b->mastery) - piq_logit(s->needs[k.v].aim)) / b->sd_logit);
}

static bool open_question(const piq_path_state *s, piq_concept_ix k)
{
    const piq_need *need = &s->needs[k.v];
    return need->aim > 0 && !need->known && !need->claimed;
}

/* Minutes of what k needs and nobody counts yet; with `claim`, from now on
 * they are counted. mark[place] is `round` where this walk has been, and
 * PIQ_PATH_NONE where a chosen check covers. */
static double below(const piq_path_state *s, piq_concept_ix k, uint32_t round,
                    bool claim, uint32_t *mark, uint32_t *stack)
{
    double minutes = 0;
    size_t n = 0;
    stack[n++] = k.v;
    mark[s->needs[k.v].place] = claim ? PIQ_PATH_NONE : round;
    while (n > 0) {
        const piq_concept *x = &s->c->concepts[stack[--n]];
        for (size_t i = 0; i < x->n_prerequisites; i++) {
            piq_concept_ix p = x->prerequisites[i];
            uint32_t place = s->needs[p.v].place;
            if (!open_question(s, p) || mark[place] == PIQ_PATH_NONE ||
                (!claim && mark[place] == round))
                continue;
            mark[place] = claim ? PIQ_PATH_NONE : round;
            minutes += minutes_for(s, p);
            stack[n++] = p.v;
        }
    }
    return minutes;
}

size_t piq_path_checks(const piq_path_state *s, piq_concept_ix *out,
                       size_t most, uint32_t *mark, uint32_t *stack)
{
    uint32_t round = 0;
    size_t n = 0;
    while (n < most) {
        double best = CHECK_PAYS * PIQ_REVIEW_MINUTES;
        size_t at = s->n_closure;
        for (size_t i = 0; i < s->n_closure; i++) {
            piq_concept_ix k = s->closure[i];
            double q = odds(s, k);
            if (!open_question(s, k) || mark[i] == PIQ_PATH_NONE ||
                q < LEAST_ODDS || q > MOST_ODDS ||
                s->now[k.v].evidence >= SETTLED)
                continue;
            double saved =
                q * (minutes_for(s, k) +
                     CARRIED * below(s, k, ++round, false, mark, stack));
            if (saved > best) {
                best = saved;
                at = i;
            }
        }
        if (at == s->n_closure)
            break;
        below(s, s->closure[at], 0, true, mark, stack);
        out[n++] = s->closure[at];
    }
    return n;
}
