#include "engine/slate_log.h"

enum { FORMAT = 2 };

/* ---- writing ----------------------------------------------------------- */

static void put_content(piq_buf *b, const piq_catalogue *c, piq_content_ix x)
{
    piq_buf_put_varint(b, (uint64_t)c->contents[x.v].id.v);
}

static void put_origin(const piq_slate_origin *o, piq_buf *b)
{
    piq_buf_put_varint(b, o->n_events);
    piq_buf_put_varint(b, o->calibration);
    piq_buf_put_varint(b, o->model);
    piq_buf_put_varint(b, o->policy);
    piq_buf_put_varint(b, o->taste);
    piq_buf_put_varint(b, o->rules);
    piq_buf_put_varint(b, PIQ_N_TERMS);
    piq_buf_put_u8(b, o->explores);
    piq_buf_put_f64(b, o->explore.gamma);
    piq_buf_put_f64(b, o->explore.delta);
    piq_buf_put_f64(b, o->explore.floor);
    piq_buf_put_f64(b, o->diversity);
    piq_buf_put_u32(b, (uint32_t)o->seed);
    piq_buf_put_u32(b, (uint32_t)(o->seed >> 32));
    piq_buf_put_varint(b, o->n_plan);
    for (size_t i = 0; i < o->n_plan; i++)
        piq_buf_put_varint(b, (uint64_t)o->plan[i].v);
}

static void put_explored(const piq_slate *s, const piq_catalogue *c, piq_buf *b)
{
    piq_buf_put_varint(b, s->slot);
    piq_buf_put_varint(b, s->n_explored);
    for (size_t i = 0; i < s->n_explored; i++) {
        const piq_explored *x = &s->explored[i];
        put_content(b, c, x->content);
        piq_buf_put_f64(b, x->value);
        piq_buf_put_f64(b, x->chance);
        for (int t = 0; t < PIQ_N_TERMS; t++)
            piq_buf_put_f32(b, x->terms[t]);
    }
}

void piq_slate_log_write(const piq_slate_origin *o, const piq_slate *s,
                         const piq_catalogue *c, piq_buf *b)
{
    piq_buf_put_u8(b, FORMAT);
    put_origin(o, b);
    piq_buf_put_varint(b, s->n_candidates);
    for (size_t i = 0; i < s->n_candidates; i++) {
        put_content(b, c, s->candidates[i].content);
        piq_buf_put_f32(b, s->candidates[i].score);
    }
    put_explored(s, c, b);
    piq_buf_put_varint(b, s->n);
    for (size_t i = 0; i < s->n; i++) {
        const piq_recommendation *r = &s->list[i];
        put_content(b, c, r->content);
        piq_buf_put_u8(b, (uint8_t)r->cause);
        piq_buf_put_f64(b, r->propensity);
        piq_buf_put_f64(b, r->score);
        for (int t = 0; t < PIQ_N_TERMS; t++)
            piq_buf_put_f32(b, (float)r->terms[t].value);
    }
}

/* ---- reading ----------------------------------------------------------- */

typedef struct log_reader {
    piq_reader in;
    piq_arena *a;
    bool no_memory;
} log_reader;

/* How many follow; an array of them can be no longer than what is left. */
static size_t take_count(log_reader *r)
{
    uint64_t n = piq_reader_varint(&r->in);
    if (n > (uint64_t)(r->in.end - r->in.at))
        r->in.bad = true;
    return r->in.bad ? 0 : (size_t)n;
}

static void *take_memory(log_reader *r, void *made)
{
    if (!made) {
        r->no_memory = true;
        r->in.bad = true;
    }
    return made;
}

static piq_content_id take_content(log_reader *r)
{
    return (piq_content_id){(int64_t)piq_reader_varint(&r->in)};
}

static void take_terms(log_reader *r, size_t n, float terms[PIQ_N_TERMS])
{
    for (size_t t = 0; t < n; t++)
        terms[t] = piq_reader_f32(&r->in);
}

