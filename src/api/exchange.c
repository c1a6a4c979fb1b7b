#include "api/exchange.h"

#include "api/routes.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "domain/json_reader.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- answering ------------------------------------------------------- */

/* One line that ties our id of the request to their trace. */
static void log_trace(const piq_exchange *c, int status)
{
    piq_log_level level = status >= 500 ? PIQ_LOG_WARN : PIQ_LOG_DEBUG;
    if (!piq_log_on(level))
        return;
    piq_log_field fields[] = {piq_log_z("trace_id", c->trace.trace),
                              piq_log_z("span_id", c->trace.span),
                              piq_log_z("parent_id", c->trace.parent),
                              piq_log_int("status", status)};
    piq_log(level, c->in->id, "traced", fields, 4);
}

void piq_exchange_answer_trace(piq_exchange *c, int status)
{
    char text[PIQ_TRACEPARENT_BYTES];
    if (!c->trace.on)
        return;
    log_trace(c, status);
    piq_trace_write(&c->trace, text);
    if (c->n_lines < PIQ_API_MAX_LINES)
        piq_exchange_line(c, "traceparent", "%s", text);
}

static void release(piq_exchange *c)
{
    json_decref(c->json);
    piq_op_free(c->op);
    piq_arena_release(&c->arena);
    free(c);
}

static void end(piq_exchange *c, piq_api_reply *reply)
{
    if (!c->keyed || !piq_keyed_settle(c, reply))
        piq_exchange_deliver(c, reply);
}

void piq_exchange_deliver(piq_exchange *c, piq_api_reply *reply)
{
    piq_exchange_answer_trace(c, reply->status);
    piq_exchange_record(c, c->user, reply->status);
    memcpy(reply->lines, c->lines, c->n_lines * sizeof c->lines[0]);
    reply->n_lines = c->n_lines;
    if (c->route)
        piq_metric_observe_ns(c->api->route_seconds[piq_route_number(c->route)],
                              piq_clock_monotonic_ns() - c->begun_ns);
    c->done(c->ctx, reply);
    release(c);
}

void piq_exchange_streaming(piq_exchange *c, int status)
{
    piq_exchange_record(c, c->user, status);
    release(c);
}

void piq_exchange_line(piq_exchange *c, const char *name, const char *fmt, ...)
{
    PIQ_ASSERT(c->n_lines < PIQ_API_MAX_LINES);
    piq_api_line *line = &c->lines[c->n_lines++];
    va_list args;
    line->name = name;
    va_start(args, fmt);
    vsnprintf(line->value, sizeof line->value, fmt, args);
    va_end(args);
}

piq_str piq_exchange_header(const piq_exchange *c, const char *name)
{
    if (!c->in->header)
        return (piq_str){NULL, 0};
    return c->in->header(c->in->header_ctx, name);
}

void piq_exchange_bytes(piq_exchange *c, int status, const char *type,
                        piq_bytes *bytes, int64_t version)
{
    piq_api_reply reply = {.status = status, .type = type, .body = bytes};
    if (version >= 0)
        snprintf(reply.etag, sizeof reply.etag, "\"%lld\"", (long long)version);
    end(c, &reply);
}

void piq_exchange_json(piq_exchange *c, int status, piq_buf *b, int64_t version)
{
    size_t len;
    piq_status failed = b->status;
    char *ptr = piq_buf_take(b, &len);
    piq_bytes *bytes = NULL;
    if (failed)
        free(ptr);
    else
        bytes = piq_bytes_take(ptr, len);
    if (!bytes) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for the reply");
        piq_exchange_fail(c);
        return;
    }
    piq_exchange_bytes(c, status, "application/json", bytes, version);
}

static int http_status(piq_status status)
{
    switch (status) {
    case PIQ_OK:
        return 200;
    case PIQ_EINVAL:
    case PIQ_EPARSE:
    case PIQ_ELIMIT:
        return 400;
    case PIQ_ENOTFOUND:
        return 404;
    case PIQ_ECONFLICT:
        return 409;
    case PIQ_ESTALE:
        return 412;
    case PIQ_EDENIED:
        return 403;
    case PIQ_ENOMEM:
    case PIQ_EBUSY:
    case PIQ_EIO:
    case PIQ_EFULL:
        return 503;
    case PIQ_ECORRUPT:
    case PIQ_EINTERNAL:
        return 500;
    }
    return 500;
}

