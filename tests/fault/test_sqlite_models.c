/* Trained models on a disk that fails, and a body that was damaged. After each
 * failure: a clear status, nothing of the failed step, and it can be repeated.
 */
#include "fault/fault_rounds.h"

/* Large enough for a few pages. */
static const piq_model_row *model_one(void)
{
    static char body[20000];
    static piq_model_row row;
    memset(body, 'm', sizeof body);
    row = (piq_model_row){.kind = PIQ_MODEL_KT,
                          .made_us = T0,
                          .about = PIQ_STR("{\"data\":\"tests\"}"),
                          .body = {body, sizeof body}};
    return &row;
}

static piq_status put(store_fixture *f, piq_model_row *row)
{
    *row = *model_one();
    return f->s->ops->put_model(f->s, row, &f->err);
}

static piq_status promote(store_fixture *f, uint32_t number, uint32_t model)
{
    piq_champion_row row = {.number = number,
                            .kind = PIQ_MODEL_KT,
                            .model = model,
                            .previous = number - 1,
                            .at_us = T0,
                            .reason = PIQ_STR("better")};
    return f->s->ops->promote(f->s, &row, &f->err);
}

/* Models whose bodies are there, and the champion. */
static void assert_holds(store_fixture *f, size_t n_whole, uint32_t champion)
{
    piq_model_row *rows;
    size_t n = 0, n_found = 0;
    uint32_t number, model = 99;
    const piq_store_ops *ops = f->s->ops;
    assert_status(f, PIQ_OK,
                  ops->models(f->s, &f->a, PIQ_MODEL_KT, &rows, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        piq_model_row one;
        if (!rows[i].has_body)
            continue;
        n_found++;
        assert_status(f, PIQ_OK,
                      ops->model(f->s, &f->a, PIQ_MODEL_KT, rows[i].version,
                                 &one, &f->err));
        assert_true(piq_str_eq(one.body, model_one()->body));
    }
    assert_int_equal(n_found, n_whole);
    assert_status(f, PIQ_OK,
                  ops->champion(f->s, PIQ_MODEL_KT, &number, &model, &f->err));
    assert_int_equal(model, champion);
}

/* ---- each step on a disk that fails ---------------------------------- */

typedef struct step {
    const char *name;
    piq_status (*run)(store_fixture *f);
    size_t n_whole; /* after it */
    uint32_t champion;
} step;

static piq_status step_put(store_fixture *f)
{
    piq_model_row row;
    piq_status st = put(f, &row);
    assert_int_equal(row.version, st == PIQ_OK ? 3 : 0);
    return st;
}

static piq_status step_promote(store_fixture *f)
{
    return promote(f, 2, 2);
}

static piq_status step_drop(store_fixture *f)
{
    return f->s->ops->drop_model(f->s, PIQ_MODEL_KT, 2, &f->err);
}

static const step steps[] = {{"put_model", step_put, 3, 1},
                             {"promote", step_promote, 2, 2},
                             {"drop_model", step_drop, 1, 1}};

/* One round: two models, the first champion; then the step meets the failure.
 * True while it was reached. */
static bool step_meets(store_fixture *f, const void *ctx, fault_plan plan,
                       piq_status expected)
{
    const step *what = ctx;
    piq_model_row row;
    assert_status(f, PIQ_OK, put(f, &row));
    assert_status(f, PIQ_OK, put(f, &row));
    assert_status(f, PIQ_OK, promote(f, 1, 1));
    if (plan.kinds == FAULT_READ)
        fixture_reopen(f); /* nothing cached */
    fault_arm(plan);
    piq_status st = what->run(f);
    piq_err err = f->err;
    bool reached = fault_disarm() > 0;
    if (st != PIQ_OK) {
        f->err = err;
        assert_true(reached);
        assert_status(f, expected, st);
        assert_int_equal(err.status, st);
        assert_string_equal(err.where, f->place.name);
        assert_holds(f, 2, 1);
        assert_status(f, PIQ_OK, what->run(f));
    }
    assert_holds(f, what->n_whole, what->champion);
    fixture_reopen(f);
    assert_holds(f, what->n_whole, what->champion);
    return reached;
}

static void steps_meet_each(fault_plan plan, piq_status expected)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        print_message("%s\n", steps[i].name);
        fault_each_round(step_meets, &steps[i], plan, expected);
    }
}

