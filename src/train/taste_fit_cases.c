#include "train/taste_fit_cases.h"

#include "base/parallel.h"
#include "num/vector.h"

#include <math.h>
#include <stdlib.h>
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

/* ---- hearing the parts ------------------------------------------------- */

/* One thread's room. */
typedef struct ear {
    float *sums;    /* [PIQ_N_TASTE_VOICES][stride] */
    float *scratch; /* [stride] */
    uint8_t *mark;  /* [n_items] KNOWN, HIDDEN, CANDIDATE */
} ear;
enum { KNOWN = 1, HIDDEN = 2, CANDIDATE = 4 };

typedef struct hearing {
    const piq_taste_hearing *h;
    piq_taste_cases *c;
    piq_taste_candidate *room; /* [n][MOST_CANDIDATES] or NULL: liking alone */
    double low_share;
    double *quality;
    ear *ears; /* [threads] */
} hearing;

static double fade(const piq_taste_hearing *h, piq_taste_part part, double age)
{
    double half_life = (double)h->half_life[part];
    return half_life > 0 ? exp2(-age / half_life) : 1;
}

static void listen(const piq_taste_hearing *h, const piq_taste_cases *c,
                   const piq_taste_case *x, const ear *e)
{
    const piq_taste_maps *m = h->m;
    const uint32_t *picks = c->picks + x->from;
    bool lately = h->half_life[PIQ_TASTE_LATELY] > 0;
    memset(e->sums, 0, PIQ_N_TASTE_VOICES * m->stride * sizeof(float));
    for (size_t k = 0; k < x->n_known; k++) {
        size_t row = h->s->item[picks[k]] * m->stride;
        double w = piq_taste_strength(h->s->weight[picks[k]]),
               age = (double)(x->n_known - 1 - k);
        double late = lately ? w * fade(h, PIQ_TASTE_LATELY, age) : 0;
        const struct {
            const float *map;
            double scale;
        } voices[PIQ_TASTE_VOICE_POPULAR] = {
            {m->ridge, w},
            {m->low, w},
            {m->ridge, late},
            {m->low, late},
            {m->next, w * fade(h, PIQ_TASTE_NEXT, age)},
            {m->begun, w}};
        for (int v = 0; v < PIQ_TASTE_VOICE_POPULAR; v++)
            if (voices[v].scale != 0)
                piq_vector_add(e->sums + (size_t)v * m->stride,
                               (float)voices[v].scale, voices[v].map + row,
                               m->stride);
    }
    memcpy(e->sums + PIQ_TASTE_VOICE_POPULAR * m->stride, m->popular,
           m->stride * sizeof(float));
}

static void mark(const piq_taste_hearing *h, const piq_taste_cases *c,
                 const piq_taste_case *x, const ear *e)
{
    const uint32_t *picks = c->picks + x->from;
    memset(e->mark, 0, h->m->n_items);
    for (size_t k = 0; k < x->n_known; k++)
        e->mark[h->s->item[picks[k]]] = KNOWN;
    for (size_t k = 0; k < x->n_hidden; k++)
        e->mark[h->s->item[picks[x->n_known + k]]] |= HIDDEN;
}

static void measure(const piq_taste_maps *m, const ear *e, piq_taste_case *x)
{
    double n = 0, sum[PIQ_N_TASTE_VOICES] = {0}, product[2] = {0};
    for (int v = 0; v < PIQ_N_TASTE_VOICES; v++)
        x->variance[v] = 0;
    for (size_t i = 0; i < m->n_items; i++) {
        double at[PIQ_N_TASTE_VOICES];
        if (e->mark[i] & KNOWN)
            continue;
        n++;
        for (size_t v = 0; v < PIQ_N_TASTE_VOICES; v++) {
            at[v] = (double)e->sums[v * m->stride + i];
            sum[v] += at[v];
            x->variance[v] += at[v] * at[v];
        }
        product[0] += at[PIQ_TASTE_RIDGE] * at[PIQ_TASTE_LOW];
        product[1] += at[PIQ_TASTE_RIDGE_LATELY] * at[PIQ_TASTE_LOW_LATELY];
    }
    for (int v = 0; v < PIQ_N_TASTE_VOICES; v++)
        x->variance[v] =
            fmax(x->variance[v] / n - sum[v] / n * (sum[v] / n), 0);
    x->covariance =
        product[0] / n - sum[PIQ_TASTE_RIDGE] / n * (sum[PIQ_TASTE_LOW] / n);
    x->covariance_lately = product[1] / n - sum[PIQ_TASTE_RIDGE_LATELY] / n *
                                                (sum[PIQ_TASTE_LOW_LATELY] / n);
}

