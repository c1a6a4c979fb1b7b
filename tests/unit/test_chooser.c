/* Learners who choose: what they do is what the world says of them. */
#include "sim/chooser.h"

#include "base/calendar.h"
#include "support/near.h"
#include "support/random_catalogue.h"

#include <math.h>

#define START_US INT64_C(1767632400000000)

static int load(void **state)
{
    *state = catalogue_from_file("content/poker.json");
    assert_non_null(*state);
    return 0;
}

static int unload(void **state)
{
    piq_catalogue_free(*state);
    return 0;
}

static piq_chooser_world *world(piq_arena *a, const piq_catalogue *c,
                                uint64_t seed)
{
    piq_chooser_options o = {seed, 1, START_US};
    piq_chooser_world *w;
    piq_arena_init(a, 0);
    assert_int_equal(piq_chooser_world_new(a, c, &o, &w), PIQ_OK);
    return w;
}

static piq_chooser *learner(piq_arena *a, const piq_chooser_world *w, size_t k)
{
    piq_chooser *l;
    assert_int_equal(piq_chooser_new(a, w, k, &l), PIQ_OK);
    return l;
}

static piq_content_ix published(const piq_catalogue *c, piq_content_type type,
                                size_t nth)
{
    for (uint32_t i = 0; i < c->n_contents; i++)
        if (c->contents[i].type == type && c->contents[i].published &&
            nth-- == 0)
            return (piq_content_ix){i};
    fail();
    return (piq_content_ix){0};
}

/* Takes what is offered, until it is finished; the events of that. */
static piq_chooser_events finish(piq_chooser *l, piq_content_ix x)
{
    static piq_chooser_events events;
    piq_chooser_outcome did = {0};
    for (int tries = 0; tries < 10000; tries++) {
        if (!piq_chooser_stays(l))
            piq_chooser_session(l);
        piq_chooser_offer(l, &x, 1, 1, &events, &did);
        if (did.shown[0].action == PIQ_ACTION_COMPLETED)
            return events;
    }
    fail();
    return events;
}

/* ---- the same again ----------------------------------------------------- */

static void test_chooser__same_seed_gives_the_same_lives(void **state)
{
    static piq_chooser_events x, y;
    piq_arena a, b;
    const piq_catalogue *c = *state;
    piq_chooser *l = learner(&a, world(&a, c, 5), 3);
    piq_chooser *m = learner(&b, world(&b, c, 5), 3);
    piq_content_ix slate[3] = {published(c, PIQ_LESSON, 0),
                               published(c, PIQ_LESSON, 9),
                               published(c, PIQ_CHARACTER, 1)};
    for (int s = 0; s < 20; s++) {
        piq_chooser_outcome did, done;
        piq_chooser_session(l);
        piq_chooser_session(m);
        piq_chooser_offer(l, slate, 3, 1, &x, &did);
        piq_chooser_offer(m, slate, 3, 1, &y, &done);
        assert_int_equal(x.n, y.n);
        assert_int_equal(piq_chooser_now_us(l), piq_chooser_now_us(m));
        for (size_t i = 0; i < x.n; i++) {
            assert_int_equal(x.list[i].type, y.list[i].type);
            assert_string_equal(x.id[i], y.id[i]);
        }
        for (int i = 0; i < 3; i++)
            assert_int_equal(did.shown[i].action, done.shown[i].action);
    }
    piq_arena_release(&a);
    piq_arena_release(&b);
}

/* Tastes and knowledge of a learner before anything is done are the same
 * whatever another policy offered: the comparison is paired. */
static void test_chooser__tastes_drift_alike_whatever_is_offered(void **state)
{
    static piq_chooser_events events;
    piq_arena a;
    piq_chooser_outcome did;
    const piq_catalogue *c = *state;
    const piq_chooser_world *w = world(&a, c, 6);
    piq_chooser *l = learner(&a, w, 0), *m = learner(&a, w, 0);
    piq_content_ix x = published(c, PIQ_LESSON, 2);
    double before = piq_chooser_liking(l, x);
    for (int s = 0; s < 30; s++) {
        piq_chooser_session(l);
        piq_chooser_session(m);
        piq_chooser_offer(l, &x, 1, 1, &events, &did);
    }
    assert_near(piq_chooser_liking(l, x), piq_chooser_liking(m, x), 0);
    assert_true(fabs(piq_chooser_liking(l, x) - before) > 1e-3);
    piq_arena_release(&a);
}

