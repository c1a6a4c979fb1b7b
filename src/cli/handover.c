/* handover.c - fork, exec, a pipe. Between fork and exec of a process with
 * threads only async-signal-safe calls are allowed, so that everything that
 * needs memory is made before. */
#include "cli/handover.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FIRST_FD = 3, /* SD_LISTEN_FDS_START */
    READY_FD = 4,
    ABOVE = 10, /* where the two are kept before they are put there */
    MAX_TEXT = 1 << 20
};

/* What the successor is started with. */
typedef struct launch {
    char *text;  /* our arguments, as /proc has them */
    char **argv; /* into it */
    char **envp; /* environ's, and three of ours */
    char listen_pid[32];
    char ready_fd[32];
} launch;

static int number_from(const char *name)
{
    const char *text = getenv(name);
    int64_t v = 0;
    if (!text || !piq_str_to_i64(piq_str_of(text), &v) || v < 0 || v > INT_MAX)
        return -1;
    return (int)v;
}

piq_status piq_handover_begin(piq_handover *h, piq_err *err)
{
    ssize_t len = readlink("/proc/self/exe", h->program, sizeof h->program - 1);
    h->program[len > 0 ? len : 0] = '\0';
    h->inherited_fd = 0;
    h->ready_fd = number_from("PIQ_READY_FD");
    int n = number_from("LISTEN_FDS");
    bool ours = number_from("LISTEN_PID") == (int)getpid();
    (void)unsetenv("PIQ_READY_FD");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDNAMES");
    if (h->ready_fd >= 0)
        (void)fcntl(h->ready_fd, F_SETFD, FD_CLOEXEC);
    if (!ours || n <= 0)
        return PIQ_OK;
    if (n > 1)
        return piq_fail(err, PIQ_EINVAL,
                        "could not take over %d listening sockets: one is "
                        "expected",
                        n);
    h->inherited_fd = FIRST_FD;
    return PIQ_OK;
}

