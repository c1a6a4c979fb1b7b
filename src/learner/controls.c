#include "learner/controls.h"

#include <string.h>

/* The longest record: a kind, an instant, and 64 days or 32 contents. */
enum { MAX_RECORD_BYTES = 1 + 10 + 3 + 5 * PIQ_MAX_DAYS_OFF };
static const size_t MAX_BYTES = (size_t)MAX_RECORD_BYTES * PIQ_MAX_CONTROLS;

/* What two controls must share for the newer to supersede the older. */
typedef struct slot {
    enum { OF_CONTENT, OF_CONCEPT, OF_PATH } of;
    uint32_t which; /* position, or kind */
} slot;

/* A record without its lists, while the stack is looked through. */
typedef struct head {
    slot slot;
    piq_control_kind kind;
    int32_t day;
    size_t from, to; /* its bytes */
} head;

static slot slot_of(const piq_control *x)
{
    if (x->content.v != PIQ_NO_IX32)
        return (slot){OF_CONTENT, x->content.v};
    if (x->concept.v != PIQ_NO_IX16)
        return (slot){OF_CONCEPT, x->concept.v};
    return (slot){OF_PATH, (uint32_t)x->kind};
}

static bool same_slot(slot a, slot b)
{
    return a.of == b.of && a.which == b.which;
}

/* ---- records ------------------------------------------------------------- */

static void put_thing(piq_buf *b, const piq_control *x)
{
    bool content = x->content.v != PIQ_NO_IX32;
    piq_buf_put_u8(b, content);
    piq_buf_put_varint(b, content ? x->content.v : x->concept.v);
}

static void put_days(piq_buf *b, const piq_control *x)
{
    piq_buf_put_u8(b, x->n_days);
    for (size_t i = 0; i < x->n_days; i++)
        piq_buf_put_svarint(b, (int64_t)x->days[i] - (i ? x->days[i - 1] : 0));
}

static void put(piq_buf *b, const piq_control *x, int64_t at_us)
{
    piq_buf_put_u8(b, (uint8_t)x->kind);
    piq_buf_put_svarint(b, at_us);
    switch (x->kind) {
    case PIQ_CONTROL_PIN:
    case PIQ_CONTROL_SKIP:
    case PIQ_CONTROL_KNOWN:
    case PIQ_CONTROL_RELEASE:
        put_thing(b, x);
        if (x->kind == PIQ_CONTROL_PIN)
            piq_buf_put_svarint(b, x->day);
        break;
    case PIQ_CONTROL_REORDER:
        piq_buf_put_u8(b, x->n_order);
        for (size_t i = 0; i < x->n_order; i++)
            piq_buf_put_varint(b, x->order[i].v);
        break;
    case PIQ_CONTROL_PACE:
        piq_buf_put_f32(b, x->factor);
        break;
    case PIQ_CONTROL_DAYS_OFF:
        put_days(b, x);
        break;
    case PIQ_CONTROL_FREEZE:
        piq_buf_put_svarint(b, x->day);
        break;
    case PIQ_CONTROL_UNDO:
        break;
    }
}

static void get_thing(piq_reader *r, piq_control *x)
{
    bool content = piq_reader_u8(r) == 1;
    uint64_t v = piq_reader_varint(r);
    r->bad = r->bad || v >= (content ? PIQ_NO_IX32 : PIQ_NO_IX16);
    if (content)
        x->content.v = (uint32_t)v;
    else
    x->concept.v = (uint16_t)v;
}

static void get_order(piq_reader *r, piq_control *x)
{
    uint8_t n = piq_reader_u8(r);
    r->bad = r->bad || n > PIQ_MAX_REORDER;
    for (size_t i = 0; i < n && !r->bad; i++) {
        uint64_t v = piq_reader_varint(r);
        r->bad = r->bad || v >= PIQ_NO_IX32;
        x->order[i].v = (uint32_t)v;
    }
    x->n_order = r->bad ? 0 : n;
}

static void get_days(piq_reader *r, piq_control *x)
{
    uint8_t n = piq_reader_u8(r);
    int64_t day = 0;
    r->bad = r->bad || n > PIQ_MAX_DAYS_OFF;
    for (size_t i = 0; i < n && !r->bad; i++) {
        int64_t step = piq_reader_svarint(r);
        r->bad = r->bad || step < INT32_MIN || step > INT32_MAX ||
                 (i && step <= 0) || day + step < INT32_MIN ||
                 day + step > INT32_MAX;
        if (r->bad)
            break;
        day += step;
        x->days[i] = (int32_t)day;
    }
    x->n_days = r->bad ? 0 : n;
}

