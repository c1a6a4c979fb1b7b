/* conninfo.h - a connection string into settings. It holds secrets. */
#ifndef PIQ_STORE_POSTGRES_CONNINFO_H
#define PIQ_STORE_POSTGRES_CONNINFO_H

#include "base/status.h"
#include "store/postgres/connection.h"
#include "store/postgres/postgres_store.h"

/* Parts of the string that are ours (piq_..) go into *o, the rest into *out.
 * PIQ_EINVAL: not a connection string, or an option is out of range; the
 * message does not repeat it. On failure nothing is held. */
PIQ_MUST_USE piq_status piq_pg_conninfo_read(const char *conninfo,
                                             piq_postgres_options *o,
                                             piq_pg_setting *out, piq_err *err);
/* Frees what it holds, secrets overwritten first. */
void piq_pg_setting_release(piq_pg_setting *s);

#endif
