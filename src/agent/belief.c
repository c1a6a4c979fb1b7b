#include "agent/belief.h"

#include "num/logistic.h"
#include "track/observe.h"
#include "track/params.h"

#include <math.h>
#include <string.h>

/* Hypotheses at first, and later, when it is about numbers and no longer about
 * kinds: by the size of the world, as each costs the square of that. */
enum { MOST_HYPS = 1024 };
static const struct {
    size_t concepts, first, later;
} SIZES[] = {{16, MOST_HYPS, 320}, {40, 384, 192}, {SIZE_MAX, 128, 96}};
/* Renewals after which a population has its later size. */
enum { RENEWALS = 6 };
/* Beliefs of items' difficulties, over all hypotheses. */
enum { MOST_ITEM_BELIEFS = 1 << 23 };

/* Outcomes are not as independent, nor hypotheses as right, as the product of
 * chances takes them to be: evidence counts by this power. What a log holds
 * was chosen by others, who may have known more: it counts for less. */
static const double TEMPER = 0.9, TEMPER_LOG = 0.45;
/* What is left of the weights' logarithms at the next learner. */
static const double CARRY = 0.97;
/* Steps of a neighbour, and how many are drawn from the prior instead. */
static const double NEIGHBOUR_STEP = 0.06;
static const double FRESH_SHARE = 0.06;
/* An edge's doubt is drawn anew in a neighbour with this chance. */
static const double EDGE_REDRAW = 0.03;
/* A practice's effect is uncertain by this share of itself. */
static const double EFFECT_SD = 0.3;

/* --- the population --------------------------------------------------------
 */

static void draw_edges(piq_hyp *h, size_t n, double share, piq_rng *rng)
{
    for (size_t e = 0; e < n; e++)
        if (share >= 1.0 || piq_rng_uniform(rng) < share)
            h->edge[e] = piq_rng_uniform(rng) >= h->theta.edge_doubt;
}

static void forget_items(piq_hyp *h, size_t n)
{
    const piq_track_params *p = piq_track_defaults();
    for (size_t i = 0; i < n; i++) {
        h->hard_mean[i] = 0.0f;
        h->hard_var[i] = (float)(p->item_var + p->concept_items_var);
    }
}

static void draw_hyp(piq_population *p, piq_hyp *h)
{
    piq_theta_draw(&h->theta, p->world->timed, &p->rng);
    draw_edges(h, p->world->n_edges, 1.0, &p->rng);
    forget_items(h, p->world->n_items);
    h->log_weight = 0.0;
}

static size_t first_size(const piq_agent_world *w, size_t *later)
{
    size_t i = 0;
    while (w->n_concepts > SIZES[i].concepts)
        i++;
    size_t most = MOST_ITEM_BELIEFS / w->n_items;
    size_t n = SIZES[i].first < most ? SIZES[i].first : most;
    *later = SIZES[i].later < n ? SIZES[i].later : n;
    return n;
}

piq_status piq_population_make(piq_arena *a, const piq_agent_world *w,
                               piq_population *out)
{
    *out = (piq_population){.world = w};
    out->n = first_size(w, &out->later);
    out->hyps = piq_new(a, piq_hyp, out->n);
    bool *edges = piq_new(a, bool, out->n * w->n_edges);
    float *hard = piq_new(a, float, 2 * out->n * w->n_items);
    if (!out->hyps || !edges || !hard)
        return PIQ_ENOMEM;
    piq_rng_seed(&out->rng, w->seed ^ 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < out->n; i++) {
        piq_hyp *h = &out->hyps[i];
        h->edge = edges + i * w->n_edges;
        h->hard_mean = hard + 2 * i * w->n_items;
        h->hard_var = h->hard_mean + w->n_items;
        draw_hyp(out, h);
    }
    return PIQ_OK;
}

void piq_population_weights(const piq_population *p, double *weights)
{
    double most = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < p->n; i++)
        most = fmax(most, p->hyps[i].log_weight);
    for (size_t i = 0; i < p->n; i++)
        sum += weights[i] = exp(p->hyps[i].log_weight - most);
    for (size_t i = 0; i < p->n; i++)
        weights[i] /= sum;
}

