/* cursor.h - where a list goes on: an opaque word that a client gives back.
 *
 * A cursor is a place in the order of one list: a number, and where that is not
 * enough a name beside it. Places are of what is listed, not counts, so that
 * what is added meanwhile moves nothing: no row comes twice, none is left out.
 *
 *     0: form, 1   1: list   2..9: number, big endian   10..: name
 *     last 4: check sum over all before and over whose list it is
 *
 * in base64url without padding. The check sum keeps cursors of other lists, of
 * other learners and mistyped ones apart; it is no secret, and a forged cursor
 * leads nowhere that the caller may not read anyway.
 *
 * Pure; any thread.
 */
#ifndef PIQ_API_CURSOR_H
#define PIQ_API_CURSOR_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PIQ_CURSOR_NAME_BYTES = 64,
    PIQ_CURSOR_TEXT_BYTES = 112 /* with the NUL */
};

/* Which list; part of the form: never renumbered. */
typedef enum piq_cursor_list {
    PIQ_CURSOR_EVENTS = 1,
    PIQ_CURSOR_HISTORY = 2,
    PIQ_CURSOR_LEARNERS = 3,
    PIQ_CURSOR_RULES = 4,
    PIQ_CURSOR_EXPERIMENTS = 5,
    PIQ_CURSOR_COACHED = 6
} piq_cursor_list;

typedef struct piq_cursor {
    int64_t at;
    char name[PIQ_CURSOR_NAME_BYTES + 1]; /* may be empty */
} piq_cursor;

/* `owner` is whose list it is: a learner, or a tenant. A longer name than there
 * is room for is cut. */
void piq_cursor_write(const piq_cursor *c, piq_cursor_list list, int64_t owner,
                      char out[PIQ_CURSOR_TEXT_BYTES]);
/* False: not a cursor of this list. */
bool piq_cursor_read(piq_str text, piq_cursor_list list, int64_t owner,
                     piq_cursor *out);

#endif
