#include "train/eval_implicit.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "train/regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns of a return; what is asked about comes last. */
enum {
    ONE,
    SHARE_RIGHT,
    ITEM,
    SKILL,
    SUCCESSES,
    FAILURES,
    LAST,
    DAYS,
    LATELY,
    MET_BEFORE,
    UNRELATED,
    RELATED,
    WIDTH
};
enum { LEAST_TOGETHER = 5 };

typedef struct answer {
    int64_t at_us;
    uint32_t learner, item, skill;
    uint8_t right;
} answer;

typedef struct tally {
    uint32_t n[2]; /* wrong, right */
} tally;

/* One learner on one skill. */
typedef struct skill_past {
    int64_t last_us; /* 0: never */
    tally own;
    uint32_t since[2]; /* answers on unrelated, related skills */
    uint8_t last;
} skill_past;

typedef struct study {
    answer *list;
    size_t n, n_items, n_skills, n_learners;
    tally *items, *skills; /* of the first half */
    uint32_t *together;    /* [n_skills][n_skills] learner days */
    uint32_t *days;        /* [n_skills] */
    size_t n_days;
    uint8_t *related; /* [n_skills][n_skills] 1: column keeps row */
    skill_past *past; /* [n_skills] */
    uint32_t *met;    /* [n_items] learner + 1 who met it last */
    double *x;        /* [n][WIDTH] */
    uint8_t *y;
    uint32_t *group;
} study;

/* ---- answers ----------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Distinct numbers in order; their count. */
static size_t distinct(int64_t *list, size_t n)
{
    size_t kept = 0;
    qsort(list, n, sizeof *list, by_number);
    for (size_t i = 0; i < n; i++)
        if (!kept || list[kept - 1] != list[i])
            list[kept++] = list[i];
    return kept;
}

static uint32_t place(const int64_t *list, size_t n, int64_t v)
{
    const int64_t *at = bsearch(&v, list, n, sizeof v, by_number);
    return (uint32_t)(at - list);
}

static int by_learner_and_time(const void *a, const void *b)
{
    const answer *x = a, *y = b;
    if (x->learner != y->learner)
        return x->learner < y->learner ? -1 : 1;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static piq_status take_answers(piq_arena *a, const piq_kt_rows *rows, study *s)
{
    size_t n = rows->n;
    int64_t *users = piq_new(a, int64_t, n), *items = piq_new(a, int64_t, n),
            *skills = piq_new(a, int64_t, n);
    s->list = piq_new(a, answer, n);
    if (!users || !items || !skills || !s->list)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        users[i] = rows->list[i].user_id;
        items[i] = rows->list[i].item_id;
        skills[i] = rows->list[i].skill_id;
    }
    s->n = n;
    s->n_learners = distinct(users, n);
    s->n_items = distinct(items, n);
    s->n_skills = distinct(skills, n);
    for (size_t i = 0; i < n; i++) {
        const piq_kt_row *r = &rows->list[i];
        s->list[i] =
            (answer){.at_us = r->at_us,
                     .learner = place(users, s->n_learners, r->user_id),
                     .item = place(items, s->n_items, r->item_id),
                     .skill = place(skills, s->n_skills, r->skill_id),
                     .right = r->correct};
    }
    qsort(s->list, n, sizeof *s->list, by_learner_and_time);
    return PIQ_OK;
}

static piq_status make_room(piq_arena *a, study *s)
{
    s->items = piq_new(a, tally, s->n_items);
    s->skills = piq_new(a, tally, s->n_skills);
    s->together = piq_new(a, uint32_t, s->n_skills * s->n_skills);
    s->days = piq_new(a, uint32_t, s->n_skills);
    s->related = piq_new(a, uint8_t, s->n_skills * s->n_skills);
    s->past = piq_new(a, skill_past, s->n_skills);
    s->met = piq_new(a, uint32_t, s->n_items);
    s->x = piq_new(a, double, s->n *WIDTH);
    s->y = piq_new(a, uint8_t, s->n);
    s->group = piq_new(a, uint32_t, s->n);
    bool some = s->items && s->skills && s->together && s->days && s->related &&
                s->past && s->met && s->x && s->y && s->group;
    return some ? PIQ_OK : PIQ_ENOMEM;
}

