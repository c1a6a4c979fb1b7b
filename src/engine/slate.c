/* slate.c - the operation that recommends: choose, log, remember; or give what
 * still holds (slate_kept.h). */
#include "base/calendar.h"
#include "base/clock.h"
#include "engine/engine_internal.h"
#include "engine/pause.h"
#include "engine/slate_kept.h"
#include "engine/slate_make.h"

/* What finish needs of prepare, in the operation's arena. */
typedef struct pending {
    piq_slate_source source;
    piq_slate slate;
    piq_steer steer;
    const char *policy; /* name of the weights */
    size_t first_row;
    int64_t version; /* of the state that it was chosen for */
    bool paused;     /* see pause.h */
    /* What holds for all engines: there already, or to be from this commit on,
     * with `reply`, whose ids are not known yet. Its reference is op->slate. */
    piq_slate_kept kept;
    piq_str reply; /* as long as the batch */
} pending;

static piq_status ask_steering(piq_batch *b, piq_op *op,
                               const piq_learner *learner, piq_steer *out)
{
    piq_steer_question q = {.user = op->user,
                            .now_us = op->now_us,
                            .catalogue = b->catalogue,
                            .history = learner->history,
                            .pending = b->commit.recommendations,
                            .n_pending = b->commit.n_recommendations};
    return piq_steer_ask(b->engine, b->steering, &op->arena, &q, out, &op->err);
}

/* ---- rows ---------------------------------------------------------------- */

static void write_request(const piq_op *op, const pending *p, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "type",
                   op->type < 0
                       ? NULL
                       : piq_content_type_name((piq_content_type)op->type));
    piq_json_put_int(&w, "limit", op->limit);
    if (p->paused)
        piq_json_put_bool(&w, "paused", true); /* PIQ_SLATE_PAUSED */
    piq_steer_write(&p->steer, &w);
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
        const piq_catalogue *c = p->source.catalogue;
        const piq_content *content = &c->contents[r->content.v];
        piq_json_writer w;
        piq_json_init(&w, &buf);
        piq_recommendation_write_reasoning(r, c, &w);
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
    piq_slate_log_write(&p->source.origin, &p->slate, p->source.catalogue,
                        &buf);
    piq_str candidates = piq_buf_keep(&buf, &b->arena);
    write_request(op, p, &buf);
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
        .catalogue_version = p->source.catalogue->version,
        .policy = piq_str_of(p->policy),
        .request = request,
        .candidates = candidates,
        .first_recommendation = p->first_row,
        .n_recommendations = p->slate.n,
    };
    return PIQ_OK;
}

/* ---- the reply ------------------------------------------------------------
 */

static void write_reply(const piq_op *op, const pending *p, piq_buf *out)
{
    piq_json_writer w;
    piq_json_init(&w, out);
    piq_json_object(&w);
    piq_json_put_id(&w, "userId", piq_user_outer(op->user));
    piq_json_put_int(&w, "version", p->version);
    piq_json_put_time(&w, "as_of", op->now_us);
    piq_json_put_z(&w, "policy", p->policy);
    piq_json_put_int(&w, "candidates", (int64_t)p->slate.n_candidates);
    piq_json_key(&w, "recommendations");
    piq_json_array(&w);
    for (size_t i = 0; i < p->slate.n; i++)
        piq_recommendation_write(&p->slate.list[i], p->source.catalogue, &w);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
}

/* Without ids, which the commit gives. */
static piq_status add_kept(piq_batch *b, const piq_op *op, pending *p)
{
    piq_buf buf;
    for (size_t i = 0; i < p->slate.n; i++) {
        p->slate.list[i].id = 0;
        p->slate.list[i].recommended_us = op->now_us;
    }
    piq_buf_init(&buf, 0);
    write_reply(op, p, &buf);
    p->reply = piq_buf_keep(&buf, &b->arena);
    piq_buf_release(&buf);
    if (!p->reply.ptr)
        return PIQ_ENOMEM;
    p->kept.until_us = op->now_us + (int64_t)b->engine->config.slate_minutes *
                                        PIQ_US_PER_MINUTE;
    return piq_slate_kept_add(b, op, &p->kept, p->reply, p->first_row,
                              p->slate.n);
}

/* ---- the operation ------------------------------------------------------- */

static piq_status choose_once(piq_batch *b, piq_op *op, pending *p)
{
    piq_slate_parts parts = {b->engine, b->model, b->policy, b->taste};
    piq_policy_hold *named = NULL;
    piq_status status = piq_slate_originate(&op->arena, &parts, &p->steer,
                                            &p->source, &named, &op->err);
    if (p->paused)
        p->source.origin.explores = false;
    if (status == PIQ_OK)
        status = piq_slate_make(&op->arena, &p->source, &p->slate);
    p->source.policy = NULL; /* held no longer than this */
    piq_policy_release(named);
    return status;
}

