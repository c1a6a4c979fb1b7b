/* bench_store.c - what the backends give on this machine and disk.
 *
 * Usage: bench_store [LEARNERS [SECONDS [FOLDER]]]; 10,000 learners, 2 s for
 * each line, the folder of temporary files. Durable throughout: a commit has
 * been synced when it is counted. An event has a 36-byte id and a body of 160
 * bytes; a learner's state has 3 KiB. "with states": the state of each learner
 * touched is replaced in the same commit, as the engine does.
 *
 * PostgreSQL too when PIQ_TEST_POSTGRES says where it is:
 *
 *     tools/with_postgres -- build/bench/bench_store
 *     tools/with_postgres --shards 3 -- build/bench/bench_store
 *
 * (with shards: learners spread over them too, so that a commit of many is one
 * over several servers)
 * and then the ratio of the two, since other work on the machine slows both.
 */
#include "base/clock.h"
#include "base/rng.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    STATE_BYTES = 3072,
    BODY_BYTES = 160,
    ID_BYTES = 36,
    MAX_BATCH = 1024,
    MAX_SAMPLES = 1 << 20,
    FILL_PER_LEARNER = 50
};

enum { N_BATCHES = 5 };
static const size_t batches[N_BATCHES] = {1, 16, 64, 256, 1024};

typedef struct bench {
    const char *conninfo; /* NULL: SQLite, at `path` */
    bool prepare;
    const char *shards;         /* NULL: one database */
    double rates[2][N_BATCHES]; /* events/s, alone and with states */
    double cpu[2][N_BATCHES];   /* seconds an event, the same */
    char path[512];
    piq_store *store;
    piq_rng rng;
    size_t n_learners;
    double seconds;
    int64_t *versions; /* [n_learners] */
    int64_t at_us;
    uint64_t n_events;
    char *state;
    char *body;
    double *samples_us; /* [MAX_SAMPLES] */
    size_t n_samples;
    /* One commit's rows. */
    piq_event_row events[MAX_BATCH];
    piq_state_row states[MAX_BATCH];
    char ids[MAX_BATCH][ID_BYTES + 1];
} bench;

static void die(const char *what, const piq_err *err)
{
    fprintf(stderr, "bench_store: %s: %s\n", what, err->message);
    exit(1);
}

