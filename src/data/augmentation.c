/* What augmentations have in common: which channels and axes they are about, and what they draw. */
#include "data/augmentation.h"

#include <inttypes.h>

#include "base/real.h"

static const tx_augmentation_class *class_of(const tx_section *section)
{
    return tx_section_component(section)->implementation;
}

/* Channels of an option that there are, each once. */
static tx_status check_channels(const tx_section *section, const char *option, const int64_t *channels, int count, tx_shape state,
                                tx_error *error)
{
    for (int k = 0; k < count; k++) {
        if (channels[k] >= state.channels) {
            return tx_section_error(section, option, error, TX_INVALID,
                                    "there is no channel %" PRId64 ": the data have %" PRId64 ", counted from 0", channels[k],
                                    state.channels);
        }
        for (int i = 0; i < k; i++) {
            if (channels[i] == channels[k]) {
                return tx_section_error(section, option, error, TX_INVALID, "channel %" PRId64 " stands there twice", channels[k]);
            }
        }
    }
    return TX_OK;
}

static tx_status read_vectors(const tx_section *section, tx_shape state, tx_error *error, tx_tensors *out)
{
    const int numbers = tx_knows(section, "vectors") ? tx_get_integers(section, "vectors", &out->vectors) : 0;
    const int each = numbers ? tx_tuple_size(section, "vectors") : 0;
    if (numbers && each != state.axes) {
        return tx_section_error(section, "vectors", error, TX_INVALID, "must be lists of %d channel%s each, one an axis: [[…], …]",
                                state.axes, state.axes == 1 ? "" : "s");
    }
    out->count = numbers ? numbers / each : 0;
    return check_channels(section, "vectors", out->vectors, numbers, state, error);
}

static tx_status read_pseudoscalars(const tx_section *section, tx_shape state, tx_error *error, tx_tensors *out)
{
    const char *option = "pseudoscalars";
    out->num_pseudoscalars = tx_knows(section, option) ? tx_get_integers(section, option, &out->pseudoscalars) : 0;
    return check_channels(section, option, out->pseudoscalars, out->num_pseudoscalars, state, error);
}

static tx_status read_axes(const tx_section *section, tx_shape state, tx_error *error, unsigned *out)
{
    const int64_t *axes;
    const int count = tx_knows(section, "axes") ? tx_get_integers(section, "axes", &axes) : 0;
    *out = count ? 0 : ~0u;
    for (int k = 0; k < count; k++) {
        if (axes[k] >= state.axes) {
            return tx_section_error(section, "axes", error, TX_INVALID,
                                    "there is no axis %" PRId64 ": the data have %d, counted from 0", axes[k], state.axes);
        }
        *out |= 1u << axes[k];
    }
    return TX_OK;
}

static tx_status check_points(const tx_section *section, tx_shape state, tx_error *error)
{
    const char *name = tx_section_name(section);
    const tx_augmentation_class *class_ = class_of(section);
    if (state.axes < class_->least_axes) {
        return tx_section_error(section, NULL, error, TX_INVALID, "%s needs %d spatial ax%s, but the data have %d", name,
                                class_->least_axes, class_->least_axes == 1 ? "is" : "es", state.axes);
    }
    for (int a = 1; class_->permutes && a < state.axes; a++) {
        if (state.n[a] != state.n[0]) {
            return tx_section_error(section, NULL, error, TX_INVALID,
                                    "%s needs as many points along each axis, but the data have %" PRId64 " and %" PRId64, name,
                                    state.n[0], state.n[a]);
        }
    }
    return TX_OK;
}

tx_status tx_augmentation_create(const tx_section *section, tx_shape state, tx_error *error, tx_augmentation *out)
{
    tx_augmentation augmentation = {.section = section};
    TX_TRY(check_points(section, state, error));
    TX_TRY(read_vectors(section, state, error, &augmentation.tensors));
    TX_TRY(read_pseudoscalars(section, state, error, &augmentation.tensors));
    TX_TRY(read_axes(section, state, error, &augmentation.axes));
    *out = augmentation;
    return TX_OK;
}

void tx_augmentation_draw(const tx_augmentation *augmentation, tx_random random, tx_key key, tx_symmetry *symmetry)
{
    enum { MOST = 2 * TX_MAX_AXES };
    double reals[MOST], u[MOST];
    const tx_augmentation_class *class_ = class_of(augmentation->section);
    const int count = class_->draws * symmetry->state.axes;
    tx_random_uniform(random, key, (size_t)count, 0, 1, reals);
    for (int k = 0; k < count; k++) {
        u[k] = tx_real_get(random.precision, reals, k);
    }
    class_->draw(augmentation, u, symmetry);
}

void tx_augmentation_order(const double *u, int count, int *out)
{
    for (int k = 0; k < count; k++) {
        int at = k;
        for (; at > 0 && u[out[at - 1]] > u[k]; at--) {
            out[at] = out[at - 1];
        }
        out[at] = k;
    }
}
