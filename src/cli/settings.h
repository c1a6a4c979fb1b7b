/* settings.h - values of options from a file and from the environment.
 *
 * A flag that can be given to a command can be written in its file, one a line,
 * without the dashes, and set in the environment, in capitals with PIQ_ before
 * it. Later ones win: default, file, environment, flag.
 *
 *     # piq.conf
 *     address = 127.0.0.1
 *     max-connections = 5000        (environment: PIQ_MAX_CONNECTIONS)
 *     no-exploration = true
 *
 * A '#' at the beginning of a line makes it a comment; values go to the end of
 * the line, without the blanks around them. Secrets are never values: what is
 * secret has a file of its own, and the option names that. An unknown name or a
 * value that does not fit is refused, with its place.
 */
#ifndef PIQ_CLI_SETTINGS_H
#define PIQ_CLI_SETTINGS_H

#include "base/arena.h"
#include "cli/command.h"

typedef enum piq_source {
    PIQ_FROM_DEFAULT,
    PIQ_FROM_FILE,
    PIQ_FROM_ENVIRONMENT,
    PIQ_FROM_FLAG
} piq_source;

enum { PIQ_MAX_SETTINGS = 64, PIQ_MAX_SETTINGS_BYTES = 1 << 20 };

typedef struct piq_settings {
    const piq_option *options; /* NULL name past the end */
    piq_source from[PIQ_MAX_SETTINGS];
    piq_arena *arena; /* texts are copied there */
} piq_settings;

/* File and environment, as a command begins: the file that --config FILE or
 * --config=FILE in argv names, else PIQ_CONFIG, else none. Variables that begin
 * with PIQ_ but name no option are left alone: other programs' and other
 * commands'. PIQ_EINVAL: err->where is "FILE:LINE" or the variable; what stood
 * before it is set. */
PIQ_MUST_USE piq_status piq_settings_gather(piq_settings *s, int argc,
                                            char *const *argv,
                                            char *const *environ, piq_err *err);

/* Notes which of them argv has set, once piq_parse_arguments has taken it. */
void piq_settings_flags(piq_settings *s, int argc, char *const *argv);

/* Sets an option from text; false: it does not fit. */
bool piq_option_take(const piq_option *o, const char *text);

#endif