static bool is_half(const answer *x, uint32_t half)
{
    return x->learner % 2 == half;
}

static int64_t day_of(const answer *x)
{
    return x->at_us / PIQ_US_PER_DAY;
}

/* ---- what is related --------------------------------------------------- */

/* Counts the skills of one learner's day, answers [from, to). */
static void count_day(study *s, size_t from, size_t to, uint8_t *seen)
{
    memset(seen, 0, s->n_skills);
    for (size_t i = from; i < to; i++)
        seen[s->list[i].skill] = 1;
    s->n_days++;
    for (size_t i = 0; i < s->n_skills; i++) {
        if (!seen[i])
            continue;
        s->days[i]++;
        for (size_t j = 0; j < s->n_skills; j++)
            s->together[i * s->n_skills + j] += j != i && seen[j];
    }
}

static void count_first_half(study *s, uint8_t *seen)
{
    for (size_t i = 0, end; i < s->n; i = end) {
        const answer *x = &s->list[i];
        for (end = i; end < s->n && s->list[end].learner == x->learner &&
                      day_of(&s->list[end]) == day_of(x);)
            end++;
        if (!is_half(x, 0))
            continue;
        count_day(s, i, end, seen);
        for (size_t k = i; k < end; k++) {
            s->items[s->list[k].item].n[s->list[k].right]++;
            s->skills[s->list[k].skill].n[s->list[k].right]++;
        }
    }
}

/* How much oftener than by chance a skill comes on another's days. */
static double lift(const study *s, size_t row, size_t column)
{
    uint32_t n = s->together[row * s->n_skills + column];
    if (n < LEAST_TOGETHER)
        return 0;
    return (double)n * (double)s->n_days /
           ((double)s->days[row] * (double)s->days[column]);
}

static void relate(study *s)
{
    for (size_t row = 0; row < s->n_skills; row++) {
        uint8_t *related = s->related + row * s->n_skills;
        for (int k = 0; k < PIQ_IMPLICIT_RELATED; k++) {
            double best = 0;
            size_t at = 0;
            for (size_t j = 0; j < s->n_skills; j++)
                if (!related[j] && lift(s, row, j) > best) {
                    best = lift(s, row, j);
                    at = j;
                }
            if (best > 0)
                related[at] = 1;
        }
    }
}

/* As many for each skill, but any. */
static void relate_at_random(study *s, uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (size_t row = 0; row < s->n_skills; row++) {
        uint8_t *related = s->related + row * s->n_skills;
        size_t n = 0;
        for (size_t j = 0; j < s->n_skills; j++) {
            n += related[j];
            related[j] = 0;
        }
        while (n > 0) {
            size_t j = piq_rng_below(&r, s->n_skills);
            if (j == row || related[j])
                continue;
            related[j] = 1;
            n--;
        }
    }
}

/* ---- returns ----------------------------------------------------------- */

typedef struct learner_past {
    tally all;
    double lately; /* moving mean of right - .5 */
} learner_past;

static double log_odds(tally t, double prior)
{
    return log((t.n[1] + prior) / (t.n[0] + prior));
}

static void describe(const study *s, const learner_past *l, const answer *x,
                     double *out)
{
    const skill_past *p = &s->past[x->skill];
    double days = (double)(x->at_us - p->last_us) / (double)PIQ_US_PER_DAY;
    out[ONE] = 1;
    out[SHARE_RIGHT] = log_odds(l->all, 2);
    out[ITEM] = log_odds(s->items[x->item], 1);
    out[SKILL] = log_odds(s->skills[x->skill], 1);
    out[SUCCESSES] = log1p(p->own.n[1]);
    out[FAILURES] = log1p(p->own.n[0]);
    out[LAST] = p->last;
    out[DAYS] = log1p(days);
    out[LATELY] = l->lately;
    out[MET_BEFORE] = s->met[x->item] == x->learner + 1;
    out[UNRELATED] = log1p(p->since[0]);
    out[RELATED] = log1p(p->since[1]);
}

