/* statement.c - a whole statement: checked, looked into, stamped. */
#include "xapi/xapi.h"

#include "base/calendar.h"
#include "domain/ids.h"
#include "xapi/check.h"
#include "xapi/syntax.h"

#define VOIDED         "http://adlnet.gov/expapi/verbs/voided"
/* Where authorities live: a name reserved by RFC 2606, which nobody has. */
#define AUTHORITY_HOME "https://piq.invalid/credentials"

/* ---- checking ----------------------------------------------------------- */

static bool check_verb(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member verb[] = {
        {"id", piq_xapi_check_iri, true},
        {"display", piq_xapi_check_language_map, false},
        {0}};
    return piq_xapi_members(at, v, verb);
}

static bool check_attachments(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_each(at, v, piq_xapi_check_attachment);
}

static bool is_activity(const json_t *object)
{
    return !json_object_get(object, "objectType") ||
           piq_xapi_is(object, "objectType", "Activity");
}

/* Rules that look at two members at once; the same for SubStatements. */
static bool check_together(const piq_xapi_at *at, const json_t *v)
{
    static const char *const of_activities[] = {"revision", "platform"};
    const json_t *object = json_object_get(v, "object");
    const json_t *context = json_object_get(v, "context");
    const piq_xapi_at in = {.up = at, .name = "context", .err = at->err};
    for (int i = 0; i < 2 && !is_activity(object); i++)
        if (json_object_get(context, of_activities[i]))
            return piq_xapi_refuse_member(
                &in, of_activities[i],
                "\"%s\" goes with an Activity as object only",
                of_activities[i]);
    if (piq_xapi_is(json_object_get(v, "verb"), "id", VOIDED) &&
        !piq_xapi_is(object, "objectType", "StatementRef"))
        return piq_xapi_refuse_member(at, "object",
                                      "what is voided is a StatementRef");
    return true;
}

static bool check_simple_object(const piq_xapi_at *at, const json_t *v)
{
    if (!json_is_object(v))
        return piq_xapi_refuse(at, "an object is expected");
    if (is_activity(v))
        return piq_xapi_check_activity(at, v);
    if (piq_xapi_is(v, "objectType", "Agent"))
        return piq_xapi_check_agent(at, v);
    if (piq_xapi_is(v, "objectType", "Group"))
        return piq_xapi_check_group(at, v);
    if (piq_xapi_is(v, "objectType", "StatementRef"))
        return piq_xapi_check_ref(at, v);
    return piq_xapi_refuse_member(at, "objectType",
                                  "no such type of object, or not here");
}

static bool check_substatement(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member sub[] = {
        {"objectType", piq_xapi_check_string, true},
        {"actor", piq_xapi_check_actor, true},
        {"verb", check_verb, true},
        {"object", check_simple_object, true},
        {"result", piq_xapi_check_result, false},
        {"context", piq_xapi_check_context, false},
        {"timestamp", piq_xapi_check_instant, false},
        {"attachments", check_attachments, false},
        {0}};
    return piq_xapi_members(at, v, sub) && check_together(at, v);
}

static bool check_object(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_is(v, "objectType", "SubStatement")
               ? check_substatement(at, v)
               : check_simple_object(at, v);
}

piq_status piq_xapi_check(const json_t *statement, const char *where,
                          piq_err *err)
{
    static const piq_xapi_member members[] = {
        {"id", piq_xapi_check_uuid, false},
        {"actor", piq_xapi_check_actor, true},
        {"verb", check_verb, true},
        {"object", check_object, true},
        {"result", piq_xapi_check_result, false},
        {"context", piq_xapi_check_context, false},
        {"timestamp", piq_xapi_check_instant, false},
        {"stored", piq_xapi_check_instant, false},
        {"authority", piq_xapi_check_authority, false},
        {"version", piq_xapi_check_version, false},
        {"attachments", check_attachments, false},
        {0}};
    const piq_xapi_at at = {.name = where, .err = err};
    return piq_xapi_members(&at, statement, members) &&
                   check_together(&at, statement)
               ? PIQ_OK
               : PIQ_EINVAL;
}

