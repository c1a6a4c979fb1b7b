/* config.c - piq config check: what piq serve would run with, and why. */
#include "cli/serve_options.h"

#include <string.h>
#include <unistd.h>

static const char *source_name(piq_source from)
{
    static const char *const names[] = {[PIQ_FROM_DEFAULT] = "default",
                                        [PIQ_FROM_FILE] = "file",
                                        [PIQ_FROM_ENVIRONMENT] = "environment",
                                        [PIQ_FROM_FLAG] = "flag"};
    return names[from];
}

/* Passwords of a connection string, in either form: stars. */
static void hide_password(char *text)
{
    char *at = strstr(text, "password=");
    for (at = at ? at + strlen("password=") : NULL; at && *at; at++) {
        if (*at == ' ' || *at == '&')
            break;
        *at = '*';
    }
    char *scheme = strstr(text, "://"), *host = strchr(text, '@');
    char *colon = scheme ? strchr(scheme + 3, ':') : NULL;
    for (at = colon ? colon + 1 : NULL; at && host && at < host; at++)
        *at = '*';
}

static void value_of(const piq_option *o, char out[256])
{
    const char *text;
    switch (o->kind) {
    case PIQ_OPT_FLAG:
        snprintf(out, 256, "%s", *(const bool *)o->value ? "true" : "false");
        return;
    case PIQ_OPT_INT:
        snprintf(out, 256, "%lld", (long long)*(const int64_t *)o->value);
        return;
    case PIQ_OPT_TEXT:
        text = *(const char *const *)o->value;
        snprintf(out, 256, "%s", text ? text : "");
        hide_password(out);
        return;
    }
}

static void print_text(const piq_settings *s)
{
    static const char *const heads[] = {"SETTING", "VALUE", "FROM"};
    char value[256];
    piq_text_table *t = piq_text_table_new(heads, 3);
    for (size_t i = 0; t && s->options[i].name; i++) {
        value_of(&s->options[i], value);
        piq_text_table_cell(t, "%s", s->options[i].name);
        piq_text_table_cell(t, "%s", value);
        piq_text_table_cell(t, "%s", source_name(s->from[i]));
    }
    piq_text_table_print(t);
}

static piq_status print_json(const piq_settings *s, piq_err *err)
{
    char value[256];
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    for (size_t i = 0; s->options[i].name; i++) {
        value_of(&s->options[i], value);
        piq_json_key(&w, s->options[i].name);
        piq_json_object(&w);
        piq_json_put_z(&w, "value", value);
        piq_json_put_z(&w, "from", source_name(s->from[i]));
        piq_json_object_end(&w);
    }
    piq_json_object_end(&w);
    piq_status status = b.status;
    if (status)
        piq_fail(err, status, "no memory to list the settings");
    else
        printf("%.*s\n", (int)b.len, b.ptr);
    piq_buf_release(&b);
    return status;
}

static int show(const piq_settings *s, bool json)
{
    piq_err err = {0};
    if (json)
        return print_json(s, &err) ? piq_could_not(&err) : PIQ_DONE;
    print_text(s);
    return PIQ_DONE;
}

static int config(const piq_command *self, int argc, char **argv)
{
    piq_serve_options o = piq_serve_defaults();
    piq_option options[PIQ_MAX_SETTINGS];
    piq_arguments args;
    piq_arena a;
    piq_err err = {0};
    piq_settings s = {.options = options, .arena = &a};
    piq_serve_table(&o, options);
    piq_arena_init(&a, 0);
    int code;
    if (piq_settings_gather(&s, argc, argv, environ, &err))
        code = piq_could_not(&err);
    else
        code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code < 0 && strcmp(args.rest[0], "check") != 0)
        code = piq_wrong_use(self, "%s is no action", args.rest[0]);
    if (code < 0 && piq_serve_check(&o, &err))
        code = piq_could_not(&err);
    if (code < 0) {
        piq_settings_flags(&s, argc, argv);
        if (args.has_db || !o.db)
            o.db = args.db;
        code = show(&s, args.json);
    }
    piq_arena_release(&a);
    return code;
}

const piq_command piq_cmd_config = {
    "config", "check",
    "Says what piq serve would run with, and where that comes from.",
    "  --config FILE    settings, one a line: name = value\n", config};
