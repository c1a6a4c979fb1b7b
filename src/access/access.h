/* access.h - who calls, and what they may.
 *
 * A credential is the only thing that says who somebody is: an API key of the
 * platform, a signed token of a learner or a coach, or the cookie of a session
 * that a one-time link began. From it come the tenant, the role and the scopes;
 * nothing in a path, a query or a body can add to them.
 *
 *     credential --> piq_access_authenticate --> piq_caller
 *     piq_caller, route's scope, learner     --> piq_caller_may
 *
 * Tenants. A learner's id inside the engine is tenant << 40 | the id that the
 * tenant's platform uses, so that two tenants never meet in a table, a cache or
 * a queue. Tenant 0 is the installation that has only one. The curriculum, the
 * rules and the models belong to the installation: only keys of tenant 0 change
 * them.
 *
 * What is kept lies in the store as records (store.h): keys (hashed), signers
 * (what tokens are verified with), coaches' learners. Changes reach every
 * engine on the same store within seconds.
 *
 * Threads: everything may be called from any thread, but open and close.
 */
#ifndef PIQ_ACCESS_ACCESS_H
#define PIQ_ACCESS_ACCESS_H

#include "base/arena.h"
#include "base/log.h"
#include "base/status.h"
#include "base/str.h"
#include "domain/ids.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- tenants ----------------------------------------------------------- */

enum {
    PIQ_TENANT_SHIFT = 40,
    PIQ_MAX_TENANT = 8191 /* ids stay below 2^53, exact in every JSON reader */
};

/* The engine's id of a tenant's learner; PIQ_EINVAL: `outer` is not in
 * 1 .. 2^40 - 1. */
PIQ_MUST_USE piq_status piq_learner_of(uint32_t tenant, int64_t outer,
                                       piq_user_id *out, piq_err *err);
/* The id that the learner's own platform knows. */
int64_t piq_learner_outer(piq_user_id user);
uint32_t piq_learner_tenant(piq_user_id user);

/* ---- scopes and callers ------------------------------------------------- */

/* What a route asks for; names in api/openapi.yaml (x-scope). */
enum {
    PIQ_SCOPE_NONE = 0, /* open: health only */
    PIQ_SCOPE_EVENTS_WRITE = 1,
    PIQ_SCOPE_PROFILE_READ = 2,
    PIQ_SCOPE_RECOMMENDATIONS_READ = 4,
    PIQ_SCOPE_CATALOGUE_WRITE = 8,
    PIQ_SCOPE_ADMIN = 16,
    PIQ_SCOPE_ANY = 32 /* whoever has a credential: the contract, catalogue */
};
/* "events:write" and so on; NULL: not one scope. */
const char *piq_scope_name(uint32_t scope);
/* Several, parted by spaces or commas; 0: one of them is none. */
uint32_t piq_scopes_read(piq_str names);

typedef enum piq_role {
    PIQ_ROLE_PLATFORM, /* an API key: every learner of its tenant */
    PIQ_ROLE_LEARNER,  /* themselves, with every scope that is a learner's */
    PIQ_ROLE_COACH     /* reads assigned learners */
} piq_role;
const char *piq_role_name(piq_role role);

/* Plain bytes: copy freely. */
typedef struct piq_caller {
    piq_role role;
    uint32_t tenant;
    uint32_t scopes;     /* or of the above */
    piq_user_id learner; /* role LEARNER: themselves; COACH: 0 */
    char id[40];         /* for logs, limits and the audit: "key:7f3a..",
                            "learner:12", "coach:..": never a secret */
    char coach[64];      /* role COACH: the token's subject */
    int64_t expires_us;  /* of the credential; INT64_MAX: never */
    bool by_cookie;      /* a browser sent it by itself: a change asks for
                            proof that the page is ours (api/) */
    bool may_switch;     /* a session as somebody else that an admin began: it
                            may begin another (piq_access_act_as) */
    unsigned requests_per_s; /* 0: the installation's; PIQ_NO_RATE: no limit */
    uint64_t source;         /* key or signer that it comes from, 0: none; goes
                                when that goes */
    uint64_t session;        /* that it came by, 0: none; goes when that ends */
} piq_caller;
#define PIQ_NO_RATE UINT32_MAX

/* The program that embeds the library, and commands on the same machine:
 * tenant 0, every scope, no limit. */
piq_caller piq_caller_trusted(void);

typedef struct piq_access piq_access;

/* Whether the caller may do what asks for `scope`, to `user` (0: to no learner
 * in particular). PIQ_OK; PIQ_EDENIED: the scope is missing (403);
 * PIQ_ENOTFOUND: a learner of whom the caller may not even know (404), the same
 * words as for one who does not exist. Without a learner, admin is of the
 * caller's own tenant: what is the installation's alone, the route says
 * (piq_api_route). `k` is asked about coaches' learners
 * only, and may be NULL for anybody else. */
