#include "web/pages.h"

#include "base/accept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct piq_pages {
    piq_pages_file files[PIQ_PAGES_MAX_FILES]; /* sorted by path */
    size_t n;
    size_t bytes;
    const piq_pages_file *index;
};

static const char *const coding_names[PIQ_PAGES_N_CODINGS] = {
    [PIQ_PAGES_BROTLI] = "br", [PIQ_PAGES_GZIP] = "gzip"};
static const char *const suffixes[PIQ_PAGES_N_CODINGS] = {
    [PIQ_PAGES_BROTLI] = ".br", [PIQ_PAGES_GZIP] = ".gz"};

const char *piq_pages_coding_name(piq_pages_coding coding)
{
    return coding_names[coding];
}

/* ---- reading -------------------------------------------------------------
 */

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } known[] = {{".html", "text/html; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".png", "image/png"},
                 {".ico", "image/x-icon"},
                 {".json", "application/json"},
                 {".txt", "text/plain; charset=utf-8"},
                 {".woff2", "font/woff2"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(dot, known[i].ending) == 0)
            return known[i].type;
    return NULL;
}

static bool is_sound(const char *name)
{
    return name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._-") == strlen(name);
}

/* The whole regular file `name` of the folder; *out is the caller's. */
static piq_status read_whole(int folder, const char *name, size_t most,
                             piq_bytes **out, piq_err *err)
{
    struct stat about = {.st_size = 0};
    char *bytes = NULL;
    size_t len = 0;
    piq_status status = PIQ_OK;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) || !S_ISREG(about.st_mode))
        status = piq_fail(err, PIQ_EIO, "could not read %.80s", name);
    else if ((size_t)about.st_size > most)
        status = piq_fail(err, PIQ_ELIMIT,
                          "could not take %.80s: the pages are larger than "
                          "%d bytes",
                          name, (int)PIQ_PAGES_MAX_BYTES);
    else if (!(bytes = malloc((size_t)about.st_size + 1)))
        status = piq_fail(err, PIQ_ENOMEM, "no memory for %.80s", name);
    while (status == PIQ_OK && len < (size_t)about.st_size) {
        ssize_t n = read(fd, bytes + len, (size_t)about.st_size - len);
        if (n > 0)
            len += (size_t)n;
        else if (n == 0 || errno != EINTR)
            status =
                piq_fail(err, PIQ_EIO, "could not read all of %.80s", name);
    }
    if (fd >= 0)
        (void)close(fd);
    if (status) {
        free(bytes);
        return status;
    }
    *out = piq_bytes_take(bytes, len);
    return *out ? PIQ_OK
                : piq_fail(err, PIQ_ENOMEM, "no memory for %.80s", name);
}

/* FNV-1a, 64 bits: tells one build's file from another's, no more. */
static void tag_of(piq_str content, char out[17])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < content.len; i++)
        hash = (hash ^ (unsigned char)content.ptr[i]) * UINT64_C(0x100000001b3);
    snprintf(out, 17, "%016" PRIx64, hash);
}

/* What was made beside `name`, where something was. */
static piq_status read_made(piq_pages *p, piq_pages_file *f, int folder,
                            const char *name, piq_err *err)
{
    char beside[NAME_MAX + 8];
    for (int c = PIQ_PAGES_BROTLI; c < PIQ_PAGES_N_CODINGS; c++) {
        snprintf(beside, sizeof beside, "%s%s", name, suffixes[c]);
        if (faccessat(folder, beside, R_OK, 0))
            continue;
        piq_status status = read_whole(
            folder, beside, PIQ_PAGES_MAX_BYTES - p->bytes, &f->bytes[c], err);
        if (status)
            return status;
        p->bytes += piq_bytes_str(f->bytes[c]).len;
    }
    return PIQ_OK;
}

