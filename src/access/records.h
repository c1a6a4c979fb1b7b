/* records.h - going through all records of a kind. Private to access/. */
#ifndef PIQ_ACCESS_RECORDS_H
#define PIQ_ACCESS_RECORDS_H

#include "store/store.h"

/* Gets one; `a` is gone with the page that the record is of. */
typedef piq_status piq_on_record(void *ctx, piq_arena *a, const piq_record *r,
                                 piq_err *err);

/* Nobody's records of `kind` from since_us on (INT64_MIN: all), in the order of
 * listing, expired ones too; ends when *stop (may be NULL) is true, or with the
 * first failure. What is added meanwhile may come or not. */
PIQ_MUST_USE piq_status piq_access_each_record(piq_store *s, piq_str kind,
                                               int64_t since_us,
                                               piq_on_record *fn, void *ctx,
                                               const bool *stop, piq_err *err);

#endif
