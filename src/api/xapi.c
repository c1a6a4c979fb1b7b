/* xapi.c - statements taken in: POST and PUT /xapi/statements.
 *
 * A request goes through these, and nothing is changed before all of it has:
 *
 *     read, check      every statement by itself      400
 *     whose            each is about a learner         403
 *     look up          new, the same again, or not     409
 *     void             what is to be voided is there   400, 409
 *     file             records and events, one commit  503
 */
#include "api/xapi.h"

#include "base/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* One statement of the request. */
typedef struct entry {
    json_t *statement; /* c->json's */
    char id[PIQ_XAPI_ID_BYTES];
    char target[PIQ_XAPI_ID_BYTES]; /* what it voids; empty: nothing */
    piq_user_id user;               /* whose record it is */
    bool repeated;                  /* it is stored already */
    int64_t index_version;
    const char *voided_by; /* by another one of this request; NULL */
    bool takes_back;       /* what it voids has become an event */
    piq_op *part;          /* what carries its event; NULL: it has none */
    size_t at;             /* position there */
} entry;

/* A stored statement that this request voids. */
typedef struct voided {
    piq_xapi_filed filed;
    const char *by;
} voided;

typedef struct intake {
    const char *version;
    entry *list;
    size_t n, n_new;
    voided *voids;
    size_t n_voids;
    bool one; /* PUT: nothing is told back */
    piq_xapi_ticket ticket;
    size_t n_events;
} intake;

/* ---- headers ------------------------------------------------------------- */

bool piq_xapi_agree(piq_exchange *c, const char **version)
{
    static const char name[] = "X-Experience-API-Version";
    piq_str asked = piq_exchange_header(c, name);
    if (!c->in->header) /* an embedding program: there are no headers */
        asked = PIQ_STR(PIQ_XAPI_2);
    *version = piq_xapi_version_for(asked);
    piq_exchange_line(c, name, "%s", *version ? *version : PIQ_XAPI_2);
    if (*version)
        return true;
    piq_fail(&c->err, PIQ_EINVAL,
             asked.len ? "this version of xAPI is not spoken here"
                       : "the header is missing");
    piq_err_at(&c->err, name);
    piq_err_hint(&c->err, "2.0.x and 1.0.x are spoken");
    piq_exchange_fail(c);
    return false;
}

void piq_xapi_tell_through(piq_exchange *c)
{
    char text[32];
    piq_time_format(piq_xapi_desk_through(&c->api->xapi, c->now_us), text);
    piq_exchange_line(c, "X-Experience-API-Consistent-Through", "%s", text);
}

void piq_get_about(piq_exchange *c)
{
    static const char *const no_query[] = {NULL};
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, no_query))
        return;
    piq_exchange_line(c, "X-Experience-API-Version", "%s", PIQ_XAPI_2);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_key(&w, "version");
    piq_json_array(&w);
    piq_json_z(&w, PIQ_XAPI_2);
    piq_json_z(&w, PIQ_XAPI_1);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}

/* ---- leaving ------------------------------------------------------------- */

/* What the arena does not free. */
static void let_go(piq_exchange *c, intake *in)
{
    for (size_t i = 0; i < in->n_voids; i++)
        piq_xapi_filed_release(&in->voids[i].filed);
    in->n_voids = 0;
    piq_xapi_desk_leave(&c->api->xapi, &in->ticket);
}

static void refuse(piq_exchange *c, intake *in, int status)
{
    let_go(c, in);
    if (status)
        piq_exchange_problem(c, status);
    else
        piq_exchange_fail(c);
}

/* Place of statement `i`, with a member of it. */
static void put_place(piq_exchange *c, size_t i, const char *member)
{
    if (json_is_array(c->json))
        piq_err_at(&c->err, "/%zu%s", i, member);
    else
        piq_err_at(&c->err, "%s", member);
}

/* ---- reading ------------------------------------------------------------- */

