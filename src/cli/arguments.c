#include "cli/settings.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = PIQ_MAX_SETTINGS + 4, OPT_FIRST = 256 };

static void show_help(const piq_command *self)
{
    printf("usage: piq %s [options]%s%s\n\n%s\n\noptions:\n%s"
           "  --db DB          SQLite file, or postgres:.. (default piq.db)\n"
           "  --json           print JSON\n"
           "  --help           print this\n\n"
           "exit codes: 0 done, 1 could not, 2 wrong use\n",
           self->name, self->arguments[0] ? " " : "", self->arguments,
           self->summary, self->options);
}

int piq_wrong_use(const piq_command *self, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "piq %s: ", self->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nusage: piq %s [options]%s%s (see --help)\n", self->name,
            self->arguments[0] ? " " : "", self->arguments);
    return PIQ_WRONG_USE;
}

int piq_could_not(const piq_err *err)
{
    fprintf(stderr, "piq: %s%s%s%s\n",
            err->message[0] ? err->message : piq_status_text(err->status),
            err->where[0] ? " (" : "", err->where, err->where[0] ? ")" : "");
    if (err->hint[0])
        fprintf(stderr, "     %s\n", err->hint);
    return PIQ_COULD_NOT;
}

bool piq_parse_user(const char *text, piq_user_id *out)
{
    return piq_str_to_i64(piq_str_of(text), &out->v) && out->v > 0;
}

static size_t fill_long(struct option *longs, const piq_option *options)
{
    size_t n = 3;
    longs[0] = (struct option){"db", required_argument, NULL, 'd'};
    longs[1] = (struct option){"json", no_argument, NULL, 'j'};
    longs[2] = (struct option){"help", no_argument, NULL, 'h'};
    for (size_t i = 0; options && options[i].name; i++) {
        PIQ_ASSERT(n + 1 < MAX_OPTIONS);
        longs[n++] = (struct option){
            options[i].name,
            options[i].kind == PIQ_OPT_FLAG ? no_argument : required_argument,
            NULL, OPT_FIRST + (int)i};
    }
    longs[n] = (struct option){0};
    return n;
}

int piq_parse_arguments(const piq_command *self, int argc, char **argv,
                        const piq_option *options, int min, int max,
                        piq_arguments *out)
{
    struct option longs[MAX_OPTIONS];
    int c;
    *out = (piq_arguments){.db = "piq.db"};
    fill_long(longs, options);
    optind = 1;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        if (c == 'h') {
            show_help(self);
            return PIQ_DONE;
        }
        if (c == '?')
            return piq_wrong_use(self,
                                 "unknown option, or one without its "
                                 "value: %s",
                                 argv[optind - 1]);
        if (c == 'd') {
            out->db = optarg;
            out->has_db = true;
        } else if (c == 'j')
            out->json = true;
        else if (!piq_option_take(&options[c - OPT_FIRST],
                                  optarg ? optarg : "true"))
            return piq_wrong_use(self,
                                 "--%s: %s is no integer within %lld..%lld",
                                 options[c - OPT_FIRST].name, optarg,
                                 (long long)options[c - OPT_FIRST].low,
                                 (long long)options[c - OPT_FIRST].high);
    }
    out->rest = argv + optind;
    out->n_rest = argc - optind;
    if (out->n_rest < min)
        return piq_wrong_use(self, "%s is missing", self->arguments);
    if (out->n_rest > max)
        return piq_wrong_use(self, "too many arguments: %s", out->rest[max]);
    return -1;
}
