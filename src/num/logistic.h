/* logistic.h - scalars that the models share. Pure. */
#ifndef PIQ_NUM_LOGISTIC_H
#define PIQ_NUM_LOGISTIC_H

/* 1 / (1 + e^-x), no overflow for any x. */
double piq_sigmoid(double x);
/* ln(p / (1-p)), p clamped to [1e-12, 1-1e-12]. */
double piq_logit(double p);
/* E[sigmoid(X)], X ~ N(mean, variance): the probit approximation
 * sigmoid(mean / sqrt(1 + pi/8 variance)) (MacKay 1992, Neural Computation
 * 4:720, eq. 10); error below .02. */
double piq_sigmoid_gauss(double mean, double variance);
/* Standard normal distribution function and its inverse (Acklam's rational
 * approximation with one Halley step, error below 1e-14), p in
 * (0,1). */
double piq_normal_cdf(double z);
double piq_normal_quantile(double p);
double piq_clamp(double x, double low, double high);

#endif
