#include "trial/coverage.h"

#include "train/offpolicy.h"
#include "trial/classroom.h"

#include <math.h>
#include <string.h>

/* Monday 2026-01-05, 17:00 UTC. */
#define START_US INT64_C(1767632400000000)

enum { FIRST_ROWS = 1024, KEEP_BYTES = 1 << 30, WIDTH = PIQ_N_TERMS + 1 };
/* Logs' learners whom the new policy serves too, for what it earns there. */
enum { LIVED = 30 };

/* One explored place. */
typedef struct place {
    uint32_t n;
    const float (*terms)[PIQ_N_TERMS]; /* [n] */
    uint32_t position;
} place;

/* The log of one repetition. */
typedef struct recorder {
    const piq_coverage_options *o;
    const piq_catalogue *c;
    const piq_recommend_policy *target;
    piq_arena arena;
    piq_offpolicy_row *rows;
    place *places;
    uint32_t *learners;    /* of the rows */
    const double **logged; /* chances of the rows' candidates */
    size_t n, room;
    double truth, truth_old; /* sums over rows */
} recorder;

/* What one log says. */
typedef struct outcome {
    piq_offpolicy_report report;
    double rows, truth; /* the latter a sum */
} outcome;

/* --- recording -------------------------------------------------------------
 */

static double reward_of(piq_user_action action)
{
    return piq_reward_of(action, 0, 0).value;
}

/* Expected reward of a content in that place: not looked at, and looked at but
 * not taken, is 0. */
static double expected(const piq_seat *seat, double look, piq_content_ix x)
{
    double take = piq_chooser_take_prob(seat->person, x);
    double finish = piq_chooser_finish_prob(seat->person, x);
    return look * take *
           (finish * reward_of(PIQ_ACTION_COMPLETED) +
            (1 - finish) * reward_of(PIQ_ACTION_ACCEPTED));
}

/* A copy twice as long; NULL: no memory. */
static void *longer(piq_arena *a, const void *list, size_t n, size_t room,
                    size_t size)
{
    void *more = piq_arena_alloc(a, room, size);
    if (more && n)
        memcpy(more, list, n * size);
    return more;
}

static piq_status make_room(recorder *k)
{
    size_t room = k->room ? 2 * k->room : FIRST_ROWS;
    if (k->n < k->room)
        return PIQ_OK;
    k->rows = longer(&k->arena, k->rows, k->n, room, sizeof *k->rows);
    k->places = longer(&k->arena, k->places, k->n, room, sizeof *k->places);
    k->learners =
        longer(&k->arena, k->learners, k->n, room, sizeof *k->learners);
    k->logged = longer(&k->arena, k->logged, k->n, room, sizeof *k->logged);
    if (!k->rows || !k->places || !k->learners || !k->logged)
        return PIQ_ENOMEM;
    k->room = room;
    return PIQ_OK;
}

/* The new policy ranks the same candidates by its own weights, and explores by
 * the same rule. */
static void choose_anew(const recorder *k, const piq_trial_slate *slate,
                        double *chance)
{
    double value[PIQ_EXPLORE_MAX];
    for (size_t i = 0; i < slate->n_explored; i++) {
        const piq_explored *x = &slate->explored[i];
        const double *w = k->target->weight[k->c->contents[x->content.v].type];
        value[i] = 0;
        for (int t = 0; t < PIQ_N_TERMS; t++)
            value[i] += w[t] * (double)x->terms[t];
    }
    (void)piq_explore_chances(&k->target->explore, value, slate->n_explored,
                              chance);
}

/* Before it is offered: everything but the reward. */
static piq_status record(recorder *k, const piq_seat *seat,
                         const piq_trial_slate *slate)
{
    size_t n = slate->n_explored;
    float(*terms)[PIQ_N_TERMS] = piq_arena_alloc(&k->arena, n, sizeof *terms);
    double *chance = piq_new(&k->arena, double, n);
    double *logged = piq_new(&k->arena, double, n);
    if (make_room(k) || !terms || !chance || !logged)
        return PIQ_ENOMEM;
    piq_offpolicy_row *row = &k->rows[k->n];
    double look =
        piq_chooser_look_prob(seat->person, slate->content, slate->slot);
    choose_anew(k, slate, chance);
    for (size_t i = 0; i < n; i++) {
        const piq_explored *x = &slate->explored[i];
        double worth = expected(seat, look, x->content);
        memcpy(terms[i], x->terms, sizeof terms[i]);
        logged[i] = x->chance;
        k->truth += chance[i] * worth;
        k->truth_old += x->chance * worth;
        if (x->content.v == slate->content[slate->slot].v)
            row->action = (uint32_t)i;
    }
    row->n_actions = (uint32_t)n;
    row->target = chance;
    row->propensity = logged[row->action];
    k->logged[k->n] = logged;
    k->learners[k->n] = seat->number;
    k->places[k->n] = (place){(uint32_t)n, (const float(*)[PIQ_N_TERMS])terms,
                              (uint32_t)slate->slot};
    return PIQ_OK;
}

