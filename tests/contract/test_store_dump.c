/* Rows of any table, out of one store and into another: the same rows, the same
 * answers, and numbers that go on above them. */
#include "contract/store_contract.h"

/* ---- a store with one of everything ------------------------------------ */

static void fill_static(store_fixture *f)
{
    piq_model_row model = {.kind = PIQ_MODEL_KT,
                           .made_us = T0,
                           .digest = UINT64_MAX - 5,
                           .about = PIQ_STR("{\"a\":1}"),
                           .body = {"bo\0dy", 5}};
    piq_champion_row crown = {.number = 1,
                              .kind = PIQ_MODEL_KT,
                              .at_us = T0,
                              .reason = PIQ_STR("why")};
    piq_rules_row rules = {
        .version = 1, .made_us = T0, .document = PIQ_STR("{}")};
    piq_experiment_row tests[2] = {
        {.name = PIQ_STR("x"), .started_us = T0, .document = PIQ_STR("{}")},
        {.name = PIQ_STR("y"),
         .started_us = T0 + 1,
         .document = PIQ_STR("{}")}};
    piq_store *s = f->s;
    assert_status(
        f, PIQ_OK,
        s->ops->put_catalogue(s, 1, PIQ_STR("{\"c\":1}"), T0, &f->err));
    assert_status(f, PIQ_OK, s->ops->put_model(s, &model, &f->err));
    crown.model = model.version;
    assert_status(f, PIQ_OK, s->ops->promote(s, &crown, &f->err));
    assert_status(f, PIQ_OK, s->ops->put_rules(s, &rules, &f->err));
    for (int i = 0; i < 2; i++)
        assert_status(f, PIQ_OK, s->ops->put_experiment(s, &tests[i], &f->err));
    assert_status(f, PIQ_OK,
                  s->ops->stop_experiment(s, tests[0].id, T0 + 9,
                                          PIQ_STR("done"), &f->err));
}

static void fill_learner(store_fixture *f, int64_t user, uint32_t calibration)
{
    piq_event_row events[2] = {event_of(user, "caf\xc3\xa9", T0 + 3),
                               event_of(user, "b", T0)};
    piq_state_row learner = state_of(user, 0, "state");
    piq_snapshot_row snapshot = {.user = {user},
                                 .at_us = T0,
                                 .event_id = PIQ_STR("b"),
                                 .n_events = 1,
                                 .body = {"sn\0ap", 5}};
    piq_recommendation_row offers[2] = {recommendation_of(user, 5),
                                        recommendation_of(user, 6)};
    piq_slate_row slates[2] = {{.user = {user},
                                .served_us = T0,
                                .state_version = 1,
                                .policy = PIQ_STR("p"),
                                .request = PIQ_STR("{\"b\":1, \"a\":2}"),
                                .candidates = {"ca\0nd", 5},
                                .n_recommendations = 2},
                               {.user = {user},
                                .policy = PIQ_STR("p"),
                                .request = PIQ_STR("{}"),
                                .first_recommendation = 2}};
    piq_path_row path = path_of(user, "{}");
    piq_profile_row profile = profile_of(user, 1);
    piq_exposure_row exposure = {.experiment = 2,
                                 .arm = 1,
                                 .user = {user},
                                 .at_us = T0,
                                 .gained = 0.1,
                                 .practice_s = 3,
                                 .n_recommendations = 2};
    piq_calibrated_item item = {
        .item = {4},
        .estimate = {.difficulty_logit = 0.1F, .variance = 0.3F, .n = 9}};
    piq_calibration_row calibrated = {.number = calibration,
                                      .through_seq = 1,
                                      .made_us = T0,
                                      .items = &item,
                                      .n_items = 1};
    piq_record record = {.user = {user},
                         .kind = PIQ_STR("note"),
                         .key = PIQ_STR("k"),
                         .at_us = T0,
                         .expires_us = T0 + 50,
                         .document = PIQ_STR("12")};
    events[1].type = PIQ_EV_GOAL_SET;
    events[1].item.v = PIQ_NO_IX32;
    events[1].predicted = NAN;
    events[1].body = PIQ_STR("{\"z\":1,  \"a\":2}"); /* kept to the byte */
    offers[0].recommended_us = T0 + 123456;
    offers[1].action = PIQ_ACTION_ACCEPTED;
    offers[1].feedback_score = 4;
    path.estimated_completion_us = user == 7 ? INT64_MAX : T0 + 1;
    must_commit(f, (piq_commit){.events = events,
                                .n_events = 2,
                                .states = &learner,
                                .n_states = 1,
                                .snapshots = &snapshot,
                                .n_snapshots = 1,
                                .recommendations = offers,
                                .n_recommendations = 2,
                                .slates = slates,
                                .n_slates = 2,
                                .paths = &path,
                                .n_paths = 1,
                                .profiles = &profile,
                                .n_profiles = 1,
                                .calibrations = &calibrated,
                                .n_calibrations = 1,
                                .exposures = &exposure,
                                .n_exposures = 1,
                                .records = &record,
                                .n_records = 1});
}

