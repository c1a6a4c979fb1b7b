#include "base/accept.h"

#include <string.h>
#include <strings.h>

/* The part before `at`; *rest goes on behind it. */
static piq_str cut(piq_str *rest, char at)
{
    const char *end = rest->len ? memchr(rest->ptr, at, rest->len) : NULL;
    piq_str part = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};
    size_t used = part.len + (end ? 1 : 0);
    *rest = (piq_str){rest->ptr + used, rest->len - used};
    return piq_str_trim(part);
}

static bool is_nought(piq_str number)
{
    for (size_t i = 0; i < number.len; i++)
        if (number.ptr[i] != '0' && number.ptr[i] != '.')
            return false;
    return true;
}

/* "0.5" as 500. */
static int thousandths(piq_str number)
{
    static const int place[] = {1000, 0, 100, 10, 1}; /* of "0.123" */
    int sum = 0;
    if (is_nought(number))
        return PIQ_ACCEPT_REFUSED;
    if (number.len > sizeof place / sizeof place[0])
        return PIQ_ACCEPT_UNCLEAR;
    for (size_t i = 0; i < number.len; i++) {
        char c = number.ptr[i];
        if (i == 1 ? c != '.' : c < '0' || c > '9')
            return PIQ_ACCEPT_UNCLEAR;
        sum += i == 1 ? 0 : (c - '0') * place[i];
    }
    return sum <= PIQ_ACCEPT_FULLY ? sum : PIQ_ACCEPT_UNCLEAR;
}

static int weight_of(piq_str text)
{
    if (!text.len)
        return PIQ_ACCEPT_FULLY;
    if (text.len < 3 || (text.ptr[0] | 0x20) != 'q' || text.ptr[1] != '=')
        return PIQ_ACCEPT_UNCLEAR;
    return thousandths((piq_str){text.ptr + 2, text.len - 2});
}

bool piq_accept_next(piq_str *field, piq_accept *out)
{
    while (field->len) {
        piq_str parameters = cut(field, ',');
        piq_str coding = cut(&parameters, ';');
        if (!coding.len)
            continue;
        *out = (piq_accept){coding, weight_of(piq_str_trim(parameters))};
        return true;
    }
    return false;
}

bool piq_accept_is(const piq_accept *member, const char *coding)
{
    piq_str said = member->coding;
    return said.len == strlen(coding) &&
           strncasecmp(said.ptr, coding, said.len) == 0;
}
