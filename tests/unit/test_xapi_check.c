/* What a statement must be: good ones pass, each fault is refused with the
 * pointer of what is wrong. Faults are one change to a good statement. */
#include "xapi/xapi.h"

#include "support/xapi_statements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct edit {
    const char *at;      /* JSON pointer of the change */
    const char *text;    /* NULL: what is there goes */
    const char *pointer; /* what the refusal names; NULL: `at` */
} edit;

static json_t *edited(const char *base, const edit *e)
{
    json_t *v = xapi_parse(base);
    xapi_edit(v, e->at, e->text);
    return v;
}

static void passes(const char *base, const edit *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        piq_err err = {0};
        json_t *v = edited(base, &list[i]);
        if (piq_xapi_check(v, "", &err))
            fail_msg("%s = %s: refused, %s at %s", list[i].at,
                     list[i].text ? list[i].text : "nothing", err.message,
                     err.where);
        json_decref(v);
    }
}

static void is_refused(const json_t *v, const edit *e)
{
    piq_err err = {0};
    const char *wanted = e->pointer ? e->pointer : e->at;
    const char *text = e->text ? e->text : "nothing";
    if (piq_xapi_check(v, "", &err) != PIQ_EINVAL)
        fail_msg("%s = %s: not refused", e->at, text);
    if (strcmp(err.where, wanted) != 0)
        fail_msg("%s = %s: refused at %s, not at %s (%s)", e->at, text,
                 err.where, wanted, err.message);
    assert_true(err.message[0] != 0);
}

static void refuses(const char *base, const edit *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        json_t *v = edited(base, &list[i]);
        is_refused(v, &list[i]);
        json_decref(v);
    }
}

#define PASSES(base, list)  passes(base, list, sizeof list / sizeof list[0])
#define REFUSES(base, list) refuses(base, list, sizeof list / sizeof list[0])

/* ---- the whole ---------------------------------------------------------- */

static void test_xapi_check__good_statements_pass(void **state)
{
    (void)state;
    static const edit good[] = {
        {"/actor/objectType", "'Agent'", NULL},
        {"/id", NULL, NULL},
        {"/id", "'00000000-0000-0000-0000-000000000000'", NULL},
        {"/timestamp", NULL, NULL},
        {"/timestamp", "'2026-11-02t10:00:00.123456789z'", NULL},
        {"/timestamp", "'2999-01-01T00:00:00+14:00'", NULL},
        {"/result", "{}", NULL},
        {"/context", "{}", NULL},
        {"/version", "'2.0.0'", NULL},
        {"/version", "'1.0'", NULL},
        {"/version", "'1.0.99'", NULL},
        {"/attachments", "[]", NULL},
        {"/authority", "{'mbox':'mailto:a@b'}", NULL},
        {"/object", "{'objectType':'Agent','mbox':'mailto:a@b'}", NULL},
        {"/object", "{'objectType':'Group','openid':'http://g'}", NULL},
        {"/object",
         "{'objectType':'StatementRef',"
         "'id':'6690E6C9-3EF0-4ED3-8B37-7F3964730BEE'}",
         NULL},
        {"/object",
         "{'objectType':'SubStatement','actor':{'mbox':'mailto:a@b'},"
         "'verb':{'id':'urn:v'},'object':{'id':'urn:o'},"
         "'context':{'platform':'p'},'timestamp':'2026-01-01T00:00:00Z'}",
         NULL},
        {"/object",
         "{'objectType':'SubStatement','actor':{'mbox':'mailto:a@b'},"
         "'verb':{'id':'urn:v'},'object':{'objectType':'StatementRef',"
         "'id':'6690e6c9-3ef0-4ed3-8b37-7f3964730bee'}}",
         NULL},
    };
    piq_err err = {0};
    json_t *rich = xapi_parse(xapi_rich);
    if (piq_xapi_check(rich, "", &err))
        fail_msg("%s at %s", err.message, err.where);
    json_decref(rich);
    PASSES(xapi_plain, good);
}