/* ---- rates as stated ---------------------------------------------------- */

/* Of many learners with a fresh session each: how often is the n-th offer
 * looked at, and taken, against what the world says of that very slate. 6,000
 * trials: a share's standard error is at most .5/sqrt(6000) = .0065; four of
 * them. */
static void test_chooser__takes_at_the_stated_rate(void **state)
{
    static piq_chooser_events events;
    const piq_catalogue *c = *state;
    piq_content_ix slate[3] = {published(c, PIQ_LESSON, 0),
                               published(c, PIQ_LESSON, 5),
                               published(c, PIQ_REVIEW, 0)};
    double seen[3] = {0}, taken[3] = {0}, finished[3] = {0};
    double to_see[3] = {0}, to_take[3] = {0}, to_finish[3] = {0};
    enum { N = 6000 };
    piq_arena a;
    const piq_chooser_world *w = world(&a, c, 7);
    for (size_t k = 0; k < N; k++) {
        piq_arena own;
        piq_arena_init(&own, 0);
        piq_chooser *l = learner(&own, w, k);
        piq_chooser_outcome did;
        piq_chooser_session(l);
        for (size_t i = 0; i < 3; i++) {
            double look = piq_chooser_look_prob(l, slate, i);
            double take = look * piq_chooser_take_prob(l, slate[i]);
            to_see[i] += look;
            to_take[i] += take;
        }
        double done[3];
        for (size_t i = 0; i < 3; i++)
            done[i] = piq_chooser_look_prob(l, slate, i) *
                      piq_chooser_take_prob(l, slate[i]) *
                      piq_chooser_finish_prob(l, slate[i]);
        piq_chooser_offer(l, slate, 3, 1, &events, &did);
        for (size_t i = 0; i < 3; i++) {
            piq_user_action x = did.shown[i].action;
            seen[i] += did.shown[i].examined;
            taken[i] += x == PIQ_ACTION_ACCEPTED || x == PIQ_ACTION_COMPLETED;
            finished[i] += x == PIQ_ACTION_COMPLETED;
            to_finish[i] += done[i];
        }
        piq_arena_release(&own);
    }
    for (int i = 0; i < 3; i++) {
        assert_near(seen[i] / N, to_see[i] / N, 0.026);
        assert_near(taken[i] / N, to_take[i] / N, 0.026);
        assert_near(finished[i] / N, to_finish[i] / N, 0.026);
    }
    assert_true(seen[0] == N);
    piq_arena_release(&a);
}

static void test_chooser__liking_is_centred_with_unit_spread(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena a;
    double sum = 0, square = 0, n = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        const piq_chooser_world *w = world(&a, c, seed);
        for (size_t k = 0; k < 20; k++) {
            piq_chooser *l = learner(&a, w, k);
            for (uint32_t i = 0; i < c->n_contents; i++) {
                double v = piq_chooser_liking(l, (piq_content_ix){i});
                sum += v;
                square += v * v;
                n += 1;
            }
        }
        piq_arena_release(&a);
    }
    assert_near(sum / n, 0, 0.1);
    /* .8 factors, .35 quality, .4 format, .4 type, .5 character (in 20 of 157):
     * sqrt(.64 + .12 + .16 + .16 + .03) = 1.05 */
    assert_near(sqrt(square / n), 1.05, 0.1);
}

/* ---- learning ----------------------------------------------------------- */

