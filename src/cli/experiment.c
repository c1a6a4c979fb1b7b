/* experiment.c - piq experiment start|status|stop NAME, and list */
#include "engine/experiments.h"

#include "base/clock.h"
#include "cli/command.h"
#include "domain/json_reader.h"

#include <stdlib.h>
#include <string.h>

/* ---- a design from arguments ------------------------------------------- */

/* "a:50,b:50" -> arms; false when it is none. */
static bool add_arms(json_t *design, const char *text)
{
    json_t *arms = json_array();
    bool sound = arms != NULL;
    while (sound && *text) {
        const char *colon = strchr(text, ':');
        char *end = NULL;
        long share = colon ? strtol(colon + 1, &end, 10) : 0;
        sound = colon && end > colon + 1 && (*end == ',' || !*end);
        if (!sound)
            break;
        json_t *arm =
            json_pack("{s:s%,s:I}", "name", text, (size_t)(colon - text),
                      "share", (json_int_t)share);
        sound = arm && json_array_append_new(arms, arm) == 0;
        text = *end ? end + 1 : end;
    }
    if (sound)
        return json_object_set_new(design, "arms", arms) == 0;
    json_decref(arms);
    return false;
}

static json_t *arm_named(json_t *design, const char *name, size_t len)
{
    json_t *arms = json_object_get(design, "arms"), *arm;
    size_t i;
    json_array_foreach(arms, i, arm)
    {
        const char *s = json_string_value(json_object_get(arm, "name"));
        if (s && strlen(s) == len && memcmp(s, name, len) == 0)
            return arm;
    }
    return NULL;
}

/* "b.exploration_gamma=20,b.diversity=.2" -> overrides of arms. */
static bool add_overrides(json_t *design, const char *text)
{
    while (*text) {
        const char *equals = strchr(text, '=');
        const char *comma = strchr(text, ',');
        size_t len = comma ? (size_t)(comma - text) : strlen(text);
        const char *dot = NULL;
        double value;
        for (const char *at = text; equals && at < equals; at++)
            if (*at == '.' && arm_named(design, text, (size_t)(at - text)))
                dot = at;
        if (!dot || equals >= text + len ||
            !piq_str_to_double(
                (piq_str){equals + 1, len - (size_t)(equals + 1 - text)},
                &value))
            return false;
        json_t *arm = arm_named(design, text, (size_t)(dot - text));
        json_t *over = json_object_get(arm, "overrides");
        char member[64];
        if ((size_t)(equals - dot) > sizeof member)
            return false;
        memcpy(member, dot + 1, (size_t)(equals - dot - 1));
        member[equals - dot - 1] = '\0';
        json_t *v = value == (double)(int64_t)value
                        ? json_integer((json_int_t)value)
                        : json_real(value);
        if (!over) {
            over = json_object();
            json_object_set_new(arm, "overrides", over);
        }
        if (json_object_set_new(over, member, v))
            return false;
        text += len + (comma ? 1 : 0);
    }
    return true;
}

/* ---- showing ----------------------------------------------------------- */

