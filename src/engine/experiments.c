/* experiments.c - A/B tests: started, stopped, and what came of them. */
#include "engine/experiments.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "domain/json_reader.h"
#include "engine/engine_internal.h"
#include "recommend/reward.h"

#include <math.h>
#include <stdio.h>

enum {
    PAGE = 4096,             /* exposures read at once */
    REPORT_BYTES = 256 << 20 /* of one report's working memory */
};
#define LEAST_HOURS (1.0 / 6) /* of practice, that a gain is divided by */
#define US_PER_HOUR 3600e6

/* ---- documents --------------------------------------------------------- */

piq_status piq_engine_experiments(piq_engine *e, piq_arena *a,
                                  piq_experiment_design **out, size_t *n,
                                  piq_err *err)
{
    piq_experiment_row *rows;
    piq_status status = e->store->ops->experiments(e->store, a, &rows, n, err);
    if (status)
        return status;
    *out = piq_new(a, piq_experiment_design, *n);
    if (!*out)
        return piq_fail(err, PIQ_ENOMEM, "no memory to list experiments");
    for (size_t i = 0; i < *n && !status; i++)
        status = piq_experiment_row_read(a, &rows[*n - 1 - i], &(*out)[i], err);
    return status;
}

/* The newest of the name. */
static piq_status find(piq_engine *e, piq_arena *a, piq_str name,
                       piq_experiment_design *out, piq_err *err)
{
    piq_experiment_design *all;
    size_t n;
    piq_status status = piq_engine_experiments(e, a, &all, &n, err);
    for (size_t i = 0; i < n && !status; i++)
        if (piq_str_eq(all[i].name, name)) {
            *out = all[i];
            return PIQ_OK;
        }
    return status
               ? status
               : piq_fail(err, PIQ_ENOTFOUND, "there is no experiment \"%.*s\"",
                          name.len < 64 ? (int)name.len : 64, name.ptr);
}

static piq_status count_running(piq_engine *e, piq_arena *a, piq_err *err)
{
    piq_experiment_design *all;
    size_t n, running = 0;
    piq_status status = piq_engine_experiments(e, a, &all, &n, err);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++)
        running += all[i].state == PIQ_EXPERIMENT_RUNNING;
    if (running < PIQ_MAX_RUNNING)
        return PIQ_OK;
    return piq_fail(err, PIQ_ELIMIT, "%zu experiments run, %d are allowed",
                    running, (int)PIQ_MAX_RUNNING);
}

piq_status piq_engine_start_experiment(piq_engine *e, piq_arena *a,
                                       const json_t *document,
                                       piq_experiment_design *out, piq_err *err)
{
    piq_experiment_design x;
    piq_buf b;
    piq_json_writer w;
    piq_status status = piq_experiment_design_read(a, document, &x, err);
    if (status == PIQ_OK)
        status = count_running(e, a, err);
    if (status)
        return status;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_experiment_design_write(&x, &w);
    piq_json_object_end(&w);
    piq_experiment_row row = {.name = x.name,
                              .started_us = piq_clock_now_us(),
                              .document = {b.ptr, b.len}};
    status = b.status ? piq_fail(err, b.status, "no memory for an experiment")
                      : e->store->ops->put_experiment(e->store, &row, err);
    piq_buf_release(&b);
    if (status == PIQ_OK)
        status = piq_engine_adopt_steering(e, err);
    return status ? status : find(e, a, x.name, out, err);
}

piq_status piq_engine_stop_experiment(piq_engine *e, piq_arena *a, piq_str name,
                                      piq_str reason,
                                      piq_experiment_design *out, piq_err *err)
{
    piq_experiment_design x;
    piq_status status = find(e, a, name, &x, err);
    if (status == PIQ_OK)
        status = e->store->ops->stop_experiment(
            e->store, x.id, piq_clock_now_us(), reason, err);
    if (status == PIQ_ECONFLICT)
        return piq_fail(err, status, "experiment \"%.*s\" does not run",
                        name.len < 64 ? (int)name.len : 64, name.ptr);
    if (status == PIQ_OK)
        status = piq_engine_adopt_steering(e, err);
    return status ? status : find(e, a, name, out, err);
}

/* ---- outcomes ---------------------------------------------------------- */