static bool make_id(char out[PIQ_XAPI_ID_BYTES])
{
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return false;
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 9562: version 4 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, PIQ_XAPI_ID_BYTES,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
             b[11], b[12], b[13], b[14], b[15]);
    return true;
}

/* The learner of a statement; whoever voids need not be one. */
static piq_status read_learner(piq_exchange *c, const intake *in, size_t i)
{
    entry *e = &in->list[i];
    int64_t outer;
    if (piq_xapi_is_voiding(e->statement))
        return PIQ_OK;
    if (piq_xapi_learner(e->statement, &outer) &&
        piq_exchange_learner_of(c, outer, &e->user, &c->err) == PIQ_OK)
        return PIQ_OK;
    piq_fail(&c->err, PIQ_EDENIED, "the actor is no learner");
    put_place(c, i, "/actor");
    piq_err_hint(&c->err, "an Agent whose account's name is the learner's "
                          "number is expected");
    return PIQ_EDENIED;
}

static piq_status read_statement(piq_exchange *c, const intake *in, size_t i)
{
    char where[32] = "";
    entry *e = &in->list[i];
    bool list = json_is_array(c->json);
    e->statement = list ? json_array_get(c->json, i) : c->json;
    if (list)
        snprintf(where, sizeof where, "/%zu", i);
    piq_status status = piq_xapi_check(e->statement, where, &c->err);
    if (status)
        return status;
    if (!piq_xapi_id(e->statement, e->id) && !make_id(e->id))
        return piq_fail(&c->err, PIQ_EBUSY, "no random numbers for an id");
    for (size_t k = 0; k < i; k++)
        if (strcmp(in->list[k].id, e->id) == 0) {
            piq_fail(&c->err, PIQ_EINVAL, "the id is there twice");
            put_place(c, i, "/id");
            return PIQ_EINVAL;
        }
    if (piq_xapi_is_voiding(e->statement))
        piq_xapi_refers(e->statement, e->target);
    return read_learner(c, in, i);
}

static bool read_all(piq_exchange *c, intake *in)
{
    bool list = json_is_array(c->json);
    in->n = list ? json_array_size(c->json) : 1;
    if (in->n == 0 || in->n > PIQ_XAPI_MAX_BATCH) {
        piq_fail(&c->err, PIQ_EINVAL,
                 "1 to %d statements are expected, not %zu", PIQ_XAPI_MAX_BATCH,
                 in->n);
        refuse(c, in, 0);
        return false;
    }
    in->list = piq_new(&c->arena, entry, in->n);
    in->voids = piq_new(&c->arena, voided, in->n);
    piq_status status = PIQ_OK;
    if (!in->list || !in->voids)
        status = piq_fail(&c->err, PIQ_ENOMEM, "no memory for statements");
    for (size_t i = 0; i < in->n && status == PIQ_OK; i++)
        status = read_statement(c, in, i);
    if (status)
        refuse(c, in, 0);
    return status == PIQ_OK;
}

/* ---- what is stored -------------------------------------------------------
 */

static piq_status find(piq_exchange *c, const char *id, piq_xapi_filed *out)
{
    piq_store *s = piq_engine_store(c->api->engine);
    piq_err absent = {0};
    piq_arena scratch; /* hundreds may be looked up */
    piq_arena_init(&scratch, 0);
    piq_status status = piq_xapi_find(s, &scratch, c->caller.tenant, id,
                                      c->now_us, out, &absent);
    piq_arena_release(&scratch);
    if (status && status != PIQ_ENOTFOUND)
        c->err = absent;
    return status;
}

