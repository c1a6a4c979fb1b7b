/* model.c - piq model list | show | add | export | promote | rollback | remove:
 * the trained models of a database, and which of them is used.
 *
 * Works beside a running server: the store sees to it that two at once do not
 * lose a step, and the server asks who is champion. */
#include "base/clock.h"
#include "cli/model_command.h"
#include "engine/training.h"
#include "store/registry.h"
#include "store/sqlite/sqlite_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A body, and what is read beside it. */
static const size_t MAX_READ_BYTES = (size_t)1 << 30;

/* Knowledge tracing: the kind that a duel can judge. */
static bool is_tracing(const piq_model_call *c)
{
    return piq_str_eq(c->kind, PIQ_MODEL_KT);
}

/* ---- add ------------------------------------------------------------- */

static piq_status add(piq_model_call *c, piq_err *err)
{
    piq_kt_model *m = NULL;
    uint32_t version = 0;
    char *bytes;
    size_t len;
    if (!is_tracing(c))
        return piq_fail(err, PIQ_EINVAL,
                        "only models of kind kt come from files; piq train "
                        "makes the others");
    piq_status status =
        piq_read_file(c->file, PIQ_MAX_MODEL_BYTES, &bytes, &len, err);
    if (status)
        return status;
    status = piq_kt_model_decode((piq_str){bytes, len}, &m, err);
    if (status)
        piq_err_at(err, "%s", c->file);
    else
        status =
            piq_model_add(c->store, m, (piq_str){bytes, len}, &version, err);
    if (status == PIQ_OK && c->args.json)
        printf("{\"version\":%" PRIu32 "}\n", version);
    else if (status == PIQ_OK)
        printf("version %" PRIu32 "; piq model promote %" PRIu32
               " makes it champion\n",
               version, version);
    piq_kt_model_free(m);
    free(bytes);
    return status;
}

/* ---- export ---------------------------------------------------------- */

static piq_status export_model(piq_model_call *c, piq_err *err)
{
    piq_model_row row;
    piq_status status =
        c->store->ops->model(c->store, &c->a, c->kind, c->version, &row, err);
    if (status)
        return status;
    if (strcmp(c->file, "-") == 0) {
        fwrite(row.body.ptr, 1, row.body.len, stdout);
        return PIQ_OK; /* main() sees to it that it was written */
    }
    status = piq_write_file(c->file, row.body, err);
    if (status == PIQ_OK && c->args.json)
        printf("{\"version\":%" PRIu32 ",\"bytes\":%" PRIu64 "}\n", row.version,
               row.n_bytes);
    else if (status == PIQ_OK)
        printf("version %" PRIu32 " in %s, %" PRIu64 " bytes\n", row.version,
               c->file, row.n_bytes);
    return status;
}

/* ---- promote, rollback, remove --------------------------------------- */

enum { DUEL_THREADS = 2 };

/* PIQ_OK when the challenger is not worse than the champion on the learners'
 * latest answers; *number is the champion's row. */
static piq_status judge(piq_model_call *c, const piq_kt_model *challenger,
                        uint32_t *number, piq_err *err)
{
    piq_engine *e;
    piq_kt_duel duel;
    char found[160];
    piq_status status = piq_open_existing(c->args.db, &e, err);
    if (status)
        return status;
    status = piq_engine_duel(e, challenger, DUEL_THREADS, &duel, number, err);
    piq_engine_close(e);
    if (status || piq_duel_allows(&duel))
        return status;
    piq_duel_describe(&duel, found, sizeof found);
    piq_fail(err, PIQ_ECONFLICT, "version %" PRIu32 " is %s: %s", c->version,
             duel.is_worse ? "worse" : "not measured", found);
    piq_err_hint(err, "--force makes it champion all the same");
    return PIQ_ECONFLICT;
}

/* Reads the challenger and lets it fight. */
static piq_status try_out(piq_model_call *c, uint32_t *number, piq_err *err)
{
    piq_model_row row;
    piq_kt_model *m = NULL;
    piq_status status =
        c->store->ops->model(c->store, &c->a, c->kind, c->version, &row, err);
    if (status == PIQ_OK)
        status = piq_kt_model_decode(row.body, &m, err);
    if (status == PIQ_OK)
        status = judge(c, m, number, err);
    piq_kt_model_free(m);
    return status;
}

static piq_registry_step step_of(const piq_model_call *c, const char *otherwise)
{
    return (piq_registry_step){
        .kind = c->kind,
        .at_us = piq_clock_now_us(),
        .reason = piq_str_of(c->reason ? c->reason : otherwise)};
}

static void say_champion(const piq_model_call *c, uint32_t version)
{
    if (c->args.json && version)
        printf("{\"champion\":%" PRIu32 "}\n", version);
    else if (c->args.json)
        printf("{\"champion\":null}\n");
    else if (version)
        printf("version %" PRIu32 " is champion\n", version);
    else
        printf("no model is champion\n");
}