static void test_sqlite__model_steps_survive_each_failed_write(void **state)
{
    (void)state;
    steps_meet_each((fault_plan){.kinds = FAULT_WRITE}, PIQ_EIO);
}

static void test_sqlite__model_steps_survive_a_full_disk(void **state)
{
    (void)state;
    steps_meet_each((fault_plan){.kinds = FAULT_WRITE, .rc = SQLITE_FULL},
                    PIQ_EFULL);
}

static void test_sqlite__model_steps_survive_each_failed_sync(void **state)
{
    (void)state;
    steps_meet_each((fault_plan){.kinds = FAULT_SYNC}, PIQ_EIO);
}

static void test_sqlite__model_steps_survive_each_failed_read(void **state)
{
    (void)state;
    steps_meet_each((fault_plan){.kinds = FAULT_READ}, PIQ_EIO);
}

/* ---- reads ----------------------------------------------------------- */

static piq_status read_everything(store_fixture *f)
{
    const piq_store_ops *o = f->s->ops;
    piq_model_row one, *models;
    piq_champion_row *champions;
    size_t n;
    uint32_t number, model;
    const piq_status st[] = {
        o->champion(f->s, PIQ_MODEL_KT, &number, &model, &f->err),
        o->model(f->s, &f->a, PIQ_MODEL_KT, 0, &one, &f->err),
        o->model(f->s, &f->a, PIQ_MODEL_KT, 1, &one, &f->err),
        o->models(f->s, &f->a, PIQ_MODEL_KT, &models, &n, &f->err),
        o->champions(f->s, &f->a, PIQ_MODEL_KT, 9, &champions, &n, &f->err),
    };
    return fault_first_of(st, sizeof st / sizeof st[0]);
}

static void test_sqlite__each_failed_read_of_models_is_said(void **state)
{
    store_fixture *f = *state;
    piq_model_row row;
    assert_status(f, PIQ_OK, put(f, &row));
    assert_status(f, PIQ_OK, promote(f, 1, 1));
    fault_each_read(f, read_everything);
}

/* Each allocation of the arena in turn. */
static void test_sqlite__models_without_memory_are_said(void **state)
{
    store_fixture *f = *state;
    piq_model_row row;
    assert_status(f, PIQ_OK, put(f, &row));
    assert_status(f, PIQ_OK, promote(f, 1, 1));
    long k = 1;
    for (piq_status st = PIQ_ENOMEM; st != PIQ_OK; k++) {
        piq_arena_release(&f->a);
        piq_alloc_fail_after(k, 0);
        st = read_everything(f);
        piq_alloc_fail_after(0, 0);
        assert_true(st == PIQ_OK || st == PIQ_ENOMEM);
        assert_true(k < 100);
    }
    assert_true(k > 2);
    assert_holds(f, 1, 1);
}

/* ---- damaged --------------------------------------------------------- */

