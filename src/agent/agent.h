/* agent.h - the engine as one side of a teaching dialogue.
 *
 * The other side, a simulator as a rule, says what there is to learn and who
 * wants to learn it, and asks what to practise next; one JSON object a line
 * (protocol 1, in src/agent/README.md). The agent knows only what these lines
 * say. It takes a line and gives a reply; reading and writing are the
 * caller's (cli/agent.c).
 *
 *     new -- hello --> greeted -- reset --> teaching -- end --> greeted
 *                                  ^  |  next, outcome            |
 *                                  +--+------ reset <-------------+
 *
 * Deterministic: the same lines give the same replies. One thread at a time.
 */
#ifndef PIQ_AGENT_AGENT_H
#define PIQ_AGENT_AGENT_H

#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>

typedef struct piq_agent piq_agent;

/* PIQ_ENOMEM leaves *out untouched. */
PIQ_MUST_USE piq_status piq_agent_new(piq_agent **out);
void piq_agent_free(piq_agent *a);

/* Takes one line, without its end. What must be answered is appended to
 * `reply` without a line end (only `next` asks for one; at most one item of
 * hello, or a path within what is left, or stop). *bye: the dialogue is over.
 * PIQ_EPARSE, PIQ_EINVAL, PIQ_ELIMIT: the line is not as the protocol says,
 * and err->message what is wrong with it; PIQ_ENOMEM. After a failure only
 * piq_agent_free may follow. */
PIQ_MUST_USE piq_status piq_agent_hear(piq_agent *a, piq_str line,
                                       piq_buf *reply, bool *bye, piq_err *err);

#endif
