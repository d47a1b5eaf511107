/* What a kernel is told of an instruction, the same to the host and to the device. Lengths and offsets in reals. */

typedef struct tx_opencl_layout { /* a tx_layout as kernels walk it: rows of whole cells */
    long channels, channel, origin, row, outer[2], outer_stride[2];
    long block, n; /* n: cells of a row */
} tx_opencl_layout;

/* Operands by place: inputs, then scratch, then the result. */
enum { TX_CALL_INPUTS = 5, TX_CALL_SCRATCH = 5, TX_CALL_OUT = 6, TX_CALL_PLACES = 7, TX_CALL_MORE = 16 };

typedef struct tx_opencl_call {
    tx_opencl_layout in[TX_CALL_INPUTS], out;
    long at[TX_CALL_PLACES], next[TX_CALL_PLACES]; /* of the first block; from a block to the next */
    long more[TX_CALL_MORE];                       /* the kernel's own */
    int present;                                   /* bit k: input k is there */
    int total;                                     /* real samples of all blocks */
    int activation, flip, groups, lane;
    int chunks, unused; /* groups that a row takes */
} tx_opencl_call;
