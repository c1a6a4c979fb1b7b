/* slate.c - the operation that recommends: choose, log, remember.
 *
 * The log of a slate (store: piq_slate_row.candidates) is little-endian
 * binary: u8 format 1, varint n, then for each candidate by position: varint
 * content id, f32 score, f32 features[PIQ_N_TERMS]; then varint n shown, and
 * for each: varint content id, f64 propensity.
 */
#include "base/calendar.h"
#include "base/clock.h"
#include "engine/engine_internal.h"
#include "insight/inputs.h"
#include "recommend/recommend.h"

enum { LOG_FORMAT = 1 };

/* What finish needs of prepare, in the operation's arena. */
typedef struct pending {
    const piq_catalogue *catalogue;
    piq_slate slate;
    size_t first_row;
    int64_t version; /* of the state that it was chosen for */
} pending;

static void log_candidates(const piq_slate *s, const piq_catalogue *c,
                           piq_buf *b)
{
    piq_buf_put_u8(b, LOG_FORMAT);
    piq_buf_put_varint(b, s->n_candidates);
    for (size_t i = 0; i < s->n_candidates; i++) {
        const piq_candidate *k = &s->candidates[i];
        piq_buf_put_varint(b, (uint64_t)c->contents[k->content.v].id.v);
        piq_buf_put_f32(b, k->score);
        for (int t = 0; t < PIQ_N_TERMS; t++)
            piq_buf_put_f32(b, k->features[t]);
    }
    piq_buf_put_varint(b, s->n);
    for (size_t i = 0; i < s->n; i++) {
        const piq_content *shown = &c->contents[s->list[i].content.v];
        piq_buf_put_varint(b, (uint64_t)shown->id.v);
        piq_buf_put_f64(b, s->list[i].propensity);
    }
}

static void write_request(const piq_op *op, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "type",
                   op->type < 0
                       ? NULL
                       : piq_content_type_name((piq_content_type)op->type));
    piq_json_put_int(&w, "limit", op->limit);
    piq_json_object_end(&w);
}

static piq_status add_recommendations(piq_batch *b, const piq_op *op,
                                      const pending *p)
{
    piq_buf buf;
    piq_buf_init(&buf, 0);
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < p->slate.n && status == PIQ_OK; i++) {
        const piq_recommendation *r = &p->slate.list[i];
        const piq_content *content = &p->catalogue->contents[r->content.v];
        piq_json_writer w;
        piq_json_init(&w, &buf);
        piq_recommendation_write_reasoning(r, p->catalogue, &w);
        piq_str reasoning = piq_buf_keep(&buf, &b->arena);
        status = piq_batch_room(
            b, (void **)&b->commit.recommendations, b->commit.n_recommendations,
            &b->cap_recommendations, sizeof *b->commit.recommendations);
        if (status == PIQ_OK && !reasoning.ptr)
            status = PIQ_ENOMEM;
        if (status == PIQ_OK)
            b->commit.recommendations[b->commit.n_recommendations++] =
                (piq_recommendation_row){.user = op->user,
                                         .type = content->type,
                                         .content = content->id,
                                         .score = r->score,
                                         .reasoning = reasoning,
                                         .recommended_us = op->now_us};
    }
    piq_buf_release(&buf);
    return status;
}

static piq_status add_log(piq_batch *b, const piq_op *op, const pending *p)
{
    piq_buf buf;
    piq_buf_init(&buf, 0);
    log_candidates(&p->slate, p->catalogue, &buf);
    piq_str candidates = piq_buf_keep(&buf, &b->arena);
    write_request(op, &buf);
    piq_str request = piq_buf_keep(&buf, &b->arena);
    piq_buf_release(&buf);
    piq_status status =
        piq_batch_room(b, (void **)&b->slates, b->commit.n_slates,
                       &b->cap_slates, sizeof *b->slates);
    if (status || !candidates.ptr || !request.ptr)
        return PIQ_ENOMEM;
    b->slates[b->commit.n_slates++] = (piq_slate_row){
        .user = op->user,
        .served_us = op->now_us,
        .state_version = p->version,
        .catalogue_version = p->catalogue->version,
        .policy = piq_str_of(p->slate.policy),
        .request = request,
        .candidates = candidates,
        .first_recommendation = p->first_row,
        .n_recommendations = p->slate.n,
    };
    return PIQ_OK;
}

piq_status piq_slate_prepare(piq_batch *b, piq_op *op)
{
    const piq_catalogue *c = b->catalogue;
    piq_recommend_request request = {op->type, op->limit};
    piq_recommend_input in;
    piq_work *work;
    int64_t start_ns = piq_clock_monotonic_ns();
    piq_status status = piq_batch_learner(b, op->user, false, &work, &op->err);
    if (status)
        return status;
    piq_arena_clear(&op->arena);
    pending *p = piq_new(&op->arena, pending, 1);
    if (!p)
        return PIQ_ENOMEM;
    op->ctx_prepared = p;
    p->catalogue = c;
    p->first_row = b->commit.n_recommendations;
    p->version = work->from_version + (work->changed ? 1 : 0);
    piq_judge by = piq_engine_judge(b->engine, b->model);
    status = piq_recommend_input_of(&op->arena, work->learner, &by, c,
                                    op->now_us, &in);
    if (status == PIQ_OK)
        status = piq_recommend(&op->arena, &in, &request, &p->slate);
    if (status == PIQ_OK)
        status = add_recommendations(b, op, p);
    if (status == PIQ_OK)
        status = add_log(b, op, p);
    piq_metric_observe_ns(b->engine->m.slate_ns,
                          piq_clock_monotonic_ns() - start_ns);
    return status;
}

static void write_reply(const piq_op *op, const pending *p, piq_buf *out)
{
    piq_json_writer w;
    piq_json_init(&w, out);
    piq_json_object(&w);
    piq_json_put_id(&w, "userId", op->user.v);
    piq_json_put_int(&w, "version", p->version);
    piq_json_put_time(&w, "as_of", op->now_us);
    piq_json_put_z(&w, "policy", p->slate.policy);
    piq_json_put_int(&w, "candidates", (int64_t)p->slate.n_candidates);
    piq_json_key(&w, "recommendations");
    piq_json_array(&w);
    for (size_t i = 0; i < p->slate.n; i++)
        piq_recommendation_write(&p->slate.list[i], p->catalogue, &w);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
}

void piq_slate_finish(piq_batch *b, piq_op *op)
{
    pending *p = op->ctx_prepared;
    piq_buf buf;
    size_t len;
    for (size_t i = 0; i < p->slate.n; i++) {
        p->slate.list[i].id = b->commit.recommendations[p->first_row + i].id;
        p->slate.list[i].recommended_us = op->now_us;
    }
    /* An event of the same batch may have come after the choice. */
    op->state_version = p->version;
    piq_buf_init(&buf, 0);
    write_reply(op, p, &buf);
    piq_bytes_release(op->slate); /* of an earlier run */
    op->slate = NULL;
    if (buf.status == PIQ_OK) {
        char *bytes = piq_buf_take(&buf, &len);
        op->slate = piq_bytes_take(bytes, len);
    }
    piq_buf_release(&buf);
    if (!op->slate) {
        op->status = piq_fail(&op->err, PIQ_ENOMEM, "no memory for a reply");
        return;
    }
    piq_served served = {op->type, op->limit, p->catalogue->version,
                         op->now_us + (int64_t)b->engine->config.slate_minutes *
                                          PIQ_US_PER_MINUTE,
                         piq_bytes_retain(op->slate)};
    piq_cache_put_served(b->engine->cache, op->user, op->state_version,
                         &served);
}
