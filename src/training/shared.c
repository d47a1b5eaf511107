/* Of data that members share: what is known before they are loaded, whether two sections name the same, and their end. */
#include "training/shared.h"

#include <string.h>

#include "base/memory.h"

tx_shared_data tx_shared_data_of(const tx_data_source *source, tx_placement placement, int num_ranks)
{
    const size_t bytes = tx_dataset_bytes(source, placement, num_ranks), working = source->working;
    const size_t pass =
        tx_has(source->section, "normalize") ? tx_dataset_write_bytes(source, num_ranks) : 0; /* before there is room */
    return (tx_shared_data){.shape = source->shape, .bytes = bytes, .loading = pass > bytes + working ? pass - bytes : working};
}

tx_status tx_shared_same(const tx_section *here, const tx_section *there, tx_error *error, bool *out)
{
    char *texts[2] = {0};
    *out = here == there;
    if (!here || !there) {
        return TX_OK;
    }
    tx_status status = tx_section_write(here, error, &texts[0]);
    status = status ? status : tx_section_write(there, error, &texts[1]);
    *out = status == TX_OK && strcmp(texts[0], texts[1]) == 0;
    tx_free(texts[0]);
    tx_free(texts[1]);
    return status;
}

void tx_shared_destroy(tx_shared *shared)
{
    tx_dataset_destroy(shared->held_out.dataset);
    tx_dataset_destroy(shared->data.dataset);
    tx_backend_close(shared->opened ? shared->backend : NULL);
    *shared = (tx_shared){0};
}
