/* experiment.c - the design of an A/B test as JSON, and back. */
#include "domain/experiment.h"

#include "domain/json_reader.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

enum { WHERE = 32, PLACE = 48 };

#define DEFAULT_OUTCOME_HOURS 24.0
#define MAX_OUTCOME_HOURS     720.0

/* The numbers that an arm may change. */
static const struct {
    const char *member;
    size_t at;
    double most;
} numbers[] = {
    {"exploration_gamma", offsetof(piq_policy_overrides, exploration_gamma),
     1e6},
    {"exploration_delta", offsetof(piq_policy_overrides, exploration_delta),
     10},
    {"exploration_floor", offsetof(piq_policy_overrides, exploration_floor), 1},
    {"diversity", offsetof(piq_policy_overrides, diversity), 10},
};
enum { N_NUMBERS = sizeof numbers / sizeof numbers[0] };

piq_policy_overrides piq_policy_overrides_none(void)
{
    return (piq_policy_overrides){NAN, NAN, NAN, NAN, 0};
}

const char *piq_experiment_state_name(piq_experiment_state s)
{
    switch (s) {
    case PIQ_EXPERIMENT_RUNNING:
        return "running";
    case PIQ_EXPERIMENT_STOPPED:
        return "stopped";
    }
    return "";
}

/* ---- reading ----------------------------------------------------------- */

static double *number_at(piq_policy_overrides *o, size_t i)
{
    return (double *)(void *)((char *)o + numbers[i].at);
}

static piq_status read_overrides(const json_t *json, const char *where,
                                 piq_policy_overrides *out, piq_err *err)
{
    const char *known[N_NUMBERS + 2] = {"policy"};
    piq_json_reader r;
    for (size_t i = 0; i < N_NUMBERS; i++)
        known[i + 1] = numbers[i].member;
    piq_json_begin(&r, json, where, known, err);
    for (size_t i = 0; i < N_NUMBERS && !r.status; i++)
        if (piq_json_has(&r, numbers[i].member))
            *number_at(out, i) =
                piq_json_number_in(&r, numbers[i].member, 0, numbers[i].most);
    if (piq_json_has(&r, "policy"))
        out->policy =
            (uint32_t)piq_json_int_in(&r, "policy", 1, (int64_t)UINT32_MAX);
    return piq_json_end(&r);
}

static piq_status read_name(piq_arena *a, piq_json_reader *r, piq_str *out)
{
    piq_str s = piq_json_name(r, "name", PIQ_MAX_EXPERIMENT_NAME);
    if (r->status)
        return r->status;
    *out = (piq_str){piq_arena_strndup(a, s.ptr, s.len), s.len};
    return out->ptr ? PIQ_OK
                    : piq_fail(r->err, PIQ_ENOMEM,
                               "no memory to read an experiment");
}

static piq_status read_arm(piq_arena *a, const json_t *json, const char *where,
                           piq_arm *out, piq_err *err)
{
    static const char *const known[] = {"name", "share", "overrides", NULL};
    piq_json_reader r;
    char place[PLACE];
    out->overrides = piq_policy_overrides_none();
    piq_json_begin(&r, json, where, known, err);
    piq_status status = r.status ? PIQ_OK : read_name(a, &r, &out->name);
    if (status)
        return status;
    out->share = (unsigned)piq_json_int_in(&r, "share", 1, PIQ_MAX_ARM_SHARE);
    if (r.status || !piq_json_has(&r, "overrides"))
        return piq_json_end(&r);
    snprintf(place, sizeof place, "%s/overrides", where);
    return read_overrides(json_object_get(json, "overrides"), place,
                          &out->overrides, err);
}

static piq_status read_arms(piq_arena *a, piq_json_reader *r,
                            piq_experiment_design *out)
{
    const json_t *list = piq_json_array_in(r, "arms", PIQ_MAX_ARMS);
    size_t n = list ? json_array_size(list) : 0;
    unsigned total = 0;
    if (list && n < 2)
        piq_json_refuse(r, "arms", "at least two are expected");
    for (size_t i = 0; i < n && !r->status; i++) {
        char where[WHERE];
        snprintf(where, sizeof where, "/arms/%zu", i);
        piq_status status =
            read_arm(a, json_array_get(list, i), where, &out->arms[i], r->err);
        if (status)
            return status;
        total += out->arms[i].share;
        for (size_t k = 0; k < i; k++)
            if (piq_str_eq(out->arms[k].name, out->arms[i].name))
                piq_json_refuse(r, where + 1, "arm \"%s\" is there twice",
                                out->arms[i].name.ptr);
    }
    if (total > PIQ_MAX_ARM_SHARE)
        piq_json_refuse(r, "arms", "the shares sum to %u, 100 are allowed",
                        total);
    out->n_arms = n;
    return r->status;
}

piq_status piq_experiment_design_read(piq_arena *a, const json_t *json,
                                      piq_experiment_design *out, piq_err *err)
{
    static const char *const known[] = {"name", "arms", "outcome_hours",
                                        "auto_stop", NULL};
    piq_experiment_design x = {.outcome_hours = DEFAULT_OUTCOME_HOURS,
                               .stopped_us = INT64_MAX,
                               .stop_reason = PIQ_STR("")};
    piq_json_reader r;
    piq_json_begin(&r, json, "", known, err);
    piq_status status = r.status ? PIQ_OK : read_name(a, &r, &x.name);
    if (!status && !r.status)
        status = read_arms(a, &r, &x);
    if (status)
        return status;
    if (piq_json_has(&r, "outcome_hours"))
        x.outcome_hours =
            piq_json_number_in(&r, "outcome_hours", 0, MAX_OUTCOME_HOURS);
    if (piq_json_has(&r, "auto_stop"))
        x.auto_stop = piq_json_flag(&r, "auto_stop");
    status = piq_json_end(&r);
    if (!status)
        *out = x;
    return status;
}

/* ---- writing ----------------------------------------------------------- */

/* {"exploration_gamma":20}: what is overridden, {} when nothing. */
static void write_overrides(const piq_policy_overrides *o, piq_json_writer *w)
{
    piq_policy_overrides copy = *o;
    piq_json_object(w);
    for (size_t i = 0; i < N_NUMBERS; i++)
        if (!isnan(*number_at(&copy, i)))
            piq_json_put_double(w, numbers[i].member, *number_at(&copy, i));
    if (o->policy)
        piq_json_put_int(w, "policy", o->policy);
    piq_json_object_end(w);
}

void piq_experiment_design_write(const piq_experiment_design *x,
                                 piq_json_writer *w)
{
    piq_json_put_str(w, "name", x->name);
    piq_json_key(w, "arms");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_arms; i++) {
        piq_json_object(w);
        piq_json_put_str(w, "name", x->arms[i].name);
        piq_json_put_int(w, "share", x->arms[i].share);
        piq_json_key(w, "overrides");
        write_overrides(&x->arms[i].overrides, w);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_put_double(w, "outcome_hours", x->outcome_hours);
    piq_json_put_bool(w, "auto_stop", x->auto_stop);
}
