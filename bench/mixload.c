/* mixload.c - mixed traffic with every answer looked at.
 *
 *     mixload --port P[,P..] --mix FILE [--connections C] [--seconds S]
 *             [--rate R] [--users N] [--zipf Z] [--header "Name: value"]
 *             [--seed S] [--sticky] [--json]
 *
 * Each line of FILE is one kind of request, its parts parted by tabs:
 *
 *     NAME WEIGHT METHOD TARGET MEMBERS [BODY]
 *
 * MEMBERS are what the answer's JSON object must have, parted by commas, "-"
 * for none; a member "userId" must also name the learner who was asked about.
 * TARGET and BODY may hold {user}, {n} (different in every request of every
 * run), {pick:a|b|c} (one of them) and {now}.
 *
 * Without --rate it is a closed loop: each connection asks again when it has
 * its answer. With it, request k is due at start + k / rate, and its time
 * counts from then. Learners are drawn from 1 .. N, with --zipf by Zipf's law
 * of that exponent (0: all alike). Several ports share the connections in turn;
 * with --sticky each learner is asked about at one port, as by a gateway that
 * routes by learner.
 * An answer is wrong when its status is not 2xx, its body is no JSON object, or
 * a member is missing; 503 and 429 with Retry-After are counted apart.
 *
 * To 127.0.0.1 only. Times go into buckets 1.6 % wide. Exit code 0 when nothing
 * was wrong and nothing was lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
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
    MAX_KINDS = 32,
    MAX_PORTS = 16,
    MAX_MEMBERS = 8,
    MAX_CONNECTIONS = 20000,
    REQUEST_BYTES = 8192,
    ANSWER_BYTES = 4 << 20,
    DRAIN_S = 10,
    SUB = 64,             /* buckets of an octave */
    N_BUCKETS = 40 * SUB, /* up to 2^40 ns */
    SHOWN_WRONG = 5
};
#define NS_PER_S INT64_C(1000000000)

typedef struct kind {
    char name[40], method[8];
    char *target, *body; /* body NULL: none */
    char *members[MAX_MEMBERS];
    size_t n_members;
    double until; /* cumulative weight, 0 .. 1 */
    uint64_t n_ok, n_wrong, n_refused, n_lost, bytes;
    uint64_t buckets[N_BUCKETS];
    int64_t longest_ns;
} kind;

typedef struct connection {
    int fd;
    uint16_t port;
    bool busy;
    uint32_t kind;
    uint64_t user;
    int64_t due_ns;
    char *bytes; /* of the answer so far */
    size_t len, room;
    size_t head_len, body_len; /* head_len 0: not whole yet */
} connection;

typedef struct run {
    uint16_t ports[MAX_PORTS];
    size_t n_ports;
    unsigned n_connections, seconds, rate, users;
    double zipf;
    const char *header;
    bool json, sticky;
    kind kinds[MAX_KINDS];
    size_t n_kinds;
    connection *all;
    uint32_t *free;
    uint32_t free_at, n_free;
    int epoll;
    uint64_t rng, n, sent, shown;
    int64_t start_ns, end_ns;
    char now[24];
    time_t now_s;
    double *zipf_until; /* [users] cumulative; NULL: all alike */
} run;

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static double next_uniform(run *r)
{
    r->rng ^= r->rng << 13;
    r->rng ^= r->rng >> 7;
    r->rng ^= r->rng << 17;
    return (double)(r->rng >> 11) * 0x1p-53;
}

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "mixload: %s: %s\n", what, why);
    exit(2);
}

/* ---- what is asked ----------------------------------------------------------
 */

