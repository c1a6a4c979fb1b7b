/* Laws of the stack of controls, against a slow twin that keeps all of them in
 * a list and finds out anew what holds. */
#include "learner/controls.h"
#include "support/random_catalogue.h"
#include "support/random_control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_SEQUENCES = 60, N_STEPS = 150, DAY_ZERO = 20779 };

/* Every control that was not taken back, oldest first. */
typedef struct twin {
    piq_kept_control list[N_STEPS];
    size_t n;
} twin;

static bool same_slot(const piq_control *a, const piq_control *b)
{
    if (a->content.v != PIQ_NO_IX32 || b->content.v != PIQ_NO_IX32)
        return a->content.v == b->content.v;
    if (a->concept.v != PIQ_NO_IX16 || b->concept.v != PIQ_NO_IX16)
    return a->concept.v == b->concept.v;
    return a->kind == b->kind;
}

static const piq_control *holds(const twin *t, const piq_control *x)
{
    for (size_t i = t->n; i-- > 0;)
        if (same_slot(&t->list[i].control, x))
            return &t->list[i].control;
    return NULL;
}

static void drop_freezes(twin *t, int32_t day)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->list[i].control.kind != PIQ_CONTROL_FREEZE ||
            t->list[i].control.day >= day)
            t->list[n++] = t->list[i];
    t->n = n;
}

static void fold_twin(twin *t, piq_control x, int64_t at_us, int32_t day)
{
    drop_freezes(t, day);
    if (x.kind == PIQ_CONTROL_UNDO) {
        t->n -= t->n > 0;
        return;
    }
    if (x.kind == PIQ_CONTROL_FREEZE)
        x.day = day;
    const piq_control *before = holds(t, &x);
    if (x.kind == PIQ_CONTROL_RELEASE &&
        (!before || before->kind == PIQ_CONTROL_RELEASE))
        return;
    if (before && x.kind != PIQ_CONTROL_KNOWN && piq_control_eq(before, &x))
        return;
    t->list[t->n++] = (piq_kept_control){.control = x, .at_us = at_us};
}

static size_t twin_in_force(const twin *t, int32_t day, piq_kept_control *out)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const piq_control *x = &t->list[i].control;
        if (x->kind != PIQ_CONTROL_RELEASE && holds(t, x) == x &&
            (x->kind != PIQ_CONTROL_FREEZE || x->day == day))
            out[n++] = t->list[i];
    }
    return n;
}

static void check_same(const piq_controls *k, const twin *t, int32_t day)
{
    piq_kept_control mine[PIQ_MAX_CONTROLS], theirs[N_STEPS];
    size_t n = piq_controls_in_force(k, day, mine);
    assert_int_equal(n, twin_in_force(t, day, theirs));
    for (size_t i = 0; i < n; i++) {
        assert_true(piq_control_eq(&mine[i].control, &theirs[i].control));
        assert_int_equal(mine[i].at_us, theirs[i].at_us);
    }
    assert_int_equal(k->n, t->n);
}

static void check_stored(const piq_controls *k, const piq_catalogue *c)
{
    piq_buf b, again;
    piq_reader r;
    piq_controls back;
    piq_buf_init(&b, 0);
    piq_buf_init(&again, 0);
    piq_controls_encode(k, &b);
    piq_reader_init(&r, b.ptr, b.len);
    assert_int_equal(piq_controls_decode(&back, c, &r), PIQ_OK);
    assert_true(r.at == r.end);
    piq_controls_encode(&back, &again);
    assert_int_equal(b.len, again.len);
    assert_memory_equal(b.ptr, again.ptr, b.len);
    piq_controls_release(&back);
    piq_buf_release(&b);
    piq_buf_release(&again);
}

static void test_controls__hold_as_the_twin_says(void **state)
{
    (void)state;
    twin *t = malloc(sizeof *t);
    assert_non_null(t);
    /* Few things, so that wishes meet. */
    piq_catalogue *c = random_catalogue(9, 2, 5, 9);
    for (uint64_t seed = 0; seed < N_SEQUENCES; seed++) {
        piq_rng rng;
        piq_controls k = {0};
        int32_t day = DAY_ZERO;
        t->n = 0;
        piq_rng_seed(&rng, seed);
        for (int i = 0; i < N_STEPS; i++) {
            day += piq_rng_below(&rng, 12) == 0;
            piq_control x = random_control(&rng, c, day);
            assert_int_equal(piq_controls_reserve(&k), PIQ_OK);
            piq_controls_fold(&k, &x, i, day);
            fold_twin(t, x, i, day);
            check_same(&k, t, day);
        }
        check_stored(&k, c);
        piq_controls_release(&k);
    }
    piq_catalogue_free(c);
    free(t);
}

/* After any sequence, a control and its undo leave everything as it was. */
static void test_controls__undo_is_the_inverse(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(10, 2, 5, 9);
    for (uint64_t seed = 0; seed < N_SEQUENCES; seed++) {
        piq_rng rng;
        piq_controls k = {0};
        piq_control undo = piq_control_of(PIQ_CONTROL_UNDO);
        piq_rng_seed(&rng, 1000 + seed);
        for (int i = 0; i < N_STEPS; i++) {
            piq_buf before;
            piq_control x = random_control(&rng, c, DAY_ZERO);
            piq_buf_init(&before, 0);
            piq_buf_add(&before, k.records.ptr, k.records.len);
            assert_int_equal(piq_controls_reserve(&k), PIQ_OK);
            piq_control_effect e = piq_controls_fold(&k, &x, i, DAY_ZERO);
            if (x.kind != PIQ_CONTROL_UNDO && e == PIQ_CONTROL_HELD &&
                piq_rng_below(&rng, 2)) {
                assert_int_equal(piq_controls_reserve(&k), PIQ_OK);
                piq_controls_fold(&k, &undo, i, DAY_ZERO);
                assert_int_equal(k.records.len, before.len);
                if (before.len)
                    assert_memory_equal(k.records.ptr, before.ptr, before.len);
            }
            piq_buf_release(&before);
        }
        while (k.n) { /* and all the way back is nothing */
            assert_int_equal(piq_controls_reserve(&k), PIQ_OK);
            assert_int_equal(piq_controls_fold(&k, &undo, N_STEPS, DAY_ZERO),
                             PIQ_CONTROL_HELD);
        }
        assert_int_equal(k.records.len, 0);
        piq_controls_release(&k);
    }
    piq_catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_controls__hold_as_the_twin_says),
        cmocka_unit_test(test_controls__undo_is_the_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
