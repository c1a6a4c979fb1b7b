/* dashboard.h - where the dashboard's files are. Private to cli/. */
#ifndef PIQ_CLI_DASHBOARD_H
#define PIQ_CLI_DASHBOARD_H

#include "base/status.h"
#include "web/pages.h"

/* The files of `dir`; NULL: those that stand beside the program (`web/`, as
 * built; `../share/piq/web`, as installed). Where nobody named a folder and
 * there is none, or it cannot be used, *out is NULL and the log says so: the
 * API is served all the same. Errors as in piq_pages_open, of `dir` only. */
PIQ_MUST_USE piq_status piq_dashboard_open(const char *dir, piq_pages **out,
                                           piq_err *err);

#endif