static void copy_hyp(piq_population *p, piq_hyp *to, const piq_hyp *from)
{
    const piq_agent_world *w = p->world;
    to->theta = from->theta;
    to->log_weight = from->log_weight;
    memcpy(to->edge, from->edge, w->n_edges * sizeof *to->edge);
    memcpy(to->hard_mean, from->hard_mean, w->n_items * sizeof(float));
    memcpy(to->hard_var, from->hard_var, w->n_items * sizeof(float));
}

/* --- renewal ---------------------------------------------------------------
 *
 * Hypotheses are resampled by weight within kinds: does the learner forget, is
 * a concept known or not, does what is far count. Each kind keeps a share of
 * places, in which its numbers go on being fitted, or the first few learners
 * would decide for good which kind is heard; the weights make up for that. */
enum { N_KINDS = 8 };
static const double KIND_SHARE = 0.04;
/* No kind's weight falls below this share of the heaviest's. */
static const double KIND_FLOOR = 0.005;

static size_t kind_of(const piq_theta *t)
{
    return (t->forgets ? 1u : 0u) + (t->states ? 2u : 0u) +
           (t->far < 0.5 ? 4u : 0u);
}

typedef struct kinds {
    double mass[N_KINDS];   /* weight */
    double places[N_KINDS]; /* hypotheses that it gets */
} kinds;

static kinds share_out(const piq_population *p, const double *weights,
                       size_t places)
{
    kinds k = {0};
    size_t met[N_KINDS] = {0};
    double most = 0.0, sum = 0.0;
    for (size_t i = 0; i < p->n; i++) {
        size_t kind = kind_of(&p->hyps[i].theta);
        k.mass[kind] += weights[i];
        met[kind]++;
    }
    for (size_t i = 0; i < N_KINDS; i++)
        most = fmax(most, k.mass[i]);
    for (size_t i = 0; i < N_KINDS; i++) {
        if (met[i])
            k.mass[i] = fmax(k.mass[i], KIND_FLOOR * most);
        sum += k.mass[i];
    }
    double total = 0.0;
    for (size_t i = 0; i < N_KINDS; i++) {
        k.mass[i] /= sum;
        k.places[i] = met[i] ? fmax(k.mass[i], KIND_SHARE) : 0.0;
        total += k.places[i];
    }
    for (size_t i = 0; i < N_KINDS; i++)
        k.places[i] *= (double)places / total;
    return k;
}

/* How often each is to be there (systematic), kind by kind. */
static void draw_copies(piq_population *p, const double *weights, kinds *k,
                        int *copies)
{
    double own[N_KINDS] = {0}, at = piq_rng_uniform(&p->rng), sum = 0.0;
    for (size_t i = 0; i < p->n; i++)
        own[kind_of(&p->hyps[i].theta)] += weights[i];
    for (size_t kind = 0; kind < N_KINDS; kind++)
        for (size_t i = 0; i < p->n; i++) {
            if (kind_of(&p->hyps[i].theta) != kind)
                continue;
            sum += k->places[kind] * weights[i] / fmax(own[kind], 1e-300);
            for (; at < sum; at += 1.0)
                copies[i]++;
        }
}

/* Who would be drawn twice is, as a neighbour of itself in the place of one
 * who would not be drawn at all; the other survivors stay as they are. */
static void replace_weak(piq_population *p, int *copies)
{
    size_t to = 0;
    for (size_t i = 0; i < p->n; i++)
        for (; copies[i] > 1; copies[i]--) {
            while (to < p->n && copies[to] != 0)
                to++;
            if (to == p->n)
                return;
            copies[to] = -1;
            copy_hyp(p, &p->hyps[to], &p->hyps[i]);
            piq_theta_move(&p->hyps[to].theta, p->world->timed, NEIGHBOUR_STEP,
                           &p->rng);
            draw_edges(&p->hyps[to], p->world->n_edges, EDGE_REDRAW, &p->rng);
        }
}

