/* api_call.h - requests to an api by its own program, with headers, answered
 * now or later; and streams that are kept as text. Any thread. */
#ifndef PIQ_TESTS_API_CALL_H
#define PIQ_TESTS_API_CALL_H

#include "api/api.h"

#include <pthread.h>

enum { API_CALL_BODY = 16384, API_CALL_HEADERS = 4 };

typedef struct api_call {
    const char *headers[API_CALL_HEADERS][2]; /* name, value; before it */
    pthread_mutex_t lock;                     /* what follows */
    pthread_cond_t cond;
    bool answered;
    int status;
    char etag[40];
    unsigned retry_after_s;
    char body[API_CALL_BODY];
    size_t n_lines;
    piq_api_line lines[PIQ_API_MAX_LINES];

    /* A stream, when that was the answer. */
    bool streaming, ended, cut;
    char text[API_CALL_BODY];
    size_t len;
    piq_status refuse; /* what a write gives from now on */
    void (*gone)(void *of);
    void *of;
} api_call;

void api_call_init(api_call *c);
void api_call_release(api_call *c);

/* Sends it as whoever embeds the library; the strings must outlive it. */
void api_call_send(api_call *c, piq_api *api, const char *method,
                   const char *path, const char *body);
/* Waits for its answer; the status. */
int api_call_wait(api_call *c);
/* Both. A request may be sent again after its answer. */
int api_call_ask(api_call *c, piq_api *api, const char *method,
                 const char *path, const char *body);
/* A header of the answer; empty: none. */
const char *api_call_line(const api_call *c, const char *name);

/* Whether what the stream was sent has this in it. */
bool api_call_has(api_call *c, const char *text);
bool api_call_ended(api_call *c);

#endif
