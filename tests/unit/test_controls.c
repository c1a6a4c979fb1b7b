/* The stack of controls: what holds, what undo brings back, what is forgotten,
 * and its stored form. */
#include "learner/controls.h"

#include "support/random_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TODAY = 20779 };
#define NEVER INT64_MIN

typedef struct fixture {
    piq_catalogue *c;
    piq_controls k;
    int64_t at_us; /* of the newest */
    piq_kept_control list[PIQ_MAX_CONTROLS];
    piq_arena a;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    f->c = random_catalogue(5, 3, 12, 300);
    f->at_us = 1000;
    piq_arena_init(&f->a, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_controls_release(&f->k);
    piq_catalogue_free(f->c);
    piq_arena_release(&f->a);
    free(f);
    return 0;
}

static piq_control_effect on_day(fixture *f, piq_control x, int32_t day)
{
    assert_int_equal(piq_controls_reserve(&f->k), PIQ_OK);
    return piq_controls_fold(&f->k, &x, ++f->at_us, day);
}

static piq_control_effect told(fixture *f, piq_control x)
{
    return on_day(f, x, TODAY);
}

static piq_control of_content(piq_control_kind kind, uint32_t content)
{
    piq_control x = piq_control_of(kind);
    x.content.v = content;
    return x;
}

static piq_control of_concept(piq_control_kind kind, uint16_t concept)
{
    piq_control x = piq_control_of(kind);
    x.concept.v = concept;
    return x;
}

static piq_control pace(float factor)
{
    piq_control x = piq_control_of(PIQ_CONTROL_PACE);
    x.factor = factor;
    return x;
}

static piq_control undo(void)
{
    return piq_control_of(PIQ_CONTROL_UNDO);
}

static piq_controls_view view_on(fixture *f, int32_t day)
{
    piq_controls_view v;
    assert_int_equal(piq_controls_view_of(&f->a, &f->k, f->c, NULL, day, &v),
                     PIQ_OK);
    return v;
}

static size_t in_force(fixture *f)
{
    return piq_controls_in_force(&f->k, TODAY, f->list);
}

static void test_controls__the_newest_of_a_slot_holds(void **state)
{
    fixture *f = *state;
    assert_int_equal(told(f, of_content(PIQ_CONTROL_PIN, 3)), PIQ_CONTROL_HELD);
    assert_int_equal(told(f, of_content(PIQ_CONTROL_PIN, 4)), PIQ_CONTROL_HELD);
    told(f, of_content(PIQ_CONTROL_SKIP, 3));
    told(f, pace(2));
    told(f, pace(0.5f));
    assert_int_equal(in_force(f), 3);
    assert_int_equal(f->list[0].control.kind, PIQ_CONTROL_PIN);
    assert_int_equal(f->list[0].control.content.v, 4);
    assert_int_equal(f->list[1].control.kind, PIQ_CONTROL_SKIP);
    assert_int_equal(f->list[1].at_us, 1003);
    assert_true(f->list[2].control.factor < 1);
}

static void test_controls__undo_brings_back_what_was_superseded(void **state)
{
    fixture *f = *state;
    piq_kept_control newest;
    told(f, pace(2));
    told(f, pace(0.5f));
    assert_true(piq_controls_newest(&f->k, TODAY, &newest));
    assert_true(newest.control.factor < 1);
    assert_int_equal(told(f, undo()), PIQ_CONTROL_HELD);
    assert_int_equal(in_force(f), 1);
    assert_true(f->list[0].control.factor > 1);
    assert_int_equal(told(f, undo()), PIQ_CONTROL_HELD);
    assert_int_equal(in_force(f), 0);
    assert_false(piq_controls_newest(&f->k, TODAY, &newest));
    assert_int_equal(told(f, undo()), PIQ_CONTROL_NOTHING);
    assert_int_equal(f->k.n_ever, 4); /* the last one changed nothing */
}

static void test_controls__release_takes_one_thing_back(void **state)
{
    fixture *f = *state;
    piq_control release = of_content(PIQ_CONTROL_RELEASE, 3);
    assert_int_equal(told(f, release), PIQ_CONTROL_NOTHING);
    told(f, of_content(PIQ_CONTROL_PIN, 3));
    told(f, of_concept(PIQ_CONTROL_KNOWN, 3)); /* another 3 */
    assert_int_equal(told(f, release), PIQ_CONTROL_HELD);
    assert_int_equal(in_force(f), 1);
    assert_int_equal(f->list[0].control.kind, PIQ_CONTROL_KNOWN);
    assert_int_equal(told(f, release), PIQ_CONTROL_NOTHING);
    told(f, undo()); /* of the release */
    assert_int_equal(in_force(f), 2);
}

static void test_controls__the_same_said_twice_is_said_once(void **state)
{
    fixture *f = *state;
    piq_control known = of_concept(PIQ_CONTROL_KNOWN, 1);
    told(f, pace(2));
    assert_int_equal(told(f, pace(2)), PIQ_CONTROL_SAME);
    assert_int_equal(f->k.n, 1);
    told(f, known);
    /* But this asks for a check again. */
    assert_int_equal(told(f, known), PIQ_CONTROL_HELD);
    assert_int_equal(f->k.n, 3);
    assert_int_equal(in_force(f), 2);
}

static void test_controls__a_freeze_is_of_its_day(void **state)
{
    fixture *f = *state;
    piq_control freeze = piq_control_of(PIQ_CONTROL_FREEZE);
    told(f, pace(2));
    told(f, freeze);
    assert_true(view_on(f, TODAY).frozen);
    assert_false(view_on(f, TODAY + 1).frozen);
    assert_int_equal(piq_controls_in_force(&f->k, TODAY + 1, f->list), 1);
    piq_kept_control newest;
    assert_true(piq_controls_newest(&f->k, TODAY + 1, &newest));
    assert_int_equal(newest.control.kind, PIQ_CONTROL_PACE);
    /* Undo on the next day takes back what still means something. */
    assert_int_equal(on_day(f, undo(), TODAY + 1), PIQ_CONTROL_HELD);
    assert_int_equal(f->k.n, 0);
}

static void test_controls__days_off_end_when_stated_anew(void **state)
{
    fixture *f = *state;
    piq_control x = piq_control_of(PIQ_CONTROL_DAYS_OFF);
    x.n_days = 1;
    x.days[0] = TODAY + 2;
    assert_false(view_on(f, TODAY).has_days_off);
    told(f, x);
    told(f, pace(2));
    piq_controls_view v = view_on(f, TODAY);
    assert_true(v.has_days_off);
    assert_int_equal(v.n_days_off, 1);
    assert_int_equal(v.days_off[0], TODAY + 2);
    piq_controls_end_days_off(&f->k);
    assert_false(view_on(f, TODAY).has_days_off);
    assert_int_equal(in_force(f), 1);
}

static void test_controls__beyond_the_bound_the_void_goes_first(void **state)
{
    fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        told(f, of_content(PIQ_CONTROL_PIN, i));
    for (uint32_t i = 100; i < 200; i++)
        told(f, pace(1 + (float)i / 200)); /* all but the newest are void */
    for (uint32_t i = 100; i < 255; i++)
        told(f, of_content(PIQ_CONTROL_PIN, i));
    /* 100 + 1 + 155 mean something: nothing of it was lost. */
    assert_int_equal(f->k.n, PIQ_MAX_CONTROLS);
    assert_int_equal(in_force(f), 256);
    told(f, of_content(PIQ_CONTROL_PIN, 255));
    assert_int_equal(in_force(f), 256);
    assert_int_equal(f->list[0].control.content.v, 1); /* 0 was forgotten */
}

static void test_controls__the_newest_changes_are_told(void **state)
{
    fixture *f = *state;
    piq_kept_control recent[PIQ_MAX_RECENT_CONTROLS];
    for (uint32_t i = 0; i < 12; i++)
        told(f, of_content(PIQ_CONTROL_PIN, i));
    told(f, undo());
    assert_int_equal(f->k.n_ever, 13);
    assert_int_equal(piq_controls_recent(&f->k, 2, recent), 2);
    assert_int_equal(recent[0].control.content.v, 11);
    assert_false(recent[0].undone);
    assert_int_equal(recent[1].control.content.v, 11);
    assert_true(recent[1].undone);
    assert_int_equal(recent[1].at_us, f->at_us);
    assert_int_equal(piq_controls_recent(&f->k, 50, recent),
                     PIQ_MAX_RECENT_CONTROLS);
    assert_int_equal(recent[0].control.content.v, 5);
}

/* ---- the view ------------------------------------------------------------ */

static void test_controls__the_view_is_what_a_planner_asks(void **state)
{
    fixture *f = *state;
    piq_controls_view v;
    piq_control pin = of_content(PIQ_CONTROL_PIN, 7),
                off = piq_control_of(PIQ_CONTROL_DAYS_OFF),
                order = piq_control_of(PIQ_CONTROL_REORDER);
    pin.day = TODAY - 1;
    off.n_days = 2;
    off.days[0] = TODAY;
    off.days[1] = TODAY + 3;
    order.n_order = 2;
    order.order[0].v = 9;
    order.order[1].v = 8;
    told(f, pin);
    told(f, of_content(PIQ_CONTROL_SKIP, 6));
    told(f, of_concept(PIQ_CONTROL_KNOWN, 2));
    told(f, off);
    told(f, order);
    told(f, pace(0.5f));
    told(f, piq_control_of(PIQ_CONTROL_FREEZE));
    assert_int_equal(piq_controls_view_of(&f->a, &f->k, f->c, NULL, TODAY, &v),
                     PIQ_OK);
    assert_int_equal(v.n_pins, 1);
    assert_int_equal(v.pins[0].content.v, 7);
    assert_int_equal(v.pins[0].day, INT32_MAX); /* it is over */
    assert_int_equal(v.n_skip, 1);
    assert_int_equal(v.skip[0].v, 6);
    assert_int_equal(v.n_known, 1);
    assert_int_equal(v.known[0].v, 2);
    assert_int_equal(v.n_order, 2);
    assert_int_equal(v.order[0].v, 9);
    assert_true(v.has_days_off);
    assert_int_equal(v.n_days_off, 2);
    assert_true(v.pace == 0.5);
    assert_true(v.frozen);
}

static void test_controls__the_view_of_none_is_empty(void **state)
{
    fixture *f = *state;
    piq_controls_view v;
    assert_int_equal(piq_controls_view_of(&f->a, &f->k, f->c, NULL, TODAY, &v),
                     PIQ_OK);
    assert_int_equal(v.n_pins + v.n_skip + v.n_known + v.n_order, 0);
    assert_false(v.has_days_off || v.frozen);
    assert_true(v.pace == 1);
}

static void test_controls__what_was_shown_since_is_claimed_no_more(void **state)
{
    fixture *f = *state;
    piq_controls_view v;
    piq_belief beliefs[12];
    for (size_t i = 0; i < 12; i++)
        beliefs[i] = (piq_belief){.last_us = NEVER};
    told(f, of_concept(PIQ_CONTROL_KNOWN, 2));
    told(f, of_concept(PIQ_CONTROL_KNOWN, 3));
    beliefs[2].last_us = f->at_us - 1; /* the instant it was said */
    beliefs[3].last_us = f->at_us + 1;
    assert_int_equal(
        piq_controls_view_of(&f->a, &f->k, f->c, beliefs, TODAY, &v), PIQ_OK);
    assert_int_equal(v.n_known, 1);
    assert_int_equal(v.known[0].v, 2);
}

static bool is_mainly_of(const piq_content *x, uint16_t concept)
{
    double most = 0, mine = 0;
    for (size_t i = 0; i < x->n_concepts; i++) {
        most = x->concepts[i].weight > most ? x->concepts[i].weight : most;
        if (x->concepts[i].concept.v == concept)
            mine = x->concepts[i].weight;
    }
    return mine == most;
}

static void test_controls__a_concept_is_skipped_with_its_contents(void **state)
{
    fixture *f = *state;
    piq_controls_view v;
    told(f, of_concept(PIQ_CONTROL_SKIP, 4));
    assert_int_equal(piq_controls_view_of(&f->a, &f->k, f->c, NULL, TODAY, &v),
                     PIQ_OK);
    assert_int_equal(v.n_skip_concepts, 1);
    assert_true(v.n_skip > 1);
    size_t n = v.n_skip;
    for (size_t i = 0; i < n; i++)
        assert_true(is_mainly_of(&f->c->contents[v.skip[i].v], 4));
    told(f, of_content(PIQ_CONTROL_PIN, v.skip[0].v));
    assert_int_equal(piq_controls_view_of(&f->a, &f->k, f->c, NULL, TODAY, &v),
                     PIQ_OK);
    assert_int_equal(v.n_skip, n - 1); /* a pin is the more definite wish */
}

/* ---- the stored form ------------------------------------------------------
 */

static void fill(fixture *f)
{
    piq_control off = piq_control_of(PIQ_CONTROL_DAYS_OFF),
                order = piq_control_of(PIQ_CONTROL_REORDER);
    off.n_days = PIQ_MAX_DAYS_OFF;
    for (int32_t i = 0; i < PIQ_MAX_DAYS_OFF; i++)
        off.days[i] = TODAY + 5 * i;
    order.n_order = PIQ_MAX_REORDER;
    for (uint32_t i = 0; i < PIQ_MAX_REORDER; i++)
        order.order[i].v = 299 - i;
    told(f, off);
    told(f, order);
    told(f, of_content(PIQ_CONTROL_PIN, 299));
    told(f, of_concept(PIQ_CONTROL_KNOWN, 11));
    told(f, pace(3));
    told(f, pace(0.25f));
    told(f, undo());
    told(f, piq_control_of(PIQ_CONTROL_FREEZE));
}

static void encode(const piq_controls *k, piq_buf *b)
{
    piq_buf_init(b, 0);
    piq_controls_encode(k, b);
    assert_int_equal(b->status, PIQ_OK);
}

static piq_status decode(const fixture *f, const void *bytes, size_t len,
                         piq_controls *out)
{
    piq_reader r;
    piq_reader_init(&r, bytes, len);
    piq_status status = piq_controls_decode(out, f->c, &r);
    return status == PIQ_OK && r.at != r.end ? PIQ_ECORRUPT : status;
}

static void test_controls__read_back_to_the_bit(void **state)
{
    fixture *f = *state;
    piq_buf b, again;
    piq_controls back, copy;
    encode(&f->k, &b);
    assert_int_equal(b.len, 1); /* none: one byte of the state */
    piq_buf_release(&b);
    fill(f);
    encode(&f->k, &b);
    assert_int_equal(decode(f, b.ptr, b.len, &back), PIQ_OK);
    encode(&back, &again);
    assert_int_equal(b.len, again.len);
    assert_memory_equal(b.ptr, again.ptr, b.len);
    piq_buf_release(&again);
    assert_int_equal(piq_controls_copy(&copy, &back), PIQ_OK);
    encode(&copy, &again);
    assert_memory_equal(b.ptr, again.ptr, b.len);
    piq_buf_release(&again);
    piq_buf_release(&b);
    piq_controls_release(&back);
    piq_controls_release(&copy);
}

/* Whatever the bytes, it is refused or can be used. */
static void test_controls__damaged_bytes_do_no_harm(void **state)
{
    fixture *f = *state;
    piq_buf b;
    size_t n_refused = 0;
    fill(f);
    encode(&f->k, &b);
    for (size_t len = 0; len < b.len; len++) {
        piq_controls k;
        assert_int_equal(decode(f, b.ptr, len, &k), PIQ_ECORRUPT);
    }
    for (size_t at = 0; at < b.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            piq_controls k;
            b.ptr[at] = (char)(b.ptr[at] ^ (1 << bit));
            piq_status status = decode(f, b.ptr, b.len, &k);
            b.ptr[at] = (char)(b.ptr[at] ^ (1 << bit));
            n_refused += status != PIQ_OK;
            if (status)
                continue;
            size_t n = piq_controls_in_force(&k, TODAY, f->list);
            for (size_t i = 0; i < n; i++)
                assert_true(f->list[i].control.content.v == PIQ_NO_IX32 ||
                            f->list[i].control.content.v < f->c->n_contents);
            piq_controls_release(&k);
        }
    assert_true(n_refused > 100);
    piq_buf_release(&b);
}

static void test_controls__no_memory_leaves_what_there_is(void **state)
{
    fixture *f = *state;
    piq_controls copy;
    piq_controls_view v;
    piq_buf b;
    fill(f);
    encode(&f->k, &b);
    for (long k = 1; k < 6; k++) {
        piq_arena a;
        piq_arena_init(&a, 0);
        piq_alloc_fail_after(k, 1);
        piq_status reserved = piq_controls_reserve(&f->k);
        piq_status copied = piq_controls_copy(&copy, &f->k);
        piq_status seen =
            piq_controls_view_of(&a, &f->k, f->c, NULL, TODAY, &v);
        piq_alloc_fail_after(0, 0);
        assert_int_equal(reserved, PIQ_OK); /* there is room yet */
        if (k < 3)
            assert_int_equal(copied, PIQ_ENOMEM);
        assert_true(seen == PIQ_OK || seen == PIQ_ENOMEM);
        piq_controls_release(&copy);
        piq_arena_release(&a);
    }
    piq_alloc_fail_after(1, 1);
    piq_controls none = {0};
    assert_int_equal(piq_controls_reserve(&none), PIQ_ENOMEM);
    piq_alloc_fail_after(0, 0);
    piq_controls_release(&none);
    piq_buf_release(&b);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_controls__the_newest_of_a_slot_holds),
        WITH(test_controls__undo_brings_back_what_was_superseded),
        WITH(test_controls__release_takes_one_thing_back),
        WITH(test_controls__the_same_said_twice_is_said_once),
        WITH(test_controls__a_freeze_is_of_its_day),
        WITH(test_controls__days_off_end_when_stated_anew),
        WITH(test_controls__beyond_the_bound_the_void_goes_first),
        WITH(test_controls__the_newest_changes_are_told),
        WITH(test_controls__the_view_is_what_a_planner_asks),
        WITH(test_controls__the_view_of_none_is_empty),
        WITH(test_controls__what_was_shown_since_is_claimed_no_more),
        WITH(test_controls__a_concept_is_skipped_with_its_contents),
        WITH(test_controls__read_back_to_the_bit),
        WITH(test_controls__damaged_bytes_do_no_harm),
        WITH(test_controls__no_memory_leaves_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
