/* The model file: what comes back is what was written, and what is not whole,
 * not ours or not of this schema is refused in words. */
#include "predict/kt_model.h"

#include "feature/feature.h"
#include "predict/recurrent_weights.h"
#include "support/random_catalogue.h"
#include "support/random_kt_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Offsets in the file's head: kt_model.h. */
enum { FORMAT_AT = 8, SCHEMA_AT = 20, COLUMNS_AT = 32, HASH_BYTES = 8 };

typedef struct fixture {
    piq_catalogue *c;
    piq_kt_model *model;
    piq_buf file;
} fixture;

static void encode(const piq_kt_model *m, piq_buf *out)
{
    piq_buf_init(out, PIQ_MAX_MODEL_BYTES);
    piq_kt_model_encode(m, out);
    assert_int_equal(out->status, PIQ_OK);
}

static int set_up(void **state)
{
    static fixture f;
    f.c = random_catalogue(3, 2, 5, 10);
    f.model = random_kt_model(1, f.c, random_kt_small(f.c));
    encode(f.model, &f.file);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_kt_model_free(f->model);
    piq_catalogue_free(f->c);
    piq_buf_release(&f->file);
    return 0;
}

static piq_str bytes_of(const piq_buf *b)
{
    return (piq_str){b->ptr, b->len};
}

static void set_u32(piq_buf *file, size_t at, uint32_t v)
{
    for (size_t i = 0; i < 4; i++)
        file->ptr[at + i] = (char)(unsigned char)(v >> (8 * i));
}

static void set_u64(piq_buf *file, size_t at, uint64_t v)
{
    set_u32(file, at, (uint32_t)v);
    set_u32(file, at + 4, (uint32_t)(v >> 32));
}

/* Makes length and hash right again, after a change. */
static void seal(piq_buf *file)
{
    size_t body = file->len - HASH_BYTES;
    set_u64(file, FORMAT_AT + 4, file->len);
    set_u64(file, body, piq_hash_bytes(file->ptr, body));
}

static void assert_says(piq_str file, piq_status status, const char *words)
{
    piq_err err = {0};
    piq_kt_model *m = NULL;
    assert_int_equal(piq_kt_model_decode(file, &m, &err), status);
    assert_null(m);
    assert_int_equal(err.status, status);
    if (!strstr(err.message, words))
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    /* Without an error record it refuses as well. */
    assert_int_equal(piq_kt_model_decode(file, &m, NULL), status);
}

static void test_kt_model__reads_back_what_it_wrote(void **state)
{
    fixture *f = *state;
    piq_kt_model *m;
    assert_int_equal(piq_kt_model_decode(bytes_of(&f->file), &m, NULL), PIQ_OK);
    assert_string_equal(m->about.data, "made up");
    assert_true(m->about.made_us == f->model->about.made_us);
    assert_true(m->about.from_us == PIQ_NO_TIME);
    assert_true(m->about.seed == 1);
    assert_true(m->about.valid_auc == 0.75);
    assert_true(isnan(m->about.member_auc[PIQ_MEMBER_RNN]));
    assert_true(m->blend.knot_out[2] == 0.5);
    piq_buf again;
    encode(m, &again);
    assert_int_equal(again.len, f->file.len);
    assert_memory_equal(again.ptr, f->file.ptr, again.len);
    piq_buf_release(&again);
    piq_kt_model_free(m);
}

static void test_kt_model__may_lack_members(void **state)
{
    fixture *f = *state;
    random_kt_size size = random_kt_small(f->c);
    for (unsigned bits = 0; bits < 8; bits++) {
        random_kt_size some = size;
        some.linear = bits & 1;
        some.n_trees = bits & 2 ? size.n_trees : 0;
        some.hidden = bits & 4 ? size.hidden : 0;
        piq_kt_model *m = random_kt_model(2, f->c, some);
        piq_buf file;
        encode(m, &file);
        piq_kt_model_free(m);
        assert_int_equal(piq_kt_model_decode(bytes_of(&file), &m, NULL),
                         PIQ_OK);
        assert_int_equal(piq_kt_model_uses(m, PIQ_MEMBER_LR), !!(bits & 1));
        assert_int_equal(piq_kt_model_uses(m, PIQ_MEMBER_GBDT), !!(bits & 2));
        assert_int_equal(piq_kt_model_uses(m, PIQ_MEMBER_RNN), !!(bits & 4));
        piq_kt_model_free(m);
        piq_buf_release(&file);
    }
}

static void test_kt_model__refuses_what_is_no_model(void **state)
{
    (void)state;
    assert_says((piq_str){0}, PIQ_ECORRUPT, "not a model file");
    assert_says(PIQ_STR("piq"), PIQ_ECORRUPT, "not a model file");
    assert_says(PIQ_STR("{\"subject\":\"Cooking\"}"), PIQ_ECORRUPT,
                "not a model file");
}

