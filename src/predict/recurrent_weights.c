#include "predict/recurrent_weights.h"

#include "num/vector.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

/* --- shape and layout ---------------------------------------------------- */

static bool is_width(uint32_t n)
{
    return n > 0 && n <= PIQ_RECURRENT_MAX_WIDTH && n % PIQ_VECTOR_LANES == 0;
}

static void layout_of(const piq_recurrent_shape *p, piq_recurrent_layout *out)
{
    const uint32_t rows[] = {
#define ROWS(NAME, rows, cols) rows,
        PIQ_RECURRENT_BLOCKS(ROWS)
#undef ROWS
    };
    const uint32_t cols[] = {
#define COLS(NAME, rows, cols) cols,
        PIQ_RECURRENT_BLOCKS(COLS)
#undef COLS
    };
    out->at[0] = 0;
    for (size_t b = 0; b < PIQ_N_RECURRENT_BLOCKS; b++) {
        out->rows[b] = rows[b];
        out->cols[b] = cols[b];
        out->at[b + 1] = out->at[b] + (size_t)rows[b] * cols[b];
    }
}

bool piq_recurrent_shape_good(const piq_recurrent_shape *p)
{
    if (p->n_items > PIQ_RECURRENT_MAX_ITEMS ||
        p->n_concepts > PIQ_RECURRENT_MAX_CONCEPTS ||
        p->n_features > PIQ_RECURRENT_MAX_FEATURES)
        return false;
    if (!is_width(p->hidden) || !is_width(p->embed) || !is_width(p->side) ||
        !is_width(p->head))
        return false;
    piq_recurrent_layout l;
    layout_of(p, &l);
    return l.at[PIQ_N_RECURRENT_BLOCKS] <= PIQ_RECURRENT_MAX_FLOATS;
}

enum { LINE = 64 / sizeof(float) };

/* So that IN_RIGHT begins with a cache line, and with it, in all but odd
 * shapes, every matrix after it: the net then takes a tenth less time. */
static float *new_weights(piq_recurrent *m)
{
    size_t n = m->layout.at[PIQ_N_RECURRENT_BLOCKS];
    float *room = piq_new(&m->arena, float, n + LINE);
    if (!room)
        return NULL;
    size_t at =
        (uintptr_t)room / sizeof(float) + m->layout.at[PIQ_RECURRENT_IN_RIGHT];
    return room + (LINE - at % LINE) % LINE;
}

piq_status piq_recurrent_new(const piq_recurrent_shape *p, piq_recurrent **out)
{
    PIQ_ASSERT(piq_recurrent_shape_good(p));
    piq_recurrent *m = NULL;
    if (!piq_alloc_should_fail())
        m = calloc(1, sizeof *m);
    if (!m)
        return PIQ_ENOMEM;
    m->shape = *p;
    layout_of(p, &m->layout);
    piq_arena_init(&m->arena, (PIQ_RECURRENT_MAX_FLOATS + 8192) * 8);
    m->weights = new_weights(m);
    m->mean = piq_new(&m->arena, float, p->n_features);
    m->inverse = piq_new(&m->arena, float, p->n_features);
    if (!m->weights || !m->mean || !m->inverse) {
        piq_recurrent_free(m);
        return PIQ_ENOMEM;
    }
    for (size_t j = 0; j < p->n_features; j++)
        m->inverse[j] = 1;
    *out = m;
    return PIQ_OK;
}

void piq_recurrent_free(piq_recurrent *m)
{
    if (!m)
        return;
    piq_arena_release(&m->arena);
    free(m);
}

/* --- inputs --------------------------------------------------------------- */

void piq_recurrent_standardise(const piq_recurrent *m, const float *x, float *z)
{
    for (size_t j = 0; j < m->shape.n_features; j++) {
        float v = (x[j] - m->mean[j]) * m->inverse[j];
        v = v > PIQ_RECURRENT_CLIP ? PIQ_RECURRENT_CLIP : v;
        v = v < -PIQ_RECURRENT_CLIP ? -PIQ_RECURRENT_CLIP : v;
        z[j] = isnan(v) ? 0 : v;
    }
}

piq_recurrent_ask piq_recurrent_known(const piq_recurrent *m,
                                      const piq_recurrent_ask *ask)
{
    const piq_recurrent_shape *p = &m->shape;
    piq_recurrent_ask at = *ask;
    at.item = at.item < p->n_items ? at.item : p->n_items;
    if (at.concept > p->n_concepts)
    at.concept = (uint16_t)p->n_concepts;
    at.context = at.context < PIQ_RECURRENT_CONTEXTS ? at.context : 0;
    return at;
}

