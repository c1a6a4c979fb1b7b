/* in_force.h - the champion of one kind in the store's registry, as the engine
 * holds it: read once, swapped while others go on with the one they hold.
 * For kinds that need nothing but their bytes; trained models are bound to a
 * catalogue besides and have a keeper of their own (models.c). Private to the
 * engine.
 */
#ifndef PIQ_ENGINE_IN_FORCE_H
#define PIQ_ENGINE_IN_FORCE_H

#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

/* The first member of what is held. */
typedef struct piq_hold {
    atomic_uint refs;
    uint32_t version;
    void (*free)(struct piq_hold *h); /* by the last reference */
} piq_hold;

typedef struct piq_hold_kind {
    piq_str kind;                   /* of the registry */
    const char *name;               /* the field of the log */
    const char *in_force, *refused; /* words of the log */
    size_t arena_bytes;             /* for one row; 0: the default */
    /* Makes one of a row's bytes. `a` is scratch. refs, version and free are
     * the caller's to set. */
    PIQ_MUST_USE piq_status (*read)(piq_arena *a, piq_str body, piq_hold **out,
                                    piq_err *err);
    void (*free)(piq_hold *h);
} piq_hold_kind;

typedef struct piq_in_force {
    pthread_mutex_t lock; /* what follows, for moments only */
    piq_hold *now;        /* NULL: none */
    uint32_t champion;    /* number of the row that it was chosen by */
} piq_in_force;

void piq_in_force_init(piq_in_force *f);
void piq_in_force_destroy(piq_in_force *f);

/* One reference; NULL: none. Any thread. */
piq_hold *piq_in_force_now(piq_in_force *f);
void piq_hold_release(piq_hold *h);           /* NULL is allowed */
uint32_t piq_hold_version(const piq_hold *h); /* 0 for NULL */

/* One that is or was in force. Version 0: NULL. PIQ_ENOTFOUND, and what
 * reading it says. */
PIQ_MUST_USE piq_status piq_in_force_version(piq_in_force *f, piq_store *store,
                                             const piq_hold_kind *kind,
                                             uint32_t version, piq_hold **out,
                                             piq_err *err);
/* Takes over what the registry says, if that has changed. One that cannot be
 * read is refused aloud and once, which is no failure, and what is in force
 * stays. PIQ_ENOMEM, and what the store says. Any thread. */
PIQ_MUST_USE piq_status piq_in_force_adopt(piq_in_force *f, piq_store *store,
                                           const piq_hold_kind *kind,
                                           piq_err *err);

#endif
