/* open.c - files and engines for the subcommands. */
#include "cli/command.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_FINDINGS = 50 };

/* "sqlite:FILE" is FILE. */
static const char *file_of(const char *db)
{
    static const char scheme[] = "sqlite:";
    size_t n = strlen(scheme);
    return strncmp(db, scheme, n) == 0 ? db + n : db;
}

const char *piq_db_file(const char *db)
{
    return piq_postgres_is_conninfo(db) ? NULL : file_of(db);
}

/* A server says by itself when it is not. */
static bool is_there(const char *db)
{
    return piq_postgres_is_conninfo(db) || piq_file_exists(file_of(db));
}

piq_status piq_open_store(const char *db, bool bulk, piq_store **out,
                          piq_err *err)
{
    const piq_sqlite_options o = {.relaxed = bulk};
    if (piq_postgres_is_conninfo(db))
        return piq_postgres_open(db, NULL, out, err);
    /* What learners did is nobody else's to read, and keys' hashes neither. */
    mode_t usual = umask(S_IRWXO);
    umask(usual | S_IRWXO);
    piq_status status = piq_sqlite_open(file_of(db), &o, out, err);
    umask(usual);
    return status;
}

piq_status piq_open_existing_store(const char *db, piq_store **out,
                                   piq_err *err)
{
    if (!is_there(db))
        return piq_fail(err, PIQ_ENOTFOUND, "there is no file %s", db);
    return piq_open_store(db, false, out, err);
}

piq_status piq_open_engine(const char *db, bool bulk,
                           const piq_engine_config *config,
                           piq_metrics *metrics, piq_engine **out, piq_err *err)
{
    piq_store *store;
    piq_status status = piq_open_store(db, bulk, &store, err);
    if (status)
        return status;
    status = piq_engine_open(store, config, metrics, out, err);
    if (status)
        store->ops->close(store);
    return status;
}

bool piq_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

piq_status piq_open_existing(const char *db, piq_engine **out, piq_err *err)
{
    if (!is_there(db))
        return piq_fail(err, PIQ_ENOTFOUND, "there is no file %s", db);
    return piq_open_engine(db, false, NULL, NULL, out, err);
}

static piq_status read_all(FILE *f, const char *path, size_t max_bytes,
                           piq_buf *b, piq_err *err)
{
    char piece[65536];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0 && !b->status)
        piq_buf_add(b, piece, n);
    if (ferror(f))
        return piq_fail(err, PIQ_EIO, "could not read %s: %s", path,
                        strerror(errno));
    if (b->status == PIQ_ELIMIT)
        return piq_fail(err, PIQ_ELIMIT, "%s is larger than %zu bytes", path,
                        max_bytes);
    if (b->status)
        return piq_fail(err, b->status, "no memory to read %s", path);
    return PIQ_OK;
}

piq_status piq_read_file(const char *path, size_t max_bytes, char **bytes,
                         size_t *len, piq_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    piq_buf b;
    FILE *f = standard ? stdin : fopen(path, "rb");
    if (!f)
        return piq_fail(err, PIQ_ENOTFOUND, "could not open %s: %s", path,
                        strerror(errno));
    piq_buf_init(&b, max_bytes);
    piq_status status = read_all(f, path, max_bytes, &b, err);
    if (!standard)
        fclose(f);
    if (status == PIQ_OK) {
        *bytes = piq_buf_take(&b, len);
        if (!*bytes)
            *bytes = calloc(1, 1);
        if (!*bytes)
            status = piq_fail(err, PIQ_ENOMEM, "no memory to read %s", path);
    }
    piq_buf_release(&b);
    return status;
}

static void show_findings(const piq_findings *f, const char *name)
{
    for (size_t i = 0; i < f->n && i < SHOWN_FINDINGS; i++)
        fprintf(stderr, "%s:%u: %s (%s)\n", name, f->list[i].line,
                f->list[i].message, f->list[i].where);
    if (f->n > SHOWN_FINDINGS)
        fprintf(stderr, "%s: and %zu more\n", name,
                f->n + f->n_dropped - SHOWN_FINDINGS);
}

