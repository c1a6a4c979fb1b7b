/* taste_model.h - the insides of a taste model. Private to taste*.c and to the
 * fit (train/taste_fit*.c), which fills one. */
#ifndef PIQ_RECOMMEND_TASTE_MODEL_H
#define PIQ_RECOMMEND_TASTE_MODEL_H

#include "recommend/taste.h"

/* Weights and scales are known at so many lengths of a history, and linear in
 * ln n between them. */
enum { PIQ_TASTE_KNOTS = 6, PIQ_TASTE_LINE = 16 };
extern const double piq_taste_knots[PIQ_TASTE_KNOTS]; /* 1 .. 300 */

typedef enum piq_taste_map {
    PIQ_TASTE_MAP_ALIKE, /* of LIKING and LATELY */
    PIQ_TASTE_MAP_NEXT,
    PIQ_TASTE_MAP_BEGUN,
    PIQ_N_TASTE_MAPS
} piq_taste_map;

/* Parts that are sums over the history. */
enum { PIQ_TASTE_SUMS = PIQ_TASTE_POPULAR };

/* What was fitted at one knot. */
typedef struct piq_taste_knot {
    float log_scale[PIQ_N_TASTE_PARTS]; /* ln of a part's usual spread */
    float weight[PIQ_N_TASTE_PARTS];    /* of the part brought to spread 1 */
} piq_taste_knot;

struct piq_taste {
    size_t n_items, stride;
    int64_t *ids;                    /* [n_items] ascending */
    uint32_t *seen;                  /* [n_items] */
    float *popular;                  /* [stride] mean 0, spread 1 */
    float *maps[PIQ_N_TASTE_MAPS];   /* [n_items][stride], 64-byte rows; row: in
                                        the history, column: scored */
    float half_life[PIQ_TASTE_SUMS]; /* entries; 0: nothing fades */
    piq_taste_knot knots[PIQ_TASTE_KNOTS];
    piq_taste_about about;
};

/* Arrays zeroed, ids not set. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_taste_new(size_t n_items, piq_taste **out);
/* The same without maps: NULL until they are given, from piq_taste_rows. */
PIQ_MUST_USE piq_status piq_taste_new_bare(size_t n_items, piq_taste **out);

/* [rows][stride] zeroed, rows on cache lines; NULL: no memory. free() it. */
float *piq_taste_rows(size_t rows, size_t stride);
size_t piq_taste_round(size_t n_items); /* the stride */

piq_taste_map piq_taste_map_of(piq_taste_part part); /* of the first four */

/* What a weight counts in a sum: its root, with its sign. Half a liking tells
 * more than half. */
double piq_taste_strength(float weight);

/* The factors a_p(n) of taste.h. */
void piq_taste_factors(const piq_taste *m, size_t n,
                       double out[PIQ_N_TASTE_PARTS]);
/* The factor of an entry of that age in a part. */
double piq_taste_fade(const piq_taste *m, piq_taste_part part, double age);

#endif