static void *must_alloc(size_t n, size_t size)
{
    void *p = calloc(n, size);
    if (p == NULL) {
        fputs("bench_store: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

/* ---- time ------------------------------------------------------------ */

static double now_s(void)
{
    return (double)piq_clock_monotonic_ns() * 1e-9;
}

/* Of the processes whose folder lies beside the server's, as
 * tools/with_postgres names it: shards have theirs there. */
static double server_cpu_s(void)
{
    const char *folder = getenv("PIQ_TEST_POSTGRES_DATA");
    const char *end = folder != NULL ? strrchr(folder, '/') : NULL;
    size_t len = end != NULL ? (size_t)(end - folder) + 1 : 0;
    DIR *processes = folder != NULL ? opendir("/proc") : NULL;
    double sum = 0;
    for (struct dirent *e; processes && (e = readdir(processes)) != NULL;) {
        char path[300], at[300];
        snprintf(path, sizeof path, "/proc/%.20s/cwd", e->d_name);
        ssize_t n = readlink(path, at, sizeof at - 1);
        at[n > 0 ? n : 0] = '\0';
        if (e->d_name[0] < '0' || e->d_name[0] > '9' ||
            strncmp(at, folder, len) != 0)
            continue;
        snprintf(path, sizeof path, "/proc/%.20s/schedstat", e->d_name);
        FILE *f = fopen(path, "r");
        long long ns = 0;
        if (f != NULL && fscanf(f, "%lld", &ns) == 1)
            sum += (double)ns * 1e-9;
        if (f != NULL)
            fclose(f);
    }
    if (processes != NULL)
        closedir(processes);
    return sum;
}

/* Ours and the server's. On a machine that others use too it says more than
 * time does. */
static double cpu_s(const bench *b)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    double own = (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
    return own + (b->conninfo != NULL ? server_cpu_s() : 0);
}

static void sample(bench *b, double us)
{
    if (b->n_samples < MAX_SAMPLES)
        b->samples_us[b->n_samples++] = us;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Call once the samples of a line are complete; sorts them. */
static double quantile_us(bench *b, double q)
{
    if (b->n_samples == 0)
        return NAN;
    qsort(b->samples_us, b->n_samples, sizeof(double), by_size);
    return b->samples_us[(size_t)(q * (double)(b->n_samples - 1))];
}

/* ---- rows ------------------------------------------------------------ */

static void fill_event(bench *b, size_t i, size_t learner)
{
    /* As random as a UUID: what an index likes least. */
    snprintf(b->ids[i], sizeof b->ids[i], "%08x-%04x-%04x-%016llx",
             (unsigned)piq_rng_u64(&b->rng),
             (unsigned)(piq_rng_u64(&b->rng) & 0xffff),
             (unsigned)(b->n_events & 0xffff),
             (unsigned long long)piq_rng_u64(&b->rng));
    b->n_events++;
    b->at_us += 1000;
    b->events[i] = (piq_event_row){
        .user = {(int64_t)learner + 1},
        .event_id = {b->ids[i], strlen(b->ids[i])},
        .at_us = b->at_us,
        .received_us = b->at_us + 5,
        .type = PIQ_EV_ANSWER,
        .catalogue_version = 1,
        .item = {(uint32_t)piq_rng_below(&b->rng, 5000)},
        .score = 1.0F,
        .predicted = 0.7F,
        .ability_logit = 0.3F,
        .ability_variance = 0.2F,
        .body = {b->body, BODY_BYTES},
    };
}

static void fill_state(bench *b, size_t i, size_t learner)
{
    int64_t from = b->versions[learner]++;
    b->states[i] = (piq_state_row){
        .user = {(int64_t)learner + 1},
        .version = from + 1,
        .from_version = from,
        .body = {b->state, STATE_BYTES},
    };
}

static void must_commit(bench *b, piq_commit *c)
{
    piq_err err;
    if (b->store->ops->commit(b->store, c, &err) != PIQ_OK)
        die("commit", &err);
}

static void must_open(bench *b)
{
    piq_err err;
    char schema[64];
    snprintf(schema, sizeof schema, "bench_%ld_%d%d", (long)getpid(),
             (int)b->prepare, b->shards != NULL);
    const piq_postgres_options o = {
        .schema = schema, .shards = b->shards, .unprepared = !b->prepare};
    piq_status st = b->conninfo == NULL
                        ? piq_sqlite_open(b->path, NULL, &b->store, &err)
                        : piq_postgres_open(b->conninfo, &o, &b->store, &err);
    if (st != PIQ_OK)
        die("open", &err);
}

/* ---- what is measured ------------------------------------------------ */

/* Every learner a state and the first events, learners interleaved. */
static void fill(bench *b)
{
    double start = now_s();
    for (size_t at = 0; at < b->n_learners; at += MAX_BATCH) {
        size_t n =
            b->n_learners - at < MAX_BATCH ? b->n_learners - at : MAX_BATCH;
        for (size_t i = 0; i < n; i++)
            fill_state(b, i, at + i);
        must_commit(b, &(piq_commit){.states = b->states, .n_states = n});
    }
    double states_s = now_s() - start;
    start = now_s();
    size_t total = b->n_learners * FILL_PER_LEARNER;
    for (size_t at = 0; at < total; at += MAX_BATCH) {
        size_t n = total - at < MAX_BATCH ? total - at : MAX_BATCH;
        for (size_t i = 0; i < n; i++)
            fill_event(b, i, (at + i) % b->n_learners);
        must_commit(b, &(piq_commit){.events = b->events, .n_events = n});
    }
    double events_s = now_s() - start;
    printf("fill, %d a commit: %.0f states/s, %.0f events/s\n", MAX_BATCH,
           (double)b->n_learners / states_s, (double)total / events_s);
}

/* Learners picked at random; distinct within a commit. */
static void one_commit(bench *b, size_t batch, bool with_states)
{
    size_t first = (size_t)piq_rng_below(&b->rng, b->n_learners);
    size_t stride = 7919; /* a prime: neighbours are not neighbours on disk */
    for (size_t i = 0; i < batch; i++) {
        size_t learner = (first + i * stride) % b->n_learners;
        fill_event(b, i, learner);
        if (with_states)
            fill_state(b, i, learner);
    }
    piq_commit c = {.events = b->events,
                    .n_events = batch,
                    .states = b->states,
                    .n_states = with_states ? batch : 0};
    double start = now_s();
    must_commit(b, &c);
    sample(b, (now_s() - start) * 1e6);
}

static void commits(bench *b, size_t which, bool with_states)
{
    size_t batch = batches[which];
    b->n_samples = 0;
    size_t n = 0;
    double cpu = cpu_s(b), start = now_s(), spent;
    do {
        one_commit(b, batch, with_states);
        n++;
        spent = now_s() - start;
    } while (spent < b->seconds);
    cpu = cpu_s(b) - cpu;
    b->rates[with_states][which] = (double)(n * batch) / spent;
    b->cpu[with_states][which] = cpu / (double)(n * batch);
    printf("%5zu  %-12s %9.0f %10.0f %9.2f %9.2f %9.2f %8.1f\n", batch,
           with_states ? "with states" : "events only", (double)n / spent,
           b->rates[with_states][which], quantile_us(b, 0.5) / 1e3,
           quantile_us(b, 0.99) / 1e3, quantile_us(b, 1.0) / 1e3,
           b->cpu[with_states][which] * 1e6);
}

static void read_events(bench *b)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    b->n_samples = 0;
    size_t n_read = 0;
    double start = now_s(), spent;
    do {
        piq_err err;
        piq_event_row *rows;
        size_t n;
        piq_event_range range = {
            .user = {(int64_t)piq_rng_below(&b->rng, b->n_learners) + 1},
            .after_us = INT64_MIN,
            .until_us = INT64_MAX,
            .limit = SIZE_MAX};
        double t = now_s();
        if (b->store->ops->events(b->store, &a, &range, &rows, &n, &err) !=
            PIQ_OK)
            die("events", &err);
        sample(b, (now_s() - t) * 1e6);
        n_read += n;
        piq_arena_clear(&a);
        spent = now_s() - start;
    } while (spent < b->seconds);
    printf("events of a learner, in fold order: %.0f events/s, p50 %.0f us, "
           "p99 %.0f us a learner\n",
           (double)n_read / spent, quantile_us(b, 0.5), quantile_us(b, 0.99));
    piq_arena_release(&a);
}

static void read_states(bench *b, const char *how)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    b->n_samples = 0;
    for (size_t i = 0; i < b->n_learners; i++) {
        piq_err err;
        int64_t version;
        piq_str body;
        piq_user_id user = {(int64_t)((i * 7919) % b->n_learners) + 1};
        double t = now_s();
        if (b->store->ops->state(b->store, &a, user, &version, &body, &err) !=
            PIQ_OK)
            die("state", &err);
        sample(b, (now_s() - t) * 1e6);
        piq_arena_clear(&a);
    }
    printf("state of a learner, %s: p50 %.0f us, p99 %.0f us, worst %.0f us\n",
           how, quantile_us(b, 0.5), quantile_us(b, 0.99), quantile_us(b, 1.0));
    piq_arena_release(&a);
}

/* What the kernel holds of the file is dropped, as after a restart. */
static void forget_file(const bench *b)
{
    int fd = open(b->path, O_RDONLY);
    if (fd < 0)
        return;
    fdatasync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

static void print_size(bench *b)
{
    piq_err err;
    piq_store_counts counts;
    double t = now_s();
    if (b->store->ops->counts(b->store, &counts, &err) != PIQ_OK)
        die("counts", &err);
    double spent_us = (now_s() - t) * 1e6;
    printf("file: %.1f MiB, %llu events, %llu learners (counted in %.0f us)\n",
           (double)counts.bytes / (1 << 20), (unsigned long long)counts.events,
           (unsigned long long)counts.learners, spent_us);
}

static void measure(bench *b)
{
    must_open(b);
    fill(b);
    printf("batch               commits/s   events/s    p50 ms    p99 ms  "
           "worst ms  CPU us an event\n");
    for (size_t i = 0; i < N_BATCHES; i++)
        commits(b, i, false);
    for (size_t i = 0; i < N_BATCHES; i++)
        commits(b, i, true);
    read_events(b);
    print_size(b);
    double t = now_s();
    b->store->ops->close(b->store);
    printf("close: %.0f ms\n", (now_s() - t) * 1e3);
    if (b->conninfo == NULL)
        forget_file(b);
    t = now_s();
    must_open(b);
    printf("open: %.1f ms\n", (now_s() - t) * 1e3);
    read_states(b, b->conninfo == NULL ? "cold" : "first");
    read_states(b, "warm");
    b->store->ops->close(b->store);
}

static void remove_files(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[600];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

/* A fresh set of learners in another place. */
static void start_over(bench *b, const char *conninfo, bool prepare)
{
    b->conninfo = conninfo;
    b->prepare = prepare;
    b->n_events = 0;
    b->at_us = INT64_C(1750000000000000);
    memset(b->versions, 0, b->n_learners * sizeof *b->versions);
    piq_rng_seed(&b->rng, 1);
}

typedef struct rates {
    double rates[2][N_BATCHES], cpu[2][N_BATCHES];
} rates;

static void print_ratios(const bench *b, const rates *sqlite)
{
    printf("of SQLite's  events/s, with states   CPU, with states\n");
    for (size_t i = 0; i < N_BATCHES; i++)
        printf("%11zu %9.2f %12.2f %7.2f %12.2f\n", batches[i],
               b->rates[0][i] / sqlite->rates[0][i],
               b->rates[1][i] / sqlite->rates[1][i],
               b->cpu[0][i] / sqlite->cpu[0][i],
               b->cpu[1][i] / sqlite->cpu[1][i]);
}

static void measure_postgres(bench *b)
{
    const char *conninfo = getenv("PIQ_TEST_POSTGRES");
    rates sqlite;
    memcpy(sqlite.rates, b->rates, sizeof sqlite.rates);
    memcpy(sqlite.cpu, b->cpu, sizeof sqlite.cpu);
    for (int way = 0; way < 2 && conninfo != NULL; way++) {
        printf("\nPostgreSQL, statements %s\n",
               way == 0 ? "prepared" : "parsed each time");
        start_over(b, conninfo, way == 0);
        measure(b);
        print_ratios(b, &sqlite);
    }
    b->shards = getenv("PIQ_TEST_SHARDS");
    if (conninfo == NULL || b->shards == NULL)
        return;
    printf("\nPostgreSQL, learners spread over %s\n", b->shards);
    start_over(b, conninfo, true);
    measure(b);
    print_ratios(b, &sqlite);
}

int main(int argc, char **argv)
{
    bench *b = must_alloc(1, sizeof *b);
    b->n_learners = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    b->seconds = argc > 2 ? strtod(argv[2], NULL) : 2.0;
    const char *tmp = getenv("TMPDIR");
    const char *folder = argc > 3 ? argv[3] : tmp != NULL ? tmp : "/tmp";
    if (b->n_learners < MAX_BATCH || !(b->seconds > 0)) {
        fprintf(stderr,
                "usage: bench_store [LEARNERS >= %d [SECONDS "
                "[FOLDER]]]\n",
                MAX_BATCH);
        return 2;
    }
    snprintf(b->path, sizeof b->path, "%s/bench_store_%ld.db", folder,
             (long)getpid());
    remove_files(b->path);
    b->versions = must_alloc(b->n_learners, sizeof *b->versions);
    b->samples_us = must_alloc(MAX_SAMPLES, sizeof *b->samples_us);
    b->state = must_alloc(STATE_BYTES, 1);
    b->body = must_alloc(BODY_BYTES + 1, 1);
    for (size_t i = 0; i < STATE_BYTES; i++)
        b->state[i] = (char)piq_rng_u64(&b->rng);
    memset(b->body, 'x', BODY_BYTES);
    start_over(b, NULL, false);
    measure(b);
    remove_files(b->path);
    measure_postgres(b);
    free(b->state);
    free(b->body);
    free(b->samples_us);
    free(b->versions);
    free(b);
    return 0;
}
