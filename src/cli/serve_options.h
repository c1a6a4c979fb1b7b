/* serve_options.h - what `piq serve` can be told, by flag, file or environment
 * (settings.h). Private to cli/. */
#ifndef PIQ_CLI_SERVE_OPTIONS_H
#define PIQ_CLI_SERVE_OPTIONS_H

#include "access/access.h"
#include "api/api.h"
#include "cli/settings.h"

typedef struct piq_serve_options {
    const char *config; /* the file that --config names; NULL: none */
    const char *db;     /* where --db does not say; NULL: piq.db */
    const char *address;
    int64_t port, threads, max_connections, cache_learners;
    int64_t max_per_address; /* connections; 0: no such limit */
    const char *tls_cert;    /* files, PEM; NULL: no TLS */
    const char *tls_key;
    const char *cors_origin; /* lists, with commas; NULL: none */
    const char *trusted_proxy;
    int64_t train_every_hours; /* 0: never */
    int64_t policy_minutes;    /* between learning from the log; 0: never */
    int64_t keep_log_days;     /* 0: for ever, as below */
    int64_t keep_audit_days;
    const char *audit_reads; /* all, others, none: piq_serve_audit_reads */
    bool no_exploration;
    bool webhook_private;   /* webhooks may have private addresses */
    const char *pages;      /* the dashboard's folder; NULL: the shipped one */
    bool open;              /* no credentials; loopback only */
    int64_t key_rate;       /* requests a second of a key; 0: any number */
    int64_t person_rate;    /* of a learner or a coach; 0: any number */
    const char *audience;   /* that tokens must name */
    const char *log_format; /* "text" or "json" */
    const char *log_level;  /* debug, info, warn, error */
} piq_serve_options;

piq_serve_options piq_serve_defaults(void);
/* The table of them, pointing into *o, with its end. */
void piq_serve_table(piq_serve_options *o, piq_option out[PIQ_MAX_SETTINGS]);
/* What no single value tells: PIQ_EINVAL. */
PIQ_MUST_USE piq_status piq_serve_check(const piq_serve_options *o,
                                        piq_err *err);
piq_audit_reads piq_serve_audit_reads(const piq_serve_options *o);
/* The lines of --help. */
extern const char piq_serve_help[];

/* What is being served, for a greeting. */
typedef struct piq_serving {
    char url[100];      /* "http://127.0.0.1:8080" */
    piq_access *access; /* NULL: open, nobody is asked for a credential */
} piq_serving;

/* Serves until a signal; used by serve and demo. `hello` is called once the
 * socket listens. */
int piq_serve_db(const char *db, const piq_serve_options *o,
                 void (*hello)(void *ctx, const piq_serving *s), void *ctx);
/* Shows a link that begins a session with every right, on a terminal only:
 * what standard output is otherwise, a file or a log, keeps no secrets. */
void piq_serve_show_link(const piq_serving *s);

#endif
