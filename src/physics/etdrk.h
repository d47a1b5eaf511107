/* Exponential time differencing Runge-Kutta schemes of order 0 to 4 (Cox and Matthews, J. Comput. Phys. 176, 2002), their
 * coefficients by contour integrals (Kassam and Trefethen, SIAM J. Sci. Comput. 26, 2005). Of these only the real parts are taken,
 * as Exponax does, also where L is complex. */
#pragma once

#include "physics/spectral.h"

typedef struct tx_etdrk tx_etdrk;
/* The coefficients of an equation that has a nonlinear term, by the options of TX_OPTIONS_ETDRK; the tables are the equation's. */
tx_status tx_etdrk_create(tx_equation *equation, tx_error *error, tx_etdrk **out);
/* The modes a step later. */
tx_node tx_etdrk_step(const tx_etdrk *etdrk, const tx_equation *equation, tx_graph *graph, tx_node h);
