/* why_not.c - why a content is not recommended. */
#include "engine/why_not.h"

#include "api/exchange.h"

enum { DEFAULT_LIMIT = 5, MAX_LIMIT = 50, MAX_CONTENT_ID_BITS = 53 };

static bool read_ask(piq_exchange *c, piq_why_not_ask *ask)
{
    static const char *const known[] = {"content", "type", "limit", NULL};
    const piq_catalogue *cat;
    int64_t limit = DEFAULT_LIMIT;
    *ask = (piq_why_not_ask){.now_us = c->now_us};
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_query_int(c, "content", 1,
                                (INT64_C(1) << MAX_CONTENT_ID_BITS) - 1,
                                &ask->content.v) ||
        !piq_exchange_query_type(c, &ask->type) ||
        !piq_exchange_query_int(c, "limit", 1, MAX_LIMIT, &limit) ||
        !piq_exchange_catalogue(c, &cat))
        return false;
    ask->limit = (unsigned)limit;
    if (ask->content.v)
        return true;
    piq_fail(&c->err, PIQ_EINVAL, "which content? It is missing");
    piq_err_at(&c->err, "content");
    piq_exchange_fail(c);
    return false;
}

void piq_get_why_not(piq_exchange *c)
{
    piq_why_not_ask ask;
    piq_learner_ref ref;
    piq_buf b;
    piq_json_writer w;
    if (!read_ask(c, &ask) || !piq_exchange_learner(c, &ref))
        return;
    int64_t version = ref.learner->version;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_status status =
        piq_engine_why_not(c->api->engine, &c->arena, &ref, &ask, &w, &c->err);
    piq_learner_ref_release(&ref);
    if (status == PIQ_OK) {
        piq_exchange_json(c, 200, &b, version);
        return;
    }
    piq_buf_release(&b);
    if (status == PIQ_ENOTFOUND) {
        /* The learner is there: the parameter names nothing. */
        c->err.status = PIQ_EINVAL;
        piq_err_at(&c->err, "content");
    }
    piq_exchange_fail(c);
}
