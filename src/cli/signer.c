/* signer.c - piq signer add | list | drop KID */
#include "cli/access_command.h"

#include "access/crypto.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_KEY_BYTES = 65536 };

typedef struct asked {
    const piq_arguments *args;
    const char *kid, *algorithm, *file;
    int64_t tenant;
} asked;

static bool fits(const char *text, size_t size)
{
    return strlen(text) < size;
}

static piq_status add(piq_access *k, void *ctx, piq_err *err)
{
    const asked *x = ctx;
    char *bytes;
    size_t len;
    piq_signer_info info = {.tenant = (uint32_t)x->tenant};
    if (!fits(x->kid, sizeof info.kid) ||
        !fits(x->algorithm, sizeof info.algorithm))
        return piq_fail(err, PIQ_EINVAL, "kid or algorithm is too long");
    memcpy(info.kid, x->kid, strlen(x->kid));
    memcpy(info.algorithm, x->algorithm, strlen(x->algorithm));
    piq_status status =
        piq_read_file(x->file, MAX_KEY_BYTES, &bytes, &len, err);
    if (status)
        return status;
    /* Editors end a file with a newline; no secret has one there. */
    size_t used = len && bytes[len - 1] == '\n' ? len - 1 : len;
    status = piq_access_add_signer(k, &info, (piq_str){bytes, used},
                                   piq_clock_now_us(), err);
    piq_crypto_wipe(bytes, len);
    free(bytes);
    if (!status && !x->args->json)
        printf("tokens of kid %s are verified by %s, for tenant %u\n", x->kid,
               x->algorithm, info.tenant);
    return status;
}

static void put_entry(piq_json_writer *w, const void *entry)
{
    const piq_signer_info *info = entry;
    piq_json_put_z(w, "kid", info->kid);
    piq_json_put_z(w, "algorithm", info->algorithm);
    piq_json_put_int(w, "tenant", info->tenant);
    piq_json_put_time(w, "made", info->made_us);
}

static void put_row(piq_text_table *t, const void *entry)
{
    const piq_signer_info *info = entry;
    char made[32];
    piq_time_cell(info->made_us, made);
    piq_text_table_cell(t, "%s", info->kid);
    piq_text_table_cell(t, "%s", info->algorithm);
    piq_text_table_cell(t, "%u", info->tenant);
    piq_text_table_cell(t, "%s", made);
}

static piq_status read_signers(piq_access *k, piq_arena *a,
                               const void **entries, size_t *n, piq_err *err)
{
    piq_signer_info *signers;
    piq_status status = piq_access_signers(k, a, &signers, n, err);
    *entries = status ? NULL : signers;
    return status;
}

static piq_status list(piq_access *k, void *ctx, piq_err *err)
{
    static const piq_access_list signers = {
        .member = "signers",
        .heads = {"KID", "ALGORITHM", "TENANT", "MADE"},
        .n_heads = 4,
        .read = read_signers,
        .size = sizeof(piq_signer_info),
        .put = put_entry,
        .row = put_row};
    return piq_print_access(k, ((const asked *)ctx)->args, &signers, err);
}

static piq_status drop(piq_access *k, void *ctx, piq_err *err)
{
    const asked *x = ctx;
    const char *kid = x->args->rest[1];
    piq_status status = piq_access_drop_signer(k, piq_str_of(kid), err);
    if (!status && !x->args->json)
        printf("tokens of kid %s are good no more\n", kid);
    return status;
}

static int signer(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    asked x = {.args = &args};
    const piq_option options[] = {
        {"kid", PIQ_OPT_TEXT, &x.kid, 0, 0},
        {"alg", PIQ_OPT_TEXT, &x.algorithm, 0, 0},
        {"key", PIQ_OPT_TEXT, &x.file, 0, 0},
        {"tenant", PIQ_OPT_INT, &x.tenant, 0, PIQ_MAX_TENANT},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 2, &args);
    if (code >= 0)
        return code;
    const char *what = args.rest[0];
    if (strcmp(what, "add") == 0 && args.n_rest == 1) {
        if (!x.kid || !x.algorithm || !x.file)
            return piq_wrong_use(self, "add needs --kid, --alg and --key");
        return piq_with_access(&args, add, &x);
    }
    if (strcmp(what, "list") == 0 && args.n_rest == 1)
        return piq_with_access(&args, list, &x);
    if (strcmp(what, "drop") == 0 && args.n_rest == 2)
        return piq_with_access(&args, drop, &x);
    return piq_wrong_use(self, "add, list or drop KID is expected");
}

const piq_command piq_cmd_signer = {
    "signer", "add|list|drop [KID]",
    "Says whose signed tokens of learners and coaches are good.",
    "  --kid K          add: the name that tokens choose the key by\n"
    "  --alg A          add: HS256, RS256 or EdDSA; tokens must name the same\n"
    "  --key FILE       add: the public key as PEM or JWK, or the secret of\n"
    "                   at least 32 bytes (HS256); - is standard input\n"
    "  --tenant T       add: whose learners it speaks for (0)\n",
    signer};