/* The k-th greatest of x[n], which is reordered; k < n. Hoare's selection. */
static float kth_greatest(float *x, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;
    while (low < high) {
        float pivot = x[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (x[i] > pivot)
                i++;
            while (x[j] < pivot)
                j--;
            if (i >= j)
                break;
            float y = x[i];
            x[i++] = x[j];
            x[j--] = y;
        }
        /* x[low..j] >= pivot >= x[j+1..high] */
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return x[k];
}

/* The first PIQ_TASTE_TOP of one voice; of equals those that come first. */
static void mark_top(const piq_taste_maps *m, const ear *e, size_t voice)
{
    const float *sum = e->sums + voice * m->stride;
    size_t n = 0, above = 0;
    for (size_t i = 0; i < m->n_items; i++)
        if (!(e->mark[i] & KNOWN))
            e->scratch[n++] = sum[i];
    if (n == 0)
        return;
    size_t top = n < PIQ_TASTE_TOP ? n : PIQ_TASTE_TOP;
    float least = kth_greatest(e->scratch, n, top - 1);
    for (size_t i = 0; i < m->n_items; i++)
        above += !(e->mark[i] & KNOWN) && sum[i] > least;
    size_t equals = top - above;
    for (size_t i = 0; i < m->n_items; i++) {
        if (e->mark[i] & KNOWN || sum[i] < least ||
            (sum[i] == least && equals == 0))
            continue;
        equals -= sum[i] == least;
        e->mark[i] |= CANDIDATE;
    }
}

static void keep_candidates(const hearing *k, const ear *e, piq_taste_case *x)
{
    const piq_taste_maps *m = k->h->m;
    static const piq_taste_voice asked[] = {
        PIQ_TASTE_RIDGE,      PIQ_TASTE_LOW,         PIQ_TASTE_RIDGE_LATELY,
        PIQ_TASTE_VOICE_NEXT, PIQ_TASTE_VOICE_BEGUN, PIQ_TASTE_VOICE_POPULAR};
    for (size_t v = 0; v < sizeof asked / sizeof asked[0]; v++)
        mark_top(m, e, asked[v]);
    x->candidates =
        k->room + (size_t)(x - k->c->list) * PIQ_TASTE_MOST_CANDIDATES;
    x->n_candidates = 0;
    for (size_t i = 0; i < m->n_items; i++) {
        if (!(e->mark[i] & CANDIDATE))
            continue;
        piq_taste_candidate *c = &x->candidates[x->n_candidates++];
        c->item = (uint32_t)i;
        c->hidden = e->mark[i] & HIDDEN;
        for (size_t v = 0; v < PIQ_N_TASTE_VOICES; v++)
            c->voice[v] = e->sums[v * m->stride + i];
    }
}

static double judge_liking(const hearing *k, const piq_taste_case *x,
                           const ear *e)
{
    const piq_taste_hearing *h = k->h;
    const piq_taste_maps *m = h->m;
    const uint32_t *picks = k->c->picks + x->from;
    piq_taste_best best = {.n = 0};
    memset(e->sums, 0, m->stride * sizeof(float));
    for (size_t i = 0; i < x->n_known; i++) {
        size_t row = h->s->item[picks[i]] * m->stride;
        double w = piq_taste_strength(h->s->weight[picks[i]]);
        piq_vector_add(e->sums, (float)w, m->ridge + row, m->stride);
        if (k->low_share > 0)
            piq_vector_add(e->sums, (float)(k->low_share * w), m->low + row,
                           m->stride);
    }
    for (size_t i = 0; i < m->n_items; i++)
        if (!(e->mark[i] & KNOWN))
            piq_taste_best_add(&best, (double)e->sums[i], e->mark[i] & HIDDEN);
    return piq_taste_worth(piq_taste_judge(&best, x->n_hidden));
}

static void hear_share(void *ctx, unsigned share)
{
    const hearing *k = ctx;
    const ear *e = &k->ears[share];
    for (size_t i = share; i < k->c->n; i += k->h->threads) {
        piq_taste_case *x = &k->c->list[i];
        if (x->round != k->h->round)
            continue;
        mark(k->h, k->c, x, e);
        if (!k->room) {
            k->quality[i] = judge_liking(k, x, e);
            continue;
        }
        listen(k->h, k->c, x, e);
        measure(k->h->m, e, x);
        keep_candidates(k, e, x);
    }
}

static piq_status run(hearing *k)
{
    piq_arena a;
    piq_arena_init(&a, (size_t)1 << 30);
    size_t stride = k->h->m->stride;
    k->ears = piq_new(&a, ear, k->h->threads);
    bool room = k->ears != NULL;
    for (unsigned t = 0; t < k->h->threads && room; t++) {
        ear *e = &k->ears[t];
        e->sums = piq_new(&a, float, PIQ_N_TASTE_VOICES *stride);
        e->scratch = piq_new(&a, float, stride);
        e->mark = piq_new(&a, uint8_t, stride);
        room = e->sums && e->scratch && e->mark;
    }
    if (room)
        piq_parallel(k->h->threads, hear_share, k);
    piq_arena_release(&a);
    return room ? PIQ_OK : PIQ_ENOMEM;
}

piq_status piq_taste_hear(piq_arena *a, piq_taste_cases *c,
                          const piq_taste_hearing *h)
{
    hearing k = {.h = h, .c = c};
    k.room = piq_new(a, piq_taste_candidate, c->n * PIQ_TASTE_MOST_CANDIDATES);
    return k.room ? run(&k) : PIQ_ENOMEM;
}

piq_status piq_taste_hear_liking(const piq_taste_cases *c,
                                 const piq_taste_hearing *h, double low_share,
                                 double *quality)
{
    piq_taste_cases own = *c; /* nothing of it is changed */
    hearing k = {.h = h, .c = &own, .low_share = low_share, .quality = quality};
    return run(&k);
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
