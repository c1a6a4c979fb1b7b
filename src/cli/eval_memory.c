/* eval_memory.c - piq eval memory: FSRS fitted to review logs, measured. */
#include "train/eval_memory.h"
#include "cli/eval_topics.h"
#include "train/eval_implicit.h"
#include "train/eval_memory_curve.h"
#include "train/revlog.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double Z95 = 1.959964;
enum { MAX_SEEDS = 100, MAX_LEARNERS = 64, MAX_BYTES = 1 << 30 };

/* What each seed came to. */
typedef struct seed_run {
    piq_memory_report report;
    double fit_cpu_ms; /* of one fit to the whole log */
} seed_run;

typedef struct run_of {
    unsigned n;
    seed_run seeds[MAX_SEEDS];
} run_of;

/* ---- measuring --------------------------------------------------------- */

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static piq_status one_seed(piq_arena *a, const piq_fsrs_cards *cards,
                           const piq_memory_eval_options *o, seed_run *out,
                           piq_err *err)
{
    piq_fsrs_params p;
    double start = cpu_ms();
    piq_status status = piq_fsrs_fit(cards, &o->fit, &p, NULL, err);
    out->fit_cpu_ms = cpu_ms() - start;
    return status ? status : piq_eval_memory(a, cards, o, &out->report, err);
}

static piq_status read_cards(piq_arena *a, const char *path, piq_revlog_day day,
                             piq_fsrs_cards *out, piq_err *err)
{
    char *bytes = NULL;
    size_t len = 0;
    piq_revlog log;
    piq_status status = piq_read_file(path, MAX_BYTES, &bytes, &len, err);
    if (status)
        return status;
    status = piq_revlog_read(a, (piq_str){bytes, len}, &log, err);
    free(bytes);
    if (status)
        return status;
    status = piq_revlog_cards(a, &log, day, out);
    return status ? piq_fail(err, status, "no memory for the cards") : PIQ_OK;
}

static piq_status evaluate(const char *path, piq_revlog_day day,
                           piq_memory_eval_options o, run_of *r, piq_err *err)
{
    piq_arena file, scratch;
    piq_fsrs_cards cards;
    piq_arena_init(&file, (size_t)8 << 30);
    piq_arena_init(&scratch, (size_t)8 << 30);
    piq_status status = read_cards(&file, path, day, &cards, err);
    for (unsigned i = 0; i < r->n && !status; i++) {
        o.fit.seed = i + 1;
        piq_arena_clear(&scratch);
        status = one_seed(&scratch, &cards, &o, &r->seeds[i], err);
    }
    piq_arena_release(&scratch);
    piq_arena_release(&file);
    return status;
}

/* ---- over seeds -------------------------------------------------------- */

static const struct {
    const char *name;
    size_t at; /* of a double in seed_run */
    int digits;
} figures[] = {
    {"logloss", offsetof(seed_run, report.fitted.logloss), 6},
    {"rmse_bins", offsetof(seed_run, report.fitted.rmse_bins), 6},
    {"auc", offsetof(seed_run, report.fitted.auc), 6},
    {"train_cpu_ms", offsetof(seed_run, fit_cpu_ms), 2},
    {"logloss_online", offsetof(seed_run, report.online.logloss), 6},
    {"rmse_bins_online", offsetof(seed_run, report.online.rmse_bins), 6},
    {"auc_online", offsetof(seed_run, report.online.auc), 6},
    {"logloss_published", offsetof(seed_run, report.published.logloss), 6},
    {"rmse_bins_published", offsetof(seed_run, report.published.rmse_bins), 6},
    {"auc_published", offsetof(seed_run, report.published.auc), 6}};
enum {
    LOGLOSS,
    RMSE,
    AUC,
    CPU,
    LOGLOSS_ONLINE,
    RMSE_ONLINE,
    AUC_ONLINE,
    LOGLOSS_PUBLISHED,
    RMSE_PUBLISHED,
    AUC_PUBLISHED,
    N_FIGURES
};

