/* log.h - structured lines: level, message, fields, to a sink the caller sets.
 *
 * The library itself never prints: with no sink set, lines go nowhere. A line
 * is built on the stack (2 KiB, cut) and handed to the sink in one call, with
 * the newline that ends it counted in `len`. Values are escaped: one call, one
 * line.
 * Thread safe; the sink and the level are set once, before threads start.
 * Secrets (keys, tokens, bodies) are never passed to it.
 */
#ifndef PIQ_BASE_LOG_H
#define PIQ_BASE_LOG_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum piq_log_level {
    PIQ_LOG_DEBUG,
    PIQ_LOG_INFO,
    PIQ_LOG_WARN,
    PIQ_LOG_ERROR
} piq_log_level;

typedef void piq_log_sink(void *ctx, const char *line, size_t len);

void piq_log_configure(piq_log_level least, bool json, piq_log_sink *sink,
                       void *ctx);
bool piq_log_on(piq_log_level level);

/* One field of a line. Build with the functions below. */
typedef struct piq_log_field {
    const char *key;
    enum { PIQ_LOG_F_Z, PIQ_LOG_F_INT, PIQ_LOG_F_DOUBLE } kind;
    const char *z;
    int64_t i;
    double d;
} piq_log_field;

piq_log_field piq_log_z(const char *key, const char *value);
piq_log_field piq_log_int(const char *key, int64_t value);
piq_log_field piq_log_double(const char *key, double value);

/* `request_id` 0 when the line belongs to no request. */
void piq_log(piq_log_level level, uint64_t request_id, const char *message,
             const piq_log_field *fields, size_t n_fields);
/* A failure, with its message, place and hint. */
void piq_log_err(uint64_t request_id, const char *message, const piq_err *err);

/* Who is told of background work that failed and is tried again: of one reason
 * that many tell of, the log needs one line. `tell` NULL: the log, each time.
 */
typedef struct piq_reporter {
    void (*tell)(void *ctx, const char *what, const piq_err *err);
    void *ctx;
} piq_reporter;
void piq_reporter_tell(const piq_reporter *to, const char *what,
                       const piq_err *err);

#endif