static void test_kt_model__says_where_it_is_cut_short(void **state)
{
    fixture *f = *state;
    char words[64];
    int n = snprintf(words, sizeof words, "cut short at byte 1000 of %zu",
                     f->file.len);
    assert_true(n > 0 && f->file.len > 1000);
    assert_says((piq_str){f->file.ptr, 1000}, PIQ_ECORRUPT, words);
    assert_says((piq_str){f->file.ptr, 10}, PIQ_ECORRUPT,
                "cut short at byte 10");
}

static void test_kt_model__refuses_what_follows_the_end(void **state)
{
    fixture *f = *state;
    piq_buf_add_char(&f->file, 'x');
    assert_says(bytes_of(&f->file), PIQ_ECORRUPT, "ends at byte");
}

static void test_kt_model__refuses_a_changed_byte(void **state)
{
    fixture *f = *state;
    f->file.ptr[f->file.len / 2] ^= 1;
    assert_says(bytes_of(&f->file), PIQ_ECORRUPT, "checksum");
}

static void test_kt_model__refuses_another_format(void **state)
{
    fixture *f = *state;
    set_u32(&f->file, FORMAT_AT, PIQ_KT_MODEL_FORMAT + 1);
    assert_says(bytes_of(&f->file), PIQ_EINVAL, "format 2, of a later engine");
    set_u32(&f->file, FORMAT_AT, 0);
    assert_says(bytes_of(&f->file), PIQ_EINVAL,
                "format 0, of an earlier engine");
}

static void test_kt_model__names_the_first_column_that_differs(void **state)
{
    fixture *f = *state;
    /* The first name's length stands before it, one byte. */
    const char *ours = piq_feature_columns()[0].name;
    f->file.ptr[COLUMNS_AT + 2] = '#';
    seal(&f->file);
    char words[128];
    int n = snprintf(words, sizeof words, "column 1 is \"#%s\", here \"%s\"",
                     ours + 1, ours);
    assert_true(n > 0);
    assert_says(bytes_of(&f->file), PIQ_EINVAL, words);
    assert_says(bytes_of(&f->file), PIQ_EINVAL, "trained anew");
}

/* The file with other columns: the first `n`, or all and one more. */
static void write_columns(const piq_buf *file, size_t n, piq_buf *out)
{
    const piq_feature_column *columns = piq_feature_columns();
    piq_buf_init(out, PIQ_MAX_MODEL_BYTES);
    piq_buf_add(out, file->ptr, COLUMNS_AT);
    piq_buf_put_varint(out, n);
    size_t at = COLUMNS_AT + (PIQ_N_FEATURES < 128 ? 1 : 2);
    for (size_t i = 0; i < PIQ_N_FEATURES; i++)
        at += 1 + strlen(columns[i].name);
    for (size_t i = 0; i < n; i++)
        piq_buf_put_str(out, i < PIQ_N_FEATURES ? piq_str_of(columns[i].name)
                                                : PIQ_STR("moon_phase"));
    piq_buf_add(out, file->ptr + at, file->len - at);
    assert_int_equal(out->status, PIQ_OK);
    seal(out);
}

static void test_kt_model__refuses_more_and_fewer_columns(void **state)
{
    fixture *f = *state;
    piq_buf other;
    write_columns(&f->file, PIQ_N_FEATURES, &other);
    assert_memory_equal(other.ptr, f->file.ptr, f->file.len);
    piq_buf_release(&other);
    write_columns(&f->file, PIQ_N_FEATURES + 1, &other);
    assert_says(bytes_of(&other), PIQ_EINVAL, "\"moon_phase\", is unknown");
    piq_buf_release(&other);
    write_columns(&f->file, PIQ_N_FEATURES - 1, &other);
    assert_says(bytes_of(&other), PIQ_EINVAL,
                piq_feature_columns()[PIQ_N_FEATURES - 1].name);
    assert_says(bytes_of(&other), PIQ_EINVAL, "is not in it");
    piq_buf_release(&other);
}

static void test_kt_model__refuses_columns_of_another_meaning(void **state)
{
    fixture *f = *state;
    set_u32(&f->file, SCHEMA_AT, PIQ_FEATURE_SCHEMA_VERSION + 1);
    seal(&f->file);
    char words[64];
    int n =
        snprintf(words, sizeof words, "schema version %d, here %d",
                 PIQ_FEATURE_SCHEMA_VERSION + 1, PIQ_FEATURE_SCHEMA_VERSION);
    assert_true(n > 0);
    assert_says(bytes_of(&f->file), PIQ_EINVAL, words);
}

/* Encodes the parts as they are; the section named must be found at fault. */
static void assert_section_refused(piq_kt_model *parts, const char *section)
{
    piq_kt_model *m;
    assert_int_equal(piq_kt_model_new(parts, &m), PIQ_OK);
    piq_buf file;
    encode(m, &file);
    piq_kt_model_free(m);
    piq_err err = {0};
    assert_int_equal(piq_kt_model_decode(bytes_of(&file), &m, &err),
                     PIQ_ECORRUPT);
    assert_int_equal(strncmp(err.where, section, strlen(section)), 0);
    assert_non_null(strstr(err.message, section));
    piq_buf_release(&file);
}

