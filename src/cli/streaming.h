/* streaming.h - replies without an end, from the api to the HTTP server.
 * Private to cli/. */
#ifndef PIQ_CLI_STREAMING_H
#define PIQ_CLI_STREAMING_H

#include "api/api.h"
#include "http/http.h"

/* Answers the piq_http_request that piq_api_handle was given as `ctx`. Static;
 * any thread. */
const piq_api_port *piq_streaming_port(void);

/* A reply's head for the server, in the reply's own strings. `lines` has room
 * for PIQ_API_MAX_LINES. */
piq_http_reply_head piq_reply_head(const piq_api_reply *r,
                                   piq_http_line *lines);

#endif
