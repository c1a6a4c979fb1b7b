#include "predict/kt_file.h"

#include "feature/schema.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char magic[8] = {'p', 'i', 'q', 'm', 'o', 'd', 'e', 'l'};
enum { LENGTH_AT = 12, HEAD_BYTES = 20, HASH_BYTES = 8, MAX_COLUMNS = 4096 };

/* A column's name goes into a message, so it has a limit. */
enum { MAX_NAME_BYTES = 48 };

static void put_u64(piq_buf *out, uint64_t v)
{
    piq_buf_put_u32(out, (uint32_t)v);
    piq_buf_put_u32(out, (uint32_t)(v >> 32));
}

static uint64_t get_u64(piq_reader *in)
{
    uint64_t low = piq_reader_u32(in);
    return low | (uint64_t)piq_reader_u32(in) << 32;
}

/* Overwrites eight bytes that put_u64 had made room for. */
static void patch_u64(piq_buf *out, size_t at, uint64_t v)
{
    if (out->status != PIQ_OK)
        return;
    for (size_t i = 0; i < 8; i++)
        out->ptr[at + i] = (char)(unsigned char)(v >> (8 * i));
}

static void put_about(piq_buf *out, const piq_kt_about *a)
{
    piq_buf_put_str(out, (piq_str){a->data, strnlen(a->data, sizeof a->data)});
    piq_buf_put_svarint(out, a->made_us);
    piq_buf_put_svarint(out, a->from_us);
    piq_buf_put_svarint(out, a->until_us);
    piq_buf_put_varint(out, a->seed);
    piq_buf_put_varint(out, a->n_answers);
    piq_buf_put_varint(out, a->n_learners);
    piq_buf_put_varint(out, a->n_valid);
    piq_buf_put_f64(out, a->valid_auc);
    piq_buf_put_f64(out, a->valid_logloss);
    piq_buf_put_f64(out, a->valid_ece);
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
        piq_buf_put_f64(out, a->member_auc[m]);
}

size_t piq_kt_file_begin(piq_buf *out, const piq_kt_about *about)
{
    size_t at = out->len;
    piq_buf_add(out, magic, sizeof magic);
    piq_buf_put_u32(out, PIQ_KT_MODEL_FORMAT);
    put_u64(out, 0);
    piq_buf_put_u32(out, PIQ_FEATURE_SCHEMA_VERSION);
    put_u64(out, piq_feature_schema_hash());
    piq_buf_put_varint(out, PIQ_N_FEATURES);
    const piq_feature_column *columns = piq_feature_columns();
    for (size_t i = 0; i < PIQ_N_FEATURES; i++)
        piq_buf_put_str(out, piq_str_of(columns[i].name));
    put_about(out, about);
    return at;
}

size_t piq_kt_file_section_begin(piq_buf *out, const char *name)
{
    piq_buf_put_str(out, piq_str_of(name));
    size_t at = out->len;
    put_u64(out, 0);
    return at;
}

void piq_kt_file_section_end(piq_buf *out, size_t length_at)
{
    patch_u64(out, length_at, out->len - length_at - 8);
}

void piq_kt_file_end(piq_buf *out, size_t file_at)
{
    patch_u64(out, file_at + LENGTH_AT, out->len - file_at + HASH_BYTES);
    if (out->status == PIQ_OK)
        put_u64(out, piq_hash_bytes(out->ptr + file_at, out->len - file_at));
}

static piq_status damaged(piq_err *err)
{
    return piq_fail(err, PIQ_ECORRUPT,
                    "the model file is damaged: its header does not read");
}

/* Magic, format, length, hash. In this order, so that a file of a later format
 * is told apart from a damaged one. */
static piq_status check_whole(piq_str bytes, piq_err *err)
{
    if (bytes.len < sizeof magic || memcmp(bytes.ptr, magic, sizeof magic) != 0)
        return piq_fail(err, PIQ_ECORRUPT, "this is not a model file");
    if (bytes.len > PIQ_MAX_MODEL_BYTES)
        return piq_fail(err, PIQ_ELIMIT,
                        "the model file has %zu bytes, more than %d", bytes.len,
                        PIQ_MAX_MODEL_BYTES);
    if (bytes.len < HEAD_BYTES)
        return piq_fail(err, PIQ_ECORRUPT,
                        "the model file is cut short at byte %zu, in its head",
                        bytes.len);
    piq_reader head;
    piq_reader_init(&head, bytes.ptr + sizeof magic, bytes.len - sizeof magic);
    uint32_t format = piq_reader_u32(&head);
    if (format != PIQ_KT_MODEL_FORMAT) {
        piq_fail(err, PIQ_EINVAL,
                 "the model file is of format %" PRIu32 ", of %s engine; this "
                 "one reads format %d",
                 format,
                 format > PIQ_KT_MODEL_FORMAT ? "a later" : "an earlier",
                 PIQ_KT_MODEL_FORMAT);
        piq_err_hint(err, "train a model with this engine: piq train kt");
        return PIQ_EINVAL;
    }
    uint64_t len = get_u64(&head);
    if (bytes.len < len || len < HEAD_BYTES + HASH_BYTES)
        return piq_fail(err, PIQ_ECORRUPT,
                        "the model file is cut short at byte %zu of %" PRIu64,
                        bytes.len, len);
    if (bytes.len > len)
        return piq_fail(err, PIQ_ECORRUPT,
                        "the model file ends at byte %" PRIu64
                        ", but there are %zu",
                        len, bytes.len);
    size_t body = bytes.len - HASH_BYTES;
    piq_reader tail;
    piq_reader_init(&tail, bytes.ptr + body, HASH_BYTES);
    if (get_u64(&tail) != piq_hash_bytes(bytes.ptr, body))
        return piq_fail(err, PIQ_ECORRUPT,
                        "the model file is damaged: its checksum differs");
    return PIQ_OK;
}

