/* peer.c - addresses of clients, and what trusted proxies say of them.
 *
 * A proxy appends the address it was asked from, so only the right end of a
 * list is worth anything: everything to the left of the first address that is
 * no proxy of ours was written by whoever asked, and may be invented.
 */
#include "http/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static const unsigned char v4_prefix[12] = {0, 0, 0, 0, 0,    0,
                                            0, 0, 0, 0, 0xff, 0xff};

static piq_peer of_v4(const struct in_addr *a)
{
    piq_peer p;
    memcpy(p.at, v4_prefix, sizeof v4_prefix);
    memcpy(p.at + sizeof v4_prefix, a, 4);
    return p;
}

piq_peer piq_peer_of(const struct sockaddr *addr)
{
    piq_peer p = {{0}};
    if (addr && addr->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, addr, sizeof v4);
        p = of_v4(&v4.sin_addr);
    } else if (addr && addr->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, addr, sizeof v6);
        memcpy(p.at, &v6.sin6_addr, sizeof p.at);
    }
    return p;
}

static bool is_port(piq_str text)
{
    int64_t port = 0;
    return piq_str_to_i64(text, &port) && port >= 0 && port <= 65535;
}

/* Splits off the port; false when what follows the address is none. */
static bool address_part(piq_str text, piq_str *out)
{
    const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
    if (text.len && text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        if (!end)
            return false;
        size_t len = (size_t)(end - text.ptr);
        piq_str rest = {end + 1, text.len - len - 1};
        *out = (piq_str){text.ptr + 1, len - 1};
        return rest.len == 0 ||
               (rest.ptr[0] == ':' &&
                is_port((piq_str){rest.ptr + 1, rest.len - 1}));
    }
    *out = text;
    if (!colon)
        return true;
    size_t host = (size_t)(colon - text.ptr);
    piq_str port = {colon + 1, text.len - host - 1};
    if (port.len && memchr(port.ptr, ':', port.len))
        return true; /* IPv6 */
    out->len = host;
    return is_port(port);
}

bool piq_peer_parse(piq_str text, piq_peer *out)
{
    char z[PIQ_PEER_TEXT];
    struct in_addr v4;
    piq_str address;
    if (!address_part(text, &address) || address.len == 0 ||
        address.len >= sizeof z || memchr(address.ptr, '\0', address.len))
        return false;
    memcpy(z, address.ptr, address.len);
    z[address.len] = '\0';
    if (inet_pton(AF_INET, z, &v4) == 1) {
        *out = of_v4(&v4);
        return true;
    }
    return inet_pton(AF_INET6, z, out->at) == 1;
}

void piq_peer_text(const piq_peer *p, char out[PIQ_PEER_TEXT])
{
    const char *done;
    if (memcmp(p->at, v4_prefix, sizeof v4_prefix) == 0)
        done = inet_ntop(AF_INET, p->at + sizeof v4_prefix, out, PIQ_PEER_TEXT);
    else
        done = inet_ntop(AF_INET6, p->at, out, PIQ_PEER_TEXT);
    PIQ_ASSERT(done); /* the text always fits */
}

piq_status piq_peer_range_parse(const char *text, piq_peer_range *out,
                                piq_err *err)
{
    const char *slash = strchr(text, '/');
    piq_str address = {text, slash ? (size_t)(slash - text) : strlen(text)};
    piq_peer_range r = {.bits = 128};
    int64_t bits = 128;
    bool ok = piq_peer_parse(address, &r.first);
    bool v4 = ok && memcmp(r.first.at, v4_prefix, sizeof v4_prefix) == 0;
    if (ok && slash) {
        ok = piq_str_to_i64(piq_str_of(slash + 1), &bits) && bits >= 0 &&
             bits <= (v4 ? 32 : 128);
        r.bits = (unsigned)bits + (v4 ? 96 : 0);
    }
    if (!ok) {
        piq_status st = piq_fail(err, PIQ_EINVAL,
                                 "could not trust the proxy \"%.60s\": neither "
                                 "an address nor a range of them",
                                 text);
        piq_err_hint(err, "for example 127.0.0.1, 10.0.0.0/8 or fd00::/8");
        return st;
    }
    *out = r;
    return PIQ_OK;
}

static bool within(const piq_peer *p, const piq_peer_range *r)
{
    unsigned whole = r->bits / 8;
    unsigned rest = r->bits % 8;
    if (memcmp(p->at, r->first.at, whole) != 0)
        return false;
    return rest == 0 || (p->at[whole] ^ r->first.at[whole]) >> (8 - rest) == 0;
}

bool piq_peer_within(const piq_peer *p, const piq_peer_range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (within(p, &ranges[i]))
            return true;
    return false;
}

/* Takes what follows the last `mark` off the end of *from. */
static piq_str take_last(piq_str *from, char mark)
{
    const char *at = from->len ? memrchr(from->ptr, mark, from->len) : NULL;
    piq_str last = *from;
    if (at) {
        last.ptr = at + 1;
        last.len = from->len - (size_t)(at + 1 - from->ptr);
        from->len = (size_t)(at - from->ptr);
    } else {
        from->len = 0;
    }
    return piq_str_trim(last);
}

/* The address after "for=" in one element of Forwarded; empty: none. Quoted
 * pairs do not occur in addresses. */
static piq_str for_of(piq_str element)
{
    while (element.len) {
        piq_str pair = take_last(&element, ';');
        if (pair.len < 4 || strncasecmp(pair.ptr, "for=", 4) != 0)
            continue;
        piq_str value = {pair.ptr + 4, pair.len - 4};
        if (value.len >= 2 && value.ptr[0] == '"' &&
            value.ptr[value.len - 1] == '"')
            value = (piq_str){value.ptr + 1, value.len - 2};
        return value;
    }
    return (piq_str){0};
}

static piq_peer walk(piq_str value, piq_peer from,
                     const piq_peer_range *trusted, size_t n, bool pairs)
{
    while (value.len) {
        piq_str element = take_last(&value, ',');
        piq_peer p;
        if (!piq_peer_parse(pairs ? for_of(element) : element, &p))
            return from;
        from = p;
        if (!piq_peer_within(&p, trusted, n))
            return from;
    }
    return from;
}

piq_peer piq_peer_forwarded_for(piq_str value, piq_peer from,
                                const piq_peer_range *trusted, size_t n)
{
    return walk(value, from, trusted, n, false);
}

piq_peer piq_peer_forwarded(piq_str value, piq_peer from,
                            const piq_peer_range *trusted, size_t n)
{
    return walk(value, from, trusted, n, true);
}