static int32_t get_day(piq_reader *r)
{
    int64_t day = piq_reader_svarint(r);
    r->bad = r->bad || day < INT32_MIN || day > INT32_MAX;
    return r->bad ? 0 : (int32_t)day;
}

/* False at the end, and, with r->bad, at what is no record. */
static bool get(piq_reader *r, piq_kept_control *out)
{
    if (r->at == r->end)
        return false;
    uint8_t kind = piq_reader_u8(r);
    r->bad = r->bad || kind >= PIQ_CONTROL_UNDO;
    if (r->bad)
        return false;
    out->control = piq_control_of((piq_control_kind)kind);
    out->undone = false;
    out->at_us = piq_reader_svarint(r);
    piq_control *x = &out->control;
    switch (x->kind) {
    case PIQ_CONTROL_PIN:
    case PIQ_CONTROL_SKIP:
    case PIQ_CONTROL_KNOWN:
    case PIQ_CONTROL_RELEASE:
        get_thing(r, x);
        if (x->kind == PIQ_CONTROL_PIN)
            x->day = get_day(r);
        break;
    case PIQ_CONTROL_REORDER:
        get_order(r, x);
        break;
    case PIQ_CONTROL_PACE:
        x->factor = piq_reader_f32(r);
        r->bad = r->bad || !(x->factor >= (float)PIQ_CONTROL_PACE_LEAST &&
                             x->factor <= (float)PIQ_CONTROL_PACE_MOST);
        break;
    case PIQ_CONTROL_DAYS_OFF:
        get_days(r, x);
        break;
    case PIQ_CONTROL_FREEZE:
        x->day = get_day(r);
        break;
    case PIQ_CONTROL_UNDO:
        break;
    }
    return !r->bad;
}

static void read_records(const piq_controls *c, piq_reader *r)
{
    piq_reader_init(r, c->records.ptr, c->records.len);
}

/* The newest changes: whether it was taken off, then the record. */
static bool get_recent(piq_reader *r, piq_kept_control *out)
{
    if (r->at == r->end)
        return false;
    uint8_t undone = piq_reader_u8(r);
    r->bad = r->bad || undone > 1 || r->at == r->end;
    bool there = !r->bad && get(r, out);
    out->undone = undone == 1;
    return there;
}

/* All of the stack; how many. */
static size_t heads_of(const piq_controls *c, head out[PIQ_MAX_CONTROLS])
{
    piq_reader r;
    piq_kept_control one;
    size_t n = 0, from = 0;
    read_records(c, &r);
    while (get(&r, &one)) {
        size_t to = c->records.len - (size_t)(r.end - r.at);
        PIQ_ASSERT(n < PIQ_MAX_CONTROLS);
        out[n++] = (head){.slot = slot_of(&one.control),
                          .kind = one.control.kind,
                          .day = one.control.day,
                          .from = from,
                          .to = to};
        from = to;
    }
    PIQ_ASSERT(!r.bad && n == c->n);
    return n;
}

static void take_out(piq_controls *c, const head *h)
{
    piq_buf *b = &c->records;
    memmove(b->ptr + h->from, b->ptr + h->to, b->len - h->to);
    b->len -= h->to - h->from;
    c->n--;
}

/* ---- life ---------------------------------------------------------------- */

void piq_controls_release(piq_controls *c)
{
    piq_buf_release(&c->records);
    piq_buf_release(&c->recent);
    *c = (piq_controls){0};
}

/* `len` bytes more; a failure leaves what there is. */
static bool has_room(piq_buf *b, size_t len)
{
    if (!b->max_bytes)
        piq_buf_init(b, MAX_BYTES + MAX_RECORD_BYTES);
    bool fits = piq_buf_room(b, len) != NULL;
    b->status = PIQ_OK;
    return fits;
}

/* `c` owns nothing before; nor after a failure. */
static piq_status take_bytes(piq_controls *c, piq_str records, piq_str recent,
                             size_t n, size_t n_recent, uint32_t n_ever)
{
    if (!has_room(&c->records, records.len) ||
        !has_room(&c->recent, recent.len)) {
        piq_controls_release(c);
        return PIQ_ENOMEM;
    }
    piq_buf_add_str(&c->records, records);
    piq_buf_add_str(&c->recent, recent);
    c->n = (uint16_t)n;
    c->n_recent = (uint8_t)n_recent;
    c->n_ever = n_ever;
    return PIQ_OK;
}

