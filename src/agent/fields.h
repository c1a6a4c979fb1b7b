/* fields.h - members of a message, read leniently: what is not known is
 * ignored, what is known must be right.
 *
 * Refusals are PIQ_EINVAL with a message that names the member. Pure.
 */
#ifndef PIQ_AGENT_FIELDS_H
#define PIQ_AGENT_FIELDS_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Integers; a number without a fraction (3.0) counts as one. */
bool piq_agent_is_int(const json_t *v, int64_t *out);
PIQ_MUST_USE piq_status piq_agent_int(const json_t *object, const char *member,
                                      int64_t low, int64_t high, int64_t *out,
                                      piq_err *err);
/* *out keeps its value when the member is not there. */
PIQ_MUST_USE piq_status piq_agent_number(const json_t *object,
                                         const char *member, double low,
                                         double high, double *out,
                                         piq_err *err);
/* NULL in *out when it is not there and `required` is false. */
PIQ_MUST_USE piq_status piq_agent_array(const json_t *object,
                                        const char *member, size_t max,
                                        bool required, const json_t **out,
                                        piq_err *err);
/* A score: 0 .. 1, or true and false. */
bool piq_agent_score(const json_t *v, double *out);

#endif
