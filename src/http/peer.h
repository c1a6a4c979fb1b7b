/* peer.h - who asks: addresses, trusted proxies, and what these pass on.
 *
 * Addresses are kept as 16 bytes, IPv4 as ::ffff:a.b.c.d. Pure.
 */
#ifndef PIQ_HTTP_PEER_H
#define PIQ_HTTP_PEER_H

#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <sys/socket.h>

enum { PIQ_PEER_TEXT = 46 }; /* INET6_ADDRSTRLEN */

typedef struct piq_peer {
    unsigned char at[16];
} piq_peer;

/* A range of addresses. */
typedef struct piq_peer_range {
    piq_peer first;
    unsigned bits; /* 0..128 that have to agree */
} piq_peer_range;

piq_peer piq_peer_of(const struct sockaddr *addr); /* other families: :: */
/* "1.2.3.4", "2001:db8::1", also with a port: "1.2.3.4:80", "[::1]:80",
 * "[::1]". False: none of these. */
bool piq_peer_parse(piq_str text, piq_peer *out);
/* Canonical (RFC 5952); IPv4 in dots. */
void piq_peer_text(const piq_peer *p, char out[PIQ_PEER_TEXT]);

/* "10.0.0.0/8", "2001:db8::/32", or one address. PIQ_EINVAL: not so. */
PIQ_MUST_USE piq_status piq_peer_range_parse(const char *text,
                                             piq_peer_range *out, piq_err *err);
bool piq_peer_within(const piq_peer *p, const piq_peer_range *ranges, size_t n);

/* The client behind `from`, which is a trusted proxy, by the elements of an
 * X-Forwarded-For or Forwarded header (RFC 7239), several fields joined by
 * commas: the rightmost address that is no trusted proxy's. What is left of
 * something that is no address is not looked at: the proxy that passed it on
 * is then the answer. */
piq_peer piq_peer_forwarded_for(piq_str value, piq_peer from,
                                const piq_peer_range *trusted, size_t n);
piq_peer piq_peer_forwarded(piq_str value, piq_peer from,
                            const piq_peer_range *trusted, size_t n);

#endif