static void test_xapi_check__the_outermost_is_an_object(void **state)
{
    (void)state;
    static const char *const others[] = {"[]", "1", "'x'", "null", "true"};
    for (size_t i = 0; i < 5; i++) {
        piq_err err = {0};
        json_t *v = xapi_parse(others[i]);
        assert_int_equal(piq_xapi_check(v, "/3", &err), PIQ_EINVAL);
        assert_string_equal(err.where, "/3");
        json_decref(v);
    }
}

static void test_xapi_check__statement_members(void **state)
{
    (void)state;
    static const edit bad[] = {
        {"/actor", NULL, NULL},
        {"/verb", NULL, NULL},
        {"/object", NULL, NULL},
        {"/nonsense", "1", NULL},
        {"/Actor", "{}", NULL},
        {"/a~1b", "1", NULL},
        {"/id", "null", NULL},
        {"/id", "''", NULL},
        {"/id", "7", NULL},
        {"/id", "'6690e6c93ef04ed38b377f3964730bee'", NULL},
        {"/id", "'{6690e6c9-3ef0-4ed3-8b37-7f3964730bee}'", NULL},
        {"/id", "'6690e6c9-3ef0-4ed3-8b37-7f3964730be'", NULL},
        {"/id", "'6690e6c9-3ef0-4ed3-8b37-7f3964730beeg'", NULL},
        {"/id", "'6690e6c9-3ef0-4ed3-8b37-7f3964730beg'", NULL},
        {"/actor", "null", NULL},
        {"/actor", "[]", NULL},
        {"/verb", "null", NULL},
        {"/verb", "'answered'", NULL},
        {"/object", "null", NULL},
        {"/object", "'x'", NULL},
        {"/result", "null", NULL},
        {"/result", "[]", NULL},
        {"/context", "null", NULL},
        {"/context", "3", NULL},
        {"/timestamp", "null", NULL},
        {"/timestamp", "1793613600", NULL},
        {"/timestamp", "'2026-11-02'", NULL},
        {"/timestamp", "'2026-11-02T10:00'", NULL},
        {"/timestamp", "'2026-11-02T10:00:00'", NULL},
        {"/timestamp", "'2026-11-02T10:00:00-00:00'", NULL},
        {"/timestamp", "'2026-11-02T10:00:00-00'", NULL},
        {"/timestamp", "'2026-11-02T10:00:00-0000'", NULL},
        {"/timestamp", "'2026-02-30T10:00:00Z'", NULL},
        {"/timestamp", "'2026-11-02 10:00:00Z '", NULL},
        {"/timestamp", "'20261102T100000Z'", NULL},
        {"/timestamp", "'2026-W45-1T10:00:00Z'", NULL},
        {"/timestamp", "'yesterday'", NULL},
        {"/stored", "'now'", NULL},
        {"/stored", "null", NULL},
        {"/version", "null", NULL},
        {"/version", "1", NULL},
        {"/version", "'0.95'", NULL},
        {"/version", "'1.1.0'", NULL},
        {"/version", "'2.0'", NULL},
        {"/version", "'2.1.0'", NULL},
        {"/version", "'1.0.x'", NULL},
        {"/version", "'v1.0.3'", NULL},
        {"/authority", "null", NULL},
        {"/authority", "{}", NULL},
        {"/authority",
         "{'objectType':'Group','member':[{'mbox':'mailto:a@b'}]}",
         "/authority/member"},
        {"/authority",
         "{'objectType':'Group','mbox':'mailto:g@b','member':"
         "[{'mbox':'mailto:a@b'},{'mbox':'mailto:c@b'}]}",
         NULL},
        {"/attachments", "null", NULL},
        {"/attachments", "{}", NULL},
    };
    REFUSES(xapi_plain, bad);
}

/* ---- actors -------------------------------------------------------------- */

