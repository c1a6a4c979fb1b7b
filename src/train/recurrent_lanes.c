#include "train/recurrent_lanes.h"

#include <stdbool.h>
#include <string.h>

piq_status piq_lanes_new(piq_arena *a, size_t n, size_t n_learners,
                         piq_lanes *out)
{
    *out = (piq_lanes){
        .n = n,
        .first = piq_new(a, size_t, n + 1),
        .pieces = piq_new(a, piq_lane_piece, n_learners),
        .order = piq_new(a, size_t, n_learners),
        .lane_of = piq_new(a, size_t, n_learners),
        .length = piq_new(a, size_t, n),
        .at = piq_new(a, size_t, n),
    };
    return out->first && out->pieces && out->order && out->lane_of &&
                   out->length && out->at
               ? PIQ_OK
               : PIQ_ENOMEM;
}

static void shuffle(size_t *v, size_t n, piq_rng *rng)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)piq_rng_below(rng, i);
        size_t was = v[i - 1];
        v[i - 1] = v[j];
        v[j] = was;
    }
}

static size_t rows_of(const piq_kt_set *set, size_t learner)
{
    return set->first[learner + 1] - set->first[learner];
}

static size_t shortest(const piq_lanes *l)
{
    size_t best = 0;
    for (size_t k = 1; k < l->n; k++)
        if (l->length[k] < l->length[best])
            best = k;
    return best;
}

/* Longer than a few times the mean first, so that the others can even out what
 * they leave; the rest in their random order. */
static void assign(piq_lanes *l, const piq_kt_set *set)
{
    size_t n = set->n_learners;
    size_t mean = n ? set->n_rows / n : 0;
    memset(l->length, 0, l->n * sizeof *l->length);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            size_t rows = rows_of(set, l->order[i]);
            if ((rows > mean) != (pass == 0))
                continue;
            size_t k = shortest(l);
            l->lane_of[l->order[i]] = k;
            l->length[k] += rows;
        }
    }
}

/* Into pieces, lane by lane, each lane in the random order. */
static void lay_out(piq_lanes *l, const piq_kt_set *set)
{
    size_t n = set->n_learners;
    memset(l->first, 0, (l->n + 1) * sizeof *l->first);
    for (size_t i = 0; i < n; i++)
        l->first[l->lane_of[i] + 1]++;
    for (size_t k = 0; k < l->n; k++) {
        l->first[k + 1] += l->first[k];
        l->at[k] = l->first[k];
        l->length[k] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        size_t learner = l->order[i];
        size_t k = l->lane_of[learner];
        size_t rows = rows_of(set, learner);
        l->pieces[l->at[k]++] =
            (piq_lane_piece){set->first[learner], l->length[k], rows};
        l->length[k] += rows;
    }
}

void piq_lanes_deal(piq_lanes *l, const piq_kt_set *set, piq_rng *rng)
{
    for (size_t i = 0; i < set->n_learners; i++)
        l->order[i] = i;
    shuffle(l->order, set->n_learners, rng);
    assign(l, set);
    lay_out(l, set);
    l->steps = 0;
    for (size_t k = 0; k < l->n; k++) {
        l->at[k] = l->first[k];
        l->steps = l->length[k] > l->steps ? l->length[k] : l->steps;
    }
}

long piq_lanes_row(piq_lanes *l, size_t lane, size_t step, bool *begins)
{
    *begins = false;
    size_t *at = &l->at[lane];
    while (*at < l->first[lane + 1] &&
           l->pieces[*at].start + l->pieces[*at].n <= step)
        (*at)++;
    if (*at == l->first[lane + 1])
        return PIQ_LANE_NO_ROW;
    const piq_lane_piece *p = &l->pieces[*at];
    *begins = step == p->start;
    return (long)(p->row + (step - p->start));
}
