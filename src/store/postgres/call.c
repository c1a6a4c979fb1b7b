#include "store/postgres/call.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>

/* PostgreSQL counts from 2000-01-01. */
#define EPOCH_US       INT64_C(946684800000000)
/* One message holds at most 1 GiB. */
#define MAX_CALL_BYTES ((size_t)1 << 30)

void piq_pg_call_init(piq_pg_call *q, piq_pg_sql sql, const char *what, ...)
{
    *q = (piq_pg_call){.sql = sql};
    piq_buf_init(&q->bytes, MAX_CALL_BYTES);
    va_list args;
    va_start(args, what);
    vsnprintf(q->what, sizeof q->what, what, args);
    va_end(args);
}

void piq_pg_call_release(piq_pg_call *q)
{
    piq_buf_release(&q->bytes);
}

static int64_t wire_time(int64_t at_us)
{
    if (at_us == INT64_MAX || at_us < INT64_MIN + EPOCH_US)
        return at_us < 0 ? INT64_MIN : INT64_MAX;
    return at_us - EPOCH_US;
}

int64_t piq_pg_time_us(int64_t time)
{
    if (time == INT64_MIN || time > INT64_MAX - EPOCH_US)
        return time;
    return time + EPOCH_US;
}

/* ---- bytes in network order ------------------------------------------- */

static void put_u32(piq_buf *b, uint32_t v)
{
    uint32_t be = htobe32(v);
    piq_buf_add(b, &be, sizeof be);
}

static void put_u64(piq_buf *b, uint64_t v)
{
    uint64_t be = htobe64(v);
    piq_buf_add(b, &be, sizeof be);
}

static void put_f64(piq_buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_u64(b, bits);
}

/* ---- parameters ------------------------------------------------------- */

/* ndim, has null, element type, length, lower bound: the header of an array,
 * of which the second and fourth are known at the end. */
static void close_array(piq_pg_call *q)
{
    if (!q->array_open)
        return;
    q->array_open = false;
    piq_pg_param *p = &q->params[q->n_params - 1];
    p->len = q->bytes.len - p->at;
    if (q->bytes.status != PIQ_OK)
        return;
    uint32_t has_null = htobe32(q->array_has_null);
    uint32_t n = htobe32(q->n_elements);
    memcpy(q->bytes.ptr + p->at + 4, &has_null, sizeof has_null);
    memcpy(q->bytes.ptr + p->at + 12, &n, sizeof n);
}

static piq_pg_param *next_param(piq_pg_call *q)
{
    close_array(q);
    PIQ_ASSERT(q->n_params < PIQ_PG_MAX_PARAMS);
    piq_pg_param *p = &q->params[q->n_params++];
    *p = (piq_pg_param){.at = q->bytes.len};
    return p;
}

void piq_pg_i64(piq_pg_call *q, int64_t v)
{
    next_param(q)->len = sizeof v;
    put_u64(&q->bytes, (uint64_t)v);
}

void piq_pg_count(piq_pg_call *q, size_t n)
{
    piq_pg_i64(q, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

void piq_pg_bytes(piq_pg_call *q, piq_str v)
{
    piq_pg_param *p = next_param(q);
    p->borrowed = v.len == 0 ? "" : v.ptr;
    p->len = v.len;
}

void piq_pg_array(piq_pg_call *q, piq_pg_type element)
{
    next_param(q);
    put_u32(&q->bytes, 1);
    put_u32(&q->bytes, 0);
    put_u32(&q->bytes, (uint32_t)element);
    put_u32(&q->bytes, 0);
    put_u32(&q->bytes, 1);
    q->array_open = true;
    q->array_has_null = false;
    q->n_elements = 0;
}

void piq_pg_add_i64(piq_pg_call *q, int64_t v)
{
    put_u32(&q->bytes, sizeof v);
    put_u64(&q->bytes, (uint64_t)v);
    q->n_elements++;
}

void piq_pg_add_time(piq_pg_call *q, int64_t at_us)
{
    piq_pg_add_i64(q, wire_time(at_us));
}

void piq_pg_add_f64(piq_pg_call *q, double v)
{
    if (isnan(v)) {
        piq_pg_add_null(q);
        return;
    }
    put_u32(&q->bytes, sizeof v);
    put_f64(&q->bytes, v);
    q->n_elements++;
}

void piq_pg_add_bytes(piq_pg_call *q, piq_str v)
{
    if (v.len > MAX_CALL_BYTES) {
        q->bytes.status = PIQ_ELIMIT;
        return;
    }
    put_u32(&q->bytes, (uint32_t)v.len);
    piq_buf_add(&q->bytes, v.ptr, v.len);
    q->n_elements++;
}

void piq_pg_add_bytes_or_null(piq_pg_call *q, piq_str v)
{
    if (v.len == 0)
        piq_pg_add_null(q);
    else
        piq_pg_add_bytes(q, v);
}

void piq_pg_add_z(piq_pg_call *q, const char *z)
{
    piq_pg_add_bytes(q, piq_str_of(z));
}

void piq_pg_add_null(piq_pg_call *q)
{
    put_u32(&q->bytes, UINT32_MAX);
    q->array_has_null = true;
    q->n_elements++;
}

piq_status piq_pg_call_close(piq_pg_call *q)
{
    close_array(q);
    return q->bytes.status;
}