/* Whether the document is of the subject in force; documents that cannot be
 * read are left to the checks that follow. */
static bool same_subject(piq_engine *e, piq_str document)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    if (!c)
        return true;
    json_t *json = json_loadb(document.ptr, document.len, 0, NULL);
    const json_t *subject = json_object_get(json, "subject");
    bool same = !json_is_string(subject) ||
                piq_str_eq(c->subject, piq_str_of(json_string_value(subject)));
    json_decref(json);
    return same;
}

static piq_status write_all(FILE *to, const char *path, piq_str bytes,
                            piq_err *err)
{
    if (fwrite(bytes.ptr, 1, bytes.len, to) == bytes.len && !fflush(to) &&
        !fsync(fileno(to)))
        return PIQ_OK;
    return piq_fail(err, errno == ENOSPC ? PIQ_EFULL : PIQ_EIO,
                    "could not write %s: %s", path, strerror(errno));
}

piq_status piq_write_file(const char *path, piq_str bytes, piq_err *err)
{
    char part[4096];
    int len = snprintf(part, sizeof part, "%s.part", path);
    if (len < 0 || (size_t)len >= sizeof part)
        return piq_fail(err, PIQ_ELIMIT, "the file's name is too long");
    FILE *f = fopen(part, "wb");
    if (!f)
        return piq_fail(err, PIQ_EIO, "could not open %s: %s", part,
                        strerror(errno));
    piq_status status = write_all(f, part, bytes, err);
    if (fclose(f) && status == PIQ_OK)
        status = piq_fail(err, PIQ_EIO, "could not write %s: %s", part,
                          strerror(errno));
    if (status == PIQ_OK && rename(part, path))
        status = piq_fail(err, PIQ_EIO, "could not make %s: %s", path,
                          strerror(errno));
    if (status)
        unlink(part);
    return status;
}

piq_status piq_load_curriculum(piq_engine *e, piq_str document,
                               const char *name, bool quiet, bool replace,
                               piq_err *err)
{
    piq_arena a;
    piq_findings findings = {0};
    piq_catalogue_change change = {0};
    if (!replace && !same_subject(e, document)) {
        piq_fail(err, PIQ_ECONFLICT,
                 "%s is of another subject than the curriculum in force, "
                 "which it would retire",
                 name);
        piq_err_hint(err, "use another --db, or piq catalogue load --replace");
        return PIQ_ECONFLICT;
    }
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status =
        piq_engine_load_catalogue(e, &a, document, &findings, &change, err);
    if (findings.n)
        show_findings(&findings, name);
    if (status == PIQ_OK && !quiet) {
        const piq_catalogue *c = piq_engine_catalogue(e);
        for (size_t i = 0; i < change.n_lines && i < SHOWN_FINDINGS; i++)
            printf("%.*s\n", PIQ_STR_ARG(change.lines[i]));
        if (change.n_lines > SHOWN_FINDINGS)
            printf("and %zu more\n", change.n_lines - SHOWN_FINDINGS);
        printf("catalogue %u: %zu added, %zu changed, %zu retired\n",
               c->version, change.added, change.changed, change.retired);
    }
    piq_arena_release(&a);
    return status;
}

const char *piq_shipped_curriculum(void)
{
    static const char *const beside[] = {"/../content/poker.json",
                                         "/../share/piq/poker.json"};
    static char path[PATH_MAX + 64];
    char self[PATH_MAX];
    if (access("content/poker.json", R_OK) == 0)
        return "content/poker.json";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return NULL;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = 0;
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        snprintf(path, sizeof path, "%s%s", self, beside[i]);
        if (access(path, R_OK) == 0)
            return path;
    }
    return NULL;
}