PIQ_MUST_USE piq_status piq_caller_may(piq_access *k, const piq_caller *c,
                                       uint32_t scope, piq_user_id user,
                                       int64_t now_us, piq_err *err);

/* ---- the keeper -----------------------------------------------------------
 */

typedef struct piq_access_config {
    const char *audience;    /* that tokens must name; NULL: "piq" */
    unsigned max_token_s;    /* a token may live so long; 0: 86,400 */
    unsigned leeway_s;       /* clocks may differ by; 0: 30 */
    unsigned session_s;      /* a session begun by a link lives; 0: 43,200 */
    unsigned reload_ms;      /* records are read again so often; 0: 2,000 */
    unsigned requests_per_s; /* of a caller, sustained; 0: no limit */
    unsigned burst;          /* of a caller at once; 0: 4 s of the above */
    piq_reporter reporter;   /* when records cannot be read again */
    bool read_elsewhere;     /* somebody calls piq_access_refresh every
                                reload_ms or sooner: nothing else reads, and
                                who asks never waits for the store (but about
                                coaches) */
} piq_access_config;

/* The store stays the caller's and outlives this. `config` may be NULL. */
PIQ_MUST_USE piq_status piq_access_open(piq_store *store,
                                        const piq_access_config *config,
                                        piq_access **out, piq_err *err);
void piq_access_close(piq_access *k); /* NULL is allowed */

/* Reads the records again if somebody has changed them. authenticate and may do
 * this by themselves every reload_ms; what they know stays in force while the
 * store cannot be read. */
PIQ_MUST_USE piq_status piq_access_refresh(piq_access *k, int64_t now_us,
                                           piq_err *err);

/* What a request brought along; empty what it did not. */
typedef struct piq_credential {
    piq_str authorization; /* "Bearer .." */
    piq_str cookie;        /* the whole Cookie header */
} piq_credential;

/* Who it is. PIQ_EDENIED: nobody that is known (401): no credential, a wrong
 * one, an expired one; *err does not say more than helps its owner. Takes the
 * same time for a wrong key wherever it is wrong. Verified tokens are
 * remembered until they expire, and forgotten at once when their signer goes.
 */
PIQ_MUST_USE piq_status piq_access_authenticate(piq_access *k,
                                                const piq_credential *given,
                                                int64_t now_us, piq_caller *out,
                                                piq_err *err);

/* Whether the credential of one who was let in is good still: it has not
 * expired, and key, signer and session that it came from are there; taken back
 * by another process within reload_ms. Cheap: for who stays for long. */
bool piq_access_knows(piq_access *k, const piq_caller *c, int64_t now_us);

/* Counts one request of the caller. PIQ_EBUSY: over the rate; *retry_after_s
 * says when there is room (at least 1). The number of callers that are counted
 * apart is bounded; the rest share. A caller's own rate has a burst of 4 s. */
PIQ_MUST_USE piq_status piq_access_admit(piq_access *k, const piq_caller *c,
                                         int64_t now_us,
                                         unsigned *retry_after_s, piq_err *err);

/* ---- API keys ---------------------------------------------------------------
 */

enum { PIQ_KEY_BYTES = 64 }; /* with the NUL */

typedef struct piq_key_info {
    char id[24];   /* public part of the key */
    char name[64]; /* what its maker called it */
    uint32_t tenant;
    uint32_t scopes;
    int64_t made_us;
    int64_t expires_us;      /* INT64_MAX: never */
    unsigned requests_per_s; /* 0: the installation's */
} piq_key_info;

/* Makes a key with name, tenant, scopes, expiry of *info and fills in the rest;
 * `secret` is the whole key, "piq_<id>_<256 random bits>", told this once: only
 * SHA-256 of it is kept. */
PIQ_MUST_USE piq_status piq_access_make_key(piq_access *k, piq_key_info *info,
                                            int64_t now_us,
                                            char secret[PIQ_KEY_BYTES],
                                            piq_err *err);
PIQ_MUST_USE piq_status piq_access_keys(piq_access *k, piq_arena *a,
                                        piq_key_info **out, size_t *n,
                                        piq_err *err);
/* At once here, elsewhere within reload_ms. PIQ_ENOTFOUND. Any other error: see
 * the message, it may be stored and not yet true here. */
PIQ_MUST_USE piq_status piq_access_revoke_key(piq_access *k, piq_str id,
                                              piq_err *err);

/* ---- signers of tokens
 * --------------------------------------------------------- */