static double figure_of(const seed_run *s, int k)
{
    double v;
    memcpy(&v, (const char *)s + figures[k].at, sizeof v);
    return v;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean over seeds; of times the median. */
static double over_seeds(const run_of *r, int k)
{
    double values[MAX_SEEDS], sum = 0;
    for (unsigned i = 0; i < r->n; i++)
        sum += values[i] = figure_of(&r->seeds[i], k);
    if (k != CPU)
        return sum / r->n;
    qsort(values, r->n, sizeof *values, by_number);
    return values[r->n / 2];
}

/* ---- showing ----------------------------------------------------------- */

static void print_json(const run_of *r)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "items", (int64_t)r->seeds[0].report.n_items);
    piq_json_put_int(&w, "predicted", (int64_t)r->seeds[0].report.n_predicted);
    for (int k = 0; k < N_FIGURES; k++)
        piq_json_put_fixed(&w, figures[k].name, over_seeds(r, k),
                           figures[k].digits);
    piq_json_key(&w, "per_seed");
    piq_json_array(&w);
    for (unsigned i = 0; i < r->n; i++) {
        piq_json_object(&w);
        piq_json_put_int(&w, "seed", i + 1);
        for (int k = 0; k < N_FIGURES; k++)
            piq_json_put_fixed(&w, figures[k].name, figure_of(&r->seeds[i], k),
                               figures[k].digits);
        piq_json_object_end(&w);
    }
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static void row(piq_text_table *t, const char *what, const run_of *r, int first)
{
    piq_text_table_cell(t, "%s", what);
    piq_text_table_cell(t, "%.5f", over_seeds(r, first));
    piq_text_table_cell(t, "%.4f", over_seeds(r, first + 1));
    piq_text_table_cell(t, "%.4f", over_seeds(r, first + 2));
}

static void print_table(const run_of *r, unsigned folds)
{
    static const char *const heads[] = {"MODEL", "LOG LOSS", "RMSE BINS",
                                        "AUC"};
    printf("%zu scored reviews, %zu of them predicted in %u folds; mean of %u "
           "seeds; a fit to all takes %.1f ms of processor time\n\n",
           r->seeds[0].report.n_items, r->seeds[0].report.n_predicted, folds,
           r->n, over_seeds(r, CPU));
    piq_text_table *t = piq_text_table_new(heads, 4);
    row(t, "published parameters", r, LOGLOSS_PUBLISHED);
    row(t, "fitted", r, LOGLOSS);
    row(t, "fitted, corrected online", r, LOGLOSS_ONLINE);
    piq_text_table_print(t);
}

/* ---- the curve --------------------------------------------------------- */

typedef struct curve {
    piq_memory_curve_point points[MAX_LEARNERS * PIQ_MEMORY_CURVE_POINTS];
    size_t n; /* learners */
} curve;

static piq_status make_curve(char **paths, piq_revlog_day day, unsigned seeds,
                             curve *out, piq_err *err)
{
    piq_fsrs_cards learners[MAX_LEARNERS];
    piq_arena a;
    piq_status status = PIQ_OK;
    piq_arena_init(&a, (size_t)8 << 30);
    for (size_t i = 0; i < out->n && !status; i++)
        status = read_cards(&a, paths[i], day, &learners[i], err);
    if (!status)
        status =
            piq_eval_memory_curve(&a, learners, out->n, piq_fsrs_fit_defaults(),
                                  seeds, out->points, err);
    piq_arena_release(&a);
    return status;
}

static const piq_memory_curve_point *point_of(const curve *c, size_t learner,
                                              int k)
{
    return &c->points[learner * PIQ_MEMORY_CURVE_POINTS + (size_t)k];
}

/* Over the learners that have later reviews; their number. */
static size_t mean_point(const curve *c, int k, piq_memory_curve_point *out)
{
    size_t n = 0;
    *out = (piq_memory_curve_point){.before = piq_memory_curve_before(k)};
    for (size_t i = 0; i < c->n; i++) {
        const piq_memory_curve_point *p = point_of(c, i, k);
        if (isnan(p->published))
            continue;
        n++;
        out->published += p->published;
        out->population += p->population;
        out->alone += p->alone;
        out->shrunk += p->shrunk;
    }
    out->published /= (double)n;
    out->population /= (double)n;
    out->alone /= (double)n;
    out->shrunk /= (double)n;
    return n;
}

static void print_curve(const curve *c)
{
    static const char *const heads[] = {"REVIEWS BEFORE", "LEARNERS",
                                        "PUBLISHED",      "POPULATION",
                                        "FITTED ALONE",   "SHRUNK"};
    printf("Log loss of all later reviews, mean over learners\n\n");
    piq_text_table *t = piq_text_table_new(heads, 6);
    for (int k = 0; k < PIQ_MEMORY_CURVE_POINTS; k++) {
        piq_memory_curve_point p;
        size_t n = mean_point(c, k, &p);
        piq_text_table_cell(t, "%zu", p.before);
        piq_text_table_cell(t, "%zu", n);
        piq_text_table_cell(t, "%.4f", p.published);
        piq_text_table_cell(t, "%.4f", p.population);
        piq_text_table_cell(t, "%.4f", p.alone);
        piq_text_table_cell(t, "%.4f", p.shrunk);
    }
    piq_text_table_print(t);
}

