#include "train/fsrs_grad.h"

#include <math.h>
#include <stdbool.h>

static const double R_EDGE = 1e-7;

/* One review on the way forward; state before it. */
struct piq_fsrs_step {
    double s, d, log_s;
    double u, log_u, r;         /* R = u^-w20, u = 1 + curve t / S */
    double factor;              /* the branch's: k, lapse or growth over e */
    double e;                   /* e^(w10 (1-R)) - 1; a lapse: (S+1)^w13 */
    bool s_free, d_free, taken; /* no clamp; the branch that has a slope */
};

void piq_fsrs_slope_of(const piq_fsrs_params *p, piq_fsrs_slope *out)
{
    const double *w = p->w;
    out->p = *p;
    out->curve_by_decay = (p->curve + 1) * log(0.9) / (w[20] * w[20]);
    for (int g = 0; g < 4; g++) {
        double e = exp(w[5] * g);
        out->first_difficulty[g] = w[4] - e + 1;
        out->first_by_w5[g] = -g * e;
    }
}

piq_status piq_fsrs_tape_new(piq_arena *a, size_t n, piq_fsrs_tape *out)
{
    piq_fsrs_step *steps = piq_new(a, piq_fsrs_step, n + 1);
    if (!steps)
        return PIQ_ENOMEM;
    *out = (piq_fsrs_tape){steps, n};
    return PIQ_OK;
}

static bool within(double x, double low, double high)
{
    return x >= low && x <= high;
}

