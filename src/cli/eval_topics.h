/* eval_topics.h - what `piq eval` can measure: a command each. Private to
 * cli/. */
#ifndef PIQ_CLI_EVAL_TOPICS_H
#define PIQ_CLI_EVAL_TOPICS_H

#include "cli/command.h"
#include "train/eval_track.h"

extern const piq_command piq_eval_topic_track, piq_eval_topic_kt,
    piq_eval_topic_forecast, piq_eval_topic_memory, piq_eval_topic_policy,
    piq_eval_topic_agent, piq_eval_topic_simulation, piq_eval_topic_recommend;

/* Answers of a file, and the curriculum derived from it. */
typedef struct piq_eval_file {
    piq_catalogue *catalogue;
    piq_eval_answer *answers;
    size_t n;
} piq_eval_file;

/* Evaluates and prints; memory from `a`. */
typedef piq_status piq_eval_measure(piq_arena *a, const piq_eval_file *file,
                                    bool json);

/* The whole of a command that measures the answers of its one FILE: arguments,
 * reading, the exit code. --format is kt-tsv, or kt-pid (train/kt_tsv.h) where
 * the measure needs no times. */
int piq_eval_run(const piq_command *self, int argc, char **argv,
                 bool wants_times, piq_eval_measure *measure);

#endif
