/* search.c - the walk: which moves, what stays, when it starts over.
 *
 * An iteration is TWEAKS small changes (tweak.c), then one part of the plan
 * taken out (destroy.c, chain.c) and put back (insert.c). Each is kept or
 * undone by simulated annealing. Heat falls in cycles, each somewhat longer
 * than the last and from the best plan, so that no horizon has to be known and
 * more iterations only add to what fewer found. Every other cycle first shakes
 * the best plan, and some are lured towards topics that are closed. */
#include "solve/search.h"

#include "base/str.h"
#include "solve/walk.h"

#include <math.h>
#include <string.h>

enum {
    TWEAKS = 20,
    ASK_EVERY = 16,       /* iterations between two questions for more */
    LOOK_EVERY = 256,     /* what opens what is asked anew */
    REFRESH_EVERY = 2048, /* sums are made anew */
    LEARN_EVERY = 128,    /* weights of the ways are adapted */
    ALL_OFFERED = 160,    /* up to so many candidates, all are offered */
    SAMPLE = 96,          /* of more, so many */
    STARTS = 8,           /* plans from nothing, where there was no start .. */
    STARTS_PIECES = 2000, /* .. of so many pieces in all */
    LURE_EVERY = 4,       /* cycles of which one is lured */
    N_CHAINS = 2,         /* of a shake */
    N_TASTES = 4,
    N_PER = 6
};

/* Of the worth of a typical piece. */
static const double HOT = .07, HOT_SHAKEN = .15, COLD = .002;
/* Iterations of the first cycle, and how cycles grow. */
static const double CYCLE_MIN = 300, CYCLE_PER_PIECE = 20, CYCLE_GROWTH = 1.3;
static const double SHAKE_LEAST = .2, SHAKE_MORE = .8;
static const double ANY_BETTER = 1e-10;

typedef struct best_plan {
    int16_t *day;
    int16_t *reviews;
    uint8_t *n_reviews;
    double total;
} best_plan;

/* Adaptive weights (Ropke & Pisinger 2006, section 3.4): a way that found
 * something lately is tried more often. */
typedef struct way_book {
    double weight[PIQ_SOLVE_N_WAYS];
    double reward[PIQ_SOLVE_N_WAYS];
    uint32_t tried[PIQ_SOLVE_N_WAYS];
    double all; /* sum of weights */
} way_book;

typedef struct search {
    piq_solve_walk w;
    best_plan best;
    way_book book;
    double *pull;   /* [n_topics] of this cycle, see state.h */
    double *unlock; /* [n_topics] what opening was worth at the start */
    double unit;    /* worth of a typical piece of the plan */
} search;

/* ---- the best so far -------------------------------------------------- */

static bool best_init(piq_arena *a, best_plan *b, const piq_solve_model *m)
{
    b->day = piq_new(a, int16_t, m->n_pieces);
    b->reviews = piq_new(a, int16_t, m->n_topics * PIQ_SOLVE_MAX_REVIEWS);
    b->n_reviews = piq_new(a, uint8_t, m->n_topics);
    return b->day && b->reviews && b->n_reviews;
}

static void best_take(best_plan *b, const piq_solve_state *s)
{
    const piq_solve_model *m = s->m;
    memcpy(b->day, s->day, m->n_pieces * sizeof *b->day);
    memcpy(b->reviews, s->reviews,
           m->n_topics * PIQ_SOLVE_MAX_REVIEWS * sizeof *b->reviews);
    memcpy(b->n_reviews, s->n_reviews, m->n_topics);
    b->total = s->total;
}

/* By steps, from whatever the state is; only what differs. */
static void best_restore(const best_plan *b, piq_solve_state *s)
{
    const piq_solve_model *m = s->m;
    for (uint32_t t = 0; t < m->n_topics; t++)
        while (s->n_reviews[t])
            piq_solve_unreview(s, t, piq_solve_reviews_of(s, t)[0]);
    for (uint32_t i = 0; i < m->n_pieces; i++)
        if (s->day[i] >= 0 && s->day[i] != b->day[i])
            piq_solve_take(s, i);
    for (uint32_t i = 0; i < m->n_pieces; i++)
        if (b->day[i] >= 0 && s->day[i] < 0)
            piq_solve_put(s, i, b->day[i]);
    for (uint32_t t = 0; t < m->n_topics; t++)
        for (int k = 0; k < b->n_reviews[t]; k++)
            piq_solve_review(
                s, t,
                b->reviews[(size_t)t * PIQ_SOLVE_MAX_REVIEWS + (size_t)k]);
    piq_solve_settle(s); /* nothing to take out: the whole plan is there */
    piq_solve_keep(s);
    piq_solve_refresh(s);
}

/* ---- which way -------------------------------------------------------- */

