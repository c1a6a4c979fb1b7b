#include "memory/deadline.h"

#include <math.h>
#include <string.h>

/* What a plan must gain to be changed: below, it is rounding. */
#define LEAST_GAIN 1e-12
/* Minutes add up with rounding. */
#define SLACK_MIN  1e-9

/* The best addition to a card, as it was when last worked out. */
typedef struct offer {
    double a_minute; /* gained */
    uint32_t card;
    uint16_t day;
} offer;

typedef struct solver {
    const piq_deadline *d;
    piq_deadline_plan *plan;
    double *worth; /* [n], weighted recall under the plan */
    offer *heap;
    size_t n_heap;
} solver;

/* ---- worth of a card ---------------------------------------------------- */

/* State x, held since day `since`; the reviews left. */
static double follow(const piq_fsrs_params *p, piq_fsrs_state x, double since,
                     const uint16_t *days, unsigned n, unsigned exam)
{
    if (n == 0)
        return piq_fsrs_recall(p, exam - since, x.stability_days);
    double elapsed = days[0] - since;
    double r = piq_fsrs_recall(p, elapsed, x.stability_days);
    double passed = follow(p, piq_fsrs_next(p, x, elapsed, 3), days[0],
                           days + 1, n - 1, exam);
    if (r >= 1)
        return passed;
    double failed = follow(p, piq_fsrs_next(p, x, elapsed, 1), days[0],
                           days + 1, n - 1, exam);
    return r * passed + (1 - r) * failed;
}

double piq_deadline_recall(const piq_fsrs_params *p, const piq_review_card *x,
                           const uint16_t *days, unsigned n, unsigned exam)
{
    return follow(p, x->state, -x->elapsed_days, days, n, exam);
}

static double worth_with(const solver *s, size_t card, const uint16_t *days,
                         unsigned n)
{
    const piq_review_card *x = &s->d->cards[card];
    return x->weight * piq_deadline_recall(s->d->params, x, days, n,
                                           (unsigned)s->d->n_days);
}

/* `out` is `days` with `day` in its place; how many. */
static unsigned with_day(const uint16_t *days, unsigned n, uint16_t day,
                         uint16_t *out)
{
    unsigned at = 0;
    while (at < n && days[at] < day) {
        out[at] = days[at];
        at++;
    }
    out[at] = day;
    memcpy(out + at + 1, days + at, (n - at) * sizeof *days);
    return n + 1;
}

static unsigned without_at(const uint16_t *days, unsigned n, unsigned at,
                           uint16_t *out)
{
    memcpy(out, days, at * sizeof *days);
    memcpy(out + at, days + at + 1, (n - at - 1) * sizeof *days);
    return n - 1;
}

/* Whether the card may be reviewed on that day too. */
static bool is_open(const solver *s, size_t card, const uint16_t *days,
                    unsigned n, uint16_t day)
{
    if (day == 0 && s->d->cards[card].elapsed_days < 1)
        return false; /* it was today */
    for (unsigned i = 0; i < n; i++)
        if (days[i] == day)
            return false;
    return n < PIQ_DEADLINE_REVIEWS;
}

static bool has_room(const solver *s, uint16_t day, double minutes)
{
    return s->plan->left[day] + SLACK_MIN >= minutes;
}

/* ---- greedy ------------------------------------------------------------- */

static bool best_offer(const solver *s, size_t card, offer *out)
{
    const uint16_t *days = s->plan->days[card];
    unsigned n = s->plan->n_reviews[card];
    double minutes = s->d->cards[card].minutes;
    double best = LEAST_GAIN;
    bool found = false;
    for (uint16_t day = 0; day < s->d->n_days; day++) {
        uint16_t with[PIQ_DEADLINE_REVIEWS];
        if (!has_room(s, day, minutes) || !is_open(s, card, days, n, day))
            continue;
        unsigned k = with_day(days, n, day, with);
        double gain = worth_with(s, card, with, k) - s->worth[card];
        if (gain <= best)
            continue;
        best = gain;
        found = true;
        *out = (offer){gain / minutes, (uint32_t)card, day};
    }
    return found;
}

/* Larger gain first; equal ones by card, so that the plan is one. */
static bool comes_first(const offer *a, const offer *b)
{
    if (a->a_minute != b->a_minute)
        return a->a_minute > b->a_minute;
    return a->card < b->card;
}

static void sink(solver *s, size_t at)
{
    for (;;) {
        size_t first = at, left = 2 * at + 1, right = left + 1;
        if (left < s->n_heap && comes_first(&s->heap[left], &s->heap[first]))
            first = left;
        if (right < s->n_heap && comes_first(&s->heap[right], &s->heap[first]))
            first = right;
        if (first == at)
            return;
        offer kept = s->heap[at];
        s->heap[at] = s->heap[first];
        s->heap[first] = kept;
        at = first;
    }
}