piq_status piq_xapi_check_asked(const json_t *agent, piq_err *err)
{
    const piq_xapi_at at = {.name = "agent", .err = err};
    if (!piq_xapi_check_actor(&at, agent))
        return PIQ_EINVAL;
    static const char *const names[] = {"mbox", "mbox_sha1sum", "openid",
                                        "account"};
    for (int i = 0; i < 4; i++)
        if (json_object_get(agent, names[i]))
            return PIQ_OK;
    piq_xapi_refuse(&at, "a Group is asked for by an identifier of its own");
    return PIQ_EINVAL;
}

/* ---- looking into it ------------------------------------------------------
 */

enum { MAX_VERSION_BYTES = 24 };

const char *piq_xapi_version_for(piq_str asked)
{
    if (asked.len >= MAX_VERSION_BYTES || !piq_xapi_is_version(asked))
        return NULL;
    return asked.ptr[0] == '1' ? PIQ_XAPI_1 : PIQ_XAPI_2;
}

bool piq_xapi_uuid(piq_str s, char out[PIQ_XAPI_ID_BYTES])
{
    if (!piq_xapi_is_uuid(s))
        return false;
    for (size_t i = 0; i < s.len; i++)
        out[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'F' ? (char)(s.ptr[i] | 0x20)
                                                    : s.ptr[i];
    out[s.len] = 0;
    return true;
}

bool piq_xapi_iri(piq_str s)
{
    return piq_xapi_is_iri(s);
}

bool piq_xapi_id(const json_t *statement, char out[PIQ_XAPI_ID_BYTES])
{
    return piq_xapi_uuid(piq_xapi_text(statement, "id"), out);
}

bool piq_xapi_refers(const json_t *statement, char out[PIQ_XAPI_ID_BYTES])
{
    const json_t *object = json_object_get(statement, "object");
    return piq_xapi_is(object, "objectType", "StatementRef") &&
           piq_xapi_uuid(piq_xapi_text(object, "id"), out);
}

bool piq_xapi_is_voiding(const json_t *statement)
{
    return piq_xapi_is(json_object_get(statement, "verb"), "id", VOIDED);
}

bool piq_xapi_learner(const json_t *statement, int64_t *outer)
{
    const json_t *actor = json_object_get(statement, "actor");
    piq_str name = piq_xapi_text(json_object_get(actor, "account"), "name");
    int64_t v;
    if (piq_xapi_is(actor, "objectType", "Group") || !name.len ||
        name.ptr[0] < '1' || name.ptr[0] > '9' || !piq_str_to_i64(name, &v) ||
        v >= INT64_C(1) << PIQ_USER_BITS)
        return false;
    *outer = v;
    return true;
}

/* ---- stamping ----------------------------------------------------------- */

static bool put_instant(json_t *statement, const char *member, int64_t at_us)
{
    char text[32];
    piq_time_format(at_us, text);
    return json_object_set_new(statement, member, json_string(text)) == 0;
}

static bool put_default(json_t *statement, const char *member, const char *text)
{
    return json_object_get(statement, member) ||
           json_object_set_new(statement, member, json_string(text)) == 0;
}

piq_status piq_xapi_put_stamp(json_t *statement, const piq_xapi_stamp *stamp)
{
    json_t *authority =
        json_pack("{s:s, s:{s:s, s:s}}", "objectType", "Agent", "account",
                  "homePage", AUTHORITY_HOME, "name", stamp->authority);
    bool done = authority &&
                json_object_set_new(statement, "authority", authority) == 0 &&
                put_default(statement, "id", stamp->id) &&
                put_default(statement, "version", stamp->version) &&
                put_instant(statement, "stored", stamp->stored_us) &&
                (json_object_get(statement, "timestamp") ||
                 put_instant(statement, "timestamp", stamp->stored_us));
    return done ? PIQ_OK : PIQ_ENOMEM;
}