void piq_recurrent_embed(const piq_recurrent *m, const float *weights,
                         const piq_recurrent_ask *ask, float *a)
{
    const size_t *start = m->layout.at;
    size_t d = m->shape.embed;
    piq_recurrent_ask at = piq_recurrent_known(m, ask);
    memcpy(a, weights + start[PIQ_RECURRENT_CONCEPT] + at.concept * d,
           d * sizeof *a);
    piq_vector_add(a, 1,
                   weights + start[PIQ_RECURRENT_CONTEXT] + at.context * d, d);
    if (at.item == m->shape.n_items)
        return;
    piq_vector_add(a, 1, weights + start[PIQ_RECURRENT_ITEM] + at.item * d, d);
    piq_vector_add(a, weights[start[PIQ_RECURRENT_DIFFICULTY] + at.item],
                   weights + start[PIQ_RECURRENT_VARIATION] + at.concept * d,
                   d);
}

/* --- file ------------------------------------------------------------------
 */

/* version, the shape's seven numbers, mean, inverse, the weights. */
void piq_recurrent_encode(const piq_recurrent *m, piq_buf *out)
{
    const piq_recurrent_shape *p = &m->shape;
    const uint32_t numbers[] = {p->n_items, p->n_concepts, p->n_features,
                                p->hidden,  p->embed,      p->side,
                                p->head};
    piq_buf_put_u8(out, VERSION);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        piq_buf_put_u32(out, numbers[i]);
    for (size_t j = 0; j < p->n_features; j++)
        piq_buf_put_f32(out, m->mean[j]);
    for (size_t j = 0; j < p->n_features; j++)
        piq_buf_put_f32(out, m->inverse[j]);
    for (size_t j = 0; j < m->layout.at[PIQ_N_RECURRENT_BLOCKS]; j++)
        piq_buf_put_f32(out, m->weights[j]);
}

static piq_status corrupt(piq_err *err, const char *what)
{
    return piq_fail(err, PIQ_ECORRUPT, "the recurrent net cannot be read: %s",
                    what);
}

/* Weights of a sound fit are far below; what is above could overflow. */
static const float MAX_WEIGHT = 1e6f;

static bool read_floats(piq_reader *in, float *to, size_t n, float limit)
{
    for (size_t j = 0; j < n; j++) {
        to[j] = piq_reader_f32(in);
        if (!(fabsf(to[j]) <= limit))
            return false;
    }
    return !in->bad;
}

static bool read_shape(piq_reader *in, piq_recurrent_shape *p)
{
    p->n_items = piq_reader_u32(in);
    p->n_concepts = piq_reader_u32(in);
    p->n_features = piq_reader_u32(in);
    p->hidden = piq_reader_u32(in);
    p->embed = piq_reader_u32(in);
    p->side = piq_reader_u32(in);
    p->head = piq_reader_u32(in);
    return !in->bad && piq_recurrent_shape_good(p);
}

piq_status piq_recurrent_decode(piq_reader *in, piq_recurrent **out,
                                piq_err *err)
{
    piq_recurrent_shape p;
    if (piq_reader_u8(in) != VERSION)
        return corrupt(err, "another version");
    if (!read_shape(in, &p) || p.n_features != PIQ_N_FEATURES)
        return corrupt(err, "shapes that do not fit");
    piq_recurrent_layout l;
    layout_of(&p, &l);
    size_t floats = l.at[PIQ_N_RECURRENT_BLOCKS] + 2 * (size_t)p.n_features;
    /* Before memory is asked for on the word of damaged bytes. */
    if ((size_t)(in->end - in->at) / sizeof(float) < floats)
        return corrupt(err, "cut short");
    piq_recurrent *m = NULL;
    if (piq_recurrent_new(&p, &m) != PIQ_OK)
        return piq_fail(err, PIQ_ENOMEM,
                        "no memory for a recurrent net of %zu weights", floats);
    bool good =
        read_floats(in, m->mean, p.n_features, FLT_MAX) &&
        read_floats(in, m->inverse, p.n_features, FLT_MAX) &&
        read_floats(in, m->weights, l.at[PIQ_N_RECURRENT_BLOCKS], MAX_WEIGHT);
    for (size_t j = 0; good && j < p.n_features; j++)
        good = m->inverse[j] > 0;
    if (!good) {
        piq_recurrent_free(m);
        return corrupt(err, "a number out of its range");
    }
    *out = m;
    return PIQ_OK;
}
