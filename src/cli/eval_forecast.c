/* eval_forecast.c - piq eval forecast: do forecasts hold on later answers? */
#include "cli/eval_topics.h"

#include "train/eval_forecast.h"

static const char *const HALVES[PIQ_FORECAST_HALVES] = {"first_half",
                                                        "later_half"};

/* ---- as a table ------------------------------------------------------- */

static void row(piq_text_table *t, const char *what,
                const piq_forecast_score *s)
{
    if (!s->n)
        return;
    piq_text_table_cell(t, "%s", what);
    piq_text_table_cell(t, "%llu", (unsigned long long)s->n);
    piq_text_table_cell(t, "%.1f %%", 100 * s->held80);
    piq_text_table_cell(t, "%.1f %%", 100 * s->held90);
    piq_text_table_cell(t, "%.3f", s->width80);
    piq_text_table_cell(t, "%.3f", s->width90);
    piq_text_table_cell(t, "%.4f", s->error);
    piq_text_table_cell(t, "%.4f", s->no_change);
    piq_text_table_cell(t, "%.4f", s->as_lately);
    piq_text_table_cell(t, "%+.4f", s->bias);
}

static void print_half(const piq_forecast_half *half, const char *title)
{
    static const char *const heads[] = {
        "OF",         "FORECASTS", "80 % HELD", "90 % HELD", "80 % WIDTH",
        "90 % WIDTH", "ERROR",     "NO CHANGE", "AS LATELY", "BIAS"};
    char what[40];
    printf("%s: %llu learners\n\n", title,
           (unsigned long long)half->n_learners);
    piq_text_table *t = piq_text_table_new(heads, 10);
    row(t, "all", &half->all);
    for (int h = 0; h < PIQ_FORECAST_HORIZONS; h++) {
        snprintf(what, sizeof what, "%d days ahead",
                 piq_forecast_horizon_days(h));
        row(t, what, &half->by_horizon[h]);
    }
    for (int k = 0; k < PIQ_FORECAST_HISTORIES; k++) {
        snprintf(what, sizeof what, "after %u answers",
                 piq_forecast_history_from(k));
        row(t, what, &half->by_history[k]);
    }
    piq_text_table_print(t);
    printf("\n");
}

static void print_tables(const piq_forecast_report *r)
{
    printf("%llu answers of %llu learners; forecasts of the share right among "
           "the 20 to 60 answers from so many days on\n\n",
           (unsigned long long)r->n_answers, (unsigned long long)r->n_learners);
    print_half(&r->halves[0], "First half of the learners");
    print_half(&r->halves[1], "Later half of the learners");
}

/* ---- as JSON ---------------------------------------------------------- */

/* The members of one score; the caller has opened the object. */
static void put_score(piq_json_writer *w, const piq_forecast_score *s)
{
    piq_json_put_int(w, "forecasts", (int64_t)s->n);
    piq_json_put_fixed(w, "held_80", s->held80, 4);
    piq_json_put_fixed(w, "held_90", s->held90, 4);
    piq_json_put_fixed(w, "width_80", s->width80, 4);
    piq_json_put_fixed(w, "width_90", s->width90, 4);
    piq_json_put_fixed(w, "rmse", s->error, 4);
    piq_json_put_fixed(w, "rmse_no_change", s->no_change, 4);
    piq_json_put_fixed(w, "rmse_as_lately", s->as_lately, 4);
    piq_json_put_fixed(w, "bias", s->bias, 4);
}

static void put_one(piq_json_writer *w, const piq_forecast_score *s,
                    int64_t days, int64_t answers)
{
    piq_json_object(w);
    if (days >= 0)
        piq_json_put_int(w, "days", days);
    if (answers >= 0)
        piq_json_put_int(w, "answers_before", answers);
    put_score(w, s);
    piq_json_object_end(w);
}

static void put_half(piq_json_writer *w, const piq_forecast_half *half)
{
    piq_json_object(w);
    piq_json_put_int(w, "learners", (int64_t)half->n_learners);
    piq_json_key(w, "all");
    put_one(w, &half->all, -1, -1);
    piq_json_key(w, "by_horizon");
    piq_json_array(w);
    for (int h = 0; h < PIQ_FORECAST_HORIZONS; h++)
        put_one(w, &half->by_horizon[h], piq_forecast_horizon_days(h), -1);
    piq_json_array_end(w);
    piq_json_key(w, "by_history");
    piq_json_array(w);
    for (int k = 0; k < PIQ_FORECAST_HISTORIES; k++)
        put_one(w, &half->by_history[k], -1, piq_forecast_history_from(k));
    piq_json_array_end(w);
    piq_json_key(w, "by_both");
    piq_json_array(w);
    for (int k = 0; k < PIQ_FORECAST_HISTORIES; k++)
        for (int h = 0; h < PIQ_FORECAST_HORIZONS; h++)
            put_one(w, &half->cells[k][h], piq_forecast_horizon_days(h),
                    piq_forecast_history_from(k));
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static void print_json(const piq_forecast_report *r)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "answers", (int64_t)r->n_answers);
    piq_json_put_int(&w, "learners", (int64_t)r->n_learners);
    for (int half = 0; half < PIQ_FORECAST_HALVES; half++) {
        piq_json_key(&w, HALVES[half]);
        put_half(&w, &r->halves[half]);
    }
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

/* ---- the command ------------------------------------------------------ */

static piq_status measure(piq_arena *a, const piq_eval_file *file, bool json)
{
    piq_forecast_report report;
    piq_status status = piq_eval_forecast(a, file->catalogue, file->answers,
                                          file->n, 0, &report);
    if (status)
        return status;
    (json ? print_json : print_tables)(&report);
    return PIQ_OK;
}

static int run(const piq_command *self, int argc, char **argv)
{
    return piq_eval_run(self, argc, argv, true, measure);
}

const piq_command piq_eval_topic_forecast = {
    "eval forecast", "FILE",
    "Measures forecasts of real later answers: do the intervals hold?",
    "  --format F       kt-tsv (default)\n", run};