piq_status piq_controls_copy(piq_controls *to, const piq_controls *from)
{
    *to = (piq_controls){0};
    if (!from->n_ever)
        return PIQ_OK;
    return take_bytes(to, (piq_str){from->records.ptr, from->records.len},
                      (piq_str){from->recent.ptr, from->recent.len}, from->n,
                      from->n_recent, from->n_ever);
}

piq_status piq_controls_reserve(piq_controls *c)
{
    return has_room(&c->records, MAX_RECORD_BYTES) &&
                   has_room(&c->recent, MAX_RECORD_BYTES + 1)
               ? PIQ_OK
               : PIQ_ENOMEM;
}

/* ---- the fold ------------------------------------------------------------ */

static void end_old_freezes(piq_controls *c, int32_t day)
{
    head all[PIQ_MAX_CONTROLS];
    for (size_t i = heads_of(c, all); i-- > 0;)
        if (all[i].kind == PIQ_CONTROL_FREEZE && all[i].day < day)
            take_out(c, &all[i]);
}

void piq_controls_end_days_off(piq_controls *c)
{
    head all[PIQ_MAX_CONTROLS];
    for (size_t i = heads_of(c, all); i-- > 0;)
        if (all[i].kind == PIQ_CONTROL_DAYS_OFF)
            take_out(c, &all[i]);
}

/* The newest of a slot; false: none. */
static bool find_newest(const piq_controls *c, slot s, piq_kept_control *out)
{
    piq_reader r;
    piq_kept_control one;
    bool found = false;
    read_records(c, &r);
    while (get(&r, &one))
        if (same_slot(slot_of(&one.control), s)) {
            *out = one;
            found = true;
        }
    return found;
}

/* A release whose pin was forgotten, or anything of which there is a newer. */
static bool is_superseded(const head *all, size_t n, size_t i)
{
    bool older = false;
    for (size_t k = 0; k < i; k++)
        older = older || same_slot(all[k].slot, all[i].slot);
    if (all[i].kind == PIQ_CONTROL_RELEASE && !older)
        return true;
    for (size_t k = i + 1; k < n; k++)
        if (same_slot(all[k].slot, all[i].slot))
            return true;
    return false;
}

static void forget_one(piq_controls *c)
{
    head all[PIQ_MAX_CONTROLS];
    size_t n = heads_of(c, all), i = 0;
    while (i < n && !is_superseded(all, n, i))
        i++;
    take_out(c, &all[i < n ? i : 0]);
}

/* The oldest leaves when there are too many. */
static void note_change(piq_controls *c, const piq_control *x, int64_t at_us,
                        bool undone)
{
    piq_buf *b = &c->recent;
    piq_kept_control oldest;
    piq_reader r;
    if (c->n_recent == PIQ_MAX_RECENT_CONTROLS) {
        piq_reader_init(&r, b->ptr, b->len);
        bool there = get_recent(&r, &oldest);
        PIQ_ASSERT(there);
        size_t left = (size_t)(r.end - r.at);
        memmove(b->ptr, r.at, left);
        b->len = left;
        c->n_recent--;
    }
    piq_buf_put_u8(b, undone);
    put(b, x, at_us);
    PIQ_ASSERT(b->status == PIQ_OK);
    c->n_recent++;
    c->n_ever++;
}

static piq_control_effect undo(piq_controls *c, int64_t at_us)
{
    head all[PIQ_MAX_CONTROLS];
    piq_kept_control newest;
    size_t n = heads_of(c, all);
    if (!n)
        return PIQ_CONTROL_NOTHING;
    piq_reader r;
    piq_reader_init(&r, c->records.ptr + all[n - 1].from,
                    all[n - 1].to - all[n - 1].from);
    bool there = get(&r, &newest);
    PIQ_ASSERT(there);
    take_out(c, &all[n - 1]);
    note_change(c, &newest.control, at_us, true);
    return PIQ_CONTROL_HELD;
}

