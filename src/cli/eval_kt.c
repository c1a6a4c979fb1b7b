/* eval_kt.c - piq eval kt: how well trained models predict unseen learners. */
#include "train/eval_kt.h"
#include "cli/eval_topics.h"
#include "cli/kt_options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FOLDS = 20 };

typedef struct run_of {
    piq_kt_data data;
    piq_kt_fold folds[MAX_FOLDS];
    unsigned list[MAX_FOLDS]; /* which fold each is, from 0 */
    unsigned n;
    size_t history_rows;
    bool items;
    bool akt;
} run_of;

/* ---- figures over folds ------------------------------------------------ */

typedef double figure_of(const piq_kt_fold *f, int member);

static double auc_of(const piq_kt_fold *f, int member)
{
    return member < 0 ? f->all.auc : f->members[member].auc;
}
static double clean_of(const piq_kt_fold *f, int member)
{
    return member < 0 ? f->no_repeat.auc : f->member_no_repeat_auc[member];
}
static double acc_of(const piq_kt_fold *f, int member)
{
    return member < 0 ? f->all.acc : f->members[member].acc;
}
static double logloss_of(const piq_kt_fold *f, int member)
{
    return member < 0 ? f->all.logloss : f->members[member].logloss;
}
static double ece_of(const piq_kt_fold *f, int member)
{
    return member < 0 ? f->all.ece : f->members[member].ece;
}
static double train_s_of(const piq_kt_fold *f, int member)
{
    (void)member;
    return f->train_s;
}
static double predict_us_of(const piq_kt_fold *f, int member)
{
    (void)member;
    return f->predict_us;
}
static double score_per_s_of(const piq_kt_fold *f, int member)
{
    (void)member;
    return (double)f->all.rows / f->score_s;
}
static double rows_of(const piq_kt_fold *f, int member)
{
    (void)member;
    return (double)f->all.rows;
}

static const struct {
    const char *name, *head; /* in JSON; in a table */
    figure_of *of;
    int json_digits, digits;
    bool each_member;
} figures[] = {
    {"auc", "AUC", auc_of, 6, 4, true},
    {"auc_no_repeat", "NO REPEAT", clean_of, 6, 4, true},
    {"acc", "ACC", acc_of, 6, 4, true},
    {"logloss", "LOG LOSS", logloss_of, 6, 4, true},
    {"ece", "ECE", ece_of, 6, 4, true},
    {"rows", "ROWS", rows_of, 0, 0, false},
    {"train_s", "TRAIN S", train_s_of, 2, 1, false},
    {"predict_us", "LIVE US", predict_us_of, 2, 1, false},
    {"score_per_s", "SCORE/S", score_per_s_of, 0, 0, false},
};
enum { N_FIGURES = sizeof figures / sizeof figures[0] };

typedef double over_folds(const run_of *r, figure_of *of, int member);

static double mean_of(const run_of *r, figure_of *of, int member)
{
    double sum = 0;
    for (unsigned i = 0; i < r->n; i++)
        sum += of(&r->folds[i], member);
    return r->n ? sum / r->n : NAN;
}

/* Of the sample of folds; NaN below two. */
static double sd_of(const run_of *r, figure_of *of, int member)
{
    double mean = mean_of(r, of, member), sum = 0;
    for (unsigned i = 0; i < r->n; i++) {
        double d = of(&r->folds[i], member) - mean;
        sum += d * d;
    }
    return r->n > 1 ? sqrt(sum / (r->n - 1)) : NAN;
}

/* ---- JSON -------------------------------------------------------------- */

static void put_figures(piq_json_writer *w, const piq_kt_fold *f)
{
    for (int i = 0; i < N_FIGURES; i++)
        piq_json_put_fixed(w, figures[i].name, figures[i].of(f, -1),
                           figures[i].json_digits);
}

