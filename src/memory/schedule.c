#include "memory/schedule.h"

#include "base/calendar.h"
#include "base/map.h"

#include <math.h>

static bool is_listed(const int32_t *days, size_t n, int32_t day)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (days[mid] < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && days[low] == day;
}

/* Of the weekday; 1 where nothing tells the days apart. */
static double minutes_on(const piq_review_calendar *c, int32_t day)
{
    bool any = false;
    for (int i = 0; c->minutes && i < 7; i++)
        any = any || c->minutes[i];
    return any ? c->minutes[piq_weekday_of(day)] : 1;
}

bool piq_review_is_off(const piq_review_calendar *c, int32_t day)
{
    return is_listed(c->days_off, c->n_days_off, day) ||
           !(minutes_on(c, day) > 0);
}

piq_review_range piq_review_range_of(int days, double elapsed_days,
                                     int32_t from_day, int32_t after_day)
{
    int low, high;
    int32_t exact = from_day + days;
    if (exact <= after_day)
        return (piq_review_range){exact, exact, exact};
    piq_fsrs_fuzz_range(days, elapsed_days, PIQ_REVIEW_MAX_DAYS, &low, &high);
    piq_review_range r = {from_day + low, from_day + high, exact};
    if (r.low_day <= after_day)
        r.low_day = after_day + 1;
    /* Past the days that had passed before, the range may begin behind its own
     * interval. */
    if (r.exact_day < r.low_day)
        r.exact_day = r.low_day;
    if (r.high_day < r.exact_day)
        r.high_day = r.exact_day;
    return r;
}

/* [0,1), of the seed and the key alone. */
static double draw(uint64_t seed, uint64_t key)
{
    uint64_t bits = piq_hash_u64(piq_hash_u64(seed) ^ key);
    return (double)(bits >> 11) * 0x1p-53;
}

static double chance_of(const piq_review_calendar *c, int32_t day,
                        uint32_t load, double balance)
{
    if (piq_review_is_off(c, day))
        return 0;
    double room = minutes_on(c, day) / (1.0 + load);
    return balance == 2 ? room * room : pow(room, balance);
}

int32_t piq_review_place(const piq_review_calendar *c,
                         const piq_review_range *r, const uint32_t *load,
                         uint64_t key, double balance)
{
    PIQ_ASSERT(r->low_day <= r->high_day &&
               r->high_day - r->low_day < PIQ_REVIEW_MAX_RANGE);
    double sum = 0;
    int32_t last = r->exact_day;
    for (int32_t d = r->low_day; d <= r->high_day; d++)
        sum += chance_of(c, d, load[d - r->low_day], balance);
    double left = sum * draw(c->seed, key);
    /* All of it off: the day of the interval itself. */
    for (int32_t d = r->low_day; sum > 0 && d <= r->high_day; d++) {
        double chance = chance_of(c, d, load[d - r->low_day], balance);
        if (!(chance > 0))
            continue;
        last = d;
        left -= chance;
        if (left < 0)
            break;
    }
    return last;
}

/* ---- what is due -------------------------------------------------------- */

/* Recall of stability `s` summed over the days a .. b since its review. */
static double summed(const piq_fsrs_params *p, double s, double a, double b)
{
    double k = 1 - p->w[20], scale = s / p->curve;
    return scale / k * (pow(1 + b / scale, k) - pow(1 + a / scale, k));
}

/* The same after a review that passes with the chance of recall. */
static double reviewed(const piq_fsrs_params *p, const piq_review_card *x,
                       double elapsed_days, double over_days)
{
    double r = piq_fsrs_recall(p, elapsed_days, x->state.stability_days);
    piq_fsrs_state passed = piq_fsrs_next(p, x->state, elapsed_days, 3);
    piq_fsrs_state failed = piq_fsrs_next(p, x->state, elapsed_days, 1);
    return r * summed(p, passed.stability_days, 0, over_days) +
           (1 - r) * summed(p, failed.stability_days, 0, over_days);
}

double piq_review_loss(const piq_fsrs_params *p, const piq_review_card *x,
                       double horizon_days)
{
    double t = x->elapsed_days;
    double today = reviewed(p, x, t, horizon_days);
    double tomorrow = summed(p, x->state.stability_days, t, t + 1) +
                      reviewed(p, x, t + 1, horizon_days - 1);
    return x->weight * (today - tomorrow) / x->minutes;
}