static void fill(store_fixture *f)
{
    fill_static(f);
    fill_learner(f, 9, 1);
    fill_learner(f, 7, 2);
}

/* ---- taking rows down --------------------------------------------------- */

typedef struct rows {
    piq_arena *a;
    piq_cell cells[64 * PIQ_MAX_COLUMNS];
    size_t n;
} rows;

static piq_status take(void *ctx, const piq_table *t, const piq_cell *cells,
                       piq_err *err)
{
    rows *r = ctx;
    (void)err;
    assert_true(r->n < 64);
    piq_cell *to = &r->cells[r->n++ * t->n_columns];
    for (size_t i = 0; i < t->n_columns; i++) {
        to[i] = cells[i];
        if (cells[i].kind == PIQ_CELL_BYTES)
            to[i].bytes.ptr =
                piq_arena_strndup(r->a, cells[i].bytes.ptr, cells[i].bytes.len);
    }
    return PIQ_OK;
}

static void dump_of(store_fixture *f, const piq_table *t, int64_t user, rows *r)
{
    r->a = &f->a;
    r->n = 0;
    assert_status(
        f, PIQ_OK,
        f->s->ops->dump(f->s, t, (piq_user_id){user}, take, r, &f->err));
}

static const piq_table *table(const char *name)
{
    const piq_table *t = piq_table_named(piq_str_of(name));
    assert_non_null(t);
    return t;
}

static bool same_cell(const piq_cell *a, const piq_cell *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case PIQ_CELL_NULL:
        return true;
    case PIQ_CELL_INT:
        return a->i == b->i;
    case PIQ_CELL_REAL:
        return memcmp(&a->d, &b->d, sizeof a->d) == 0;
    case PIQ_CELL_BYTES:
        return piq_str_eq(a->bytes, b->bytes);
    }
    return false;
}

/* ---- dumping ------------------------------------------------------------ */

static void test_dump__every_table_is_known(void **state)
{
    store_fixture *f = *state;
    static rows r;
    const piq_table *t;
    size_t n = 0;
    fill(f);
    for (; (t = piq_table_at(n)) != NULL; n++) {
        assert_ptr_equal(piq_table_named(piq_str_of(t->name)), t);
        assert_true(t->n_columns <= PIQ_MAX_COLUMNS);
        dump_of(f, t, PIQ_ANY_USER, &r);
        if (r.n == 0)
            fail_msg("no row of %s", t->name);
        dump_of(f, t, 7, &r);
        assert_int_equal(r.n > 0, t->user != PIQ_NO_COLUMN);
        for (size_t i = 0; i < r.n; i++)
            assert_int_equal(r.cells[i * t->n_columns + (size_t)t->user].i, 7);
        dump_of(f, t, 5, &r);
        assert_int_equal(r.n, 0);
    }
    assert_int_equal(n, 17);
    assert_null(piq_table_named(PIQ_STR("schema_migrations")));
}

static void test_dump__values_are_what_was_written(void **state)
{
    store_fixture *f = *state;
    static rows r;
    fill(f);
    dump_of(f, table("events"), 7, &r);
    assert_int_equal(r.n, 2);
    const piq_cell *e = r.cells;
    assert_int_equal(e[2].i, T0 + 3);
    assert_str("answer", e[4].bytes);
    assert_int_equal(e[7].i, 41);
    assert_true(e[8].d == 0.75);
    assert_true(e[9].d == (double)0.1F);
    assert_str("caf\xc3\xa9", e[12].bytes);
    e += 14; /* a goal: no item, nothing predicted */
    assert_int_equal(e[7].kind, PIQ_CELL_NULL);
    assert_int_equal(e[9].kind, PIQ_CELL_NULL);
    assert_str("{\"z\":1,  \"a\":2}", e[13].bytes);
    dump_of(f, table("learning_paths"), 7, &r);
    assert_int_equal(r.cells[4].kind, PIQ_CELL_NULL);
    assert_int_equal(r.cells[6].i, T0);
    dump_of(f, table("learning_paths"), 9, &r);
    assert_int_equal(r.cells[4].i, T0 + 1);
    dump_of(f, table("content_recommendations"), 9, &r);
    assert_int_equal(r.cells[6].i, T0 + 123456);
    assert_int_equal(r.cells[7].kind, PIQ_CELL_NULL);
    assert_str("accepted", r.cells[9 + 7].bytes);
    assert_int_equal(r.cells[9 + 8].i, 4);
    dump_of(f, table("model_bodies"), PIQ_ANY_USER, &r);
    assert_int_equal(r.cells[1].bytes.len, 5);
    assert_memory_equal(r.cells[1].bytes.ptr, "bo\0dy", 5);
    dump_of(f, table("recommendation_log"), 7, &r);
    assert_int_equal(r.n, 2);
    assert_str("{\"b\":1, \"a\":2}", r.cells[6].bytes);
    assert_int_equal(r.cells[10 + 7].kind, PIQ_CELL_NULL);
}