static void test_chooser__only_what_is_finished_teaches(void **state)
{
    static piq_chooser_events events;
    const piq_catalogue *c = *state;
    piq_arena a;
    piq_chooser *l = learner(&a, world(&a, c, 8), 0);
    piq_content_ix x = published(c, PIQ_LESSON, 0);
    piq_concept_ix k = c->contents[x.v].concepts[0].concept;
    double start = piq_chooser_ability(l, k);
    for (int tries = 0; tries < 1000; tries++) {
        piq_chooser_outcome did;
        piq_chooser_session(l);
        piq_chooser_offer(l, &x, 1, 1, &events, &did);
        if (did.shown[0].action == PIQ_ACTION_COMPLETED)
            break;
        assert_near(piq_chooser_ability(l, k), start, 0);
    }
    assert_true(piq_chooser_ability(l, k) > start);
    piq_arena_release(&a);
}

static void test_chooser__what_was_learned_fades_by_half_at_most(void **s)
{
    const piq_catalogue *c = *s;
    piq_arena a;
    piq_chooser *l = learner(&a, world(&a, c, 9), 1);
    piq_content_ix x = published(c, PIQ_LESSON, 0);
    piq_concept_ix k = c->contents[x.v].concepts[0].concept;
    double start = piq_chooser_ability(l, k);
    (void)finish(l, x);
    double last = piq_chooser_ability(l, k), top = last - start;
    for (int i = 0; i < 200; i++) {
        piq_chooser_session(l);
        double now = piq_chooser_ability(l, k);
        assert_true(now < last);
        last = now;
    }
    assert_true(last - start > 0.5 * top);
    /* 200 sessions two days apart, stability 5 days: 1/sqrt(81) = .11 of the
     * half that fades is left. */
    assert_near((last - start) / top, 0.5 + 0.5 * 0.11, 0.02);
    piq_arena_release(&a);
}

/* ---- what is told ------------------------------------------------------- */

static void test_chooser__events_are_ordered_and_say_what_happened(void **s)
{
    const piq_catalogue *c = *s;
    piq_arena a;
    piq_chooser *l = learner(&a, world(&a, c, 10), 2);
    piq_content_ix x = published(c, PIQ_LESSON, 0);
    piq_chooser_events e = finish(l, x);
    assert_int_equal(e.list[0].type, PIQ_EV_RECOMMENDATION_FEEDBACK);
    assert_int_equal(e.list[0].u.feedback.action, PIQ_ACTION_ACCEPTED);
    assert_int_equal(e.list[1].type, PIQ_EV_CONTENT_STARTED);
    assert_int_equal(e.list[e.n - 2].type, PIQ_EV_CONTENT_COMPLETED);
    assert_int_equal(e.list[e.n - 1].type, PIQ_EV_RECOMMENDATION_FEEDBACK);
    assert_int_equal(e.list[e.n - 1].u.feedback.action, PIQ_ACTION_COMPLETED);
    for (size_t i = 1; i < e.n; i++) {
        assert_true(e.list[i].at_us > e.list[i - 1].at_us);
        assert_int_equal(e.list[i].user.v, piq_chooser_user(l).v);
    }
    piq_arena_release(&a);
}

static void test_chooser__a_course_is_taken_part_by_part(void **state)
{
    const piq_catalogue *c = *state;
    piq_arena a;
    piq_chooser *l = learner(&a, world(&a, c, 11), 4);
    piq_content_ix course = published(c, PIQ_COURSE, 0);
    const piq_content *x = &c->contents[course.v];
    for (size_t part = 0; part < 3; part++) {
        piq_chooser_events e = finish(l, course);
        assert_int_equal(e.list[1].type, PIQ_EV_CONTENT_STARTED);
        assert_int_equal(e.list[1].u.content.content.v, x->contains[part].v);
    }
    piq_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chooser__same_seed_gives_the_same_lives),
        cmocka_unit_test(test_chooser__tastes_drift_alike_whatever_is_offered),
        cmocka_unit_test(test_chooser__takes_at_the_stated_rate),
        cmocka_unit_test(test_chooser__liking_is_centred_with_unit_spread),
        cmocka_unit_test(test_chooser__only_what_is_finished_teaches),
        cmocka_unit_test(test_chooser__what_was_learned_fades_by_half_at_most),
        cmocka_unit_test(
            test_chooser__events_are_ordered_and_say_what_happened),
        cmocka_unit_test(test_chooser__a_course_is_taken_part_by_part),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