static void put_point(piq_json_writer *w, const piq_memory_curve_point *p)
{
    piq_json_object(w);
    piq_json_put_int(w, "before", (int64_t)p->before);
    piq_json_put_fixed(w, "published", p->published, 6);
    piq_json_put_fixed(w, "population", p->population, 6);
    piq_json_put_fixed(w, "alone", p->alone, 6);
    piq_json_put_fixed(w, "shrunk", p->shrunk, 6);
    piq_json_object_end(w);
}

static void print_curve_json(const curve *c, char **paths)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_key(&w, "learners");
    piq_json_array(&w);
    for (size_t i = 0; i < c->n; i++) {
        piq_json_object(&w);
        piq_json_put_z(&w, "file", paths[i]);
        piq_json_key(&w, "points");
        piq_json_array(&w);
        for (int k = 0; k < PIQ_MEMORY_CURVE_POINTS; k++)
            put_point(&w, point_of(c, i, k));
        piq_json_array_end(&w);
        piq_json_object_end(&w);
    }
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

/* ---- implicit repetition ------------------------------------------------ */

static piq_status measure_implicit(const char *path, piq_implicit_report *out,
                                   piq_err *err)
{
    char *bytes = NULL;
    size_t len = 0;
    piq_arena a;
    piq_kt_rows rows;
    piq_status status = piq_read_file(path, MAX_BYTES, &bytes, &len, err);
    if (status)
        return status;
    piq_arena_init(&a, (size_t)8 << 30);
    status = piq_kt_read_tsv(&a, (piq_str){bytes, len}, &rows, err);
    if (!status)
        status = piq_eval_implicit(&a, &rows, 1, out, err);
    piq_arena_release(&a);
    free(bytes);
    return status;
}

static void effect_row(piq_text_table *t, const char *what,
                       const piq_implicit_effect *e)
{
    piq_text_table_cell(t, "%s", what);
    piq_text_table_cell(t, "%zu", e->n_learners);
    piq_text_table_cell(t, "%zu", e->n_returns);
    piq_text_table_cell(t, "%+.3f", e->practised);
    piq_text_table_cell(t, "%+.3f to %+.3f",
                        e->practised - Z95 * e->practised_se,
                        e->practised + Z95 * e->practised_se);
    if (isnan(e->gain))
        piq_text_table_cell(t, " ");
    else
        piq_text_table_cell(t, "%+.5f", e->gain);
}

static void print_implicit(const piq_implicit_report *r)
{
    static const char *const heads[] = {"SINCE THE LAST ANSWER",
                                        "LEARNERS",
                                        "RETURNS",
                                        "LOGITS",
                                        "95 %",
                                        "NATS SAVED"};
    printf("%zu skills; what ln(1 + answers on related skills) adds to the "
           "chance of being right on return to a skill\n\n",
           r->n_skills);
    piq_text_table *t = piq_text_table_new(heads, 6);
    effect_row(t, "related skills, first half", &r->halves[0]);
    effect_row(t, "related skills, second half", &r->halves[1]);
    effect_row(t, "any skills, first half", &r->placebo[0]);
    effect_row(t, "any skills, second half", &r->placebo[1]);
    piq_text_table_print(t);
}

