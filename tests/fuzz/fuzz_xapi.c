/* fuzz_xapi.c - statements made of anything.
 *
 *     fuzz_xapi [ROUNDS [SEED]]        PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * Laws, at every input: nothing falls over (the sanitizers watch); a refusal
 * has a message and a pointer in UTF-8; what is accepted is the same as itself,
 * also once written and read back and once stamped; its event, if it has one,
 * can be written and read back; it is found by its own verb.
 */
#include "domain/json_reader.h"
#include "xapi/xapi.h"

#include "fuzz/json_mutator.h"
#include "support/fuzz_driver.h"
#include "support/small_catalogue.h"

#include <stdio.h>
#include <stdlib.h>

#define STORED_US INT64_C(1793620800000000)

static json_t *again(const json_t *v)
{
    piq_buf b;
    piq_json_writer w;
    piq_err err;
    json_t *back = NULL;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_xapi_write(&w, v);
    fuzz_law(b.status == PIQ_OK, "a statement is written");
    fuzz_law(piq_json_parse((piq_str){b.ptr, b.len}, &back, &err) == PIQ_OK,
             "what is written can be read");
    piq_buf_release(&b);
    return back;
}

static void is_same(const json_t *x, const json_t *y, const char *what)
{
    bool same = false;
    fuzz_law(piq_xapi_same(x, y, &same) == PIQ_OK && same, what);
}

static void look_at_event(piq_arena *a, const json_t *v, const piq_catalogue *c)
{
    bool mapped;
    piq_event e = {.user = {7}}, back = {.user = {7}};
    piq_err err;
    fuzz_law(piq_xapi_event(a, v, c, STORED_US, &e, &mapped) == PIQ_OK,
             "an event is made");
    if (!mapped)
        return;
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_event_write(&e, c, &w);
    json_t *json = json_loadb(b.ptr, b.len, 0, NULL);
    if (piq_event_read(a, json, "", false, c, STORED_US, &back, &err)) {
        fprintf(stderr, "%s at %s: %s\n", err.message, err.where, b.ptr);
        fuzz_law(false, "an event can be read back");
    }
    json_decref(json);
    piq_buf_release(&b);
}

static void look_at_accepted(piq_arena *a, json_t *v, const piq_catalogue *c)
{
    const piq_xapi_stamp stamp = {.id = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
                                  .stored_us = STORED_US,
                                  .authority = "key:1",
                                  .version = PIQ_XAPI_2};
    json_t *before = json_deep_copy(v), *back;
    piq_str verb = {0};
    piq_buf b;
    piq_json_writer w;
    int64_t outer;
    char id[PIQ_XAPI_ID_BYTES];
    is_same(v, before, "it is the same as itself");
    back = again(v);
    is_same(v, back, "it is the same, read back");
    json_decref(back);
    fuzz_law(piq_xapi_put_stamp(v, &stamp) == PIQ_OK, "it is stamped");
    is_same(v, before, "stamped, it is the same");
    fuzz_law(piq_xapi_check(v, "", NULL) == PIQ_OK, "stamped, it is accepted");
    fuzz_law(piq_xapi_id(v, id), "stamped, it has an id");
    look_at_event(a, v, c);
    const json_t *in = json_object_get(json_object_get(v, "verb"), "id");
    verb = (piq_str){json_string_value(in), json_string_length(in)};
    const piq_xapi_filter f = {.agent = json_object_get(v, "actor"),
                               .related_agents = true,
                               .related_activities = true},
                          g = {.verb = verb};
    (void)piq_xapi_matches(&f, v);
    (void)piq_xapi_learner(v, &outer);
    fuzz_law(piq_xapi_matches(&g, v), "it is found by its verb");
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_xapi_write_ids(&w, v);
    fuzz_law(b.status == PIQ_OK, "its ids are written");
    piq_buf_release(&b);
    json_decref(before);
}

/* Made once and kept: half a million statements need one curriculum. */
static const piq_catalogue *curriculum(void)
{
    static piq_catalogue *c;
    if (!c)
        c = small_catalogue();
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    piq_err err = {0};
    json_t *v = NULL;
    piq_arena a;
    if (piq_json_parse((piq_str){(const char *)bytes, len}, &v, &err))
        return 0;
    piq_arena_init(&a, 0);
    if (piq_xapi_check(v, "", &err) == PIQ_OK) {
        look_at_accepted(&a, v, curriculum());
    } else {
        fuzz_law(err.status == PIQ_EINVAL && err.message[0],
                 "a refusal says why");
        fuzz_law(piq_str_is_utf8(piq_str_of(err.message)) &&
                     piq_str_is_utf8(piq_str_of(err.where)),
                 "a refusal is UTF-8");
    }
    if (piq_xapi_check_asked(v, &err))
        fuzz_law(err.status == PIQ_EINVAL,
                 "an agent is refused for what it is");
    json_decref(v);
    piq_arena_release(&a);
    return 0;
}

#ifndef PIQ_LIBFUZZER
static void end(void)
{
    piq_catalogue_free((piq_catalogue *)(uintptr_t)curriculum());
}

int main(int argc, char **argv)
{
    const fuzz_plan plan = {.name = "xapi",
                            .one = LLVMFuzzerTestOneInput,
                            .rounds = 20000,
                            .end = end};
    return fuzz_drive(&plan, argc, argv);
}

#endif