static size_t take_origin(log_reader *r, piq_slate_origin *o)
{
    piq_reader *in = &r->in;
    o->n_events = (uint32_t)piq_reader_varint(in);
    o->calibration = (uint32_t)piq_reader_varint(in);
    o->model = (uint32_t)piq_reader_varint(in);
    o->policy = (uint32_t)piq_reader_varint(in);
    o->taste = (uint32_t)piq_reader_varint(in);
    o->rules = (uint32_t)piq_reader_varint(in);
    uint64_t n_terms = piq_reader_varint(in);
    o->explores = piq_reader_u8(in) != 0;
    o->explore.gamma = piq_reader_f64(in);
    o->explore.delta = piq_reader_f64(in);
    o->explore.floor = piq_reader_f64(in);
    o->diversity = piq_reader_f64(in);
    o->seed = piq_reader_u32(in);
    o->seed |= (uint64_t)piq_reader_u32(in) << 32;
    o->n_plan = take_count(r);
    piq_content_id *plan =
        take_memory(r, piq_new(r->a, piq_content_id, o->n_plan));
    for (size_t i = 0; i < o->n_plan && !in->bad; i++)
        plan[i] = take_content(r);
    o->plan = plan;
    if (n_terms > PIQ_N_TERMS)
        in->bad = true;
    return in->bad ? 0 : (size_t)n_terms;
}

static void take_second(log_reader *r, piq_slate_log *out)
{
    piq_reader *in = &r->in;
    size_t n_terms = take_origin(r, &out->origin);
    out->n_candidates = take_count(r);
    out->candidates =
        take_memory(r, piq_new(r->a, piq_logged_candidate, out->n_candidates));
    for (size_t i = 0; i < out->n_candidates && !in->bad; i++) {
        out->candidates[i].content = take_content(r);
        out->candidates[i].score = piq_reader_f32(in);
    }
    out->slot = (size_t)piq_reader_varint(in);
    out->n_explored = take_count(r);
    out->explored =
        take_memory(r, piq_new(r->a, piq_logged_choice, out->n_explored));
    for (size_t i = 0; i < out->n_explored && !in->bad; i++) {
        piq_logged_choice *x = &out->explored[i];
        x->content = take_content(r);
        x->cause = i ? PIQ_CAUSE_EXPLORATION : PIQ_CAUSE_SCORE;
        x->value = piq_reader_f64(in);
        x->chance = piq_reader_f64(in);
        take_terms(r, n_terms, x->terms);
    }
    out->n_shown = take_count(r);
    out->shown = take_memory(r, piq_new(r->a, piq_logged_choice, out->n_shown));
    for (size_t i = 0; i < out->n_shown && !in->bad; i++) {
        piq_logged_choice *x = &out->shown[i];
        x->content = take_content(r);
        x->cause = (piq_cause)(piq_reader_u8(in) % (PIQ_CAUSE_PIN + 1));
        x->chance = piq_reader_f64(in);
        x->value = piq_reader_f64(in);
        take_terms(r, n_terms, x->terms);
    }
}

/* Terms stood with the candidates then; those shown are among them. */
static void take_first(log_reader *r, piq_slate_log *out)
{
    piq_reader *in = &r->in;
    out->n_candidates = take_count(r);
    out->candidates =
        take_memory(r, piq_new(r->a, piq_logged_candidate, out->n_candidates));
    piq_logged_choice *all =
        take_memory(r, piq_new(r->a, piq_logged_choice, out->n_candidates));
    for (size_t i = 0; i < out->n_candidates && !in->bad; i++) {
        all[i].content = out->candidates[i].content = take_content(r);
        out->candidates[i].score = piq_reader_f32(in);
        all[i].value = (double)out->candidates[i].score;
        take_terms(r, PIQ_N_TERMS_1, all[i].terms);
    }
    out->n_shown = out->slot = take_count(r);
    out->shown = take_memory(r, piq_new(r->a, piq_logged_choice, out->n_shown));
    for (size_t i = 0; i < out->n_shown && !in->bad; i++) {
        piq_content_id id = take_content(r);
        size_t at = 0;
        while (at < out->n_candidates && all[at].content.v != id.v)
            at++;
        if (at == out->n_candidates) {
            in->bad = true;
            break;
        }
        out->shown[i] = all[at];
        out->shown[i].chance = piq_reader_f64(in);
    }
}

piq_status piq_slate_log_read(piq_arena *a, piq_str bytes, piq_slate_log *out)
{
    log_reader r = {.a = a};
    piq_slate_log log = {0};
    piq_reader_init(&r.in, bytes.ptr, bytes.len);
    log.format = piq_reader_u8(&r.in);
    if (log.format == 1)
        take_first(&r, &log);
    else if (log.format == FORMAT)
        take_second(&r, &log);
    else
        return PIQ_ECORRUPT;
    if (r.no_memory)
        return PIQ_ENOMEM;
    if (r.in.bad || r.in.at != r.in.end)
        return PIQ_ECORRUPT;
    *out = log;
    return PIQ_OK;
}
