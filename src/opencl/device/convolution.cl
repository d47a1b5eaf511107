/* Convolutions over rows: an item keeps TILE output channels of WIDTH reals of a row, or of a gradient TILE channels by PAIRS pairs of
 * an input channel and a tap.
 *
 * table: of each phase of y (taps, where they begin in the table, where its packed weights begin, 0), then taps: (offset in x, place
 * in the weights of a pair of channels). more: input and output channels of a group and phase, groups, phases, tiles of output
 * channels, taps of the weights, reals between input channels, whether the weights are read flipped. */

#define INPUTS c.more[0]
#define OUTPUTS c.more[1]
#define GROUPS c.more[2]
#define PHASES c.more[3]
#define TILES c.more[4]
#define KERNEL_TAPS c.more[5]
#define X_CHANNEL c.more[6]
#define FLIPPED c.more[7]

#if WIDTH == 1
typedef REAL reals;
#define LOAD(at) (*(at))
#else
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
typedef JOIN(REAL, WIDTH) reals;
#define LOAD(at) JOIN(vload, WIDTH)(0, at)
#endif

/* The first n reals, then zeros. */
reals load_first(const global REAL *at, long n)
{
    REAL some[WIDTH];
    for (int k = 0; k < WIDTH; k++) {
        some[k] = k < n ? at[k] : 0;
    }
    return *(reals *)some;
}

REAL total(reals v)
{
    const REAL *some = (const REAL *)&v;
    REAL sum = 0;
    for (int k = 0; k < WIDTH; k++) {
        sum += some[k];
    }
    return sum;
}

/* Row `row` of a channel of x or y, where y's rows decide. */
long row_of(const layout l, const layout y, long row)
{
    return l.origin + row / y.outer[1] * l.outer_stride[0] + row % y.outer[1] * l.outer_stride[1];
}

/* Channel o of a group of y. */
long output_at(const call c, const layout y, long phase, long g, long o)
{
    return ((g * OUTPUTS + o) * PHASES + phase) * y.channel;
}

/* ---- y from x ---- */

KERNEL(pack)
{
    const long j = ITEM, tile = ROW % TILES, g = ROW / TILES % GROUPS;
    const global long *phase = table + ROW / TILES / GROUPS * 4;
    if (j >= INPUTS * phase[0] * TILE) {
        return;
    }
    const long o = tile * TILE + j % TILE, i = j / TILE / phase[0], t = j / TILE % phase[0];
    const long pair = FLIPPED ? i * OUTPUTS + o : o * INPUTS + i;
    const long from = (g * OUTPUTS * INPUTS + pair) * KERNEL_TAPS + table[phase[1] + 2 * t + 1];
    OUT[phase[2] + (g * TILES + tile) * INPUTS * phase[0] * TILE + j] = o < OUTPUTS ? IN(0)[from] : 0;
}

/* operand 1: packed weights, 2: bias, 3: mask, 4: what is added; at: of the item's reals in y */
REAL finished(const call c, REAL y, REAL bias, const global REAL *mask, const global REAL *add)
{
    y += bias + (HAS(4) ? *add : 0);
    y = activated(c.activation, y);
    return HAS(3) && !(*mask > 0) ? 0 : y;
}

KERNEL(conv)
{
    const long rows = c.out.outer[0] * c.out.outer[1], p = ITEM * WIDTH, row = ROW % rows;
    const long tile = ROW / rows % TILES, g = ROW / rows / TILES % GROUPS;
    const long phase = ROW / rows / TILES / GROUPS;
    if (p >= c.out.row) {
        return;
    }
    const long taps = table[4 * phase];
    const global long *tap = table + table[4 * phase + 1];
    const global REAL *w = IN(1) + table[4 * phase + 2] + (g * TILES + tile) * INPUTS * taps * TILE;
    const global REAL *x = IN(0) + row_of(c.in[0], c.out, row) + g * INPUTS * X_CHANNEL + p;
    reals sum[TILE];
    for (int o = 0; o < TILE; o++) {
        sum[o] = 0;
    }
    for (long i = 0; i < INPUTS; i++, x += X_CHANNEL) {
        for (long t = 0; t < taps; t++, w += TILE) {
            const reals v = LOAD(x + tap[2 * t]);
            for (int o = 0; o < TILE; o++) {
                sum[o] += w[o] * v;
            }
        }
    }
    const long left = c.out.row - p;
    for (int o = 0; o < TILE && tile * TILE + o < OUTPUTS; o++) {
        const REAL bias = HAS(2) ? IN(2)[g * OUTPUTS + tile * TILE + o] : 0;
        const long at = row_of(c.out, c.out, row) + output_at(c, c.out, phase, g, tile * TILE + o) + p;
        const REAL *some = (const REAL *)&sum[o];
        for (int k = 0; k < WIDTH && k < left; k++) {
            OUT[at + k] = finished(c, some[k], bias, b3 + c.at[3] + BLOCK * c.next[3] + at + k, b4 + c.at[4] + BLOCK * c.next[4] + at + k);
        }
    }
}

