#include "train/review_stream.h"

#include "num/logistic.h"

#include <math.h>
#include <string.h>

static const double P_EDGE = 1e-7;

/* Bins that widen by a constant factor: interval, reviews, lapses. */
static double widening(double scale, double base, double x)
{
    return round(scale * pow(base, floor(log(x) / log(base))));
}

static uint64_t bin_of(int32_t days, unsigned n_items, unsigned lapses)
{
    uint64_t interval =
        (uint64_t)round(100 * 2.48 * pow(3.62, floor(log(days) / log(3.62))));
    uint64_t length = (uint64_t)widening(1.99, 1.89, n_items + 1);
    uint64_t failed = lapses ? (uint64_t)widening(1.65, 1.73, lapses) : 0;
    return interval << 32 | length << 16 | failed;
}

static void describe_card(piq_review_stream *s, size_t card)
{
    size_t begins = s->cards->first[card];
    unsigned n_items = 0, lapses = 0;
    for (size_t i = begins; i < s->cards->first[card + 1]; i++) {
        const piq_fsrs_review *r = &s->cards->reviews[i];
        uint32_t at = s->rank[i];
        if (at == UINT32_MAX)
            continue;
        s->bin[at] = bin_of(r->elapsed_days, ++n_items, lapses);
        s->passed[at] = r->rating > 1 ? 1 : 0;
        lapses += r->rating == 1;
    }
}

piq_status piq_review_stream_open(piq_arena *a, const piq_fsrs_cards *c,
                                  piq_review_stream *out)
{
    size_t n_reviews = piq_fsrs_n_reviews(c);
    piq_review_stream stream = {.cards = c}, *s = &stream;
    if (piq_fsrs_item_order(a, c, &s->order, &s->n) != PIQ_OK)
        return PIQ_ENOMEM;
    s->rank = piq_new(a, uint32_t, n_reviews);
    s->bin = piq_new(a, uint64_t, s->n);
    s->passed = piq_new(a, float, s->n);
    s->asked = piq_new(a, piq_review_asked, s->n);
    s->train_first = piq_new(a, size_t, c->n + 1);
    s->train_reviews = piq_new(a, piq_fsrs_review, n_reviews);
    if (!s->rank || !s->bin || !s->passed || !s->asked || !s->train_first ||
        !s->train_reviews)
        return PIQ_ENOMEM;
    memset(s->rank, 0xff, n_reviews * sizeof *s->rank);
    for (size_t j = 0; j < s->n; j++)
        s->rank[s->order[j]] = (uint32_t)j;
    for (size_t card = 0; card < c->n; card++)
        describe_card(s, card);
    *out = stream;
    return PIQ_OK;
}

void piq_review_stream_cut(piq_review_stream *s, size_t cut)
{
    size_t n_cards = 0, n = 0;
    for (size_t card = 0; card < s->cards->n; card++) {
        size_t begins = s->cards->first[card], end = begins;
        for (size_t i = begins; i < s->cards->first[card + 1]; i++)
            if (s->rank[i] < cut)
                end = i + 1;
        if (end == begins)
            continue;
        s->train_first[n_cards++] = n;
        memcpy(s->train_reviews + n, s->cards->reviews + begins,
               (end - begins) * sizeof *s->train_reviews);
        n += end - begins;
    }
    s->train_first[n_cards] = n;
    s->train = (piq_fsrs_cards){n_cards, s->train_first, s->train_reviews};
}

void piq_review_stream_ask(piq_review_stream *s, const piq_fsrs_params *p,
                           size_t from, size_t to)
{
    const piq_fsrs_review *reviews = s->cards->reviews;
    for (size_t card = 0; card < s->cards->n; card++) {
        piq_fsrs_state x = {0, 0};
        for (size_t i = s->cards->first[card]; i < s->cards->first[card + 1];
             i++) {
            uint32_t at = s->rank[i];
            if (at >= from && at < to)
                s->asked[at] = (piq_review_asked){
                    x, piq_fsrs_recall(p, reviews[i].elapsed_days,
                                       x.stability_days)};
            x = piq_fsrs_next(p, x, reviews[i].elapsed_days, reviews[i].rating);
        }
    }
}

double piq_review_stream_loss(const piq_review_stream *s, size_t from,
                              size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++) {
        double p = piq_clamp(s->asked[i].recall, P_EDGE, 1 - P_EDGE);
        sum -= log(s->passed[i] > .5f ? p : 1 - p);
    }
    return sum / (double)(to - from);
}
