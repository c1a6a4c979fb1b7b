/* eval_policy.h - parts of piq eval policy. */
#ifndef PIQ_CLI_EVAL_POLICY_H
#define PIQ_CLI_EVAL_POLICY_H

#include "cli/command.h"
#include "engine/policy_eval.h"

/* To standard output. `more` adds members to the object; may be NULL. */
void piq_print_offpolicy_json(const piq_offpolicy_report *r,
                              void (*more)(piq_json_writer *w, const void *ctx),
                              const void *ctx);
void piq_print_offpolicy(const piq_offpolicy_report *r, double confidence);

/* From the log of slates of an engine's own store. */
typedef struct piq_policy_log_arguments {
    const char *db;
    const char *policy; /* as it was named */
    piq_challenger challenger;
    int64_t days; /* the last so many; 0: all */
    bool json;
    piq_offpolicy_options options;
} piq_policy_log_arguments;

/* The exit code. */
int piq_eval_policy_log_run(const piq_policy_log_arguments *q);

#endif
