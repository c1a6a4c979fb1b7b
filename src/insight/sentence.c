#include "insight/sentence.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

const char *piq_sentence(piq_teller *t, const char *fmt, ...)
{
    char text[PIQ_MAX_SENTENCE_BYTES];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t n = len < 0 ? 0 : (size_t)len;
    if (n >= sizeof text)
        n = sizeof text - 1;
    const char *kept = piq_arena_strndup(t->arena, text, n);
    t->failed |= !kept;
    return kept;
}

int piq_percent(double x)
{
    return isfinite(x) ? (int)lround(x * 100) : 0;
}
