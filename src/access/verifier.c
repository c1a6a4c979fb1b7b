/* verifier.c - HMAC by nettle, RSA and Ed25519 by GnuTLS. */
#include "access/verifier.h"

#include "access/crypto.h"
#include "base/arena.h"
#include "domain/json_reader.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdlib.h>

typedef enum algorithm { HS256, RS256, EDDSA } algorithm;

static const char *const algorithms[] = {"HS256", "RS256", "EdDSA"};
enum { N_ALGORITHMS = 3, ED25519_BYTES = 32, MIN_DISTINCT_BYTES = 8 };

struct piq_verifier {
    algorithm algorithm;
    size_t signature_bytes;
    piq_str secret; /* HS256; owned */
    gnutls_pubkey_t key;
    /* GnuTLS does not promise that one key may be used by two threads. */
    pthread_mutex_t lock;
};

static piq_status refuse(piq_err *err, const char *why)
{
    return piq_fail(err, PIQ_EINVAL, "not a key to verify tokens with: %s",
                    why);
}

/* ---- HS256 -------------------------------------------------------------- */

static bool is_varied(piq_str key)
{
    bool seen[256] = {false};
    unsigned n = 0;
    for (size_t i = 0; i < key.len; i++) {
        n += !seen[(unsigned char)key.ptr[i]];
        seen[(unsigned char)key.ptr[i]] = true;
    }
    return n >= MIN_DISTINCT_BYTES;
}

static piq_status take_secret(piq_verifier *v, piq_str key, piq_err *err)
{
    static const char pem[] = "-----BEGIN";
    if (key.len >= sizeof pem - 1 && !memcmp(key.ptr, pem, sizeof pem - 1))
        return refuse(err, "PEM is no secret, and HS256 needs one");
    if (key.len < PIQ_MIN_HMAC_BYTES || !is_varied(key))
        return refuse(err, "a secret has at least 32 random bytes");
    char *copy = piq_alloc_should_fail() ? NULL : malloc(key.len);
    if (!copy)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a signer's key");
    memcpy(copy, key.ptr, key.len);
    v->secret = (piq_str){copy, key.len};
    v->signature_bytes = PIQ_SHA256_BYTES;
    return PIQ_OK;
}

/* ---- public keys -------------------------------------------------------- */