/* What is logged must be what was judged by: where a calibration has come into
 * force meanwhile, once more. */
static piq_status choose(piq_batch *b, piq_op *op, const piq_work *work,
                         pending *p)
{
    piq_status status = ask_steering(b, op, work->learner, &p->steer);
    do {
        if (status == PIQ_OK)
            status = choose_once(b, op, p);
    } while (status == PIQ_OK &&
             p->source.origin.calibration !=
                 piq_calibration_book_number(b->engine->book));
    return status;
}

static piq_status add_rows(piq_batch *b, piq_op *op, const piq_work *work,
                           pending *p)
{
    char *name = piq_new(&op->arena, char, PIQ_POLICY_NAME_BYTES);
    if (!name)
        return PIQ_ENOMEM;
    p->policy = piq_recommend_policy_name(p->source.origin.policy, name);
    p->first_row = b->commit.n_recommendations;
    piq_status status = add_recommendations(b, op, p);
    if (status == PIQ_OK)
        status = add_log(b, op, p);
    if (status == PIQ_OK)
        status = add_kept(b, op, p);
    if (status == PIQ_OK && !p->paused)
        status = piq_steer_expose(b, &p->steer, work->learner, op->now_us,
                                  p->first_row, p->slate.n);
    return status;
}

/* What still holds: here, or in the store. */
static piq_status find_served(piq_batch *b, piq_op *op, pending *p)
{
    piq_slate_mark now = {.state_version = p->version,
                          .catalogue = b->catalogue->version};
    int64_t version = 0;
    piq_steering_marks(b->steering, &now.rules, &now.experiments);
    op->slate = piq_cache_served(
        b->engine->cache, op->user, op->type, op->limit, now.catalogue,
        piq_steering_number_of(b->steering), op->now_us, &version);
    if (op->slate && version == p->version)
        return PIQ_OK;
    piq_bytes_release(op->slate);
    op->slate = NULL;
    piq_status status = piq_slate_kept_read(b, op, &now, &p->kept);
    op->slate = p->kept.reply;
    if (op->slate && p->kept.mark.state_version > p->version) {
        p->version = p->kept.mark.state_version;
        piq_cache_outdate(b->engine->cache, op->user, p->version);
    }
    p->kept.mark = now;
    return status;
}

static piq_status make(piq_batch *b, piq_op *op, const piq_work *work,
                       pending *p)
{
    int64_t start_ns = piq_clock_monotonic_ns();
    p->source = (piq_slate_source){.learner = work->learner,
                                   .by = piq_engine_judge(b->engine, b->model),
                                   .catalogue = b->catalogue,
                                   .now_us = op->now_us,
                                   .request = {op->type, op->limit}};
    piq_status status = choose(b, op, work, p);
    if (status == PIQ_OK)
        status = add_rows(b, op, work, p);
    piq_metric_observe_ns(b->engine->m.slate_ns,
                          piq_clock_monotonic_ns() - start_ns);
    return status;
}

piq_status piq_slate_prepare(piq_batch *b, piq_op *op)
{
    piq_work *work;
    piq_status status = piq_batch_learner(b, op->user, false, &work, &op->err);
    if (status)
        return status;
    piq_bytes_release(op->slate); /* of an earlier run */
    op->slate = NULL;
    piq_arena_clear(&op->arena);
    pending *p = piq_new(&op->arena, pending, 1);
    if (!p)
        return PIQ_ENOMEM;
    op->ctx_prepared = p;
    p->version = piq_work_version(work);
    p->paused = work->paused;
    status = find_served(b, op, p);
    return status || op->slate ? status : make(b, op, work, p);
}

void piq_slate_finish(piq_batch *b, piq_op *op)
{
    pending *p = op->ctx_prepared;
    /* An event of the same batch may have come after the choice. */
    op->state_version = p->version;
    if (!op->slate)
        op->slate = piq_slate_with_ids(
            p->reply,
            p->slate.n ? b->commit.recommendations[p->first_row].id : 0);
    if (!op->slate) {
        op->status = piq_fail(&op->err, PIQ_ENOMEM, "no memory for a reply");
        return;
    }
    if (!p->kept.until_us)
        return; /* the cache gave it */
    piq_served served = {op->type,
                         op->limit,
                         p->kept.mark.catalogue,
                         piq_steering_number_of(b->steering),
                         p->kept.until_us,
                         piq_bytes_retain(op->slate)};
    piq_cache_put_served(b->engine->cache, op->user, op->state_version,
                         &served);
}
