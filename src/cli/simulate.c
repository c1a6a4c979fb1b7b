/* simulate.c - learners with known hidden ability, into the database. */
#include "base/calendar.h"
#include "base/clock.h"
#include "cli/command.h"
#include "sim/sim.h"

#include <stdlib.h>

enum { LEARNER_ARENA_BYTES = 256 << 20 };

static piq_status simulate_one(piq_arena *a, piq_bulk *bulk,
                               const piq_catalogue *c, const piq_sim_options *o,
                               size_t k, piq_err *err)
{
    piq_sim *sim;
    piq_event event;
    piq_arena_clear(a);
    piq_status status = piq_sim_learner(a, c, o, k, &sim);
    if (status)
        return piq_fail(err, status, "could not simulate a learner");
    while (status == PIQ_OK && piq_sim_next(sim, &event))
        status = piq_bulk_add(bulk, &event, err);
    return status;
}

piq_status piq_simulate_into(piq_engine *e, const piq_simulation *x,
                             piq_meter *meter, uint64_t *done,
                             piq_bulk_totals *totals, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    /* They end today, at midnight: the same database all day long. */
    int32_t today = piq_day_of(piq_clock_now_us(), 0, 0);
    piq_sim_options o = {.seed = x->seed,
                         .n_learners = x->learners,
                         .first_user = x->first_user,
                         .events = x->events,
                         .start_us = piq_day_start_us(today, 0, 0) -
                                     (int64_t)(x->days * PIQ_US_PER_DAY),
                         .days = x->days,
                         .learning = true};
    piq_bulk *bulk;
    piq_arena a;
    piq_status status = piq_bulk_begin(e, NULL, NULL, &bulk, err);
    if (status)
        return status;
    piq_arena_init(&a, LEARNER_ARENA_BYTES);
    for (size_t k = 0; k < x->learners && status == PIQ_OK; k++) {
        status = simulate_one(&a, bulk, c, &o, k, err);
        piq_meter_at(meter, ++*done);
    }
    piq_arena_release(&a);
    piq_status ended =
        piq_bulk_end(bulk, totals, status == PIQ_OK ? err : NULL);
    return status ? status : ended;
}

static piq_status need_curriculum(piq_engine *e, const char *path, piq_err *err)
{
    char *bytes;
    size_t len;
    if (piq_engine_catalogue(e))
        return PIQ_OK;
    if (!path)
        path = piq_shipped_curriculum();
    if (!path)
        return piq_fail(err, PIQ_ENOTFOUND,
                        "the shipped curriculum was not found; name one with "
                        "--curriculum");
    piq_status status =
        piq_read_file(path, (size_t)256 << 20, &bytes, &len, err);
    if (status)
        return status;
    status =
        piq_load_curriculum(e, (piq_str){bytes, len}, path, true, false, err);
    free(bytes);
    return status;
}

static piq_status simulate_all(piq_engine *e, const piq_simulation *x,
                               piq_bulk_totals *totals, piq_err *err)
{
    piq_meter meter;
    uint64_t done = 0;
    piq_meter_begin(&meter, "simulating learners", x->learners);
    piq_status status = piq_simulate_into(e, x, &meter, &done, totals, err);
    if (status == PIQ_OK)
        piq_meter_end(&meter, done);
    return status;
}

static int simulate(const piq_command *self, int argc, char **argv)
{
    int64_t seed = 1, learners = 100, events = 200, first = 1, days = 90;
    const char *curriculum = NULL;
    piq_arguments args;
    piq_engine *e;
    piq_err err = {0};
    piq_bulk_totals totals = {0};
    const piq_option options[] = {
        {"seed", PIQ_OPT_INT, &seed, 0, INT64_MAX},
        {"learners", PIQ_OPT_INT, &learners, 1, 10000000},
        {"events", PIQ_OPT_INT, &events, 1, 1000000},
        {"first-user", PIQ_OPT_INT, &first, 1, INT64_MAX - 10000000},
        {"days", PIQ_OPT_INT, &days, 1, 3650},
        {"curriculum", PIQ_OPT_TEXT, &curriculum, 0, 0},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code >= 0)
        return code;
    if (piq_open_engine(args.db, true, NULL, NULL, &e, &err))
        return piq_could_not(&err);
    int64_t start_ns = piq_clock_monotonic_ns();
    const piq_simulation x = {(uint64_t)seed, first, (size_t)learners,
                              (size_t)events, (double)days};
    piq_status status = need_curriculum(e, curriculum, &err);
    if (status == PIQ_OK)
        status = simulate_all(e, &x, &totals, &err);
    double seconds = (double)(piq_clock_monotonic_ns() - start_ns) / 1e9;
    piq_engine_close(e);
    if (status)
        return piq_could_not(&err);
    printf(args.json ? "{\"learners\":%lld,\"accepted\":%llu,"
                       "\"duplicates\":%llu,\"seconds\":%.3f}\n"
                     : "%lld learners, %llu events accepted, %llu known "
                       "already, in %.2f s\n",
           (long long)learners, (unsigned long long)totals.accepted,
           (unsigned long long)totals.duplicates, seconds);
    return PIQ_DONE;
}

const piq_command piq_cmd_simulate = {
    "simulate", "", "Simulates learners with known hidden ability.",
    "  --learners N     how many (default 100)\n"
    "  --events N       events of each (default 200)\n"
    "  --days N         over so many days up to today (default 90)\n"
    "  --first-user N   id of the first (default 1)\n"
    "  --seed N         same seed, same learners (default 1)\n"
    "  --curriculum FILE  used when the database has none\n",
    simulate};