static void put_fold(piq_json_writer *w, const run_of *r, unsigned at)
{
    const piq_kt_fold *f = &r->folds[at];
    piq_json_object(w);
    put_figures(w, f);
    piq_json_put_int(w, "fold", (int64_t)r->list[at] + 1);
    piq_json_key(w, "weights");
    piq_json_object(w);
    for (int k = 0; k < PIQ_N_MEMBERS; k++)
        piq_json_put_fixed(w, piq_member_name((piq_member)k),
                           f->blend.weight[k], 4);
    piq_json_object_end(w);
    piq_json_key(w, "by_history");
    piq_json_array(w);
    for (int k = 0; k < PIQ_KT_STAGES; k++) {
        const piq_kt_stage *s = &f->stages[k];
        if (!s->score.rows)
            continue;
        piq_json_object(w);
        piq_json_put_int(w, "from", s->from);
        piq_json_put_int(w, "rows", (int64_t)s->score.rows);
        piq_json_put_fixed(w, "auc", s->score.auc, 6);
        piq_json_put_fixed(w, "ece", s->score.ece, 6);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static void put_over_folds(piq_json_writer *w, const run_of *r, const char *key,
                           over_folds *over)
{
    piq_json_key(w, key);
    piq_json_object(w);
    for (int i = 0; i < N_FIGURES; i++)
        piq_json_put_fixed(w, figures[i].name, over(r, figures[i].of, -1),
                           figures[i].json_digits);
    piq_json_object_end(w);
}

static void put_member(piq_json_writer *w, const run_of *r, int member)
{
    piq_json_key(w, member < 0 ? "blend" : piq_member_name((piq_member)member));
    if (member >= 0 && !r->folds[0].has_member[member]) {
        piq_json_null(w);
        return;
    }
    piq_json_object(w);
    for (int i = 0; i < N_FIGURES; i++)
        if (figures[i].each_member)
            piq_json_put_fixed(w, figures[i].name,
                               mean_of(r, figures[i].of, member),
                               figures[i].json_digits);
    piq_json_object_end(w);
}

static void describe_protocol(const run_of *r, char *out, size_t size)
{
    char history[48] = "full history";
    if (r->history_rows)
        snprintf(history, sizeof history, "histories cut to %zu",
                 r->history_rows);
    snprintf(out, size,
             "fold K tests on %s K, validates on the next, trains on the "
             "other %u; %s; items %s",
             r->akt ? "part" : "learners of part", r->data.n_parts - 2, history,
             r->items && r->data.n_items ? "yes" : "no");
}

static void print_json(const run_of *r)
{
    char protocol[160];
    piq_buf b;
    piq_json_writer w;
    describe_protocol(r, protocol, sizeof protocol);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_str(&w, "dataset", piq_str_of(r->data.name));
    piq_json_put_str(&w, "protocol", piq_str_of(protocol));
    piq_json_key(&w, "folds");
    piq_json_array(&w);
    for (unsigned i = 0; i < r->n; i++)
        put_fold(&w, r, i);
    piq_json_array_end(&w);
    put_over_folds(&w, r, "mean", mean_of);
    put_over_folds(&w, r, "sd", sd_of);
    piq_json_key(&w, "members");
    piq_json_object(&w);
    for (int k = 0; k < PIQ_N_MEMBERS; k++)
        put_member(&w, r, k);
    put_member(&w, r, -1);
    piq_json_object_end(&w);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

/* ---- text -------------------------------------------------------------- */

static void print_folds(const run_of *r)
{
    static over_folds *const over[] = {mean_of, sd_of};
    static const char *const names[] = {"mean", "sd"};
    const char *heads[1 + N_FIGURES] = {"FOLD"};
    for (int i = 0; i < N_FIGURES; i++)
        heads[1 + i] = figures[i].head;
    piq_text_table *t = piq_text_table_new(heads, 1 + N_FIGURES);
    for (unsigned at = 0; at < r->n; at++) {
        piq_text_table_cell(t, "%u", r->list[at] + 1);
        for (int i = 0; i < N_FIGURES; i++)
            piq_text_table_cell(t, "%.*f", figures[i].digits,
                                figures[i].of(&r->folds[at], -1));
    }
    for (int k = 0; k < 2 && r->n > 1; k++) {
        piq_text_table_cell(t, "%s", names[k]);
        for (int i = 0; i < N_FIGURES; i++)
            piq_text_table_cell(t, "%.*f", figures[i].digits,
                                over[k](r, figures[i].of, -1));
    }
    piq_text_table_print(t);
}

static void print_members(const run_of *r)
{
    const char *heads[1 + N_FIGURES] = {"MEMBER"};
    size_t n_heads = 1;
    for (int i = 0; i < N_FIGURES; i++)
        if (figures[i].each_member)
            heads[n_heads++] = figures[i].head;
    piq_text_table *t = piq_text_table_new(heads, n_heads);
    for (int k = 0; k <= PIQ_N_MEMBERS; k++) {
        int member = k < PIQ_N_MEMBERS ? k : -1;
        if (member >= 0 && !r->folds[0].has_member[member])
            continue;
        piq_text_table_cell(t, "%s",
                            member < 0 ? "blend"
                                       : piq_member_name((piq_member)member));
        for (int i = 0; i < N_FIGURES; i++)
            if (figures[i].each_member)
                piq_text_table_cell(t, "%.*f", figures[i].digits,
                                    mean_of(r, figures[i].of, member));
    }
    piq_text_table_print(t);
}

static void print_stages(const run_of *r)
{
    static const char *const heads[] = {"ANSWERS BEFORE", "AUC", "ECE", "ROWS"};
    piq_text_table *t = piq_text_table_new(heads, 4);
    for (int k = 0; k < PIQ_KT_STAGES; k++) {
        double auc = 0, ece = 0;
        size_t rows = 0;
        for (unsigned i = 0; i < r->n; i++) {
            const piq_kt_score *s = &r->folds[i].stages[k].score;
            auc += s->auc / r->n;
            ece += s->ece / r->n;
            rows += s->rows;
        }
        if (!rows)
            continue;
        const piq_kt_stage *s = &r->folds[0].stages[k];
        if (s->below == UINT32_MAX)
            piq_text_table_cell(t, "%u+", s->from);
        else
            piq_text_table_cell(t, "%u-%u", s->from, s->below - 1);
        piq_text_table_cell(t, "%.4f", auc);
        piq_text_table_cell(t, "%.4f", ece);
        piq_text_table_cell(t, "%zu", rows);
    }
    piq_text_table_print(t);
}

static void print_text(const run_of *r)
{
    char protocol[160];
    describe_protocol(r, protocol, sizeof protocol);
    printf("%s: %zu answers of %zu learners, %zu items, %zu concepts\n%s\n\n",
           r->data.name, r->data.n_answers, r->data.n_learners, r->data.n_items,
           r->data.n_concepts, protocol);
    print_folds(r);
    printf("\nmembers alone, mean of the folds\n");
    print_members(r);
    printf("\nthe blend, by history\n");
    print_stages(r);
}

/* ---- the command ------------------------------------------------------- */

static piq_status run_folds(run_of *r, const piq_kt_fit_options *o,
                            unsigned first, unsigned last, bool quiet,
                            piq_err *err)
{
    piq_fit_catch_stop();
    for (unsigned k = first; k < last; k++) {
        piq_fit_meter meter;
        char title[32];
        snprintf(title, sizeof title, "fold %u/%u", k + 1, r->data.n_parts);
        piq_fit_meter_begin(&meter, title, quiet);
        piq_status status = piq_kt_eval_fold(&r->data, k, o, &meter.watch,
                                             &r->folds[r->n], err);
        piq_fit_meter_end(&meter);
        if (status)
            return status;
        /* A fold cut short is no fold. */
        if (piq_fit_was_stopped())
            return piq_fail(err, PIQ_EBUSY, "stopped in fold %u", k + 1);
        if (r->folds[r->n].fit.note[0] && !quiet)
            fprintf(stderr, "%s: %s\n", title, r->folds[r->n].fit.note);
        r->list[r->n++] = k;
    }
    return PIQ_OK;
}

typedef struct wanted {
    const char *format, *path, *items, *history, *members;
    int64_t folds, fold, seed, threads;
    bool quiet;
} wanted;

static int check(const piq_command *self, const wanted *w, run_of *r,
                 piq_kt_fit_options *o)
{
    r->akt = strcmp(w->format, "akt") == 0;
    r->items = strcmp(w->items, "yes") == 0;
    if (!w->path)
        return piq_wrong_use(self, "--data is needed");
    if (!r->akt && strcmp(w->format, "tsv") != 0)
        return piq_wrong_use(self, "--format is akt or tsv, not %s", w->format);
    if (!r->items && strcmp(w->items, "no") != 0)
        return piq_wrong_use(self, "--items is yes or no, not %s", w->items);
    if (strcmp(w->history, "full") != 0) {
        int64_t rows;
        if (!piq_str_to_i64(piq_str_of(w->history), &rows) || rows < 2 ||
            rows > 1000000)
            return piq_wrong_use(self,
                                 "--history is full or a number from 2, not %s",
                                 w->history);
        r->history_rows = (size_t)rows;
    }
    if (!piq_kt_parse_members(w->members, o->members))
        return piq_wrong_use(self, "--members is a list of lr, gbdt, rnn");
    o->seed = (uint64_t)w->seed;
    o->threads = (unsigned)w->threads;
    return -1;
}

static int run(const piq_command *self, int argc, char **argv)
{
    wanted w = {.format = "akt",
                .items = "yes",
                .history = "full",
                .members = "lr,gbdt,rnn",
                .folds = 5,
                .seed = 1,
                .threads = 2};
    const piq_option options[] = {
        {"format", PIQ_OPT_TEXT, &w.format, 0, 0},
        {"data", PIQ_OPT_TEXT, &w.path, 0, 0},
        {"folds", PIQ_OPT_INT, &w.folds, 3, MAX_FOLDS},
        {"fold", PIQ_OPT_INT, &w.fold, 1, MAX_FOLDS},
        {"items", PIQ_OPT_TEXT, &w.items, 0, 0},
        {"history", PIQ_OPT_TEXT, &w.history, 0, 0},
        {"members", PIQ_OPT_TEXT, &w.members, 0, 0},
        {"seed", PIQ_OPT_INT, &w.seed, 0, INT64_MAX},
        {"threads", PIQ_OPT_INT, &w.threads, 1, 64},
        {"quiet", PIQ_OPT_FLAG, &w.quiet, 0, 0},
        {0}};
    run_of r = {0};
    piq_kt_fit_options o = piq_kt_fit_defaults();
    piq_arguments args;
    piq_err err = {0};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code < 0)
        code = check(self, &w, &r, &o);
    if (code >= 0)
        return code;
    piq_status status =
        piq_kt_open_data(w.format, w.path, (unsigned)w.folds, r.items,
                         r.history_rows, &r.data, &err);
    if (status)
        return piq_could_not(&err);
    unsigned n = r.data.n_parts;
    if (n != (unsigned)w.folds)
        status = piq_fail(&err, PIQ_EINVAL,
                          "%s has %u parts, --folds asks for "
                          "%u",
                          w.path, n, (unsigned)w.folds);
    else if (w.fold > (int64_t)n)
        status = piq_fail(&err, PIQ_EINVAL, "there is no fold %u of %u",
                          (unsigned)w.fold, n);
    else
        status = run_folds(&r, &o, w.fold ? (unsigned)w.fold - 1 : 0,
                           w.fold ? (unsigned)w.fold : n, w.quiet, &err);
    /* What is finished is shown, whatever stopped the rest. */
    if (r.n && args.json)
        print_json(&r);
    else if (r.n)
        print_text(&r);
    piq_kt_data_release(&r.data);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

const piq_command piq_eval_topic_kt = {
    "eval kt", "",
    "Trains and tests knowledge tracing on real answers, learner by learner.",
    "  --data PATH      a folder with part1.csv .. (akt), or a file (tsv)\n"
    "  --format F       akt or tsv (default akt)\n"
    "  --folds N        parts (default 5); fold K tests on part K\n"
    "  --fold K         that fold alone\n"
    "  --items yes|no   use the items of the data (default yes)\n"
    "  --history H      full, or histories cut every so many rows\n"
    "  --members LIST   of lr, gbdt, rnn (default all)\n"
    "  --seed N         of everything random (default 1)\n"
    "  --threads N      (default 2)\n"
    "  --quiet          no progress on standard error\n",
    run};
