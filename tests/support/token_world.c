#include "support/token_world.h"

#include "access/crypto.h"
#include "golden/tokens.h"
#include "support/record_store.h"

#include <stdio.h>
#include <stdlib.h>

static void must(piq_status status, const piq_err *err)
{
    if (status == PIQ_OK)
        return;
    fprintf(stderr, "token_world: %s\n", err->message);
    abort();
}

piq_str token_world_secret(void)
{
    static const uint8_t secret[] = {GOLDEN_SECRET};
    return (piq_str){(const char *)secret, sizeof secret};
}

piq_status token_world_signer(token_world *w, const char *kid,
                              const char *algorithm, piq_str key,
                              uint32_t tenant)
{
    piq_signer_info info = {.tenant = tenant};
    snprintf(info.kid, sizeof info.kid, "%s", kid);
    snprintf(info.algorithm, sizeof info.algorithm, "%s", algorithm);
    return piq_access_add_signer(w->k, &info, key, GOLDEN_NOW_US, NULL);
}

void token_world_begin(token_world *w)
{
    piq_err err = {0};
    w->store = record_store_new();
    must(piq_access_open(w->store, NULL, &w->k, &err), &err);
    const struct {
        const char *kid, *algorithm;
        piq_str key;
        uint32_t tenant;
    } signers[] = {{"hs", "HS256", token_world_secret(), 0},
                   {"rs", "RS256", PIQ_STR(GOLDEN_RSA_PEM), 7},
                   {"rs-jwk", "RS256", PIQ_STR(GOLDEN_RSA_JWK), 0},
                   {"ed", "EdDSA", PIQ_STR(GOLDEN_ED_PEM), 0},
                   {"ed-jwk", "EdDSA", PIQ_STR(GOLDEN_ED_JWK), 0}};
    for (size_t i = 0; i < sizeof signers / sizeof signers[0]; i++)
        must(token_world_signer(w, signers[i].kid, signers[i].algorithm,
                                signers[i].key, signers[i].tenant),
             &err);
}

void token_world_end(token_world *w)
{
    piq_access_close(w->k);
    w->store->ops->close(w->store);
}

piq_status token_world_ask(token_world *w, piq_str token, int64_t now_us,
                           piq_caller *out, piq_err *err)
{
    static const char scheme[] = "Bearer ";
    char header[16384];
    size_t len = sizeof scheme - 1;
    if (token.len > sizeof header - len)
        abort();
    memcpy(header, scheme, len);
    if (token.len)
        memcpy(header + len, token.ptr, token.len); /* NULs and all */
    len += token.len;
    const piq_credential given = {.authorization = {header, len}};
    return piq_access_authenticate(w->k, &given, now_us, out, err);
}

void token_world_sign(const char *header, const char *claims, char *out)
{
    uint8_t mac[PIQ_SHA256_BYTES];
    piq_crypto_base64url((const uint8_t *)header, strlen(header), out);
    size_t len = strlen(out);
    out[len++] = '.';
    piq_crypto_base64url((const uint8_t *)claims, strlen(claims), out + len);
    len += strlen(out + len);
    piq_crypto_hmac(token_world_secret(), (piq_str){out, len}, mac);
    out[len++] = '.';
    piq_crypto_base64url(mac, sizeof mac, out + len);
}
