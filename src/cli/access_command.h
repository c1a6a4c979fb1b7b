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
/* "never", or RFC 3339. */
void piq_time_cell(int64_t at_us, char out[32]);

#endif
