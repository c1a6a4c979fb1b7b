#include "num/logistic.h"

#include <math.h>

static const double LOGIT_EDGE = 1e-12;
static const double PI_OVER_8 = 0.39269908169872415481;
static const double SQRT_2_PI = 2.50662827463100050242;

double piq_sigmoid(double x)
{
    /* The exponential of a number that is not positive never overflows. */
    double e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double piq_logit(double p)
{
    double q = piq_clamp(p, LOGIT_EDGE, 1 - LOGIT_EDGE);
    return log(q) - log1p(-q);
}

double piq_sigmoid_gauss(double mean, double variance)
{
    return piq_sigmoid(mean / sqrt(1 + PI_OVER_8 * variance));
}

double piq_normal_cdf(double z)
{
    return .5 * erfc(-z * M_SQRT1_2);
}

/* Acklam's approximation for p in (0,.5], relative error below 1.15e-9. */
static double lower_quantile(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                               -2.759285104469687e+02, 1.383577518672690e+02,
                               -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                               -1.556989798598866e+02, 6.680131188771972e+01,
                               -1.328068155288572e+01};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                               -2.400758277161838e+00, -2.549732539343734e+00,
                               4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01,
                               2.445134137142996e+00, 3.754408661907416e+00};
    static const double tail = 0.02425;
    if (p < tail) {
        double q = sqrt(-2 * log(p));
        double over =
            ((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5];
        return over / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    }
    double q = p - .5;
    double r = q * q;
    double over =
        ((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5];
    double under =
        ((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1;
    return q * over / under;
}

double piq_normal_quantile(double p)
{
    if (isnan(p) || p <= 0 || p >= 1)
        return p <= 0 ? -INFINITY : p >= 1 ? INFINITY : NAN;
    /* The upper half mirrors the lower, where p keeps all its digits. */
    if (p > .5)
        return -piq_normal_quantile(1 - p);
    double x = lower_quantile(p);
    double error = piq_normal_cdf(x) - p;
    double u = error * SQRT_2_PI * exp(x * x / 2);
    double better = x - u / (1 + x * u / 2);
    return isfinite(better) ? better : x;
}

double piq_clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}
