/* bench_reviews - what the scheduling policy does, on simulated learners.
 *
 * Their memory is FSRS-6 with the published parameters: a review is passed
 * ("good") with the chance of recall, else failed. Same seeds, same numbers;
 * no clock is asked. One table each for: spreading the load, working off a
 * backlog, a deadline, and repetition through harder concepts.
 *
 *     bench_reviews [load|backlog|deadline|implicit]
 */
#include "base/calendar.h"
#include "memory/deadline.h"
#include "memory/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CARDS = 4000, MOST_DAYS = 1200 };

typedef struct card {
    piq_fsrs_state state;
    int32_t day; /* of its last review */
    int32_t due;
    uint32_t reviews;
} card;

static const piq_fsrs_params *fsrs(void)
{
    return piq_fsrs_defaults();
}

static double recall_on(const card *x, int32_t day)
{
    return piq_fsrs_recall(fsrs(), day - x->day, x->state.stability_days);
}

static bool review(card *x, int32_t day, piq_rng *r)
{
    bool passed = x->reviews == 0 || piq_rng_uniform(r) < recall_on(x, day);
    x->state = piq_fsrs_next(fsrs(), x->state, day - x->day, passed ? 3 : 1);
    x->day = day;
    x->reviews++;
    return passed;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static double sd_of(const double *x, size_t n)
{
    double mean = mean_of(x, n), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sqrt(sum / (double)(n - 1));
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- spreading the load -------------------------------------------------- */

typedef struct load_run {
    const char *name;
    bool fuzz;
    double balance;
} load_run;

static void give_day(card *cards, size_t n, size_t at, int32_t day,
                     double elapsed, const load_run *run,
                     const piq_review_calendar *calendar)
{
    uint32_t load[PIQ_REVIEW_MAX_RANGE] = {0};
    card *x = &cards[at];
    int days = (int)fmax(
        1, round(piq_fsrs_interval(fsrs(), x->state.stability_days, 0.9)));
    piq_review_range range = piq_review_range_of(days, elapsed, day, day);
    if (!run->fuzz) {
        x->due = day + days;
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (i != at && cards[i].reviews && cards[i].due >= range.low_day &&
            cards[i].due <= range.high_day)
            load[cards[i].due - range.low_day]++;
    x->due = piq_review_place(calendar, &range, load,
                              (uint64_t)at << 32 | x->reviews, run->balance);
}

/* Eight new cards on weekdays; everything due is reviewed. */
static void run_load(const load_run *run, uint64_t seed, double out[6])
{
    enum { DAYS = 365, FROM = 120, DAILY = 8 };
    static card cards[MOST_CARDS];
    double a_day[DAYS] = {0}, at_review = 0, all = 0, known = 0, reviews = 0;
    piq_review_calendar calendar = {.retention = 0.9, .seed = seed};
    piq_rng r;
    size_t n = 0;
    piq_rng_seed(&r, seed);
    memset(cards, 0, sizeof cards);
    for (int32_t day = 0; day < DAYS; day++) {
        for (size_t i = 0; i < n; i++) {
            if (cards[i].due > day)
                continue;
            double elapsed = day - cards[i].day;
            at_review += day >= FROM ? recall_on(&cards[i], day) : 0;
            reviews += day >= FROM;
            a_day[day]++;
            review(&cards[i], day, &r);
            give_day(cards, n, i, day, elapsed, run, &calendar);
        }
        for (int k = 0; day % 7 < 5 && k < DAILY; k++) {
            review(&cards[n++], day, &r);
            give_day(cards, n, n - 1, day, 0, run, &calendar);
        }
        for (size_t i = 0; day >= FROM && i < n; i++) {
            known += recall_on(&cards[i], day);
            all++;
        }
    }
    qsort(a_day + FROM, DAYS - FROM, sizeof *a_day, by_size);
    out[0] = mean_of(a_day + FROM, DAYS - FROM);
    out[1] = sd_of(a_day + FROM, DAYS - FROM);
    out[2] = a_day[FROM + (DAYS - FROM) * 95 / 100];
    out[3] = a_day[DAYS - 1];
    out[4] = at_review / reviews;
    out[5] = known / all;
}

static void tell_load(void)
{
    enum { SEEDS = 10 };
    static const load_run runs[] = {{"the interval's own day", false, 0},
                                    {"fuzz", true, 0},
                                    {"balance 1", true, 1},
                                    {"balance 2", true, 2},
                                    {"balance 4", true, 4},
                                    {"balance 8", true, 8}};
    printf("load: 8 new cards on weekdays, days 120-364, %d learners\n"
           "%-24s %8s %8s %8s %8s %10s %10s\n",
           SEEDS, "", "a day", "sd", "p95", "most", "at review", "recall");
    for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++) {
        double sum[6] = {0}, one[6];
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            run_load(&runs[k], seed, one);
            for (int i = 0; i < 6; i++)
                sum[i] += one[i] / SEEDS;
        }
        printf("%-24s %8.1f %8.1f %8.1f %8.1f %10.4f %10.4f\n", runs[k].name,
               sum[0], sum[1], sum[2], sum[3], sum[4], sum[5]);
    }
}

/* ---- a backlog -------------------------------------------------------------
 */

typedef enum order {
    BY_DUE_DAY,
    BY_LOW_RECALL,
    BY_HIGH_RECALL,
    BY_LATENESS,
    BY_SLOPE,      /* falls fastest */
    BY_SLOPE_GAIN, /* falls fastest x what a review adds */
    BY_LOSS
} order;

typedef struct ranked {
    double key;
    size_t card;
} ranked;

static int by_key(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->card < y->card ? -1 : 1;
}

/* Expected recall so many days later, reviewed now less not. */
static double added_by_review(const card *x, int32_t day, int32_t later)
{
    piq_review_card c = {.state = x->state, .elapsed_days = day - x->day};
    uint16_t now = 0;
    return piq_deadline_recall(fsrs(), &c, &now, 1, (unsigned)later) -
           recall_on(x, day + later);
}

static double key_of(const card *x, int32_t day, order by, double horizon)
{
    piq_review_card c = {.state = x->state,
                         .elapsed_days = day - x->day,
                         .weight = 1,
                         .minutes = 1};
    switch (by) {
    case BY_DUE_DAY:
        return x->due;
    case BY_LOW_RECALL:
        return recall_on(x, day);
    case BY_HIGH_RECALL:
        return -recall_on(x, day);
    case BY_LATENESS:
        return -(double)(day - x->day) / (double)(x->due - x->day);
    case BY_SLOPE:
        return recall_on(x, day + 1) - recall_on(x, day);
    case BY_SLOPE_GAIN:
        return (recall_on(x, day + 1) - recall_on(x, day)) *
               added_by_review(x, day, 30);
    case BY_LOSS:
        return -piq_review_loss(fsrs(), &c, horizon);
    }
    return 0;
}

/* What is due, in this order, as far as `most` goes; how many. */
static size_t work(card *cards, size_t n, int32_t day, order by, double horizon,
                   size_t most, piq_rng *r)
{
    static ranked list[MOST_CARDS];
    size_t due = 0;
    for (size_t i = 0; i < n; i++)
        if (cards[i].due <= day)
            list[due++] = (ranked){key_of(&cards[i], day, by, horizon), i};
    if (due)
        qsort(list, due, sizeof *list, by_key);
    size_t done = due < most ? due : most;
    for (size_t i = 0; i < done; i++) {
        card *x = &cards[list[i].card];
        review(x, day, r);
        double wait = piq_fsrs_interval(fsrs(), x->state.stability_days, 0.9);
        x->due = day + (int32_t)fmax(1, round(wait));
    }
    return due - done;
}

static double mean_recall(const card *cards, size_t n, int32_t day)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += recall_on(&cards[i], day);
    return sum / (double)n;
}