/* Leaves out who was neither drawn nor replaced. */
static void close_ranks(piq_population *p, int *copies)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (copies[i] == 0)
            continue;
        piq_hyp held = p->hyps[n];
        p->hyps[n] = p->hyps[i];
        p->hyps[i] = held;
        copies[n++] = copies[i];
    }
    p->n = n;
}

static size_t next_size(piq_population *p)
{
    if (p->n <= p->later || ++p->renewals < RENEWALS)
        return p->n;
    return p->later;
}

static void renew(piq_population *p)
{
    double weights[MOST_HYPS];
    int copies[MOST_HYPS] = {0};
    piq_population_weights(p, weights);
    kinds k = share_out(p, weights, next_size(p));
    draw_copies(p, weights, &k, copies);
    for (size_t i = 0; i < p->n; i++) {
        size_t kind = kind_of(&p->hyps[i].theta);
        if (copies[i] > 0)
            p->hyps[i].log_weight = log(k.mass[kind] / k.places[kind]);
    }
    replace_weak(p, copies);
    close_ranks(p, copies);
    for (size_t i = 0; i < p->n; i++)
        if (copies[i] < 0 && piq_rng_uniform(&p->rng) < FRESH_SHARE) {
            double weight = p->hyps[i].log_weight;
            draw_hyp(p, &p->hyps[i]);
            p->hyps[i].log_weight = weight;
        }
}

static double effective(const piq_population *p)
{
    double weights[MOST_HYPS], squares = 0.0;
    piq_population_weights(p, weights);
    for (size_t i = 0; i < p->n; i++)
        squares += weights[i] * weights[i];
    return 1.0 / squares;
}

/* --- a new learner ---------------------------------------------------------
 */

/* level_k = prior_k + kin * mean over what precedes of (level - prior) + own,
 * and the learner's share in all: covariances in the graph's order. */
static void start_levels(piq_hyp *h, const piq_view *v)
{
    const piq_theta *t = &h->theta;
    size_t n = v->n;
    for (size_t k = 0; k < n; k++) {
        uint32_t from = v->before_at[k], to = v->before_at[k + 1];
        double each = to > from ? t->kin / (double)(to - from) : 0.0;
        double *row = h->cov + k * n;
        h->mean[k] = t->start - t->depth * v->world->depth[v->concept[k]];
        for (size_t j = 0; j < k; j++) {
            double c = 0.0;
            for (uint32_t i = from; i < to; i++)
                c += h->cov[v->before[i].concept * n + j];
            row[j] = h->cov[j * n + k] = each * c;
        }
        row[k] = t->concept_var;
        for (uint32_t i = from; i < to; i++)
            row[k] += each * row[v->before[i].concept];
    }
    for (size_t i = 0; i < n * n; i++)
        h->cov[i] += t->learner_var;
}

/* Chances to know: lower further up, and where kin counts, less than what
 * precedes. */
static void start_states(piq_hyp *h, const piq_view *v)
{
    const piq_theta *t = &h->theta;
    for (size_t k = 0; k < v->n; k++) {
        double deep = v->world->depth[v->concept[k]];
        h->mean[k] = t->start * pow(1.0 - t->depth, deep);
    }
}

static void begin_hyp(piq_hyp *h, const piq_view *v, piq_rng *rng)
{
    h->last = PIQ_VIEW_NONE;
    h->rate =
        fmin(0.97, h->theta.rate * exp(h->theta.hetero * piq_rng_normal(rng)));
    if (h->theta.states)
        start_states(h, v);
    else
        start_levels(h, v);
}

static piq_status make_room(piq_arena *a, piq_population *p, size_t n)
{
    double *mean = piq_new(a, double, p->n *n);
    double *cov = piq_new(a, double, p->n *n *n);
    double *held = piq_new(a, double, p->n *n);
    piq_fsrs_state *memory = piq_new(a, piq_fsrs_state, p->n * n);
    if (!mean || !cov || !held || !memory)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < p->n; i++) {
        piq_hyp *h = &p->hyps[i];
        h->mean = mean + i * n;
        h->cov = cov + i * n * n;
        h->held = held + i * n;
        h->memory = memory + i * n;
    }
    return PIQ_OK;
}

