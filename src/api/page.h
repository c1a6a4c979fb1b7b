/* page.h - lists in pages: ?limit=, ?cursor= and the Link to what follows (RFC
 * 8288). Private to api/. */
#ifndef PIQ_API_PAGE_H
#define PIQ_API_PAGE_H

#include "api/cursor.h"
#include "api/exchange.h"

enum { PIQ_PAGE_MOST = 200 };

typedef struct piq_page {
    piq_cursor_list list;
    int64_t owner; /* whose list it is */
    int64_t limit; /* 1 .. PIQ_PAGE_MOST */
    bool goes_on;  /* behind `after` */
    piq_cursor after;
} piq_page;

/* Of the query. False after answering. */
bool piq_page_read(piq_exchange *c, piq_cursor_list list, int64_t owner,
                   int64_t usual, piq_page *out);
/* Says where the list goes on: the same query behind `last`. */
void piq_page_link(piq_exchange *c, const piq_page *page,
                   const piq_cursor *last);

/* Learners of the caller's tenant behind the page's place, ascending: one more
 * than the page holds where there are more. */
PIQ_MUST_USE piq_status piq_page_learners(piq_exchange *c, const piq_page *page,
                                          piq_user_id **out, size_t *n);

#endif