static void put_effects(piq_json_writer *w, const char *key,
                        const piq_implicit_effect *e)
{
    piq_json_key(w, key);
    piq_json_array(w);
    for (int half = 0; half < 2; half++) {
        piq_json_object(w);
        piq_json_put_int(w, "learners", (int64_t)e[half].n_learners);
        piq_json_put_int(w, "returns", (int64_t)e[half].n_returns);
        piq_json_put_fixed(w, "effect", e[half].practised, 6);
        piq_json_put_fixed(w, "effect_se", e[half].practised_se, 6);
        piq_json_put_fixed(w, "gain", e[half].gain, 6);
        piq_json_put_fixed(w, "gain_se", e[half].gain_se, 6);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static int run_implicit(const char *path, bool json)
{
    piq_implicit_report r;
    piq_err err = {0};
    piq_buf b;
    piq_json_writer w;
    if (measure_implicit(path, &r, &err) != PIQ_OK)
        return piq_could_not(&err);
    if (!json) {
        print_implicit(&r);
        return PIQ_DONE;
    }
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "skills", (int64_t)r.n_skills);
    put_effects(&w, "related", r.halves);
    put_effects(&w, "placebo", r.placebo);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
    return PIQ_DONE;
}

/* ---- the command ------------------------------------------------------- */

static int run_curve(const piq_command *self, const piq_arguments *args,
                     piq_revlog_day day, unsigned seeds)
{
    piq_err err = {0};
    if (args->n_rest < 2)
        return piq_wrong_use(self, "--curve asks for two FILEs or more");
    curve *c = calloc(1, sizeof *c); /* too large for a stack */
    if (!c) {
        piq_fail(&err, PIQ_ENOMEM, "no memory for a curve");
        return piq_could_not(&err);
    }
    c->n = (size_t)args->n_rest;
    piq_status status = make_curve(args->rest, day, seeds, c, &err);
    if (!status && args->json)
        print_curve_json(c, args->rest);
    else if (!status)
        print_curve(c);
    free(c);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

static int run_folds(const piq_arguments *args, const char *path,
                     piq_revlog_day day, const piq_memory_eval_options *o,
                     unsigned seeds)
{
    run_of r = {.n = seeds};
    piq_err err = {0};
    if (evaluate(path, day, *o, &r, &err) != PIQ_OK)
        return piq_could_not(&err);
    if (args->json)
        print_json(&r);
    else
        print_table(&r, o->folds);
    return PIQ_DONE;
}

static int run(const piq_command *self, int argc, char **argv)
{
    const char *path = NULL, *implicit = NULL;
    int64_t folds = 5, seeds = 5, offset = 0, rollover = 240;
    bool no_short_term = false, is_curve = false;
    piq_arguments args;
    const piq_option options[] = {
        {"revlog", PIQ_OPT_TEXT, &path, 0, 0},
        {"folds", PIQ_OPT_INT, &folds, 1, PIQ_MEMORY_MAX_FOLDS},
        {"seeds", PIQ_OPT_INT, &seeds, 1, MAX_SEEDS},
        {"utc-offset", PIQ_OPT_INT, &offset, -14 * 60, 14 * 60},
        {"rollover", PIQ_OPT_INT, &rollover, 0, 24 * 60 - 1},
        {"no-short-term", PIQ_OPT_FLAG, &no_short_term, 0, 0},
        {"curve", PIQ_OPT_FLAG, &is_curve, 0, 0},
        {"implicit", PIQ_OPT_TEXT, &implicit, 0, 0},
        {0}};
    int code =
        piq_parse_arguments(self, argc, argv, options, 0, MAX_LEARNERS, &args);
    if (code >= 0)
        return code;
    piq_revlog_day day = {(int32_t)offset, (int32_t)rollover};
    if (is_curve)
        return run_curve(self, &args, day, (unsigned)seeds);
    if (args.n_rest)
        return piq_wrong_use(self, "too many arguments: %s", args.rest[0]);
    if (implicit)
        return run_implicit(implicit, args.json);
    if (!path)
        return piq_wrong_use(self, "--revlog FILE is missing");
    piq_memory_eval_options o = {.folds = (unsigned)folds,
                                 .fit = *piq_fsrs_fit_defaults()};
    o.fit.no_short_term = no_short_term;
    return run_folds(&args, path, day, &o, (unsigned)seeds);
}

const piq_command piq_eval_topic_memory = {
    "eval memory", "[FILE...]",
    "Fits FSRS-6 to a review log and measures it on later reviews.",
    "  --revlog FILE    Anki's review log as CSV, or one cleaned already\n"
    "  --folds N        parts to predict, one after another (default 5)\n"
    "  --seeds N        orders of cards to fit in (default 5)\n"
    "  --utc-offset N   the learner's clock, minutes east of UTC (default 0)\n"
    "  --rollover N     minutes after midnight a day begins (default 240)\n"
    "  --no-short-term  reviews on the same day leave stability alone\n"
    "  --curve          instead: from how many reviews on a fit pays, for "
    "each\n"
    "                   log FILE with the others as population\n"
    "  --implicit FILE  instead: does practising related skills keep a skill\n"
    "                   alive? of answers in the kt-tsv format\n",
    run};
