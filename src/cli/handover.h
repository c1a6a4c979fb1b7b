/* handover.h - a listening socket that was passed on to this process, and
 * passing it on to the next one: restarts without a refused connection.
 *
 * In: systemd's protocol of socket activation, LISTEN_FDS and LISTEN_PID, one
 * socket (sd_listen_fds(3)). Out: the same, and PIQ_READY_FD, a pipe into
 * which the successor writes a byte once it accepts connections. READY=1 and
 * MAINPID go to NOTIFY_SOCKET when there is one (sd_notify(3)).
 *
 *     old: SIGUSR2 -> start(new) ......... ready -> stops accepting, drains
 *     new:            opens everything, accepts -> ready -> serves
 *
 * Both accept for a moment, and between the two nobody is turned away, since
 * what waits in the socket's queue is the socket's, not a process's. A
 * successor that ends or says nothing within the time changes nothing.
 *
 * Called by the main thread only.
 */
#ifndef PIQ_CLI_HANDOVER_H
#define PIQ_CLI_HANDOVER_H

#include "base/status.h"

#include <limits.h>
#include <sys/types.h>

typedef struct piq_handover {
    char program[PATH_MAX]; /* what to start; as it was named at our start */
    int inherited_fd;       /* 0: none */
    int ready_fd;           /* of a predecessor that waits; -1: none */
} piq_handover;

/* Looks at the environment and takes the variables out of it, before other
 * threads are there. PIQ_EINVAL: more than one socket was passed on. */
PIQ_MUST_USE piq_status piq_handover_begin(piq_handover *h, piq_err *err);

/* Connections are accepted: lets the predecessor and systemd know. */
void piq_handover_ready(piq_handover *h);

/* Starts the program anew with our arguments and `listen_fd`, and waits up to
 * timeout_ms until it is ready. PIQ_EIO: it could not be started, ended, or
 * was not ready in time and was ended; we go on. */
PIQ_MUST_USE piq_status piq_handover_start(const piq_handover *h, int listen_fd,
                                           int timeout_ms, pid_t *successor,
                                           piq_err *err);

#endif
