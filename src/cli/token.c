/* token.c - piq token make: a signed token, for development and tests.
 *
 * In production a platform signs its own tokens; this does what it would do.
 * The private key is read, used and wiped; it goes nowhere.
 */
#include "cli/access_command.h"

#include "access/crypto.h"
#include "access/token.h"
#include "base/clock.h"

#include <gnutls/abstract.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEY_BYTES = 65536 };

typedef struct asked {
    const char *kid, *file, *subject, *role, *audience, *scope;
    int64_t minutes;
} asked;

typedef struct signing {
    gnutls_privkey_t private; /* NULL: HS256, by the secret */
    piq_str secret;
    const char *algorithm;
} signing;

static void write_header(piq_buf *b, const asked *x, const char *algorithm)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "alg", algorithm);
    piq_json_put_z(&w, "typ", "JWT");
    piq_json_put_z(&w, "kid", x->kid);
    piq_json_object_end(&w);
}

static void write_claims(piq_buf *b, const asked *x)
{
    const int64_t now_s = piq_clock_now_us() / 1000000;
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "sub", x->subject);
    piq_json_put_z(&w, "aud", x->audience);
    piq_json_put_int(&w, "iat", now_s);
    piq_json_put_int(&w, "exp", now_s + x->minutes * 60);
    if (x->role)
        piq_json_put_z(&w, "role", x->role);
    if (x->scope)
        piq_json_put_z(&w, "scope", x->scope);
    piq_json_object_end(&w);
}

/* Appends the bytes in base64url. */
static void add_base64(piq_buf *to, piq_str bytes)
{
    char *room = piq_buf_room(to, bytes.len / 3 * 4 + 5);
    if (!room)
        return;
    piq_crypto_base64url((const uint8_t *)bytes.ptr, bytes.len, room);
    piq_buf_wrote(to, strlen(room));
}

static piq_status add_signature(piq_buf *token, const signing *s, piq_err *err)
{
    uint8_t mac[PIQ_SHA256_BYTES];
    piq_str bytes = {(const char *)mac, sizeof mac};
    gnutls_datum_t made = {0};
    if (!s->private) {
        piq_crypto_hmac(s->secret, (piq_str){token->ptr, token->len}, mac);
    } else {
        const gnutls_datum_t data = {(unsigned char *)token->ptr,
                                     (unsigned)token->len};
        int code = gnutls_privkey_sign_data2(s->private,
                                             s->algorithm[0] == 'R'
                                                 ? GNUTLS_SIGN_RSA_SHA256
                                                 : GNUTLS_SIGN_EDDSA_ED25519,
                                             0, &data, &made);
        if (code < 0)
            return piq_fail(err, PIQ_EINVAL, "could not sign: %s",
                            gnutls_strerror(code));
        bytes = (piq_str){(const char *)made.data, made.size};
    }
    piq_buf_add_char(token, '.');
    add_base64(token, bytes);
    gnutls_free(made.data);
    return PIQ_OK;
}

static piq_status sign(const asked *x, const signing *s, piq_buf *token,
                       piq_err *err)
{
    piq_buf part;
    piq_buf_init(&part, 16384);
    write_header(&part, x, s->algorithm);
    add_base64(token, (piq_str){part.ptr, part.len});
    piq_status status = part.status;
    piq_buf_clear(&part);
    write_claims(&part, x);
    piq_buf_add_char(token, '.');
    add_base64(token, (piq_str){part.ptr, part.len});
    if (!status)
        status = part.status ? part.status : token->status;
    piq_buf_release(&part);
    if (status)
        return piq_fail(err, status, "no memory for a token");
    status = add_signature(token, s, err);
    if (!status && token->status)
        status = piq_fail(err, token->status, "no memory for a token");
    if (!status && token->len > PIQ_MAX_TOKEN_BYTES)
        status = piq_fail(err, PIQ_ELIMIT, "the token would be too long");
    return status;
}

/* A private key says by itself what it is; what is none is a secret. */
static piq_status load_key(piq_str key, signing *s, piq_err *err)
{
    const gnutls_datum_t data = {(unsigned char *)(uintptr_t)key.ptr,
                                 (unsigned)key.len};
    *s = (signing){.secret = key, .algorithm = "HS256"};
    if (key.len < 10 || memcmp(key.ptr, "-----BEGIN", 10) != 0)
        return key.len < PIQ_MIN_HMAC_BYTES
                   ? piq_fail(err, PIQ_EINVAL, "a secret has at least 32 bytes")
                   : PIQ_OK;
    if (gnutls_privkey_init(&s->private) < 0)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a key");
    if (gnutls_privkey_import_x509_raw(s->private, &data, GNUTLS_X509_FMT_PEM,
                                       NULL, 0) < 0)
        return piq_fail(err, PIQ_EINVAL,
                        "neither a private key as PEM nor a secret");
    switch (gnutls_privkey_get_pk_algorithm(s->private, NULL)) {
    case GNUTLS_PK_RSA:
        s->algorithm = "RS256";
        return PIQ_OK;
    case GNUTLS_PK_EDDSA_ED25519:
        s->algorithm = "EdDSA";
        return PIQ_OK;
    default:
        return piq_fail(err, PIQ_EINVAL, "the key is neither RSA nor Ed25519");
    }
}

static int make(const asked *x)
{
    piq_err err = {0};
    char *bytes;
    size_t len;
    signing s = {0};
    piq_buf token;
    if (piq_read_file(x->file, MAX_KEY_BYTES, &bytes, &len, &err))
        return piq_could_not(&err);
    size_t used = len && bytes[len - 1] == '\n' ? len - 1 : len;
    piq_buf_init(&token, 65536);
    piq_status status = load_key((piq_str){bytes, used}, &s, &err);
    if (!status)
        status = sign(x, &s, &token, &err);
    if (!status)
        printf("%.*s\n", (int)token.len, token.ptr);
    if (s.private)
        gnutls_privkey_deinit(s.private);
    piq_crypto_wipe(bytes, len);
    free(bytes);
    piq_buf_release(&token);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

static int token(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    asked x = {.audience = "piq", .minutes = 60};
    const piq_option options[] = {
        {"kid", PIQ_OPT_TEXT, &x.kid, 0, 0},
        {"key", PIQ_OPT_TEXT, &x.file, 0, 0},
        {"sub", PIQ_OPT_TEXT, &x.subject, 0, 0},
        {"role", PIQ_OPT_TEXT, &x.role, 0, 0},
        {"scope", PIQ_OPT_TEXT, &x.scope, 0, 0},
        {"audience", PIQ_OPT_TEXT, &x.audience, 0, 0},
        {"minutes", PIQ_OPT_INT, &x.minutes, 1, 525600},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code >= 0)
        return code;
    if (strcmp(args.rest[0], "make") != 0)
        return piq_wrong_use(self, "make is expected");
    if (!x.kid || !x.file || !x.subject)
        return piq_wrong_use(self, "make needs --kid, --key and --sub");
    return make(&x);
}

const piq_command piq_cmd_token = {
    "token", "make", "Signs a token as a platform would, for development.",
    "  --kid K          of the signer that was added\n"
    "  --key FILE       the private key as PEM, or the secret\n"
    "  --sub S          the learner's id, or the coach's name\n"
    "  --role coach     a coach's (learner)\n"
    "  --scope \"S S\"    only these (all that the role has)\n"
    "  --audience A     as the server expects (piq)\n"
    "  --minutes M      how long it lives (60)\n",
    token};
