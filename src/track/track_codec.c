#include "track/track.h"

#include <math.h>
#include <stdlib.h>

/* Layout, little-endian: version; learner; form; stated; then areas and
 * concepts, each as the count of cells with evidence followed by (steps from
 * the position before, cell). A cell: mean, variance and evidence as float
 * bits, last_s fixed, n as varint. About 18 bytes a cell. */
enum { VERSION = 1 };

static bool is_empty(const piq_track_cell *x)
{
    return x->last_s == 0;
}

static void put_cell(piq_buf *out, const piq_track_cell *x)
{
    piq_buf_put_f32(out, x->mean);
    piq_buf_put_f32(out, x->variance);
    piq_buf_put_f32(out, x->evidence);
    piq_buf_put_u32(out, x->last_s);
    piq_buf_put_varint(out, x->n);
}

static void put_cells(piq_buf *out, const piq_track_cell *cells, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += !is_empty(&cells[i]);
    piq_buf_put_varint(out, used);
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_empty(&cells[i]))
            continue;
        piq_buf_put_varint(out, i - next);
        put_cell(out, &cells[i]);
        next = i + 1;
    }
}

void piq_track_encode(const piq_track *t, piq_buf *out)
{
    piq_buf_put_u8(out, VERSION);
    put_cell(out, &t->learner);
    put_cell(out, &t->form);
    piq_buf_put_f32(out, t->stated);
    put_cells(out, t->areas, t->n_areas);
    put_cells(out, t->concepts, t->n_concepts);
}

static bool get_cell(piq_reader *in, piq_track_cell *x)
{
    x->mean = piq_reader_f32(in);
    x->variance = piq_reader_f32(in);
    x->evidence = piq_reader_f32(in);
    x->last_s = piq_reader_u32(in);
    uint64_t n = piq_reader_varint(in);
    x->n = (uint32_t)n;
    return !in->bad && n <= UINT32_MAX && isfinite(x->mean) &&
           isfinite(x->evidence) && x->evidence >= 0.0f &&
           isfinite(x->variance) && x->variance >= 0.0f;
}

static bool get_cells(piq_reader *in, piq_track_cell *cells, size_t n)
{
    uint64_t used = piq_reader_varint(in);
    uint64_t at = 0;
    for (uint64_t i = 0; i < used; i++) {
        uint64_t steps = piq_reader_varint(in);
        if (in->bad || steps >= n || at + steps >= n)
            return false;
        at += steps;
        if (!get_cell(in, &cells[at]) || is_empty(&cells[at]))
            return false;
        at++;
    }
    return !in->bad;
}

piq_status piq_track_decode(piq_track *t, const piq_catalogue *c,
                            piq_reader *in)
{
    piq_track read;
    piq_status status = piq_track_init(&read, c);
    if (status != PIQ_OK)
        return status;
    bool good = piq_reader_u8(in) == VERSION && get_cell(in, &read.learner) &&
                get_cell(in, &read.form);
    read.stated = piq_reader_f32(in);
    good = good && isfinite(read.stated) &&
           get_cells(in, read.areas, read.n_areas) &&
           get_cells(in, read.concepts, read.n_concepts);
    if (!good) {
        piq_track_release(&read);
        return PIQ_ECORRUPT;
    }
    piq_track_release(t);
    *t = read;
    return PIQ_OK;
}
