/* bench_access.c - what it costs to know who calls, and to write it down.
 *
 *     bench_access [ROUNDS]            20,000
 *
 * One thread, SQLite in a temporary file. "cold": a token that was never seen;
 * "remembered": one that was. The audit: entries gathered, then stored in
 * pieces of 1,000, then its chain walked.
 */
#include "access/audit.h"
#include "access/crypto.h"
#include "base/clock.h"
#include "store/sqlite/sqlite_store.h"

#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { AUDIT_ENTRIES = 100000, MAX_TOKEN = 1024 };
static const int64_t NOW_US = INT64_C(1800000000) * 1000000;

static void check(piq_status status, const piq_err *err)
{
    if (status == PIQ_OK)
        return;
    fprintf(stderr, "bench_access: %s\n", err->message);
    exit(1);
}

static void must(int code, const char *what)
{
    if (code >= 0)
        return;
    fprintf(stderr, "bench_access: %s: %s\n", what, gnutls_strerror(code));
    exit(1);
}

typedef struct signer {
    const char *kid;
    gnutls_privkey_t key; /* NULL: HS256 */
    gnutls_sign_algorithm_t by;
} signer;

static const char SECRET[] = "a secret of some thirty-two letters, and more";

static void add_signer(piq_access *k, signer *s, const char *algorithm,
                       gnutls_pk_algorithm_t kind, unsigned bits)
{
    piq_err err = {0};
    piq_signer_info info = {0};
    gnutls_pubkey_t public;
    gnutls_datum_t pem;
    snprintf(info.kid, sizeof info.kid, "%s", s->kid);
    snprintf(info.algorithm, sizeof info.algorithm, "%s", algorithm);
    if (!bits) {
        check(piq_access_add_signer(k, &info, piq_str_of(SECRET), NOW_US, &err),
              &err);
        return;
    }
    must(gnutls_privkey_init(&s->key), "key");
    must(gnutls_privkey_generate(s->key, kind, bits, 0), "key");
    must(gnutls_pubkey_init(&public), "key");
    must(gnutls_pubkey_import_privkey(public, s->key, 0, 0), "key");
    must(gnutls_pubkey_export2(public, GNUTLS_X509_FMT_PEM, &pem), "key");
    check(piq_access_add_signer(k, &info, (piq_str){(char *)pem.data, pem.size},
                                NOW_US, &err),
          &err);
    gnutls_free(pem.data);
    gnutls_pubkey_deinit(public);
}

static void make_token(const signer *s, const char *algorithm, int learner,
                       char out[MAX_TOKEN])
{
    char header[128], claims[256];
    uint8_t mac[PIQ_SHA256_BYTES];
    snprintf(header, sizeof header,
             "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", algorithm,
             s->kid);
    snprintf(claims, sizeof claims,
             "{\"sub\":\"%d\",\"aud\":\"piq\",\"iat\":1799999990,"
             "\"exp\":1800003600}",
             learner);
    int len = snprintf(out, MAX_TOKEN, "Bearer ");
    piq_crypto_base64url((uint8_t *)header, strlen(header), out + len);
    strcat(out, ".");
    piq_crypto_base64url((uint8_t *)claims, strlen(claims), out + strlen(out));
    piq_str data = {out + 7, strlen(out + 7)};
    if (!s->key) {
        piq_crypto_hmac(piq_str_of(SECRET), data, mac);
        strcat(out, ".");
        piq_crypto_base64url(mac, sizeof mac, out + strlen(out));
        return;
    }
    const gnutls_datum_t d = {(uint8_t *)out + 7, (unsigned)data.len};
    gnutls_datum_t made;
    must(gnutls_privkey_sign_data2(s->key, s->by, 0, &d, &made), "signing");
    strcat(out, ".");
    piq_crypto_base64url(made.data, made.size, out + strlen(out));
    gnutls_free(made.data);
}

static double us_each(piq_access *k, char (*headers)[MAX_TOKEN], int n)
{
    piq_err err = {0};
    piq_caller c;
    int64_t start = piq_clock_monotonic_ns();
    for (int i = 0; i < n; i++) {
        const piq_credential given = {.authorization = piq_str_of(headers[i])};
        check(piq_access_authenticate(k, &given, NOW_US, &c, &err), &err);
    }
    return (double)(piq_clock_monotonic_ns() - start) / 1e3 / n;
}

/* So few that all of them are remembered. */
static void bench_tokens(piq_access *k, const char *algorithm,
                         gnutls_pk_algorithm_t kind, unsigned bits,
                         gnutls_sign_algorithm_t by, int rounds)
{
    enum { N = 500 };
    signer s = {.kid = algorithm, .by = by};
    char(*headers)[MAX_TOKEN] = calloc(N, sizeof *headers);
    double cold = 0, warm = 0;
    int passes = rounds / N < 1 ? 1 : rounds / N;
    if (!headers)
        exit(1);
    add_signer(k, &s, algorithm, kind, bits);
    for (int pass = 0; pass < passes; pass++) {
        /* Signing is not measured, and slow: few passes are cold. */
        if (pass < 4) {
            for (int i = 0; i < N; i++)
                make_token(&s, algorithm, 1 + pass * N + i, headers[i]);
            cold += us_each(k, headers, N) / (passes < 4 ? passes : 4);
        }
        warm += us_each(k, headers, N) / passes;
    }
    printf("%-28s %8.2f us cold %8.2f us remembered\n", algorithm, cold, warm);
    if (s.key)
        gnutls_privkey_deinit(s.key);
    free(headers);
}

