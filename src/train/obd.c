#include "train/obd.h"

#include "train/text_lines.h"

#include <math.h>

/* What a column of the log means. */
typedef enum column_kind {
    OTHER,
    ITEM,
    POSITION,
    CLICK,
    PROPENSITY,
    USER,
    AFFINITY
} column_kind;

enum { MAX_COLUMNS = 1024 };

typedef struct column {
    column_kind kind;
    size_t at; /* of USER and AFFINITY */
} column;

typedef struct obd_row {
    uint32_t position;
    uint8_t user[PIQ_OBD_USER_FEATURES]; /* value + 1; 0: none of those told
                                            apart */
} obd_row;

typedef struct reading {
    piq_arena *a;
    piq_err *err;
    column columns[MAX_COLUMNS];
    size_t n_columns, n_user, n_affinity;
    uint64_t values[PIQ_OBD_USER_FEATURES][PIQ_OBD_VALUES]; /* hashes */
    size_t n_values[PIQ_OBD_USER_FEATURES];
} reading;

/* What the features of a row are made of. */
typedef struct source {
    obd_row *rows;
    float *affinity; /* [n][n_affinity] */
    size_t n_items, n_positions, n_user, n_affinity;
} source;

/* ---- the policy ---------------------------------------------------------- */

static piq_status policy_line(reading *k, piq_str line, uint64_t number,
                              size_t item, piq_obd *out, double *target)
{
    size_t n = 0;
    while (line.len) {
        double v;
        piq_str field = piq_text_take(&line, ',');
        if (!piq_str_to_double(field, &v) || v < 0)
            return piq_fail(k->err, PIQ_EPARSE,
                            "policy, line %llu: \"%.*s\" is no chance",
                            (unsigned long long)number, PIQ_STR_ARG(field));
        if (n == PIQ_OBD_MAX_POSITIONS)
            return piq_fail(k->err, PIQ_ELIMIT,
                            "policy: more than %d positions",
                            PIQ_OBD_MAX_POSITIONS);
        target[n++ * PIQ_OBD_MAX_ITEMS + item] = v;
    }
    if (item == 0)
        out->n_positions = n;
    if (n != out->n_positions)
        return piq_fail(k->err, PIQ_EPARSE,
                        "policy, line %llu: %zu columns, not %zu",
                        (unsigned long long)number, n, out->n_positions);
    return PIQ_OK;
}

/* target[position][item], with room for PIQ_OBD_MAX_ITEMS items a position. */
static piq_status read_policy(reading *k, piq_str policy, piq_obd *out,
                              double *target)
{
    piq_text_lines lines = {.rest = policy};
    piq_str line;
    piq_status status = PIQ_OK;
    while (!status && piq_text_next_line(&lines, &line)) {
        if (line.len == 0)
            continue;
        if (out->n_items == PIQ_OBD_MAX_ITEMS)
            return piq_fail(k->err, PIQ_ELIMIT, "policy: more than %d items",
                            PIQ_OBD_MAX_ITEMS);
        status = policy_line(k, line, lines.line, out->n_items++, out, target);
    }
    if (!status && out->n_items == 0)
        status = piq_fail(k->err, PIQ_EPARSE, "the policy has no lines");
    for (size_t p = 0; p < out->n_positions && !status; p++) {
        double sum = 0;
        double *chance = target + p * PIQ_OBD_MAX_ITEMS;
        for (size_t i = 0; i < out->n_items; i++)
            sum += chance[i];
        if (!(sum > 0))
            return piq_fail(k->err, PIQ_EPARSE,
                            "policy: column %zu has no chances", p + 1);
        for (size_t i = 0; i < out->n_items; i++)
            chance[i] /= sum;
    }
    return status;
}

/* ---- the header ---------------------------------------------------------- */

static bool numbered(piq_str name, const char *prefix, size_t *at)
{
    size_t len = strlen(prefix);
    int64_t v;
    if (name.len <= len || memcmp(name.ptr, prefix, len) != 0 ||
        !piq_text_whole((piq_str){name.ptr + len, name.len - len}, 0,
                        PIQ_OBD_MAX_ITEMS - 1, &v))
        return false;
    *at = (size_t)v;
    return true;
}

