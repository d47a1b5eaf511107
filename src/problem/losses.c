/* Weights of losses against the data that they are for. */
#include "problem/losses.h"

#include <inttypes.h>

#include "base/memory.h"
#include "base/real.h"
#include "base/text.h"
#include "component/visit.h"

tx_fields tx_problem_fields(const tx_data_shape *data)
{
    const int64_t points = tx_shape_points(&data->state);
    return (tx_fields){.first = data->parameters, .count = data->constants / points, .names = data->constant_names};
}

tx_network_beside tx_problem_beside(const tx_data_shape *data, bool fixed)
{
    return (tx_network_beside){.parameters = data->parameters,
                               .fields = data->constants / tx_shape_points(&data->state),
                               .parameter_names = data->parameter_names,
                               .field_names = data->constant_names,
                               .stride = {data->stride[0], fixed ? data->stride[0] : data->stride[1]}};
}

static tx_status check_channels(const tx_section *loss, int64_t channels, tx_error *error)
{
    const double *weights;
    const int count = tx_get_reals(loss, "channel_weights", &weights);
    double sum = 0;
    for (int k = 0; k < count; k++) {
        sum += weights[k];
    }
    if (tx_has(loss, "channel_weights") && count != channels) {
        return tx_section_error(loss, "channel_weights", error, TX_INVALID, "%d given, but the data have %" PRId64 " channel%s",
                                count, channels, channels == 1 ? "" : "s");
    }
    return count && sum == 0 ? tx_section_error(loss, "channel_weights", error, TX_INVALID, "one of them must be above 0") : TX_OK;
}

static tx_status check_points(const tx_section *loss, const tx_fields *fields, tx_error *error)
{
    const char *which = tx_has(loss, "point_weights") ? tx_get_string(loss, "point_weights") : NULL;
    if (!which || tx_fields_find(fields, which) >= 0) {
        return TX_OK;
    }
    tx_text known = {0};
    tx_status status = TX_OK;
    for (int64_t k = 0; k < fields->count && status == TX_OK; k++) {
        const char *before = k ? ", " : "";
        status = fields->names ? tx_text_add(&known, error, "%s%s", before, fields->names[k])
                               : tx_text_add(&known, error, "%s%" PRId64, before, k);
    }
    status = status ? status
                    : tx_section_error(loss, "point_weights", error, TX_INVALID, "there is no constant field '%s'; there %s %s",
                                       which, fields->count == 1 ? "is" : "are", fields->count ? known.data : "none");
    tx_free(known.data);
    return status;
}

static bool takes_weights(const tx_section *loss)
{
    return tx_knows(loss, "channel_weights") && tx_knows(loss, "point_weights");
}

static tx_status check(void *user, const tx_section *loss, tx_error *error)
{
    const tx_data_shape *data = user;
    const tx_fields fields = tx_problem_fields(data);
    if (!takes_weights(loss)) {
        return TX_OK;
    }
    TX_TRY(check_channels(loss, data->state.channels, error));
    return check_points(loss, &fields, error);
}

tx_status tx_losses_check(const tx_section *section, const tx_data_shape *data, tx_error *error)
{
    return tx_section_visit(section, TX_KIND_LOSS, check, (void *)data, error);
}

/* ---- The numbers themselves, which all ranks have ---- */

static tx_status check_trajectory(const tx_section *loss, const tx_dataset *dataset, int64_t first, int64_t trajectory,
                                  tx_error *error)
{
    const void *numbers = tx_beside_of(&dataset->beside, trajectory);
    const int64_t points = tx_shape_points(&dataset->shape.state);
    double sum = 0;
    for (int64_t k = 0; k < points; k++) {
        const double weight = tx_real_get(dataset->precision, numbers, first + k);
        if (weight < 0) {
            return tx_section_error(loss, "point_weights", error, TX_BAD_DATA,
                                    "trajectory %" PRId64 " (counted from 0) has a negative weight, %g", trajectory, weight);
        }
        sum += weight;
    }
    return sum > 0 ? TX_OK
                   : tx_section_error(loss, "point_weights", error, TX_BAD_DATA,
                                      "trajectory %" PRId64 " (counted from 0) has no weight: the field is 0 at all points",
                                      trajectory);
}

static tx_status check_data(void *user, const tx_section *loss, tx_error *error)
{
    const tx_dataset *dataset = user;
    const tx_fields fields = tx_problem_fields(&dataset->shape);
    const char *which = takes_weights(loss) && tx_has(loss, "point_weights") ? tx_get_string(loss, "point_weights") : NULL;
    const int64_t field = which ? tx_fields_find(&fields, which) : -1;
    const int64_t first = fields.first + field * tx_shape_points(&dataset->shape.state);
    for (int64_t k = 0; field >= 0 && dataset->beside.count && k < dataset->shape.num_trajectories; k++) {
        TX_TRY(check_trajectory(loss, dataset, first, k, error));
    }
    return TX_OK;
}

tx_status tx_losses_check_data(const tx_section *section, const tx_dataset *dataset, tx_error *error)
{
    return dataset->partial ? TX_OK : tx_section_visit(section, TX_KIND_LOSS, check_data, (void *)dataset, error);
}