/* 1,200 cards begun over 240 days, 90 days away, then so many reviews a day. */
static void run_backlog(order by, double horizon, size_t a_day, uint64_t seed,
                        double out[5])
{
    enum { N = 1200, BEGUN = 240, AWAY = 90, BACK = 180 };
    static card cards[MOST_CARDS];
    piq_rng r;
    int32_t day = 0;
    size_t left = 1;
    piq_rng_seed(&r, seed);
    memset(cards, 0, sizeof cards);
    for (size_t n = 0; day < BEGUN; day++) {
        for (int k = 0; k < N / BEGUN; k++, n++) {
            review(&cards[n], day, &r);
            cards[n].due = day + 2;
        }
        work(cards, n, day, BY_DUE_DAY, 0, N, &r);
    }
    day += AWAY;
    out[4] = BACK;
    double sum = 0;
    for (int32_t k = 0; k < BACK; k++, day++) {
        left = work(cards, N, day, by, horizon, a_day, &r);
        if (left == 0 && out[4] == BACK)
            out[4] = k;
        sum += mean_recall(cards, N, day + 1);
        if (k == 9)
            out[0] = mean_recall(cards, N, day + 1);
        if (k == 29)
            out[1] = mean_recall(cards, N, day + 1);
        if (k == 89)
            out[2] = sum / 90;
    }
    out[3] = sum / BACK;
}

