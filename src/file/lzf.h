/* A filter that HDF5 has not. */
#pragma once

/* From now on HDF5 reads what h5py has compressed with lzf. Again and again is harmless. */
void tx_lzf_register(void);