static void put_days(solver *s, size_t card, const uint16_t *days, unsigned n)
{
    piq_deadline_plan *p = s->plan;
    double minutes = s->d->cards[card].minutes;
    for (unsigned i = 0; i < p->n_reviews[card]; i++)
        p->left[p->days[card][i]] += minutes;
    for (unsigned i = 0; i < n; i++)
        p->left[days[i]] -= minutes;
    p->total += n;
    p->total -= p->n_reviews[card];
    if (n)
        memcpy(p->days[card], days, n * sizeof *days);
    p->n_reviews[card] = (uint8_t)n;
    double worth = worth_with(s, card, days, n);
    p->worth += worth - s->worth[card];
    s->worth[card] = worth;
}

static void take(solver *s, const offer *o)
{
    uint16_t with[PIQ_DEADLINE_REVIEWS];
    unsigned n = with_day(s->plan->days[o->card], s->plan->n_reviews[o->card],
                          o->day, with);
    put_days(s, o->card, with, n);
}

static void choose_greedily(solver *s)
{
    for (size_t i = 0; i < s->d->n; i++)
        if (best_offer(s, i, &s->heap[s->n_heap]))
            s->n_heap++;
    for (size_t i = s->n_heap / 2; i-- > 0;)
        sink(s, i);
    while (s->n_heap) {
        offer *top = &s->heap[0];
        uint32_t card = top->card;
        /* Out of date only if its day has filled up: each card has one offer,
         * made after its own last change. */
        if (has_room(s, top->day, s->d->cards[card].minutes))
            take(s, top);
        if (!best_offer(s, card, top))
            *top = s->heap[--s->n_heap];
        sink(s, 0);
    }
}

/* ---- exchanges ---------------------------------------------------------- */

static bool draw_review(const solver *s, piq_rng *r, size_t *card, unsigned *at)
{
    for (int tries = 0; tries < 16; tries++) {
        *card = (size_t)piq_rng_below(r, s->d->n);
        unsigned n = s->plan->n_reviews[*card];
        if (!n)
            continue;
        *at = (unsigned)piq_rng_below(r, n);
        return true;
    }
    return false;
}

/* The card's reviews with the one at `at` on another day; 0: cannot be. */
static unsigned moved(const solver *s, size_t card, unsigned at, uint16_t day,
                      uint16_t *out)
{
    uint16_t rest[PIQ_DEADLINE_REVIEWS];
    unsigned n =
        without_at(s->plan->days[card], s->plan->n_reviews[card], at, rest);
    return is_open(s, card, rest, n, day) ? with_day(rest, n, day, out) : 0;
}

/* To a day with room. */
static void try_move(solver *s, piq_rng *r)
{
    size_t card;
    unsigned at;
    uint16_t days[PIQ_DEADLINE_REVIEWS];
    uint16_t day = (uint16_t)piq_rng_below(r, s->d->n_days);
    if (!draw_review(s, r, &card, &at) ||
        !has_room(s, day, s->d->cards[card].minutes))
        return;
    unsigned n = moved(s, card, at, day, days);
    if (n && worth_with(s, card, days, n) > s->worth[card] + LEAST_GAIN)
        put_days(s, card, days, n);
}

/* One card's day for another's. */
static void try_swap(solver *s, piq_rng *r)
{
    size_t a, b;
    unsigned at_a, at_b;
    uint16_t of_a[PIQ_DEADLINE_REVIEWS], of_b[PIQ_DEADLINE_REVIEWS];
    if (!draw_review(s, r, &a, &at_a) || !draw_review(s, r, &b, &at_b) ||
        a == b)
        return;
    uint16_t day_a = s->plan->days[a][at_a], day_b = s->plan->days[b][at_b];
    double more = s->d->cards[a].minutes - s->d->cards[b].minutes;
    if (day_a == day_b || s->plan->left[day_a] + more < -SLACK_MIN ||
        s->plan->left[day_b] - more < -SLACK_MIN)
        return;
    unsigned n_a = moved(s, a, at_a, day_b, of_a);
    unsigned n_b = moved(s, b, at_b, day_a, of_b);
    if (!n_a || !n_b)
        return;
    double gain = worth_with(s, a, of_a, n_a) + worth_with(s, b, of_b, n_b) -
                  s->worth[a] - s->worth[b];
    if (gain <= LEAST_GAIN)
        return;
    put_days(s, a, of_a, n_a);
    put_days(s, b, of_b, n_b);
}

/* A review goes, and another card's takes its place on that day. */
static void try_replace(solver *s, piq_rng *r)
{
    size_t a, b = (size_t)piq_rng_below(r, s->d->n);
    unsigned at;
    uint16_t of_a[PIQ_DEADLINE_REVIEWS], of_b[PIQ_DEADLINE_REVIEWS];
    if (!draw_review(s, r, &a, &at) || a == b)
        return;
    uint16_t day = s->plan->days[a][at];
    double room = s->plan->left[day] + s->d->cards[a].minutes + SLACK_MIN;
    if (room < s->d->cards[b].minutes ||
        !is_open(s, b, s->plan->days[b], s->plan->n_reviews[b], day))
        return;
    unsigned n_a =
        without_at(s->plan->days[a], s->plan->n_reviews[a], at, of_a);
    unsigned n_b = with_day(s->plan->days[b], s->plan->n_reviews[b], day, of_b);
    double gain = worth_with(s, a, of_a, n_a) + worth_with(s, b, of_b, n_b) -
                  s->worth[a] - s->worth[b];
    if (gain <= LEAST_GAIN)
        return;
    put_days(s, a, of_a, n_a);
    put_days(s, b, of_b, n_b);
}

