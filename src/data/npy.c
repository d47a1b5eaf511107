/* Trajectories (S, T+1, C, *N) from files of numpy.save, as APEBench's scraper writes them. */
#include "file/npy.h"

#include "data/options.h"
#include "data/survey.h"

static tx_status add_array(tx_layout *layout, const tx_file *file, tx_error *error)
{
    tx_array_shape shape;
    char axes[TX_FILE_MAX_RANK + 1];
    TX_TRY(tx_file_shape(file, "/array", error, &shape));
    if (shape.rank < 3 || shape.rank > 3 + TX_MAX_AXES) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' has %d ax%s; trajectories have 3 to 6: (samples, levels, channels, *points)",
                            tx_file_path(file), shape.rank, shape.rank == 1 ? "is" : "es");
    }
    return tx_layout_add_field(&layout->fields, "/array", tx_survey_axes(shape.rank, axes), error, NULL);
}

static tx_status create(const tx_section *section, tx_error *error, tx_data_source *source)
{
    tx_layout *layout;
    tx_file *file;
    (void)section;
    TX_TRY(tx_layout_create(source, true, error, &layout));
    layout->own_lengths = true;
    for (size_t k = 0; k < layout->paths.count; k++) {
        TX_TRY(tx_layout_add_volume(layout, layout->paths.path[k], "", error));
    }
    TX_TRY(tx_layout_open(layout, &layout->volumes[0], error, &file));
    TX_TRY(add_array(layout, file, error));
    return tx_layout_settle(layout, source, error);
}

static const tx_data_class npy_class = {.create = create, .recognizes = tx_npy_is, TX_LAYOUT_METHODS};

static const tx_option options[] = {
    TX_OPTION_PATHS("files of numpy.save: one, a list, or a pattern such as *_train.npy; (S, T+1, C, *N) in C or Fortran order"),
    {0},
};

const tx_component tx_data_npy = {
    .kind = TX_KIND_DATA,
    .name = "npy",
    .summary = "trajectories from numpy's files (as APEBench's scraper writes them)",
    .options = options,
    .implementation = &npy_class,
};
