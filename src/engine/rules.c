/* rules.c - loading and showing rules of the business. */
#include "engine/rules.h"

#include "base/clock.h"
#include "domain/json_reader.h"
#include "engine/engine_internal.h"

enum { LOAD_TRIES = 4 }; /* another process may load at the same moment */

/* ---- loading ----------------------------------------------------------- */

/* The canonical text; *out lives in `b`. */
static piq_status text_of(const piq_rule_set *set, piq_buf *b, piq_str *out)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_rule_set_write(set, &w);
    *out = (piq_str){b->ptr, b->len};
    return b->status;
}

/* Stores the text behind the newest version, unless that is the same. */
static piq_status store(piq_engine *e, piq_arena *a, piq_str text,
                        int64_t if_version, piq_rules_change *change,
                        piq_err *err)
{
    piq_rules_row now = {0};
    piq_status status = e->store->ops->rules(e->store, a, 0, &now, err);
    if (status && status != PIQ_ENOTFOUND)
        return status;
    if (if_version >= 0 && if_version != (int64_t)now.version)
        return piq_fail(err, PIQ_ESTALE,
                        "version %u of the rules is in force, not %lld",
                        now.version, (long long)if_version);
    bool same = now.version && piq_str_eq(now.document, text);
    *change = (piq_rules_change){now.version + !same, !same};
    if (same)
        return PIQ_OK;
    piq_rules_row row = {now.version + 1, piq_clock_now_us(), text};
    return e->store->ops->put_rules(e->store, &row, err);
}

piq_status piq_engine_load_rules(piq_engine *e, const json_t *document,
                                 int64_t if_version, piq_rules_change *change,
                                 piq_err *err)
{
    piq_arena a;
    piq_buf b;
    piq_str text = {NULL, 0};
    piq_rule_set set;
    piq_rules_change made = {0};
    piq_arena_init(&a, 0);
    piq_buf_init(&b, 0);
    piq_status status =
        piq_rule_set_read(&a, document, piq_engine_catalogue(e), &set, err);
    if (status == PIQ_OK && text_of(&set, &b, &text))
        status = piq_fail(err, PIQ_ENOMEM, "no memory to store rules");
    for (int i = 0; status == PIQ_OK && i < LOAD_TRIES; i++) {
        status = store(e, &a, text, if_version, &made, err);
        if (status != PIQ_ESTALE || if_version >= 0)
            break;
        if (i + 1 < LOAD_TRIES)
            status = PIQ_OK;
    }
    if (status == PIQ_OK)
        status = piq_engine_adopt_steering(e, err);
    if (status == PIQ_OK)
        *change = made;
    piq_buf_release(&b);
    piq_arena_release(&a);
    return status;
}

/* ---- showing ----------------------------------------------------------- */

uint32_t piq_engine_rules_version(piq_engine *e)
{
    piq_steering *s = piq_engine_steering(e);
    const piq_rule_set *set = piq_steering_rules(s);
    uint32_t version = set ? set->version : 0;
    piq_steering_release(s);
    return version;
}

static piq_status read_set(piq_engine *e, piq_arena *a, uint32_t version,
                           piq_rule_set *out, piq_err *err)
{
    piq_rules_row row;
    json_t *json = NULL;
    piq_status status = e->store->ops->rules(e->store, a, version, &row, err);
    if (status == PIQ_ENOTFOUND && version == 0) {
        *out = (piq_rule_set){0};
        return PIQ_OK;
    }
    if (status == PIQ_ENOTFOUND)
        return piq_fail(err, status, "there are no rules of version %u",
                        version);
    if (status == PIQ_OK)
        status = piq_json_parse(row.document, &json, err);
    if (status == PIQ_OK)
        status = piq_rule_set_read(a, json, NULL, out, err);
    json_decref(json);
    if (status == PIQ_OK) {
        out->version = row.version;
        out->made_us = row.made_us;
    }
    return status;
}

static piq_status write_matches(piq_arena *a, const piq_rule_set *set,
                                const piq_catalogue *c, piq_json_writer *w)
{
    piq_business *b;
    piq_json_key(w, "matches");
    piq_json_object(w);
    if (c && piq_business_compile(a, set, c, &b))
        return PIQ_ENOMEM;
    for (size_t i = 0; c && i < set->n_rules; i++)
        piq_json_put_int(w, set->rules[i].name.ptr,
                         (int64_t)piq_business_n_matches(b, i));
    piq_json_object_end(w);
    return PIQ_OK;
}

static piq_status write_history(piq_engine *e, piq_arena *a, piq_json_writer *w,
                                piq_err *err)
{
    piq_rules_row *rows;
    size_t n = 0;
    piq_status status = e->store->ops->rule_versions(
        e->store, a, PIQ_RULES_HISTORY, &rows, &n, err);
    if (status)
        return status;
    piq_json_key(w, "history");
    piq_json_array(w);
    for (size_t i = 0; i < n; i++) {
        piq_json_object(w);
        piq_json_put_int(w, "version", rows[i].version);
        piq_json_put_time(w, "made_at", rows[i].made_us);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    return PIQ_OK;
}

piq_status piq_engine_show_rules(piq_engine *e, uint32_t version,
                                 piq_json_writer *w, piq_err *err)
{
    piq_arena a;
    piq_rule_set set = {0};
    piq_arena_init(&a, 0);
    piq_status status = read_set(e, &a, version, &set, err);
    if (status == PIQ_OK) {
        piq_json_object(w);
        piq_json_put_int(w, "version", set.version);
        piq_json_key(w, "made_at");
        if (set.version)
            piq_json_time(w, set.made_us);
        else
            piq_json_null(w);
        piq_json_key(w, "rules");
        piq_rule_set_write(&set, w);
        if (write_matches(&a, &set, piq_engine_catalogue(e), w))
            status = piq_fail(err, PIQ_ENOMEM, "no memory to show rules");
        else
            status = write_history(e, &a, w, err);
        if (status == PIQ_OK)
            piq_json_object_end(w);
    }
    piq_arena_release(&a);
    return status;
}
