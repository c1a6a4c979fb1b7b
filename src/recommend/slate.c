/* slate.c - maximal marginal relevance (Carbonell & Goldstein 1998) with
 * quotas, pins and one place that is left to chance.
 *
 * An entry's marginal score is its score less the diversity weight times its
 * greatest similarity to what is already chosen: never more than its score.
 * So candidates are drawn from a heap in order of score, only until the next
 * score falls below the best marginal score found: a slate of five looks at
 * some tens of candidates, however many there are.
 *
 * The explored place is the last one that nothing pins: what stands before it
 * does not depend on chance, so its chances are all there is to log. An
 * explored place further up makes later places depend on the draw; that their
 * chances come out right then asks for as many completed slates as there are
 * candidates (explore.h), ten times the work for the same one draw.
 *
 * ranked[] while at work: [0,n_drawn) drawn, best first; [n_drawn,n) a heap
 * whose root is ranked[n-1], so that drawing needs no second array: the heap is
 * stored backwards, node i at ranked[n-1-i].
 */
#include "recommend/slate.h"

#include <math.h>

/* Quotas are given up one after the other when they leave places empty. */
enum { ALL_QUOTAS, NO_CONCEPT_QUOTA, NO_TYPE_QUOTA, NO_QUOTA };
enum { MAX_OF_ONE_CONCEPT = 2, MAX_COURSES = 1 };

typedef struct slate {
    const piq_catalogue *c;
    const piq_slate_rule *rule;
    piq_ranked *ranked;
    size_t n;
    size_t n_drawn;
    piq_slate_place *places;
    piq_content_ix *contents; /* of the places */
    size_t n_chosen;
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

/* Whether it may join at all; this is never given up. */
static bool may_join(const slate *s, const piq_ranked *r)
{
    const piq_business_view *v = s->rule->business;
    return !r->taken && (!v || !v->has_caps ||
                         !piq_business_full(v, s->contents, s->n_chosen,
                                            (piq_content_ix){r->content}));
}

static bool within_quotas(const slate *s, const piq_content *x)
{
    size_t same_type = 0, same_concept = 0;
    uint16_t concept = heaviest(x);
    bool mixed = s->rule->mixed;
    if (s->quotas == NO_QUOTA)
        return true;
    for (size_t i = 0; i < s->n_chosen; i++) {
        const piq_content *y = &s->c->contents[s->contents[i].v];
        same_type += y->type == x->type;
        same_concept += heaviest(y) == concept;
    }
    if (mixed && x->type == PIQ_COURSE && same_type >= MAX_COURSES)
        return false;
    if (mixed && s->quotas < NO_TYPE_QUOTA &&
        same_type >= (s->rule->limit + 1) / 2)
        return false;
    return s->quotas >= NO_CONCEPT_QUOTA || same_concept < MAX_OF_ONE_CONCEPT;
}

static double marginal(const slate *s, piq_ranked *r)
{
    for (; r->n_compared < s->n_chosen; r->n_compared++) {
        const piq_content *other =
            &s->c->contents[s->contents[r->n_compared].v];
        double sim = piq_slate_similarity(content_of(s, r), other);
        r->similarity = fmax(r->similarity, sim);
    }
    return r->score - s->rule->diversity * r->similarity;
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
        if (!may_join(s, r) || !within_quotas(s, content_of(s, r)))
            continue;
        double m = marginal(s, r);
        if (m > most || (m == most && before(s, r, &s->ranked[best]))) {
            most = m;
            best = i;
        }
    }
    return best;
}

/* ---- pins ---------------------------------------------------------------- */

/* The best-scored that a rule pins at this place; n when there is none. */
static size_t pinned(slate *s, const piq_rule **by)
{
    const piq_business_view *v = s->rule->business;
    if (!piq_business_pinned_slot(v, s->n_chosen))
        return s->n;
    for (size_t i = 0; i < s->n_drawn || draw(s); i++) {
        const piq_ranked *r = &s->ranked[i];
        if (!may_join(s, r))
            continue;
        *by = piq_business_pin(v, s->n_chosen, (piq_content_ix){r->content});
        if (*by)
            return i;
    }
    return s->n;
}

static bool pins_after(const slate *s, size_t slot)
{
    for (size_t i = slot + 1; i < s->rule->limit; i++)
        if (piq_business_pinned_slot(s->rule->business, i))
            return true;
    return false;
}