static bool is_sorted(const piq_table *t, const piq_cell *a, const piq_cell *b)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        int order = a[i].kind == PIQ_CELL_INT
                        ? (a[i].i > b[i].i) - (a[i].i < b[i].i)
                        : piq_str_cmp(a[i].bytes, b[i].bytes);
        if (order != 0)
            return order < 0;
    }
    return false; /* keys are unique */
}

static void test_dump__rows_come_by_key(void **state)
{
    store_fixture *f = *state;
    static rows r;
    const piq_table *t;
    fill(f);
    for (size_t i = 0; (t = piq_table_at(i)) != NULL; i++) {
        dump_of(f, t, PIQ_ANY_USER, &r);
        for (size_t k = 1; k < r.n; k++)
            assert_true(is_sorted(t, &r.cells[(k - 1) * t->n_columns],
                                  &r.cells[k * t->n_columns]));
    }
}

static piq_status enough(void *ctx, const piq_table *t, const piq_cell *cells,
                         piq_err *err)
{
    (void)t;
    (void)cells;
    return ++*(int *)ctx == 2 ? piq_fail(err, PIQ_ELIMIT, "enough") : PIQ_OK;
}

static void test_dump__the_sink_may_end_it(void **state)
{
    store_fixture *f = *state;
    int n = 0;
    fill(f);
    assert_status(f, PIQ_ELIMIT,
                  f->s->ops->dump(f->s, table("events"),
                                  (piq_user_id){PIQ_ANY_USER}, enough, &n,
                                  &f->err));
    assert_int_equal(n, 2);
    assert_string_equal(f->err.message, "enough");
    assert_int_equal(version_of(f, 7), 1); /* the store is as before */
}

/* ---- loading ------------------------------------------------------------ */

static void other_open(store_fixture *to, const store_fixture *f)
{
    *to = (store_fixture){.kind = f->kind};
    assert_true(to->kind->make(&to->place));
    piq_arena_init(&to->a, 0);
    fixture_open(to);
}

static void other_close(store_fixture *to)
{
    to->s->ops->close(to->s);
    to->kind->destroy(&to->place);
    piq_arena_release(&to->a);
}

static void move_all(store_fixture *f, store_fixture *to)
{
    static rows r;
    const piq_table *t;
    for (size_t i = 0; (t = piq_table_at(i)) != NULL; i++) {
        dump_of(f, t, PIQ_ANY_USER, &r);
        assert_status(to, PIQ_OK,
                      to->s->ops->load(to->s, t, r.cells, r.n, &to->err));
    }
}

static void test_load__another_store_then_holds_the_same(void **state)
{
    store_fixture *f = *state, to;
    static rows a, b;
    const piq_table *t;
    fill(f);
    other_open(&to, f);
    move_all(f, &to);
    for (size_t i = 0; (t = piq_table_at(i)) != NULL; i++) {
        dump_of(f, t, PIQ_ANY_USER, &a);
        dump_of(&to, t, PIQ_ANY_USER, &b);
        assert_int_equal(a.n, b.n);
        for (size_t k = 0; k < a.n * t->n_columns; k++)
            if (!same_cell(&a.cells[k], &b.cells[k]))
                fail_msg("%s, row %zu, column %s", t->name, k / t->n_columns,
                         t->columns[k % t->n_columns].name);
    }
    other_close(&to);
}

