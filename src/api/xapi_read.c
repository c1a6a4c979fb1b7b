/* xapi_read.c - statements told: GET /xapi/statements, one or a list.
 *
 * Newest first, a list goes by the tenant's index; oldest first, by the
 * statements themselves, other tenants' passed over. Either way a request looks
 * at so many and no more; `more` goes on from there, whether or not the page is
 * full. A cursor is the last place looked at: instant, learner, id.
 */
#include "api/xapi.h"

#include "base/calendar.h"
#include "domain/json_reader.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PAGE = 100,        /* statements told at once, at most */
    READ_AT_ONCE = 32, /* records */
    LOOKED_AT = 4000,  /* records a request reads */
    REPLY_BYTES = 4 << 20,
    REF_DEPTH = 4, /* a statement about a statement about .. */
    LAST_OUTER_BITS = PIQ_USER_BITS
};

static const char *const known[] = {
    "statementId",    "voidedStatementId",  "agent",  "verb",
    "activity",       "registration",       "since",  "until",
    "limit",          "related_activities", "format", "ascending",
    "related_agents", "attachments",        "cursor", NULL};

/* A place in a list; all of ours at the instant lie between outer 0 and the
 * largest. */
typedef struct place {
    int64_t stored_us, outer;
    char id[PIQ_XAPI_ID_BYTES];
} place;

typedef struct listing {
    piq_exchange *c;
    piq_store *store;
    piq_xapi_filter filter;
    json_t *agent;
    int64_t since_us, until_us, limit;
    bool ascending, ids, from_cursor;
    place at;       /* where to go on */
    piq_arena page; /* of one read */
    piq_buf out;
    piq_json_writer w;
    size_t n_told, n_read;
    piq_user_id users[PAGE]; /* told of */
    size_t n_users;
    bool more, at_end;
} listing;

/* ---- the query -------------------------------------------------------------
 */

static bool refuse_query(piq_exchange *c, const char *name, const char *why)
{
    piq_fail(&c->err, PIQ_EINVAL, "%s", why);
    piq_err_at(&c->err, "%s", name);
    piq_exchange_fail(c);
    return false;
}

static bool query_flag(piq_exchange *c, const char *name, bool *out)
{
    piq_str s = {0};
    bool found;
    if (!piq_exchange_query(c, name, &s, &found))
        return false;
    *out = found && piq_str_eq(s, PIQ_STR("true"));
    return !found || *out || piq_str_eq(s, PIQ_STR("false")) ||
           refuse_query(c, name, "true or false is expected");
}

static bool query_format(piq_exchange *c, bool *ids)
{
    piq_str s = PIQ_STR("exact");
    bool found, attachments;
    if (!piq_exchange_query(c, "format", &s, &found) ||
        !query_flag(c, "attachments", &attachments))
        return false;
    *ids = piq_str_eq(s, PIQ_STR("ids"));
    if (attachments)
        return refuse_query(c, "attachments", "no attachments are kept here");
    return *ids || piq_str_eq(s, PIQ_STR("exact")) ||
           piq_str_eq(s, PIQ_STR("canonical")) ||
           refuse_query(c, "format", "ids, exact or canonical is expected");
}

static bool query_iri(piq_exchange *c, const char *name, piq_str *out)
{
    bool found;
    return piq_exchange_query(c, name, out, &found) &&
           (!found || piq_xapi_iri(*out) ||
            refuse_query(c, name, "an absolute IRI is expected"));
}

static bool query_agent(listing *l)
{
    piq_exchange *c = l->c;
    piq_str s;
    bool found;
    if (!piq_exchange_query(c, "agent", &s, &found))
        return false;
    if (!found)
        return true;
    piq_status status = piq_json_parse(s, &l->agent, &c->err);
    if (status == PIQ_EPARSE || status == PIQ_ELIMIT)
        return refuse_query(c, "agent", "JSON of an Agent is expected");
    if (status == PIQ_OK)
        status = piq_xapi_check_asked(l->agent, &c->err);
    if (status) {
        piq_exchange_fail(c);
        return false;
    }
    l->filter.agent = l->agent;
    return true;
}

static bool query_registration(listing *l)
{
    bool found;
    char unused[PIQ_XAPI_ID_BYTES];
    return piq_exchange_query(l->c, "registration", &l->filter.registration,
                              &found) &&
           (!found || piq_xapi_uuid(l->filter.registration, unused) ||
            refuse_query(l->c, "registration", "a UUID is expected"));
}

