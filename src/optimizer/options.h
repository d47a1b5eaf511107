/* Rows of option tables that optimizers and schedules share. Optax checks no bounds of decays; neither do we. */
#pragma once

#include <math.h>

#include "trainax/optimizer.h"

/* clang-format off */
#define TX_OPTION_LEARNING_RATE                                                                                                \
    {.name = "learning_rate", .type = TX_TYPE_REAL, .kind = TX_KIND_SCHEDULE,                                                  \
     .text = "a number, or a schedule of the count of updates"}
#define TX_OPTION_REAL(option_name, value, description)                                                                        \
    {.name = option_name, .type = TX_TYPE_REAL, .initial = value, .text = description}
#define TX_OPTION_BOOLEAN(option_name, value, description)                                                                     \
    {.name = option_name, .type = TX_TYPE_BOOLEAN, .initial = value, .text = description}
#define TX_OPTION_STEPS(option_name, value, description)                                                                       \
    {.name = option_name, .type = TX_TYPE_INTEGER, .initial = value, .unit = "steps", .text = description}
#define TX_OPTION_WEIGHT_DECAY(value, description)                                                                             \
    {.name = "weight_decay", .type = TX_TYPE_REAL, .initial = value, .kind = TX_KIND_SCHEDULE, .text = description}
#define TX_OPTION_NESTEROV(value) TX_OPTION_BOOLEAN("nesterov", value, "Nesterov momentum")

#define TX_OPTIMIZER(identifier, description, table, class_)                                                                   \
    {.kind = TX_KIND_OPTIMIZER, .name = identifier, .summary = description, .options = table, .implementation = class_}
#define TX_TRANSFORM(identifier, description, table, class_)                                                                   \
    {.kind = TX_KIND_TRANSFORM, .name = identifier, .summary = description, .options = table, .implementation = class_}
#define TX_SCHEDULE(identifier, description, table, class_)                                                                    \
    {.kind = TX_KIND_SCHEDULE, .name = identifier, .summary = description, .options = table, .implementation = class_}
/* clang-format on */

/* The value of an option, or `otherwise` where the component has no such option or it is null. */
double tx_option_real(const tx_section *section, const char *name, double otherwise);
bool tx_option_flag(const tx_section *section, const char *name, bool otherwise);