static void tell_backlog(void)
{
    enum { SEEDS = 10 };
    static const struct {
        const char *name;
        order by;
        double horizon;
    } runs[] = {{"due day", BY_DUE_DAY, 0},
                {"lowest recall first", BY_LOW_RECALL, 0},
                {"highest recall first", BY_HIGH_RECALL, 0},
                {"relative lateness", BY_LATENESS, 0},
                {"falls fastest", BY_SLOPE, 0},
                {"falls fastest x gain", BY_SLOPE_GAIN, 0},
                {"loss, 7 days", BY_LOSS, 7},
                {"loss, 30 days", BY_LOSS, 30},
                {"loss, 90 days", BY_LOSS, 90},
                {"loss, 365 days", BY_LOSS, 365}};
    for (size_t a_day = 15; a_day <= 60; a_day *= 2) {
        printf("\nbacklog: 1,200 cards, 90 days away, then %zu reviews a day; "
               "%d learners\n%-24s %9s %9s %9s %9s %9s\n",
               a_day, SEEDS, "", "day 10", "day 30", "mean 90", "mean 180",
               "cleared");
        for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++) {
            double sum[5] = {0}, one[5];
            for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                run_backlog(runs[k].by, runs[k].horizon, a_day, seed, one);
                for (int i = 0; i < 5; i++)
                    sum[i] += one[i] / SEEDS;
            }
            printf("%-24s %9.4f %9.4f %9.4f %9.4f %9.1f\n", runs[k].name,
                   sum[0], sum[1], sum[2], sum[3], sum[4]);
        }
    }
}

/* ---- a deadline
 * -------------------------------------------------------------- */

/* FILL: the due day, and what minutes are left go to the lowest recall. */
typedef enum exam_policy { NOTHING, DUE_DAY, LOSS, FILL, PLAN } exam_policy;

static size_t follow_plan(card *cards, size_t n, int32_t day, int32_t exam,
                          size_t a_day, piq_rng *r)
{
    piq_review_card list[MOST_CARDS / 10];
    double minutes[MOST_DAYS];
    piq_arena a;
    piq_deadline_plan plan;
    size_t done = 0;
    for (size_t i = 0; i < n; i++)
        list[i] = (piq_review_card){cards[i].state, day - cards[i].day, 1, 1};
    for (int32_t i = 0; i < exam - day; i++)
        minutes[i] = (double)a_day;
    piq_deadline d = {.params = fsrs(),
                      .cards = list,
                      .n = n,
                      .minutes = minutes,
                      .n_days = (size_t)(exam - day),
                      .exchanges = 3000,
                      .seed = 1};
    piq_arena_init(&a, 0);
    if (piq_deadline_solve(&a, &d, &plan) == PIQ_OK)
        for (size_t i = 0; i < n; i++)
            if (plan.n_reviews[i] && plan.days[i][0] == 0) {
                review(&cards[i], day, r);
                done++;
            }
    piq_arena_release(&a);
    return done;
}

