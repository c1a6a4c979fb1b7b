/* A model as bytes:
 *   "piqtaste", u32 format, u64 length of the whole, then
 *   u32 n_items, ids (u64), seen, popular, half-lives, knots,
 *   about, the maps row by row (f32, without padding), then u64 checksum. */
#include "recommend/taste_model.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char magic[8] = {'p', 'i', 'q', 't', 'a', 's', 't', 'e'};
enum { HEAD_BYTES = 20, HASH_BYTES = 8, LENGTH_AT = 12 };
/* Of a well-formed model; what is beyond it is damage. */
static const double MOST_WEIGHT = 1e3, MOST_LOG_SCALE = 30, MOST_CELL = 1e6,
                    MOST_HALF_LIFE = 1e6;

static void put_u64(piq_buf *out, uint64_t v)
{
    piq_buf_put_u32(out, (uint32_t)v);
    piq_buf_put_u32(out, (uint32_t)(v >> 32));
}

static uint64_t get_u64(piq_reader *in)
{
    uint64_t low = piq_reader_u32(in);
    return low | (uint64_t)piq_reader_u32(in) << 32;
}

static void put_floats(piq_buf *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        piq_buf_put_f32(out, x[i]);
}

/* False: not finite, or larger than `most`. */
static bool get_floats(piq_reader *in, float *x, size_t n, double most)
{
    bool sound = true;
    for (size_t i = 0; i < n; i++) {
        x[i] = piq_reader_f32(in);
        sound = sound && fabs((double)x[i]) <= most;
    }
    return sound && !in->bad;
}

size_t piq_taste_bytes(const piq_taste *m)
{
    size_t n = m->n_items;
    return 1024 + n * 24 + PIQ_N_TASTE_MAPS * n * n * sizeof(float);
}

/* ---- writing ----------------------------------------------------------- */

static void put_about(piq_buf *out, const piq_taste_about *a)
{
    put_u64(out, a->seed);
    put_u64(out, a->n_learners);
    put_u64(out, a->n_events);
    piq_buf_put_f64(out, a->lambda);
    piq_buf_put_f64(out, a->valid_ndcg);
    piq_buf_put_u8(out, a->timed);
}

void piq_taste_encode(const piq_taste *m, piq_buf *out)
{
    size_t at = out->len;
    piq_buf_add(out, magic, sizeof magic);
    piq_buf_put_u32(out, PIQ_TASTE_FORMAT);
    put_u64(out, 0);
    piq_buf_put_u32(out, (uint32_t)m->n_items);
    for (size_t i = 0; i < m->n_items; i++)
        put_u64(out, (uint64_t)m->ids[i]);
    for (size_t i = 0; i < m->n_items; i++)
        piq_buf_put_u32(out, m->seen[i]);
    put_floats(out, m->popular, m->n_items);
    put_floats(out, m->half_life, PIQ_TASTE_SUMS);
    for (int k = 0; k < PIQ_TASTE_KNOTS; k++) {
        put_floats(out, m->knots[k].log_scale, PIQ_N_TASTE_PARTS);
        put_floats(out, m->knots[k].weight, PIQ_N_TASTE_PARTS);
    }
    put_about(out, &m->about);
    for (int k = 0; k < PIQ_N_TASTE_MAPS; k++)
        for (size_t i = 0; i < m->n_items; i++)
            put_floats(out, m->maps[k] + i * m->stride, m->n_items);
    if (out->status != PIQ_OK)
        return;
    uint64_t len = out->len - at + HASH_BYTES;
    for (size_t i = 0; i < 8; i++)
        out->ptr[at + LENGTH_AT + i] = (char)(unsigned char)(len >> (8 * i));
    put_u64(out, piq_hash_bytes(out->ptr + at, out->len - at));
}

/* ---- reading ----------------------------------------------------------- */

static piq_status damaged(piq_err *err, const char *what)
{
    return piq_fail(err, PIQ_ECORRUPT, "the taste model is damaged: %s", what);
}

