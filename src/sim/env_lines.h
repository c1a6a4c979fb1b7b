/* env_lines.h - what an environment says of itself, as lines of the teaching
 * dialogue (protocol 1, src/agent/README.md), without the line's end.
 *
 * Only what is told: the told graph, never what is hidden. Ids are positions.
 * The buffer is cleared first; its sticky status says when memory ran out.
 */
#ifndef PIQ_SIM_ENV_LINES_H
#define PIQ_SIM_ENV_LINES_H

#include "base/buf.h"
#include "sim/env.h"

void piq_env_hello(const piq_env *e, bool plan, uint64_t seed, piq_buf *b);
/* The learner who has begun; draws the answers of the entry exam. */
void piq_env_reset(piq_env *e, uint64_t episode, piq_buf *b);

#endif
