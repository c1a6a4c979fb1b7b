/* What every backend of store.h owes: events, states, snapshots, whole commits.
 * What learners are shown: test_store_offers.c; several threads:
 * test_store_threads.c. */
#include "contract/store_contract.h"

/* ---- events ---------------------------------------------------------- */

static void assert_same_event(const piq_event_row *a, const piq_event_row *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->user.v, b->user.v);
    assert_true(piq_str_eq(a->event_id, b->event_id));
    assert_int_equal(a->at_us, b->at_us);
    assert_int_equal(a->received_us, b->received_us);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->catalogue_version, b->catalogue_version);
    assert_int_equal(a->calibration, b->calibration);
    assert_int_equal(a->item.v, b->item.v);
    /* To the bit: a rebuild starts from them. */
    assert_memory_equal(&a->score, &b->score, sizeof(float));
    assert_memory_equal(&a->ability_logit, &b->ability_logit, sizeof(float));
    assert_memory_equal(&a->ability_variance, &b->ability_variance,
                        sizeof(float));
    assert_true(a->predicted == b->predicted ||
                (isnan(a->predicted) && isnan(b->predicted)));
    assert_true(piq_str_eq(a->body, b->body));
}

static void test_store__event_comes_back_as_it_was(void **state)
{
    store_fixture *f = *state;
    piq_event_row rows[2] = {event_of(7, "e-1", T0), event_of(7, "e-2", T0)};
    rows[1].type = PIQ_EV_GOAL_SET;
    rows[1].item.v = PIQ_NO_IX32;
    rows[1].predicted = NAN;
    rows[1].user.v = INT64_MAX;
    rows[1].body = PIQ_STR("");
    must_commit(f, (piq_commit){.events = rows, .n_events = 2});
    assert_true(rows[0].seq >= 1);
    assert_true(rows[1].seq > rows[0].seq);
    for (int i = 0; i < 2; i++) {
        piq_event_row got;
        assert_status(f, PIQ_OK,
                      f->s->ops->event(f->s, &f->a, rows[i].user,
                                       rows[i].event_id, &got, &f->err));
        assert_same_event(&rows[i], &got);
    }
}

static void test_store__absent_event_is_not_found(void **state)
{
    store_fixture *f = *state;
    piq_event_row row = event_of(7, "e-1", T0), got;
    must_commit(f, (piq_commit){.events = &row, .n_events = 1});
    assert_status(
        f, PIQ_ENOTFOUND,
        f->s->ops->event(f->s, &f->a, row.user, PIQ_STR("e-2"), &got, &f->err));
    assert_status(f, PIQ_ENOTFOUND,
                  f->s->ops->event(f->s, &f->a, (piq_user_id){8}, row.event_id,
                                   &got, &f->err));
}

static void test_store__event_id_is_a_learners_own(void **state)
{
    store_fixture *f = *state;
    piq_event_row rows[2] = {event_of(1, "same", T0), event_of(2, "same", T0)};
    must_commit(f, (piq_commit){.events = rows, .n_events = 2});
    assert_int_equal(n_events_of(f, 1), 1);
    assert_int_equal(n_events_of(f, 2), 1);
}

static void test_store__repeated_event_id_is_a_conflict(void **state)
{
    store_fixture *f = *state;
    piq_event_row first = event_of(1, "x", T0);
    must_commit(f, (piq_commit){.events = &first, .n_events = 1});
    piq_event_row again[2] = {event_of(1, "y", T0), event_of(1, "x", T0 + 1)};
    again[0].seq = -5;
    piq_commit c = {.events = again, .n_events = 2};
    assert_status(f, PIQ_ECONFLICT, commit(f, &c));
    assert_int_equal(f->err.status, PIQ_ECONFLICT);
    assert_non_null(strstr(f->err.message, "event"));
    assert_int_equal(n_events_of(f, 1), 1); /* not even "y" */
    assert_int_equal(again[0].seq, -5);     /* outputs as before */
}

/* Order (at_us, event_id) by bytes; the ids are longer and shorter, ASCII and
 * not, and four of them share an instant. */
