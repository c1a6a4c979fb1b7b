/* threads:tsan
 * test_http_tls.c - TLS: who gets through, who does not, slow handshakes,
 * streams, and another certificate while it runs. */
#include "http/stream.h"

#include "support/http_client.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

typedef struct pair {
    gnutls_datum_t cert;
    gnutls_datum_t key;
} pair;

typedef struct pairs {
    pair a;
    pair b;
} pairs;

static void make(pair *p, const char *name)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    const char serial = 7;
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    assert_int_equal(gnutls_x509_privkey_generate(
                         key, GNUTLS_PK_ECDSA,
                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                     0);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_serial(crt, &serial, 1);
    gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600);
    gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 86400);
    gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                  (unsigned)strlen(name));
    gnutls_x509_crt_set_key(crt, key);
    assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0),
                     0);
    assert_int_equal(
        gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &p->cert), 0);
    assert_int_equal(
        gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &p->key), 0);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
}

static int make_pairs(void **state)
{
    pairs *p = calloc(1, sizeof *p);
    assert_non_null(p);
    make(&p->a, "first");
    make(&p->b, "second");
    *state = p;
    return 0;
}

static int drop_pairs(void **state)
{
    pairs *p = *state;
    gnutls_free(p->a.cert.data);
    gnutls_free(p->a.key.data);
    gnutls_free(p->b.cert.data);
    gnutls_free(p->b.key.data);
    free(p);
    return 0;
}

static piq_str str(const gnutls_datum_t *d)
{
    return (piq_str){(char *)d->data, d->size};
}

static piq_http_config with(const pair *p)
{
    return (piq_http_config){.tls_cert = str(&p->cert),
                             .tls_key = str(&p->key)};
}

/* --- a client ---------------------------------------------------------------
 */

typedef struct tls_client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
} tls_client;

/* 0, or why there was no handshake. `resumed`: an earlier session, or NULL. */
static int tls_connect(const http_fixture *f, const char *priorities,
                       tls_client *c, const gnutls_datum_t *resumed)
{
    c->fd = http_connect(f);
    assert_int_equal(gnutls_init(&c->session, GNUTLS_CLIENT), 0);
    gnutls_certificate_allocate_credentials(&c->credentials);
    gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->credentials);
    assert_int_equal(gnutls_priority_set_direct(c->session, priorities, NULL),
                     0);
    gnutls_transport_set_int(c->session, c->fd);
    if (resumed)
        gnutls_session_set_data(c->session, resumed->data, resumed->size);
    gnutls_handshake_set_timeout(c->session, HTTP_PATIENCE_MS);
    int error;
    do
        error = gnutls_handshake(c->session);
    while (error < 0 && !gnutls_error_is_fatal(error));
    return error;
}

static void tls_close(tls_client *c)
{
    gnutls_deinit(c->session);
    gnutls_certificate_free_credentials(c->credentials);
    close(c->fd);
}

static void tls_send(tls_client *c, const char *text)
{
    assert_int_equal(gnutls_record_send(c->session, text, strlen(text)),
                     (int)strlen(text));
}

/* Until `want` is in what came; false: the connection ended before. */
static bool tls_until(tls_client *c, char *got, size_t size, const char *want)
{
    size_t n = 0;
    got[0] = '\0';
    while (!strstr(got, want)) {
        assert_true(n + 1 < size);
        ssize_t k;
        do
            k = gnutls_record_recv(c->session, got + n, size - 1 - n);
        while (k == GNUTLS_E_AGAIN || k == GNUTLS_E_INTERRUPTED);
        if (k <= 0)
            return false;
        n += (size_t)k;
        got[n] = '\0';
    }
    return true;
}

static void name_of(tls_client *c, char *name, size_t size)
{
    unsigned n = 0;
    const gnutls_datum_t *shown = gnutls_certificate_get_peers(c->session, &n);
    gnutls_x509_crt_t crt;
    assert_true(n > 0);
    gnutls_x509_crt_init(&crt);
    gnutls_x509_crt_import(crt, shown, GNUTLS_X509_FMT_DER);
    assert_int_equal(gnutls_x509_crt_get_dn_by_oid(
                         crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size),
                     0);
    gnutls_x509_crt_deinit(crt);
}

/* --- who gets through -------------------------------------------------------
 */