static double held(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* ---- forward ----------------------------------------------------------- */

static double item_loss(double r, bool passed)
{
    r = held(r, R_EDGE, 1 - R_EDGE);
    return -log(passed ? r : 1 - r);
}

static double stability_after(const piq_fsrs_slope *x, piq_fsrs_step *k,
                              const piq_fsrs_review *v)
{
    const double *w = x->p.w;
    double s = k->s;
    if (v->elapsed_days == 0) {
        k->factor = x->p.same_day[v->rating - 1] * exp(-w[19] * k->log_s);
        k->taken = v->rating == 1 || k->factor >= 1;
        return k->taken ? s * k->factor : s;
    }
    if (v->rating == 1) {
        double cap = s / x->p.same_day[2];
        k->e = exp(w[13] * log1p(s));
        k->factor =
            w[11] * exp(-w[12] * log(k->d) + w[14] * (1 - k->r)) * (k->e - 1);
        k->taken = k->factor <= cap;
        return k->taken ? k->factor : cap;
    }
    double by_rating = v->rating == 2 ? w[15] : v->rating == 4 ? w[16] : 1;
    k->e = expm1(w[10] * (1 - k->r));
    k->factor = x->p.growth * (11 - k->d) * exp(-w[9] * k->log_s) * by_rating;
    return s * (1 + k->factor * k->e);
}

static double difficulty_after(const piq_fsrs_slope *x, double d, int rating)
{
    const double *w = x->p.w;
    double moved = d - w[6] * (rating - 3) * (10 - d) / 9;
    return w[7] * x->first_difficulty[3] + (1 - w[7]) * moved;
}

/* Fills the step of review i > 0, whose state before is there already, and
 * the state before the next one. */
static void step_forward(const piq_fsrs_slope *x, piq_fsrs_step *k,
                         const piq_fsrs_review *v)
{
    k->log_s = log(k->s);
    if (v->elapsed_days > 0) {
        k->u = 1 + x->p.curve * v->elapsed_days / k->s;
        k->log_u = log(k->u);
        k->r = exp(-x->p.w[20] * k->log_u);
    }
    double s = stability_after(x, k, v);
    double d = difficulty_after(x, k->d, v->rating);
    k->s_free = within(s, PIQ_FSRS_STABILITY_MIN, PIQ_FSRS_STABILITY_MAX);
    k->d_free = within(d, PIQ_FSRS_DIFFICULTY_MIN, PIQ_FSRS_DIFFICULTY_MAX);
    k[1].s = held(s, PIQ_FSRS_STABILITY_MIN, PIQ_FSRS_STABILITY_MAX);
    k[1].d = held(d, PIQ_FSRS_DIFFICULTY_MIN, PIQ_FSRS_DIFFICULTY_MAX);
}

/* ---- reverse ----------------------------------------------------------- */

/* Slope of the loss in the state after a review, then in that before it; and
 * in the recall at it. */
typedef struct slopes {
    double s, d, r;
} slopes;

static void back_same_day(const piq_fsrs_slope *x, const piq_fsrs_step *k,
                          int rating, slopes *a, double *g)
{
    const double *w = x->p.w;
    if (!k->taken)
        return;
    double by_log = a->s * k->s * k->factor;
    g[17] += by_log * (rating - 3 + w[18]);
    g[18] += by_log * w[17];
    g[19] -= by_log * k->log_s;
    a->s *= (1 - w[19]) * k->factor;
}

static void back_failed(const piq_fsrs_slope *x, const piq_fsrs_step *k,
                        slopes *a, double *g)
{
    const double *w = x->p.w;
    if (!k->taken) {
        double by_log = a->s * k->s / x->p.same_day[2];
        g[17] -= by_log * w[18];
        g[18] -= by_log * w[17];
        a->s /= x->p.same_day[2];
        return;
    }
    double by_log = a->s * k->factor;
    /* Of (S+1)^w13 - 1, which may be next to nothing. */
    double by_power = by_log * k->e / (k->e - 1);
    g[11] += by_log / w[11];
    g[12] -= by_log * log(k->d);
    g[13] += by_power * log1p(k->s);
    g[14] += by_log * (1 - k->r);
    a->r -= by_log * w[14];
    a->d -= by_log * w[12] / k->d;
    a->s = by_power * w[13] / (k->s + 1);
}

static void back_passed(const piq_fsrs_slope *x, const piq_fsrs_step *k,
                        int rating, slopes *a, double *g)
{
    const double *w = x->p.w;
    double growth = k->factor * k->e;
    double by_growth = a->s * k->s, by_log = by_growth * growth;
    double by_e = by_growth * k->factor * (k->e + 1);
    g[8] += by_log;
    g[9] -= by_log * k->log_s;
    g[10] += by_e * (1 - k->r);
    if (rating != 3) {
        double easy = rating == 4 ? 1 : 0;
        double without = x->p.growth * (11 - k->d) * exp(-w[9] * k->log_s);
        g[15] += (1 - easy) * by_growth * without * k->e;
        g[16] += easy * by_growth * without * k->e;
    }
    a->r -= by_e * w[10];
    a->d -= by_log / (11 - k->d);
    a->s *= 1 + growth - w[9] * growth;
}

static void back_difficulty(const piq_fsrs_slope *x, const piq_fsrs_step *k,
                            int rating, slopes *a, double *g)
{
    const double *w = x->p.w;
    double by_new = k->d_free ? a->d : 0, rise = (rating - 3) / 9.0;
    double moved = k->d - w[6] * rise * (10 - k->d);
    double by_moved = by_new * (1 - w[7]);
    g[4] += by_new * w[7];
    g[5] += by_new * w[7] * x->first_by_w5[3];
    g[6] -= by_moved * rise * (10 - k->d);
    g[7] += by_new * (x->first_difficulty[3] - moved);
    a->d = by_moved * (1 + w[6] * rise);
}

/* Of the item's own loss, in R. */
static double item_slope(const piq_fsrs_step *k, bool passed)
{
    if (!within(k->r, R_EDGE, 1 - R_EDGE))
        return 0;
    return passed ? -1 / k->r : 1 / (1 - k->r);
}

static void back_recall(const piq_fsrs_slope *x, const piq_fsrs_step *k,
                        int days, slopes *a, double *g)
{
    const double *w = x->p.w;
    double by_u = -a->r * w[20] * k->r / k->u, per_day = days / k->s;
    g[20] += by_u * per_day * x->curve_by_decay - a->r * k->r * k->log_u;
    a->s -= by_u * per_day * x->p.curve / k->s;
}

static void step_back(const piq_fsrs_slope *x, const piq_fsrs_step *k,
                      const piq_fsrs_review *v, double weight, slopes *a,
                      double *g)
{
    a->r = 0;
    a->s = k->s_free ? a->s : 0;
    back_difficulty(x, k, v->rating, a, g);
    if (v->elapsed_days == 0) {
        back_same_day(x, k, v->rating, a, g);
        return;
    }
    if (v->rating == 1)
        back_failed(x, k, a, g);
    else
        back_passed(x, k, v->rating, a, g);
    if (weight > 0)
        a->r += weight * item_slope(k, v->rating > 1);
    back_recall(x, k, v->elapsed_days, a, g);
}

double piq_fsrs_card_gradient(const piq_fsrs_slope *x,
                              const piq_fsrs_review *reviews, size_t n,
                              const double *weight, piq_fsrs_tape *tape,
                              double *gradient)
{
    PIQ_ASSERT(n >= 1 && n <= tape->n);
    piq_fsrs_step *k = tape->steps;
    int first = reviews[0].rating - 1;
    double d = x->first_difficulty[first], loss = 0;
    k[1].s = x->p.w[first];
    k[1].d = held(d, PIQ_FSRS_DIFFICULTY_MIN, PIQ_FSRS_DIFFICULTY_MAX);
    for (size_t i = 1; i < n; i++) {
        step_forward(x, &k[i], &reviews[i]);
        if (weight[i] > 0)
            loss += weight[i] * item_loss(k[i].r, reviews[i].rating > 1);
    }
    slopes a = {0, 0, 0};
    for (size_t i = n - 1; i > 0; i--)
        step_back(x, &k[i], &reviews[i], weight[i], &a, gradient);
    gradient[first] += a.s;
    if (within(d, PIQ_FSRS_DIFFICULTY_MIN, PIQ_FSRS_DIFFICULTY_MAX)) {
        gradient[4] += a.d;
        gradient[5] += a.d * x->first_by_w5[first];
    }
    return loss;
}

double piq_fsrs_card_loss(const piq_fsrs_params *p,
                          const piq_fsrs_review *reviews, size_t n,
                          const double *weight, double *recall)
{
    piq_fsrs_state x = {0, 0};
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        if (weight[i] > 0) {
            double r =
                piq_fsrs_recall(p, reviews[i].elapsed_days, x.stability_days);
            loss += weight[i] * item_loss(r, reviews[i].rating > 1);
            if (recall)
                recall[i] = r;
        }
        x = piq_fsrs_next(p, x, reviews[i].elapsed_days, reviews[i].rating);
    }
    return loss;
}
