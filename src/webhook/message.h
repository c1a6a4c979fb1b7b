/* message.h - from changes to messages. Pure; any thread. */
#ifndef PIQ_WEBHOOK_MESSAGE_H
#define PIQ_WEBHOOK_MESSAGE_H

#include "base/buf.h"
#include "store/store.h"

enum { PIQ_MESSAGE_ID_BYTES = 80, PIQ_MESSAGE_TRACE_BYTES = 56 };

/* One message: the newest of a learner's changes of one kind. */
typedef struct piq_message {
    piq_user_id user;
    uint32_t what;   /* one of PIQ_CHANGED_.. */
    int64_t mark;    /* of the newest */
    int64_t version; /* the newest that a change told; 0: none did */
    int64_t at_us;
} piq_message;

/* What of `changes` (by mark) a listener to `what` of `tenant` is to be told,
 * by mark. [n * 4] at most; *n_out out; in `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_messages_of(piq_arena *a, const piq_change *changes,
                                        size_t n, uint32_t tenant,
                                        uint32_t what, piq_message **out,
                                        size_t *n_out);

/* The same message always has the same id. */
void piq_message_id(const piq_message *m, char out[PIQ_MESSAGE_ID_BYTES]);
/* W3C traceparent of one attempt to tell `endpoint` the message: its trace is
 * the same however often it is tried, its span is `span`, 0 aside. */
void piq_message_trace(const piq_message *m, const char *endpoint,
                       uint64_t span, char out[PIQ_MESSAGE_TRACE_BYTES]);
/* CloudEvents 1.0, JSON. Errors show in out->status. */
void piq_message_body(const piq_message *m, const char *source, piq_buf *out);

#endif
