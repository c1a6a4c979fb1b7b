/* token.h - reading a signed token, strictly. Private to access/.
 *
 * A JWT (RFC 7519) in compact form, with RFC 8725 kept to the letter:
 *
 *     base64url(header) "." base64url(claims) "." base64url(signature)
 *
 * header: alg, kid, and typ "JWT" if it likes; any other member (jwk, jku, x5u,
 * x5c, crit, b64, ..) refuses the token, so nothing in it can bring a key along
 * or change what was signed. claims: sub, exp, aud; iat, nbf, role, scope if it
 * likes; others are somebody else's. Nothing is read of the claims before the
 * signature holds. One token has one spelling.
 *
 * Pure: the clock is an argument. Any thread.
 */
#ifndef PIQ_ACCESS_TOKEN_H
#define PIQ_ACCESS_TOKEN_H

#include "access/access.h"
#include "access/verifier.h"

enum {
    PIQ_MAX_TOKEN_BYTES = 4096,
    PIQ_MAX_SIGNATURE_BYTES = PIQ_MAX_RSA_BITS / 8
};

/* Why a token is none. For tests and the owner's help; those from FORM to
 * SIGNATURE look the same from outside. */
typedef enum piq_token_fault {
    PIQ_TOKEN_GOOD,
    PIQ_TOKEN_LONG,      /* over PIQ_MAX_TOKEN_BYTES */
    PIQ_TOKEN_FORM,      /* not three parts of base64url */
    PIQ_TOKEN_HEADER,    /* not such a header */
    PIQ_TOKEN_KID,       /* nobody signs by that name */
    PIQ_TOKEN_ALGORITHM, /* not that signer's */
    PIQ_TOKEN_SIGNATURE,
    PIQ_TOKEN_CLAIMS, /* not an object of claims in the expected types */
    PIQ_TOKEN_EXPIRED,
    PIQ_TOKEN_EARLY, /* nbf or iat lie ahead */
    PIQ_TOKEN_LIFE,  /* too long, or it ends before it begins */
    PIQ_TOKEN_AUDIENCE,
    PIQ_TOKEN_SUBJECT,
    PIQ_TOKEN_ROLE,
    PIQ_TOKEN_SCOPE,
    PIQ_TOKEN_MEMORY /* there was none to read it, which says nothing of it */
} piq_token_fault;

/* For whoever sent it. */
const char *piq_token_fault_text(piq_token_fault fault);

typedef struct piq_token {
    char algorithm[8];
    char kid[64];
    piq_str signed_part; /* into the text */
    piq_str claims;      /* into the text, base64url */
    uint8_t signature[PIQ_MAX_SIGNATURE_BYTES];
    size_t signature_bytes;
} piq_token;

/* Takes apart; proves nothing. *out is complete when GOOD comes back. */
piq_token_fault piq_token_split(piq_str text, piq_token *out);
/* Whether that signer made it. */
piq_token_fault piq_token_verify(const piq_token *t, const piq_verifier *by);

typedef struct piq_token_rules {
    piq_str audience;
    int64_t max_life_us;
    int64_t leeway_us;
    uint32_t tenant; /* the signer's */
    int64_t now_us;
} piq_token_rules;

/* Reads the claims of a token that was verified. *from_us: before it, the token
 * would be early. */
piq_token_fault piq_token_claims(const piq_token *t,
                                 const piq_token_rules *rules, piq_caller *out,
                                 int64_t *from_us);

/* Who a subject is: role, id and all that the role may; the rest of *out is
 * left. False: nobody can be that. */
bool piq_caller_learner(piq_str subject, uint32_t tenant, piq_caller *out);
bool piq_caller_coach(piq_str subject, uint32_t tenant, piq_caller *out);

#endif
