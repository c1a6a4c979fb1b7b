/* The teaching dialogue: what is answered, and what is refused, line by
 * line. */
#include "agent/agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* Two concepts, the first before the second, an item each. */
#define HELLO                                                                  \
    "{\"type\":\"hello\",\"protocol\":1,\"seed\":3,\"mode\":\"adapt\","        \
    "\"env\":\"tiny\",\"items\":[{\"id\":10,\"concepts\":[7],\"minutes\":1,"   \
    "\"kind\":\"practice\"},{\"id\":11,\"concepts\":[8],\"minutes\":1}],"      \
    "\"concepts\":[7,8],\"prerequisites\":[[7,8]],\"steps\":4}"
#define PLAN_HELLO                                                             \
    "{\"type\":\"hello\",\"protocol\":1,\"seed\":3,\"mode\":\"plan\","         \
    "\"items\":[{\"id\":10,\"concepts\":[7]},{\"id\":11,\"concepts\":[8]}],"   \
    "\"concepts\":[7,8],\"prerequisites\":[[7,8]],\"steps\":4}"
#define RESET                                                                  \
    "{\"type\":\"reset\",\"episode\":0,\"budget\":4,\"log\":[[10,0]],"         \
    "\"targets\":[8],\"exam\":{\"11\":0}}"
#define NEXT "{\"type\":\"next\",\"left\":4}"

typedef struct dialogue {
    piq_agent *agent;
    piq_buf reply;
    piq_err err;
    bool bye;
} dialogue;

static int set_up(void **state)
{
    static dialogue d;
    d = (dialogue){0};
    piq_buf_init(&d.reply, 0);
    *state = &d;
    return piq_agent_new(&d.agent);
}

static int tear_down(void **state)
{
    dialogue *d = *state;
    piq_agent_free(d->agent);
    piq_buf_release(&d->reply);
    return 0;
}

static piq_status say(dialogue *d, const char *line)
{
    piq_buf_clear(&d->reply);
    d->err = (piq_err){0};
    return piq_agent_hear(d->agent, piq_str_of(line), &d->reply, &d->bye,
                          &d->err);
}

static void accepted(dialogue *d, const char *line)
{
    if (say(d, line))
        fail_msg("refused: %s (%s)", line, d->err.message);
}

/* The item of a reply that names one. */
static json_int_t item_of(const dialogue *d)
{
    json_t *reply = json_loadb(d->reply.ptr, d->reply.len, 0, NULL);
    const json_t *item = json_object_get(reply, "item");
    assert_true(json_is_integer(item));
    json_int_t id = json_integer_value(item);
    json_decref(reply);
    return id;
}

static void refused(dialogue *d, const char *line, const char *message)
{
    assert_int_not_equal(say(d, line), PIQ_OK);
    assert_string_equal(d->err.message, message);
}

/* --- what is answered ------------------------------------------------- */

static void test_agent__only_next_is_answered(void **state)
{
    dialogue *d = *state;
    accepted(d, HELLO);
    assert_int_equal(d->reply.len, 0);
    accepted(d, RESET);
    assert_int_equal(d->reply.len, 0);
    accepted(d, NEXT);
    json_int_t id = item_of(d);
    assert_true(id == 10 || id == 11);
    accepted(d, "{\"type\":\"outcome\",\"left\":3,\"item\":10,\"correct\":1,"
                "\"done\":false}");
    assert_int_equal(d->reply.len, 0);
    accepted(d, "{\"type\":\"end\"}");
    assert_false(d->bye);
    accepted(d, "{\"type\":\"bye\"}");
    assert_true(d->bye);
}

static void test_agent__stops_when_nothing_is_left(void **state)
{
    dialogue *d = *state;
    accepted(d, HELLO);
    accepted(d, RESET);
    accepted(d, "{\"type\":\"next\",\"left\":0}");
    assert_string_equal(d->reply.ptr, "{\"stop\":true}");
}

static void test_agent__stops_when_nothing_is_wanted(void **state)
{
    dialogue *d = *state;
    accepted(d, HELLO);
    accepted(d, "{\"type\":\"reset\",\"budget\":4,\"targets\":[]}");
    accepted(d, NEXT);
    assert_string_equal(d->reply.ptr, "{\"stop\":true}");
}

