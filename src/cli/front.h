/* front.h - what src/http is started with, from the options of `piq serve`:
 * files of TLS are read, lists are split. Private to cli/. */
#ifndef PIQ_CLI_FRONT_H
#define PIQ_CLI_FRONT_H

#include "base/arena.h"
#include "cli/serve_options.h"
#include "http/http.h"

/* Fills *out, whose texts live in `a`. PIQ_EINVAL: one of --tls-cert and
 * --tls-key without the other. PIQ_ENOTFOUND, PIQ_EIO: a file of them. */
PIQ_MUST_USE piq_status piq_front_config(const piq_serve_options *o,
                                         piq_arena *a, piq_http_config *out,
                                         piq_err *err);

/* Reads the files of TLS anew and says in the log what became of it. */
void piq_front_reload(const piq_serve_options *o, piq_http_server *s);

#endif
