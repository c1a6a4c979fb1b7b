/* tls.c - pairs of certificate and key, by GnuTLS, which libmicrohttpd links
 * already. */
#include "http/tls.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct kept_pair {
    piq_tls_pair pair;
    int64_t retired_ns;
    struct kept_pair *older;
} kept_pair;

struct piq_tls {
    pthread_mutex_t lock; /* guards `now` */
    kept_pair *now;       /* its older ones are retired */
    gnutls_datum_t tickets;
};

/* Far over the time a handshake is given. */
static const int64_t keep_retired_ns = (int64_t)3600 * 1000000000;

static void free_pair(kept_pair *k)
{
    if (!k)
        return;
    for (unsigned i = 0; i < k->pair.n; i++)
        gnutls_pcert_deinit(&k->pair.chain[i]);
    gnutls_privkey_deinit(k->pair.key);
    free(k);
}

static gnutls_datum_t datum(piq_str s)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.ptr, (unsigned)s.len};
}

static piq_status bad_cert(piq_err *err, int error)
{
    piq_status st =
        piq_fail(err, PIQ_EINVAL, "could not read the TLS certificate: %s",
                 gnutls_strerror(error));
    piq_err_hint(err, "PEM is expected: the server's certificate first, then "
                      "those that signed it");
    return st;
}

static piq_status bad_key(piq_err *err, int error)
{
    piq_status st = piq_fail(err, PIQ_EINVAL, "could not read the TLS key: %s",
                             gnutls_strerror(error));
    piq_err_hint(err, "PEM is expected, without a pass phrase");
    return st;
}

static int key_id_of(gnutls_privkey_t key, unsigned char id[64], size_t *len)
{
    gnutls_pubkey_t public;
    int error = gnutls_pubkey_init(&public);
    if (error < 0)
        return error;
    error = gnutls_pubkey_import_privkey(public, key, 0, 0);
    if (error >= 0)
        error =
            gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, id, len);
    gnutls_pubkey_deinit(public);
    return error;
}

/* Whether the key is that of the first certificate. */
static piq_status check_pair(const piq_tls_pair *p, piq_err *err)
{
    unsigned char of_cert[64];
    unsigned char of_key[64];
    size_t cert_len = sizeof of_cert;
    size_t key_len = sizeof of_key;
    int error = gnutls_pubkey_get_key_id(
        p->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, of_cert, &cert_len);
    if (error < 0)
        return bad_cert(err, error);
    error = key_id_of(p->key, of_key, &key_len);
    if (error < 0)
        return bad_key(err, error);
    if (cert_len == key_len && memcmp(of_cert, of_key, key_len) == 0)
        return PIQ_OK;
    piq_status st = piq_fail(err, PIQ_EINVAL,
                             "could not use TLS: the key is not that of the "
                             "certificate");
    piq_err_hint(err, "the certificate that goes with the key comes first in "
                      "its file");
    return st;
}

static piq_status read_pair(piq_str cert, piq_str key, kept_pair *k,
                            piq_err *err)
{
    gnutls_datum_t of_cert = datum(cert);
    gnutls_datum_t of_key = datum(key);
    unsigned n = PIQ_TLS_CHAIN;
    int error = gnutls_privkey_init(&k->pair.key);
    if (error < 0)
        return piq_fail(err, PIQ_ENOMEM, "could not use TLS: no memory");
    error = gnutls_pcert_list_import_x509_raw(
        k->pair.chain, &n, &of_cert, GNUTLS_X509_FMT_PEM,
        GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (error < 0 || n == 0)
        return bad_cert(err, error);
    k->pair.n = n;
    error = gnutls_privkey_import_x509_raw(k->pair.key, &of_key,
                                           GNUTLS_X509_FMT_PEM, NULL, 0);
    if (error < 0)
        return bad_key(err, error);
    return check_pair(&k->pair, err);
}

static piq_status make_pair(piq_str cert, piq_str key, kept_pair **out,
                            piq_err *err)
{
    kept_pair *k = calloc(1, sizeof *k);
    if (!k)
        return piq_fail(err, PIQ_ENOMEM, "could not use TLS: no memory");
    piq_status st = read_pair(cert, key, k, err);
    if (st != PIQ_OK) {
        free_pair(k);
        return st;
    }
    *out = k;
    return PIQ_OK;
}

piq_status piq_tls_new(piq_str cert, piq_str key, piq_tls **out, piq_err *err)
{
    piq_tls *t = calloc(1, sizeof *t);
    if (!t)
        return piq_fail(err, PIQ_ENOMEM, "could not use TLS: no memory");
    piq_status st = make_pair(cert, key, &t->now, err);
    if (st == PIQ_OK && gnutls_session_ticket_key_generate(&t->tickets) < 0)
        st = piq_fail(err, PIQ_ENOMEM, "could not use TLS: no memory");
    if (st != PIQ_OK) {
        free_pair(t->now);
        free(t);
        return st;
    }
    (void)pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return PIQ_OK;
}

/* Only the thread that replaces walks or changes what is behind `now`. */
static void drop_old(kept_pair *newest, int64_t now_ns)
{
    kept_pair **at = &newest->older;
    while (*at) {
        kept_pair *k = *at;
        if (now_ns - k->retired_ns < keep_retired_ns) {
            at = &k->older;
            continue;
        }
        *at = k->older;
        free_pair(k);
    }
}

piq_status piq_tls_replace(piq_tls *t, piq_str cert, piq_str key, piq_err *err)
{
    kept_pair *k = NULL;
    piq_status st = make_pair(cert, key, &k, err);
    if (st != PIQ_OK)
        return st;
    PIQ_ASSERT(k);
    int64_t now_ns = piq_clock_monotonic_ns();
    k->older = t->now;
    k->older->retired_ns = now_ns;
    (void)pthread_mutex_lock(&t->lock);
    t->now = k;
    (void)pthread_mutex_unlock(&t->lock);
    drop_old(k, now_ns);
    return PIQ_OK;
}

void piq_tls_free(piq_tls *t)
{
    if (!t)
        return;
    while (t->now) {
        kept_pair *older = t->now->older;
        free_pair(t->now);
        t->now = older;
    }
    gnutls_memset(t->tickets.data, 0, t->tickets.size);
    gnutls_free(t->tickets.data);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}

void piq_tls_offer_ticket(const piq_tls *t, gnutls_session_t session)
{
    /* Without one the client shakes hands in full. */
    (void)gnutls_session_ticket_enable_server(session, &t->tickets);
}

piq_tls_pair *piq_tls_pair_now(piq_tls *t)
{
    (void)pthread_mutex_lock(&t->lock);
    kept_pair *k = t->now;
    (void)pthread_mutex_unlock(&t->lock);
    return &k->pair;
}
