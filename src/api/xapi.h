/* xapi.h - what the two halves of /xapi share. Private to api/. */
#ifndef PIQ_API_XAPI_H
#define PIQ_API_XAPI_H

#include "api/exchange.h"
#include "api/xapi_desk.h"

/* Which version of the standard is asked for; the reply says so. False: it was
 * answered (400). */
bool piq_xapi_agree(piq_exchange *c, const char **version);
/* Up to when everything that was stored can be read. */
void piq_xapi_tell_through(piq_exchange *c);

#endif
