/* eval_agent.c - piq eval agent: teaches simulated learners, and compares.
 *
 * The engine is spoken to as a stranger would, in the lines of the protocol;
 * simple policies teach the same learners beside it. Promotion of an episode
 * is (end - start) / (full - start) of the exam on the targets. */
#include "agent/agent.h"
#include "base/clock.h"
#include "cli/eval_topics.h"
#include "sim/env_lines.h"
#include "sim/teacher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ENGINE = PIQ_N_TEACHERS, N_POLICIES };
enum { MAX_EPISODES = 100000, WORLD_BYTES = 1 << 24 };

typedef struct setup {
    const piq_env_family *family;
    bool plan;
    bool wanted[N_POLICIES];
    size_t episodes, each; /* of each world */
    uint64_t seed;
} setup;

typedef struct tally {
    double *promotion[N_POLICIES]; /* [episodes] */
    double *reply_ms;              /* [n_replies] of the engine */
    size_t n_replies, room;
} tally;

static const char *policy_name(size_t policy)
{
    return policy == ENGINE ? "engine"
                            : piq_teacher_name((piq_teacher_kind)policy);
}

/* --- the engine, in lines --------------------------------------------------
 */

typedef struct talk {
    piq_agent *agent;
    piq_buf line, reply;
    piq_err *err;
} talk;

static piq_status say(talk *t)
{
    bool bye;
    piq_buf_clear(&t->reply);
    if (t->line.status)
        return piq_fail(t->err, t->line.status, "no memory for a line");
    return piq_agent_hear(t->agent, (piq_str){t->line.ptr, t->line.len},
                          &t->reply, &bye, t->err);
}

static piq_status say_next(talk *t, double left, tally *sum)
{
    piq_buf_clear(&t->line);
    piq_buf_printf(&t->line, "{\"type\":\"next\",\"left\":%.17g}", left);
    int64_t start = piq_clock_monotonic_ns();
    piq_status status = say(t);
    if (sum->n_replies < sum->room)
        sum->reply_ms[sum->n_replies++] =
            (double)(piq_clock_monotonic_ns() - start) / 1e6;
    return status;
}

/* --- an episode -----------------------------------------------------------
 */

static double cost_of(const piq_env *e, uint32_t item)
{
    return e->minutes ? e->items[item].minutes : 1.0;
}

static bool known_item(const piq_env *e, const json_t *v, uint32_t *out)
{
    json_int_t id = json_integer_value(v);
    *out = (uint32_t)id;
    return json_is_integer(v) && id >= 0 && (size_t)id < e->n_items;
}

/* The whole path, until the budget is used. */
static piq_status follow(const json_t *items, piq_env *e, double left,
                         piq_err *err)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        uint32_t item;
        if (!known_item(e, json_array_get(items, i), &item))
            return piq_fail(err, PIQ_EINTERNAL, "an item nobody knows");
        left -= cost_of(e, item);
        if (left < -1e-9)
            return piq_fail(err, PIQ_EINTERNAL, "a path beyond its budget");
        piq_env_practise(e, item);
    }
    return PIQ_OK;
}

static piq_status teach_one(talk *t, piq_env *e, const json_t *reply,
                            double *left)
{
    uint32_t item;
    if (!known_item(e, json_object_get(reply, "item"), &item))
        return piq_fail(t->err, PIQ_EINTERNAL, "an item nobody knows");
    *left -= cost_of(e, item);
    if (*left < -1e-9)
        return piq_fail(t->err, PIQ_EINTERNAL, "an item beyond the budget");
    bool right = piq_env_practise(e, item);
    piq_buf_clear(&t->line);
    piq_buf_printf(&t->line,
                   "{\"type\":\"outcome\",\"left\":%.17g,\"item\":%u,"
                   "\"correct\":%d,\"done\":%s}",
                   *left, item, right, *left > 0.0 ? "false" : "true");
    return say(t);
}

static piq_status engine_steps(talk *t, piq_env *e, const setup *s, tally *sum)
{
    double left = e->steps;
    piq_status status = PIQ_OK;
    for (bool done = false; !done && left > 0.0 && status == PIQ_OK;) {
        status = say_next(t, left, sum);
        if (status)
            return status;
        json_t *reply = json_loadb(t->reply.ptr, t->reply.len, 0, NULL);
        done = s->plan || json_object_get(reply, "stop");
        if (s->plan)
            status = follow(json_object_get(reply, "items"), e, left, t->err);
        else if (!done)
            status = teach_one(t, e, reply, &left);
        json_decref(reply);
    }
    return status;
}

static piq_status engine_episode(talk *t, piq_env *e, const setup *s,
                                 uint64_t learner, tally *sum)
{
    piq_env_reset(e, learner, &t->line);
    piq_status status = say(t);
    if (status == PIQ_OK)
        status = engine_steps(t, e, s, sum);
    if (status)
        return status;
    piq_buf_clear(&t->line);
    piq_buf_add_z(&t->line, "{\"type\":\"end\"}");
    return say(t);
}