static piq_status see(void *ctx, const piq_seat *seat,
                      const piq_trial_slate *slate,
                      const piq_chooser_outcome *did)
{
    recorder *k = ctx;
    if (slate->n_explored < 2 || slate->slot >= slate->n)
        return PIQ_OK;
    if (!did)
        return record(k, seat, slate);
    k->rows[k->n++].reward = reward_of(did->shown[slate->slot].action);
    return PIQ_OK;
}

static void features(const void *ctx, size_t row, uint32_t action, double *x)
{
    const recorder *k = ctx;
    x[0] = 1;
    for (int t = 0; t < PIQ_N_TERMS; t++)
        x[t + 1] = (double)k->places[row].terms[action][t];
}

/* --- repetitions -----------------------------------------------------------
 */

/* `by` serves learners from `first` on; k has no rows before. */
static piq_status one_log(recorder *k, const piq_chooser_world *w,
                          const piq_trial_options *o,
                          const piq_recommend_policy *by, size_t first)
{
    piq_arena_clear(&k->arena);
    k->n = k->room = 0;
    k->truth = k->truth_old = 0;
    piq_classroom *r = piq_new(&k->arena, piq_classroom, 1);
    if (!r)
        return PIQ_ENOMEM;
    piq_status status = piq_classroom_open(r, &k->arena, w, o, PIQ_TRIAL_ENGINE,
                                           first, o->learners, NULL);
    r->tastes = false;
    r->fixed = true;
    r->weights = *by;
    piq_trial_explore(o, &r->weights);
    r->witness = (piq_trial_witness){k, see};
    if (status == PIQ_OK)
        status = piq_classroom_teach(r, false);
    piq_classroom_release(r);
    return status;
}

/* The new policy: learned from learners before all the others. */
static piq_status learn_target(piq_arena *a, const piq_chooser_world *w,
                               const piq_trial_options *o, size_t earlier,
                               piq_recommend_policy *out)
{
    piq_classroom *r = piq_new(a, piq_classroom, 1);
    if (!r)
        return PIQ_ENOMEM;
    piq_status status =
        piq_classroom_open(r, a, w, o, PIQ_TRIAL_ENGINE, 0, earlier, NULL);
    r->tastes = false;
    if (status == PIQ_OK)
        status = piq_classroom_teach(r, false);
    if (status == PIQ_OK)
        status = piq_trial_refit(r);
    *out = r->weights;
    piq_classroom_release(r);
    return status;
}

static piq_status estimate_log(recorder *k, uint64_t seed, outcome *out)
{
    piq_offpolicy_options options = *piq_offpolicy_defaults();
    piq_offpolicy_log log = {.rows = k->rows,
                             .n = k->n,
                             .group = k->learners,
                             .logged = k->logged,
                             .width = WIDTH,
                             .features = features,
                             .ctx = k};
    options.confidence = k->o->confidence;
    options.seed = seed;
    if (k->n == 0)
        return PIQ_EINVAL;
    out->rows = (double)k->n;
    out->truth = k->truth;
    return piq_offpolicy(&k->arena, &log, &options, &out->report, NULL);
}

/* What one interval adds to shares and means of n. */
static void count(const double ci[2], double estimate, double truth, double n,
                  piq_coverage_held *h)
{
    h->estimate += estimate / n;
    h->above += (truth < ci[0]) / n;
    h->below += (truth > ci[1]) / n;
    h->covered += (ci[0] <= truth && truth <= ci[1]) / n;
    h->half_width += (ci[1] - ci[0]) / 2 / n;
}

