/* routes.h - which handler a request goes to. Private to api/. */
#ifndef PIQ_API_ROUTES_H
#define PIQ_API_ROUTES_H

#include "api/exchange.h"

enum { PIQ_API_MAX_VALUES = 2 };

struct piq_route {
    piq_api_route is;
    piq_handler *handler;
};

typedef struct piq_matched {
    const piq_route *route;             /* NULL: none */
    piq_str values[PIQ_API_MAX_VALUES]; /* of {..} segments, in order */
    size_t n_values;
    bool path_known; /* some method has this path */
    char allow[32];  /* methods of the path */
} piq_matched;

/* As in piq_api_route_at. */
size_t piq_route_number(const piq_route *r);

/* HEAD is a GET whose body the transport leaves out. */
void piq_route_match(const char *method, piq_str path, piq_matched *out);

#endif
