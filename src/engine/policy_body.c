/* policy_body.c - little-endian: u8 format 1, u8 reward version, varints types
 * and terms, f64 weights; svarint after; tally and final, each: varint n, then
 * varint content id, f64 n, f64 sum; the regression as a string. */
#include "engine/policy.h"

#include "recommend/reward.h"

#include <math.h>

enum { FORMAT = 1 };

static void put_tally(const piq_content_tally *t, size_t n, piq_buf *b)
{
    piq_buf_put_varint(b, n);
    for (size_t i = 0; i < n; i++) {
        piq_buf_put_varint(b, (uint64_t)t[i].content.v);
        piq_buf_put_f64(b, t[i].n);
        piq_buf_put_f64(b, t[i].sum);
    }
}

void piq_policy_body_write(const piq_policy_body *p, piq_buf *b)
{
    piq_buf_put_u8(b, FORMAT);
    piq_buf_put_u8(b, PIQ_REWARD_VERSION);
    piq_buf_put_varint(b, PIQ_N_CONTENT_TYPES);
    piq_buf_put_varint(b, PIQ_N_TERMS);
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        for (int t = 0; t < PIQ_N_TERMS; t++)
            piq_buf_put_f64(b, p->weight[k][t]);
    piq_buf_put_svarint(b, p->after);
    put_tally(p->tally, p->n_tally, b);
    put_tally(p->final, p->n_final, b);
    piq_buf_put_str(b, p->regression);
}

static piq_status take_tally(piq_arena *a, piq_reader *r,
                             const piq_content_tally **out, size_t *n)
{
    uint64_t count = piq_reader_varint(r);
    if (r->bad || count > (uint64_t)(r->end - r->at))
        return PIQ_ECORRUPT;
    piq_content_tally *list = piq_new(a, piq_content_tally, count);
    if (!list)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        piq_content_tally *t = &list[i];
        t->content.v = (int64_t)piq_reader_varint(r);
        t->n = piq_reader_f64(r);
        t->sum = piq_reader_f64(r);
        bool sound = t->n >= 0 && t->sum >= 0 && t->sum <= t->n * 1.000001 &&
                     (i == 0 || list[i - 1].content.v < t->content.v);
        if (r->bad || !sound)
            return PIQ_ECORRUPT;
    }
    *out = list;
    *n = (size_t)count;
    return PIQ_OK;
}

static piq_status take_weights(piq_reader *r, piq_policy_body *out)
{
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        for (int t = 0; t < PIQ_N_TERMS; t++) {
            out->weight[k][t] = piq_reader_f64(r);
            if (r->bad || !(fabs(out->weight[k][t]) <= 1e3))
                return PIQ_ECORRUPT;
        }
    return PIQ_OK;
}

piq_status piq_policy_body_read(piq_arena *a, piq_str bytes,
                                piq_policy_body *out, piq_err *err)
{
    piq_reader r;
    piq_policy_body p = {.after = 0};
    piq_reader_init(&r, bytes.ptr, bytes.len);
    bool known = piq_reader_u8(&r) == FORMAT;
    known = piq_reader_u8(&r) == PIQ_REWARD_VERSION && known;
    known = piq_reader_varint(&r) == PIQ_N_CONTENT_TYPES && known;
    known = piq_reader_varint(&r) == PIQ_N_TERMS && known;
    if (!known)
        return piq_fail(err, r.bad ? PIQ_ECORRUPT : PIQ_EINVAL,
                        "a policy is of another format");
    piq_status status = take_weights(&r, &p);
    p.after = piq_reader_svarint(&r);
    if (status == PIQ_OK)
        status = take_tally(a, &r, &p.tally, &p.n_tally);
    if (status == PIQ_OK)
        status = take_tally(a, &r, &p.final, &p.n_final);
    if (status == PIQ_OK)
        p.regression = piq_reader_str(&r);
    if (status == PIQ_OK && (r.bad || r.at != r.end || p.after < 0))
        status = PIQ_ECORRUPT;
    if (status)
        return piq_fail(err, status, "a policy cannot be read");
    *out = p;
    return PIQ_OK;
}
