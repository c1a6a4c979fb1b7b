/* What a learner is shown, read back. Times in these three tables are text. */
#include "base/buf.h"
#include "base/calendar.h"
#include "domain/plan.h"
#include "domain/words.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

enum { HEAD_BYTES = 8 << 10 };

static bool take_time(const piq_sqlite_call *q, int column, int64_t *at_us)
{
    return piq_time_parse(piq_sqlite_bytes(q, column), at_us);
}

/* ---- recommendations ------------------------------------------------- */

static piq_status take_recommendation(const piq_sqlite_call *q, piq_arena *a,
                                      piq_recommendation_row *out)
{
    out->id = piq_sqlite_i64(q, 0);
    out->content.v = piq_sqlite_i64(q, 2);
    out->score = sqlite3_column_double(q->stmt, 3);
    out->action = PIQ_ACTION_NONE;
    out->feedback_score = (uint8_t)piq_sqlite_i64(q, 7);
    bool sound = piq_content_type_of(piq_sqlite_bytes(q, 1), &out->type) &&
                 take_time(q, 5, &out->recommended_us) &&
                 (piq_sqlite_is_null(q, 6) ||
                  piq_user_action_of(piq_sqlite_bytes(q, 6), &out->action));
    if (!sound)
        return PIQ_ECORRUPT;
    return piq_sqlite_copy(q, a, 4, &out->reasoning) ? PIQ_OK : PIQ_ENOMEM;
}

piq_status piq_sqlite_recommendation(piq_store *s, piq_arena *a,
                                     piq_user_id user, int64_t id,
                                     piq_recommendation_row *out, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_RECOMMENDATION, &r,
                          "read recommendation %" PRId64, id);
    piq_sqlite_bind_i64(&r.q, id);
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    piq_recommendation_row row = {.user = user};
    st = take_recommendation(&r.q, a, &row);
    if (st != PIQ_OK)
        return piq_sqlite_read_fail(&r, st, err);
    *out = row;
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

piq_status piq_sqlite_recommendations(piq_store *s, piq_arena *a,
                                      piq_user_id user, size_t limit,
                                      piq_recommendation_row **out, size_t *n,
                                      piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_RECOMMENDATIONS, &r,
                          "read a learner's recommendations");
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_sqlite_bind_count(&r.q, limit);
    piq_sqlite_rows rows = {.row_bytes = sizeof(piq_recommendation_row)};
    int rc;
    while ((rc = piq_sqlite_step(&r.q)) == SQLITE_ROW) {
        piq_recommendation_row *row = piq_sqlite_rows_add(&rows, a);
        if (row == NULL)
            return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
        row->user = user;
        piq_status st = take_recommendation(&r.q, a, row);
        if (st != PIQ_OK)
            return piq_sqlite_read_fail(&r, st, err);
    }
    piq_status st = piq_sqlite_read_end(&r, rc, err);
    if (st != PIQ_OK)
        return st;
    *out = rows.at;
    *n = rows.n;
    return PIQ_OK;
}

/* ---- path and profile ------------------------------------------------ */

static piq_status take_path(const piq_sqlite_call *q, piq_arena *a,
                            piq_path_row *out)
{
    out->id = piq_sqlite_i64(q, 0);
    out->current_position = (int32_t)piq_sqlite_i64(q, 2);
    out->estimated_completion_us = INT64_MAX;
    out->state_version = piq_sqlite_i64(q, 6);
    if (!piq_sqlite_is_null(q, 3) &&
        !take_time(q, 3, &out->estimated_completion_us))
        return PIQ_ECORRUPT;
    if (!take_time(q, 5, &out->created_us))
        return PIQ_ECORRUPT;
    return piq_sqlite_copy(q, a, 1, &out->path_config) &&
                   piq_sqlite_copy(q, a, 4, &out->adaptation_history)
               ? PIQ_OK
               : PIQ_ENOMEM;
}

piq_status piq_sqlite_path(piq_store *s, piq_arena *a, piq_user_id user,
                           piq_path_row *out, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_PATH, &r, "read a learner's path");
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    piq_path_row row = {.user = user};
    st = take_path(&r.q, a, &row);
    if (st != PIQ_OK)
        return piq_sqlite_read_fail(&r, st, err);
    *out = row;
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}

