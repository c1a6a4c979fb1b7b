#include "webhook/post.h"

#include "webhook/guard.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct piq_poster {
    CURL *curl;
    bool allow_private;
    bool refused; /* the address of the last attempt */
    bool (*breaks_off)(void *ctx);
    void *ctx;
    char said[CURL_ERROR_SIZE];
};

/* Looked at when the address is known and before anything is sent there: a name
 * that leads somewhere else the second time it is asked gains nothing. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose,
                                 struct curl_sockaddr *a)
{
    piq_poster *p = ctx;
    if (purpose == CURLSOCKTYPE_IPCXN && !p->allow_private &&
        !piq_is_public_address(&a->addr)) {
        p->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t read_nothing(char *bytes, size_t size, size_t n, void *ctx)
{
    (void)bytes;
    (void)ctx;
    return size * n;
}

/* libcurl asks at least once a second, also while nothing comes. */
static int look_up(void *ctx, curl_off_t down_total, curl_off_t down,
                   curl_off_t up_total, curl_off_t up)
{
    const piq_poster *p = ctx;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return p->breaks_off(p->ctx) ? 1 : 0;
}

static void set_options(piq_poster *p, unsigned timeout_ms)
{
    CURL *c = p->curl;
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, p);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, ""); /* the guard sees real addresses */
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms / 2 + 1);
    curl_easy_setopt(c, CURLOPT_MAXFILESIZE, 1L << 20);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, read_nothing);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, p->said);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "piq-webhooks");
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, p);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, p->breaks_off ? 0L : 1L);
}

piq_status piq_poster_new(bool allow_private, unsigned timeout_ms,
                          bool (*breaks_off)(void *ctx), void *ctx,
                          piq_poster **out, piq_err *err)
{
    piq_poster *p = calloc(1, sizeof *p);
    if (p)
        p->curl = curl_easy_init();
    if (!p || !p->curl) {
        free(p);
        return piq_fail(err, PIQ_ENOMEM, "no memory to send webhooks");
    }
    p->allow_private = allow_private;
    p->breaks_off = breaks_off;
    p->ctx = ctx;
    CURL *c = p->curl;
    /* All but the first two only fail where libcurl was built without. */
    CURLcode rc = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
                                   allow_private ? "http,https" : "https");
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    if (rc != CURLE_OK) {
        piq_poster_free(p);
        return piq_fail(err, PIQ_EINTERNAL, "libcurl lacks what webhooks need");
    }
    set_options(p, timeout_ms);
    *out = p;
    return PIQ_OK;
}

void piq_poster_free(piq_poster *p)
{
    if (!p)
        return;
    curl_easy_cleanup(p->curl);
    free(p);
}

static struct curl_slist *list_of(const char *const *headers)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; headers[i]; i++) {
        struct curl_slist *longer = curl_slist_append(list, headers[i]);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

piq_status piq_poster_send(piq_poster *p, const piq_post *post,
                           int *http_status, piq_err *err)
{
    long status = 0;
    struct curl_slist *headers = list_of(post->headers);
    *http_status = 0;
    if (!headers)
        return piq_fail(err, PIQ_ENOMEM, "no memory to send a webhook");
    p->refused = false;
    p->said[0] = '\0';
    curl_easy_setopt(p->curl, CURLOPT_URL, post->url);
    curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)post->body.len);
    curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, post->body.ptr);
    CURLcode rc = curl_easy_perform(p->curl);
    curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return piq_fail(err, PIQ_EBUSY, "it was broken off");
    if (p->refused)
        return piq_fail(err, PIQ_EDENIED,
                        "the endpoint's address is not a public one");
    /* An answer that is too long was an answer. */
    if (rc == CURLE_OK || rc == CURLE_FILESIZE_EXCEEDED) {
        curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
        *http_status = (int)status;
        return PIQ_OK;
    }
    if (rc == CURLE_OUT_OF_MEMORY)
        return piq_fail(err, PIQ_ENOMEM, "no memory to send a webhook");
    return piq_fail(err, PIQ_EIO, "%.80s",
                    p->said[0] ? p->said : curl_easy_strerror(rc));
}

piq_status piq_post_check_url(const char *url, bool allow_private, piq_err *err)
{
    char *scheme = NULL, *host = NULL, *user = NULL, *fragment = NULL;
    CURLU *u = curl_url();
    if (!u)
        return piq_fail(err, PIQ_ENOMEM, "no memory to read a URL");
    bool sound = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                 curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                 curl_url_get(u, CURLUPART_USER, &user, 0) != CURLUE_OK &&
                 curl_url_get(u, CURLUPART_FRAGMENT, &fragment, 0) != CURLUE_OK;
    if (sound)
        sound =
            piq_str_eq(piq_str_of(scheme), PIQ_STR("https")) ||
            (allow_private && piq_str_eq(piq_str_of(scheme), PIQ_STR("http")));
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_free(fragment);
    curl_url_cleanup(u);
    if (sound)
        return PIQ_OK;
    return piq_fail(err, PIQ_EINVAL,
                    "a webhook's URL is https with a host, without user, "
                    "password and fragment");
}
