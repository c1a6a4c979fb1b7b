/* record.h - what every backend asks of a record before it is written.
 *
 * Pure; any thread.
 */
#ifndef PIQ_STORE_RECORD_H
#define PIQ_STORE_RECORD_H

#include "store/store.h"

/* PIQ_EINVAL: kind, key or a version is not of the form that store.h asks for;
 * PIQ_ELIMIT: the document is too large. Whether it is JSON is the backend's to
 * find out. */
PIQ_MUST_USE piq_status piq_record_check(const piq_record *r, piq_err *err);

/* What is there of a record's name. */
typedef struct piq_record_there {
    bool is; /* a row, expired or not */
    int64_t version, expires_us;
} piq_record_there;

/* The version that writing `r` gives, or the refusal, given what is there;
 * *drop: the row (if any) is to go instead. PIQ_ESTALE; PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_record_next(const piq_record *r,
                                        const piq_record_there *there,
                                        int64_t *version, bool *drop,
                                        piq_err *err);

#endif
