/* fuzz_json.c - requests made of anything, to every route.
 *
 *     fuzz_json [ROUNDS [SEED]]        PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * An input is a request: "METHOD TARGET", lines of headers, an empty line, the
 * body. It goes to piq_api_handle over an engine on a small SQLite file (in
 * TMPDIR: a folder in memory is quicker), made anew after 1,000 inputs. Laws,
 * at every input: one reply to each request; never a 5xx; what is JSON by its
 * media type is JSON, strictly; a refusal is a problem that says its own
 * status. After the 1,000th: learners who are known are readable.
 */
#include "support/api_talk.h"
#include "support/engine_file.h"
#include "support/engine_fixture.h"
#include "support/fuzz_driver.h"

#include <stdio.h>
#include <string.h>

enum { INPUTS_OF_A_WORLD = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

typedef struct world {
    engine_file file;
    piq_engine *e;
    piq_api *api;
    api_talk talk;
    unsigned n_inputs;
} world;

static world w;

static void ask(const api_request *r)
{
    int status = api_talk_ask(&w.talk, r);
    piq_str body = piq_bytes_str(w.talk.body);
    const char *fault = api_talk_fault(&w.talk);
    if (status >= 500)
        fprintf(stderr, "%s %.*s: %d %.*s\n", r->method, (int)r->path.len,
                r->path.ptr, status, (int)body.len, body.ptr);
    fuzz_law(status >= 200 && status < 500, "no failure of ours");
    fuzz_law(!fault, fault);
}

static void post(const char *user, const char *events)
{
    char text[2000];
    api_request r;
    snprintf(text, sizeof text,
             "POST /api/users/%s/events\nContent-Type: application/json\n\n%s",
             user, events);
    fuzz_law(api_request_of(piq_str_of(text), &r), "a request");
    ask(&r);
    fuzz_law(w.talk.status == 200, "the first events are taken");
}

static void begin(void)
{
    static const char answers[] =
        "[{\"event_id\":\"w1\",\"at\":\"2026-11-02T10:00:00Z\","
        "\"type\":\"answer\",\"concepts\":[\"rhy.pulse\"],\"correct\":true},"
        "{\"event_id\":\"w2\",\"at\":\"2026-11-02T10:01:00Z\","
        "\"type\":\"answer\",\"concepts\":[\"pit.notes\"],\"correct\":false},"
        "{\"event_id\":\"w3\",\"at\":\"2026-11-02T10:02:00Z\","
        "\"type\":\"review\",\"concept\":\"rhy.pulse\",\"rating\":3}]";
    const piq_engine_config config = fixture_quiet();
    piq_err err;
    w.file = engine_file_new();
    w.e = engine_file_open(&w.file, &config);
    engine_file_load(w.e);
    const piq_api_config api = {.engine = w.e};
    fuzz_law(piq_api_new(&api, &w.api, &err) == PIQ_OK, "an api is made");
    api_talk_begin(&w.talk, w.api);
    w.n_inputs = 0;
    post("1", answers);
    post("2", answers);
}

/* What the inputs have left of a learner: all of it, or nothing. */
static void look_back(const char *user)
{
    static const char *const what[] = {"profile", "events", "reviews",
                                       "export"};
    char text[200];
    api_request r;
    bool known = true;
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        snprintf(text, sizeof text, "GET /api/users/%s/%s\n\n", user, what[i]);
        fuzz_law(api_request_of(piq_str_of(text), &r), "a request");
        ask(&r);
        known = i == 0 ? w.talk.status == 200 : known;
        fuzz_law(!known || w.talk.status == 200,
                 "a learner who is known stays readable");
    }
}

static void end(void)
{
    if (!w.e)
        return;
    look_back("1");
    look_back("2");
    api_talk_end(&w.talk);
    piq_api_free(w.api);
    piq_engine_close(w.e);
    engine_file_remove(&w.file);
    w.e = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    api_request r;
    if (w.e && ++w.n_inputs >= INPUTS_OF_A_WORLD)
        end();
    if (!w.e)
        begin();
    if (api_request_of((piq_str){(const char *)bytes, len}, &r))
        ask(&r);
    return 0;
}

#ifndef PIQ_LIBFUZZER
int main(int argc, char **argv)
{
    const fuzz_plan plan = {.name = "json",
                            .one = LLVMFuzzerTestOneInput,
                            .rounds = 3000,
                            .end = end};
    return fuzz_drive(&plan, argc, argv);
}
#endif
