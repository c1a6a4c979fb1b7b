/* backup.c - piq backup, piq restore: a copy of one instant, checked. */
#include "cli/command.h"
#include "store/sqlite/sqlite_store.h"

#include <string.h>

typedef struct showing {
    piq_meter meter;
    const char *what;
    uint64_t pages;
} showing;

static void show(void *ctx, uint64_t done, uint64_t of)
{
    showing *s = ctx;
    if (!s->pages)
        piq_meter_begin(&s->meter, s->what, of);
    s->pages = of;
    piq_meter_at(&s->meter, done);
}

/* The file that a name stands for; a server has tools of its own. */
static piq_status file_named(const char *db, const char **out, piq_err *err)
{
    *out = piq_db_file(db);
    if (*out)
        return PIQ_OK;
    piq_fail(err, PIQ_EINVAL,
             "piq backup copies files; a PostgreSQL database has pg_dump and "
             "pg_basebackup");
    piq_err_hint(err, "piq migrate --from DB --to FILE makes a file of one, "
                      "while no engine writes to it");
    return PIQ_EINVAL;
}

static int copy(const char *from, const char *to, const char *what, bool json)
{
    showing s = {.what = what};
    const char *source, *target;
    piq_err err = {0};
    piq_status status = file_named(from, &source, &err);
    if (status == PIQ_OK)
        status = file_named(to, &target, &err);
    if (status == PIQ_OK)
        status = piq_sqlite_copy_file(source, target, show, &s, &err);
    if (s.pages)
        piq_meter_end(&s.meter, s.pages);
    if (status)
        return piq_could_not(&err);
    if (json)
        printf("{\"pages\":%llu}\n", (unsigned long long)s.pages);
    else
        printf("%llu pages in %s, every one checked\n",
               (unsigned long long)s.pages, to);
    return PIQ_DONE;
}

static int backup(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    int code = piq_parse_arguments(self, argc, argv, NULL, 1, 1, &args);
    return code >= 0 ? code
                     : copy(args.db, args.rest[0], "backing up", args.json);
}

static int restore(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    int code = piq_parse_arguments(self, argc, argv, NULL, 1, 1, &args);
    return code >= 0 ? code
                     : copy(args.rest[0], args.db, "restoring", args.json);
}

const piq_command piq_cmd_backup = {
    "backup", "FILE",
    "Copies the database as it is now into a new file, also while it is "
    "served.",
    "", backup};

const piq_command piq_cmd_restore = {
    "restore", "FILE", "Makes --db, which must not be there, of a backup.", "",
    restore};