/* The standard phrase of RFC 9110. */
static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

/* What a client is told of a failure of ours. The log has the rest: files and
 * tables are no client's business. NULL: the message itself. */
static const char *our_failure(const piq_err *err)
{
    switch (err->status) {
    case PIQ_EIO:
        return "storage failed; nothing was changed";
    case PIQ_EFULL:
        return "storage is full; nothing was changed";
    case PIQ_ECORRUPT:
        return "stored data is damaged; nothing was changed";
    case PIQ_EINTERNAL:
        return "internal error; nothing was changed";
    case PIQ_EBUSY: /* the store names its file, we name nothing */
        return err->where[0] ? "storage is busy; nothing was changed" : NULL;
    case PIQ_OK:
    case PIQ_ENOMEM:
    case PIQ_EINVAL:
    case PIQ_EPARSE:
    case PIQ_ELIMIT:
    case PIQ_ENOTFOUND:
    case PIQ_ECONFLICT:
    case PIQ_ESTALE:
    case PIQ_EDENIED:
        return NULL;
    }
    return NULL;
}

/* Where broken JSON breaks is no JSON pointer: it goes into the detail. */
void piq_api_put_err(piq_json_writer *w, const piq_err *err)
{
    const char *ours = our_failure(err);
    if (ours) {
        piq_json_put_z(w, "detail", ours);
        return;
    }
    char detail[sizeof err->message + sizeof err->where + 4];
    bool parse = err->status == PIQ_EPARSE;
    snprintf(detail, sizeof detail, "%s%s%s%s", err->message,
             parse && err->where[0] ? " (" : "", parse ? err->where : "",
             parse && err->where[0] ? ")" : "");
    piq_json_put_z(w, "detail", detail);
    if (!parse && err->where[0])
        piq_json_put_z(w, "pointer", err->where);
}

static void write_problem(piq_exchange *c, int status, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "type", "about:blank");
    piq_json_put_z(&w, "title", title_of(status));
    piq_json_put_int(&w, "status", status);
    piq_api_put_err(&w, &c->err);
    piq_json_put_str(&w, "instance", c->in->path);
    if (c->err.hint[0])
        piq_json_put_z(&w, "hint", c->err.hint);
    piq_json_object_end(&w);
}

void piq_exchange_problem(piq_exchange *c, int status)
{
    piq_buf b;
    size_t len;
    piq_bytes *body = NULL;
    if (status >= 500 && !c->told)
        piq_log_err(c->in->id, "a request failed", &c->err);
    piq_buf_init(&b, 0);
    write_problem(c, status, &b);
    if (!b.status) {
        char *ptr = piq_buf_take(&b, &len);
        body = piq_bytes_take(ptr, len);
    }
    piq_buf_release(&b);
    if (!body) {
        body = piq_bytes_retain(c->api->out_of_memory);
        status = 503;
    }
    piq_api_reply reply = {.status = status,
                           .type = "application/problem+json",
                           .retry_after_s = c->retry_after_s ? c->retry_after_s
                                            : status == 503  ? 1
                                                             : 0,
                           .body = body};
    if (status == 405)
        snprintf(reply.allow, sizeof reply.allow, "%.31s", c->err.hint);
    end(c, &reply);
}

void piq_exchange_fail(piq_exchange *c)
{
    piq_exchange_problem(c, http_status(c->err.status));
}

bool piq_exchange_not_modified(piq_exchange *c, int64_t version)
{
    char etag[40];
    snprintf(etag, sizeof etag, "\"%lld\"", (long long)version);
    if (!piq_str_eq(c->in->if_none_match, piq_str_of(etag)))
        return false;
    piq_exchange_bytes(c, 304, NULL, NULL, version);
    return true;
}

/* ---- the body -------------------------------------------------------- */

static bool is_media_type(piq_str given, const char *wanted)
{
    size_t len = strlen(wanted);
    return given.len >= len && strncasecmp(given.ptr, wanted, len) == 0 &&
           (given.len == len || given.ptr[len] == ';' || given.ptr[len] == ' ');
}

