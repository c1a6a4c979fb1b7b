#include "recommend/taste.h"

#include "num/vector.h"
#include "recommend/taste_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const double piq_taste_knots[PIQ_TASTE_KNOTS] = {1, 3, 10, 30, 100, 300};

static const double ACCEPTED = .6, RATED = .5;

double piq_taste_reward(bool accepted, bool completed, bool dismissed,
                        double stars)
{
    if (dismissed)
        return 0;
    double r = completed ? 1 : accepted ? ACCEPTED : 0;
    if (stars < 1)
        return r;
    double rating = (fmin(stars, 5) - 1) / 4;
    return r > 0 ? (1 - RATED) * r + RATED * rating : RATED * rating;
}

/* ---- memory ------------------------------------------------------------ */

size_t piq_taste_round(size_t n_items)
{
    return (n_items + PIQ_TASTE_LINE - 1) / PIQ_TASTE_LINE * PIQ_TASTE_LINE;
}

/* Rows are read here and there. Large pages are asked for, where the system has
 * them: a row of a map would else be on pages of its own, each to be looked up.
 */
float *piq_taste_rows(size_t rows, size_t stride)
{
    enum { LINE = PIQ_TASTE_LINE * sizeof(float), PAGE = 2 << 20 };
    size_t bytes = rows * stride * sizeof(float);
    size_t unit = bytes >= 2 * (size_t)PAGE ? PAGE : LINE;
    PIQ_ASSERT(!stride || rows <= SIZE_MAX / sizeof(float) / stride / 2);
    if (piq_alloc_should_fail())
        return NULL;
    size_t whole = bytes ? (bytes + unit - 1) / unit * unit : unit;
    float *at = aligned_alloc(unit, whole);
    if (!at)
        return NULL;
    if (unit == PAGE)
        (void)madvise(at, whole, MADV_HUGEPAGE); /* slower without, no more */
    memset(at, 0, bytes);
    return at;
}

static void *zeroed(size_t n, size_t size)
{
    return piq_alloc_should_fail() ? NULL : calloc(n ? n : 1, size);
}

piq_status piq_taste_new_bare(size_t n_items, piq_taste **out)
{
    piq_taste *m = zeroed(1, sizeof *m);
    if (!m)
        return PIQ_ENOMEM;
    m->n_items = n_items;
    m->stride = piq_taste_round(n_items);
    m->ids = zeroed(n_items, sizeof *m->ids);
    m->seen = zeroed(n_items, sizeof *m->seen);
    m->popular = piq_taste_rows(1, m->stride);
    m->about.valid_ndcg = NAN;
    if (!m->ids || !m->seen || !m->popular) {
        piq_taste_free(m);
        return PIQ_ENOMEM;
    }
    *out = m;
    return PIQ_OK;
}

piq_status piq_taste_new(size_t n_items, piq_taste **out)
{
    piq_taste *m;
    piq_status status = piq_taste_new_bare(n_items, &m);
    if (status != PIQ_OK)
        return status;
    for (int k = 0; k < PIQ_N_TASTE_MAPS; k++) {
        m->maps[k] = piq_taste_rows(n_items, m->stride);
        if (!m->maps[k]) {
            piq_taste_free(m);
            return PIQ_ENOMEM;
        }
    }
    *out = m;
    return PIQ_OK;
}

void piq_taste_free(piq_taste *m)
{
    if (!m)
        return;
    for (int k = 0; k < PIQ_N_TASTE_MAPS; k++)
        free(m->maps[k]);
    free(m->popular);
    free(m->seen);
    free(m->ids);
    free(m);
}

/* ---- looking ----------------------------------------------------------- */

size_t piq_taste_n_items(const piq_taste *m)
{
    return m->n_items;
}

size_t piq_taste_stride(const piq_taste *m)
{
    return m->stride;
}

const piq_taste_about *piq_taste_about_of(const piq_taste *m)
{
    return &m->about;
}

uint32_t piq_taste_find(const piq_taste *m, int64_t id)
{
    size_t low = 0, high = m->n_items;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->n_items && m->ids[low] == id ? (uint32_t)low
                                                 : PIQ_TASTE_NO_ITEM;
}

/* ---- parts ------------------------------------------------------------- */

piq_taste_map piq_taste_map_of(piq_taste_part part)
{
    static const piq_taste_map maps[PIQ_TASTE_SUMS] = {
        PIQ_TASTE_MAP_ALIKE, PIQ_TASTE_MAP_ALIKE, PIQ_TASTE_MAP_NEXT,
        PIQ_TASTE_MAP_BEGUN};
    PIQ_ASSERT(part < PIQ_TASTE_POPULAR);
    return maps[part];
}