static void test_http_tls__requests_are_served(void **state)
{
    const pairs *p = *state;
    static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.2",
                                           "NORMAL:-VERS-ALL:+VERS-TLS1.3"};
    char got[4096];
    piq_http_config config = with(&p->a);
    http_fixture *f = http_begin(&config);
    for (size_t i = 0; i < 2; i++) {
        tls_client c;
        assert_int_equal(tls_connect(f, versions[i], &c, NULL), 0);
        for (int k = 0; k < 20; k++) { /* kept alive, at once or later */
            tls_send(&c, k % 2 ? "POST /later HTTP/1.1\r\nHost: t\r\n"
                                 "Content-Length: 6\r\n\r\n..done"
                               : GET("/in?..done"));
            assert_true(tls_until(&c, got, sizeof got, "..done"));
            assert_non_null(strstr(got, "HTTP/1.1 200 OK\r\n"));
            assert_non_null(strstr(
                got, "\r\nStrict-Transport-Security: max-age=31536000\r\n"));
        }
        tls_close(&c);
    }
    http_wait_connections(f, 0);
    http_end(f);
}

static void test_http_tls__sessions_are_resumed(void **state)
{
    const pairs *p = *state;
    static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.2",
                                           "NORMAL:-VERS-ALL:+VERS-TLS1.3"};
    char got[4096];
    piq_http_config config = with(&p->a);
    http_fixture *f = http_begin(&config);
    for (size_t i = 0; i < 2; i++) {
        tls_client c;
        gnutls_datum_t kept = {NULL, 0};
        assert_int_equal(tls_connect(f, versions[i], &c, NULL), 0);
        tls_send(&c, GET("/in")); /* the ticket comes before the answer */
        assert_true(tls_until(&c, got, sizeof got, "GET /in ?"));
        assert_int_equal(gnutls_session_get_data2(c.session, &kept), 0);
        tls_close(&c);
        assert_int_equal(tls_connect(f, versions[i], &c, &kept), 0);
        assert_true(gnutls_session_is_resumed(c.session));
        tls_send(&c, GET("/in"));
        assert_true(tls_until(&c, got, sizeof got, "GET /in ?"));
        tls_close(&c);
        gnutls_free(kept.data);
    }
    http_end(f);
}

