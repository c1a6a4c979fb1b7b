/* experiments.c - A/B tests: listed, started, looked at, stopped. */
#include "engine/experiments.h"

#include "api/exchange.h"
#include "api/page.h"
#include "domain/json_reader.h"

enum { MAX_REASON = 200 };

static const char *const no_query[] = {NULL};

void piq_get_experiments(piq_exchange *c)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    piq_experiment_design *list;
    piq_page page;
    size_t n, at = 0;
    piq_buf b;
    piq_json_writer w;
    const piq_catalogue *cat;
    if (!piq_exchange_known_query(c, known) ||
        !piq_page_read(c, PIQ_CURSOR_EXPERIMENTS, 0, PIQ_PAGE_MOST, &page) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    if (piq_engine_experiments(c->api->engine, &c->arena, &list, &n, &c->err)) {
        piq_exchange_fail(c);
        return;
    }
    while (page.goes_on && at < n && list[at].id >= page.after.at)
        at++;
    size_t end = n - at > (size_t)page.limit ? at + (size_t)page.limit : n;
    if (end < n)
        piq_page_link(c, &page, &(piq_cursor){.at = list[end - 1].id});
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_key(&w, "experiments");
    piq_json_array(&w);
    for (; at < end; at++)
        piq_experiment_design_show(&list[at], &w);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}

static void reply_design(piq_exchange *c, int status,
                         const piq_experiment_design *x)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_experiment_design_show(x, &w);
    piq_exchange_json(c, status, &b, -1);
}

void piq_post_experiment(piq_exchange *c)
{
    piq_experiment_design *x;
    const piq_catalogue *cat;
    if (!piq_exchange_known_query(c, no_query) || !piq_exchange_body(c) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    x = piq_new(&c->arena, piq_experiment_design, 1);
    if (!x)
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
    if (!x || piq_engine_start_experiment(c->api->engine, &c->arena, c->json, x,
                                          &c->err)) {
        if (c->err.status == PIQ_ECONFLICT)
            piq_err_at(&c->err, "/name");
        piq_exchange_fail(c);
        return;
    }
    reply_design(c, 201, x);
}

void piq_get_experiment(piq_exchange *c)
{
    piq_experiment_report *r;
    piq_buf b;
    piq_json_writer w;
    const piq_catalogue *cat;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    r = piq_new(&c->arena, piq_experiment_report, 1);
    if (!r)
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
    if (!r || piq_engine_report_experiment(c->api->engine, &c->arena, c->name,
                                           c->now_us, r, &c->err)) {
        piq_exchange_fail(c);
        return;
    }
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_experiment_report_write(r, &w);
    piq_exchange_json(c, 200, &b, -1);
}

void piq_stop_experiment(piq_exchange *c)
{
    static const char *const known[] = {"reason", NULL};
    piq_experiment_design *x;
    piq_json_reader r;
    const piq_catalogue *cat;
    if (!piq_exchange_known_query(c, no_query) || !piq_exchange_body(c) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    piq_json_begin(&r, c->json, "", known, &c->err);
    piq_str reason = piq_json_string(&r, "reason", 1, MAX_REASON);
    piq_status status = piq_json_end(&r);
    x = piq_new(&c->arena, piq_experiment_design, 1);
    if (!status && !x)
        status = piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
    if (!status)
        status = piq_engine_stop_experiment(c->api->engine, &c->arena, c->name,
                                            reason, x, &c->err);
    if (status)
        piq_exchange_fail(c);
    else
        reply_design(c, 200, x);
}