static piq_status promote(piq_model_call *c, piq_err *err)
{
    uint32_t number, present;
    piq_registry_step step =
        step_of(c, c->force ? "promoted by force" : "promoted");
    piq_status status =
        c->store->ops->champion(c->store, c->kind, &number, &present, err);
    if (status == PIQ_OK && is_tracing(c) && !c->force && present != c->version)
        status = try_out(c, &number, err);
    if (status == PIQ_OK)
        status = piq_registry_promote(c->store, &step, c->version, number, err);
    if (status == PIQ_OK)
        say_champion(c, c->version);
    return status;
}

static piq_status rollback(piq_model_call *c, piq_err *err)
{
    uint32_t version = 0;
    piq_registry_step step = step_of(c, "rolled back");
    piq_status status =
        piq_registry_rollback(c->store, &c->a, &step, &version, err);
    if (status == PIQ_OK)
        say_champion(c, version);
    return status;
}

static piq_status remove_model(piq_model_call *c, piq_err *err)
{
    piq_status status =
        c->store->ops->drop_model(c->store, c->kind, c->version, err);
    if (status == PIQ_ECONFLICT)
        piq_err_hint(err, "promote another one first, or roll back");
    if (status == PIQ_OK && c->args.json)
        printf("{\"removed\":%" PRIu32 "}\n", c->version);
    else if (status == PIQ_OK)
        printf("version %" PRIu32 " is removed; its scores are kept\n",
               c->version);
    return status;
}

/* ---- the command ----------------------------------------------------- */

typedef struct action {
    const char *name;
    const char *wants; /* for messages */
    enum { WANTS_NOTHING, WANTS_VERSION, WANTS_FILE, WANTS_BOTH } takes;
    bool takes_champion; /* the word, for a version */
    piq_status (*run)(piq_model_call *c, piq_err *err);
} action;

static const action actions[] = {
    {"list", "nothing more", WANTS_NOTHING, false, piq_model_list},
    {"show", "a version, or champion", WANTS_VERSION, true, piq_model_show},
    {"add", "a file", WANTS_FILE, false, add},
    {"export", "a version, or champion, and a file", WANTS_BOTH, true,
     export_model},
    {"promote", "a version", WANTS_VERSION, false, promote},
    {"rollback", "nothing more", WANTS_NOTHING, false, rollback},
    {"remove", "a version", WANTS_VERSION, false, remove_model},
};

static const action *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static bool parse_version(const action *a, const char *text, uint32_t *out)
{
    int64_t v;
    if (a->takes_champion && strcmp(text, "champion") == 0) {
        *out = 0;
        return true;
    }
    if (!piq_str_to_i64(piq_str_of(text), &v) || v < 1 || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool take_words(const action *a, piq_model_call *c)
{
    static const int n_words[] = {[WANTS_NOTHING] = 1,
                                  [WANTS_VERSION] = 2,
                                  [WANTS_FILE] = 2,
                                  [WANTS_BOTH] = 3};
    char **words = c->args.rest;
    if (c->args.n_rest != n_words[a->takes])
        return false;
    if (a->takes == WANTS_FILE || a->takes == WANTS_BOTH)
        c->file = words[c->args.n_rest - 1];
    return (a->takes != WANTS_VERSION && a->takes != WANTS_BOTH) ||
           parse_version(a, words[1], &c->version);
}

static int run_action(const action *a, piq_model_call *c)
{
    piq_err err = {0};
    piq_status status = piq_open_existing_store(c->args.db, &c->store, &err);
    if (status == PIQ_OK) {
        piq_arena_init(&c->a, MAX_READ_BYTES);
        status = a->run(c, &err);
        piq_arena_release(&c->a);
        c->store->ops->close(c->store);
    }
    return status ? piq_could_not(&err) : PIQ_DONE;
}

static int model(const piq_command *self, int argc, char **argv)
{
    static const char *const kinds[] = {"kt", "policy", "taste"};
    piq_model_call c = {0};
    const char *kind = kinds[0];
    const piq_option options[] = {{"kind", PIQ_OPT_TEXT, &kind, 0, 0},
                                  {"force", PIQ_OPT_FLAG, &c.force, 0, 0},
                                  {"reason", PIQ_OPT_TEXT, &c.reason, 0, 0},
                                  {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 3, &c.args);
    if (code >= 0)
        return code;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            c.kind = piq_str_of(kinds[i]);
    if (!c.kind.len)
        return piq_wrong_use(self, "--kind is kt, policy or taste, not %s",
                             kind);
    const action *a = find_action(c.args.rest[0]);
    if (!a)
        return piq_wrong_use(self, "%s is no action", c.args.rest[0]);
    if (!take_words(a, &c))
        return piq_wrong_use(self, "%s takes %s", a->name, a->wants);
    return run_action(a, &c);
}

const piq_command piq_cmd_model = {
    "model", "list|show|add|export|promote|rollback|remove [VERSION] [FILE]",
    "Trained models: what there is, and which one is used.",
    "  --kind K         kt (knowledge tracing, the default), policy (weights\n"
    "                   of recommendations) or taste\n"
    "  --force          promote: also one that is worse, or unmeasured\n"
    "  --reason TEXT    promote, rollback: kept with who was champion\n",
    model};
