/* The rows behind what a learner is shown: recommendations with their log and
 * feedback, exposures, paths, profiles. */
#include "domain/words.h"
#include "store/postgres/handle.h"

static void add_action(piq_pg_call *q, piq_user_action action)
{
    if (action == PIQ_ACTION_NONE)
        piq_pg_add_null(q);
    else
        piq_pg_add_z(q, piq_user_action_name(action));
}

static void add_feedback_score(piq_pg_call *q, uint8_t score)
{
    if (score == 0)
        piq_pg_add_null(q);
    else
        piq_pg_add_i64(q, score);
}

/* ---- recommendations --------------------------------------------------- */

static void add_places(piq_pg_call *q, const int64_t *at, size_t first,
                       size_t n)
{
    piq_pg_array(q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(q, (int64_t)first + piq_pg_at(at, i));
}

static void send_recommendations(piq_pg_flight *f, const piq_pg_rows *rows)
{
    const piq_recommendation_row *r = rows->c.recommendations;
    size_t n = rows->c.n_recommendations;
    piq_pg_call q;
    if (n == 0)
        return;
    piq_pg_call_init(&q, PIQ_PG_ADD_RECOMMENDATIONS, "store recommendations");
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].user.v);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_z(&q, piq_content_type_name(r[i].type));
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].content.v);
    piq_pg_array(&q, PIQ_PG_FLOAT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_f64(&q, r[i].score);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes_or_null(&q, r[i].reasoning);
    piq_pg_array(&q, PIQ_PG_TIMESTAMPTZ);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_time(&q, r[i].recommended_us);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        add_action(&q, r[i].action);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        add_feedback_score(&q, r[i].feedback_score);
    add_places(&q, rows->recommendations_at, 0, n);
    piq_pg_flight_add(f, &q);
}

static void send_slates(piq_pg_flight *f, const piq_pg_rows *rows)
{
    const piq_slate_row *r = rows->c.slates;
    size_t n = rows->c.n_slates;
    piq_pg_call q;
    if (n == 0)
        return;
    piq_pg_call_init(&q, PIQ_PG_ADD_SLATES, "log what was recommended");
    add_places(&q, rows->slates_at, rows->n_events, n);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++) {
        PIQ_ASSERT(r[i].first_recommendation <= rows->n_recommendations &&
                   r[i].n_recommendations <=
                       rows->n_recommendations - r[i].first_recommendation);
        piq_pg_add_i64(&q, r[i].user.v);
    }
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].served_us);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].state_version);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].catalogue_version);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].policy);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].request);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, (int64_t)r[i].first_recommendation);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, (int64_t)r[i].n_recommendations);
    piq_pg_array(&q, PIQ_PG_BYTEA);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].candidates);
    piq_pg_flight_add(f, &q);
}

static void send_exposures(piq_pg_flight *f, const piq_pg_rows *rows)
{
    const piq_exposure_row *r = rows->c.exposures;
    size_t n = rows->c.n_exposures;
    piq_pg_call q;
    if (n == 0)
        return;
    piq_pg_call_init(&q, PIQ_PG_ADD_EXPOSURES, "log the arm of an experiment");
    add_places(&q, rows->exposures_at, rows->n_events + rows->n_slates, n);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++) {
        PIQ_ASSERT(r[i].first_recommendation >= 0 &&
                   (size_t)r[i].first_recommendation + r[i].n_recommendations <=
                       rows->n_recommendations);
        piq_pg_add_i64(&q, r[i].user.v);
    }
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].experiment);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].arm);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].at_us);
    piq_pg_array(&q, PIQ_PG_FLOAT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_f64(&q, r[i].gained);
    piq_pg_array(&q, PIQ_PG_FLOAT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_f64(&q, r[i].practice_s);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].first_recommendation);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, (int64_t)r[i].n_recommendations);
    piq_pg_flight_add(f, &q);
}

static int64_t id_of_feedback(const void *row)
{
    return ((const piq_feedback_row *)row)->recommendation_id;
}