static void test_http_tls__old_and_weak_suites_are_refused(void **state)
{
    const pairs *p = *state;
    static const char *const weak[] = {
        "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT",
        "NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT",
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC",
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA"};
    piq_http_config config = with(&p->a);
    http_fixture *f = http_begin(&config);
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        tls_client c;
        if (tls_connect(f, weak[i], &c, NULL) == 0)
            fail_msg("\"%s\" was taken", weak[i]);
        tls_close(&c);
    }
    http_wait_connections(f, 0);
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

static void test_http_tls__plain_text_is_not_served(void **state)
{
    const pairs *p = *state;
    piq_http_config config = with(&p->a);
    config.head_timeout_ms = 300;
    http_fixture *f = http_begin(&config);
    int fd = http_connect(f);
    http_send(fd, GET("/in"));
    assert_true(http_is_closed(fd));
    close(fd);
    http_wait_connections(f, 0);
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

/* --- slow ones ---------------------------------------------------------------
 */

static void test_http_tls__slow_handshakes_are_closed(void **state)
{
    const pairs *p = *state;
    /* The beginning of a ClientHello of 512 bytes, then a byte at a time. */
    static const char begun[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    piq_http_config config = with(&p->a);
    config.head_timeout_ms = 200;
    http_fixture *f = http_begin(&config);
    int silent = http_connect(f);
    int drips = http_connect(f);
    assert_true(http_try_send(drips, begun, sizeof begun - 1));
    bool gone = false;
    for (int i = 0; i < HTTP_PATIENCE_MS / 10 && !gone; i++) {
        struct pollfd p1 = {.fd = drips, .events = POLLIN};
        gone = poll(&p1, 1, 10) == 1 || !http_try_send(drips, "x", 1);
    }
    assert_true(gone);
    assert_true(http_is_closed(silent));
    close(silent);
    close(drips);
    http_wait_connections(f, 0);
    http_end(f);
}

static void test_http_tls__drip_fed_requests_are_closed(void **state)
{
    const pairs *p = *state;
    char got[100];
    piq_http_config config = with(&p->a);
    config.head_timeout_ms = 200;
    http_fixture *f = http_begin(&config);
    tls_client c;
    assert_int_equal(tls_connect(f, "NORMAL", &c, NULL), 0);
    tls_send(&c, "GET /in HTTP/1.1\r\nHost: t\r\nx: ");
    for (int i = 0; i < HTTP_PATIENCE_MS / 10; i++) {
        struct pollfd p1 = {.fd = c.fd, .events = POLLIN};
        /* A ticket of TLS 1.3 may come, before the end does. */
        if ((poll(&p1, 1, 10) == 1 && !tls_until(&c, got, sizeof got, "?")) ||
            gnutls_record_send(c.session, "x", 1) < 0)
            break;
    }
    tls_close(&c);
    http_wait_connections(f, 0);
    assert_int_equal(atomic_load(&f->n_handled), 0);
    http_end(f);
}

/* --- streams
 * ------------------------------------------------------------------ */

static void open_stream(http_fixture *f, piq_http_request *r,
                        const piq_http_in *in)
{
    static const piq_http_reply_head head = {.status = 200,
                                             .type = "text/event-stream"};
    piq_http_stream *s = NULL;
    http_law(f, in->tls, "a request by TLS says so");
    http_law(f, piq_http_reply_stream(r, &head, NULL, &s) == PIQ_OK,
             "a stream opens");
    pthread_mutex_lock(&f->lock);
    *(piq_http_stream **)f->also_ctx = s;
    pthread_cond_broadcast(&f->more);
    pthread_mutex_unlock(&f->lock);
}

static void test_http_tls__streams_arrive_and_end(void **state)
{
    const pairs *p = *state;
    char got[4096];
    piq_http_stream *s = NULL;
    piq_http_config config = with(&p->a);
    http_fixture *f = http_begin_also(&config, open_stream, &s);
    tls_client c;
    assert_int_equal(tls_connect(f, "NORMAL", &c, NULL), 0);
    tls_send(&c, GET("/stream"));
    assert_true(tls_until(&c, got, sizeof got, "\r\n\r\n"));
    pthread_mutex_lock(&f->lock);
    while (!s)
        pthread_cond_wait(&f->more, &f->lock);
    pthread_mutex_unlock(&f->lock);
    for (int i = 0; i < 20; i++) {
        char text[20];
        snprintf(text, sizeof text, "data: %d.", i);
        assert_int_equal(piq_http_stream_write(
                             s, piq_bytes_take(strdup(text), strlen(text))),
                         PIQ_OK);
        assert_true(tls_until(&c, got, sizeof got, text));
    }
    piq_http_stream_end(s);
    assert_true(tls_until(&c, got, sizeof got, "0\r\n\r\n"));
    tls_close(&c);
    http_end(f);
}

static void test_http_tls__stop_closes_all_kinds(void **state)
{
    const pairs *p = *state;
    char got[4096];
    piq_http_config config = with(&p->a);
    http_fixture *f = http_begin(&config);
    tls_client idle;
    tls_client held;
    assert_int_equal(tls_connect(f, "NORMAL", &idle, NULL), 0);
    tls_send(&idle, GET("/in"));
    assert_true(tls_until(&idle, got, sizeof got, "GET /in ?"));
    assert_int_equal(tls_connect(f, "NORMAL", &held, NULL), 0);
    int half = http_connect(f); /* within its handshake */
    tls_send(&held, GET("/hold"));
    piq_http_request *r = http_wait_held(f);
    piq_http_stop(f->server, 50);
    f->server = NULL;
    http_answer_text(r, PIQ_STR("late"));
    assert_false(tls_until(&held, got, sizeof got, "late"));
    tls_close(&idle);
    tls_close(&held);
    close(half);
    http_end(f);
}

/* --- certificates
 * --------------------------------------------------------------- */

static void test_http_tls__pairs_that_do_not_fit_are_refused(void **state)
{
    const pairs *p = *state;
    const struct {
        piq_str cert;
        piq_str key;
        const char *why;
    } wrong[] = {
        {str(&p->a.cert), str(&p->b.key), "not that of the certificate"},
        {str(&p->a.key), str(&p->a.key), "read the TLS certificate"},
        {str(&p->a.cert), str(&p->a.cert), "read the TLS key"},
        {str(&p->a.cert), {NULL, 0}, "read the TLS key"},
        {{NULL, 0}, str(&p->a.key), "read the TLS certificate"},
        {PIQ_STR(""), PIQ_STR("x"), "read the TLS certificate"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const piq_http_config c = {.tls_cert = wrong[i].cert,
                                   .tls_key = wrong[i].key};
        piq_http_server *s = NULL;
        piq_err err = {0};
        assert_int_equal(piq_http_start(&c, http_handler, NULL, NULL, &s, &err),
                         PIQ_EINVAL);
        assert_null(s);
        if (!strstr(err.message, wrong[i].why))
            fail_msg("%zu: \"%s\"", i, err.message);
        assert_true(err.hint[0] != '\0');
    }
}

static void test_http_tls__reload_is_for_new_connections(void **state)
{
    const pairs *p = *state;
    char got[4096];
    char name[50];
    piq_err err = {0};
    piq_http_config config = with(&p->a);
    http_fixture *f = http_begin(&config);
    tls_client before;
    tls_client after;
    assert_int_equal(tls_connect(f, "NORMAL", &before, NULL), 0);
    name_of(&before, name, sizeof name);
    assert_string_equal(name, "first");
    /* One that does not fit changes nothing. */
    assert_int_equal(
        piq_http_reload_tls(f->server, str(&p->b.cert), str(&p->a.key), &err),
        PIQ_EINVAL);
    assert_int_equal(tls_connect(f, "NORMAL", &after, NULL), 0);
    name_of(&after, name, sizeof name);
    assert_string_equal(name, "first");
    tls_close(&after);
    assert_int_equal(
        piq_http_reload_tls(f->server, str(&p->b.cert), str(&p->b.key), &err),
        PIQ_OK);
    assert_int_equal(tls_connect(f, "NORMAL", &after, NULL), 0);
    name_of(&after, name, sizeof name);
    assert_string_equal(name, "second");
    tls_send(&before, GET("/in"));
    assert_true(tls_until(&before, got, sizeof got, "GET /in ?"));
    tls_close(&before);
    tls_close(&after);
    http_end(f);
}

static void test_http_tls__reload_needs_a_server_with_tls(void **state)
{
    const pairs *p = *state;
    const piq_http_config plain = {.max_body_bytes = 0};
    piq_err err = {0};
    http_fixture *f = http_begin(&plain);
    assert_int_equal(
        piq_http_reload_tls(f->server, str(&p->a.cert), str(&p->a.key), &err),
        PIQ_EINVAL);
    http_end(f);
}

typedef struct shaker {
    http_fixture *f;
    pthread_t thread;
    int n_right;
} shaker;

static void *shake_hands(void *ctx)
{
    shaker *k = ctx;
    for (int i = 0; i < 10; i++) {
        tls_client c;
        char got[4096];
        if (tls_connect(k->f, "NORMAL", &c, NULL) == 0) {
            tls_send(&c, GET("/in"));
            k->n_right += tls_until(&c, got, sizeof got, "GET /in ?");
        }
        tls_close(&c);
    }
    return NULL;
}

static void test_http_tls__reload_under_load_breaks_no_handshake(void **state)
{
    const pairs *p = *state;
    shaker k[4];
    piq_http_config config = with(&p->a);
    http_fixture *f = http_begin(&config);
    for (int i = 0; i < 4; i++) {
        k[i] = (shaker){.f = f};
        assert_int_equal(pthread_create(&k[i].thread, NULL, shake_hands, &k[i]),
                         0);
    }
    for (int i = 0; i < 30; i++) {
        const pair *next = i % 2 ? &p->a : &p->b;
        piq_err err = {0};
        assert_int_equal(piq_http_reload_tls(f->server, str(&next->cert),
                                             str(&next->key), &err),
                         PIQ_OK);
        http_sleep_ms(2);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(k[i].thread, NULL);
        assert_int_equal(k[i].n_right, 10);
    }
    http_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_tls__requests_are_served),
        cmocka_unit_test(test_http_tls__sessions_are_resumed),
        cmocka_unit_test(test_http_tls__old_and_weak_suites_are_refused),
        cmocka_unit_test(test_http_tls__plain_text_is_not_served),
        cmocka_unit_test(test_http_tls__slow_handshakes_are_closed),
        cmocka_unit_test(test_http_tls__drip_fed_requests_are_closed),
        cmocka_unit_test(test_http_tls__streams_arrive_and_end),
        cmocka_unit_test(test_http_tls__stop_closes_all_kinds),
        cmocka_unit_test(test_http_tls__pairs_that_do_not_fit_are_refused),
        cmocka_unit_test(test_http_tls__reload_is_for_new_connections),
        cmocka_unit_test(test_http_tls__reload_needs_a_server_with_tls),
        cmocka_unit_test(test_http_tls__reload_under_load_breaks_no_handshake),
    };
    return cmocka_run_group_tests(tests, make_pairs, drop_pairs);
}
