/* The stored form of a feature state, little-endian: version; the trail; the
 * track; the learner's numbers; then a cell for each concept practised, in the
 * trail's order. What follows from the trail is not written. */
#include "feature/feature.h"

#include "feature/feature_state.h"

#include <math.h>

enum { VERSION = 1 };

/* Every float of the learner, in order; so that writing and reading cannot
 * differ. */
static void learner_floats(piq_feature_state *s, float **out, size_t *n)
{
    size_t at = 0;
    for (size_t i = 0; i < PIQ_N_RATES; i++)
        out[at++] = &s->rate[i];
    for (size_t i = 0; i < PIQ_N_RESIDUALS; i++)
        out[at++] = &s->residual[i];
    out[at++] = &s->residual_sum;
    out[at++] = &s->first;
    out[at++] = &s->recent_first;
    out[at++] = &s->ability;
    for (size_t i = 0; i < PIQ_N_LAST; i++)
        out[at++] = &s->last_residual[i];
    out[at++] = &s->form;
    out[at++] = &s->switches;
    out[at++] = &s->pace;
    out[at++] = &s->last_pace;
    out[at++] = &s->hints;
    *n = at;
}

enum { MAX_FLOATS = PIQ_N_RATES + PIQ_N_RESIDUALS + PIQ_N_LAST + 9 };

/* The last ones only where there is a time. */
enum { CONCEPT_FLOATS = 6, UNTIMED = 4 };

static void concept_floats(piq_feature_concept *k, float *out[CONCEPT_FLOATS])
{
    out[0] = &k->rate[0];
    out[1] = &k->rate[1];
    out[2] = &k->residual;
    out[3] = &k->ability;
    out[4] = &k->stability_days;
    out[5] = &k->difficulty;
}

static void put_concept(piq_buf *out, const piq_feature_concept *k)
{
    piq_feature_concept copy = *k;
    float *x[CONCEPT_FLOATS];
    concept_floats(&copy, x);
    piq_buf_put_u8(out, k->last_s != 0);
    for (size_t i = 0; i < (k->last_s ? CONCEPT_FLOATS : UNTIMED); i++)
        piq_buf_put_f32(out, *x[i]);
    if (k->last_s != 0)
        piq_buf_put_u32(out, k->last_s);
}

void piq_feature_state_encode(const piq_feature_state *s, piq_buf *out)
{
    piq_feature_state copy = *s; /* shares what it points to */
    float *x[MAX_FLOATS];
    size_t n;
    piq_buf_put_u8(out, VERSION);
    piq_trail_encode(&s->trail, out);
    piq_track_encode(&s->track, out);
    learner_floats(&copy, x, &n);
    for (size_t i = 0; i < n; i++)
        piq_buf_put_f32(out, *x[i]);
    piq_buf_put_varint(out, s->n_first);
    piq_buf_put_varint(out, s->first_rights);
    piq_buf_put_varint(out, s->n_paced);
    piq_buf_put_varint(out, s->session_n);
    piq_buf_put_svarint(out, s->streak);
    piq_buf_put_svarint(out, s->last_us);
    for (size_t i = 0; i < s->trail.n_practised; i++)
        put_concept(out, &s->concepts[s->trail.practised[i]]);
}

static uint32_t get_u32(piq_reader *in)
{
    uint64_t v = piq_reader_varint(in);
    if (v > UINT32_MAX)
        in->bad = true;
    return in->bad ? 0 : (uint32_t)v;
}

static int32_t get_i32(piq_reader *in)
{
    int64_t v = piq_reader_svarint(in);
    if (v > INT32_MAX || v < INT32_MIN)
        in->bad = true;
    return in->bad ? 0 : (int32_t)v;
}

static void get_floats(piq_reader *in, float **x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *x[i] = piq_reader_f32(in);
        if (!isfinite(*x[i]))
            in->bad = true;
    }
}

static void get_concept(piq_reader *in, piq_feature_concept *k)
{
    float *x[CONCEPT_FLOATS];
    uint8_t timed = piq_reader_u8(in);
    concept_floats(k, x);
    get_floats(in, x, timed ? CONCEPT_FLOATS : UNTIMED);
    if (timed > 1 || k->stability_days < 0.0f || k->difficulty < 0.0f)
        in->bad = true;
    if (timed)
        k->last_s = piq_reader_u32(in);
    if (timed && k->last_s == 0)
        in->bad = true;
}

static piq_status read_state(piq_feature_state *s, const piq_catalogue *c,
                             piq_reader *in)
{
    float *x[MAX_FLOATS];
    size_t n;
    if (piq_reader_u8(in) != VERSION || !piq_trail_decode(&s->trail, in))
        return PIQ_ECORRUPT;
    piq_status status = piq_track_decode(&s->track, c, in);
    if (status != PIQ_OK)
        return status;
    learner_floats(s, x, &n);
    get_floats(in, x, n);
    s->n_first = get_u32(in);
    s->first_rights = get_u32(in);
    s->n_paced = get_u32(in);
    s->session_n = get_u32(in);
    s->streak = get_i32(in);
    s->last_us = piq_reader_svarint(in);
    for (size_t i = 0; i < s->trail.n_practised; i++)
        get_concept(in, &s->concepts[s->trail.practised[i]]);
    return in->bad ? PIQ_ECORRUPT : PIQ_OK;
}

piq_status piq_feature_state_decode(piq_feature_state *s,
                                    const piq_feature_tables *t, piq_reader *in)
{
    piq_feature_state *read;
    piq_status status = piq_feature_state_new(t, &read);
    if (status != PIQ_OK)
        return status;
    status = read_state(read, t->catalogue, in);
    if (status == PIQ_OK) {
        piq_feature_state old = *s;
        *s = *read;
        *read = old;
    }
    piq_feature_state_free(read);
    return status;
}