static void test_xapi_check__agents(void **state)
{
    (void)state;
    static const edit good[] = {
        {"/actor", "{'mbox':'mailto:a.b+c@d.example'}", NULL},
        {"/actor", "{'mbox':'mailto:%C3%A4@d'}", NULL},
        {"/actor", "{'openid':'https://x.example','name':''}", NULL},
        {"/actor",
         "{'mbox_sha1sum':'EBD31E95054C018B10727CCFFD2EF2EC3A016EE9'}", NULL},
    };
    static const edit bad[] = {
        {"/actor", "{}", NULL},
        {"/actor", "{'name':'Bob'}", NULL},
        {"/actor", "{'objectType':'Agent'}", NULL},
        {"/actor/objectType", "'agent'", NULL},
        {"/actor/objectType", "'Person'", NULL},
        {"/actor/objectType", "'Activity'", NULL},
        {"/actor/objectType", "null", NULL},
        {"/actor/name", "7", NULL},
        {"/actor/name", "null", NULL},
        {"/actor/member", "[]", NULL},
        {"/actor/mbox", "'mailto:a@b'", "/actor"},
        {"/actor/openid", "'https://x.example'", "/actor"},
        {"/actor", "{'mbox':'a@b.example'}", "/actor/mbox"},
        {"/actor", "{'mbox':'mailto:'}", "/actor/mbox"},
        {"/actor", "{'mbox':'mailto:a'}", "/actor/mbox"},
        {"/actor", "{'mbox':'mailto:@b'}", "/actor/mbox"},
        {"/actor", "{'mbox':'mailto:a@'}", "/actor/mbox"},
        {"/actor", "{'mbox':'mailto:a@b@c'}", "/actor/mbox"},
        {"/actor", "{'mbox':'mailto:a b@c'}", "/actor/mbox"},
        {"/actor", "{'mbox':'mailto:a@b,c@d'}", "/actor/mbox"},
        {"/actor", "{'mbox':'MAILTO:a@b'}", "/actor/mbox"},
        {"/actor", "{'mbox':'mailto:a@b?subject=c'}", "/actor/mbox"},
        {"/actor", "{'mbox':null}", "/actor/mbox"},
        {"/actor", "{'mbox':['mailto:a@b']}", "/actor/mbox"},
        {"/actor", "{'mbox_sha1sum':'abc'}", "/actor/mbox_sha1sum"},
        {"/actor",
         "{'mbox_sha1sum':'xbd31e95054c018b10727ccffd2ef2ec3a016ee9'}",
         "/actor/mbox_sha1sum"},
        {"/actor", "{'openid':'x.example'}", "/actor/openid"},
        {"/actor", "{'openid':'https://a b'}", "/actor/openid"},
        {"/actor/account", "{}", "/actor/account/homePage"},
        {"/actor/account", "'7'", NULL},
        {"/actor/account/name", NULL, NULL},
        {"/actor/account/name", "''", NULL},
        {"/actor/account/name", "7", NULL},
        {"/actor/account/homePage", NULL, NULL},
        {"/actor/account/homePage", "'lms.example'", NULL},
        {"/actor/account/homePage", "''", NULL},
        {"/actor/account/id", "'7'", NULL},
    };
    PASSES(xapi_plain, good);
    REFUSES(xapi_plain, bad);
}

static void test_xapi_check__groups(void **state)
{
    (void)state;
    static const edit good[] = {
        {"/actor/account", NULL, NULL},
        {"/actor/member", NULL, NULL},
        {"/actor/member", "[]", NULL},
    };
    static const edit bad[] = {
        {"/actor/objectType", NULL, "/actor/member"},
        {"/actor/objectType", "'Agent'", "/actor/member"},
        {"/actor", "{'objectType':'Group'}", "/actor/member"},
        {"/actor", "{'objectType':'Group','member':[]}", "/actor/member"},
        {"/actor", "{'objectType':'Group','name':'x'}", "/actor/member"},
        {"/actor/mbox", "'mailto:a@b'", "/actor"},
        {"/actor/member", "null", NULL},
        {"/actor/member", "{}", NULL},
        {"/actor/member/0", "null", NULL},
        {"/actor/member/0", "{}", NULL},
        {"/actor/member/1", "'x'", NULL},
        {"/actor/member/0/objectType", "'Group'", NULL},
        {"/actor/member/2/mbox", "'mailto:a@b'", "/actor/member/2"},
        {"/actor/member/3/account/name", NULL, NULL},
        {"/actor/members", "[]", NULL},
        {"/context/team/objectType", NULL, NULL},
        {"/context/team/objectType", "'Agent'", NULL},
        {"/context/team", "{'mbox':'mailto:a@b'}", "/context/team/objectType"},
    };
    PASSES(xapi_rich, good);
    REFUSES(xapi_rich, bad);
}