static void simple_episode(piq_env *e, const setup *s, size_t policy,
                           uint64_t learner)
{
    piq_teacher t;
    double left = e->steps;
    piq_teacher_begin(&t, (piq_teacher_kind)policy, e, s->seed + learner);
    for (;;) {
        uint32_t item = piq_teacher_choose(&t);
        left -= cost_of(e, item);
        if (left < -1e-9)
            return;
        bool right = piq_env_practise(e, item);
        piq_teacher_see(&t, item, s->plan || right);
    }
}

/* --- worlds ---------------------------------------------------------------
 */

static piq_status teach(talk *t, piq_env *e, const setup *s, size_t policy,
                        size_t episode, tally *sum)
{
    uint64_t learner = episode % s->each;
    piq_env_begin(e, learner);
    double start = piq_env_score(e), most = piq_env_full(e);
    piq_status status = PIQ_OK;
    if (policy == ENGINE)
        status = engine_episode(t, e, s, learner, sum);
    else
        simple_episode(e, s, policy, learner);
    sum->promotion[policy][episode] =
        (piq_env_score(e) - start) / (most - start);
    return status;
}

static piq_status run_world(talk *t, const setup *s, size_t first, size_t n,
                            tally *sum)
{
    piq_env *e;
    piq_arena a;
    piq_arena_init(&a, WORLD_BYTES);
    uint64_t seed = s->seed * 1000003u + first / s->each;
    piq_status status = piq_env_make(&a, s->family, seed, &e);
    if (status == PIQ_OK) {
        piq_env_hello(e, s->plan, s->seed >> 1, &t->line);
        status = s->wanted[ENGINE] ? say(t) : PIQ_OK;
    }
    for (size_t p = 0; p < N_POLICIES; p++)
        for (size_t i = 0; s->wanted[p] && i < n && status == PIQ_OK; i++)
            status = teach(t, e, s, p, first + i, sum);
    piq_arena_release(&a);
    return status;
}

static piq_status run(const setup *s, tally *sum, piq_err *err)
{
    talk t = {.err = err};
    piq_status status = PIQ_OK;
    piq_buf_init(&t.line, 0);
    piq_buf_init(&t.reply, 0);
    for (size_t i = 0; i < s->episodes && status == PIQ_OK; i += s->each) {
        size_t n = s->episodes - i < s->each ? s->episodes - i : s->each;
        status = piq_agent_new(&t.agent);
        if (status)
            break;
        status = run_world(&t, s, i, n, sum);
        piq_agent_free(t.agent);
    }
    piq_buf_release(&t.line);
    piq_buf_release(&t.reply);
    return status;
}

/* --- what came out --------------------------------------------------------
 */

typedef struct spread {
    double mean, half; /* of the 95 % interval */
} spread;

static spread spread_of(const double *x, const double *less, size_t n)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] - (less ? less[i] : 0.0);
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - (less ? less[i] : 0.0) - mean;
        squares += d * d;
    }
    double var = n > 1 ? squares / (double)(n - 1) : 0.0;
    return (spread){mean, 1.96 * sqrt(var / (double)n)};
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_size);
    return n ? x[n / 2] : 0.0;
}

static void show_json(const setup *s, const tally *sum, double reply_ms,
                      bool last)
{
    bool first = true;
    printf("{\"env\":\"%s\",\"mode\":\"%s\",\"episodes\":%zu,"
           "\"median_reply_ms\":%.3f,\"policies\":{",
           s->family->name, s->plan ? "plan" : "adapt", s->episodes, reply_ms);
    for (size_t p = N_POLICIES; p-- > 0;) {
        if (!s->wanted[p])
            continue;
        spread x = spread_of(sum->promotion[p], NULL, s->episodes);
        printf("%s\"%s\":{\"promotion\":%.4f,\"half_95\":%.4f",
               first ? "" : ",", policy_name(p), x.mean, x.half);
        if (p != ENGINE && s->wanted[ENGINE]) {
            spread d = spread_of(sum->promotion[ENGINE], sum->promotion[p],
                                 s->episodes);
            printf(",\"engine_less_this\":%.4f,\"engine_less_half_95\":%.4f",
                   d.mean, d.half);
        }
        printf("}");
        first = false;
    }
    printf("}}%s\n", last ? "" : ",");
}

static void show_row(piq_text_table *table, const setup *s, const tally *sum,
                     double reply_ms)
{
    piq_text_table_cell(table, "%s", s->family->name);
    piq_text_table_cell(table, "%s", s->plan ? "plan" : "adapt");
    for (size_t p = N_POLICIES; p-- > 0;) {
        if (!s->wanted[p]) {
            piq_text_table_cell(table, "-");
            continue;
        }
        spread x = spread_of(sum->promotion[p], NULL, s->episodes);
        piq_text_table_cell(table, "%.3f ±%.3f", x.mean, x.half);
    }
    piq_text_table_cell(table, "%.2f", reply_ms);
}