/* Where n stands: between knots `*at` and `*at` + 1, this far from the first.
 */
static double place(size_t n, size_t *at)
{
    double x = log((double)(n ? n : 1));
    size_t k = 0;
    while (k + 2 < PIQ_TASTE_KNOTS && x >= log(piq_taste_knots[k + 1]))
        k++;
    double low = log(piq_taste_knots[k]), high = log(piq_taste_knots[k + 1]);
    *at = k;
    return fmin((x - low) / (high - low), 1);
}

static double between(float low, float high, double far)
{
    return (double)low + far * ((double)high - (double)low);
}

double piq_taste_weight(const piq_taste *m, piq_taste_part part, size_t n)
{
    size_t k;
    double far = place(n, &k);
    return between(m->knots[k].weight[part], m->knots[k + 1].weight[part], far);
}

void piq_taste_factors(const piq_taste *m, size_t n,
                       double out[PIQ_N_TASTE_PARTS])
{
    size_t k;
    double far = place(n, &k);
    const piq_taste_knot *low = &m->knots[k], *high = low + 1;
    for (int p = 0; p < PIQ_N_TASTE_PARTS; p++)
        out[p] = between(low->weight[p], high->weight[p], far) *
                 exp(-between(low->log_scale[p], high->log_scale[p], far));
}

double piq_taste_strength(float weight)
{
    return copysign(sqrt(fabs((double)weight)), (double)weight);
}

double piq_taste_fade(const piq_taste *m, piq_taste_part part, double age)
{
    double half_life = (double)m->half_life[part];
    return half_life > 0 ? exp2(-age / half_life) : 1;
}

/* ---- scores without a state -------------------------------------------- */

double piq_taste_term(double score)
{
    return .5 + .5 * score / (2 + fabs(score));
}

/* A row of a map, and what it counts. */
typedef struct counted_row {
    const float *at;
    float scale;
} counted_row;

/* One for the two parts that read the same map. */
static size_t rows_of(const piq_taste *m, const piq_taste_entry *entries,
                      size_t n, const double factor[PIQ_N_TASTE_PARTS],
                      counted_row *out)
{
    size_t rows = 0;
    for (size_t k = 0; k < n; k++) {
        double by_map[PIQ_N_TASTE_MAPS] = {0};
        for (int p = 0; p < PIQ_TASTE_SUMS; p++)
            by_map[piq_taste_map_of((piq_taste_part)p)] +=
                factor[p] *
                piq_taste_fade(m, (piq_taste_part)p, (double)(n - 1 - k));
        PIQ_ASSERT(entries[k].item < m->n_items);
        for (int i = 0; i < PIQ_N_TASTE_MAPS; i++) {
            float scale =
                (float)(by_map[i] * piq_taste_strength(entries[k].weight));
            if (scale != 0)
                out[rows++] = (counted_row){
                    m->maps[i] + entries[k].item * m->stride, scale};
        }
    }
    return rows;
}

/* Rows lie far apart in memory: those that come next are fetched, into the
 * second level cache, while one is added; a piece at a time, so that sums and
 * what was fetched stay at hand. Of 50 entries, 4,000 items, a busy machine:
 * 165 us, 280 us one row after the other. */
static void add_rows(const counted_row *rows, size_t n, float *out,
                     size_t stride)
{
    enum { PIECE = 256, AHEAD = 8, FAR = 2 };
    for (size_t at = 0; at < stride; at += PIECE) {
        size_t width = stride - at < PIECE ? stride - at : PIECE;
        for (size_t k = 0; k < n; k++) {
            const float *next = rows[k + AHEAD < n ? k + AHEAD : n - 1].at + at;
            for (size_t i = 0; i < width; i += PIQ_TASTE_LINE)
                __builtin_prefetch(next + i, 0, FAR);
            piq_vector_add(out + at, rows[k].scale, rows[k].at + at, width);
        }
    }
}

void piq_taste_scores_of(const piq_taste *m, const piq_taste_entry *entries,
                         size_t n, float *out)
{
    double factor[PIQ_N_TASTE_PARTS];
    counted_row rows[PIQ_TASTE_HISTORY * PIQ_N_TASTE_MAPS];
    if (n > PIQ_TASTE_HISTORY) {
        entries += n - PIQ_TASTE_HISTORY;
        n = PIQ_TASTE_HISTORY;
    }
    piq_taste_factors(m, n, factor);
    memset(out, 0, m->stride * sizeof *out);
    piq_vector_add(out, (float)factor[PIQ_TASTE_POPULAR], m->popular,
                   m->stride);
    add_rows(rows, rows_of(m, entries, n, factor, rows), out, m->stride);
}
