/* model_command.h - what the files of `piq model` share. Private to cli/. */
#ifndef PIQ_CLI_MODEL_COMMAND_H
#define PIQ_CLI_MODEL_COMMAND_H

#include "base/arena.h"
#include "cli/command.h"
#include "store/store.h"

/* One call of `piq model`. */
typedef struct piq_model_call {
    piq_arguments args;
    piq_store *store;
    piq_str kind;       /* --kind: whose models; PIQ_MODEL_KT unless said */
    piq_arena a;        /* whatever is read; has room for a model's body */
    uint32_t version;   /* of the actions that take one; 0: the champion */
    const char *file;   /* of those that take a file */
    const char *reason; /* --reason; NULL: none given */
    bool force;         /* --force */
} piq_model_call;

/* ---- model_about.c ---------------------------------------------------- */

/* What a model's `about` says; NaN and -1: it does not say. */
typedef struct piq_model_facts {
    char data[80];
    char from[32], until[32]; /* RFC 3339; empty: unknown */
    int64_t answers, learners;
    int64_t valid_answers;
    double auc, logloss, ece; /* on the validation answers */
} piq_model_facts;

/* Never fails: what cannot be read is not known. */
void piq_model_facts_read(piq_str about, piq_model_facts *out);

/* ---- model_show.c ----------------------------------------------------- */

PIQ_MUST_USE piq_status piq_model_list(piq_model_call *c, piq_err *err);
PIQ_MUST_USE piq_status piq_model_show(piq_model_call *c, piq_err *err);

#endif