static column column_of(piq_str name)
{
    size_t at;
    if (piq_str_eq(name, PIQ_STR("item_id")))
        return (column){ITEM, 0};
    if (piq_str_eq(name, PIQ_STR("position")))
        return (column){POSITION, 0};
    if (piq_str_eq(name, PIQ_STR("click")))
        return (column){CLICK, 0};
    if (piq_str_eq(name, PIQ_STR("propensity_score")) ||
        piq_str_eq(name, PIQ_STR("action_prob")))
        return (column){PROPENSITY, 0};
    if (numbered(name, "user_feature_", &at) && at < PIQ_OBD_USER_FEATURES)
        return (column){USER, at};
    if (numbered(name, "user-item_affinity_", &at))
        return (column){AFFINITY, at};
    return (column){OTHER, 0};
}

static piq_status read_header(reading *k, piq_str line)
{
    static const char *const wanted[] = {[ITEM] = "item_id",
                                         [POSITION] = "position",
                                         [CLICK] = "click",
                                         [PROPENSITY] = "propensity_score"};
    size_t seen[AFFINITY + 1] = {0};
    while (line.len) {
        if (k->n_columns == MAX_COLUMNS)
            return piq_fail(k->err, PIQ_ELIMIT, "log: more than %d columns",
                            MAX_COLUMNS);
        column c = column_of(piq_text_take(&line, ','));
        k->columns[k->n_columns++] = c;
        seen[c.kind]++;
        if (c.kind == USER && c.at >= k->n_user)
            k->n_user = c.at + 1;
        if (c.kind == AFFINITY && c.at >= k->n_affinity)
            k->n_affinity = c.at + 1;
    }
    for (int kind = ITEM; kind <= PROPENSITY; kind++)
        if (seen[kind] != 1)
            return piq_fail(k->err, PIQ_EPARSE,
                            "log: the header has %zu columns \"%s\", not one",
                            seen[kind], wanted[kind]);
    return PIQ_OK;
}

/* ---- rows ---------------------------------------------------------------- */

/* The number of a feature's value, from 1; 0 for those that came too late. */
static uint8_t value_of(reading *k, size_t feature, piq_str word)
{
    uint64_t hash = piq_hash_bytes(word.ptr, word.len);
    size_t *n = &k->n_values[feature];
    if (word.len == 0)
        return 0;
    for (size_t v = 0; v < *n; v++)
        if (k->values[feature][v] == hash)
            return (uint8_t)(v + 1);
    if (*n == PIQ_OBD_VALUES)
        return 0;
    k->values[feature][(*n)++] = hash;
    return (uint8_t)*n;
}

static bool read_field(reading *k, column c, piq_str field, const piq_obd *out,
                       piq_offpolicy_row *row, obd_row *more, float *affinity)
{
    int64_t whole = 0;
    double number = 0;
    switch (c.kind) {
    case OTHER:
        return true;
    case ITEM:
        if (!piq_text_whole(field, 0, (int64_t)out->n_items - 1, &whole))
            return false;
        row->action = (uint32_t)whole;
        return true;
    case POSITION:
        if (!piq_text_whole(field, 1, (int64_t)out->n_positions, &whole))
            return false;
        more->position = (uint32_t)whole - 1;
        return true;
    case CLICK:
        if (!piq_str_to_double(field, &row->reward))
            return false;
        return row->reward >= 0 && row->reward <= 1;
    case PROPENSITY:
        if (!piq_str_to_double(field, &row->propensity))
            return false;
        return row->propensity > 0 && row->propensity <= 1;
    case USER:
        more->user[c.at] = value_of(k, c.at, field);
        return true;
    case AFFINITY:
        if (field.len && !piq_str_to_double(field, &number))
            return false;
        affinity[c.at] = (float)number;
        return true;
    }
    return false;
}

