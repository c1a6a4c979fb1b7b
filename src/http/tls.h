/* tls.h - the certificate and key that handshakes use, and their change while
 * the server runs.
 *
 * A pair is checked whole before it is used: a certificate that cannot be
 * read, or a key of another, never takes the place of one that works. A
 * replaced pair stays until the handshakes that hold it must be over.
 *
 * Threads: new, replace and free from one; pair from any.
 */
#ifndef PIQ_HTTP_TLS_H
#define PIQ_HTTP_TLS_H

#include "base/status.h"
#include "base/str.h"

#include <gnutls/abstract.h>

/* TLS 1.2 and 1.3; key exchange with forward secrecy, AEAD ciphers. */
#define PIQ_TLS_PRIORITIES                                                     \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"                               \
    ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"                                         \
    ":-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM"                \
    ":-MAC-ALL:+AEAD:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:%SERVER_PRECEDENCE"

enum { PIQ_TLS_CHAIN = 16 }; /* certificates in a chain, at most */

typedef struct piq_tls piq_tls;

typedef struct piq_tls_pair {
    gnutls_pcert_st chain[PIQ_TLS_CHAIN];
    unsigned n;
    gnutls_privkey_t key;
} piq_tls_pair;

/* PEM, both. PIQ_EINVAL: cannot be read, or the key is another's. */
PIQ_MUST_USE piq_status piq_tls_new(piq_str cert, piq_str key, piq_tls **out,
                                    piq_err *err);
/* As above; on failure the pair in use stays. */
PIQ_MUST_USE piq_status piq_tls_replace(piq_tls *t, piq_str cert, piq_str key,
                                        piq_err *err);
void piq_tls_free(piq_tls *t);

/* Lets a session that is about to shake hands be resumed later by a ticket,
 * which saves the dear part of the next handshake. The tickets' key is made at
 * the start, never stored, and turned over by GnuTLS. */
void piq_tls_offer_ticket(const piq_tls *t, gnutls_session_t session);

/* The pair in use, valid for an hour after it is replaced. */
piq_tls_pair *piq_tls_pair_now(piq_tls *t);

#endif