static piq_status other_schema(piq_err *err, const char *what)
{
    piq_fail(err, PIQ_EINVAL,
             "the model was trained on other features than this engine's: %s; "
             "it must be trained anew",
             what);
    piq_err_hint(err, "piq train kt");
    return PIQ_EINVAL;
}

/* One column's name in the file against ours; either may be missing. */
static piq_status check_column(size_t i, piq_str name, bool in_file,
                               piq_err *err)
{
    const char *ours =
        i < PIQ_N_FEATURES ? piq_feature_columns()[i].name : NULL;
    if (ours && in_file && piq_str_eq(name, piq_str_of(ours)))
        return PIQ_OK;
    char what[160];
    int n;
    if (!in_file)
        n = snprintf(what, sizeof what, "column %zu, \"%s\", is not in it",
                     i + 1, ours);
    else if (!ours)
        n = snprintf(what, sizeof what, "column %zu, \"%.*s\", is unknown here",
                     i + 1, PIQ_STR_ARG(name));
    else
        n = snprintf(what, sizeof what, "column %zu is \"%.*s\", here \"%s\"",
                     i + 1, PIQ_STR_ARG(name), ours);
    return n < 0 ? PIQ_EINTERNAL : other_schema(err, what);
}

static piq_status check_schema(piq_reader *in, piq_err *err)
{
    uint32_t version = piq_reader_u32(in);
    uint64_t hash = get_u64(in);
    uint64_t n = piq_reader_varint(in);
    if (in->bad || n > MAX_COLUMNS)
        return damaged(err);
    for (size_t i = 0; i < n || i < PIQ_N_FEATURES; i++) {
        piq_str name = i < n ? piq_reader_str(in) : (piq_str){0};
        if (in->bad || name.len > MAX_NAME_BYTES || !piq_str_is_utf8(name))
            return damaged(err);
        piq_status status = check_column(i, name, i < n, err);
        if (status != PIQ_OK)
            return status;
    }
    if (version == PIQ_FEATURE_SCHEMA_VERSION &&
        hash == piq_feature_schema_hash())
        return PIQ_OK;
    char what[96];
    int len = snprintf(what, sizeof what,
                       "the columns mean something else (schema version "
                       "%" PRIu32 ", here %d)",
                       version, PIQ_FEATURE_SCHEMA_VERSION);
    return len < 0 ? PIQ_EINTERNAL : other_schema(err, what);
}

/* A score is in [0, most], or NaN where there is none. */
static bool is_score(double x, double most)
{
    return isnan(x) || (x >= 0.0 && x <= most);
}

static bool read_about(piq_reader *in, piq_kt_about *out)
{
    piq_kt_about a = {0};
    piq_str data = piq_reader_str(in);
    if (in->bad || data.len >= sizeof a.data || !piq_str_is_utf8(data))
        return false;
    if (data.len)
        memcpy(a.data, data.ptr, data.len);
    a.made_us = piq_reader_svarint(in);
    a.from_us = piq_reader_svarint(in);
    a.until_us = piq_reader_svarint(in);
    a.seed = piq_reader_varint(in);
    a.n_answers = piq_reader_varint(in);
    uint64_t n_learners = piq_reader_varint(in);
    a.n_learners = (uint32_t)n_learners;
    a.n_valid = piq_reader_varint(in);
    a.valid_auc = piq_reader_f64(in);
    a.valid_logloss = piq_reader_f64(in);
    a.valid_ece = piq_reader_f64(in);
    bool good = is_score(a.valid_auc, 1.0) && is_score(a.valid_ece, 1.0) &&
                is_score(a.valid_logloss, 1e6) && n_learners <= UINT32_MAX;
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++) {
        a.member_auc[m] = piq_reader_f64(in);
        good = good && is_score(a.member_auc[m], 1.0);
    }
    if (in->bad || !good)
        return false;
    *out = a;
    return true;
}

piq_status piq_kt_file_open(piq_str bytes, piq_reader *in, piq_kt_about *about,
                            piq_err *err)
{
    piq_status status = check_whole(bytes, err);
    if (status != PIQ_OK)
        return status;
    piq_reader_init(in, bytes.ptr + HEAD_BYTES,
                    bytes.len - HEAD_BYTES - HASH_BYTES);
    status = check_schema(in, err);
    if (status != PIQ_OK)
        return status;
    return read_about(in, about) ? PIQ_OK : damaged(err);
}

piq_status piq_kt_file_section(piq_reader *in, const char *name,
                               piq_reader *body, piq_err *err)
{
    piq_str found = piq_reader_str(in);
    uint64_t len = get_u64(in);
    if (in->bad || !piq_str_eq(found, piq_str_of(name)) ||
        len > (uint64_t)(in->end - in->at)) {
        piq_fail(err, PIQ_ECORRUPT,
                 "the model file is damaged: section %s is not where it "
                 "should be",
                 name);
        piq_err_at(err, "%s", name);
        return PIQ_ECORRUPT;
    }
    piq_reader_init(body, in->at, (size_t)len);
    in->at += len;
    return PIQ_OK;
}
