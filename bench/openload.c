/* openload.c - open-loop load: requests leave on a fixed timetable, whether or
 * not the earlier ones have been answered.
 *
 * A closed loop (wrk) asks again when it has its answer: a server that stalls
 * is asked less, and the stall hardly shows. Here request k is due at
 * start + k / rate and its latency counts from then, not from when a
 * connection was free for it, so waiting in line is part of it.
 *
 *     openload --port P [--connections C] [--rate R] [--seconds S]
 *              [--users N] [--body TEMPLATE]... [--put] [--header LINE]
 *              [--json] TARGET
 *
 * TARGET and TEMPLATE may hold {user} (random, 1..N), {n} (different in every
 * request of every run) and {now} (UTC, to the second). With a body it posts,
 * or puts; several bodies take turns. LINE ("Authorization: Bearer ..") goes
 * along with every request. To 127.0.0.1 only, on keep-alive
 * connections. Exit code 0 when every request was answered 2xx.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CONNECTIONS = 20000,
    MAX_RATE = 200000,
    MAX_SECONDS = 600,
    MAX_BODIES = 64,
    REQUEST_BYTES = 4096,
    HEAD_BYTES = 2048,
    DRAIN_S = 10 /* how long late answers are waited for */
};

#define NS_PER_S INT64_C(1000000000)

typedef struct options {
    uint16_t port;
    unsigned n_connections;
    unsigned rate;
    unsigned seconds;
    unsigned users;
    const char *target;
    const char *bodies[MAX_BODIES];
    unsigned n_bodies;
    bool put;
    bool json;
    const char *header; /* a line without its end; may be empty */
} options;

typedef struct connection {
    int fd;
    bool busy;
    int64_t due_ns; /* of the request under way */
    char head[HEAD_BYTES];
    size_t head_len;
    bool head_whole;
    int status;
    uint64_t body_left;
} connection;

typedef struct run {
    options o;
    connection *all;
    uint32_t *free; /* ring of connections that wait for work */
    uint32_t free_at;
    uint32_t n_free;
    int epoll;
    uint64_t rng;
    uint64_t first_n;
    int64_t start_ns;
    uint64_t total;
    uint64_t sent;
    uint64_t n_ok;
    uint64_t n_bad;   /* answered, not 2xx */
    uint64_t n_lost;  /* the connection ended first */
    int64_t *took_ns; /* [total]; n_ok + n_bad of them filled */
    char now[24];
    time_t now_s;
} run;

static int64_t clock_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* --- what is sent ------------------------------------------------------ */

