/* export.c - every event, as NDJSON that piq import takes back. Of each learner
 * in fold order, but what voids comes behind what it voids. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

enum { USERS_PIECE = 1000, EVENTS_PIECE = 2048 };

/* {"event_id":..} becomes {"user_id":"7","event_id":..}. */
static bool print_event(const piq_event_row *row)
{
    return printf("{\"user_id\":\"%lld\",%.*s\n", (long long)row->user.v,
                  (int)row->body.len - 1, row->body.ptr + 1) > 0;
}

/* A learner's voids, or all that are none; *n_voids counts them. */
static piq_status print_events(piq_store *store, piq_arena *a, piq_user_id user,
                               bool voids, uint64_t *n_voids, uint64_t *n_all,
                               piq_err *err)
{
    char last[PIQ_MAX_EVENT_ID_BYTES];
    piq_event_range range = {.user = user,
                             .after_us = INT64_MIN,
                             .until_us = INT64_MAX,
                             .limit = EVENTS_PIECE};
    size_t n = EVENTS_PIECE;
    *n_voids = *n_all = 0;
    while (n == EVENTS_PIECE) {
        piq_event_row *rows;
        piq_arena_clear(a);
        piq_status status =
            store->ops->events(store, a, &range, &rows, &n, err);
        if (status)
            return status;
        for (size_t i = 0; i < n; i++) {
            *n_voids += rows[i].type == PIQ_EV_VOIDED;
            if ((rows[i].type == PIQ_EV_VOIDED) == voids &&
                !print_event(&rows[i]))
                return piq_fail(err, PIQ_EIO,
                                "could not write to standard output");
        }
        *n_all += n;
        if (n) {
            range.after_us = rows[n - 1].at_us;
            memcpy(last, rows[n - 1].event_id.ptr, rows[n - 1].event_id.len);
            range.after_id = (piq_str){last, rows[n - 1].event_id.len};
        }
    }
    return PIQ_OK;
}

static piq_status export_user(piq_store *store, piq_arena *a, piq_user_id user,
                              uint64_t *n_events, piq_err *err)
{
    uint64_t n_voids, n = 0;
    piq_status status = print_events(store, a, user, false, &n_voids, &n, err);
    if (status == PIQ_OK && n_voids)
        status = print_events(store, a, user, true, &n_voids, &n, err);
    *n_events += n;
    return status;
}

static piq_status export_all(piq_store *store, uint64_t *n_events, piq_err *err)
{
    piq_arena users_arena, events_arena;
    piq_user_id after = {0};
    size_t n = USERS_PIECE;
    piq_status status = PIQ_OK;
    piq_arena_init(&users_arena, 0);
    piq_arena_init(&events_arena, 0);
    while (n == USERS_PIECE && status == PIQ_OK) {
        piq_user_id *users;
        piq_arena_clear(&users_arena);
        status = store->ops->users(store, &users_arena, after, USERS_PIECE,
                                   &users, &n, err);
        for (size_t i = 0; i < n && status == PIQ_OK; i++)
            status = export_user(store, &events_arena, users[i], n_events, err);
        if (status == PIQ_OK && n)
            after = users[n - 1];
    }
    piq_arena_release(&users_arena);
    piq_arena_release(&events_arena);
    return status;
}

static int export(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    piq_engine *e;
    piq_err err = {0};
    piq_user_id user = {0};
    uint64_t n = 0;
    piq_arena a;
    int code = piq_parse_arguments(self, argc, argv, NULL, 0, 1, &args);
    if (code >= 0)
        return code;
    if (args.n_rest && !piq_parse_user(args.rest[0], &user))
        return piq_wrong_use(self, "USER is a positive integer, not %s",
                             args.rest[0]);
    if (piq_open_existing(args.db, &e, &err))
        return piq_could_not(&err);
    piq_arena_init(&a, 0);
    piq_status status =
        user.v ? export_user(piq_engine_store(e), &a, user, &n, &err)
               : export_all(piq_engine_store(e), &n, &err);
    if (status == PIQ_OK && fflush(stdout))
        status = piq_fail(&err, PIQ_EIO, "could not write to standard output");
    if (status == PIQ_OK && user.v && !n)
        status = piq_fail(&err, PIQ_ENOTFOUND,
                          "learner %lld was never heard of", (long long)user.v);
    piq_arena_release(&a);
    piq_engine_close(e);
    if (status)
        return piq_could_not(&err);
    fprintf(stderr, "%llu events\n", (unsigned long long)n);
    return PIQ_DONE;
}

const piq_command piq_cmd_export = {
    "export", "[USER]",
    "Writes all events, or one learner's, as NDJSON to standard output.", "",
    export};