/* To systemd, when it asked to be told. What cannot be sent is not told. */
static void notify(const char *text)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof at.sun_path)
        return;
    memcpy(at.sun_path, path, len);
    if (at.sun_path[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&at,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}

void piq_handover_ready(piq_handover *h)
{
    if (h->ready_fd >= 0) {
        /* A predecessor that is gone needs no word. */
        ssize_t done = write(h->ready_fd, "r", 1);
        (void)done;
        (void)close(h->ready_fd);
        h->ready_fd = -1;
    }
    notify("READY=1");
}

/* --- starting the next one ---------------------------------------------- */

/* All of a file of /proc, with `*len` bytes; NULL: not to be had. */
static char *read_proc(const char *path, size_t *len)
{
    char *text = malloc(MAX_TEXT);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    *len = 0;
    while (text && fd >= 0 && n > 0 && *len < MAX_TEXT - 1) {
        n = read(fd, text + *len, MAX_TEXT - 1 - *len);
        *len += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        (void)close(fd);
    if (!text || fd < 0 || n < 0 || *len == 0) {
        free(text);
        return NULL;
    }
    text[*len] = '\0';
    return text;
}

static bool make_argv(launch *l)
{
    size_t len;
    size_t n = 0;
    l->text = read_proc("/proc/self/cmdline", &len);
    if (!l->text)
        return false;
    for (size_t i = 0; i < len; i++)
        n += l->text[i] == '\0';
    l->argv = calloc(n + 2, sizeof *l->argv);
    if (!l->argv)
        return false;
    char *at = l->text;
    for (size_t i = 0; at < l->text + len; i++) {
        l->argv[i] = at;
        at += strlen(at) + 1;
    }
    return true;
}

static bool make_envp(launch *l)
{
    static char one_socket[] = "LISTEN_FDS=1";
    size_t n = 0;
    while (environ[n])
        n++;
    l->envp = calloc(n + 4, sizeof *l->envp);
    if (!l->envp)
        return false;
    memcpy(l->envp, environ, n * sizeof *l->envp);
    (void)snprintf(l->listen_pid, sizeof l->listen_pid, "LISTEN_PID=");
    (void)snprintf(l->ready_fd, sizeof l->ready_fd, "PIQ_READY_FD=%d",
                   READY_FD);
    l->envp[n] = one_socket;
    l->envp[n + 1] = l->listen_pid;
    l->envp[n + 2] = l->ready_fd;
    return true;
}

static void release(launch *l)
{
    free(l->text);
    free(l->argv);
    free(l->envp);
}

/* Async-signal-safe. */
static void put_number(char *to, long v)
{
    char digits[24];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    while (n > 0)
        *to++ = digits[--n];
    *to = '\0';
}

/* In the child; never returns. The descriptors are above the places they go
 * to, and everything else stays behind. */
static void become(const char *program, launch *l, int listen_fd, int ready_fd)
{
    put_number(l->listen_pid + strlen("LISTEN_PID="), (long)getpid());
    if (dup2(listen_fd, FIRST_FD) == FIRST_FD &&
        dup2(ready_fd, READY_FD) == READY_FD &&
        close_range(READY_FD + 1, ~0U, 0) == 0)
        (void)execve(program, l->argv, l->envp);
    _exit(127);
}

/* PIQ_OK: the byte came. */
static piq_status wait_ready(int fd, int timeout_ms, pid_t child, piq_err *err)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char byte;
    int status = 0;
    int n = poll(&p, 1, timeout_ms);
    if (n == 1 && read(fd, &byte, 1) == 1)
        return PIQ_OK;
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    if (n == 0)
        return piq_fail(err, PIQ_EIO,
                        "could not hand over: the new process was not ready "
                        "within %d s and was ended",
                        timeout_ms / 1000);
    return piq_fail(err, PIQ_EIO,
                    "could not hand over: the new process ended before it was "
                    "ready (status %d)",
                    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static piq_status fork_and_wait(const char *program, launch *l, int listen_fd,
                                int timeout_ms, pid_t *child, piq_err *err)
{
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0)
        return piq_fail(err, PIQ_EIO, "could not hand over: %s",
                        strerrordesc_np(errno));
    int ready = fcntl(low[1], F_DUPFD_CLOEXEC, ABOVE);
    int socket = fcntl(listen_fd, F_DUPFD_CLOEXEC, ABOVE);
    (void)close(low[1]);
    pid_t pid = ready >= 0 && socket >= 0 ? fork() : -1;
    if (pid == 0)
        become(program, l, socket, ready);
    int error = errno;
    if (ready >= 0)
        (void)close(ready);
    if (socket >= 0)
        (void)close(socket);
    piq_status st;
    if (pid < 0)
        st = piq_fail(err, PIQ_EIO, "could not hand over: %s",
                      strerrordesc_np(error));
    else
        st = wait_ready(low[0], timeout_ms, pid, err);
    (void)close(low[0]);
    *child = pid;
    return st;
}

static void tell_main_pid(pid_t pid)
{
    char text[64];
    (void)snprintf(text, sizeof text, "MAINPID=%ld\nREADY=1", (long)pid);
    notify(text);
}

piq_status piq_handover_start(const piq_handover *h, int listen_fd,
                              int timeout_ms, pid_t *successor, piq_err *err)
{
    launch l = {0};
    pid_t child = -1;
    piq_status st;
    if (!h->program[0])
        st = piq_fail(err, PIQ_EIO,
                      "could not hand over: this program's file is unknown");
    else if (!make_argv(&l) || !make_envp(&l))
        st = piq_fail(err, PIQ_ENOMEM, "could not hand over: no memory");
    else
        st = fork_and_wait(h->program, &l, listen_fd, timeout_ms, &child, err);
    release(&l);
    if (st != PIQ_OK)
        return st;
    tell_main_pid(child);
    *successor = child;
    return PIQ_OK;
}
