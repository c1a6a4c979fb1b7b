#include "cli/command.h"

static int version(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    int code = piq_parse_arguments(self, argc, argv, NULL, 0, 0, &args);
    if (code >= 0)
        return code;
    printf(args.json ? "{\"version\":\"%s\"}\n" : "piq %s\n", piq_version());
    return PIQ_DONE;
}

const piq_command piq_cmd_version = {"version", "", "Prints the version.", "",
                                     version};
