/* key.c - piq key create | list | revoke ID */
#include "cli/access_command.h"

#include "access/crypto.h"
#include "base/clock.h"

#include <string.h>

typedef struct asked {
    const piq_arguments *args;
    const char *name, *scopes;
    int64_t tenant, days, rate;
} asked;

static void put_key(piq_json_writer *w, const piq_key_info *info)
{
    piq_json_put_z(w, "id", info->id);
    piq_json_put_z(w, "name", info->name);
    piq_json_put_int(w, "tenant", info->tenant);
    piq_json_key(w, "scopes");
    piq_json_array(w);
    for (uint32_t one = 1; one <= PIQ_SCOPE_ANY; one <<= 1)
        if (info->scopes & one)
            piq_json_z(w, piq_scope_name(one));
    piq_json_array_end(w);
    piq_json_put_time(w, "made", info->made_us);
    if (info->expires_us != INT64_MAX)
        piq_json_put_time(w, "expires", info->expires_us);
    if (info->requests_per_s)
        piq_json_put_int(w, "requests_per_s", info->requests_per_s);
}

typedef struct made_key {
    const piq_key_info *info;
    const char *secret;
} made_key;

static void fill_made(piq_json_writer *w, const void *ctx)
{
    const made_key *m = ctx;
    piq_json_object(w);
    put_key(w, m->info);
    piq_json_put_z(w, "key", m->secret);
    piq_json_object_end(w);
}

static piq_status create(piq_access *k, void *ctx, piq_err *err)
{
    const asked *x = ctx;
    const int64_t now_us = piq_clock_now_us();
    char secret[PIQ_KEY_BYTES];
    piq_key_info info = {.tenant = (uint32_t)x->tenant,
                         .scopes = piq_scopes_read(piq_str_of(x->scopes)),
                         .expires_us = INT64_MAX,
                         .requests_per_s = (unsigned)x->rate};
    if (!info.scopes)
        return piq_fail(err, PIQ_EINVAL,
                        "\"%s\" is no list of scopes: events:write, "
                        "profile:read, recommendations:read, "
                        "catalogue:write, admin",
                        x->scopes);
    if (strlen(x->name) >= sizeof info.name)
        return piq_fail(err, PIQ_EINVAL, "a key's name has at most 63 bytes");
    memcpy(info.name, x->name, strlen(x->name));
    if (x->days)
        info.expires_us = now_us + x->days * INT64_C(86400) * 1000000;
    piq_status status = piq_access_make_key(k, &info, now_us, secret, err);
    if (status)
        return status;
    if (x->args->json) {
        status = piq_print_json(fill_made, &(made_key){&info, secret}, err);
    } else {
        printf("%s\n", secret);
        fprintf(stderr,
                "piq: key %s was made; what is printed is told this once\n",
                info.id);
    }
    piq_crypto_wipe(secret, sizeof secret);
    return status;
}

static void scope_cell(uint32_t scopes, char out[128])
{
    size_t len = 0;
    out[0] = 0;
    for (uint32_t one = 1; one <= PIQ_SCOPE_ANY; one <<= 1)
        if (scopes & one)
            len += (size_t)snprintf(out + len, 128 - len, "%s%s",
                                    len ? "," : "", piq_scope_name(one));
}

static void put_entry(piq_json_writer *w, const void *entry)
{
    put_key(w, entry);
}

static void put_row(piq_text_table *t, const void *entry)
{
    const piq_key_info *info = entry;
    char scopes[128], made[32], expires[32];
    scope_cell(info->scopes, scopes);
    piq_time_cell(info->made_us, made);
    piq_time_cell(info->expires_us, expires);
    piq_text_table_cell(t, "%s", info->id);
    piq_text_table_cell(t, "%s", info->name);
    piq_text_table_cell(t, "%u", info->tenant);
    piq_text_table_cell(t, "%s", scopes);
    piq_text_table_cell(t, "%s", made);
    piq_text_table_cell(t, "%s", expires);
}

static piq_status read_keys(piq_access *k, piq_arena *a, const void **entries,
                            size_t *n, piq_err *err)
{
    piq_key_info *keys;
    piq_status status = piq_access_keys(k, a, &keys, n, err);
    *entries = status ? NULL : keys;
    return status;
}

static piq_status list(piq_access *k, void *ctx, piq_err *err)
{
    static const piq_access_list keys = {
        .member = "keys",
        .heads = {"ID", "NAME", "TENANT", "SCOPES", "MADE", "EXPIRES"},
        .n_heads = 6,
        .read = read_keys,
        .size = sizeof(piq_key_info),
        .put = put_entry,
        .row = put_row};
    return piq_print_access(k, ((const asked *)ctx)->args, &keys, err);
}

static piq_status revoke(piq_access *k, void *ctx, piq_err *err)
{
    const asked *x = ctx;
    const char *id = x->args->rest[1];
    piq_status status = piq_access_revoke_key(k, piq_str_of(id), err);
    if (!status && !x->args->json)
        printf("key %s is revoked\n", id);
    return status;
}

static int key(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    asked x = {.args = &args};
    const piq_option options[] = {
        {"name", PIQ_OPT_TEXT, &x.name, 0, 0},
        {"scope", PIQ_OPT_TEXT, &x.scopes, 0, 0},
        {"tenant", PIQ_OPT_INT, &x.tenant, 0, PIQ_MAX_TENANT},
        {"days", PIQ_OPT_INT, &x.days, 1, 36500},
        {"rate", PIQ_OPT_INT, &x.rate, 1, 1000000},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 2, &args);
    if (code >= 0)
        return code;
    const char *what = args.rest[0];
    if (strcmp(what, "create") == 0 && args.n_rest == 1) {
        if (!x.name || !x.scopes)
            return piq_wrong_use(self, "create needs --name and --scope");
        return piq_with_access(&args, create, &x);
    }
    if (strcmp(what, "list") == 0 && args.n_rest == 1)
        return piq_with_access(&args, list, &x);
    if (strcmp(what, "revoke") == 0 && args.n_rest == 2)
        return piq_with_access(&args, revoke, &x);
    return piq_wrong_use(self, "create, list or revoke ID is expected");
}

const piq_command piq_cmd_key = {
    "key", "create|list|revoke [ID]",
    "Makes, lists and revokes API keys of platforms.",
    "  --name NAME      create: what it is called in lists\n"
    "  --scope S[,S]    create: events:write, profile:read,\n"
    "                   recommendations:read, catalogue:write, admin\n"
    "  --tenant T       create: whose learners (0)\n"
    "  --days D         create: it expires after D days (never)\n"
    "  --rate R         create: requests a second (as the server says)\n",
    key};
