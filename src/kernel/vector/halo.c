/* Halos by table: copies of whole runs. */
#include "kernel/halo.h"

#include "kernel/vector/variant.h"

INLINE void add_reals(real *y, const real *x, int64_t n)
{
    int64_t k = 0;
    for (; k + VL <= n; k += VL) {
        store(y + k, load(y + k) + load(x + k));
    }
    for (; k < n; k++) {
        y[k] += x[k];
    }
}

void VARIANT(halo)(const tx_halo *halo, tx_part part, void *x)
{
    for (int64_t c = tx_part_begin(part, halo->channels); c < tx_part_end(part, halo->channels); c++) {
        real *channel = (real *)x + c * halo->channel;
        for (const tx_halo_runs *run = halo->runs, *end = run + halo->num_runs; run < end; run++) {
            for (int64_t k = 0; k < run->count; k++) {
                real *to = channel + run->to + k * run->to_step;
                if (run->length == 1) {
                    *to = run->zero ? 0 : channel[run->from + k * run->from_step];
                } else if (run->zero) {
                    zero_reals(to, run->length);
                } else {
                    copy_reals(to, channel + run->from + k * run->from_step, run->length);
                }
            }
        }
    }
}

void VARIANT(fold)(const tx_halo *halo, tx_part part, void *x)
{
    for (int64_t c = tx_part_begin(part, halo->channels); c < tx_part_end(part, halo->channels); c++) {
        real *channel = (real *)x + c * halo->channel;
        for (const tx_halo_runs *run = halo->runs, *end = run + halo->num_runs; run < end; run++) {
            for (int64_t k = 0; k < run->count && !run->zero; k++) {
                add_reals(channel + run->from + k * run->from_step, channel + run->to + k * run->to_step, run->length);
            }
        }
    }
}
