/* Transforms one after the other, as the configuration lists them: chain. */
#include "options.h"
#include "stage.h"

static tx_status create_chain(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const tx_section *const *transforms;
    const int count = tx_get_sections(section, "transforms", &transforms);
    for (int k = 0; k < count; k++) {
        TX_TRY(tx_optimizer_add(optimizer, transforms[k], error));
    }
    return count ? TX_OK : tx_section_error(section, "transforms", error, TX_INVALID, "must have at least one transform");
}

static const tx_option options[] = {
    {.name = "transforms",
     .type = TX_TYPE_SECTIONS,
     .kind = TX_KIND_TRANSFORM,
     .text = "what the gradient goes through to become the step: transforms, or whole optimizers"},
    {0},
};

static const tx_optimizer_class chains = {create_chain};
const tx_component tx_optimizer_chain = TX_OPTIMIZER("chain", "transforms in a row, as optax.chain", options, &chains);
