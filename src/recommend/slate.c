/* slate.c - maximal marginal relevance (Carbonell & Goldstein 1998) with
 * quotas.
 *
 * An entry's marginal score is its score less the diversity weight times its
 * greatest similarity to what is already chosen: never more than its score.
 * So candidates are drawn from a heap in order of score, only until the next
 * score falls below the best marginal score found: a slate of five looks at
 * some tens of candidates, however many there are.
 *
 * ranked[] while at work: [0,n_drawn) drawn, best first; [n_drawn,n) a heap
 * whose root is ranked[n-1], so that drawing needs no second array: the heap is
 * stored backwards, node i at ranked[n-1-i].
 */
#include "recommend/slate.h"

#include "recommend/terms.h"

#include <math.h>

/* Quotas are given up one after the other when they leave places empty. */
enum { ALL_QUOTAS, NO_CONCEPT_QUOTA, NO_TYPE_QUOTA, NO_QUOTA };
enum { MAX_OF_ONE_CONCEPT = 2, MAX_COURSES = 1 };

typedef struct slate {
    const piq_catalogue *c;
    piq_ranked *ranked;
    size_t n;
    size_t n_drawn;
    size_t *chosen;
    size_t n_chosen;
    size_t limit;
    bool mixed;
    int quotas;
} slate;

static const piq_content *content_of(const slate *s, const piq_ranked *r)
{
    return &s->c->contents[r->content];
}

static bool before(const slate *s, const piq_ranked *a, const piq_ranked *b)
{
    if (a->score != b->score)
        return a->score > b->score;
    return content_of(s, a)->id.v < content_of(s, b)->id.v;
}

static piq_ranked *node(const slate *s, size_t i)
{
    return &s->ranked[s->n - 1 - i];
}

static void sift_down(const slate *s, size_t i, size_t n_heap)
{
    piq_ranked moving = *node(s, i);
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n_heap)
            break;
        if (child + 1 < n_heap && before(s, node(s, child + 1), node(s, child)))
            child++;
        if (!before(s, node(s, child), &moving))
            break;
        *node(s, i) = *node(s, child);
        i = child;
    }
    *node(s, i) = moving;
}

/* Moves the best that is not drawn yet to the end of the drawn ones, which is
 * the place of the heap's last node. False when the heap is empty. */
static bool draw(slate *s)
{
    size_t n_heap = s->n - s->n_drawn;
    if (n_heap == 0)
        return false;
    piq_ranked best = *node(s, 0);
    *node(s, 0) = *node(s, n_heap - 1);
    s->ranked[s->n_drawn++] = best;
    if (n_heap > 1)
        sift_down(s, 0, n_heap - 1);
    return true;
}

double piq_slate_similarity(const piq_content *a, const piq_content *b)
{
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a->n_concepts; i++) {
        double w = a->concepts[i].weight;
        aa += w * w;
        for (size_t j = 0; j < b->n_concepts; j++)
            if (b->concepts[j].concept.v == a->concepts[i].concept.v)
                dot += w * b->concepts[j].weight;
    }
    if (dot <= 0)
        return 0;
    for (size_t j = 0; j < b->n_concepts; j++)
        bb += b->concepts[j].weight * b->concepts[j].weight;
    return fmin(1, dot / sqrt(aa * bb));
}

static uint16_t heaviest(const piq_content *x)
{
    uint16_t best = PIQ_NO_IX16;
    double most = 0;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (x->concepts[i].weight > most) {
            most = x->concepts[i].weight;
            best = x->concepts[i].concept.v;
        }
    return best;
}

static bool within_quotas(const slate *s, const piq_content *x)
{
    size_t same_type = 0, same_concept = 0;
    uint16_t concept = heaviest(x);
    if (s->quotas == NO_QUOTA)
        return true;
    for (size_t i = 0; i < s->n_chosen; i++) {
        const piq_content *y = content_of(s, &s->ranked[s->chosen[i]]);
        same_type += y->type == x->type;
        same_concept += heaviest(y) == concept;
    }
    if (s->mixed && x->type == PIQ_COURSE && same_type >= MAX_COURSES)
        return false;
    if (s->mixed && s->quotas < NO_TYPE_QUOTA &&
        same_type >= (s->limit + 1) / 2)
        return false;
    return s->quotas >= NO_CONCEPT_QUOTA || same_concept < MAX_OF_ONE_CONCEPT;
}

static double marginal(const slate *s, piq_ranked *r)
{
    for (; r->n_compared < s->n_chosen; r->n_compared++) {
        const piq_ranked *other = &s->ranked[s->chosen[r->n_compared]];
        double sim =
            piq_slate_similarity(content_of(s, r), content_of(s, other));
        r->similarity = fmax(r->similarity, sim);
    }
    double weight = piq_recommend_weights()[PIQ_TERM_DIVERSITY];
    return r->score - weight * r->similarity;
}

/* The next of the slate; n when the quotas leave none. */
static size_t next(slate *s)
{
    size_t best = s->n;
    double most = -INFINITY;
    for (size_t i = 0;; i++) {
        if (i == s->n_drawn && !draw(s))
            break;
        piq_ranked *r = &s->ranked[i];
        if (r->score < most)
            break;
        if (r->taken || !within_quotas(s, content_of(s, r)))
            continue;
        double m = marginal(s, r);
        if (m > most || (m == most && before(s, r, &s->ranked[best]))) {
            most = m;
            best = i;
        }
    }
    return best;
}

size_t piq_slate_choose(const piq_catalogue *c, piq_ranked *ranked, size_t n,
                        bool mixed, size_t limit, size_t *chosen)
{
    slate s = {.c = c,
               .ranked = ranked,
               .n = n,
               .chosen = chosen,
               .limit = limit,
               .mixed = mixed,
               .quotas = ALL_QUOTAS};
    for (size_t i = n / 2; i-- > 0;)
        sift_down(&s, i, n);
    while (s.n_chosen < limit && s.n_chosen < n) {
        size_t at = next(&s);
        if (at < n) {
            s.ranked[at].taken = true;
            s.chosen[s.n_chosen++] = at;
        } else {
            s.quotas++; /* ends: without quotas there is always one left */
        }
    }
    return s.n_chosen;
}