static uint64_t pick_user(run *r)
{
    double u = next_uniform(r);
    if (!r->zipf_until)
        return 1 + (uint64_t)(u * r->users);
    size_t low = 0, high = r->users - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->zipf_until[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    /* Frequent learners lie apart, as ids of real ones do. */
    return 1 + low * UINT64_C(2654435761) % r->users;
}

static uint32_t pick_kind(run *r)
{
    double u = next_uniform(r);
    uint32_t k = 0;
    while (k + 1 < r->n_kinds && r->kinds[k].until < u)
        k++;
    return k;
}

/* One of "a|b|c", up to the closing brace; *len out. */
static const char *pick_word(run *r, const char *list, size_t len,
                             size_t *picked)
{
    size_t n = 1;
    for (size_t i = 0; i < len; i++)
        n += list[i] == '|';
    size_t k = (size_t)(next_uniform(r) * (double)n);
    const char *at = list;
    for (; k > 0; k--)
        at = (const char *)memchr(at, '|', len) + 1;
    const char *end = memchr(at, '|', (size_t)(list + len - at));
    *picked = (size_t)((end ? end : list + len) - at);
    return at;
}

static size_t put(char *to, size_t at, size_t size, const char *from,
                  size_t len)
{
    if (at + len >= size)
        give_up("a request", "too long");
    memcpy(to + at, from, len);
    to[at + len] = '\0';
    return at + len;
}

static size_t expand(run *r, const char *text, uint64_t user, char *to,
                     size_t size)
{
    size_t at = put(to, 0, size, "", 0);
    while (*text) {
        char number[24];
        size_t len;
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        if (end && strncmp(text, "{user}", 6) == 0) {
            snprintf(number, sizeof number, "%llu", (unsigned long long)user);
            at = put(to, at, size, number, strlen(number));
        } else if (end && strncmp(text, "{n}", 3) == 0) {
            snprintf(number, sizeof number, "%llx", (unsigned long long)r->n);
            at = put(to, at, size, number, strlen(number));
        } else if (end && strncmp(text, "{now}", 5) == 0) {
            at = put(to, at, size, r->now, strlen(r->now));
        } else if (end && strncmp(text, "{pick:", 6) == 0) {
            const char *word =
                pick_word(r, text + 6, (size_t)(end - text - 6), &len);
            at = put(to, at, size, word, len);
        } else {
            at = put(to, at, size, text, 1);
            end = text;
        }
        text = end + 1;
    }
    return at;
}

static size_t make_request(run *r, const kind *k, uint64_t user,
                           char out[REQUEST_BYTES])
{
    char target[1024], body[4096];
    size_t body_len = k->body ? expand(r, k->body, user, body, sizeof body) : 0;
    expand(r, k->target, user, target, sizeof target);
    int len = snprintf(
        out, REQUEST_BYTES, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s",
        k->method, target, r->header ? r->header : "", r->header ? "\r\n" : "");
    if (k->body && len > 0 && len < REQUEST_BYTES)
        len += snprintf(out + len, (size_t)(REQUEST_BYTES - len),
                        "Content-Type: application/json\r\n"
                        "Content-Length: %zu\r\n",
                        body_len);
    if (len <= 0 || (size_t)len + body_len + 3 > REQUEST_BYTES)
        give_up(k->name, "too long a request");
    memcpy(out + len, "\r\n", 2);
    if (body_len)
        memcpy(out + len + 2, body, body_len);
    return (size_t)len + 2 + body_len;
}

/* ---- connections ------------------------------------------------------------
 */

static bool open_connection(run *r, uint32_t i)
{
    connection *c = &r->all[i];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(c->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd >= 0 && connect(c->fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 &&
        epoll_ctl(r->epoll, EPOLL_CTL_ADD, c->fd, &e) == 0)
        return true;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    return false;
}

static void set_free(run *r, uint32_t i)
{
    r->all[i].busy = false;
    r->free[(r->free_at + r->n_free++) % r->n_connections] = i;
}

/* Opened again, at the next port: a server that went away takes nobody along.
 * One that waits keeps its place in the ring. */
static void lost(run *r, uint32_t i)
{
    connection *c = &r->all[i];
    bool was_busy = c->busy;
    if (was_busy)
        r->kinds[c->kind].n_lost++;
    if (c->fd >= 0)
        close(c->fd);
    for (size_t tries = 0; tries <= r->n_ports; tries++) {
        for (size_t p = 0; p < r->n_ports; p++)
            if (tries && r->ports[p] == c->port) {
                c->port = r->ports[(p + 1) % r->n_ports];
                break;
            }
        if (open_connection(r, i))
            break;
    }
    if (c->fd < 0)
        give_up("could not connect again", strerror(errno));
    c->busy = false;
    if (was_busy)
        set_free(r, i);
}

static int64_t due(const run *r)
{
    return r->rate ? r->start_ns +
                         (int64_t)((double)r->sent * (double)NS_PER_S / r->rate)
                   : clock_ns();
}

static void send_next(run *r)
{
    char text[REQUEST_BYTES];
    uint32_t i = r->free[r->free_at];
    connection *c = &r->all[i];
    r->free_at = (r->free_at + 1) % r->n_connections;
    r->n_free--;
    r->n++;
    c->busy = true;
    c->kind = pick_kind(r);
    do
        c->user = pick_user(r);
    while (r->sticky && r->ports[c->user % r->n_ports] != c->port);
    c->due_ns = due(r);
    c->len = 0;
    c->head_len = 0;
    size_t len = make_request(r, &r->kinds[c->kind], c->user, text);
    r->sent++;
    if (send(c->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
        lost(r, i);
}

/* ---- what comes back
 * --------------------------------------------------------- */

static void count_time(kind *k, int64_t ns)
{
    size_t at = 0;
    if (ns > SUB) {
        int octave = 63 - __builtin_clzll((uint64_t)ns);
        size_t sub = (size_t)((uint64_t)ns >> (octave - 6)) - SUB;
        at = (size_t)octave * SUB + sub;
    }
    k->buckets[at < N_BUCKETS ? at : N_BUCKETS - 1]++;
    if (ns > k->longest_ns)
        k->longest_ns = ns;
}

/* NULL: nothing is wrong. */
static const char *wrong_with(const run *r, const connection *c, int status)
{
    const kind *k = &r->kinds[c->kind];
    const char *wrong = NULL;
    char user[24];
    if (status < 200 || status > 299)
        return "status";
    if (!k->n_members)
        return NULL;
    json_t *j = json_loadb(c->bytes + c->head_len, c->body_len, 0, NULL);
    if (!json_is_object(j))
        wrong = "no JSON object";
    for (size_t i = 0; i < k->n_members && !wrong; i++) {
        const json_t *m = json_object_get(j, k->members[i]);
        snprintf(user, sizeof user, "%llu", (unsigned long long)c->user);
        if (!m)
            wrong = k->members[i];
        else if (strcmp(k->members[i], "userId") == 0 &&
                 (!json_is_string(m) ||
                  strcmp(json_string_value(m), user) != 0))
            wrong = "another learner's";
    }
    json_decref(j);
    return wrong;
}

static void answered(run *r, uint32_t i)
{
    connection *c = &r->all[i];
    kind *k = &r->kinds[c->kind];
    int status = atoi(c->bytes + 9);
    count_time(k, clock_ns() - c->due_ns);
    c->bytes[c->head_len - 2] = '\0'; /* ends the head */
    bool later = (status == 503 || status == 429) &&
                 strcasestr(c->bytes, "\r\nRetry-After:");
    const char *wrong = later ? NULL : wrong_with(r, c, status);
    k->bytes += c->body_len;
    k->n_refused += later;
    k->n_wrong += wrong != NULL;
    k->n_ok += !later && !wrong;
    if (wrong && r->shown++ < SHOWN_WRONG)
        fprintf(stderr, "mixload: %s of learner %llu: %s: %d %.300s\n", k->name,
                (unsigned long long)c->user, wrong, status,
                c->bytes + c->head_len);
    set_free(r, i);
}

static bool make_room(connection *c, size_t wanted)
{
    if (wanted <= c->room)
        return true;
    size_t room = c->room ? c->room : 4096;
    while (room < wanted)
        room *= 2;
    char *bigger = room <= ANSWER_BYTES ? realloc(c->bytes, room) : NULL;
    if (!bigger)
        return false;
    c->bytes = bigger;
    c->room = room;
    return true;
}

static void look_for_head(connection *c)
{
    c->bytes[c->len] = '\0';
    char *end = strstr(c->bytes, "\r\n\r\n");
    if (!end)
        return;
    char kept = end[2];
    end[2] = '\0';
    const char *length = strcasestr(c->bytes, "\r\nContent-Length:");
    c->body_len = length ? strtoul(length + 17, NULL, 10) : 0;
    end[2] = kept;
    c->head_len = (size_t)(end + 4 - c->bytes);
}

static void receive(run *r, uint32_t i)
{
    connection *c = &r->all[i];
    if (!make_room(c, c->len + 16384 + 1))
        give_up("an answer", "too long");
    ssize_t got = recv(c->fd, c->bytes + c->len, c->room - c->len - 1, 0);
    if (got <= 0 || !c->busy) {
        lost(r, i);
        return;
    }
    c->len += (size_t)got;
    if (!c->head_len)
        look_for_head(c);
    if (c->head_len && c->len >= c->head_len + c->body_len)
        answered(r, i);
}

/* ---- the run
 * ------------------------------------------------------------------ */

static void look_at_calendar(run *r)
{
    time_t now = time(NULL);
    struct tm utc;
    if (now == r->now_s || !gmtime_r(&now, &utc))
        return;
    r->now_s = now;
    strftime(r->now, sizeof r->now, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void drive(run *r)
{
    struct epoll_event got[512];
    while (clock_ns() < r->end_ns + DRAIN_S * NS_PER_S) {
        int64_t now = clock_ns();
        bool asking = now < r->end_ns;
        look_at_calendar(r);
        while (asking && r->n_free && (!r->rate || due(r) <= now))
            send_next(r);
        if (!asking && r->n_free == r->n_connections)
            return;
        struct timespec wait = {.tv_nsec = 1000000};
        if (asking && r->n_free && r->rate) {
            int64_t left = due(r) - clock_ns();
            wait.tv_nsec = left < 0 ? 0 : left < 1000000 ? left : 1000000;
        }
        int n = epoll_pwait2(r->epoll, got, 512, &wait, NULL);
        for (int i = 0; i < n; i++)
            receive(r, got[i].data.u32);
    }
}

/* Milliseconds below which the share q lies. */
static double quantile(const uint64_t *buckets, uint64_t n, double q)
{
    uint64_t seen = 0, wanted = (uint64_t)(q * (double)n);
    for (size_t b = 0; b < N_BUCKETS; b++) {
        seen += buckets[b];
        if (seen > wanted || seen == n)
            return b < SUB ? (double)b / 1e6
                           : ldexp(1 + ((double)(b % SUB) + .5) / SUB,
                                   (int)(b / SUB)) /
                                 1e6;
    }
    return 0;
}

static void add_kind(kind *sum, const kind *k)
{
    sum->n_ok += k->n_ok;
    sum->n_wrong += k->n_wrong;
    sum->n_refused += k->n_refused;
    sum->n_lost += k->n_lost;
    sum->bytes += k->bytes;
    for (size_t b = 0; b < N_BUCKETS; b++)
        sum->buckets[b] += k->buckets[b];
    if (k->longest_ns > sum->longest_ns)
        sum->longest_ns = k->longest_ns;
}

static void report_kind(const run *r, const kind *k, bool last)
{
    uint64_t n = k->n_ok + k->n_wrong + k->n_refused;
    double p50 = quantile(k->buckets, n, .5),
           p99 = quantile(k->buckets, n, .99);
    double p999 = quantile(k->buckets, n, .999);
    double longest = (double)k->longest_ns / 1e6;
    double per_s = (double)n / r->seconds;
    if (r->json)
        printf("\"%s\":{\"ok\":%llu,\"wrong\":%llu,\"refused\":%llu,"
               "\"lost\":%llu,\"per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
               "\"p999_ms\":%.3f,\"max_ms\":%.3f,\"bytes\":%llu}%s",
               k->name, (unsigned long long)k->n_ok,
               (unsigned long long)k->n_wrong, (unsigned long long)k->n_refused,
               (unsigned long long)k->n_lost, per_s, p50, p99, p999, longest,
               (unsigned long long)k->bytes, last ? "}\n" : ",");
    else
        printf(
            "%-22s %10llu %6llu %8llu %5llu %10.1f %9.3f %9.3f %9.3f %9.3f\n",
            k->name, (unsigned long long)k->n_ok,
            (unsigned long long)k->n_wrong, (unsigned long long)k->n_refused,
            (unsigned long long)k->n_lost, per_s, p50, p99, p999, longest);
}

static bool report(const run *r)
{
    static kind sum;
    snprintf(sum.name, sizeof sum.name, "all");
    if (r->json)
        printf("{");
    else
        printf("%-22s %10s %6s %8s %5s %10s %9s %9s %9s %9s\n", "", "ok",
               "wrong", "refused", "lost", "per s", "p50 ms", "p99 ms",
               "p99.9 ms", "max ms");
    for (size_t i = 0; i < r->n_kinds; i++) {
        report_kind(r, &r->kinds[i], false);
        add_kind(&sum, &r->kinds[i]);
    }
    report_kind(r, &sum, true);
    return !sum.n_wrong && !sum.n_lost;
}

/* ---- setting up
 * ----------------------------------------------------------------- */

static void read_line(run *r, char *line, const char *file)
{
    char *parts[6] = {0}, *at = line;
    size_t n = 0;
    line[strcspn(line, "\r\n")] = '\0';
    if (!line[0] || line[0] == '#')
        return;
    while (at && n < 6)
        parts[n++] = strsep(&at, "\t");
    if (n < 5 || r->n_kinds == MAX_KINDS)
        give_up(file,
                "a line is NAME WEIGHT METHOD TARGET MEMBERS [BODY], with "
                "tabs between");
    kind *k = &r->kinds[r->n_kinds++];
    snprintf(k->name, sizeof k->name, "%s", parts[0]);
    snprintf(k->method, sizeof k->method, "%s", parts[2]);
    k->until = atof(parts[1]);
    k->target = strdup(parts[3]);
    k->body = n == 6 ? strdup(parts[5]) : NULL;
    if (!k->target || (n == 6 && !k->body))
        give_up(file, "no memory");
    char *list = strcmp(parts[4], "-") == 0 ? NULL : strdup(parts[4]);
    while (list && k->n_members < MAX_MEMBERS)
        k->members[k->n_members++] = strsep(&list, ",");
}

static void read_mix(run *r, const char *file)
{
    char line[REQUEST_BYTES];
    double sum = 0, until = 0;
    FILE *f = fopen(file, "r");
    if (!f)
        give_up(file, strerror(errno));
    while (fgets(line, sizeof line, f))
        read_line(r, line, file);
    fclose(f);
    for (size_t i = 0; i < r->n_kinds; i++)
        sum += r->kinds[i].until;
    if (!(sum > 0))
        give_up(file, "no requests");
    for (size_t i = 0; i < r->n_kinds; i++) {
        until += r->kinds[i].until / sum;
        r->kinds[i].until = until;
    }
}

static void read_ports(run *r, char *list)
{
    for (char *word; (word = strsep(&list, ",")) && r->n_ports < MAX_PORTS;) {
        long v = strtol(word, NULL, 10);
        if (v < 1 || v > 65535)
            give_up(word, "no port");
        r->ports[r->n_ports++] = (uint16_t)v;
    }
}

static void make_zipf(run *r)
{
    double sum = 0, so_far = 0;
    if (!(r->zipf > 0))
        return;
    r->zipf_until = calloc(r->users, sizeof *r->zipf_until);
    if (!r->zipf_until)
        give_up("learners", "no memory");
    for (unsigned i = 0; i < r->users; i++)
        sum += pow(i + 1, -r->zipf);
    for (unsigned i = 0; i < r->users; i++) {
        so_far += pow(i + 1, -r->zipf) / sum;
        r->zipf_until[i] = so_far;
    }
}

static void begin(run *r)
{
    r->n = (uint64_t)time(NULL) << 28;
    r->all = calloc(r->n_connections, sizeof *r->all);
    r->free = calloc(r->n_connections, sizeof *r->free);
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!r->all || !r->free || r->epoll < 0)
        give_up("connections", "no memory");
    for (uint32_t i = 0; i < r->n_connections; i++) {
        r->all[i].port = r->ports[i % r->n_ports];
        if (!make_room(&r->all[i], 16384) || !open_connection(r, i))
            give_up("could not connect", strerror(errno));
        set_free(r, i);
    }
    r->start_ns = clock_ns();
    r->end_ns = r->start_ns + (int64_t)r->seconds * NS_PER_S;
}

static unsigned number(const char *text, unsigned least, unsigned most)
{
    char *end = NULL;
    unsigned long v = strtoul(text, &end, 10);
    if (end == text || *end || v < least || v > most)
        give_up(text, "no number that fits");
    return (unsigned)v;
}

static void parse(run *r, int argc, char **argv)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},
        {"mix", required_argument, NULL, 'm'},
        {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'r'},
        {"users", required_argument, NULL, 'u'},
        {"zipf", required_argument, NULL, 'z'},
        {"header", required_argument, NULL, 'h'},
        {"seed", required_argument, NULL, 'S'},
        {"sticky", no_argument, NULL, 'y'},
        {"json", no_argument, NULL, 'j'},
        {0}};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'p')
            read_ports(r, optarg);
        else if (c == 'm')
            read_mix(r, optarg);
        else if (c == 'c')
            r->n_connections = number(optarg, 1, MAX_CONNECTIONS);
        else if (c == 's')
            r->seconds = number(optarg, 1, 7200);
        else if (c == 'r')
            r->rate = number(optarg, 1, 1000000);
        else if (c == 'u')
            r->users = number(optarg, 1, 100000000);
        else if (c == 'z')
            r->zipf = atof(optarg);
        else if (c == 'h')
            r->header = optarg;
        else if (c == 'S')
            r->rng ^= (uint64_t)number(optarg, 0, UINT32_MAX) << 20;
        else if (c == 'y')
            r->sticky = true;
        else if (c == 'j')
            r->json = true;
        else
            give_up("usage", "mixload --port P --mix FILE ..");
    }
    if (!r->n_ports || !r->n_kinds || optind != argc ||
        (r->sticky && r->users < r->n_ports))
        give_up("usage", "mixload --port P --mix FILE ..");
}

int main(int argc, char **argv)
{
    static run r = {.n_connections = 100,
                    .seconds = 10,
                    .users = 1000,
                    .rng = 0x9e3779b97f4a7c15ULL};
    parse(&r, argc, argv);
    make_zipf(&r);
    look_at_calendar(&r);
    begin(&r);
    drive(&r);
    bool well = report(&r);
    for (uint32_t i = 0; i < r.n_connections; i++) {
        close(r.all[i].fd);
        free(r.all[i].bytes);
    }
    close(r.epoll);
    free(r.all);
    free(r.free);
    free(r.zipf_until);
    return well ? 0 : 1;
}
