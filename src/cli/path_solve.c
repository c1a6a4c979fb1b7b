/* path_solve.c - piq path solve FILE: plans an instance (solve/instance.h), and
 * says how far from the best the plan may be. */
#include "cli/path_solve.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "solve/instance.h"
#include "solve/solve.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const size_t MAX_FILE_BYTES = (size_t)64 << 20;
static const size_t MAX_WORK_BYTES = (size_t)1 << 30;

/* Rounds of the bound: what about a second allows, a tick of work being a
 * piece on a day. */
static const double BOUND_WORK = 2e8;
enum { LEAST_ROUNDS = 100, MOST_ROUNDS = 2000 };

typedef struct solved {
    piq_solve_problem problem;
    piq_solve_plan plan;
    double bound;
    double ms; /* of the search */
} solved;

/* ---- solving ---------------------------------------------------------- */

static bool is_before(void *until_ns)
{
    return piq_clock_monotonic_ns() < *(const int64_t *)until_ns;
}

static size_t rounds_for(const piq_solve_problem *p)
{
    double rounds = BOUND_WORK / (double)(p->n_items * p->n_days + 1);
    return rounds < LEAST_ROUNDS  ? LEAST_ROUNDS
           : rounds > MOST_ROUNDS ? MOST_ROUNDS
                                  : (size_t)rounds;
}

static piq_status solve(piq_arena *a, piq_str text, int64_t ms, int64_t seed,
                        solved *out, piq_err *err)
{
    piq_status status = piq_solve_instance_read(a, text, &out->problem, err);
    if (status)
        return status;
    int64_t from = piq_clock_monotonic_ns();
    int64_t until = from + ms * 1000000;
    const piq_solve_options o = {.seed = (uint64_t)seed,
                                 .iterations = ms ? UINT64_MAX : 0,
                                 .more = is_before,
                                 .ctx = &until};
    status = piq_solve(a, &out->problem, &o, NULL, &out->plan, err);
    out->ms = (double)(piq_clock_monotonic_ns() - from) / 1e6;
    if (status == PIQ_OK)
        status = piq_solve_bound(a, &out->problem, rounds_for(&out->problem),
                                 &out->bound, err);
    return status;
}

/* What the plan may be short of, as a share of the bound. */
static double gap_of(const solved *s)
{
    double short_of = s->bound - s->plan.value;
    return short_of > 0 && s->bound > 0 ? short_of / s->bound : 0;
}

/* ---- printing --------------------------------------------------------- */

static void put_items(piq_json_writer *w, const solved *s)
{
    piq_json_key(w, "items");
    piq_json_array(w);
    for (size_t d = 0; d < s->problem.n_days; d++)
        for (size_t i = 0; i < s->problem.n_items; i++) {
            if (s->plan.item_day[i] != (int)d)
                continue;
            piq_json_object(w);
            piq_json_put_int(w, "item", (int64_t)i);
            piq_json_put_int(w, "day", (int64_t)d);
            piq_json_object_end(w);
        }
    piq_json_array_end(w);
}

static void put_reviews(piq_json_writer *w, const solved *s)
{
    const piq_solve_plan *plan = &s->plan;
    piq_json_key(w, "reviews");
    piq_json_array(w);
    for (size_t c = 0; c < s->problem.n_concepts; c++)
        for (size_t k = 0; k < plan->n_reviews[c]; k++) {
            piq_json_object(w);
            piq_json_put_int(w, "concept", (int64_t)c);
            piq_json_put_int(w, "day",
                             plan->review_day[c * PIQ_SOLVE_MAX_REVIEWS + k]);
            piq_json_object_end(w);
        }
    piq_json_array_end(w);
}

static piq_status print_json(const solved *s, piq_err *err)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_double(&w, "value", s->plan.value);
    piq_json_put_double(&w, "bound", s->bound);
    piq_json_put_fixed(&w, "gap", gap_of(s), 6);
    piq_json_put_int(&w, "iterations", (int64_t)s->plan.iterations);
    piq_json_put_fixed(&w, "ms", s->ms, 3);
    put_items(&w, s);
    put_reviews(&w, s);
    piq_json_object_end(&w);
    piq_status status = b.status;
    if (status == PIQ_OK)
        printf("%s\n", b.ptr);
    else
        piq_fail(err, status, "the plan cannot be written");
    piq_buf_release(&b);
    return status;
}

static double print_items(const solved *s, size_t d)
{
    double minutes = 0;
    for (size_t i = 0; i < s->problem.n_items; i++) {
        const piq_solve_item *x = &s->problem.items[i];
        if (s->plan.item_day[i] != (int)d)
            continue;
        printf("  item %zu (concept %" PRIu32 ", %g min)\n", i, x->main,
               x->minutes);
        minutes += x->minutes;
    }
    return minutes;
}

static double print_reviews(const solved *s, size_t d)
{
    const piq_solve_plan *plan = &s->plan;
    double minutes = 0;
    for (size_t c = 0; c < s->problem.n_concepts; c++)
        for (size_t k = 0; k < plan->n_reviews[c]; k++) {
            double each = s->problem.concepts[c].review_minutes;
            if (plan->review_day[c * PIQ_SOLVE_MAX_REVIEWS + k] != (int)d)
                continue;
            printf("  review concept %zu (%g min)\n", c, each);
            minutes += each;
        }
    return minutes;
}

static void print_plain(const solved *s)
{
    printf("value %.6f, at most %.6f: gap %.2f %%\n", s->plan.value, s->bound,
           gap_of(s) * 100);
    printf("%" PRIu64 " iterations, %.1f ms\n", s->plan.iterations, s->ms);
    for (size_t d = 0; d < s->problem.n_days; d++) {
        printf("\nday %zu\n", d);
        double minutes = print_items(s, d);
        minutes += print_reviews(s, d);
        printf("  %g of %g min\n", minutes, s->problem.budget[d]);
    }
}

/* Says which file, beside the line. */
static int could_not(const char *file, piq_err *err)
{
    char line[sizeof err->where];
    if (err->where[0]) {
        memcpy(line, err->where, sizeof line);
        piq_err_at(err, "%s, %s", file, line);
    }
    return piq_could_not(err);
}

/* ---- the verb --------------------------------------------------------- */

static int run_solve(const piq_command *self, int argc, char **argv)
{
    static const int64_t most_ms = 3600000;
    int64_t ms = 500, seed = 0;
    piq_arguments args;
    piq_arena a;
    piq_err err = {0};
    solved s = {0};
    char *text;
    size_t len;
    const piq_option options[] = {{"ms", PIQ_OPT_INT, &ms, 0, most_ms},
                                  {"seed", PIQ_OPT_INT, &seed, 0, INT64_MAX},
                                  {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code >= 0)
        return code;
    if (piq_read_file(args.rest[0], MAX_FILE_BYTES, &text, &len, &err))
        return piq_could_not(&err);
    piq_arena_init(&a, MAX_WORK_BYTES);
    piq_status status = solve(&a, (piq_str){text, len}, ms, seed, &s, &err);
    if (status == PIQ_OK && args.json)
        status = print_json(&s, &err);
    else if (status == PIQ_OK)
        print_plain(&s);
    piq_arena_release(&a);
    free(text);
    return status ? could_not(args.rest[0], &err) : PIQ_DONE;
}

const piq_command piq_path_solve = {
    "path solve", "FILE",
    "Plans an instance file, and bounds what any plan could reach.",
    "  --ms N           time for the search (default 500; 0: greedy alone)\n"
    "  --seed S         of the search (default 0)\n",
    run_solve};
