/* train.c - piq train kt: fits a knowledge-tracing model. */
#include "base/clock.h"
#include "cli/kt_options.h"
#include "cli/train_topics.h"
#include "engine/training.h"
#include "store/registry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PARTS = 5, BACKGROUND_NICE = 19 };

typedef struct training {
    const char *format, *path, *out, *members;
    int64_t seed, threads;
    bool promote, background, quiet, json;
    const char *db;
    piq_engine *engine; /* NULL: from files */
    piq_kt_data data;
    piq_kt_model *model;
    piq_kt_fit_report report;
    piq_kt_duel duel;
    bool fought;
    uint32_t version; /* in the store; 0: not stored */
    bool promoted;
    piq_buf bytes;
} training;

/* ---- data --------------------------------------------------------------- */

/* From the database: all but the newest answers, which decide later whether
 * the model may take over. */
static piq_status read_answers(training *t, piq_err *err)
{
    int64_t since_us = INT64_MAX;
    if (!t->engine)
        return piq_kt_open_data(t->format, t->path, PARTS, true, 0, &t->data,
                                err);
    piq_status status =
        piq_engine_answers(t->engine, PARTS, INT64_MAX, &t->data, err);
    if (status == PIQ_OK &&
        piq_kt_data_latest(&t->data, PIQ_LATEST_SHARE, &since_us))
        status = piq_fail(err, PIQ_ENOMEM, "no memory for the answers");
    if (status || since_us == INT64_MAX)
        return status;
    piq_kt_data_release(&t->data);
    return piq_engine_answers(t->engine, PARTS, since_us, &t->data, err);
}

/* One part validates, the others train. */
static piq_status fit(training *t, piq_err *err)
{
    piq_fit_meter meter;
    piq_kt_fit_options o = piq_kt_fit_defaults();
    piq_arena a;
    piq_arena_init(&a, (size_t)1 << 30);
    piq_kt_role *role = piq_new(&a, piq_kt_role, t->data.n_learners);
    piq_status status =
        role ? PIQ_OK : piq_fail(err, PIQ_ENOMEM, "no memory to train");
    for (size_t i = 0; status == PIQ_OK && i < t->data.n_learners; i++)
        role[i] = t->data.part[i] == 0 ? PIQ_KT_VALID : PIQ_KT_TRAIN;
    o.seed = (uint64_t)t->seed;
    /* Threads that wait for one another are slow where others work. */
    o.threads = t->background ? 1 : (unsigned)t->threads;
    if (status == PIQ_OK && !piq_kt_parse_members(t->members, o.members))
        status = piq_fail(err, PIQ_EINVAL, "no such members: %s", t->members);
    if (status == PIQ_OK) {
        piq_fit_catch_stop();
        piq_fit_meter_begin(&meter, "", t->quiet);
        status = piq_kt_fit(&t->data, role, &o, &meter.watch, &t->model,
                            &t->report, err);
        piq_fit_meter_end(&meter);
    }
    piq_arena_release(&a);
    return status;
}

/* ---- keeping ------------------------------------------------------------ */

/* A challenger that foresees the latest answers worse stays one. */
static piq_status promote(training *t, piq_err *err)
{
    char reason[160];
    uint32_t number = 0;
    piq_status status = piq_engine_duel(
        t->engine, t->model, (unsigned)t->threads, &t->duel, &number, err);
    t->fought = status == PIQ_OK;
    if (status || !piq_duel_allows(&t->duel))
        return status;
    piq_duel_describe(&t->duel, reason, sizeof reason);
    piq_registry_step step = {.kind = PIQ_MODEL_KT,
                              .at_us = piq_clock_now_us(),
                              .reason = piq_str_of(reason)};
    status = piq_registry_promote(piq_engine_store(t->engine), &step,
                                  t->version, number, err);
    t->promoted = status == PIQ_OK;
    return status;
}

