/* Laws of the review calendar and of deadline plans, on random cards. Every
 * draw comes from a fixed seed, printed when a law breaks. */
#include "base/calendar.h"
#include "memory/deadline.h"
#include "memory/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_RUNS = 150, FIRST_DAY = 20000 };

static void law(bool holds, const char *what, uint64_t seed, double a, double b)
{
    if (holds)
        return;
    print_error("seed %llu: %s (%.17g, %.17g)\n", (unsigned long long)seed,
                what, a, b);
    fail();
}

static double within(piq_rng *r, double low, double high)
{
    return low + (high - low) * piq_rng_uniform(r);
}

static piq_review_card random_card(piq_rng *r)
{
    piq_fsrs_state x = {exp(within(r, log(0.5), log(100))), within(r, 1, 10)};
    return (piq_review_card){.state = x,
                             .elapsed_days =
                                 floor(within(r, 0, 2 * x.stability_days)),
                             .weight = within(r, 0.1, 1),
                             .minutes = (double)(1 + piq_rng_below(r, 3))};
}

/* ---- due days
 * ---------------------------------------------------------------- */

typedef struct subject {
    piq_concept concepts[24];
    piq_catalogue catalogue;
    int32_t off[64];
    uint16_t minutes[7];
    piq_review_calendar calendar;
} subject;

static void make_subject(subject *s, piq_rng *r)
{
    memset(s, 0, sizeof *s);
    s->catalogue.concepts = s->concepts;
    s->catalogue.n_concepts = 24;
    s->calendar = (piq_review_calendar){.retention = within(r, 0.7, 0.97),
                                        .seed = piq_rng_u64(r),
                                        .days_off = s->off,
                                        .n_days_off = 64};
    for (int32_t k = 0, day = FIRST_DAY; k < 64; k++) {
        day += 1 + (int32_t)piq_rng_below(r, 5);
        s->off[k] = day;
    }
    for (int k = 0; k < 7; k++)
        s->minutes[k] = (uint16_t)(10 * piq_rng_below(r, 4));
    if (piq_rng_below(r, 2))
        s->calendar.minutes = s->minutes;
}

static int64_t noon_us(int32_t day)
{
    return day * PIQ_US_PER_DAY + PIQ_US_PER_DAY / 2;
}

/* Whether a day of the range is not off. */
static bool may_avoid(const subject *s, const piq_review_range *r)
{
    for (int32_t d = r->low_day; d <= r->high_day; d++)
        if (!piq_review_is_off(&s->calendar, d))
            return true;
    return false;
}

static void test_laws__due_days_keep_their_range_and_days_off(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        subject s;
        piq_memory m;
        piq_rng_seed(&r, seed);
        make_subject(&s, &r);
        assert_int_equal(piq_memory_init(&m, &s.catalogue), PIQ_OK);
        int32_t day = FIRST_DAY;
        for (int i = 0; i < 80; i++) {
            uint16_t k = (uint16_t)piq_rng_below(&r, 24);
            int32_t held = (int32_t)(m.concepts[k].held_s / 86400);
            int32_t elapsed = m.concepts[k].reviews ? day - held : 0;
            piq_memory_answer x = {.concept = {k},
                                   .rating = 1 + (int)piq_rng_below(&r, 4),
                                   .weight = 1,
                                   .deliberate = true,
                                   .at_us = noon_us(day)};
            piq_memory_review(&m, &s.catalogue, &x, &s.calendar);
            const piq_memory_cell *cell = &m.concepts[k];
            double exact =
                piq_memory_interval(&m, cell->state, s.calendar.retention);
            piq_review_range range = piq_review_range_of(
                (int)fmax(1, fmin(36500, round(exact))), elapsed, day, day);
            law(cell->due_day >= range.low_day &&
                    cell->due_day <= range.high_day,
                "within the range", seed, cell->due_day, range.exact_day);
            law(cell->due_day > day, "not on the day itself", seed,
                cell->due_day, day);
            law(!piq_review_is_off(&s.calendar, cell->due_day) ||
                    !may_avoid(&s, &range),
                "on no day off", seed, cell->due_day, day);
            day += (int32_t)piq_rng_below(&r, 4);
        }
        piq_memory_release(&m);
    }
}

