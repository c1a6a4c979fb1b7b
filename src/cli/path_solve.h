/* path_solve.h - the verb of `piq path` that is about no learner. Private to
 * cli/. */
#ifndef PIQ_CLI_PATH_SOLVE_H
#define PIQ_CLI_PATH_SOLVE_H

#include "cli/command.h"

extern const piq_command piq_path_solve;

#endif