/* ---- verbs and objects -----------------------------------------------------
 */

static void test_xapi_check__verbs_and_language_maps(void **state)
{
    (void)state;
    static const edit good[] = {
        {"/verb/display", NULL, NULL},
        {"/verb/display", "{}", NULL},
        {"/verb/display", "{'en':''}", NULL},
        {"/verb/display", "{'x-klingon':'a','i-default':'b'}", NULL},
        {"/verb/display", "{'sl-rozaj-biske':'a','es-Latn-419':'b'}", NULL},
        {"/verb/display", "{'en-a-myext-b-other-x-mine':'a'}", NULL},
        {"/verb/id", "'urn:v'", NULL},
        {"/verb/id", "'HTTPS://\u00e4.example/v'", NULL},
    };
    static const edit bad[] = {
        {"/verb/id", NULL, NULL},
        {"/verb/id", "null", NULL},
        {"/verb/id", "''", NULL},
        {"/verb/id", "'answered'", NULL},
        {"/verb/id", "'://x'", NULL},
        {"/verb/id", "'1http://x'", NULL},
        {"/verb/id", "'http:'", NULL},
        {"/verb/id", "'http://a b'", NULL},
        {"/verb/id", "'http://a/<b>'", NULL},
        {"/verb/id", "'http://a/%4'", NULL},
        {"/verb/id", "'http://a/%zz'", NULL},
        {"/verb/id", "'http://a/[b]'", NULL},
        {"/verb/id", "'http://a#b#c'", NULL},
        {"/verb/id", "'http://a/{b}'", NULL},
        {"/verb/id", "'http://a/\\\\b'", NULL},
        {"/verb/id", "'http://a/\\u0007'", NULL},
        {"/verb/id", "'http://a/\\u0085'", NULL},
        {"/verb/name", "'x'", NULL},
        {"/verb/display", "null", NULL},
        {"/verb/display", "'answered'", NULL},
        {"/verb/display", "[]", NULL},
        {"/verb/display/en", "null", NULL},
        {"/verb/display/en", "3", NULL},
        {"/verb/display/en_GB", "'x'", NULL},
        {"/verb/display/e", "'x'", NULL},
        {"/verb/display/englishlanguage", "'x'", NULL},
        {"/verb/display/en-", "'x'", NULL},
        {"/verb/display/en--GB", "'x'", NULL},
        {"/verb/display/en-GB-a", "'x'", NULL},
        {"/verb/display/en-x", "'x'", NULL},
        {"/verb/display/12", "'x'", NULL},
        {"/verb/display/en-toolongtag", "'x'", NULL},
        {"/verb/display/", "'x'", NULL},
    };
    PASSES(xapi_rich, good);
    REFUSES(xapi_rich, bad);
}

