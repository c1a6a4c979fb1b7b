/* token.c - from the text of a token to a caller. */
#include "access/token.h"

#include "access/keeper.h"
#include "domain/json_reader.h"

#include <stdio.h>

enum { MAX_HEADER_BYTES = 512, MAX_AUDIENCES = 16 };

const char *piq_token_fault_text(piq_token_fault fault)
{
    switch (fault) {
    case PIQ_TOKEN_GOOD:
        return "the token is good";
    case PIQ_TOKEN_LONG:
        return "the token is too long";
    case PIQ_TOKEN_FORM:
    case PIQ_TOKEN_HEADER:
    case PIQ_TOKEN_KID:
    case PIQ_TOKEN_ALGORITHM:
    case PIQ_TOKEN_SIGNATURE:
        return "the token is not one of a known signer";
    case PIQ_TOKEN_CLAIMS:
        return "the token's claims are not as expected";
    case PIQ_TOKEN_EXPIRED:
        return "the token has expired";
    case PIQ_TOKEN_EARLY:
        return "the token is not valid yet";
    case PIQ_TOKEN_LIFE:
        return "the token lives too long, or ends before it begins";
    case PIQ_TOKEN_AUDIENCE:
        return "the token is for another audience";
    case PIQ_TOKEN_SUBJECT:
        return "the token's subject is no learner, or no coach";
    case PIQ_TOKEN_ROLE:
        return "the token's role is neither learner nor coach";
    case PIQ_TOKEN_SCOPE:
        return "the token names a scope that does not exist";
    case PIQ_TOKEN_MEMORY:
        return "no memory to read the token";
    }
    return "the token is not valid";
}

/* ---- apart -------------------------------------------------------------- */

static piq_str string_of(const json_t *object, const char *member)
{
    const json_t *v = json_object_get(object, member);
    if (!json_is_string(v))
        return (piq_str){0};
    return (piq_str){json_string_value(v), json_string_length(v)};
}

/* Every member is one of these, and a string. */
static bool header_is_plain(json_t *header)
{
    static const char *const known[] = {"alg", "kid", "typ"};
    const char *name;
    json_t *value;
    json_object_foreach(header, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            is_known = is_known || strcmp(name, known[i]) == 0;
        if (!is_known || !json_is_string(value))
            return false;
    }
    return true;
}

static bool read_header(json_t *header, piq_token *out)
{
    if (!json_is_object(header) || !header_is_plain(header))
        return false;
    piq_str algorithm = string_of(header, "alg");
    piq_str kid = string_of(header, "kid");
    piq_str type = string_of(header, "typ");
    if (!algorithm.ptr || !kid.ptr || !algorithm.len ||
        algorithm.len >= sizeof out->algorithm ||
        !piq_access_is_name(kid, sizeof out->kid - 1))
        return false;
    if (json_object_get(header, "typ") && !piq_str_eq(type, PIQ_STR("JWT")))
        return false;
    memcpy(out->algorithm, algorithm.ptr, algorithm.len);
    memcpy(out->kid, kid.ptr, kid.len);
    return true;
}

/* The two dots; false unless there are just two, with something before, between
 * and behind. */
static bool find_dots(piq_str text, size_t dots[2])
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '.')
            continue;
        if (n == 2)
            return false;
        dots[n++] = i;
    }
    return n == 2 && dots[0] > 0 && dots[1] > dots[0] + 1 &&
           dots[1] + 1 < text.len;
}