static const double LEAST_WEIGHT = .3, MEMORY = .8;
static const double FOR_BEST = 20, FOR_BETTER = 4, FOR_KEPT = 1;

static void book_init(way_book *b)
{
    for (int k = 0; k < PIQ_SOLVE_N_WAYS; k++)
        b->weight[k] = 1;
    b->all = PIQ_SOLVE_N_WAYS;
}

static piq_solve_way draw_way(const way_book *b, piq_solve_dice *dice)
{
    double at = b->all * piq_solve_unit(dice);
    unsigned k = 0;
    while (k + 1 < PIQ_SOLVE_N_WAYS && (at -= b->weight[k]) >= 0)
        k++;
    return (piq_solve_way)k;
}

static void learn(way_book *b)
{
    b->all = 0;
    for (int k = 0; k < PIQ_SOLVE_N_WAYS; k++) {
        if (b->tried[k])
            b->weight[k] =
                MEMORY * b->weight[k] +
                (1 - MEMORY) * (LEAST_WEIGHT + b->reward[k] / b->tried[k]);
        b->all += b->weight[k];
        b->reward[k] = 0;
        b->tried[k] = 0;
    }
}

/* ---- one iteration ---------------------------------------------------- */

/* `before`: value and lure before the move. */
static bool is_kept(search *x, double before, double heat)
{
    double change = x->w.s->total + x->w.s->lured - before;
    return change >= 0 ||
           (heat > 0 && piq_solve_unit(&x->w.dice) < exp(change / heat));
}

static void note_best(search *x)
{
    piq_solve_keep(x->w.s);
    if (x->w.s->total > x->best.total + ANY_BETTER)
        best_take(&x->best, x->w.s);
}

static void tweak(search *x, double heat)
{
    double before = x->w.s->total + x->w.s->lured;
    if (piq_solve_tweak(&x->w) && is_kept(x, before, heat))
        note_best(x);
    else if (x->w.s->n_log)
        piq_solve_undo(x->w.s, 0);
}

static void offer_some(search *x)
{
    const piq_solve_state *s = x->w.s;
    const piq_solve_model *m = s->m;
    const size_t n = m->n_pieces + m->n_topics;
    if (n <= ALL_OFFERED) {
        piq_solve_offer_all(x->w.f);
        return;
    }
    for (int k = 0; k < SAMPLE; k++) {
        uint32_t what = piq_solve_below(&x->w.dice, n);
        if (what >= m->n_pieces ? m->topics[what - m->n_pieces].review_most > 0
                                : s->day[what] < 0)
            piq_solve_offer(x->w.f, what);
    }
}

static piq_solve_taste draw_taste(piq_solve_dice *d)
{
    static const unsigned per[N_PER] = {
        PIQ_SOLVE_PER_MINUTE, PIQ_SOLVE_PER_MINUTE, PIQ_SOLVE_PER_MINUTE,
        PIQ_SOLVE_PER_MINUTE, PIQ_SOLVE_PER_ROOT,   PIQ_SOLVE_OUTRIGHT};
    static const double opening[N_TASTES] = {0, .3, .6, 1};
    static const double noise[N_TASTES] = {0, 0, .1, .3};
    static const double wander[N_TASTES] = {0, 0, 0, .2};
    static const double blink[N_TASTES] = {0, 0, .1, .3};
    return (piq_solve_taste){.per = per[piq_solve_below(d, N_PER)],
                             .opening = opening[piq_solve_below(d, N_TASTES)],
                             .noise = noise[piq_solve_below(d, N_TASTES)],
                             .wander = wander[piq_solve_below(d, N_TASTES)],
                             .blink = blink[piq_solve_below(d, N_TASTES)]};
}

static void rebuild(search *x, double heat)
{
    piq_solve_state *s = x->w.s;
    double before = s->total, best = x->best.total;
    double appeal = s->total + s->lured;
    piq_solve_way way = draw_way(&x->book, &x->w.dice);
    piq_solve_destroy(&x->w, way);
    offer_some(x);
    piq_solve_taste taste = draw_taste(&x->w.dice);
    piq_solve_fill(x->w.f, &taste, &x->w.dice);
    double after = s->total;
    x->book.tried[way]++;
    if (!is_kept(x, appeal, heat)) {
        piq_solve_undo(s, 0);
        return;
    }
    note_best(x);
    x->book.reward[way] += after > best + ANY_BETTER     ? FOR_BEST
                           : after > before + ANY_BETTER ? FOR_BETTER
                                                         : FOR_KEPT;
}

/* ---- cycles ----------------------------------------------------------- */

/* Takes out a share of the best plan, drawn by luck, and opens other topics
 * than it did. */