/* New parameters: a day changes only where the odds of recall have. */
static void test_laws__new_parameters_move_only_what_they_change(void **state)
{
    (void)state;
    size_t moved = 0, kept = 0;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        subject s;
        piq_memory m, old;
        piq_rng_seed(&r, seed);
        make_subject(&s, &r);
        assert_int_equal(piq_memory_init(&m, &s.catalogue), PIQ_OK);
        int32_t today = FIRST_DAY;
        for (int i = 0; i < 60; i++, today += (int32_t)piq_rng_below(&r, 3)) {
            piq_memory_answer x = {.concept = {(uint16_t)piq_rng_below(&r, 24)},
                                   .rating = 1 + (int)piq_rng_below(&r, 4),
                                   .weight = 1,
                                   .deliberate = true,
                                   .at_us = noon_us(today)};
            piq_memory_review(&m, &s.catalogue, &x, &s.calendar);
        }
        piq_fitted f = {
            .from = PIQ_FITTED_LEARNER,
            .stability = {within(&r, -0.3, 0.3), within(&r, 0.9, 1.1), 0},
            .difficulty = PIQ_CARRY_DIFFICULTY};
        for (int k = 0; k < PIQ_N_MEMORY_PARAMETERS; k++)
            f.parameters[k] = piq_fsrs_defaults()->w[k] * within(&r, 0.8, 1.25);
        assert_int_equal(piq_memory_copy(&old, &m), PIQ_OK);
        assert_true(piq_memory_adopt(&m, &f, noon_us(today), &s.calendar));
        for (uint16_t i = 0; i < 24; i++) {
            if (!m.concepts[i].reviews)
                continue;
            int32_t due = old.concepts[i].due_day;
            due = due > today ? due : today;
            int32_t held = (int32_t)(old.concepts[i].held_s / 86400);
            if (due <= held)
                due = held + 1; /* recall is of days after practice */
            piq_belief a, b;
            piq_memory_belief(&old, (piq_concept_ix){i}, noon_us(due), 0, &a);
            piq_memory_belief(&m, (piq_concept_ix){i}, noon_us(due), 0, &b);
            double ratio =
                b.recall / (1 - b.recall) / (a.recall / (1 - a.recall));
            bool may = ratio > 1.25 - 1e-9 || ratio < 1 / 1.25 + 1e-9;
            bool did = m.concepts[i].due_day != old.concepts[i].due_day;
            law(may || !did, "moved without cause", seed, ratio, i);
            law(m.concepts[i].due_day >= today || !did, "moved into the past",
                seed, m.concepts[i].due_day, today);
            moved += did;
            kept += !did;
        }
        piq_memory_release(&m);
        piq_memory_release(&old);
    }
    assert_true(moved > 200 && kept > 200); /* both were seen */
}

/* Waiting less than a day's share of the best: order by loss is by loss. */
static void test_laws__loss_is_linear_in_worth_and_minutes(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 3);
    for (int i = 0; i < 2000; i++) {
        piq_review_card x = random_card(&r);
        double loss = piq_review_loss(piq_fsrs_defaults(), &x, 30);
        law(isfinite(loss), "finite", 3, loss, i);
        x.weight *= 2;
        x.minutes *= 4;
        double other = piq_review_loss(piq_fsrs_defaults(), &x, 30);
        law(fabs(other - loss / 2) <= 1e-12 + 1e-9 * fabs(loss), "linear", 3,
            loss, other);
    }
}

/* ---- deadlines
 * ------------------------------------------------------------------ */

typedef struct exam {
    piq_review_card cards[40];
    double minutes[40];
    piq_deadline d;
} exam;

static void make_exam(exam *e, piq_rng *r, size_t n, size_t n_days)
{
    for (size_t i = 0; i < n; i++)
        e->cards[i] = random_card(r);
    for (size_t i = 0; i < n_days; i++)
        e->minutes[i] = (double)piq_rng_below(r, 6);
    e->d = (piq_deadline){.params = piq_fsrs_defaults(),
                          .cards = e->cards,
                          .n = n,
                          .minutes = e->minutes,
                          .n_days = n_days,
                          .exchanges = 2000,
                          .seed = piq_rng_u64(r)};
}