/* One key that tokens are verified with, chosen by `kid`. Its algorithm is
 * pinned: a token that names another is refused. */
typedef struct piq_signer_info {
    char kid[64];
    char algorithm[8]; /* "HS256", "RS256", "EdDSA" */
    uint32_t tenant;   /* of everybody whom it signs for */
    int64_t made_us;
} piq_signer_info;

/* `key`: the secret (HS256, at least 32 bytes), or a public key as PEM or JWK.
 * PIQ_EINVAL: no such algorithm, a weak or wrong key, a private one;
 * PIQ_ECONFLICT: the kid is taken. */
PIQ_MUST_USE piq_status piq_access_add_signer(piq_access *k,
                                              const piq_signer_info *info,
                                              piq_str key, int64_t now_us,
                                              piq_err *err);
PIQ_MUST_USE piq_status piq_access_signers(piq_access *k, piq_arena *a,
                                           piq_signer_info **out, size_t *n,
                                           piq_err *err);
PIQ_MUST_USE piq_status piq_access_drop_signer(piq_access *k, piq_str kid,
                                               piq_err *err);

/* ---- coaches
 * ----------------------------------------------------------------- */

/* Replaces whom a coach has; ids are the engine's, of one tenant. PIQ_ELIMIT:
 * more than 10,000. */
PIQ_MUST_USE piq_status piq_access_assign(piq_access *k, uint32_t tenant,
                                          piq_str coach,
                                          const piq_user_id *learners, size_t n,
                                          piq_err *err);
PIQ_MUST_USE piq_status piq_access_assigned(piq_access *k, piq_arena *a,
                                            uint32_t tenant, piq_str coach,
                                            piq_user_id **out, size_t *n,
                                            piq_err *err);

/* Some of whom a coach has: ids after `after` (0: from the first), at most
 * `limit`. */
typedef struct piq_coached_range {
    uint32_t tenant;
    piq_str coach;
    piq_user_id after;
    size_t limit;
} piq_coached_range;
/* The same list as piq_caller_may goes by: ascending, in `a`, of nobody where
 * nobody was assigned. PIQ_EINVAL: not a coach's name. */
PIQ_MUST_USE piq_status piq_access_coached(piq_access *k, piq_arena *a,
                                           const piq_coached_range *range,
                                           int64_t now_us, piq_user_id **out,
                                           size_t *n, piq_err *err);

/* Takes an erased learner from every coach's list. */
PIQ_MUST_USE piq_status piq_access_forget(piq_access *k, piq_user_id user,
                                          piq_err *err);

/* ---- links and sessions
 * ---------------------------------------------------------- */

/* A token for a link, good once and for a few minutes, that begins a session of
 * `as`. In memory of this process only. */
PIQ_MUST_USE piq_status piq_access_make_link(piq_access *k,
                                             const piq_caller *as,
                                             int64_t now_us, char token[48],
                                             piq_err *err);
/* Whom a session is for: a learner ("12"), a coach (their name), or whoever
 * runs the installation (PIQ_ROLE_PLATFORM: tenant 0, every scope, ""). */
typedef struct piq_link_for {
    piq_role role;
    uint32_t tenant;
    piq_str subject;
} piq_link_for;
/* A link for a command that runs beside the servers: its SHA-256 is kept in the
 * store until it is used or too old. Every engine knows it within reload_ms,
 * and one of them begins one session. PIQ_EINVAL: nobody can be that;
 * PIQ_ELIMIT: too many are kept. */
PIQ_MUST_USE piq_status piq_access_store_link(piq_access *k,
                                              const piq_link_for *whom,
                                              int64_t now_us, char token[48],
                                              piq_err *err);
/* Whether using that link asks the store, for who may not wait for it. */
bool piq_access_link_is_stored(piq_access *k, piq_str token, int64_t now_us);
/* Begins the session: `cookie` gets the value to set (of the cookie
 * "piq_session"). PIQ_EDENIED: no such link, or it was used. Errors of the
 * store, of a link that it keeps. */
PIQ_MUST_USE piq_status piq_access_use_link(piq_access *k, piq_str token,
                                            int64_t now_us, char cookie[48],
                                            int64_t *expires_us, piq_err *err);
/* A session as a learner of one's tenant, for whoever has the scope admin
 * there, or has such a session: the demonstration's switch between learners.
 * PIQ_EDENIED: not `by`; PIQ_ENOTFOUND: another tenant's. */
PIQ_MUST_USE piq_status piq_access_act_as(piq_access *k, const piq_caller *by,
                                          piq_user_id learner, int64_t now_us,
                                          char cookie[48], piq_err *err);
void piq_access_end_session(piq_access *k, piq_str cookie);

#endif