/* One learner of an experiment, in the order of first slates. */
typedef struct subject {
    piq_user_id user;
    uint8_t arm;
    int64_t first_us;
    double gained, practice_s; /* at the first slate */
    double reward, weight;     /* sums over what was shown */
    size_t n_shown, n_dismissed;
    struct subject *next;
} subject;

typedef struct census {
    piq_arena arena;
    piq_map at; /* user -> subject */
    subject *first, **end;
    int64_t now_us;
    int64_t window_us; /* INT64_MAX: all slates count, now */
    piq_experiment_report *report;
} census;

static piq_status subject_of(census *c, const piq_exposure_row *x,
                             subject **out)
{
    uint64_t found;
    if (piq_map_get(&c->at, (uint64_t)x->user.v, &found)) {
        *out = (subject *)(uintptr_t)found;
        return PIQ_OK;
    }
    subject *s = piq_new(&c->arena, subject, 1);
    if (!s || piq_map_put(&c->at, (uint64_t)x->user.v, (uintptr_t)s))
        return PIQ_ENOMEM;
    *s = (subject){.user = x->user,
                   .arm = x->arm,
                   .first_us = x->at_us,
                   .gained = x->gained,
                   .practice_s = x->practice_s};
    *c->end = s;
    c->end = &s->next;
    c->report->arms[x->arm].n_learners++;
    *out = s;
    return PIQ_OK;
}

static piq_status take(census *c, const piq_exposure_row *x)
{
    subject *s;
    if (x->arm >= c->report->design.n_arms)
        return PIQ_ECORRUPT;
    if (subject_of(c, x, &s))
        return PIQ_ENOMEM;
    c->report->arms[x->arm].n_exposures++;
    c->report->arms[x->arm].n_shown += x->n_recommendations;
    if (c->window_us != INT64_MAX && x->at_us - s->first_us >= c->window_us)
        return PIQ_OK;
    for (size_t i = 0; i < x->n_recommendations; i++) {
        const piq_outcome *o = &x->outcomes[i];
        piq_reward r =
            piq_reward_of(o->action, o->feedback_score, c->now_us - x->at_us);
        s->reward += r.weight * r.value;
        s->weight += r.weight;
        s->n_shown++;
        s->n_dismissed += o->action == PIQ_ACTION_DISMISSED;
    }
    return PIQ_OK;
}

static piq_status take_all(piq_engine *e, census *c, piq_err *err)
{
    int64_t after = 0;
    size_t n = PAGE;
    piq_status status = PIQ_OK;
    piq_arena page;
    piq_arena_init(&page, 0);
    while (n == PAGE && !status) {
        piq_exposure_row *x;
        piq_arena_clear(&page);
        status = e->store->ops->exposures(e->store, &page, c->report->design.id,
                                          after, PAGE, &x, &n, err);
        for (size_t i = 0; i < n && !status; i++) {
            status = take(c, &x[i]);
            after = x[i].id;
            if (status)
                piq_fail(err, status, "cannot take exposure %lld in",
                         (long long)after);
        }
    }
    piq_arena_release(&page);
    return status;
}

/* Mastery gained an hour since the first slate, within -1..1. */
static piq_status gain_of(piq_engine *e, const subject *s, double *out,
                          piq_err *err)
{
    piq_learner_ref ref;
    piq_status status = piq_engine_learner(e, s->user, &ref, err);
    if (status)
        return status;
    const piq_behaviour *b = &ref.learner->behaviour;
    double hours = ((double)b->spent_ms / 1000 - s->practice_s) / 3600;
    double gained = (double)b->gained - s->gained;
    *out = fmax(-1, fmin(1, gained / fmax(hours, LEAST_HOURS)));
    piq_learner_ref_release(&ref);
    return PIQ_OK;
}

/* ---- judging ----------------------------------------------------------- */

static piq_status begin_tests(piq_experiment_report *r)
{
    for (size_t i = 1; i < r->design.n_arms; i++) {
        piq_experiment_rule rule = *piq_experiment_defaults();
        double mine = r->design.arms[i].share;
        rule.share = mine / (mine + r->design.arms[0].share);
        /* A gain in -1..1 is given as half of it, and so is its margin. */
        rule.gain_margin /= 2;
        /* All comparisons together hold at the level of one. */
        rule.alpha /= (double)(r->design.n_arms - 1);
        if (piq_experiment_init(&r->arms[i].test, &rule))
            return PIQ_EINVAL;
    }
    return PIQ_OK;
}

