/* bytes.h - immutable bytes that several owners share, counted.
 *
 * A reply is rendered once and sent many times; each holder has a reference.
 * Retain and release from any thread.
 */
#ifndef PIQ_BASE_BYTES_H
#define PIQ_BASE_BYTES_H

#include "base/str.h"

typedef struct piq_bytes piq_bytes;

/* Takes ownership of `bytes` (malloc'd, may be NULL when len is 0), also when
 * it fails. NULL: no memory. One reference. */
piq_bytes *piq_bytes_take(char *bytes, size_t len);
piq_bytes *piq_bytes_retain(piq_bytes *b); /* NULL gives NULL */
void piq_bytes_release(piq_bytes *b);      /* NULL is allowed */
piq_str piq_bytes_str(const piq_bytes *b); /* empty for NULL */

#endif
