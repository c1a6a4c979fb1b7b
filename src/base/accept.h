/* accept.h - what an Accept-Encoding field says: which codings, how welcome.
 *
 * RFC 9110, 12.5.3: members parted by commas. Each is a coding ("gzip", "br",
 * "identity", or "*" for every one that no other member names), and may have a
 * weight (12.4.2): ";q=" and a number from 0 to 1 of at most three decimals.
 * None said is 1, and 0 refuses the coding. What no member is about is for the
 * caller to decide, and so is which of two members about one coding holds.
 * Pure: nothing is allocated; any number of threads.
 */
#ifndef PIQ_BASE_ACCEPT_H
#define PIQ_BASE_ACCEPT_H

#include "base/str.h"

#include <stdbool.h>

enum {
    PIQ_ACCEPT_REFUSED = 0,
    PIQ_ACCEPT_FULLY = 1000, /* weights are in thousandths */
    PIQ_ACCEPT_UNCLEAR = -1  /* there is something, and it is no weight */
};

typedef struct piq_accept {
    piq_str coding; /* part of the field, as written there; never empty */
    int weight;     /* 0..1000, or PIQ_ACCEPT_UNCLEAR */
} piq_accept;

/* Takes the next member off the front of *field; false: there is none left,
 * and *out is untouched. Blanks and members without a coding are passed over.
 * Any bytes will do: no failure. A weight of nothing but noughts refuses,
 * whether or not RFC 9110 has it ("q=00"). */
bool piq_accept_next(piq_str *field, piq_accept *out);

/* Whether it is about this coding: letters of either case (8.4.1). */
bool piq_accept_is(const piq_accept *member, const char *coding);

#endif