/* "stored.outer.id" */
static bool read_place(piq_str s, place *out)
{
    piq_str id, first, second;
    const char *dot = s.len ? memchr(s.ptr, '.', s.len) : NULL;
    if (!dot)
        return false;
    first = (piq_str){s.ptr, (size_t)(dot - s.ptr)};
    s = (piq_str){dot + 1, s.len - first.len - 1};
    dot = s.len ? memchr(s.ptr, '.', s.len) : NULL;
    if (!dot)
        return false;
    second = (piq_str){s.ptr, (size_t)(dot - s.ptr)};
    id = (piq_str){dot + 1, s.len - second.len - 1};
    if (!piq_str_to_i64(first, &out->stored_us) || out->stored_us < 1 ||
        !piq_str_to_i64(second, &out->outer) || out->outer < 0 ||
        out->outer >> LAST_OUTER_BITS)
        return false;
    if (piq_str_eq(id, PIQ_STR("g"))) {
        snprintf(out->id, sizeof out->id, "g");
        return true;
    }
    return piq_xapi_uuid(id, out->id);
}

static bool query_cursor(listing *l)
{
    piq_str s;
    if (!piq_exchange_query(l->c, "cursor", &s, &l->from_cursor))
        return false;
    return !l->from_cursor || read_place(s, &l->at) ||
           refuse_query(l->c, "cursor", "it is none of ours");
}

static bool query_list(listing *l)
{
    piq_exchange *c = l->c;
    l->limit = 0;
    l->since_us = 0;
    l->until_us = INT64_MAX;
    if (!piq_exchange_query_int(c, "limit", 0, INT32_MAX, &l->limit) ||
        !piq_exchange_query_time(c, "since", &l->since_us) ||
        !piq_exchange_query_time(c, "until", &l->until_us) ||
        !query_flag(c, "ascending", &l->ascending) ||
        !query_flag(c, "related_agents", &l->filter.related_agents) ||
        !query_flag(c, "related_activities", &l->filter.related_activities) ||
        !query_iri(c, "verb", &l->filter.verb) ||
        !query_iri(c, "activity", &l->filter.activity) ||
        !query_registration(l) || !query_cursor(l) ||
        !query_format(c, &l->ids) || !query_agent(l))
        return false;
    if (l->limit == 0 || l->limit > PAGE)
        l->limit = PAGE;
    return true;
}

/* ---- one -------------------------------------------------------------------
 */

/* RFC 9110, section 5.6.7. */
static void tell_modified(piq_exchange *c, int64_t at_us)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu",
                                       "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
    char text[32];
    int32_t day = piq_day_of(at_us, 0, 0);
    piq_time_format(at_us, text); /* 2026-11-22T10:00:00.. */
    int month = (text[5] - '0') * 10 + text[6] - '0';
    piq_exchange_line(c, "Last-Modified", "%s, %.2s %s %.4s %.8s GMT",
                      days[piq_weekday_of(day)], text + 8, months[month - 1],
                      text, text + 11);
}

static void write_one(piq_json_writer *w, const json_t *statement, bool ids)
{
    if (ids)
        piq_xapi_write_ids(w, statement);
    else
        piq_xapi_write(w, statement);
}

static void tell_one(piq_exchange *c, const char *id, bool voided)
{
    bool ids;
    piq_xapi_filed filed;
    if (!query_format(c, &ids))
        return;
    piq_status status =
        piq_xapi_find(piq_engine_store(c->api->engine), &c->arena,
                      c->caller.tenant, id, c->now_us, &filed, &c->err);
    if (status == PIQ_OK && filed.voided != voided) {
        piq_xapi_filed_release(&filed);
        status = PIQ_ENOTFOUND;
    }
    if (status) {
        if (status == PIQ_ENOTFOUND)
            piq_fail(&c->err, status, "there is no such statement");
        piq_exchange_fail(c);
        return;
    }
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    write_one(&w, filed.statement, ids);
    c->user = filed.user; /* whom the audit hears of */
    tell_modified(c, filed.stored_us);
    piq_xapi_filed_release(&filed);
    piq_exchange_json(c, 200, &b, -1);
}

/* statementId or voidedStatementId, with what may stand beside it. *found
 * false: neither is there. False: it was answered. */
static bool tells_one(piq_exchange *c, bool *found)
{
    piq_str one, other, unused;
    bool voided, beside;
    char id[PIQ_XAPI_ID_BYTES];
    if (!piq_exchange_query(c, "statementId", &one, found) ||
        !piq_exchange_query(c, "voidedStatementId", &other, &voided))
        return false;
    if (!*found && !voided)
        return true;
    if (*found && voided)
        return refuse_query(c, "voidedStatementId",
                            "it does not go with statementId");
    for (const char *const *name = known + 2; *name; name++) {
        if (strcmp(*name, "format") == 0 || strcmp(*name, "attachments") == 0)
            continue;
        if (!piq_exchange_query(c, *name, &unused, &beside))
            return false;
        if (beside)
            return refuse_query(c, *name, "it does not go with one statement");
    }
    *found = true;
    if (!piq_xapi_uuid(voided ? other : one, id))
        return refuse_query(c, voided ? "voidedStatementId" : "statementId",
                            "a UUID is expected");
    tell_one(c, id, voided);
    return false;
}

