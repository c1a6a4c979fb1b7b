/* main.c - the command line: piq SUBCOMMAND [options]. */
#include "cli/command.h"
#include "domain/json_memory.h"

#include <signal.h>
#include <string.h>

static const piq_command *const commands[] = {
    &piq_cmd_serve,      &piq_cmd_demo,     &piq_cmd_import,
    &piq_cmd_analyze,    &piq_cmd_progress, &piq_cmd_recommend,
    &piq_cmd_path,       &piq_cmd_predict,  &piq_cmd_catalogue,
    &piq_cmd_simulate,   &piq_cmd_export,   &piq_cmd_replay,
    &piq_cmd_eval,       &piq_cmd_train,    &piq_cmd_model,
    &piq_cmd_reviews,    &piq_cmd_agent,    &piq_cmd_rules,
    &piq_cmd_experiment, &piq_cmd_why_not,  &piq_cmd_config,
    &piq_cmd_migrate,    &piq_cmd_backup,   &piq_cmd_restore,
    &piq_cmd_version,    &piq_cmd_key,      &piq_cmd_signer,
    &piq_cmd_coach,      &piq_cmd_token,    &piq_cmd_audit,
    &piq_cmd_session};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void show_usage(FILE *to)
{
    fprintf(to, "usage: piq COMMAND [options] (piq COMMAND --help)\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
}

/* Results that could not be written were not given: a full disk, or nobody at
 * the other end. */
static int written(int code)
{
    if (code != PIQ_DONE || (!fflush(stdout) && !ferror(stdout)))
        return code;
    fprintf(stderr, "piq: could not write to standard output\n");
    return PIQ_COULD_NOT;
}

int main(int argc, char **argv)
{
    piq_json_memory_install();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a full file is an error, no death */
    if (argc < 2) {
        show_usage(stderr);
        return PIQ_WRONG_USE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        show_usage(stdout);
        return written(PIQ_DONE);
    }
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return written(commands[i]->run(commands[i], argc - 1, argv + 1));
    fprintf(stderr, "piq: there is no command \"%s\"\n", argv[1]);
    show_usage(stderr);
    return PIQ_WRONG_USE;
}
