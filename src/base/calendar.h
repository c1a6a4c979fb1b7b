/* calendar.h - instants and civil dates. Pure; no time-zone database.
 *
 * An instant is int64_t microseconds since 1970-01-01T00:00:00Z, named
 * `..._us`. A day is int32_t days since 1970-01-01 in the learner's own time
 * (a fixed offset in minutes, plus a rollover hour), named `..._day`.
 */
#ifndef PIQ_BASE_CALENDAR_H
#define PIQ_BASE_CALENDAR_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define PIQ_US_PER_SECOND INT64_C(1000000)
#define PIQ_US_PER_MINUTE (60 * PIQ_US_PER_SECOND)
#define PIQ_US_PER_HOUR   (60 * PIQ_US_PER_MINUTE)
#define PIQ_US_PER_DAY    (24 * PIQ_US_PER_HOUR)

/* Years 1970 to 9999. Accepts any offset and up to 9 fraction digits (cut to
 * microseconds); a leap second reads as the next second. */
bool piq_time_parse(piq_str rfc3339, int64_t *at_us);
/* "2026-11-22T10:00:00Z", with a fraction only where there is one. `out` holds
 * at least 32 bytes; returns the length. */
size_t piq_time_format(int64_t at_us, char out[32]);

/* "2026-11-22" <-> days since 1970-01-01. */
bool piq_date_parse(piq_str s, int32_t *day);
size_t piq_date_format(int32_t day, char out[16]);

/* Floor division, right for negative instants too. */
int32_t piq_day_of(int64_t at_us, int32_t utc_offset_min, int32_t rollover_h);
/* First instant of that local day. */
int64_t piq_day_start_us(int32_t day, int32_t utc_offset_min,
                         int32_t rollover_h);
int piq_weekday_of(int32_t day); /* 0 Monday .. 6 Sunday */
int piq_hour_of(int64_t at_us, int32_t utc_offset_min); /* local 0..23 */

#endif
