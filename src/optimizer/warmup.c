/* Schedules that rise first: warmup_constant, warmup_exponential_decay, warmup_cosine_decay and sgdr, a list of those. */
#include <inttypes.h>

#include "schedule.h"

/* init_value to peak_value in warmup_steps; then it stays. */
static double rise(const tx_section *section, int64_t count)
{
    const tx_polynomial curve = {
        .init_value = tx_get_real(section, "init_value"),
        .end_value = tx_get_real(section, "peak_value"),
        .power = 1,
        .transition_steps = tx_get_integer(section, "warmup_steps"),
    };
    return tx_polynomial_at(&curve, count);
}

static double warmup_exponential_decay(const tx_section *section, int64_t count)
{
    const int64_t warmup = tx_get_integer(section, "warmup_steps");
    tx_exponential_decay curve = tx_exponential_decay_read(section);
    curve.init_value = tx_get_real(section, "peak_value");
    return count < warmup ? rise(section, count) : tx_exponential_decay_at(&curve, count - warmup);
}

static double warmup_cosine_decay(const tx_section *section, int64_t count)
{
    const int64_t warmup = tx_get_integer(section, "warmup_steps");
    const double peak = tx_get_real(section, "peak_value");
    const tx_cosine_decay curve = {
        .init_value = peak,
        .alpha = peak == 0 ? 0 : tx_get_real(section, "end_value") / peak,
        .exponent = tx_get_real(section, "exponent"),
        .decay_steps = tx_get_integer(section, "decay_steps") - warmup,
    };
    return count < warmup ? rise(section, count) : tx_cosine_decay_at(&curve, count - warmup);
}

static tx_status check_warmup_cosine_decay(const tx_section *section, tx_error *error)
{
    const int64_t warmup = tx_get_integer(section, "warmup_steps"), decay = tx_get_integer(section, "decay_steps");
    return decay > warmup ? TX_OK
                          : tx_section_error(section, "decay_steps", error, TX_INVALID,
                                             "must be more than warmup_steps, which is %" PRId64 ", not %" PRId64, warmup, decay);
}

/* Loshchilov & Hutter 2017 (arXiv:1608.03983): the cycle in which count lies, and the last one for ever. */
static double sgdr(const tx_section *section, int64_t count)
{
    const tx_section *const *cycles;
    const int last = tx_get_sections(section, "cosine_kwargs", &cycles) - 1;
    int k = 0;
    for (; k < last && count >= tx_get_integer(cycles[k], "decay_steps"); k++) {
        count -= tx_get_integer(cycles[k], "decay_steps");
    }
    return warmup_cosine_decay(cycles[k], count);
}

static tx_status check_sgdr(const tx_section *section, tx_error *error)
{
    const tx_section *const *cycles;
    const int count = tx_get_sections(section, "cosine_kwargs", &cycles);
    for (int k = 0; k < count; k++) {
        TX_TRY(check_warmup_cosine_decay(cycles[k], error));
    }
    return count ? TX_OK : tx_section_error(section, "cosine_kwargs", error, TX_INVALID, "must have at least one cycle");
}

/* clang-format off */
#define RISE                                                                                                                   \
    TX_OPTION_REAL("init_value", NULL, "the value at the start"),                                                              \
    TX_OPTION_REAL("peak_value", NULL, "the value after the warm-up"),                                                         \
    {.name = "warmup_steps", .type = TX_TYPE_INTEGER, .unit = "steps", .minimum = 0, .maximum = INFINITY,                      \
     .text = "length of the linear rise"}

static const tx_option constant_options[] = {RISE, {0}};
static const tx_option exponential_options[] = {RISE, TX_OPTIONS_EXPONENTIAL_DECAY, {0}};
static const tx_option cosine_options[] = {
    RISE,
    {.name = "decay_steps", .type = TX_TYPE_INTEGER, .unit = "steps", .minimum = 1, .text = "length of the whole, warm-up included"},
    TX_OPTION_REAL("end_value", "0.0", "the value at the end"),
    TX_OPTION_REAL("exponent", "1.0", "of the cosine"),
    {0},
};
static const tx_option sgdr_options[] = {
    {.name = "cosine_kwargs", .type = TX_TYPE_SECTIONS, .kind = TX_KIND_SCHEDULE, .fixed = "warmup_cosine_decay",
     .text = "options of the cycles, one after the other"},
    {0},
};

static const tx_schedule_class constants = {rise, NULL}, exponentials = {warmup_exponential_decay, NULL};
static const tx_schedule_class cosines = {warmup_cosine_decay, check_warmup_cosine_decay}, sgdrs = {sgdr, check_sgdr};
const tx_component tx_schedule_warmup_constant =
    TX_SCHEDULE("warmup_constant", "a linear rise, then constant, as optax.warmup_constant_schedule", constant_options, &constants);
const tx_component tx_schedule_warmup_exponential_decay =
    TX_SCHEDULE("warmup_exponential_decay", "a linear rise, then exponential_decay, as optax.warmup_exponential_decay_schedule",
                exponential_options, &exponentials);
const tx_component tx_schedule_warmup_cosine_decay =
    TX_SCHEDULE("warmup_cosine_decay", "a linear rise, then cosine_decay, as optax.warmup_cosine_decay_schedule", cosine_options, &cosines);
const tx_component tx_schedule_sgdr =
    TX_SCHEDULE("sgdr", "several warmup_cosine_decay in a row, as optax.sgdr_schedule", sgdr_options, &sgdrs);