static void test_laws__deadline_plans_are_feasible(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        exam e;
        piq_arena a;
        piq_deadline_plan p;
        double used[40] = {0}, worth = 0;
        piq_rng_seed(&r, seed);
        make_exam(&e, &r, 1 + (size_t)piq_rng_below(&r, 40),
                  1 + (size_t)piq_rng_below(&r, 40));
        piq_arena_init(&a, 0);
        assert_int_equal(piq_deadline_solve(&a, &e.d, &p), PIQ_OK);
        size_t total = 0;
        for (size_t i = 0; i < e.d.n; i++) {
            total += p.n_reviews[i];
            for (unsigned k = 0; k < p.n_reviews[i]; k++) {
                law(p.days[i][k] < e.d.n_days, "before the exam", seed,
                    p.days[i][k], (double)e.d.n_days);
                law(!k || p.days[i][k] > p.days[i][k - 1], "once a day", seed,
                    p.days[i][k], 0);
                law(p.days[i][k] > 0 || e.cards[i].elapsed_days >= 1,
                    "not again today", seed, (double)i, 0);
                used[p.days[i][k]] += e.cards[i].minutes;
            }
            worth += e.cards[i].weight *
                     piq_deadline_recall(e.d.params, &e.cards[i], p.days[i],
                                         p.n_reviews[i], (unsigned)e.d.n_days);
        }
        for (size_t d = 0; d < e.d.n_days; d++) {
            law(used[d] <= e.minutes[d] + 1e-9, "within the minutes", seed,
                used[d], e.minutes[d]);
            law(fabs(e.minutes[d] - used[d] - p.left[d]) < 1e-9, "what is left",
                seed, p.left[d], used[d]);
        }
        law(total == p.total, "reviews counted", seed, (double)total,
            (double)p.total);
        law(fabs(worth - p.worth) < 1e-9, "its worth", seed, worth, p.worth);
        law(p.worth >= p.greedy - 1e-12 && p.greedy >= p.without - 1e-12,
            "never worse", seed, p.worth, p.greedy);
        piq_arena_release(&a);
    }
}

/* Every way to review some cards on some days, by brute force. */
typedef struct brute {
    const piq_deadline *d;
    double left[4];
    double best;
} brute;

static void try_all(brute *b, size_t card, double worth)
{
    if (card == b->d->n) {
        b->best = fmax(b->best, worth);
        return;
    }
    const piq_review_card *x = &b->d->cards[card];
    for (unsigned set = 0; set < 1u << b->d->n_days; set++) {
        uint16_t days[4];
        unsigned n = 0;
        bool fits = true;
        for (uint16_t d = 0; d < b->d->n_days; d++)
            if (set >> d & 1) {
                fits = fits && b->left[d] + 1e-9 >= x->minutes &&
                       (d || x->elapsed_days >= 1);
                days[n++] = d;
            }
        if (!fits)
            continue;
        for (unsigned i = 0; i < n; i++)
            b->left[days[i]] -= x->minutes;
        try_all(b, card + 1,
                worth +
                    x->weight * piq_deadline_recall(b->d->params, x, days, n,
                                                    (unsigned)b->d->n_days));
        for (unsigned i = 0; i < n; i++)
            b->left[days[i]] += x->minutes;
    }
}

/* Four cards, three or four days: how far from the best there is. */
static void test_laws__deadline_plans_are_near_the_optimum(void **state)
{
    (void)state;
    double worst = 0, sum = 0, greedy = 0;
    int exact = 0;
    for (uint64_t seed = 1; seed <= N_RUNS; seed++) {
        piq_rng r;
        exam e;
        piq_arena a;
        piq_deadline_plan p;
        piq_rng_seed(&r, seed);
        make_exam(&e, &r, 4, 3 + seed % 2);
        piq_arena_init(&a, 0);
        assert_int_equal(piq_deadline_solve(&a, &e.d, &p), PIQ_OK);
        brute b = {.d = &e.d};
        memcpy(b.left, e.minutes, e.d.n_days * sizeof *b.left);
        try_all(&b, 0, 0);
        double could = b.best - p.without;
        double gap = could > 1e-9 ? (b.best - p.worth) / could : 0;
        law(gap >= -1e-9, "no better than the best", seed, p.worth, b.best);
        law(gap <= 0.25, "near the best", seed, p.worth, b.best);
        worst = fmax(worst, gap);
        sum += gap / N_RUNS;
        greedy += (could > 1e-9 ? (b.best - p.greedy) / could : 0) / N_RUNS;
        exact += gap < 1e-9;
        piq_arena_release(&a);
    }
    print_message("deadline: %d of %d at the optimum, gap of the gain %.2f %% "
                  "mean, %.1f %% worst; greedy %.2f %%\n",
                  exact, N_RUNS, 100 * sum, 100 * worst, 100 * greedy);
    assert_true(sum < 0.01);
    assert_true(exact > N_RUNS * 8 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_laws__due_days_keep_their_range_and_days_off),
        cmocka_unit_test(test_laws__new_parameters_move_only_what_they_change),
        cmocka_unit_test(test_laws__loss_is_linear_in_worth_and_minutes),
        cmocka_unit_test(test_laws__deadline_plans_are_feasible),
        cmocka_unit_test(test_laws__deadline_plans_are_near_the_optimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