static void send_feedback(piq_pg_flight *f, const piq_feedback_row *r, size_t n)
{
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_SET_FEEDBACK, "store feedback");
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].user.v);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].recommendation_id);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        add_action(&q, r[i].action);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        add_feedback_score(&q, r[i].feedback_score);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].exact);
    piq_pg_flight_add(f, &q);
}

/* ---- paths ------------------------------------------------------------- */

static int64_t id_of_path(const void *row)
{
    return ((const piq_path_row *)row)->id;
}

/* Instants of which INT64_MAX stands for none. */
static void add_completions(piq_pg_call *q, const piq_path_row *r, size_t n)
{
    piq_pg_array(q, PIQ_PG_TIMESTAMPTZ);
    for (size_t i = 0; i < n; i++) {
        if (r[i].estimated_completion_us == INT64_MAX)
            piq_pg_add_null(q);
        else
            piq_pg_add_time(q, r[i].estimated_completion_us);
    }
}

/* All new, or all there already. `n_given`: numbers given before them. */
static void send_paths(piq_pg_flight *f, const piq_path_row *r, size_t n,
                       bool is_new, const int64_t *at, size_t n_given)
{
    piq_pg_call q;
    piq_pg_call_init(&q, is_new ? PIQ_PG_ADD_PATHS : PIQ_PG_SET_PATHS,
                     "store learning paths");
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].user.v);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].path_config);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].current_position);
    add_completions(&q, r, n);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes_or_null(&q, r[i].adaptation_history);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].state_version);
    piq_pg_array(&q, is_new ? PIQ_PG_TIMESTAMPTZ : PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++) {
        if (is_new)
            piq_pg_add_time(&q, r[i].created_us);
        else
            piq_pg_add_i64(&q, r[i].id);
    }
    if (is_new)
        add_places(&q, at, at != NULL ? 0 : n_given, n);
    piq_pg_flight_add(f, &q);
}

/* ---- profiles ---------------------------------------------------------- */

static int64_t user_of_profile(const void *row)
{
    return ((const piq_profile_row *)row)->user.v;
}

static void send_profiles(piq_pg_flight *f, const piq_profile_row *r, size_t n)
{
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_PUT_PROFILES, "store profiles");
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].user.v);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].skill_profile);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, r[i].learning_style);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes_or_null(&q, r[i].behavioral_metrics);
    piq_pg_array(&q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes_or_null(&q, r[i].goals);
    piq_pg_array(&q, PIQ_PG_TIMESTAMPTZ);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_time(&q, r[i].updated_us);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, r[i].state_version);
    piq_pg_flight_add(f, &q);
}

/* ---- in their order ----------------------------------------------------- */

/* Neighbours that are new go together: their numbers follow one another in
 * the order of the rows. */
static void send_all_paths(piq_pg_flight *f, const piq_pg_rows *rows)
{
    const piq_path_row *r = rows->c.paths;
    const int64_t *places = rows->paths_at;
    size_t n_given = 0, n_paths = rows->c.n_paths;
    for (size_t at = 0, end; at < n_paths; at = end) {
        bool is_new = r[at].id == 0;
        for (end = at + 1; end < n_paths && (r[end].id == 0) == is_new;)
            end++;
        if (!is_new)
            end = piq_pg_run(r, sizeof *r, end, at, id_of_path);
        send_paths(f, r + at, end - at, is_new,
                   places != NULL ? places + at : NULL, n_given);
        n_given += is_new ? end - at : 0;
    }
}

void piq_pg_send_offers(piq_pg_flight *f, const piq_pg_rows *r)
{
    const piq_commit *c = &r->c;
    send_recommendations(f, r);
    send_slates(f, r);
    send_exposures(f, r);
    for (size_t at = 0, end; at < c->n_feedback; at = end) {
        end = piq_pg_run(c->feedback, sizeof *c->feedback, c->n_feedback, at,
                         id_of_feedback);
        send_feedback(f, c->feedback + at, end - at);
    }
    send_all_paths(f, r);
    for (size_t at = 0, end; at < c->n_profiles; at = end) {
        end = piq_pg_run(c->profiles, sizeof *c->profiles, c->n_profiles, at,
                         user_of_profile);
        send_profiles(f, c->profiles + at, end - at);
    }
}
