#include "cli/settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool piq_option_take(const piq_option *o, const char *text)
{
    int64_t v;
    switch (o->kind) {
    case PIQ_OPT_FLAG:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return false;
        *(bool *)o->value = text[0] == 't';
        return true;
    case PIQ_OPT_TEXT:
        *(const char **)o->value = text;
        return true;
    case PIQ_OPT_INT:
        if (!piq_str_to_i64(piq_str_of(text), &v) || v < o->low || v > o->high)
            return false;
        *(int64_t *)o->value = v;
        return true;
    }
    return false;
}

static piq_str trimmed(piq_str s)
{
    while (s.len && isspace((unsigned char)s.ptr[0]))
        s = (piq_str){s.ptr + 1, s.len - 1};
    while (s.len && isspace((unsigned char)s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* PIQ_EINVAL: *err says what would fit; where is the caller's to say. */
static piq_status set(piq_settings *s, size_t i, piq_str value, piq_source from,
                      piq_err *err)
{
    static const char *const wanted[] = {[PIQ_OPT_FLAG] = "true or false",
                                         [PIQ_OPT_TEXT] = "a text",
                                         [PIQ_OPT_INT] = "an integer"};
    const piq_option *o = &s->options[i];
    char *copy = piq_new(s->arena, char, value.len + 1);
    if (!copy)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the settings");
    if (value.len)
        memcpy(copy, value.ptr, value.len);
    copy[value.len] = '\0';
    if (!value.len || memchr(copy, 0, value.len) || !piq_option_take(o, copy)) {
        piq_fail(err, PIQ_EINVAL, "%s is %s, not \"%.60s\"", o->name,
                 wanted[o->kind], copy);
        if (o->kind == PIQ_OPT_INT)
            piq_err_hint(err, "from %lld to %lld", (long long)o->low,
                         (long long)o->high);
        return PIQ_EINVAL;
    }
    if (i < PIQ_MAX_SETTINGS)
        s->from[i] = from;
    return PIQ_OK;
}

static piq_status read_line(piq_settings *s, piq_str line, piq_err *err)
{
    line = trimmed(line);
    if (!line.len || line.ptr[0] == '#')
        return PIQ_OK;
    const char *mark = memchr(line.ptr, '=', line.len);
    if (!mark)
        return piq_fail(err, PIQ_EINVAL, "a setting is written name = value");
    piq_str name = trimmed((piq_str){line.ptr, (size_t)(mark - line.ptr)});
    piq_str value =
        trimmed((piq_str){mark + 1, (size_t)(line.ptr + line.len - mark - 1)});
    for (size_t i = 0; s->options[i].name; i++)
        if (piq_str_eq(name, piq_str_of(s->options[i].name)))
            return set(s, i, value, PIQ_FROM_FILE, err);
    piq_fail(err, PIQ_EINVAL, "there is no setting \"%.*s\"",
             (int)(name.len > 60 ? 60 : name.len), name.ptr);
    piq_err_hint(err, "piq config check lists what there is");
    return PIQ_EINVAL;
}

/* `name` is the file's, for messages. */
static piq_status read_lines(piq_settings *s, const char *name, piq_str text,
                             piq_err *err)
{
    size_t number = 0;
    while (text.len) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        size_t used = end ? len + 1 : len;
        piq_status status = read_line(s, (piq_str){text.ptr, len}, err);
        number++;
        if (status) {
            piq_err_at(err, "%.120s:%zu", name, number);
            return status;
        }
        text = (piq_str){text.ptr + used, text.len - used};
    }
    return PIQ_OK;
}

/* The value, when `entry` ("PIQ_MAX_CONNECTIONS=5") is this option's. */
static const char *value_of(const char *entry, const char *option)
{
    const char *at = entry + strlen("PIQ_");
    for (; *option; option++, at++) {
        int wanted = *option == '-' ? '_' : toupper((unsigned char)*option);
        if (*at != (char)wanted)
            return NULL;
    }
    return *at == '=' ? at + 1 : NULL;
}

static piq_status take_variable(piq_settings *s, const char *entry,
                                piq_err *err)
{
    for (size_t i = 0; s->options[i].name; i++) {
        const char *value = value_of(entry, s->options[i].name);
        if (!value)
            continue;
        piq_status status =
            set(s, i, piq_str_of(value), PIQ_FROM_ENVIRONMENT, err);
        if (status)
            piq_err_at(err, "%.*s", (int)(value - entry - 1), entry);
        return status;
    }
    return PIQ_OK;
}

static piq_status take_environment(piq_settings *s, char *const *environ,
                                   piq_err *err)
{
    piq_status status = PIQ_OK;
    for (size_t i = 0; environ && environ[i] && status == PIQ_OK; i++)
        if (strncmp(environ[i], "PIQ_", 4) == 0)
            status = take_variable(s, environ[i], err);
    return status;
}

static const char *file_of(int argc, char *const *argv, char *const *environ)
{
    static const char flag[] = "--config", variable[] = "PIQ_CONFIG=";
    size_t n = strlen(flag);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            break;
        if (strcmp(argv[i], flag) == 0 && i + 1 < argc)
            return argv[i + 1];
        if (strncmp(argv[i], flag, n) == 0 && argv[i][n] == '=')
            return argv[i] + n + 1;
    }
    for (size_t i = 0; environ && environ[i]; i++)
        if (strncmp(environ[i], variable, strlen(variable)) == 0)
            return environ[i] + strlen(variable);
    return NULL;
}

piq_status piq_settings_gather(piq_settings *s, int argc, char *const *argv,
                               char *const *environ, piq_err *err)
{
    const char *file = file_of(argc, argv, environ);
    if (file && file[0]) {
        char *bytes;
        size_t len;
        piq_status status =
            piq_read_file(file, PIQ_MAX_SETTINGS_BYTES, &bytes, &len, err);
        if (status)
            return status;
        status = read_lines(s, file, (piq_str){bytes, len}, err);
        free(bytes);
        if (status)
            return status;
    }
    return take_environment(s, environ, err);
}

/* The option that "--NAME" or "--NAME=.." means; a name may be cut short where
 * that leaves no doubt. NULL: it is no setting. */
static const piq_option *meant_by(const piq_settings *s, const char *arg)
{
    size_t len = strcspn(arg, "=");
    const piq_option *found = NULL;
    for (const piq_option *o = s->options; o->name; o++)
        if (len > 2 && strncmp(o->name, arg + 2, len - 2) == 0) {
            found = o;
            if (!o->name[len - 2])
                break;
        }
    return found;
}

void piq_settings_flags(piq_settings *s, int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        bool is_flag = strncmp(argv[i], "--", 2) == 0;
        const piq_option *o = is_flag ? meant_by(s, argv[i]) : NULL;
        if (!o)
            continue;
        s->from[o - s->options] = PIQ_FROM_FLAG;
        if (o->kind != PIQ_OPT_FLAG && !strchr(argv[i], '='))
            i++; /* its value */
    }
}
