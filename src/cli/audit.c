/* audit.c - piq audit verify | list | trim */
#include "cli/access_command.h"

#include "base/calendar.h"
#include "domain/json_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ANCHOR_BYTES = 16 << 20, MAX_ANCHORS = 100000 };

typedef struct asked {
    const piq_arguments *args;
    const char *anchor, *since, *before;
    int64_t user, tenant, limit;
} asked;

typedef struct heads {
    piq_audit_head *list;
    size_t n;
} heads;

/* ---- verify ---------------------------------------------------------------
 */

static void fill_heads(piq_json_writer *w, const void *ctx)
{
    const heads *h = ctx;
    uint64_t entries = 0;
    piq_json_object(w);
    piq_json_key(w, "chains");
    piq_json_array(w);
    for (size_t i = 0; i < h->n; i++) {
        entries += h->list[i].entries;
        piq_json_object(w);
        piq_json_put_z(w, "chain", h->list[i].chain);
        piq_json_put_int(w, "entries", (int64_t)h->list[i].entries);
        piq_json_put_int(w, "trimmed", (int64_t)h->list[i].trimmed);
        piq_json_put_z(w, "hash", h->list[i].hash);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_put_int(w, "entries", (int64_t)entries);
    piq_json_object_end(w);
}

static bool read_head(const json_t *json, piq_audit_head *out)
{
    const char *chain = json_string_value(json_object_get(json, "chain"));
    const char *hash = json_string_value(json_object_get(json, "hash"));
    const json_t *n = json_object_get(json, "entries");
    if (chain == NULL || hash == NULL || !json_is_integer(n) ||
        json_integer_value(n) < 0 || strlen(chain) != sizeof out->chain - 1 ||
        strlen(hash) != sizeof out->hash - 1)
        return false;
    memcpy(out->chain, chain, sizeof out->chain);
    memcpy(out->hash, hash, sizeof out->hash);
    out->entries = (uint64_t)json_integer_value(n);
    return true;
}

static piq_status take_heads(const json_t *list, piq_arena *a, heads *out,
                             piq_err *err)
{
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n > MAX_ANCHORS)
        return piq_fail(err, PIQ_EINVAL, "there are no heads of chains in it");
    piq_audit_head *kept = piq_new(a, piq_audit_head, n);
    if (kept == NULL)
        return piq_fail(err, PIQ_ENOMEM, "no memory for kept heads");
    for (size_t i = 0; i < n; i++)
        if (!read_head(json_array_get(list, i), &kept[i]))
            return piq_fail(err, PIQ_EINVAL, "head %zu cannot be read", i);
    *out = (heads){kept, n};
    return PIQ_OK;
}

static piq_status parse_anchors(piq_str text, piq_arena *a, heads *out,
                                piq_err *err)
{
    json_t *json;
    piq_status status = piq_json_parse(text, &json, err);
    if (status)
        return status;
    status = take_heads(json_object_get(json, "chains"), a, out, err);
    json_decref(json);
    return status;
}

static piq_status read_anchors(const char *path, piq_arena *a, heads *out,
                               piq_err *err)
{
    char *bytes;
    size_t len;
    piq_status status =
        piq_read_file(path, MAX_ANCHOR_BYTES, &bytes, &len, err);
    if (status)
        return status;
    status = parse_anchors((piq_str){bytes, len}, a, out, err);
    free(bytes);
    return status;
}

static piq_status verify(piq_store *store, const asked *x, piq_err *err)
{
    piq_arena a;
    heads kept = {0}, found = {0};
    uint64_t entries = 0, trimmed = 0;
    piq_status status = PIQ_OK;
    piq_arena_init(&a, 0);
    if (x->anchor)
        status = read_anchors(x->anchor, &a, &kept, err);
    if (!status)
        status = piq_audit_walk(store, kept.list, kept.n, &a, &found.list,
                                &found.n, err);
    if (!status && x->args->json) {
        status = piq_print_json(fill_heads, &found, err);
    } else if (!status) {
        for (size_t i = 0; i < found.n; i++) {
            entries += found.list[i].entries;
            trimmed += found.list[i].trimmed;
        }
        printf("%zu chain%s, %" PRIu64 " entries, %" PRIu64
               " of them trimmed: whole\n",
               found.n, found.n == 1 ? "" : "s", entries, trimmed);
    }
    piq_arena_release(&a);
    return status;
}

