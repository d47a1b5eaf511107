/* The convolutions that every kernel and backend must compute: shapes, channels around every register tile's edge, blocks
 * around every vector's length, all boundary modes. Correctness tests run all of them, a benchmark those with `timed`. */
#pragma once

#include <stdbool.h>

#include "trainax/shape.h"
#include "trainax/tensor.h"

typedef struct convolution_case {
    const char *name;
    int block, in, out, groups, axes;
    int64_t n[TX_MAX_AXES], kernel[TX_MAX_AXES], dilation[TX_MAX_AXES];
    int64_t low[TX_MAX_AXES], high[TX_MAX_AXES]; /* padding; the output has n + low + high - (kernel - 1) * dilation cells */
    tx_padding_mode mode;
    int64_t spare; /* halo cells that are there but that no tap reads */
    bool timed;    /* large: a benchmark's, too slow for a naive reference in every test */
} convolution_case;

/* clang-format off */
static const convolution_case convolution_cases[] = {
    {"quickstart", 32, 1, 1, 1, 1, {30}, {2}, {1}, {0}, {1}, TX_PAD_CIRCULAR, 0, true},
    {"1D, block 1", 1, 3, 4, 1, 1, {10}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, false},
    {"1D, one cell", 3, 2, 2, 1, 1, {1}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, false},
    {"1D, reflected", 5, 5, 7, 1, 1, {37}, {5}, {1}, {2}, {2}, TX_PAD_REFLECT, 1, false},
    {"1D, reflected beyond its length", 2, 2, 3, 1, 1, {3}, {5}, {3}, {6}, {6}, TX_PAD_REFLECT, 0, false},
    {"1D, replicated", 4, 6, 8, 1, 1, {19}, {4}, {2}, {3}, {3}, TX_PAD_REPLICATE, 0, false},
    {"1D, zeros, dilated", 7, 9, 5, 1, 1, {23}, {3}, {4}, {4}, {4}, TX_PAD_ZEROS, 2, false},
    {"1D, valid", 6, 3, 11, 1, 1, {40}, {7}, {1}, {0}, {0}, TX_PAD_ZEROS, 0, false},
    {"1D, uneven padding", 8, 2, 13, 1, 1, {16}, {6}, {1}, {1}, {4}, TX_PAD_CIRCULAR, 3, false},
    {"1D, wrapped beyond its length", 3, 1, 2, 1, 1, {4}, {3}, {5}, {5}, {5}, TX_PAD_CIRCULAR, 0, false},
    {"1D, wide", 16, 4, 17, 1, 1, {21}, {1}, {1}, {0}, {0}, TX_PAD_ZEROS, 0, false},
    {"1D, 34 channels", 5, 34, 34, 1, 1, {40}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, false},
    {"1D, two groups", 5, 6, 10, 2, 1, {12}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, false},
    {"1D, depthwise", 9, 7, 7, 7, 1, {15}, {3}, {2}, {2}, {2}, TX_PAD_REFLECT, 0, false},
    {"1D, long rows", 31, 2, 2, 1, 1, {101}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, false},
    {"1D, pieces", 32, 1, 3, 1, 1, {150}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, false},
    {"1D, more pairs of channel and tap than are listed", 1, 22000, 2, 1, 1, {2}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, false},
    {"2D, block 1", 1, 3, 5, 1, 2, {9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, TX_PAD_CIRCULAR, 0, false},
    {"2D, uneven", 2, 4, 6, 1, 2, {6, 8}, {2, 4}, {2, 1}, {0, 1}, {2, 2}, TX_PAD_REFLECT, 1, false},
    {"2D, replicated", 3, 2, 9, 1, 2, {5, 7}, {3, 5}, {1, 2}, {1, 4}, {1, 4}, TX_PAD_REPLICATE, 0, false},
    {"2D, zeros, groups", 5, 6, 4, 2, 2, {7, 5}, {3, 1}, {1, 1}, {1, 0}, {1, 0}, TX_PAD_ZEROS, 0, false},
    {"2D, valid", 1, 2, 3, 1, 2, {20, 34}, {3, 3}, {2, 2}, {0, 0}, {0, 0}, TX_PAD_ZEROS, 0, false},
    {"3D", 1, 2, 3, 1, 3, {5, 4, 6}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, TX_PAD_CIRCULAR, 0, false},
    {"3D, uneven", 3, 3, 2, 1, 3, {3, 5, 4}, {1, 2, 3}, {1, 2, 1}, {0, 0, 1}, {0, 2, 1}, TX_PAD_REFLECT, 1, false},
    {"3D, replicated", 2, 1, 4, 1, 3, {4, 3, 5}, {3, 1, 2}, {1, 1, 3}, {1, 0, 1}, {1, 0, 2}, TX_PAD_REPLICATE, 0, false},
    {"2D, pairs of rows and one row", 1, 9, 10, 1, 2, {7, 12}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, TX_PAD_CIRCULAR, 0, false},
    {"2D, pairs of rows, dilated", 2, 8, 11, 1, 2, {13, 9}, {3, 3}, {3, 2}, {3, 2}, {3, 2}, TX_PAD_REFLECT, 1, false},
    {"2D, pairs of rows, groups", 3, 16, 24, 2, 2, {6, 5}, {3, 2}, {1, 1}, {1, 0}, {1, 1}, TX_PAD_ZEROS, 0, false},
    {"2D, pairs of long rows", 8, 8, 9, 1, 2, {4, 150}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, TX_PAD_REPLICATE, 0, false},
    {"2D, pairs of rows, valid", 5, 12, 8, 1, 2, {10, 40}, {3, 5}, {2, 1}, {0, 0}, {0, 0}, TX_PAD_ZEROS, 0, false},
    {"3D, pairs of rows, dilated", 1, 8, 12, 1, 3, {5, 4, 6}, {3, 3, 3}, {2, 1, 1}, {2, 1, 1}, {2, 1, 1}, TX_PAD_CIRCULAR, 0, false},
    {"3D, pairs of rows, uneven", 2, 9, 8, 1, 3, {4, 7, 5}, {2, 3, 4}, {1, 1, 1}, {0, 1, 1}, {1, 1, 2}, TX_PAD_REFLECT, 1, false},
    {"3D, pairs of long rows", 16, 8, 8, 1, 3, {3, 3, 80}, {3, 3, 1}, {1, 1, 1}, {1, 1, 0}, {1, 1, 0}, TX_PAD_ZEROS, 0, false},
    {"dense, 1 to 1", 32, 1, 1, 1, 0, {0}, {0}, {0}, {0}, {0}, TX_PAD_ZEROS, 0, false},
    {"dense, block 1", 1, 3, 40, 1, 0, {0}, {0}, {0}, {0}, {0}, TX_PAD_ZEROS, 0, false},
    {"dense, block 5", 5, 17, 13, 1, 0, {0}, {0}, {0}, {0}, {0}, TX_PAD_ZEROS, 0, false},
    {"dense, block 32", 32, 70, 33, 1, 0, {0}, {0}, {0}, {0}, {0}, TX_PAD_ZEROS, 0, false},
    {"dense, long block", 75, 8, 6, 2, 0, {0}, {0}, {0}, {0}, {0}, TX_PAD_ZEROS, 0, false},
    {"Conv;34;10", 5, 34, 34, 1, 1, {160}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, true},
    {"Conv;34;10, first layer", 5, 1, 34, 1, 1, {160}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, true},
    {"Conv;34;10, last layer", 5, 34, 1, 1, 1, {160}, {3}, {1}, {1}, {1}, TX_PAD_CIRCULAR, 0, true},
    {"2D, 26 channels", 1, 26, 26, 1, 2, {64, 64}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, TX_PAD_CIRCULAR, 0, true},
    {"3D, 16 channels", 2, 16, 16, 1, 3, {32, 32, 32}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, TX_PAD_CIRCULAR, 0, true},
    {"dense, 64 channels", 32, 64, 64, 1, 0, {0}, {0}, {0}, {0}, {0}, TX_PAD_ZEROS, 0, true},
};
/* clang-format on */
enum { NUM_CONVOLUTION_CASES = sizeof convolution_cases / sizeof *convolution_cases };

static inline tx_shape convolution_case_input(const convolution_case *c)
{
    return (tx_shape){c->in, c->axes, {c->n[0], c->n[1], c->n[2]}};
}

static inline tx_shape convolution_case_output(const convolution_case *c)
{
    tx_shape shape = {.channels = c->out, .axes = c->axes};
    for (int d = 0; d < c->axes; d++) {
        shape.n[d] = c->n[d] + c->low[d] + c->high[d] - (c->kernel[d] - 1) * c->dilation[d];
    }
    return shape;
}

static inline int64_t convolution_case_taps(const convolution_case *c)
{
    int64_t taps = 1;
    for (int d = 0; d < c->axes; d++) {
        taps *= c->kernel[d];
    }
    return taps;
}
