/* catalogue.c - piq catalogue check FILE | load FILE */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DOCUMENT_BYTES = 256 << 20 };

static void print_json(const piq_findings *f)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_bool(&w, "valid", f->n == 0);
    piq_json_key(&w, "findings");
    piq_json_array(&w);
    for (size_t i = 0; i < f->n; i++) {
        piq_json_object(&w);
        piq_json_put_int(&w, "line", f->list[i].line);
        piq_json_put_z(&w, "pointer", f->list[i].where);
        piq_json_put_z(&w, "message", f->list[i].message);
        piq_json_object_end(&w);
    }
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static void print_summary(const piq_catalogue *c, const char *path)
{
    printf("%s: %zu areas, %zu concepts, %zu contents, %zu items, "
           "%zu characters; no findings\n",
           path, c->n_areas, c->n_concepts, c->n_contents, c->n_items,
           c->n_characters);
}

static int check(const piq_arguments *args, const char *path)
{
    piq_arena a;
    piq_findings findings = {0};
    piq_catalogue *c = NULL;
    piq_err err = {0};
    char *bytes;
    size_t len;
    if (piq_read_file(path, MAX_DOCUMENT_BYTES, &bytes, &len, &err))
        return piq_could_not(&err);
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status = piq_catalogue_read(&a, (piq_str){bytes, len}, NULL, &c,
                                           &findings, NULL, &err);
    if (args->json && (status == PIQ_OK || findings.n))
        print_json(&findings);
    else if (status == PIQ_OK)
        print_summary(c, path);
    else if (findings.n)
        for (size_t i = 0; i < findings.n; i++)
            printf("%s:%u: %s (%s)\n", path, findings.list[i].line,
                   findings.list[i].message, findings.list[i].where);
    else
        piq_could_not(&err);
    piq_catalogue_free(c);
    piq_arena_release(&a);
    free(bytes);
    return status ? PIQ_COULD_NOT : PIQ_DONE;
}

static int load(const piq_arguments *args, const char *path, bool replace)
{
    piq_engine *e;
    piq_err err = {0};
    char *bytes;
    size_t len;
    if (piq_read_file(path, MAX_DOCUMENT_BYTES, &bytes, &len, &err))
        return piq_could_not(&err);
    piq_status status = piq_open_engine(args->db, false, NULL, NULL, &e, &err);
    if (status == PIQ_OK) {
        status = piq_load_curriculum(e, (piq_str){bytes, len}, path, args->json,
                                     replace, &err);
        if (status == PIQ_OK && args->json)
            printf("{\"catalogue_version\":%u}\n",
                   piq_engine_catalogue(e)->version);
        piq_engine_close(e);
    }
    free(bytes);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

static int catalogue(const piq_command *self, int argc, char **argv)
{
    bool replace = false;
    piq_arguments args;
    const piq_option options[] = {{"replace", PIQ_OPT_FLAG, &replace, 0, 0},
                                  {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 2, 2, &args);
    if (code >= 0)
        return code;
    if (strcmp(args.rest[0], "check") == 0)
        return check(&args, args.rest[1]);
    if (strcmp(args.rest[0], "load") == 0)
        return load(&args, args.rest[1], replace);
    return piq_wrong_use(self, "check or load is expected, not %s",
                         args.rest[0]);
}

const piq_command piq_cmd_catalogue = {
    "catalogue", "check|load FILE",
    "Checks a curriculum document, or loads it as the next version.",
    "  --replace        also where one of another subject is in force\n",
    catalogue};
