/* eval_read.c - what piq eval track and piq eval forecast share: arguments, and
 * reading recorded answers. */
#include "cli/eval_topics.h"
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

static piq_status read_text(piq_arena *a, piq_str file, bool pid,
                            piq_eval_file *out, piq_err *err)
{
    piq_kt_rows rows;
    piq_buf document;
    piq_findings findings = {0};
    piq_buf_init(&document, (size_t)1 << 30);
    piq_status status = pid ? piq_kt_read_pid(a, file, 1, &rows, err)
                            : piq_kt_read_tsv(a, file, &rows, err);
    if (status == PIQ_OK)
        status = piq_kt_write_curriculum(a, &rows, &document, err);
    if (status == PIQ_OK)
        status =
            piq_catalogue_read(a, (piq_str){document.ptr, document.len}, NULL,
                               &out->catalogue, &findings, NULL, err);
    if (status == PIQ_OK)
        status = to_answers(a, out->catalogue, &rows, &out->answers, err);
    if (status == PIQ_OK)
        out->n = rows.n;
    piq_buf_release(&document);
    return status;
}

static piq_status read_file(piq_arena *a, const char *path, bool pid,
                            piq_eval_file *out, piq_err *err)
{
    char *bytes;
    size_t len;
    piq_status status = piq_read_file(path, MAX_FILE_BYTES, &bytes, &len, err);
    if (status)
        return status;
    status = read_text(a, (piq_str){bytes, len}, pid, out, err);
    free(bytes);
    return status;
}

int piq_eval_run(const piq_command *self, int argc, char **argv,
                 bool wants_times, piq_eval_measure *measure)
{
    const char *format = "kt-tsv";
    piq_arguments args;
    piq_err err = {0};
    piq_arena a;
    piq_eval_file file = {0};
    const piq_option options[] = {{"format", PIQ_OPT_TEXT, &format, 0, 0}, {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code >= 0)
        return code;
    bool pid = !wants_times && strcmp(format, "kt-pid") == 0;
    if (!pid && strcmp(format, "kt-tsv") != 0)
        return piq_wrong_use(
            self,
            wants_times ? "--format is kt-tsv, not %s: forecasts want times"
                        : "--format is kt-tsv or kt-pid, not %s",
            format);
    piq_arena_init(&a, (size_t)8 << 30);
    piq_status status = read_file(&a, args.rest[0], pid, &file, &err);
    if (status == PIQ_OK && (status = measure(&a, &file, args.json)))
        piq_fail(&err, status, "could not evaluate");
    piq_catalogue_free(file.catalogue);
    piq_arena_release(&a);
    return status ? piq_could_not(&err) : PIQ_DONE;
}
