/* train_recommend.c - piq train taste, piq train policy: what recommendations
 * are made with. */
#include "cli/train_topics.h"

#include "base/clock.h"
#include "engine/taste_refit.h"

static int taste(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    piq_err err = {0};
    piq_engine *e;
    piq_taste_fit_report r;
    int code = piq_parse_arguments(self, argc, argv, NULL, 0, 0, &args);
    if (code >= 0)
        return code;
    if (piq_open_existing(args.db, &e, &err))
        return piq_could_not(&err);
    piq_status status =
        piq_engine_fit_taste(e, piq_clock_now_us(), NULL, &r, &err);
    piq_engine_close(e);
    if (status)
        return piq_could_not(&err);
    printf(args.json ? "{\"learners\":%zu,\"events\":%zu,\"version\":%u}\n"
                     : "%zu learners took up contents %zu times; taste model "
                       "%u is in force\n",
           r.learners, r.events, r.version);
    return PIQ_DONE;
}

const piq_command piq_train_topic_taste = {
    "train taste", "",
    "Fits the taste model on what all learners took up, and puts it in force.",
    "", taste};

static int policy(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    piq_err err = {0};
    piq_engine *e;
    uint32_t version;
    int code = piq_parse_arguments(self, argc, argv, NULL, 0, 0, &args);
    if (code >= 0)
        return code;
    if (piq_open_existing(args.db, &e, &err))
        return piq_could_not(&err);
    piq_status status =
        piq_engine_learn_policy(e, piq_clock_now_us(), 1, &version, &err);
    piq_engine_close(e);
    if (status)
        return piq_could_not(&err);
    printf(args.json ? "{\"version\":%u}\n"
                     : "policy %u is in force (0: the weights set by hand)\n",
           version);
    return PIQ_DONE;
}

const piq_command piq_train_topic_policy = {
    "train policy", "",
    "Learns what recommendations are weighed by from what became of them.", "",
    policy};
