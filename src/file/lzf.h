/* A filter that HDF5 has not. */
#pragma once

enum { TX_LZF_FILTER = 32000 };

/* From now on HDF5 reads and writes what h5py compresses with lzf. Again and again is harmless. */
void tx_lzf_register(void);
