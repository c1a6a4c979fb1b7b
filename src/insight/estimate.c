/* estimate.c - see estimate.h. */
#include "insight/estimate.h"

#include "base/calendar.h"
#include "num/logistic.h"

#include <math.h>

/* A session length or a format needs so much on either side before it may be
 * said to make a difference. */
static const uint32_t SESSIONS_NEEDED = 3;
static const uint32_t LENGTH_ANSWERS_NEEDED = 30;
static const double DEFAULT_SESSION_MIN = 25;
static const double EXPECTED_LIFT = 0.2;
static const double HOUR_NOISE_SD = 0.5;
static const unsigned PACE_WEEKS = 8;

piq_estimate piq_estimate_share(double yes, double n)
{
    if (!(n > 0))
        return (piq_estimate){NAN, NAN, NAN, 0};
    double p = yes / n, z2 = PIQ_Z90 * PIQ_Z90;
    double mid = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = PIQ_Z90 / (1 + z2 / n) *
                  sqrt(fmax(0, p * (1 - p) / n + z2 / (4 * n * n)));
    return (piq_estimate){p, fmax(0, mid - half), fmin(1, mid + half), n};
}

/* Student's t, two-sided 90 %, for df >= 1 degrees of freedom. */
static double t90(unsigned df)
{
    /* Quantiles .95 of Student's t; above, the Cornish-Fisher expansion, right
     * to 1e-4 from 10 degrees on (Abramowitz & Stegun 26.7.5). */
    static const double t[] = {NAN,   6.314, 2.920, 2.353, 2.132, 2.015,
                               1.943, 1.895, 1.860, 1.833, 1.812};
    if (df <= 10)
        return t[df];
    double z = PIQ_Z90, v = df;
    double z3 = z * z * z, z5 = z3 * z * z;
    return z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v);
}

double piq_estimate_joint_z(unsigned m)
{
    return m <= 1 ? PIQ_Z90 : piq_normal_quantile(1 - 0.05 / m);
}

piq_residuals piq_residuals_less(const piq_residuals *all,
                                 const piq_residuals *part)
{
    return (piq_residuals){all->n - part->n, all->sum - part->sum,
                           all->sum_sq - part->sum_sq};
}

static double mean_of(const piq_residuals *r)
{
    return (double)r->sum / r->n;
}

static double variance_of(const piq_residuals *r)
{
    double mean = mean_of(r), n = r->n;
    return fmax(0, ((double)r->sum_sq - n * mean * mean) / (n - 1));
}

piq_estimate piq_estimate_contrast(const piq_residuals *a,
                                   const piq_residuals *b, double z)
{
    double n = (double)a->n + (double)b->n;
    if (a->n < 2 || b->n < 2)
        return (piq_estimate){NAN, NAN, NAN, n};
    double d = mean_of(a) - mean_of(b);
    double se = sqrt(variance_of(a) / a->n + variance_of(b) / b->n);
    return (piq_estimate){d, d - z * se, d + z * se, n};
}

piq_estimate piq_estimate_drift(const int32_t *x, const double *y, size_t n)
{
    piq_estimate e = {NAN, NAN, NAN, (double)n};
    if (n < 2 || x[n - 1] <= x[0])
        return e;
    double weeks = (double)x[n - 1] - x[0], ss = 0;
    e.value = (y[n - 1] - y[0]) / weeks;
    if (n < 4)
        return e;
    for (size_t i = 1; i < n; i++) {
        double dx = (double)x[i] - x[i - 1];
        double off = y[i] - y[i - 1] - e.value * dx;
        ss += off * off / dx;
    }
    unsigned df = (unsigned)n - 2;
    double s2 = fmax(ss / df, 1e-4);
    double half = t90(df) * sqrt(s2 / weeks);
    e.low = e.value - half;
    e.high = e.value + half;
    return e;
}

piq_estimate piq_estimate_mastery(double m, double sd, double z)
{
    double p = piq_clamp(m, 0.01, 0.99);
    double logit = piq_logit(p);
    double half = z * fmin(sd / (p * (1 - p)), 4.0);
    return (piq_estimate){m, fmin(m, piq_sigmoid(logit - half)),
                          fmax(m, piq_sigmoid(logit + half)), 0};
}

double piq_belief_sd(const piq_belief *b)
{
    return fmax(0, b->mastery_high - b->mastery_low) / (2 * PIQ_Z90);
}

double piq_mean_sd(double sd, double n, double shared)
{
    return n >= 1 ? sd * sqrt(shared + (1 - shared) / n) : sd;
}

double piq_shared_share(const piq_learner *l, const piq_catalogue *c,
                        const piq_belief *beliefs, piq_area_ix area)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < c->n_concepts && i < l->track.n_concepts; i++) {
        double all = beliefs[i].sd_logit * beliefs[i].sd_logit;
        if (c->concepts[i].area.v != area.v || c->concepts[i].retired ||
            !(all > 0))
            continue;
        double own = (double)l->track.concepts[i].variance;
        sum += piq_clamp(1 - own / all, 0, 1);
        n += 1;
    }
    return n > 0 ? piq_clamp(sum / n, 0.05, 0.95) : 0.5;
}

static double curriculum_pace(const piq_catalogue *c)
{
    double minutes = 0, concepts = 0;
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *k = &c->contents[i];
        if (!k->retired && k->published && k->n_contains == 0)
            minutes += k->minutes;
    }
    for (size_t i = 0; i < c->n_concepts; i++)
        concepts += !c->concepts[i].retired;
    if (!(minutes > 0) || !(concepts > 0))
        return EXPECTED_LIFT;
    return piq_clamp(EXPECTED_LIFT * concepts / (minutes / 60), 0.05, 2);
}

