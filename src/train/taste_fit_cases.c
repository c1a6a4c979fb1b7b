#include "train/taste_fit_cases.h"

#include <math.h>
#include <string.h>

enum {
    N_BEGINNINGS = 3,
    HIDDEN_SHARE = 10,
    LEAST_ENTRIES = 5,     /* of whom the last is hidden */
    ITEMS_HEARD = 3000000, /* items times cases of a round, at most */
    MOST_CASES = 2000,
    NEW_SHARE = 6 /* learners are new: one in so many at most */
};
static const size_t beginnings[N_BEGINNINGS] = {1, 3, 10};

/* ---- who and what ------------------------------------------------------ */

typedef struct maker {
    const piq_taste_set *s;
    piq_taste_asked asked;
    uint64_t seed;
    double most_cases;
    piq_taste_cases *out;
    size_t n_picks;
    uint8_t *hidden; /* [s->n] */
} maker;

/* A number of [0,1) for a learner, or a learner's entry. */
static double draw(const maker *k, size_t u, size_t what)
{
    uint64_t hash = piq_hash_u64(k->seed + piq_hash_u64(u) * 2 + 1);
    return (double)(piq_hash_u64(hash + what) >> 11) * 0x1p-53;
}

/* One case of learner u: `hidden` says which entries are to be found. */
static void add_case(maker *k, size_t u, unsigned round, const uint8_t *hidden)
{
    size_t from = k->s->first[u], n = k->s->first[u + 1] - from, known = 0;
    uint32_t *picks = k->out->picks + k->n_picks;
    for (size_t pass = 0, at = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++)
            if ((hidden[i] != 0) == (pass == 1)) {
                picks[at++] = (uint32_t)(from + i);
                known += pass == 0;
            }
    if (known < n)
        k->out->list[k->out->n++] = (piq_taste_case){.round = round,
                                                     .from = k->n_picks,
                                                     .n_known = known,
                                                     .n_hidden = n - known};
    k->n_picks += n;
}

static void hide_some(maker *k)
{
    double share = k->most_cases / (double)(k->s->n_learners + 1);
    memset(k->hidden, 0, k->s->n);
    for (size_t u = 0; u < k->s->n_learners; u++) {
        size_t from = k->s->first[u], n = k->s->first[u + 1] - from;
        size_t last = n / HIDDEN_SHARE ? n / HIDDEN_SHARE : 1;
        if (n < 2 || draw(k, u, 0) >= share)
            continue;
        for (size_t i = 0; i < n; i++)
            k->hidden[from + i] = k->asked == PIQ_TASTE_LATER
                                      ? n >= LEAST_ENTRIES && i + last >= n
                                      : draw(k, u, i + 1) < 1. / HIDDEN_SHARE;
        add_case(k, u, PIQ_TASTE_SOME_HIDDEN, k->hidden + from);
    }
}

/* All of a new learner is kept from the maps; the cases differ in what of it
 * is known. */
static void hide_learners(maker *k, uint8_t *room)
{
    double share = k->most_cases / (double)(k->s->n_learners + 1);
    share = share < 1. / NEW_SHARE ? share : 1. / NEW_SHARE;
    memset(k->hidden, 0, k->s->n);
    for (size_t u = 0; u < k->s->n_learners; u++) {
        size_t from = k->s->first[u], n = k->s->first[u + 1] - from;
        if (n < 2 || draw(k, u, SIZE_MAX / 2) >= share)
            continue;
        memset(k->hidden + from, 1, n);
        memset(room, 1, n);
        for (int i = 0; i < N_BEGINNINGS && n > 2 * beginnings[i]; i++) {
            memset(room, 0, beginnings[i]);
            add_case(k, u, PIQ_TASTE_NEW_LEARNERS, room);
        }
    }
}

piq_status piq_taste_cases_make(piq_arena *a, const piq_taste_set *s,
                                piq_taste_asked asked, uint64_t seed,
                                piq_taste_cases *out,
                                piq_taste_set left[PIQ_TASTE_ROUNDS])
{
    double items = (double)(s->n_items ? s->n_items : 1);
    size_t most = 1 + N_BEGINNINGS;
    piq_taste_cases c = {.list =
                             piq_new(a, piq_taste_case, s->n_learners * most),
                         .picks = piq_new(a, uint32_t, s->n * most)};
    maker k = {.s = s,
               .asked = asked,
               .seed = seed,
               .most_cases = fmin(ITEMS_HEARD / items, MOST_CASES),
               .out = &c,
               .hidden = piq_new(a, uint8_t, 2 * s->n)};
    if (!c.list || !c.picks || !k.hidden)
        return PIQ_ENOMEM;
    hide_some(&k);
    c.n_first = c.n;
    piq_status status = piq_taste_set_without(a, s, k.hidden, &left[0]);
    if (status != PIQ_OK)
        return status;
    left[PIQ_TASTE_NEW_LEARNERS] = left[0];
    if (asked == PIQ_TASTE_LATER && s->timed) {
        hide_learners(&k, k.hidden + s->n);
        status = piq_taste_set_without(a, s, k.hidden,
                                       &left[PIQ_TASTE_NEW_LEARNERS]);
    }
    *out = c;
    return status;
}

/* ---- judging ----------------------------------------------------------- */

void piq_taste_best_add(piq_taste_best *b, double score, bool hidden)
{
    size_t i = b->n;
    if (i == PIQ_TASTE_SHOWN) {
        if (!(score > b->score[i - 1]))
            return;
        i--;
    } else {
        b->n++;
    }
    for (; i > 0 && score > b->score[i - 1]; i--) {
        b->score[i] = b->score[i - 1];
        b->hidden[i] = b->hidden[i - 1];
    }
    b->score[i] = score;
    b->hidden[i] = hidden;
}

piq_taste_quality piq_taste_judge(const piq_taste_best *b, size_t n_hidden)
{
    enum { AT = 10 };
    double gain = 0, ideal = 0, hits = 0;
    for (size_t i = 0; i < b->n; i++) {
        hits += b->hidden[i];
        if (i < AT && b->hidden[i])
            gain += 1 / log2((double)i + 2);
    }
    for (size_t i = 0; i < AT && i < n_hidden; i++)
        ideal += 1 / log2((double)i + 2);
    return (piq_taste_quality){gain / ideal, hits / (double)n_hidden};
}

double piq_taste_worth(piq_taste_quality q)
{
    return q.ndcg + q.recall / 2;
}
