/* stream_hub.h - a stream and the hub, as the hub's thread and what it sends
 * know them. Private to stream_hub.c and stream_tell.c.
 *
 * Everything in a stream is the thread's, but what is said to be another's.
 */
#ifndef PIQ_API_STREAM_HUB_H
#define PIQ_API_STREAM_HUB_H

#include "api/stream.h"
#include "base/map.h"

#include <pthread.h>
#include <stdatomic.h>

/* A path in full is the engine's to make. */
typedef enum piq_path_asking {
    PIQ_PATH_IDLE,
    PIQ_PATH_ASKED,
    PIQ_PATH_ANSWERED
} piq_path_asking;

struct piq_stream {
    piq_streams *hub;
    piq_stream *next;      /* fresh, or told */
    piq_stream *same_user; /* told */
    piq_stream *next_due;
    piq_stream_wish wish;
    const piq_api_port *port;
    void *to;
    atomic_bool gone;
    int64_t beat_at_us, ends_at_us;

    /* The hub thread's: what waits to be told. */
    bool is_fresh, is_due, over, cut;
    uint32_t what;
    int64_t mark; /* of the newest in it */

    atomic_int path; /* piq_path_asking; an owner thread answers */
    piq_bytes *document;
};

struct piq_streams {
    piq_api *api;
    unsigned max;
    /* Before the feed's lock, as `lock` is behind it. */
    pthread_mutex_t starting;
    bool running; /* under it */
    pthread_t thread;
    pthread_mutex_t lock; /* up to `stopping` */
    pthread_cond_t wake;
    piq_map per_caller; /* hash of who -> how many */
    unsigned n;         /* places taken */
    unsigned n_asked;   /* operations under way */
    piq_stream *fresh;
    bool nudged, stopping;

    /* The thread's alone. */
    piq_stream *told;
    piq_map by_user; /* learner -> first piq_stream of them */
    piq_stream *due;
    int64_t mark; /* everybody who is told has all up to here */
    piq_arena arena;
    bool reported;
    int64_t known_us; /* when credentials were last looked at */
};

/* The first bytes: when to come back, and behind which mark. */
void piq_stream_greet(piq_stream *s);
/* Tells what waits. False: it waits for a path; the hub is woken then. */
bool piq_stream_tell(piq_stream *s);
/* Forgets what waits: everything is to be read anew, up to `mark`. */
void piq_stream_reset(piq_stream *s, int64_t mark);
/* A comment, so that nobody on the way takes it for dead. */
void piq_stream_beat(piq_stream *s);
/* To be ended; `cut`: the client is to see that something is missing. */
void piq_stream_finish(piq_stream *s, bool cut);

#endif