/* ---- which ------------------------------------------------------------------
 */

static piq_status find(listing *l, const char *id, piq_xapi_filed *out)
{
    piq_err absent = {0};
    piq_arena scratch;
    piq_arena_init(&scratch, 0);
    piq_status status = piq_xapi_find(l->store, &scratch, l->c->caller.tenant,
                                      id, l->c->now_us, out, &absent);
    piq_arena_release(&scratch);
    l->n_read += 2;
    if (status && status != PIQ_ENOTFOUND)
        l->c->err = absent;
    return status;
}

/* What a statement refers to counts for it: a voiding statement is found by
 * what it voids. */
static piq_status matches(listing *l, const json_t *statement, int depth,
                          bool *out)
{
    char id[PIQ_XAPI_ID_BYTES];
    piq_xapi_filed filed;
    *out = piq_xapi_matches(&l->filter, statement);
    if (*out || depth == REF_DEPTH || !piq_xapi_refers(statement, id))
        return PIQ_OK;
    piq_status status = find(l, id, &filed);
    if (status)
        return status == PIQ_ENOTFOUND ? PIQ_OK : status;
    status = matches(l, filed.statement, depth + 1, out);
    piq_xapi_filed_release(&filed);
    return status;
}

/* The audit hears of each learner once. */
static void note_user(listing *l, piq_user_id user)
{
    for (size_t i = 0; i < l->n_users; i++)
        if (l->users[i].v == user.v)
            return;
    l->users[l->n_users++] = user;
    piq_exchange_record(l->c, user, 200);
}

/* Tells a statement if it is asked for; l->more: there was no room for it. */
static piq_status consider(listing *l, const piq_xapi_filed *f)
{
    bool match = false;
    char id[PIQ_XAPI_ID_BYTES];
    if (f->voided || f->stored_us <= l->since_us || f->stored_us > l->until_us)
        return PIQ_OK;
    piq_status status = matches(l, f->statement, 0, &match);
    if (status || !match || !piq_xapi_id(f->statement, id))
        return status;
    if (l->n_told == (size_t)l->limit || l->out.len > REPLY_BYTES) {
        l->more = true;
        return PIQ_OK;
    }
    write_one(&l->w, f->statement, l->ids);
    note_user(l, f->user);
    l->n_told++;
    return PIQ_OK;
}

/* ---- newest first
 * ------------------------------------------------------------ */

static piq_status consider_index(listing *l, const piq_record *r)
{
    char id[PIQ_XAPI_ID_BYTES];
    piq_xapi_filed filed;
    place next = {.stored_us = -r->at_us};
    if (!piq_xapi_uuid(r->key, id))
        return PIQ_OK;
    memcpy(next.id, id, sizeof id);
    piq_status status = find(l, id, &filed);
    if (status == PIQ_OK) {
        status = consider(l, &filed);
        piq_xapi_filed_release(&filed);
    } else if (status == PIQ_ENOTFOUND) { /* gone with its learner */
        status = PIQ_OK;
    }
    if (status == PIQ_OK && !l->more)
        l->at = next;
    return status;
}

static piq_status read_newest(listing *l, piq_record **rows, size_t *n)
{
    int64_t top = l->until_us == INT64_MAX ? INT64_MIN : -l->until_us - 1;
    piq_record_range range = {.kind = PIQ_XAPI_INDEX_KIND,
                              .user = piq_xapi_nobody(l->c->caller.tenant),
                              .now_us = l->c->now_us,
                              .after_us = top,
                              .after_key = PIQ_STR("g"),
                              .until_us = -l->since_us,
                              .limit = READ_AT_ONCE};
    if (l->at.stored_us) {
        range.after_us = -l->at.stored_us;
        range.after_key = piq_str_of(l->at.id);
    }
    return l->store->ops->records(l->store, &l->page, &range, rows, n,
                                  &l->c->err);
}

/* ---- oldest first
 * ------------------------------------------------------------ */

static piq_status consider_record(listing *l, const piq_record *r)
{
    int64_t tenant = r->user.v >> PIQ_USER_BITS;
    int64_t ours = (int64_t)l->c->caller.tenant;
    place next = {.stored_us = r->at_us};
    piq_xapi_filed filed;
    piq_status status = PIQ_OK;
    if (tenant == ours) {
        status = piq_xapi_open(r, &filed, &l->c->err);
        if (status)
            return status;
        status = consider(l, &filed);
        next.outer = piq_user_outer(r->user);
        piq_xapi_id(filed.statement, next.id);
        piq_xapi_filed_release(&filed);
    } else if (tenant > ours) { /* behind all of ours: whose it is, is hidden */
        next.outer = (INT64_C(1) << LAST_OUTER_BITS) - 1;
        snprintf(next.id, sizeof next.id, "g");
    } else { /* before all of ours */
        snprintf(next.id, sizeof next.id, "g");
    }
    if (status == PIQ_OK && !l->more)
        l->at = next;
    return status;
}

