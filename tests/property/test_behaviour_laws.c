/* Laws of the counted habits over made-up lives: what is written reads back to
 * the bit, a reload changes nothing that follows, sizes stay bounded, counts
 * add up, and bytes that are not ours are refused. */
#include "learner/behaviour.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "support/random_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-01-05T09:00:00Z, a Monday. */
#define START_US INT64_C(1767603600000000)

enum { N_AREAS = 12, N_CONCEPTS = 70, N_CONTENTS = 157 };

static int set_up(void **state)
{
    *state = random_catalogue(1, N_AREAS, N_CONCEPTS, N_CONTENTS);
    return 0;
}

static int tear_down(void **state)
{
    piq_catalogue_free(*state);
    return 0;
}

typedef struct life {
    piq_rng rng;
    int64_t at_us;
    double mastery[N_AREAS];
    double answers_a_day; /* on average */
} life;

static life life_of(uint64_t seed, double answers_a_day)
{
    life v = {.at_us = START_US, .answers_a_day = answers_a_day};
    piq_rng_seed(&v.rng, seed);
    for (int a = 0; a < N_AREAS; a++)
        v.mastery[a] = 0.3;
    return v;
}

static bool chance(life *v, double p)
{
    return piq_rng_uniform(&v->rng) < p;
}

/* Some come at the same instant, most within minutes, some after days. */
static void wait(life *v)
{
    if (chance(v, 0.1))
        return;
    if (chance(v, 1 / (v->answers_a_day + 1)))
        v->at_us += (int64_t)(piq_rng_uniform(&v->rng) * 2 * PIQ_US_PER_DAY);
    else
        v->at_us += (int64_t)(piq_rng_uniform(&v->rng) * 4 * PIQ_US_PER_MINUTE);
}

static piq_event next_event(life *v)
{
    static const piq_event_type rare[] = {
        PIQ_EV_CONTENT_STARTED,         PIQ_EV_CONTENT_COMPLETED,
        PIQ_EV_CONTENT_ABANDONED,       PIQ_EV_ASSESSMENT_COMPLETED,
        PIQ_EV_CHARACTER_SESSION,       PIQ_EV_REVIEW,
        PIQ_EV_RECOMMENDATION_FEEDBACK, PIQ_EV_GOAL_SET,
        PIQ_EV_PROFILE_STATED};
    wait(v);
    piq_event e = {.at_us = v->at_us, .type = PIQ_EV_ANSWER};
    if (chance(v, 0.7)) {
        e.u.answer.response_ms =
            chance(v, 0.2) ? 0 : (uint32_t)piq_rng_below(&v->rng, 60000);
        e.u.answer.hint = chance(v, 0.1);
        return e;
    }
    e.type = rare[piq_rng_below(&v->rng, sizeof rare / sizeof *rare)];
    uint32_t seconds = (uint32_t)piq_rng_below(&v->rng, 1800);
    if (e.type == PIQ_EV_ASSESSMENT_COMPLETED)
        e.u.assessment.seconds = seconds;
    else if (e.type == PIQ_EV_CHARACTER_SESSION)
        e.u.character = (piq_character_event){
            .hands = 30, .score = 0.3f, .seconds = seconds};
    else if (e.type == PIQ_EV_RECOMMENDATION_FEEDBACK)
        e.u.feedback.feedback_score = (uint8_t)piq_rng_below(&v->rng, 6);
    else if (e.type != PIQ_EV_REVIEW)
        e.u.content.seconds = seconds;
    return e;
}

