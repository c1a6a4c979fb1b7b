#include "train/online_data.h"

#include "train/text_lines.h"

#include <stdlib.h>

enum { MAX_IDS = 10000000, FIRST_GENRE = 5, LIKED = 4 };

typedef struct rating {
    int64_t at_s;
    uint32_t user, item;
    uint8_t stars;
} rating;

static int by_learner(const void *a, const void *b)
{
    const rating *x = a, *y = b;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static int by_time(const void *a, const void *b)
{
    const piq_online_slate *x = a, *y = b;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    return (x > y) - (x < y);
}

/* ---- reading ------------------------------------------------------------- */

static bool read_rating(piq_str line, rating *out)
{
    int64_t user, item, stars;
    if (!piq_text_whole(piq_text_take(&line, '\t'), 0, MAX_IDS, &user) ||
        !piq_text_whole(piq_text_take(&line, '\t'), 0, MAX_IDS, &item) ||
        !piq_text_whole(piq_text_take(&line, '\t'), 0, 5, &stars) ||
        !piq_str_to_i64(line, &out->at_s))
        return false;
    out->user = (uint32_t)user;
    out->item = (uint32_t)item;
    out->stars = (uint8_t)stars;
    return true;
}

static piq_status read_ratings(piq_str text, rating *out, size_t *n,
                               piq_online_data *data, piq_err *err)
{
    piq_text_lines lines = {.rest = text};
    piq_str line;
    while (piq_text_next_line(&lines, &line)) {
        rating *r = &out[*n];
        if (line.len == 0)
            continue;
        if (!read_rating(line, r))
            return piq_fail(err, PIQ_EPARSE,
                            "ratings, line %llu: not a user, item, rating and "
                            "time",
                            (unsigned long long)lines.line);
        if (r->user >= data->n_users)
            data->n_users = (size_t)r->user + 1;
        if (r->item >= data->n_items)
            data->n_items = (size_t)r->item + 1;
        (*n)++;
    }
    return PIQ_OK;
}

/* "01-Jan-1995": what is after the last dash. */
static int32_t year_of(piq_str date)
{
    int64_t year = 0;
    while (piq_text_count(date, '-'))
        (void)piq_text_take(&date, '-');
    return piq_text_whole(date, 1800, 2200, &year) ? (int32_t)year : 0;
}

static void read_item(piq_str line, piq_online_data *data,
                      piq_online_item *items)
{
    int64_t id;
    uint32_t genres = 0;
    piq_str date = {0};
    /* A header has no number there; items that nobody rated are not needed. */
    if (!piq_text_whole(piq_text_take(&line, '|'), 0,
                        (int64_t)data->n_items - 1, &id))
        return;
    for (int column = 1; line.len; column++) {
        piq_str field = piq_text_take(&line, '|');
        int genre = column - FIRST_GENRE;
        if (column == 2)
            date = field;
        if (genre >= 0 && genre < PIQ_ONLINE_MAX_GENRES &&
            piq_str_eq(field, PIQ_STR("1")))
            genres |= UINT32_C(1) << genre;
    }
    items[id] = (piq_online_item){genres, year_of(date)};
}

/* ---- slates -------------------------------------------------------------- */

static void add_slate(const rating *r, piq_online_slate *out)
{
    *out = (piq_online_slate){.at_s = r[PIQ_ONLINE_SLATE - 1].at_s,
                              .user = r->user};
    for (size_t k = 0; k < PIQ_ONLINE_SLATE; k++) {
        out->item[k] = r[k].item;
        out->liked[k] = r[k].stars >= LIKED;
    }
}

/* Ratings in order of learner and time. */
static size_t cut(const rating *r, size_t n, piq_online_slate *out)
{
    size_t made = 0;
    for (size_t i = 0; i + PIQ_ONLINE_SLATE <= n;) {
        if (r[i + PIQ_ONLINE_SLATE - 1].user == r[i].user) {
            add_slate(r + i, &out[made++]);
            i += PIQ_ONLINE_SLATE;
        } else {
            i++;
        }
    }
    return made;
}

piq_status piq_online_read(piq_arena *a, piq_str ratings, piq_str items,
                           piq_online_data *out, piq_err *err)
{
    piq_online_data data = {0};
    size_t most = piq_text_count(ratings, '\n') + 1, n = 0;
    rating *list = piq_new(a, rating, most);
    piq_online_slate *slates =
        piq_new(a, piq_online_slate, most / PIQ_ONLINE_SLATE + 1);
    if (!list || !slates)
        return piq_fail(err, PIQ_ENOMEM, "no memory for %zu ratings", most);
    piq_status status = read_ratings(ratings, list, &n, &data, err);
    if (status)
        return status;
    piq_online_item *about = piq_new(a, piq_online_item, data.n_items);
    if (!about)
        return piq_fail(err, PIQ_ENOMEM, "no memory for %zu items",
                        data.n_items);
    piq_text_lines lines = {.rest = items};
    piq_str line;
    while (piq_text_next_line(&lines, &line))
        read_item(line, &data, about);
    qsort(list, n, sizeof *list, by_learner);
    data.n = cut(list, n, slates);
    if (data.n == 0)
        return piq_fail(err, PIQ_EINVAL, "no learner has %d ratings",
                        PIQ_ONLINE_SLATE);
    qsort(slates, data.n, sizeof *slates, by_time);
    data.items = about;
    data.slates = slates;
    *out = data;
    return PIQ_OK;
}
