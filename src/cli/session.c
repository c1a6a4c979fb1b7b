/* session.c - piq session link: a link that begins a session in a browser.
 *
 * For whoever runs the server without a terminal, where it prints none, or
 * wants a learner's or a coach's page. What is printed is a credential, so it
 * goes to standard output alone, and only because it was asked for.
 */
#include "cli/access_command.h"

#include "access/crypto.h"
#include "base/clock.h"

#include <string.h>

typedef struct asked {
    const piq_arguments *args;
    const char *learner, *coach, *url;
    bool admin;
    int64_t tenant;
} asked;

typedef struct made_link {
    const char *url, *token;
} made_link;

static void fill(piq_json_writer *w, const void *ctx)
{
    const made_link *m = ctx;
    char url[512];
    int len = snprintf(url, sizeof url, "%s/?token=%s", m->url, m->token);
    piq_json_object(w);
    piq_json_put_str(w, "url", (piq_str){url, (size_t)len});
    piq_json_object_end(w);
    piq_crypto_wipe(url, sizeof url);
}

static piq_status print_link(const asked *x, const char *token, piq_err *err)
{
    if (x->args->json)
        return piq_print_json(fill, &(made_link){x->url, token}, err);
    printf("%s/?token=%s\n", x->url, token);
    fprintf(stderr, "piq: good once, for ten minutes; a running server knows "
                    "it within two seconds\n");
    return PIQ_OK;
}

static piq_status make(piq_access *k, void *ctx, piq_err *err)
{
    const asked *x = ctx;
    char token[48];
    piq_link_for whom = {.role = PIQ_ROLE_PLATFORM,
                         .tenant = (uint32_t)x->tenant,
                         .subject = {"", 0}};
    if (x->learner || x->coach) {
        whom.role = x->learner ? PIQ_ROLE_LEARNER : PIQ_ROLE_COACH;
        whom.subject = piq_str_of(x->learner ? x->learner : x->coach);
    }
    piq_status status =
        piq_access_store_link(k, &whom, piq_clock_now_us(), token, err);
    if (status)
        return status;
    status = print_link(x, token, err);
    piq_crypto_wipe(token, sizeof token);
    return status;
}

/* What the token is put behind. */
static bool is_base(const char *url)
{
    size_t len = strlen(url);
    return (strncmp(url, "http://", 7) == 0 ||
            strncmp(url, "https://", 8) == 0) &&
           len <= 400 && url[len - 1] != '/' && !strpbrk(url, "?# ");
}

static int session(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    asked x = {.args = &args, .url = "http://127.0.0.1:8080"};
    const piq_option options[] = {
        {"learner", PIQ_OPT_TEXT, &x.learner, 0, 0},
        {"coach", PIQ_OPT_TEXT, &x.coach, 0, 0},
        {"admin", PIQ_OPT_FLAG, &x.admin, 0, 0},
        {"tenant", PIQ_OPT_INT, &x.tenant, 0, PIQ_MAX_TENANT},
        {"url", PIQ_OPT_TEXT, &x.url, 0, 0},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code >= 0)
        return code;
    if (strcmp(args.rest[0], "link") != 0)
        return piq_wrong_use(self, "link is expected");
    if ((x.learner != NULL) + (x.coach != NULL) + x.admin != 1)
        return piq_wrong_use(self, "link needs one of --learner, --coach and "
                                   "--admin");
    if (x.admin && x.tenant)
        return piq_wrong_use(self, "--admin is of tenant 0");
    if (!is_base(x.url))
        return piq_wrong_use(self, "--url is where people reach the server, "
                                   "as in https://learn.example.org");
    return piq_with_access(&args, make, &x);
}

const piq_command piq_cmd_session = {
    "session", "link",
    "Prints a link, good once, that opens the dashboard as somebody.",
    "  --learner ID     as this learner\n"
    "  --coach NAME     as this coach\n"
    "  --admin          with every right\n"
    "  --tenant T       whose learner or coach (0)\n"
    "  --url U          where people reach the server\n"
    "                   (http://127.0.0.1:8080)\n",
    session};
