/* fuzz_token.c - whatever comes as a credential or as a signer's key.
 *
 *     fuzz_token [ROUNDS [SEED]]       PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * The first byte of an input says what the rest is:
 *     t  a token, as it is                 a  an Authorization header
 *     s  header, newline, claims: signed   c  a Cookie header
 *     r  an RS256 key                      e  an EdDSA key
 *     b  base64url
 * Laws, at every input: nobody gets in by a token that is not signed; who gets
 * in by one that is has no more than a learner's or a coach's scopes, an end,
 * an id, and is the same when asked again; what base64url is read from is its
 * only spelling.
 *
 * The signers and good tokens are those of golden/tokens.h.
 */
#include "access/crypto.h"
#include "access/token.h"
#include "golden/tokens.h"
#include "support/fuzz_driver.h"
#include "support/token_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_BYTES = 6000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What tokens are asked of; made at the first input. */
static token_world world;

/* ---- one input ------------------------------------------------------------
 */

static void check_caller(const piq_caller *c)
{
    const uint32_t learner = PIQ_SCOPE_EVENTS_WRITE | PIQ_SCOPE_PROFILE_READ |
                             PIQ_SCOPE_RECOMMENDATIONS_READ | PIQ_SCOPE_ANY;
    fuzz_law(c->role == PIQ_ROLE_LEARNER || c->role == PIQ_ROLE_COACH, "role");
    fuzz_law((c->scopes & ~learner) == 0, "no more than a learner's scopes");
    fuzz_law(c->role == PIQ_ROLE_LEARNER ||
                 !(c->scopes & PIQ_SCOPE_EVENTS_WRITE),
             "a coach reads");
    fuzz_law(c->tenant == 0, "the signer's tenant");
    fuzz_law((c->role == PIQ_ROLE_LEARNER) == (c->learner.v > 0),
             "a learner's id");
    fuzz_law(c->learner.v < INT64_C(1) << PIQ_TENANT_SHIFT, "in the tenant");
    fuzz_law(c->expires_us > GOLDEN_NOW_US, "not expired");
    fuzz_law(c->expires_us <= GOLDEN_NOW_US + INT64_C(86460) * 1000000,
             "an end");
    fuzz_law(strnlen(c->id, sizeof c->id) < sizeof c->id && c->id[0], "an id");
    fuzz_law(strnlen(c->coach, sizeof c->coach) < sizeof c->coach, "a name");
}

static void try_signed(token_world *w, const char *text)
{
    char header[MAX_BYTES + 1], token[3 * MAX_BYTES];
    piq_caller c, again;
    const char *newline = strchr(text, '\n');
    if (!newline)
        return;
    snprintf(header, sizeof header, "%.*s", (int)(newline - text), text);
    token_world_sign(header, newline + 1, token);
    if (token_world_ask(w, piq_str_of(token), GOLDEN_NOW_US, &c, NULL))
        return;
    check_caller(&c);
    fuzz_law(
        !token_world_ask(w, piq_str_of(token), GOLDEN_NOW_US, &again, NULL),
        "good twice");
    fuzz_law(memcmp(&c, &again, sizeof c) == 0, "the same twice");
}

static bool is_golden(piq_str token)
{
    for (size_t i = 0; i < sizeof golden_good / sizeof golden_good[0]; i++)
        if (piq_str_eq(token, piq_str_of(golden_good[i].token)))
            return true;
    return false;
}

static void try_token(token_world *w, piq_str text)
{
    piq_caller c;
    while (text.len && text.ptr[0] == ' ') /* as many as one likes */
        text = (piq_str){text.ptr + 1, text.len - 1};
    if (token_world_ask(w, text, GOLDEN_NOW_US, &c, NULL) == PIQ_OK)
        fuzz_law(is_golden(text), "only what was signed");
}

static void try_header(token_world *w, piq_str text, bool cookie)
{
    piq_caller c;
    piq_credential given = {.authorization = text};
    if (cookie)
        given = (piq_credential){.cookie = text};
    piq_status status =
        piq_access_authenticate(w->k, &given, GOLDEN_NOW_US, &c, NULL);
    fuzz_law(status == PIQ_EDENIED || (!cookie && status == PIQ_OK),
             "no session was ever begun");
}

static void try_key(piq_str algorithm, piq_str key)
{
    piq_verifier *v;
    static const char zero[256] = {0};
    if (piq_verifier_new(algorithm, key, &v, NULL))
        return;
    fuzz_law(
        !piq_verifier_check(v, PIQ_STR("x"), (piq_str){zero, sizeof zero}) &&
            !piq_verifier_check(v, PIQ_STR("x"), (piq_str){zero, 64}),
        "zeros sign nothing");
    piq_verifier_free(v);
}

static void try_base64(piq_str text)
{
    uint8_t bytes[MAX_BYTES];
    char again[2 * MAX_BYTES];
    size_t n;
    if (!piq_crypto_unbase64url(text, bytes, sizeof bytes, &n))
        return;
    piq_crypto_base64url(bytes, n, again);
    fuzz_law(piq_str_eq(text, piq_str_of(again)), "one spelling");
}

static void try_one(token_world *w, char kind, piq_str rest)
{
    switch (kind) {
    case 't':
        try_token(w, rest);
        break;
    case 's':
        try_signed(w, rest.ptr);
        break;
    case 'a':
    case 'c':
        try_header(w, rest, kind == 'c');
        break;
    case 'r':
        try_key(PIQ_STR("RS256"), rest);
        break;
    case 'e':
        try_key(PIQ_STR("EdDSA"), rest);
        break;
    case 'b':
        try_base64(rest);
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;
    if (!world.k)
        token_world_begin(&world);
    if (size < 1 || size > MAX_BYTES || !(text = malloc(size)))
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    try_one(&world, (char)data[0], (piq_str){text, size - 1});
    free(text);
    return 0;
}

#ifndef PIQ_LIBFUZZER
static void forget(void)
{
    if (world.k)
        token_world_end(&world);
}

int main(int argc, char **argv)
{
    const fuzz_plan plan = {.name = "token",
                            .one = LLVMFuzzerTestOneInput,
                            .rounds = 20000,
                            .end = forget};
    return fuzz_drive(&plan, argc, argv);
}
#endif