piq_status piq_population_begin(piq_arena *a, piq_population *p,
                                const piq_view *view)
{
    for (size_t i = 0; i < p->n; i++)
        p->hyps[i].log_weight *= CARRY;
    if (p->learners++ > 0 && effective(p) < 0.5 * (double)p->n)
        renew(p);
    p->view = view;
    if (make_room(a, p, view->n))
        return PIQ_ENOMEM;
    for (size_t i = 0; i < p->n; i++)
        begin_hyp(&p->hyps[i], view, &p->rng);
    return PIQ_OK;
}

/* --- what is seen ---------------------------------------------------------
 */

/* An item's concepts in view. */
typedef struct concerned {
    uint32_t concepts[PIQ_AGENT_MAX_ITEM_CONCEPTS];
    size_t n;
} concerned;

static concerned concepts_of(const piq_view *v, uint32_t item)
{
    const piq_agent_item *x = &v->world->items[item];
    concerned c = {.n = 0};
    for (size_t i = 0; i < x->n_concepts; i++) {
        uint32_t k = v->local[x->concepts[i]];
        if (k != PIQ_VIEW_NONE)
            c.concepts[c.n++] = k;
    }
    return c;
}

static double recall(const piq_hyp *h, uint32_t k, double time)
{
    if (!h->theta.forgets || h->memory[k].stability_days <= 0.0)
        return 1.0;
    return piq_fsrs_recall(&h->theta.memory,
                           (time - h->held[k]) * h->theta.tempo,
                           h->memory[k].stability_days);
}

/* What an answer meets; row[n]: covariances of its level with all. */
static piq_encounter meet(const piq_hyp *h, const piq_view *v, uint32_t item,
                          const concerned *c, double time, double *row)
{
    const piq_theta *t = &h->theta;
    double share = 1.0 / (double)c->n;
    double mean = 0.0, variance = 0.0, remembered = 1.0;
    memset(row, 0, v->n * sizeof *row);
    for (size_t i = 0; i < c->n; i++) {
        const double *cov = h->cov + c->concepts[i] * v->n;
        mean += share * h->mean[c->concepts[i]];
        remembered *= recall(h, c->concepts[i], time);
        for (size_t j = 0; j < v->n; j++)
            row[j] += share * cov[j];
    }
    for (size_t i = 0; i < c->n; i++)
        variance += share * row[c->concepts[i]];
    return (piq_encounter){
        .mean = mean - h->hard_mean[item],
        .variance = fmax(variance, 0.0) + h->hard_var[item],
        .discrimination = t->sharp,
        .guess = t->guess,
        .lapse = 1.0 - t->guess - (1.0 - t->guess - t->lapse) * remembered,
    };
}

static double log_chance(double p, double score)
{
    return score * log(p) + (1.0 - score) * log(1.0 - p);
}

/* --- known or not ---------------------------------------------------------
 */

/* Of two concepts, the second known with chance x where the first is, and with
 * (1 - kin) x where it is not: the chance of the other, once that of one has
 * gone from `was` to `is` (Jeffrey's rule). */
static double share_before(double before, double was, double is, double kin)
{
    double x = was / (before + (1.0 - kin) * (1.0 - before));
    x = piq_clamp(x, 0.0, 1.0);
    double if_known = x * before / fmax(was, 1e-9);
    double if_not = (1.0 - x) * before / fmax(1.0 - was, 1e-9);
    return piq_clamp(is * if_known + (1.0 - is) * if_not, 1e-4, 1.0 - 1e-4);
}

static double share_after(double after, double was, double is, double kin)
{
    double x = after / (was + (1.0 - kin) * (1.0 - was));
    x = piq_clamp(x, 0.0, 1.0);
    return piq_clamp(x * (is + (1.0 - kin) * (1.0 - is)), 1e-4, 1.0 - 1e-4);
}

enum { TELL_HOPS = 3 };