static void flip_bit_of_body(const char *path)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    static char bytes[1 << 20];
    size_t len = fread(bytes, 1, sizeof bytes, file);
    char *at = memmem(bytes, len, "mmmmmmmm", 8);
    assert_non_null(at);
    at[3] ^= 1;
    rewind(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void test_sqlite__flipped_bit_of_a_model_is_found(void **state)
{
    store_fixture *f = *state;
    piq_model_row row = *model_one(), got = {0}, *rows;
    size_t n;
    const piq_store_ops *ops = f->s->ops;
    row.body = PIQ_STR("a sound one");
    assert_status(f, PIQ_OK, ops->put_model(f->s, &row, &f->err));
    assert_status(f, PIQ_OK, put(f, &row));
    assert_status(f, PIQ_OK, promote(f, 1, 2));
    ops->close(f->s);
    flip_bit_of_body(f->place.name);
    fixture_open(f);
    ops = f->s->ops;
    for (uint32_t version = 0; version <= 2; version += 2) {
        assert_status(
            f, PIQ_ECORRUPT,
            ops->model(f->s, &f->a, PIQ_MODEL_KT, version, &got, &f->err));
        assert_string_equal(f->err.where, "model_bodies, version 2");
        assert_non_null(strstr(f->err.message, f->place.name));
        assert_int_equal(got.version, 0); /* untouched */
    }
    assert_status(f, PIQ_OK,
                  ops->model(f->s, &f->a, PIQ_MODEL_KT, 1, &got, &f->err));
    assert_str("a sound one", got.body);
    assert_status(f, PIQ_OK,
                  ops->models(f->s, &f->a, PIQ_MODEL_KT, &rows, &n, &f->err));
    assert_int_equal(n, 2);
}

/* What may be said of a damaged file; it never crashes or makes up. */
static void assert_said(piq_status st)
{
    assert_true(st == PIQ_OK || st == PIQ_ENOTFOUND || st == PIQ_ECORRUPT);
}

/* Whether a read said that the file is damaged. A body that comes back is the
 * one that was stored. */
static bool any_read_says_corrupt(store_fixture *f)
{
    const piq_store_ops *o = f->s->ops;
    piq_model_row *models;
    piq_champion_row *champions;
    size_t n;
    uint32_t number, model;
    const piq_status st[] = {
        o->models(f->s, &f->a, PIQ_MODEL_KT, &models, &n, &f->err),
        o->champions(f->s, &f->a, PIQ_MODEL_KT, 9, &champions, &n, &f->err),
        o->champion(f->s, PIQ_MODEL_KT, &number, &model, &f->err),
    };
    bool corrupt = false;
    for (size_t i = 0; i < sizeof st / sizeof st[0]; i++) {
        assert_said(st[i]);
        corrupt = corrupt || st[i] == PIQ_ECORRUPT;
    }
    for (uint32_t version = 0; version <= 2; version++) {
        piq_model_row one;
        piq_status got =
            o->model(f->s, &f->a, PIQ_MODEL_KT, version, &one, &f->err);
        assert_said(got);
        if (got == PIQ_OK)
            assert_true(piq_str_eq(one.body, model_one()->body));
        corrupt = corrupt || got == PIQ_ECORRUPT;
    }
    return corrupt;
}

static void overwrite(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Each page in turn is overwritten. */
static void test_sqlite__damaged_page_never_gives_another_model(void **state)
{
    enum { PAGE_BYTES = 4096 };
    store_fixture *f = *state;
    static char bytes[1 << 20], damaged[1 << 20];
    piq_model_row row;
    assert_status(f, PIQ_OK, put(f, &row));
    assert_status(f, PIQ_OK, put(f, &row));
    assert_status(f, PIQ_OK, promote(f, 1, 2));
    f->s->ops->close(f->s);
    FILE *file = fopen(f->place.name, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(len < sizeof bytes);
    int n_said = 0;
    for (size_t at = 0; at + PAGE_BYTES <= len; at += PAGE_BYTES) {
        memcpy(damaged, bytes, len);
        memset(damaged + at, 0xa5, PAGE_BYTES);
        overwrite(f->place.name, damaged, len);
        if (f->kind->open(&f->place, &f->s, &f->err) != PIQ_OK) {
            n_said++;
            continue;
        }
        n_said += any_read_says_corrupt(f);
        f->s->ops->close(f->s);
        piq_arena_clear(&f->a);
    }
    assert_true(n_said > 10); /* two bodies of five pages */
    overwrite(f->place.name, bytes, len);
    fixture_open(f);
    assert_holds(f, 2, 2);
}

int main(void)
{
    fault_vfs_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite__model_steps_survive_each_failed_write),
        cmocka_unit_test(test_sqlite__model_steps_survive_a_full_disk),
        cmocka_unit_test(test_sqlite__model_steps_survive_each_failed_sync),
        cmocka_unit_test(test_sqlite__model_steps_survive_each_failed_read),
        STORE_TEST(test_sqlite__each_failed_read_of_models_is_said),
        STORE_TEST(test_sqlite__models_without_memory_are_said),
        STORE_TEST(test_sqlite__flipped_bit_of_a_model_is_found),
        STORE_TEST(test_sqlite__damaged_page_never_gives_another_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
