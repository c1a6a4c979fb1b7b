#include "trial/classroom.h"

#include "base/calendar.h"
#include "learner/fold.h"
#include "path/path.h"
#include "trial/liking.h"

#include <string.h>

enum { SCRATCH_BYTES = 256 << 20, FIRST_ROWS = 4096 };

/* --- the log ---------------------------------------------------------------
 */

static piq_status copy_log(piq_arena *a, size_t n_contents,
                           const piq_trial_log *from, piq_trial_log *out)
{
    *out = (piq_trial_log){.n = from ? from->n : 0};
    out->room = 2 * out->n + FIRST_ROWS;
    out->rows = piq_new(a, piq_trial_row, out->room);
    out->reward = piq_new(a, double, n_contents);
    out->weight = piq_new(a, double, n_contents);
    if (!out->rows || !out->reward || !out->weight)
        return PIQ_ENOMEM;
    if (!from)
        return PIQ_OK;
    memcpy(out->rows, from->rows, from->n * sizeof *from->rows);
    memcpy(out->reward, from->reward, n_contents * sizeof(double));
    memcpy(out->weight, from->weight, n_contents * sizeof(double));
    return PIQ_OK;
}

piq_reward piq_trial_reward(const piq_trial_row *row)
{
    return piq_reward_of((piq_user_action)row->action, row->score,
                         PIQ_IGNORED_HOURS * PIQ_US_PER_HOUR);
}

static piq_status add_row(piq_arena *a, piq_trial_log *log,
                          const piq_trial_row *row)
{
    if (log->n == log->room) {
        piq_trial_row *more = piq_new(a, piq_trial_row, 2 * log->room);
        if (!more)
            return PIQ_ENOMEM;
        memcpy(more, log->rows, log->n * sizeof *more);
        log->rows = more;
        log->room *= 2;
    }
    log->rows[log->n++] = *row;
    piq_reward reward = piq_trial_reward(row);
    log->reward[row->content.v] += reward.weight * reward.value;
    log->weight[row->content.v] += reward.weight;
    return PIQ_OK;
}

static piq_status keep(piq_classroom *r, piq_seat *seat,
                       const piq_trial_slate *slate,
                       const piq_chooser_outcome *did, int64_t at_us)
{
    for (size_t i = 0; i < slate->n; i++) {
        piq_trial_row row = {.learner = seat->number,
                             .content = slate->content[i],
                             .at_us = at_us,
                             .position = (uint8_t)i,
                             .action = (uint8_t)did->shown[i].action,
                             .score = did->shown[i].score,
                             .propensity = slate->propensity[i]};
        memcpy(row.features, slate->features[i], sizeof row.features);
        if (add_row(r->arena, &r->log, &row))
            return PIQ_ENOMEM;
        piq_liking_add(seat, &row);
    }
    return PIQ_OK;
}

/* --- seats -----------------------------------------------------------------
 */

static piq_status fold_all(piq_classroom *r, piq_seat *seat)
{
    for (size_t i = 0; i < r->events.n; i++) {
        const piq_event *e = &r->events.list[i];
        piq_fold_effect effect;
        if (piq_learner_reserve(seat->state, e))
            return PIQ_ENOMEM;
        piq_fold(seat->state, r->c, r->book, NULL, e, &effect);
    }
    return PIQ_OK;
}

static piq_status mastery_of_goal(piq_classroom *r, const piq_seat *seat,
                                  double *out)
{
    piq_arena_clear(&r->scratch);
    piq_concept_ix *k = piq_new(&r->scratch, piq_concept_ix, r->c->n_concepts);
    if (!k)
        return PIQ_ENOMEM;
    size_t n = piq_path_targets(r->c, piq_chooser_goal(seat->person), k);
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out += piq_chooser_mastery(seat->person, k[i]);
    return PIQ_OK;
}

