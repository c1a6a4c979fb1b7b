/* Families and series are only ever added, under the lock, and never move:
 * recording needs no lock. A histogram's buckets are counted apart and summed
 * when written, so that `_count` and the last bucket always agree. */
#include "metrics/metrics.h"

#include "base/arena.h"
#include "base/json_writer.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { MAX_SERIES = 2000, N_BOUNDS = 19, ARENA_BYTES = 4 << 20 };

typedef enum metric_kind { COUNTER, GAUGE, HISTOGRAM } metric_kind;

static const int64_t BOUNDS_NS[N_BOUNDS] = {
    10000,      25000,      50000,      100000,     250000,
    500000,     1000000,    2500000,    5000000,    10000000,
    25000000,   50000000,   100000000,  250000000,  500000000,
    1000000000, 2500000000, 5000000000, 10000000000};

struct piq_metric {
    piq_metric *next; /* in its family */
    metric_kind kind;
    const char *labels;
    /* Counter: the count. Gauge: the bits of a double. Histogram: sum, ns. */
    _Atomic uint64_t value;
    _Atomic uint64_t *buckets; /* [N_BOUNDS + 1], the last is +Inf; or NULL */
};

typedef struct family {
    struct family *next;
    metric_kind kind;
    const char *name;
    const char *help;
    piq_metric *first;
    piq_metric *last;
} family;

struct piq_metrics {
    piq_arena memory; /* holds everything, this struct included */
    pthread_mutex_t *lock;
    family *first;
    family *last;
    size_t n_series;
};

piq_status piq_metrics_new(piq_metrics **out)
{
    piq_arena memory;
    piq_arena_init(&memory, ARENA_BYTES);
    piq_metrics *m = piq_new(&memory, piq_metrics, 1);
    pthread_mutex_t *lock = piq_new(&memory, pthread_mutex_t, 1);
    if (!m || !lock || pthread_mutex_init(lock, NULL) != 0) {
        piq_arena_release(&memory);
        return PIQ_ENOMEM;
    }
    *m = (piq_metrics){.memory = memory, .lock = lock};
    *out = m;
    return PIQ_OK;
}

void piq_metrics_free(piq_metrics *m)
{
    if (!m)
        return;
    pthread_mutex_destroy(m->lock);
    piq_arena memory = m->memory;
    piq_arena_release(&memory);
}

