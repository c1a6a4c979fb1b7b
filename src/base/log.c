/* The settings below are the library's only process-wide state besides the
 * allocation seam: a logger handed through every call would say nothing more.
 * They are written once, before threads start. */
#include "base/log.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/json_writer.h"

#include <stdio.h>

enum { LINE_BYTES = 2048, SHORTEST_CUT = 16 };

static struct {
    piq_log_level least;
    bool json;
    piq_log_sink *sink;
    void *ctx;
} config = {.least = PIQ_LOG_INFO};

void piq_log_configure(piq_log_level least, bool json, piq_log_sink *sink,
                       void *ctx)
{
    config.least = least;
    config.json = json;
    config.sink = sink;
    config.ctx = ctx;
}

bool piq_log_on(piq_log_level level)
{
    return config.sink && level >= config.least;
}

piq_log_field piq_log_z(const char *key, const char *value)
{
    return (piq_log_field){.key = key, .kind = PIQ_LOG_F_Z, .z = value};
}

piq_log_field piq_log_int(const char *key, int64_t value)
{
    return (piq_log_field){.key = key, .kind = PIQ_LOG_F_INT, .i = value};
}

piq_log_field piq_log_double(const char *key, double value)
{
    return (piq_log_field){.key = key, .kind = PIQ_LOG_F_DOUBLE, .d = value};
}

static const char *level_name(piq_log_level level)
{
    switch (level) {
    case PIQ_LOG_DEBUG:
        return "debug";
    case PIQ_LOG_INFO:
        return "info";
    case PIQ_LOG_WARN:
        return "warn";
    case PIQ_LOG_ERROR:
        return "error";
    }
    return "?";
}

/* Readable without quotes in a text line. */
static bool is_bare(piq_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return s.len > 0;
}

/* The value of one field, of which text keeps `cut` bytes at most. */
static void put_value(piq_json_writer *w, const piq_log_field *f, size_t cut)
{
    piq_str s = piq_str_of(f->z);
    switch (f->kind) {
    case PIQ_LOG_F_INT:
        piq_json_int(w, f->i);
        return;
    case PIQ_LOG_F_DOUBLE:
        piq_json_double(w, f->d);
        return;
    case PIQ_LOG_F_Z:
        break;
    }
    if (s.len > cut) {
        while (cut > 0 && ((unsigned char)s.ptr[cut] & 0xC0) == 0x80)
            cut--; /* not in the middle of a character */
        s.len = cut;
    }
    if (!config.json && is_bare(s))
        piq_json_raw(w, s);
    else
        piq_json_str(w, s);
}

static void put_field(piq_json_writer *w, const piq_log_field *f, size_t cut)
{
    if (config.json) {
        piq_json_key(w, f->key);
    } else {
        piq_buf_add_char(w->out, ' ');
        piq_buf_add_z(w->out, f->key);
        piq_buf_add_char(w->out, '=');
    }
    put_value(w, f, cut);
}

/* A field that does not fit is tried again with half its text, and at last
 * left out: the line stays whole. */
static void put_field_that_fits(piq_json_writer *w, const piq_log_field *f)
{
    const piq_json_writer writer_before = *w;
    const piq_buf before = *w->out;
    size_t cut = f->kind == PIQ_LOG_F_Z && f->z ? strlen(f->z) : 0;
    for (;; cut /= 2) {
        put_field(w, f, cut);
        if (w->out->status == PIQ_OK)
            return;
        *w = writer_before;
        *w->out = before;
        w->out->ptr[w->out->len] = '\0';
        if (cut < SHORTEST_CUT)
            return;
    }
}

static void put_head(piq_json_writer *w, piq_log_level level)
{
    char at[32];
    size_t len = piq_time_format(piq_clock_now_us(), at);
    if (config.json) {
        piq_json_object(w);
        piq_json_put_str(w, "at", (piq_str){at, len});
        piq_json_put_z(w, "level", level_name(level));
        return;
    }
    piq_buf_add(w->out, at, len);
    piq_buf_add_char(w->out, ' ');
    piq_buf_add_z(w->out, level_name(level));
}

void piq_log(piq_log_level level, uint64_t request_id, const char *message,
             const piq_log_field *fields, size_t n_fields)
{
    if (!piq_log_on(level))
        return;
    char line[LINE_BYTES];
    /* A buffer on the stack: its limit keeps it from ever growing. Two bytes
     * are kept for the end of the line. */
    piq_buf b = {
        .ptr = line, .cap_bytes = sizeof line, .max_bytes = sizeof line - 3};
    piq_json_writer w;
    char id[24];
    snprintf(id, sizeof id, "%016llx", (unsigned long long)request_id);
    piq_log_field about[] = {piq_log_z("message", message),
                             piq_log_z("request_id", id)};
    piq_json_init(&w, &b);
    put_head(&w, level);
    put_field_that_fits(&w, &about[0]);
    if (request_id)
        put_field_that_fits(&w, &about[1]);
    for (size_t i = 0; i < n_fields; i++)
        put_field_that_fits(&w, &fields[i]);
    b.max_bytes = sizeof line - 1;
    if (config.json)
        piq_json_object_end(&w);
    piq_buf_add_char(&b, '\n');
    config.sink(config.ctx, b.ptr, b.len);
}

void piq_log_err(uint64_t request_id, const char *message, const piq_err *err)
{
    piq_log_field fields[4] = {
        piq_log_z("status", piq_status_text(err->status)),
        piq_log_z("error", err->message),
    };
    size_t n = 2;
    if (err->where[0])
        fields[n++] = piq_log_z("where", err->where);
    if (err->hint[0])
        fields[n++] = piq_log_z("hint", err->hint);
    piq_log(PIQ_LOG_ERROR, request_id, message, fields, n);
}

void piq_reporter_tell(const piq_reporter *to, const char *what,
                       const piq_err *err)
{
    if (to->tell)
        to->tell(to->ctx, what, err);
    else
        piq_log_err(0, what, err);
}
