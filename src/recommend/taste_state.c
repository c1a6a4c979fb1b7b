/* A learner's history and four sums over it. What fades is not multiplied at
 * every event: an entry is added with 2^((k - base)/half-life), k its number,
 * and the sum is read with 2^-((last - base)/half-life). Once the first would
 * grow past 2^60, all is added up anew. */
#include "num/vector.h"
#include "recommend/taste_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MOST_DOUBLINGS = 60;

struct piq_taste_state {
    const piq_taste *m;
    piq_taste_entry entries[PIQ_TASTE_HISTORY]; /* by (time, item) */
    size_t n;
    double first;                /* number of entries[0]; they are in a row */
    double base;                 /* number whose factor is 1 */
    float *sums[PIQ_TASTE_SUMS]; /* [stride] */
};

piq_status piq_taste_state_new(const piq_taste *m, piq_taste_state **out)
{
    piq_taste_state *s = piq_alloc_should_fail() ? NULL : calloc(1, sizeof *s);
    if (!s)
        return PIQ_ENOMEM;
    s->m = m;
    s->sums[0] = piq_taste_rows(PIQ_TASTE_SUMS, m->stride);
    if (!s->sums[0]) {
        free(s);
        return PIQ_ENOMEM;
    }
    for (int p = 1; p < PIQ_TASTE_SUMS; p++)
        s->sums[p] = s->sums[0] + (size_t)p * m->stride;
    *out = s;
    return PIQ_OK;
}

void piq_taste_state_free(piq_taste_state *s)
{
    if (!s)
        return;
    free(s->sums[0]);
    free(s);
}

void piq_taste_state_clear(piq_taste_state *s)
{
    s->n = 0;
    s->first = s->base = 0;
    memset(s->sums[0], 0, PIQ_TASTE_SUMS * s->m->stride * sizeof(float));
}

const piq_taste_entry *piq_taste_history(const piq_taste_state *s, size_t *n)
{
    *n = s->n;
    return s->entries;
}

/* ---- keeping the sums -------------------------------------------------- */

/* Adds entry number `k`, or takes it out again (sign -1). */
static void count(piq_taste_state *s, const piq_taste_entry *e, double k,
                  double sign)
{
    const piq_taste *m = s->m;
    for (int p = 0; p < PIQ_TASTE_SUMS; p++) {
        piq_taste_part part = (piq_taste_part)p;
        double scale = sign * piq_taste_strength(e->weight) *
                       piq_taste_fade(m, part, s->base - k);
        const float *map = m->maps[piq_taste_map_of(part)];
        piq_vector_add(s->sums[p], (float)scale, map + e->item * m->stride,
                       m->stride);
    }
}

static void add_up(piq_taste_state *s)
{
    memset(s->sums[0], 0, PIQ_TASTE_SUMS * s->m->stride * sizeof(float));
    s->first = 0;
    s->base = s->n ? (double)(s->n - 1) : 0;
    for (size_t k = 0; k < s->n; k++)
        count(s, &s->entries[k], (double)k, 1);
}

static bool outgrown(const piq_taste_state *s, double k)
{
    for (int p = 0; p < PIQ_TASTE_SUMS; p++) {
        double half_life = (double)s->m->half_life[p];
        if (half_life > 0 && (k - s->base) / half_life > MOST_DOUBLINGS)
            return true;
    }
    return false;
}

static bool before(const piq_taste_entry *a, const piq_taste_entry *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->item < b->item;
}

static void take_out(piq_taste_state *s, size_t k)
{
    s->n--;
    memmove(&s->entries[k], &s->entries[k + 1],
            (s->n - k) * sizeof s->entries[0]);
}

static void drop_oldest(piq_taste_state *s)
{
    count(s, &s->entries[0], s->first, -1);
    take_out(s, 0);
    s->first += 1;
}

static void append(piq_taste_state *s, piq_taste_entry e)
{
    if (s->n == PIQ_TASTE_HISTORY)
        drop_oldest(s);
    double k = s->first + (double)s->n;
    s->entries[s->n++] = e;
    if (outgrown(s, k))
        add_up(s);
    else
        count(s, &e, k, 1);
}

static void insert(piq_taste_state *s, piq_taste_entry e)
{
    if (s->n == PIQ_TASTE_HISTORY && before(&e, &s->entries[0]))
        return;
    if (s->n == PIQ_TASTE_HISTORY)
        take_out(s, 0);
    size_t k = s->n++;
    for (; k > 0 && before(&e, &s->entries[k - 1]); k--)
        s->entries[k] = s->entries[k - 1];
    s->entries[k] = e;
    add_up(s);
}

