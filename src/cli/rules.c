/* rules.c - piq rules load FILE | show [VERSION] */
#include "engine/rules.h"

#include "cli/command.h"
#include "domain/json_reader.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DOCUMENT_BYTES = 16 << 20 };

static int load(const piq_arguments *args, const char *path)
{
    piq_engine *e;
    piq_err err = {0};
    char *bytes;
    size_t len;
    json_t *json = NULL;
    piq_rules_change change = {0};
    if (piq_read_file(path, MAX_DOCUMENT_BYTES, &bytes, &len, &err))
        return piq_could_not(&err);
    piq_status status = piq_json_parse((piq_str){bytes, len}, &json, &err);
    if (status == PIQ_OK)
        status = piq_open_existing(args->db, &e, &err);
    if (status == PIQ_OK) {
        status = piq_engine_load_rules(e, json, -1, &change, &err);
        piq_engine_close(e);
    }
    json_decref(json);
    free(bytes);
    if (status)
        return piq_could_not(&err);
    if (args->json)
        printf("{\"version\":%u,\"changed\":%s}\n", change.version,
               change.changed ? "true" : "false");
    else
        printf("version %u of the rules is in force%s\n", change.version,
               change.changed ? "" : ", as before");
    return PIQ_DONE;
}

static void print_when(const json_t *rule)
{
    static const char *const members[] = {"tenant", "not_tenant", "from",
                                          "until"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *v = json_string_value(json_object_get(rule, members[i]));
        if (v)
            printf("  %s %s", members[i], v);
    }
    printf("\n");
}

static void print_rules(const json_t *shown)
{
    static const char *const heads[] = {"RULE", "KIND", "CONTENTS", "REASON"};
    const json_t *list =
        json_object_get(json_object_get(shown, "rules"), "rules");
    const json_t *matches = json_object_get(shown, "matches");
    const char *made = json_string_value(json_object_get(shown, "made_at"));
    piq_text_table *t = piq_text_table_new(heads, 4);
    printf("version %lld, %s\n",
           (long long)json_integer_value(json_object_get(shown, "version")),
           made ? made : "no rules");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(r, "name"));
        piq_text_table_cell(t, "%s", name);
        piq_text_table_cell(t, "%s",
                            json_string_value(json_object_get(r, "kind")));
        piq_text_table_cell(
            t, "%lld",
            (long long)json_integer_value(json_object_get(matches, name)));
        piq_text_table_cell(t, "%s",
                            json_string_value(json_object_get(r, "reason")));
    }
    piq_text_table_print(t);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *r = json_array_get(list, i);
        if (!json_object_get(r, "tenant") && !json_object_get(r, "from") &&
            !json_object_get(r, "not_tenant") && !json_object_get(r, "until"))
            continue;
        printf("%s:", json_string_value(json_object_get(r, "name")));
        print_when(r);
    }
}

static int show(const piq_arguments *args, uint32_t version)
{
    piq_engine *e;
    piq_err err = {0};
    piq_buf b;
    piq_json_writer w;
    json_t *json = NULL;
    if (piq_open_existing(args->db, &e, &err))
        return piq_could_not(&err);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_status status = piq_engine_show_rules(e, version, &w, &err);
    piq_engine_close(e);
    if (status == PIQ_OK && b.status)
        status = piq_fail(&err, b.status, "no memory to show rules");
    if (status == PIQ_OK && !args->json)
        status = piq_json_parse((piq_str){b.ptr, b.len}, &json, &err);
    if (status == PIQ_OK && args->json)
        printf("%.*s\n", (int)b.len, b.ptr);
    else if (status == PIQ_OK)
        print_rules(json);
    json_decref(json);
    piq_buf_release(&b);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

static int rules(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    int64_t version = 0;
    int code = piq_parse_arguments(self, argc, argv, NULL, 1, 2, &args);
    if (code >= 0)
        return code;
    const char *what = args.rest[0];
    if (strcmp(what, "load") == 0 && args.n_rest == 2)
        return load(&args, args.rest[1]);
    if (strcmp(what, "show") != 0)
        return piq_wrong_use(self, "load FILE or show [VERSION] is expected");
    if (args.n_rest == 2 &&
        (!piq_str_to_i64(piq_str_of(args.rest[1]), &version) || version < 1 ||
         version > INT32_MAX))
        return piq_wrong_use(self, "a version is expected, not %s",
                             args.rest[1]);
    return show(&args, (uint32_t)version);
}

const piq_command piq_cmd_rules = {
    "rules", "load FILE | show [VERSION]",
    "Replaces the rules of the business, or shows them.", "", rules};