static void test_agent__plans_the_whole_path_within_the_budget(void **state)
{
    dialogue *d = *state;
    accepted(d, PLAN_HELLO);
    accepted(d, RESET);
    accepted(d, NEXT);
    json_t *reply = json_loadb(d->reply.ptr, d->reply.len, 0, NULL);
    const json_t *items = json_object_get(reply, "items");
    assert_true(json_array_size(items) >= 1 && json_array_size(items) <= 4);
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_int_t id = json_integer_value(json_array_get(items, i));
        assert_true(id == 10 || id == 11);
    }
    json_decref(reply);
}

/* Items of 2 and of 5 minutes; 9 minutes are left: a budget that differs from
 * the steps counts minutes, so that two of 5 would be too many. */
static void test_agent__minutes_are_kept_where_the_budget_counts_them(
    void **state)
{
    dialogue *d = *state;
    accepted(d, "{\"type\":\"hello\",\"protocol\":1,\"mode\":\"plan\","
                "\"items\":[{\"id\":2,\"concepts\":[0],\"minutes\":2},"
                "{\"id\":5,\"concepts\":[1],\"minutes\":5}],"
                "\"concepts\":[0,1],\"steps\":3}");
    accepted(d, "{\"type\":\"reset\",\"budget\":9,\"targets\":[0,1]}");
    accepted(d, "{\"type\":\"next\",\"left\":9}");
    json_t *reply = json_loadb(d->reply.ptr, d->reply.len, 0, NULL);
    const json_t *items = json_object_get(reply, "items");
    json_int_t minutes = 0;
    for (size_t i = 0; i < json_array_size(items); i++)
        minutes += json_integer_value(json_array_get(items, i));
    assert_true(minutes > 0 && minutes <= 9);
    json_decref(reply);
}

static void test_agent__unknown_members_are_ignored(void **state)
{
    dialogue *d = *state;
    accepted(d, HELLO);
    accepted(d, "{\"type\":\"reset\",\"budget\":4,\"log\":[[10,true,-3.5]],"
                "\"targets\":[8,8],\"exam\":null,\"time\":12.5,"
                "\"colour\":{\"of\":[\"hair\"]}}");
    accepted(d, "{\"type\":\"next\",\"left\":4,\"mood\":\"good\"}");
    assert_true(d->reply.len > 0);
}

/* A told cycle is cut where it closes, and the rest stands. */
static void test_agent__a_cycle_of_prerequisites_is_survived(void **state)
{
    dialogue *d = *state;
    accepted(d, "{\"type\":\"hello\",\"protocol\":1,\"items\":"
                "[{\"id\":0,\"concepts\":[0]},{\"id\":1,\"concepts\":[1]}],"
                "\"concepts\":[0,1],\"prerequisites\":[[0,1],[1,0],[0,0]],"
                "\"steps\":4}");
    accepted(d, "{\"type\":\"reset\",\"budget\":4,\"targets\":[0,1]}");
    accepted(d, NEXT);
    json_int_t id = item_of(d);
    assert_true(id == 0 || id == 1);
}

/* --- what is refused ---------------------------------------------------- */

static void test_agent__lines_out_of_turn_are_refused(void **state)
{
    dialogue *d = *state;
    refused(d, RESET, "reset before hello");
    refused(d, NEXT, "next before reset");
    refused(d, "{\"type\":\"outcome\",\"left\":3,\"item\":10,\"correct\":1}",
            "outcome before reset");
    refused(d, "{\"type\":\"end\"}", "end before reset");
    accepted(d, HELLO);
    refused(d, HELLO, "hello was said already");
    refused(d, NEXT, "next before reset");
}

static void test_agent__what_is_no_message_is_refused(void **state)
{
    dialogue *d = *state;
    assert_int_equal(say(d, "{\"type\":\"hello\""), PIQ_EPARSE);
    assert_true(strlen(d->err.message) > 0);
    assert_int_equal(say(d, "nonsense"), PIQ_EPARSE);
    refused(d, "[1,2]", "a line must be a JSON object");
    refused(d, "{}", "\"type\" is missing");
    refused(d, "{\"type\":5}", "\"type\" is missing");
    refused(d, "{\"type\":\"dance\"}", "there is no type \"dance\"");
}

