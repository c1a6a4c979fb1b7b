/* syntax.h - the small grammars that a statement's strings are written in.
 *
 * Each tells whether the whole slice is a word of its grammar. Pure; any
 * thread. Strings come from JSON, so they are UTF-8 already.
 */
#ifndef PIQ_XAPI_SYNTAX_H
#define PIQ_XAPI_SYNTAX_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 9562, section 4: 8-4-4-4-12 hexadecimal digits, either case. */
bool piq_xapi_is_uuid(piq_str s);
/* RFC 3987: a scheme and something after it; ASCII that URIs do not allow, bad
 * escapes, a second "#" and brackets outside an address are refused. */
bool piq_xapi_is_iri(piq_str s);
/* "mailto:" and one address of RFC 5321 without quotes. */
bool piq_xapi_is_mailbox(piq_str s);
/* RFC 5646, well-formed: section 2.1, with the irregular tags. */
bool piq_xapi_is_language(piq_str s);
/* RFC 9110, section 8.3.1. */
bool piq_xapi_is_media_type(piq_str s);
/* Exactly so many hexadecimal digits. */
bool piq_xapi_is_hex(piq_str s, size_t n);
/* RFC 3339 from 1970 on, and no offset "-00:00", which the standard refuses.
 * `at_us` may be NULL. */
bool piq_xapi_is_instant(piq_str s, int64_t *at_us);
/* ISO 8601 duration: P1W, or P1Y2M3DT4H5M6.7S in parts, a fraction only in the
 * last. A year counts as 365.25 days, a month as a twelfth of it. `ms` may be
 * NULL; it is cut at 2^53. */
bool piq_xapi_is_duration(piq_str s, double *ms);

#endif