piq_velocity piq_learner_velocity(const piq_learner *l, const piq_catalogue *c)
{
    const piq_behaviour *b = &l->behaviour;
    piq_velocity v = {.prior = curriculum_pace(c)};
    double gained = 0;
    size_t from = b->n_weeks > PACE_WEEKS ? b->n_weeks - PACE_WEEKS : 0;
    for (size_t i = from; i < b->n_weeks; i++) {
        const piq_week_record *w = &b->weeks[i];
        gained += (double)w->gained;
        v.hours += (double)(w->spent_ms - w->unsettled_ms) / 3.6e6;
    }
    v.seen = v.hours >= 1 ? gained / v.hours : NAN;
    double noise = 1 / (HOUR_NOISE_SD * HOUR_NOISE_SD);
    double sd = v.prior / 2, prior = 1 / (sd * sd);
    double precision = prior + v.hours * noise;
    v.mean = (prior * v.prior + gained * noise) / precision;
    v.mean = fmax(v.mean, v.prior / 10);
    v.sd = sqrt(1 / precision);
    return v;
}

/* ---- taste ------------------------------------------------------------ */

piq_estimate piq_character_affinity(const piq_behaviour *b,
                                    piq_character_ix character)
{
    if (character.v >= b->n_characters)
        return (piq_estimate){0.5, NAN, NAN, 0};
    const piq_character_record *k = &b->characters[character.v];
    double sessions = 0;
    for (size_t i = 0; i < b->n_characters; i++)
        sessions += b->characters[i].sessions;
    double even = 1.0 / (double)b->n_characters;
    double share = (k->sessions + 5 * even) / (sessions + 5);
    /* An even share is .5, all sessions 1, none 0: log-odds against even. */
    double taste = b->n_characters > 1
                       ? piq_sigmoid(piq_logit(share) - piq_logit(even))
                       : 0.5;
    double liked = ((double)k->rating_sum + 2 * 0.5) / (k->ratings + 2.0);
    double w = k->ratings / (k->ratings + 2.0);
    double value = (1 - w / 2) * taste + w / 2 * liked;
    return (piq_estimate){value, NAN, NAN, (double)k->sessions + k->ratings};
}

/* ---- time ------------------------------------------------------------- */

int32_t piq_learner_day(const piq_learner *l, int64_t at_us)
{
    return piq_day_of(at_us, piq_learner_offset_min(l), PIQ_DAY_ROLLOVER_H);
}

/* The length class whose answers went better than those of all other classes
 * and by how much; -1 when none separates. */
static int best_length(const piq_behaviour *b, piq_estimate *effect)
{
    piq_residuals all = {0, 0, 0};
    unsigned m = 0;
    int best = -1;
    for (int k = 0; k < PIQ_N_LENGTHS; k++) {
        piq_residuals_join(&all, &b->by_length[k].residuals);
        m += b->by_length[k].sessions >= SESSIONS_NEEDED &&
             b->by_length[k].residuals.n >= LENGTH_ANSWERS_NEEDED;
    }
    *effect = (piq_estimate){NAN, NAN, NAN, all.n};
    for (int k = 0; k < PIQ_N_LENGTHS && m >= 2; k++) {
        const piq_residuals *mine = &b->by_length[k].residuals;
        piq_residuals rest = piq_residuals_less(&all, mine);
        if (b->by_length[k].sessions < SESSIONS_NEEDED ||
            mine->n < LENGTH_ANSWERS_NEEDED || rest.n < LENGTH_ANSWERS_NEEDED)
            continue;
        piq_estimate e =
            piq_estimate_contrast(mine, &rest, piq_estimate_joint_z(m));
        if (e.low > 0 && (best < 0 || e.value > effect->value)) {
            best = k;
            *effect = e;
        }
    }
    return best;
}

double piq_session_minutes(const piq_learner *l, piq_source *of,
                           piq_estimate *effect)
{
    piq_estimate found;
    int k = best_length(&l->behaviour, &found);
    if (effect)
        *effect = found;
    piq_source source = k >= 0                               ? PIQ_INFERRED
                        : l->stated.has & PIQ_STATED_SESSION ? PIQ_STATED
                                                             : PIQ_DEFAULT;
    if (of)
        *of = source;
    if (source == PIQ_STATED)
        return l->stated.session_minutes;
    if (source == PIQ_DEFAULT)
        return DEFAULT_SESSION_MIN;
    /* The middle of the class, but no single answer of 0-10 minutes. */
    return fmax(5, (piq_length_from_min(k) + piq_length_from_min(k + 1)) / 2);
}

double piq_practised_minutes(const piq_learner *l, int64_t now_us)
{
    const piq_behaviour *b = &l->behaviour;
    double minutes = 0;
    int32_t today = piq_learner_day(l, now_us);
    int32_t first =
        piq_learner_has_begun(l) ? piq_learner_day(l, l->first_us) : today;
    double span = piq_clamp((double)today - first + 1, 7, 28);
    for (size_t i = 0; i < b->n_days; i++)
        if (b->days[i].day > today - 28 && b->days[i].day <= today)
            minutes += b->days[i].spent_ms / 60000.0;
    return minutes * 7 / span;
}