/* ---- the head of a path ----------------------------------------------- */

/* A row of years lies on 65 pages, each of which names the next: with a column
 * as a whole, or one behind it, all are read. So its beginning is read as
 * bytes, and more of it until the steps that are wanted are there. */
static int cut_start(sqlite3_blob *blob, size_t n_steps, piq_buf *bytes,
                     piq_buf *out)
{
    const size_t all = (size_t)sqlite3_blob_bytes(blob);
    for (;;) {
        size_t n = bytes->len > 0 ? bytes->len : HEAD_BYTES;
        if (n > all - bytes->len)
            n = all - bytes->len;
        char *room = piq_buf_room(bytes, n);
        if (room == NULL)
            return SQLITE_NOMEM;
        int rc = sqlite3_blob_read(blob, room, (int)n, (int)bytes->len);
        if (rc != SQLITE_OK)
            return rc;
        piq_buf_wrote(bytes, n);
        if (piq_plan_cut_start((piq_str){bytes->ptr, bytes->len},
                               bytes->len == all, n_steps, out))
            return out->status == PIQ_OK ? SQLITE_OK : SQLITE_NOMEM;
    }
}

/* Of the row of the statement that is open, so nobody replaces it. */
static int read_head(const piq_sqlite_read *r, size_t n_steps, piq_buf *out)
{
    sqlite3_blob *blob = NULL;
    piq_buf bytes;
    piq_buf_init(&bytes, 0);
    int rc =
        sqlite3_blob_open(r->conn->db, "main", "learning_paths", "path_config",
                          piq_sqlite_i64(&r->q, 0), 0, &blob);
    if (rc == SQLITE_OK)
        rc = cut_start(blob, n_steps, &bytes, out);
    piq_buf_release(&bytes);
    sqlite3_blob_close(blob);
    return rc;
}

piq_status piq_sqlite_path_head(piq_store *s, piq_arena *a, piq_user_id user,
                                size_t n_steps, piq_str *path_config,
                                piq_err *err)
{
    piq_sqlite_read r;
    piq_buf head;
    piq_buf_init(&head, 0);
    piq_sqlite_read_begin(s, PIQ_SQL_PATH_ID, &r,
                          "read the head of a learner's path");
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    int rc = read_head(&r, n_steps, &head);
    piq_str kept = {0};
    if (rc == SQLITE_OK)
        kept = piq_buf_keep(&head, a);
    piq_buf_release(&head);
    if (rc == SQLITE_NOMEM || (rc == SQLITE_OK && kept.ptr == NULL))
        return piq_sqlite_read_fail(&r, PIQ_ENOMEM, err);
    if (rc == SQLITE_OK)
        *path_config = kept;
    return piq_sqlite_read_end(&r, rc, err);
}

/* ---- profiles --------------------------------------------------------- */

static piq_status take_profile(const piq_sqlite_call *q, piq_arena *a,
                               piq_profile_row *out)
{
    out->state_version = piq_sqlite_i64(q, 5);
    if (!take_time(q, 4, &out->updated_us))
        return PIQ_ECORRUPT;
    return piq_sqlite_copy(q, a, 0, &out->skill_profile) &&
                   piq_sqlite_copy(q, a, 1, &out->learning_style) &&
                   piq_sqlite_copy(q, a, 2, &out->behavioral_metrics) &&
                   piq_sqlite_copy(q, a, 3, &out->goals)
               ? PIQ_OK
               : PIQ_ENOMEM;
}

piq_status piq_sqlite_profile(piq_store *s, piq_arena *a, piq_user_id user,
                              piq_profile_row *out, piq_err *err)
{
    piq_sqlite_read r;
    piq_sqlite_read_begin(s, PIQ_SQL_PROFILE, &r, "read a learner's profile");
    piq_sqlite_bind_i64(&r.q, user.v);
    piq_status st = piq_sqlite_read_one(&r, err);
    if (st != PIQ_OK)
        return st;
    piq_profile_row row = {.user = user};
    st = take_profile(&r.q, a, &row);
    if (st != PIQ_OK)
        return piq_sqlite_read_fail(&r, st, err);
    *out = row;
    return piq_sqlite_read_end(&r, SQLITE_OK, err);
}
