/* trace.h - W3C Trace Context (Recommendation, 23 November 2021): which call of
 * somebody else's a request is part of.
 *
 * A caller that traces sends `traceparent`: version, trace, its own span,
 * flags, in hexadecimal. The request is then a span of its own below it: logs
 * name the trace, and the reply says which span it was. Without the header, or
 * with one that is not sound, nothing is traced: no ids are made here, since
 * there is nowhere that they would be sent.
 *
 * Pure; any thread.
 */
#ifndef PIQ_API_TRACE_H
#define PIQ_API_TRACE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { PIQ_TRACEPARENT_BYTES = 56 }; /* with the NUL */

typedef struct piq_trace {
    bool on;
    char trace[33];  /* lower-case hexadecimal */
    char parent[17]; /* the caller's span */
    char span[17];   /* ours */
    uint8_t flags;   /* 1: sampled; other bits are not handed on */
} piq_trace;

/* Reads the header. `seed` makes our span: different for each request of all
 * engines. False, and *out is off: it is not sound. Of a later version what
 * version 00 has is read, as section 4.3 of the Recommendation asks. */
bool piq_trace_read(piq_str header, uint64_t seed, piq_trace *out);

/* The header with our span, in version 00. */
void piq_trace_write(const piq_trace *t, char out[PIQ_TRACEPARENT_BYTES]);

#endif
