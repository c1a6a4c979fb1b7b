/* endpoints.h - where endpoints are kept: records of the store, kind "webhook"
 * (what was asked for, and the secret) and "webhook_mark" (how it goes, written
 * by whoever tells). Private to webhook/. */
#ifndef PIQ_WEBHOOK_ENDPOINTS_H
#define PIQ_WEBHOOK_ENDPOINTS_H

#include "webhook/webhook.h"

/* One with its secret. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_webhook_read(piq_store *store, piq_str id,
                                         piq_webhook *out,
                                         char secret[PIQ_WEBHOOK_SECRET_BYTES],
                                         piq_err *err);
/* Keeps how it goes. */
PIQ_MUST_USE piq_status piq_webhook_note(piq_store *store,
                                         const piq_webhook *hook, piq_err *err);

#endif
