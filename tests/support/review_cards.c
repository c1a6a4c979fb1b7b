#include "support/review_cards.h"

#include "train/revlog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static piq_fsrs_review draw(const piq_fsrs_params *p, piq_fsrs_state x,
                            piq_rng *r)
{
    piq_fsrs_review v = {0};
    double recall = 0.8;
    if (x.stability_days > 0 && piq_rng_below(r, 4) > 0) {
        double gap = x.stability_days * exp(piq_rng_normal(r));
        v.elapsed_days = (int32_t)fmin(fmax(round(gap), 1), 5000);
        recall = piq_fsrs_recall(p, v.elapsed_days, x.stability_days);
    }
    double u = piq_rng_uniform(r);
    v.rating = piq_rng_uniform(r) > recall ? 1
               : u < 0.15                  ? 2
               : u < 0.85                  ? 3
                                           : 4;
    return v;
}

piq_fsrs_cards review_cards(piq_arena *a, const piq_fsrs_params *p, size_t n,
                            size_t max_reviews, uint64_t seed)
{
    piq_rng r;
    size_t *first = piq_new(a, size_t, n + 1), at = 0;
    piq_fsrs_review *reviews = piq_new(a, piq_fsrs_review, n * max_reviews);
    PIQ_ASSERT(first && reviews);
    piq_rng_seed(&r, seed);
    for (size_t card = 0; card < n; card++) {
        size_t m = 1 + piq_rng_below(&r, max_reviews);
        int64_t now = (int64_t)card * 3600000;
        piq_fsrs_state x = {0, 0};
        first[card] = at;
        for (size_t i = 0; i < m; i++) {
            piq_fsrs_review v = draw(p, x, &r);
            now += v.elapsed_days * INT64_C(86400000) + 60000;
            v.at_ms = now;
            x = piq_fsrs_next(p, x, v.elapsed_days, v.rating);
            reviews[at++] = v;
        }
    }
    first[n] = at;
    return (piq_fsrs_cards){n, first, reviews};
}

char *review_data(piq_arena *a, const char *name, size_t *len)
{
    const char *root = getenv("PIQ_SHARED");
    char path[512];
    snprintf(path, sizeof path, "%s/data/memory/%s", root ? root : "../shared",
             name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("%s is not there: not checked against it\n", path);
        return NULL;
    }
    const size_t most = (size_t)4 << 20;
    char *bytes = piq_new(a, char, most);
    PIQ_ASSERT(bytes);
    *len = fread(bytes, 1, most - 1, f);
    fclose(f);
    return bytes;
}

bool review_log(piq_arena *a, const char *name, piq_fsrs_cards *out)
{
    size_t len;
    piq_revlog log;
    piq_err err;
    char *bytes = review_data(a, name, &len);
    if (!bytes)
        return false;
    piq_status status = piq_revlog_read(a, (piq_str){bytes, len}, &log, &err);
    PIQ_ASSERT(status == PIQ_OK);
    status = piq_revlog_cards(a, &log, (piq_revlog_day){0, 240}, out);
    PIQ_ASSERT(status == PIQ_OK);
    return true;
}