static void bench_key(piq_access *k, int rounds)
{
    piq_err err = {0};
    char secret[PIQ_KEY_BYTES], header[100];
    piq_key_info info = {.name = "bench",
                         .scopes = PIQ_SCOPE_ADMIN,
                         .expires_us = INT64_MAX,
                         .requests_per_s = 1000000};
    piq_caller c = {0};
    unsigned retry_s;
    check(piq_access_make_key(k, &info, NOW_US, secret, &err), &err);
    snprintf(header, sizeof header, "Bearer %s", secret);
    const piq_credential given = {.authorization = piq_str_of(header)};
    int64_t start = piq_clock_monotonic_ns();
    for (int i = 0; i < rounds; i++)
        check(piq_access_authenticate(k, &given, NOW_US, &c, &err), &err);
    double key = (double)(piq_clock_monotonic_ns() - start) / 1e3 / rounds;
    start = piq_clock_monotonic_ns();
    for (int i = 0; i < rounds; i++)
        check(piq_access_admit(k, &c, NOW_US + i * 10, &retry_s, &err), &err);
    double admit = (double)(piq_clock_monotonic_ns() - start) / 1e3 / rounds;
    printf("%-28s %8.2f us, counted in %.2f us\n", "API key", key, admit);
}

static void bench_coach(piq_access *k, int rounds)
{
    enum { N = 10000 };
    piq_err err = {0};
    static piq_user_id ids[N];
    for (int i = 0; i < N; i++)
        ids[i].v = 2 * i + 2;
    check(piq_access_assign(k, 0, PIQ_STR("anna"), ids, N, &err), &err);
    piq_caller c = {.role = PIQ_ROLE_COACH,
                    .scopes = PIQ_SCOPE_PROFILE_READ,
                    .expires_us = INT64_MAX,
                    .coach = "anna"};
    int64_t start = piq_clock_monotonic_ns();
    for (int i = 0; i < rounds; i++)
        check(piq_caller_may(k, &c, PIQ_SCOPE_PROFILE_READ, ids[(i * 7919) % N],
                             NOW_US, &err),
              &err);
    printf("%-28s %8.2f us\n", "coach of 10,000 may",
           (double)(piq_clock_monotonic_ns() - start) / 1e3 / rounds);
}

static void bench_audit(piq_store *store)
{
    piq_err err = {0};
    piq_audit *k;
    uint64_t entries, chains;
    check(piq_audit_open(store, &k, &err), &err);
    int64_t start = piq_clock_monotonic_ns();
    for (int i = 0; i < AUDIT_ENTRIES; i++) {
        const piq_audit_entry e = {.at_us = NOW_US + i,
                                   .caller = "key:0123456789ab",
                                   .action = "GET /api/users/{userId}/profile",
                                   .status = 200,
                                   .request = (uint64_t)i};
        check(piq_audit_add(k, &e, &err), &err);
        if (i % 1000 == 999)
            check(piq_audit_flush(k, &err), &err);
    }
    double write = (double)(piq_clock_monotonic_ns() - start) / 1e9;
    piq_audit_close(k);
    start = piq_clock_monotonic_ns();
    check(piq_audit_verify(store, &entries, &chains, &err), &err);
    double verify = (double)(piq_clock_monotonic_ns() - start) / 1e9;
    printf("%-28s %8.2f us an entry stored; %d walked in %.2f s\n", "audit",
           write * 1e6 / AUDIT_ENTRIES, AUDIT_ENTRIES, verify);
}

static void remove_files(const char *folder)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm"};
    char path[600];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/bench_access_XXXXXX", path[64];
    int rounds = argc > 1 ? atoi(argv[1]) : 20000;
    piq_err err = {0};
    piq_store *store;
    piq_access *k;
    if (rounds < 1 || !mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/a.db", folder);
    check(piq_sqlite_open(path, NULL, &store, &err), &err);
    check(piq_access_open(store, NULL, &k, &err), &err);
    bench_key(k, rounds);
    bench_tokens(k, "HS256", GNUTLS_PK_UNKNOWN, 0, GNUTLS_SIGN_UNKNOWN, rounds);
    bench_tokens(k, "RS256", GNUTLS_PK_RSA, 2048, GNUTLS_SIGN_RSA_SHA256,
                 rounds);
    bench_tokens(k, "EdDSA", GNUTLS_PK_EDDSA_ED25519,
                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519),
                 GNUTLS_SIGN_EDDSA_ED25519, rounds);
    bench_coach(k, rounds);
    bench_audit(store);
    piq_access_close(k);
    store->ops->close(store);
    remove_files(folder);
    return 0;
}