bool piq_exchange_media_type(piq_exchange *c, const char *wanted)
{
    piq_str given = c->in->content_type;
    if (is_media_type(given, wanted))
        return true;
    piq_fail(&c->err, PIQ_EINVAL, "%s is expected, not %.*s", wanted,
             given.len ? (int)(given.len > 60 ? 60 : given.len) : 7,
             given.len ? given.ptr : "nothing");
    piq_err_at(&c->err, "Content-Type");
    piq_exchange_problem(c, 415);
    return false;
}

bool piq_exchange_body(piq_exchange *c)
{
    if (c->in->content_type.len &&
        !piq_exchange_media_type(c, "application/json"))
        return false;
    if (piq_json_parse(c->in->body, &c->json, &c->err)) {
        piq_exchange_fail(c);
        return false;
    }
    return true;
}

bool piq_exchange_no_body(piq_exchange *c)
{
    if (!c->in->body.len)
        return true;
    if (!piq_exchange_body(c))
        return false;
    if (json_is_object(c->json) && json_object_size(c->json) == 0)
        return true;
    piq_fail(&c->err, PIQ_EINVAL, "no body is expected, or {}");
    piq_exchange_fail(c);
    return false;
}

/* ---- the query ------------------------------------------------------- */

static int hex_of(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    if (ch >= 'A' && ch <= 'F')
        return ch - 'A' + 10;
    return -1;
}