piq_token_fault piq_token_split(piq_str text, piq_token *out)
{
    uint8_t header[MAX_HEADER_BYTES];
    size_t dots[2], n;
    json_t *json;
    if (text.len > PIQ_MAX_TOKEN_BYTES)
        return PIQ_TOKEN_LONG;
    if (!find_dots(text, dots))
        return PIQ_TOKEN_FORM;
    *out =
        (piq_token){.signed_part = {text.ptr, dots[1]},
                    .claims = {text.ptr + dots[0] + 1, dots[1] - dots[0] - 1}};
    piq_str signature = {text.ptr + dots[1] + 1, text.len - dots[1] - 1};
    if (!piq_crypto_unbase64url((piq_str){text.ptr, dots[0]}, header,
                                sizeof header, &n) ||
        !piq_crypto_unbase64url(signature, out->signature,
                                sizeof out->signature, &out->signature_bytes))
        return PIQ_TOKEN_FORM;
    piq_status status =
        piq_json_parse((piq_str){(char *)header, n}, &json, NULL);
    if (status)
        return status == PIQ_ENOMEM ? PIQ_TOKEN_MEMORY : PIQ_TOKEN_HEADER;
    bool read = read_header(json, out);
    json_decref(json);
    return read ? PIQ_TOKEN_GOOD : PIQ_TOKEN_HEADER;
}

piq_token_fault piq_token_verify(const piq_token *t, const piq_verifier *by)
{
    /* The signer's algorithm decides; the token may only agree. */
    if (strcmp(t->algorithm, piq_verifier_algorithm(by)) != 0)
        return PIQ_TOKEN_ALGORITHM;
    if (!piq_verifier_check(
            by, t->signed_part,
            (piq_str){(const char *)t->signature, t->signature_bytes}))
        return PIQ_TOKEN_SIGNATURE;
    return PIQ_TOKEN_GOOD;
}

/* ---- claims -------------------------------------------------------------- */

typedef struct claim_times {
    int64_t expires_us, not_before_us, issued_us;
} claim_times;

/* Whole seconds since 1970; `absent` when it is not there. */
static bool read_time(const json_t *claims, const char *name, int64_t absent,
                      int64_t *out_us)
{
    const json_t *v = json_object_get(claims, name);
    const int64_t max_s = INT64_C(1) << 40;
    if (!v) {
        *out_us = absent;
        return true;
    }
    if (!json_is_integer(v) || json_integer_value(v) < 0 ||
        json_integer_value(v) > max_s)
        return false;
    *out_us = json_integer_value(v) * 1000000;
    return true;
}

static piq_token_fault check_times(const json_t *claims,
                                   const piq_token_rules *rules,
                                   claim_times *at)
{
    const int64_t now_us = rules->now_us;
    if (!read_time(claims, "exp", -1, &at->expires_us) ||
        !read_time(claims, "nbf", 0, &at->not_before_us) ||
        !read_time(claims, "iat", -1, &at->issued_us) || at->expires_us < 0)
        return PIQ_TOKEN_CLAIMS;
    if (at->expires_us + rules->leeway_us <= now_us)
        return PIQ_TOKEN_EXPIRED;
    if (at->not_before_us > now_us + rules->leeway_us ||
        at->issued_us > now_us + rules->leeway_us)
        return PIQ_TOKEN_EARLY;
    int64_t from_us = at->issued_us < 0 ? now_us : at->issued_us;
    if (at->expires_us - from_us > rules->max_life_us ||
        (at->issued_us >= 0 && at->expires_us <= at->issued_us) ||
        at->expires_us <= at->not_before_us)
        return PIQ_TOKEN_LIFE;
    return PIQ_TOKEN_GOOD;
}

static bool is_for(const json_t *audience, piq_str us)
{
    if (json_is_string(audience))
        return piq_str_eq((piq_str){json_string_value(audience),
                                    json_string_length(audience)},
                          us);
    bool found = false;
    size_t n = json_array_size(audience); /* 0 when it is none */
    if (n > MAX_AUDIENCES)
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(audience, i);
        if (!json_is_string(one))
            return false;
        found = found || is_for(one, us);
    }
    return found;
}

/* "12", and nothing else that might be read as 12. */
static bool canonical_id(piq_str text, int64_t *out)
{
    if (text.len == 0 || text.len > 13 || text.ptr[0] == '0')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return piq_str_to_i64(text, out);
}