static piq_status look_up(piq_exchange *c, intake *in, size_t i)
{
    entry *e = &in->list[i];
    piq_xapi_filed filed;
    bool same = false;
    piq_status status = find(c, e->id, &filed);
    e->index_version = filed.index_version;
    if (status == PIQ_ENOTFOUND) {
        in->n_new++;
        return PIQ_OK;
    }
    if (status)
        return status;
    status = piq_xapi_same(filed.statement, e->statement, &same);
    piq_xapi_filed_release(&filed);
    if (status)
        return piq_fail(&c->err, status, "no memory for a statement");
    e->repeated = same;
    if (same)
        return PIQ_OK;
    piq_fail(&c->err, PIQ_ECONFLICT,
             "the statement %s was stored before and says otherwise", e->id);
    put_place(c, i, "/id");
    return PIQ_ECONFLICT;
}

/* ---- voiding ------------------------------------------------------------- */

static piq_status refuse_void(piq_exchange *c, size_t i, piq_status status,
                              const char *why)
{
    piq_fail(&c->err, status, "%s", why);
    put_place(c, i, "/object/id");
    return status;
}

static entry *find_entry(const intake *in, const char *id)
{
    for (size_t i = 0; i < in->n; i++)
        if (strcmp(in->list[i].id, id) == 0)
            return &in->list[i];
    return NULL;
}

static bool is_voided_here(const intake *in, const char *id)
{
    for (size_t i = 0; i < in->n_voids; i++) {
        char other[PIQ_XAPI_ID_BYTES];
        if (piq_xapi_id(in->voids[i].filed.statement, other) &&
            strcmp(id, other) == 0)
            return true;
    }
    return false;
}

/* An event is stored with its statement, so where there is none there never
 * was one. */
static piq_status find_event(piq_exchange *c, entry *e)
{
    piq_store *s = piq_engine_store(c->api->engine);
    piq_err absent = {0};
    piq_event_row row;
    piq_str id;
    piq_arena scratch;
    piq_arena_init(&scratch, 0);
    piq_status status = piq_xapi_event_id(&scratch, e->target, &id);
    if (status)
        piq_fail(&absent, status, "no memory for a statement");
    else
        status = s->ops->event(s, &scratch, e->user, id, &row, &absent);
    piq_arena_release(&scratch);
    e->takes_back = status == PIQ_OK;
    if (status == PIQ_OK || status == PIQ_ENOTFOUND)
        return PIQ_OK;
    c->err = absent;
    return status;
}

static piq_status void_stored(piq_exchange *c, intake *in, size_t i)
{
    entry *e = &in->list[i];
    piq_xapi_filed filed;
    piq_status status = find(c, e->target, &filed);
    if (status == PIQ_ENOTFOUND)
        return refuse_void(c, i, PIQ_EINVAL,
                           "there is no such statement to void");
    if (status)
        return status;
    bool voiding = piq_xapi_is_voiding(filed.statement);
    if (voiding || filed.voided || is_voided_here(in, e->target)) {
        piq_xapi_filed_release(&filed);
        return refuse_void(c, i, PIQ_ECONFLICT,
                           voiding ? "what voids cannot be voided"
                                   : "the statement is voided already");
    }
    e->user = filed.user;
    in->voids[in->n_voids++] = (voided){filed, e->id};
    return find_event(c, e);
}

static piq_status void_one(piq_exchange *c, intake *in, size_t i)
{
    entry *e = &in->list[i];
    entry *t = find_entry(in, e->target);
    if (e->repeated || !e->target[0])
        return PIQ_OK;
    if (!t || t->repeated)
        return void_stored(c, in, i);
    if (t->target[0] || t->voided_by)
        return refuse_void(c, i, PIQ_ECONFLICT,
                           t->target[0] ? "what voids cannot be voided"
                                        : "the statement is voided already");
    t->voided_by = e->id;
    e->user = t->user;
    return PIQ_OK;
}

/* ---- filing -------------------------------------------------------------- */

static piq_op *part_of(piq_exchange *c, piq_op *op, piq_user_id user)
{
    piq_op **end = &op;
    for (; *end; end = &(*end)->also)
        if ((*end)->user.v == user.v)
            return *end;
    *end = piq_op_new(PIQ_OP_EVENTS, user, c->now_us);
    return *end;
}

