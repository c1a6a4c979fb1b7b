/* replay.c - folds every learner's events anew and compares with the stored
 * state, byte for byte; plans every path anew and compares it too. */
#include "cli/command.h"

enum { USERS_PIECE = 1000 };

typedef struct tally {
    uint64_t learners, events, differing;
    uint64_t digest; /* of all states together */
    uint64_t paths, paths_differing;
    uint64_t paths_forgotten; /* too long a history to say */
} tally;

static piq_status replay_path(piq_engine *e, piq_user_id user, tally *t,
                              piq_err *err)
{
    piq_path_replay found = PIQ_PATH_NONE;
    piq_status status = piq_engine_replay_path(e, user, &found, err);
    if (status == PIQ_ECORRUPT) {
        fprintf(stderr, "learner %lld: %s\n", (long long)user.v, err->message);
        found = PIQ_PATH_DIFFERS;
    } else if (status) {
        return status;
    } else if (found == PIQ_PATH_DIFFERS) {
        fprintf(stderr, "learner %lld: the stored path differs\n",
                (long long)user.v);
    }
    t->paths += found != PIQ_PATH_NONE;
    t->paths_differing += found == PIQ_PATH_DIFFERS;
    t->paths_forgotten += found == PIQ_PATH_FORGOTTEN;
    return PIQ_OK;
}

static piq_status replay_one(piq_engine *e, piq_user_id user, tally *t,
                             piq_err *err)
{
    bool same;
    uint64_t digest;
    size_t n;
    piq_status status = piq_engine_replay(e, user, &same, &digest, &n, err);
    if (status == PIQ_ECORRUPT) { /* counted, so that all are looked at */
        t->learners++;
        t->differing++;
        fprintf(stderr, "learner %lld: %s\n", (long long)user.v, err->message);
        return PIQ_OK;
    }
    if (status == PIQ_ENOTFOUND)
        return piq_fail(err, status, "learner %lld was never heard of",
                        (long long)user.v);
    if (status)
        return status;
    t->learners++;
    t->events += n;
    t->digest += piq_hash_u64(digest ^ (uint64_t)user.v);
    if (!same) {
        t->differing++;
        fprintf(stderr, "learner %lld: the stored state differs\n",
                (long long)user.v);
    }
    return replay_path(e, user, t, err);
}

static piq_status replay_all(piq_engine *e, tally *t, piq_err *err)
{
    piq_store *store = piq_engine_store(e);
    piq_arena a;
    piq_user_id after = {0};
    size_t n = USERS_PIECE;
    piq_status status = PIQ_OK;
    piq_store_counts counts;
    piq_meter meter;
    status = store->ops->counts(store, &counts, err);
    if (status)
        return status;
    piq_meter_begin(&meter, "replaying learners", counts.learners);
    piq_arena_init(&a, 0);
    while (n == USERS_PIECE && status == PIQ_OK) {
        piq_user_id *users;
        piq_arena_clear(&a);
        status =
            store->ops->users(store, &a, after, USERS_PIECE, &users, &n, err);
        for (size_t i = 0; i < n && status == PIQ_OK; i++) {
            status = replay_one(e, users[i], t, err);
            after = users[i];
            piq_meter_at(&meter, t->learners);
        }
    }
    piq_arena_release(&a);
    piq_meter_end(&meter, t->learners);
    return status;
}

static void print_tally(const tally *t, bool as_json)
{
    printf(as_json ? "{\"learners\":%llu,\"events\":%llu,\"differing\":%llu,"
                     "\"digest\":\"%016llx\",\"paths\":%llu,"
                     "\"paths_differing\":%llu,\"paths_forgotten\":%llu}\n"
                   : "%llu learners, %llu events, %llu differing, digest "
                     "%016llx; %llu paths, %llu differing, %llu whose first "
                     "plan is forgotten\n",
           (unsigned long long)t->learners, (unsigned long long)t->events,
           (unsigned long long)t->differing, (unsigned long long)t->digest,
           (unsigned long long)t->paths, (unsigned long long)t->paths_differing,
           (unsigned long long)t->paths_forgotten);
}

static int replay(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    piq_engine *e;
    piq_err err = {0};
    piq_user_id user = {0};
    tally t = {0};
    int code = piq_parse_arguments(self, argc, argv, NULL, 0, 1, &args);
    if (code >= 0)
        return code;
    if (args.n_rest && !piq_parse_user(args.rest[0], &user))
        return piq_wrong_use(self, "USER is a positive integer, not %s",
                             args.rest[0]);
    if (piq_open_existing(args.db, &e, &err))
        return piq_could_not(&err);
    piq_status status =
        user.v ? replay_one(e, user, &t, &err) : replay_all(e, &t, &err);
    piq_engine_close(e);
    if (status)
        return piq_could_not(&err);
    print_tally(&t, args.json);
    return t.differing || t.paths_differing ? PIQ_COULD_NOT : PIQ_DONE;
}

const piq_command piq_cmd_replay = {
    "replay", "[USER]",
    "Folds all events and plans all paths anew, and compares.", "", replay};