static void test_agent__a_wrong_hello_is_refused(void **state)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"{\"type\":\"hello\"}", "\"protocol\" is missing"},
        {"{\"type\":\"hello\",\"protocol\":2}",
         "protocol 2 is not spoken here, only 1"},
        {"{\"type\":\"hello\",\"protocol\":1,\"mode\":\"guess\"}",
         "\"mode\" must be \"adapt\" or \"plan\""},
        {"{\"type\":\"hello\",\"protocol\":1}", "\"concepts\" is missing"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[]}",
         "\"concepts\" is empty"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[1,\"x\"]}",
         "\"concepts\"[1] is no integer id"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[1,1]}",
         "concept 1 is there twice"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[1],\"items\":[]}",
         "\"items\" is empty"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[1],"
         "\"items\":[{\"id\":1,\"concepts\":[2]}]}",
         "\"items\"[0]: \"concepts\"[0] is no concept of hello"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[1],"
         "\"items\":[{\"id\":1,\"concepts\":[1]},{\"id\":1,\"concepts\":[1]}"
         "]}",
         "\"items\"[1]: item 1 is there twice"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[1],"
         "\"items\":[{\"id\":1,\"concepts\":[1],\"minutes\":-1}]}",
         "\"items\"[0]: \"minutes\" must be within 1e-06 .. 1e+06"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[1],"
         "\"items\":[{\"id\":1,\"concepts\":[1]}],"
         "\"prerequisites\":[[1]]}",
         "\"prerequisites\"[0] is no pair of concepts"},
        {"{\"type\":\"hello\",\"protocol\":1,\"concepts\":[1],"
         "\"items\":[{\"id\":1,\"concepts\":[1]}],"
         "\"prerequisites\":[[1,2]]}",
         "\"prerequisites\"[0] names a concept that hello does not have"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dialogue d = {0};
        piq_buf_init(&d.reply, 0);
        assert_int_equal(piq_agent_new(&d.agent), PIQ_OK);
        refused(&d, cases[i].line, cases[i].message);
        piq_agent_free(d.agent);
        piq_buf_release(&d.reply);
    }
}

static void test_agent__a_wrong_reset_is_refused(void **state)
{
    dialogue *d = *state;
    accepted(d, HELLO);
    refused(d, "{\"type\":\"reset\",\"budget\":4}", "\"targets\" is missing");
    refused(d, "{\"type\":\"reset\",\"budget\":4,\"targets\":[1]}",
            "\"targets\"[0] is no concept of hello");
    refused(d, "{\"type\":\"reset\",\"budget\":\"x\",\"targets\":[8]}",
            "\"budget\" must be a number");
    refused(d,
            "{\"type\":\"reset\",\"budget\":4,\"targets\":[8],"
            "\"log\":[[10]]}",
            "\"log\"[0] is no pair of item and 0 or 1");
    refused(d,
            "{\"type\":\"reset\",\"budget\":4,\"targets\":[8],"
            "\"log\":[[12,1]]}",
            "\"log\"[0] names item 12, which hello does not have");
    refused(d,
            "{\"type\":\"reset\",\"budget\":4,\"targets\":[8],"
            "\"exam\":{\"12\":1}}",
            "\"exam\" names item \"12\", which hello does not have");
    refused(d,
            "{\"type\":\"reset\",\"budget\":4,\"targets\":[8],"
            "\"exam\":{\"11\":2}}",
            "\"exam\" of item 11 must be 0 .. 1");
    refused(d,
            "{\"type\":\"reset\",\"budget\":4,\"targets\":[8],"
            "\"exam\":[1]}",
            "\"exam\" must be an object of item and 0 or 1");
}

static void test_agent__a_wrong_outcome_is_refused(void **state)
{
    dialogue *d = *state;
    accepted(d, HELLO);
    accepted(d, RESET);
    refused(d, "{\"type\":\"outcome\",\"left\":3,\"correct\":1}",
            "\"item\" is missing");
    refused(d, "{\"type\":\"outcome\",\"left\":3,\"item\":1,\"correct\":1}",
            "\"item\" is 1, which hello does not have");
    refused(d, "{\"type\":\"outcome\",\"left\":3,\"item\":10}",
            "\"correct\" must be 0 .. 1");
    refused(d,
            "{\"type\":\"outcome\",\"left\":\"3\",\"item\":10,"
            "\"correct\":1}",
            "\"left\" must be a number");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_agent__only_next_is_answered),
        CASE(test_agent__stops_when_nothing_is_left),
        CASE(test_agent__stops_when_nothing_is_wanted),
        CASE(test_agent__plans_the_whole_path_within_the_budget),
        CASE(test_agent__minutes_are_kept_where_the_budget_counts_them),
        CASE(test_agent__unknown_members_are_ignored),
        CASE(test_agent__a_cycle_of_prerequisites_is_survived),
        CASE(test_agent__lines_out_of_turn_are_refused),
        CASE(test_agent__what_is_no_message_is_refused),
        CASE(test_agent__a_wrong_hello_is_refused),
        CASE(test_agent__a_wrong_reset_is_refused),
        CASE(test_agent__a_wrong_outcome_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
