/* What a learner is shown, read back. */
#include "domain/words.h"
#include "store/postgres/handle.h"

#include <inttypes.h>

enum { MAX_HEAD = 1 << 30 };

static bool take_action(const PGresult *r, int i, int column,
                        piq_user_action *out)
{
    *out = PIQ_ACTION_NONE;
    return piq_pg_is_null(r, i, column) ||
           piq_user_action_of(piq_pg_get_bytes(r, i, column), out);
}

/* ---- recommendations ---------------------------------------------------- */

static piq_status take_recommendation(const PGresult *r, int i, piq_arena *a,
                                      piq_recommendation_row *out)
{
    out->id = piq_pg_get_i64(r, i, 0);
    out->content.v = piq_pg_get_i64(r, i, 2);
    out->score = piq_pg_is_null(r, i, 3) ? 0 : piq_pg_get_f64(r, i, 3);
    out->recommended_us = piq_pg_get_i64(r, i, 5);
    out->feedback_score = (uint8_t)piq_pg_get_i64(r, i, 7);
    if (!piq_content_type_of(piq_pg_get_bytes(r, i, 1), &out->type) ||
        !take_action(r, i, 6, &out->action))
        return PIQ_ECORRUPT;
    return piq_pg_copy(r, a, i, 4, &out->reasoning) ? PIQ_OK : PIQ_ENOMEM;
}

piq_status piq_pg_recommendation(piq_store *s, piq_arena *a, piq_user_id user,
                                 int64_t id, piq_recommendation_row *out,
                                 piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_RECOMMENDATION, "read recommendation %" PRId64,
                     id);
    piq_pg_i64(&q, id);
    piq_pg_i64(&q, user.v);
    piq_status st = piq_pg_query_one(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_recommendation_row row = {.user = user};
    st = take_recommendation(r, 0, a, &row);
    if (st == PIQ_OK)
        *out = row;
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_recommendations(piq_store *s, piq_arena *a, piq_user_id user,
                                  size_t limit, piq_recommendation_row **out,
                                  size_t *n, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_RECOMMENDATIONS,
                     "read a learner's recommendations");
    piq_pg_i64(&q, user.v);
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_recommendation_row *rows =
        piq_new(a, piq_recommendation_row, (size_t)n_rows);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < n_rows && st == PIQ_OK; i++) {
        rows[i].user = user;
        st = take_recommendation(r, i, a, &rows[i]);
    }
    if (st == PIQ_OK) {
        *out = rows;
        *n = (size_t)n_rows;
    }
    return piq_pg_end(s, r, &q, st, err);
}

/* Rows come newest first, and the first that is too old ends them. */
piq_status piq_pg_shown(piq_store *s, piq_arena *a, piq_user_id user,
                        int64_t since_us, size_t limit, piq_shown **out,
                        size_t *n, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_SHOWN, "read what a learner was shown");
    piq_pg_i64(&q, user.v);
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r), i = 0;
    piq_shown *rows = piq_new(a, piq_shown, (size_t)n_rows);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (; i < n_rows && st == PIQ_OK; i++) {
        if (piq_pg_get_i64(r, i, 1) < since_us)
            break;
        rows[i] = (piq_shown){.recommendation = piq_pg_get_i64(r, i, 3),
                              .content = {piq_pg_get_i64(r, i, 0)},
                              .at_us = piq_pg_get_i64(r, i, 1)};
        if (!take_action(r, i, 2, &rows[i].action))
            st = PIQ_ECORRUPT;
    }
    if (st == PIQ_OK) {
        *out = rows;
        *n = (size_t)i;
    }
    return piq_pg_end(s, r, &q, st, err);
}

/* ---- path and profile ---------------------------------------------------- */

piq_status piq_pg_path(piq_store *s, piq_arena *a, piq_user_id user,
                       piq_path_row *out, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_PATH, "read a learner's path");
    piq_pg_i64(&q, user.v);
    piq_status st = piq_pg_query_one(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_path_row row = {
        .user = user,
        .id = piq_pg_get_i64(r, 0, 0),
        .current_position = (int32_t)piq_pg_get_i64(r, 0, 2),
        .estimated_completion_us =
            piq_pg_is_null(r, 0, 3) ? INT64_MAX : piq_pg_get_i64(r, 0, 3),
        .created_us = piq_pg_get_i64(r, 0, 5),
        .state_version = piq_pg_get_i64(r, 0, 6),
    };
    if (!piq_pg_copy(r, a, 0, 1, &row.path_config) ||
        !piq_pg_copy(r, a, 0, 4, &row.adaptation_history))
        st = PIQ_ENOMEM;
    else
        *out = row;
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_path_head(piq_store *s, piq_arena *a, piq_user_id user,
                            size_t n_steps, piq_str *path_config, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_PATH_HEAD, "read the head of a learner's path");
    piq_pg_i64(&q, user.v);
    /* As a subscript it is of 32 bits, with the position. */
    piq_pg_count(&q, n_steps < MAX_HEAD ? n_steps : MAX_HEAD);
    piq_status st = piq_pg_query_one(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    if (!piq_pg_copy(r, a, 0, 0, path_config))
        st = PIQ_ENOMEM;
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_profile(piq_store *s, piq_arena *a, piq_user_id user,
                          piq_profile_row *out, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_PROFILE, "read a learner's profile");
    piq_pg_i64(&q, user.v);
    piq_status st = piq_pg_query_one(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_profile_row row = {.user = user,
                           .updated_us = piq_pg_get_i64(r, 0, 4),
                           .state_version = piq_pg_get_i64(r, 0, 5)};
    if (!piq_pg_copy(r, a, 0, 0, &row.skill_profile) ||
        !piq_pg_copy(r, a, 0, 1, &row.learning_style) ||
        !piq_pg_copy(r, a, 0, 2, &row.behavioral_metrics) ||
        !piq_pg_copy(r, a, 0, 3, &row.goals))
        st = PIQ_ENOMEM;
    else
        *out = row;
    return piq_pg_end(s, r, &q, st, err);
}
