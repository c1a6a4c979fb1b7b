/* guard.h - which addresses a server may be made to call. Pure; any thread. */
#ifndef PIQ_WEBHOOK_GUARD_H
#define PIQ_WEBHOOK_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether it is one of the open internet: none of the special-purpose blocks of
 * the IANA registries (RFC 6890) - this host, private, shared, link-local,
 * documentation, multicast, reserved - also inside IPv6's forms of IPv4
 * (mapped, 6to4, NAT64, Teredo, whose other half nobody vouches for). */
bool piq_is_public_address(const struct sockaddr *a);

#endif