static piq_status read_row(reading *k, piq_str line, uint64_t number,
                           const piq_obd *out, piq_offpolicy_row *row,
                           obd_row *more, float *affinity)
{
    size_t n = piq_text_count(line, ',') + 1;
    if (n != k->n_columns)
        return piq_fail(k->err, PIQ_EPARSE,
                        "log, line %llu: %zu columns, not %zu",
                        (unsigned long long)number, n, k->n_columns);
    for (size_t c = 0; c < n; c++) {
        piq_str field = piq_text_take(&line, ',');
        if (!read_field(k, k->columns[c], field, out, row, more, affinity))
            return piq_fail(k->err, PIQ_EPARSE,
                            "log, line %llu, column %zu: \"%.*s\" is out of "
                            "range",
                            (unsigned long long)number, c + 1,
                            PIQ_STR_ARG(field));
    }
    return PIQ_OK;
}

static piq_status read_rows(reading *k, piq_text_lines *lines,
                            const double *target, piq_obd *out, source *from)
{
    size_t most = piq_text_count(lines->rest, '\n') + 1;
    piq_offpolicy_row *rows = piq_new(k->a, piq_offpolicy_row, most);
    piq_str line;
    from->rows = piq_new(k->a, obd_row, most);
    from->affinity = piq_new(k->a, float, most *(k->n_affinity + 1));
    if (!rows || !from->rows || !from->affinity)
        return piq_fail(k->err, PIQ_ENOMEM, "no memory for %zu rows", most);
    while (piq_text_next_line(lines, &line)) {
        size_t i = out->log.n;
        if (line.len == 0)
            continue;
        piq_status status =
            read_row(k, line, lines->line, out, &rows[i], &from->rows[i],
                     from->affinity + i * k->n_affinity);
        if (status)
            return status;
        rows[i].n_actions = (uint32_t)out->n_items;
        rows[i].target =
            target + (size_t)from->rows[i].position * PIQ_OBD_MAX_ITEMS;
        out->log.n++;
    }
    out->log.rows = rows;
    return PIQ_OK;
}

/* ---- features ------------------------------------------------------------ */

static size_t width_of(const source *from)
{
    return from->n_positions + from->n_items +
           from->n_user * (size_t)PIQ_OBD_VALUES + 1;
}

/* Constant; positions but the first; items; user's values; affinity. */
static void features(const void *ctx, size_t row, uint32_t action, double *x)
{
    const source *from = ctx;
    const obd_row *r = &from->rows[row];
    size_t at = from->n_positions;
    x[0] = 1;
    if (r->position)
        x[r->position] = 1;
    x[at + action] = 1;
    at += from->n_items;
    for (size_t f = 0; f < from->n_user; f++, at += PIQ_OBD_VALUES)
        if (r->user[f])
            x[at + r->user[f] - 1] = 1;
    if (action < from->n_affinity) /* counts of clicks: few are many */
        x[at] = log1p(
            fmax(0, (double)from->affinity[row * from->n_affinity + action]));
}

piq_status piq_obd_read(piq_arena *a, piq_str csv, piq_str policy, piq_obd *out,
                        piq_err *err)
{
    piq_obd read = {0};
    reading *k = piq_new(a, reading, 1);
    source *from = piq_new(a, source, 1);
    double *target =
        piq_new(a, double, (size_t)PIQ_OBD_MAX_ITEMS *PIQ_OBD_MAX_POSITIONS);
    piq_text_lines lines = {.rest = csv};
    piq_str line;
    if (!k || !from || !target)
        return piq_fail(err, PIQ_ENOMEM, "no memory to read the log");
    k->a = a;
    k->err = err;
    piq_status status = read_policy(k, policy, &read, target);
    if (!status && !piq_text_next_line(&lines, &line))
        status = piq_fail(err, PIQ_EPARSE, "the log has no header");
    if (!status)
        status = read_header(k, line);
    if (!status)
        status = read_rows(k, &lines, target, &read, from);
    if (status)
        return status;
    from->n_items = read.n_items;
    from->n_positions = read.n_positions;
    from->n_user = k->n_user;
    from->n_affinity = k->n_affinity;
    read.log.width = width_of(from);
    read.log.features = features;
    read.log.ctx = from;
    *out = read;
    return PIQ_OK;
}