static void finish(const outcome *list, piq_coverage_report *sum)
{
    double n = (double)sum->repetitions, squares = 0;
    sum->truth /= sum->rows;
    sum->truth_old /= sum->rows;
    double held = 0, truth = sum->truth, more = truth - sum->truth_old;
    for (size_t i = 0; i < sum->repetitions; i++) {
        const piq_offpolicy_report *r = &list[i].report;
        double off = list[i].truth - truth * list[i].rows;
        squares += off * off;
        count(r->ips_ci, r->ips, truth, n, &sum->ips);
        count(r->snips_ci, r->snips, truth, n, &sum->snips);
        count(r->ci, r->dr, truth, n, &sum->dr);
        count(r->difference_ci, r->difference, more, n, &sum->difference);
        sum->ess += r->ess / n;
        sum->ess_by_chance += r->ess_by_chance / n;
        if (r->verdict == PIQ_OFFPOLICY_NO_VERDICT)
            sum->n_no_verdict++;
        else
            held += r->difference_ci[0] <= more && more <= r->difference_ci[1];
    }
    if (sum->n_no_verdict < sum->repetitions)
        sum->verdict_covered = held / (n - (double)sum->n_no_verdict);
    sum->truth_se = sqrt(squares) / sum->rows;
    sum->rows /= n;
}

static bool in_range(const piq_coverage_options *o)
{
    return o->repetitions >= 2 && o->repetitions <= 100000 &&
           o->learners >= 1 && o->learners <= 100000 && o->sessions >= 1 &&
           o->sessions <= 10000 && o->slate >= 2 &&
           o->slate <= PIQ_CHOOSER_MAX_SLATE && o->earlier >= 1 &&
           o->earlier <= 100000 && o->floor >= 0 && o->floor <= 1;
}

/* What the new policy earns where it serves, of the first logs' learners. */
static piq_status live(recorder *k, const piq_chooser_world *w,
                       const piq_trial_options *trial, piq_coverage_report *sum)
{
    double rows = 0, earned = 0;
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < k->o->repetitions && i < LIVED && !status; i++) {
        size_t first = k->o->earlier + i * k->o->learners;
        status = one_log(k, w, trial, k->target, first);
        rows += (double)k->n;
        earned += k->truth;
    }
    if (status == PIQ_OK && rows == 0)
        status = PIQ_EINVAL;
    if (status == PIQ_OK)
        sum->lived = earned / rows;
    return status;
}

static piq_status log_and_judge(recorder *k, const piq_chooser_world *w,
                                const piq_trial_options *trial, outcome *list,
                                piq_coverage_report *sum)
{
    const piq_coverage_options *o = k->o;
    piq_recommend_policy by_hand;
    piq_status status = PIQ_OK;
    piq_recommend_by_hand(&by_hand);
    for (size_t i = 0; i < o->repetitions && status == PIQ_OK; i++) {
        status = one_log(k, w, trial, &by_hand, o->earlier + i * o->learners);
        if (status == PIQ_OK)
            status = estimate_log(k, o->seed + i, &list[i]);
        sum->rows += (double)k->n;
        sum->truth += k->truth;
        sum->truth_old += k->truth_old;
    }
    return status;
}

static piq_status repeat(piq_arena *a, const piq_chooser_world *w,
                         const piq_coverage_options *o,
                         piq_coverage_report *sum)
{
    const piq_trial_options trial = {.seed = o->seed,
                                     .learners = o->learners,
                                     .sessions = o->sessions,
                                     .slate = o->slate,
                                     .floor = o->floor};
    piq_recommend_policy target;
    outcome *list = piq_new(a, outcome, o->repetitions);
    if (!list)
        return PIQ_ENOMEM;
    piq_status status = learn_target(a, w, &trial, o->earlier, &target);
    recorder k = {.o = o, .c = piq_chooser_catalogue(w), .target = &target};
    piq_arena_init(&k.arena, KEEP_BYTES);
    if (status == PIQ_OK)
        status = log_and_judge(&k, w, &trial, list, sum);
    if (status == PIQ_OK)
        status = live(&k, w, &trial, sum);
    piq_arena_release(&k.arena);
    if (status == PIQ_OK)
        finish(list, sum);
    return status;
}

piq_status piq_coverage_run(piq_arena *a, const piq_catalogue *c,
                            const piq_coverage_options *o,
                            piq_coverage_report *out, piq_err *err)
{
    piq_chooser_options who = {o->seed, 1, START_US};
    piq_coverage_report sum = {.repetitions = o->repetitions};
    piq_chooser_world *w;
    if (!in_range(o))
        return piq_fail(err, PIQ_EINVAL, "an option is out of range");
    piq_status status = piq_chooser_world_new(a, c, &who, &w);
    if (status == PIQ_OK)
        status = repeat(a, w, o, &sum);
    if (status)
        return piq_fail(err, status,
                        status == PIQ_EINVAL ? "a log explored nothing"
                                             : "no memory for a log");
    *out = sum;
    return PIQ_OK;
}
