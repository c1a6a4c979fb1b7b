/* hook_receiver.h - a server on this machine that is told of changes: keeps
 * what it was sent, and answers each request as a test has asked for. One
 * connection a request. Thread safe. */
#ifndef PIQ_TESTS_HOOK_RECEIVER_H
#define PIQ_TESTS_HOOK_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct hook_receiver hook_receiver;

enum {
    HOOK_MAX_REQUESTS = 64,
    HOOK_SILENCE = 0 /* no answer; the connection stays open */
};

/* Listens on 127.0.0.1. Aborts when it cannot. */
hook_receiver *hook_receiver_new(void);
void hook_receiver_free(hook_receiver *r);
unsigned hook_receiver_port(const hook_receiver *r);
/* The status of the nth answer, from 0; 204 unless said. A 3xx leads to
 * /elsewhere on the same server. */
void hook_receiver_answer(hook_receiver *r, size_t nth, int status);
/* Listens no more. */
void hook_receiver_shut(hook_receiver *r);
/* Accepted so far, whatever came over them. */
size_t hook_receiver_connections(hook_receiver *r);

typedef struct hook_request {
    char line[256];  /* "POST /hook HTTP/1.1" */
    char head[2048]; /* the lines behind it */
    char body[2048];
} hook_request;

/* How many came; *out is the nth of them, when there is one. */
size_t hook_receiver_take(hook_receiver *r, size_t nth, hook_request *out);
/* The value of a header, without regard to the case of its name. */
bool hook_header(const hook_request *q, const char *name, char *out,
                 size_t room);

#endif
