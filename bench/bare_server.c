/* bare_server.c - the yardstick: libmicrohttpd with the settings of src/http
 * and a handler that returns the same bytes to everybody. What `piq serve`
 * answers in a second is shown beside what this does.
 *
 *     bare_server PORT BYTES
 *
 * Loopback only; ends on SIGTERM or SIGINT. A request body is read and
 * dropped.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct constant {
    char *bytes;
    size_t len;
} constant;

static enum MHD_Result answer(void *ctx, struct MHD_Connection *c,
                              const char *url, const char *method,
                              const char *version, const char *upload,
                              size_t *upload_len, void **request_context)
{
    static int seen;
    const constant *body = ctx;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (!*request_context) {
        *request_context = &seen;
        return MHD_YES;
    }
    if (*upload_len) {
        *upload_len = 0;
        return MHD_YES;
    }
    struct MHD_Response *m = MHD_create_response_from_buffer(
        body->len, body->bytes, MHD_RESPMEM_PERSISTENT);
    if (!m)
        return MHD_NO;
    (void)MHD_add_response_header(m, "Content-Type", "application/json");
    enum MHD_Result done = MHD_queue_response(c, 200, m);
    MHD_destroy_response(m);
    return done;
}

static void wait_for_end(void)
{
    sigset_t ends;
    int got = 0;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigwait(&ends, &got);
}

static struct MHD_Daemon *start(uint16_t port, constant *body)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, port, NULL,
        NULL, answer, body, MHD_OPTION_SOCK_ADDR, &at,
        MHD_OPTION_THREAD_POOL_SIZE, 2U, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024U,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(16 * 1024),
        MHD_OPTION_CONNECTION_LIMIT, 8192U, MHD_OPTION_END);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: bare_server PORT BYTES\n");
        return 2;
    }
    unsigned long port = strtoul(argv[1], NULL, 10);
    constant body = {.len = strtoul(argv[2], NULL, 10)};
    if (port == 0 || port > 65535 || body.len > (1UL << 20)) {
        (void)fprintf(stderr,
                      "bare_server: a port and at most 1048576 bytes\n");
        return 2;
    }
    body.bytes = malloc(body.len + 1);
    if (!body.bytes)
        return 1;
    memset(body.bytes, 'x', body.len);
    sigset_t all;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, NULL);
    struct MHD_Daemon *d = start((uint16_t)port, &body);
    if (!d) {
        (void)fprintf(stderr, "bare_server: could not listen on %lu\n", port);
        free(body.bytes);
        return 1;
    }
    wait_for_end();
    MHD_stop_daemon(d);
    free(body.bytes);
    return 0;
}
