/* kt_options.h - what `eval kt` and `train kt` share: reading data sets, which
 * members, the progress line, Ctrl-C. Private to cli/. */
#ifndef PIQ_CLI_KT_OPTIONS_H
#define PIQ_CLI_KT_OPTIONS_H

#include "cli/command.h"
#include "train/fit_watch.h"
#include "train/kt_data.h"
#include "train/kt_fit.h"

/* akt: a folder with part1.csv .. partN.csv. tsv: one file, dealt into
 * `parts`. history_rows 0: whole histories. */
PIQ_MUST_USE piq_status piq_kt_open_data(const char *format, const char *path,
                                         unsigned parts, bool items,
                                         size_t history_rows, piq_kt_data *out,
                                         piq_err *err);

/* "lr,gbdt,rnn"; false: none of them, or a word that is none. */
bool piq_kt_parse_members(const char *text, bool members[PIQ_N_MEMBERS]);

/* One line on standard error: what is fitted, how far, losses, time left.
 * While it is shown, Ctrl-C asks the fit to stop and keep its best; a second
 * one ends the program as usual. */
typedef struct piq_fit_meter {
    piq_fit_watch watch; /* give this to the fit */
    char title[32];      /* "fold 1/5" */
    char member[8];
    int64_t member_ns, shown_ns;
    size_t first_round;
    bool quiet, terminal, on_line;
} piq_fit_meter;
void piq_fit_meter_begin(piq_fit_meter *m, const char *title, bool quiet);
/* Ends the line; the meter may begin again. */
void piq_fit_meter_end(piq_fit_meter *m);
/* Whether Ctrl-C was pressed since the program began. */
bool piq_fit_was_stopped(void);
void piq_fit_catch_stop(void);

#endif