static piq_status keep(training *t, piq_err *err)
{
    piq_status status;
    t->model->about.made_us = piq_clock_now_us();
    piq_kt_model_encode(t->model, &t->bytes);
    if (t->bytes.status)
        return piq_fail(err, t->bytes.status, "no memory to write a model");
    if (t->out) {
        status =
            piq_write_file(t->out, (piq_str){t->bytes.ptr, t->bytes.len}, err);
        if (status)
            return status;
    }
    if (!t->engine)
        return PIQ_OK;
    status =
        piq_model_add(piq_engine_store(t->engine), t->model,
                      (piq_str){t->bytes.ptr, t->bytes.len}, &t->version, err);
    return status || !t->promote ? status : promote(t, err);
}

/* ---- telling ------------------------------------------------------------ */

static void print_text(const training *t)
{
    const piq_kt_fit_report *r = &t->report;
    printf("%s%s: fitted on %zu answers, validated on %zu\n"
           "AUC %.4f  log loss %.4f  calibration error %.4f\n",
           t->data.name, r->stopped ? " (stopped early)" : "", r->n_train,
           r->n_valid, r->valid.auc, r->valid.logloss, r->valid.ece);
    for (int k = 0; k < PIQ_N_MEMBERS; k++)
        if (r->member_auc[k] == r->member_auc[k]) /* not NaN */
            printf("  %-5s AUC %.4f  weight %.2f%s\n",
                   piq_member_name((piq_member)k), r->member_auc[k],
                   t->model->blend.weight[k],
                   r->blend.kept[k] ? "" : "  (does not pay, left out)");
    if (r->note[0])
        printf("%s\n", r->note);
    if (t->out)
        printf("written to %s, %zu bytes\n", t->out, t->bytes.len);
    if (t->version)
        printf("stored as version %u\n", t->version);
    if (t->fought) {
        char duel[160];
        piq_duel_describe(&t->duel, duel, sizeof duel);
        printf("%s: %s\n", t->promoted ? "champion" : "not promoted", duel);
    }
}

static void print_json(const training *t)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "version", t->version);
    piq_json_put_bool(&w, "promoted", t->promoted);
    piq_json_put_bool(&w, "stopped", t->report.stopped);
    piq_json_put_int(&w, "bytes", (int64_t)t->bytes.len);
    piq_json_put_int(&w, "answers", (int64_t)t->report.n_train);
    piq_json_put_fixed(&w, "valid_auc", t->report.valid.auc, 6);
    piq_json_put_fixed(&w, "valid_logloss", t->report.valid.logloss, 6);
    piq_json_put_fixed(&w, "valid_ece", t->report.valid.ece, 6);
    if (t->fought) {
        piq_json_key(&w, "latest");
        piq_json_object(&w);
        piq_json_put_int(&w, "answers", (int64_t)t->duel.answers);
        piq_json_put_fixed(&w, "logloss", t->duel.challenger.logloss, 6);
        piq_json_put_fixed(&w, "champion_logloss", t->duel.champion.logloss, 6);
        piq_json_put_fixed(&w, "low", t->duel.low, 6);
        piq_json_put_fixed(&w, "high", t->duel.high, 6);
        piq_json_object_end(&w);
    }
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

/* ---- the command -------------------------------------------------------- */

static int check(const piq_command *self, const training *t)
{
    bool known = strcmp(t->format, "akt") == 0 || strcmp(t->format, "tsv") == 0;
    bool members[PIQ_N_MEMBERS];
    if (!known)
        return piq_wrong_use(self, "--format is akt or tsv, not %s", t->format);
    if (t->path && !t->out)
        return piq_wrong_use(self, "--data needs --out");
    if (t->path && t->promote)
        return piq_wrong_use(self, "--promote is for a database's answers");
    if (!piq_kt_parse_members(t->members, members))
        return piq_wrong_use(self, "--members is a list of lr, gbdt, rnn");
    return -1;
}

