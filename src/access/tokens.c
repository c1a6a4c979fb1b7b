/* tokens.c - signers kept, tokens verified and remembered. */
#include "access/keeper.h"

#include "access/token.h"
#include "base/json_writer.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- verifying ---------------------------------------------------------- */

static piq_token_fault verify(piq_access *k, const piq_access_view *v,
                              piq_str text, int64_t now_us, piq_caller *out,
                              int64_t *from_us)
{
    piq_token t;
    piq_token_fault fault = piq_token_split(text, &t);
    if (fault)
        return fault;
    const piq_signer_entry *by = piq_access_view_signer(v, piq_str_of(t.kid));
    if (!by)
        return PIQ_TOKEN_KID;
    fault = piq_token_verify(&t, by->verifier);
    if (fault)
        return fault;
    const piq_token_rules rules = {
        .audience = piq_str_of(k->audience),
        .max_life_us = (int64_t)k->config.max_token_s * 1000000,
        .leeway_us = (int64_t)k->config.leeway_s * 1000000,
        .tenant = by->info.tenant,
        .now_us = now_us};
    fault = piq_token_claims(&t, &rules, out, from_us);
    if (!fault)
        out->source = by->source;
    return fault;
}

piq_status piq_access_token(piq_access *k, const piq_access_view *v,
                            piq_str text, int64_t now_us, piq_caller *out,
                            piq_err *err)
{
    uint8_t digest[PIQ_SHA256_BYTES];
    piq_caller who;
    int64_t from_us;
    if (text.len > PIQ_MAX_TOKEN_BYTES)
        return piq_fail(err, PIQ_EDENIED, "%s",
                        piq_token_fault_text(PIQ_TOKEN_LONG));
    piq_crypto_sha256(text, digest);
    if (piq_token_cache_get(k->tokens, digest, now_us, &who) &&
        piq_access_view_has(v, who.source)) {
        *out = who;
        return PIQ_OK;
    }
    piq_token_fault fault = verify(k, v, text, now_us, &who, &from_us);
    if (fault)
        return piq_fail(err,
                        fault == PIQ_TOKEN_MEMORY ? PIQ_ENOMEM : PIQ_EDENIED,
                        "%s", piq_token_fault_text(fault));
    piq_token_cache_put(k->tokens, digest, from_us, &who);
    *out = who;
    return PIQ_OK;
}

/* ---- signers ------------------------------------------------------------ */

static piq_status store_signer(piq_access *k, const piq_signer_info *info,
                               piq_str key, int64_t now_us, piq_err *err)
{
    char text[(4 * PIQ_MAX_SIGNER_KEY_BYTES + 2) / 3 + 1];
    piq_buf b;
    piq_json_writer w;
    piq_crypto_base64url((const uint8_t *)key.ptr, key.len, text);
    piq_buf_init(&b, 2 * sizeof text);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_z(&w, "algorithm", info->algorithm);
    piq_json_put_int(&w, "tenant", info->tenant);
    piq_json_put_z(&w, "key", text);
    piq_json_object_end(&w);
    piq_status status = b.status;
    if (status)
        piq_fail(err, status, "no memory to add a signer");
    const piq_record r = {.kind = PIQ_RECORD_SIGNER,
                          .key = piq_str_of(info->kid),
                          .at_us = now_us,
                          .expires_us = INT64_MAX,
                          .document = {b.ptr, b.len}};
    if (!status)
        status = piq_access_put(k, &r, err);
    if (status == PIQ_ESTALE)
        status =
            piq_fail(err, PIQ_ECONFLICT,
                     "there is a signer %s already: drop it first", info->kid);
    if (b.ptr)
        piq_crypto_wipe(b.ptr, b.len);
    piq_crypto_wipe(text, sizeof text);
    piq_buf_release(&b);
    return status;
}

piq_status piq_access_add_signer(piq_access *k, const piq_signer_info *info,
                                 piq_str key, int64_t now_us, piq_err *err)
{
    piq_verifier *v;
    size_t kid_len = strnlen(info->kid, sizeof info->kid);
    size_t len = strnlen(info->algorithm, sizeof info->algorithm);
    if (!piq_access_is_name((piq_str){info->kid, kid_len}, 63))
        return piq_fail(err, PIQ_EINVAL,
                        "a signer's kid is of letters, digits, \".\", \"_\", "
                        "\"-\", \"@\", at most 63");
    if (info->tenant > PIQ_MAX_TENANT)
        return piq_fail(err, PIQ_EINVAL, "a tenant is a number up to %d",
                        PIQ_MAX_TENANT);
    piq_status status =
        piq_verifier_new((piq_str){info->algorithm, len}, key, &v, err);
    if (status)
        return status;
    piq_verifier_free(v);
    piq_access_view *view = piq_access_now(k, now_us);
    size_t n = view->n_signers;
    piq_access_view_release(view);
    if (n >= PIQ_MAX_SIGNERS)
        return piq_fail(err, PIQ_ELIMIT, "there are %zu signers already", n);
    return store_signer(k, info, key, now_us, err);
}

piq_status piq_access_signers(piq_access *k, piq_arena *a,
                              piq_signer_info **out, size_t *n, piq_err *err)
{
    piq_status status = piq_access_refresh(k, INT64_MIN, err);
    if (status)
        return status;
    piq_access_view *v = piq_access_held(k);
    piq_signer_info *list = piq_new(a, piq_signer_info, v->n_signers);
    if (list) {
        for (size_t i = 0; i < v->n_signers; i++)
            list[i] = v->signers[i].info;
        *out = list;
        *n = v->n_signers;
    } else {
        status = piq_fail(err, PIQ_ENOMEM, "no memory to list signers");
    }
    piq_access_view_release(v);
    return status;
}
