/* stream.h - who listens to which learner, and the thread that tells them.
 * Private to api/.
 *
 *     engine's feed --nudge--> hub thread --reads changes()--> streams
 *
 * The change feed of the store is the queue: a stream is told what was
 * committed after the mark that it began with, by whichever process. What waits
 * together for one stream is told once. Of the events of one telling only the
 * last has an `id`, the mark of the newest change in it: a client that comes
 * back with that id has missed nothing.
 *
 *     fresh --(what it missed is read again, or `reset`)--> told --> ended
 *
 * Threads: the hub has one from the first stream on. Opening from any thread;
 * the transport may say that a client is gone at any time.
 */
#ifndef PIQ_API_STREAM_H
#define PIQ_API_STREAM_H

#include "api/api.h"

typedef struct piq_streams piq_streams;

/* `api` outlives it; max_streams 0: 4,096. NULL: no memory. */
piq_streams *piq_streams_new(piq_api *api, unsigned max_streams);
/* Ends every stream, and waits for what was asked of the engine, which must
 * still be open where there ever was a stream. NULL is allowed. */
void piq_streams_free(piq_streams *h);

/* What a client asks for. */
typedef struct piq_stream_wish {
    piq_user_id user;
    piq_caller caller;
    int64_t version; /* of the state, now */
    int64_t mark;    /* what was committed after it is told */
    bool full;       /* the documents themselves */
    bool missed;     /* its mark is none of ours: begins with `reset` */
} piq_stream_wish;

/* Takes a place for one. PIQ_ELIMIT: the caller has as many as one may have;
 * PIQ_EBUSY: there is no place at all; PIQ_ENOMEM. */
typedef struct piq_stream piq_stream;
PIQ_MUST_USE piq_status piq_stream_new(piq_streams *h,
                                       const piq_stream_wish *wish,
                                       piq_stream **out, piq_err *err);
/* Gives the place back; before piq_stream_begin only. */
void piq_stream_drop(piq_stream *s);
/* For the transport, when the client is gone; ctx is the stream. */
void piq_stream_gone(void *ctx);
/* What the transport has opened for it is the hub's from now on. */
void piq_stream_begin(piq_stream *s, const piq_api_port *port, void *to);

#endif
