/* Options that spectral steppers share. */
#pragma once

#include <math.h>

#include "trainax/component.h"
#include "trainax/shape.h"

/* clang-format off */
#define TX_OPTION_NUMBER(NAME, VALUE, TEXT) {.name = NAME, .type = TX_TYPE_REAL, .initial = VALUE, .unit = "", .text = TEXT}
#define TX_OPTION_FLAG(NAME, VALUE, TEXT) {.name = NAME, .type = TX_TYPE_BOOLEAN, .initial = VALUE, .unit = "", .text = TEXT}
#define TX_OPTION_NUMBERS(NAME, VALUE, TEXT) {.name = NAME, .type = TX_TYPE_REALS, .initial = VALUE, .unit = "", .text = TEXT}
#define TX_OPTION_MATRIX(NAME, VALUE, TEXT)                                                                                        \
    {.name = NAME, .type = TX_TYPE_REALS, .initial = VALUE, .unit = "", .text = TEXT, .tuple = TX_ANY_TUPLE}
#define TX_OPTIONS_SPACE                                                                                                           \
    {.name = "num_spatial_dims", .type = TX_TYPE_INTEGER, .initial = "null", .unit = "", .minimum = 1, .maximum = TX_MAX_AXES,     \
     .text = "spatial axes (null: those of the states)"},                                                                          \
    {.name = "num_points", .type = TX_TYPE_INTEGER, .initial = "null", .unit = "points", .minimum = 1, .maximum = 2147483647.0,    \
     .text = "grid points along each axis (null: those of the states)"}
#define TX_OPTION_EXTENT                                                                                                           \
    {.name = "domain_extent", .type = TX_TYPE_REAL, .unit = "length", .above_minimum = true,                                       \
     .text = "length of the domain, which is periodic, along each axis"}
#define TX_OPTIONS_DOMAIN                                                                                                          \
    TX_OPTION_EXTENT, {.name = "dt", .type = TX_TYPE_REAL, .unit = "time", .text = "time step"}, TX_OPTIONS_SPACE
#define TX_OPTIONS_ETDRK(FRACTION)                                                                                                 \
    {.name = "order", .type = TX_TYPE_INTEGER, .initial = "2", .unit = "", .minimum = 0, .maximum = 4,                             \
     .text = "of the exponential Runge-Kutta scheme; 0: the linear part alone"},                                                   \
    {.name = "dealiasing_fraction", .type = TX_TYPE_REAL, .initial = FRACTION, .unit = "", .maximum = INFINITY,                    \
     .text = "share of the wavenumbers that nonlinear terms see"},                                                                 \
    {.name = "num_circle_points", .type = TX_TYPE_INTEGER, .initial = "16", .unit = "points", .minimum = 1, .maximum = 1000000,    \
     .text = "of the contour integrals that the scheme's coefficients are"},                                                       \
    {.name = "circle_radius", .type = TX_TYPE_REAL, .initial = "1.0", .unit = "", .above_minimum = true,                           \
     .text = "of these contours"}
#define TX_OPTION_MAXIMUM                                                                                                          \
    {.name = "maximum_absolute", .type = TX_TYPE_REAL, .initial = "1.0", .unit = "", .above_minimum = true,                        \
     .text = "of the states that the difficulties are meant for"}
#define TX_TWO_THIRDS "0.6666666666666666"
/* clang-format on */
