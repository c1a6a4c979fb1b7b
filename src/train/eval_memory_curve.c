#include "train/eval_memory_curve.h"

#include "train/review_stream.h"

#include <math.h>

static const size_t befores[PIQ_MEMORY_CURVE_POINTS] = {
    0, 12, 25, 50, 100, 200, 300, 500, 1000, 1500, 2000};

size_t piq_memory_curve_before(int i)
{
    PIQ_ASSERT(i >= 0 && i < PIQ_MEMORY_CURVE_POINTS);
    return befores[i];
}

/* The learner whose curve it is. */
typedef struct learner {
    piq_review_stream stream;
    piq_fsrs_params population;
    const piq_fsrs_fit_options *o;
    unsigned n_seeds;
} learner;

static double loss_of(learner *l, const piq_fsrs_params *p, size_t before)
{
    piq_review_stream_ask(&l->stream, p, before, l->stream.n);
    return piq_review_stream_loss(&l->stream, before, l->stream.n);
}

static piq_status fitted_loss(learner *l, const piq_fsrs_params *centre,
                              size_t before, double *out, piq_err *err)
{
    piq_fsrs_fit_options o = *l->o;
    double sum = 0;
    o.centre = centre;
    piq_review_stream_cut(&l->stream, before);
    for (unsigned seed = 1; seed <= l->n_seeds; seed++) {
        piq_fsrs_params p;
        o.seed = seed;
        piq_status status = piq_fsrs_fit(&l->stream.train, &o, &p, NULL, err);
        if (status)
            return status;
        sum += loss_of(l, &p, before);
    }
    *out = sum / l->n_seeds;
    return PIQ_OK;
}

static piq_status measure(learner *l, size_t before,
                          piq_memory_curve_point *out, piq_err *err)
{
    *out = (piq_memory_curve_point){before, NAN, NAN, NAN, NAN};
    if (before >= l->stream.n)
        return PIQ_OK;
    out->published = loss_of(l, piq_fsrs_defaults(), before);
    out->population = loss_of(l, &l->population, before);
    piq_status status = fitted_loss(l, NULL, before, &out->alone, err);
    return status ? status
                  : fitted_loss(l, &l->population, before, &out->shrunk, err);
}

static piq_status fit_others(piq_arena *a, const piq_fsrs_cards *learners,
                             size_t n, size_t but, learner *l, piq_err *err)
{
    piq_fsrs_cards *others = piq_new(a, piq_fsrs_cards, n);
    piq_fsrs_fit_options o = *l->o;
    size_t m = 0;
    if (!others)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the learners");
    for (size_t i = 0; i < n; i++)
        if (i != but)
            others[m++] = learners[i];
    o.centre = NULL;
    return piq_fsrs_fit_population(others, m, &o, &l->population, NULL, err);
}

piq_status piq_eval_memory_curve(piq_arena *a, const piq_fsrs_cards *learners,
                                 size_t n, const piq_fsrs_fit_options *o,
                                 unsigned n_seeds, piq_memory_curve_point *out,
                                 piq_err *err)
{
    if (n < 2 || n_seeds < 1)
        return piq_fail(err, PIQ_EINVAL,
                        "a curve asks for two learners and a seed");
    for (size_t i = 0; i < n; i++) {
        learner l = {.o = o, .n_seeds = n_seeds};
        piq_status status = fit_others(a, learners, n, i, &l, err);
        if (!status &&
            piq_review_stream_open(a, &learners[i], &l.stream) != PIQ_OK)
            status = piq_fail(err, PIQ_ENOMEM, "no memory for the reviews");
        for (int k = 0; k < PIQ_MEMORY_CURVE_POINTS && !status; k++)
            status =
                measure(&l, befores[k],
                        &out[i * PIQ_MEMORY_CURVE_POINTS + (size_t)k], err);
        if (status)
            return status;
    }
    return PIQ_OK;
}
