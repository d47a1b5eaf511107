/* The file of a study, as a table. */
#include "trainax/component.h"

static const tx_option options[] = {
    {.name = "base",
     .type = TX_TYPE_MAPPING,
     .or_text = true,
     .text = "the configuration that settings change: a file, relative to the study's, or the sections themselves"},
    {.name = "settings",
     .type = TX_TYPE_MAPPING,
     .text = "what is compared, by name: a mapping of paths, as of --set, to values, such as {trainer.batch_size: 16}"},
    {.name = "seeds",
     .type = TX_TYPE_STRINGS,
     .text = "START:STOP, such as \"0:5\", or a list of numbers, with each of which every setting is trained, as of an ensemble"},
    {.name = "until",
     .type = TX_TYPE_MAPPING,
     .initial = "null",
     .text =
         "the target, at which a run ends: the options of callback until, such as {metric: mean_nRMSE, below: 0.05, every: 50}"},
    {0},
};

const tx_component tx_section_study = {
    .kind = TX_KIND_SECTION,
    .name = "study",
    .summary = "a file of `trainax study`: settings that are trained with several seeds each and compared",
    .options = options,
};
