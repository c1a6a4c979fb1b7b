/* tcp_proxy.h - a TCP proxy that misbehaves on demand, on a thread.
 *
 * Everything passes as it is until a fault is armed, which strikes once; from
 * then on connections pass again. For tests of what stands between a client and
 * its server.
 */
#ifndef PIQ_TESTS_TCP_PROXY_H
#define PIQ_TESTS_TCP_PROXY_H

#include <stdbool.h>

typedef enum tcp_fault {
    TCP_NO_FAULT,
    TCP_CUT_REQUEST, /* what the client sends next is dropped, and it is cut */
    TCP_CUT_HALFWAY, /* half of it is passed on, then both sides are cut */
    TCP_CUT_ANSWER,  /* it is passed on; once the server has answered, the
                        answer is dropped and the client cut */
    TCP_SWALLOW      /* nothing passes either way, nothing is cut, until
                        tcp_proxy_arm(.., TCP_NO_FAULT) */
} tcp_fault;

typedef struct tcp_proxy tcp_proxy;

/* To 127.0.0.1:`server_port`. NULL: it could not be made. */
tcp_proxy *tcp_proxy_new(int server_port);
int tcp_proxy_port(const tcp_proxy *p);
void tcp_proxy_arm(tcp_proxy *p, tcp_fault fault);
/* How often an armed fault has struck. */
int tcp_proxy_n_struck(tcp_proxy *p);
/* Cuts all connections, joins, frees. */
void tcp_proxy_free(tcp_proxy *p);

#endif
