/* eval_online.h - piq eval policy --format ml-online. Private to cli/. */
#ifndef PIQ_CLI_EVAL_ONLINE_H
#define PIQ_CLI_EVAL_ONLINE_H

#include "cli/command.h"

typedef struct piq_online_arguments {
    const char *ratings; /* a file */
    int64_t rounds;      /* 0: each slate once, in order of time */
    int64_t seeds;       /* 1, 2, ..: as many runs */
    bool json;
} piq_online_arguments;

/* Plays, prints, gives the exit code. Genres and years are read from u.item
 * beside the ratings where that is. */
int piq_eval_online_run(const piq_online_arguments *args);

#endif
