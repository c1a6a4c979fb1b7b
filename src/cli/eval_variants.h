/* eval_variants.h - a curriculum with more to choose from. Private to cli/. */
#ifndef PIQ_CLI_EVAL_VARIANTS_H
#define PIQ_CLI_EVAL_VARIANTS_H

#include "base/status.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Adds n - 1 variants of each content of a curriculum document that is no
 * course and no assessment, with its items: on the same concepts, of the next
 * format, .7 to 1.3 times as long and up to .05 easier or harder. Ids go on
 * after the greatest. PIQ_EINVAL: no contents. PIQ_ENOMEM. The document is then
 * of no use. */
PIQ_MUST_USE piq_status piq_add_variants(json_t *document, size_t n,
                                         uint64_t seed);

#endif
