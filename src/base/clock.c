#include "base/clock.h"

#include <time.h>

int64_t piq_clock_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void piq_clock_rest_ns(int64_t ns)
{
    const int64_t second_ns = 1000000000;
    struct timespec t = {.tv_sec = (time_t)(ns / second_ns),
                         .tv_nsec = (long)(ns % second_ns)};
    if (ns > 0)
        nanosleep(&t, NULL);
}

int64_t piq_clock_monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
