/* api_talk.h - requests as text, straight to piq_api_handle, without sockets.
 *
 *     METHOD TARGET
 *     Name: value              any number of headers
 *                              an empty line
 *     the body
 *
 * One request at a time; the caller may be anybody's thread.
 */
#ifndef PIQ_TESTS_API_TALK_H
#define PIQ_TESTS_API_TALK_H

#include "api/api.h"

#include <pthread.h>

enum { API_TALK_HEADERS = 12 };

typedef struct api_request {
    char method[12];
    piq_str path, query, body; /* into the text */
    piq_str names[API_TALK_HEADERS], values[API_TALK_HEADERS];
    size_t n_headers;
} api_request;

/* False: nothing that HTTP could bring. Borrows `text`. */
bool api_request_of(piq_str text, api_request *out);

typedef struct api_talk {
    piq_api *api; /* the caller's */
    pthread_mutex_t lock;
    pthread_cond_t cond;
    unsigned n_replies; /* to the request: 1, unless something is wrong */
    int status;
    char type[64];
    piq_bytes *body; /* until the next request, or the end */
} api_talk;

void api_talk_begin(api_talk *t, piq_api *api);
void api_talk_end(api_talk *t);

/* As a caller who may do everything; waits for the reply: its status. */
int api_talk_ask(api_talk *t, const api_request *r);

/* What is JSON by its media type is JSON, strictly, and a refusal is a problem
 * that says its own status. NULL: so it is; else the law that was broken. */
const char *api_talk_fault(const api_talk *t);

#endif
