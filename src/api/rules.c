/* rules.c - the rules of the business: read, and replaced as a whole. */
#include "engine/rules.h"

#include "api/exchange.h"

static const char *const no_query[] = {NULL};

static void reply_rules(piq_exchange *c, uint32_t version)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    if (piq_engine_show_rules(c->api->engine, version, &w, &c->err)) {
        piq_buf_release(&b);
        piq_exchange_fail(c);
        return;
    }
    if (version == 0)
        version = piq_engine_rules_version(c->api->engine);
    piq_exchange_json(c, 200, &b, version);
}

void piq_get_rules(piq_exchange *c)
{
    static const char *const known[] = {"version", NULL};
    const piq_catalogue *cat;
    int64_t version = 0;
    if (piq_exchange_known_query(c, known) &&
        piq_exchange_query_int(c, "version", 1, INT32_MAX, &version) &&
        piq_exchange_catalogue(c, &cat))
        reply_rules(c, (uint32_t)version);
}

void piq_put_rules(piq_exchange *c)
{
    piq_rules_change change;
    const piq_catalogue *cat;
    int64_t if_version;
    if (!piq_exchange_known_query(c, no_query) ||
        !piq_exchange_if_match(c, &if_version) || !piq_exchange_body(c) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    /* "*": there must be rules. */
    if (if_version == -2 && piq_engine_rules_version(c->api->engine) == 0) {
        piq_fail(&c->err, PIQ_ESTALE, "no rules are in force");
        piq_err_at(&c->err, "If-Match");
        piq_exchange_fail(c);
        return;
    }
    piq_status status = piq_engine_load_rules(c->api->engine, c->json,
                                              if_version < 0 ? -1 : if_version,
                                              &change, &c->err);
    if (status == PIQ_ESTALE) {
        piq_err_at(&c->err, "If-Match");
        piq_err_hint(&c->err, "read it again, then repeat the change");
    }
    if (status)
        piq_exchange_fail(c);
    else
        reply_rules(c, change.version);
}
