/* The rows behind what a learner is shown: recommendations with their log and
 * feedback, paths, profiles. */
#include "base/calendar.h"
#include "domain/words.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

#include <inttypes.h>

/* A row that must be there is not. */
static piq_status missing(piq_err *err, const char *table, const char *what,
                          int64_t id)
{
    piq_fail(err, PIQ_ENOTFOUND,
             "could not change %s %" PRId64
             ": the learner has none of that number",
             what, id);
    piq_err_at(err, "%s", table);
    return PIQ_ENOTFOUND;
}

/* `text` holds the bytes until the statement has run. */
static void bind_time(piq_sqlite_call *q, int64_t at_us, char text[32])
{
    size_t len = piq_time_format(at_us, text);
    piq_sqlite_bind_text(q, (piq_str){text, len});
}

static void bind_action(piq_sqlite_call *q, piq_user_action action)
{
    if (action == PIQ_ACTION_NONE)
        piq_sqlite_bind_null(q);
    else
        piq_sqlite_bind_z(q, piq_user_action_name(action));
}

static void bind_feedback_score(piq_sqlite_call *q, uint8_t score)
{
    if (score == 0)
        piq_sqlite_bind_null(q);
    else
        piq_sqlite_bind_i64(q, score);
}

/* *is: a row made from that version of the learner's state is of a learner who
 * was not erased since. */
static piq_status is_alive(piq_sqlite_conn *w, piq_user_id user,
                           int64_t state_version, int64_t floor, bool *is,
                           piq_err *err)
{
    *is = true;
    if (floor == 0)
        return PIQ_OK; /* nobody ever was */
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_IS_ALIVE, &q);
    piq_sqlite_bind_i64(&q, state_version);
    piq_sqlite_bind_i64(&q, user.v);
    int rc = piq_sqlite_step(&q);
    *is = rc == SQLITE_ROW ? piq_sqlite_i64(&q, 0) != 0 : state_version > floor;
    piq_sqlite_end(&q);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc, "look for a learner");
}

piq_status piq_sqlite_check_alive(piq_sqlite_conn *w, piq_user_id user,
                                  int64_t state_version, int64_t floor,
                                  piq_err *err)
{
    bool is;
    piq_status st = is_alive(w, user, state_version, floor, &is, err);
    if (st != PIQ_OK || is)
        return st;
    piq_fail(err, PIQ_ESTALE,
             "could not store what was made from a state that was erased");
    piq_err_at(err, "learner_state");
    return PIQ_ESTALE;
}

/* ---- recommendations ------------------------------------------------- */

static int insert_recommendation(piq_sqlite_conn *w,
                                 const piq_recommendation_row *r)
{
    char at[32];
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_RECOMMENDATION, &q);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_z(&q, piq_content_type_name(r->type));
    piq_sqlite_bind_i64(&q, r->content.v);
    piq_sqlite_bind_f64(&q, r->score);
    piq_sqlite_bind_text_or_null(&q, r->reasoning);
    bind_time(&q, r->recommended_us, at);
    bind_action(&q, r->action);
    bind_feedback_score(&q, r->feedback_score);
    return piq_sqlite_run(&q);
}

static piq_status write_recommendations(piq_sqlite_conn *w, const piq_commit *c,
                                        piq_sqlite_ids *ids, piq_err *err)
{
    for (size_t i = 0; i < c->n_recommendations; i++) {
        int rc = insert_recommendation(w, &c->recommendations[i]);
        if (rc != SQLITE_OK)
            return piq_sqlite_fail(err, w->db, w->path, rc,
                                   "store a recommendation");
        piq_status st = piq_sqlite_take_id(w, i, "content_recommendations",
                                           &ids->first_recommendation, err);
        if (st != PIQ_OK)
            return st;
    }
    return PIQ_OK;
}

static int insert_slate(piq_sqlite_conn *w, int64_t id, const piq_slate_row *r,
                        int64_t first_recommendation)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_SLATE, &q);
    piq_sqlite_bind_i64(&q, id);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_i64(&q, r->served_us);
    piq_sqlite_bind_i64(&q, r->state_version);
    piq_sqlite_bind_i64(&q, r->catalogue_version);
    piq_sqlite_bind_text(&q, r->policy);
    piq_sqlite_bind_text(&q, r->request);
    if (r->n_recommendations == 0)
        piq_sqlite_bind_null(&q);
    else
        piq_sqlite_bind_i64(&q, first_recommendation +
                                    (int64_t)r->first_recommendation);
    piq_sqlite_bind_count(&q, r->n_recommendations);
    piq_sqlite_bind_blob(&q, r->candidates);
    return piq_sqlite_run(&q);
}

static piq_status write_slates(piq_sqlite_conn *w, const piq_commit *c,
                               const piq_sqlite_ids *ids, piq_err *err)
{
    int64_t first = 0;
    if (c->n_slates == 0)
        return PIQ_OK;
    piq_status st = piq_sqlite_next_number(w, PIQ_SQL_NEXT_SLATE, &first, err);
    for (size_t i = 0; i < c->n_slates && st == PIQ_OK; i++) {
        const piq_slate_row *r = &c->slates[i];
        PIQ_ASSERT(r->first_recommendation <= c->n_recommendations &&
                   r->n_recommendations <=
                       c->n_recommendations - r->first_recommendation);
        st = piq_sqlite_check_alive(w, r->user, r->state_version, ids->floor,
                                    err);
        if (st != PIQ_OK)
            return st;
        int rc =
            insert_slate(w, first + (int64_t)i, r, ids->first_recommendation);
        if (rc != SQLITE_OK)
            return piq_sqlite_fail(err, w->db, w->path, rc,
                                   "log what was recommended");
    }
    return st;
}