/* Cards that are taken apart together, and those that may take their place. */
enum { RUINED = 3, TOUCHED = 8 };

typedef struct touched {
    size_t cards[TOUCHED];
    unsigned n;
    uint16_t days[TOUCHED][PIQ_DEADLINE_REVIEWS]; /* as they were */
    uint8_t n_reviews[TOUCHED];
} touched;

static void touch(const solver *s, touched *t, size_t card)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->cards[i] == card)
            return;
    unsigned at = t->n++;
    t->cards[at] = card;
    t->n_reviews[at] = s->plan->n_reviews[card];
    memcpy(t->days[at], s->plan->days[card], sizeof t->days[at]);
}

/* Their best offers, in any order or the best first, until none is left. */
static void refill(solver *s, const touched *t, piq_rng *r)
{
    bool at_random = piq_rng_below(r, 2);
    for (;;) {
        offer best = {0}, o;
        bool any = false;
        unsigned from = (unsigned)piq_rng_below(r, t->n);
        for (unsigned i = 0; i < t->n && !(any && at_random); i++) {
            size_t card = t->cards[(from + i) % t->n];
            if (!best_offer(s, card, &o))
                continue;
            if (!any || o.a_minute > best.a_minute)
                best = o;
            any = true;
        }
        if (!any)
            return;
        take(s, &best);
    }
}

/* Some reviews go, and their cards and a few others share what room there is;
 * undone unless it is better. */
static void try_ruin(solver *s, piq_rng *r)
{
    touched t = {.n = 0};
    double before = s->plan->worth;
    unsigned ruined = 1 + (unsigned)piq_rng_below(r, RUINED);
    for (unsigned k = 0; k < ruined; k++) {
        size_t card;
        unsigned at;
        uint16_t rest[PIQ_DEADLINE_REVIEWS];
        if (!draw_review(s, r, &card, &at))
            break;
        touch(s, &t, card);
        unsigned n =
            without_at(s->plan->days[card], s->plan->n_reviews[card], at, rest);
        put_days(s, card, rest, n);
    }
    while (t.n < TOUCHED && piq_rng_below(r, TOUCHED))
        touch(s, &t, (size_t)piq_rng_below(r, s->d->n));
    if (!t.n)
        return;
    refill(s, &t, r);
    if (s->plan->worth > before + LEAST_GAIN)
        return;
    /* All of them free their days first: no day is ever overfull. */
    for (unsigned i = 0; i < t.n; i++)
        put_days(s, t.cards[i], NULL, 0);
    for (unsigned i = 0; i < t.n; i++)
        put_days(s, t.cards[i], t.days[i], t.n_reviews[i]);
}

static void exchange(solver *s)
{
    piq_rng r;
    piq_rng_seed(&r, s->d->seed);
    for (size_t i = 0; s->d->n && i < s->d->exchanges; i++) {
        uint64_t kind = piq_rng_below(&r, 32);
        if (kind < 8)
            try_move(s, &r);
        else if (kind < 22)
            try_swap(s, &r);
        else if (kind < 28)
            try_replace(s, &r);
        else
            try_ruin(s, &r);
    }
}

/* ---- the plan ----------------------------------------------------------- */

static bool is_sound(const piq_deadline *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (!(d->cards[i].minutes > 0) ||
            !(d->cards[i].state.stability_days > 0))
            return false;
    return d->n_days >= 1 && d->n_days <= PIQ_DEADLINE_MAX_DAYS &&
           d->n <= UINT32_MAX;
}

piq_status piq_deadline_solve(piq_arena *a, const piq_deadline *d,
                              piq_deadline_plan *out)
{
    if (!is_sound(d))
        return PIQ_EINVAL;
    piq_deadline_plan plan = {.days =
                                  piq_arena_alloc(a, d->n, sizeof *plan.days),
                              .n_reviews = piq_new(a, uint8_t, d->n),
                              .left = piq_new(a, double, d->n_days)};
    solver s = {.d = d,
                .plan = &plan,
                .worth = piq_new(a, double, d->n),
                .heap = piq_new(a, offer, d->n)};
    if (!plan.days || !plan.n_reviews || !plan.left || !s.worth || !s.heap)
        return PIQ_ENOMEM;
    memcpy(plan.left, d->minutes, d->n_days * sizeof *plan.left);
    for (size_t i = 0; i < d->n; i++) {
        s.worth[i] = worth_with(&s, i, NULL, 0);
        plan.without += s.worth[i];
    }
    plan.worth = plan.without;
    choose_greedily(&s);
    plan.greedy = plan.worth;
    exchange(&s);
    *out = plan;
    return PIQ_OK;
}