/* Tells what comes before, and what comes next, that k's chance has moved. */
static void tell(piq_hyp *h, const piq_view *v, uint32_t k, double was,
                 int hops, bool up, bool down)
{
    double is = h->mean[k];
    if (hops == 0 || fabs(is - was) < 1e-3)
        return;
    for (uint32_t i = v->before_at[k]; up && i < v->before_at[k + 1]; i++) {
        uint32_t p = v->before[i].concept;
        double p_was = h->mean[p];
        if (!h->edge[v->before[i].edge])
            continue;
        h->mean[p] = share_before(p_was, was, is, h->theta.kin);
        tell(h, v, p, p_was, hops - 1, true, false);
    }
    for (uint32_t j = v->next_at[k]; down && j < v->next_at[k + 1]; j++) {
        uint32_t q = v->next[j].concept;
        double q_was = h->mean[q];
        if (!h->edge[v->next[j].edge])
            continue;
        h->mean[q] = share_after(q_was, was, is, h->theta.kin);
        tell(h, v, q, q_was, hops - 1, false, true);
    }
}

/* All of an item's concepts must be known. */
static double observe_states(piq_hyp *h, const piq_view *v, const concerned *c,
                             double score, double time)
{
    const piq_theta *t = &h->theta;
    double known = 1.0, remembered = 1.0;
    for (size_t i = 0; i < c->n; i++) {
        known *= h->mean[c->concepts[i]];
        remembered *= recall(h, c->concepts[i], time);
    }
    double high = t->guess + (1.0 - t->guess - t->lapse) * remembered;
    double p = piq_clamp(t->guess + (high - t->guess) * known, 1e-6, 1 - 1e-6);
    double like = score * high + (1.0 - score) * (1.0 - high);
    double chance = score * p + (1.0 - score) * (1.0 - p);
    for (size_t i = 0; i < c->n; i++) {
        uint32_t k = c->concepts[i];
        double was = h->mean[k];
        /* P(right | k known), the others as believed. */
        double others = known / fmax(was, 1e-9);
        double other_like = score * t->guess + (1.0 - score) * (1.0 - t->guess);
        double mine = others * like + (1.0 - others) * other_like;
        h->mean[k] = piq_clamp(was * mine / chance, 1e-4, 1.0 - 1e-4);
        tell(h, v, k, was, TELL_HOPS, true, true);
    }
    return log_chance(p, score);
}

/* --- levels ---------------------------------------------------------------
 */

/* Both return the logarithm of the chance that the answer had. */
static double observe_levels(piq_hyp *h, const piq_view *v, uint32_t item,
                             const concerned *c, double score, double time)
{
    double row[PIQ_VIEW_MAX];
    piq_encounter e = meet(h, v, item, c, time, row);
    piq_observation o = piq_encounter_observe(&e, score, 1.0);
    for (size_t k = 0; k < v->n; k++) {
        double *cov = h->cov + k * v->n;
        double pull = row[k] * o.info;
        h->mean[k] += row[k] * o.slope;
        for (size_t j = 0; j < v->n; j++)
            cov[j] -= pull * row[j];
    }
    double var = h->hard_var[item];
    h->hard_mean[item] -= (float)(var * o.slope);
    h->hard_var[item] = (float)fmax(var - var * var * o.info, 1e-3);
    return log_chance(o.predicted, score);
}

static void observe(piq_hyp *h, const piq_view *v, uint32_t item,
                    const concerned *c, double score, double time, bool log)
{
    double chance = h->theta.states
                        ? observe_states(h, v, c, score, time)
                        : observe_levels(h, v, item, c, score, time);
    h->log_weight += (log ? TEMPER_LOG : TEMPER) * chance;
}

/* Expected excess of N(d, v) over 0, nearly. */
static double excess(double d, double variance)
{
    return 0.5 * (d + sqrt(d * d + 0.64 * fmax(variance, 0.0)));
}

static double gate_of(const piq_hyp *h, const piq_view *v, uint32_t k)
{
    double lack = 0.0;
    for (uint32_t i = v->before_at[k]; i < v->before_at[k + 1]; i++) {
        uint32_t p = v->before[i].concept;
        if (!h->edge[v->before[i].edge])
            continue;
        lack += h->theta.states
                    ? 1.0 - h->mean[p]
                    : excess(h->theta.top - h->mean[p], h->cov[p * v->n + p]);
    }
    return piq_theta_gate(h->theta.gate, lack);
}

