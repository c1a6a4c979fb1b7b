/* status.h - how every part of the engine says that something failed.
 *
 * The codes and the error record are part of the installed API (piq.h), so
 * that an embedding program sees the same ones; this header adds what only
 * the inside needs.
 *
 * A function that can fail returns a piq_status: PIQ_OK or a negative code.
 * Code that meets the outside (parsing, storage, configuration, sockets) also
 * takes `piq_err *err` as its last argument. `err` may be NULL. It is written
 * on failure only. A broken promise of our own code is no status: PIQ_ASSERT.
 */
#ifndef PIQ_BASE_STATUS_H
#define PIQ_BASE_STATUS_H

#include "piq.h"

#include <stdarg.h>

#if defined(__GNUC__)
#define PIQ_MUST_USE        __attribute__((warn_unused_result))
#define PIQ_PRINTF(fmt, at) __attribute__((format(printf, fmt, at)))
#else
#define PIQ_MUST_USE
#define PIQ_PRINTF(fmt, at)
#endif

/* Stays on in release builds: a broken invariant must not reach the store. */
#define PIQ_ASSERT(cond)                                                       \
    ((cond) ? (void)0 : piq_assert_fail(#cond, __FILE__, __LINE__))

_Noreturn void piq_assert_fail(const char *cond, const char *file, int line);

/* Fills *err (when not NULL) and returns `status`, so that a caller writes
 * `return piq_fail(err, PIQ_EINVAL, "...")`. The message names what could not
 * be done, to what; cut at the size of err->message. Clears pointer and hint.
 * Whatever it quotes, all three are UTF-8: "?" stands for what is none. */
piq_status piq_fail(piq_err *err, piq_status status, const char *fmt, ...)
    PIQ_PRINTF(3, 4);

/* Says where: a JSON pointer ("/events/3/at"), a file with line, a table. */
void piq_err_at(piq_err *err, const char *fmt, ...) PIQ_PRINTF(2, 3);

/* Says what would help, apart from the message. */
void piq_err_hint(piq_err *err, const char *fmt, ...) PIQ_PRINTF(2, 3);

#endif