/* Percent-decodes into the call's arena; empty ptr on a malformed escape. */
static piq_str decoded(piq_exchange *c, piq_str s)
{
    char *out = piq_arena_alloc(&c->arena, s.len + 1, 1);
    size_t n = 0;
    if (!out) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
        return (piq_str){NULL, 0};
    }
    for (size_t i = 0; i < s.len; i++) {
        char ch = s.ptr[i];
        if (ch == '%') {
            int hi = i + 2 < s.len ? hex_of(s.ptr[i + 1]) : -1;
            int lo = i + 2 < s.len ? hex_of(s.ptr[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return (piq_str){NULL, 0};
            ch = (char)(hi * 16 + lo);
            i += 2;
        } else if (ch == '+') {
            ch = ' ';
        }
        out[n++] = ch;
    }
    piq_str d = {out, n};
    return piq_str_is_utf8(d) ? d : (piq_str){NULL, 0};
}

/* The next name=value of the query; false at its end. */
static bool next_pair(piq_str *rest, piq_str *name, piq_str *value)
{
    if (!rest->len)
        return false;
    const char *amp = memchr(rest->ptr, '&', rest->len);
    piq_str pair = {rest->ptr, amp ? (size_t)(amp - rest->ptr) : rest->len};
    size_t used = pair.len + (amp ? 1 : 0);
    *rest = (piq_str){rest->ptr + used, rest->len - used};
    const char *eq = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
    *name = (piq_str){pair.ptr, eq ? (size_t)(eq - pair.ptr) : pair.len};
    *value =
        eq ? (piq_str){eq + 1, pair.len - name->len - 1} : (piq_str){"", 0};
    return true;
}

static bool refuse_query(piq_exchange *c, piq_str name, const char *what)
{
    piq_fail(&c->err, PIQ_EINVAL, "%s: \"%.*s\"", what,
             (int)(name.len > 60 ? 60 : name.len), name.ptr);
    piq_err_at(&c->err, "%.*s", (int)(name.len > 60 ? 60 : name.len), name.ptr);
    piq_exchange_fail(c);
    return false;
}

bool piq_exchange_known_query(piq_exchange *c, const char *const *known)
{
    piq_str rest = c->in->query, name, value;
    unsigned seen = 0;
    while (next_pair(&rest, &name, &value)) {
        unsigned at = 0;
        while (known[at] && !piq_str_eq(name, piq_str_of(known[at])))
            at++;
        if (!known[at])
            return refuse_query(c, name, "unknown query parameter");
        if (seen & 1u << at)
            return refuse_query(c, name, "query parameter given twice");
        seen |= 1u << at;
    }
    return true;
}

bool piq_exchange_query(piq_exchange *c, const char *name, piq_str *value,
                        bool *found)
{
    piq_str rest = c->in->query, n, v;
    *found = false;
    while (next_pair(&rest, &n, &v)) {
        if (!piq_str_eq(n, piq_str_of(name)))
            continue;
        *value = decoded(c, v);
        if (!value->ptr && c->err.status == PIQ_ENOMEM) {
            piq_exchange_fail(c);
            return false;
        }
        if (!value->ptr)
            return refuse_query(c, n, "malformed query parameter");
        *found = true;
        return true;
    }
    return true;
}

static bool query_wrong(piq_exchange *c, const char *name, const char *expected)
{
    piq_fail(&c->err, PIQ_EINVAL, "%s must be %s", name, expected);
    piq_err_at(&c->err, "%s", name);
    piq_exchange_fail(c);
    return false;
}

bool piq_exchange_query_int(piq_exchange *c, const char *name, int64_t low,
                            int64_t high, int64_t *value)
{
    piq_str s;
    bool found;
    char expected[80];
    if (!piq_exchange_query(c, name, &s, &found))
        return false;
    if (!found || (piq_str_to_i64(s, value) && *value >= low && *value <= high))
        return true;
    snprintf(expected, sizeof expected, "an integer within %lld..%lld",
             (long long)low, (long long)high);
    return query_wrong(c, name, expected);
}

bool piq_exchange_query_number(piq_exchange *c, const char *name, double low,
                               double high, double *value)
{
    piq_str s;
    bool found;
    char expected[80];
    double v = 0;
    if (!piq_exchange_query(c, name, &s, &found))
        return false;
    if (found && (!piq_str_to_double(s, &v) || !(v >= low && v <= high))) {
        snprintf(expected, sizeof expected, "a number within %g..%g", low,
                 high);
        return query_wrong(c, name, expected);
    }
    if (found)
        *value = v;
    return true;
}

bool piq_exchange_query_time(piq_exchange *c, const char *name, int64_t *value)
{
    piq_str s;
    bool found;
    int32_t day;
    if (!piq_exchange_query(c, name, &s, &found))
        return false;
    if (!found || piq_time_parse(s, value))
        return true;
    if (piq_date_parse(s, &day)) {
        *value = piq_day_start_us(day, 0, 0);
        return true;
    }
    return query_wrong(c, name, "an RFC 3339 instant or a date");
}

bool piq_exchange_query_type(piq_exchange *c, int *type)
{
    piq_str s;
    bool found;
    piq_content_type t;
    *type = -1;
    if (!piq_exchange_query(c, "type", &s, &found))
        return false;
    if (!found)
        return true;
    if (!piq_content_type_of(s, &t))
        return query_wrong(c, "type",
                           "course, lesson, assessment, character or review");
    *type = (int)t;
    return true;
}

bool piq_exchange_if_match(piq_exchange *c, int64_t *version)
{
    piq_str s = c->in->if_match;
    *version = -1;
    if (!s.len)
        return true;
    *version = -2;
    if (piq_str_eq(s, PIQ_STR("*")))
        return true;
    if (s.len > 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"' &&
        piq_str_to_i64((piq_str){s.ptr + 1, s.len - 2}, version) &&
        *version >= 0)
        return true;
    return query_wrong(c, "If-Match", "a quoted version, as ETag gave it");
}

piq_status piq_api_read_goal(const json_t *json, const char *where,
                             const piq_catalogue *cat, int64_t now_us,
                             piq_goal *out, piq_err *err)
{
    piq_status status = piq_goal_read(json, where, cat, out, err);
    if (status || out->timeline_day >= piq_day_of(now_us, 0, 0) - 1)
        return status;
    piq_fail(err, PIQ_EINVAL, "the date lies in the past");
    piq_err_at(err, "%s/timeline", where);
    return PIQ_EINVAL;
}

/* ---- the engine ------------------------------------------------------ */

bool piq_exchange_catalogue(piq_exchange *c, const piq_catalogue **out)
{
    *out = piq_engine_catalogue(c->api->engine);
    if (*out)
        return true;
    piq_fail(&c->err, PIQ_EBUSY, "there is no curriculum yet");
    piq_err_hint(&c->err, "load one: piq catalogue load FILE --db DB");
    piq_exchange_fail(c);
    return false;
}

bool piq_exchange_learner(piq_exchange *c, piq_learner_ref *out)
{
    const piq_catalogue *unused;
    if (!piq_exchange_catalogue(c, &unused))
        return false;
    if (piq_engine_learner(c->api->engine, c->user, out, &c->err)) {
        piq_exchange_fail(c);
        return false;
    }
    return true;
}

static void op_done(piq_op *op)
{
    piq_exchange *c = op->ctx;
    if (op->status == PIQ_OK) {
        c->next(c);
        return;
    }
    c->err = op->err;
    if (!c->err.status)
        piq_fail(&c->err, op->status, "%s", piq_status_text(op->status));
    c->err.status = op->status;
    if (c->failed)
        c->failed(c);
    piq_exchange_fail(c);
}

/* What a later answer needs of the request is copied: the caller's strings
 * are his again once the handler has returned. */
bool piq_exchange_keep(piq_exchange *c)
{
    if (c->in == &c->kept)
        return true;
    const char *path =
        piq_arena_strndup(&c->arena, c->in->path.ptr, c->in->path.len);
    if (!path) /* what refuses it still needs the caller's */
        return false;
    c->kept = *c->in;
    c->kept.path.ptr = path;
    c->kept.query = c->kept.body = (piq_str){"", 0};
    c->kept.content_type = c->kept.if_match = c->kept.if_none_match =
        (piq_str){"", 0};
    c->kept.method = "";
    c->in = &c->kept;
    return true;
}

piq_op *piq_exchange_op(piq_exchange *c, piq_op_kind kind)
{
    piq_op *op = piq_op_new(kind, c->user, c->now_us);
    if (!op) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
        piq_exchange_fail(c);
    }
    return op;
}

