/* agent.c - piq agent: the teaching dialogue on standard input and output. */
#include "agent/agent.h"
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

/* A line as read, without its end. */
static piq_str trimmed(const char *line, ssize_t len)
{
    size_t n = (size_t)len;
    while (n > 0 && strchr("\r\n", line[n - 1]))
        n--;
    return (piq_str){line, n};
}

static bool blank(piq_str s)
{
    return strspn(s.ptr, " \t\r\n") >= s.len;
}

static int send(piq_buf *reply)
{
    if (reply->len == 0)
        return PIQ_DONE;
    piq_buf_add_char(reply, '\n');
    size_t len = reply->status ? 0 : reply->len;
    if (len && fwrite(reply->ptr, 1, len, stdout) == len && !fflush(stdout))
        return PIQ_DONE;
    fprintf(stderr, "piq agent: could not write a reply\n");
    return PIQ_COULD_NOT;
}

static int refuse(unsigned long long number, piq_status status,
                  const piq_err *err)
{
    fprintf(stderr, "piq agent: line %llu: %s\n", number,
            err->message[0] ? err->message : piq_status_text(status));
    return status == PIQ_ENOMEM ? PIQ_COULD_NOT : PIQ_WRONG_USE;
}

static int talk(piq_agent *a, piq_buf *reply)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int code = PIQ_DONE;
    bool bye = false;
    for (unsigned long long number = 1;
         code == PIQ_DONE && !bye && (len = getline(&line, &room, stdin)) >= 0;
         number++) {
        piq_err err = {0};
        piq_str text = trimmed(line, len);
        if (blank(text))
            continue;
        piq_buf_clear(reply);
        piq_status status = piq_agent_hear(a, text, reply, &bye, &err);
        code = status ? refuse(number, status, &err) : send(reply);
    }
    free(line);
    return code;
}

static int agent(const piq_command *self, int argc, char **argv)
{
    piq_arguments args;
    piq_agent *a;
    piq_buf reply;
    int code = piq_parse_arguments(self, argc, argv, NULL, 0, 0, &args);
    if (code >= 0)
        return code;
    if (piq_agent_new(&a)) {
        fprintf(stderr, "piq agent: no memory\n");
        return PIQ_COULD_NOT;
    }
    piq_buf_init(&reply, 0);
    code = talk(a, &reply);
    piq_buf_release(&reply);
    piq_agent_free(a);
    return code;
}

const piq_command piq_cmd_agent = {
    "agent", "", "Teaches simulated learners: JSON lines (src/agent).", "",
    agent};
