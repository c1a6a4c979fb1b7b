/* train_memory.c - piq train memory: fits the parameters of memory. */
#include "cli/train_topics.h"
#include "engine/memory_fit.h"

#include <sys/resource.h>

enum { BACKGROUND_NICE = 19 };

static void print_text(const piq_memory_fit_report *r)
{
    printf("%zu learners, %zu reviews, %zu of them foreseen\n", r->learners,
           r->reviews, r->items);
    if (r->has_population && r->population.n)
        printf("population: log loss %.4f with the fitted parameters, %.4f "
               "with those in force, on %zu latest reviews\n",
               r->population.after, r->population.before, r->population.n);
    if (r->given_own)
        printf("of their own: log loss %.4f, %.4f with those in force\n",
               r->own_after, r->own_before);
    printf("%zu learners have parameters of their own now, %zu those of the "
           "population, %zu are left as they were\n",
           r->given_own, r->given_population, r->left);
}

static void print_json(const piq_memory_fit_report *r)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "learners", (int64_t)r->learners);
    piq_json_put_int(&w, "reviews", (int64_t)r->reviews);
    piq_json_put_int(&w, "items", (int64_t)r->items);
    piq_json_key(&w, "population");
    piq_json_object(&w);
    piq_json_put_bool(&w, "fitted", r->has_population);
    piq_json_put_int(&w, "held_out", (int64_t)r->population.n);
    piq_json_put_fixed(&w, "logloss_before", r->population.before, 6);
    piq_json_put_fixed(&w, "logloss", r->population.after, 6);
    piq_json_put_int(&w, "given", (int64_t)r->given_population);
    piq_json_object_end(&w);
    piq_json_key(&w, "own");
    piq_json_object(&w);
    piq_json_put_fixed(&w, "logloss_before", r->own_before, 6);
    piq_json_put_fixed(&w, "logloss", r->own_after, 6);
    piq_json_put_int(&w, "given", (int64_t)r->given_own);
    piq_json_object_end(&w);
    piq_json_put_int(&w, "left", (int64_t)r->left);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static int run(const piq_command *self, int argc, char **argv)
{
    bool background = false;
    const piq_option options[] = {
        {"background", PIQ_OPT_FLAG, &background, 0, 0}, {0}};
    piq_arguments args;
    piq_err err = {0};
    piq_engine *e;
    piq_memory_fit_report report;
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code >= 0)
        return code;
    /* Lower than everything that answers somebody; no right is needed. */
    if (background)
        setpriority(PRIO_PROCESS, 0, BACKGROUND_NICE);
    if (piq_open_existing(args.db, &e, &err))
        return piq_could_not(&err);
    piq_status status = piq_engine_fit_memory(e, NULL, &report, &err);
    piq_engine_close(e);
    if (status)
        return piq_could_not(&err);
    if (args.json)
        print_json(&report);
    else
        print_text(&report);
    return PIQ_DONE;
}

const piq_command piq_train_topic_memory = {
    "train memory", "",
    "Fits the parameters of memory on the stored reviews, and gives them to "
    "the learners whom they suit.",
    "  --background     at the lowest priority\n", run};
