#include "solve/mend.h"

static void put_items(piq_solve_state *s, const piq_solve_plan *start)
{
    const piq_solve_model *m = s->m;
    for (uint32_t i = 0; i < m->n_pieces; i++) {
        const piq_solve_piece *x = &m->pieces[i];
        int d = start->item_day[x->item];
        if (d >= x->first_day && d <= x->last_day)
            piq_solve_put(s, i, d);
    }
}

/* The piece of a day that is missed least for its minutes. */
static uint32_t least_missed(const piq_solve_state *s, int d)
{
    uint32_t least = PIQ_SOLVE_NONE;
    double low = 0;
    for (size_t k = 0; k < s->n_placed; k++) {
        uint32_t i = s->placed[k];
        const piq_solve_piece *x = &s->m->pieces[i];
        if (s->day[i] != d)
            continue;
        double rate = piq_solve_loss_of(s, x, d) / x->minutes;
        if (least == PIQ_SOLVE_NONE || rate < low) {
            least = i;
            low = rate;
        }
    }
    return least;
}

static void put_reviews(piq_solve_state *s, const piq_solve_plan *start)
{
    const piq_solve_model *m = s->m;
    for (uint32_t t = 0; t < m->n_topics; t++) {
        uint32_t c = m->topics[t].concept;
        int n = start->n_reviews[c];
        for (int k = 0; k < n && k < PIQ_SOLVE_MAX_REVIEWS; k++) {
            int d =
                start
                    ->review_day[(size_t)c * PIQ_SOLVE_MAX_REVIEWS + (size_t)k];
            if (d >= 0 && d < (int)m->n_days && piq_solve_may_review(s, t, d))
                piq_solve_review(s, t, d);
        }
    }
}

/* Prerequisites are asked of everything at once: what is studied together
 * stays together. Then minutes, worst first; what that takes away from others
 * goes too. Reviews come last, they are the easiest to place anew. */
void piq_solve_mend(piq_solve_state *s, const piq_solve_plan *start)
{
    put_items(s, start);
    piq_solve_settle_all(s);
    for (int d = 0; d < (int)s->m->n_days; d++)
        while (s->left[d] < 0)
            piq_solve_take(s, least_missed(s, d));
    piq_solve_settle(s);
    put_reviews(s, start);
    piq_solve_keep(s);
}
