#include "feature/schema.h"

#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>

static const piq_feature_column columns[PIQ_N_FEATURES] = {
#define ROW(NAME, column, group, unit) {column, unit, PIQ_FEATURES_##group},
    PIQ_FEATURE_COLUMNS(ROW)
#undef ROW
};

const piq_feature_column *piq_feature_columns(void)
{
    return columns;
}

const char *piq_feature_group_name(piq_feature_group g)
{
    switch (g) {
    case PIQ_FEATURES_ITEM:
        return "item";
    case PIQ_FEATURES_ATTEMPT:
        return "attempt";
    case PIQ_FEATURES_CONCEPT:
        return "concept";
    case PIQ_FEATURES_LEARNER:
        return "learner";
    case PIQ_FEATURES_RECENT:
        return "recent";
    case PIQ_FEATURES_TIME:
        return "time";
    case PIQ_FEATURES_BELIEF:
        return "belief";
    }
    PIQ_ASSERT(false); /* not a group */
    return "";
}

static uint64_t with_text(uint64_t hash, const char *text)
{
    piq_str s = piq_str_of(text);
    return piq_hash_u64(hash ^ piq_hash_bytes(s.ptr, s.len));
}

uint64_t piq_feature_schema_hash(void)
{
    uint64_t hash = piq_hash_u64(PIQ_FEATURE_SCHEMA_VERSION);
    for (int i = 0; i < PIQ_N_FEATURES; i++) {
        hash = with_text(hash, columns[i].name);
        hash = with_text(hash, columns[i].unit);
        hash = with_text(hash, piq_feature_group_name(columns[i].group));
    }
    return hash;
}