static void run_exam(exam_policy policy, size_t a_day, uint64_t seed,
                     double out[2])
{
    enum { N = 200, BEGUN = 40, EXAM = 30 };
    static card cards[MOST_CARDS];
    piq_rng r;
    int32_t day = 0;
    double done = 0;
    piq_rng_seed(&r, seed);
    memset(cards, 0, sizeof cards);
    for (size_t n = 0; day < BEGUN; day++) {
        for (int k = 0; k < N / BEGUN; k++, n++) {
            review(&cards[n], day, &r);
            cards[n].due = day + 2;
        }
        work(cards, n, day, BY_DUE_DAY, 0, 12, &r);
    }
    int32_t exam = day + EXAM;
    for (; day < exam; day++) {
        uint32_t before = 0, after = 0;
        for (size_t i = 0; i < N; i++)
            before += cards[i].reviews;
        if (policy == DUE_DAY)
            work(cards, N, day, BY_DUE_DAY, 0, a_day, &r);
        if (policy == LOSS)
            work(cards, N, day, BY_LOSS, PIQ_REVIEW_HORIZON_DAYS, a_day, &r);
        if (policy == FILL) {
            size_t due = 0;
            for (size_t i = 0; i < N; i++)
                due += cards[i].due <= day;
            work(cards, N, day, BY_DUE_DAY, 0, a_day, &r);
            for (size_t i = 0; i < N; i++)
                cards[i].due += cards[i].day == day ? 0 : -MOST_DAYS;
            if (due < a_day)
                work(cards, N, day, BY_LOW_RECALL, 0, a_day - due, &r);
            for (size_t i = 0; i < N; i++)
                cards[i].due += cards[i].day == day ? 0 : MOST_DAYS;
        }
        if (policy == PLAN)
            follow_plan(cards, N, day, exam, a_day, &r);
        for (size_t i = 0; i < N; i++)
            after += cards[i].reviews;
        done += after - before;
    }
    out[0] = mean_recall(cards, N, exam);
    out[1] = done;
}

static void tell_exam(void)
{
    enum { SEEDS = 10 };
    static const char *const names[] = {"no review", "due day", "loss",
                                        "due, then low", "deadline plan"};
    printf("\ndeadline: 200 cards, exam in 30 days, a minute a review, planned "
           "anew each day; %d learners\n%-16s",
           SEEDS, "");
    for (size_t a_day = 2; a_day <= 32; a_day *= 2)
        printf("  %2zu min a day   ", a_day);
    printf("\n");
    for (int p = NOTHING; p <= PLAN; p++) {
        printf("%-16s", names[p]);
        for (size_t a_day = 2; a_day <= 32; a_day *= 2) {
            double sum[2] = {0}, one[2];
            for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                run_exam((exam_policy)p, a_day, seed, one);
                sum[0] += one[0] / SEEDS;
                sum[1] += one[1] / SEEDS;
            }
            printf("  %.4f (%5.0f)", sum[0], sum[1]);
        }
        printf("\n");
    }
}

/* ---- repetition through harder concepts
 * ---------------------------------------- */

enum { CONCEPTS = 60, LAYERS = 4, YEAR = 365 };

typedef struct world {
    piq_concept concepts[CONCEPTS];
    piq_concept_weight exercises[CONCEPTS][3];
    piq_catalogue catalogue;
} world;

/* Each concept but those of the first layer exercises one to three of the
 * layer before, by .2 to .6; `share` of that is so. */
static void make_world(world *w, uint64_t seed, double share)
{
    const size_t layer = CONCEPTS / LAYERS;
    piq_rng r;
    piq_rng_seed(&r, seed);
    memset(w, 0, sizeof *w);
    w->catalogue.concepts = w->concepts;
    w->catalogue.n_concepts = CONCEPTS;
    for (size_t i = layer; i < CONCEPTS; i++) {
        size_t n = 1 + (size_t)piq_rng_below(&r, 3);
        size_t at = (size_t)piq_rng_below(&r, layer);
        for (size_t k = 0; k < n; k++) {
            uint16_t to =
                (uint16_t)((i / layer - 1) * layer + (at + k) % layer);
            double weight = 0.2 + 0.4 * piq_rng_uniform(&r);
            w->exercises[i][k] = (piq_concept_weight){{to}, share * weight};
        }
        w->concepts[i].exercises = w->exercises[i];
        w->concepts[i].n_exercises = share > 0 ? n : 0;
    }
}

typedef struct lives {
    piq_memory is, thought; /* of the learner, and of the engine */
    const world *truth, *believed;
    piq_review_calendar calendar;
    piq_rng r;
    double reviews;
} lives;

static double true_recall(lives *l, uint16_t i, int64_t at_us)
{
    piq_belief b;
    l->is.scored = 0; /* the truth is FSRS, without correction */
    piq_memory_belief(&l->is, (piq_concept_ix){i}, at_us, 0, &b);
    return b.recall;
}

static void practise(lives *l, uint16_t i, int64_t at_us, bool begins)
{
    bool passed = begins || piq_rng_uniform(&l->r) < true_recall(l, i, at_us);
    piq_memory_answer x = {
        .concept = {i}, .rating = passed ? 3 : 1, .weight = 1, .at_us = at_us};
    piq_memory_review(&l->is, &l->truth->catalogue, &x, &l->calendar);
    piq_memory_review(&l->thought, &l->believed->catalogue, &x, &l->calendar);
}

