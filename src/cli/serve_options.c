#include "cli/serve_options.h"

#include <string.h>

enum { LEAST_LOG_DAYS = 7 };

piq_serve_options piq_serve_defaults(void)
{
    return (piq_serve_options){.address = "127.0.0.1",
                               .port = 8080,
                               .threads = 2,
                               .max_connections = 4096,
                               .cache_learners = 50000,
                               .policy_minutes = 10,
                               .person_rate = 20,
                               .audit_reads = "all",
                               .audience = "piq",
                               .log_format = "text",
                               .log_level = "info"};
}

void piq_serve_table(piq_serve_options *o, piq_option out[PIQ_MAX_SETTINGS])
{
    const piq_option table[] = {
        {"config", PIQ_OPT_TEXT, &o->config, 0, 0},
        {"db", PIQ_OPT_TEXT, &o->db, 0, 0},
        {"address", PIQ_OPT_TEXT, &o->address, 0, 0},
        {"port", PIQ_OPT_INT, &o->port, 0, 65535},
        {"threads", PIQ_OPT_INT, &o->threads, 2, 64},
        {"max-connections", PIQ_OPT_INT, &o->max_connections, 1, 1000000},
        {"max-per-address", PIQ_OPT_INT, &o->max_per_address, 0, 1000000},
        {"tls-cert", PIQ_OPT_TEXT, &o->tls_cert, 0, 0},
        {"tls-key", PIQ_OPT_TEXT, &o->tls_key, 0, 0},
        {"cors-origin", PIQ_OPT_TEXT, &o->cors_origin, 0, 0},
        {"trusted-proxy", PIQ_OPT_TEXT, &o->trusted_proxy, 0, 0},
        {"cache-learners", PIQ_OPT_INT, &o->cache_learners, 64, 100000000},
        {"train-every", PIQ_OPT_INT, &o->train_every_hours, 0, 8784},
        {"no-exploration", PIQ_OPT_FLAG, &o->no_exploration, 0, 0},
        {"policy-every", PIQ_OPT_INT, &o->policy_minutes, 0, 525600},
        {"keep-log-days", PIQ_OPT_INT, &o->keep_log_days, 0, 36500},
        {"keep-audit-days", PIQ_OPT_INT, &o->keep_audit_days, 0, 36500},
        {"audit-reads", PIQ_OPT_TEXT, &o->audit_reads, 0, 0},
        {"webhook-private", PIQ_OPT_FLAG, &o->webhook_private, 0, 0},
        {"pages", PIQ_OPT_TEXT, &o->pages, 0, 0},
        {"open", PIQ_OPT_FLAG, &o->open, 0, 0},
        {"key-rate", PIQ_OPT_INT, &o->key_rate, 0, 1000000},
        {"person-rate", PIQ_OPT_INT, &o->person_rate, 0, 1000000},
        {"audience", PIQ_OPT_TEXT, &o->audience, 0, 0},
        {"log", PIQ_OPT_TEXT, &o->log_format, 0, 0},
        {"log-level", PIQ_OPT_TEXT, &o->log_level, 0, 0},
        {0}};
    _Static_assert(sizeof table / sizeof table[0] <= PIQ_MAX_SETTINGS,
                   "a longer table of settings");
    memcpy(out, table, sizeof table);
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static const char *const audit_reads[] = {[PIQ_AUDIT_READS_ALL] = "all",
                                          [PIQ_AUDIT_READS_OTHERS] = "others",
                                          [PIQ_AUDIT_READS_NONE] = "none",
                                          NULL};

piq_audit_reads piq_serve_audit_reads(const piq_serve_options *o)
{
    int i = PIQ_AUDIT_READS_ALL;
    while (audit_reads[i] && strcmp(audit_reads[i], o->audit_reads) != 0)
        i++;
    return audit_reads[i] ? (piq_audit_reads)i : PIQ_AUDIT_READS_ALL;
}

static bool is_loopback(const char *address)
{
    return strcmp(address, "::1") == 0 || strncmp(address, "127.", 4) == 0;
}

piq_status piq_serve_check(const piq_serve_options *o, piq_err *err)
{
    static const char *const formats[] = {"text", "json", NULL};
    static const char *const levels[] = {"debug", "info", "warn", "error",
                                         NULL};
    if (!is_one_of(o->log_format, formats))
        return piq_fail(err, PIQ_EINVAL, "log is text or json, not \"%.40s\"",
                        o->log_format);
    if (!is_one_of(o->log_level, levels))
        return piq_fail(
            err, PIQ_EINVAL,
            "log-level is debug, info, warn or error, not \"%.40s\"",
            o->log_level);
    if (!is_one_of(o->audit_reads, audit_reads))
        return piq_fail(err, PIQ_EINVAL,
                        "audit-reads is all, others or none, not \"%.40s\"",
                        o->audit_reads);
    /* What a recommendation came to is final after three days. */
    if (o->keep_log_days && o->keep_log_days < LEAST_LOG_DAYS)
        return piq_fail(
            err, PIQ_EINVAL,
            "keep-log-days is 0, for ever, or %d and more: policies "
            "and experiments learn from the log",
            LEAST_LOG_DAYS);
    if (o->open && !is_loopback(o->address))
        return piq_fail(err, PIQ_EINVAL,
                        "without credentials only this machine is served: "
                        "open needs a loopback address, not \"%.40s\"",
                        o->address);
    return PIQ_OK;
}

const char piq_serve_help[] =
    "  --config FILE    settings, one a line (piq config check)\n"
    "  --address A      where to listen (default 127.0.0.1)\n"
    "  --port N         port, 0 for any free one (default 8080)\n"
    "  --threads N      HTTP threads, 2 to 64 (default 2)\n"
    "  --max-connections N  (default 4096)\n"
    "  --max-per-address N  of them, from one address; 0 any (default 0)\n"
    "  --tls-cert FILE  serve TLS: the certificate and its chain, PEM;\n"
    "                   read anew on SIGHUP\n"
    "  --tls-key FILE   its key, PEM\n"
    "  --cors-origin A,B    origins whose pages may ask (none)\n"
    "  --trusted-proxy A,B  addresses or ranges of proxies whose\n"
    "                   X-Forwarded-For or Forwarded is believed (none)\n"
    "  --cache-learners N   learners kept in memory (default 50000)\n"
    "  --train-every H  train a model, fit memory and tastes anew every H\n"
    "                   hours, at the lowest priority; 0 never (default 0)\n"
    "  --no-exploration recommend by score alone: nothing is left to chance\n"
    "  --policy-every M learn from what became of recommendations every M\n"
    "                   minutes; 0 never (default 10)\n"
    "  --keep-log-days D    keep how recommendations came about, and the log "
    "of\n"
    "                   stopped experiments, for D days, 7 or more; 0 for "
    "ever\n"
    "                   (default)\n"
    "  --keep-audit-days D  keep the audit for D days; 0 for ever (default)\n"
    "  --audit-reads R  which reads of learners the audit has: all, others\n"
    "                   (not those by the learners themselves) or none\n"
    "                   (default all)\n"
    "  --webhook-private    webhooks may be http: and have addresses that are\n"
    "                   not public; else neither is called\n"
    "  --pages DIR      the dashboard's files (those beside the program)\n"
    "  --open           ask nobody for a credential: for measuring, and a\n"
    "                   first look; on a loopback address only\n"
    "  --key-rate N     requests a second of an API key (default 0: any)\n"
    "  --person-rate N  of a learner or coach, 0 any number (default 20)\n"
    "  --audience TEXT  that signed tokens must name (default piq)\n"
    "  --log FORMAT     text or json (default text)\n"
    "  --log-level L    debug, info, warn or error (default info)\n";