static void raise(piq_hyp *h, const piq_view *v, uint32_t k, double amount)
{
    h->mean[k] += amount;
    h->cov[k * v->n + k] += EFFECT_SD * EFFECT_SD * amount * amount;
}

static void spill(piq_hyp *h, const piq_view *v, uint32_t k, double amount)
{
    for (uint32_t i = v->after_at[k]; i < v->after_at[k + 1]; i++) {
        const piq_view_reach *r = &v->after[i];
        double share = 0.0, power = h->theta.spill;
        for (int hop = 0; hop < PIQ_VIEW_SPILL_HOPS; hop++) {
            share += r->ways[hop] * power;
            power *= h->theta.spill;
        }
        double room = fmax(0.0, h->theta.top - h->mean[r->concept]);
        raise(h, v, r->concept, fmin(share * amount, room));
    }
}

/* The level of k goes `share` of its way to the top. */
static void teach(piq_hyp *h, const piq_view *v, uint32_t k, double share)
{
    size_t n = v->n;
    double amount = share * (h->theta.top - h->mean[k]);
    if (amount <= 0.0)
        return;
    if (h->theta.states) {
        h->mean[k] = fmin(h->mean[k] + amount, 1.0 - 1e-4);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        h->cov[k * n + j] *= 1.0 - share;
        h->cov[j * n + k] *= 1.0 - share;
    }
    raise(h, v, k, amount);
    if (h->theta.spill > 0.0)
        spill(h, v, k, amount);
}

static void remember(piq_hyp *h, uint32_t k, double score, double time)
{
    double days = (time - h->held[k]) * h->theta.tempo;
    bool lapse =
        score < 0.5 && h->theta.lapses && h->memory[k].stability_days > 0.0;
    /* At a first meeting there was nothing to recall: it teaches. */
    h->memory[k] = piq_fsrs_next(&h->theta.memory, h->memory[k],
                                 fmax(days, 0.0), lapse ? 1 : 3);
    h->held[k] = time;
}

static void practise(piq_hyp *h, const piq_view *v, uint32_t item,
                     const concerned *c, double score, double time)
{
    const piq_theta *t = &h->theta;
    bool near =
        h->last == PIQ_VIEW_NONE || v->near[c->concepts[0] * v->n + h->last];
    double counts = near ? 1.0 : t->far;
    double minutes = v->world->items[item].minutes / v->world->mean_minutes;
    double dose = t->dose > 0.0 ? pow(minutes, t->dose) : 1.0;
    double rate = 1.0 - pow(1.0 - h->rate, dose / sqrt((double)c->n));
    if (near || t->far > 0.0)
        h->last = c->concepts[0];
    for (size_t i = 0; i < c->n; i++) {
        uint32_t k = c->concepts[i];
        if (counts > 0.0)
            teach(h, v, k, counts * rate * gate_of(h, v, k));
        if (t->forgets)
            remember(h, k, score, time);
    }
}

static void see(piq_hyp *h, const piq_view *v, uint32_t item,
                const concerned *c, double score, double time,
                piq_seen_kind kind)
{
    bool asked = kind != PIQ_SEEN_UNASKED;
    bool taught = kind == PIQ_SEEN_PRACTICE || kind == PIQ_SEEN_UNASKED ||
                  (kind == PIQ_SEEN_LOG && h->theta.log_teaches);
    if (asked && (h->theta.asks_first || !taught))
        observe(h, v, item, c, score, time, kind == PIQ_SEEN_LOG);
    if (taught)
        practise(h, v, item, c, asked ? score : 1.0, time);
    if (asked && taught && !h->theta.asks_first)
        observe(h, v, item, c, score, time, kind == PIQ_SEEN_LOG);
}

void piq_population_see(piq_population *p, uint32_t item, double score,
                        double time, piq_seen_kind kind)
{
    concerned c = concepts_of(p->view, item);
    for (size_t i = 0; c.n > 0 && i < p->n; i++)
        see(&p->hyps[i], p->view, item, &c, score, time, kind);
}
