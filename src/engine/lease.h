/* lease.h - which of several processes does what one is to do.
 *
 * A record names the holder, who rewrites it now and then. A follower that has
 * seen no rewrite for the lease's time, by its own steady clock, takes it over
 * from the version it saw: of two that try, one gets it. Nobody's wall clock is
 * asked. A holder that could not rewrite it for two thirds of the time no
 * longer counts on it, so that there are two at once only where a process was
 * stopped between asking and doing: what a leader writes is guarded by numbers
 * besides (calibrations, champions), and a second one is harmless.
 *
 *     absent ---- put from 0 ----> mine --- rewritten in time ---> mine
 *       ^                           |
 *       +--- released when closed --+--- overtaken (PIQ_ESTALE) --> another's
 *                                                                    |
 *     mine <--- put from the version seen, silent for the time ------+
 *
 * One thread at a time.
 */
#ifndef PIQ_ENGINE_LEASE_H
#define PIQ_ENGINE_LEASE_H

#include "store/store.h"

#define PIQ_RECORD_LEASE PIQ_STR("lease")
enum { PIQ_HOLDER_BYTES = 33 };

typedef struct piq_lease {
    piq_store *store;
    piq_str key; /* borrowed */
    int64_t hold_ns;
    char holder[PIQ_HOLDER_BYTES]; /* 32 hexadecimal digits */
    bool mine;
    int64_t version; /* mine: as I wrote it; else as last seen */
    int64_t seen_ns; /* mine: written; else when `version` was first seen */
} piq_lease;

/* PIQ_EINTERNAL: the system has no random numbers. */
PIQ_MUST_USE piq_status piq_lease_init(piq_lease *l, piq_store *store,
                                       piq_str key, int64_t hold_ns,
                                       piq_err *err);
/* Takes it, renews it, or watches; `now_ns` is piq_clock_monotonic_ns(),
 * at_us the wall clock's, for people to read. When the store fails, what was
 * so far holds, until two thirds of the time are over; statuses are the
 * store's. */
PIQ_MUST_USE piq_status piq_lease_tick(piq_lease *l, int64_t now_ns,
                                       int64_t at_us, piq_err *err);
bool piq_lease_is_mine(const piq_lease *l, int64_t now_ns);
/* Gives it up, so that another need not wait. Nothing when it is not mine. */
void piq_lease_release(piq_lease *l);

#endif
