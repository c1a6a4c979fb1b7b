/* Rule sets, what a learner was shown (which rules look at), and whether rules
 * or experiments have changed. */
#include "base/calendar.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

/* ---- rule sets ------------------------------------------------------- */

static piq_status write_rules(piq_sqlite_conn *w, void *ctx, piq_err *err)
{
    const piq_rules_row *row = ctx;
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_RULES, &q);
    piq_sqlite_bind_i64(&q, row->version);
    piq_sqlite_bind_i64(&q, row->made_us);
    piq_sqlite_bind_text(&q, row->document);
    int rc = piq_sqlite_run(&q);
    if (rc != SQLITE_OK)
        return piq_sqlite_fail(err, w->db, w->path, rc, "store rules");
    if (sqlite3_changes(w->db) == 1)
        return PIQ_OK;
    piq_fail(err, PIQ_ESTALE,
             "could not store version %" PRIu32
             " of the rules: it does not follow the last one",
             row->version);
    piq_err_at(err, "rule_sets");
    return PIQ_ESTALE;
}

piq_status piq_sqlite_put_rules(piq_store *s, const piq_rules_row *row,
                                piq_err *err)
{
    piq_rules_row r = *row;
    return piq_sqlite_transact(piq_sqlite_of(s), write_rules, &r, err);
}

piq_status piq_sqlite_rules(piq_store *s, piq_arena *a, uint32_t version,
                            piq_rules_row *out, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s,
                          version == 0 ? PIQ_SQL_NEWEST_RULES : PIQ_SQL_RULES,
                          &r, "read version %" PRIu32 " of the rules", version);
    if (version != 0)
        piq_sqlite_bind_i64(&r.q, version);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    piq_rules_row row = {.version = (uint32_t)piq_sqlite_i64(&r.q, 0),
                         .made_us = piq_sqlite_i64(&r.q, 1)};
    if (!piq_sqlite_copy(&r.q, a, 2, &row.document))
        return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    *out = row;
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

piq_status piq_sqlite_rule_versions(piq_store *s, piq_arena *a, size_t limit,
                                    piq_rules_row **out, size_t *n,
                                    piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_RULE_VERSIONS, &r,
                          "list the versions of the rules");
    piq_sqlite_bind_count(&r.q, limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_rules_row)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_rules_row *row = piq_sqlite_rows_add(&rows, a);
        if (row == NULL)
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        row->version = (uint32_t)piq_sqlite_i64(&r.q, 0);
        row->made_us = piq_sqlite_i64(&r.q, 1);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

/* ---- shown ----------------------------------------------------------- */

static bool take_shown(const piq_sqlite_call *q, piq_shown *out)
{
    *out = (piq_shown){.recommendation = piq_sqlite_i64(q, 3),
                       .content = {piq_sqlite_i64(q, 0)},
                       .action = PIQ_ACTION_NONE};
    return piq_time_parse(piq_sqlite_bytes(q, 1), &out->at_us) &&
           (piq_sqlite_is_null(q, 2) ||
            piq_user_action_of(piq_sqlite_bytes(q, 2), &out->action));
}

/* Rows come newest first, and the first that is too old is the last looked
 * at. */
piq_status piq_sqlite_shown(piq_store *s, piq_arena *a, piq_user_id user,
                            int64_t since_us, size_t limit, piq_shown **out,
                            size_t *n, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_SHOWN, &r,
                          "read what a learner was shown");
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_sqlite_bind_count(&r.q, limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_shown)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_shown one;
        if (!take_shown(&r.q, &one))
            return piq_sqlite_read_fail(&r, PIQ_ECORRUPT, err);
        if (one.at_us < since_us) {
            rc = SQLITE_DONE;
            break;
        }
        piq_shown *row = piq_sqlite_rows_add(&rows, a);
        if (row == NULL)
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        *row = one;
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

/* ---- changes --------------------------------------------------------- */

piq_status piq_sqlite_policy_marks(piq_store *s, uint32_t *rules,
                                   uint64_t *experiments, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_POLICY_MARKS, &r,
                          "see whether rules or experiments have changed");
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    *rules = (uint32_t)piq_sqlite_i64(&r.q, 0);
    *experiments = (uint64_t)piq_sqlite_i64(&r.q, 1);
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}