static void live(life *v, piq_behaviour *b, int n)
{
    for (int i = 0; i < n; i++) {
        piq_event e = next_event(v);
        double areas[N_AREAS];
        for (int a = 0; a < N_AREAS; a++)
            areas[a] = NAN;
        size_t a = piq_rng_below(&v->rng, N_AREAS);
        double before = v->mastery[a];
        v->mastery[a] =
            fmin(0.99, fmax(0.01, before + 0.02 * piq_rng_normal(&v->rng)));
        areas[a] = v->mastery[a];
        bool answer = e.type == PIQ_EV_ANSWER || e.type == PIQ_EV_REVIEW;
        piq_behaviour_note note = {
            .event = &e,
            .utc_offset_min = 120,
            .is_answer = answer,
            .predicted = answer ? piq_rng_uniform(&v->rng) : NAN,
            .score = chance(v, 0.6) ? 1 : 0,
            .modality = (int)piq_rng_below(&v->rng, 4) - 1,
            .content_type = (int)piq_rng_below(&v->rng, 6) - 1,
            .character = {(uint16_t)piq_rng_below(&v->rng, 5)},
            .difficulty = piq_rng_uniform(&v->rng),
            .nominal_minutes = 10,
            .mastery_gained = v->mastery[a] - before,
            .area_mastery = areas};
        piq_behaviour_note_event(b, &note);
    }
}

/* Member by member: the struct has a hole. */
static void assert_same_week(const piq_week_record *x, const piq_week_record *y)
{
    assert_int_equal(x->week, y->week);
    assert_int_equal(x->spent_ms, y->spent_ms);
    assert_int_equal(x->unsettled_ms, y->unsettled_ms);
    assert_int_equal(x->answers, y->answers);
    assert_int_equal(x->right, y->right);
    assert_int_equal(x->completed, y->completed);
    assert_memory_equal(&x->gained, &y->gained, sizeof x->gained);
    assert_true(x->touched == y->touched);
}

static void assert_same(const piq_behaviour *x, const piq_behaviour *y)
{
    piq_behaviour a = *x, b = *y;
    size_t cells = (size_t)a.n_weeks * a.n_areas;
    assert_int_equal(a.n_areas, b.n_areas);
    assert_int_equal(a.n_characters, b.n_characters);
    assert_memory_equal(a.area_mastery, b.area_mastery,
                        cells * sizeof *a.area_mastery);
    assert_memory_equal(a.characters, b.characters,
                        a.n_characters * sizeof *a.characters);
    /* The rows in use; what a ring let go of may still lie behind them. */
    for (size_t i = 0; i < a.n_weeks && i < b.n_weeks; i++)
        assert_same_week(&a.weeks[i], &b.weeks[i]);
    assert_memory_equal(a.days, b.days, a.n_days * sizeof *a.days);
    memset(a.weeks, 0, sizeof a.weeks);
    memset(b.weeks, 0, sizeof b.weeks);
    memset(a.days + a.n_days, 0, (PIQ_DAYS_KEPT - a.n_days) * sizeof *a.days);
    memset(b.days + b.n_days, 0, (PIQ_DAYS_KEPT - b.n_days) * sizeof *b.days);
    a.area_mastery = b.area_mastery = NULL;
    a.characters = b.characters = NULL;
    assert_memory_equal(&a, &b, sizeof a);
}

static void reload(const piq_behaviour *from, const piq_catalogue *c,
                   piq_behaviour *to, size_t *bytes)
{
    piq_buf out;
    piq_reader in;
    piq_buf_init(&out, 0);
    piq_behaviour_encode(from, &out);
    assert_int_equal(out.status, PIQ_OK);
    piq_reader_init(&in, out.ptr, out.len);
    assert_int_equal(piq_behaviour_decode(to, c, &in), PIQ_OK);
    assert_ptr_equal(in.at, in.end);
    if (bytes)
        *bytes = out.len;
    piq_buf_release(&out);
}

static void test_behaviour__a_reload_changes_nothing_that_follows(void **state)
{
    const piq_catalogue *c = *state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        piq_behaviour straight, stopped;
        assert_int_equal(piq_behaviour_init(&straight, c), PIQ_OK);
        assert_int_equal(piq_behaviour_init(&stopped, c), PIQ_OK);
        life a = life_of(seed, 6), b = life_of(seed, 6);
        for (int part = 0; part < 15; part++) {
            live(&a, &straight, 37 * part);
            live(&b, &stopped, 37 * part);
            reload(&stopped, c, &stopped, NULL);
            assert_same(&straight, &stopped);
        }
        piq_behaviour_release(&straight);
        piq_behaviour_release(&stopped);
    }
}

