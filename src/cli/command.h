/* command.h - what the subcommands share. Private to cli/.
 *
 * A subcommand is one file and one function. Exit codes: 0 done, 1 could not,
 * 2 wrong use. Results go to standard output, everything else to standard
 * error.
 */
#ifndef PIQ_CLI_COMMAND_H
#define PIQ_CLI_COMMAND_H

#include "base/buf.h"
#include "engine/engine.h"

#include <jansson.h>
#include <stdio.h>

enum { PIQ_DONE = 0, PIQ_COULD_NOT = 1, PIQ_WRONG_USE = 2 };

typedef struct piq_command {
    const char *name;
    const char *arguments; /* "USER" */
    const char *summary;   /* one line */
    const char *options;   /* the lines of --help, beside the common ones */
    int (*run)(const struct piq_command *self, int argc, char **argv);
} piq_command;

extern const piq_command piq_cmd_serve, piq_cmd_demo, piq_cmd_import,
    piq_cmd_analyze, piq_cmd_recommend, piq_cmd_path, piq_cmd_predict,
    piq_cmd_progress, piq_cmd_catalogue, piq_cmd_simulate, piq_cmd_export,
    piq_cmd_replay, piq_cmd_eval, piq_cmd_train, piq_cmd_model, piq_cmd_version,
    piq_cmd_reviews, piq_cmd_agent, piq_cmd_rules, piq_cmd_experiment,
    piq_cmd_why_not, piq_cmd_config, piq_cmd_migrate, piq_cmd_backup,
    piq_cmd_restore, piq_cmd_key, piq_cmd_signer, piq_cmd_coach, piq_cmd_token,
    piq_cmd_audit, piq_cmd_session;

/* ---- arguments ------------------------------------------------------- */

/* One option beside --db, --json and --help. */
typedef struct piq_option {
    const char *name; /* without the dashes */
    enum { PIQ_OPT_FLAG, PIQ_OPT_TEXT, PIQ_OPT_INT } kind;
    void *value;       /* bool *, const char ** or int64_t * */
    int64_t low, high; /* of PIQ_OPT_INT */
} piq_option;

typedef struct piq_arguments {
    const char *db; /* "piq.db" unless said */
    bool has_db;    /* it was said */
    bool json;
    char **rest; /* what is no option */
    int n_rest;
} piq_arguments;

/* Returns -1 to go on, else the exit code (help was shown, or wrong use).
 * `options` ends with a NULL name; may be NULL. Between min and max arguments
 * that are no options are taken. */
int piq_parse_arguments(const piq_command *self, int argc, char **argv,
                        const piq_option *options, int min, int max,
                        piq_arguments *out);
int piq_wrong_use(const piq_command *self, const char *fmt, ...)
    PIQ_PRINTF(2, 3);
/* Says why on standard error; PIQ_COULD_NOT. */
int piq_could_not(const piq_err *err);
bool piq_parse_user(const char *text, piq_user_id *out);

/* ---- work ------------------------------------------------------------ */

/* The file that a database's name stands for; NULL: it is a server. */
const char *piq_db_file(const char *db);
/* A store by its name: a file, "sqlite:FILE" or "postgres:..". `bulk`: see
 * below. */
PIQ_MUST_USE piq_status piq_open_store(const char *db, bool bulk,
                                       piq_store **out, piq_err *err);
/* The same, where there must be one already: PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_open_existing_store(const char *db, piq_store **out,
                                                piq_err *err);
/* An engine on an SQLite file. `bulk`: commits need not survive a power cut,
 * kill -9 they do. */
PIQ_MUST_USE piq_status piq_open_engine(const char *db, bool bulk,
                                        const piq_engine_config *config,
                                        piq_metrics *metrics, piq_engine **out,
                                        piq_err *err);
/* The same, where the file must be there already. */
PIQ_MUST_USE piq_status piq_open_existing(const char *db, piq_engine **out,
                                          piq_err *err);
bool piq_file_exists(const char *path);
/* A whole file, NUL-terminated, at most max_bytes; caller frees. "-" is
 * standard input. */
PIQ_MUST_USE piq_status piq_read_file(const char *path, size_t max_bytes,
                                      char **bytes, size_t *len, piq_err *err);
/* Under another name first (FILE.part): nobody finds half a file, or loses a
 * whole one. PIQ_EFULL, PIQ_EIO. */
PIQ_MUST_USE piq_status piq_write_file(const char *path, piq_str bytes,
                                       piq_err *err);
/* Loads a curriculum; findings go to standard error. One of another subject
 * than that in force would retire all of it: PIQ_ECONFLICT unless `replace`. */
PIQ_MUST_USE piq_status piq_load_curriculum(piq_engine *e, piq_str document,
                                            const char *name, bool quiet,
                                            bool replace, piq_err *err);
/* The curriculum that ships with the program; static. NULL: not found. */
const char *piq_shipped_curriculum(void);

/* ---- showing --------------------------------------------------------- */

/* A line on standard error that overwrites itself on a terminal; elsewhere
 * only its last state is shown. */
typedef struct piq_meter {
    const char *what;
    uint64_t of;
    int64_t start_ns, shown_ns;
    bool terminal;
} piq_meter;
void piq_meter_begin(piq_meter *p, const char *what, uint64_t of);
void piq_meter_at(piq_meter *p, uint64_t done);
void piq_meter_end(piq_meter *p, uint64_t done);

/* ---- simulating ------------------------------------------------------ */

typedef struct piq_simulation {
    uint64_t seed;
    int64_t first_user;
    size_t learners, events; /* of each */
    double days;             /* up to today */
} piq_simulation;

/* Simulated learners into the engine. `meter` counts learners, from *done on,
 * which goes up with it. */
PIQ_MUST_USE piq_status piq_simulate_into(piq_engine *e,
                                          const piq_simulation *x,
                                          piq_meter *meter, uint64_t *done,
                                          piq_bulk_totals *totals,
                                          piq_err *err);

/* Rows of text in columns as wide as their widest cell. */
typedef struct piq_text_table piq_text_table;
piq_text_table *piq_text_table_new(const char *const *heads, size_t n_columns);
void piq_text_table_cell(piq_text_table *t, const char *fmt, ...)
    PIQ_PRINTF(2, 3);
/* Prints to standard output and frees. */
void piq_text_table_print(piq_text_table *t);

#endif