piq_control_effect piq_controls_fold(piq_controls *c, const piq_control *x,
                                     int64_t at_us, int32_t day)
{
    piq_kept_control before;
    piq_control now = *x;
    end_old_freezes(c, day);
    if (x->kind == PIQ_CONTROL_UNDO)
        return undo(c, at_us);
    if (x->kind == PIQ_CONTROL_FREEZE)
        now.day = day;
    bool there = find_newest(c, slot_of(&now), &before);
    if (x->kind == PIQ_CONTROL_RELEASE &&
        (!there || before.control.kind == PIQ_CONTROL_RELEASE))
        return PIQ_CONTROL_NOTHING;
    /* Said again, "I know this" asks for a check again. */
    if (there && x->kind != PIQ_CONTROL_KNOWN &&
        piq_control_eq(&before.control, &now))
        return PIQ_CONTROL_SAME;
    if (c->n == PIQ_MAX_CONTROLS)
        forget_one(c);
    size_t len = c->records.len;
    put(&c->records, &now, at_us);
    PIQ_ASSERT(c->records.status == PIQ_OK && c->records.len > len);
    c->n++;
    note_change(c, &now, at_us, false);
    return PIQ_CONTROL_HELD;
}

/* ---- what is in force ---------------------------------------------------- */

size_t piq_controls_in_force(const piq_controls *c, int32_t day,
                             piq_kept_control *out)
{
    head all[PIQ_MAX_CONTROLS];
    size_t n = heads_of(c, all), kept = 0;
    piq_reader r;
    read_records(c, &r);
    for (size_t i = 0; i < n && get(&r, &out[kept]); i++) {
        bool holds = all[i].kind != PIQ_CONTROL_RELEASE &&
                     (all[i].kind != PIQ_CONTROL_FREEZE || all[i].day == day);
        kept += holds && !is_superseded(all, n, i);
    }
    return kept;
}

bool piq_controls_newest(const piq_controls *c, int32_t day,
                         piq_kept_control *out)
{
    piq_reader r;
    piq_kept_control one;
    bool found = false;
    read_records(c, &r);
    while (get(&r, &one)) {
        if (one.control.kind == PIQ_CONTROL_FREEZE && one.control.day < day)
            continue;
        *out = one;
        found = true;
    }
    return found;
}

size_t piq_controls_recent(const piq_controls *c, size_t most,
                           piq_kept_control *out)
{
    piq_reader r;
    size_t n = 0;
    size_t skip = c->n_recent > most ? c->n_recent - most : 0;
    piq_reader_init(&r, c->recent.ptr, c->recent.len);
    while (get_recent(&r, &out[n]))
        if (skip)
            skip--;
        else
            n++;
    return n;
}

/* ---- the stored form: how many changes ever; the two lists ----------------
 */

void piq_controls_encode(const piq_controls *c, piq_buf *out)
{
    piq_buf_put_varint(out, c->n_ever);
    if (!c->n_ever)
        return;
    piq_buf_put_str(out, (piq_str){c->records.ptr, c->records.len});
    piq_buf_put_str(out, (piq_str){c->recent.ptr, c->recent.len});
}

static bool is_known(const piq_control *x, const piq_catalogue *c)
{
    bool known =
        (x->content.v == PIQ_NO_IX32 || x->content.v < c->n_contents) &&
        (x->concept.v == PIQ_NO_IX16 || x->concept.v < c->n_concepts);
    for (size_t i = 0; i < x->n_order; i++)
        known = known && x->order[i].v < c->n_contents;
    return known;
}

typedef bool next_record(piq_reader *r, piq_kept_control *out);

/* How many there are; PIQ_ECORRUPT when it is not records alone. */
static piq_status count_records(piq_str bytes, const piq_catalogue *c,
                                next_record *next, size_t *n)
{
    piq_kept_control one;
    piq_reader in;
    *n = 0;
    piq_reader_init(&in, bytes.ptr, bytes.len);
    for (; next(&in, &one); (*n)++)
        if (!is_known(&one.control, c))
            return PIQ_ECORRUPT;
    return in.bad ? PIQ_ECORRUPT : PIQ_OK;
}

piq_status piq_controls_decode(piq_controls *c, const piq_catalogue *catalogue,
                               piq_reader *r)
{
    size_t n, n_recent;
    *c = (piq_controls){0};
    uint64_t n_ever = piq_reader_varint(r);
    if (r->bad || n_ever > UINT32_MAX)
        return PIQ_ECORRUPT;
    if (!n_ever)
        return PIQ_OK;
    piq_str records = piq_reader_str(r), recent = piq_reader_str(r);
    if (r->bad || records.len > MAX_BYTES || recent.len > MAX_BYTES ||
        count_records(records, catalogue, get, &n) ||
        count_records(recent, catalogue, get_recent, &n_recent) ||
        n > PIQ_MAX_CONTROLS || n_recent > PIQ_MAX_RECENT_CONTROLS)
        return PIQ_ECORRUPT;
    return take_bytes(c, records, recent, n, n_recent, (uint32_t)n_ever);
}
