/* eval_policy_log.c - piq eval policy --format log: another policy, judged on
 * the slates that were served. */
#include "cli/eval_policy.h"

#include "base/calendar.h"
#include "base/clock.h"

typedef struct found {
    const piq_policy_log_arguments *asked;
    piq_policy_answer answer;
} found;

static void put_more(piq_json_writer *w, const void *ctx)
{
    const found *f = ctx;
    const piq_policy_left_out *out = &f->answer.left_out;
    piq_json_put_z(w, "policy", f->asked->policy);
    piq_json_put_int(w, "version", f->answer.version);
    piq_json_put_int(w, "known", (int64_t)f->answer.n_known);
    piq_json_key(w, "left_out");
    piq_json_object(w);
    piq_json_put_int(w, "young", (int64_t)out->young);
    piq_json_put_int(w, "certain", (int64_t)out->certain);
    piq_json_put_int(w, "unusable", (int64_t)out->unusable);
    piq_json_object_end(w);
}

static void print_all(const found *f)
{
    const piq_policy_answer *x = &f->answer;
    printf("policy %s (weights of version %u; 0: set by hand), in the explored "
           "place of slates of %zu learners\n"
           "left out: %zu slates less than a day old, %zu where nothing was "
           "left to chance, %zu unusable\n",
           f->asked->policy, x->version, x->report.n_groups, x->left_out.young,
           x->left_out.certain, x->left_out.unusable);
    if (x->n_known)
        printf("%zu rows are older than the weights, which may have been "
               "learned from them\n",
               x->n_known);
    piq_print_offpolicy(&x->report, f->asked->options.confidence);
}

int piq_eval_policy_log_run(const piq_policy_log_arguments *q)
{
    found f = {.asked = q};
    piq_err err = {0};
    piq_engine *e;
    int64_t now_us = piq_clock_now_us();
    piq_policy_question question = {
        .challenger = q->challenger,
        .now_us = now_us,
        .since_us = q->days ? now_us - q->days * PIQ_US_PER_DAY : INT64_MIN,
        .options = &q->options};
    if (piq_open_existing(q->db, &e, &err))
        return piq_could_not(&err);
    piq_status status = piq_engine_judge_policy(e, &question, &f.answer, &err);
    piq_engine_close(e);
    if (status)
        return piq_could_not(&err);
    if (q->json)
        piq_print_offpolicy_json(&f.answer.report, put_more, &f);
    else
        print_all(&f);
    return PIQ_DONE;
}
