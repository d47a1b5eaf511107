/* The curves that schedules are made of, as Optax has them, in double. Powers and cosines are taken in extended precision and
 * rounded: the last bit of the double ones differs between processors. */
#pragma once

#include <math.h>

#include "options.h"

static inline double tx_cosine_of_pi(double fraction) /* cos(pi * fraction) */
{
    return (double)cosl(3.14159265358979323846264338327950288L * (long double)fraction);
}
static inline double tx_power_of_real(double base, double exponent)
{
    return exponent == 1 ? base : (double)powl((long double)base, (long double)exponent);
}

typedef struct tx_polynomial {
    double init_value, end_value, power;
    int64_t transition_steps, transition_begin;
} tx_polynomial;
double tx_polynomial_at(const tx_polynomial *curve, int64_t count);

typedef struct tx_cosine_decay {
    double init_value, alpha, exponent;
    int64_t decay_steps;
} tx_cosine_decay;
double tx_cosine_decay_at(const tx_cosine_decay *curve, int64_t count);

typedef struct tx_exponential_decay {
    double init_value, decay_rate, end_value;
    int64_t transition_steps, transition_begin;
    bool staircase, ends; /* at end_value */
} tx_exponential_decay;
double tx_exponential_decay_at(const tx_exponential_decay *curve, int64_t count);
/* All but init_value, from the section's options. */
tx_exponential_decay tx_exponential_decay_read(const tx_section *section);

/* clang-format off */
#define TX_OPTIONS_EXPONENTIAL_DECAY                                                                                           \
    TX_OPTION_STEPS("transition_steps", NULL, "steps in which the value changes by decay_rate; 0: never"),                     \
    {.name = "decay_rate", .type = TX_TYPE_REAL, .minimum = 0, .maximum = INFINITY, .text = "factor; 0: the value stays"},     \
    TX_OPTION_STEPS("transition_begin", "0", "steps before the decay begins"),                                                 \
    TX_OPTION_BOOLEAN("staircase", "false", "changes every transition_steps only"),                                            \
    TX_OPTION_REAL("end_value", "null", "where the decay (or growth) stops")
/* clang-format on */
