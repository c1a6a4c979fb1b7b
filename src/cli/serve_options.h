/* serve_options.h - what `piq serve` can be told, by flag, file or environment
 * (settings.h). Private to cli/. */
#ifndef PIQ_CLI_SERVE_OPTIONS_H
#define PIQ_CLI_SERVE_OPTIONS_H

#include "cli/settings.h"

typedef struct piq_serve_options {
    const char *config; /* the file that --config names; NULL: none */
    const char *db;     /* where --db does not say; NULL: piq.db */
    const char *address;
    int64_t port, threads, max_connections, cache_learners;
    int64_t train_every_hours; /* 0: never */
    int64_t policy_minutes;    /* between learning from the log; 0: never */
    bool no_exploration;
    const char *log_format; /* "text" or "json" */
    const char *log_level;  /* debug, info, warn, error */
} piq_serve_options;

piq_serve_options piq_serve_defaults(void);
/* The table of them, pointing into *o, with its end. */
void piq_serve_table(piq_serve_options *o, piq_option out[PIQ_MAX_SETTINGS]);
/* What no single value tells: PIQ_EINVAL. */
PIQ_MUST_USE piq_status piq_serve_check(const piq_serve_options *o,
                                        piq_err *err);
/* The lines of --help. */
extern const char piq_serve_help[];

/* Serves until a signal; used by serve and demo. `hello` is called once the
 * socket listens. */
int piq_serve_db(const char *db, const piq_serve_options *o,
                 void (*hello)(void *ctx, const char *address, uint16_t port),
                 void *ctx);

#endif
