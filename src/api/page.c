#include "api/page.h"

#include "access/access.h"

#include <stdio.h>

/* With the cursor and the rest of the header this fits into a line. */
enum { MAX_QUERY = 110 };

static bool is_cursor(piq_str pair)
{
    return pair.len >= 7 && memcmp(pair.ptr, "cursor=", 7) == 0;
}

/* The query without its cursor, as it may stand in a header: 0, it may not. */
static bool kept_query(piq_str query, char out[MAX_QUERY + 1])
{
    size_t n = 0;
    while (query.len) {
        const char *amp = memchr(query.ptr, '&', query.len);
        piq_str pair = {query.ptr, amp ? (size_t)(amp - query.ptr) : query.len};
        size_t used = pair.len + (amp ? 1 : 0);
        query = (piq_str){query.ptr + used, query.len - used};
        if (is_cursor(pair))
            continue;
        if (n + pair.len + 1 > MAX_QUERY)
            return false;
        for (size_t i = 0; i < pair.len; i++)
            if (pair.ptr[i] <= ' ' || pair.ptr[i] > '~' ||
                strchr("<>\"", pair.ptr[i]))
                return false;
        memcpy(out + n, pair.ptr, pair.len);
        n += pair.len;
        out[n++] = '&';
    }
    out[n] = '\0';
    return true;
}

bool piq_page_read(piq_exchange *c, piq_cursor_list list, int64_t owner,
                   int64_t usual, piq_page *out)
{
    piq_str cursor;
    char kept[MAX_QUERY + 1];
    *out = (piq_page){.list = list, .owner = owner, .limit = usual};
    if (!piq_exchange_query_int(c, "limit", 1, PIQ_PAGE_MOST, &out->limit) ||
        !piq_exchange_query(c, "cursor", &cursor, &out->goes_on))
        return false;
    if (!kept_query(c->in->query, kept)) {
        piq_fail(&c->err, PIQ_EINVAL,
                 "the query is longer than %d, or has strange characters",
                 (int)MAX_QUERY);
    } else if (out->goes_on &&
               !piq_cursor_read(cursor, list, owner, &out->after)) {
        piq_fail(&c->err, PIQ_EINVAL, "this is no cursor of this list");
        piq_err_at(&c->err, "cursor");
        piq_err_hint(&c->err, "take the one that Link gave, as it is");
    } else {
        return true;
    }
    piq_exchange_fail(c);
    return false;
}

void piq_page_link(piq_exchange *c, const piq_page *page,
                   const piq_cursor *last)
{
    char text[PIQ_CURSOR_TEXT_BYTES], kept[MAX_QUERY + 1];
    piq_cursor_write(last, page->list, page->owner, text);
    if (kept_query(c->in->query, kept))
        piq_exchange_line(c, "Link", "<?%scursor=%s>; rel=\"next\"", kept,
                          text);
}

piq_status piq_page_learners(piq_exchange *c, const piq_page *page,
                             piq_user_id **out, size_t *n)
{
    piq_store *store = piq_engine_store(c->api->engine);
    int64_t first = (int64_t)c->caller.tenant << PIQ_TENANT_SHIFT;
    piq_user_id after = {first + (page->goes_on ? page->after.at : 0)};
    piq_status status = store->ops->users(
        store, &c->arena, after, (size_t)page->limit + 1, out, n, &c->err);
    /* Ids rise: those of the next tenant come behind. */
    while (!status && *n &&
           piq_learner_tenant((*out)[*n - 1]) != c->caller.tenant)
        --*n;
    return status;
}
