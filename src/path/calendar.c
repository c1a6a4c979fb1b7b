/* calendar.c - how many minutes each day has. */
#include "path/state.h"

#include "base/calendar.h"

#include <math.h>

/* A part of less is hardly begun. */
#define LEAST_PART_MIN 5.0
/* Of the longest day, what reviews leave on it for sure. */
#define SITTING_SHARE  (2.0 / 3)

static bool is_off(const piq_path_input *in, int32_t day, size_t *at)
{
    while (*at < in->n_days_off && in->days_off[*at] < day)
        (*at)++;
    return *at < in->n_days_off && in->days_off[*at] == day;
}

/* What is frozen brings its minutes along, unless the day is off. */
static void make_room_for_frozen(piq_path_state *s)
{
    const piq_path_wishes *w = &s->in->wishes;
    double minutes = 0;
    for (size_t i = 0; w->freeze_today && i < w->n_frozen; i++)
        minutes += w->frozen[i].minutes;
    s->budget[0] = fmax(s->budget[0], minutes);
}

piq_status piq_path_calendar(piq_path_state *s, piq_err *err)
{
    const piq_path_input *in = s->in;
    unsigned week = 0;
    size_t off = 0;
    for (int i = 0; i < 7; i++)
        week += in->minutes_per_weekday[i];
    if (week == 0)
        return piq_fail(err, PIQ_EINVAL,
                        "no weekday has a minute to plan with");
    s->n_days = PIQ_PLAN_HORIZON_DAYS + 1;
    for (int i = 0; i < s->n_days; i++) {
        int32_t day = in->from_day + i;
        double whole = in->minutes_per_weekday[piq_weekday_of(day)];
        if (is_off(in, day, &off))
            whole = 0;
        s->budget[i] =
            i == 0 ? fmax(0, whole - in->minutes_spent_today) : whole;
        if (i == 0 && whole > 0)
            make_room_for_frozen(s);
        s->longest_day = fmax(s->longest_day, whole);
    }
    s->least_part = fmin(LEAST_PART_MIN, s->longest_day);
    s->sitting = SITTING_SHARE * s->longest_day;
    s->last_plan_day = s->n_days - 1;
    /* A deadline that has passed no longer bounds anything. */
    s->dated = in->deadline_day >= in->from_day &&
               in->deadline_day - in->from_day < s->last_plan_day;
    if (s->dated)
        s->last_plan_day = in->deadline_day - in->from_day;
    return PIQ_OK;
}
