#include "predict/kt_state.h"

#include "predict/kt_internal.h"

#include <math.h>
#include <stdlib.h>

static piq_kt_state *blank(size_t n_hidden)
{
    if (piq_alloc_should_fail())
        return NULL;
    piq_kt_state *s = calloc(1, sizeof *s + n_hidden * sizeof s->hidden[0]);
    if (s)
        s->n_hidden = n_hidden;
    return s;
}

/* Room for at least n concepts, nothing held of new ones. */
static piq_status make_holds(piq_kt_state *s, size_t n)
{
    if (n <= s->n_concepts && s->holds)
        return PIQ_OK;
    piq_kt_hold_cell *holds =
        piq_alloc_should_fail() ? NULL : calloc(n ? n : 1, sizeof *holds);
    if (!holds)
        return PIQ_ENOMEM;
    if (s->holds)
        memcpy(holds, s->holds, s->n_concepts * sizeof *holds);
    free(s->holds);
    s->holds = holds;
    s->n_concepts = n;
    return PIQ_OK;
}

piq_status piq_kt_state_new(const piq_kt_binding *b, piq_kt_state **out)
{
    piq_kt_state *s = blank(b->n_hidden);
    if (!s)
        return PIQ_ENOMEM;
    if (piq_feature_state_new(&b->tables, &s->features) ||
        (b->keeps_mastery && make_holds(s, b->tables.catalogue->n_concepts))) {
        piq_kt_state_free(s);
        return PIQ_ENOMEM;
    }
    *out = s;
    return PIQ_OK;
}

void piq_kt_state_free(piq_kt_state *s)
{
    if (!s)
        return;
    piq_feature_state_free(s->features);
    free(s->holds);
    free(s);
}

void piq_kt_state_clear(piq_kt_state *s)
{
    piq_feature_state_clear(s->features);
    s->n_answers = 0;
    memset(s->hidden, 0, s->n_hidden * sizeof s->hidden[0]);
    if (s->holds)
        memset(s->holds, 0, s->n_concepts * sizeof *s->holds);
}

piq_status piq_kt_state_copy(const piq_kt_state *from, piq_kt_state **out)
{
    piq_kt_state *s = blank(from->n_hidden);
    if (!s)
        return PIQ_ENOMEM;
    if (piq_feature_state_copy(from->features, &s->features) ||
        (from->holds && make_holds(s, from->n_concepts))) {
        piq_kt_state_free(s);
        return PIQ_ENOMEM;
    }
    s->n_answers = from->n_answers;
    memcpy(s->hidden, from->hidden, s->n_hidden * sizeof s->hidden[0]);
    if (from->holds)
        memcpy(s->holds, from->holds, s->n_concepts * sizeof *s->holds);
    *out = s;
    return PIQ_OK;
}

piq_status piq_kt_state_grow(piq_kt_state *s, const piq_kt_binding *b)
{
    PIQ_ASSERT(s->n_hidden == b->n_hidden &&
               (s->holds != NULL) == b->keeps_mastery);
    /* Room that is not used changes nothing, should the other fail. */
    if (s->holds && make_holds(s, b->tables.catalogue->n_concepts))
        return PIQ_ENOMEM;
    return piq_feature_state_grow(s->features, &b->tables);
}

uint32_t piq_kt_state_answers(const piq_kt_state *s)
{
    return s->n_answers;
}

/* Layout, little-endian: digest as two u32, low first; version; whether mastery
 * is kept; answers; count of hidden numbers and their bits; of concepts of
 * which something is held the count, then steps from the position before,
 * shift, answers when it was held; the features' own form. */
enum { VERSION = 1 };

static void put_holds(const piq_kt_state *s, piq_buf *out)
{
    size_t used = 0;
    for (size_t i = 0; i < s->n_concepts; i++)
        used += s->holds[i].shift != 0.0f;
    piq_buf_put_varint(out, used);
    size_t next = 0;
    for (size_t i = 0; i < s->n_concepts; i++) {
        if (s->holds[i].shift == 0.0f)
            continue;
        piq_buf_put_varint(out, i - next);
        piq_buf_put_f32(out, s->holds[i].shift);
        piq_buf_put_varint(out, s->holds[i].at);
        next = i + 1;
    }
}

void piq_kt_state_encode(const piq_kt_state *s, uint64_t model_digest,
                         piq_buf *out)
{
    piq_buf_put_u32(out, (uint32_t)model_digest);
    piq_buf_put_u32(out, (uint32_t)(model_digest >> 32));
    piq_buf_put_u8(out, VERSION);
    piq_buf_put_u8(out, s->holds != NULL);
    piq_buf_put_varint(out, s->n_answers);
    piq_buf_put_varint(out, s->n_hidden);
    for (size_t i = 0; i < s->n_hidden; i++)
        piq_buf_put_f32(out, s->hidden[i]);
    if (s->holds)
        put_holds(s, out);
    piq_feature_state_encode(s->features, out);
}

static bool get_hidden(piq_reader *in, piq_kt_state *s)
{
    uint64_t n_hidden = piq_reader_varint(in);
    if (in->bad || n_hidden != s->n_hidden)
        return false;
    bool good = true;
    for (size_t i = 0; i < s->n_hidden; i++) {
        s->hidden[i] = piq_reader_f32(in);
        good = good && isfinite(s->hidden[i]);
    }
    return good && !in->bad;
}

static bool get_holds(piq_reader *in, piq_kt_state *s)
{
    uint64_t used = piq_reader_varint(in);
    uint64_t at = 0;
    for (uint64_t i = 0; i < used; i++) {
        uint64_t steps = piq_reader_varint(in);
        if (in->bad || steps >= s->n_concepts || at + steps >= s->n_concepts)
            return false;
        at += steps;
        float shift = piq_reader_f32(in);
        uint64_t when = piq_reader_varint(in);
        if (!isfinite(shift) || shift == 0.0f || when > s->n_answers)
            return false;
        s->holds[at++] =
            (piq_kt_hold_cell){.shift = shift, .at = (uint32_t)when};
    }
    return !in->bad;
}

static piq_status get_state(piq_reader *in, const piq_kt_binding *b,
                            piq_kt_state *s)
{
    uint8_t version = piq_reader_u8(in);
    uint8_t keeps = piq_reader_u8(in);
    uint64_t n_answers = piq_reader_varint(in);
    if (in->bad || version != VERSION || keeps > 1 || n_answers > UINT32_MAX)
        return PIQ_ECORRUPT;
    if (keeps != (s->holds != NULL))
        return PIQ_ESTALE;
    s->n_answers = (uint32_t)n_answers;
    if (!get_hidden(in, s) || (s->holds && !get_holds(in, s)))
        return PIQ_ECORRUPT;
    return piq_feature_state_decode(s->features, &b->tables, in);
}

piq_status piq_kt_state_decode(piq_reader *in, const piq_kt_binding *b,
                               uint64_t model_digest, piq_kt_state **out)
{
    uint64_t digest = piq_reader_u32(in);
    digest |= (uint64_t)piq_reader_u32(in) << 32;
    if (in->bad)
        return PIQ_ECORRUPT;
    if (digest != model_digest)
        return PIQ_ESTALE;
    piq_kt_state *s;
    piq_status status = piq_kt_state_new(b, &s);
    if (status != PIQ_OK)
        return status;
    status = get_state(in, b, s);
    if (status != PIQ_OK) {
        piq_kt_state_free(s);
        return status;
    }
    *out = s;
    return PIQ_OK;
}

const piq_feature_state *piq_kt_state_features(const piq_kt_state *s)
{
    return s->features;
}
