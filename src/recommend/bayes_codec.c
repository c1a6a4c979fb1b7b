/* bayes_codec.c - what was learned, as bytes.
 *
 * Little-endian: version, width, types, day; then of each type the evidence,
 * the updates since P was factored, c, and the lower triangles of S and P. P
 * follows from S but for its last bits, which a replay wants too. */
#include "recommend/bayes.h"
#include "recommend/bayes_internal.h"

#include <math.h>
#include <string.h>

enum { VERSION = 1 };

static void put_triangle(piq_buf *out, const double *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            piq_buf_put_f64(out, m[i * n + j]);
}

static bool get_number(piq_reader *in, double *x)
{
    *x = piq_reader_f64(in);
    return isfinite(*x);
}

static bool get_triangle(piq_reader *in, double *m, size_t n)
{
    bool good = true;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            good = get_number(in, &m[i * n + j]) && good;
            m[j * n + i] = m[i * n + j];
        }
    for (size_t i = 0; i < n; i++)
        good = good && m[i * n + i] >= 0;
    return good;
}

void piq_bayes_encode(const piq_bayes *m, piq_buf *out)
{
    size_t n = m->prior.width;
    piq_buf_put_u8(out, VERSION);
    piq_buf_put_varint(out, n);
    piq_buf_put_varint(out, m->prior.n_types);
    piq_buf_put_svarint(out, m->day);
    for (size_t t = 0; t < m->prior.n_types; t++) {
        const piq_bayes_type *x = &m->types[t];
        piq_buf_put_f64(out, x->evidence);
        piq_buf_put_varint(out, x->n_since);
        for (size_t j = 0; j < n; j++)
            piq_buf_put_f64(out, x->c[j]);
        put_triangle(out, x->s, n);
        put_triangle(out, x->p, n);
    }
}

static bool get_type(piq_reader *in, piq_bayes_type *x, size_t n)
{
    bool good = get_number(in, &x->evidence) && x->evidence >= 0;
    uint64_t n_since = piq_reader_varint(in);
    x->n_since = (uint32_t)n_since;
    good = good && n_since < PIQ_BAYES_REFACTOR;
    for (size_t j = 0; j < n; j++)
        good = get_number(in, &x->c[j]) && good;
    good = get_triangle(in, x->s, n) && good;
    return get_triangle(in, x->p, n) && good;
}

/* Beyond what any number of examples comes to. */
static const double MOST_EVIDENCE = 1e30;

/* S and P are such as examples make: S a sum of squares, P below L^-1, and
 * (L + S) P the identity. */
static bool fits(const piq_bayes_prior *prior, const piq_bayes_type *x)
{
    size_t n = prior->width;
    for (size_t i = 0; i < n; i++) {
        if (x->s[i * n + i] > MOST_EVIDENCE || fabs(x->c[i]) > MOST_EVIDENCE ||
            x->p[i * n + i] * prior->type_precision[i] > 1 + 1e-6)
            return false;
        for (size_t j = 0; j < i; j++)
            if (fabs(x->s[i * n + j]) >
                    1.000001 * sqrt(x->s[i * n + i] * x->s[j * n + j]) ||
                fabs(x->p[i * n + j]) >
                    1.000001 * sqrt(x->p[i * n + i] * x->p[j * n + j]))
                return false;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = prior->type_precision[i] * x->p[i * n + j];
            double size = fabs(sum);
            for (size_t k = 0; k < n; k++) {
                double term = x->s[i * n + k] * x->p[k * n + j];
                sum += term;
                size += fabs(term);
            }
            if (!(fabs(sum - (i == j)) <= 1e-6 * (1 + size)))
                return false;
        }
    return true;
}

/* Numbers that are finite each may still be too large together. */
static bool settles(piq_bayes *m)
{
    bool good = true;
    piq_bayes_settle(m);
    for (size_t t = 0; t < m->prior.n_types; t++)
        for (size_t j = 0; j < m->prior.width; j++)
            good = good && isfinite(m->types[t].theta[j]);
    return good;
}

piq_status piq_bayes_decode(piq_bayes *m, piq_str bytes)
{
    piq_reader in;
    piq_bayes read = {.prior = m->prior};
    bool good = true;
    piq_reader_init(&in, bytes.ptr, bytes.len);
    if (piq_reader_u8(&in) != VERSION ||
        piq_reader_varint(&in) != m->prior.width ||
        piq_reader_varint(&in) != m->prior.n_types)
        return PIQ_ECORRUPT;
    read.day = piq_reader_svarint(&in);
    for (size_t t = 0; t < m->prior.n_types && good; t++)
        good = get_type(&in, &read.types[t], m->prior.width) &&
               fits(&m->prior, &read.types[t]);
    if (!good || in.bad || in.at != in.end || !settles(&read))
        return PIQ_ECORRUPT;
    *m = read;
    return PIQ_OK;
}