void piq_exchange_run(piq_exchange *c, piq_op *op,
                      void (*next)(piq_exchange *c))
{
    piq_op_free(c->op);
    c->op = op;
    c->next = next;
    op->ctx = c;
    op->done = op_done;
    /* What the versions were asked for is done already. */
    if (c->keyed && c->keyed->again)
        op->if_version = -1;
    piq_status status = piq_exchange_keep(c)
                            ? piq_engine_submit(c->api->engine, op)
                            : PIQ_ENOMEM;
    if (status == PIQ_OK)
        return; /* the call may be over already */
    piq_fail(&c->err, status,
             status == PIQ_EBUSY ? "too many requests are waiting"
                                 : "no memory for this request");
    if (c->failed)
        c->failed(c);
    piq_exchange_fail(c);
}

/* From the key of the request, so that whoever repeats it finds them there. */
static piq_status name_own(piq_exchange *c, char id[PIQ_MAX_EVENT_ID_BYTES],
                           int64_t *at_us)
{
    if (c->keyed)
        return piq_keyed_name(c, id, at_us, &c->err);
    snprintf(id, PIQ_MAX_EVENT_ID_BYTES, "api:%llx-%llx",
             (unsigned long long)c->now_us,
             (unsigned long long)atomic_fetch_add(&c->api->next_event_id, 1));
    return PIQ_OK;
}

bool piq_exchange_own_events(piq_exchange *c, piq_op *op, size_t n)
{
    int64_t at_us = c->now_us;
    piq_status status = PIQ_OK;
    op->events = piq_new(&op->arena, piq_event, n);
    op->n_events = n;
    for (size_t i = 0; op->events && i < n; i++) {
        char id[PIQ_MAX_EVENT_ID_BYTES] = "";
        status = name_own(c, id, &at_us);
        size_t len = strlen(id);
        const char *copy = piq_arena_strndup(&op->arena, id, len);
        if (status || !copy) {
            op->events = NULL;
            break;
        }
        op->events[i] = (piq_event){
            .user = c->user, .event_id = {copy, len}, .at_us = at_us};
    }
    if (op->events)
        return true;
    piq_op_free(op);
    if (!status)
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
    piq_exchange_fail(c);
    return false;
}