static piq_status count(piq_experiment_report *r, const subject *s, double gain)
{
    piq_arm_report *arm = &r->arms[s->arm];
    piq_experiment_outcome o = {.reward = s->reward / s->weight,
                                .dismissed =
                                    (double)s->n_dismissed / (double)s->n_shown,
                                .gain = (1 + gain) / 2};
    arm->n_counted++;
    arm->reward += o.reward;
    arm->dismissed += o.dismissed;
    arm->gain_an_hour += gain;
    if (s->arm > 0)
        return piq_experiment_add(&arm->test, true, &o);
    for (size_t i = 1; i < r->design.n_arms; i++)
        if (piq_experiment_add(&r->arms[i].test, false, &o))
            return PIQ_EINVAL;
    return PIQ_OK;
}

static piq_status count_all(piq_engine *e, census *c, piq_err *err)
{
    for (const subject *s = c->first; s; s = s->next) {
        double gain;
        bool over = c->window_us == INT64_MAX ||
                    c->now_us - s->first_us >= c->window_us;
        if (!over || s->weight <= 0)
            continue;
        piq_status status = gain_of(e, s, &gain, err);
        if (status == PIQ_ENOTFOUND)
            continue; /* erased meanwhile */
        if (status == PIQ_OK && count(c->report, s, gain))
            status = piq_fail(err, PIQ_EINTERNAL,
                              "an outcome of a learner is out of range");
        if (status)
            return status;
    }
    return PIQ_OK;
}

static piq_experiment_verdict join(const piq_experiment_report *r)
{
    bool all = true, better = false;
    for (size_t i = 1; i < r->design.n_arms; i++) {
        piq_experiment_verdict v = r->arms[i].verdict;
        if (v == PIQ_EXPERIMENT_GUARD_RAIL)
            return v;
        all = all && v != PIQ_EXPERIMENT_CONTINUE;
        better = better || v == PIQ_EXPERIMENT_BETTER;
    }
    if (!all)
        return PIQ_EXPERIMENT_CONTINUE;
    return better ? PIQ_EXPERIMENT_BETTER : PIQ_EXPERIMENT_WORSE;
}

static void conclude(piq_experiment_report *r)
{
    for (size_t i = 0; i < r->design.n_arms; i++) {
        piq_arm_report *arm = &r->arms[i];
        double n = arm->n_counted ? (double)arm->n_counted : NAN;
        arm->reward /= n;
        arm->dismissed /= n;
        arm->gain_an_hour /= n;
        if (i > 0)
            arm->verdict = piq_experiment_judge(&arm->test);
    }
    r->verdict = join(r);
}

static piq_status report(piq_engine *e, const piq_experiment_design *x,
                         int64_t now_us, piq_experiment_report *r, piq_err *err)
{
    census c = {.now_us = now_us, .window_us = INT64_MAX, .report = r};
    *r = (piq_experiment_report){.design = *x};
    if (x->outcome_hours > 0)
        c.window_us = (int64_t)(x->outcome_hours * US_PER_HOUR);
    c.end = &c.first;
    piq_arena_init(&c.arena, REPORT_BYTES);
    piq_map_init(&c.at);
    piq_status status = begin_tests(r);
    if (status)
        piq_fail(err, status, "the shares of the arms cannot be compared");
    if (status == PIQ_OK)
        status = take_all(e, &c, err);
    if (status == PIQ_OK)
        status = count_all(e, &c, err);
    if (status == PIQ_OK)
        conclude(r);
    piq_map_release(&c.at);
    piq_arena_release(&c.arena);
    return status;
}

piq_status piq_engine_report_experiment(piq_engine *e, piq_arena *a,
                                        piq_str name, int64_t now_us,
                                        piq_experiment_report *out,
                                        piq_err *err)
{
    piq_experiment_design x;
    piq_status status = find(e, a, name, &x, err);
    return status ? status : report(e, &x, now_us, out, err);
}

/* ---- stopping by itself ------------------------------------------------ */