static void test_xapi_check__activities(void **state)
{
    (void)state;
    static const edit good[] = {
        {"/object/objectType", NULL, NULL},
        {"/object/definition", "{}", NULL},
        {"/object/id", "'http://[::1]:80/x'", NULL},
        {"/object/definition",
         "{'interactionType':'matching','source':[{'id':'a'}],"
         "'target':[{'id':'a'}]}",
         NULL},
        {"/object/definition",
         "{'interactionType':'likert','scale':[{'id':'a'}]}", NULL},
        {"/object/definition",
         "{'interactionType':'performance','steps':[{'id':'a'}]}", NULL},
        {"/object/definition", "{'interactionType':'other'}", NULL},
    };
    static const edit bad[] = {
        {"/object/objectType", "'activity'", NULL},
        {"/object/objectType", "'Course'", NULL},
        {"/object/objectType", "null", NULL},
        {"/object/id", NULL, NULL},
        {"/object/id", "'x'", NULL},
        {"/object/id", "null", NULL},
        {"/object/name", "'x'", NULL},
        {"/object/definition", "null", NULL},
        {"/object/definition", "[]", NULL},
        {"/object/definition/title", "{}", NULL},
        {"/object/definition/name", "'x'", NULL},
        {"/object/definition/description", "null", NULL},
        {"/object/definition/type", "'course'", NULL},
        {"/object/definition/moreInfo", "'x'", NULL},
        {"/object/definition/moreInfo", "''", NULL},
        {"/object/definition/extensions", "null", NULL},
        {"/object/definition/extensions", "[]", NULL},
        {"/object/definition/extensions/x", "1", NULL},
        {"/object/definition/extensions/", "1", NULL},
        {"/object/definition/interactionType", NULL, NULL},
        {"/object/definition/interactionType", "null", NULL},
        {"/object/definition/interactionType", "'Choice'", NULL},
        {"/object/definition/interactionType", "'essay'", NULL},
        {"/object/definition/interactionType", "'likert'",
         "/object/definition/choices"},
        {"/object/definition/interactionType", "'true-false'",
         "/object/definition/choices"},
        {"/object/definition/correctResponsesPattern", "'a'", NULL},
        {"/object/definition/correctResponsesPattern/0", "1", NULL},
        {"/object/definition/choices", "{}", NULL},
        {"/object/definition/choices/0", "'a'", NULL},
        {"/object/definition/choices/0/id", NULL, NULL},
        {"/object/definition/choices/0/id", "''", NULL},
        {"/object/definition/choices/0/id", "1", NULL},
        {"/object/definition/choices/1/id", "'a'", NULL},
        {"/object/definition/choices/0/description", "'A'", NULL},
        {"/object/definition/choices/0/text", "'A'", NULL},
        {"/object/definition/scale", "[{'id':'a'}]", NULL},
        {"/object/definition/source", "[]", NULL},
        {"/object/definition", "{'correctResponsesPattern':[]}",
         "/object/definition/interactionType"},
        {"/object/definition", "{'steps':[]}",
         "/object/definition/interactionType"},
    };
    PASSES(xapi_rich, good);
    REFUSES(xapi_rich, bad);
}

#define SUB                                                                    \
    "{'objectType':'SubStatement','actor':{'mbox':'mailto:a@b'},"              \
    "'verb':{'id':'urn:v'},"

static void test_xapi_check__other_objects(void **state)
{
    (void)state;
    static const edit bad[] = {
        {"/object", "{'objectType':'Agent'}", NULL},
        {"/object", "{'objectType':'Agent','id':'urn:x'}", "/object/id"},
        {"/object", "{'objectType':'Group'}", "/object/member"},
        {"/object", "{'mbox':'mailto:a@b'}", "/object/mbox"},
        {"/object", "{'objectType':'StatementRef'}", "/object/id"},
        {"/object", "{'objectType':'StatementRef','id':'x'}", "/object/id"},
        {"/object",
         "{'objectType':'StatementRef','x':1,"
         "'id':'6690e6c9-3ef0-4ed3-8b37-7f3964730bee'}",
         "/object/x"},
        {"/object", "{'objectType':'statementref','id':'urn:x'}",
         "/object/objectType"},
        {"/object", "{'objectType':'SubStatement'}", "/object/actor"},
        {"/object", SUB "'object':{'id':'urn:o'},'id':'x'}", "/object/id"},
        {"/object",
         SUB "'object':{'id':'urn:o'},'stored':'2026-01-01T00:00:00Z'}",
         "/object/stored"},
        {"/object", SUB "'object':{'id':'urn:o'},'version':'1.0.3'}",
         "/object/version"},
        {"/object",
         SUB "'object':{'id':'urn:o'},'authority':{'mbox':'mailto:a@b'}}",
         "/object/authority"},
        {"/object", SUB "'object':" SUB "'object':{'id':'urn:o'}}}",
         "/object/object/objectType"},
        {"/object", SUB "'object':{'id':'x'}}", "/object/object/id"},
        {"/object", SUB "'object':{'id':'urn:o'},'timestamp':'x'}",
         "/object/timestamp"},
        {"/object", SUB "'object':{'id':'urn:o'},'result':{'success':1}}",
         "/object/result/success"},
        {"/object",
         SUB "'object':{'objectType':'Agent','mbox':'mailto:a@b'},"
             "'context':{'revision':'1'}}",
         "/object/context/revision"},
    };
    REFUSES(xapi_plain, bad);
}

