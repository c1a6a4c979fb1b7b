/* access_command.h - what key, signer, coach, token and audit share: a store
 * and its keeper, without an engine. Private to cli/. */
#ifndef PIQ_CLI_ACCESS_COMMAND_H
#define PIQ_CLI_ACCESS_COMMAND_H

#include "access/access.h"
#include "access/audit.h"
#include "base/json_writer.h"
#include "cli/command.h"

/* Does the work of a command on an open keeper. */
typedef piq_status piq_access_work(piq_access *k, void *ctx, piq_err *err);

/* Opens what args->db names, which must be there, and works; the exit code. */
int piq_with_access(const piq_arguments *args, piq_access_work *work,
                    void *ctx);
/* One line of JSON on standard output, whatever `fill` writes. */
PIQ_MUST_USE piq_status piq_print_json(void (*fill)(piq_json_writer *w,
                                                    const void *ctx),
                                       const void *ctx, piq_err *err);
/* How the entries of a list are read, written and printed. */
typedef struct piq_access_list {
    const char *member; /* of the JSON object: "keys" */
    const char *heads[8];
    size_t n_heads;
    /* *entries[n * size], in `a`. */
    piq_status (*read)(piq_access *k, piq_arena *a, const void **entries,
                       size_t *n, piq_err *err);
    size_t size;
    void (*put)(piq_json_writer *w, const void *entry); /* members */
    void (*row)(piq_text_table *t, const void *entry);  /* cells */
} piq_access_list;
/* As a table or, with --json, as one line of JSON. */
PIQ_MUST_USE piq_status piq_print_access(piq_access *k,
                                         const piq_arguments *args,
                                         const piq_access_list *list,
                                         piq_err *err);
/* "never", or RFC 3339. */
void piq_time_cell(int64_t at_us, char out[32]);

#endif