static piq_status watch(piq_engine *e, const piq_experiment_design *x,
                        int64_t now_us, piq_err *err)
{
    piq_experiment_report *r = calloc(1, sizeof *r);
    char reason[64];
    if (!r)
        return piq_fail(err, PIQ_ENOMEM, "no memory to watch experiments");
    piq_status status = report(e, x, now_us, r, err);
    if (status == PIQ_OK && r->verdict != PIQ_EXPERIMENT_CONTINUE) {
        snprintf(reason, sizeof reason, "by itself: %s",
                 piq_experiment_verdict_name(r->verdict));
        status = e->store->ops->stop_experiment(e->store, x->id, now_us,
                                                piq_str_of(reason), err);
        if (status == PIQ_ECONFLICT) /* somebody else just did */
            status = PIQ_OK;
    }
    free(r);
    return status;
}

piq_status piq_engine_watch_experiments(piq_engine *e, int64_t now_us,
                                        piq_err *err)
{
    if (now_us - e->watched_us < PIQ_WATCH_S * PIQ_US_PER_SECOND)
        return PIQ_OK;
    e->watched_us = now_us;
    piq_steering *s = piq_engine_steering(e);
    size_t n;
    const piq_experiment_design *running = piq_steering_running(s, &n);
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < n && !status; i++)
        if (running[i].auto_stop)
            status = watch(e, &running[i], now_us, err);
    piq_steering_release(s);
    return status ? status : piq_engine_adopt_steering(e, err);
}

/* ---- writing ----------------------------------------------------------- */

void piq_experiment_design_show(const piq_experiment_design *x,
                                piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_int(w, "id", x->id);
    piq_experiment_design_write(x, w);
    piq_json_put_z(w, "state", piq_experiment_state_name(x->state));
    piq_json_put_time(w, "started_at", x->started_us);
    piq_json_key(w, "stopped_at");
    if (x->stopped_us == INT64_MAX)
        piq_json_null(w);
    else
        piq_json_time(w, x->stopped_us);
    piq_json_key(w, "stop_reason");
    if (x->stop_reason.len)
        piq_json_str(w, x->stop_reason);
    else
        piq_json_null(w);
    piq_json_object_end(w);
}

static void write_effect(const piq_effect *x, const char *member, double scale,
                         piq_json_writer *w)
{
    piq_json_key(w, member);
    piq_json_object(w);
    piq_json_put_double(w, "estimate", scale * piq_effect_estimate(x));
    piq_json_key(w, "interval");
    piq_json_array(w);
    piq_json_double(w, scale * x->low);
    piq_json_double(w, scale * x->high);
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static void write_arm(const piq_experiment_report *r, size_t i,
                      piq_json_writer *w)
{
    const piq_arm_report *arm = &r->arms[i];
    piq_json_object(w);
    piq_json_put_str(w, "name", r->design.arms[i].name);
    piq_json_put_int(w, "learners", (int64_t)arm->n_learners);
    piq_json_put_int(w, "counted", (int64_t)arm->n_counted);
    piq_json_put_int(w, "exposures", (int64_t)arm->n_exposures);
    piq_json_put_int(w, "shown", (int64_t)arm->n_shown);
    piq_json_put_double(w, "reward", arm->reward);
    piq_json_put_double(w, "dismissal_rate", arm->dismissed);
    piq_json_put_double(w, "gain_an_hour", arm->gain_an_hour);
    if (i > 0) {
        piq_json_key(w, "against_first");
        piq_json_object(w);
        write_effect(&arm->test.reward, "reward", 1, w);
        write_effect(&arm->test.dismissal, "dismissal_rate", 1, w);
        write_effect(&arm->test.gain, "gain_an_hour", 2, w);
        piq_json_put_z(w, "verdict", piq_experiment_verdict_name(arm->verdict));
        piq_json_object_end(w);
    }
    piq_json_object_end(w);
}

void piq_experiment_report_write(const piq_experiment_report *r,
                                 piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_key(w, "experiment");
    piq_experiment_design_show(&r->design, w);
    piq_json_key(w, "arms");
    piq_json_array(w);
    for (size_t i = 0; i < r->design.n_arms; i++)
        write_arm(r, i, w);
    piq_json_array_end(w);
    piq_json_put_z(w, "verdict", piq_experiment_verdict_name(r->verdict));
    piq_json_object_end(w);
}