bool piq_taste_add(piq_taste_state *s, piq_taste_entry e)
{
    if (e.item >= s->m->n_items || !(e.weight >= -1 && e.weight <= 1))
        return false;
    size_t held = 0;
    while (held < s->n && s->entries[held].item != e.item)
        held++;
    bool again = held < s->n;
    /* What was said later holds, whichever came first. */
    if (again && e.at_us < s->entries[held].at_us)
        return true;
    if (again)
        take_out(s, held);
    if (e.weight == 0) {
        if (again)
            add_up(s);
        return true;
    }
    if (again || (s->n && before(&e, &s->entries[s->n - 1])))
        insert(s, e);
    else
        append(s, e);
    return true;
}

/* ---- reading them ------------------------------------------------------ */

/* By what each sum is multiplied, popularity last. */
static void multipliers(const piq_taste_state *s, float out[PIQ_N_TASTE_PARTS])
{
    double factor[PIQ_N_TASTE_PARTS];
    double last = s->first + (s->n ? (double)(s->n - 1) : 0);
    piq_taste_factors(s->m, s->n, factor);
    for (int p = 0; p < PIQ_TASTE_SUMS; p++)
        out[p] = (float)(factor[p] * piq_taste_fade(s->m, (piq_taste_part)p,
                                                    last - s->base));
    out[PIQ_TASTE_POPULAR] = (float)factor[PIQ_TASTE_POPULAR];
}

void piq_taste_scores(const piq_taste_state *s, float *out)
{
    float by[PIQ_N_TASTE_PARTS];
    multipliers(s, by);
    memset(out, 0, s->m->stride * sizeof *out);
    for (int p = 0; p < PIQ_TASTE_SUMS; p++)
        piq_vector_add(out, by[p], s->sums[p], s->m->stride);
    piq_vector_add(out, by[PIQ_TASTE_POPULAR], s->m->popular, s->m->stride);
}

float piq_taste_score(const piq_taste_state *s, uint32_t item)
{
    if (item >= s->m->n_items)
        return 0;
    float by[PIQ_N_TASTE_PARTS], score = 0;
    multipliers(s, by);
    for (int p = 0; p < PIQ_TASTE_SUMS; p++)
        piq_vector_add(&score, by[p], &s->sums[p][item], 1);
    piq_vector_add(&score, by[PIQ_TASTE_POPULAR], &s->m->popular[item], 1);
    return score;
}

/* ---- why --------------------------------------------------------------- */

/* sum of w M over the entries before k, and after it, faded as if entry k were
 * not there: those before it are then one younger. */
typedef struct split {
    double older[PIQ_TASTE_HISTORY + 1];
    double newer[PIQ_TASTE_HISTORY + 1];
} split;

static void split_part(const piq_taste_state *s, piq_taste_part part,
                       uint32_t item, split *out)
{
    const piq_taste *m = s->m;
    const float *column = m->maps[piq_taste_map_of(part)] + item;
    double step = piq_taste_fade(m, part, 1), fade = 1;
    out->older[0] = 0;
    out->newer[s->n] = 0;
    for (size_t k = s->n; k-- > 0; fade *= step) {
        const piq_taste_entry *e = &s->entries[k];
        double own =
            piq_taste_strength(e->weight) * (double)column[e->item * m->stride];
        out->newer[k] = out->newer[k + 1] + fade * own;
    }
    /* older[k]: as seen by the k-th entry's place, age 0 for entry k - 1. */
    for (size_t k = 0; k < s->n; k++) {
        const piq_taste_entry *e = &s->entries[k];
        double own =
            piq_taste_strength(e->weight) * (double)column[e->item * m->stride];
        out->older[k + 1] = step * out->older[k] + own;
    }
}

void piq_taste_explain(const piq_taste_state *s, uint32_t item,
                       piq_taste_why *out)
{
    double full[PIQ_N_TASTE_PARTS], less[PIQ_N_TASTE_PARTS];
    double without[PIQ_TASTE_HISTORY] = {0}, with = 0;
    split parts;
    out->term = out->rest = piq_taste_term(0);
    out->n = 0;
    if (item >= s->m->n_items)
        return;
    piq_taste_factors(s->m, s->n, full);
    piq_taste_factors(s->m, s->n ? s->n - 1 : 0, less);
    for (int p = 0; p < PIQ_TASTE_SUMS; p++) {
        piq_taste_part part = (piq_taste_part)p;
        split_part(s, part, item, &parts);
        with += full[p] * parts.newer[0];
        for (size_t k = 0; k < s->n; k++)
            without[k] +=
                less[p] * (parts.newer[k + 1] +
                           piq_taste_fade(s->m, part, (double)(s->n - 1 - k)) *
                               parts.older[k]);
    }
    double popular = (double)s->m->popular[item];
    double term = piq_taste_term(with + full[PIQ_TASTE_POPULAR] * popular);
    out->term = out->rest = piq_taste_term((double)piq_taste_score(s, item));
    out->n = s->n;
    for (size_t k = 0; k < s->n; k++) {
        double change =
            term -
            piq_taste_term(without[k] + less[PIQ_TASTE_POPULAR] * popular);
        out->shares[k] = (piq_taste_share){s->entries[k].item, change};
        out->rest -= change;
    }
}