static piq_status train(training *t, piq_err *err)
{
    piq_status status = PIQ_OK;
    /* Lower than everything that answers somebody; no right is needed. */
    if (t->background)
        setpriority(PRIO_PROCESS, 0, BACKGROUND_NICE);
    if (!t->path)
        status = piq_open_existing(t->db, &t->engine, err);
    if (status == PIQ_OK)
        status = read_answers(t, err);
    /* Fitting takes long: the database is a running server's alone meanwhile.
     */
    piq_engine_close(t->engine);
    t->engine = NULL;
    if (status == PIQ_OK)
        status = fit(t, err);
    if (status == PIQ_OK && !t->path)
        status = piq_open_existing(t->db, &t->engine, err);
    if (status == PIQ_OK)
        status = keep(t, err);
    return status;
}

static int train_kt(const piq_command *self, int argc, char **argv)
{
    training t = {
        .format = "akt", .members = "lr,gbdt,rnn", .seed = 1, .threads = 2};
    const piq_option options[] = {
        {"data", PIQ_OPT_TEXT, &t.path, 0, 0},
        {"format", PIQ_OPT_TEXT, &t.format, 0, 0},
        {"out", PIQ_OPT_TEXT, &t.out, 0, 0},
        {"members", PIQ_OPT_TEXT, &t.members, 0, 0},
        {"seed", PIQ_OPT_INT, &t.seed, 0, INT64_MAX},
        {"threads", PIQ_OPT_INT, &t.threads, 1, 64},
        {"promote", PIQ_OPT_FLAG, &t.promote, 0, 0},
        {"background", PIQ_OPT_FLAG, &t.background, 0, 0},
        {"quiet", PIQ_OPT_FLAG, &t.quiet, 0, 0},
        {0}};
    piq_arguments args;
    piq_err err = {0};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code < 0)
        code = check(self, &t);
    if (code >= 0)
        return code;
    t.db = args.db;
    piq_buf_init(&t.bytes, PIQ_MAX_MODEL_BYTES);
    piq_status status = train(&t, &err);
    if (status == PIQ_OK && args.json)
        print_json(&t);
    else if (status == PIQ_OK)
        print_text(&t);
    piq_buf_release(&t.bytes);
    piq_kt_model_free(t.model);
    piq_kt_data_release(&t.data);
    piq_engine_close(t.engine);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

static const piq_command kt = {
    "train kt", "",
    "Fits a knowledge-tracing model on the stored answers, or on files.",
    "  --data PATH      a folder (akt) or a file (tsv) instead of --db\n"
    "  --format F       akt or tsv (default akt)\n"
    "  --out FILE       write the model there\n"
    "  --promote        make it champion, unless it foresees the latest\n"
    "                   answers worse than the present one\n"
    "  --background     at the lowest priority\n"
    "  --members LIST   of lr, gbdt, rnn (default all)\n"
    "  --seed N         of everything random (default 1)\n"
    "  --threads N      (default 2)\n"
    "  --quiet          no progress on standard error\n"
    "\nCtrl-C keeps the best model so far.\n",
    train_kt};

static int run(const piq_command *self, int argc, char **argv)
{
    static const struct {
        const char *name;
        const piq_command *topic;
    } topics[] = {{"kt", &kt},
                  {"memory", &piq_train_topic_memory},
                  {"taste", &piq_train_topic_taste},
                  {"policy", &piq_train_topic_policy}};
    for (size_t i = 0; argc > 1 && i < sizeof topics / sizeof topics[0]; i++)
        if (strcmp(argv[1], topics[i].name) == 0)
            return topics[i].topic->run(topics[i].topic, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        printf("usage: piq train kt|memory|taste|policy [options] (piq train "
               "kt --help)\n\n%s\n",
               self->summary);
        return PIQ_DONE;
    }
    return piq_wrong_use(self, "kt, memory, taste or policy is expected");
}

const piq_command piq_cmd_train = {
    "train", "kt|memory|taste|policy",
    "Fits a model on what is stored, or on files.", "", run};
