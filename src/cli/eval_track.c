/* eval.c - piq eval track: how well the online belief predicts. */
#include "cli/command.h"
#include "train/eval_track.h"
#include "train/kt_tsv.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FILE_BYTES = 2000000000 };

static piq_status to_answers(piq_arena *a, const piq_catalogue *c,
                             const piq_kt_rows *rows, piq_eval_answer **out,
                             piq_err *err)
{
    piq_eval_answer *list = piq_new(a, piq_eval_answer, rows->n);
    if (!list)
        return piq_fail(err, PIQ_ENOMEM, "no memory for %zu answers", rows->n);
    for (size_t i = 0; i < rows->n; i++) {
        const piq_kt_row *row = &rows->list[i];
        list[i] = (piq_eval_answer){.user_id = row->user_id,
                                    .at_us = row->at_us,
                                    .score = row->correct ? 1.0f : 0.0f};
        if (!piq_catalogue_find_item(c, (piq_item_id){row->item_id},
                                     &list[i].item))
            return piq_fail(err, PIQ_EINTERNAL, "an item was not derived");
    }
    *out = list;
    return PIQ_OK;
}

static piq_status evaluate(piq_arena *a, piq_str file, bool pid,
                           piq_eval_report *out, piq_err *err)
{
    piq_kt_rows rows;
    piq_buf document;
    piq_findings findings = {0};
    piq_catalogue *c = NULL;
    piq_eval_answer *answers = NULL;
    piq_eval_options options = {0};
    piq_buf_init(&document, (size_t)1 << 30);
    piq_status status = pid ? piq_kt_read_pid(a, file, 1, &rows, err)
                            : piq_kt_read_tsv(a, file, &rows, err);
    if (status == PIQ_OK)
        status = piq_kt_write_curriculum(a, &rows, &document, err);
    if (status == PIQ_OK)
        status = piq_catalogue_read(a, (piq_str){document.ptr, document.len},
                                    NULL, &c, &findings, NULL, err);
    if (status == PIQ_OK)
        status = to_answers(a, c, &rows, &answers, err);
    if (status == PIQ_OK) {
        status = piq_eval_track(a, c, answers, rows.n, &options, out);
        if (status)
            piq_fail(err, status, "could not evaluate");
    }
    piq_catalogue_free(c);
    piq_buf_release(&document);
    return status;
}

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
    piq_table *t = piq_table_new(heads, 5);
    for (int m = 0; m < PIQ_N_EVAL_MODELS; m++) {
        const piq_eval_score *s = &r->models[m];
        piq_table_cell(t, "%s", piq_eval_model_name((piq_eval_model)m));
        piq_table_cell(t, "%.4f", s->auc);
        piq_table_cell(t, "%.4f", s->brier);
        piq_table_cell(t, "%.4f", s->logloss);
        piq_table_cell(t, "%.4f", s->ece);
    }
    piq_table_print(t);
    printf("\n");
    t = piq_table_new(stages, 5);
    for (int i = 0; i < PIQ_EVAL_STAGES; i++) {
        const piq_eval_stage *s = &r->curve[i];
        if (!s->belief.n)
            continue;
        if (s->below == UINT32_MAX)
            piq_table_cell(t, "%u+", s->from);
        else
            piq_table_cell(t, "%u-%u", s->from, s->below - 1);
        piq_table_cell(t, "%.4f", s->belief.auc);
        piq_table_cell(t, "%.4f", s->belief.brier);
        piq_table_cell(t, "%.3f", s->right);
        piq_table_cell(t, "%llu", (unsigned long long)s->belief.n);
    }
    piq_table_print(t);
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

static int eval(const piq_command *self, int argc, char **argv)
{
    const char *format = "kt-tsv";
    piq_arguments args;
    piq_err err = {0};
    piq_arena a;
    piq_eval_report report;
    char *bytes;
    size_t len;
    const piq_option options[] = {{"format", PIQ_OPT_TEXT, &format, 0, 0}, {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 2, 2, &args);
    if (code >= 0)
        return code;
    bool pid = strcmp(format, "kt-pid") == 0;
    if (strcmp(args.rest[0], "track") != 0)
        return piq_wrong_use(self, "track is expected, not %s", args.rest[0]);
    if (!pid && strcmp(format, "kt-tsv") != 0)
        return piq_wrong_use(self, "--format is kt-tsv or kt-pid, not %s",
                             format);
    if (piq_read_file(args.rest[1], MAX_FILE_BYTES, &bytes, &len, &err))
        return piq_could_not(&err);
    piq_arena_init(&a, (size_t)8 << 30);
    piq_status status = evaluate(&a, (piq_str){bytes, len}, pid, &report, &err);
    piq_arena_release(&a);
    free(bytes);
    if (status)
        return piq_could_not(&err);
    if (args.json)
        print_json(&report);
    else
        print_tables(&report);
    return PIQ_DONE;
}

const piq_command piq_cmd_eval = {
    "eval", "track FILE",
    "Measures one-step-ahead prediction on real answers, beside baselines.",
    "  --format F       kt-tsv or kt-pid (default kt-tsv)\n", eval};
