/* coach.c - piq coach assign NAME [ID..] | show NAME */
#include "cli/access_command.h"

#include <string.h>

enum { MAX_ARGUMENTS = 10002 };

typedef struct asked {
    const piq_arguments *args;
    int64_t tenant;
} asked;

static piq_status assign(piq_access *k, void *ctx, piq_err *err)
{
    const asked *x = ctx;
    const char *name = x->args->rest[1];
    size_t n = (size_t)x->args->n_rest - 2;
    piq_arena a;
    piq_status status = PIQ_OK;
    piq_arena_init(&a, 0);
    piq_user_id *ids = piq_new(&a, piq_user_id, n);
    if (!ids)
        status = piq_fail(err, PIQ_ENOMEM, "no memory to assign learners");
    for (size_t i = 0; !status && i < n; i++) {
        const char *text = x->args->rest[2 + i];
        piq_user_id outer;
        if (!piq_parse_user(text, &outer))
            status = piq_fail(err, PIQ_EINVAL, "%s is no learner's id", text);
        else
            status = piq_learner_of((uint32_t)x->tenant, outer.v, &ids[i], err);
    }
    if (!status)
        status = piq_access_assign(k, (uint32_t)x->tenant, piq_str_of(name),
                                   ids, n, err);
    if (!status && !x->args->json)
        printf("coach %s has %zu learner%s\n", name, n, n == 1 ? "" : "s");
    piq_arena_release(&a);
    return status;
}

typedef struct shown {
    const char *name;
    piq_user_id *ids;
    size_t n;
} shown;

static void fill(piq_json_writer *w, const void *ctx)
{
    const shown *s = ctx;
    piq_json_object(w);
    piq_json_put_z(w, "coach", s->name);
    piq_json_key(w, "learners");
    piq_json_array(w);
    for (size_t i = 0; i < s->n; i++)
        piq_json_int(w, piq_learner_outer(s->ids[i]));
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static piq_status show(piq_access *k, void *ctx, piq_err *err)
{
    const asked *x = ctx;
    shown s = {.name = x->args->rest[1]};
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_status status = piq_access_assigned(
        k, &a, (uint32_t)x->tenant, piq_str_of(s.name), &s.ids, &s.n, err);
    if (!status && x->args->json)
        status = piq_print_json(fill, &s, err);
    for (size_t i = 0; !status && !x->args->json && i < s.n; i++)
        printf("%lld\n", (long long)piq_learner_outer(s.ids[i]));
    piq_arena_release(&a);
    return status;
}

static int coach(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    asked x = {.args = &args};
    const piq_option options[] = {
        {"tenant", PIQ_OPT_INT, &x.tenant, 0, PIQ_MAX_TENANT}, {0}};
    int code =
        piq_parse_arguments(self, argc, argv, options, 2, MAX_ARGUMENTS, &args);
    if (code >= 0)
        return code;
    if (strcmp(args.rest[0], "assign") == 0)
        return piq_with_access(&args, assign, &x);
    if (strcmp(args.rest[0], "show") == 0 && args.n_rest == 2)
        return piq_with_access(&args, show, &x);
    return piq_wrong_use(self, "assign NAME [ID..] or show NAME is expected");
}

const piq_command piq_cmd_coach = {
    "coach", "assign NAME [ID..] | show NAME",
    "Says which learners a coach may see; assign replaces them all.",
    "  --tenant T       whose coach and learners (0)\n", coach};