static void test_store__events_come_in_fold_order(void **state)
{
    store_fixture *f = *state;
    static const char *const sorted[] = {"z", "B", "a", "ab", "\xc3\xa9", "0"};
    static const int64_t at[] = {T0, T0 + 1, T0 + 1, T0 + 1, T0 + 1, T0 + 2};
    static const int arrival[] = {4, 0, 5, 3, 1, 2};
    for (int i = 0; i < 6; i++) {
        piq_event_row row = event_of(1, sorted[arrival[i]], at[arrival[i]]);
        must_commit(f, (piq_commit){.events = &row, .n_events = 1});
    }
    piq_event_range range = {.user = {1},
                             .after_us = INT64_MIN,
                             .until_us = INT64_MAX,
                             .limit = 100};
    piq_event_row *rows;
    size_t n;
    assert_status(f, PIQ_OK,
                  f->s->ops->events(f->s, &f->a, &range, &rows, &n, &f->err));
    assert_int_equal(n, 6);
    for (size_t i = 0; i < n; i++)
        assert_str(sorted[i], rows[i].event_id);
}

static void test_store__event_range_excludes_its_ends(void **state)
{
    store_fixture *f = *state;
    piq_event_row in[5] = {event_of(1, "a", T0), event_of(1, "b", T0),
                           event_of(1, "c", T0), event_of(1, "d", T0 + 1),
                           event_of(1, "e", T0 + 2)};
    must_commit(f, (piq_commit){.events = in, .n_events = 5});
    piq_event_range range = {.user = {1},
                             .after_us = T0,
                             .after_id = PIQ_STR("a"),
                             .until_us = T0 + 2,
                             .limit = 100};
    piq_event_row *rows;
    size_t n;
    assert_status(f, PIQ_OK,
                  f->s->ops->events(f->s, &f->a, &range, &rows, &n, &f->err));
    assert_int_equal(n, 3);
    assert_same_event(&in[1], &rows[0]);
    assert_same_event(&in[3], &rows[2]);
    range.limit = 2;
    assert_status(f, PIQ_OK,
                  f->s->ops->events(f->s, &f->a, &range, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_str("c", rows[1].event_id);
    range.limit = 0;
    assert_status(f, PIQ_OK,
                  f->s->ops->events(f->s, &f->a, &range, &rows, &n, &f->err));
    assert_int_equal(n, 0);
}

static void test_store__events_can_be_read_in_pages(void **state)
{
    store_fixture *f = *state;
    enum { N = 100 };
    static char ids[N][16];
    piq_event_row in[N];
    for (int i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], "%03d", (i * 37) % N);
        in[i] = event_of(1, ids[i], T0 + (i * 37) % N / 10);
    }
    must_commit(f, (piq_commit){.events = in, .n_events = N});
    piq_event_range range = {
        .user = {1}, .after_us = INT64_MIN, .until_us = INT64_MAX, .limit = 7};
    int seen = 0;
    for (;;) {
        piq_event_row *rows;
        size_t n;
        assert_status(
            f, PIQ_OK,
            f->s->ops->events(f->s, &f->a, &range, &rows, &n, &f->err));
        for (size_t i = 0; i < n; i++) {
            char expected[16];
            snprintf(expected, sizeof expected, "%03d", seen++);
            assert_str(expected, rows[i].event_id);
        }
        if (n == 0)
            break;
        range.after_us = rows[n - 1].at_us;
        range.after_id = rows[n - 1].event_id;
    }
    assert_int_equal(seen, N);
}

