/* Initial conditions: the interface, and those that draw numbers. */
#include "data/initial.h"

#include "base/memory.h"

tx_status tx_initial_create(const tx_section *section, tx_random random, tx_key key, tx_shape state, tx_error *error,
                            tx_initial **out)
{
    tx_initial *initial;
    TX_TRY(tx_allocate(sizeof *initial, error, &initial));
    *initial = (tx_initial){.class_ = tx_section_component(section)->implementation,
                            .section = section,
                            .random = random,
                            .state = state,
                            .first = key,
                            .next = key};
    const tx_status status = initial->class_->create(initial, error);
    if (status != TX_OK) {
        tx_initial_destroy(initial);
        return status;
    }
    *out = initial;
    return TX_OK;
}

tx_status tx_initial_prepare(tx_initial *initial, tx_error *error)
{
    return initial->class_->prepare ? initial->class_->prepare(initial, error) : TX_OK;
}

void tx_initial_destroy(tx_initial *initial)
{
    if (initial) {
        if (initial->class_->destroy && initial->work) {
            initial->class_->destroy(initial->work);
        }
        tx_free(initial->work);
        tx_free(initial);
    }
}

static tx_key key_of(tx_initial *initial, int64_t sample)
{
    if (sample < initial->sample) {
        initial->sample = 0;
        initial->next = initial->first;
    }
    for (; initial->sample < sample; initial->sample++) {
        initial->next = tx_key_split_at(initial->random, initial->next, 2, 0);
    }
    return tx_key_split_at(initial->random, initial->next, 2, 1);
}

void tx_initial_draw(tx_initial *initial, int64_t sample, void *out)
{
    const tx_key key = key_of(initial, sample);
    const size_t bytes = (size_t)tx_shape_points(&initial->state) * tx_real_bytes(initial->random.precision);
    const int64_t channels = initial->state.channels;
    for (int64_t c = 0; c < channels; c++) {
        const tx_key mine = tx_key_split_at(initial->random, key, (size_t)channels, (size_t)c);
        initial->class_->draw(initial, mine, (char *)out + (size_t)c * bytes);
    }
}