/* Whose, which format, whole. */
static piq_status check_frame(piq_str bytes, piq_err *err)
{
    piq_reader in;
    if (bytes.len < HEAD_BYTES + HASH_BYTES ||
        memcmp(bytes.ptr, magic, sizeof magic) != 0)
        return piq_fail(err, PIQ_ECORRUPT, "this is no taste model");
    piq_reader_init(&in, bytes.ptr + sizeof magic, bytes.len - sizeof magic);
    uint32_t format = piq_reader_u32(&in);
    if (format != PIQ_TASTE_FORMAT)
        return piq_fail(err, PIQ_EINVAL,
                        "the taste model is of format %" PRIu32
                        ", this engine reads %d",
                        format, PIQ_TASTE_FORMAT);
    uint64_t len = get_u64(&in);
    if (len != bytes.len)
        return piq_fail(err, PIQ_ECORRUPT,
                        "the taste model should have %" PRIu64
                        " bytes, there are %zu",
                        len, bytes.len);
    size_t body = bytes.len - HASH_BYTES;
    piq_reader_init(&in, bytes.ptr + body, HASH_BYTES);
    if (get_u64(&in) != piq_hash_bytes(bytes.ptr, body))
        return damaged(err, "its checksum differs");
    return PIQ_OK;
}

static const char *read_items(piq_reader *in, piq_taste *m)
{
    for (size_t i = 0; i < m->n_items; i++) {
        m->ids[i] = (int64_t)get_u64(in);
        if (i && m->ids[i] <= m->ids[i - 1])
            return "its items are out of order";
    }
    for (size_t i = 0; i < m->n_items; i++)
        m->seen[i] = piq_reader_u32(in);
    if (!get_floats(in, m->popular, m->n_items, MOST_CELL))
        return "a popularity is no number";
    return NULL;
}

static const char *read_parts(piq_reader *in, piq_taste *m)
{
    if (!get_floats(in, m->half_life, PIQ_TASTE_SUMS, MOST_HALF_LIFE))
        return "a half-life is no number";
    for (int p = 0; p < PIQ_TASTE_SUMS; p++)
        if (m->half_life[p] != 0 && !(m->half_life[p] >= .5F))
            return "a half-life is out of range";
    for (int k = 0; k < PIQ_TASTE_KNOTS; k++) {
        piq_taste_knot *knot = &m->knots[k];
        if (!get_floats(in, knot->log_scale, PIQ_N_TASTE_PARTS,
                        MOST_LOG_SCALE) ||
            !get_floats(in, knot->weight, PIQ_N_TASTE_PARTS, MOST_WEIGHT))
            return "a weight is out of range";
    }
    return NULL;
}

static const char *read_about(piq_reader *in, piq_taste_about *a)
{
    a->seed = get_u64(in);
    a->n_learners = get_u64(in);
    a->n_events = get_u64(in);
    a->lambda = piq_reader_f64(in);
    a->valid_ndcg = piq_reader_f64(in);
    uint8_t timed = piq_reader_u8(in);
    a->timed = timed == 1;
    bool sound =
        a->lambda >= 0 && isfinite(a->lambda) && timed <= 1 &&
        (isnan(a->valid_ndcg) || (a->valid_ndcg >= 0 && a->valid_ndcg <= 1));
    return sound ? NULL : "what it says about itself is out of range";
}

static const char *read_maps(piq_reader *in, piq_taste *m)
{
    for (int k = 0; k < PIQ_N_TASTE_MAPS; k++)
        for (size_t i = 0; i < m->n_items; i++)
            if (!get_floats(in, m->maps[k] + i * m->stride, m->n_items,
                            MOST_CELL))
                return "a map holds what is no number";
    return NULL;
}

piq_status piq_taste_decode(piq_str bytes, piq_taste **out, piq_err *err)
{
    piq_reader in;
    piq_taste *m;
    piq_status status = check_frame(bytes, err);
    if (status != PIQ_OK)
        return status;
    piq_reader_init(&in, bytes.ptr + HEAD_BYTES,
                    bytes.len - HEAD_BYTES - HASH_BYTES);
    size_t n = piq_reader_u32(&in);
    if (n > PIQ_TASTE_MAX_ITEMS)
        return piq_fail(err, PIQ_ELIMIT,
                        "the taste model has %zu items, more than %d", n,
                        PIQ_TASTE_MAX_ITEMS);
    /* Before there is memory for what it only claims. */
    if ((size_t)(in.end - in.at) < PIQ_N_TASTE_MAPS * n * n * sizeof(float))
        return damaged(err, "it is too short for its items");
    if (piq_taste_new(n, &m) != PIQ_OK)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a taste model");
    const char *wrong = read_items(&in, m);
    if (!wrong)
        wrong = read_parts(&in, m);
    if (!wrong)
        wrong = read_about(&in, &m->about);
    if (!wrong)
        wrong = read_maps(&in, m);
    if (!wrong && (in.bad || in.at != in.end))
        wrong = "its parts do not add up";
    if (wrong) {
        piq_taste_free(m);
        return damaged(err, wrong);
    }
    *out = m;
    return PIQ_OK;
}
