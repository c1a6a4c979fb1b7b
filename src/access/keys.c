/* keys.c - API keys: made, listed, revoked.
 *
 * "piq_" id "_" secret: 12 hexadecimal digits that name the key, and 256 random
 * bits. SHA-256 of the whole is kept without salt or stretching: what is random
 * cannot be guessed from a list.
 */
#include "access/keeper.h"

#include "base/json_writer.h"

#include <stdio.h>

/* The scopes by name, parted by spaces. */
static void put_scopes(piq_json_writer *w, uint32_t scopes)
{
    char names[200] = "";
    size_t len = 0;
    for (uint32_t one = 1; one <= PIQ_SCOPE_ANY; one <<= 1)
        if (scopes & one)
            len += (size_t)snprintf(names + len, sizeof names - len, "%s%s",
                                    len ? " " : "", piq_scope_name(one));
    piq_json_put_str(w, "scopes", (piq_str){names, len});
}

static piq_status store_key(piq_access *k, const piq_key_info *info,
                            const uint8_t hash[PIQ_SHA256_BYTES], piq_err *err)
{
    char hex[2 * PIQ_SHA256_BYTES + 1];
    piq_buf b;
    piq_json_writer w;
    piq_crypto_hex(hash, PIQ_SHA256_BYTES, hex);
    piq_buf_init(&b, 4096);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_z(&w, "name", info->name);
    piq_json_put_int(&w, "tenant", info->tenant);
    put_scopes(&w, info->scopes);
    piq_json_put_z(&w, "sha256", hex);
    piq_json_put_int(&w, "rate", info->requests_per_s);
    piq_json_object_end(&w);
    const piq_record r = {.kind = PIQ_RECORD_KEY,
                          .key = piq_str_of(info->id),
                          .at_us = info->made_us,
                          .expires_us = info->expires_us};
    return piq_access_put_written(k, &r, &b, "make an API key", err);
}

static piq_status check(piq_access *k, const piq_key_info *info, int64_t now_us,
                        piq_err *err)
{
    const uint32_t known = PIQ_SCOPE_EVENTS_WRITE | PIQ_SCOPE_PROFILE_READ |
                           PIQ_SCOPE_RECOMMENDATIONS_READ |
                           PIQ_SCOPE_CATALOGUE_WRITE | PIQ_SCOPE_ADMIN |
                           PIQ_SCOPE_ANY;
    size_t len = strnlen(info->name, sizeof info->name);
    if (len == sizeof info->name ||
        !piq_str_is_utf8((piq_str){info->name, len}))
        return piq_fail(err, PIQ_EINVAL,
                        "a key's name is text of at most 63 bytes");
    if (info->tenant > PIQ_MAX_TENANT)
        return piq_fail(err, PIQ_EINVAL, "a tenant is a number up to %d",
                        PIQ_MAX_TENANT);
    if (!info->scopes || (info->scopes & ~known))
        return piq_fail(err, PIQ_EINVAL, "a key needs scopes that exist");
    if (info->tenant && (info->scopes & PIQ_SCOPE_CATALOGUE_WRITE))
        return piq_fail(err, PIQ_EINVAL,
                        "the curriculum is the installation's: only a key of "
                        "tenant 0 may have catalogue:write");
    if (info->expires_us <= now_us)
        return piq_fail(err, PIQ_EINVAL, "the key would have expired already");
    if (info->requests_per_s == PIQ_NO_RATE)
        return piq_fail(err, PIQ_EINVAL, "no such rate");
    piq_access_view *v = piq_access_now(k, now_us);
    size_t n = v->n_keys;
    piq_access_view_release(v);
    if (n >= PIQ_MAX_KEYS)
        return piq_fail(err, PIQ_ELIMIT, "there are %zu keys already", n);
    return PIQ_OK;
}

piq_status piq_access_make_key(piq_access *k, piq_key_info *info,
                               int64_t now_us, char secret[PIQ_KEY_BYTES],
                               piq_err *err)
{
    uint8_t random[PIQ_KEY_ID_CHARS / 2 + PIQ_SHA256_BYTES];
    uint8_t hash[PIQ_SHA256_BYTES];
    char text[PIQ_KEY_SECRET_CHARS + 1], key[PIQ_KEY_BYTES];
    piq_key_info made = *info;
    piq_status status = check(k, info, now_us, err);
    if (!status)
        status = piq_crypto_random(random, sizeof random, err);
    if (status)
        return status;
    piq_crypto_hex(random, PIQ_KEY_ID_CHARS / 2, made.id);
    piq_crypto_base64url(random + PIQ_KEY_ID_CHARS / 2, PIQ_SHA256_BYTES, text);
    int len = snprintf(key, sizeof key, "piq_%s_%s", made.id, text);
    made.made_us = now_us;
    piq_crypto_sha256((piq_str){key, (size_t)len}, hash);
    status = store_key(k, &made, hash, err);
    if (!status) {
        *info = made;
        memcpy(secret, key, sizeof key);
    }
    piq_crypto_wipe(random, sizeof random);
    piq_crypto_wipe(text, sizeof text);
    piq_crypto_wipe(key, sizeof key);
    return status;
}

piq_status piq_access_keys(piq_access *k, piq_arena *a, piq_key_info **out,
                           size_t *n, piq_err *err)
{
    piq_status status = piq_access_refresh(k, INT64_MIN, err);
    if (status)
        return status;
    piq_access_view *v = piq_access_held(k);
    piq_key_info *list = piq_new(a, piq_key_info, v->n_keys);
    if (list) {
        for (size_t i = 0; i < v->n_keys; i++)
            list[i] = v->keys[i].info;
        *out = list;
        *n = v->n_keys;
    } else {
        status = piq_fail(err, PIQ_ENOMEM, "no memory to list API keys");
    }
    piq_access_view_release(v);
    return status;
}

static piq_status drop(piq_access *k, piq_str kind, piq_str key,
                       const char *what, piq_err *err)
{
    piq_arena a;
    piq_record r;
    if (!key.len || key.len > 63 || !piq_str_is_utf8(key))
        return piq_fail(err, PIQ_ENOTFOUND, "there is no such %s", what);
    piq_arena_init(&a, 0);
    piq_status status = k->store->ops->record(k->store, &a, (piq_user_id){0},
                                              kind, key, INT64_MIN, &r, err);
    if (status == PIQ_OK) {
        r.from_version = r.version;
        r.document = (piq_str){0};
        status = piq_access_put(k, &r, err);
    }
    if (status == PIQ_ENOTFOUND || status == PIQ_ESTALE)
        status = piq_fail(err, PIQ_ENOTFOUND, "there is no %s %.*s", what,
                          PIQ_STR_ARG(key));
    piq_arena_release(&a);
    return status;
}

piq_status piq_access_revoke_key(piq_access *k, piq_str id, piq_err *err)
{
    return drop(k, PIQ_RECORD_KEY, id, "API key", err);
}

piq_status piq_access_drop_signer(piq_access *k, piq_str kid, piq_err *err)
{
    return drop(k, PIQ_RECORD_SIGNER, kid, "signer", err);
}