static piq_status read_oldest(listing *l, piq_record **rows, size_t *n)
{
    int64_t tenant = (int64_t)l->c->caller.tenant << PIQ_USER_BITS;
    piq_record_range range = {
        .kind = PIQ_XAPI_KIND,
        .user = {PIQ_ANY_USER},
        .now_us = l->c->now_us,
        .after_us = l->since_us,
        .after_user = {INT64_MAX},
        .until_us = l->until_us == INT64_MAX ? INT64_MAX : l->until_us + 1,
        .limit = READ_AT_ONCE};
    if (l->at.stored_us) {
        range.after_us = l->at.stored_us;
        range.after_user = (piq_user_id){tenant | l->at.outer};
        range.after_key = piq_str_of(l->at.id);
    }
    return l->store->ops->records(l->store, &l->page, &range, rows, n,
                                  &l->c->err);
}

/* ---- a list
 * ------------------------------------------------------------------- */

static piq_status read_page(listing *l)
{
    piq_record *rows;
    size_t n;
    piq_arena_clear(&l->page);
    piq_status status =
        l->ascending ? read_oldest(l, &rows, &n) : read_newest(l, &rows, &n);
    if (status)
        return status;
    l->n_read += n;
    l->at_end = n < READ_AT_ONCE;
    for (size_t i = 0; i < n && status == PIQ_OK && !l->more; i++)
        status = l->ascending ? consider_record(l, &rows[i])
                              : consider_index(l, &rows[i]);
    return status;
}

static bool is_cursor(piq_str pair)
{
    return pair.len >= 7 && memcmp(pair.ptr, "cursor=", 7) == 0;
}

/* The query once more, with the cursor. */
static void write_more(listing *l)
{
    piq_buf b;
    piq_str rest = l->c->in->query;
    piq_json_key(&l->w, "more");
    if (!l->more) {
        piq_json_z(&l->w, "");
        return;
    }
    piq_buf_init(&b, 0);
    piq_buf_printf(&b, "/xapi/statements?cursor=%lld.%lld.%s",
                   (long long)l->at.stored_us, (long long)l->at.outer,
                   l->at.id);
    while (rest.len) {
        const char *amp = memchr(rest.ptr, '&', rest.len);
        piq_str pair = {rest.ptr, amp ? (size_t)(amp - rest.ptr) : rest.len};
        if (pair.len && !is_cursor(pair)) {
            piq_buf_add_char(&b, '&');
            piq_buf_add_str(&b, pair);
        }
        rest = (piq_str){rest.ptr + pair.len + (amp ? 1 : 0),
                         rest.len - pair.len - (amp ? 1 : 0)};
    }
    piq_json_str(&l->w, (piq_str){b.ptr, b.len});
    if (b.status && !l->out.status)
        l->out.status = b.status;
    piq_buf_release(&b);
}

static void tell_list(listing *l)
{
    piq_exchange *c = l->c;
    piq_status status = PIQ_OK;
    piq_buf_init(&l->out, 0);
    piq_json_init(&l->w, &l->out);
    piq_json_object(&l->w);
    piq_json_key(&l->w, "statements");
    piq_json_array(&l->w);
    while (status == PIQ_OK && !l->more && !l->at_end) {
        status = read_page(l);
        if (!l->at_end && l->n_read >= LOOKED_AT)
            l->more = true;
    }
    piq_json_array_end(&l->w);
    if (status == PIQ_OK)
        write_more(l);
    piq_json_object_end(&l->w);
    if (status == PIQ_OK) {
        piq_exchange_json(c, 200, &l->out, -1);
    } else {
        piq_buf_release(&l->out);
        if (!c->err.status)
            piq_fail(&c->err, status, "no memory for statements");
        piq_exchange_fail(c);
    }
}

void piq_get_statements(piq_exchange *c)
{
    const piq_catalogue *cat;
    const char *version;
    bool one;
    if (!piq_exchange_known_query(c, known) || !piq_xapi_agree(c, &version) ||
        !piq_exchange_catalogue(c, &cat))
        return;
    piq_xapi_tell_through(c);
    if (!tells_one(c, &one))
        return;
    /* Outlives the exchange by what is freed here. */
    listing l = {.c = c, .store = piq_engine_store(c->api->engine)};
    piq_arena_init(&l.page, 0);
    if (query_list(&l))
        tell_list(&l);
    json_decref(l.agent);
    piq_arena_release(&l.page);
}
