#include "xapi/syntax.h"

#include "base/calendar.h"

#include <strings.h>

/* In the C locale, whatever the process has. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_alpha(c);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static piq_str cut(piq_str s, size_t n)
{
    return (piq_str){s.ptr + n, s.len - n};
}

bool piq_xapi_is_hex(piq_str s, size_t n)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_hex(s.ptr[i]))
            return false;
    return s.len == n;
}

bool piq_xapi_is_uuid(piq_str s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.ptr[i] != '-' : !is_hex(s.ptr[i]))
            return false;
    }
    return true;
}

/* ---- IRI --------------------------------------------------------------- */

static size_t scheme_len(piq_str s)
{
    size_t n = 0;
    if (!s.len || !is_alpha(s.ptr[0]))
        return 0;
    while (n < s.len && (is_alnum(s.ptr[n]) || is_one_of(s.ptr[n], "+-.")))
        n++;
    return n < s.len && s.ptr[n] == ':' ? n + 1 : 0;
}

/* Code points of RFC 3987's ucschar and iprivate begin at U+00A0; what lies
 * below are controls. */
static bool is_ucs(const char *at, size_t len)
{
    const unsigned char *p = (const unsigned char *)at;
    return len > 2 || (len == 2 && (p[0] > 0xC2 || p[1] >= 0xA0));
}

/* An address in brackets right after "//" and an optional user. */
static bool is_address_bracket(piq_str rest, size_t at)
{
    if (rest.len < 2 || rest.ptr[0] != '/' || rest.ptr[1] != '/')
        return false;
    for (size_t i = 2; i < at; i++)
        if (is_one_of(rest.ptr[i], "/?#"))
            return false;
    return true;
}

static bool is_iri_char(piq_str rest, size_t at)
{
    char c = rest.ptr[at];
    if (c == '%')
        return at + 2 < rest.len && is_hex(rest.ptr[at + 1]) &&
               is_hex(rest.ptr[at + 2]);
    if (c == '[' || c == ']')
        return is_address_bracket(rest, at);
    return is_alnum(c) || is_one_of(c, "-._~:/?#@!$&'()*+,;=");
}

bool piq_xapi_is_iri(piq_str s)
{
    size_t n = scheme_len(s), marks = 0;
    piq_str rest = cut(s, n);
    if (!n || !rest.len)
        return false;
    for (size_t i = 0, step = 1; i < rest.len; i += step) {
        step = piq_utf8_len(rest.ptr + i, rest.len - i);
        if (step == 0 || (step > 1 && !is_ucs(rest.ptr + i, step)) ||
            (step == 1 && !is_iri_char(rest, i)))
            return false;
        marks += rest.ptr[i] == '#';
    }
    return marks <= 1;
}

bool piq_xapi_is_mailbox(piq_str s)
{
    static const char scheme[] = "mailto:";
    size_t n = sizeof scheme - 1, ats = 0, at = 0;
    if (s.len <= n || memcmp(s.ptr, scheme, n) != 0 || !piq_xapi_is_iri(s))
        return false;
    s = cut(s, n);
    for (size_t i = 0; i < s.len; i++) {
        if (is_one_of(s.ptr[i], "?#,;:/()<>"))
            return false;
        if (s.ptr[i] == '@') {
            ats++;
            at = i;
        }
    }
    return ats == 1 && at > 0 && at + 1 < s.len && s.ptr[at + 1] != '.' &&
           s.ptr[s.len - 1] != '.';
}

/* ---- language tags ------------------------------------------------------ */

/* The next subtag, without its hyphen; empty at the end or between two
 * hyphens. */
static piq_str subtag(piq_str s)
{
    const char *dash = s.len ? memchr(s.ptr, '-', s.len) : NULL;
    return (piq_str){s.ptr, dash ? (size_t)(dash - s.ptr) : s.len};
}

static bool all(piq_str s, bool (*is)(char))
{
    for (size_t i = 0; i < s.len; i++)
        if (!is(s.ptr[i]))
            return false;
    return true;
}

static bool next_tag(piq_str *s)
{
    piq_str t = subtag(*s);
    *s = cut(*s, t.len < s->len ? t.len + 1 : t.len);
    return true;
}

static bool take_alpha(piq_str *s, size_t len)
{
    piq_str t = subtag(*s);
    return t.len == len && all(t, is_alpha) && next_tag(s);
}

static bool take_variant(piq_str *s)
{
    piq_str t = subtag(*s);
    bool fits = (t.len >= 5 && t.len <= 8) || (t.len == 4 && is_digit(*t.ptr));
    return fits && all(t, is_alnum) && next_tag(s);
}

/* A singleton, then one subtag or more of at least `least`. */
static bool take_extension(piq_str *s, bool private_use)
{
    piq_str t = subtag(*s), before = *s;
    bool x = t.len == 1 && (*t.ptr == 'x' || *t.ptr == 'X');
    if (t.len != 1 || !is_alnum(*t.ptr) || x != private_use)
        return false;
    next_tag(s);
    size_t n = 0, least = private_use ? 1 : 2;
    for (t = subtag(*s); t.len >= least && t.len <= 8 && all(t, is_alnum);
         t = subtag(*s)) {
        next_tag(s);
        n++;
    }
    if (n == 0)
        *s = before;
    return n > 0;
}

static bool is_irregular(piq_str s)
{
    static const char *const tags[] = {
        "en-GB-oed", "i-ami", "i-bnn",     "i-default", "i-enochian", "i-hak",
        "i-klingon", "i-lux", "i-mingo",   "i-navajo",  "i-pwn",      "i-tao",
        "i-tay",     "i-tsu", "sgn-BE-FR", "sgn-BE-NL", "sgn-CH-DE"};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (s.len == strlen(tags[i]) && strncasecmp(s.ptr, tags[i], s.len) == 0)
            return true;
    return false;
}