static void test_behaviour__stays_small(void **state)
{
    const piq_catalogue *c = *state;
    size_t most_500 = 0, most_ever = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        piq_behaviour b;
        size_t bytes;
        assert_int_equal(piq_behaviour_init(&b, c), PIQ_OK);
        life v = life_of(seed, 8);
        live(&v, &b, 500);
        reload(&b, c, &b, &bytes);
        most_500 = bytes > most_500 ? bytes : most_500;
        live(&v, &b, 20000);
        reload(&b, c, &b, &bytes);
        most_ever = bytes > most_ever ? bytes : most_ever;
        piq_behaviour_release(&b);
    }
    print_message("at most %zu bytes after 500 events, %zu after 20,500\n",
                  most_500, most_ever);
    /* A learner may take 8 KB at 70 concepts, in all. */
    assert_true(most_500 <= 2560);
    assert_true(most_ever <= 3584);
}

static void test_behaviour__counts_add_up(void **state)
{
    const piq_catalogue *c = *state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        piq_behaviour b;
        assert_int_equal(piq_behaviour_init(&b, c), PIQ_OK);
        life v = life_of(seed, 30);
        live(&v, &b, 1500);
        uint64_t day_ms = 0, week_ms = 0, day_answers = 0, hours = 0;
        uint64_t weekdays = 0, lengths = b.session.n, sessions = 0;
        uint64_t difficulties = 0;
        assert_true(b.n_days < PIQ_DAYS_KEPT);
        assert_int_equal(b.n_days, b.n_active_days);
        for (int i = 0; i < b.n_days; i++) {
            day_ms += b.days[i].spent_ms;
            day_answers += b.days[i].answers;
            assert_true(i == 0 || b.days[i].day > b.days[i - 1].day);
            assert_true(b.days[i].right <= b.days[i].answers);
        }
        for (int i = 0; i < b.n_weeks; i++)
            week_ms += b.weeks[i].spent_ms;
        for (int i = 0; i < 24; i++)
            hours += b.by_hour[i].n;
        for (int i = 0; i < 7; i++)
            weekdays += b.by_weekday[i];
        for (int i = 0; i < PIQ_N_LENGTHS; i++) {
            lengths += b.by_length[i].residuals.n;
            sessions += b.by_length[i].sessions;
        }
        for (int i = 0; i < PIQ_N_DIFFICULTIES; i++)
            difficulties += b.by_difficulty[i].answers;
        assert_int_equal(day_ms, b.spent_ms);
        assert_int_equal(week_ms, b.spent_ms);
        assert_int_equal(day_answers, b.answers);
        assert_int_equal(hours, b.answers);
        assert_int_equal(weekdays, b.answers);
        assert_int_equal(lengths, b.answers);
        assert_int_equal(difficulties, b.answers);
        assert_int_equal(sessions, b.n_sessions);
        assert_int_equal(b.predictions.n, b.answers);
        assert_true(b.longest_streak >= b.streak);
        piq_behaviour_release(&b);
    }
}

static void test_behaviour__a_copy_goes_its_own_way(void **state)
{
    const piq_catalogue *c = *state;
    piq_behaviour b, copy, kept;
    assert_int_equal(piq_behaviour_init(&b, c), PIQ_OK);
    life v = life_of(3, 10);
    live(&v, &b, 200);
    assert_int_equal(piq_behaviour_copy(&copy, &b), PIQ_OK);
    assert_int_equal(piq_behaviour_copy(&kept, &b), PIQ_OK);
    live(&v, &copy, 200);
    assert_same(&b, &kept);
    piq_behaviour_release(&b);
    piq_behaviour_release(&copy);
    piq_behaviour_release(&kept);
}

