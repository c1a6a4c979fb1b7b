/* catalogue_json.h - the catalogue as the API shows it.
 *
 * Without what is retired or not published, and without the items: of those a
 * content says how many it has. Pure; thread safe.
 */
#ifndef PIQ_DOMAIN_CATALOGUE_JSON_H
#define PIQ_DOMAIN_CATALOGUE_JSON_H

#include "base/json_writer.h"
#include "domain/catalogue.h"

#include <stdbool.h>

typedef struct piq_catalogue_filter {
    bool by_type;
    piq_content_type type; /* only contents of it, when by_type */
    bool by_area;
    piq_area_ix area; /* only it and its concepts, and contents that teach one
                         of them, when by_area */
} piq_catalogue_filter;

/* One object: version, subject, areas, concepts, contents, characters. */
void piq_catalogue_show(const piq_catalogue *c, const piq_catalogue_filter *f,
                        piq_json_writer *w);

#endif
