#include "support/xapi_statements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char xapi_plain[] =
    "{'id':'6690e6c9-3ef0-4ed3-8b37-7f3964730bee',"
    "'actor':{'account':{'homePage':'https://lms.example','name':'7'}},"
    "'verb':{'id':'http://adlnet.gov/expapi/verbs/answered'},"
    "'object':{'id':'https://lms.example/items/1'},"
    "'result':{'success':true,'duration':'PT4.2S'},"
    "'timestamp':'2026-11-02T10:00:00Z'}";

const char xapi_rich[] =
    "{'id':'12345678-1234-4234-8234-123456789ABC',"
    "'actor':{'objectType':'Group','name':'Team PB','member':["
    "{'objectType':'Agent','name':'A','mbox':'mailto:a@b.example'},"
    "{'mbox_sha1sum':'ebd31e95054c018b10727ccffd2ef2ec3a016ee9'},"
    "{'openid':'https://toby.openid.example/'},"
    "{'account':{'homePage':'https://lms.example','name':'13'}}],"
    "'account':{'homePage':'https://lms.example','name':'team-1'}},"
    "'verb':{'id':'http://adlnet.gov/expapi/verbs/answered',"
    "'display':{'en-GB':'answered','zh-Hant-TW':'x','und':'y'}},"
    "'object':{'objectType':'Activity',"
    "'id':'https://lms.example/activities/1?x=%C3%A4#y','definition':{"
    "'name':{'en':'A question'},'description':{'en-US':'Which?'},"
    "'type':'http://adlnet.gov/expapi/activities/cmi.interaction',"
    "'moreInfo':'https://lms.example/more','interactionType':'choice',"
    "'correctResponsesPattern':['a[,]b'],"
    "'choices':[{'id':'a','description':{'en':'A'}},{'id':'b'}],"
    "'extensions':{'https://lms.example/x':null,'urn:y':{'deep':[null]}}}},"
    "'result':{'score':{'scaled':-0.5,'raw':2,'min':0,'max':4.5},"
    "'success':false,'completion':true,'response':'b','duration':"
    "'P1Y2M3DT4H5M6.78S','extensions':{'tag:x,2026:e':[1,null]}},"
    "'context':{'registration':'ec531277-b57b-4c15-8d91-d292c5b2b8f7',"
    "'instructor':{'openid':'https://i.example/'},"
    "'team':{'objectType':'Group','mbox':'mailto:t@b.example'},"
    "'contextActivities':{'parent':{'id':'https://lms.example/contents/2'},"
    "'grouping':[{'objectType':'Activity','id':'https://lms.example/g'}],"
    "'category':[{'id':'urn:c'}],'other':[]},"
    "'contextAgents':[{'objectType':'contextAgent',"
    "'agent':{'mbox':'mailto:c@b.example'},'relevantTypes':['urn:t']}],"
    "'contextGroups':[{'objectType':'contextGroup','group':"
    "{'objectType':'Group','member':[{'mbox':'mailto:d@b.example'}]}}],"
    "'revision':'1.1','platform':'LMS','language':'de-CH-1996',"
    "'statement':{'objectType':'StatementRef',"
    "'id':'6690e6c9-3ef0-4ed3-8b37-7f3964730bee'},"
    "'extensions':{'urn:e':1}},"
    "'timestamp':'2026-11-02T10:00:00.123456+01:00',"
    "'stored':'2026-11-02T10:00:01Z',"
    "'authority':{'objectType':'Group','member':["
    "{'account':{'homePage':'https://o.example','name':'app'}},"
    "{'mbox':'mailto:u@b.example'}]},"
    "'version':'1.0.3',"
    "'attachments':[{'usageType':'urn:u','display':{'en':'d'},"
    "'description':{'en':'e'},'contentType':'text/plain; "
    "charset=\\\"utf-8\\\"',"
    "'length':27,'sha2':"
    "'495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a',"
    "'fileUrl':'https://f.example/1'}]}";

json_t *xapi_parse(const char *text)
{
    char *copy = strdup(text);
    json_error_t error;
    assert_non_null(copy);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *v =
        json_loads(copy, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!v)
        fail_msg("%s at %d: %s", error.text, error.position, copy);
    free(copy);
    return v;
}

static json_t *step(json_t *v, const char *token)
{
    return json_is_array(v) ? json_array_get(v, (size_t)atoi(token))
                            : json_object_get(v, token);
}

static void put(json_t *parent, const char *last, json_t *value)
{
    int failed;
    if (json_is_object(parent))
        failed = value ? json_object_set_new(parent, last, value)
                       : json_object_del(parent, last);
    else if (strcmp(last, "-") == 0)
        failed = json_array_append_new(parent, value);
    else
        failed = value ? json_array_set_new(parent, (size_t)atoi(last), value)
                       : json_array_remove(parent, (size_t)atoi(last));
    assert_int_equal(failed, 0);
}

/* "~1" is undone in place. */
static void unescape(char *token)
{
    char *to = token;
    for (; *token; token++)
        if (token[0] == '~' && (token[1] == '0' || token[1] == '1'))
            *to++ = *++token == '1' ? '/' : '~';
        else
            *to++ = *token;
    *to = 0;
}

void xapi_edit(json_t *statement, const char *pointer, const char *text)
{
    char path[300];
    assert_true(strlen(pointer) < sizeof path && pointer[0] == '/');
    strcpy(path, pointer + 1);
    json_t *at = statement;
    char *token = path;
    for (char *slash; (slash = strchr(token, '/')); token = slash + 1) {
        *slash = 0;
        unescape(token);
        at = step(at, token);
        if (!at)
            fail_msg("nothing at \"%s\" of %s", token, pointer);
    }
    unescape(token);
    put(at, token, text ? xapi_parse(text) : NULL);
}