static void shake(search *x, double share)
{
    static const piq_solve_taste taste = {
        .per = PIQ_SOLVE_PER_MINUTE, .opening = .6, .noise = .3};
    piq_solve_walk *w = &x->w;
    piq_solve_filler *f = w->f;
    const size_t n_days = w->s->m->n_days;
    piq_solve_clear_days(w, 0, (int)n_days, share);
    piq_solve_settle(w->s);
    piq_solve_look_ahead(f);
    for (uint32_t t = 0; t < w->s->m->n_topics; t++)
        f->unlock[t] *= 2 * piq_solve_unit(&w->dice);
    for (int k = 0; k < N_CHAINS; k++) {
        if (piq_solve_below(&w->dice, 3) == 0)
            continue;
        piq_solve_bring(w);
        piq_solve_settle(w->s);
    }
    piq_solve_offer_all(f);
    piq_solve_fill(f, &taste, &w->dice);
    note_best(x);
}

typedef struct cycle {
    uint64_t number, at;
    double length;
} cycle;

/* Pulls the search towards opening topics, each by luck: what it takes for the
 * start plan to open them, a part of which is worth nothing by itself. */
static void set_lure(search *x, bool on)
{
    for (uint32_t t = 0; t < x->w.s->m->n_topics; t++)
        x->pull[t] = on ? piq_solve_unit(&x->w.dice) * x->unlock[t] : 0;
    piq_solve_lure(x->w.s, x->pull);
}

static double heat_of(search *x, cycle *c)
{
    if ((double)c->at >= c->length) {
        c->at = 0;
        c->number++;
        c->length *= CYCLE_GROWTH;
        best_restore(&x->best, x->w.s);
        set_lure(x, c->number % LURE_EVERY == 1);
        if (c->number % 2)
            shake(x, SHAKE_LEAST + SHAKE_MORE * piq_solve_unit(&x->w.dice));
    }
    double hot = c->number % 2 ? HOT_SHAKEN : HOT;
    double share = (double)c->at++ / c->length;
    return x->unit * hot * pow(COLD / hot, share);
}

/* Other first plans than the greedy one; the best stays. */
static void start_over(search *x)
{
    size_t most = STARTS_PIECES / x->w.s->m->n_pieces;
    for (size_t k = 0; k < STARTS && k < most; k++)
        shake(x, 1);
    best_restore(&x->best, x->w.s);
}

static uint64_t walk(search *x, const piq_solve_options *o)
{
    cycle c = {.length =
                   CYCLE_MIN + CYCLE_PER_PIECE * (double)x->w.s->n_placed};
    uint64_t k = 0;
    for (; k < o->iterations; k++) {
        if (k % ASK_EVERY == 0 && o->more && !o->more(o->ctx))
            break;
        if (k % LOOK_EVERY == 0)
            piq_solve_look_ahead(x->w.f);
        if (k % LEARN_EVERY == 0)
            learn(&x->book);
        if (k % REFRESH_EVERY == 0)
            piq_solve_refresh(x->w.s);
        double heat = heat_of(x, &c);
        for (int j = 0; j < TWEAKS; j++)
            tweak(x, heat);
        rebuild(x, heat);
    }
    return k;
}

/* Pins apart: they would make every heat a furnace. */
static double typical_worth(const piq_solve_state *s)
{
    const piq_solve_model *m = s->m;
    double sum = s->total;
    for (uint32_t t = 0; t < m->n_topics; t++)
        sum -= piq_solve_worth(&m->topics[t], m->topics[t].raw0);
    for (size_t k = 0; k < s->n_placed; k++)
        if (m->pieces[s->placed[k]].pinned)
            sum -= m->pin;
    return s->n_placed && sum > 0 ? sum / (double)s->n_placed : 0;
}

piq_status piq_solve_search(piq_arena *a, piq_solve_filler *f,
                            const piq_solve_options *o, bool is_fresh,
                            uint64_t *iterations)
{
    const piq_solve_model *m = f->s->m;
    search x = {.w = {.f = f, .s = f->s, .dice = {piq_hash_u64(o->seed)}},
                .unit = typical_worth(f->s)};
    x.pull = piq_new(a, double, m->n_topics);
    x.unlock = piq_new(a, double, m->n_topics);
    x.w.held = piq_new(a, uint32_t, m->n_pieces);
    x.w.seen = piq_new(a, uint32_t, m->n_topics);
    if (!x.w.held || !x.w.seen || !x.pull || !x.unlock ||
        !best_init(a, &x.best, m))
        return PIQ_ENOMEM;
    *iterations = 0;
    if (!m->n_pieces || !m->n_topics)
        return PIQ_OK;
    memcpy(x.unlock, f->unlock, m->n_topics * sizeof *f->unlock);
    book_init(&x.book);
    best_take(&x.best, x.w.s);
    if (is_fresh)
        start_over(&x);
    *iterations = walk(&x, o);
    best_restore(&x.best, x.w.s);
    return PIQ_OK;
}