/* ---- the explored place -------------------------------------------------- */

/* Keeps the best, in order; of equal ones the smaller id first. */
static void offer(const slate *s, piq_slate_explored *x, size_t at, double m)
{
    size_t k = x->n;
    while (k > 0 && (m > x->value[k - 1] ||
                     (m == x->value[k - 1] &&
                      before(s, &s->ranked[at], &s->ranked[x->ranked[k - 1]]))))
        k--;
    if (k == PIQ_EXPLORE_MAX)
        return;
    size_t last = x->n < PIQ_EXPLORE_MAX ? x->n++ : PIQ_EXPLORE_MAX - 1;
    for (size_t i = last; i > k; i--) {
        x->ranked[i] = x->ranked[i - 1];
        x->value[i] = x->value[i - 1];
    }
    x->ranked[k] = at;
    x->value[k] = m;
}

/* Those that may stand here and are nearly as good as the best; the place
 * drawn, n when the quotas leave none. */
static size_t explore(slate *s, piq_slate_explored *x)
{
    const piq_explore_rule *rule = s->rule->explore;
    piq_rng random;
    x->n = 0;
    for (size_t i = 0; i < s->n_drawn || draw(s); i++) {
        piq_ranked *r = &s->ranked[i];
        if (x->n && r->score < x->value[0] - rule->delta)
            break;
        if (may_join(s, r) && within_quotas(s, content_of(s, r)))
            offer(s, x, i, marginal(s, r));
    }
    if (!x->n)
        return s->n;
    x->n = piq_explore_chances(rule, x->value, x->n, x->chance);
    piq_rng_seed(&random, s->rule->seed);
    x->drawn = piq_explore_draw(x->chance, x->n, &random);
    x->slot = s->n_chosen;
    return x->ranked[x->drawn];
}

/* ---- the slate ----------------------------------------------------------- */

static void take(slate *s, size_t at, piq_cause cause, double chance,
                 const piq_rule *by)
{
    piq_ranked *r = &s->ranked[at];
    marginal(s, r); /* what variety takes off is said of pins too */
    r->taken = true;
    s->contents[s->n_chosen] = (piq_content_ix){r->content};
    s->places[s->n_chosen++] = (piq_slate_place){
        .ranked = at, .cause = cause, .propensity = chance, .pinned_by = by};
}

/* The last place, or the one after which all are pinned; the last that there
 * are candidates for. */
static bool is_explored_place(const slate *s)
{
    size_t limit = s->rule->limit < s->n ? s->rule->limit : s->n;
    return s->rule->explore && s->n_chosen + 1 == limit &&
           !pins_after(s, s->n_chosen);
}

static bool fill_place(slate *s, piq_slate_explored *x)
{
    const piq_rule *by = NULL;
    size_t at = pinned(s, &by);
    if (at < s->n) {
        take(s, at, PIQ_CAUSE_PIN, 1, by);
        return true;
    }
    if (!is_explored_place(s)) {
        at = next(s);
        if (at < s->n)
            take(s, at, PIQ_CAUSE_SCORE, 1, NULL);
        return at < s->n;
    }
    at = explore(s, x);
    if (at < s->n)
        take(s, at, x->drawn ? PIQ_CAUSE_EXPLORATION : PIQ_CAUSE_SCORE,
             x->chance[x->drawn], NULL);
    return at < s->n;
}

size_t piq_slate_choose(const piq_catalogue *c, piq_ranked *ranked, size_t n,
                        const piq_slate_rule *rule, piq_slate_place *places,
                        piq_slate_explored *explored)
{
    piq_content_ix contents[PIQ_EXPLORE_MAX_SLATE];
    slate s = {.c = c,
               .rule = rule,
               .ranked = ranked,
               .n = n,
               .places = places,
               .contents = contents,
               .quotas = ALL_QUOTAS};
    PIQ_ASSERT(rule->limit <= PIQ_EXPLORE_MAX_SLATE);
    *explored = (piq_slate_explored){.slot = SIZE_MAX};
    for (size_t i = n / 2; i-- > 0;)
        sift_down(&s, i, n);
    while (s.n_chosen < rule->limit && s.n_chosen < n) {
        if (fill_place(&s, explored))
            continue;
        if (s.quotas == NO_QUOTA)
            break; /* what is left may not join: caps are not given up */
        s.quotas++;
    }
    return s.n_chosen;
}