static piq_status read_file(piq_pages *p, int folder, const char *prefix,
                            const char *name, piq_err *err)
{
    const char *type = type_of(name);
    if (!type)
        return piq_fail(err, PIQ_EINVAL,
                        "could not take %.80s: its type is not known", name);
    if (p->n == PIQ_PAGES_MAX_FILES)
        return piq_fail(err, PIQ_ELIMIT, "could not take more than %d files",
                        (int)PIQ_PAGES_MAX_FILES);
    piq_pages_file *f = &p->files[p->n];
    int len = snprintf(f->path, sizeof f->path, "%s%s", prefix, name);
    if (len < 0 || (size_t)len >= sizeof f->path)
        return piq_fail(err, PIQ_EINVAL,
                        "could not take %.80s: its name is too long", name);
    piq_status status = read_whole(folder, name, PIQ_PAGES_MAX_BYTES - p->bytes,
                                   &f->bytes[PIQ_PAGES_PLAIN], err);
    if (status)
        return status;
    p->n++; /* from here on piq_pages_close gives its bytes back */
    piq_str content = piq_bytes_str(f->bytes[PIQ_PAGES_PLAIN]);
    p->bytes += content.len;
    f->type = type;
    f->forever = strcmp(prefix, "/assets/") == 0;
    tag_of(content, f->tag);
    return read_made(p, f, folder, name, err);
}

static bool is_made(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcmp(dot, ".br") == 0 || strcmp(dot, ".gz") == 0);
}

/* The files of one folder; takes `folder`. */
static piq_status read_folder(piq_pages *p, int folder, const char *prefix,
                              piq_err *err)
{
    piq_status status = PIQ_OK;
    const struct dirent *entry;
    DIR *list = fdopendir(folder);
    if (!list) {
        (void)close(folder);
        return piq_fail(err, PIQ_EIO, "could not list the pages' folder");
    }
    while (status == PIQ_OK && (entry = readdir(list))) {
        struct stat about;
        if (!is_sound(entry->d_name) || is_made(entry->d_name) ||
            fstatat(dirfd(list), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) ||
            !S_ISREG(about.st_mode))
            continue;
        status = read_file(p, dirfd(list), prefix, entry->d_name, err);
    }
    (void)closedir(list);
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const piq_pages_file *)a)->path,
                  ((const piq_pages_file *)b)->path);
}

static piq_status read_all(piq_pages *p, const char *dir, piq_err *err)
{
    const int how = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int top = open(dir, how);
    if (top < 0)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no folder %.200s", dir);
    int assets = openat(top, "assets", how | O_NOFOLLOW);
    piq_status status = read_folder(p, top, "/", err);
    if (assets >= 0 && status == PIQ_OK)
        status = read_folder(p, assets, "/assets/", err);
    else if (assets >= 0)
        (void)close(assets);
    if (status)
        return status;
    qsort(p->files, p->n, sizeof p->files[0], by_path);
    p->index = piq_pages_find(p, PIQ_STR("/index.html"));
    return p->index ? PIQ_OK
                    : piq_fail(err, PIQ_ENOTFOUND,
                               "there is no index.html in %.200s", dir);
}

piq_status piq_pages_open(const char *dir, piq_pages **out, piq_err *err)
{
    piq_pages *p = calloc(1, sizeof *p);
    if (!p)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the pages");
    piq_status status = read_all(p, dir, err);
    if (status)
        piq_pages_close(p);
    else
        *out = p;
    return status;
}

void piq_pages_close(piq_pages *p)
{
    for (size_t i = 0; p && i < p->n; i++)
        for (int c = 0; c < PIQ_PAGES_N_CODINGS; c++)
            piq_bytes_release(p->files[i].bytes[c]);
    free(p);
}

/* ---- asking --------------------------------------------------------------
 */

const piq_pages_file *piq_pages_find(const piq_pages *p, piq_str path)
{
    piq_pages_file wanted;
    if (path.len >= sizeof wanted.path || memchr(path.ptr, 0, path.len))
        return NULL;
    memcpy(wanted.path, path.ptr, path.len);
    wanted.path[path.len] = 0;
    return bsearch(&wanted, p->files, p->n, sizeof p->files[0], by_path);
}

const piq_pages_file *piq_pages_index(const piq_pages *p)
{
    return p->index;
}

/* A weight that is none refuses nothing. */
static bool accepted(piq_str accepts, const char *name)
{
    piq_accept said;
    while (piq_accept_next(&accepts, &said))
        if (piq_accept_is(&said, name))
            return said.weight != PIQ_ACCEPT_REFUSED;
    return false;
}

piq_pages_coding piq_pages_choose(const piq_pages_file *f, piq_str accepts)
{
    for (int c = PIQ_PAGES_BROTLI; c < PIQ_PAGES_N_CODINGS; c++)
        if (f->bytes[c] && accepted(accepts, coding_names[c]))
            return (piq_pages_coding)c;
    return PIQ_PAGES_PLAIN;
}