static void test_xapi_check__what_is_voided_is_a_reference(void **state)
{
    (void)state;
    static const edit bad[] = {
        {"/verb/id", "'http://adlnet.gov/expapi/verbs/voided'", "/object"}};
    REFUSES(xapi_plain, bad);
}

/* ---- results, contexts, attachments ----------------------------------------
 */

static void test_xapi_check__results(void **state)
{
    (void)state;
    static const edit good[] = {
        {"/result/score", "{}", NULL},
        {"/result/score/scaled", "-1", NULL},
        {"/result/score/scaled", "1.0", NULL},
        {"/result/score/raw", "4.5", NULL},
        {"/result/response", "''", NULL},
        {"/result/duration", "'P0D'", NULL},
        {"/result/duration", "'P3W'", NULL},
        {"/result/duration", "'PT0.5S'", NULL},
        {"/result/duration", "'PT0,5H'", NULL},
        {"/result/duration", "'P1Y'", NULL},
        {"/result/duration", "'P1DT1S'", NULL},
    };
    static const edit bad[] = {
        {"/result/grade", "1", NULL},
        {"/result/score", "1", NULL},
        {"/result/score", "null", NULL},
        {"/result/score/percent", "1", NULL},
        {"/result/score/scaled", "1.0001", NULL},
        {"/result/score/scaled", "-1.5", NULL},
        {"/result/score/scaled", "'1'", NULL},
        {"/result/score/scaled", "null", NULL},
        {"/result/score/raw", "-1", NULL},
        {"/result/score/raw", "5", NULL},
        {"/result/score/raw", "'2'", NULL},
        {"/result/score/min", "4.5", NULL},
        {"/result/score/min", "9", NULL},
        {"/result/score/min", "3", "/result/score/raw"},
        {"/result/score/max", "1", "/result/score/raw"},
        {"/result/score/max", "null", NULL},
        {"/result/success", "'true'", NULL},
        {"/result/success", "1", NULL},
        {"/result/success", "null", NULL},
        {"/result/completion", "'yes'", NULL},
        {"/result/completion", "null", NULL},
        {"/result/response", "1", NULL},
        {"/result/response", "null", NULL},
        {"/result/duration", "12", NULL},
        {"/result/duration", "null", NULL},
        {"/result/duration", "''", NULL},
        {"/result/duration", "'P'", NULL},
        {"/result/duration", "'PT'", NULL},
        {"/result/duration", "'1D'", NULL},
        {"/result/duration", "'P1D2Y'", NULL},
        {"/result/duration", "'P1H'", NULL},
        {"/result/duration", "'P1DT'", NULL},
        {"/result/duration", "'PT1.5M2S'", NULL},
        {"/result/duration", "'PT.5S'", NULL},
        {"/result/duration", "'PT1.S'", NULL},
        {"/result/duration", "'-P1D'", NULL},
        {"/result/duration", "'P1W2D'", NULL},
        {"/result/duration", "'PT1W'", NULL},
        {"/result/duration", "'PT1S1S'", NULL},
        {"/result/duration", "'PT1'", NULL},
        {"/result/duration", "'pt1s'", NULL},
        {"/result/extensions", "null", NULL},
        {"/result/extensions/x", "1", NULL},
    };
    PASSES(xapi_rich, good);
    REFUSES(xapi_rich, bad);
}

