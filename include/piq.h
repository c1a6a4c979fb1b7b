/* piq.h - the Personalization Engine, embedded.
 *
 * libpiq is what the `piq` daemon runs on. A program that links it opens a
 * database file, posts what learners do, and asks for a profile, recommended
 * content, a learning path, analytics and predictions. Requests and replies
 * are the JSON of api/openapi.yaml; an HTTP status comes with each.
 * The program is trusted: no credential is asked for, and it may do everything,
 * to the learners of tenant 0.
 *
 *     piq *engine; piq_err err; piq_reply reply;
 *     if (piq_open("piq.db", NULL, &engine, &err) != PIQ_OK)
 *         fail(err.message);
 *     if (piq_call(engine, "GET", "/api/users/7/profile", NULL, 0, &reply)
 *         == PIQ_OK)
 *         use(reply.status, reply.body, reply.len);
 *     piq_reply_free(&reply);
 *     piq_close(engine);
 *
 * Threads: one `piq` may be called from any number of threads.
 * The library never prints, exits or touches signals, a failed internal
 * assertion apart (which says where and aborts).
 */
#ifndef PIQ_H
#define PIQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIQ_VERSION "0.1.0"

/* What can go wrong. The text is piq_status_text()'s. */
#define PIQ_STATUS_LIST(X)                                                     \
    X(PIQ_OK, 0, "done")                                                       \
    X(PIQ_ENOMEM, -1, "out of memory")                                         \
    X(PIQ_EINVAL, -2, "not valid")                                             \
    X(PIQ_EPARSE, -3, "not well formed")                                       \
    X(PIQ_ELIMIT, -4, "over a limit")                                          \
    X(PIQ_ENOTFOUND, -5, "not found")                                          \
    X(PIQ_ECONFLICT, -6, "in conflict with what is stored")                    \
    X(PIQ_ESTALE, -7, "changed meanwhile")                                     \
    X(PIQ_EBUSY, -8, "busy, try again")                                        \
    X(PIQ_EIO, -9, "storage failed")                                           \
    X(PIQ_EFULL, -10, "storage is full")                                       \
    X(PIQ_ECORRUPT, -11, "stored data is damaged")                             \
    X(PIQ_EDENIED, -12, "not allowed")                                         \
    X(PIQ_EINTERNAL, -13, "internal error")

typedef enum piq_status {
#define PIQ_STATUS_ENUM(name, value, text) name = value,
    PIQ_STATUS_LIST(PIQ_STATUS_ENUM)
#undef PIQ_STATUS_ENUM
} piq_status;

/* Never NULL; "unknown status" for a number that is none of ours. */
const char *piq_status_text(piq_status status);

/* What could not be done, to what, and where. Plain bytes: copy freely. */
typedef struct piq_err {
    piq_status status;
    char message[240]; /* what could not be done, to what */
    char where[160];   /* JSON pointer, file:line, table; may be empty */
    char hint[160];    /* what would help; may be empty */
} piq_err;

typedef struct piq piq;

/* Opens (and creates when missing) the SQLite file `path` and starts the
 * engine's threads. `options_json` may be NULL, else an object with any of
 * "owners", "queue_length", "cache_learners", "calibrate_every",
 * "slate_minutes", "maintain_ms" (positive integers; docs/OPERATING.md) and
 * "relaxed" (true: a power cut may lose the last commits, kill -9 not). On
 * failure *out is untouched and *err says why. PIQ_ECORRUPT, PIQ_EIO,
 * PIQ_EINVAL, PIQ_EBUSY. */
piq_status piq_open(const char *path, const char *options_json, piq **out,
                    piq_err *err);

/* Finishes what is in flight, writes it, frees everything. NULL is allowed. */
void piq_close(piq *engine);

/* One answer. `body` is `len` bytes, NUL-terminated, owned by the reply. */
typedef struct piq_reply {
    int status;       /* as HTTP: 200, 201, 400, 404, 409, 412, 503 .. */
    const char *type; /* media type; static */
    char etag[40];    /* version of what was read; may be empty */
    char *body;
    size_t len;
} piq_reply;

/* Does what the daemon does for one request: `method` and `target` (path and
 * query) are those of the API, `body` may be NULL. Returns after the effect is
 * durable. PIQ_OK whenever there is an answer, an error answer included;
 * PIQ_ENOMEM when not even that could be made. */
piq_status piq_call(piq *engine, const char *method, const char *target,
                    const char *body, size_t len, piq_reply *reply);

void piq_reply_free(piq_reply *reply);

/* The library's version, PIQ_VERSION of the build. */
const char *piq_version(void);

#ifdef __cplusplus
}
#endif
#endif
