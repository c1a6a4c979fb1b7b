#include "cli/retrain.h"

#include "base/calendar.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

piq_retrain piq_retrain_begin(const char *db, int64_t every_hours)
{
    return (piq_retrain){.db = db, .every_us = every_hours * PIQ_US_PER_HOUR};
}

/* When the newest model was made; INT64_MIN: there is none. */
static piq_status newest_model(piq_store *store, int64_t *made_us, piq_err *err)
{
    piq_arena a;
    piq_model_row *models;
    size_t n = 0;
    piq_arena_init(&a, 0);
    piq_status status =
        store->ops->models(store, &a, PIQ_MODEL_KT, &models, &n, err);
    *made_us = status == PIQ_OK && n ? models[n - 1].made_us : INT64_MIN;
    piq_arena_release(&a);
    return status;
}

/* Nothing of the server's is left to the child but standard error; signals
 * that the server waits for are the child's own again. */
static int spawn(const char *db, pid_t *child)
{
    char *const argv[] = {"piq",          "train",    "kt",
                          "--db",         (char *)db, "--promote",
                          "--background", "--quiet",  NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    int failure = posix_spawn(child, "/proc/self/exe", &files, &attributes,
                              argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

static void start(piq_retrain *r)
{
    int failure = spawn(r->db, &r->child);
    if (failure) {
        piq_log_field why = piq_log_z("why", strerror(failure));
        r->child = 0;
        piq_log(PIQ_LOG_WARN, 0, "could not begin to train", &why, 1);
        return;
    }
    piq_log(PIQ_LOG_INFO, 0, "training a model in the background", NULL, 0);
}

static void look_after(piq_retrain *r)
{
    int how;
    pid_t done = waitpid(r->child, &how, WNOHANG);
    if (done == 0 || (done < 0 && errno == EINTR))
        return;
    bool ok = done > 0 && WIFEXITED(how) && WEXITSTATUS(how) == 0;
    piq_log_field code =
        piq_log_int("code", done > 0 && WIFEXITED(how) ? WEXITSTATUS(how) : -1);
    r->child = 0;
    piq_log(ok ? PIQ_LOG_INFO : PIQ_LOG_WARN, 0,
            ok ? "trained in the background" : "training did not succeed",
            &code, 1);
}

void piq_retrain_tick(piq_retrain *r, piq_store *store, bool leads,
                      int64_t now_us)
{
    int64_t made_us;
    piq_err err = {0};
    if (!r->every_us)
        return;
    if (r->child) {
        look_after(r);
        return;
    }
    if (!leads || (r->tried_us && now_us - r->tried_us < r->every_us))
        return;
    r->tried_us = now_us; /* the store is not asked again before it is due */
    if (newest_model(store, &made_us, &err)) {
        piq_log_err(0, "could not look for trained models", &err);
        return;
    }
    if (made_us != INT64_MIN && now_us - made_us < r->every_us) {
        r->tried_us = made_us;
        return;
    }
    start(r);
}

void piq_retrain_end(piq_retrain *r)
{
    if (!r->child)
        return;
    /* Its work is one transaction at the end: nothing is left half done. */
    kill(r->child, SIGKILL);
    while (waitpid(r->child, NULL, 0) < 0 && errno == EINTR)
        continue;
    r->child = 0;
}