/* A concept is begun every sixth day; two of the six newest are practised each
 * day, as one does who learns; then what is due is reviewed, the hardest first.
 * Reviews, and mean recall, over the year. */
static void run_implicit(const world *truth, const world *believed,
                         double retention, uint64_t seed, double out[3])
{
    enum { EVERY = 6, NEWEST = 6, A_DAY = 2, FIRST_DAY = 20000 };
    lives l = {.truth = truth,
               .believed = believed,
               .calendar = {.retention = retention, .seed = seed}};
    double known = 0, n = 0, low = 0;
    piq_rng_seed(&l.r, seed);
    if (piq_memory_init(&l.is, &truth->catalogue) ||
        piq_memory_init(&l.thought, &believed->catalogue))
        exit(1);
    for (int32_t day = 0; day < YEAR; day++) {
        int64_t at_us = (FIRST_DAY + day) * PIQ_US_PER_DAY + PIQ_US_PER_DAY / 2;
        uint16_t begun = (uint16_t)(day / EVERY + 1);
        begun = begun < CONCEPTS ? begun : CONCEPTS;
        if (day % EVERY == 0 && day / EVERY < CONCEPTS)
            practise(&l, (uint16_t)(begun - 1), at_us, true);
        for (int k = 0; k < A_DAY; k++) {
            uint16_t from = begun > NEWEST ? (uint16_t)(begun - NEWEST) : 0;
            uint64_t at = piq_rng_below(&l.r, (uint64_t)(begun - from));
            practise(&l, (uint16_t)(from + at), at_us, false);
        }
        for (uint16_t i = begun; i-- > 0;) {
            if (l.thought.concepts[i].due_day > FIRST_DAY + day)
                continue;
            practise(&l, i, at_us, false);
            l.reviews++;
        }
        for (uint16_t i = 0; i < begun; i++, n++) {
            double recall = true_recall(&l, i, at_us);
            known += recall;
            low += recall < 0.88;
        }
    }
    out[0] = l.reviews;
    out[1] = known / n;
    out[2] = low / n;
    piq_memory_release(&l.is);
    piq_memory_release(&l.thought);
}

static void mean_implicit(double share, bool believes, double retention,
                          double out[3])
{
    enum { SEEDS = 20 };
    world truth, believed;
    out[0] = out[1] = out[2] = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        double one[3];
        make_world(&truth, seed, share);
        make_world(&believed, seed, believes ? 1 : 0);
        run_implicit(&truth, &believed, retention, seed, one);
        out[0] += one[0] / SEEDS;
        out[1] += one[1] / SEEDS;
        out[2] += one[2] / SEEDS;
    }
}

static void tell_row(const char *name, const double x[3], double retention)
{
    printf("%-34s %10.0f %10.4f %9.1f %% %12.3f\n", name, x[0], x[1],
           100 * x[2], retention);
}

static void tell_implicit(void)
{
    static const double shares[] = {1, 0.5, 0};
    printf("\nimplicit repetition: 60 concepts, one begun every sixth day, "
           "two of the newest practised a day, a year, 20 learners\n"
           "%-34s %10s %10s %11s %12s\n",
           "", "reviews", "recall", "below .88", "at retention");
    for (int k = 0; k < 3; k++) {
        double with[3], without[3], same[3], low = 0.7, high = 0.9;
        mean_implicit(shares[k], true, 0.9, with);
        mean_implicit(shares[k], false, 0.9, without);
        printf("%.0f %% of the weights are true\n", shares[k] * 100);
        tell_row("  counted", with, 0.9);
        tell_row("  not counted", without, 0.9);
        /* Not counted, at the retention that gives the same recall. */
        for (int i = 0; i < 12 && without[1] > with[1]; i++) {
            double mid = (low + high) / 2;
            mean_implicit(shares[k], false, mid, same);
            if (same[1] > with[1])
                high = mid;
            else
                low = mid;
        }
        if (without[1] > with[1])
            tell_row("  not counted, at the same recall", same,
                     (low + high) / 2);
    }
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : "";
    if (!*only || strcmp(only, "load") == 0)
        tell_load();
    if (!*only || strcmp(only, "backlog") == 0)
        tell_backlog();
    if (!*only || strcmp(only, "deadline") == 0)
        tell_exam();
    if (!*only || strcmp(only, "implicit") == 0)
        tell_implicit();
    return 0;
}