/* The event of a statement, if it has one, goes to its learner's part. */
static piq_status file_event(piq_exchange *c, intake *in, piq_op *op, entry *e,
                             int64_t stored_us)
{
    bool mapped = false;
    piq_event event = {.user = e->user};
    const piq_catalogue *cat = piq_engine_catalogue(c->api->engine);
    if (e->voided_by || (e->target[0] && !e->takes_back))
        return PIQ_OK;
    piq_status status = piq_xapi_event(&op->arena, e->statement, cat, stored_us,
                                       &event, &mapped);
    if (status || !mapped)
        return status;
    piq_op *part = part_of(c, op, e->user);
    if (part && !part->events)
        part->events = piq_new(&part->arena, piq_event, in->n);
    if (!part || !part->events)
        return PIQ_ENOMEM;
    e->part = part;
    e->at = part->n_events;
    part->events[part->n_events++] = event;
    in->n_events++;
    return PIQ_OK;
}

static piq_status file_statement(piq_exchange *c, intake *in, piq_op *op,
                                 entry *e, int64_t stored_us,
                                 piq_record *records)
{
    const piq_xapi_stamp stamp = {.id = e->id,
                                  .stored_us = stored_us,
                                  .authority = c->caller.id,
                                  .version = in->version};
    if (piq_xapi_put_stamp(e->statement, &stamp))
        return piq_fail(&c->err, PIQ_ENOMEM, "no memory for a statement");
    piq_status status =
        piq_xapi_record(&op->arena, e->statement, e->voided_by, e->user,
                        stored_us, 0, &records[0], &c->err);
    if (status == PIQ_OK)
        status = piq_xapi_index(&op->arena, c->caller.tenant, e->id, stored_us,
                                e->index_version, &records[1], &c->err);
    if (status)
        return status;
    status = file_event(c, in, op, e, stored_us);
    return status ? piq_fail(&c->err, status, "no memory for an event")
                  : status;
}

static piq_status file_all(piq_exchange *c, intake *in, piq_op *op)
{
    size_t n = 0;
    int64_t stored_us = in->ticket.stored_us;
    piq_record *records =
        piq_new(&op->arena, piq_record, 2 * in->n_new + in->n_voids);
    piq_status status = PIQ_OK;
    if (!records)
        return piq_fail(&c->err, PIQ_ENOMEM, "no memory for statements");
    for (size_t i = 0; i < in->n && status == PIQ_OK; i++) {
        if (in->list[i].repeated)
            continue;
        status =
            file_statement(c, in, op, &in->list[i], stored_us++, &records[n]);
        n += 2;
    }
    for (size_t i = 0; i < in->n_voids && status == PIQ_OK; i++) {
        const piq_xapi_filed *f = &in->voids[i].filed;
        status =
            piq_xapi_record(&op->arena, f->statement, in->voids[i].by, f->user,
                            f->stored_us, f->version, &records[n++], &c->err);
    }
    op->records = records;
    op->n_records = n;
    return status;
}

/* ---- answering ------------------------------------------------------------
 */

static bool is_first_of(const intake *in, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (in->list[k].user.v == in->list[i].user.v)
            return false;
    return true;
}

static void answer(piq_exchange *c, intake *in)
{
    piq_buf b;
    piq_json_writer w;
    let_go(c, in);
    piq_xapi_tell_through(c);
    piq_exchange_line(c, "X-Piq-Events", "%zu", in->n_events);
    /* The first learner's is recorded with the reply. */
    for (size_t i = 1; i < in->n; i++)
        if (is_first_of(in, i))
            piq_exchange_record(c, in->list[i].user, in->one ? 204 : 200);
    if (in->one) {
        piq_exchange_bytes(c, 204, NULL, NULL, -1);
        return;
    }
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_array(&w);
    for (size_t i = 0; i < in->n; i++)
        piq_json_z(&w, in->list[i].id);
    piq_json_array_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}

static void stored(piq_exchange *c)
{
    answer(c, c->state);
}