static void look_at_calendar(run *r)
{
    time_t now = time(NULL);
    struct tm utc;
    if (now == r->now_s || !gmtime_r(&now, &utc))
        return;
    r->now_s = now;
    (void)strftime(r->now, sizeof r->now, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* Appends, cut at `size`; the length is then `size` and more. */
static size_t put(char *to, size_t size, size_t at, const char *from,
                  size_t len)
{
    if (at + len < size)
        memcpy(to + at, from, len);
    return at + len;
}

/* Replaces the placeholders. Returns the length; at least `size`: no room. */
static size_t expand(run *r, const char *text, uint64_t n, uint64_t user,
                     char *to, size_t size)
{
    size_t at = 0;
    while (*text) {
        char number[24];
        const char *value = number;
        size_t skip = 0;
        if (strncmp(text, "{user}", 6) == 0) {
            (void)snprintf(number, sizeof number, "%llu",
                           (unsigned long long)user);
            skip = 6;
        } else if (strncmp(text, "{n}", 3) == 0) {
            (void)snprintf(number, sizeof number, "%llx",
                           (unsigned long long)n);
            skip = 3;
        } else if (strncmp(text, "{now}", 5) == 0) {
            value = r->now;
            skip = 5;
        }
        at = skip ? put(to, size, at, value, strlen(value))
                  : put(to, size, at, text, 1);
        text += skip ? skip : 1;
    }
    if (at < size)
        to[at] = '\0';
    return at;
}

/* Length of the request in `to`; 0: no room for it. */
static size_t make_request(run *r, uint64_t n, char *to, size_t size)
{
    char target[1024];
    char body[2048];
    size_t body_len = 0;
    uint64_t user = 1 + next_random(&r->rng) % r->o.users;
    if (expand(r, r->o.target, n, user, target, sizeof target) >= sizeof target)
        return 0;
    if (r->o.n_bodies) {
        const char *t = r->o.bodies[n % r->o.n_bodies];
        body_len = expand(r, t, n, user, body, sizeof body);
        if (body_len >= sizeof body)
            return 0;
    }
    int len = r->o.n_bodies
                  ? snprintf(to, size,
                             "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s"
                             "Content-Type: application/json\r\n"
                             "Content-Length: %zu\r\n\r\n%s",
                             r->o.put ? "PUT" : "POST", target, r->o.header,
                             r->o.header[0] ? "\r\n" : "", body_len, body)
                  : snprintf(to, size,
                             "GET %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n",
                             target, r->o.header, r->o.header[0] ? "\r\n" : "");
    return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

/* --- connections ------------------------------------------------------- */

static bool open_connection(run *r, uint32_t i)
{
    connection *c = &r->all[i];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(r->o.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    c->busy = false;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
    if (connect(c->fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        epoll_ctl(r->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
        (void)close(c->fd);
        c->fd = -1;
        return false;
    }
    return true;
}

static void set_free(run *r, uint32_t i)
{
    r->all[i].busy = false;
    r->free[(r->free_at + r->n_free++) % r->o.n_connections] = i;
}

/* A lost connection is opened again, so that the load stays what it is. One
 * that waits has its place in the ring already. */
static void lost(run *r, uint32_t i)
{
    bool was_busy = r->all[i].busy;
    r->n_lost += was_busy;
    (void)close(r->all[i].fd);
    if (!open_connection(r, i)) {
        (void)fprintf(stderr, "openload: could not connect again: %s\n",
                      strerror(errno));
        exit(1);
    }
    if (was_busy)
        set_free(r, i);
}

static void send_next(run *r)
{
    char text[REQUEST_BYTES];
    uint32_t i = r->free[r->free_at];
    connection *c = &r->all[i];
    size_t len = make_request(r, r->first_n + r->sent, text, sizeof text);
    if (len == 0) {
        (void)fprintf(stderr, "openload: the request is too long\n");
        exit(2);
    }
    r->free_at = (r->free_at + 1) % r->o.n_connections;
    r->n_free--;
    c->busy = true;
    c->due_ns =
        r->start_ns + (int64_t)((double)r->sent * (double)NS_PER_S / r->o.rate);
    c->head_len = 0;
    c->head_whole = false;
    r->sent++;
    if (send(c->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
        lost(r, i);
}

/* --- what comes back --------------------------------------------------- */

/* Takes head bytes; returns how many of them it used. */
static size_t take_head(connection *c, const char *bytes, size_t len)
{
    size_t room = sizeof c->head - 1 - c->head_len;
    size_t n = len < room ? len : room;
    size_t before = c->head_len;
    memcpy(c->head + before, bytes, n);
    c->head_len += n;
    c->head[c->head_len] = '\0';
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end)
        return n;
    end[2] = '\0';
    const char *length = strcasestr(c->head, "\r\nContent-Length:");
    c->body_left = length ? strtoull(length + 17, NULL, 10) : 0;
    c->status = c->head_len > 12 ? atoi(c->head + 9) : 0;
    c->head_whole = true;
    return (size_t)(end + 4 - c->head) - before;
}

static void answered(run *r, uint32_t i)
{
    connection *c = &r->all[i];
    r->took_ns[r->n_ok + r->n_bad] = clock_ns() - c->due_ns;
    if (c->status >= 200 && c->status <= 299)
        r->n_ok++;
    else
        r->n_bad++;
    set_free(r, i);
}

static void receive(run *r, uint32_t i)
{
    connection *c = &r->all[i];
    char bytes[16384];
    ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
    if (got <= 0 || !c->busy) {
        lost(r, i);
        return;
    }
    size_t at = 0;
    if (!c->head_whole)
        at = take_head(c, bytes, (size_t)got);
    if (!c->head_whole) {
        if (c->head_len == sizeof c->head - 1)
            lost(r, i);
        return;
    }
    uint64_t n = (uint64_t)got - at;
    c->body_left -= n < c->body_left ? n : c->body_left;
    if (c->body_left == 0)
        answered(r, i);
}

/* --- the run ----------------------------------------------------------- */

static int64_t next_due(const run *r)
{
    return r->start_ns +
           (int64_t)((double)r->sent * (double)NS_PER_S / r->o.rate);
}

static void wait_for_answers(run *r)
{
    struct epoll_event got[256];
    struct timespec wait = {.tv_nsec = 1000000};
    if (r->sent < r->total && r->n_free > 0) {
        int64_t left = next_due(r) - clock_ns();
        wait.tv_nsec = left < 0 ? 0 : left < 1000000 ? left : 1000000;
    }
    int n = epoll_pwait2(r->epoll, got, 256, &wait, NULL);
    for (int i = 0; i < n; i++)
        receive(r, got[i].data.u32);
}

static void drive(run *r)
{
    int64_t end = r->start_ns + (int64_t)(r->o.seconds + DRAIN_S) * NS_PER_S;
    while (r->n_ok + r->n_bad + r->n_lost < r->total && clock_ns() < end) {
        look_at_calendar(r);
        int64_t now = clock_ns();
        while (r->sent < r->total && r->n_free > 0 && next_due(r) <= now)
            send_next(r);
        wait_for_answers(r);
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Milliseconds below which the share `q` of the answers lies. */
static double quantile(const run *r, double q)
{
    uint64_t n = r->n_ok + r->n_bad;
    if (n == 0)
        return 0;
    uint64_t k = (uint64_t)(q * (double)n);
    return (double)r->took_ns[k < n ? k : n - 1] / 1e6;
}

static void report(run *r)
{
    uint64_t n = r->n_ok + r->n_bad;
    qsort(r->took_ns, n, sizeof *r->took_ns, by_size);
    const char *form =
        r->o.json ? "{\"requests\":%llu,\"ok\":%llu,\"bad\":%llu,\"lost\":%llu,"
                    "\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,"
                    "\"p999_ms\":%.3f,\"max_ms\":%.3f}\n"
                  : "requests %llu  2xx %llu  other %llu  no answer %llu\n"
                    "p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f ms\n";
    uint64_t lost_or_late = r->total - n;
    (void)printf(form, (unsigned long long)r->total,
                 (unsigned long long)r->n_ok, (unsigned long long)r->n_bad,
                 (unsigned long long)lost_or_late, quantile(r, .5),
                 quantile(r, .9), quantile(r, .99), quantile(r, .999),
                 quantile(r, 1));
}

static bool begin(run *r)
{
    const options *o = &r->o;
    r->total = (uint64_t)o->rate * o->seconds;
    r->rng = 0x9e3779b97f4a7c15ULL;
    r->first_n = (uint64_t)time(NULL) << 28;
    r->all = calloc(o->n_connections, sizeof *r->all);
    r->free = calloc(o->n_connections, sizeof *r->free);
    r->took_ns = calloc(r->total, sizeof *r->took_ns);
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!r->all || !r->free || !r->took_ns || r->epoll < 0)
        return false;
    for (uint32_t i = 0; i < o->n_connections; i++) {
        if (!open_connection(r, i))
            return false;
        set_free(r, i);
    }
    r->start_ns = clock_ns() + NS_PER_S / 5;
    return true;
}

static bool number(const char *text, unsigned least, unsigned most,
                   unsigned *out)
{
    char *end = NULL;
    unsigned long v = strtoul(text, &end, 10);
    if (end == text || *end || v < least || v > most)
        return false;
    *out = (unsigned)v;
    return true;
}

static bool parse(int argc, char **argv, options *o)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},
        {"connections", required_argument, NULL, 'c'},
        {"rate", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"users", required_argument, NULL, 'u'},
        {"body", required_argument, NULL, 'b'},
        {"put", no_argument, NULL, 'P'},
        {"header", required_argument, NULL, 'h'},
        {"json", no_argument, NULL, 'j'},
        {0}};
    unsigned port = 0;
    bool ok = true;
    *o = (options){.n_connections = 100,
                   .rate = 1000,
                   .seconds = 10,
                   .users = 1,
                   .header = ""};
    for (int c; ok && (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        ok = (c == 'p' && number(optarg, 1, 65535, &port)) ||
             (c == 'c' &&
              number(optarg, 1, MAX_CONNECTIONS, &o->n_connections)) ||
             (c == 'r' && number(optarg, 1, MAX_RATE, &o->rate)) ||
             (c == 's' && number(optarg, 1, MAX_SECONDS, &o->seconds)) ||
             (c == 'u' && number(optarg, 1, 1000000000, &o->users)) ||
             (c == 'b' && o->n_bodies < MAX_BODIES) || c == 'P' || c == 'j' ||
             c == 'h';
        if (ok && c == 'b')
            o->bodies[o->n_bodies++] = optarg;
        if (ok && c == 'h')
            o->header = optarg;
        o->put = o->put || c == 'P';
        o->json = o->json || c == 'j';
    }
    if (!ok || port == 0 || optind != argc - 1 || argv[optind][0] != '/')
        return false;
    o->port = (uint16_t)port;
    o->target = argv[optind];
    return true;
}

int main(int argc, char **argv)
{
    run r = {0};
    if (!parse(argc, argv, &r.o)) {
        (void)fprintf(stderr,
                      "usage: openload --port P [--connections C] [--rate R]\n"
                      "                [--seconds S] [--users N] [--header L]\n"
                      "                [--body TEMPLATE]... [--put] [--json]\n"
                      "                /TARGET\n");
        return 2;
    }
    look_at_calendar(&r);
    if (!begin(&r)) {
        (void)fprintf(stderr,
                      "openload: could not open %u connections to "
                      "127.0.0.1:%u: %s\n",
                      r.o.n_connections, (unsigned)r.o.port, strerror(errno));
        return 1;
    }
    drive(&r);
    report(&r);
    for (uint32_t i = 0; i < r.o.n_connections; i++)
        (void)close(r.all[i].fd);
    (void)close(r.epoll);
    bool all_ok = r.n_ok == r.total;
    free(r.all);
    free(r.free);
    free(r.took_ns);
    return all_ok ? 0 : 1;
}
