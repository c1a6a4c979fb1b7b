/* eval_track.c - piq eval track: how well the online belief predicts. */
#include "train/eval_track.h"
#include "cli/eval_topics.h"

static void print_tables(const piq_eval_report *r)
{
    static const char *const heads[] = {"MODEL", "AUC", "BRIER", "LOG LOSS",
                                        "CALIBRATION"};
    static const char *const stages[] = {"ANSWERS BEFORE", "AUC", "BRIER",
                                         "RIGHT", "ANSWERS"};
    printf("%llu answers of %llu learners to %llu items, each predicted "
           "before it is folded in\n\n",
           (unsigned long long)r->n_answers, (unsigned long long)r->n_learners,
           (unsigned long long)r->n_items);
    piq_text_table *t = piq_text_table_new(heads, 5);
    for (int m = 0; m < PIQ_N_EVAL_MODELS; m++) {
        const piq_eval_score *s = &r->models[m];
        piq_text_table_cell(t, "%s", piq_eval_model_name((piq_eval_model)m));
        piq_text_table_cell(t, "%.4f", s->auc);
        piq_text_table_cell(t, "%.4f", s->brier);
        piq_text_table_cell(t, "%.4f", s->logloss);
        piq_text_table_cell(t, "%.4f", s->ece);
    }
    piq_text_table_print(t);
    printf("\n");
    t = piq_text_table_new(stages, 5);
    for (int i = 0; i < PIQ_EVAL_STAGES; i++) {
        const piq_eval_stage *s = &r->curve[i];
        if (!s->belief.n)
            continue;
        if (s->below == UINT32_MAX)
            piq_text_table_cell(t, "%u+", s->from);
        else
            piq_text_table_cell(t, "%u-%u", s->from, s->below - 1);
        piq_text_table_cell(t, "%.4f", s->belief.auc);
        piq_text_table_cell(t, "%.4f", s->belief.brier);
        piq_text_table_cell(t, "%.3f", s->right);
        piq_text_table_cell(t, "%llu", (unsigned long long)s->belief.n);
    }
    piq_text_table_print(t);
}

static void print_json(const piq_eval_report *r)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "answers", (int64_t)r->n_answers);
    piq_json_put_int(&w, "learners", (int64_t)r->n_learners);
    piq_json_put_int(&w, "items", (int64_t)r->n_items);
    piq_json_key(&w, "models");
    piq_json_object(&w);
    for (int m = 0; m < PIQ_N_EVAL_MODELS; m++) {
        const piq_eval_score *s = &r->models[m];
        piq_json_key(&w, piq_eval_model_name((piq_eval_model)m));
        piq_json_object(&w);
        piq_json_put_fixed(&w, "auc", s->auc, 6);
        piq_json_put_fixed(&w, "brier", s->brier, 6);
        piq_json_put_fixed(&w, "logloss", s->logloss, 6);
        piq_json_put_fixed(&w, "ece", s->ece, 6);
        piq_json_object_end(&w);
    }
    piq_json_object_end(&w);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static piq_status measure(piq_arena *a, const piq_eval_file *file, bool json)
{
    piq_eval_report report;
    piq_eval_options options = {0};
    piq_status status = piq_eval_track(a, file->catalogue, file->answers,
                                       file->n, &options, &report);
    if (status)
        return status;
    (json ? print_json : print_tables)(&report);
    return PIQ_OK;
}

static int run(const piq_command *self, int argc, char **argv)
{
    return piq_eval_run(self, argc, argv, false, measure);
}

const piq_command piq_eval_topic_track = {
    "eval track", "FILE",
    "Measures one-step-ahead prediction of the online belief on real answers, "
    "beside baselines.",
    "  --format F       kt-tsv or kt-pid (default kt-tsv)\n", run};