/* ---- list -----------------------------------------------------------------
 */

static piq_status print_line(void *ctx, piq_str json, piq_err *err)
{
    (void)ctx;
    if (printf("%.*s\n", (int)json.len, json.ptr) < 0)
        return piq_fail(err, PIQ_EIO, "could not write to standard output");
    return PIQ_OK;
}

static piq_status list(piq_store *store, const asked *x, piq_err *err)
{
    int64_t since_us = INT64_MIN;
    piq_user_id user = {0};
    piq_status status = PIQ_OK;
    if (x->since && !piq_time_parse(piq_str_of(x->since), &since_us))
        return piq_fail(err, PIQ_EINVAL,
                        "%s is no instant such as 2026-11-22T10:00:00Z",
                        x->since);
    if (x->user)
        status = piq_learner_of((uint32_t)x->tenant, x->user, &user, err);
    if (status)
        return status;
    return piq_audit_list(store, user, since_us, (size_t)x->limit, print_line,
                          NULL, err);
}

/* ---- trim -----------------------------------------------------------------
 */

static piq_status trim(piq_store *store, const asked *x, piq_err *err)
{
    int64_t before_us;
    uint64_t n_pieces;
    if (!piq_time_parse(piq_str_of(x->before), &before_us))
        return piq_fail(err, PIQ_EINVAL,
                        "%s is no instant such as 2026-11-22T10:00:00Z",
                        x->before);
    piq_status status = piq_audit_trim(store, before_us, &n_pieces, err);
    if (!status && x->args->json)
        printf("{\"pieces\":%" PRIu64 "}\n", n_pieces);
    else if (!status)
        printf("%" PRIu64 " pieces from before %s are gone\n", n_pieces,
               x->before);
    return status;
}

static piq_status work(piq_store *store, const asked *x, piq_err *err)
{
    const char *what = x->args->rest[0];
    if (strcmp(what, "verify") == 0)
        return verify(store, x, err);
    return strcmp(what, "list") == 0 ? list(store, x, err)
                                     : trim(store, x, err);
}

static int audit(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    piq_err err = {0};
    piq_store *store;
    asked x = {.args = &args};
    const piq_option options[] = {
        {"anchor", PIQ_OPT_TEXT, &x.anchor, 0, 0},
        {"user", PIQ_OPT_INT, &x.user, 1, (INT64_C(1) << 40) - 1},
        {"tenant", PIQ_OPT_INT, &x.tenant, 0, PIQ_MAX_TENANT},
        {"since", PIQ_OPT_TEXT, &x.since, 0, 0},
        {"limit", PIQ_OPT_INT, &x.limit, 1, INT32_MAX},
        {"before", PIQ_OPT_TEXT, &x.before, 0, 0},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code >= 0)
        return code;
    const char *what = args.rest[0];
    if (strcmp(what, "verify") != 0 && strcmp(what, "list") != 0 &&
        strcmp(what, "trim") != 0)
        return piq_wrong_use(self, "verify, list or trim is expected");
    if ((strcmp(what, "trim") == 0) != (x.before != NULL))
        return piq_wrong_use(self, "trim needs --before, and nothing else");
    if (piq_open_existing_store(args.db, &store, &err))
        return piq_could_not(&err);
    piq_status status = work(store, &x, &err);
    store->ops->close(store);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

const piq_command piq_cmd_audit = {
    "audit", "verify|list|trim",
    "Checks that the audit is whole, prints or shortens it.",
    "  --anchor FILE    verify: heads that --json printed once, and that "
    "every\n"
    "                   chain must go through\n"
    "  --user ID        list: about or by this learner (all)\n"
    "  --tenant T       list: whose learner (0)\n"
    "  --since TIME     list: from then on, such as 2026-11-22T10:00:00Z\n"
    "  --limit N        list: at most so many\n"
    "  --before TIME    trim: what is older goes; the rest stays provable\n",
    audit};
