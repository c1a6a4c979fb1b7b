/* taste_fit_inverse.h - inverts a large matrix in place, on several threads.
 * Private to taste_fit*.c, and its test. */
#ifndef PIQ_TRAIN_TASTE_FIT_INVERSE_H
#define PIQ_TRAIN_TASTE_FIT_INVERSE_H

#include "base/status.h"

#include <stddef.h>

/* a[n][stride] symmetric, positive definite; its lower half is read, both are
 * written. OpenBLAS must be at one thread. The number of threads changes no
 * bit. PIQ_EINVAL: not positive definite; `a` is then spoilt. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_invert(float *a, size_t n, size_t stride,
                                         unsigned threads);

#endif