static void test_store__answers_are_those_to_items_by_seq(void **state)
{
    store_fixture *f = *state;
    piq_event_row in[5] = {event_of(3, "a", T0 + 9), event_of(1, "b", T0),
                           event_of(2, "c", T0), event_of(1, "d", T0),
                           event_of(1, "e", T0)};
    in[1].item.v = PIQ_NO_IX32; /* an answer to a concept */
    in[2].type = PIQ_EV_REVIEW;
    must_commit(f, (piq_commit){.events = in, .n_events = 5});
    piq_event_row *rows;
    size_t n;
    assert_status(
        f, PIQ_OK,
        f->s->ops->answers_after(f->s, &f->a, 0, 10, &rows, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(rows[0].seq, in[0].seq);
    assert_int_equal(rows[0].user.v, 3);
    assert_int_equal(rows[0].item.v, 41);
    assert_true(rows[0].ability_logit == in[0].ability_logit);
    assert_int_equal(rows[0].body.len, 0);
    assert_int_equal(rows[0].event_id.len, 0);
    assert_status(f, PIQ_OK,
                  f->s->ops->answers_after(f->s, &f->a, rows[0].seq, 1, &rows,
                                           &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].seq, in[3].seq);
    assert_status(f, PIQ_OK,
                  f->s->ops->answers_after(f->s, &f->a, in[4].seq, 1, &rows, &n,
                                           &f->err));
    assert_int_equal(n, 0);
}

/* ---- states ---------------------------------------------------------- */

static void test_store__state_moves_from_version_to_version(void **state)
{
    store_fixture *f = *state;
    assert_int_equal(version_of(f, 5), 0);
    piq_state_row first = state_of(5, 0, "one");
    must_commit(f, (piq_commit){.states = &first, .n_states = 1});
    assert_int_equal(version_of(f, 5), 1);
    piq_state_row second = state_of(5, 1, "");
    second.body = (piq_str){"t\0wo", 4};
    must_commit(f, (piq_commit){.states = &second, .n_states = 1});
    int64_t version;
    piq_str body;
    assert_status(
        f, PIQ_OK,
        f->s->ops->state(f->s, &f->a, second.user, &version, &body, &f->err));
    assert_int_equal(version, 2);
    assert_int_equal(body.len, 4);
    assert_memory_equal(body.ptr, "t\0wo", 4);
}

static void test_store__stale_state_refuses_the_whole_commit(void **state)
{
    store_fixture *f = *state;
    piq_state_row first[2] = {state_of(5, 0, "one"), state_of(6, 0, "one")};
    must_commit(f, (piq_commit){.states = first, .n_states = 2});
    static const int64_t from[] = {0, 2, 7}; /* new, ahead, far ahead */
    for (int i = 0; i < 3; i++) {
        piq_event_row e = event_of(6, "e", T0);
        piq_state_row rows[2] = {state_of(6, 1, "two"),
                                 state_of(5, from[i], "lost")};
        piq_commit c = {
            .events = &e, .n_events = 1, .states = rows, .n_states = 2};
        assert_status(f, PIQ_ESTALE, commit(f, &c));
        assert_int_equal(version_of(f, 5), 1);
        assert_int_equal(version_of(f, 6), 1);
        assert_int_equal(n_events_of(f, 6), 0);
    }
    piq_state_row unknown = state_of(99, 3, "x");
    piq_commit c = {.states = &unknown, .n_states = 1};
    assert_status(f, PIQ_ESTALE, commit(f, &c));
    assert_int_equal(version_of(f, 99), 0);
}

static void test_store__state_may_be_large(void **state)
{
    store_fixture *f = *state;
    static char big[300000];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 31 >> 3);
    piq_state_row row = state_of(1, 0, "");
    row.body = (piq_str){big, sizeof big};
    must_commit(f, (piq_commit){.states = &row, .n_states = 1});
    int64_t version;
    piq_str body;
    assert_status(
        f, PIQ_OK,
        f->s->ops->state(f->s, &f->a, row.user, &version, &body, &f->err));
    assert_true(piq_str_eq(body, row.body));
}

static void test_store__full_arena_is_no_memory(void **state)
{
    store_fixture *f = *state;
    static char big[100000];
    piq_state_row row = state_of(1, 0, "");
    row.body = (piq_str){big, sizeof big};
    must_commit(f, (piq_commit){.states = &row, .n_states = 1});
    piq_arena small;
    piq_arena_init(&small, 8192);
    int64_t version = -1;
    piq_str body;
    assert_status(
        f, PIQ_ENOMEM,
        f->s->ops->state(f->s, &small, row.user, &version, &body, &f->err));
    assert_int_equal(version, -1);
    piq_arena_release(&small);
    assert_int_equal(version_of(f, 1), 1); /* and can still be read */
}

static void test_store__users_come_in_order_and_pages(void **state)
{
    store_fixture *f = *state;
    static const int64_t ids[] = {900, 1, INT64_MAX, 77};
    piq_state_row rows[4];
    for (int i = 0; i < 4; i++)
        rows[i] = state_of(ids[i], 0, "s");
    must_commit(f, (piq_commit){.states = rows, .n_states = 4});
    piq_user_id *users;
    size_t n;
    assert_status(f, PIQ_OK,
                  f->s->ops->users(f->s, &f->a, (piq_user_id){0}, 3, &users, &n,
                                   &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(users[0].v, 1);
    assert_int_equal(users[1].v, 77);
    assert_int_equal(users[2].v, 900);
    assert_status(
        f, PIQ_OK,
        f->s->ops->users(f->s, &f->a, users[2], 3, &users, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(users[0].v, INT64_MAX);
    assert_status(
        f, PIQ_OK,
        f->s->ops->users(f->s, &f->a, users[0], 3, &users, &n, &f->err));
    assert_int_equal(n, 0);
}

/* ---- snapshots ------------------------------------------------------- */

static piq_snapshot_row snapshot_of(int64_t user, int64_t at_us, const char *id,
                                    uint32_t n_events)
{
    return (piq_snapshot_row){.user = {user},
                              .at_us = at_us,
                              .event_id = piq_str_of(id),
                              .n_events = n_events,
                              .body = PIQ_STR("sna\0p")};
}

static piq_status find_snapshot(store_fixture *f, int64_t user, int64_t at_us,
                                const char *id, piq_snapshot_row *out)
{
    return f->s->ops->snapshot(f->s, &f->a, (piq_user_id){user}, at_us,
                               piq_str_of(id), out, &f->err);
}

static void test_store__snapshot_is_the_newest_at_or_before(void **state)
{
    store_fixture *f = *state;
    piq_snapshot_row in[3] = {snapshot_of(1, T0, "m", 10),
                              snapshot_of(1, T0 + 5, "m", 20),
                              snapshot_of(2, T0 + 1, "m", 99)};
    must_commit(f, (piq_commit){.snapshots = in, .n_snapshots = 3});
    static const struct {
        int64_t at;
        const char *id;
        uint32_t n_events; /* 0: none */
    } cases[] = {{T0 - 1, "z", 0}, {T0, "l", 0},      {T0, "m", 10},
                 {T0, "n", 10},    {T0 + 5, "l", 10}, {T0 + 5, "m", 20},
                 {T0 + 99, "", 20}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        piq_snapshot_row got;
        piq_status st = find_snapshot(f, 1, cases[i].at, cases[i].id, &got);
        if (cases[i].n_events == 0) {
            assert_status(f, PIQ_ENOTFOUND, st);
            continue;
        }
        assert_status(f, PIQ_OK, st);
        assert_int_equal(got.n_events, cases[i].n_events);
        assert_int_equal(got.user.v, 1);
        assert_str("m", got.event_id);
        assert_int_equal(got.body.len, 5);
        assert_memory_equal(got.body.ptr, "sna\0p", 5);
    }
}

static void test_store__snapshot_of_the_same_place_is_replaced(void **state)
{
    store_fixture *f = *state;
    piq_snapshot_row in[2] = {snapshot_of(1, T0, "m", 10),
                              snapshot_of(1, T0, "m", 11)};
    must_commit(f, (piq_commit){.snapshots = in, .n_snapshots = 2});
    piq_snapshot_row got;
    assert_status(f, PIQ_OK, find_snapshot(f, 1, T0, "m", &got));
    assert_int_equal(got.n_events, 11);
}

/* Stale ones go first: one that the same commit adds stays. */
static void test_store__stale_snapshots_are_dropped(void **state)
{
    store_fixture *f = *state;
    piq_snapshot_row in[5] = {
        snapshot_of(1, T0, "b", 1), snapshot_of(1, T0, "c", 2),
        snapshot_of(1, T0 + 1, "a", 3), snapshot_of(1, T0 + 2, "a", 4),
        snapshot_of(2, T0 + 2, "a", 5)};
    must_commit(f, (piq_commit){.snapshots = in, .n_snapshots = 5});
    piq_snapshot_row stale = snapshot_of(1, T0, "b", 0);
    piq_snapshot_row added = snapshot_of(1, T0 + 1, "a", 33);
    must_commit(f, (piq_commit){.snapshots = &added,
                                .n_snapshots = 1,
                                .stale_snapshots = &stale,
                                .n_stale_snapshots = 1});
    piq_snapshot_row got;
    assert_status(f, PIQ_OK, find_snapshot(f, 1, T0 + 9, "", &got));
    assert_int_equal(got.n_events, 33);
    assert_status(f, PIQ_OK, find_snapshot(f, 1, T0, "z", &got));
    assert_int_equal(got.n_events, 1); /* "b" itself is true still */
    assert_status(f, PIQ_OK, find_snapshot(f, 2, T0 + 9, "", &got));
    assert_int_equal(got.n_events, 5);
}

/* 300 snapshots, one each 64 events. At most 8 stay, the newest among them,
 * and for an event `late` events behind the newest the snapshot before it is
 * at most 4 times as far back (geometric steps over 8 places: the ratio that
 * they must span is 300 = 2.6^6). */
static void test_store__snapshots_are_bounded_and_spread(void **state)
{
    store_fixture *f = *state;
    enum { N = 300, EACH = 64 };
    for (int i = 1; i <= N; i++) {
        piq_snapshot_row row =
            snapshot_of(1, T0 + i, "m", (uint32_t)(i * EACH));
        must_commit(f, (piq_commit){.snapshots = &row, .n_snapshots = 1});
    }
    int n_distinct = 0;
    uint32_t last = 0;
    for (int i = 1; i <= N; i++) {
        piq_snapshot_row got = {0};
        piq_status st = find_snapshot(f, 1, T0 + i, "m", &got);
        if (st != PIQ_ENOTFOUND)
            assert_status(f, PIQ_OK, st);
        n_distinct += got.n_events != last;
        last = got.n_events;
        int late = N - i, back = N - (int)got.n_events / EACH;
        assert_true(late == 0 ? back == 0 : back <= 4 * late);
    }
    assert_true(n_distinct >= 6 && n_distinct <= 8);
}

/* ---- the whole ------------------------------------------------------- */

static uint32_t catalogue_version(store_fixture *f)
{
    uint32_t version = 99;
    assert_status(f, PIQ_OK,
                  f->s->ops->catalogue_version(f->s, &version, &f->err));
    return version;
}

static void test_store__new_store_is_empty(void **state)
{
    store_fixture *f = *state;
    piq_store_counts counts;
    assert_status(f, PIQ_OK, f->s->ops->counts(f->s, &counts, &f->err));
    assert_int_equal(counts.learners, 0);
    assert_int_equal(counts.events, 0);
    assert_int_equal(counts.recommendations, 0);
    assert_int_equal(counts.catalogue_version, 0);
    assert_int_equal(catalogue_version(f), 0);
    assert_int_equal(counts.calibration, 0);
    assert_status(f, PIQ_OK, f->s->ops->ping(f->s, &f->err));
    must_commit(f, (piq_commit){0}); /* nothing to do is done */
}

/* The score is what the table itself refuses, and it stands last of three. */
static void test_store__one_bad_row_undoes_all(void **state)
{
    store_fixture *f = *state;
    piq_event_row e = event_of(1, "e", T0);
    piq_state_row st = state_of(1, 0, "s");
    piq_snapshot_row sn = snapshot_of(1, T0, "e", 1);
    piq_profile_row pr = profile_of(1, 1);
    piq_path_row pa = path_of(1, "{}");
    piq_recommendation_row rec[3] = {recommendation_of(1, 1),
                                     recommendation_of(1, 2),
                                     recommendation_of(1, 3)};
    rec[2].feedback_score = 6;
    piq_commit c = {.events = &e,
                    .n_events = 1,
                    .states = &st,
                    .n_states = 1,
                    .snapshots = &sn,
                    .n_snapshots = 1,
                    .recommendations = rec,
                    .n_recommendations = 3,
                    .paths = &pa,
                    .n_paths = 1,
                    .profiles = &pr,
                    .n_profiles = 1};
    assert_status(f, PIQ_EINVAL, commit(f, &c));
    assert_int_equal(e.seq, 0);
    assert_int_equal(rec[0].id, 0);
    assert_int_equal(pa.id, 0);
    piq_store_counts counts;
    assert_status(f, PIQ_OK, f->s->ops->counts(f->s, &counts, &f->err));
    assert_int_equal(counts.events, 0);
    assert_int_equal(counts.learners, 0);
    assert_int_equal(counts.recommendations, 0);
    assert_status(f, PIQ_ENOTFOUND, find_snapshot(f, 1, T0, "e", &sn));
    assert_status(f, PIQ_ENOTFOUND,
                  f->s->ops->path(f->s, &f->a, pa.user, &pa, &f->err));
    assert_status(f, PIQ_ENOTFOUND,
                  f->s->ops->profile(f->s, &f->a, pr.user, &pr, &f->err));
    rec[2].feedback_score = 0;
    must_commit(f, c); /* and the same commit goes, mended */
    assert_int_equal(version_of(f, 1), 1);
}

static void test_store__reopened_store_has_everything(void **state)
{
    store_fixture *f = *state;
    piq_event_row e[2] = {event_of(1, "a", T0), event_of(2, "b", T0)};
    piq_state_row st[2] = {state_of(1, 0, "one"), state_of(2, 0, "two")};
    piq_recommendation_row rec = recommendation_of(1, 5);
    piq_path_row path = path_of(1, "{}");
    piq_profile_row profile = profile_of(1, 1);
    must_commit(f, (piq_commit){.events = e,
                                .n_events = 2,
                                .states = st,
                                .n_states = 2,
                                .recommendations = &rec,
                                .n_recommendations = 1,
                                .paths = &path,
                                .n_paths = 1,
                                .profiles = &profile,
                                .n_profiles = 1});
    assert_status(
        f, PIQ_OK,
        f->s->ops->put_catalogue(f->s, 1, PIQ_STR("{}"), T0, &f->err));
    fixture_reopen(f);
    piq_store_counts counts;
    assert_status(f, PIQ_OK, f->s->ops->counts(f->s, &counts, &f->err));
    assert_int_equal(counts.learners, 2);
    assert_int_equal(counts.events, 2);
    assert_int_equal(counts.recommendations, 1);
    assert_int_equal(counts.catalogue_version, 1);
    assert_int_equal(catalogue_version(f), 1);
    assert_true(counts.bytes > 0);
    piq_event_row got;
    assert_status(
        f, PIQ_OK,
        f->s->ops->event(f->s, &f->a, e[1].user, e[1].event_id, &got, &f->err));
    assert_same_event(&e[1], &got);
    assert_int_equal(version_of(f, 2), 1);
    assert_status(f, PIQ_OK,
                  f->s->ops->path(f->s, &f->a, path.user, &path, &f->err));
    assert_status(
        f, PIQ_OK,
        f->s->ops->profile(f->s, &f->a, profile.user, &profile, &f->err));
}

static void test_store__numbers_go_on_after_reopening(void **state)
{
    store_fixture *f = *state;
    int64_t last_seq = 0, last_id = 0;
    for (int i = 0; i < 4; i++) {
        char id[16];
        snprintf(id, sizeof id, "e%d", i);
        piq_event_row e = event_of(1, id, T0);
        piq_recommendation_row rec = recommendation_of(1, i + 1);
        must_commit(f, (piq_commit){.events = &e,
                                    .n_events = 1,
                                    .recommendations = &rec,
                                    .n_recommendations = 1});
        assert_true(e.seq > last_seq);
        assert_true(rec.id > last_id);
        last_seq = e.seq;
        last_id = rec.id;
        fixture_reopen(f);
    }
}

/* ---------------------------------------------------------------------- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_store__new_store_is_empty),
        STORE_TEST(test_store__event_comes_back_as_it_was),
        STORE_TEST(test_store__absent_event_is_not_found),
        STORE_TEST(test_store__event_id_is_a_learners_own),
        STORE_TEST(test_store__repeated_event_id_is_a_conflict),
        STORE_TEST(test_store__events_come_in_fold_order),
        STORE_TEST(test_store__event_range_excludes_its_ends),
        STORE_TEST(test_store__events_can_be_read_in_pages),
        STORE_TEST(test_store__answers_are_those_to_items_by_seq),
        STORE_TEST(test_store__state_moves_from_version_to_version),
        STORE_TEST(test_store__stale_state_refuses_the_whole_commit),
        STORE_TEST(test_store__state_may_be_large),
        STORE_TEST(test_store__full_arena_is_no_memory),
        STORE_TEST(test_store__users_come_in_order_and_pages),
        STORE_TEST(test_store__snapshot_is_the_newest_at_or_before),
        STORE_TEST(test_store__snapshot_of_the_same_place_is_replaced),
        STORE_TEST(test_store__stale_snapshots_are_dropped),
        STORE_TEST(test_store__snapshots_are_bounded_and_spread),
        STORE_TEST(test_store__one_bad_row_undoes_all),
        STORE_TEST(test_store__reopened_store_has_everything),
        STORE_TEST(test_store__numbers_go_on_after_reopening),
    };
    return store_run_tests(tests, sizeof tests / sizeof tests[0]);
}