static family *find_family(const piq_metrics *m, const char *name)
{
    family *f = m->first;
    while (f && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

static piq_metric *find_series(const family *f, const char *labels)
{
    piq_metric *s = f ? f->first : NULL;
    while (s && strcmp(s->labels, labels) != 0)
        s = s->next;
    return s;
}

static family *add_family(piq_metrics *m, metric_kind kind, const char *name,
                          const char *help)
{
    family *f = piq_new(&m->memory, family, 1);
    char *name_copy = piq_arena_strndup(&m->memory, name, strlen(name));
    char *help_copy = piq_arena_strndup(&m->memory, help, strlen(help));
    if (!f || !name_copy || !help_copy)
        return NULL;
    *f = (family){.kind = kind, .name = name_copy, .help = help_copy};
    if (m->last)
        m->last->next = f;
    else
        m->first = f;
    m->last = f;
    return f;
}

static piq_metric *add_series(piq_metrics *m, family *f, const char *labels)
{
    piq_metric *s = piq_new(&m->memory, piq_metric, 1);
    char *copy = piq_arena_strndup(&m->memory, labels, strlen(labels));
    size_t n_buckets = f->kind == HISTOGRAM ? N_BOUNDS + 1 : 0;
    _Atomic uint64_t *buckets =
        n_buckets ? piq_new(&m->memory, _Atomic uint64_t, n_buckets) : NULL;
    if (!s || !copy || (n_buckets && !buckets))
        return NULL;
    s->kind = f->kind;
    s->labels = copy;
    s->buckets = buckets;
    if (f->last)
        f->last->next = s;
    else
        f->first = s;
    f->last = s;
    m->n_series++;
    return s;
}

static piq_metric *declare(piq_metrics *m, metric_kind kind, const char *name,
                           const char *help, const char *labels)
{
    if (!labels)
        labels = "";
    pthread_mutex_lock(m->lock);
    family *f = find_family(m, name);
    PIQ_ASSERT(!f || f->kind == kind);
    piq_metric *s = find_series(f, labels);
    if (!s && m->n_series < MAX_SERIES) {
        if (!f)
            f = add_family(m, kind, name, help);
        if (f)
            s = add_series(m, f, labels);
    }
    pthread_mutex_unlock(m->lock);
    return s;
}

piq_metric *piq_metrics_counter(piq_metrics *m, const char *name,
                                const char *help, const char *labels)
{
    return declare(m, COUNTER, name, help, labels);
}

piq_metric *piq_metrics_gauge(piq_metrics *m, const char *name,
                              const char *help, const char *labels)
{
    return declare(m, GAUGE, name, help, labels);
}

piq_metric *piq_metrics_histogram(piq_metrics *m, const char *name,
                                  const char *help, const char *labels)
{
    return declare(m, HISTOGRAM, name, help, labels);
}

void piq_metric_add(piq_metric *c, uint64_t by)
{
    if (!c)
        return;
    PIQ_ASSERT(c->kind == COUNTER);
    atomic_fetch_add_explicit(&c->value, by, memory_order_relaxed);
}

void piq_metric_set(piq_metric *g, double value)
{
    if (!g)
        return;
    PIQ_ASSERT(g->kind == GAUGE);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    atomic_store_explicit(&g->value, bits, memory_order_relaxed);
}

void piq_metric_observe_ns(piq_metric *h, int64_t ns)
{
    if (!h)
        return;
    PIQ_ASSERT(h->kind == HISTOGRAM);
    if (ns < 0)
        ns = 0; /* a clock that stepped back */
    size_t k = 0;
    while (k < N_BOUNDS && ns > BOUNDS_NS[k])
        k++;
    atomic_fetch_add_explicit(&h->buckets[k], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->value, (uint64_t)ns, memory_order_relaxed);
}

static const char *kind_name(metric_kind kind)
{
    switch (kind) {
    case COUNTER:
        return "counter";
    case GAUGE:
        return "gauge";
    case HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

static void put_number(piq_buf *out, double v)
{
    piq_json_writer w;
    piq_json_init(&w, out);
    if (isnan(v))
        piq_buf_add_z(out, "NaN");
    else if (isinf(v))
        piq_buf_add_z(out, v > 0 ? "+Inf" : "-Inf");
    else
        piq_json_double(&w, v);
}

static void put_count(piq_buf *out, uint64_t v)
{
    piq_buf_printf(out, "%llu", (unsigned long long)v);
}

/* name_suffix{labels,le="bound"} followed by a blank; `le` may be NULL. */
static void put_name(piq_buf *out, const family *f, const char *suffix,
                     const piq_metric *s, const char *le)
{
    piq_buf_add_z(out, f->name);
    piq_buf_add_z(out, suffix);
    if (s->labels[0] || le) {
        piq_buf_add_char(out, '{');
        piq_buf_add_z(out, s->labels);
        if (le)
            piq_buf_printf(out, "%sle=\"%s\"", s->labels[0] ? "," : "", le);
        piq_buf_add_char(out, '}');
    }
    piq_buf_add_char(out, ' ');
}

static void write_histogram(const family *f, const piq_metric *s, piq_buf *out)
{
    static const char *const bounds[N_BOUNDS + 1] = {
        "0.00001", "0.000025", "0.00005", "0.0001", "0.00025",
        "0.0005",  "0.001",    "0.0025",  "0.005",  "0.01",
        "0.025",   "0.05",     "0.1",     "0.25",   "0.5",
        "1",       "2.5",      "5",       "10",     "+Inf"};
    uint64_t n = 0;
    for (size_t k = 0; k <= N_BOUNDS; k++) {
        n += atomic_load_explicit(&s->buckets[k], memory_order_relaxed);
        put_name(out, f, "_bucket", s, bounds[k]);
        put_count(out, n);
        piq_buf_add_char(out, '\n');
    }
    uint64_t sum_ns = atomic_load_explicit(&s->value, memory_order_relaxed);
    put_name(out, f, "_sum", s, NULL);
    put_number(out, (double)sum_ns / 1e9);
    piq_buf_add_char(out, '\n');
    put_name(out, f, "_count", s, NULL);
    put_count(out, n);
    piq_buf_add_char(out, '\n');
}

static void write_series(const family *f, const piq_metric *s, piq_buf *out)
{
    if (s->kind == HISTOGRAM) {
        write_histogram(f, s, out);
        return;
    }
    uint64_t value = atomic_load_explicit(&s->value, memory_order_relaxed);
    put_name(out, f, "", s, NULL);
    if (s->kind == GAUGE) {
        double v;
        memcpy(&v, &value, sizeof v);
        put_number(out, v);
    } else {
        put_count(out, value);
    }
    piq_buf_add_char(out, '\n');
}

static void write_head(const family *f, piq_buf *out)
{
    piq_buf_add_z(out, "# HELP ");
    piq_buf_add_z(out, f->name);
    piq_buf_add_char(out, ' ');
    for (const char *c = f->help; *c; c++) {
        if (*c == '\\')
            piq_buf_add_z(out, "\\\\");
        else if (*c == '\n')
            piq_buf_add_z(out, "\\n");
        else
            piq_buf_add_char(out, *c);
    }
    piq_buf_printf(out, "\n# TYPE %s %s\n", f->name, kind_name(f->kind));
}

void piq_metrics_write(const piq_metrics *m, piq_buf *out)
{
    pthread_mutex_lock(m->lock);
    for (const family *f = m->first; f; f = f->next) {
        write_head(f, out);
        for (const piq_metric *s = f->first; s; s = s->next)
            write_series(f, s, out);
    }
    pthread_mutex_unlock(m->lock);
}
