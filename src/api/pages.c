/* pages.c - the dashboard: files of src/web, and the page for every address
 * that it draws itself.
 *
 * These are no part of the contract: a path that the contract knows never gets
 * here. The policy lets the page run its own scripts and styles, and talk to
 * this server; nothing inline, and nobody else's.
 */
#include "api/exchange.h"

#include <stdio.h>
#include <string.h>

#define POLICY                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; "                \
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; "              \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_Static_assert(sizeof POLICY <= sizeof((piq_api_line *)0)->value,
               "the policy fits into a line");

/* What the file is called in this coding; and how long it may be kept. */
static void add_identity(piq_exchange *c, const piq_pages_file *f,
                         const char *tag)
{
    piq_exchange_line(c, "ETag", "%s", tag);
    piq_exchange_line(c, "Cache-Control", "%s",
                      f->forever ? "public, max-age=31536000, immutable"
                                 : "no-cache");
}

/* `kept`: browsers may keep it. "/" itself is never kept, as the contract has
 * it: it is the way in, too. */
static void answer(piq_exchange *c, const piq_pages_file *f, bool kept)
{
    piq_pages_coding coding =
        piq_pages_choose(f, piq_exchange_header(c, "Accept-Encoding"));
    const char *name = piq_pages_coding_name(coding);
    char tag[32];
    snprintf(tag, sizeof tag, "\"%s%s%s\"", f->tag, name ? "-" : "",
             name ? name : "");
    if (kept)
        add_identity(c, f, tag);
    piq_exchange_line(c, "Vary", "Accept-Encoding");
    /* With a 304, too: its headers replace those of what the browser kept. */
    piq_exchange_line(c, "Content-Security-Policy", "%s", POLICY);
    if (kept && piq_str_eq(c->in->if_none_match, piq_str_of(tag))) {
        piq_exchange_bytes(c, 304, NULL, NULL, -1);
        return;
    }
    if (name)
        piq_exchange_line(c, "Content-Encoding", "%s", name);
    piq_exchange_bytes(c, 200, f->type, piq_bytes_retain(f->bytes[coding]), -1);
}

bool piq_answer_index(piq_exchange *c)
{
    if (!c->api->pages)
        return false;
    answer(c, piq_pages_index(c->api->pages), false);
    return true;
}

/* Addresses that the page's own router knows (web/src/app/router.tsx). */
static bool is_drawn(piq_str path)
{
    const piq_str learners = PIQ_STR("/learners/");
    return piq_str_eq(path, PIQ_STR("/coach")) ||
           piq_str_eq(path, PIQ_STR("/fixtures")) ||
           piq_str_eq(path, PIQ_STR("/learners")) ||
           (path.len > learners.len &&
            memcmp(path.ptr, learners.ptr, learners.len) == 0);
}

bool piq_answer_page(piq_exchange *c)
{
    bool asks =
        strcmp(c->in->method, "GET") == 0 || strcmp(c->in->method, "HEAD") == 0;
    if (!c->api->pages || !asks)
        return false;
    const piq_pages_file *f = piq_pages_find(c->api->pages, c->in->path);
    if (!f && is_drawn(c->in->path))
        f = piq_pages_index(c->api->pages);
    if (f)
        answer(c, f, true);
    return f != NULL;
}
