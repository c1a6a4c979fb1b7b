#include "base/status.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

const char *piq_status_text(piq_status status)
{
    switch (status) {
#define PIQ_STATUS_CASE(name, value, text)                                     \
    case name:                                                                 \
        return text;
        PIQ_STATUS_LIST(PIQ_STATUS_CASE)
#undef PIQ_STATUS_CASE
    }
    return "unknown status";
}

const char *piq_version(void)
{
    return PIQ_VERSION;
}

_Noreturn void piq_assert_fail(const char *cond, const char *file, int line)
{
    /* The one thing the library ever prints: the process ends here. */
    fprintf(stderr, "piq: internal error at %s:%d: not true: %s\n", file, line,
            cond);
    abort();
}

/* What is quoted may be anybody's bytes, and a cut may fall inside a character:
 * a message is UTF-8 whatever it is about. */
static void print(char *to, size_t size, const char *fmt, va_list ap)
{
    if (vsnprintf(to, size, fmt, ap) < 0)
        to[0] = '\0';
    piq_utf8_mend(to);
}

piq_status piq_fail(piq_err *err, piq_status status, const char *fmt, ...)
{
    if (!err)
        return status;
    err->status = status;
    err->where[0] = '\0';
    err->hint[0] = '\0';
    va_list ap;
    va_start(ap, fmt);
    print(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    return status;
}

void piq_err_at(piq_err *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list ap;
    va_start(ap, fmt);
    print(err->where, sizeof err->where, fmt, ap);
    va_end(ap);
}

void piq_err_hint(piq_err *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list ap;
    va_start(ap, fmt);
    print(err->hint, sizeof err->hint, fmt, ap);
    va_end(ap);
}
