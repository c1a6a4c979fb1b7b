#include "agent/fields.h"

#include <math.h>

/* Beyond this a double no longer holds every integer. */
static const double MOST_EXACT = 9007199254740992.0;

bool piq_agent_is_int(const json_t *v, int64_t *out)
{
    if (json_is_integer(v)) {
        *out = json_integer_value(v);
        return true;
    }
    if (!json_is_real(v))
        return false;
    double x = json_real_value(v);
    if (x != floor(x) || fabs(x) > MOST_EXACT)
        return false;
    *out = (int64_t)x;
    return true;
}

piq_status piq_agent_int(const json_t *object, const char *member, int64_t low,
                         int64_t high, int64_t *out, piq_err *err)
{
    const json_t *v = json_object_get(object, member);
    int64_t x;
    if (!v)
        return piq_fail(err, PIQ_EINVAL, "\"%s\" is missing", member);
    if (!piq_agent_is_int(v, &x))
        return piq_fail(err, PIQ_EINVAL, "\"%s\" must be an integer", member);
    if (x < low || x > high)
        return piq_fail(err, PIQ_EINVAL, "\"%s\" must be within %lld .. %lld",
                        member, (long long)low, (long long)high);
    *out = x;
    return PIQ_OK;
}

piq_status piq_agent_number(const json_t *object, const char *member,
                            double low, double high, double *out, piq_err *err)
{
    const json_t *v = json_object_get(object, member);
    if (!v || json_is_null(v))
        return PIQ_OK;
    if (!json_is_number(v))
        return piq_fail(err, PIQ_EINVAL, "\"%s\" must be a number", member);
    double x = json_number_value(v);
    if (!(x >= low && x <= high))
        return piq_fail(err, PIQ_EINVAL, "\"%s\" must be within %g .. %g",
                        member, low, high);
    *out = x;
    return PIQ_OK;
}

piq_status piq_agent_array(const json_t *object, const char *member, size_t max,
                           bool required, const json_t **out, piq_err *err)
{
    const json_t *v = json_object_get(object, member);
    *out = NULL;
    if (!v && !required)
        return PIQ_OK;
    if (!v)
        return piq_fail(err, PIQ_EINVAL, "\"%s\" is missing", member);
    if (!json_is_array(v))
        return piq_fail(err, PIQ_EINVAL, "\"%s\" must be a list", member);
    if (json_array_size(v) > max)
        return piq_fail(err, PIQ_EINVAL, "\"%s\" has more than %zu entries",
                        member, max);
    *out = v;
    return PIQ_OK;
}

bool piq_agent_score(const json_t *v, double *out)
{
    if (json_is_boolean(v)) {
        *out = json_is_true(v) ? 1.0 : 0.0;
        return true;
    }
    if (!json_is_number(v))
        return false;
    *out = json_number_value(v);
    return *out >= 0.0 && *out <= 1.0;
}