static void test_load__another_store_answers_the_same(void **state)
{
    store_fixture *f = *state, to;
    piq_store_counts x, y;
    piq_event_row event;
    piq_model_row model;
    piq_slate_record slate;
    piq_record record;
    piq_user_id user = {7};
    fill(f);
    other_open(&to, f);
    move_all(f, &to);
    piq_store *s = to.s;
    assert_status(f, PIQ_OK, f->s->ops->counts(f->s, &x, &f->err));
    assert_status(&to, PIQ_OK, s->ops->counts(s, &y, &to.err));
    assert_int_equal(x.learners, y.learners);
    assert_int_equal(x.events, y.events);
    assert_int_equal(x.recommendations, y.recommendations);
    assert_int_equal(x.calibration, y.calibration);
    assert_int_equal(version_of(&to, 7), 1);
    assert_int_equal(n_events_of(&to, 7), 2);
    assert_status(&to, PIQ_OK,
                  s->ops->event(s, &to.a, user, PIQ_STR("b"), &event, &to.err));
    assert_int_equal(event.item.v, PIQ_NO_IX32);
    assert_true(isnan(event.predicted));
    assert_status(&to, PIQ_OK,
                  s->ops->model(s, &to.a, PIQ_MODEL_KT, 0, &model, &to.err));
    assert_int_equal(model.digest, UINT64_MAX - 5);
    assert_status(&to, PIQ_OK, s->ops->slate_of(s, &to.a, 2, &slate, &to.err));
    assert_int_equal(slate.outcomes[1].feedback_score, 4);
    assert_status(&to, PIQ_OK,
                  s->ops->record(s, &to.a, user, PIQ_STR("note"), PIQ_STR("k"),
                                 T0, &record, &to.err));
    other_close(&to);
}

static void test_load__numbers_go_on_above(void **state)
{
    store_fixture *f = *state, to;
    piq_store_counts c;
    static rows r;
    fill(f);
    other_open(&to, f);
    move_all(f, &to);
    fill_learner(&to, 8, 3);
    dump_of(&to, table("events"), 8, &r);
    assert_true(r.cells[0].i > 4);
    dump_of(&to, table("content_recommendations"), 8, &r);
    assert_true(r.cells[0].i > 4);
    assert_status(&to, PIQ_OK, to.s->ops->counts(to.s, &c, &to.err));
    assert_int_equal(c.events, 6);
    other_close(&to);
}

/* Where numbers were left out, as after an erasure. */
static void test_load__counts_are_of_rows_not_of_numbers(void **state)
{
    store_fixture *f = *state, to;
    piq_store_counts c;
    piq_erased gone;
    fill(f);
    assert_status(f, PIQ_OK,
                  f->s->ops->erase(f->s, (piq_user_id){9}, &gone, &f->err));
    other_open(&to, f);
    move_all(f, &to);
    assert_status(&to, PIQ_OK, to.s->ops->counts(to.s, &c, &to.err));
    assert_int_equal(c.events, 2);
    assert_int_equal(c.recommendations, 2);
    /* What was erased stays so: the floor came along. */
    piq_state_row row = state_of(9, 0, "again");
    piq_commit again = {.states = &row, .n_states = 1};
    assert_status(&to, PIQ_ESTALE, commit(&to, &again));
    other_close(&to);
}

static void test_load__all_rows_or_none(void **state)
{
    store_fixture *f = *state;
    static rows r;
    const piq_table *t = table("rule_sets");
    fill(f);
    dump_of(f, t, PIQ_ANY_USER, &r);
    assert_int_equal(r.n, 1);
    memcpy(&r.cells[3], &r.cells[0], 3 * sizeof *r.cells);
    r.cells[0].i = 5;
    assert_status(f, PIQ_ECONFLICT,
                  f->s->ops->load(f->s, t, r.cells, 2, &f->err));
    r.cells[3].i = 6;
    r.cells[5].bytes = PIQ_STR("not JSON");
    assert_status(f, PIQ_EINVAL, f->s->ops->load(f->s, t, r.cells, 2, &f->err));
    r.cells[5].kind = PIQ_CELL_REAL;
    assert_status(f, PIQ_EINVAL, f->s->ops->load(f->s, t, r.cells, 2, &f->err));
    r.cells[5].kind = PIQ_CELL_NULL;
    assert_status(f, PIQ_EINVAL, f->s->ops->load(f->s, t, r.cells, 2, &f->err));
    dump_of(f, t, PIQ_ANY_USER, &r);
    assert_int_equal(r.n, 1);
    assert_status(f, PIQ_OK, f->s->ops->load(f->s, t, NULL, 0, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_dump__every_table_is_known),
        STORE_TEST(test_dump__values_are_what_was_written),
        STORE_TEST(test_dump__rows_come_by_key),
        STORE_TEST(test_dump__the_sink_may_end_it),
        STORE_TEST(test_load__another_store_then_holds_the_same),
        STORE_TEST(test_load__another_store_answers_the_same),
        STORE_TEST(test_load__numbers_go_on_above),
        STORE_TEST(test_load__counts_are_of_rows_not_of_numbers),
        STORE_TEST(test_load__all_rows_or_none),
    };
    return store_run_tests(tests, sizeof tests / sizeof tests[0]);
}
