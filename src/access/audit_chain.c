/* audit_chain.c - entries to bytes, hashes and JSON, and back. */
#include "access/audit_chain.h"

#include "domain/json_reader.h"

#include <inttypes.h>
#include <stdio.h>

enum { N_FIELDS = 9, SHORT_HASH_BYTES = 8, SHORT_HASH_CHARS = 16 };

void piq_audit_chain_begin(piq_audit_chain *c, piq_str name)
{
    char text[64];
    *c = (piq_audit_chain){0};
    memcpy(c->name, name.ptr, name.len);
    int len = snprintf(text, sizeof text, "piq-audit-1%s", c->name);
    piq_crypto_sha256((piq_str){text, (size_t)len}, c->hash);
}

piq_status piq_audit_chain_add(piq_audit_chain *c, const piq_audit_line *line,
                               piq_buf *scratch)
{
    piq_buf_clear(scratch);
    piq_buf_add(scratch, c->hash, sizeof c->hash);
    piq_buf_put_svarint(scratch, line->at_us);
    piq_buf_put_str(scratch, line->caller);
    piq_buf_put_str(scratch, line->action);
    piq_buf_put_str(scratch, line->learner);
    piq_buf_put_svarint(scratch, line->status);
    piq_buf_put_varint(scratch, line->request);
    piq_buf_put_svarint(scratch, line->model);
    piq_buf_put_svarint(scratch, line->policy);
    if (scratch->status)
        return scratch->status;
    piq_crypto_sha256((piq_str){scratch->ptr, scratch->len}, c->hash);
    c->entries++;
    return PIQ_OK;
}

void piq_audit_chain_key(const piq_audit_chain *c,
                         char key[PIQ_AUDIT_KEY_BYTES])
{
    /* Padded, so that pieces of one instant come in their order. */
    snprintf(key, PIQ_AUDIT_KEY_BYTES, "%s.%010" PRIu64, c->name, c->pieces);
}

static void put_hash(piq_json_writer *w, const char *member,
                     const uint8_t *hash)
{
    char hex[2 * PIQ_SHA256_BYTES + 1];
    piq_crypto_hex(hash, PIQ_SHA256_BYTES, hex);
    piq_json_put_z(w, member, hex);
}

void piq_audit_piece_begin(piq_json_writer *w, const piq_audit_chain *c)
{
    piq_json_object(w);
    piq_json_put_z(w, "chain", c->name);
    piq_json_put_int(w, "piece", (int64_t)c->pieces);
    piq_json_put_int(w, "first", (int64_t)c->entries);
    put_hash(w, "before", c->hash);
    piq_json_key(w, "entries");
    piq_json_array(w);
}

void piq_audit_piece_line(piq_json_writer *w, const piq_audit_chain *c,
                          const piq_audit_line *line)
{
    char request[17], hash[SHORT_HASH_CHARS + 1];
    snprintf(request, sizeof request, "%016" PRIx64, line->request);
    piq_crypto_hex(c->hash, SHORT_HASH_BYTES, hash);
    piq_json_array(w);
    piq_json_int(w, line->at_us);
    piq_json_str(w, line->caller);
    piq_json_str(w, line->action);
    piq_json_str(w, line->learner);
    piq_json_int(w, line->status);
    piq_json_z(w, request);
    piq_json_int(w, line->model);
    piq_json_int(w, line->policy);
    piq_json_z(w, hash);
    piq_json_array_end(w);
}

void piq_audit_piece_end(piq_json_writer *w, piq_audit_chain *c)
{
    piq_json_array_end(w);
    put_hash(w, "hash", c->hash);
    piq_json_object_end(w);
    c->pieces++;
}

static bool text_at(const json_t *entry, size_t at, piq_str *out)
{
    const json_t *v = json_array_get(entry, at);
    if (!json_is_string(v))
        return false;
    *out = (piq_str){json_string_value(v), json_string_length(v)};
    return true;
}

static bool number_at(const json_t *entry, size_t at, int64_t *out)
{
    const json_t *v = json_array_get(entry, at);
    if (!json_is_integer(v))
        return false;
    *out = json_integer_value(v);
    return true;
}

bool piq_audit_line_read(const json_t *entry, piq_audit_line *out,
                         piq_str *hash)
{
    piq_str request;
    uint8_t bytes[8];
    if (json_array_size(entry) != N_FIELDS ||
        !number_at(entry, 0, &out->at_us) || !text_at(entry, 1, &out->caller) ||
        !text_at(entry, 2, &out->action) || !text_at(entry, 3, &out->learner) ||
        !number_at(entry, 4, &out->status) || !text_at(entry, 5, &request) ||
        !number_at(entry, 6, &out->model) ||
        !number_at(entry, 7, &out->policy) || !text_at(entry, 8, hash) ||
        !piq_crypto_unhex(request, bytes, sizeof bytes))
        return false;
    out->request = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        out->request = out->request << 8 | bytes[i];
    return hash->len == SHORT_HASH_CHARS;
}

void piq_audit_name_of(const uint8_t key[PIQ_SHA256_BYTES], piq_user_id user,
                       char name[PIQ_AUDIT_NAME_BYTES])
{
    char number[24];
    uint8_t mac[PIQ_SHA256_BYTES];
    int len = snprintf(number, sizeof number, "%" PRId64, user.v);
    piq_crypto_hmac((piq_str){(const char *)key, PIQ_SHA256_BYTES},
                    (piq_str){number, (size_t)len}, mac);
    piq_crypto_hex(mac, PIQ_AUDIT_NAME_BYTES / 2, name);
}

bool piq_audit_key_read(piq_str document, uint8_t key[PIQ_SHA256_BYTES])
{
    json_t *json;
    if (piq_json_parse(document, &json, NULL))
        return false;
    const char *text = json_string_value(json_object_get(json, "key"));
    bool good =
        text && piq_crypto_unhex(piq_str_of(text), key, PIQ_SHA256_BYTES);
    json_decref(json);
    return good;
}
