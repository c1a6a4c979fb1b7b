/* listen.c - the listening socket. We open it ourselves, since libmicrohttpd
 * only says "failed" and not why. */
#include "http/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} any_address;

/* Length of the address; 0 when the text is neither IPv4 nor IPv6. */
static socklen_t parse_address(const char *text, uint16_t port,
                               any_address *out)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        return sizeof out->v4;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        return sizeof out->v6;
    }
    return 0;
}

static const char *why(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "address in use";
    case EADDRNOTAVAIL:
        return "no such address on this machine";
    case EACCES:
        return "permission denied";
    case EAFNOSUPPORT:
        return "this machine has no IPv6";
    default:
        return strerrordesc_np(error);
    }
}

static piq_status refuse(piq_err *err, const char *address, uint16_t port,
                         int error)
{
    const char *open = strchr(address, ':') ? "[" : "";
    piq_status st =
        piq_fail(err, PIQ_EIO, "could not listen on %s%s%s:%u: %s", open,
                 address, *open ? "]" : "", (unsigned)port, why(error));
    if (error == EADDRINUSE)
        piq_err_hint(err, "another program holds the port; choose another, "
                          "or 0 for any free one");
    if (error == EACCES)
        piq_err_hint(err, "ports below 1024 need a privilege");
    return st;
}

static int open_socket(const any_address *at, socklen_t len)
{
    int fd = socket(at->any.sa_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int one = 1;
    int zero = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    /* Accepted sockets inherit it. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    /* "::" takes IPv4 as well. */
    if (at->any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, &at->any, len) != 0 || listen(fd, 1024) != 0) {
        int error = errno;
        (void)close(fd);
        return -error;
    }
    return fd;
}

/* 0, or what is wrong. */
static int port_of(int fd, uint16_t *port)
{
    any_address at;
    socklen_t len = sizeof at;
    memset(&at, 0, sizeof at);
    if (getsockname(fd, &at.any, &len) != 0)
        return errno;
    *port =
        ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
    return 0;
}

piq_status piq_http_listen(const char *address, uint16_t port, int *fd,
                           uint16_t *bound, piq_err *err)
{
    any_address at;
    socklen_t len = parse_address(address, port, &at);
    if (len == 0) {
        piq_status st = piq_fail(err, PIQ_EINVAL,
                                 "could not listen on \"%.60s\": not an IPv4 "
                                 "or IPv6 address",
                                 address);
        piq_err_hint(err, "for example 127.0.0.1, 0.0.0.0 or ::1");
        return st;
    }
    int s = open_socket(&at, len);
    if (s < 0)
        return refuse(err, address, port, -s);
    int st = port_of(s, bound);
    if (st) {
        (void)close(s);
        return refuse(err, address, port, st);
    }
    *fd = s;
    return PIQ_OK;
}

piq_status piq_http_listen_on(int given, int *fd, uint16_t *bound, piq_err *err)
{
    int listens = 0;
    int one = 1;
    socklen_t len = sizeof listens;
    int error = 0;
    if (getsockopt(given, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 ||
        fcntl(given, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(given, F_SETFD, FD_CLOEXEC) != 0)
        error = errno;
    else
        error = listens ? port_of(given, bound) : EINVAL;
    if (error) {
        (void)close(given);
        return piq_fail(err, PIQ_EIO,
                        "could not take over the socket %d, which was passed "
                        "on as one that listens: %s",
                        given, strerrordesc_np(error));
    }
    (void)setsockopt(given, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *fd = given;
    return PIQ_OK;
}