static void fold(study *s, learner_past *l, const answer *x)
{
    for (size_t i = 0; i < s->n_skills; i++)
        if (s->past[i].last_us && i != x->skill)
            s->past[i].since[s->related[i * s->n_skills + x->skill]]++;
    skill_past *p = &s->past[x->skill];
    p->last_us = x->at_us;
    p->last = x->right;
    p->own.n[x->right]++;
    p->since[0] = p->since[1] = 0;
    l->all.n[x->right]++;
    l->lately = 0.9 * l->lately + 0.1 * (x->right - 0.5);
    s->met[x->item] = x->learner + 1;
}

/* The returns of one half, into x, y and group; their number. */
static size_t collect(study *s, uint32_t half, piq_implicit_effect *e)
{
    learner_past l = {0};
    size_t n = 0;
    memset(s->met, 0, s->n_items * sizeof *s->met);
    for (size_t i = 0; i < s->n; i++) {
        const answer *x = &s->list[i];
        if (!is_half(x, half))
            continue;
        if (i == 0 || s->list[i - 1].learner != x->learner) {
            memset(s->past, 0, s->n_skills * sizeof *s->past);
            l = (learner_past){0};
            e->n_learners++;
        }
        int64_t before = s->past[x->skill].last_us;
        if (before && day_of(x) > before / PIQ_US_PER_DAY) {
            describe(s, &l, x, s->x + n * WIDTH);
            s->y[n] = x->right;
            s->group[n++] = x->learner;
        }
        fold(s, &l, x);
    }
    e->n_returns = n;
    return n;
}

/* Saved by `with`, as fitted elsewhere, over `without`. */
static void saved(const piq_regression_rows *r, const piq_regression *without,
                  const piq_regression *with, piq_implicit_effect *e)
{
    double sum = 0, squares = 0, of_learner = 0;
    for (size_t i = 0; i < r->n; i++) {
        of_learner += piq_regression_loss(without, r, i) -
                      piq_regression_loss(with, r, i);
        if (i + 1 < r->n && r->group[i + 1] == r->group[i])
            continue;
        sum += of_learner;
        squares += of_learner * of_learner;
        of_learner = 0;
    }
    e->gain = sum / (double)r->n;
    e->gain_se = sqrt(squares) / (double)r->n;
}

static piq_status estimate(study *s, piq_implicit_effect out[2], piq_err *err)
{
    piq_regression without = {0}, with = {0};
    for (uint32_t half = 0; half < 2; half++) {
        piq_implicit_effect *e = &out[half];
        piq_regression here;
        *e = (piq_implicit_effect){.gain = NAN, .gain_se = NAN};
        piq_regression_rows r = {collect(s, half, e), WIDTH, s->x, s->y,
                                 s->group};
        if (!r.n)
            return piq_fail(err, PIQ_EINVAL,
                            "half of the learners never come back to a skill "
                            "on another day");
        piq_regression_fit(&r, WIDTH, &here);
        e->practised = here.weight[RELATED];
        e->practised_se = here.se[RELATED];
        if (half == 1) {
            saved(&r, &without, &with, e);
            return PIQ_OK;
        }
        with = here;
        piq_regression_fit(&r, RELATED, &without);
    }
    return PIQ_OK;
}

piq_status piq_eval_implicit(piq_arena *a, const piq_kt_rows *rows,
                             uint64_t seed, piq_implicit_report *out,
                             piq_err *err)
{
    study s = {0};
    piq_implicit_report r = {0};
    piq_status status = take_answers(a, rows, &s);
    if (!status && s.n_skills > PIQ_IMPLICIT_MAX_SKILLS)
        return piq_fail(err, PIQ_ELIMIT, "%zu skills are too many", s.n_skills);
    if (!status)
        status = make_room(a, &s);
    uint8_t *seen = status ? NULL : piq_new(a, uint8_t, s.n_skills);
    if (!seen)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the answers");
    r.n_skills = s.n_skills;
    count_first_half(&s, seen);
    relate(&s);
    status = estimate(&s, r.halves, err);
    if (status)
        return status;
    relate_at_random(&s, seed);
    status = estimate(&s, r.placebo, err);
    if (!status)
        *out = r;
    return status;
}
