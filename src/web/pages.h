/* pages.h - the files of the dashboard: read once, looked up by their path.
 *
 * A folder is listed when it is opened: its own files and those of `assets/`
 * in it, with what was made beside each of them to be sent in its place
 * (`x.js.br`, `x.js.gz`). What is not in that list does not exist, so no path,
 * however written, leads out of the folder. Links are not followed; names are
 * letters, digits, '.', '_' and '-', and do not begin with '.'.
 *
 * Immutable once opened: any number of threads may look things up.
 */
#ifndef PIQ_WEB_PAGES_H
#define PIQ_WEB_PAGES_H

#include "base/bytes.h"
#include "base/status.h"

#include <stdbool.h>

enum {
    PIQ_PAGES_MAX_FILES = 512,
    PIQ_PAGES_MAX_BYTES = 32 << 20 /* of all of them */
};

typedef struct piq_pages piq_pages;

typedef enum piq_pages_coding {
    PIQ_PAGES_PLAIN,
    PIQ_PAGES_BROTLI,
    PIQ_PAGES_GZIP,
    PIQ_PAGES_N_CODINGS
} piq_pages_coding;

/* As Content-Encoding has it; NULL for plain. Static. */
const char *piq_pages_coding_name(piq_pages_coding coding);

typedef struct piq_pages_file {
    char path[128];   /* as asked for: "/assets/index-BqAwziZJ.css" */
    const char *type; /* media type; static */
    bool forever;     /* its name tells its content: below /assets/ */
    piq_bytes *bytes[PIQ_PAGES_N_CODINGS]; /* the pages'; NULL: not made */
    char tag[17];                          /* of the plain content, hex */
} piq_pages_file;

/* Reads `dir`. PIQ_ENOTFOUND: no such folder, or no index.html in it.
 * PIQ_EINVAL: a file of a type that is not known here, or a name too long.
 * PIQ_ELIMIT: more or larger files than allowed. PIQ_EIO, PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_pages_open(const char *dir, piq_pages **out,
                                       piq_err *err);
void piq_pages_close(piq_pages *p); /* NULL is allowed */

/* The file of exactly this path; NULL: there is none. Lives as long as `p`. */
const piq_pages_file *piq_pages_find(const piq_pages *p, piq_str path);
/* The page itself, whatever it is called in the address. */
const piq_pages_file *piq_pages_index(const piq_pages *p);

/* Which of the file's codings to send to a client that accepts these
 * (Accept-Encoding, RFC 9110 12.5.3): of those with a weight above 0 that were
 * made, brotli, then gzip. */
piq_pages_coding piq_pages_choose(const piq_pages_file *f, piq_str accepts);

#endif