/* ---- gradients: inputs x, dy ---- */

/* Which taps and channels a group adds up. */
SUMMING(conv_weights)
{
    local REAL part[SUM];
    const long cuts = c.more[8]; /* of a phase's pairs, at most */
    const long cut = ROW % cuts, tile = ROW / cuts % TILES, g = ROW / cuts / TILES % GROUPS;
    const long phase = ROW / cuts / TILES / GROUPS, taps = table[4 * phase], pairs = INPUTS * taps;
    const global long *tap = table + table[4 * phase + 1];
    if (cut * PAIRS >= pairs) {
        return;
    }
    const global REAL *x[PAIRS], *dy[TILE];
    reals sum[TILE][PAIRS];
    for (int j = 0; j < PAIRS; j++) {
        const long pair = min(cut * PAIRS + j, pairs - 1);
        x[j] = IN(0) + (g * INPUTS + pair / taps) * X_CHANNEL + tap[2 * (pair % taps)];
    }
    for (int o = 0; o < TILE; o++) {
        dy[o] = IN(1) + output_at(c, c.in[1], phase, g, min(tile * TILE + o, OUTPUTS - 1));
        for (int j = 0; j < PAIRS; j++) {
            sum[o][j] = 0;
        }
    }
    for (long row = 0; row < c.in[1].outer[0] * c.in[1].outer[1]; row++) {
        const long from = row_of(c.in[0], c.in[1], row), of = row_of(c.in[1], c.in[1], row);
        for (long p = get_local_id(0) * WIDTH; p < c.in[1].row; p += SUM * WIDTH) {
            const long left = c.in[1].row - p;
            reals v[PAIRS];
            for (int j = 0; j < PAIRS; j++) {
                v[j] = left < WIDTH ? load_first(x[j] + from + p, left) : LOAD(x[j] + from + p);
            }
            for (int o = 0; o < TILE; o++) {
                const reals d = left < WIDTH ? load_first(dy[o] + of + p, left) : LOAD(dy[o] + of + p);
                for (int j = 0; j < PAIRS; j++) {
                    sum[o][j] += d * v[j];
                }
            }
        }
    }
    for (int o = 0; o < TILE; o++) {
        for (int j = 0; j < PAIRS; j++) {
            const REAL all = sum_of_group(total(sum[o][j]), part);
            const long channel = tile * TILE + o, pair = cut * PAIRS + j;
            if (get_local_id(0) == 0 && channel < OUTPUTS && pair < pairs) {
                const long at = ((g * OUTPUTS + channel) * INPUTS + pair / taps) * KERNEL_TAPS;
                OUT[at + tap[2 * (pair % taps) + 1]] += all;
            }
        }
    }
}

/* A group adds up one channel. */
SUMMING(bias_gradient)
{
    local REAL part[SUM];
    const long channel = ROW, rows = c.in[0].outer[0] * c.in[0].outer[1];
    reals sum = 0;
    for (long row = 0; row < rows; row++) {
        const global REAL *dy = IN(0) + row_at(c.in[0], channel * rows + row);
        for (long p = get_local_id(0) * WIDTH; p < c.in[0].row; p += SUM * WIDTH) {
            const long left = c.in[0].row - p;
            sum += left < WIDTH ? load_first(dy + p, left) : LOAD(dy + p);
        }
    }
    const REAL all = sum_of_group(total(sum), part);
    if (get_local_id(0) == 0) {
        OUT[channel] += all;
    }
}
