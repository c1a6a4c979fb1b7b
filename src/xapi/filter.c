/* filter.c - which statements a query is about (IEEE 9274.1.1, Get Statements).
 */
#include "xapi/xapi.h"

#include "xapi/check.h"

#include <strings.h>

static bool same_text(const json_t *x, const json_t *y, const char *member)
{
    piq_str s = piq_xapi_text(x, member), t = piq_xapi_text(y, member);
    return s.len && piq_str_eq(s, t);
}

/* One identifier that both have. */
static bool same_actor(const json_t *x, const json_t *y)
{
    const json_t *s = json_object_get(x, "account");
    const json_t *t = json_object_get(y, "account");
    piq_str p = piq_xapi_text(x, "mbox_sha1sum");
    piq_str q = piq_xapi_text(y, "mbox_sha1sum");
    return same_text(x, y, "mbox") || same_text(x, y, "openid") ||
           (p.len && p.len == q.len && strncasecmp(p.ptr, q.ptr, p.len) == 0) ||
           (same_text(s, t, "homePage") && same_text(s, t, "name"));
}

/* The actor itself, or a member of it. */
static bool is_actor(const piq_xapi_filter *f, const json_t *v)
{
    const json_t *members = json_object_get(v, "member");
    if (same_actor(f->agent, v))
        return true;
    for (size_t i = 0; i < json_array_size(members); i++)
        if (same_actor(f->agent, json_array_get(members, i)))
            return true;
    return false;
}

static bool in_list(const piq_xapi_filter *f, const json_t *list,
                    const char *member)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (is_actor(f, json_object_get(json_array_get(list, i), member)))
            return true;
    return false;
}

static bool is_substatement(const json_t *object)
{
    return piq_xapi_is(object, "objectType", "SubStatement");
}

static bool agent_matches(const piq_xapi_filter *f, const json_t *s)
{
    const json_t *object = json_object_get(s, "object");
    const json_t *context = json_object_get(s, "context");
    /* Only Agents and Groups have identifiers. */
    if (is_actor(f, json_object_get(s, "actor")) ||
        (!is_substatement(object) && is_actor(f, object)))
        return true;
    return f->related_agents &&
           (is_actor(f, json_object_get(s, "authority")) ||
            is_actor(f, json_object_get(context, "instructor")) ||
            is_actor(f, json_object_get(context, "team")) ||
            in_list(f, json_object_get(context, "contextAgents"), "agent") ||
            in_list(f, json_object_get(context, "contextGroups"), "group") ||
            (is_substatement(object) && agent_matches(f, object)));
}

static bool is_activity(const piq_xapi_filter *f, const json_t *v)
{
    return json_is_object(v) && !piq_xapi_is(v, "objectType", "StatementRef") &&
           piq_str_eq(f->activity, piq_xapi_text(v, "id"));
}

static bool in_context(const piq_xapi_filter *f, const json_t *context)
{
    static const char *const kinds[] = {"parent", "grouping", "category",
                                        "other"};
    const json_t *all = json_object_get(context, "contextActivities");
    for (int k = 0; k < 4; k++) {
        const json_t *v = json_object_get(all, kinds[k]);
        if (is_activity(f, v))
            return true;
        for (size_t i = 0; i < json_array_size(v); i++)
            if (is_activity(f, json_array_get(v, i)))
                return true;
    }
    return false;
}

static bool activity_matches(const piq_xapi_filter *f, const json_t *s)
{
    const json_t *object = json_object_get(s, "object");
    if (is_activity(f, object))
        return true;
    return f->related_activities &&
           (in_context(f, json_object_get(s, "context")) ||
            (is_substatement(object) && activity_matches(f, object)));
}

static bool registration_matches(const piq_xapi_filter *f, const json_t *s)
{
    piq_str r = piq_xapi_text(json_object_get(s, "context"), "registration");
    return r.len == f->registration.len &&
           strncasecmp(r.ptr, f->registration.ptr, r.len) == 0;
}

bool piq_xapi_matches(const piq_xapi_filter *f, const json_t *statement)
{
    piq_str verb = piq_xapi_text(json_object_get(statement, "verb"), "id");
    return (!f->verb.len || piq_str_eq(f->verb, verb)) &&
           (!f->registration.len || registration_matches(f, statement)) &&
           (!f->activity.len || activity_matches(f, statement)) &&
           (!f->agent || agent_matches(f, statement));
}