static void test_kt_model__refuses_a_number_that_is_not_finite(void **state)
{
    fixture *f = *state;
    random_kt_size size = random_kt_small(f->c);
    piq_kt_model parts = random_kt_parts(3, f->c, size);
    parts.blend.bias = NAN;
    assert_section_refused(&parts, "blend");
    parts = random_kt_parts(3, f->c, size);
    parts.lr.weight[PIQ_N_FEATURES / 2] = INFINITY;
    assert_section_refused(&parts, "lr");
    parts = random_kt_parts(3, f->c, size);
    parts.trees.nodes[parts.trees.n_nodes - 1].split = NAN;
    assert_section_refused(&parts, "trees");
    parts = random_kt_parts(3, f->c, size);
    parts.rnn->weights[100] = -INFINITY;
    assert_section_refused(&parts, "rnn");
}

static void test_kt_model__refuses_parts_that_do_not_fit(void **state)
{
    fixture *f = *state;
    random_kt_size size = random_kt_small(f->c);
    size.n_trees = 0;
    piq_kt_model parts = random_kt_parts(4, f->c, size);
    piq_kt_model *m = NULL;
    parts.blend.weight[PIQ_MEMBER_GBDT] = 0.5;
    assert_int_equal(piq_kt_model_new(&parts, &m), PIQ_EINVAL);
    assert_non_null(parts.items);
    parts.blend.weight[PIQ_MEMBER_GBDT] = 0.0;
    parts.lr.n_features--;
    assert_int_equal(piq_kt_model_new(&parts, &m), PIQ_EINVAL);
    parts.lr.n_features++;
    parts.rnn->shape.n_items++;
    assert_int_equal(piq_kt_model_new(&parts, &m), PIQ_EINVAL);
    parts.rnn->shape.n_items--;
    piq_item_table *items = parts.items;
    parts.items = NULL;
    assert_int_equal(piq_kt_model_new(&parts, &m), PIQ_EINVAL);
    parts.items = items;
    assert_int_equal(piq_kt_model_new(&parts, &m), PIQ_OK);
    assert_null(parts.items);
    assert_null(parts.rnn);
    piq_kt_model_free(m);
}

static void test_kt_model__weight_zero_takes_no_part(void **state)
{
    fixture *f = *state;
    assert_true(piq_kt_model_uses(f->model, PIQ_MEMBER_RNN));
    f->model->blend.weight[PIQ_MEMBER_RNN] = 0.0;
    assert_false(piq_kt_model_uses(f->model, PIQ_MEMBER_RNN));
}

static void test_kt_model__digest_tells_models_apart(void **state)
{
    fixture *f = *state;
    uint64_t digest = piq_kt_model_digest(bytes_of(&f->file));
    piq_kt_model *other = random_kt_model(5, f->c, random_kt_small(f->c));
    piq_buf file;
    encode(other, &file);
    assert_true(piq_kt_model_digest(bytes_of(&f->file)) == digest);
    assert_true(piq_kt_model_digest(bytes_of(&file)) != digest);
    piq_buf_release(&file);
    piq_kt_model_free(other);
}

static void test_kt_model__full_buffer_is_said(void **state)
{
    fixture *f = *state;
    for (size_t max = 1; max < f->file.len; max += 37) {
        piq_buf b;
        piq_buf_init(&b, max);
        piq_kt_model_encode(f->model, &b);
        assert_int_equal(b.status, PIQ_ELIMIT);
        piq_buf_release(&b);
    }
}

static void test_kt_model__empty_parts_are_released(void **state)
{
    (void)state;
    piq_kt_model none = {0};
    piq_kt_parts_release(&none);
    piq_kt_model_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kt_model__reads_back_what_it_wrote),
        TEST(test_kt_model__may_lack_members),
        TEST(test_kt_model__refuses_what_is_no_model),
        TEST(test_kt_model__says_where_it_is_cut_short),
        TEST(test_kt_model__refuses_what_follows_the_end),
        TEST(test_kt_model__refuses_a_changed_byte),
        TEST(test_kt_model__refuses_another_format),
        TEST(test_kt_model__names_the_first_column_that_differs),
        TEST(test_kt_model__refuses_more_and_fewer_columns),
        TEST(test_kt_model__refuses_columns_of_another_meaning),
        TEST(test_kt_model__refuses_a_number_that_is_not_finite),
        TEST(test_kt_model__refuses_parts_that_do_not_fit),
        TEST(test_kt_model__weight_zero_takes_no_part),
        TEST(test_kt_model__digest_tells_models_apart),
        TEST(test_kt_model__full_buffer_is_said),
        TEST(test_kt_model__empty_parts_are_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
