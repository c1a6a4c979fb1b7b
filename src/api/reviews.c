/* reviews.c - GET /api/users/{userId}/reviews: what to review, and when. */
#include "insight/reviews.h"
#include "api/exchange.h"

#include <math.h>

enum { DEFAULT_DAYS = 14, DEFAULT_LIMIT = 50, MOST_MINUTES = 1440 };

static bool read_mode(piq_exchange *c, bool *exam)
{
    piq_str mode;
    bool found;
    if (!piq_exchange_query(c, "mode", &mode, &found))
        return false;
    *exam = found && piq_str_eq(mode, PIQ_STR("deadline"));
    if (!found || *exam || piq_str_eq(mode, PIQ_STR("due")))
        return true;
    piq_fail(&c->err, PIQ_EINVAL, "mode must be due or deadline");
    piq_err_at(&c->err, "mode");
    piq_exchange_fail(c);
    return false;
}

static bool read_ask(piq_exchange *c, piq_reviews_ask *ask)
{
    static const char *const known[] = {"days",  "retention", "minutes",
                                        "limit", "mode",      NULL};
    int64_t days = DEFAULT_DAYS, limit = DEFAULT_LIMIT;
    *ask = (piq_reviews_ask){.retention = NAN, .minutes = NAN};
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_query_int(c, "days", 1, PIQ_QUEUE_MAX_DAYS, &days) ||
        !piq_exchange_query_number(c, "retention", 0.7, 0.97,
                                   &ask->retention) ||
        !piq_exchange_query_number(c, "minutes", 0, MOST_MINUTES,
                                   &ask->minutes) ||
        !piq_exchange_query_int(c, "limit", 1, PIQ_QUEUE_MAX_LIMIT, &limit) ||
        !read_mode(c, &ask->exam))
        return false;
    ask->days = (int)days;
    ask->limit = (size_t)limit;
    return true;
}

void piq_get_reviews(piq_exchange *c)
{
    piq_reviews_ask ask;
    piq_learner_ref ref;
    piq_buf b;
    piq_json_writer w;
    if (!read_ask(c, &ask) || !piq_exchange_learner(c, &ref))
        return;
    int64_t version = ref.learner->version;
    piq_review_queue *q = piq_new(&c->arena, piq_review_queue, 1);
    piq_status status =
        q ? piq_reviews_make(&c->arena, ref.learner, ref.catalogue, c->now_us,
                             &ask, q, &c->err)
          : PIQ_ENOMEM;
    piq_buf_init(&b, 0);
    if (status == PIQ_OK) {
        piq_json_init(&w, &b);
        piq_review_queue_write(q, ref.catalogue, &w);
    }
    piq_learner_ref_release(&ref);
    if (status == PIQ_OK) {
        piq_exchange_json(c, 200, &b, version);
        return;
    }
    if (status == PIQ_EINVAL)
        piq_err_at(&c->err, "mode");
    else
        piq_fail(&c->err, status, "no memory for this request");
    piq_exchange_fail(c);
}
