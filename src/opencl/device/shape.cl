/* Numbers moved: samples in and out, halos, reshapes, phases. */

/* ---- what a run is given, and leaves; more: reals between samples, where in a sample, whether padding lanes have their own ---- */

KERNEL(load)
{
    POINT
    const long own = BLOCK * c.out.block + SAMPLE, sample = own < c.total || c.more[2] ? own : BLOCK * c.out.block;
    OUT[AT_OUT] = b0[sample * c.more[0] + c.more[1] + CELL(c.out)];
}

KERNEL(store)
{
    POINT_OF(c.in[0])
    const long sample = BLOCK * c.in[0].block + p % c.in[0].block;
    if (sample < c.total) {
        to[sample * c.more[0] + c.more[1] + CELL(c.in[0])] = IN(0)[AT(0)];
    }
}

KERNEL(fixed)
{
    POINT
    OUT[AT_OUT] = IN(0)[CELL(c.out)];
}

/* A tensor of one sample. */
KERNEL(take_lane)
{
    POINT
    OUT[AT_OUT] = IN(0)[row_at(c.in[0], r) + p * c.in[0].block + c.lane];
}

/* Of modes, whose rows are [sample][mode]. */
KERNEL(spectral_take_lane)
{
    POINT
    OUT[AT_OUT] = IN(0)[row_at(c.in[0], r) + c.lane * c.in[0].n + p];
}

/* ---- halos; table: pairs (to, from) of cells of a channel, from < 0: zero; more: how many, where the adjoint's part begins, reals between
 * channels ---- */

KERNEL(halo)
{
    const long block = c.out.block, k = ITEM / block, lane = ITEM % block;
    if (k < c.more[0]) {
        global REAL *x = OUT + ROW * c.more[2] + lane;
        x[table[2 * k]] = table[2 * k + 1] < 0 ? 0 : x[table[2 * k + 1]];
    }
}

/* The adjoint: (cell, first, end) of the cells that gain, in the table the cells that each gains from. */
KERNEL(fold)
{
    const long block = c.out.block, k = ITEM / block, lane = ITEM % block;
    if (k < c.more[0]) {
        global REAL *x = OUT + ROW * c.more[2] + lane;
        const global long *gain = table + c.more[1] + 3 * k;
        REAL sum = x[gain[0]];
        for (long j = gain[1]; j < gain[2]; j++) {
            sum += x[table[j]];
        }
        x[gain[0]] = sum;
    }
}

/* ---- the same numbers in other shapes ---- */

KERNEL(reshape)
{
    POINT
    OUT[AT_OUT] = IN(0)[cell_at(c.in[0], CELL(c.out)) + SAMPLE];
}

KERNEL(concatenate)
{
    POINT
    const long first = c.in[0].channels * c.out.outer[0] * c.out.outer[1];
    OUT[AT_OUT] = r < first ? IN(0)[AT(0)] : IN(1)[row_at(c.in[1], r - first) + p];
}

/* ---- phases; more: strides of three axes, then what lies before x's first cell ---- */

/* Cell s q + phase - low of channel (c) is cell q of channel (c, phase); zero where x has none. */
KERNEL(split)
{
    POINT
    const long channel = channel_of(c.out, r), phases = c.more[0] * c.more[1] * c.more[2], phase = channel % phases;
    const long i = r / c.out.outer[1] % c.out.outer[0] * c.more[0] + phase / c.more[2] / c.more[1] - c.more[3];
    const long j = r % c.out.outer[1] * c.more[1] + phase / c.more[2] % c.more[1] - c.more[4];
    const long k = p / c.out.block * c.more[2] + phase % c.more[2] - c.more[5];
    const bool there = i >= 0 && i < c.in[0].outer[0] && j >= 0 && j < c.in[0].outer[1] && k >= 0 && k < c.in[0].n;
    const long row = (channel / phases * c.in[0].outer[0] + i) * c.in[0].outer[1] + j;
    OUT[AT_OUT] = there ? IN(0)[row_at(c.in[0], row) + k * c.in[0].block + SAMPLE] : 0;
}

KERNEL(join)
{
    POINT
    const long i = r / c.out.outer[1] % c.out.outer[0], j = r % c.out.outer[1], k = p / c.out.block;
    const long phase = (i % c.more[0] * c.more[1] + j % c.more[1]) * c.more[2] + k % c.more[2];
    const long channel = channel_of(c.out, r) * c.more[0] * c.more[1] * c.more[2] + phase;
    const long row = (channel * c.in[0].outer[0] + i / c.more[0]) * c.in[0].outer[1] + j / c.more[1];
    OUT[AT_OUT] = IN(0)[row_at(c.in[0], row) + k / c.more[2] * c.in[0].block + SAMPLE];
}
