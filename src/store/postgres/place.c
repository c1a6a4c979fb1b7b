#include "store/postgres/place.h"

#include "base/log.h"

/* Whoever asked is not told where it is, only which. */
static void hint_which(const piq_pg_place *p, piq_err *err)
{
    piq_err_hint(err,
                 "%s cannot be reached; its learners are served again when it "
                 "is back, all others are served",
                 p->name);
}

/* Said once an outage, by whoever notices first. */
static void note(piq_pg_place *p, piq_status st, piq_err *err)
{
    bool before = false;
    if (st != PIQ_EIO || !p->is_shard || atomic_load(&p->setting.end_ns) != 0)
        return;
    hint_which(p, err);
    if (!atomic_compare_exchange_strong(&p->down, &before, true))
        return;
    piq_log_field field = piq_log_z("shard", p->setting.place);
    piq_log(PIQ_LOG_WARN, 0, "a shard cannot be reached", &field, 1);
}

piq_status piq_pg_borrow(piq_pg_place *p, piq_pg_conn **out, piq_err *err)
{
    if (atomic_load(&p->down)) {
        piq_fail(err, PIQ_EIO, "%s cannot be reached", p->setting.place);
        piq_err_at(err, "%s", p->setting.place);
        hint_which(p, err);
        return PIQ_EIO;
    }
    piq_status st = piq_pg_pool_borrow(&p->pool, out, err);
    note(p, st, err);
    return st;
}

piq_status piq_pg_mend(piq_pg_place *p, piq_pg_conn *c, piq_err *err)
{
    piq_status st = piq_pg_pool_mend(&p->pool, c, err);
    note(p, st, err);
    return st;
}

void piq_pg_return(piq_pg_place *p, piq_pg_conn *c)
{
    piq_pg_pool_return(&p->pool, c);
}