/* Which statement it was. */
static void not_stored(piq_exchange *c)
{
    intake *in = c->state;
    if (c->err.status == PIQ_ESTALE) {
        piq_fail(&c->err, PIQ_EBUSY,
                 "another request stored one of these statements meanwhile");
        piq_err_hint(&c->err, "send it again");
    }
    bool paused = c->err.status == PIQ_EDENIED;
    for (size_t i = 0; i < in->n && c->op->refused; i++) {
        const entry *e = &in->list[i];
        if (e->part != c->op->refused ||
            (!paused && e->at != e->part->at_event))
            continue;
        put_place(c, i, paused ? "/actor" : "/id");
        break;
    }
    let_go(c, in);
}

static void take_in(piq_exchange *c, intake *in)
{
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < in->n && status == PIQ_OK; i++)
        status = look_up(c, in, i);
    for (size_t i = 0; i < in->n && status == PIQ_OK; i++)
        status = void_one(c, in, i);
    if (status) {
        refuse(c, in, 0);
        return;
    }
    c->user = in->list[0].user;
    if (!in->n_new) {
        answer(c, in);
        return;
    }
    piq_op *op = piq_op_new(PIQ_OP_EVENTS, c->user, c->now_us);
    if (!op) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
        refuse(c, in, 0);
        return;
    }
    piq_xapi_desk_enter(&c->api->xapi, &in->ticket, in->n_new, c->now_us);
    if (file_all(c, in, op)) {
        piq_op_free(op);
        refuse(c, in, 0);
        return;
    }
    c->failed = not_stored;
    piq_exchange_run(c, op, stored);
}

/* The parts that POST and PUT begin with. NULL: it was answered. */
static intake *begin(piq_exchange *c, const char *const *query)
{
    const piq_catalogue *cat;
    const char *version;
    if (!piq_exchange_known_query(c, query) ||
        (c->in->content_type.len &&
         !piq_exchange_media_type(c, "application/json")) ||
        !piq_xapi_agree(c, &version) || !piq_exchange_catalogue(c, &cat) ||
        !piq_exchange_body(c))
        return NULL;
    intake *in = piq_new(&c->arena, intake, 1);
    if (!in) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
        piq_exchange_fail(c);
        return NULL;
    }
    in->version = version;
    c->state = in;
    return in;
}

void piq_post_statements(piq_exchange *c)
{
    static const char *const no_query[] = {NULL};
    intake *in = begin(c, no_query);
    if (in && read_all(c, in))
        take_in(c, in);
}

static bool refuse_id(piq_exchange *c, const char *where, const char *why)
{
    piq_fail(&c->err, PIQ_EINVAL, "%s", why);
    piq_err_at(&c->err, "%s", where);
    piq_exchange_fail(c);
    return false;
}

/* The id in the query becomes the statement's, which may name no other. */
static bool put_id(piq_exchange *c)
{
    char asked[PIQ_XAPI_ID_BYTES], own[PIQ_XAPI_ID_BYTES];
    piq_str s;
    bool found;
    if (!piq_exchange_query(c, "statementId", &s, &found))
        return false;
    if (!found || !piq_xapi_uuid(s, asked))
        return refuse_id(c, "statementId", "a UUID is expected");
    if (!json_is_object(c->json))
        return refuse_id(c, "", "one statement is expected");
    if (piq_xapi_id(c->json, own) && strcmp(own, asked) != 0)
        return refuse_id(c, "/id", "it is not the id that statementId names");
    if (json_object_get(c->json, "id") ||
        json_object_set_new(c->json, "id", json_string(asked)) == 0)
        return true;
    piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
    piq_exchange_fail(c);
    return false;
}

void piq_put_statement(piq_exchange *c)
{
    static const char *const query[] = {"statementId", NULL};
    intake *in = begin(c, query);
    if (!in || !put_id(c))
        return;
    in->one = true;
    if (read_all(c, in))
        take_in(c, in);
}
