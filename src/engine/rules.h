/* rules.h - the rules of the business, as a user of the engine handles them.
 *
 * Threads: any.
 */
#ifndef PIQ_ENGINE_RULES_H
#define PIQ_ENGINE_RULES_H

#include "engine/engine.h"

#include <jansson.h>

typedef struct piq_rules_change {
    uint32_t version; /* in force now */
    bool changed;     /* false: they were the same already */
} piq_rules_change;

/* Stores a set of rules as the next version and puts it in force; one that is
 * the same as what is in force makes no version. `if_version`: refused with
 * PIQ_ESTALE unless that is in force; -1: any. PIQ_EINVAL: err names the
 * pointer of what is wrong. */
PIQ_MUST_USE piq_status piq_engine_load_rules(piq_engine *e,
                                              const json_t *document,
                                              int64_t if_version,
                                              piq_rules_change *change,
                                              piq_err *err);

/* Writes a stored set, 0: that in force, with version, when it was made, and
 * for each rule how many contents of the catalogue in force it matches:
 * {"version":..,"made_at":..,"rules":{..},"matches":{"spring":4},
 * "history":[..]}, the last the newest PIQ_RULES_HISTORY versions, newest
 * first, each with version and made_at. Without any stored, version 0 is an
 * empty set. PIQ_ENOTFOUND: no such version. */
enum { PIQ_RULES_HISTORY = 20 };
PIQ_MUST_USE piq_status piq_engine_show_rules(piq_engine *e, uint32_t version,
                                              piq_json_writer *w, piq_err *err);
/* The version in force; 0: none. */
uint32_t piq_engine_rules_version(piq_engine *e);

#endif