static piq_status new_tally(piq_arena *a, const setup *s, tally *out)
{
    *out = (tally){.room = s->episodes * 200};
    out->reply_ms = piq_new(a, double, out->room);
    for (size_t p = 0; p < N_POLICIES; p++) {
        out->promotion[p] = piq_new(a, double, s->episodes);
        if (!out->promotion[p])
            return PIQ_ENOMEM;
    }
    return out->reply_ms ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status run_one(const setup *s, piq_text_table *table, bool last,
                          piq_err *err)
{
    piq_arena a;
    tally sum;
    piq_arena_init(&a, (size_t)1 << 32);
    piq_status status = new_tally(&a, s, &sum);
    if (status == PIQ_OK)
        status = run(s, &sum, err);
    if (status == PIQ_OK) {
        double reply_ms = median(sum.reply_ms, sum.n_replies);
        if (table)
            show_row(table, s, &sum, reply_ms);
        else
            show_json(s, &sum, reply_ms, last);
    }
    piq_arena_release(&a);
    return status;
}

/* --- the command ------------------------------------------------------------
 */

static bool choose_policy(const char *name, setup *s)
{
    bool all = strcmp(name, "all") == 0, any = false;
    for (size_t p = 0; p < N_POLICIES; p++) {
        s->wanted[p] = all || strcmp(name, policy_name(p)) == 0;
        any |= s->wanted[p];
    }
    return any;
}

static piq_text_table *new_table(void)
{
    static const char *heads[N_POLICIES + 3];
    size_t n = 0;
    heads[n++] = "env";
    heads[n++] = "mode";
    for (size_t p = N_POLICIES; p-- > 0;)
        heads[n++] = policy_name(p);
    heads[n++] = "reply ms";
    return piq_text_table_new(heads, n);
}

static piq_status run_all(setup *s, const char *env, const char *mode,
                          bool json, piq_err *err)
{
    piq_text_table *table = json ? NULL : new_table();
    piq_status status = PIQ_OK;
    size_t first = strcmp(mode, "plan") == 0 ? 1 : 0;
    size_t past = strcmp(mode, "adapt") == 0 ? 1 : 2;
    bool all = strcmp(env, "all") == 0;
    if (json)
        printf("[");
    for (size_t f = 0; status == PIQ_OK && piq_env_family_at(f); f++) {
        s->family = piq_env_family_at(f);
        if (!all && strcmp(env, s->family->name) != 0)
            continue;
        for (size_t m = first; m < past && status == PIQ_OK; m++) {
            s->plan = m == 1;
            bool last = m + 1 == past && (!all || !piq_env_family_at(f + 1));
            status = run_one(s, table, last, err);
        }
    }
    if (json)
        printf("]\n");
    else
        piq_text_table_print(table);
    return status;
}

static int eval_agent(const piq_command *self, int argc, char **argv)
{
    int64_t episodes = 300, each = 50, seed = 1;
    const char *env = "all", *mode = "both", *policy = "all";
    piq_arguments args;
    piq_err err = {0};
    setup s = {0};
    const piq_option options[] = {
        {"env", PIQ_OPT_TEXT, &env, 0, 0},
        {"episodes", PIQ_OPT_INT, &episodes, 1, MAX_EPISODES},
        {"each", PIQ_OPT_INT, &each, 1, MAX_EPISODES},
        {"seed", PIQ_OPT_INT, &seed, 0, INT32_MAX},
        {"mode", PIQ_OPT_TEXT, &mode, 0, 0},
        {"policy", PIQ_OPT_TEXT, &policy, 0, 0},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code >= 0)
        return code;
    if (strcmp(env, "all") && !piq_env_family_named(env))
        return piq_wrong_use(self, "--env: there is no family %s", env);
    if (strcmp(mode, "both") && strcmp(mode, "adapt") && strcmp(mode, "plan"))
        return piq_wrong_use(self, "--mode is adapt, plan or both, not %s",
                             mode);
    if (!choose_policy(policy, &s))
        return piq_wrong_use(self, "--policy: there is no %s", policy);
    s.episodes = (size_t)episodes;
    s.each = (size_t)each;
    s.seed = (uint64_t)seed;
    return run_all(&s, env, mode, args.json, &err) ? piq_could_not(&err)
                                                   : PIQ_DONE;
}

const piq_command piq_eval_topic_agent = {
    "eval agent", "", "Teaches simulated learners, against simple policies.",
    "  --env F          kss, bkt, forget, wrong, memory, mixed or all\n"
    "  --episodes N     learners taught in each family (default 300)\n"
    "  --each N         learners of one world (default 50)\n"
    "  --mode M         adapt, plan or both (default)\n"
    "  --policy P       engine, near, leitner, weakest, order, random or all\n"
    "  --seed N         of worlds and learners (default 1)\n",
    eval_agent};