static void test_xapi_check__contexts(void **state)
{
    (void)state;
    static const edit bad[] = {
        {"/context/nonsense", "1", NULL},
        {"/context/registration", "'x'", NULL},
        {"/context/registration", "null", NULL},
        {"/context/instructor", "{}", NULL},
        {"/context/instructor", "null", NULL},
        {"/context/instructor/openid", "'x'", NULL},
        {"/context/team", "null", NULL},
        {"/context/contextActivities", "null", NULL},
        {"/context/contextActivities", "[]", NULL},
        {"/context/contextActivities/sibling", "[]", NULL},
        {"/context/contextActivities/parent", "'x'", NULL},
        {"/context/contextActivities/parent", "null", NULL},
        {"/context/contextActivities/parent/id", NULL, NULL},
        {"/context/contextActivities/grouping/0/id", "'x'", NULL},
        {"/context/contextActivities/grouping/0/objectType", "'Agent'", NULL},
        {"/context/contextActivities/category/0", "null", NULL},
        {"/context/contextAgents", "{}", NULL},
        {"/context/contextAgents/0", "{}",
         "/context/contextAgents/0/"
         "objectType"},
        {"/context/contextAgents/0/objectType", "'Agent'", NULL},
        {"/context/contextAgents/0/agent", NULL, NULL},
        {"/context/contextAgents/0/agent", "{}", NULL},
        {"/context/contextAgents/0/relevantTypes", "[]", NULL},
        {"/context/contextAgents/0/relevantTypes/0", "'x'", NULL},
        {"/context/contextAgents/0/group", "{}", NULL},
        {"/context/contextGroups/0/objectType", "'contextAgent'", NULL},
        {"/context/contextGroups/0/group", NULL, NULL},
        {"/context/contextGroups/0/group/objectType", "'Agent'", NULL},
        {"/context/revision", "1", NULL},
        {"/context/platform", "null", NULL},
        {"/context/language", "'english_GB'", NULL},
        {"/context/language", "''", NULL},
        {"/context/language", "null", NULL},
        {"/context/statement", "{}", "/context/statement/objectType"},
        {"/context/statement/id", "'x'", NULL},
        {"/context/statement/objectType", "'SubStatement'", NULL},
        {"/context/extensions", "3", NULL},
        {"/context/extensions/no iri", "3", NULL},
        {"/object", "{'objectType':'Agent','mbox':'mailto:a@b'}",
         "/context/revision"},
    };
    REFUSES(xapi_rich, bad);
}

static void test_xapi_check__attachments(void **state)
{
    (void)state;
    static const edit good[] = {
        {"/attachments/0/description", NULL, NULL},
        {"/attachments/0/length", "0", NULL},
        {"/attachments/0/contentType", "'image/svg+xml;a=b; c=d'", NULL},
    };
    static const edit bad[] = {
        {"/attachments/0", "null", NULL},
        {"/attachments/0/usageType", NULL, NULL},
        {"/attachments/0/usageType", "'x'", NULL},
        {"/attachments/0/display", NULL, NULL},
        {"/attachments/0/display", "'x'", NULL},
        {"/attachments/0/description", "null", NULL},
        {"/attachments/0/contentType", NULL, NULL},
        {"/attachments/0/contentType", "'text'", NULL},
        {"/attachments/0/contentType", "'text/'", NULL},
        {"/attachments/0/contentType", "'/plain'", NULL},
        {"/attachments/0/contentType", "'text/plain;'", NULL},
        {"/attachments/0/contentType", "'text/plain; a'", NULL},
        {"/attachments/0/contentType", "'text/plain; a=\\\"b'", NULL},
        {"/attachments/0/length", NULL, NULL},
        {"/attachments/0/length", "-1", NULL},
        {"/attachments/0/length", "1.5", NULL},
        {"/attachments/0/length", "'27'", NULL},
        {"/attachments/0/sha2", NULL, NULL},
        {"/attachments/0/sha2", "'abc'", NULL},
        {"/attachments/0/fileUrl", NULL, NULL},
        {"/attachments/0/fileUrl", "'x'", NULL},
        {"/attachments/0/data", "'x'", NULL},
    };
    PASSES(xapi_rich, good);
    REFUSES(xapi_rich, bad);
}

