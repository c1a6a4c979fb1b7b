/* Civil dates follow the proleptic Gregorian calendar: 400 years are 146,097
 * days. Years are counted from March, so that the leap day ends a year; then
 * month m (March = 0) begins on day (153 m + 2) / 5 of it. */
#include "base/calendar.h"

enum { MARCH_1_0000 = -719468 }; /* as days since 1970-01-01 */

static const int64_t LAST_US = INT64_C(253402300799999999); /* end of 9999 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of_civil(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int m = (month + 9) % 12;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * m + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era + MARCH_1_0000;
}

static void civil_of_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t d = days - MARCH_1_0000;
    int64_t era = floor_div(d, 146097);
    int64_t day_of_era = d - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                           day_of_era / 146096) /
                          365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int m = (int)((5 * day_of_year + 2) / 153);
    *day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
    *month = m < 10 ? m + 3 : m - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* `n` digits from *s, which moves on; -1 when they are not there. */
static int take_digits(piq_str *s, size_t n)
{
    if (s->len < n)
        return -1;
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9')
            return -1;
        v = v * 10 + (s->ptr[i] - '0');
    }
    s->ptr += n;
    s->len -= n;
    return v;
}

/* One byte that is `a` or `b`. */
static bool take_char(piq_str *s, char a, char b)
{
    if (s->len == 0 || (s->ptr[0] != a && s->ptr[0] != b))
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static bool take_date(piq_str *s, int64_t *days)
{
    int year = take_digits(s, 4);
    if (year < 1970 || !take_char(s, '-', '-'))
        return false;
    int month = take_digits(s, 2);
    if (month < 1 || month > 12 || !take_char(s, '-', '-'))
        return false;
    int day = take_digits(s, 2);
    if (day < 1 || day > days_in_month(year, month))
        return false;
    *days = days_of_civil(year, month, day);
    return true;
}

/* ".123456789" or nothing. */
static bool take_fraction(piq_str *s, int64_t *us)
{
    *us = 0;
    if (!take_char(s, '.', '.'))
        return true;
    int64_t unit = 100000;
    size_t n = 0;
    for (; s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9'; n++) {
        *us += unit * take_digits(s, 1);
        unit /= 10;
    }
    return n >= 1 && n <= 9;
}

/* "Z", "+05:30", "-08:00". */
static bool take_offset(piq_str *s, int *minutes)
{
    *minutes = 0;
    if (take_char(s, 'Z', 'z'))
        return true;
    int sign = take_char(s, '-', '-') ? -1 : 1;
    if (sign == 1 && !take_char(s, '+', '+'))
        return false;
    int hour = take_digits(s, 2);
    if (hour < 0 || hour > 23 || !take_char(s, ':', ':'))
        return false;
    int minute = take_digits(s, 2);
    if (minute < 0 || minute > 59)
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

static bool take_clock(piq_str *s, int *minute_of_day, int *second)
{
    int hour = take_digits(s, 2);
    if (hour < 0 || hour > 23 || !take_char(s, ':', ':'))
        return false;
    int minute = take_digits(s, 2);
    if (minute < 0 || minute > 59 || !take_char(s, ':', ':'))
        return false;
    *second = take_digits(s, 2);
    *minute_of_day = hour * 60 + minute;
    return *second >= 0 && *second <= 60;
}

bool piq_time_parse(piq_str rfc3339, int64_t *at_us)
{
    piq_str s = rfc3339;
    int64_t days;
    int64_t fraction_us;
    int minute;
    int second;
    int offset;
    if (!take_date(&s, &days) || !take_char(&s, 'T', 't') ||
        !take_clock(&s, &minute, &second) || !take_fraction(&s, &fraction_us) ||
        !take_offset(&s, &offset) || s.len != 0)
        return false;
    int64_t utc_minute = days * 1440 + minute - offset;
    /* Leap seconds are put in at the end of a UTC day only. */
    if (second == 60 && (utc_minute + 1) % 1440 != 0)
        return false;
    int64_t us = (utc_minute * 60 + second) * PIQ_US_PER_SECOND + fraction_us;
    if (us < 0 || us > LAST_US)
        return false;
    *at_us = us;
    return true;
}

bool piq_date_parse(piq_str s, int32_t *day)
{
    int64_t days;
    if (!take_date(&s, &days) || s.len != 0)
        return false;
    *day = (int32_t)days;
    return true;
}

/* `v` with at least `width` digits; returns the end. */
static char *put_number(char *at, int64_t v, size_t width)
{
    char digits[20];
    size_t n = 0;
    if (v < 0)
        *at++ = '-';
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    for (; u > 0 || n < width; u /= 10)
        digits[n++] = (char)('0' + u % 10);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *put_date(char *at, int64_t days)
{
    int64_t year;
    int month;
    int day;
    civil_of_days(days, &year, &month, &day);
    at = put_number(at, year, 4);
    *at++ = '-';
    at = put_number(at, month, 2);
    *at++ = '-';
    return put_number(at, day, 2);
}

size_t piq_time_format(int64_t at_us, char out[32])
{
    int64_t days = floor_div(at_us, PIQ_US_PER_DAY);
    int64_t us = at_us % PIQ_US_PER_DAY;
    if (us < 0)
        us += PIQ_US_PER_DAY;
    int64_t fraction_us = us % PIQ_US_PER_SECOND;
    char *at = put_date(out, days);
    *at++ = 'T';
    at = put_number(at, us / PIQ_US_PER_HOUR, 2);
    *at++ = ':';
    at = put_number(at, us / PIQ_US_PER_MINUTE % 60, 2);
    *at++ = ':';
    at = put_number(at, us / PIQ_US_PER_SECOND % 60, 2);
    if (fraction_us) {
        *at++ = '.';
        at = put_number(at, fraction_us, 6);
        while (at[-1] == '0')
            at--;
    }
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}

size_t piq_date_format(int32_t day, char out[16])
{
    char *at = put_date(out, day);
    *at = '\0';
    return (size_t)(at - out);
}

int32_t piq_day_of(int64_t at_us, int32_t utc_offset_min, int32_t rollover_h)
{
    /* The day first, then the shift: no sum can overflow. */
    int64_t days = floor_div(at_us, PIQ_US_PER_DAY);
    int64_t us = at_us % PIQ_US_PER_DAY;
    us += us < 0 ? PIQ_US_PER_DAY : 0;
    us += utc_offset_min * PIQ_US_PER_MINUTE - rollover_h * PIQ_US_PER_HOUR;
    return (int32_t)(days + floor_div(us, PIQ_US_PER_DAY));
}

int64_t piq_day_start_us(int32_t day, int32_t utc_offset_min,
                         int32_t rollover_h)
{
    int64_t shift =
        rollover_h * PIQ_US_PER_HOUR - utc_offset_min * PIQ_US_PER_MINUTE;
    int64_t us;
    /* Days beyond the year 290,000 stop at the last instant there is. */
    if (__builtin_mul_overflow((int64_t)day, PIQ_US_PER_DAY, &us) ||
        __builtin_add_overflow(us, shift, &us))
        return day < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

int piq_weekday_of(int32_t day)
{
    int64_t since_monday = (int64_t)day + 3; /* 1970-01-01 was a Thursday */
    return (int)(since_monday - 7 * floor_div(since_monday, 7));
}

int piq_hour_of(int64_t at_us, int32_t utc_offset_min)
{
    int64_t us = at_us % PIQ_US_PER_DAY + utc_offset_min * PIQ_US_PER_MINUTE;
    us -= floor_div(us, PIQ_US_PER_DAY) * PIQ_US_PER_DAY;
    return (int)(us / PIQ_US_PER_HOUR);
}
