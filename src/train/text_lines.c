#include "train/text_lines.h"

piq_str piq_text_take(piq_str *rest, char end)
{
    const char *at = rest->len ? memchr(rest->ptr, end, rest->len) : NULL;
    piq_str taken = {rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len};
    size_t step = taken.len + (at != NULL);
    if (step) {
        rest->ptr += step;
        rest->len -= step;
    }
    return taken;
}

bool piq_text_next_line(piq_text_lines *s, piq_str *line)
{
    if (s->rest.len == 0)
        return false;
    *line = piq_text_take(&s->rest, '\n');
    if (line->len && line->ptr[line->len - 1] == '\r')
        line->len--;
    s->line++;
    return true;
}

bool piq_text_whole(piq_str field, int64_t low, int64_t high, int64_t *out)
{
    return piq_str_to_i64(field, out) && *out >= low && *out <= high;
}

size_t piq_text_count(piq_str text, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == c;
    return n;
}
