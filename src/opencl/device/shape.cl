/* Numbers moved: samples in and out, halos, reshapes, phases. */

/* ---- what a run is given, and leaves ----
 * more: reals between samples, where in a sample, whether padding lanes have their own; or they repeat the block's first sample */

KERNEL(load)
{
    global REAL *y = ROW_OUT;
    EACH_CELL(c.out)
    {
        const long own = BLOCK * c.out.block + lane, sample = own < c.total || c.more[2] ? own : BLOCK * c.out.block;
        y[p] = b0[sample * c.more[0] + c.more[1] + ROW * c.out.n + n];
    }
}

KERNEL(store)
{
    const global REAL *x = ROW_OF(0);
    EACH_CELL(c.in[0])
    {
        const long sample = BLOCK * c.in[0].block + lane;
        if (sample < c.total) {
            to[sample * c.more[0] + c.more[1] + ROW * c.in[0].n + n] = x[p];
        }
    }
}

KERNEL(fixed)
{
    const global REAL *x = IN(0) + ROW * c.out.n;
    global REAL *y = ROW_OUT;
    EACH_CELL(c.out) y[p] = x[n];
}

/* A tensor of one sample. */
KERNEL(take_lane)
{
    const global REAL *x = ROW_OF(0) + c.lane;
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = x[p * c.in[0].block];
}

/* Of modes, whose rows are [sample][mode]. */
KERNEL(spectral_take_lane)
{
    const global REAL *x = ROW_OF(0) + c.lane * c.in[0].n;
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = x[p];
}

/* ---- halos ----
 * table: pairs (to, from) of cells of a channel, from < 0: zero; more: how many, where the adjoint's part of the table begins,
 * reals between channels */

KERNEL(halo)
{
    const long block = c.out.block;
    global REAL *x = OUT + ROW * c.more[2];
    EACH(item, c.more[0] * block)
    {
        const global long *pair = table + 2 * (item / block);
        x[pair[0] + item % block] = pair[1] < 0 ? 0 : x[pair[1] + item % block];
    }
}

/* The adjoint: (cell, first, end) of the cells that gain, in the table the cells that each gains from. */
KERNEL(fold)
{
    const long block = c.out.block;
    EACH(item, c.more[0] * block)
    {
        const global long *gain = table + c.more[1] + 3 * (item / block);
        global REAL *x = OUT + ROW * c.more[2] + item % block;
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
    global REAL *y = ROW_OUT;
    EACH_CELL(c.out) y[p] = IN(0)[cell_at(c.in[0], ROW * c.out.n + n) + lane];
}

KERNEL(concatenate)
{
    const long first = c.in[0].channels * c.out.outer[0] * c.out.outer[1];
    const global REAL *x = ROW < first ? ROW_OF(0) : IN(1) + row_at(c.in[1], ROW - first);
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = x[p];
}

/* ---- phases; more: strides of three axes, then what lies before x's first cell ---- */

/* Cell s q + phase - low of channel c is cell q of channel (c, phase); zero where x has none. */
KERNEL(split)
{
    const long r = ROW, channel = channel_of(c.out, r), phases = c.more[0] * c.more[1] * c.more[2], phase = channel % phases;
    const long i = r / c.out.outer[1] % c.out.outer[0] * c.more[0] + phase / c.more[2] / c.more[1] - c.more[3];
    const long j = r % c.out.outer[1] * c.more[1] + phase / c.more[2] % c.more[1] - c.more[4];
    const bool there = i >= 0 && i < c.in[0].outer[0] && j >= 0 && j < c.in[0].outer[1];
    const long row = there ? (channel / phases * c.in[0].outer[0] + i) * c.in[0].outer[1] + j : 0;
    const global REAL *x = IN(0) + row_at(c.in[0], row);
    global REAL *y = ROW_OUT;
    EACH_CELL(c.out)
    {
        const long k = n * c.more[2] + phase % c.more[2] - c.more[5];
        y[p] = there && k >= 0 && k < c.in[0].n ? x[k * c.in[0].block + lane] : 0;
    }
}

KERNEL(join)
{
    const long r = ROW, i = r / c.out.outer[1] % c.out.outer[0], j = r % c.out.outer[1];
    const long phase = (i % c.more[0] * c.more[1] + j % c.more[1]) * c.more[2];
    const long channels = channel_of(c.out, r) * c.more[0] * c.more[1];
    const long row = ((channels * c.more[2] + phase) * c.in[0].outer[0] + i / c.more[0]) * c.in[0].outer[1] + j / c.more[1];
    const global REAL *x = IN(0) + row_at(c.in[0], row);
    global REAL *y = ROW_OUT;
    EACH_CELL(c.out) y[p] = x[n % c.more[2] * c.in[0].channel + n / c.more[2] * c.in[0].block + lane];
}
