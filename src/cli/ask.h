/* ask.h - one learner, asked or told through the API. Private to cli/. */
#ifndef PIQ_CLI_ASK_H
#define PIQ_CLI_ASK_H

#include "cli/command.h"

typedef struct piq_question {
    const char *method;
    const char *resource; /* after /api/users/N */
    void (*print)(const json_t *);
} piq_question;

/* args->rest[0] is the learner; `query` follows the resource; `body` is JSON or
 * empty. Prints the reply, or why there is none. */
int piq_ask_learner(const piq_command *self, const piq_arguments *args,
                    const piq_question *q, const char *query, piq_str body);

void piq_print_path(const json_t *path);

/* explain.c: piq recommend explain ID [--replay]. */
int piq_explain_recommendation(const piq_command *self,
                               const piq_arguments *args, bool replay);

#endif
