/* eval_topics.h - what `piq eval` can measure: a command each. Private to
 * cli/. */
#ifndef PIQ_CLI_EVAL_TOPICS_H
#define PIQ_CLI_EVAL_TOPICS_H

#include "cli/command.h"
#include "train/eval_track.h"

extern const piq_command piq_eval_topic_track, piq_eval_topic_kt,
    piq_eval_topic_forecast;

/* A file of answers, in `a`, and the curriculum derived from it, the caller's.
 * `pid`: kt-pid, else kt-tsv (train/kt_tsv.h). */
typedef struct piq_eval_file {
    piq_catalogue *catalogue;
    piq_eval_answer *answers;
    size_t n;
} piq_eval_file;
PIQ_MUST_USE piq_status piq_eval_read(piq_arena *a, const char *path, bool pid,
                                      piq_eval_file *out, piq_err *err);

#endif
