/* Dynamic mode decomposition (Schmid 2010): least squares within the leading modes, and back onto them. */
#include <inttypes.h>

#include "baseline/baseline.h"
#include "baseline/options.h"

static int candidates(int64_t most, double out[TX_MOST_CANDIDATES])
{
    int count = 0;
    for (int64_t rank = 1; rank <= most && count < TX_MOST_CANDIDATES; rank *= 2) {
        out[count++] = (double)rank;
    }
    return count;
}

static tx_status weigh(const tx_modes *modes, double value, double *weights, tx_error *error)
{
    (void)error;
    for (int64_t i = 0; i < modes->count; i++) {
        weights[i] = (double)i < value && modes->lambda[i] > 1e-12 * modes->lambda[0] ? 1 / modes->lambda[i] : 0;
    }
    return TX_OK;
}

static tx_status check(const tx_section *section, const tx_shape *state, tx_error *error)
{
    const int64_t size = state->channels * tx_shape_points(state), rank = tx_get_integer(section, "rank");
    return rank <= size ? TX_OK
                        : tx_section_error(section, "rank", error, TX_INVALID,
                                           "a state has %" PRId64 " numbers, fewer than %" PRId64, size, rank);
}

static const tx_modal modal = {.option = "rank", .is_count = true, .projected = true, .candidates = candidates, .weigh = weigh};
static const tx_baseline_class dmd = {.modal = &modal, .check = check};

static const tx_option options[] = {
    {.name = "rank",
     .type = TX_TYPE_INTEGER,
     .initial = "auto",
     .unit = "modes",
     .words = "auto",
     .minimum = 1,
     .text = "how many modes; auto: the best of 1, 2, 4, ... in held-out rollouts"},
    TX_OPTION_BIAS,
    {0},
};

const tx_component tx_baseline_dmd = {.kind = TX_KIND_BASELINE,
                                      .name = "dmd",
                                      .summary = "dynamic mode decomposition: the linear map of the leading modes",
                                      .options = options,
                                      .implementation = &dmd};
