#include "cli/refit.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/memory_fit.h"
#include "engine/taste_refit.h"

#include <sys/resource.h>
#include <unistd.h>

enum { LOWEST = 19 };

static void tell(const piq_memory_fit_report *r)
{
    piq_log_field fields[] = {
        piq_log_int("learners", (int64_t)r->learners),
        piq_log_int("reviews", (int64_t)r->reviews),
        piq_log_int("given_own", (int64_t)r->given_own),
        piq_log_int("given_population", (int64_t)r->given_population)};
    piq_log(PIQ_LOG_INFO, 0, "fitted memory's parameters", fields, 4);
}

static void fit_taste(piq_refit *r)
{
    piq_taste_fit_report report;
    piq_err err = {0};
    piq_status status = piq_engine_fit_taste(r->engine, piq_clock_now_us(),
                                             &r->stop, &report, &err);
    piq_log_field fields[] = {piq_log_int("version", report.version),
                              piq_log_int("learners", (int64_t)report.learners),
                              piq_log_int("events", (int64_t)report.events)};
    if (status == PIQ_OK)
        piq_log(PIQ_LOG_INFO, 0, "fitted the taste model", fields, 3);
    else if (status != PIQ_ENOTFOUND)
        piq_log_err(0, "could not fit the taste model", &err);
}

static void *run(void *ctx)
{
    piq_refit *r = ctx;
    piq_memory_fit_report report;
    piq_err err = {0};
    /* On Linux a thread has a priority of its own; no right is needed. */
    setpriority(PRIO_PROCESS, (id_t)gettid(), LOWEST);
    piq_status status =
        piq_engine_fit_memory(r->engine, &r->stop, &report, &err);
    if (status == PIQ_OK)
        tell(&report);
    else if (status != PIQ_ENOTFOUND)
        piq_log_err(0, "could not fit memory's parameters", &err);
    fit_taste(r);
    atomic_store(&r->ended, true);
    return NULL;
}

void piq_refit_begin(piq_refit *r, piq_engine *e, int64_t every_hours,
                     int64_t now_us)
{
    r->engine = e;
    r->every_us = every_hours * PIQ_US_PER_HOUR;
    r->next_us = now_us + PIQ_US_PER_MINUTE;
    r->started = false;
    atomic_init(&r->stop, false);
    atomic_init(&r->ended, false);
}

void piq_refit_tick(piq_refit *r, int64_t now_us)
{
    if (!r->every_us)
        return;
    if (r->started) {
        if (!atomic_load(&r->ended))
            return;
        pthread_join(r->thread, NULL);
        r->started = false;
    }
    if (now_us < r->next_us || !piq_engine_leads(r->engine))
        return;
    r->next_us = now_us + r->every_us;
    atomic_store(&r->ended, false);
    r->started = pthread_create(&r->thread, NULL, run, r) == 0;
    if (!r->started)
        piq_log(PIQ_LOG_WARN, 0, "could not begin to fit memory's parameters",
                NULL, 0);
}

void piq_refit_end(piq_refit *r)
{
    if (!r->started)
        return;
    atomic_store(&r->stop, true);
    pthread_join(r->thread, NULL);
    r->started = false;
}
