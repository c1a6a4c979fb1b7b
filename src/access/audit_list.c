/* audit_list.c - what the audit holds, as JSON. */
#include "access/audit.h"

#include "access/audit_names.h"
#include "access/audit_walk.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct listing {
    piq_user_id user;
    char name[PIQ_AUDIT_NAME_BYTES]; /* theirs, when user is not 0 */
    int64_t since_us;
    size_t left;
    piq_audit_sink *sink;
    void *ctx;
    piq_buf out;
    bool done;
} listing;

static bool is_by(const piq_audit_line *line, const char *name)
{
    char caller[PIQ_AUDIT_CALLER_BYTES];
    snprintf(caller, sizeof caller, "learner:%s", name);
    return piq_str_eq(line->caller, piq_str_of(caller));
}

static bool is_wanted(const listing *l, const piq_audit_line *line)
{
    if (line->at_us < l->since_us)
        return false;
    return l->user.v == 0 || piq_str_eq(line->learner, piq_str_of(l->name)) ||
           is_by(line, l->name);
}

static piq_status show(listing *l, const piq_audit_line *line, piq_err *err)
{
    char request[17];
    piq_json_writer w;
    snprintf(request, sizeof request, "%016" PRIx64, line->request);
    piq_buf_clear(&l->out);
    piq_json_init(&w, &l->out);
    piq_json_object(&w);
    piq_json_put_time(&w, "at", line->at_us);
    piq_json_put_str(&w, "caller", line->caller);
    piq_json_put_str(&w, "action", line->action);
    piq_json_key(&w, "learner");
    if (line->learner.len)
        piq_json_str(&w, line->learner);
    else
        piq_json_null(&w);
    piq_json_put_int(&w, "status", line->status);
    piq_json_put_z(&w, "request", request);
    piq_json_put_int(&w, "model", line->model);
    piq_json_put_int(&w, "policy", line->policy);
    piq_json_object_end(&w);
    if (l->out.status)
        return piq_fail(err, l->out.status, "no memory to list the audit");
    return l->sink(l->ctx, (piq_str){l->out.ptr, l->out.len}, err);
}

static piq_status list_piece(void *ctx, const piq_record *r,
                             const json_t *piece, piq_err *err)
{
    listing *l = ctx;
    const json_t *entries = json_object_get(piece, "entries");
    piq_status status = PIQ_OK;
    for (size_t i = 0; !status && !l->done && i < json_array_size(entries);
         i++) {
        piq_audit_line line;
        piq_str hash;
        if (!piq_audit_line_read(json_array_get(entries, i), &line, &hash))
            return piq_fail(err, PIQ_ECORRUPT,
                            "audit: entry %zu of piece %.*s cannot be read", i,
                            PIQ_STR_ARG(r->key));
        if (!is_wanted(l, &line))
            continue;
        status = show(l, &line, err);
        l->done = --l->left == 0;
    }
    return status;
}

piq_status piq_audit_list(piq_store *store, piq_user_id user, int64_t since_us,
                          size_t limit, piq_audit_sink *sink, void *ctx,
                          piq_err *err)
{
    listing l = {.user = user,
                 .since_us = since_us,
                 .left = limit ? limit : SIZE_MAX,
                 .sink = sink,
                 .ctx = ctx};
    if (user.v) {
        piq_status found = piq_audit_names_stored(store, user, l.name, err);
        if (found == PIQ_ENOTFOUND)
            return PIQ_OK; /* nobody is left to have entries */
        if (found)
            return found;
    }
    piq_buf_init(&l.out, 65536);
    piq_status status =
        piq_audit_each_piece(store, since_us, list_piece, &l, &l.done, err);
    piq_buf_release(&l.out);
    return status;
}