bool piq_caller_learner(piq_str subject, uint32_t tenant, piq_caller *out)
{
    int64_t outer;
    if (!canonical_id(subject, &outer) ||
        piq_learner_of(tenant, outer, &out->learner, NULL))
        return false;
    out->role = PIQ_ROLE_LEARNER;
    out->scopes = PIQ_SCOPE_EVENTS_WRITE | PIQ_SCOPE_PROFILE_READ |
                  PIQ_SCOPE_RECOMMENDATIONS_READ | PIQ_SCOPE_ANY;
    snprintf(out->id, sizeof out->id, "learner:%lld",
             (long long)out->learner.v);
    return true;
}

/* A name that is too long for an id is cut, and told apart by a hash. */
bool piq_caller_coach(piq_str subject, uint32_t tenant, piq_caller *out)
{
    if (!piq_access_is_name(subject, sizeof out->coach - 1))
        return false;
    out->role = PIQ_ROLE_COACH;
    out->scopes =
        PIQ_SCOPE_PROFILE_READ | PIQ_SCOPE_RECOMMENDATIONS_READ | PIQ_SCOPE_ANY;
    memcpy(out->coach, subject.ptr, subject.len);
    if (subject.len <= 24)
        snprintf(out->id, sizeof out->id, "coach:%u/%.24s", tenant, out->coach);
    else
        snprintf(out->id, sizeof out->id, "coach:%u/%.8s~%016llx", tenant,
                 out->coach,
                 (unsigned long long)piq_hash_bytes(subject.ptr, subject.len));
    return true;
}

static piq_token_fault read_who(const json_t *claims, uint32_t tenant,
                                piq_caller *out)
{
    const bool has_role = json_object_get(claims, "role") != NULL;
    const bool has_scope = json_object_get(claims, "scope") != NULL;
    piq_str role = string_of(claims, "role");
    piq_str subject = string_of(claims, "sub");
    uint32_t scopes = piq_scopes_read(string_of(claims, "scope"));
    bool is_coach = has_role && piq_str_eq(role, PIQ_STR("coach"));
    if (has_role && !is_coach && !piq_str_eq(role, PIQ_STR("learner")))
        return PIQ_TOKEN_ROLE;
    if (!(is_coach ? piq_caller_coach : piq_caller_learner)(subject, tenant,
                                                            out))
        return PIQ_TOKEN_SUBJECT;
    if (has_scope && !scopes)
        return PIQ_TOKEN_SCOPE;
    if (has_scope)
        out->scopes &= scopes | PIQ_SCOPE_ANY;
    return PIQ_TOKEN_GOOD;
}

static piq_token_fault read_claims(const json_t *claims,
                                   const piq_token_rules *rules,
                                   piq_caller *out, int64_t *from_us)
{
    claim_times at;
    piq_caller who = {.tenant = rules->tenant};
    if (!json_is_object(claims))
        return PIQ_TOKEN_CLAIMS;
    piq_token_fault fault = check_times(claims, rules, &at);
    if (!fault && !is_for(json_object_get(claims, "aud"), rules->audience))
        fault = PIQ_TOKEN_AUDIENCE;
    if (!fault)
        fault = read_who(claims, rules->tenant, &who);
    if (fault)
        return fault;
    int64_t begins_us =
        at.not_before_us > at.issued_us ? at.not_before_us : at.issued_us;
    *from_us = begins_us - rules->leeway_us;
    who.expires_us = at.expires_us + rules->leeway_us;
    *out = who;
    return PIQ_TOKEN_GOOD;
}

piq_token_fault piq_token_claims(const piq_token *t,
                                 const piq_token_rules *rules, piq_caller *out,
                                 int64_t *from_us)
{
    uint8_t bytes[PIQ_MAX_TOKEN_BYTES];
    size_t n;
    json_t *claims;
    if (!piq_crypto_unbase64url(t->claims, bytes, sizeof bytes, &n))
        return PIQ_TOKEN_FORM;
    piq_status status =
        piq_json_parse((piq_str){(char *)bytes, n}, &claims, NULL);
    if (status)
        return status == PIQ_ENOMEM ? PIQ_TOKEN_MEMORY : PIQ_TOKEN_CLAIMS;
    piq_token_fault fault = read_claims(claims, rules, out, from_us);
    json_decref(claims);
    return fault;
}
