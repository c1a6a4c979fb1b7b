/* post.h - one HTTP POST to somebody else's server, by libcurl. A poster is one
 * thread's at a time. */
#ifndef PIQ_WEBHOOK_POST_H
#define PIQ_WEBHOOK_POST_H

#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>

typedef struct piq_poster piq_poster;

/* `breaks_off` (NULL: never) is asked about once a second while something is
 * being sent; once it says so, that is left undone. PIQ_ENOMEM; PIQ_EINTERNAL:
 * libcurl cannot do what is needed. */
PIQ_MUST_USE piq_status piq_poster_new(bool allow_private, unsigned timeout_ms,
                                       bool (*breaks_off)(void *ctx), void *ctx,
                                       piq_poster **out, piq_err *err);
void piq_poster_free(piq_poster *p); /* NULL is allowed */

typedef struct piq_post {
    const char *url;
    const char *const *headers; /* "name: value", one at least; NULL past
                                   the end */
    piq_str body;
} piq_post;

/* Sends it; *http_status out, 0 when there was no answer. What the other side
 * answers beyond its status is not read. PIQ_OK: there was an answer;
 * PIQ_EDENIED: its address is not public; PIQ_EBUSY: broken off; PIQ_EIO: *err
 * says what went wrong. */
PIQ_MUST_USE piq_status piq_poster_send(piq_poster *p, const piq_post *post,
                                        int *http_status, piq_err *err);

/* Whether the URL is https (or http, where private addresses are allowed) with
 * a host, without user, password and fragment. PIQ_EINVAL. */
PIQ_MUST_USE piq_status piq_post_check_url(const char *url, bool allow_private,
                                           piq_err *err);

#endif