static void test_behaviour__grows_with_the_catalogue(void **state)
{
    const piq_catalogue *c = *state;
    piq_catalogue wider = *c;
    piq_behaviour b, read;
    wider.n_areas += 3;
    wider.n_characters += 2;
    assert_int_equal(piq_behaviour_init(&b, c), PIQ_OK);
    assert_int_equal(piq_behaviour_init(&read, &wider), PIQ_OK);
    life v = life_of(5, 3);
    live(&v, &b, 900);
    reload(&b, &wider, &read, NULL);
    assert_int_equal(piq_behaviour_grow(&b, &wider), PIQ_OK);
    assert_same(&b, &read);
    assert_int_equal(b.area_mastery[wider.n_areas - 1], PIQ_NO_MASTERY);
    piq_behaviour_release(&b);
    piq_behaviour_release(&read);
}

static void test_behaviour__damaged_bytes_are_refused_or_read(void **state)
{
    const piq_catalogue *c = *state;
    piq_behaviour b, read, kept;
    piq_buf out;
    piq_rng rng;
    piq_rng_seed(&rng, 9);
    piq_buf_init(&out, 0);
    assert_int_equal(piq_behaviour_init(&b, c), PIQ_OK);
    life v = life_of(9, 6);
    live(&v, &b, 600);
    piq_behaviour_encode(&b, &out);
    assert_int_equal(piq_behaviour_init(&read, c), PIQ_OK);
    assert_int_equal(piq_behaviour_copy(&kept, &read), PIQ_OK);
    for (size_t cut = 0; cut < out.len; cut++) {
        piq_reader in;
        piq_reader_init(&in, out.ptr, cut);
        assert_int_equal(piq_behaviour_decode(&read, c, &in), PIQ_ECORRUPT);
        assert_ptr_equal(in.at, out.ptr);
    }
    assert_same(&read, &kept);
    /* One flipped bit: no crash, and what is read can be written again. */
    for (int i = 0; i < 20000; i++) {
        size_t at = piq_rng_below(&rng, out.len);
        char bit = (char)(1u << piq_rng_below(&rng, 8));
        piq_reader in;
        out.ptr[at] ^= bit;
        piq_reader_init(&in, out.ptr, out.len);
        if (piq_behaviour_decode(&read, c, &in) == PIQ_OK) {
            assert_true(read.n_weeks <= PIQ_TRAJECTORY_WEEKS);
            assert_true(read.n_days <= PIQ_DAYS_KEPT);
        }
        out.ptr[at] ^= bit;
    }
    piq_buf_release(&out);
    piq_behaviour_release(&b);
    piq_behaviour_release(&read);
    piq_behaviour_release(&kept);
}

static void test_behaviour__no_memory_leaves_things_as_they_were(void **state)
{
    const piq_catalogue *c = *state;
    piq_behaviour b, other;
    assert_int_equal(piq_behaviour_init(&b, c), PIQ_OK);
    life v = life_of(2, 6);
    live(&v, &b, 100);
    for (int k = 1; k <= 2; k++) {
        piq_alloc_fail_after(k, 0);
        assert_int_equal(piq_behaviour_init(&other, c), PIQ_ENOMEM);
        piq_alloc_fail_after(k, 0);
        assert_int_equal(piq_behaviour_copy(&other, &b), PIQ_ENOMEM);
        piq_alloc_fail_after(0, 0);
    }
    piq_behaviour_release(&b);
}

int main(void)
{
#define CASE(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        CASE(test_behaviour__a_reload_changes_nothing_that_follows),
        CASE(test_behaviour__stays_small),
        CASE(test_behaviour__counts_add_up),
        CASE(test_behaviour__a_copy_goes_its_own_way),
        CASE(test_behaviour__grows_with_the_catalogue),
        CASE(test_behaviour__damaged_bytes_are_refused_or_read),
        CASE(test_behaviour__no_memory_leaves_things_as_they_were),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
