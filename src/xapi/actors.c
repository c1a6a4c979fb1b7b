/* actors.c - who: agents and groups (IEEE 9274.1.1, Actor). */
#include "xapi/check.h"

static bool check_account(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member account[] = {
        {"homePage", piq_xapi_check_iri, true},
        {"name", piq_xapi_check_name, true},
        {0}};
    return piq_xapi_members(at, v, account);
}

/* What names somebody, each by itself and for good. */
static size_t count_identifiers(const json_t *v)
{
    static const char *const names[] = {"mbox", "mbox_sha1sum", "openid",
                                        "account"};
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        n += json_object_get(v, names[i]) != NULL;
    return n;
}

bool piq_xapi_check_agent(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member agent[] = {
        {"objectType", piq_xapi_check_string, false},
        {"name", piq_xapi_check_string, false},
        {"mbox", piq_xapi_check_mailbox, false},
        {"mbox_sha1sum", piq_xapi_check_sha1, false},
        {"openid", piq_xapi_check_iri, false},
        {"account", check_account, false},
        {0}};
    if (!piq_xapi_members(at, v, agent))
        return false;
    if (json_object_get(v, "objectType") &&
        !piq_xapi_is(v, "objectType", "Agent"))
        return piq_xapi_refuse_member(at, "objectType",
                                      "\"Agent\" is expected here");
    size_t n = count_identifiers(v);
    if (n != 1)
        return piq_xapi_refuse(at,
                               "an Agent has exactly one of mbox, "
                               "mbox_sha1sum, openid and account, not %zu",
                               n);
    return true;
}

static bool check_members(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_each(at, v, piq_xapi_check_agent);
}

bool piq_xapi_check_group(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member group[] = {
        {"objectType", piq_xapi_check_string, true},
        {"name", piq_xapi_check_string, false},
        {"member", check_members, false},
        {"mbox", piq_xapi_check_mailbox, false},
        {"mbox_sha1sum", piq_xapi_check_sha1, false},
        {"openid", piq_xapi_check_iri, false},
        {"account", check_account, false},
        {0}};
    if (!piq_xapi_members(at, v, group))
        return false;
    if (!piq_xapi_is(v, "objectType", "Group"))
        return piq_xapi_refuse_member(at, "objectType",
                                      "\"Group\" is expected here");
    size_t n = count_identifiers(v);
    if (n > 1)
        return piq_xapi_refuse(at,
                               "a Group has at most one of mbox, "
                               "mbox_sha1sum, openid and account, not %zu",
                               n);
    if (n == 0 && json_array_size(json_object_get(v, "member")) == 0)
        return piq_xapi_refuse_member(at, "member",
                                      "a Group without a name of its own "
                                      "lists its members");
    return true;
}

bool piq_xapi_check_actor(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_is(v, "objectType", "Group") ? piq_xapi_check_group(at, v)
                                                 : piq_xapi_check_agent(at, v);
}

/* With OAuth of three parties: the application and the user. */
bool piq_xapi_check_authority(const piq_xapi_at *at, const json_t *v)
{
    if (!piq_xapi_check_actor(at, v))
        return false;
    if (!piq_xapi_is(v, "objectType", "Group"))
        return true;
    if (count_identifiers(v))
        return piq_xapi_refuse(at, "a Group as authority has no identifier");
    size_t n = json_array_size(json_object_get(v, "member"));
    return n == 2 ||
           piq_xapi_refuse_member(at, "member",
                                  "a Group as authority has two members, "
                                  "not %zu",
                                  n);
}