static bool contains(piq_str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static piq_status import_pem(gnutls_pubkey_t to, piq_str key, piq_err *err)
{
    gnutls_datum_t data = {(unsigned char *)(uintptr_t)key.ptr,
                           (unsigned)key.len};
    if (contains(key, "PRIVATE KEY"))
        return refuse(err, "it is a private key, which stays with the signer");
    if (!contains(key, "-----BEGIN PUBLIC KEY-----"))
        return refuse(err, "neither PEM of a public key nor a JWK");
    if (gnutls_pubkey_import(to, &data, GNUTLS_X509_FMT_PEM) < 0)
        return refuse(err, "the PEM is of no public key");
    return PIQ_OK;
}

static bool member_bytes(const json_t *jwk, const char *name, uint8_t *out,
                         size_t cap, size_t *n)
{
    const json_t *v = json_object_get(jwk, name);
    return json_is_string(v) &&
           piq_crypto_unbase64url(
               (piq_str){json_string_value(v), json_string_length(v)}, out, cap,
               n) &&
           *n > 0;
}

static bool member_is(const json_t *jwk, const char *name, const char *text)
{
    const char *is = json_string_value(json_object_get(jwk, name));
    return is && strcmp(is, text) == 0;
}

static bool member_is_or_absent(const json_t *jwk, const char *name,
                                const char *text)
{
    return !json_object_get(jwk, name) || member_is(jwk, name, text);
}

static piq_status import_rsa(gnutls_pubkey_t to, const json_t *jwk,
                             piq_err *err)
{
    uint8_t n[PIQ_MAX_RSA_BITS / 8 + 1], e[8];
    gnutls_datum_t modulus = {n, 0}, exponent = {e, 0};
    size_t n_len, e_len;
    if (!member_bytes(jwk, "n", n, sizeof n, &n_len) ||
        !member_bytes(jwk, "e", e, sizeof e, &e_len))
        return refuse(err, "n and e are expected in base64url");
    modulus.size = (unsigned)n_len;
    exponent.size = (unsigned)e_len;
    if (gnutls_pubkey_import_rsa_raw(to, &modulus, &exponent) < 0)
        return refuse(err, "n and e are of no RSA key");
    return PIQ_OK;
}

static piq_status import_ed25519(gnutls_pubkey_t to, const json_t *jwk,
                                 piq_err *err)
{
    uint8_t x[ED25519_BYTES];
    gnutls_datum_t point = {x, sizeof x};
    size_t len;
    if (!member_is(jwk, "crv", "Ed25519") ||
        !member_bytes(jwk, "x", x, sizeof x, &len) || len != sizeof x ||
        gnutls_pubkey_import_ecc_raw(to, GNUTLS_ECC_CURVE_ED25519, &point,
                                     NULL) < 0)
        return refuse(err, "crv Ed25519 and x of 32 bytes are expected");
    return PIQ_OK;
}

static piq_status import_jwk(gnutls_pubkey_t to, algorithm of, piq_str key,
                             piq_err *err)
{
    static const char *const private_members[] = {"d",  "p",  "q", "dp",
                                                  "dq", "qi", "k"};
    json_t *jwk;
    piq_status status = piq_json_parse(key, &jwk, NULL);
    if (status == PIQ_ENOMEM)
        return piq_fail(err, status, "no memory to read a JWK");
    if (status)
        return refuse(err, "the JWK is not valid JSON");
    for (size_t i = 0; i < sizeof private_members / sizeof(char *); i++)
        if (json_object_get(jwk, private_members[i]))
            status = refuse(err, "the JWK is private");
    if (!status && (!member_is_or_absent(jwk, "alg", algorithms[of]) ||
                    !member_is_or_absent(jwk, "use", "sig") ||
                    !member_is(jwk, "kty", of == RS256 ? "RSA" : "OKP")))
        status = refuse(err, "the JWK is of another kind or for another use");
    if (!status)
        status = of == RS256 ? import_rsa(to, jwk, err)
                             : import_ed25519(to, jwk, err);
    json_decref(jwk);
    return status;
}

/* e = 1 would make a signature of whatever one likes; small ones have been
 * trouble where padding is checked badly. */
static bool is_sound_exponent(const gnutls_datum_t *e)
{
    uint64_t value = 0;
    unsigned at = 0;
    while (at < e->size && e->data[at] == 0)
        at++;
    if (e->size - at > sizeof value || e->size == 0)
        return false;
    for (; at < e->size; at++)
        value = value << 8 | e->data[at];
    return value >= 65537 && value % 2 == 1;
}

static piq_status check_rsa(piq_verifier *v, piq_err *err)
{
    gnutls_datum_t n, e;
    unsigned bits = 0;
    if (gnutls_pubkey_get_pk_algorithm(v->key, &bits) != GNUTLS_PK_RSA)
        return refuse(err, "RS256 needs an RSA key");
    if (bits < PIQ_MIN_RSA_BITS || bits > PIQ_MAX_RSA_BITS)
        return refuse(err, "an RSA key has 2,048 to 8,192 bits");
    if (gnutls_pubkey_export_rsa_raw(v->key, &n, &e) < 0)
        return refuse(err, "the RSA key cannot be read");
    bool sound = is_sound_exponent(&e);
    gnutls_free(n.data);
    gnutls_free(e.data);
    if (!sound)
        return refuse(err, "the RSA exponent is odd and at least 65,537");
    v->signature_bytes = (bits + 7) / 8;
    return PIQ_OK;
}

static piq_status check_ed25519(piq_verifier *v, piq_err *err)
{
    if (gnutls_pubkey_get_pk_algorithm(v->key, NULL) != GNUTLS_PK_EDDSA_ED25519)
        return refuse(err, "EdDSA needs an Ed25519 key");
    v->signature_bytes = 64;
    return PIQ_OK;
}

static piq_status take_public(piq_verifier *v, piq_str key, piq_err *err)
{
    size_t at = 0;
    while (at < key.len && strchr(" \t\r\n", key.ptr[at]))
        at++;
    if (gnutls_pubkey_init(&v->key) < 0)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a signer's key");
    piq_status status = at < key.len && key.ptr[at] == '{'
                            ? import_jwk(v->key, v->algorithm, key, err)
                            : import_pem(v->key, key, err);
    if (status)
        return status;
    return v->algorithm == RS256 ? check_rsa(v, err) : check_ed25519(v, err);
}

/* ---- all ---------------------------------------------------------------- */

piq_status piq_verifier_new(piq_str name, piq_str key, piq_verifier **out,
                            piq_err *err)
{
    size_t of = 0;
    while (of < N_ALGORITHMS && !piq_str_eq(name, piq_str_of(algorithms[of])))
        of++;
    if (of == N_ALGORITHMS)
        return piq_fail(err, PIQ_EINVAL,
                        "tokens are signed by HS256, RS256 or EdDSA");
    if (key.len == 0 || key.len > PIQ_MAX_SIGNER_KEY_BYTES)
        return refuse(err, "it is empty, or longer than 16 KiB");
    piq_verifier *v = piq_alloc_should_fail() ? NULL : calloc(1, sizeof *v);
    if (!v)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a signer's key");
    v->algorithm = (algorithm)of;
    pthread_mutex_init(&v->lock, NULL);
    piq_status status = v->algorithm == HS256 ? take_secret(v, key, err)
                                              : take_public(v, key, err);
    if (status) {
        piq_verifier_free(v);
        return status;
    }
    *out = v;
    return PIQ_OK;
}

void piq_verifier_free(piq_verifier *v)
{
    if (!v)
        return;
    if (v->secret.ptr) {
        piq_crypto_wipe((void *)(uintptr_t)v->secret.ptr, v->secret.len);
        free((void *)(uintptr_t)v->secret.ptr);
    }
    if (v->key)
        gnutls_pubkey_deinit(v->key);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

const char *piq_verifier_algorithm(const piq_verifier *v)
{
    return algorithms[v->algorithm];
}

static bool check_public(const piq_verifier *v, piq_str data, piq_str signature)
{
    const gnutls_datum_t d = {(unsigned char *)(uintptr_t)data.ptr,
                              (unsigned)data.len};
    const gnutls_datum_t s = {(unsigned char *)(uintptr_t)signature.ptr,
                              (unsigned)signature.len};
    gnutls_sign_algorithm_t by = v->algorithm == RS256
                                     ? GNUTLS_SIGN_RSA_SHA256
                                     : GNUTLS_SIGN_EDDSA_ED25519;
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&v->lock;
    pthread_mutex_lock(lock);
    int code = gnutls_pubkey_verify_data2(v->key, by, 0, &d, &s);
    pthread_mutex_unlock(lock);
    return code >= 0;
}

bool piq_verifier_check(const piq_verifier *v, piq_str data, piq_str signature)
{
    uint8_t mac[PIQ_SHA256_BYTES];
    if (signature.len != v->signature_bytes)
        return false;
    if (v->algorithm != HS256)
        return check_public(v, data, signature);
    piq_crypto_hmac(v->secret, data, mac);
    bool same = piq_crypto_same(mac, signature.ptr, sizeof mac);
    piq_crypto_wipe(mac, sizeof mac);
    return same;
}
