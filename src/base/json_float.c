#include "base/json_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void piq_json_float(piq_json_writer *w, float v)
{
    if (!isfinite(v)) {
        piq_json_null(w);
        return;
    }
    char text[32];
    int len = 0;
    for (int digits = 1; digits <= 9; digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, (double)v);
        for (int i = 0; i < len; i++)
            if (text[i] == ',') /* a locale's decimal comma */
                text[i] = '.';
        double back;
        if (piq_str_to_double((piq_str){text, (size_t)len}, &back) &&
            (float)back == v)
            break;
    }
    piq_json_raw(w, (piq_str){text, (size_t)len});
}

void piq_json_put_float(piq_json_writer *w, const char *key, float v)
{
    piq_json_key(w, key);
    piq_json_float(w, v);
}