piq_status piq_classroom_open(piq_classroom *r, piq_arena *a,
                              const piq_chooser_world *w,
                              const piq_trial_options *o,
                              piq_trial_policy policy, size_t first, size_t n,
                              const piq_trial_log *before)
{
    *r = (piq_classroom){.arena = a,
                         .c = piq_chooser_catalogue(w),
                         .o = o,
                         .policy = policy,
                         .tastes = policy == PIQ_TRIAL_ENGINE ||
                                   policy == PIQ_TRIAL_TASTE};
    piq_arena_init(&r->scratch, SCRATCH_BYTES);
    piq_rng_seed(&r->rng, o->seed ^ piq_hash_u64(7919 + (uint64_t)policy));
    r->next_id = 1;
    piq_bayes_prior prior;
    piq_recommend_prior(&prior);
    piq_recommend_by_hand(&r->weights);
    r->seats = piq_new(a, piq_seat, n);
    r->popularity = piq_new(a, double, r->c->n_contents);
    if (!r->seats || !r->popularity || piq_bayes_new(a, &prior, &r->learned) ||
        copy_log(a, r->c->n_contents, before, &r->log) ||
        piq_calibration_book_new(&r->book))
        return PIQ_ENOMEM;
    for (; r->n_seats < n; r->n_seats++) {
        piq_seat *seat = &r->seats[r->n_seats];
        seat->number = (uint32_t)(first + r->n_seats);
        if (piq_chooser_new(a, w, seat->number, &seat->person) ||
            piq_learner_new(piq_chooser_user(seat->person), r->c, &seat->state))
            return PIQ_ENOMEM;
    }
    return PIQ_OK;
}

void piq_classroom_release(piq_classroom *r)
{
    piq_liking_release(r);
    for (size_t i = 0; i < r->n_seats; i++)
        piq_learner_free(r->seats[i].state);
    r->n_seats = 0;
    if (r->book)
        piq_calibration_book_free(r->book);
    r->book = NULL;
    piq_arena_release(&r->scratch);
}

/* --- teaching --------------------------------------------------------------
 */

static void count(piq_trial_learner *t, const piq_trial_slate *slate,
                  const piq_chooser_outcome *did)
{
    t->slates += 1;
    t->minutes += did->minutes;
    for (size_t i = 0; i < slate->n; i++) {
        piq_user_action x = did->shown[i].action;
        t->taken += x == PIQ_ACTION_ACCEPTED || x == PIQ_ACTION_COMPLETED;
        t->finished += x == PIQ_ACTION_COMPLETED;
        t->dismissed += x == PIQ_ACTION_DISMISSED;
    }
}

static piq_status one_slate(piq_classroom *r, piq_seat *seat, bool *empty)
{
    piq_trial_slate slate;
    piq_chooser_outcome did;
    int64_t at_us = piq_chooser_now_us(seat->person);
    piq_arena_clear(&r->scratch);
    piq_status status = piq_trial_choose(r, seat, &slate);
    *empty = slate.n == 0;
    if (status || *empty)
        return status;
    if (r->witness.see)
        status = r->witness.see(r->witness.ctx, seat, &slate, NULL);
    if (status)
        return status;
    piq_chooser_offer(seat->person, slate.content, slate.n, r->next_id,
                      &r->events, &did);
    r->next_id += (int64_t)slate.n;
    count(&seat->tally, &slate, &did);
    if (r->witness.see)
        status = r->witness.see(r->witness.ctx, seat, &slate, &did);
    if (status == PIQ_OK)
        status = keep(r, seat, &slate, &did, at_us);
    return status ? status : fold_all(r, seat);
}

static piq_status one_session(piq_classroom *r, piq_seat *seat)
{
    bool empty = false;
    piq_status status = PIQ_OK;
    piq_chooser_session(seat->person);
    seat->tally.set_aside += piq_chooser_session_min(seat->person);
    while (status == PIQ_OK && !empty && piq_chooser_stays(seat->person))
        status = one_slate(r, seat, &empty);
    return status;
}

static piq_status arrive(piq_classroom *r, piq_seat *seat)
{
    double mastery;
    piq_chooser_arrive(seat->person, &r->events);
    if (fold_all(r, seat) || mastery_of_goal(r, seat, &mastery))
        return PIQ_ENOMEM;
    seat->tally.gained = -mastery;
    return PIQ_OK;
}

piq_status piq_classroom_teach(piq_classroom *r, bool watch)
{
    const piq_trial_options *o = r->o;
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < r->n_seats && status == PIQ_OK; i++)
        status = arrive(r, &r->seats[i]);
    for (size_t s = 0; s < o->sessions && status == PIQ_OK; s++) {
        status = piq_trial_refit(r);
        for (size_t i = 0; i < r->n_seats && status == PIQ_OK; i++)
            status = one_session(r, &r->seats[i]);
        if (watch && o->progress)
            o->progress(o->ctx, r->policy, s + 1);
    }
    for (size_t i = 0; i < r->n_seats && status == PIQ_OK; i++) {
        double mastery = 0;
        status = mastery_of_goal(r, &r->seats[i], &mastery);
        r->seats[i].tally.gained += mastery;
    }
    return status;
}
