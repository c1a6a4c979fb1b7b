#include "store/record.h"

#include <inttypes.h>

enum { MAX_KIND_BYTES = 32, MAX_KEY_BYTES = 256 };

static bool is_kind(piq_str s)
{
    if (s.len == 0 || s.len > MAX_KIND_BYTES)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != '_' && (s.ptr[i] < 'a' || s.ptr[i] > 'z'))
            return false;
    return true;
}

static piq_status refuse(piq_err *err, piq_status status, const char *why)
{
    piq_fail(err, status, "could not store a record: %s", why);
    piq_err_at(err, "records");
    return status;
}

piq_status piq_record_check(const piq_record *r, piq_err *err)
{
    if (!is_kind(r->kind))
        return refuse(err, PIQ_EINVAL, "its kind is not 1 to 32 of a-z and _");
    if (r->key.len == 0 || r->key.len > MAX_KEY_BYTES ||
        !piq_str_is_utf8(r->key))
        return refuse(err, PIQ_EINVAL,
                      "its key is not 1 to 256 bytes of UTF-8");
    if (r->user.v < 0)
        return refuse(err, PIQ_EINVAL, "there is no such learner");
    if (r->from_version < PIQ_RECORD_ANY || r->from_version == INT64_MAX)
        return refuse(err, PIQ_EINVAL, "there is no such version");
    if (r->document.len > PIQ_STORE_MAX_RECORD_BYTES)
        return refuse(err, PIQ_ELIMIT, "its document is over 1 MiB");
    return PIQ_OK;
}

/* Neither key nor document: they may be secrets. */
static piq_status stale(const piq_record *r, int64_t present, piq_err *err)
{
    piq_fail(err, PIQ_ESTALE,
             "could not write a record of kind %.*s from version %" PRId64
             ": the present one is %" PRId64,
             PIQ_STR_ARG(r->kind), r->from_version, present);
    piq_err_at(err, "records");
    return PIQ_ESTALE;
}

piq_status piq_record_next(const piq_record *r, const piq_record_there *there,
                           int64_t *version, bool *drop, piq_err *err)
{
    bool alive = there->is && there->expires_us > r->at_us;
    int64_t present = alive ? there->version : 0;
    *drop = r->document.len == 0;
    *version = present + 1;
    if (r->from_version == PIQ_RECORD_ANY || r->from_version == present)
        return PIQ_OK;
    if (*drop && !alive)
        return refuse(err, PIQ_ENOTFOUND, "there is none to be dropped");
    return stale(r, present, err);
}
