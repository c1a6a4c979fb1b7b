/* near.h - doubles that are equal within a tolerance. cmocka's own check takes
 * floats, which is not enough. Prints both when they are not. */
#ifndef PIQ_TESTS_NEAR_H
#define PIQ_TESTS_NEAR_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_near(a, b, tolerance)                                           \
    near_or_fail((a), (b), (tolerance), __FILE__, __LINE__)

static inline void near_or_fail(double a, double b, double tolerance,
                                const char *file, int line)
{
    if (fabs(a - b) <= tolerance)
        return;
    print_error("%.17g is not within %g of %.17g\n", a, tolerance, b);
    _fail(file, line);
}

#endif
