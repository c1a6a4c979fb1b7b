#include "cli/dashboard.h"

#include "base/log.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder of this program; false: it cannot be told. */
static bool program_folder(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n <= 0)
        return false;
    out[n] = 0;
    char *slash = strrchr(out, '/');
    if (!slash)
        return false;
    *slash = 0;
    return true;
}

/* False: there is none. */
static bool find_shipped(char *out, size_t size)
{
    static const char *const beside[] = {"/web", "/../share/piq/web"};
    char folder[PATH_MAX], index[PATH_MAX + 64];
    if (!program_folder(folder, sizeof folder))
        return false;
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        snprintf(out, size, "%s%s", folder, beside[i]);
        snprintf(index, sizeof index, "%s/index.html", out);
        if (access(index, R_OK) == 0)
            return true;
    }
    return false;
}

piq_status piq_dashboard_open(const char *dir, piq_pages **out, piq_err *err)
{
    char found[PATH_MAX + 32];
    piq_err why = {0};
    *out = NULL;
    if (dir)
        return piq_pages_open(dir, out, err);
    if (!find_shipped(found, sizeof found)) {
        piq_log(PIQ_LOG_INFO, 0,
                "no dashboard here (make web builds it): only the API is "
                "served",
                NULL, 0);
        return PIQ_OK;
    }
    if (piq_pages_open(found, out, &why)) {
        piq_log_field fields[] = {piq_log_z("error", why.message)};
        piq_log(PIQ_LOG_WARN, 0,
                "the dashboard cannot be used: only the API is served", fields,
                1);
    }
    return PIQ_OK;
}