/* ---- beside statements
 * ------------------------------------------------------- */

static void test_xapi_check__long_names_keep_the_pointer_whole(void **state)
{
    (void)state;
    char key[600], at[610];
    for (size_t i = 0; i + 3 < sizeof key; i += 2)
        memcpy(key + i, "\xc3\xa4", 3);
    snprintf(at, sizeof at, "/%.250s", key);
    piq_err err = {0};
    json_t *v = xapi_parse(xapi_plain);
    xapi_edit(v, at, "1");
    assert_int_equal(piq_xapi_check(v, "/12", &err), PIQ_EINVAL);
    assert_true(piq_str_is_utf8(piq_str_of(err.where)));
    assert_true(piq_str_is_utf8(piq_str_of(err.message)));
    assert_memory_equal(err.where, "/12/\xc3\xa4", 6);
    json_decref(v);
}

static void test_xapi_check__versions(void **state)
{
    (void)state;
    assert_string_equal(piq_xapi_version_for(PIQ_STR("1.0.3")), "1.0.3");
    assert_string_equal(piq_xapi_version_for(PIQ_STR("1.0")), "1.0.3");
    assert_string_equal(piq_xapi_version_for(PIQ_STR("2.0.0")), "2.0.0");
    assert_string_equal(piq_xapi_version_for(PIQ_STR("2.0.7")), "2.0.0");
    static const char *const bad[] = {"",    "2",     "2.1.0",   "0.95",
                                      "1.1", "3.0.0", " 2.0.0",  "2.0.0 ",
                                      "x",   "2.0.",  "\xff\xfe"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(piq_xapi_version_for(piq_str_of(bad[i])));
}

static void test_xapi_check__agents_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pointer; /* NULL: good */
    } asked[] = {
        {"{'mbox':'mailto:a@b'}", NULL},
        {"{'objectType':'Group','mbox':'mailto:a@b'}", NULL},
        {"{'objectType':'Group','member':[{'mbox':'mailto:a@b'}]}", "agent"},
        {"{'account':{'homePage':'https://x','name':7}}", "agent/account/name"},
        {"[]", "agent"},
        {"{}", "agent"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        piq_err err = {0};
        json_t *v = xapi_parse(asked[i].text);
        piq_status status = piq_xapi_check_asked(v, &err);
        assert_int_equal(status, asked[i].pointer ? PIQ_EINVAL : PIQ_OK);
        assert_string_equal(err.where,
                            asked[i].pointer ? asked[i].pointer : "");
        json_decref(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xapi_check__good_statements_pass),
        cmocka_unit_test(test_xapi_check__the_outermost_is_an_object),
        cmocka_unit_test(test_xapi_check__statement_members),
        cmocka_unit_test(test_xapi_check__agents),
        cmocka_unit_test(test_xapi_check__groups),
        cmocka_unit_test(test_xapi_check__verbs_and_language_maps),
        cmocka_unit_test(test_xapi_check__activities),
        cmocka_unit_test(test_xapi_check__other_objects),
        cmocka_unit_test(test_xapi_check__what_is_voided_is_a_reference),
        cmocka_unit_test(test_xapi_check__results),
        cmocka_unit_test(test_xapi_check__contexts),
        cmocka_unit_test(test_xapi_check__attachments),
        cmocka_unit_test(test_xapi_check__long_names_keep_the_pointer_whole),
        cmocka_unit_test(test_xapi_check__versions),
        cmocka_unit_test(test_xapi_check__agents_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