static bool take_language(piq_str *s)
{
    piq_str t = subtag(*s);
    if (t.len < 2 || t.len > 8 || !all(t, is_alpha))
        return false;
    next_tag(s);
    for (int i = 0; t.len <= 3 && i < 3 && take_alpha(s, 3); i++)
        ;
    return true;
}

bool piq_xapi_is_language(piq_str s)
{
    /* What the walk below cannot see: hyphens that part nothing. */
    if (!s.len || s.ptr[s.len - 1] == '-')
        return false;
    if (is_irregular(s))
        return true;
    if (take_extension(&s, true))
        return !s.len;
    if (!take_language(&s))
        return false;
    if (s.len)
        take_alpha(&s, 4);
    piq_str region = subtag(s);
    if (!take_alpha(&s, 2) && region.len == 3 && all(region, is_digit))
        next_tag(&s);
    while (take_variant(&s))
        ;
    while (s.len && take_extension(&s, false))
        ;
    return !s.len || (take_extension(&s, true) && !s.len);
}

/* ---- media types -------------------------------------------------------- */

static bool is_token_char(char c)
{
    return is_alnum(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
}

static size_t token_len(piq_str s)
{
    size_t n = 0;
    while (n < s.len && is_token_char(s.ptr[n]))
        n++;
    return n;
}

/* A token or a quoted string; 0: neither. */
static size_t value_len(piq_str s)
{
    if (!s.len || s.ptr[0] != '"')
        return token_len(s);
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '"')
            return i + 1;
        if (s.ptr[i] == '\\')
            i++;
    }
    return 0;
}

bool piq_xapi_is_media_type(piq_str s)
{
    size_t n = token_len(s);
    if (!n || n == s.len || s.ptr[n] != '/')
        return false;
    s = cut(s, n + 1);
    n = token_len(s);
    if (!n)
        return false;
    for (s = cut(s, n); s.len; s = cut(s, n)) {
        for (n = 0; n < s.len && is_one_of(s.ptr[n], " \t"); n++)
            ;
        s = cut(s, n);
        if (!s.len || s.ptr[0] != ';')
            return false;
        for (n = 1; n < s.len && is_one_of(s.ptr[n], " \t"); n++)
            ;
        s = cut(s, n);
        n = token_len(s);
        if (!n || n == s.len || s.ptr[n] != '=')
            return false;
        s = cut(s, n + 1);
        n = value_len(s);
        if (!n)
            return false;
    }
    return true;
}

/* ---- time --------------------------------------------------------------- */

bool piq_xapi_is_instant(piq_str s, int64_t *at_us)
{
    int64_t unused;
    if (s.len > 6 && memcmp(s.ptr + s.len - 6, "-00:00", 6) == 0)
        return false;
    return piq_time_parse(s, at_us ? at_us : &unused);
}

typedef struct unit {
    char name;
    double ms;
} unit;

/* Digits, and a fraction; *fraction tells of one. */
static bool take_number(piq_str *s, double *out, bool *fraction)
{
    double scale = 1;
    size_t n = 0;
    *out = 0;
    *fraction = false;
    for (; n < s->len && is_digit(s->ptr[n]); n++)
        *out = *out * 10 + (s->ptr[n] - '0');
    if (!n)
        return false;
    if (n < s->len && is_one_of(s->ptr[n], ".,")) {
        size_t dot = n++;
        for (; n < s->len && is_digit(s->ptr[n]); n++)
            *out += (s->ptr[n] - '0') * (scale /= 10);
        if (n == dot + 1)
            return false;
        *fraction = true;
    }
    *s = cut(*s, n);
    return true;
}

/* Parts in the order of `units`, each at most once; at least one. */
static bool take_parts(piq_str *s, const unit *units, size_t n, double *ms,
                       bool *fraction)
{
    size_t at = 0, taken = 0;
    while (s->len && s->ptr[0] != 'T') {
        double v;
        if (*fraction || !take_number(s, &v, fraction) || !s->len)
            return false;
        while (at < n && units[at].name != s->ptr[0])
            at++;
        if (at == n)
            return false;
        *ms += v * units[at++].ms;
        *s = cut(*s, 1);
        taken++;
    }
    return taken > 0;
}

bool piq_xapi_is_duration(piq_str s, double *ms)
{
    static const unit week[] = {{'W', 604800e3}};
    static const unit days[] = {
        {'Y', 31557600e3}, {'M', 2629800e3}, {'D', 86400e3}};
    static const unit clock[] = {{'H', 3600e3}, {'M', 60e3}, {'S', 1e3}};
    double sum = 0;
    bool fraction = false;
    if (s.len < 3 || s.ptr[0] != 'P')
        return false;
    s = cut(s, 1);
    bool is_week = s.ptr[s.len - 1] == 'W';
    bool has_days = s.ptr[0] != 'T';
    if (is_week && !take_parts(&s, week, 1, &sum, &fraction))
        return false;
    if (!is_week && has_days && !take_parts(&s, days, 3, &sum, &fraction))
        return false;
    if (s.len && s.ptr[0] == 'T') {
        s = cut(s, 1);
        if (is_week || !take_parts(&s, clock, 3, &sum, &fraction))
            return false;
    }
    if (ms)
        *ms = sum < 9007199254740992.0 ? sum : 9007199254740992.0;
    return s.len == 0;
}