static void print_json(void (*write)(const void *, piq_json_writer *),
                       const void *what)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    write(what, &w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static void write_design(const void *x, piq_json_writer *w)
{
    piq_experiment_design_show(x, w);
}

static void write_report(const void *x, piq_json_writer *w)
{
    piq_experiment_report_write(x, w);
}

static void print_design(const piq_experiment_design *x)
{
    printf("%s (%lld) is %s", x->name.ptr, (long long)x->id,
           piq_experiment_state_name(x->state));
    if (x->stop_reason.len)
        printf(": %s", x->stop_reason.ptr);
    for (size_t i = 0; i < x->n_arms; i++)
        printf("%s%s %u %%", i ? ", " : "; ", x->arms[i].name.ptr,
               x->arms[i].share);
    printf("\n");
}

static void cell(piq_text_table *t, double v, bool any)
{
    if (any)
        piq_text_table_cell(t, "%.3f", v);
    else
        piq_text_table_cell(t, "-");
}

static void print_report(const piq_experiment_report *r)
{
    static const char *const heads[] = {
        "ARM",       "LEARNERS", "COUNTED", "SLATES",   "REWARD",
        "DISMISSED", "GAIN/H",   "EFFECT",  "INTERVAL", "VERDICT"};
    piq_text_table *t = piq_text_table_new(heads, 10);
    print_design(&r->design);
    for (size_t i = 0; i < r->design.n_arms; i++) {
        const piq_arm_report *a = &r->arms[i];
        const piq_effect *x = &a->test.reward;
        piq_text_table_cell(t, "%s", r->design.arms[i].name.ptr);
        piq_text_table_cell(t, "%zu", a->n_learners);
        piq_text_table_cell(t, "%zu", a->n_counted);
        piq_text_table_cell(t, "%zu", a->n_exposures);
        cell(t, a->reward, a->n_counted > 0);
        cell(t, a->dismissed, a->n_counted > 0);
        cell(t, a->gain_an_hour, a->n_counted > 0);
        cell(t, piq_effect_estimate(x), i > 0);
        if (i > 0)
            piq_text_table_cell(t, "%+.3f .. %+.3f", x->low, x->high);
        else
            piq_text_table_cell(t, "-");
        piq_text_table_cell(
            t, "%s", i > 0 ? piq_experiment_verdict_name(a->verdict) : "-");
    }
    piq_text_table_print(t);
    printf("verdict            %s\n", piq_experiment_verdict_name(r->verdict));
}

/* ---- doing ------------------------------------------------------------- */

typedef struct work {
    const piq_arguments *args;
    const json_t *design; /* of start */
    const char *name;
    const char *reason;
} work;

static piq_status list_all(piq_engine *e, piq_arena *a, const work *w,
                           piq_err *err)
{
    piq_experiment_design *list;
    size_t n;
    piq_status status = piq_engine_experiments(e, a, &list, &n, err);
    for (size_t i = 0; i < n && !status; i++)
        if (w->args->json)
            print_json(write_design, &list[i]);
        else
            print_design(&list[i]);
    return status;
}

static piq_status look(piq_engine *e, piq_arena *a, const work *w, piq_err *err)
{
    piq_experiment_report *r = piq_new(a, piq_experiment_report, 1);
    if (!w->name)
        return list_all(e, a, w, err);
    if (!r)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a report");
    piq_status status = piq_engine_report_experiment(
        e, a, piq_str_of(w->name), piq_clock_now_us(), r, err);
    if (status == PIQ_OK && w->args->json)
        print_json(write_report, r);
    else if (status == PIQ_OK)
        print_report(r);
    return status;
}

static piq_status change(piq_engine *e, piq_arena *a, const work *w,
                         piq_err *err)
{
    piq_experiment_design *x = piq_new(a, piq_experiment_design, 1);
    if (!x)
        return piq_fail(err, PIQ_ENOMEM, "no memory for an experiment");
    piq_status status =
        w->design ? piq_engine_start_experiment(e, a, w->design, x, err)
                  : piq_engine_stop_experiment(e, a, piq_str_of(w->name),
                                               piq_str_of(w->reason), x, err);
    if (status == PIQ_OK && w->args->json)
        print_json(write_design, x);
    else if (status == PIQ_OK)
        print_design(x);
    return status;
}

static int with_engine(piq_status (*what)(piq_engine *, piq_arena *,
                                          const work *, piq_err *),
                       const work *w)
{
    piq_engine *e;
    piq_arena a;
    piq_err err = {0};
    if (piq_open_existing(w->args->db, &e, &err))
        return piq_could_not(&err);
    piq_arena_init(&a, 0);
    piq_status status = what(e, &a, w, &err);
    piq_arena_release(&a);
    piq_engine_close(e);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

typedef struct asked {
    const char *arms, *policy, *reason;
    int64_t outcome_hours;
    bool auto_stop;
} asked;

static int start(const piq_command *self, const piq_arguments *args,
                 const asked *x)
{
    json_t *design = json_object();
    int code;
    if (!x->arms) {
        json_decref(design);
        return piq_wrong_use(self, "--arms is missing, such as a:50,b:50");
    }
    json_object_set_new(design, "name", json_string(args->rest[1]));
    json_object_set_new(design, "outcome_hours",
                        json_integer(x->outcome_hours));
    json_object_set_new(design, "auto_stop", json_boolean(x->auto_stop));
    if (!add_arms(design, x->arms))
        code = piq_wrong_use(self,
                             "arms such as a:50,b:50 are expected, not "
                             "%s",
                             x->arms);
    else if (x->policy && !add_overrides(design, x->policy))
        code = piq_wrong_use(self,
                             "overrides such as b.diversity=.2 are "
                             "expected, not %s",
                             x->policy);
    else
        code = with_engine(change, &(work){.args = args, .design = design});
    json_decref(design);
    return code;
}

static int experiment(const piq_command *self, int argc, char **argv)
{
    asked x = {.reason = "asked for on the command line", .outcome_hours = 24};
    piq_arguments args;
    const piq_option options[] = {
        {"arms", PIQ_OPT_TEXT, &x.arms, 0, 0},
        {"policy", PIQ_OPT_TEXT, &x.policy, 0, 0},
        {"reason", PIQ_OPT_TEXT, &x.reason, 0, 0},
        {"outcome-hours", PIQ_OPT_INT, &x.outcome_hours, 0, 720},
        {"auto-stop", PIQ_OPT_FLAG, &x.auto_stop, 0, 0},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 2, &args);
    if (code >= 0)
        return code;
    const char *what = args.rest[0];
    work w = {.args = &args,
              .name = args.n_rest == 2 ? args.rest[1] : NULL,
              .reason = x.reason};
    if (strcmp(what, "status") == 0)
        return with_engine(look, &w);
    if (strcmp(what, "start") == 0 && w.name)
        return start(self, &args, &x);
    if (strcmp(what, "stop") == 0 && w.name)
        return with_engine(change, &w);
    return piq_wrong_use(self, "start NAME, status [NAME] or stop NAME is "
                               "expected");
}

const piq_command piq_cmd_experiment = {
    "experiment", "start|status|stop [NAME]",
    "Compares two ways of recommending on learners drawn by hash.",
    "  --arms A:50,B:50    start: arms and their shares in percent; the first\n"
    "                      is what the others are compared with\n"
    "  --policy B.N=V,..   start: what an arm overrides, N one of\n"
    "                      exploration_gamma, exploration_delta,\n"
    "                      exploration_floor, diversity, policy\n"
    "  --outcome-hours N   start: an outcome is known so long after the first\n"
    "                      slate (24)\n"
    "  --auto-stop         start: stops by itself when there is a verdict\n"
    "  --reason TEXT       stop: why\n",
    experiment};
