/* The PostgreSQL backend: opening, closing, and what holds in between.
 *
 *        commit and other writes         every read
 *                     \                     /
 *                      one of n connections             pool.c
 *                               |
 *           settings, statements, sync: a flight        flight.c
 *                               |
 *             (PgBouncer) --- PostgreSQL 15+
 *
 * Invariants
 *
 *  (1) Durable. What writes says PIQ_OK only after the server said that the
 *      transaction was committed, or after its token was found
 *      (transaction.c). How durable that is is the server's synchronous_commit
 *      and synchronous_standby_names.
 *
 *  (2) Whole or not at all. All rows of a call are between two syncs of a
 *      pipeline, which is one transaction. A statement that could not do what
 *      it was to do raises an error in it.
 *
 *  (3) Once. A write is sent again only when it was refused, or when its token
 *      could be stored by us, which a committed one does not allow.
 *
 *  (4) Visible when committed, not before. A read is one statement. Where
 *      numbers rise over all learners, only those are shown before which
 *      nothing is still to come (schema_sql.c).
 *
 *  (5) No lost update. A state is replaced only where the version is still
 *      the one it was made from; else PIQ_ESTALE and (2).
 *
 *  (6) Numbers. seq, ids and versions of models rise; recommendations of a
 *      commit follow one another; none is given twice.
 *
 *  (7) Nobody sees rows of another tenant. Row-level security is forced, and
 *      denies by default; what a call may see is set in its own transaction
 *      and gone with it, also on a connection that a pooler lends on.
 *
 *  (8) Nothing but a transaction outlives a call on the server: no session
 *      setting, no session lock, and no prepared statement unless asked for.
 *
 *  (9) Waits end. Each wait for the server has a deadline; each attempt to
 *      connect and the patience for all of them too. Once the store was told
 *      its end, none goes beyond that, however many follow one another; but an
 *      attempt to connect that was under way has its connect_timeout.
 *
 * (10) A secret is in `setting` only, and overwritten when it is freed.
 */
#include "store/postgres/conninfo.h"
#include "store/postgres/handle.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/shards.h"

#include <stdlib.h>

static void close_store(piq_store *base)
{
    piq_postgres *s = piq_postgres_of(base);
    piq_pg_shards_close(s->shards);
    piq_pg_pool_release(&s->home.pool);
    piq_pg_setting_release(&s->home.setting);
    free(s);
}

static uint64_t end_place(piq_pg_setting *s, int64_t end_ns)
{
    atomic_store(&s->end_ns, end_ns);
    return atomic_load(&s->n_cut);
}

static uint64_t end_by(piq_store *base, int64_t end_ns)
{
    piq_postgres *s = piq_postgres_of(base);
    uint64_t n_cut = end_place(&s->home.setting, end_ns);
    for (unsigned i = 0; s->shards != NULL && i < s->shards->n; i++)
        n_cut += end_place(&s->shards->at[i].setting, end_ns);
    return n_cut;
}

static const piq_store_ops postgres_ops = {
    .name = "postgres",
    .close = close_store,
    .commit = piq_pg_commit,
    .catalogue = piq_pg_catalogue,
    .put_catalogue = piq_pg_put_catalogue,
    .state = piq_pg_state,
    .snapshot = piq_pg_snapshot,
    .event = piq_pg_event,
    .events = piq_pg_events,
    .answers_after = piq_pg_answers_after,
    .recommendation = piq_pg_recommendation,
    .recommendations = piq_pg_recommendations,
    .shown = piq_pg_shown,
    .slates_after = piq_pg_slates_after,
    .slate_of = piq_pg_slate_of,
    .path = piq_pg_path,
    .path_head = piq_pg_path_head,
    .profile = piq_pg_profile,
    .calibration = piq_pg_calibration,
    .calibrations = piq_pg_calibrations,
    .put_model = piq_pg_put_model,
    .models = piq_pg_models,
    .model = piq_pg_model,
    .drop_model = piq_pg_drop_model,
    .promote = piq_pg_promote,
    .champions = piq_pg_champions,
    .champion = piq_pg_champion,
    .put_rules = piq_pg_put_rules,
    .rules = piq_pg_rules,
    .rule_versions = piq_pg_rule_versions,
    .put_experiment = piq_pg_put_experiment,
    .stop_experiment = piq_pg_stop_experiment,
    .experiments = piq_pg_experiments,
    .exposures = piq_pg_exposures,
    .policy_marks = piq_pg_policy_marks,
    .record = piq_pg_record,
    .records = piq_pg_records,
    .put_records = piq_pg_put_records,
    .changes = piq_pg_changes,
    .last_change = piq_pg_last_change,
    .erase = piq_pg_erase,
    .dump = piq_pg_dump,
    .load = piq_pg_load,
    .tidy = piq_pg_tidy,
    .forget_log = piq_pg_forget_log,
    .users = piq_pg_users,
    .catalogue_version = piq_pg_catalogue_version,
    .counts = piq_pg_counts,
    .ping = piq_pg_ping,
    .misses = piq_pg_misses,
    .end_by = end_by,
};

/* The first connection brings the schema up to date. */
static piq_status prepare_place(piq_postgres *s, const piq_postgres_options *o,
                                piq_err *err)
{
    piq_pg_conn *c;
    piq_status st = piq_pg_borrow(&s->home, &c, err);
    if (st != PIQ_OK)
        return st;
    st = piq_pg_shards_open(s, c, o, err);
    piq_pg_return(&s->home, c);
    if (st == PIQ_OK)
        st = piq_pg_keeper_start(s, err);
    return st;
}

piq_status piq_postgres_open(const char *conninfo,
                             const piq_postgres_options *options,
                             piq_store **out, piq_err *err)
{
    piq_postgres_options o =
        options != NULL ? *options : (piq_postgres_options){0};
    piq_postgres *s =
        piq_alloc_should_fail() ? NULL : calloc(1, sizeof(piq_postgres));
    if (s == NULL)
        return piq_fail(err, PIQ_ENOMEM,
                        "could not open a PostgreSQL store: out of memory");
    s->base.ops = &postgres_ops;
    piq_status st = piq_pg_conninfo_read(conninfo, &o, &s->home.setting, err);
    if (st != PIQ_OK) {
        free(s);
        return st;
    }
    if (piq_pg_pool_init(&s->home.pool, o.n_connections, o.patience_ms,
                         &s->home.setting)) {
        st = prepare_place(s, &o, err);
        if (st == PIQ_OK) {
            *out = &s->base;
            return PIQ_OK;
        }
        piq_pg_shards_close(s->shards);
        piq_pg_pool_release(&s->home.pool);
    } else {
        st = piq_fail(err, PIQ_ENOMEM, "could not make a lock for %s",
                      s->home.setting.place);
    }
    piq_pg_setting_release(&s->home.setting);
    free(s);
    return st;
}
