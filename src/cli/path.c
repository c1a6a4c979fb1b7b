/* path.c - piq path USER shows a learner's path; piq path VERB .. says what one
 * wants of it, and shows the path that follows. */
#include "base/json_writer.h"
#include "cli/ask.h"
#include "cli/path_solve.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 64 }; /* of contents or days on one line */

/* ---- a control as JSON -------------------------------------------------- */

/* A number is a content, anything else a concept. */
static void put_thing(piq_json_writer *w, const char *text)
{
    int64_t id;
    if (piq_str_to_i64(piq_str_of(text), &id))
        piq_json_put_int(w, "content", id);
    else
        piq_json_put_z(w, "concept", text);
}

static bool put_number(piq_json_writer *w, const char *key, const char *text)
{
    char *end;
    double v = strtod(text, &end);
    piq_json_put_double(w, key, v);
    return *text && !*end;
}

static bool put_contents(piq_json_writer *w, char **list, int n)
{
    bool numbers = true;
    piq_json_key(w, "order");
    piq_json_array(w);
    for (int i = 0; i < n; i++) {
        int64_t id = 0;
        numbers = piq_str_to_i64(piq_str_of(list[i]), &id) && numbers;
        piq_json_int(w, id);
    }
    piq_json_array_end(w);
    return numbers;
}

static void put_days(piq_json_writer *w, char **list, int n)
{
    piq_json_key(w, "days");
    piq_json_array(w);
    for (int i = 0; i < n; i++)
        piq_json_z(w, list[i]);
    piq_json_array_end(w);
}

/* The members of a control from the words after USER; false: not a number
 * where one is due. */
static bool put_members(piq_control_kind kind, char **words, int n,
                        piq_json_writer *w)
{
    switch (kind) {
    case PIQ_CONTROL_PIN:
        put_thing(w, words[0]);
        if (n > 1)
            piq_json_put_z(w, "day", words[1]);
        return true;
    case PIQ_CONTROL_SKIP:
    case PIQ_CONTROL_RELEASE:
        put_thing(w, words[0]);
        return true;
    case PIQ_CONTROL_KNOWN:
        piq_json_put_z(w, "concept", words[0]);
        return true;
    case PIQ_CONTROL_REORDER:
        return put_contents(w, words, n);
    case PIQ_CONTROL_PACE:
        return put_number(w, "factor", words[0]);
    case PIQ_CONTROL_DAYS_OFF:
        put_days(w, words, n);
        return true;
    case PIQ_CONTROL_FREEZE:
    case PIQ_CONTROL_UNDO:
        return true;
    }
    return true;
}

static int control(const piq_command *self, int argc, char **argv,
                   piq_control_kind kind, int min, int max)
{
    static const piq_question q = {"POST", "learning-path/controls",
                                   piq_print_path};
    piq_arguments args;
    piq_buf body;
    piq_json_writer w;
    int code =
        piq_parse_arguments(self, argc, argv, NULL, 1 + min, 1 + max, &args);
    if (code >= 0)
        return code;
    piq_buf_init(&body, 0);
    piq_json_init(&w, &body);
    piq_json_object(&w);
    piq_json_put_z(&w, "kind", piq_control_kind_name(kind));
    bool good = put_members(kind, args.rest + 1, args.n_rest - 1, &w);
    piq_json_object_end(&w);
    if (!good)
        code = piq_wrong_use(self, "a number is expected, not %s",
                             args.rest[args.n_rest - 1]);
    else if (body.status)
        code = PIQ_COULD_NOT;
    else
        code =
            piq_ask_learner(self, &args, &q, "", (piq_str){body.ptr, body.len});
    piq_buf_release(&body);
    return code;
}

/* ---- one function a verb --------------------------------------------------
 */

static int pin(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_PIN, 1, 2);
}

static int skip(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_SKIP, 1, 1);
}

static int known(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_KNOWN, 1, 1);
}

static int release(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_RELEASE, 1, 1);
}

static int reorder(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_REORDER, 1, MOST);
}

static int pace(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_PACE, 1, 1);
}

static int days_off(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_DAYS_OFF, 0, MOST);
}

static int freeze(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_FREEZE, 0, 0);
}

static int undo(const piq_command *self, int argc, char **argv)
{
    return control(self, argc, argv, PIQ_CONTROL_UNDO, 0, 0);
}

static const piq_command pin_verb = {
    "path pin", "USER CONTENT [DAY]",
    "Puts a content as early as it may be, or on a day.", "", pin};
static const piq_command skip_verb = {
    "path skip", "USER CONTENT|CONCEPT",
    "Leaves out a content, or every content mainly of a concept.", "", skip};
static const piq_command known_verb = {
    "path known", "USER CONCEPT",
    "Plans a short check of a concept instead of its lessons.", "", known};
static const piq_command release_verb = {"path release", "USER CONTENT|CONCEPT",
                                         "Takes pin, skip or known back.", "",
                                         release};
static const piq_command reorder_verb = {"path reorder", "USER CONTENT..",
                                         "Puts contents first, in this order.",
                                         "", reorder};
static const piq_command pace_verb = {
    "path pace", "USER FACTOR", "Multiplies the minutes a weekday, 0.25 to 3.",
    "", pace};
static const piq_command days_off_verb = {
    "path days_off", "USER [DAY..]",
    "Days without study, in place of those set; none: ends them.", "",
    days_off};
static const piq_command freeze_verb = {
    "path freeze", "USER", "Keeps today's steps as they are planned.", "",
    freeze};
static const piq_command undo_verb = {
    "path undo", "USER", "Takes the newest control back.", "", undo};

/* What may stand in place of USER. */
static const piq_command *const verbs[] = {
    &pin_verb,  &skip_verb,     &known_verb,  &release_verb, &reorder_verb,
    &pace_verb, &days_off_verb, &freeze_verb, &undo_verb,    &piq_path_solve,
    NULL};

/* ---- the command ----------------------------------------------------------
 */

static int path(const piq_command *self, int argc, char **argv)
{
    static const piq_question q = {"GET", "learning-path", piq_print_path};
    piq_arguments args;
    for (size_t i = 0; argc > 1 && verbs[i]; i++)
        if (strcmp(argv[1], strchr(verbs[i]->name, ' ') + 1) == 0)
            return verbs[i]->run(verbs[i], argc - 1, argv + 1);
    int code = piq_parse_arguments(self, argc, argv, NULL, 1, 1, &args);
    return code >= 0 ? code
                     : piq_ask_learner(self, &args, &q, "", (piq_str){0});
}

const piq_command piq_cmd_path = {
    "path", "USER | VERB ..",
    "Plans a learner's path to the goal; takes what one wants of it.",
    "verbs, each with --help:\n"
    "  pin skip known release reorder pace days_off freeze undo\n"
    "  solve FILE: plans an instance file, no learner\n\n",
    path};