static piq_status write_feedback(piq_sqlite_conn *w, const piq_commit *c,
                                 piq_err *err)
{
    for (size_t i = 0; i < c->n_feedback; i++) {
        const piq_feedback_row *r = &c->feedback[i];
        piq_sqlite_call q;
        piq_sqlite_begin(w, PIQ_SQL_SET_FEEDBACK, &q);
        bind_action(&q, r->action);
        piq_sqlite_bind_i64(&q, r->exact);
        bind_feedback_score(&q, r->feedback_score);
        piq_sqlite_bind_i64(&q, r->exact);
        piq_sqlite_bind_i64(&q, r->recommendation_id);
        piq_sqlite_bind_i64(&q, r->user.v);
        int rc = piq_sqlite_run(&q);
        if (rc != SQLITE_OK)
            return piq_sqlite_fail(err, w->db, w->path, rc, "store feedback");
        if (sqlite3_changes(w->db) == 0)
            return missing(err, "content_recommendations", "recommendation",
                           r->recommendation_id);
    }
    return PIQ_OK;
}

/* ---- paths ----------------------------------------------------------- */

static void bind_completion(piq_sqlite_call *q, int64_t at_us, char text[32])
{
    if (at_us == INT64_MAX)
        piq_sqlite_bind_null(q);
    else
        bind_time(q, at_us, text);
}

static int insert_path(piq_sqlite_conn *w, const piq_path_row *r)
{
    char completion[32], created[32];
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_PATH, &q);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_text(&q, r->path_config);
    piq_sqlite_bind_i64(&q, r->current_position);
    bind_completion(&q, r->estimated_completion_us, completion);
    piq_sqlite_bind_text_or_null(&q, r->adaptation_history);
    bind_time(&q, r->created_us, created);
    piq_sqlite_bind_i64(&q, r->state_version);
    return piq_sqlite_run(&q);
}

static int update_path(piq_sqlite_conn *w, const piq_path_row *r)
{
    char completion[32];
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_SET_PATH, &q);
    piq_sqlite_bind_text(&q, r->path_config);
    piq_sqlite_bind_i64(&q, r->current_position);
    bind_completion(&q, r->estimated_completion_us, completion);
    piq_sqlite_bind_text_or_null(&q, r->adaptation_history);
    piq_sqlite_bind_i64(&q, r->state_version);
    piq_sqlite_bind_i64(&q, r->id);
    piq_sqlite_bind_i64(&q, r->user.v);
    return piq_sqlite_run(&q);
}

static piq_status write_paths(piq_sqlite_conn *w, const piq_commit *c,
                              piq_sqlite_ids *ids, piq_err *err)
{
    size_t n_new = 0;
    for (size_t i = 0; i < c->n_paths; i++) {
        const piq_path_row *r = &c->paths[i];
        piq_status st = piq_sqlite_check_alive(w, r->user, r->state_version,
                                               ids->floor, err);
        if (st != PIQ_OK)
            return st;
        int rc = r->id == 0 ? insert_path(w, r) : update_path(w, r);
        if (rc != SQLITE_OK)
            return piq_sqlite_fail(err, w->db, w->path, rc,
                                   "store a learning path");
        if (r->id != 0 && sqlite3_changes(w->db) == 0)
            return missing(err, "learning_paths", "path", r->id);
        if (r->id == 0)
            st = piq_sqlite_take_id(w, n_new++, "learning_paths",
                                    &ids->first_path, err);
        if (st != PIQ_OK)
            return st;
    }
    return PIQ_OK;
}

/* ---- profiles -------------------------------------------------------- */

static int put_profile(piq_sqlite_conn *w, const piq_profile_row *r)
{
    char at[32];
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_PUT_PROFILE, &q);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_text(&q, r->skill_profile);
    piq_sqlite_bind_text(&q, r->learning_style);
    piq_sqlite_bind_text_or_null(&q, r->behavioral_metrics);
    piq_sqlite_bind_text_or_null(&q, r->goals);
    bind_time(&q, r->updated_us, at);
    piq_sqlite_bind_i64(&q, r->state_version);
    return piq_sqlite_run(&q);
}

static piq_status write_profiles(piq_sqlite_conn *w, const piq_commit *c,
                                 int64_t floor, piq_err *err)
{
    for (size_t i = 0; i < c->n_profiles; i++) {
        const piq_profile_row *r = &c->profiles[i];
        bool alive;
        piq_status st =
            is_alive(w, r->user, r->state_version, floor, &alive, err);
        if (st != PIQ_OK)
            return st;
        int rc = alive ? put_profile(w, r) : SQLITE_OK;
        if (rc != SQLITE_OK)
            return piq_sqlite_fail(err, w->db, w->path, rc, "store a profile");
    }
    return PIQ_OK;
}

piq_status piq_sqlite_write_offers(piq_sqlite_conn *w, const piq_commit *c,
                                   piq_sqlite_ids *ids, piq_err *err)
{
    piq_status st = write_recommendations(w, c, ids, err);
    if (st == PIQ_OK)
        st = write_slates(w, c, ids, err);
    if (st == PIQ_OK)
        st = piq_sqlite_write_exposures(w, c, ids, err);
    if (st == PIQ_OK)
        st = write_feedback(w, c, err);
    if (st == PIQ_OK)
        st = write_paths(w, c, ids, err);
    if (st == PIQ_OK)
        st = write_profiles(w, c, ids->floor, err);
    return st;
}
