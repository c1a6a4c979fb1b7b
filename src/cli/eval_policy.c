/* eval_policy.c - piq eval policy: what another policy would have earned. */
#include "cli/eval_policy.h"
#include "cli/eval_online.h"
#include "cli/eval_topics.h"
#include "train/obd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LOG_BYTES = 2000000000, MAX_POLICY_BYTES = 1 << 20 };

/* ---- finding the log ----------------------------------------------------- */

static bool is_file(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

/* The log that DIR stands for: itself, or CAMPAIGN.csv in it or in CAMPAIGN
 * below it. False unless there is one and no more. */
static bool find_log(const char *dir, char *path, size_t size)
{
    static const char *const campaigns[] = {"all", "men", "women"};
    char tried[4096];
    size_t n = 0;
    if (is_file(dir)) {
        snprintf(path, size, "%s", dir);
        return true;
    }
    for (size_t i = 0; i < sizeof campaigns / sizeof *campaigns; i++) {
        const char *c = campaigns[i];
        for (int below = 0; below < 2; below++) {
            snprintf(tried, sizeof tried,
                     below ? "%s/%s/%s.csv" : "%s/%.0s%s.csv", dir, c, c);
            if (!is_file(tried))
                continue;
            snprintf(path, size, "%s", tried);
            n++;
        }
    }
    return n == 1;
}

/* ---- the command --------------------------------------------------------- */

static piq_status read_log(piq_arena *a, const char *log, const char *target,
                           piq_obd *out, piq_err *err)
{
    char *csv = NULL, *policy = NULL;
    size_t csv_len = 0, policy_len = 0;
    piq_status status = piq_read_file(log, MAX_LOG_BYTES, &csv, &csv_len, err);
    if (!status)
        status =
            piq_read_file(target, MAX_POLICY_BYTES, &policy, &policy_len, err);
    if (!status)
        status = piq_obd_read(a, (piq_str){csv, csv_len},
                              (piq_str){policy, policy_len}, out, err);
    free(csv);
    free(policy);
    return status;
}

static int evaluate(const char *log, const char *target,
                    const piq_offpolicy_options *o, bool json)
{
    piq_offpolicy_report report;
    piq_obd obd;
    piq_err err = {0};
    piq_arena a;
    piq_arena_init(&a, (size_t)8 << 30);
    piq_status status = read_log(&a, log, target, &obd, &err);
    if (!status)
        status = piq_offpolicy(&a, &obd.log, o, &report, &err);
    piq_arena_release(&a);
    if (status)
        return piq_could_not(&err);
    if (json)
        piq_print_offpolicy_json(&report, NULL, NULL);
    else
        piq_print_offpolicy(&report, o->confidence);
    return PIQ_DONE;
}

typedef struct asked {
    const char *format, *data, *target, *policy;
    int64_t clip, seed, seeds, rounds, days;
} asked;

static void set_options(const asked *q, piq_offpolicy_options *o)
{
    o->clip = (double)q->clip;
    o->seed = (uint64_t)q->seed;
}

static int run_log(const piq_command *self, const asked *q,
                   const piq_arguments *args)
{
    piq_policy_log_arguments a = {.db = args->db,
                                  .days = q->days,
                                  .json = args->json,
                                  .options = *piq_offpolicy_defaults()};
    const char *name = q->policy ? q->policy : "current";
    if (q->data || q->target)
        return piq_wrong_use(self, "--data and --target are of --format obd");
    if (!piq_challenger_of(name, &a.challenger))
        return piq_wrong_use(self,
                             "--policy is current, prior, greedy or the number "
                             "of a version, not %s",
                             name);
    a.policy = name;
    set_options(q, &a.options);
    return piq_eval_policy_log_run(&a);
}

static int run_obd(const piq_command *self, const asked *q, bool json)
{
    char log[4096];
    piq_err err = {0};
    piq_offpolicy_options o = *piq_offpolicy_defaults();
    if (!q->data || !q->target)
        return piq_wrong_use(self, "--data and --target are needed");
    if (!find_log(q->data, log, sizeof log)) {
        piq_fail(&err, PIQ_ENOTFOUND, "%s holds no log, or more than one",
                 q->data);
        piq_err_hint(&err, "name a folder with all.csv, men.csv or women.csv");
        return piq_could_not(&err);
    }
    set_options(q, &o);
    return evaluate(log, q->target, &o, json);
}

static int run_online(const piq_command *self, const asked *q, bool json)
{
    if (!q->data)
        return piq_wrong_use(self, "--data is needed");
    piq_online_arguments args = {.ratings = q->data,
                                 .rounds = q->rounds,
                                 .seeds = q->seeds,
                                 .json = json};
    return piq_eval_online_run(&args);
}

static int run(const piq_command *self, int argc, char **argv)
{
    const piq_offpolicy_options *o = piq_offpolicy_defaults();
    asked q = {.clip = (int64_t)o->clip,
               .seed = (int64_t)o->seed,
               .seeds = 3,
               .rounds = 30000};
    piq_arguments args;
    const piq_option options[] = {
        {"format", PIQ_OPT_TEXT, &q.format, 0, 0},
        {"data", PIQ_OPT_TEXT, &q.data, 0, 0},
        {"target", PIQ_OPT_TEXT, &q.target, 0, 0},
        {"policy", PIQ_OPT_TEXT, &q.policy, 0, 0},
        {"days", PIQ_OPT_INT, &q.days, 0, 100000},
        {"clip", PIQ_OPT_INT, &q.clip, 1, INT64_C(1000000000)},
        {"seed", PIQ_OPT_INT, &q.seed, 0, INT64_MAX},
        {"seeds", PIQ_OPT_INT, &q.seeds, 1, 100},
        {"rounds", PIQ_OPT_INT, &q.rounds, 0, 100000000},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code >= 0)
        return code;
    if (!q.format)
        q.format = q.data || q.target ? "obd" : "log";
    if (strcmp(q.format, "log") == 0)
        return run_log(self, &q, &args);
    if (q.policy || q.days)
        return piq_wrong_use(self, "--policy and --days are of --format log");
    if (strcmp(q.format, "obd") == 0)
        return run_obd(self, &q, args.json);
    if (strcmp(q.format, "ml-online") == 0)
        return run_online(self, &q, args.json);
    return piq_wrong_use(self, "--format is log, obd or ml-online, not %s",
                         q.format);
}

const piq_command piq_eval_topic_policy = {
    "eval policy", "[--policy NAME | --data DIR|FILE]",
    "Estimates what another policy would have earned, from a log with "
    "propensities; or plays one that learns.",
    "  --format F       log: the slates that were served from --db (default);\n"
    "                   obd: a log of the Open Bandit Dataset (default with\n"
    "                   --data); ml-online: ratings as a game of ten\n"
    "                   candidates a round\n"
    " log\n"
    "  --policy NAME    current: the weights in force (default); prior: those\n"
    "                   set by hand; a version of stored ones; greedy: those\n"
    "                   in force, nothing left to chance\n"
    "  --days N         slates of the last N days (default 0: all)\n"
    " obd\n"
    "  --data DIR       the folder of the log, or the log\n"
    "  --target CSV     chances of the policy: a line an item, a column a\n"
    "                   position\n"
    " log and obd\n"
    "  --clip N         greatest weight in DR (default 20)\n"
    "  --seed N         of folds and resamples (default 1)\n"
    " ml-online\n"
    "  --data FILE      u.data; genres from u.item beside it\n"
    "  --rounds N       slates drawn at random (default 30000); 0: each once,\n"
    "                   in order of time\n"
    "  --seeds N        runs to take the mean of (default 3)\n",
    run};
